//! A fit as a value: what was found, how sure, and how it was made.

use crate::coordinates::Coordinates;
use crate::estimate::{Estimate, Interval, Of, Spread, student};
use crate::influence::Influence;
use crate::law::Law;
use crate::layout::Layout;
use crate::options::Options;
use crate::trust::Trust;
use crate::warning::{self, Severity, Warning};

/// A law fitted to rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// the law
    pub law: Law,
    /// every parameter: families and groups one by one
    pub parameters: Vec<Fitted>,
    /// bootstrap draws of all parameters, in the order of `parameters`
    pub draws: Vec<Vec<f64>>,
    /// what was minimised and how low it came
    pub objective: Objective,
    /// rows that entered
    pub rows: usize,
    /// parameters that were free
    pub free: usize,
    /// standard deviation of one run about the law: of its logarithm if residuals are logarithmic, and a share of its
    /// reducible loss where [`Fit::reducible`] is given
    pub noise: f64,
    /// where noise is a share of the reducible loss: what is added to that first, in the unit of the target
    pub reducible: Option<f64>,
    /// degrees of freedom of the intervals
    pub df: f64,
    /// how intervals were made
    pub method: String,
    /// level of the intervals
    pub level: f64,
    /// how the search went
    pub search: Search,
    /// what to mind, worst first
    pub warnings: Vec<Warning>,
    /// what was decided for the caller
    pub notes: Vec<String>,
    /// how held-out runs were predicted
    pub trust: Option<Trust>,
    /// rows that move the fit
    pub influence: Option<Influence>,
    /// residual of every row, in the scale of the fit
    pub residuals: Vec<f64>,
    /// where noise is a share of the reducible loss: what a share of 1 is at every row, in the scale of the fit
    pub scale: Vec<f64>,
    /// least and greatest value of every input
    pub ranges: Vec<(String, f64, f64)>,
    /// what the rows of each family span; of all rows where there are no families
    pub spans: Vec<Span>,
    /// where the law reads a group of columns: the mixtures that were trained, in the order of [`Fit::members`]
    pub mixtures: Vec<Vec<f64>>,
    /// the most compute of a row, 6 N D, where the law reads N and D
    pub largest_flops: Option<f64>,
    /// inputs of the two-scale ladder that move together: (ln slope, ln intercept) of D on N
    pub ladder: Option<(f64, f64)>,
    /// units and conventions of the columns
    pub units: Vec<(String, String)>,
    /// how columns were counted
    pub conventions: Vec<(String, String)>,
    /// what the rows were
    pub row_hash: u64,
    /// the seed of starts and draws
    pub seed: u64,
    /// with fewer than six clusters: the intervals of the parameters if rows shared no noise
    pub without_clusters: Vec<(String, Interval)>,
    pub(crate) layout: Layout,
    pub(crate) families: Vec<String>,
}

/// Least and greatest values over the rows of one family.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// which family
    pub family: Option<String>,
    /// its rows
    pub rows: usize,
    /// of the target
    pub target: (f64, f64),
    /// of every input
    pub inputs: Vec<(String, f64, f64)>,
    /// of 6 N D, where the law reads N and D
    pub flops: Option<(f64, f64)>,
    /// of D/N, where the law reads both
    pub tokens_per_param: Option<(f64, f64)>,
}

/// A parameter and its estimate.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fitted {
    /// `alpha`, `A[mla]`
    pub name: String,
    /// value and interval
    pub estimate: Estimate,
    /// standard error: spread of the draws
    pub error: Option<f64>,
    /// it was given, not fitted
    pub held: bool,
}

impl Fitted {
    /// A standard error far beyond the interval is that of a few draws in a long tail, and no scale of what is not known.
    pub fn error_misleads(&self) -> bool {
        const FAR: f64 = 3.0;
        self.error.zip(self.estimate.interval).is_some_and(|(error, i)| error > FAR * 0.5 * (i.upper - i.lower))
    }
}

/// What was minimised.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Objective {
    /// in words
    pub name: String,
    /// residuals are of the logarithm
    pub log: bool,
    /// Huber's delta; `None` for squares
    pub delta: Option<f64>,
    /// its value at the optimum, summed over rows
    pub value: f64,
}

/// How the search went.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Search {
    /// starting points
    pub starts: usize,
    /// starts that ended at the reported optimum
    pub agree: usize,
    /// starts that ended in flat valleys, where some parameter could be anything
    pub valleys: usize,
    /// starts that did not converge
    pub lost: usize,
    /// how far from stationary: sqrt(g' H^-1 g / objective)
    pub decrement: f64,
    /// other optima, best first
    pub runners_up: Vec<Basin>,
}

/// A local optimum that is not the best.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Basin {
    /// objective there
    pub objective: f64,
    /// all parameters there
    pub theta: Vec<f64>,
    /// starts that ended there
    pub starts: usize,
}

impl Fit {
    /// The values of all parameters.
    pub fn theta(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.estimate.value).collect()
    }

    /// Warnings of severity [`Severity::Error`]: with one, its numbers must not be used.
    pub fn errors(&self) -> impl Iterator<Item = &Warning> {
        self.warnings.iter().filter(|warning| warning.severity == Severity::Error)
    }

    /// Is there no error among its warnings?
    pub fn may_be_used(&self) -> bool {
        self.errors().next().is_none()
    }

    /// The families that parameters may differ over; empty if the rows have none.
    pub fn families(&self) -> &[String] {
        &self.families
    }

    /// The columns of the law's groups (`w_code` of `w_*`), in the order of the rows; empty without a group.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        let groups = self.law.formula.groups();
        let names = self.ranges.iter().map(|(name, ..)| name.as_str());
        names.filter(move |name| groups.iter().any(|g| name.starts_with(g.as_str())))
    }

    /// Everything that the law must be told at a point: its inputs and the columns of its groups.
    pub fn reads(&self) -> Vec<&str> {
        let inputs: Vec<&str> = self.law.inputs().collect();
        let members: Vec<&str> = self.members().filter(|m| !inputs.contains(m)).collect();
        inputs.into_iter().chain(members).collect()
    }

    /// Parameters that are another: (alias, the parameter it equals).
    pub fn ties(&self) -> &[(String, String)] {
        &self.layout.ties
    }

    /// A parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&Fitted> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// An estimate of any quantity from its value at the optimum and at every draw.
    pub(crate) fn estimate(&self, value: f64, draws: impl IntoIterator<Item = f64>) -> Estimate {
        let Some(spread) = Spread::new(value, draws) else {
            return Estimate { value, interval: None, method: self.method.clone() };
        };
        let (lower, upper) = spread.ends(student(self.level, self.df));
        if upper - lower <= 1e-9 * value.abs() {
            let reason = if self.noise > 1e-9 { "it follows from what is held or tied" } else { warning::EXACT_REASON };
            return Estimate { value, interval: None, method: reason.into() };
        }
        let interval = Some(Interval { lower, upper, level: self.level, of: Of::Mean });
        Estimate { value, interval, method: self.method.clone() }
    }

    /// Spread of the draws in the solver's coordinates.
    pub(crate) fn coordinate_errors(&self, coordinates: &Coordinates) -> Vec<f64> {
        let draws: Vec<Vec<f64>> = self.draws.iter().map(|d| coordinates.point(d)).collect();
        if draws.is_empty() {
            return Vec::new();
        }
        let at = coordinates.point(&self.theta());
        let spread = |k: usize| Spread::new(at[k], draws.iter().map(|d| d[k])).map_or(0.0, |s| s.deviation());
        (0..coordinates.len()).map(spread).collect()
    }

    /// The published fit of this law that these parameters are, to 2 %.
    pub(crate) fn published_at(&self, theta: &[f64]) -> Option<&str> {
        let close = |name: &str, value: f64| {
            let i = self.parameters.iter().position(|p| p.name == name);
            i.is_none_or(|i| (theta[i] - value).abs() <= 0.02 * value.abs())
        };
        let found = self.law.published.iter().find(|p| p.values.iter().all(|(name, value)| close(name, *value)))?;
        Some(&found.name)
    }

    /// The residual of a row in the unit of `noise`: itself, or as a share of the reducible loss there.
    pub fn share(&self, row: usize) -> f64 {
        self.residuals[row] / self.scale.get(row).copied().unwrap_or(1.0)
    }

    pub(crate) fn estimate_parameters(&self, theta: &[f64], options: &Options) -> Vec<Fitted> {
        let each = self.layout.entries.iter().zip(theta).enumerate();
        each.map(|(i, (entry, &value))| {
            let input = |name: &str| self.law.inputs().any(|i| i == name);
            let unidentified = self.ladder.is_some() && input("N") && input("D");
            let asked = options.fix.iter().any(|(n, _)| *n == entry.name);
            let held = entry.held.is_some() && (asked || !unidentified);
            let estimate = if unidentified && !held && !crate::roles::is_term(&self.law.formula.body, &entry.parameter)
            {
                Estimate { value, interval: None, method: warning::COLLINEAR_REASON.into() }
            } else if held {
                Estimate { value, interval: None, method: "held".into() }
            } else {
                self.estimate(value, self.draws.iter().map(|d| d[i]))
            };
            let error = Spread::new(value, self.draws.iter().map(|d| d[i])).map(|s| s.deviation());
            let error = error.filter(|_| estimate.interval.is_some());
            Fitted { name: entry.name.clone(), estimate, error, held }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_error_of_another_world_is_not_shown() {
        let with = |error| Fitted {
            name: "A".into(),
            estimate: Estimate {
                value: 400.0,
                interval: Some(Interval { lower: 3.0, upper: 900.0, level: 0.95, of: Of::Mean }),
                method: String::new(),
            },
            error: Some(error),
            held: false,
        };
        assert!(with(1e13).error_misleads() && with(1500.0).error_misleads());
        // Half of a 95 % interval is about two standard errors, of a 50 % interval two thirds of one.
        assert!(!with(225.0).error_misleads() && !with(670.0).error_misleads());
    }
}
