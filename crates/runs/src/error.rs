//! How input is refused, and what is said aloud when it is accepted.

use std::fmt;

use isoloss_formula::in_shell;

/// Why a table cannot be used: where, what was expected, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// the path, or `standard input`
    pub file: String,
    /// from 1; the row for Parquet and JSON arrays
    pub line: Option<u64>,
    /// character within the line, from 1; for a cell without a number, which cell of the row
    pub column: Option<u64>,
    /// what was found and what was expected
    pub message: String,
    /// what would help
    pub hint: Option<String>,
}

impl ReadError {
    /// An error about the whole file.
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, message: message.into(), hint: None }
    }

    /// The same, at a line.
    #[must_use]
    pub fn at(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The same, at a character of its line.
    #[must_use]
    pub fn column(mut self, column: u64) -> Self {
        self.column = Some(column);
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadError {}

/// Something the reader decided that a person may want to know. Not a warning: the decision is believed right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// stable, for programs: `separator`, `encoding`, `unit`, ...
    pub code: &'static str,
    /// one sentence without the file's name
    pub text: String,
}

impl Note {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `a`, `b` and 7 more: lists in messages stay short.
pub(crate) fn listed<T: fmt::Display>(items: &[T], most: usize) -> String {
    let mut text = items.iter().take(most).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    if items.len() > most {
        text.push_str(&format!(" and {} more", items.len() - most));
    }
    text
}

/// A cell or header inside a message: one line, not too long.
pub fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    let mut line: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        line.push_str("...");
    }
    format!("`{line}`")
}

/// A value as a shell takes it: bare where it can be, else in quotes.
pub(crate) fn shell(value: &str) -> String {
    if !value.is_empty() && value.chars().all(|c| c.is_alphanumeric() || "_-./,=:@%+".contains(c)) {
        value.to_owned()
    } else {
        in_shell(value)
    }
}

/// "1 row", "2 rows".
pub(crate) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_place_and_ends_in_a_hint() {
        let error = ReadError::new("runs.csv", "no").at(17).column(5).hint("yes");
        assert_eq!(error.to_string(), "runs.csv:17:5: no\nhint: yes");
        assert_eq!(ReadError::new("runs.csv", "no").to_string(), "runs.csv: no");
    }

    #[test]
    fn messages_stay_short() {
        assert_eq!(listed(&[1, 2, 3], 2), "1, 2 and 1 more");
        assert_eq!(quoted("a\nb"), "`a b`");
        assert_eq!(quoted(&"x".repeat(100)).len(), 65);
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(
            [shell("val/loss"), shell("val loss"), shell("it's `x`")],
            ["val/loss", "\"val loss\"", r"'it'\''s `x`'"]
        );
    }
}
