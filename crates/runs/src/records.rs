//! Rows that name their cells (JSON, Parquet), gathered into columns.

use std::collections::HashMap;

use isoloss_formula::Table;

use crate::columns::{Cells, typed};
use crate::compression::{MOST, gib};
use crate::{Note, ReadError};

/// Cells of a table, blank ones too: a row that names one column of many makes blanks in all others.
const MOST_CELLS: usize = 50_000_000;

/// Why a cell has no place.
pub(crate) enum Full {
    /// the row has it already
    Twice,
    /// the table would be too large
    Large,
}

/// Columns in order of first appearance; a row may leave any of them out.
#[derive(Default)]
pub(crate) struct Records {
    index: HashMap<String, usize>,
    names: Vec<String>,
    columns: Vec<Cells>,
    lines: Vec<u64>,
    /// where the next key is expected: rows mostly agree
    next: usize,
    /// bytes of all cells
    bytes: usize,
}

impl Records {
    /// Begins a row.
    pub(crate) fn row(&mut self, line: u64) {
        self.lines.push(line);
        self.next = 0;
    }

    /// Rows so far.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether rows, cells or their text are more than a table may have.
    pub(crate) fn is_large(&self) -> bool {
        self.lines.len().saturating_mul(self.names.len().max(1)) > MOST_CELLS || self.bytes as u64 > MOST
    }

    /// Whether so many values are more than a table may have.
    pub(crate) fn would_be_large(values: u64) -> bool {
        values > MOST_CELLS as u64
    }

    /// A cell of the row begun last.
    pub(crate) fn put(&mut self, key: &str, cell: &str) -> Result<(), Full> {
        let at = match self.names.get(self.next) {
            Some(name) if name == key => self.next,
            _ => *self.index.entry(key.to_owned()).or_insert_with(|| {
                self.names.push(key.to_owned());
                self.columns.push(Cells::default());
                self.names.len() - 1
            }),
        };
        self.next = at + 1;
        self.bytes += cell.len();
        if self.is_large() {
            return Err(Full::Large);
        }
        let cells = &mut self.columns[at];
        if cells.len() == self.lines.len() {
            return Err(Full::Twice);
        }
        while cells.len() + 1 < self.lines.len() {
            cells.push("");
        }
        cells.push(cell.trim());
        Ok(())
    }

    /// How a table that is too large is refused.
    pub(crate) fn too_large(source: &str) -> ReadError {
        let cells = MOST_CELLS / 1_000_000;
        ReadError::new(
            source,
            format!("this is more than a table may hold: {cells} million cells, or {} of text", gib(MOST)),
        )
        .hint("is it a table of runs? Keep the rows and columns of runs, and write it anew")
    }

    /// The table, with blanks where rows said nothing.
    pub(crate) fn table(mut self, source: &str, notes: &mut Vec<Note>) -> Result<Table, ReadError> {
        if self.lines.is_empty() || self.columns.is_empty() {
            return Err(ReadError::new(source, "there is no row in it").hint("one row is one run"));
        }
        for cells in &mut self.columns {
            while cells.len() < self.lines.len() {
                cells.push("");
            }
        }
        let columns = self.names.iter().zip(&self.columns).map(|(name, cells)| typed(name, cells, notes)).collect();
        Ok(Table::new(source, columns, self.lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small files make large tables: a column that a row names is blank in all others, and a text may be repeated.
    #[test]
    fn what_is_more_than_a_table_may_hold_is_seen() {
        let mut records = Records::default();
        (0..5000).for_each(|line| records.row(line));
        records.names = vec!["a".to_owned(); 10_000];
        assert!(!records.is_large());
        records.row(5000);
        assert!(records.is_large());
        let mut records = Records { bytes: MOST as usize - 2, ..Records::default() };
        records.row(1);
        assert!(records.put("a", "12").is_ok() && matches!(records.put("b", "1"), Err(Full::Large)));
        assert!(Records::would_be_large(1 << 31) && !Records::would_be_large(1 << 20));
    }
}
