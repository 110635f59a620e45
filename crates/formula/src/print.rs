//! Trees back to text: the fewest parentheses that parse to the same tree.

use crate::typed::{name_in_expression, word_in_expression};
use crate::{Binary, Expr, Formula, Kind, Unary};
use std::fmt;

impl Binary {
    /// As written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "^",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::And => "and",
            Self::Or => "or",
        }
    }

    fn strength(self) -> u8 {
        match self {
            Self::Or => OR,
            Self::And => AND,
            Self::Lt | Self::Le | Self::Gt | Self::Ge | Self::Eq | Self::Ne => COMPARE,
            Self::Add | Self::Sub => ADD,
            Self::Mul | Self::Div => MUL,
            Self::Pow => POWER,
        }
    }
}

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARE: u8 = 4;
const ADD: u8 = 5;
const MUL: u8 = 6;
const SIGN: u8 = 7;
const POWER: u8 = 8;
const ATOM: u8 = 9;

fn strength(expr: &Expr) -> u8 {
    match &expr.kind {
        // Parsed numbers have no sign, made ones may.
        Kind::Number(value) if value.is_sign_negative() => SIGN,
        Kind::Unary(Unary::Neg, _) => SIGN,
        Kind::Unary(Unary::Not, x) if matches!(x.kind, Kind::In(..)) => COMPARE,
        Kind::Unary(Unary::Not, _) => NOT,
        Kind::Binary(op, ..) => op.strength(),
        Kind::In(..) => COMPARE,
        _ => ATOM,
    }
}

/// `expr`, in parentheses if it binds looser than `least`.
fn put(f: &mut fmt::Formatter<'_>, expr: &Expr, least: u8) -> fmt::Result {
    if strength(expr) < least { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

fn list(f: &mut fmt::Formatter<'_>, items: &[Expr]) -> fmt::Result {
    f.write_str("(")?;
    for (i, item) in items.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        put(f, item, ADD)?;
    }
    f.write_str(")")
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            // Rust prints 1e300 with all its zeros.
            Kind::Number(value) if *value != 0.0 && !(1e-5..1e16).contains(&value.abs()) => write!(f, "{value:e}"),
            Kind::Number(value) => write!(f, "{value}"),
            Kind::Word(word) => f.write_str(&word_in_expression(word)),
            Kind::Name(name) => f.write_str(&name_in_expression(name)),
            Kind::Group(prefix) => write!(f, "{prefix}*"),
            Kind::Unary(Unary::Neg, x) => {
                f.write_str("-")?;
                put(f, x, SIGN)
            }
            Kind::Unary(Unary::Not, x) => {
                if let Kind::In(y, items) = &x.kind {
                    put(f, y, ADD)?;
                    f.write_str(" not in ")?;
                    return list(f, items);
                }
                f.write_str("not ")?;
                put(f, x, NOT)
            }
            Kind::Binary(Binary::Pow, x, y) => {
                put(f, x, ATOM)?;
                f.write_str("^")?;
                put(f, y, SIGN)
            }
            Kind::Binary(op @ (Binary::Mul | Binary::Div), x, y) => {
                put(f, x, MUL)?;
                // `w_*` is a group: the product of `w_`, or of the group, needs blanks.
                let tight = match &rightmost(x).kind {
                    Kind::Name(name) => !name.ends_with('_'),
                    kind => !matches!(kind, Kind::Group(_)),
                };
                let blank = if tight { "" } else { " " };
                write!(f, "{blank}{}{blank}", op.sign())?;
                put(f, y, MUL + 1)
            }
            Kind::Binary(op, x, y) => {
                let strength = op.strength();
                // Comparisons do not chain; the others group to the left.
                put(f, x, if strength == COMPARE { ADD } else { strength })?;
                write!(f, " {} ", op.sign())?;
                put(f, y, strength + 1)
            }
            Kind::Call(function, arguments) => {
                f.write_str(function.name())?;
                list(f, arguments)
            }
            Kind::In(x, items) => {
                put(f, x, ADD)?;
                f.write_str(" in ")?;
                list(f, items)
            }
        }
    }
}

/// The expression that the text of a product ends with.
fn rightmost(expr: &Expr) -> &Expr {
    match &expr.kind {
        Kind::Binary(Binary::Mul | Binary::Div | Binary::Pow, _, y) => rightmost(y),
        Kind::Unary(Unary::Neg, x) => rightmost(x),
        _ => expr,
    }
}

impl fmt::Display for Formula {
    /// In canonical form, one statement a line; `source` has it as written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, expr) in &self.lets {
            writeln!(f, "let {name} = {expr}")?;
        }
        write!(f, "{} = {}", self.target, self.body)
    }
}
