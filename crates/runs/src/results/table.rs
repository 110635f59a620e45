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

fn typed(column: Column, convention: Convention) -> formula::Column {
    let is_number = match column.kind {
        Some(Kind::Text | Kind::MaybeText) => false,
        Some(_) => true,
        None => column.cells.iter().flatten().all(Value::is_number),
    };
    let mut typed = if is_number {
        let number = |cell: &Option<Value>| cell.as_ref().and_then(Value::as_f64).unwrap_or(f64::NAN);
        formula::Column::numbers(column.name, column.cells.iter().map(number).collect())
    } else {
        let word = |cell: &Option<Value>| match cell {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => crate::record::canonical(other),
        };
        formula::Column::words(column.name, column.cells.iter().map(word).collect())
    };
    typed.convention = match typed.name.as_str() {
        "N" => Some(convention.size.says().into()),
        "C" => Some(convention.compute.says().into()),
        _ => None,
    };
    typed
}
