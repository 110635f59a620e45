//! One row per run out of many, and the rows of highest loss.

use std::collections::HashMap;

use isoloss_formula::Table;

use crate::ReadError;
use crate::error::quoted;
use crate::maps::{MAP, required};
use crate::names::{ROLES, normalised};
use crate::prepare::Rows;

/// Keeps per run the row that is furthest in training.
pub(crate) fn last_of(table: &Table, run: &str, rows: &mut Rows) -> Result<(), ReadError> {
    const STEPS: [&str; 10] = [
        "step",
        "steps",
        "global_step",
        "train_step",
        "training_step",
        "trainer_global_step",
        "iter",
        "iters",
        "iteration",
        "iterations",
    ];
    let tokens = ROLES.iter().filter(|r| r.letter == "D").flat_map(|r| r.names.concat());
    let order: Vec<&str> = STEPS.into_iter().chain(tokens).collect();
    let progress = order
        .iter()
        .find_map(|name| table.columns().iter().filter(|c| normalised(&c.name) == *name).find_map(|c| c.as_numbers()));
    // Without such a column the table's own order is that of training, as trackers write it.
    let at = |row: usize| progress.map_or(0.0, |n| n.values[row]);
    // A row that does not say its step is never further than one that does.
    let known = |row: usize| if at(row).is_nan() { f64::NEG_INFINITY } else { at(row) };
    let further = |new: usize, old: usize| known(new) >= known(old);
    best_of(table, run, rows, ("--last-of", "last"), further)
}

/// Keeps per run the row of least loss, the earlier of equals.
pub(crate) fn min_of(table: &Table, run: &str, rows: &mut Rows) -> Result<(), ReadError> {
    let loss = losses(table)?;
    best_of(table, run, rows, ("--min-of", "lowest loss"), |new, old| loss[new] < loss[old])
}

fn best_of(
    table: &Table,
    run: &str,
    rows: &mut Rows,
    (option, what): (&str, &str),
    better: impl Fn(usize, usize) -> bool,
) -> Result<(), ReadError> {
    let column = required(table, run, option)?;
    let kept = rows.kept();
    let names: Vec<String> = kept.iter().map(|row| column.text(*row)).collect();
    let mut best: HashMap<&str, usize> = HashMap::new();
    for (row, name) in kept.iter().zip(&names) {
        let held = best.entry(name).or_insert(*row);
        if better(*row, *held) {
            *held = *row;
        }
    }
    for (row, name) in kept.iter().zip(&names) {
        let winner = best[name.as_str()];
        if winner != *row {
            let line = table.line(winner);
            rows.leave_out(*row, || format!("not the {what} of {run} {} (line {line} is)", quoted(name)));
        }
    }
    Ok(())
}

/// Leaves out so many rows of the highest loss.
pub(crate) fn drop_highest(table: &Table, most: usize, rows: &mut Rows) -> Result<(), ReadError> {
    let loss = losses(table)?;
    let mut kept = rows.kept();
    if most >= kept.len() {
        let text = format!("--drop-highest {most} would leave none of {} rows", kept.len());
        return Err(ReadError::new(&table.source, text).hint("drop fewer"));
    }
    kept.sort_by(|a, b| loss[*b].total_cmp(&loss[*a]).then(a.cmp(b)));
    for (rank, row) in kept[..most].iter().enumerate() {
        rows.leave_out(*row, || format!("one of the {most} highest losses (number {}, {})", rank + 1, loss[*row]));
    }
    Ok(())
}

fn losses(table: &Table) -> Result<&[f64], ReadError> {
    let column = required(table, "L", MAP)?;
    let numbers = column.as_numbers();
    numbers.map(|n| n.values.as_slice()).ok_or_else(|| ReadError::new(&table.source, "column `L` holds no numbers"))
}
