//! How losses fall with compute along the lower hull of each family's runs: a power for each of the losses that were asked for.
//!
//! As Shukor et al. 2025 (arXiv 2504.07951, section 3.1) read their runs: L = a C^-b, by mixture and by kind of data.

use isoloss::experiment::Experiment;
use isoloss_figures::report::{Block, Cell, Section, Table as Shown};
use isoloss_formula::{Column, Table};
use isoloss_laws::{ApproachOptions, Estimate, Interval, Labels, Options, Points, hull_resampled};

use crate::numbers::number;
use crate::output::{BOLD, RESET};
use crate::report::predictions::{interval, value};
use crate::report::table::table;

/// A power, or why there is none.
pub struct Hull {
    pub family: String,
    /// the column of losses
    pub loss: String,
    pub found: Result<Power, String>,
}

/// L = a C^-b, C in FLOPs.
pub struct Power {
    pub factor: f64,
    pub exponent: Estimate,
    /// FLOPs between which the hull counts
    over: [f64; 2],
}

impl Hull {
    /// What `[found]` calls its exponent.
    pub fn name(&self) -> String {
        let parts = ["b", self.family.as_str(), self.loss.as_str()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

/// The powers of every family, in the order of the experiment.
pub fn of(experiment: &Experiment, runs: &Table, options: &Options) -> Vec<Hull> {
    let options = ApproachOptions { fit: options.clone(), ..ApproachOptions::default() };
    let mut all = Vec::new();
    for loss in &experiment.fit.hulls {
        for family in experiment.families() {
            let found = points(experiment, runs, family, loss).and_then(|points| power(&points, &options));
            all.push(Hull { family: family.to_owned(), loss: loss.clone(), found });
        }
    }
    all
}

fn power(points: &Points, options: &ApproachOptions) -> Result<Power, String> {
    let approach = hull_resampled(points, options).map_err(|e| e.message)?;
    let line = approach.loss.ok_or("the hull has no line")?;
    let ends = approach.minima.iter().map(|minimum| minimum.flops);
    let over = [ends.clone().fold(f64::INFINITY, f64::min), ends.fold(0.0, f64::max)];
    let Estimate { value, interval, method } = line.exponent;
    let interval = interval.map(|i| Interval { lower: -i.upper, upper: -i.lower, ..i });
    Ok(Power { factor: line.log_factor.exp(), exponent: Estimate { value: -value, interval, method }, over })
}

/// Sizes, lengths, compute and losses of a family's runs.
fn points(experiment: &Experiment, runs: &Table, family: &str, loss: &str) -> Result<Points, String> {
    let column = |name: &str| {
        let numbers = runs.column(name).and_then(Column::as_numbers);
        numbers.ok_or_else(|| format!("no run has the column {name}"))
    };
    let of_family =
        |row: &usize| !experiment.has_families() || runs.column("family").is_some_and(|c| c.text(*row) == family);
    let target = column(loss)?;
    let rows: Vec<usize> = (0..runs.len()).filter(of_family).filter(|row| target.values[*row].is_finite()).collect();
    let picked = |values: &[f64]| rows.iter().map(|row| values[*row]).collect::<Vec<f64>>();
    let mut points = Points { target: picked(&target.values), ..Points::default() };
    for name in ["N", "D", "C"] {
        points.columns.push((name.to_owned(), picked(&column(name)?.values)));
    }
    let cluster = runs.column("trunk").filter(|_| experiment.ladder.branches);
    points.cluster = cluster.map(|trunk| Labels::new("trunk".to_owned(), rows.iter().map(|row| trunk.text(*row))));
    Ok(points)
}

const SAYS: &str =
    "L = a C^-b through the lower hull of the runs, C in FLOPs; a is the loss at one FLOP and means nothing alone";

fn line(hull: &Hull) -> [String; 5] {
    let [family, loss] = [hull.family.clone(), hull.loss.clone()];
    match &hull.found {
        Ok(Power { factor, exponent, over }) => {
            let over = format!("{} to {}", number(over[0], 2), number(over[1], 2));
            [family, loss, number(*factor, 4), format!("{} {}", value(exponent), interval(exponent)), over]
        }
        Err(why) => [family, loss, String::new(), format!("none: {why}"), String::new()],
    }
}

/// In words: a line for each family and loss.
pub fn text(all: &[Hull]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let lines: Vec<Vec<String>> = all.iter().map(|hull| line(hull).to_vec()).collect();
    format!("\n{BOLD}Along the hull{RESET}: {SAYS}.\n{}", table(&["family", "loss", "a", "b", "over FLOPs"], &lines))
}

/// For the report.
pub fn section(all: &[Hull]) -> Option<Section> {
    if all.is_empty() {
        return None;
    }
    let mut shown = Shown::new(["family", "loss", "a", "b", "over FLOPs"]);
    for hull in all {
        let [family, loss, factor, words, over] = line(hull).map(Cell::Words);
        let exponent = hull.found.as_ref().map_or(words, |power| Cell::from(&power.exponent));
        shown = shown.row([family, loss, factor, exponent, over]);
    }
    Some(Section::new("Along the hull").words(format!("{SAYS}.")).with(Block::Table(shown)))
}
