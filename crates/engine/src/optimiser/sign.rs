//! Every weight by one step against the sign of its gradient: p <- p - lr sign(g), sign(0) = 0.
//!
//! For biases that balance the load of experts (Wang et al. 2024, arXiv 2408.15664, algorithm 1), whose gradient is how much
//! more than its share an expert was asked. The step is the group's own: neither the learning rate nor the length of the
//! gradient has a part in it, and nothing is kept from step to step.

use super::{Flat, Pace, Rule, Run};
use crate::Real;

/// Moves the weights whose groups are of this rule.
pub(super) fn update<R: Real>(mut flat: Flat<R>, runs: &[Run], pace: Pace) {
    for run in runs.iter().filter(|run| run.rule == Rule::Sign) {
        let by = R::of(pace.groups[run.group].lr);
        let Flat { weights, gradient, .. } = flat.part(run.range.clone());
        for (p, &g) in weights.iter_mut().zip(gradient) {
            if g > R::ZERO {
                *p -= by;
            } else if g < R::ZERO {
                *p += by;
            }
        }
    }
}
