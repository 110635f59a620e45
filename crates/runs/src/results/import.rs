//! CSV that was exported, back to runs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::columns::{self, Fixed, Kind};
use super::{Runs, cells, sheet};
use crate::ReadError;
use crate::error::{quoted, shell};
use crate::record::{Compute, Convention, Run, SCHEMA, Size};

/// The runs in a CSV that [`export`](super::export()) wrote. `source` names it in messages. All or none: ids are computed
/// again, and a row that says another is refused by its line, as is one whose N, D or C is none of its counts.
///
/// # Errors
/// If it is no such CSV, or a row is not what was exported.
pub fn import(source: &str, text: &str) -> Result<Runs, ReadError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut rows = reader.records();
    let refused = |error: csv::Error| {
        let line = error.position().map_or(1, |p| p.line());
        ReadError::new(source, "this is no CSV").at(line)
    };
    let Some(header) = rows.next().transpose().map_err(refused)? else {
        return Err(ReadError::new(source, "the file is empty").hint(EXPORTED));
    };
    let columns =
        header.iter().zip(1..).map(|(name, at)| Column::of(source, name, at)).collect::<Result<Vec<_>, _>>()?;
    let mut names = BTreeSet::new();
    if let Some((at, name)) = header.iter().enumerate().find(|(_, name)| !names.insert(*name)) {
        return Err(ReadError::new(source, format!("two columns are named {}", quoted(name)))
            .at(1)
            .column(at as u64 + 1));
    }
    if let Some(missing) = ["id", "state", "numerics"].into_iter().find(|name| !names.contains(name)) {
        return Err(ReadError::new(source, format!("there is no column `{missing}`")).at(1).hint(EXPORTED));
    }
    let mut runs = Vec::new();
    for row in rows {
        let row = row.map_err(refused)?;
        let line = row.position().map_or(0, |p| p.line());
        runs.push(run(&columns, &row).map_err(|wrong| wrong.said(source, line))?);
    }
    // Families that came to the same settings have a run in common.
    let mut known = BTreeSet::new();
    match runs.iter().position(|run: &Run| !known.insert([&run.id, &run.labels.family, &run.labels.rung])) {
        Some(again) => {
            Err(ReadError::new(source, format!("run {} stands here twice", runs[again].id)).at(again as u64 + 2))
        }
        None => Ok(Runs::new(runs)),
    }
}

const EXPORTED: &str =
    "only what `isoloss runs export` wrote can be imported as runs; any table can be fitted as it is";

/// A column by its header.
struct Column {
    name: String,
    fixed: Option<&'static Fixed>,
    path: Vec<String>,
}

impl Column {
    fn of(source: &str, name: &str, at: u64) -> Result<Self, ReadError> {
        let fixed = columns::of_name(name);
        let path = match fixed {
            Some(fixed) => Some(fixed.path.iter().map(|part| (*part).to_owned()).collect()),
            None => columns::path_of(name),
        };
        let path = path.ok_or_else(|| {
            let error = ReadError::new(source, format!("the header {} names nothing in a record", quoted(name)));
            error.at(1).column(at).hint(EXPORTED)
        })?;
        Ok(Self { name: name.to_owned(), fixed, path })
    }
}

/// What is wrong with a row, and in which cell.
struct Wrong {
    column: Option<usize>,
    message: String,
    hint: Option<String>,
}

impl Wrong {
    fn row(message: impl Into<String>) -> Self {
        Self { column: None, message: message.into(), hint: None }
    }

    fn cell(column: usize, message: impl Into<String>) -> Self {
        Self { column: Some(column), ..Self::row(message) }
    }

    fn said(self, source: &str, line: u64) -> ReadError {
        let mut error = ReadError::new(source, self.message).at(line);
        error.column = self.column.map(|at| at as u64 + 1);
        error.hint = self.hint;
        error
    }
}

fn run(columns: &[Column], row: &csv::StringRecord) -> Result<Run, Wrong> {
    if row.len() != columns.len() {
        return Err(Wrong::row(format!("this row has {} cells where the header has {}", row.len(), columns.len())));
    }
    let mut record = Map::new();
    for (at, (column, cell)) in columns.iter().zip(row).enumerate() {
        if column.fixed.is_some_and(|fixed| fixed.kind == Kind::Chosen) {
            continue;
        }
        let value = cells::value(cell, column.fixed.map(|fixed| fixed.kind));
        let value = value
            .map_err(|why| Wrong::cell(at, format!("{} in column {}: {}", why, quoted(&column.name), quoted(cell))))?;
        if let Some(value) = value {
            let clash = || Wrong::cell(at, format!("column {} contradicts another of this row", quoted(&column.name)));
            put(&mut record, &column.path, value).ok_or_else(clash)?;
        }
    }
    record.entry("schema").or_insert(SCHEMA.into());
    let run: Run = serde_json::from_value(Value::Object(record))
        .map_err(|error| Wrong::row(format!("no record of a run: {error}")))?;
    let follows = run.identity();
    if run.id != follows {
        let message = format!("config, data and numerics give the id {follows}, not {}", shell(&run.id));
        let hint = "was a cell edited, or 1.0 made 1 by a spreadsheet? Export again, or leave this row out";
        return Err(Wrong { hint: Some(hint.into()), ..Wrong::row(message) });
    }
    for (at, (column, cell)) in columns.iter().zip(row).enumerate() {
        if column.fixed.is_some_and(|fixed| fixed.kind == Kind::Chosen) && !is_count(&column.name, &run, cell) {
            return Err(Wrong::cell(
                at,
                format!("{} = {} is none of the counts of this run", column.name, quoted(cell)),
            ));
        }
    }
    Ok(run)
}

/// Puts a value where a path leads; none if something else is in the way.
fn put(record: &mut Map<String, Value>, path: &[String], value: Value) -> Option<()> {
    match path {
        [] => None,
        [last] => record.insert(last.clone(), value).is_none().then_some(()),
        [first, rest @ ..] => {
            let inner = record.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
            put(inner.as_object_mut()?, rest, value)
        }
    }
}

/// Whether a count for fits is what some convention makes it; blank where there is none.
fn is_count(name: &str, run: &Run, cell: &str) -> bool {
    let conventions = Size::ALL.into_iter().flat_map(|size| Compute::ALL.map(|compute| Convention { size, compute }));
    let number = cell.parse::<f64>().ok();
    let said = number.is_some() || cell.is_empty();
    said && conventions.into_iter().any(|c| sheet::chosen(name, run, c).and_then(|v| v.as_f64()) == number)
}
