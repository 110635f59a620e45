//! Runs as rows and columns of values: what both the table and the CSV are made of.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Runs;
use super::columns::{self, FIXED, Kind};
use crate::record::{Convention, Run, StateName};

/// A column and its cells, one a run; none where a run has no such value.
pub(crate) struct Column {
    pub(crate) name: String,
    /// none if it is not of the list
    pub(crate) kind: Option<Kind>,
    /// a loss on a part, or a measure: a number in every run that has one
    pub(crate) measured: bool,
    pub(crate) cells: Vec<Option<Value>>,
}

/// The columns of some runs: those of the list, then losses on parts, measures, the config, and the rest, each by name.
pub(crate) fn columns(runs: &Runs, convention: Convention) -> Vec<Column> {
    let blank = || vec![None; runs.len()];
    let mut fixed: Vec<Column> = FIXED
        .iter()
        .map(|f| Column { name: f.name.into(), kind: Some(f.kind), measured: false, cells: blank() })
        .collect();
    // Ordered by what they are, then by path.
    let mut others = BTreeMap::<(usize, Vec<String>), Vec<Option<Value>>>::new();
    for (row, run) in runs.iter().enumerate() {
        let mut record = serde_json::to_value(run).unwrap_or_default();
        if run.state.name != StateName::Finished
            && let Some(record) = record.as_object_mut()
        {
            // A loss of a run that did not finish is none.
            record.remove("result");
        }
        for (column, of) in fixed.iter_mut().zip(&FIXED) {
            column.cells[row] = match of.kind {
                Kind::Chosen => chosen(of.name, run, convention),
                kind => at(&record, of.path)
                    .filter(|v| !(v.is_null() || kind == Kind::Measured && v.as_f64() == Some(0.0)))
                    .cloned(),
            };
        }
        leaves(&mut Vec::new(), &record, &mut |path, value| {
            if !columns::is_fixed(path) {
                others.entry((rank(path), path.to_vec())).or_insert_with(blank)[row] = Some(value.clone());
            }
        });
    }
    let others = others.into_iter().map(|((rank, path), cells)| Column {
        name: columns::name(&path),
        kind: None,
        measured: rank < CONFIG,
        cells,
    });
    fixed.into_iter().chain(others).collect()
}

/// The value of a column that follows from others: of N, D and C, and of loops where there are any.
pub(crate) fn chosen(name: &str, run: &Run, convention: Convention) -> Option<Value> {
    match name {
        "N" => Some(convention.size.of(&run.counts).into()),
        "D" => Some(run.counts.tokens.into()),
        "N_once" => run.counts.once().map(Value::from),
        "N_rec" => run.counts.recurrent.map(Value::from),
        "r" => run.counts.loops().and_then(serde_json::Number::from_f64).map(Value::Number),
        _ => serde_json::Number::from_f64(convention.flops(&run.counts)).map(Value::Number),
    }
}

fn at<'a>(record: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(record, |value, key| value.get(key))
}

/// Every value that is no object with something in it, with its path.
fn leaves(path: &mut Vec<String>, value: &Value, each: &mut impl FnMut(&[String], &Value)) {
    match value.as_object().filter(|map| !map.is_empty()) {
        Some(map) => {
            // A set or a measure is one value, whatever it is.
            let whole =
                matches!(path.iter().map(String::as_str).collect::<Vec<_>>()[..], ["result", "per_set" | "measures"]);
            for (key, value) in map {
                path.push(key.clone());
                if whole {
                    each(path, value)
                } else {
                    leaves(path, value, each)
                }
                path.pop();
            }
        }
        None => each(path, value),
    }
}

/// In which order columns that are not of the list follow it.
fn rank(path: &[String]) -> usize {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    match words[..] {
        ["result", "per_set", ..] => 0,
        ["result", "measures", ..] => 1,
        ["config", ..] => CONFIG,
        _ => 3,
    }
}

/// Losses on parts and measures stand before it.
const CONFIG: usize = 2;
