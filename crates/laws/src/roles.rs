//! What a parameter of a free formula is used as, which decides where it may lie and where to look first.

use crate::law::Domain;
use isoloss_formula::{Binary, Expr, Formula, Kind, Unary};

/// The domain of a parameter in a formula that declares none, and where to look for it first.
///
/// A bare term (`E + ...`) is a floor and a factor of a power (`A*N^-alpha`) a size: both positive, because the sign of
/// a size is in the formula, and a loss is never fitted with a negative floor. Anything else may take any value.
pub(crate) fn domain(formula: &Formula, name: &str) -> (Domain, Option<(f64, f64)>) {
    let bodies = || formula.lets.iter().map(|(_, e)| e).chain([&formula.body]);
    if bodies().any(|e| in_exponent(e, name)) {
        return (Domain::Free, Some((0.03, 1.3)));
    }
    if is_term(&formula.body, name) && bodies().any(has_power) {
        return (Domain::Positive, None);
    }
    if bodies().any(|e| scales_power(e, name)) {
        return (Domain::Positive, None);
    }
    (Domain::Free, None)
}

/// Parameters of a formula that declares none which [`domain`] takes for positive although their sign is as open as not:
/// the power that they are a factor of is one of a logarithm or another function (`k*ln(D/N)^2`).
pub(crate) fn signs_assumed<'a>(formula: &Formula, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let bodies = || formula.lets.iter().map(|(_, e)| e).chain([&formula.body]);
    let of_function = |expr: &Expr| {
        let mut found = false;
        expr.walk(&mut |e| {
            found |= matches!(&e.kind, Kind::Binary(Binary::Pow, base, _) if matches!(base.kind, Kind::Call(..)));
        });
        found
    };
    let assumed = |name: &&str| {
        domain(formula, name).0 == Domain::Positive
            && bodies().any(|e| {
                let mut found = false;
                e.walk(&mut |e| {
                    if let Kind::Binary(Binary::Mul | Binary::Div, a, b) = &e.kind {
                        let factor =
                            |x: &Expr, y: &Expr| matches!(&strip(x).kind, Kind::Name(n) if n == name) && of_function(y);
                        found |= factor(a, b) || factor(b, a);
                    }
                });
                found
            })
    };
    names.filter(assumed).collect()
}

/// The parameter alone is a term of the sum.
pub(crate) fn is_term(expr: &Expr, name: &str) -> bool {
    match &expr.kind {
        Kind::Name(n) => n == name,
        Kind::Binary(Binary::Add, a, b) => is_term(a, name) || is_term(b, name),
        Kind::Binary(Binary::Sub, a, _) => is_term(a, name),
        _ => false,
    }
}

/// A factor of a power, and nothing else: how much, neither how fast nor down to where.
pub(crate) fn is_factor(formula: &Formula, name: &str) -> bool {
    let bodies = || formula.lets.iter().map(|(_, e)| e).chain([&formula.body]);
    bodies().any(|e| scales_power(e, name)) && !bodies().any(|e| in_exponent(e, name))
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    expr.walk(&mut |e| found |= matches!(&e.kind, Kind::Name(n) if n == name));
    found
}

fn has_power(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |e| found |= matches!(&e.kind, Kind::Binary(Binary::Pow, ..)));
    found
}

fn in_exponent(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    expr.walk(&mut |e| found |= matches!(&e.kind, Kind::Binary(Binary::Pow, _, exponent) if mentions(exponent, name)));
    found
}

/// The parameter is a factor, or inside the base, of a power.
fn scales_power(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    expr.walk(&mut |e| match &e.kind {
        Kind::Binary(Binary::Mul | Binary::Div, a, b) => {
            let factor = |x: &Expr, y: &Expr| matches!(&strip(x).kind, Kind::Name(n) if n == name) && has_power(y);
            found |= factor(a, b) || factor(b, a);
        }
        Kind::Binary(Binary::Pow, base, _) => found |= mentions(base, name),
        _ => {}
    });
    found
}

fn strip(expr: &Expr) -> &Expr {
    match &expr.kind {
        Kind::Unary(Unary::Neg, inner) => strip(inner),
        _ => expr,
    }
}
