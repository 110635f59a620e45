//! Runs that did not finish: a state with a reason, never a point in a fit.

use isoloss_formula::{Column, Data, Table};

use crate::error::quoted;
use crate::names::normalised;

const COLUMNS: [&str; 6] = ["state", "status", "run_state", "run_status", "job_state", "job_status"];
const DONE: [&str; 9] =
    ["finished", "finish", "completed", "complete", "done", "success", "successful", "succeeded", "ok"];
const NOT_DONE: [&str; 31] = [
    "failed",
    "failure",
    "fail",
    "crashed",
    "crash",
    "killed",
    "running",
    "diverged",
    "exploded",
    "nan",
    "preempted",
    "preempting",
    "pending",
    "queued",
    "waiting",
    "scheduled",
    "starting",
    "aborted",
    "abort",
    "canceled",
    "cancelled",
    "error",
    "errored",
    "interrupted",
    "oom",
    "out_of_memory",
    "timeout",
    "timed_out",
    "unfinished",
    "incomplete",
    "terminated",
];

/// The option of the program for those who know better what the states mean.
pub(crate) const KEEP: &str = "--all-states";

/// The column that says how each run ended, if there is one and it does.
pub(crate) fn state_column(table: &Table) -> Option<&Column> {
    table.columns().iter().find(|c| {
        COLUMNS.contains(&normalised(&c.name).as_str())
            && matches!(&c.data, Data::Words(words) if words.iter().any(|w| is(w, &DONE) || is(w, &NOT_DONE)))
    })
}

/// A word for a run that did not finish.
pub(crate) fn is_unfinished(word: &str) -> bool {
    is(word, &NOT_DONE)
}

/// Rows of runs that did not finish, with the reason, and a sentence about states that are not known.
pub(crate) fn unfinished(column: &Column) -> (Vec<(usize, String)>, Option<String>) {
    let Data::Words(words) = &column.data else { return (Vec::new(), None) };
    let rows = words.iter().enumerate().filter(|(_, w)| is(w, &NOT_DONE));
    let rows = rows.map(|(row, word)| (row, format!("{} = {word} ({KEEP} keeps it)", column.name))).collect();
    let strange = words.iter().find(|w| !w.is_empty() && !is(w, &DONE) && !is(w, &NOT_DONE));
    let says = strange
        .map(|w| format!("column {}: {} is no state known here, its rows are kept", quoted(&column.name), quoted(w)));
    (rows, says)
}

fn is(word: &str, list: &[&str]) -> bool {
    list.contains(&normalised(word).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        let words = |w: &[&str]| w.iter().map(|w| w.to_string()).collect::<Vec<_>>();
        let table = |name: &str, w: &[&str]| Table::new("x", vec![Column::words(name, words(w))], vec![2; w.len()]);
        let t = table("State", &["finished", "FAILED", "Out of memory", "", "resting"]);
        let (rows, says) = unfinished(state_column(&t).unwrap());
        let left_out = |row, word: &str| (row, format!("State = {word} (--all-states keeps it)"));
        assert_eq!(rows, [left_out(1, "FAILED"), left_out(2, "Out of memory")]);
        assert!(says.unwrap().contains("`resting`"));
        assert!(state_column(&table("state", &["Ohio", "Texas"])).is_none());
        assert!(state_column(&table("stage", &["finished"])).is_none());
    }
}
