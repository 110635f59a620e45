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
    /// ln A, ln B and the exponents a, b of N* ~ C^a, D* ~ C^b, for laws of the shape `E + A*N^-alpha + B*D^-beta`.
    pub fn derived(&self) -> Vec<Derived> {
        let Some(shape) = Additive::of(&self.law.formula, &self.layout) else { return Vec::new() };
        let theta = self.theta();
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
