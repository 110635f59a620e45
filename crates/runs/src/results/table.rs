//! Runs as a table of numbers and words, ready to be fitted.

use isoloss_formula::{self as formula, Table};
use serde_json::Value;

use super::Runs;
use super::columns::Kind;
use super::sheet::{self, Column};
use crate::record::Convention;

impl Runs {
    /// The runs as a table, one row each, in their order; `source` names it in messages. N and C are the counts that the
    /// convention picks, and carry it. A value that a run has not is a blank cell, never zero, and so is the loss of a run
    /// that did not finish.
    ///
    /// Parameters in parameters, compute in FLOPs, data in tokens, losses in nats per token, time in seconds.
    pub fn table(&self, source: &str, convention: Convention) -> Table {
        // A column that is blank for all of these runs would be asked after for nothing.
        let told = |column: &Column| {
            matches!(column.name.as_str(), "N" | "D" | "C" | "loss") || column.cells.iter().any(Option::is_some)
        };
        let columns = sheet::columns(self, convention).into_iter().filter(told);
        let columns = columns.map(|column| typed(column, convention)).collect();
        // The lines that they have as CSV, below a header.
        Table::new(source, columns, (2..).take(self.len()).collect())
    }
}

/// Whether a table is one of ours: made of runs, or read back from what [`export`](super::export()) wrote.
pub fn is_exported(table: &Table) -> bool {
    ["id", "state", "numerics", "params_stored", "flops_6nd", "tokens"].iter().all(|name| table.column(name).is_some())
}

fn typed(column: Column, convention: Convention) -> formula::Column {
    let mut typed = if is_number(&column) { numbers(column) } else { words(column) };
    typed.convention = match typed.name.as_str() {
        "N" => Some(convention.size.says().into()),
        "C" => Some(convention.compute.says().into()),
        _ => None,
    };
    typed
}

/// As in tables of strangers, one cell that is no number does not make words of a column that was measured.
fn is_number(column: &Column) -> bool {
    let said = || column.cells.iter().flatten();
    match column.kind {
        Some(Kind::Text | Kind::MaybeText) => false,
        Some(_) => true,
        None if column.measured => said().filter(|value| value.is_number()).count() * 2 > said().count(),
        None => said().all(Value::is_number),
    }
}

/// A cell that is no number keeps its text: it is the reason why its row is left out of a fit.
fn numbers(column: Column) -> formula::Column {
    let number = |cell: &Option<Value>| cell.as_ref().and_then(Value::as_f64).unwrap_or(f64::NAN);
    let mut typed = formula::Column::numbers(column.name, column.cells.iter().map(number).collect());
    if let formula::Data::Numbers(numbers) = &mut typed.data {
        numbers.oddities.iter_mut().for_each(|odd| odd.text = text(&column.cells[odd.row]));
    }
    typed
}

fn words(column: Column) -> formula::Column {
    formula::Column::words(column.name, column.cells.iter().map(text).collect())
}

fn text(cell: &Option<Value>) -> String {
    match cell {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => crate::record::canonical(other),
    }
}
