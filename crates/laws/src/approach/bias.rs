//! How far parabolas are off on this design, noise apart.

use super::isoflop::isoflop;
use super::runs::Runs;
use super::{ApproachOptions, Kind};
use crate::bound::bind_program;
use crate::error::FitError;
use crate::points::Points;
use crate::result::Fit;

/// Compute counted in another way than this close to 6 N D has other optima.
const COUNTING: f64 = 0.01;

/// How far the minima of curves are from the optimum of the law they were drawn on.
#[derive(Clone, Debug, PartialEq)]
pub struct Bias {
    /// the budget, FLOPs
    pub flops: f64,
    /// best tokens of the law
    pub tokens: f64,
    /// D* of the parabola over that of the law, less 1
    pub parabola: f64,
    /// the same for a cubic through the same runs, where there are five sizes
    pub cubic: Option<f64>,
}

/// The bias of approach 2 on the design of a table: the law's own losses at the table's N and D, without noise, go
/// through [`super::isoflop()`], and every budget's D* is compared with the law's optimum (Czech et al. 2026, arXiv
/// 2603.22339). Where C = 6 N D, N* is off by the inverse factor.
///
/// On a Chinchilla surface (alpha 0.34, beta 0.28) with 15 sizes even in ln N around each optimum, D* of the parabola is
/// off by -0.33 % within a factor 2 of it, -1.30 % within 4, -2.90 % within 8 and -5.10 % within 16; that of the cubic by
/// 0.001 %, 0.01 %, 0.05 % and 0.16 %.
///
/// # Errors
/// If compute is counted otherwise than 6 N D, the law has no optimum in N and D, or no two budgets count.
pub fn parabola_bias(fit: &Fit, points: &Points, options: &ApproachOptions) -> Result<Vec<Bias>, FitError> {
    let runs = Runs::new(points)?;
    let (mean, widest) = runs.counting();
    if mean.abs() + widest > COUNTING {
        return Err(FitError::new(
            format!("the column C is up to {:.1} % from 6 N D", 100.0 * libm::expm1(mean.abs() + widest)),
            "the law's optimum is known at C = 6 N D: leave C out to compare there",
        ));
    }
    let values = bind_program(&fit.law, &fit.layout, points)?.values(&fit.theta());
    let none = || {
        FitError::new(
            format!("the law {} has no best sizes on these runs", fit.law.name),
            "it must be a law of N and D alone that rises on both sides of an optimum, without families",
        )
    };
    let found = isoflop(&runs.with_losses(values).ok_or_else(none)?, options, Kind::Isoflop)?;
    let mut bare = fit.clone();
    bare.draws.clear();
    let each = found.minima.iter().map(|m| {
        let tokens = bare.optimum(m.flops).ok_or_else(none)?.tokens.value;
        let cubic = m.cubic.map(|(_, d)| d / tokens - 1.0);
        Ok(Bias { flops: m.flops, tokens, parabola: m.tokens / tokens - 1.0, cubic })
    });
    each.collect()
}
