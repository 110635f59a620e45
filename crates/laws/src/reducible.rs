//! The reducible part of a law, L - E, and runs whose noise is a share of it.
//!
//! What training does badly or well by luck is a share of what training can still win: the noise of a run shrinks with its
//! reducible loss, not with its loss (docs/validation.md). Where runs come close to the floor the two differ by far, and the
//! best runs, which say most of E, then count for little unless the fit knows it.

use crate::bound::bind_program;
use crate::error::FitError;
use crate::law::Law;
use crate::layout::Layout;
use crate::objective::Link;
use crate::points::Points;
use crate::program::Program;
use isoloss_formula::{Binary, Expr, Kind, Span, Unary};

/// Added to the reducible loss before noise is a share of it, as a share of its median over the rows: what evaluation adds
/// to every run, and a guard where a law says that nothing is left to win.
const FLOOR: f64 = 0.005;

/// The law without those terms of its sum that no input changes.
///
/// # Errors
/// If there is no such term: then nothing says what is reducible.
pub(crate) fn reducible(law: &Law) -> Result<Law, FitError> {
    let constant = |expr: &Expr| constant(law, expr);
    match without(&law.formula.body, &constant) {
        (Some(body), true) => {
            let mut part = law.clone();
            part.formula.body = body;
            Ok(part)
        }
        _ => Err(FitError::new(
            format!("noise cannot be a share of the reducible loss: the law {} has no irreducible term", law.name),
            "such a term is added to what sizes change, as E in E + A*N^-alpha; without one take --noise loss",
        )),
    }
}

/// No input of the law is in it, not even by a definition.
fn constant(law: &Law, expr: &Expr) -> bool {
    let mut varies = false;
    expr.walk(&mut |e| match &e.kind {
        Kind::Group(_) => varies = true,
        Kind::Name(name) => {
            varies |= law.inputs().any(|i| i == name);
            varies |= law.formula.lets.iter().any(|(n, defined)| n == name && !constant(law, defined));
        }
        _ => {}
    });
    !varies
}

/// A sum without its constant terms, if anything is left, and whether there were any.
fn without(expr: &Expr, constant: &dyn Fn(&Expr) -> bool) -> (Option<Expr>, bool) {
    let Kind::Binary(sign @ (Binary::Add | Binary::Sub), a, b) = &expr.kind else {
        return if constant(expr) { (None, true) } else { (Some(expr.clone()), false) };
    };
    let ((a, from_a), (b, from_b)) = (without(a, constant), without(b, constant));
    let of = |kind| Expr { kind, span: Span::default() };
    let left = match (a, b) {
        (Some(a), Some(b)) => Some(of(Kind::Binary(*sign, Box::new(a), Box::new(b)))),
        (None, Some(b)) if *sign == Binary::Sub => Some(of(Kind::Unary(Unary::Neg, Box::new(b)))),
        (a, b) => a.or(b),
    };
    (left, from_a || from_b)
}

/// The reducible loss at rows, and from it how large noise is there.
#[derive(Clone, Debug)]
pub(crate) struct Reducible {
    program: Program,
}

impl Reducible {
    pub(crate) fn bind(law: &Law, layout: &Layout, points: &Points) -> Result<Self, FitError> {
        Ok(Self { program: bind_program(&reducible(law)?, layout, points)? })
    }

    /// What is added to the reducible loss, in the unit of the target.
    pub(crate) fn floor(&self, theta: &[f64]) -> f64 {
        let mut sizes: Vec<f64> = self.program.values(theta).iter().map(|r| r.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        FLOOR * sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
    }

    /// What a share of the reducible loss is, row by row, in the scale of residuals; `values` are the law's.
    pub(crate) fn scale(&self, theta: &[f64], values: &[f64], link: Link, floor: f64) -> Vec<f64> {
        let size = |reducible: &f64, value: &f64| {
            let size = reducible.abs() + floor;
            let scale = if link == Link::Log { size / value.abs() } else { size };
            // A law far from the rows may have no value there; its rows must still weigh something.
            if scale.is_finite() && scale > 0.0 { scale } else { 1.0 }
        };
        self.program.values(theta).iter().zip(values).map(|(r, f)| size(r, f)).collect()
    }
}
