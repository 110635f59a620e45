//! From a table to the rows that may enter a fit; every other row is listed with its line and the reason.

use std::collections::HashMap;

use isoloss_formula::{
    Column, Kind, Table, Truth, in_shell, matches, name_in_expression, parse_condition, word_in_expression,
};

use crate::columns::as_counts;
use crate::complete::{blanks, numbers};
use crate::error::{count, quoted};
use crate::maps::{MAP, apply_maps, origins, required, unevaluated, unparsed};
use crate::names::normalised;
use crate::panel::refuse_panel;
use crate::pooled::{Pooled, pooled};
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
    /// keep runs that a column of states says did not finish
    pub keep_states: bool,
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
    /// rows of several kinds under one law
    pub pooled: Option<Pooled>,
}

impl Prepared {
    /// The name of the run in each row, by the column that trackers put it in.
    pub fn names(&self) -> Vec<Option<String>> {
        let column = name_column(&self.table);
        (0..self.table.len()).map(|row| column.and_then(|c| name_of(c, row))).collect()
    }
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
        required(&all, loss, "--loss")?;
        says.extend(apply_maps(&mut all, &maps[maps.len() - 1..])?);
    }
    // Columns that their headers named are read so already; these are named by an option.
    for name in ["N", "D", "C"] {
        let read = all.column(name).and_then(as_counts);
        says.extend(read.map(|(column, note)| {
            all.push(column);
            note.text
        }));
    }
    says.extend(derive_missing(&mut all, needed));

    let mut rows = Rows { reasons: vec![None; all.len()], unfinished: false, word: None };
    says.extend(finished(&all, options, &mut rows));
    conditions(&all, &options.where_, &mut rows)?;

    let numeric = needed.iter().map(|name| (*name, MAP));
    let numeric: Vec<_> = numeric.chain(named("--weight", &options.weight)).chain(named("--se", &options.se)).collect();
    let wordy = named("--group", &options.group).into_iter().chain(named("--cluster", &options.cluster));
    let wordy: Vec<_> =
        wordy.chain(named("--last-of", &options.last_of)).chain(named("--min-of", &options.min_of)).collect();
    blanks(&all, &wordy, &mut rows)?;
    if let Some(run) = &options.last_of {
        // A row where nothing was logged is not the end of a run; one where the loss is NaN is.
        blanks(&all, &numeric, &mut rows)?;
        reduce::last_of(&all, run, &mut rows)?;
    }
    let origins = origins(table, &maps);
    for (name, option) in numeric {
        let lost = numbers(&all, name, option, origins.get(name).map(String::as_str), &mut rows)?;
        // Of several rows of a run most may be without a loss.
        says.extend(lost.filter(|_| options.last_of.is_none() && options.min_of.is_none()));
    }
    if let Some(run) = &options.min_of {
        reduce::min_of(&all, run, &mut rows)?;
    }
    if let Some(most) = options.drop_highest {
        reduce::drop_highest(&all, most, &mut rows)?;
    }
    let pooled = pooled(&all, &rows.kept(), needed, options);
    says.extend(pooled.iter().map(|pooled| pooled.says.clone()));
    rows.finish(all, says, pooled)
}

fn named<'a>(option: &'a str, column: &'a Option<String>) -> Option<(&'a str, &'a str)> {
    Some((column.as_deref()?, option))
}

/// Leaves out the runs that did not finish; what is to be said of states.
fn finished(all: &Table, options: &Prepare, rows: &mut Rows) -> Option<String> {
    let column = states::state_column(all)?;
    let (unfinished, strange) = states::unfinished(column);
    if options.keep_states {
        let (name, runs) = (quoted(&column.name), count(unfinished.len(), "run"));
        return Some(format!("{}: {runs} that did not finish by column {name} stay in", states::KEEP));
    }
    rows.unfinished = !unfinished.is_empty();
    unfinished.into_iter().for_each(|(row, reason)| rows.leave_out(row, || reason));
    strange
}

/// Rows still in, and why the others are not.
pub(crate) struct Rows {
    reasons: Vec<Option<String>>,
    /// some of them did not finish
    unfinished: bool,
    /// a text in a condition that is the name of a column
    word: Option<String>,
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

    fn finish(self, all: Table, says: Vec<String>, pooled: Option<Pooled>) -> Result<Prepared, ReadError> {
        let kept = self.kept();
        let names = name_column(&all);
        let out = self.reasons.into_iter().enumerate().filter_map(|(row, reason)| {
            let name = names.and_then(|c| name_of(c, row));
            Some(LeftOut { line: all.line(row), name, reason: reason? })
        });
        let left_out: Vec<LeftOut> = out.collect();
        if let (true, Some(first)) = (kept.is_empty(), left_out.first()) {
            let text = format!(
                "no row is left: {} left out, the first because {}",
                count(left_out.len(), "row"),
                first.reason
            );
            let states = if self.unfinished { format!("{}, ", states::KEEP) } else { String::new() };
            let hint = match &self.word {
                Some(name) => format!(
                    "{} is a text; the column is written {}",
                    word_in_expression(name),
                    name_in_expression(name)
                ),
                None => format!("{states}loosen --where, or map another column"),
            };
            return Err(ReadError::new(&all.source, text).at(first.line).hint(hint));
        }
        let table = if left_out.is_empty() { all } else { all.select(&kept) };
        Ok(Prepared { table, left_out, says, pooled })
    }
}

/// The column that names runs.
fn name_column(table: &Table) -> Option<&Column> {
    // A rung says more than the id that stands beside it in our own tables.
    const NAMES: [&str; 9] =
        ["name", "run_name", "run", "rung", "run_id", "id", "display_name", "tags_mlflow_runname", "hyper_id"];
    let plain: HashMap<String, &Column> = table.columns().iter().rev().map(|c| (normalised(&c.name), c)).collect();
    NAMES.iter().find_map(|name| plain.get(*name).copied())
}

fn name_of(column: &Column, row: usize) -> Option<String> {
    Some(column.text(row)).filter(|name| !name.is_empty())
}

fn conditions(table: &Table, conditions: &[String], rows: &mut Rows) -> Result<(), ReadError> {
    for text in conditions {
        let flag = format!("--where {}", in_shell(text));
        let condition = parse_condition(text).map_err(|e| unparsed(&flag, e))?;
        condition.walk(&mut |e| {
            if let Kind::Word(word) = &e.kind
                && table.column(word).is_some()
            {
                rows.word = Some(word.clone());
            }
        });
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
