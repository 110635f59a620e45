//! Which runs have come to the end of learning: their training loss moved less in the last tenth than seeds differ.
//!
//! It takes the measure `movement`, and replicates: the spread is the standard deviation of the losses of a rung over its
//! seeds. Without either nothing is said.

use std::collections::BTreeMap;

use isoloss_runs::record::Run;

/// The key of a record that says so.
const KEY: &str = "converged";

/// Marks the runs of which it can be said.
pub(super) fn mark(runs: &mut [Run]) {
    let mut rungs: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in runs.iter() {
        rungs.entry(run.labels.full()).or_default().extend(run.loss());
    }
    for run in runs {
        let moved = run.result.as_ref().and_then(|result| result.measures.get("movement")?.as_f64());
        let spread = rungs.get(&run.labels.full()).and_then(|losses| spread(losses));
        if let (Some(moved), Some(spread)) = (moved, spread) {
            run.other.insert(KEY.into(), (moved.abs() <= spread).into());
        }
    }
}

/// The standard deviation; none of fewer than two.
fn spread(losses: &[f64]) -> Option<f64> {
    let n = losses.len() as f64;
    let mean = losses.iter().sum::<f64>() / n;
    let squares: f64 = losses.iter().map(|loss| (loss - mean) * (loss - mean)).sum();
    (losses.len() > 1).then(|| (squares / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use isoloss_runs::record::{Outcome, StateName};

    use super::*;

    fn run(rung: &str, loss: f64, movement: Option<f64>) -> Run {
        let mut run: Run = serde_json::from_value(serde_json::json!({
            "schema": 1, "id": "00000000000000000000", "state": { "name": "finished", "step": 1 }, "seed": 1, "config": {},
            "data": { "name": "", "hash": "" }, "counts": isoloss_runs::record::Counts::default(), "numerics": 1,
        }))
        .unwrap();
        assert_eq!(run.state.name, StateName::Finished);
        run.labels.rung = rung.into();
        let measures = movement.map(|moved| ("movement".to_owned(), moved.into())).into_iter().collect();
        run.result = Some(Outcome { loss, measures, ..Outcome::default() });
        run
    }

    #[test]
    fn a_run_that_moves_less_than_seeds_differ_has_converged() {
        let mut runs = [
            run("small", 1.0, Some(-0.05)),
            run("small", 1.1, Some(-0.08)),
            run("large", 0.5, Some(-0.01)),
            run("other", 0.5, None),
            run("other", 0.6, None),
        ];
        mark(&mut runs);
        let said: Vec<Option<bool>> = runs.iter().map(|run| run.other.get(KEY)?.as_bool()).collect();
        // The spread of `small` is 0.0707; `large` has one seed, `other` was not measured.
        assert_eq!(said, [Some(true), Some(false), None, None, None]);
    }
}
