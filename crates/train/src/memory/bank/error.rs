//! How a bank is refused: always with the file, the reason and what to do.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why there is no bank, or why it cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankError {
    /// The file.
    pub path: PathBuf,
    /// What kind of flaw it is, for whoever can do something about it.
    pub reason: Reason,
    /// What was found and what was expected.
    pub message: String,
    /// What would help.
    pub hint: String,
}

/// Kinds of flaws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no file of that name: it can be written.
    Missing,
    /// Somebody else is writing it.
    Busy,
    /// It is cut short, or some of its bytes are not those that were written.
    Damaged,
    /// It is whole, and that of another model, of other references or of another shape.
    Foreign,
    /// Another version of this program wrote it.
    Version,
    /// What was to be written makes no bank.
    Unfit,
    /// Whoever writes it was asked to stop.
    Stopped,
    /// The operating system refused.
    System,
}

const AGAIN: &str = "delete it, and it is written again";

impl BankError {
    pub(super) fn new(path: &Path, reason: Reason, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { path: path.to_owned(), reason, message: message.into(), hint: hint.into() }
    }

    /// Bytes that are not those that were written.
    pub(super) fn damaged(path: &Path, message: impl Into<String>) -> Self {
        Self::new(path, Reason::Damaged, message, AGAIN)
    }

    /// A bank of something else.
    pub(super) fn foreign(path: &Path, message: impl Into<String>) -> Self {
        Self::new(path, Reason::Foreign, message, "give each its own file, or delete this one if it is not needed")
    }

    /// What makes no bank.
    pub(super) fn unfit(path: &Path, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(path, Reason::Unfit, message, hint)
    }

    /// Not to be gone on with.
    pub(crate) fn stopped(path: &Path) -> Self {
        Self::new(path, Reason::Stopped, "the writing was stopped", "run it again, and it is written")
    }

    /// What the operating system refused. `doing` is what was tried: `written`, `read`.
    fn io(path: &Path, doing: &str, error: &Error) -> Self {
        let (reason, words, hint) = match error.kind() {
            ErrorKind::NotFound => (Reason::Missing, "it is not there", "write it first"),
            ErrorKind::StorageFull => (Reason::System, "the disk is full", "free some space and run it again"),
            ErrorKind::QuotaExceeded => {
                (Reason::System, "the disk quota is used up", "free some space, or use another disk")
            }
            ErrorKind::PermissionDenied => {
                (Reason::System, "permission denied", "give yourself the right to it, or use another folder")
            }
            ErrorKind::ReadOnlyFilesystem => {
                (Reason::System, "the file system is read-only", "use a folder that can be written to")
            }
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => (
                Reason::System,
                "there is a file in the place of a folder",
                "move the file away, or use another folder",
            ),
            _ => {
                let message = format!("could not be {doing}: {error}");
                return Self::new(path, Reason::System, message, "see whether the disk and its folder are in order");
            }
        };
        Self::new(path, reason, format!("could not be {doing}: {words}"), hint)
    }
}

impl fmt::Display for BankError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path may hold a newline; a message is one line.
        let path = self.path.display().to_string().replace(char::is_control, "?");
        write!(f, "{path}: {}\nhint: {}", self.message, self.hint)
    }
}

impl std::error::Error for BankError {}

/// What the operating system said, with the file and what was tried.
pub(super) trait Tried<T> {
    fn tried(self, path: &Path, doing: &str) -> Result<T, BankError>;
}

impl<T> Tried<T> for io::Result<T> {
    fn tried(self, path: &Path, doing: &str) -> Result<T, BankError> {
        self.map_err(|error| BankError::io(path, doing, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_said_in_words() {
        let said = |kind: ErrorKind| BankError::io(Path::new("a\nb.bank"), "written", &kind.into());
        let full = said(ErrorKind::StorageFull);
        assert_eq!(
            full.to_string(),
            "a?b.bank: could not be written: the disk is full\nhint: free some space and run it again"
        );
        assert_eq!(full.reason, Reason::System);
        assert!(said(ErrorKind::PermissionDenied).to_string().contains("permission denied\nhint: "));
        assert!(said(ErrorKind::QuotaExceeded).to_string().contains("quota"));
        assert!(said(ErrorKind::ReadOnlyFilesystem).to_string().contains("read-only\nhint: "));
        assert_eq!(said(ErrorKind::NotFound).reason, Reason::Missing);
        assert!(said(ErrorKind::TimedOut).to_string().contains("\nhint: "));
    }
}
