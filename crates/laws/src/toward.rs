//! Rows that lie towards the target count more.
//!
//! A law is never quite right, and how it is wrong at small scales does not matter to someone who asks about large ones.
//! With weights e^(kappa s), s a row's place in the direction of the target in standard deviations of the rows, laws
//! extrapolate better on public tables (docs/validation.md).

use crate::points::Points;

/// A place that is to be predicted, and how strongly the rows towards it are preferred.
#[derive(Clone, Debug, PartialEq)]
pub struct Toward {
    /// inputs there, by name
    pub at: Vec<(String, f64)>,
    /// 1 is a good value; 0 weighs all rows alike
    pub kappa: f64,
}

impl Toward {
    /// The middle of some points, on logarithmic scales.
    pub fn middle(columns: &[(String, Vec<f64>)], kappa: f64) -> Self {
        let middle = |c: &Vec<f64>| libm::exp(c.iter().map(|x| libm::log(*x)).sum::<f64>() / c.len() as f64);
        Self { at: columns.iter().map(|(n, c)| (n.clone(), middle(c))).collect(), kappa }
    }

    /// The points with their weights.
    pub(crate) fn weigh(&self, points: &Points) -> Points {
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
        if length <= 0.0 {
            return points.clone();
        }
        let given = |row: usize| points.weight.as_ref().map_or(1.0, |w| w[row]);
        let weight = |(row, s): (usize, &f64)| given(row) * libm::exp(self.kappa * s / length.sqrt());
        Points { weight: Some(place.iter().enumerate().map(weight).collect()), ..points.clone() }
    }
}
