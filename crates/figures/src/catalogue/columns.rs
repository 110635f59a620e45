//! Columns of a table, found by the names that a figure knows them by.

use isoloss_formula::{Column, Table, in_shell, nearest};

use super::{Material, Missing};

/// The names of the columns that a figure reads, and what they hold.
pub(super) type Names = &'static [(&'static str, &'static str)];

/// What laws call these columns, and so what `--map` may have made.
const LETTERS: Aliases = &[("params", &["N"]), ("tokens", &["D"]), ("flops", &["C"]), ("loss", &["L"])];

/// What a figure calls a column, and what it may be called too, the likeliest first.
pub(super) type Aliases = &'static [(&'static str, &'static [&'static str])];

/// A table as one figure reads it.
pub(super) struct Columns<'a> {
    pub(super) table: &'a Table,
    names: Names,
    /// In the place of [`LETTERS`], name by name.
    own: Aliases,
}

impl<'a> Columns<'a> {
    /// The table of a user, who is told what it should hold where there is none.
    pub(super) fn of(material: &'a Material, names: Names) -> Result<Self, Missing> {
        let table = material.table.as_ref().ok_or_else(|| {
            let each: Vec<String> = names.iter().map(|(name, holds)| format!("{name} ({holds})")).collect();
            Missing::new(
                format!("this figure is drawn from a table with the columns {}", each.join(", ")),
                "name its file",
            )
        })?;
        if table.is_empty() {
            return Err(Missing::new(
                format!("{}: there are no rows", table.source),
                "is every row left out by --where?",
            ));
        }
        Ok(Self { table, names, own: &[] })
    }

    /// The same, where a letter of laws is not what this figure draws: these are taken in its place.
    pub(super) fn known_as(self, own: Aliases) -> Self {
        Self { own, ..self }
    }

    /// The column of that name, letter for letter or else without its unit, in any case (`Params (M)` is `params`), or
    /// under what else it is called.
    pub(super) fn find(&self, name: &str) -> Option<&'a Column> {
        let bare = |c: &&Column| bare(&c.name).eq_ignore_ascii_case(name);
        let aliases = self.own.iter().chain(LETTERS).find(|(n, _)| *n == name).map_or(&[][..], |(_, aliases)| aliases);
        // Nobody named it, so one that is blank is none: models without a loop have no number of loops.
        let blank = |column: &&Column| self.texts(column).iter().all(|text| text.trim().is_empty());
        let alias = || aliases.iter().filter_map(|alias| self.table.column(alias)).find(|column| !blank(column));
        self.table.column(name).or_else(|| self.table.columns().iter().find(bare)).or_else(alias)
    }

    /// A column that must be there, in base units; NaN where a cell holds no number.
    pub(super) fn numbers(&self, name: &str) -> Result<&'a [f64], Missing> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    /// As [`Self::numbers`], where there is such a column.
    pub(super) fn optional(&self, name: &str) -> Result<Option<&'a [f64]>, Missing> {
        let Some(column) = self.find(name) else { return Ok(None) };
        column.as_numbers().map(|n| Some(n.values.as_slice())).ok_or_else(|| {
            let blank = self.texts(column).iter().all(|text| text.trim().is_empty());
            let is = if blank { "is blank" } else { "holds words" };
            Missing::new(
                format!("{}: the column `{}` {is} where numbers are expected", self.table.source, column.name),
                format!("--map \"{name}=...\" names another column, or says how to compute it"),
            )
        })
    }

    /// The cells of a column that must be there, as words.
    pub(super) fn words(&self, name: &str) -> Result<Vec<String>, Missing> {
        self.find(name).map(|c| self.texts(c)).ok_or_else(|| self.missing(name))
    }

    /// The cells of a column, as words.
    pub(super) fn texts(&self, column: &Column) -> Vec<String> {
        (0..self.table.len()).map(|row| column.text(row)).collect()
    }

    fn missing(&self, name: &str) -> Missing {
        let holds = self.names.iter().find(|(n, _)| *n == name).map_or("", |(_, holds)| holds);
        let headers: Vec<&str> = self.table.columns().iter().map(|c| c.name.as_str()).collect();
        let near = nearest(name, headers.iter().copied());
        let which = near.first().map_or("COLUMN".to_owned(), |near| (*near).to_string());
        Missing::new(
            format!("{}: there is no column {name} ({holds}); the columns are {}", self.table.source, listed(&headers)),
            format!("--map {} says which it is", in_shell(&format!("{name}={which}"))),
        )
    }
}

/// The first headers, and how many more there are.
fn listed(headers: &[&str]) -> String {
    const MOST: usize = 20;
    let shown = headers.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if headers.len() > MOST { format!("{shown} and {} more", headers.len() - MOST) } else { shown }
}

/// A header without the unit behind it.
pub(super) fn bare(header: &str) -> &str {
    header.split_once('(').map_or(header, |(name, _)| name).trim()
}

/// Where every row lacks a number there is nothing to draw: what was wanted, of which table.
pub(super) fn nothing(table: &Table, wanted: &str) -> Missing {
    Missing::new(
        format!("{}: no row has {wanted}", table.source),
        "rows are drawn where all of these are numbers above zero",
    )
}

/// What a caption says of rows that are not drawn; empty if all are.
pub(super) fn skipped(table: &Table, drawn: usize) -> String {
    let left = table.len() - drawn.min(table.len());
    if left == 0 { String::new() } else { format!(" {left} of {} rows lack a number and are not drawn.", table.len()) }
}
