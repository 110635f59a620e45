//! Laws of the shape `E + A*N^-alpha + B*D^-beta`, whose compute optimum has a closed form.
//!
//! Minimising at C = 6 N D gives N* = G (C/6)^a, D* = (C/6)^b / G with a = beta/(alpha+beta), b = alpha/(alpha+beta) and
//! G = (alpha A / (beta B))^(1/(alpha+beta)) (Hoffmann et al. 2022, eq. 4).

use crate::layout::Layout;
use crate::program::Slot;
use isoloss_formula::{Binary, Expr, Formula, Kind, Unary};

/// Indices of the parameters of such a law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Additive {
    pub(crate) a: usize,
    pub(crate) alpha: usize,
    pub(crate) b: usize,
    pub(crate) beta: usize,
}

impl Additive {
    /// Recognises the shape, whatever the parameters are called; each must be one number, not one per family.
    pub(crate) fn of(formula: &Formula, layout: &Layout) -> Option<Self> {
        if !formula.lets.is_empty() {
            return None;
        }
        let (mut n, mut d, mut constants) = (None, None, 0);
        for term in terms(&formula.body)? {
            match power(term) {
                Some((factor, "N", exponent)) if n.is_none() => n = Some((factor, exponent)),
                Some((factor, "D", exponent)) if d.is_none() => d = Some((factor, exponent)),
                None if matches!(&term.kind, Kind::Name(_) | Kind::Number(_)) && constants == 0 => constants += 1,
                _ => return None,
            }
        }
        let index = |name: &str| match layout.slots.get(name) {
            Some(&Slot::One(i)) => Some(i),
            _ => None,
        };
        let ((a, alpha), (b, beta)) = (n?, d?);
        Some(Self { a: index(a)?, alpha: index(alpha)?, b: index(b)?, beta: index(beta)? })
    }

    /// N* at a budget in FLOPs.
    pub(crate) fn params(&self, theta: &[f64], flops: f64) -> Option<f64> {
        let (alpha, beta) = (theta[self.alpha], theta[self.beta]);
        if !(alpha > 0.0 && beta > 0.0) {
            return None;
        }
        let g = (libm::log(alpha / beta) + libm::log(theta[self.a] / theta[self.b])) / (alpha + beta);
        let n = libm::exp(g + self.exponent(theta) * libm::log(flops / 6.0));
        (n.is_finite() && n > 0.0).then_some(n)
    }

    /// a of N* ~ C^a
    pub(crate) fn exponent(&self, theta: &[f64]) -> f64 {
        theta[self.beta] / (theta[self.alpha] + theta[self.beta])
    }
}

fn terms(expr: &Expr) -> Option<Vec<&Expr>> {
    match &expr.kind {
        Kind::Binary(Binary::Add, a, b) => {
            let mut all = terms(a)?;
            all.extend(terms(b)?);
            Some(all)
        }
        Kind::Binary(Binary::Sub, ..) => None,
        _ => Some(vec![expr]),
    }
}

fn name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        Kind::Name(name) => Some(name),
        _ => None,
    }
}

/// `A*N^-alpha`, `N^-alpha*A` or `A/N^alpha` as (A, N, alpha).
fn power(expr: &Expr) -> Option<(&str, &str, &str)> {
    match &expr.kind {
        Kind::Binary(Binary::Mul, x, y) => {
            let (factor, raised) = if name(x).is_some() { (x, y) } else { (y, x) };
            let Kind::Binary(Binary::Pow, base, exponent) = &raised.kind else { return None };
            let Kind::Unary(Unary::Neg, exponent) = &exponent.kind else { return None };
            Some((name(factor)?, name(base)?, name(exponent)?))
        }
        Kind::Binary(Binary::Div, factor, raised) => {
            let Kind::Binary(Binary::Pow, base, exponent) = &raised.kind else { return None };
            Some((name(factor)?, name(base)?, name(exponent)?))
        }
        _ => None,
    }
}
