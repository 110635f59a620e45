//! The target: a weighted mean of laws, as a function of shares alone.

use crate::curve::one_family;
use crate::error::FitError;
use crate::program::point::Point;
use crate::result::Fit;

/// The weighted mean of the laws, as a function of shares alone.
pub(super) struct Target {
    laws: Vec<Bound>,
    weights: Vec<f64>,
}

/// A law whose other inputs are given.
struct Bound {
    point: Point,
    /// parameters, and behind them the shares in the order of this fit
    buffer: Vec<f64>,
    width: usize,
    /// which domain each share behind the parameters is
    order: Vec<usize>,
}

impl Target {
    pub(super) fn new(
        fits: &[&Fit],
        domains: &[String],
        weights: &[f64],
        at: &[(String, f64)],
        family: Option<&str>,
    ) -> Result<Self, FitError> {
        let bind = |fit: &&Fit| {
            let layout = one_family(fit, family)?;
            let asked: Vec<&str> = fit.members().collect();
            let others = at.iter().filter(|(name, _)| fit.law.inputs().any(|i| i == name));
            let others: Vec<(&str, f64)> = others.map(|(name, x)| (name.as_str(), *x)).collect();
            let width = fit.parameters.len();
            let point = Point::bind(&fit.law.formula, &others, &asked, &layout.slots, width).map_err(|e| {
                FitError::new(format!("the law {} cannot be used here: {e}", fit.law.name), "--at gives inputs a value")
            })?;
            let order = asked.iter().map(|a| domains.iter().position(|d| d == a).unwrap_or_default()).collect();
            Ok(Bound { point, buffer: vec![0.0; width + asked.len()], width, order })
        };
        Ok(Self { laws: fits.iter().map(bind).collect::<Result<_, FitError>>()?, weights: weights.to_vec() })
    }

    /// The loss, and its derivatives by the shares.
    pub(super) fn slopes(&mut self, thetas: &[&[f64]], shares: &[f64], slopes: &mut [f64]) -> f64 {
        slopes.fill(0.0);
        let mut sum = 0.0;
        for ((law, theta), weight) in self.laws.iter_mut().zip(thetas).zip(&self.weights) {
            law.set(theta, shares);
            let (value, gradient) = law.point.slopes(&law.buffer);
            sum += weight * value;
            law.order.iter().zip(&gradient[law.width..]).for_each(|(&i, g)| slopes[i] += weight * g);
        }
        sum
    }

    pub(super) fn values(&mut self, thetas: &[&[f64]], shares: &[f64]) -> Vec<f64> {
        let each = self.laws.iter_mut().zip(thetas).map(|(law, theta)| {
            law.set(theta, shares);
            law.point.at(&law.buffer)
        });
        each.collect()
    }

    pub(super) fn value(&mut self, thetas: &[&[f64]], shares: &[f64]) -> f64 {
        mean(&self.values(thetas, shares), &self.weights)
    }
}

impl Bound {
    fn set(&mut self, theta: &[f64], shares: &[f64]) {
        self.buffer[..self.width].copy_from_slice(theta);
        self.order.iter().enumerate().for_each(|(k, &i)| self.buffer[self.width + k] = shares[i]);
    }
}

/// What a target makes of the losses of its laws.
pub(super) fn mean(losses: &[f64], weights: &[f64]) -> f64 {
    losses.iter().zip(weights).map(|(l, w)| l * w).sum()
}
