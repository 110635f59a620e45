//! Laws as they are printed in papers, in HTML.

use isoloss_formula::{Binary, Expr, Formula, Function, Kind, Unary};
use isoloss_laws::Fit;

use super::quantity::number;
use super::sheet::Sheet;

/// How tightly an expression holds together; what binds looser than its place asks for gets parentheses.
const LOOSE: u8 = 0;
const ADD: u8 = 4;
const MUL: u8 = 5;
const SIGN: u8 = 6;
const POWER: u8 = 7;
const ATOM: u8 = 8;

/// Between factors.
const THIN: &str = "\u{2009}";

/// A law with names, or with numbers where a fit has them.
#[derive(Clone, Copy)]
pub(super) struct Typeset<'a> {
    /// the fit whose values stand in the place of parameters
    pub(super) values: Option<&'a Fit>,
    /// whose values, where parameters differ over families
    pub(super) family: Option<&'a str>,
}

/// `alpha` as α, `A[mla]` and `A_mla` with an index, `ln A` with its function; words as they are.
pub(super) fn symbol(sheet: &mut Sheet, name: &str) {
    if let Some(of) = name.strip_prefix("ln ") {
        sheet.text("ln ");
        return symbol(sheet, of);
    }
    let (stem, index) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
        Some((stem, index)) => (stem, index),
        None => name.split_once('_').filter(|(a, b)| !a.is_empty() && !b.is_empty()).unwrap_or((name, "")),
    };
    let greek = greek(stem);
    match (greek, stem.chars().count()) {
        (Some(letter), _) => sheet.element_inline("i", letter),
        (None, 1) if stem.chars().all(char::is_alphabetic) => sheet.element_inline("i", stem),
        _ => sheet.name(stem),
    }
    if !index.is_empty() {
        sheet.open("sub", &[]);
        sheet.name(index);
        sheet.out.push_str("</sub>");
    }
}

fn greek(name: &str) -> Option<&'static str> {
    const LETTERS: [(&str, &str); 20] = [
        ("alpha", "\u{3b1}"),
        ("beta", "\u{3b2}"),
        ("gamma", "\u{3b3}"),
        ("delta", "\u{3b4}"),
        ("epsilon", "\u{3b5}"),
        ("zeta", "\u{3b6}"),
        ("eta", "\u{3b7}"),
        ("theta", "\u{3b8}"),
        ("kappa", "\u{3ba}"),
        ("lambda", "\u{3bb}"),
        ("mu", "\u{3bc}"),
        ("nu", "\u{3bd}"),
        ("xi", "\u{3be}"),
        ("rho", "\u{3c1}"),
        ("sigma", "\u{3c3}"),
        ("tau", "\u{3c4}"),
        ("phi", "\u{3c6}"),
        ("chi", "\u{3c7}"),
        ("psi", "\u{3c8}"),
        ("omega", "\u{3c9}"),
    ];
    LETTERS.iter().find(|(n, _)| *n == name).map(|(_, letter)| *letter)
}

impl Sheet {
    fn element_inline(&mut self, tag: &str, text: &str) {
        self.open(tag, &[]);
        self.text(text);
        self.out.push_str(&format!("</{tag}>"));
    }
}

impl Typeset<'_> {
    /// `L = E + A N^−α`, and the definitions it rests on.
    pub(super) fn write(&self, sheet: &mut Sheet, formula: &Formula) {
        symbol(sheet, &formula.target);
        sheet.text(" = ");
        self.put(sheet, &formula.body, LOOSE);
        for (i, (name, expr)) in formula.lets.iter().enumerate() {
            sheet.text(if i == 0 { ", where " } else { ", " });
            symbol(sheet, name);
            sheet.text(" = ");
            self.put(sheet, expr, LOOSE);
        }
    }

    /// The value that stands for a name.
    fn value(&self, name: &str) -> Option<f64> {
        let fit = self.values?;
        let tied = fit.ties().iter().find(|(alias, _)| alias == name).map_or(name, |(_, to)| to);
        let of = |name: &str| fit.parameter(name).map(|p| p.estimate.value).filter(|v| v.is_finite());
        of(tied).or_else(|| of(&format!("{tied}[{}]", self.family?)))
    }

    /// The number that an expression is, sign and all.
    fn constant(&self, expr: &Expr) -> Option<f64> {
        match &expr.kind {
            Kind::Number(v) => Some(*v),
            Kind::Name(name) => self.value(name),
            Kind::Unary(Unary::Neg, x) => self.constant(x).map(|v| -v),
            _ => None,
        }
    }

    /// Whether it is written with a minus in front.
    fn negative(&self, expr: &Expr) -> bool {
        match &expr.kind {
            _ if self.constant(expr).is_some() => self.constant(expr).is_some_and(|v| v < 0.0),
            Kind::Unary(Unary::Neg, _) => true,
            Kind::Binary(Binary::Mul | Binary::Div, x, _) => self.negative(x),
            _ => false,
        }
    }

    fn strength(&self, expr: &Expr) -> u8 {
        match &expr.kind {
            _ if self.constant(expr).is_some_and(|v| v < 0.0) => SIGN,
            Kind::Unary(Unary::Neg, _) => SIGN,
            Kind::Unary(..) | Kind::In(..) => LOOSE,
            Kind::Binary(Binary::Add | Binary::Sub, ..) => ADD,
            Kind::Binary(Binary::Mul | Binary::Div, ..) => MUL,
            Kind::Binary(Binary::Pow, ..) => POWER,
            Kind::Binary(..) => LOOSE,
            // Written as a product with a power of ten.
            _ if self.constant(expr).is_some_and(|v| !(1e-4..1e6).contains(&v.abs()) && v != 0.0) => MUL,
            _ => ATOM,
        }
    }

    /// An expression, in parentheses if it binds looser than `least`.
    fn put(&self, sheet: &mut Sheet, expr: &Expr, least: u8) {
        if self.strength(expr) < least {
            sheet.text("(");
            self.bare(sheet, expr);
            sheet.text(")");
        } else {
            self.bare(sheet, expr);
        }
    }

    fn bare(&self, sheet: &mut Sheet, expr: &Expr) {
        if let Some(value) = self.constant(expr) {
            return sheet.rich(&number(if value == 0.0 { 0.0 } else { value }, 5, false));
        }
        match &expr.kind {
            Kind::Number(_) => {}
            Kind::Word(word) => sheet.text(&format!("\u{2018}{word}\u{2019}")),
            Kind::Name(name) => symbol(sheet, name),
            Kind::Group(prefix) => sheet.text(&format!("{prefix}*")),
            Kind::Unary(Unary::Neg, x) => {
                sheet.text("\u{2212}");
                self.put(sheet, x, MUL);
            }
            Kind::Unary(Unary::Not, x) => {
                sheet.text("not ");
                self.put(sheet, x, ATOM);
            }
            Kind::Binary(op, x, y) => self.binary(sheet, *op, x, y),
            Kind::Call(function, list) => self.call(sheet, *function, list),
            Kind::In(x, list) => {
                self.put(sheet, x, ADD);
                sheet.text(" in ");
                self.list(sheet, list);
            }
        }
    }

    fn binary(&self, sheet: &mut Sheet, op: Binary, x: &Expr, y: &Expr) {
        match op {
            Binary::Pow => {
                self.put(sheet, x, ATOM);
                sheet.open("sup", &[]);
                self.put(sheet, y, LOOSE);
                sheet.out.push_str("</sup>");
            }
            Binary::Mul => {
                self.put(sheet, x, MUL);
                // Digits must not run together.
                sheet.text(if begins_with_number(self, y) { "\u{2009}\u{b7}\u{2009}" } else { THIN });
                let positive = self.constant(y).is_some_and(|v| v >= 0.0);
                self.put(sheet, y, if positive { MUL } else { POWER });
            }
            Binary::Div => {
                self.put(sheet, x, MUL);
                sheet.text("\u{2009}/\u{2009}");
                self.put(sheet, y, POWER);
            }
            Binary::Add | Binary::Sub => {
                self.put(sheet, x, ADD);
                let minus = self.negative(y) != (op == Binary::Sub);
                sheet.text(if minus { " \u{2212} " } else { " + " });
                if self.negative(y) { self.opposite(sheet, y) } else { self.put(sheet, y, ADD + 1) }
            }
            other => {
                self.put(sheet, x, ADD);
                sheet.text(&format!(" {} ", other.sign()));
                self.put(sheet, y, ADD);
            }
        }
    }

    /// A negative term without its sign.
    fn opposite(&self, sheet: &mut Sheet, expr: &Expr) {
        if let Some(value) = self.constant(expr) {
            return sheet.rich(&number(-value, 5, false));
        }
        match &expr.kind {
            Kind::Unary(Unary::Neg, x) => self.put(sheet, x, MUL),
            Kind::Binary(op, x, y) => {
                let value = self.constant(x).map_or_else(
                    || match &x.kind {
                        Kind::Unary(Unary::Neg, inner) => (**inner).clone(),
                        _ => (**x).clone(),
                    },
                    |v| Expr { kind: Kind::Number(-v), span: x.span },
                );
                match self.negative(&value) {
                    // A sign further in: `(-a*b)*c`.
                    true => {
                        self.opposite(sheet, &value);
                        sheet.text(if *op == Binary::Mul { THIN } else { "\u{2009}/\u{2009}" });
                        self.put(sheet, y, POWER);
                    }
                    false => self.binary(sheet, *op, &value, y),
                }
            }
            _ => self.put(sheet, expr, MUL),
        }
    }

    fn call(&self, sheet: &mut Sheet, function: Function, list: &[Expr]) {
        match function {
            Function::Log2 => sheet.out.push_str("log<sub>2</sub>"),
            Function::Log10 => sheet.out.push_str("log<sub>10</sub>"),
            Function::Sqrt => sheet.text("\u{221a}"),
            Function::Sum => sheet.text("\u{2211}\u{2009}"),
            Function::Prod => sheet.text("\u{220f}\u{2009}"),
            other => sheet.text(other.name()),
        }
        self.list(sheet, list);
    }

    fn list(&self, sheet: &mut Sheet, list: &[Expr]) {
        sheet.text("(");
        for (i, item) in list.iter().enumerate() {
            sheet.text(if i == 0 { "" } else { ", " });
            self.put(sheet, item, LOOSE);
        }
        sheet.text(")");
    }
}

fn begins_with_number(set: &Typeset<'_>, expr: &Expr) -> bool {
    set.constant(expr).is_some()
        || matches!(&expr.kind, Kind::Binary(Binary::Mul | Binary::Div | Binary::Pow, x, _) if begins_with_number(set, x))
}

#[cfg(test)]
mod tests {
    use isoloss_formula::parse_formula;

    use super::*;

    fn plain(text: &str) -> String {
        let mut sheet = Sheet::default();
        Typeset { values: None, family: None }.write(&mut sheet, &parse_formula(text).unwrap());
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
        Typeset { values: Some(&fit), family: None }.write(&mut sheet, &fit.law.formula);
        let html = sheet.out.replace(THIN, "~");
        assert!(html.contains("482.01~<i>N</i><sup>\u{2212}0.34"), "{html}");
        assert!(!html.contains("<i>\u{3b1}</i>"), "{html}");
    }
}
