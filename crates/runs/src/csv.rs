//! CSV, TSV and their kin.

use isoloss_formula::{Table, parse_number};

use crate::columns::{Cells, typed};
use crate::error::{count, quoted};
use crate::separator::{CANDIDATES, Separator, sniff};
use crate::{Note, ReadError, commas, headers};

/// Reads a text of rows below one header.
pub(crate) fn read(source: &str, name: &str, text: &str, notes: &mut Vec<Note>) -> Result<Table, ReadError> {
    let (start, declared) = preamble(text, notes);
    let separator = declared.map_or_else(|| sniff(&text[start..], name), Separator::Byte);
    if separator != Separator::Byte(b',') && !(separator == Separator::Byte(b'\t') && name.ends_with(".tsv")) {
        notes.push(Note::new("separator", format!("cells are separated by {}", separator.name())));
    }
    let aligned;
    let (text, start, byte) = match separator {
        Separator::Byte(byte) => (text, start, byte),
        Separator::Spaces => {
            aligned = tabbed(&text[start..], text[..start].matches('\n').count());
            (aligned.as_str(), 0, b'\t')
        }
    };
    let raw = Rows::new(text, start, byte).collect(source, notes)?;
    let headers = headers::settle(source, raw.line, raw.headers, notes)?;
    let mut columns = raw.columns;
    commas::settle(source, byte, &headers, &raw.lines, &mut columns, notes)?;
    let columns = headers.iter().zip(&columns).map(|(header, cells)| typed(header, cells, notes)).collect();
    Ok(Table::new(source, columns, raw.lines))
}

/// Where the header begins, behind `sep=;` (Excel) or comments, and the separator declared there.
fn preamble(text: &str, notes: &mut Vec<Note>) -> (usize, Option<u8>) {
    let first = text.lines().next().unwrap_or("");
    if let [byte @ (b';' | b',' | b'\t' | b'|')] = first.strip_prefix("sep=").unwrap_or("").as_bytes() {
        return (text.len().min(first.len() + newline(&text[first.len()..])), Some(*byte));
    }
    let (mut start, mut last) = (0, 0);
    while text[start..].starts_with('#') {
        last = start;
        start = text[start..].find('\n').map_or(text.len(), |end| start + end + 1);
    }
    if start == 0 {
        return (0, None);
    }
    // `# N D loss` above rows of numbers is the header itself, as numpy writes it.
    let below = text[start..].lines().next().unwrap_or("");
    let cells = below.split([',', '\t', ';', ' ']).filter(|c| !c.is_empty());
    if cells.clone().count() > 1 && cells.clone().filter(|c| parse_number(c).is_some()).count() * 2 > cells.count() {
        return (last + 1, None);
    }
    let skipped = text[..start].matches('\n').count();
    notes.push(Note::new("comments", format!("{} before the header skipped", count(skipped, "comment line"))));
    (start, None)
}

/// What nobody sees at the ends of a header: blanks, a byte order mark in the middle of a file, a joiner of no width.
fn unseen(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{200c}' | '\u{200d}')
}

fn newline(rest: &str) -> usize {
    if rest.starts_with("\r\n") { 2 } else { 1 }
}

/// Runs of spaces as one tab. `above` empty lines keep the line numbers right.
fn tabbed(text: &str, above: usize) -> String {
    let mut tabs = "\n".repeat(above);
    for line in text.lines() {
        tabs.extend(line.split_whitespace().enumerate().flat_map(|(i, cell)| [if i == 0 { "" } else { "\t" }, cell]));
        tabs.push('\n');
    }
    tabs
}

/// The rows of a text and the place in it.
struct Rows<'a> {
    text: &'a str,
    start: usize,
    separator: u8,
    reader: ::csv::Reader<&'a [u8]>,
    record: ::csv::StringRecord,
    /// `line` is that of byte `at`
    at: usize,
    line: u64,
}

/// A table before its columns are typed.
struct Raw {
    headers: Vec<String>,
    line: u64,
    columns: Vec<Cells>,
    lines: Vec<u64>,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, start: usize, separator: u8) -> Self {
        let reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            // Rows of another length are refused below, with words of our own.
            .flexible(true)
            .delimiter(separator)
            .from_reader(&text.as_bytes()[start..]);
        let line = 1 + text[..start].matches('\n').count() as u64;
        Self { text, start, separator, reader, record: ::csv::StringRecord::new(), at: start, line }
    }

    /// Steps to the next row that says anything; its line, or none at the end.
    fn next(&mut self, source: &str) -> Result<Option<u64>, ReadError> {
        let more = self.reader.read_record(&mut self.record);
        if !more.map_err(|e| ReadError::new(source, e.to_string()))? {
            return Ok(None);
        }
        // The reader's own line is that of the byte after the last row, so `\r\n` and empty lines put it one behind.
        let bytes = self.text.as_bytes();
        let mut begin = self.start + self.record.position().map_or(0, |p| p.byte() as usize);
        while matches!(bytes.get(begin), Some(b'\n' | b'\r')) {
            begin += 1;
        }
        self.line += bytes[self.at..begin].iter().filter(|b| **b == b'\n').count() as u64;
        self.at = begin;
        Ok(Some(self.line))
    }

    fn collect(mut self, source: &str, notes: &mut Vec<Note>) -> Result<Raw, ReadError> {
        // Spreadsheets leave blank rows above a header.
        let line = loop {
            let line = self.next(source)?.ok_or_else(|| empty(source))?;
            if !self.blank() {
                break line;
            }
        };
        let headers: Vec<String> = self.record.iter().map(|h| h.trim_matches(unseen).to_owned()).collect();
        if headers.iter().all(|h| parse_number(h).is_some()) {
            let text = format!(
                "the first line holds only numbers ({}, ...), where a header was expected",
                quoted(&headers[0])
            );
            let error = ReadError::new(source, text).at(line);
            return Err(error.hint("add a first line that names the columns, such as N,D,loss"));
        }
        let width = headers.len();
        let mut columns = vec![Cells::default(); width];
        let mut lines = Vec::new();
        let mut blank = Vec::new();
        let mut last = line;
        while let Some(line) = self.next(source)? {
            last = line;
            if self.blank() {
                blank.push(line);
                continue;
            }
            if self.record.len() != width {
                return Err(self.ragged(source, line, width));
            }
            for (cells, cell) in columns.iter_mut().zip(&self.record) {
                cells.push(cell.trim_ascii());
            }
            lines.push(line);
        }
        self.unclosed(source, last)?;
        if lines.is_empty() {
            let names: Vec<String> = headers.iter().map(|h| quoted(h)).collect();
            let text = format!("there is a header ({}) and no row below it", crate::error::listed(&names, 4));
            return Err(ReadError::new(source, text).hint("one row is one run: was the file written to the end?"));
        }
        if !blank.is_empty() {
            let text =
                format!("{} skipped (line {})", count(blank.len(), "blank row"), crate::error::listed(&blank, 3));
            notes.push(Note::new("blank-rows", text));
        }
        Ok(Raw { headers, line, columns, lines })
    }

    fn blank(&self) -> bool {
        self.record.iter().all(|c| c.trim_ascii().is_empty())
    }

    fn ragged(&self, source: &str, line: u64, width: usize) -> ReadError {
        let found = self.record.len();
        let text = format!("this row has {} where the header has {width}", count(found, "cell"));
        let error = ReadError::new(source, text).at(line);
        if self.record.iter().any(|c| c.contains('\n')) {
            error.hint("a cell runs over the end of the line: is a quote opened and never closed?")
        } else if let Some(other) = self.separated(width) {
            let header = Separator::Byte(self.separator).name();
            error.hint(format!(
                "the cells of this row are separated by {other}, those of the header by {header}: use one throughout"
            ))
        } else if found > width {
            error.hint("a cell that holds the separator (`1,000`, `2,31`, a list) must stand in quotes")
        } else {
            error.hint("write every cell of a row, the blank ones too; is the file cut off here?")
        }
    }

    /// Another separator that makes as many cells of this row as the header has.
    fn separated(&self, width: usize) -> Option<&'static str> {
        let line = self.text[self.at..].lines().next()?;
        let others = CANDIDATES.iter().filter(|byte| **byte != self.separator);
        let mut fitting = others.filter(|byte| line.bytes().filter(|b| b == *byte).count() + 1 == width);
        fitting.next().filter(|_| width > 1).map(|byte| Separator::Byte(*byte).name())
    }

    /// A quote that is never closed swallows the rest of the file without any other sign.
    fn unclosed(&self, source: &str, line: u64) -> Result<(), ReadError> {
        let rest = self.text[self.at..].trim_end();
        if rest.contains('\n') && rest.bytes().filter(|b| *b == b'"').count() % 2 == 1 {
            let error = ReadError::new(source, "a quote opened in this row is never closed").at(line);
            return Err(error.hint("close it, or double a quote that belongs to the text: \"\""));
        }
        Ok(())
    }
}

fn empty(source: &str) -> ReadError {
    ReadError::new(source, "the file is empty").hint("a table is a header and one row per run")
}
