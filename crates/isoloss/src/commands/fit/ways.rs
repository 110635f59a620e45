//! `isoloss fit --method`: other ways of finding the best sizes, beside the surface.

use std::process::ExitCode;

use isoloss_formula::{in_shell, name_in_expression, word_in_expression};
use isoloss_laws::{ApproachOptions, Budgets, FARTHER, Kind, Options, Points, disagree, parabola_bias};

use super::{Fit, Loaded};
use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::report::ways;

/// Draws where none are asked for: each takes a fit of the surface.
const DRAWS: usize = 300;

/// A way of finding the sizes that compute is best spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Way {
    /// all of them
    All,
    /// the least loss of all sizes at each compute (approach 1)
    Envelope,
    /// parabolas through runs of equal compute (approach 2)
    Isoflop,
    /// the same with cubics
    Cubic,
    /// the lower convex hull of loss against compute
    Hull,
}

impl Fit {
    /// The points, with compute as a map makes it: without one, budgets are those of 6 N D.
    fn counted(&self, loaded: &Loaded) -> Points {
        let mut points = loaded.points.clone();
        let mapped = loaded.maps.iter().any(|(new, _)| new == "C") && points.column("C").is_none();
        if let Some(flops) = loaded.prepared.table.column("C").and_then(|c| c.as_numbers()).filter(|_| mapped) {
            points.columns.push(("C".into(), flops.values.clone()));
        }
        points
    }

    pub(super) fn ways(&self, way: Way, loaded: &Loaded, options: &Options) -> Result<ExitCode, Failure> {
        let points = &self.counted(loaded);
        if let Some(labels) = points.family.as_ref().filter(|_| !options.per_family.is_empty()) {
            let first = labels.levels.first().map_or("a", String::as_str);
            let condition = format!("{} = {}", name_in_expression(&labels.name), word_in_expression(first));
            return Err(Failure::usage(
                "--per: --method finds the best sizes of one family",
                format_args!("one after another: --where {}", in_shell(&condition)),
            ));
        }
        let largest = points.column("N").zip(points.column("D"));
        let largest = largest.and_then(|(n, d)| n.iter().zip(d).map(|(n, d)| 6.0 * n * d).reduce(f64::max));
        let Some(largest) = largest else {
            return Err(Failure::usage(
                format_args!("--method: the best sizes for a budget need parameters N and tokens D"),
                "--map \"N=...\" and --map \"D=...\" name them; one follows from the other and C",
            ));
        };
        let flops = match &self.flops {
            Some(text) => arguments::number("--flops", text)?,
            None => FARTHER * largest,
        };
        let budgets = match &self.budgets {
            None => Budgets::Within(0.05),
            Some(column) => Budgets::Labelled(loaded.budgets(column)?),
        };
        let kinds: Vec<Kind> = match way {
            Way::All => Kind::ALL.to_vec(),
            Way::Envelope => vec![Kind::Surface, Kind::Envelope],
            Way::Isoflop => vec![Kind::Surface, Kind::Isoflop],
            Way::Cubic => vec![Kind::Surface, Kind::Cubic],
            Way::Hull => vec![Kind::Surface, Kind::Hull],
        };
        let draws = if self.how.draws.is_some() { options.draws } else { DRAWS };
        let quick = Options { draws, influence: false, trust: false, ..options.clone() };
        let asked = ApproachOptions { budgets, law: loaded.law.clone(), fit: quick, ..ApproachOptions::default() };
        let found = disagree(points, &kinds, flops, &asked).map_err(|e| loaded.placed(e))?;
        found.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        for compared in &found.compared {
            let name = compared.approach.kind.name();
            compared.approach.notes.iter().for_each(|note| talk(format_args!("note: {name}: {note}")));
        }
        let fit = loaded.fit(&Options { method: isoloss_laws::Method::None, ..asked.fit.clone() })?;
        // A table without budgets has no parabolas to be biased.
        let parabolas = found.compared.iter().any(|c| matches!(c.approach.kind, Kind::Isoflop | Kind::Cubic));
        let bias = if parabolas { parabola_bias(&fit, points, &asked).unwrap_or_default() } else { Vec::new() };
        output::answer(&match self.format {
            Format::Text => ways::text(&found, &bias),
            Format::Json => ways::json(&found, &bias),
            Format::Csv => ways::csv(&found),
        })?;
        // The surface alone is no answer to what was asked.
        Ok(output::code(way != Way::All && found.compared.len() < kinds.len()))
    }
}
