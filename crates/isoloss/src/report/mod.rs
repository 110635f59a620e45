//! What a fit has to say, gathered once and written three ways.

mod closing;
pub mod comparisons;
mod csv;
pub mod effective;
pub mod gains;
mod json;
pub mod knowledge;
pub mod mixtures;
pub mod plans;
pub mod predictions;
pub mod rankings;
pub mod scores;
pub mod table;
mod text;
pub mod wanted;
pub mod ways;

pub use csv::csv;
pub use json::{estimate, json};
pub use text::{parameters, text, warning};

use isoloss_laws::{Derived, Estimate, Farther, Fit, Optimum, Points, Prediction};
use isoloss_runs::{LeftOut, Prepared};

use crate::numbers::signed;

/// Parameters that are another's number: each by its name, with that number, once for each family that has its own.
fn tied(fit: &Fit) -> impl Iterator<Item = (&str, Estimate)> {
    let each = fit.ties().iter().flat_map(|(alias, to)| {
        let own = move |name: &str| name == to || name.strip_prefix(to.as_str()).is_some_and(|n| n.starts_with('['));
        fit.parameters.iter().filter(move |p| own(&p.name)).map(move |p| (alias.as_str(), p))
    });
    each.map(|(alias, p)| {
        let method = format!("tied to {}", p.name);
        (alias, Estimate { value: p.estimate.value, interval: None, method })
    })
}

/// A prediction that was asked for.
#[derive(Debug)]
pub struct Point {
    pub at: Vec<(String, f64)>,
    pub family: Option<String>,
    pub prediction: Prediction,
    /// value over largest fitted, by input; empty where nothing was fitted
    pub factors: Vec<(String, f64)>,
}

/// The best sizes for a budget.
#[derive(Debug)]
pub struct Best {
    /// where parameters differ over families
    pub family: Option<String>,
    pub optimum: Optimum,
}

/// A row far from the law.
#[derive(Debug)]
pub struct Worst {
    pub line: u64,
    pub name: Option<String>,
    pub residual: f64,
}

/// Everything that is reported of a fit.
#[derive(Debug)]
pub struct Report<'a> {
    pub fit: &'a Fit,
    pub points: &'a Points,
    pub derived: Vec<Derived>,
    pub worst: Vec<Worst>,
    pub left_out: &'a [LeftOut],
    /// the name of each row, where a column holds names
    pub names: Vec<Option<String>>,
    pub predictions: Vec<Point>,
    pub closing: Option<Farther>,
    /// the command to type next
    pub next: Option<String>,
}

impl<'a> Report<'a> {
    pub fn new(fit: &'a Fit, points: &'a Points, prepared: &'a Prepared) -> Self {
        let names = prepared.names();
        let mut order: Vec<usize> = (0..fit.residuals.len()).collect();
        order.sort_by(|a, b| fit.share(*b).abs().total_cmp(&fit.share(*a).abs()).then(a.cmp(b)));
        let worst = order.iter().take(3).map(|&row| Worst {
            line: points.line(row),
            name: names[row].clone(),
            residual: fit.residuals[row],
        });
        Self {
            fit,
            points,
            derived: fit.derived(),
            worst: worst.collect(),
            left_out: &prepared.left_out,
            predictions: Vec::new(),
            closing: fit.farther(Some(points)),
            next: None,
            names,
        }
    }

    /// The unit of residuals: a share of the target, or the target's own.
    pub fn residual_text(&self, residual: f64) -> String {
        if self.fit.objective.log { format!("{} %", signed(100.0 * residual.exp_m1(), 2)) } else { signed(residual, 4) }
    }
}
