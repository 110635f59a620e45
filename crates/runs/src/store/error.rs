//! How the store refuses, and what it finds wrong: always with the path.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// What is wrong with a store or with something in it: where, what was found, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// The file or folder.
    pub path: PathBuf,
    /// The line in that file, from 1.
    pub line: Option<u64>,
    /// The character in that line, from 1.
    pub column: Option<u64>,
    /// What was found and what was expected.
    pub message: String,
    /// What would help.
    pub hint: Option<String>,
}

impl StoreError {
    /// An error about a file or folder as a whole.
    pub fn new(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, column: None, message: message.into(), hint: None }
    }

    /// The same, at a character of a line.
    #[must_use]
    pub fn at(mut self, line: u64, column: u64) -> Self {
        (self.line, self.column) = (Some(line), Some(column));
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the operating system refused. `doing` is what was tried: `written`, `read`.
    pub(crate) fn io(path: &Path, doing: &str, error: &Error) -> Self {
        let (reason, hint) = match error.kind() {
            ErrorKind::StorageFull => ("the disk is full", "free some space and run it again: what is whole is kept"),
            ErrorKind::QuotaExceeded => {
                ("the disk quota is used up", "free some space, or use another disk: --store DIR")
            }
            ErrorKind::PermissionDenied => {
                ("permission denied", "give yourself the right to it, or use another folder: --store DIR")
            }
            ErrorKind::ReadOnlyFilesystem => {
                ("the file system is read-only", "use a folder that can be written to: --store DIR")
            }
            ErrorKind::NotFound => ("it is not there", "was it removed or renamed while it was in use?"),
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                ("there is a file in the place of a folder", "move the file away, or use another folder: --store DIR")
            }
            _ => return Self::new(path, format!("could not be {doing}: {error}")),
        };
        Self::new(path, format!("could not be {doing}: {reason}")).hint(hint)
    }

    /// JSON that cannot be read, with its place.
    pub(crate) fn json(path: &Path, first_line: u64, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The library ends its message with the place, which stands in front here.
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        let line = first_line + (error.line() as u64).saturating_sub(1);
        Self::new(path, message).at(line, (error.column() as u64).max(1))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path may hold a newline; a message is one line.
        let path = self.path.display().to_string();
        f.write_str(&path.replace(char::is_control, "?"))?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StoreError {}

/// What the operating system said, with the path and what was tried.
pub(crate) trait Tried<T> {
    fn tried(self, path: &Path, doing: &str) -> Result<T, StoreError>;
}

impl<T> Tried<T> for io::Result<T> {
    fn tried(self, path: &Path, doing: &str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::io(path, doing, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_said_in_words() {
        let said = |kind: ErrorKind| StoreError::io(Path::new("runs/x"), "written", &kind.into()).to_string();
        assert!(said(ErrorKind::StorageFull).starts_with("runs/x: could not be written: the disk is full\nhint: free"));
        assert!(said(ErrorKind::PermissionDenied).contains("permission denied\nhint: "));
        assert!(said(ErrorKind::ReadOnlyFilesystem).contains("read-only\nhint: "));
        assert!(said(ErrorKind::QuotaExceeded).contains("quota"));
        assert_eq!(StoreError::new("a\nb", "no").at(3, 4).to_string(), "a?b:3:4: no");
    }
}
