//! Quantities that follow from the parameters, reported because the raw ones mislead: A alone has no meaning at the
//! scale of the runs, and its error is huge; ln A and the exponents of the compute optimum are what papers compare.

use crate::additive::Additive;
use crate::estimate::Estimate;
use crate::result::Fit;

/// A derived quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// `ln A`, `a`
    pub name: String,
    /// what it is
    pub says: &'static str,
    /// value and interval
    pub estimate: Estimate,
}

impl Fit {
    /// Where N and D move together, the factor and the exponent of the power of D: the one of N stands for both, and
    /// these are at numbers without a meaning. Empty otherwise.
    pub fn stand_ins(&self) -> Vec<&str> {
        let shape = Additive::of(&self.law.formula, &self.layout).filter(|_| self.ladder.is_some());
        let found = shape.filter(|shape| self.parameters[shape.b].estimate.value == 0.0);
        found.map_or(Vec::new(), |shape| [shape.b, shape.beta].map(|i| self.parameters[i].name.as_str()).into())
    }

    /// ln A, ln B and the exponents a, b of N* ~ C^a, D* ~ C^b, for laws of the shape `E + A*N^-alpha + B*D^-beta`; none
    /// where N and D move together.
    pub fn derived(&self) -> Vec<Derived> {
        let Some(shape) = Additive::of(&self.law.formula, &self.layout) else { return Vec::new() };
        let theta = self.theta();
        // Along a ladder one power stands for both, and nothing tells how they share it.
        if !self.stand_ins().is_empty() {
            return Vec::new();
        }
        let entry = |i: usize| &self.parameters[i];
        let refused = [shape.a, shape.alpha, shape.b, shape.beta].iter().any(|&i| {
            let p = entry(i);
            p.estimate.interval.is_none() && !p.held && !self.draws.is_empty()
        });
        let make = |name: String, says, of: &dyn Fn(&[f64]) -> f64| {
            let value = of(&theta);
            let estimate = if refused {
                Estimate { value, interval: None, method: crate::warning::COLLINEAR_REASON.into() }
            } else {
                self.estimate(value, self.draws.iter().map(|d| of(d)))
            };
            Derived { name, says, estimate }
        };
        vec![
            make(format!("ln {}", entry(shape.a).name), "natural logarithm", &|t| libm::log(t[shape.a])),
            make(format!("ln {}", entry(shape.b).name), "natural logarithm", &|t| libm::log(t[shape.b])),
            make("a".into(), "best params grow as FLOPs^a", &|t| shape.exponent(t)),
            make("b".into(), "best tokens grow as FLOPs^b", &|t| 1.0 - shape.exponent(t)),
        ]
    }
}
