//! What a parameter of a free formula is used as, which decides where it may lie and where to look first.

use crate::law::{Domain, Law};
use isoloss_formula::{Binary, Expr, Formula, Function, Kind, Unary};

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

/// The law never goes below 0, whatever its parameters are: sums, products and powers of what does not. What is
/// subtracted, a logarithm and a parameter of any sign may; sizes of runs lie above 0.
pub(crate) fn never_negative(law: &Law) -> bool {
    fn of(law: &Law, expr: &Expr) -> bool {
        let above = |e: &Expr| of(law, e);
        match &expr.kind {
            Kind::Number(value) => *value >= 0.0,
            Kind::Name(name) => {
                if let Some((_, body)) = law.formula.lets.iter().find(|(n, _)| n == name) {
                    return above(body);
                }
                law.parameters.iter().find(|p| p.name == *name).is_none_or(|p| match p.domain {
                    Domain::Free => false,
                    Domain::Positive => true,
                    Domain::Range { lower, .. } => lower >= 0.0,
                })
            }
            Kind::Group(_) => true,
            Kind::Binary(Binary::Add | Binary::Mul | Binary::Div, a, b) => above(a) && above(b),
            // A power of a negative number is none, but for whole exponents.
            Kind::Binary(Binary::Pow, ..) => true,
            Kind::Call(Function::Exp | Function::Sqrt | Function::Abs | Function::Sigmoid | Function::Softplus, _) => {
                true
            }
            Kind::Call(Function::Min | Function::Sum | Function::Prod, all) => all.iter().all(above),
            Kind::Call(Function::Max, all) => all.iter().any(above),
            _ => false,
        }
    }
    of(law, &law.formula.body)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn laws_that_go_below_zero_are_told_from_those_that_never_do() {
        for name in ["chinchilla", "power", "data-constrained", "mixture-additive", "precision"] {
            assert!(never_negative(&catalogue::law(name).unwrap()), "{name}");
        }
        for name in ["vocabulary", "vocabulary-coupled", "log-line"] {
            assert!(!never_negative(&catalogue::law(name).unwrap()), "{name}");
        }
        let own = |text: &str| Law::from_formula(text, &["N", "D", "L"], &[]).unwrap();
        assert!(never_negative(&own("let n = A*N^-alpha; L = E + max(n, 0.1) + B*D^-beta")));
        assert!(!never_negative(&own("L = a + b*ln(N)")) && !never_negative(&own("L = E - A*N^alpha")));
    }
}
