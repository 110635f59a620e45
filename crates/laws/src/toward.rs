//! Rows that lie towards the target count more.
//!
//! A law is never quite right, and how it is wrong at small scales does not matter to someone who asks about large ones.
//! With weights e^(kappa s), s a row's place in the direction of the target in standard deviations of the rows, and the
//! field's objective, which large residuals of small runs hardly move, laws extrapolate better on public tables
//! (docs/validation.md). Weights cost rows: where few are left for each parameter, they do harm and are not given.

use crate::bound::bind;
use crate::error::FitError;
use crate::fit::fit;
use crate::law::Law;
use crate::options::{Loss, Noise, Options};
use crate::points::Points;
use crate::result::Fit;

/// A place that is to be predicted, and how strongly the rows towards it are preferred.
#[derive(Clone, Debug, PartialEq)]
pub struct Toward {
    /// inputs there, by name
    pub at: Vec<(String, f64)>,
    /// at most; 1 is a good value, 0 weighs all rows alike
    pub kappa: f64,
}

/// Rows that weights must leave for each free parameter, counted as Kish does: (sum of w)^2 / (sum of w^2).
const LEAST_ROWS: f64 = 5.0;
/// Weaker weights than these are none.
const LEAST_KAPPA: f64 = 0.05;

impl Toward {
    /// The middle of some points, on logarithmic scales.
    pub fn middle(columns: &[(String, Vec<f64>)], kappa: f64) -> Self {
        let middle = |c: &Vec<f64>| libm::exp(c.iter().map(|x| libm::log(*x)).sum::<f64>() / c.len() as f64);
        Self { at: columns.iter().map(|(n, c)| (n.clone(), middle(c))).collect(), kappa }
    }

    /// Every row's place in the direction of the target, in standard deviations; `None` where there is no direction.
    fn places(&self, points: &Points) -> Option<Vec<f64>> {
        let count = points.len() as f64;
        let mut place = vec![0.0; points.len()];
        let mut length = 0.0;
        for (name, target) in &self.at {
            let Some(column) = points.column(name).filter(|c| c.iter().all(|x| *x > 0.0)) else { continue };
            let logs: Vec<f64> = column.iter().map(|x| libm::log(*x)).collect();
            let mean = logs.iter().sum::<f64>() / count;
            let deviation = (logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
            if deviation <= 0.0 || *target <= 0.0 {
                continue;
            }
            let towards = (libm::log(*target) - mean) / deviation;
            length += towards * towards;
            place.iter_mut().zip(&logs).for_each(|(s, x)| *s += towards * (x - mean) / deviation);
        }
        (length > 0.0).then(|| place.iter().map(|s| s / length.sqrt()).collect())
    }

    /// A weight for every row that leaves `least` effective ones, and how many it leaves; `None` where that is not to be
    /// had.
    fn weights(&self, points: &Points, least: f64) -> Option<(Vec<f64>, f64)> {
        let places = self.places(points)?;
        let given = |row: usize| points.weight.as_ref().map_or(1.0, |w| w[row]);
        let weights = |kappa: f64| -> Vec<f64> {
            places.iter().enumerate().map(|(row, s)| given(row) * libm::exp(kappa * s)).collect()
        };
        let mut kappa = self.kappa;
        while kappa >= LEAST_KAPPA {
            let weights = weights(kappa);
            let left = weights.iter().sum::<f64>().powi(2) / weights.iter().map(|w| w * w).sum::<f64>();
            if left >= least {
                return Some((weights, left));
            }
            kappa *= 0.9;
        }
        None
    }
}

/// A fit aimed at its target: weights and, unless another objective was asked for, the field's. Where the rows do not
/// afford weights it is the fit without an aim, and says so.
pub(crate) fn aimed(law: &Law, points: &Points, options: &Options, toward: &Toward) -> Result<Fit, FitError> {
    let plain = Options { toward: None, ..options.clone() };
    let free = bind(law, points, &plain, &mut Vec::new())?.coordinates.len();
    let least = LEAST_ROWS * free as f64;
    let Some((weights, left)) = toward.weights(points, least) else {
        let mut fit = fit(law, points, &plain)?;
        fit.notes.push(format!(
            "not aimed at the target: weights would leave fewer than {least:.0} effective rows for {free} parameters"
        ));
        return Ok(fit);
    };
    // The field's delta is one of log loss.
    let field = plain.loss == Loss::Robust && plain.noise == Noise::Loss;
    let loss = if field { Loss::Published } else { plain.loss };
    let mut fit = fit(law, &Points { weight: Some(weights), ..points.clone() }, &Options { loss, ..plain })?;
    fit.notes.push(format!("rows towards the target count more: as many as {left:.0} of {} rows", points.len()));
    Ok(fit)
}
