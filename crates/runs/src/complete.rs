//! Rows whose cells hold what a fit needs, and words for those whose cells do not.

use std::collections::HashSet;

use isoloss_formula::{Column, Data, Table, in_shell, name_in_expression, parse_number};

use crate::ReadError;
use crate::columns::{as_count, is_missing};
use crate::commas::is_decimal_comma;
use crate::error::{count, quoted};
use crate::guess::map_flag;
use crate::maps::required;
use crate::names::{ROLES, listed, mentions_loss, normalised};
use crate::prepare::Rows;
use crate::scales::count_with_suffix;
use crate::states::is_unfinished;

/// Leaves out the rows that are blank in any of the columns, each with the option that names it.
pub(crate) fn blanks(table: &Table, names: &[(&str, &str)], rows: &mut Rows) -> Result<(), ReadError> {
    for (name, option) in names {
        match &required(table, name, option)?.data {
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

/// Leaves out the rows without a number, and refuses a column where they are most. Says so where many have no loss.
pub(crate) fn numbers(
    table: &Table,
    name: &str,
    option: &str,
    origin: Option<&str>,
    rows: &mut Rows,
) -> Result<Option<String>, ReadError> {
    let column = required(table, name, option)?;
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
    let named = origin.unwrap_or(name);
    let died = |row: &usize| {
        let cell = column.text(*row);
        is_missing(&cell) || is_unfinished(&cell)
    };
    let lost = is_loss(name, named) && odd.iter().all(died);
    let left = kept.len() - odd.len();
    if (matches!(column.data, Data::Words(_)) || odd.len() * 2 > kept.len()) && !kept.is_empty() {
        let row = odd.first().copied().unwrap_or(kept[0]);
        let error = no_numbers(table, column, named, row, &format!("{} of {}", odd.len(), count(kept.len(), "row")));
        return Err(if lost { without_loss(error, column, left) } else { error });
    }
    let says = (lost && odd.len() * 4 >= kept.len() && !odd.is_empty()).then(|| {
        let (of, named) = (count(kept.len(), "row"), quoted(named));
        format!("{} of {of} hold no loss in column {named}: {DIED}; {}", odd.len(), remain(left))
    });
    odd.into_iter().for_each(|row| rows.leave_out(row, || said(&column.text(row), named)));
    Ok(says)
}

const DIED: &str = "runs without a loss probably diverged or crashed";

fn is_loss(name: &str, named: &str) -> bool {
    let loss = |name: &str| {
        let plain = normalised(name);
        listed(&ROLES[3], &plain).is_some() || mentions_loss(&plain)
    };
    loss(name) || loss(named)
}

fn remain(left: usize) -> String {
    match left {
        0 => "none remains".into(),
        1 => "1 row remains".into(),
        _ => format!("{left} rows remain"),
    }
}

fn no_numbers(table: &Table, column: &Column, name: &str, row: usize, share: &str) -> ReadError {
    let cell = column.text(row);
    let text = format!("column {} holds no number in {share}: {}", quoted(name), said(&cell, name));
    let error = ReadError::new(&table.source, text).at(table.line(row));
    let error = match table.columns().iter().position(|c| c.name == name) {
        Some(at) => error.column(at as u64 + 1),
        None => error,
    };
    error.hint(if is_decimal_comma(&cell) {
        "decimal comma? Write 2.31, or separate the cells by semicolons".into()
    } else if let Some(value) = count_with_suffix(&cell) {
        with_suffix(table, column, &cell, value)
    } else {
        format!("is another column meant? {}", map_flag(&column.name, "..."))
    })
}

/// One cell without a number makes `10m` a word.
fn with_suffix(table: &Table, column: &Column, cell: &str, value: f64) -> String {
    let strange = (0..column.len()).find(|row| {
        let cell = column.text(*row);
        !is_missing(&cell) && as_count(&cell).is_none()
    });
    match strange {
        Some(row) => format!(
            "{} would be read as {value:e} if every cell of the column were such a number; {} in line {} is none",
            quoted(cell),
            quoted(&column.text(row)),
            table.line(row)
        ),
        None => format!("write {value:e}"),
    }
}

/// Most runs have no loss: that is more than some rows left out, and may still be meant.
fn without_loss(mut error: ReadError, column: &Column, left: usize) -> ReadError {
    error.message.push_str(&format!("; {DIED}, {}", remain(left)));
    let positive = column.as_numbers().is_some_and(|n| n.values.iter().all(|v| v.is_nan() || *v > 0.0));
    let name = name_in_expression(&column.name);
    let kept = |all: &str| format!("--where {}", in_shell(&format!("{name} {all}")));
    let other = map_flag(&column.name, "...");
    error.hint = Some(match left {
        0 => format!("is another column meant? {other}"),
        // Words in a condition on numbers would be refused in their turn.
        _ if column.as_numbers().is_none() => {
            format!("to fit what remains: leave those cells blank, and {}", kept("> 0"))
        }
        _ => {
            let all = kept(if positive { "> 0" } else { "< 1e9" });
            format!("to fit what remains: {all}; if another column is meant: {other}")
        }
    });
    error
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
