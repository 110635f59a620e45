//! How fast a law goes wrong beyond its rows, learnt from the rows themselves.
//!
//! A law is never quite right, and no resampling of the rows shows it: intervals that hold among the runs fail beyond
//! them. Fitting the smaller runs and predicting the larger ones does show it. What those errors have above the noise of
//! a run and the refit's own uncertainty grows with the distance: that is the drift, and intervals of new runs are never narrower.

use crate::bound::bind_program;
use crate::fit::fit;
use crate::law::Law;
use crate::objective::Link;
use crate::options::Options;
use crate::points::Points;
use crate::program::math::ln;
use crate::reducible::Reducible;
use crate::result::Fit;
use crate::score::{below, quick, rolling, scale_of};
use crate::solve::{cholesky, solve_lower};

/// What a back-test inside the rows says of distances beyond them.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Trust {
    /// the scale along which rows were held out
    pub by: String,
    /// the largest scale that was fitted
    pub largest: f64,
    /// divisions that were tried
    pub cuts: usize,
    /// root mean square error of held-out runs, in the scale of the residuals
    pub error: f64,
    /// the middle factor between the held-out runs and the largest that was fitted
    pub factor: f64,
    /// the largest such factor: what lies further has not been tried
    pub farthest: f64,
    /// standard deviation of the law's error for each factor of e beyond the rows
    pub drift: f64,
}

impl Trust {
    /// Standard deviation of the law's own error at a scale, in the scale of the residuals.
    pub fn drift_at(&self, scale: f64) -> f64 {
        self.drift * (scale / self.largest).ln().max(0.0)
    }
}

/// Cuts that are tried: each costs one descent from where the whole fit ended.
const CUTS: usize = 6;
/// Rows fitted beyond the number of free parameters: with fewer a refit follows its noise and says nothing of the law.
const SPARE: usize = 4;
/// Drift before any cut was tried, for losses: real tables show this much (docs/validation.md) ...
const USUAL: f64 = 0.004;
/// ... or this much of the reducible loss, of which those tables' losses consist to about a third ...
const USUAL_REDUCIBLE: f64 = 0.0125;
/// ... and it weighs as much as this many cuts.
const USUAL_WEIGHT: f64 = 4.0;

/// `None` where the rows are too few, or have no scale.
pub(crate) fn trust(law: &Law, points: &Points, options: &Options, whole: &Fit) -> Option<Trust> {
    let (by, scale) = scale_of(law, points, None).ok()?;
    let cuts = rolling(&scale, CUTS, (whole.free + SPARE).max(points.len() / 2));
    let options = quick(options, whole.theta());
    let mut tried = 0;
    let mut all: Vec<(f64, f64)> = Vec::new();
    // Errors of one cut share their refit, so a cut counts once: sums of drift^2 per cut.
    let usual = match (whole.reducible, whole.objective.log) {
        (Some(_), _) => USUAL_REDUCIBLE,
        (None, true) => USUAL,
        (None, false) => USUAL * typical(&points.target),
    };
    let (mut top, mut bottom) = (USUAL_WEIGHT * usual * usual, USUAL_WEIGHT);
    for cut in cuts {
        let train = below(&scale, cut);
        let rows = |keep: bool| (0..points.len()).filter(|&r| train[r] == keep).collect::<Vec<_>>();
        let (small, held) = (rows(true), rows(false));
        let Ok(fit) = fit(law, &points.rows(&small), &options) else { continue };
        let Some(errors) = errors(law, points, whole, &fit, &rows(true)) else { continue };
        tried += 1;
        let far: Vec<(f64, f64)> = held.iter().map(|&r| ((scale[r] / cut).ln(), errors[r].0)).collect();
        // e^2 = noise^2 (1 + leverage) + drift^2 h^2, by least squares over h^2.
        let noise = whole.noise.powi(2);
        let fourth: f64 = far.iter().map(|(h, _)| h.powi(4)).sum();
        let excess: f64 = far.iter().zip(&held).map(|((h, e), &r)| (e * e - noise * (1.0 + errors[r].1)) * h * h).sum();
        top += (excess / fourth).max(0.0);
        bottom += 1.0;
        all.extend(far);
    }
    if all.is_empty() {
        return None;
    }
    let error = (all.iter().map(|(_, e)| e * e).sum::<f64>() / all.len() as f64).sqrt();
    Some(Trust {
        by,
        largest: scale.iter().copied().fold(0.0, f64::max),
        cuts: tried,
        error,
        factor: median(all.iter().map(|a| a.0).collect()).exp(),
        farthest: all.iter().map(|a| a.0).fold(0.0, f64::max).exp(),
        drift: (top / bottom).sqrt(),
    })
}

/// Median size of a target.
fn typical(target: &[f64]) -> f64 {
    median(target.iter().map(|y| y.abs()).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Error of every row under a fit of some of them, in the scale of the residuals, and its leverage: the variance that the
/// refit's uncertainty adds, in units of the noise (Gauss and Newton's).
fn errors(law: &Law, points: &Points, whole: &Fit, fit: &Fit, small: &[usize]) -> Option<Vec<(f64, f64)>> {
    let (values, jacobian) = bind_program(law, &fit.layout, points).ok()?.jacobian(&fit.theta());
    let log = whole.objective.log;
    let link = if log { Link::Log } else { Link::Raw };
    // Of the refit, as for a prediction: what it says is reducible.
    let scale = match (whole.reducible, Reducible::bind(law, &fit.layout, points)) {
        (Some(floor), Ok(reducible)) => reducible.scale(&fit.theta(), &values, link, floor),
        _ => vec![1.0; values.len()],
    };
    let free: Vec<usize> = (0..fit.parameters.len()).filter(|&i| !fit.parameters[i].held).collect();
    let p = free.len();
    let slope = |row: usize, k: usize| jacobian[free[k]][row] / if log { values[row] * scale[row] } else { scale[row] };
    // Parameters differ by many orders of magnitude.
    let size: Vec<f64> = (0..p).map(|k| small.iter().map(|&r| slope(r, k).powi(2)).sum::<f64>().sqrt()).collect();
    let mut normal = vec![0.0; p * p];
    for &row in small {
        let g: Vec<f64> = (0..p).map(|k| slope(row, k) / size[k]).collect();
        for k in 0..p {
            for l in 0..p {
                normal[k * p + l] += g[k] * g[l];
            }
        }
    }
    if !cholesky(&mut normal, p) {
        return None;
    }
    let each = (0..points.len()).map(|row| {
        let mut g: Vec<f64> = (0..p).map(|k| slope(row, k) / size[k]).collect();
        solve_lower(&normal, p, &mut g);
        let (y, f) = (points.target[row], values[row]);
        let off = if log { ln(y / f) } else { y - f };
        (off / scale[row], g.iter().map(|x| x * x).sum())
    });
    let each: Vec<(f64, f64)> = each.collect();
    each.iter().all(|(e, l)| e.is_finite() && l.is_finite()).then_some(each)
}
