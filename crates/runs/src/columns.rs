//! Cells to columns: what is a number, what is a word, and in which unit.

use isoloss_formula::{Column, Data, Numbers, Oddity, parse_number, unit_of_header};

use crate::Note;
use crate::error::quoted;

/// The cells of one column, end to end in one string: a million rows cost two allocations, not a million.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    pub(crate) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// All cells end to end, for a quick look.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Ways to write "nothing was measured". They do not make a column a column of words.
pub(crate) fn is_missing(cell: &str) -> bool {
    const MARKS: [&str; 15] =
        ["", "-", "--", ".", "?", "n/a", "na", "#n/a", "null", "none", "nan", "inf", "-inf", "infinity", "-infinity"];
    // Length first: this is asked of every cell that is no number.
    cell.len() <= 9 && MARKS.iter().any(|m| cell.eq_ignore_ascii_case(m))
}

/// A column of numbers if more than half of the cells that say something are numbers, else of words.
pub(crate) fn typed(header: &str, cells: &Cells, notes: &mut Vec<Note>) -> Column {
    let mut values = Vec::with_capacity(cells.len());
    let mut odd = Vec::new();
    let mut words = 0;
    for (row, cell) in cells.iter().enumerate() {
        match parse_number(cell) {
            Some(value) => values.push(value),
            None => {
                values.push(f64::NAN);
                odd.push(row);
                words += usize::from(!is_missing(cell));
            }
        }
    }
    if values.len() - odd.len() <= words {
        return Column::words(header, cells.iter().map(str::to_owned).collect());
    }
    let unit = unit_of_header(header).1;
    if let Some(unit) = unit.as_ref().filter(|u| u.scale != 1.0) {
        for (row, value) in values.iter_mut().enumerate() {
            // `7B` below `Model Size (B)` names its scale twice, not a scale of 1e18.
            let suffixed = cells.get(row).ends_with(|c: char| c.is_alphabetic());
            *value *= if suffixed { 1.0 } else { unit.scale };
        }
        let text = format!("column {} is in {}: multiplied by {:e}", quoted(header), unit.text, unit.scale);
        notes.push(Note::new("unit", text));
    }
    let oddities = odd.into_iter().map(|row| Oddity { row, text: cells.get(row).to_owned() }).collect();
    Column { name: header.to_owned(), data: Data::Numbers(Numbers { values, oddities }), unit, convention: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(header: &str, cells: &[&str]) -> Column {
        let mut all = Cells::default();
        cells.iter().for_each(|c| all.push(c));
        typed(header, &all, &mut Vec::new())
    }

    #[test]
    fn numbers_need_a_majority_of_what_is_said() {
        let c = column("L", &["2.5", "", "diverged", "NaN", "-", "1e400", "2.25"]);
        assert!(c.as_numbers().is_none(), "2 numbers against 2 words");
        let c = column("L", &["2.5", "", "diverged", "NaN", "-", "inf", "2.25"]);
        let n = c.as_numbers().unwrap();
        assert_eq!((n.values[0], n.values[6], n.oddities.len()), (2.5, 2.25, 5));
        assert_eq!(n.oddities[1], Oddity { row: 2, text: "diverged".into() });
        assert!(column("note", &["", ""]).as_numbers().is_none());
    }

    #[test]
    fn people_write_numbers_so() {
        let c = column("N", &["50M", "1,000,000", "2.5B", "1e6", "-3", ".5", "+7"]);
        let values = &c.as_numbers().unwrap().values;
        assert_eq!(values[..], [50e6, 1e6, 2.5e9, 1e6, -3.0, 0.5, 7.0]);
    }

    #[test]
    fn a_declared_unit_is_honoured_once() {
        let c = column("Model Size (B)", &["7.0", "13", "500M"]);
        assert_eq!(c.as_numbers().unwrap().values, [7e9, 13e9, 5e8]);
        assert_eq!(c.name, "Model Size (B)");
        assert_eq!(c.unit.unwrap().scale, 1e9);
    }
}
