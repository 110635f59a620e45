//! Commas inside numbers: `2,31` is 2.31 in half of the world and `1,000` is 1000 in the other half.

use isoloss_formula::parse_number;

use crate::columns::{Cells, is_missing};
use crate::error::{listed, quoted};
use crate::{Note, ReadError};

/// What the comma in a cell can only be, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comma {
    /// `2,31`, `0,345`, `1.234,5`
    Decimal,
    /// `1,000,000`, `1,000.5`
    Thousands,
    /// `2,345`
    Either,
}

/// A cell that can only be a number with a decimal comma.
pub(crate) fn is_decimal_comma(cell: &str) -> bool {
    comma(cell) == Some(Comma::Decimal)
}

fn comma(cell: &str) -> Option<Comma> {
    let body = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let (before, after) = body.split_once(',')?;
    // `2,31e-2` has its exponent behind the comma.
    let (fraction, exponent) = after.split_once(['e', 'E']).map_or((after, None), |(f, e)| (f, Some(e)));
    if exponent.is_some_and(|e| e.parse::<i32>().is_err()) {
        return None;
    }
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if digits(before) && digits(fraction) {
        let could_be_thousands =
            (1..=3).contains(&before.len()) && !before.starts_with('0') && fraction.len() == 3 && exponent.is_none();
        return Some(if could_be_thousands { Comma::Either } else { Comma::Decimal });
    }
    if grouped(before, '.') && digits(fraction) {
        return Some(Comma::Decimal);
    }
    let whole = body.split_once('.').map_or(body, |(whole, _)| whole);
    (grouped(whole, ',') && parse_number(cell).is_some()).then_some(Comma::Thousands)
}

/// `1.234.567`: groups of three behind the first, which does not begin with 0.
fn grouped(text: &str, mark: char) -> bool {
    let mut groups = text.split(mark);
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().unwrap_or("");
    let mut rest = groups.peekable();
    digits(first)
        && first.len() <= 3
        && !first.starts_with('0')
        && rest.peek().is_some()
        && rest.all(|g| g.len() == 3 && digits(g))
}

/// What a column says about its commas.
#[derive(Default)]
struct Votes {
    decimal: Option<usize>,
    thousands: bool,
    either: Option<usize>,
}

fn votes(cells: &Cells) -> Votes {
    let mut votes = Votes::default();
    if !cells.text().contains(',') {
        return votes;
    }
    let (mut numbers, mut words) = (0, 0);
    for (row, cell) in cells.iter().enumerate() {
        match comma(cell) {
            Some(Comma::Decimal) => votes.decimal = votes.decimal.or(Some(row)),
            Some(Comma::Thousands) => votes.thousands = true,
            Some(Comma::Either) => votes.either = votes.either.or(Some(row)),
            None if parse_number(cell).is_some() => {}
            None => {
                words += usize::from(!is_missing(cell));
                continue;
            }
        }
        numbers += 1;
    }
    if numbers > words { votes } else { Votes::default() }
}

/// Rewrites decimal commas as points where that is what they are, and says so.
pub(crate) fn settle(
    source: &str,
    separator: u8,
    headers: &[String],
    lines: &[u64],
    columns: &mut [Cells],
    notes: &mut Vec<Note>,
) -> Result<(), ReadError> {
    let all: Vec<Votes> = columns.iter().map(votes).collect();
    if separator == b',' {
        for (i, votes) in all.iter().enumerate() {
            let name = quoted(&headers[i]);
            if let Some(row) = votes.decimal {
                let cell = quoted(columns[i].get(row));
                let text =
                    format!("line {}: {cell} in column {name} is not read as a number: decimal comma?", lines[row]);
                notes.push(Note::new("decimal-comma", text));
            } else if let Some(row) = votes.either.filter(|_| !votes.thousands) {
                let cell = quoted(columns[i].get(row));
                let text = format!("column {name}: the comma of {cell} is read as a thousands separator");
                notes.push(Note::new("thousands", text));
            }
        }
        return Ok(());
    }
    let decimal_file = all.iter().any(|v| v.decimal.is_some() && !v.thousands);
    let thousands_file = all.iter().any(|v| v.thousands);
    let (mut commas, mut points) = (Vec::new(), Vec::new());
    for (i, votes) in all.iter().enumerate() {
        let decimal = match (votes.decimal, votes.thousands, votes.either) {
            (Some(_), mixed, _) => !mixed,
            (None, true, _) => false,
            (None, false, None) => {
                // `1.000.000` beside `2,31`: points are the thousands of such a file.
                decimal_file && columns[i].iter().any(|c| c.matches('.').count() > 1 && grouped(c, '.'))
            }
            // Semicolons are there because the comma was taken; else the other columns decide.
            (None, false, Some(_)) if decimal_file || (separator == b';' && !thousands_file) => true,
            (None, false, Some(_)) if thousands_file => false,
            (None, false, Some(row)) => {
                let (cell, name) = (quoted(columns[i].get(row)), quoted(&headers[i]));
                let text = format!("{cell} in column {name} may have a decimal comma or a thousands separator");
                return Err(ReadError::new(source, text).at(lines[row]).hint("write the numbers without commas"));
            }
        };
        if decimal {
            columns[i] = with_points(&columns[i]);
            let with_comma = votes.decimal.is_some() || votes.either.is_some();
            if with_comma { &mut commas } else { &mut points }.push(quoted(&headers[i]));
        }
    }
    if !commas.is_empty() {
        notes.push(Note::new("decimal-comma", format!("decimal commas in {}", listed(&commas, 6))));
    }
    if !points.is_empty() {
        let text = format!("points are read as thousands separators in {}", listed(&points, 6));
        notes.push(Note::new("thousands", text));
    }
    Ok(())
}

fn with_points(cells: &Cells) -> Cells {
    let mut changed = Cells::default();
    for cell in cells.iter() {
        let body = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        match comma(cell) {
            Some(_) => changed.push(&cell.replace('.', "").replace(',', ".")),
            None if grouped(body, '.') => changed.push(&cell.replace('.', "")),
            None => changed.push(cell),
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_comma_says() {
        use Comma::*;
        let cases = [
            ("2,31", Some(Decimal)),
            ("-0,345", Some(Decimal)),
            ("2,31e-2", Some(Decimal)),
            ("1.234,5", Some(Decimal)),
            ("1234,567", Some(Decimal)),
            ("2,345", Some(Either)),
            ("1,000,000", Some(Thousands)),
            ("1,000.5", Some(Thousands)),
            ("2.31", None),
            ("a,b", None),
            ("1,2,3", None),
            ("1,", None),
            (",5", None),
        ];
        for (cell, expected) in cases {
            assert_eq!(comma(cell), expected, "{cell}");
        }
    }

    fn settled(separator: u8, columns: &[&[&str]]) -> Result<Vec<Vec<String>>, ReadError> {
        let mut cells: Vec<Cells> = Vec::new();
        for column in columns {
            let mut c = Cells::default();
            column.iter().for_each(|x| c.push(x));
            cells.push(c);
        }
        let headers: Vec<String> = (0..columns.len()).map(|i| format!("c{i}")).collect();
        settle("x", separator, &headers, &[2, 3, 4], &mut cells, &mut Vec::new())?;
        Ok(cells.iter().map(|c| c.iter().map(str::to_owned).collect()).collect())
    }

    #[test]
    fn columns_decide_and_help_each_other() {
        let german = settled(b';', &[&["1.000.000", "2.000.000"], &["2,345", "2,31"], &["1.5", "2.5"]]).unwrap();
        assert_eq!(german, [["1000000", "2000000"], ["2.345", "2.31"], ["1.5", "2.5"]]);
        assert_eq!(settled(b'\t', &[&["1,000,000", "2,000"]]).unwrap(), [["1,000,000", "2,000"]]);
        assert_eq!(settled(b';', &[&["2,345", "2,512"]]).unwrap(), [["2.345", "2.512"]]);
        assert!(settled(b'\t', &[&["2,345", "2,512"]]).unwrap_err().message.contains("thousands"));
        assert_eq!(settled(b',', &[&["2,31", "2,512"]]).unwrap(), [["2,31", "2,512"]]);
        assert_eq!(settled(b';', &[&["red, blue", "2,31", "green"]]).unwrap(), [["red, blue", "2,31", "green"]]);
    }
}
