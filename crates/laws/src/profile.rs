//! Profile likelihood: how far one parameter can go while the others follow.
//!
//! With one parameter held, twice the rise of the objective over its noise is a squared Student's t (for Huber's function
//! after Ronchetti 1982: times mean psi' over mean psi^2). The interval ends where t reaches its quantile. Unlike a
//! symmetric error bar it follows the curvature of the law, and unlike a bootstrap it needs a few fits only.

use crate::bound::Bound;
use crate::estimate::{Interval, Of, student};
use crate::objective::Objective;
use crate::search::{Found, Optimum};
use crate::solve::{Effort, Solver};

/// The interval of free coordinate `k`; an end that is never reached is infinite or the parameter's bound.
pub(crate) fn profile(bound: &Bound, found: &Found, best: &Optimum, k: usize, level: f64) -> Interval {
    let coordinates = &bound.coordinates;
    let (n, p) = (bound.program.rows(), coordinates.len());
    let residuals = bound.rows.residuals(&bound.program.values(&best.theta));
    let inside = residuals.iter().filter(|r| r.abs() <= found.delta).count() as f64 / n as f64;
    let square: f64 = residuals.iter().zip(&bound.rows.weight).map(|(r, w)| w * r.abs().min(found.delta).powi(2)).sum();
    let noise = square / (n - p).max(1) as f64 / inside.max(0.05);
    let limit = student(level, (n - p).max(1) as f64);
    let (lower_bound, upper_bound) = coordinates.bounds(k);
    let here = best.solution.at[k];
    let mut others = best.solution.at.clone();
    others.remove(k);
    let parameter = coordinates.columns()[k];
    let natural = |x: f64| {
        let mut at = best.solution.at.clone();
        at[k] = x;
        let mut theta = best.theta.clone();
        coordinates.theta(&at, &mut theta);
        theta[parameter]
    };
    // t at a value of the coordinate; starts the others where they last were.
    let t_at = |x: f64, others: &mut Vec<f64>| {
        let held = coordinates.hold(k, natural(x));
        let rows = &bound.rows;
        let mut objective = Objective::new(&bound.program, &held, rows);
        objective.delta = found.delta;
        let solution = Solver::default().minimise(&mut objective, others, |k| held.bounds(k), Effort::DRAW);
        *others = solution.at;
        (2.0 * (solution.value - best.solution.value).max(0.0) / noise).sqrt()
    };
    let end = |direction: f64| {
        let bound = if direction < 0.0 { lower_bound } else { upper_bound };
        let mut follow = others.clone();
        let (mut inner, mut step) = (here, 1e-3 * here.abs().max(1e-2));
        let mut outer = None;
        for _ in 0..60 {
            let x = (inner + direction * step).clamp(lower_bound.max(-1e9), upper_bound.min(1e9));
            if t_at(x, &mut follow) >= limit {
                outer = Some(x);
                break;
            }
            if x == bound || x.abs() >= 1e9 {
                return x;
            }
            (inner, step) = (x, 1.7 * step);
        }
        let Some(mut outer) = outer else { return direction * f64::INFINITY };
        for _ in 0..40 {
            let middle = 0.5 * (inner + outer);
            if t_at(middle, &mut follow) >= limit {
                outer = middle
            } else {
                inner = middle
            }
            if (outer - inner).abs() <= 1e-6 * (outer - here).abs() {
                break;
            }
        }
        0.5 * (inner + outer)
    };
    let (lower, upper) = (end(-1.0), end(1.0));
    Interval { lower: natural(lower), upper: natural(upper), level, of: Of::Mean }
}
