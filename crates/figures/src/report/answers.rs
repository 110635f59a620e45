//! What was asked of fits: comparisons, back-tests, plans and predictions.

use isoloss_laws::{Comparison, Cut, Plan, Prediction, Score};

use super::fit::{header, said};
use super::quantity::{count, factor, number, share};
use super::section::{Block, Section};
use super::sheet::short;
use super::table::{Cell, Table};
use crate::text::{Rich, math};

/// Times beyond the runs of both up to which it is said where their curves cross.
const FAR: f64 = 10.0;

impl Section {
    /// Two at equal loss: how much of the scale (`unit`: `FLOPs`) each needs, and the verdict.
    pub fn comparison(
        title: impl Into<String>,
        baseline: &str,
        variant: &str,
        unit: &str,
        comparison: &Comparison,
    ) -> Self {
        let (baseline, variant) = (short(baseline), short(variant));
        let level = comparison.ratios.iter().find_map(|r| r.ratio.interval).map(|i| i.level);
        let outside = comparison.ratios.iter().any(|r| r.beyond_baseline || r.beyond_variant);
        let mut columns = vec![
            "loss".to_owned(),
            format!("{baseline} needs, {unit}"),
            format!("{variant} needs, {unit}"),
            header("multiplier", level),
        ];
        columns.extend(outside.then(String::new));
        let mut table = Table::new(columns);
        for r in &comparison.ratios {
            table = table.row([
                Cell::Number(r.loss, 5),
                Cell::Number(r.baseline, 3),
                Cell::Number(r.variant, 3),
                Cell::from(&r.ratio),
                Cell::Says(r.whose(&baseline, &variant)),
            ]);
        }
        table = table.note(format!(
            "The multiplier is what {baseline} needs over what {variant} needs for the same loss; {}.",
            comparison.pairing
        ));
        let mut section = Self::new(title);
        if !comparison.warnings.is_empty() {
            section.blocks.push(Block::Warnings(comparison.warnings.clone()));
        }
        section.blocks.push(Block::Words(verdict(comparison, &baseline, &variant, unit)));
        section.blocks.push(Block::Table(table));
        let mut facts = Vec::new();
        if let Some((low, high)) = comparison.reached.shared() {
            let range = format!("{} to {}", number(low, 4, true), number(high, 4, true));
            facts.push(("losses that runs of both reached".to_owned(), range));
        }
        let tied = comparison.distinguishable == Some(false);
        if let Some(crossing) = comparison.crossing.as_ref().filter(|_| !tied && comparison.crossing_beyond <= FAR) {
            let beyond = match comparison.crossing_beyond > 1.0 {
                true => format!(", {} outside the runs", factor(comparison.crossing_beyond)),
                false => String::new(),
            };
            facts.push(("the curves cross at".to_owned(), format!("{} {unit}{beyond}", said(crossing))));
        }
        if !facts.is_empty() {
            section.blocks.push(Block::Facts(facts));
        }
        section
    }

    /// How a law did on runs it had not seen; cuts whose fits end with an error are named.
    pub fn score(title: impl Into<String>, score: &Score) -> Self {
        let log = score.log;
        let error = |e: f64| if log { Cell::Share(e) } else { Cell::Number(e, 2) };
        let bias = |b: f64| if log { Cell::Off(b) } else { Cell::Number(b, 2) };
        let refused = score.refused();
        let mut columns: Vec<Rich> = vec![
            format!("fitted up to {}", score.by).as_str().into(),
            "rows".into(),
            "predicted".into(),
            "farthest, times".into(),
            "rmse".into(),
            "bias".into(),
            math("_R_^{2}"),
            "in their intervals".into(),
        ];
        columns.extend(refused.then(|| "error of the fit".into()));
        let mut table = Table::new(columns);
        for c in &score.cuts {
            let large = if score.by == "N" || score.by == "D" { Cell::Size(c.scale) } else { Cell::Number(c.scale, 3) };
            let mut cells = vec![
                large,
                Cell::from(c.train),
                Cell::from(c.held.len()),
                Cell::Number(c.factor, 3),
                error(c.rmse),
                bias(c.bias),
                if c.r2.is_finite() { Cell::Number(c.r2, 3) } else { Cell::Empty },
                c.coverage.map_or(Cell::Empty, Cell::Share),
            ];
            cells.extend(refused.then(|| Cell::Says(c.codes())));
            table = table.row(cells);
        }
        table = table.note("Bias: positive where runs turned out higher than predicted.");
        for (at, reason) in &score.failed {
            table = table.note(format!("No fit up to {} {}: {reason}.", score.by, number(*at, 3, false)));
        }
        let written = |e: f64| if log { share(e) } else { number(e, 2, true) }.to_string();
        let rmse = written(score.rmse());
        let farthest = score.cuts.iter().map(|c: &Cut| c.factor).fold(0.0, f64::max);
        let mut words = format!(
            "Fitted to the smaller runs, the law predicted the larger ones to {rmse} (root mean square over {}), up to \
             {} beyond the fitted {}.",
            count(score.cuts.len(), "cut"),
            factor(farthest),
            score.by
        );
        if let Some(coverage) = score.coverage() {
            words.push_str(&format!(" {} of them lay in their intervals.", share(coverage)));
        }
        words.extend(score.refusals(written).map(|refusals| format!(" {refusals}")));
        Self::new(title).words(words).with(Block::Table(table))
    }

    /// What to train: a name (`10^21 FLOPs`) and the plan for each.
    pub fn plans<'a>(title: impl Into<String>, plans: impl IntoIterator<Item = (&'a str, &'a Plan)>) -> Self {
        let plans: Vec<(&str, &Plan)> = plans.into_iter().collect();
        let level = plans.iter().find_map(|(_, p)| p.params.interval).map(|i| i.level);
        let named = |what: &str| header(what, level);
        let columns = ["for".into(), named("parameters"), named("tokens"), named("FLOPs"), named("loss of one run")];
        let mut table = Table::new(columns);
        for (name, plan) in &plans {
            table = table.row([
                Cell::Says((*name).to_owned()),
                Cell::Sizes(plan.params.clone()),
                Cell::Sizes(plan.tokens.clone()),
                Cell::from(&plan.flops),
                Cell::from(&plan.loss.new_run),
            ]);
            let far = plan.extrapolation.filter(|x| *x > 1.0);
            for note in far.map(|x| format!("{} the most compute that was fitted", factor(x))).iter().chain(&plan.notes)
            {
                table = table.note(format!("{}: {note}.", short(name)));
            }
        }
        Self::new(title).with(Block::Table(table))
    }

    /// The law at places: a name (`N = 7B, D = 2T`) and the prediction there.
    pub fn predictions<'a>(
        title: impl Into<String>,
        predictions: impl IntoIterator<Item = (&'a str, &'a Prediction)>,
    ) -> Self {
        let all: Vec<(&str, &Prediction)> = predictions.into_iter().collect();
        let level = all.iter().find_map(|(_, p)| p.mean.interval).map(|i| i.level);
        let mut table = Table::new(["at".to_owned(), header("the law", level), header("one new run", level)]);
        for (name, prediction) in all {
            table =
                table.row([Cell::Says(name.to_owned()), Cell::from(&prediction.mean), Cell::from(&prediction.new_run)]);
        }
        Self::new(title).with(Block::Table(table))
    }
}

fn verdict(comparison: &Comparison, baseline: &str, variant: &str, unit: &str) -> String {
    let inside = || comparison.ratios.iter().filter(|r| !r.beyond_baseline && !r.beyond_variant);
    let values = || inside().map(|r| r.ratio.value);
    let (low, high) = values().fold((f64::INFINITY, 0f64), |(l, h), v| (l.min(v), h.max(v)));
    let range = match (low <= high, comparison.changes) {
        (false, _) => String::new(),
        (true, true) => format!(
            " At losses that both reached {baseline} needs {} to {} times what {variant} needs.",
            number(low, 3, true),
            number(high, 3, true)
        ),
        (true, false) => format!(" {baseline} needs {} times what {variant} needs.", number(high, 3, true)),
    };
    match comparison.distinguishable {
        None => format!("Nothing says how sure a difference between {variant} and {baseline} is.{range}"),
        Some(false) => {
            format!(
                "Not distinguishable: 1 lies inside every interval at losses that {variant} and {baseline} both reached.{range}"
            )
        }
        Some(true) => {
            let ends = || inside().filter_map(|r| r.ratio.interval);
            let fewer = ends().any(|i| i.lower > 1.0);
            let more = ends().any(|i| i.upper < 1.0);
            let needs = match (fewer, more) {
                (true, false) => "fewer",
                (false, true) => "more",
                _ => "at some losses fewer, at others more",
            };
            format!(
                "Distinguishable: {variant} needs {needs} {unit} than {baseline}; 1 lies outside the interval.{range}"
            )
        }
    }
}
