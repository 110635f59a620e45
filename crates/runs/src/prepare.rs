//! From a table to the rows that may enter a fit; every other row is listed with its line and the reason.

use std::collections::{HashMap, HashSet};

use isoloss_formula::{Column, Data, Table, Truth, matches, parse_condition, parse_number};

use crate::columns::is_missing;
use crate::commas::is_decimal_comma;
use crate::error::{count, quoted};
use crate::maps::{apply_maps, origins, required, unevaluated, unparsed};
use crate::names::normalised;
use crate::panel::refuse_panel;
use crate::{ReadError, derive_missing, reduce, states};

/// What to do with a table before a fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepare {
    /// new columns, `(NEW, EXPR)`, in order
    pub map: Vec<(String, String)>,
    /// conditions that a row must satisfy, all of them
    pub where_: Vec<String>,
    /// the column that becomes L
    pub loss: Option<String>,
    /// keep the last row per value of this column
    pub last_of: Option<String>,
    /// keep the row of least loss per value of this column
    pub min_of: Option<String>,
    /// leave out so many rows of the highest loss
    pub drop_highest: Option<usize>,
    /// the column that tells families apart
    pub group: Option<String>,
    /// the column that tells apart what shares its luck
    pub cluster: Option<String>,
    /// the column of weights
    pub weight: Option<String>,
    /// the column of standard errors of the loss
    pub se: Option<String>,
}

/// A row that does not enter the fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// in the source, from 1
    pub line: u64,
    /// the run's name, where a column holds one
    pub name: Option<String>,
    /// why, in words
    pub reason: String,
}

/// The rows that may enter a fit, and the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// with the mapped and derived columns; the needed ones hold finite numbers only
    pub table: Table,
    /// in the order of the source
    pub left_out: Vec<LeftOut>,
    /// what was mapped and derived, one sentence each
    pub says: Vec<String>,
}

/// Applies the options and checks the columns that will be fitted (their names after the maps).
pub fn prepare(table: &Table, needed: &[&str], options: &Prepare) -> Result<Prepared, ReadError> {
    refuse_panel(table)?;
    let mut maps = options.map.clone();
    if let Some(loss) = &options.loss {
        maps.push(("L".into(), loss.clone()));
    }
    let mut all = table.clone();
    let mut says = apply_maps(&mut all, &options.map)?;
    if let Some(loss) = &options.loss {
        required(&all, loss)?;
        says.extend(apply_maps(&mut all, &maps[maps.len() - 1..])?);
    }
    says.extend(derive_missing(&mut all, needed));

    let mut rows = Rows { reasons: vec![None; all.len()] };
    if let Some(column) = states::state_column(&all) {
        let (unfinished, strange) = states::unfinished(column);
        unfinished.into_iter().for_each(|(row, reason)| rows.leave_out(row, || reason));
        says.extend(strange);
    }
    conditions(&all, &options.where_, &mut rows)?;

    let numeric = needed.iter().copied().chain(options.weight.as_deref()).chain(options.se.as_deref());
    let numeric: Vec<&str> = numeric.collect();
    let wordy = [&options.group, &options.cluster, &options.last_of, &options.min_of];
    let wordy: Vec<&str> = wordy.into_iter().flatten().map(String::as_str).collect();
    blanks(&all, &wordy, &mut rows)?;
    if let Some(run) = &options.last_of {
        // A row where nothing was logged is not the end of a run; one where the loss is NaN is.
        blanks(&all, &numeric, &mut rows)?;
        reduce::last_of(&all, run, &mut rows)?;
    }
    let origins = origins(table, &maps);
    for name in numeric {
        numbers(&all, name, origins.get(name).map(String::as_str), &mut rows)?;
    }
    if let Some(run) = &options.min_of {
        reduce::min_of(&all, run, &mut rows)?;
    }
    if let Some(most) = options.drop_highest {
        reduce::drop_highest(&all, most, &mut rows)?;
    }
    rows.finish(all, says)
}

/// Rows still in, and why the others are not.
pub(crate) struct Rows {
    reasons: Vec<Option<String>>,
}

impl Rows {
    /// The first reason stays.
    pub(crate) fn leave_out(&mut self, row: usize, reason: impl FnOnce() -> String) {
        self.reasons[row].get_or_insert_with(reason);
    }

    /// Rows still in.
    pub(crate) fn kept(&self) -> Vec<usize> {
        (0..self.reasons.len()).filter(|row| self.reasons[*row].is_none()).collect()
    }

    fn finish(self, all: Table, says: Vec<String>) -> Result<Prepared, ReadError> {
        let kept = self.kept();
        let names = name_column(&all);
        let out = self.reasons.into_iter().enumerate().filter_map(|(row, reason)| {
            let name = names.map(|c| c.text(row)).filter(|n| !n.is_empty());
            Some(LeftOut { line: all.line(row), name, reason: reason? })
        });
        let left_out: Vec<LeftOut> = out.collect();
        if let (true, Some(first)) = (kept.is_empty(), left_out.first()) {
            let text = format!(
                "no row is left: {} left out, the first because {}",
                count(left_out.len(), "row"),
                first.reason
            );
            return Err(ReadError::new(&all.source, text).at(first.line).hint("loosen --where, or map another column"));
        }
        let table = if left_out.is_empty() { all } else { all.select(&kept) };
        Ok(Prepared { table, left_out, says })
    }
}

/// The column that names runs.
fn name_column(table: &Table) -> Option<&Column> {
    const NAMES: [&str; 8] =
        ["name", "run_name", "run", "run_id", "id", "display_name", "tags_mlflow_runname", "hyper_id"];
    let plain: HashMap<String, &Column> = table.columns().iter().rev().map(|c| (normalised(&c.name), c)).collect();
    NAMES.iter().find_map(|name| plain.get(*name).copied())
}

fn conditions(table: &Table, conditions: &[String], rows: &mut Rows) -> Result<(), ReadError> {
    for text in conditions {
        let flag = format!("--where \"{text}\"");
        let condition = parse_condition(text).map_err(|e| unparsed(&flag, e))?;
        let truths = matches(&condition, table).map_err(|e| unevaluated(&flag, text, e))?;
        for (row, truth) in truths.into_iter().enumerate() {
            match truth {
                Truth::Yes => {}
                Truth::No => rows.leave_out(row, || format!("{flag} is false")),
                Truth::Unknown => {
                    rows.leave_out(row, || format!("{flag} is unknown: a cell it asks for holds no number"))
                }
            }
        }
    }
    Ok(())
}

fn blanks(table: &Table, names: &[&str], rows: &mut Rows) -> Result<(), ReadError> {
    for name in names {
        match &required(table, name)?.data {
            Data::Words(words) => {
                let blank = words.iter().enumerate().filter(|(_, w)| w.is_empty());
                blank.for_each(|(row, _)| rows.leave_out(row, || said("", name)));
            }
            Data::Numbers(numbers) => {
                let blank = numbers.oddities.iter().filter(|o| o.text.is_empty());
                blank.for_each(|o| rows.leave_out(o.row, || said("", name)));
            }
        }
    }
    Ok(())
}

/// Leaves out the rows without a number, and refuses a column where they are most.
fn numbers(table: &Table, name: &str, origin: Option<&str>, rows: &mut Rows) -> Result<(), ReadError> {
    let column = required(table, name)?;
    let kept = rows.kept();
    let odd: Vec<usize> = match &column.data {
        // At least half of a column of words is words: it is refused as a whole, by its first word.
        Data::Words(words) => {
            let word = |r: &&usize| parse_number(&words[**r]).is_none();
            kept.iter().filter(word).copied().collect()
        }
        Data::Numbers(numbers) => {
            let odd: HashSet<usize> = numbers.oddities.iter().map(|o| o.row).collect();
            kept.iter().filter(|r| odd.contains(r)).copied().collect()
        }
    };
    let words = matches!(column.data, Data::Words(_));
    if (words || odd.len() * 2 > kept.len()) && !kept.is_empty() {
        return Err(no_numbers(table, column, origin, odd.first().copied().unwrap_or(kept[0]), odd.len(), kept.len()));
    }
    odd.into_iter().for_each(|row| rows.leave_out(row, || said(&column.text(row), origin.unwrap_or(name))));
    Ok(())
}

fn no_numbers(table: &Table, column: &Column, origin: Option<&str>, row: usize, odd: usize, of: usize) -> ReadError {
    let name = origin.unwrap_or(&column.name);
    let cell = column.text(row);
    let text =
        format!("column {} holds no number in {odd} of {}: {}", quoted(name), count(of, "row"), said(&cell, name));
    let error = ReadError::new(&table.source, text).at(table.line(row));
    let error = match table.columns().iter().position(|c| c.name == name) {
        Some(at) => error.column(at as u64 + 1),
        None => error,
    };
    error.hint(if is_decimal_comma(&cell) {
        "decimal comma? Write 2.31, or separate the cells by semicolons".into()
    } else {
        format!("is another column meant? {}", crate::map_flag(&column.name, "..."))
    })
}

/// Why a cell is no number.
fn said(cell: &str, column: &str) -> String {
    let column = quoted(column);
    match cell {
        "" => format!("blank in column {column}"),
        cell if is_missing(cell) => format!("{} in column {column}", quoted(cell)),
        cell if is_decimal_comma(cell) => format!("{} in column {column} (decimal comma?)", quoted(cell)),
        cell => format!("the word {} in column {column}", quoted(cell)),
    }
}
