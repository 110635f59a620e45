//! The curves of all runs of a store as one table, a line a point.

use std::collections::HashMap;

use isoloss_formula::{Column, Table};

use super::{Store, StoreError};
use crate::Runs;
use crate::record::Run;

/// Digits of an id that tell runs of one name apart.
const DIGITS: usize = 8;

impl Store {
    /// The curves of these runs, those that have one: `run` (family and size, behind the first digits of the id where several
    /// are called so: a legend may cut the end), `question`, `family`, `rung`, `seed`, `params` (without embedding and
    /// head), `step`, `tokens`, `loss` (training, nats per token), and `held_out`, the loss of the run, in the line of its last
    /// point.
    ///
    /// # Errors
    /// If a line of a curve is no point: with its place.
    pub fn curves(&self, runs: &Runs) -> Result<Table, StoreError> {
        let words = |run: &Run| {
            let parts = [run.labels.family.as_str(), run.labels.rung.as_str()];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        };
        let mut called: HashMap<String, usize> = HashMap::new();
        runs.iter().for_each(|run| *called.entry(words(run)).or_default() += 1);
        let name = |run: &Run| match words(run) {
            words if words.is_empty() => run.id.clone(),
            words if called.get(&words).is_some_and(|n| *n > 1) => format!("{} {words}", &run.id[..DIGITS]),
            words => words,
        };
        let (mut of, mut points) = (Vec::new(), Vec::new());
        for run in runs.iter() {
            let mut curve = self.curve(&run.id)?;
            curve.sort_by_key(|point| point.step);
            let last = curve.len().saturating_sub(1);
            let held_out = |at: usize| run.loss().filter(|_| at == last).unwrap_or(f64::NAN);
            points
                .extend(curve.iter().enumerate().map(|(at, p)| (p.step as f64, p.tokens as f64, p.loss, held_out(at))));
            of.extend(curve.iter().map(|_| run));
        }
        let text = |of_run: &dyn Fn(&Run) -> String| of.iter().map(|run| of_run(run)).collect::<Vec<_>>();
        let number = |of_run: fn(&Run) -> f64| of.iter().map(|run| of_run(run)).collect::<Vec<_>>();
        let point = |of_point: fn(&(f64, f64, f64, f64)) -> f64| points.iter().map(of_point).collect::<Vec<_>>();
        let columns = vec![
            Column::words("run", text(&name)),
            Column::words("question", text(&|run| run.labels.question.clone())),
            Column::words("family", text(&|run| run.labels.family.clone())),
            Column::words("rung", text(&|run| run.labels.rung.clone())),
            Column::numbers("seed", number(|run| run.seed as f64)),
            Column::numbers("params", number(|run| run.counts.non_embedding as f64)),
            Column::numbers("step", point(|p| p.0)),
            Column::numbers("tokens", point(|p| p.1)),
            Column::numbers("loss", point(|p| p.2)),
            Column::numbers("held_out", point(|p| p.3)),
        ];
        let lines = (1..).take(of.len()).collect();
        Ok(Table::new(self.folder().display().to_string(), columns, lines))
    }
}
