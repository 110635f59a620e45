//! Columns of numbers or words, and the table that holds them.

use std::collections::HashSet;

/// What a column measures, as far as its header declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// a count of parameters
    Params,
    /// a count of tokens
    Tokens,
    /// an amount of computation, FLOPs
    Flops,
    /// nats per token
    Nats,
    /// bits (per token, per byte, of knowledge)
    Bits,
    /// a scale was declared ("(B)", "(1E21)") but not of what
    Unnamed,
}

/// A unit that a header declared. The values of the column are already multiplied by `scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// as written in the header: `B tokens`, `PF-days`
    pub text: String,
    /// what one of it is in base units (parameters, tokens, FLOPs, nats, bits)
    pub scale: f64,
    /// what it measures
    pub quantity: Quantity,
}

/// A cell in a column of numbers that holds no finite number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// row, from 0
    pub row: usize,
    /// what the cell says; empty if blank
    pub text: String,
}

/// Numbers, and what stood in the cells that hold none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// one per row, in base units; NaN where `oddities` has the row
    pub values: Vec<f64>,
    /// blank cells, words, NaN and infinities, by ascending row
    pub oddities: Vec<Oddity>,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// more than half of the cells that are not blank are numbers
    Numbers(Numbers),
    /// anything else
    Words(Vec<String>),
}

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// the header, unit included, exactly as written
    pub name: String,
    /// the cells
    pub data: Data,
    /// the unit the header declares
    pub unit: Option<Unit>,
    /// how it was counted ("C = 6ND"), where that is known
    pub convention: Option<String>,
}

/// Columns of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// where it came from, for messages: a path, `standard input`
    pub source: String,
    columns: Vec<Column>,
    /// the line of each row in its source, from 1
    lines: Vec<u64>,
}

impl Column {
    /// A column of finite numbers without a unit.
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Self {
        let oddities = (values.iter().enumerate().filter(|(_, v)| !v.is_finite()))
            .map(|(row, v)| Oddity { row, text: if v.is_nan() { String::new() } else { v.to_string() } })
            .collect();
        let values = values.into_iter().map(|v| if v.is_finite() { v } else { f64::NAN }).collect();
        Self { name: name.into(), data: Data::Numbers(Numbers { values, oddities }), unit: None, convention: None }
    }

    /// A column of words.
    pub fn words(name: impl Into<String>, words: Vec<String>) -> Self {
        Self { name: name.into(), data: Data::Words(words), unit: None, convention: None }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Numbers(n) => n.values.len(),
            Data::Words(w) => w.len(),
        }
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers, if it is a column of numbers.
    pub fn as_numbers(&self) -> Option<&Numbers> {
        match &self.data {
            Data::Numbers(n) => Some(n),
            Data::Words(_) => None,
        }
    }

    /// The cell as a person would write it.
    pub fn text(&self, row: usize) -> String {
        match &self.data {
            Data::Words(w) => w[row].clone(),
            Data::Numbers(n) => match n.oddities.binary_search_by_key(&row, |o| o.row) {
                Ok(i) => n.oddities[i].text.clone(),
                Err(_) => n.values[row].to_string(),
            },
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        let data = match &self.data {
            Data::Words(w) => Data::Words(rows.iter().map(|&r| w[r].clone()).collect()),
            Data::Numbers(n) => Data::Numbers(Numbers {
                values: rows.iter().map(|&r| n.values[r]).collect(),
                oddities: (rows.iter().enumerate())
                    .filter_map(|(row, &r)| {
                        let i = n.oddities.binary_search_by_key(&r, |o| o.row).ok()?;
                        Some(Oddity { row, text: n.oddities[i].text.clone() })
                    })
                    .collect(),
            }),
        };
        Self { name: self.name.clone(), data, unit: self.unit.clone(), convention: self.convention.clone() }
    }
}

impl Table {
    /// A table from columns of equal length and distinct names, and the source line of each row.
    ///
    /// # Panics
    /// If lengths differ or a name comes twice: readers check both first and answer with an error.
    pub fn new(source: impl Into<String>, columns: Vec<Column>, lines: Vec<u64>) -> Self {
        // Asked of each column against all others, a table of 100 thousand columns would take minutes.
        let mut names = HashSet::new();
        for column in &columns {
            assert!(names.insert(column.name.as_str()), "two columns named {}", column.name);
            assert_eq!(column.len(), lines.len(), "column {} has another length", column.name);
        }
        Self { source: source.into(), columns, lines }
    }

    /// Adds a column; one of the same name is replaced.
    ///
    /// # Panics
    /// If its length differs.
    pub fn push(&mut self, column: Column) {
        assert_eq!(column.len(), self.len(), "column {} has another length", column.name);
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All columns, in the order of the source.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of that exact name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The line of a row in its source, from 1.
    pub fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }

    /// The rows named, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            source: self.source.clone(),
            columns: self.columns.iter().map(|c| c.select(rows)).collect(),
            lines: rows.iter().map(|&r| self.lines[r]).collect(),
        }
    }
}
