//! Tables: cells that know what they are, so that they line up and sort.

use isoloss_laws::Estimate;

use super::quantity::{estimate, number, off, share, size};
use super::sheet::Sheet;
use super::symbol::symbol;
use crate::text::Rich;

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// nothing is known
    #[default]
    Empty,
    /// a name or a few words, as users gave them
    Words(String),
    /// a sentence or a part of one
    Says(String),
    /// the name of a parameter, set as in a formula: `alpha`, `A[mla]`
    Symbol(String),
    /// a number to so many significant digits
    Number(f64, usize),
    /// a number of parameters or tokens: `1.2B`
    Size(f64),
    /// a share in per cent
    Share(f64),
    /// a difference as a share, in per cent with its sign
    Off(f64),
    /// a value and its interval, or the reason why there is none; takes two columns
    Estimate(Estimate),
    /// the same of a number of parameters or tokens: `1.2B [1.0B, 1.5B]`
    Sizes(Estimate),
}

impl From<&str> for Cell {
    fn from(words: &str) -> Self {
        Self::Words(words.into())
    }
}

impl From<String> for Cell {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Number(count as f64, 6)
    }
}

impl From<Estimate> for Cell {
    fn from(estimate: Estimate) -> Self {
        Self::Estimate(estimate)
    }
}

impl From<&Estimate> for Cell {
    fn from(estimate: &Estimate) -> Self {
        Self::Estimate(estimate.clone())
    }
}

impl Cell {
    /// What it is sorted by, where that is a number.
    fn value(&self) -> Option<f64> {
        match self {
            Self::Empty | Self::Words(_) | Self::Says(_) | Self::Symbol(_) => None,
            Self::Number(v, _) | Self::Size(v) | Self::Share(v) | Self::Off(v) => Some(*v),
            Self::Estimate(e) | Self::Sizes(e) => Some(e.value),
        }
    }

    fn written(&self) -> Rich {
        match self {
            Self::Number(v, digits) => number(*v, *digits, *v != v.round() || v.abs() >= 1e6),
            Self::Size(v) => size(*v),
            Self::Share(v) => share(*v),
            Self::Off(v) => off(*v),
            Self::Estimate(e) => estimate(e).0,
            Self::Sizes(e) => size(e.value),
            Self::Empty | Self::Words(_) | Self::Says(_) | Self::Symbol(_) => Rich::default(),
        }
    }

    /// The estimate that it is, if it is one.
    fn estimate(&self) -> Option<&Estimate> {
        match self {
            Self::Estimate(e) | Self::Sizes(e) => Some(e),
            _ => None,
        }
    }

    /// The ends of its interval.
    fn ends(&self) -> Option<(Rich, Rich)> {
        match self {
            Self::Estimate(e) => estimate(e).1,
            Self::Sizes(e) => e.interval.map(|i| (size(i.lower), size(i.upper))),
            _ => None,
        }
    }
}

/// A table with one row per run, parameter or place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// what the columns hold, with units
    pub columns: Vec<Rich>,
    /// cells, one per column; missing ones are empty
    pub rows: Vec<Vec<Cell>>,
    /// stand below it
    pub notes: Vec<String>,
}

/// Rows beyond which a table is a window to be scrolled.
const WINDOW: usize = 16;
/// Characters of a reason up to which it stands in its row, and not below the table.
const BRIEF: usize = 16;

impl Table {
    /// A table without rows.
    pub fn new<C: Into<Rich>>(columns: impl IntoIterator<Item = C>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// With one more row.
    pub fn row(mut self, cells: impl IntoIterator<Item = Cell>) -> Self {
        self.rows.push(cells.into_iter().collect());
        self
    }

    /// With a note below it.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(super) fn write(&self, sheet: &mut Sheet) {
        let reasons = self.reasons();
        let window = self.rows.len() > WINDOW;
        // What scrolls can be reached by the keyboard.
        let place = [("class", if window { "table window" } else { "table" }), ("tabindex", "0")];
        sheet.open("div", &place[..if window { 2 } else { 1 }]);
        let sortable = if self.rows.len() > 2 { "sortable" } else { "" };
        sheet.open("table", &[("class", sortable)]);
        sheet.open("thead", &[]);
        sheet.open("tr", &[]);
        let kinds: Vec<Kind> = (0..self.columns.len()).map(|i| self.kind(i)).collect();
        for (title, kind) in self.columns.iter().zip(&kinds) {
            let class = if *kind == Kind::Words { "" } else { "n" };
            match kind {
                Kind::Estimate => sheet.open("th", &[("scope", "col"), ("class", "e"), ("colspan", "2")]),
                _ => sheet.open("th", &[("scope", "col"), ("class", class)]),
            }
            sheet.rich(title);
            sheet.close("th");
        }
        sheet.close("tr");
        sheet.close("thead");
        sheet.open("tbody", &[]);
        for row in &self.rows {
            sheet.open("tr", &[]);
            for (i, kind) in kinds.iter().enumerate() {
                cell(sheet, row.get(i).unwrap_or(&Cell::Empty), *kind, &reasons);
            }
            sheet.close("tr");
        }
        sheet.close("tbody");
        sheet.close("table");
        sheet.close("div");
        if reasons.is_empty() && self.notes.is_empty() {
            return;
        }
        sheet.open("div", &[("class", "below")]);
        for (i, reason) in reasons.iter().enumerate() {
            sheet.open("p", &[]);
            sheet.element("sup", &[], &letter(i));
            sheet.text("no interval: ");
            sheet.prose(reason);
            sheet.close("p");
        }
        for note in &self.notes {
            sheet.open("p", &[]);
            sheet.prose(note);
            sheet.close("p");
        }
        sheet.close("div");
    }

    fn kind(&self, column: usize) -> Kind {
        let cells = || self.rows.iter().filter_map(|r| r.get(column));
        if cells().any(|c| c.estimate().is_some()) {
            Kind::Estimate
        } else if cells().any(|c| c.value().is_some()) {
            Kind::Number
        } else {
            Kind::Words
        }
    }

    /// Reasons for missing intervals that are too long for a cell, each once.
    fn reasons(&self) -> Vec<&str> {
        let mut reasons = Vec::new();
        for cell in self.rows.iter().flatten() {
            if let Some(Estimate { interval: None, method, .. }) = cell.estimate()
                && method.chars().count() > BRIEF
                && !reasons.contains(&method.as_str())
            {
                reasons.push(method.as_str());
            }
        }
        reasons
    }
}

/// How the cells of a column stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Words,
    Number,
    Estimate,
}

fn letter(i: usize) -> String {
    char::from_u32('a' as u32 + (i % 26) as u32).map(String::from).unwrap_or_default()
}

fn cell(sheet: &mut Sheet, cell: &Cell, kind: Kind, reasons: &[&str]) {
    let wide: &[(&str, &str)] = if kind == Kind::Estimate { &[("colspan", "2")] } else { &[] };
    match cell {
        Cell::Empty => sheet.open("td", wide),
        Cell::Words(words) => {
            sheet.open("td", &[&[("class", "w")], wide].concat());
            sheet.name(words);
        }
        Cell::Says(words) => {
            sheet.open("td", &[&[("class", "w")], wide].concat());
            sheet.prose(words);
        }
        Cell::Symbol(name) => {
            sheet.open("td", &[&[("class", "f"), ("title", name.as_str())], wide].concat());
            symbol(sheet, name);
        }
        number => {
            let value = number.value().map(|v| v.to_string()).unwrap_or_default();
            let place: &[(&str, &str)] = if number.estimate().is_some() { &[] } else { wide };
            sheet.open("td", &[&[("class", "n"), ("data-v", value.as_str())], place].concat());
            sheet.rich(&number.written());
        }
    }
    if let Some(e) = cell.estimate() {
        sheet.close("td");
        sheet.open("td", &[("class", "i")]);
        match cell.ends() {
            Some((lower, upper)) => {
                sheet.text("[");
                sheet.rich(&lower);
                sheet.text(", ");
                sheet.rich(&upper);
                sheet.text("]");
            }
            None => match reasons.iter().position(|r| *r == e.method) {
                Some(i) => {
                    sheet.text("\u{2014}");
                    sheet.open("sup", &[]);
                    sheet.text(&letter(i));
                    sheet.out.push_str("</sup>");
                }
                None => sheet.text(&e.method),
            },
        }
    }
    sheet.close("td");
}
