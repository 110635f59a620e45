//! Families side by side: what a parameter of one family is times that of another.

use crate::estimate::Estimate;
use crate::program::Slot;
use crate::result::Fit;

/// A parameter of one family over that of the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Against {
    /// the parameter of the law that has one value per family
    pub parameter: String,
    /// whose value is divided
    pub family: String,
    /// by that of this family
    pub baseline: String,
    /// above 1 the family has more
    pub ratio: Estimate,
}

/// With more draws than this share in which the baseline's has another sign, a ratio has no interval.
const ASTRAY: f64 = 0.02;

impl Fit {
    /// The ratio to the baseline of every parameter with one value per family, family by family; empty if there is none, or
    /// no such family. The draws of one fit belong together: a ratio is taken within each, so that what both values share
    /// cancels, as the floor of one law does, and it may be known better than either.
    pub fn against(&self, baseline: &str) -> Vec<Against> {
        let families = self.families();
        let Some(base) = families.iter().position(|family| family == baseline) else { return Vec::new() };
        let mut all = Vec::new();
        for parameter in &self.law.parameters {
            let first = match self.layout.slots.get(&parameter.name) {
                Some(&Slot::PerLabel { first, count, .. }) if count == families.len() => first,
                _ => continue,
            };
            for (at, family) in families.iter().enumerate().filter(|(at, _)| *at != base) {
                let ratio = self.ratio(first + at, first + base);
                let (parameter, family) = (parameter.name.clone(), family.clone());
                all.push(Against { parameter, family, baseline: baseline.to_owned(), ratio });
            }
        }
        all
    }

    /// One parameter over another, by their indices.
    fn ratio(&self, of: usize, base: usize) -> Estimate {
        let values = [of, base].map(|i| &self.parameters[i]);
        let value = values[0].estimate.value / values[1].estimate.value;
        let none = |method: String| Estimate { value, interval: None, method };
        let unknown = values.iter().find(|p| !p.held && p.estimate.interval.is_none());
        if let Some(unknown) = unknown.filter(|_| !self.draws.is_empty()) {
            return none(format!("{} has no interval: {}", unknown.name, unknown.estimate.method));
        }
        let sign = values[1].estimate.value.signum();
        let draws: Vec<f64> =
            self.draws.iter().filter(|d| d[base] * sign > 0.0).map(|draw| draw[of] / draw[base]).collect();
        let astray = self.draws.len() - draws.len();
        if astray as f64 > ASTRAY * self.draws.len() as f64 {
            let all = self.draws.len();
            return none(format!(
                "{} is not told apart from 0: in {astray} of {all} draws it is beyond",
                values[1].name
            ));
        }
        self.estimate(value, draws)
    }
}
