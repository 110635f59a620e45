//! Rows that name their cells (JSON, Parquet), gathered into columns.

use std::collections::HashMap;

use isoloss_formula::Table;

use crate::columns::{Cells, typed};
use crate::{Note, ReadError};

/// Columns in order of first appearance; a row may leave any of them out.
#[derive(Default)]
pub(crate) struct Records {
    index: HashMap<String, usize>,
    names: Vec<String>,
    columns: Vec<Cells>,
    lines: Vec<u64>,
    /// where the next key is expected: rows mostly agree
    next: usize,
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

    /// A cell of the row begun last; false if the row has it already.
    #[must_use]
    pub(crate) fn put(&mut self, key: &str, cell: &str) -> bool {
        let at = match self.names.get(self.next) {
            Some(name) if name == key => self.next,
            _ => *self.index.entry(key.to_owned()).or_insert_with(|| {
                self.names.push(key.to_owned());
                self.columns.push(Cells::default());
                self.names.len() - 1
            }),
        };
        self.next = at + 1;
        let cells = &mut self.columns[at];
        if cells.len() == self.lines.len() {
            return false;
        }
        while cells.len() + 1 < self.lines.len() {
            cells.push("");
        }
        cells.push(cell.trim());
        true
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
