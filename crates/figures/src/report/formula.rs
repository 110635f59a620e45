//! Laws as they are printed in papers, in HTML.

use isoloss_formula::{Binary, Expr, Formula, Function, Kind, Unary};

use super::quantity::number;
use super::sheet::Sheet;
use super::symbol::symbol;

/// How tightly an expression holds together; what binds looser than its place asks for gets parentheses.
const LOOSE: u8 = 0;
const ADD: u8 = 4;
const MUL: u8 = 5;
const SIGN: u8 = 6;
const POWER: u8 = 7;
const ATOM: u8 = 8;

/// Between factors.
const THIN: &str = "\u{2009}";

/// `L = E + A N^−α`, and the definitions it rests on.
pub(super) fn write(sheet: &mut Sheet, formula: &Formula) {
    symbol(sheet, &formula.target);
    sheet.text(" = ");
    put(sheet, &formula.body, LOOSE);
    for (i, (name, expr)) in formula.lets.iter().enumerate() {
        sheet.text(if i == 0 { ", where " } else { ", " });
        symbol(sheet, name);
        sheet.text(" = ");
        put(sheet, expr, LOOSE);
    }
}

/// The number that an expression is, sign and all.
fn constant(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        Kind::Number(v) => Some(*v),
        Kind::Unary(Unary::Neg, x) => constant(x).map(|v| -v),
        _ => None,
    }
}

/// Whether it is written with a minus in front.
fn negative(expr: &Expr) -> bool {
    match &expr.kind {
        _ if constant(expr).is_some() => constant(expr).is_some_and(|v| v < 0.0),
        Kind::Unary(Unary::Neg, _) => true,
        Kind::Binary(Binary::Mul | Binary::Div, x, _) => negative(x),
        _ => false,
    }
}

fn strength(expr: &Expr) -> u8 {
    match &expr.kind {
        _ if constant(expr).is_some_and(|v| v < 0.0) => SIGN,
        Kind::Unary(Unary::Neg, _) => SIGN,
        Kind::Unary(..) | Kind::In(..) => LOOSE,
        Kind::Binary(Binary::Add | Binary::Sub, ..) => ADD,
        Kind::Binary(Binary::Mul | Binary::Div, ..) => MUL,
        Kind::Binary(Binary::Pow, ..) => POWER,
        Kind::Binary(..) => LOOSE,
        // Written as a product with a power of ten.
        _ if constant(expr).is_some_and(|v| !(1e-4..1e6).contains(&v.abs()) && v != 0.0) => MUL,
        _ => ATOM,
    }
}

/// An expression, in parentheses if it binds looser than `least`.
fn put(sheet: &mut Sheet, expr: &Expr, least: u8) {
    if strength(expr) < least {
        sheet.text("(");
        bare(sheet, expr);
        sheet.text(")");
    } else {
        bare(sheet, expr);
    }
}

fn bare(sheet: &mut Sheet, expr: &Expr) {
    if let Some(value) = constant(expr) {
        return sheet.rich(&number(if value == 0.0 { 0.0 } else { value }, 5, false));
    }
    match &expr.kind {
        Kind::Number(_) => {}
        Kind::Word(word) => sheet.text(&format!("\u{2018}{word}\u{2019}")),
        Kind::Name(name) => symbol(sheet, name),
        Kind::Group(prefix) => sheet.text(&format!("{prefix}*")),
        Kind::Unary(Unary::Neg, x) => {
            sheet.text("\u{2212}");
            put(sheet, x, MUL);
        }
        Kind::Unary(Unary::Not, x) => {
            sheet.text("not ");
            put(sheet, x, ATOM);
        }
        Kind::Binary(op, x, y) => binary(sheet, *op, x, y),
        Kind::Call(function, list) => call(sheet, *function, list),
        Kind::In(x, list) => {
            put(sheet, x, ADD);
            sheet.text(" in ");
            items(sheet, list);
        }
    }
}

fn binary(sheet: &mut Sheet, op: Binary, x: &Expr, y: &Expr) {
    match op {
        Binary::Pow => {
            put(sheet, x, ATOM);
            sheet.open("sup", &[]);
            put(sheet, y, LOOSE);
            sheet.out.push_str("</sup>");
        }
        Binary::Mul => {
            put(sheet, x, MUL);
            // Digits must not run together.
            sheet.text(if begins_with_number(y) { "\u{2009}\u{b7}\u{2009}" } else { THIN });
            let positive = constant(y).is_some_and(|v| v >= 0.0);
            put(sheet, y, if positive { MUL } else { POWER });
        }
        Binary::Div => {
            put(sheet, x, MUL);
            sheet.text("\u{2009}/\u{2009}");
            put(sheet, y, POWER);
        }
        Binary::Add | Binary::Sub => {
            put(sheet, x, ADD);
            let minus = negative(y) != (op == Binary::Sub);
            sheet.text(if minus { " \u{2212} " } else { " + " });
            if negative(y) { opposite(sheet, y) } else { put(sheet, y, ADD + 1) }
        }
        other => {
            put(sheet, x, ADD);
            sheet.text(&format!(" {} ", other.sign()));
            put(sheet, y, ADD);
        }
    }
}

/// A negative term without its sign.
fn opposite(sheet: &mut Sheet, expr: &Expr) {
    if let Some(value) = constant(expr) {
        return sheet.rich(&number(-value, 5, false));
    }
    match &expr.kind {
        Kind::Unary(Unary::Neg, x) => put(sheet, x, MUL),
        Kind::Binary(op, x, y) => {
            let value = constant(x).map_or_else(
                || match &x.kind {
                    Kind::Unary(Unary::Neg, inner) => (**inner).clone(),
                    _ => (**x).clone(),
                },
                |v| Expr { kind: Kind::Number(-v), span: x.span },
            );
            match negative(&value) {
                // A sign further in: `(-a*b)*c`.
                true => {
                    opposite(sheet, &value);
                    sheet.text(if *op == Binary::Mul { THIN } else { "\u{2009}/\u{2009}" });
                    put(sheet, y, POWER);
                }
                false => binary(sheet, *op, &value, y),
            }
        }
        _ => put(sheet, expr, MUL),
    }
}

fn call(sheet: &mut Sheet, function: Function, list: &[Expr]) {
    match function {
        Function::Log2 => sheet.out.push_str("log<sub>2</sub>"),
        Function::Log10 => sheet.out.push_str("log<sub>10</sub>"),
        Function::Sqrt => sheet.text("\u{221a}"),
        Function::Sum => sheet.text("\u{2211}\u{2009}"),
        Function::Prod => sheet.text("\u{220f}\u{2009}"),
        other => sheet.text(other.name()),
    }
    items(sheet, list);
}

fn items(sheet: &mut Sheet, list: &[Expr]) {
    sheet.text("(");
    for (i, item) in list.iter().enumerate() {
        sheet.text(if i == 0 { "" } else { ", " });
        put(sheet, item, LOOSE);
    }
    sheet.text(")");
}

fn begins_with_number(expr: &Expr) -> bool {
    constant(expr).is_some()
        || matches!(&expr.kind, Kind::Binary(Binary::Mul | Binary::Div | Binary::Pow, x, _) if begins_with_number(x))
}

#[cfg(test)]
mod tests {
    use isoloss_formula::parse_formula;

    use super::*;

    fn plain(text: &str) -> String {
        let mut sheet = Sheet::default();
        write(&mut sheet, &parse_formula(text).unwrap());
        sheet.out.replace(THIN, "~")
    }

    #[test]
    fn laws_are_typeset() {
        for (text, html) in [
            ("L = E + A*N^-alpha", "<i>L</i> = <i>E</i> + <i>A</i>~<i>N</i><sup>\u{2212}<i>\u{3b1}</i></sup>"),
            ("L = 2*(N + 3)^0.5", "<i>L</i> = 2~(<i>N</i> + 3)<sup>0.5</sup>"),
            ("L = A_mla/N*1e21", "<i>L</i> = <i>A</i><sub>mla</sub>~/~<i>N</i>~\u{b7}~10<sup>21</sup>"),
            ("L = -a - -b*N", "<i>L</i> = \u{2212}<i>a</i> + <i>b</i>~<i>N</i>"),
            ("L = a - (b - c)", "<i>L</i> = <i>a</i> \u{2212} (<i>b</i> \u{2212} <i>c</i>)"),
            ("L = exp(-k*N)", "<i>L</i> = exp(\u{2212}<i>k</i>~<i>N</i>)"),
            ("L = a*(-b)", "<i>L</i> = <i>a</i>~(\u{2212}<i>b</i>)"),
            ("let x = ln(N)\nL = a + x^2", "<i>L</i> = <i>a</i> + <i>x</i><sup>2</sup>, where <i>x</i> = ln(<i>N</i>)"),
        ] {
            assert_eq!(plain(text), html, "{text}");
        }
    }

    #[test]
    fn numbers_take_the_place_of_parameters() {
        let fit = isoloss_laws::published("besiroglu-2024").unwrap();
        let mut sheet = Sheet::default();
        write(&mut sheet, &fit.substituted(None, |v| v));
        let html = sheet.out.replace(THIN, "~");
        assert!(html.contains("482.01~<i>N</i><sup>\u{2212}0.34"), "{html}");
        assert!(!html.contains("<i>\u{3b1}</i>"), "{html}");
    }
}
