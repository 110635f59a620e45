//! Numbers and laws in the words of figures: markup for labels, plain text for captions.

use isoloss_formula::{Binary, Expr, Function, Kind, Unary};
use isoloss_laws::{Estimate, Fit};

use crate::layer::{Layer, Note};
use crate::report::quantity;
use crate::text::{Rich, greek, math};

/// `27M`, `1.4B`: a count of parameters or tokens, to two or three digits.
pub(super) fn count(value: f64) -> String {
    let units = [("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)];
    let (letter, size) = units.into_iter().find(|(_, size)| value >= 0.9995 * size).unwrap_or(("", 1.0));
    let scaled = value / size;
    match value {
        v if !v.is_finite() => format!("{v}"),
        v if v >= 0.9995e15 => number(v, 2),
        _ => format!("{}{letter}", number(scaled, if scaled < 9.995 { 2 } else { 3 })),
    }
}

/// To so many significant digits, in markup: `415.6`, `2.1 × 10^{6}`.
pub(super) fn number(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let power: i32 = exponent.parse().unwrap_or(0);
    let trimmed = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    match power {
        -3..=4 => plain(value, digits, power),
        _ if trimmed == "1" => format!("10^{{{power}}}"),
        _ => format!("{trimmed}\u{2009}\u{d7}\u{2009}10^{{{power}}}"),
    }
}

/// Without a power of ten: what an exponent can hold.
fn plain(value: f64, digits: usize, power: i32) -> String {
    let places = (digits as i32 - 1 - power).max(0) as usize;
    let text = format!("{value:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Markup as the characters it shows.
pub(super) fn shown(markup: &str) -> String {
    math(markup).to_string()
}

/// To so many significant digits, in the characters of captions.
pub(super) fn said(value: f64, digits: usize) -> String {
    shown(&number(value, digits))
}

/// `0.520 [0.480, 0.551]` as reports write it, value and ends to one place; or the value alone, to so many digits.
pub(super) fn estimate(estimate: &Estimate, digits: usize) -> String {
    match quantity::estimate(estimate) {
        (value, Some((lower, upper))) => format!("{value} [{lower}, {upper}]"),
        (_, None) => said(estimate.value, digits),
    }
}

/// A share as per cent, to two digits.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", said(100.0 * share, 2))
}

/// What the bands of a fit among these layers are, or why there are none. `both`: those of new runs are drawn too.
pub(super) fn bands(fit: &Fit, layers: &[Layer], both: bool) -> String {
    match layers.iter().any(|layer| matches!(layer, Layer::Band(_))) {
        false if fit.draws.is_empty() => format!("No band: {}.", fit.method),
        false => "No band: there is no interval here.".to_owned(),
        true => {
            let light = if both { "; light band: of one new run" } else { "" };
            format!(
                "{} band: {:.0} % interval of the law ({}){light}.",
                if both { "Dark" } else { "Light" },
                100.0 * fit.level,
                fit.method
            )
        }
    }
}

/// A name with its letters as the field writes them: `alpha_N` is α with a lowered N.
pub(super) fn symbol(name: &str) -> String {
    let (head, tail) = name.split_once('_').unwrap_or((name, ""));
    let head = greek(head).unwrap_or(head);
    let safe = |text: &str| text.replace('\\', "").replace(['_', '*', '^', '{', '}'], " ");
    match tail {
        "" => format!("_{}_", safe(head)),
        tail => format!("_{}__{{{}}}", safe(head), safe(tail)),
    }
}

/// The law with its numbers, one line per definition; parameters that differ between families stay letters unless the
/// family is named.
pub(super) fn equation(fit: &Fit, family: Option<&str>) -> Vec<Rich> {
    let formula = fit.substituted(family, |v| v);
    let mut lines: Vec<String> =
        formula.lets.iter().map(|(name, e)| format!("{} = {}", symbol(name), line(e).0)).collect();
    // A power of ten of a sum is read as a logarithm.
    let (mut last, body) = match &formula.body.kind {
        Kind::Binary(Binary::Pow, base, power) if matches!(base.kind, Kind::Number(x) if x == 10.0) => {
            (format!("log_{{10}}\u{2009}{} = ", symbol(&formula.target)), power.as_ref())
        }
        _ => (format!("{} = ", symbol(&formula.target)), &formula.body),
    };
    let mut terms = Vec::new();
    terms_of(body, "", &mut terms);
    for (i, (sign, term)) in terms.into_iter().enumerate() {
        last.push_str(&match (i, sign) {
            (0, "-") => format!("- {term}"),
            (0, _) => term,
            _ => format!(" {sign} {term}"),
        });
    }
    lines.push(last);
    lines.iter().map(|l| math(l)).collect()
}

/// Characters that fit beside each other in a panel of one column.
const LONGEST: usize = 52;

/// Lines that a note takes in a panel of one column, where a line that is too long is broken.
pub(super) fn lines(note: &Note) -> usize {
    note.lines.iter().map(|l| l.to_string().chars().count().div_ceil(LONGEST)).sum()
}

const ADD: u8 = 5;
const MUL: u8 = 6;
const SIGN: u8 = 7;
const POWER: u8 = 8;
const ATOM: u8 = 9;

/// The terms of a sum with their signs.
fn terms_of(expr: &Expr, sign: &'static str, out: &mut Vec<(&'static str, String)>) {
    match &expr.kind {
        Kind::Binary(op @ (Binary::Add | Binary::Sub), a, b) => {
            terms_of(a, sign, out);
            let sign = if *op == Binary::Add { "+" } else { "-" };
            let text = if *op == Binary::Add { line(b).0 } else { within(b, MUL) };
            match text.strip_prefix('-') {
                Some(rest) => out.push((if sign == "+" { "-" } else { "+" }, rest.to_owned())),
                None => out.push((sign, text)),
            }
        }
        _ => out.push((sign, line(expr).0)),
    }
}

fn within(expr: &Expr, least: u8) -> String {
    let (text, strength) = line(expr);
    if strength < least { format!("({text})") } else { text }
}

/// Markup, and how strongly it holds together.
fn line(expr: &Expr) -> (String, u8) {
    match &expr.kind {
        Kind::Number(x) => written(*x),
        Kind::Name(name) => (symbol(name), ATOM),
        Kind::Word(word) => (word.replace(['_', '*', '^', '\\'], " "), ATOM),
        Kind::Group(prefix) => (symbol(prefix.trim_end_matches('_')), ATOM),
        Kind::Unary(_, x) => match line(x) {
            (text, _) if text.starts_with('-') => (text[1..].to_owned(), MUL),
            (text, strength) if strength >= MUL => (format!("-{text}"), SIGN.min(strength)),
            (text, _) => (format!("-({text})"), SIGN),
        },
        Kind::Binary(Binary::Pow, base, power) => {
            let base = within(base, ATOM);
            match raised(power) {
                Some(power) => (format!("{base}^{{{power}}}"), POWER),
                None => (format!("{base}\\^({})", line(power).0), POWER),
            }
        }
        Kind::Binary(Binary::Mul, a, b) => {
            let (a, b) = (within(a, MUL), within(b, SIGN));
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            let joint =
                if digit(b.chars().next()) || b.starts_with('-') { "\u{2009}\u{d7}\u{2009}" } else { "\u{2009}" };
            (format!("{a}{joint}{b}"), MUL)
        }
        Kind::Binary(Binary::Div, a, b) => (format!("{}/{}", within(a, MUL), within(b, POWER)), MUL),
        Kind::Binary(Binary::Add | Binary::Sub, ..) => {
            let mut terms = Vec::new();
            terms_of(expr, "", &mut terms);
            let join = |(sign, term): &(&str, String)| match *sign {
                "" => term.clone(),
                sign => format!(" {sign} {term}"),
            };
            (terms.iter().map(join).collect(), ADD)
        }
        Kind::Binary(op, a, b) => (format!("{} {} {}", line(a).0, op.sign(), line(b).0), 1),
        Kind::Call(function, of) => {
            let of: Vec<String> = of.iter().map(|e| line(e).0).collect();
            (format!("{}({})", called(*function), of.join(", ")), ATOM)
        }
        Kind::In(..) => ("\u{2026}".to_owned(), ATOM),
    }
}

fn written(x: f64) -> (String, u8) {
    let text = number(x, 4);
    let strength = match (x < 0.0, text.contains('\u{d7}') || text.contains('^')) {
        (true, _) => SIGN,
        (_, true) => MUL,
        _ => ATOM,
    };
    (text, strength)
}

/// A plain number, to three digits, or one letter: there is no second level above the line for anything else.
fn raised(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Number(x) => Some(decimal(*x)),
        Kind::Name(name) => Some(symbol(name).replace("__{", "").replace('}', "_")),
        Kind::Unary(Unary::Neg, x) => raised(x).map(|text| match text.strip_prefix('-') {
            Some(rest) => rest.to_owned(),
            None => format!("-{text}"),
        }),
        _ => None,
    }
}

fn decimal(x: f64) -> String {
    let power = if x == 0.0 { 0 } else { libm::floor(libm::log10(x.abs())) as i32 };
    plain(x, 3, power.max(-4))
}

fn called(function: Function) -> String {
    match function {
        Function::Log10 => "log_{10}\u{2009}".to_owned(),
        Function::Log2 => "log_{2}\u{2009}".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}
