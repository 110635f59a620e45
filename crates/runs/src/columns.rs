//! Cells to columns: what is a number, what is a word, and in which unit.

use isoloss_formula::{Column, Data, Numbers, Oddity, parse_number, unit_of_header};

use crate::Note;
use crate::error::quoted;
use crate::scales::{count_with_suffix, names_a_count};

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
pub fn is_missing(cell: &str) -> bool {
    const MARKS: [&str; 15] =
        ["", "-", "--", ".", "?", "n/a", "na", "#n/a", "null", "none", "nan", "inf", "-inf", "infinity", "-infinity"];
    // Length first: this is asked of every cell that is no number.
    cell.len() <= 9 && MARKS.iter().any(|m| cell.eq_ignore_ascii_case(m))
}

/// How the cells of a column are read: below the name of a count `10m` is ten million, if all cells are such numbers.
fn reader(header: &str, cells: &Cells) -> fn(&str) -> Option<f64> {
    let counts = names_a_count(header)
        && cells.iter().any(|c| count_with_suffix(c).is_some())
        && cells.iter().all(|c| is_missing(c) || as_count(c).is_some());
    if counts { as_count } else { parse_number }
}

/// The number in a cell of counts.
pub(crate) fn as_count(cell: &str) -> Option<f64> {
    parse_number(cell).or_else(|| count_with_suffix(cell))
}

/// A column that an option makes one of counts, read anew if each cell that says something is a number of a count.
pub(crate) fn as_counts(column: &Column) -> Option<(Column, Note)> {
    let unread = match &column.data {
        Data::Words(_) => true,
        Data::Numbers(n) => n.oddities.iter().any(|o| !is_missing(&o.text)),
    };
    let mut cells = Cells::default();
    // A column is long, and seldom is there anything to do.
    (0..if unread { column.len() } else { 0 }).for_each(|row| cells.push(&column.text(row)));
    let (mut values, mut odd, mut first) = (Vec::with_capacity(cells.len()), Vec::new(), None);
    for (row, cell) in cells.iter().enumerate() {
        let value = as_count(cell);
        if value.is_none() && !is_missing(cell) {
            return None;
        }
        first = first.or(value.filter(|_| is_suffixed(cell)).map(|value| (row, value)));
        values.push(value.unwrap_or(f64::NAN));
        odd.extend(value.is_none().then_some(row));
    }
    let (row, value) = first?;
    let note = suffix_note(&column.name, cells.get(row), value);
    let data = Data::Numbers(Numbers { values, oddities: oddities(&cells, odd) });
    Some((Column { data, ..column.clone() }, note))
}

/// `50M`; asked of numbers only.
fn is_suffixed(cell: &str) -> bool {
    cell.ends_with(|c: char| c.is_alphabetic())
}

fn suffix_note(header: &str, cell: &str, value: f64) -> Note {
    let text = format!("column {}: suffixes multiply, {} is read as {value:e}", quoted(header), quoted(cell));
    Note::new("suffix", text)
}

fn oddities(cells: &Cells, odd: Vec<usize>) -> Vec<Oddity> {
    odd.into_iter().map(|row| Oddity { row, text: cells.get(row).to_owned() }).collect()
}

/// A column of numbers if more than half of the cells that say something are numbers, else of words.
pub(crate) fn typed(header: &str, cells: &Cells, notes: &mut Vec<Note>) -> Column {
    let read = reader(header, cells);
    let mut values = Vec::with_capacity(cells.len());
    let mut odd = Vec::new();
    let (mut words, mut suffix) = (0, None);
    for (row, cell) in cells.iter().enumerate() {
        match read(cell) {
            Some(value) => {
                if suffix.is_none() && is_suffixed(cell) {
                    suffix = Some((cell, value));
                }
                values.push(value);
            }
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
            *value *= if is_suffixed(cells.get(row)) { 1.0 } else { unit.scale };
        }
        let text = format!("column {} is in {}: multiplied by {:e}", quoted(header), unit.text, unit.scale);
        notes.push(Note::new("unit", text));
    }
    notes.extend(suffix.map(|(cell, value)| suffix_note(header, cell, value)));
    let data = Data::Numbers(Numbers { values, oddities: oddities(cells, odd) });
    Column { name: header.to_owned(), data, unit, convention: None }
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
    fn below_the_name_of_a_count_any_suffix_is_one() {
        let read = |header: &str, cells: &[&str]| column(header, cells).as_numbers().map(|n| n.values.clone());
        assert_eq!(read("params", &["10m", "125M", "0.05bn", "2.5B", "1e6"]), Some(vec![1e7, 125e6, 5e7, 2.5e9, 1e6]));
        assert_eq!(read("tokens", &["1b", "", "2t"]).unwrap()[2], 2e12);
        assert_eq!(read("Model Size (B)", &["7b", "13"]), Some(vec![7e9, 13e9]));
        assert_eq!(read("params", &["10m", "25m", "tiny"]), None, "one that is no number makes them words");
        assert_eq!(read("duration", &["10m", "25m"]), None, "these are minutes");
        let mut cells = Cells::default();
        ["10m", "25m"].iter().for_each(|c| cells.push(c));
        let mut notes = Vec::new();
        typed("N", &cells, &mut notes);
        assert_eq!(notes, [Note::new("suffix", "column `N`: suffixes multiply, `10m` is read as 1e7")]);
    }

    #[test]
    fn a_declared_unit_is_honoured_once() {
        let c = column("Model Size (B)", &["7.0", "13", "500M"]);
        assert_eq!(c.as_numbers().unwrap().values, [7e9, 13e9, 5e8]);
        assert_eq!(c.name, "Model Size (B)");
        assert_eq!(c.unit.unwrap().scale, 1e9);
    }
}
