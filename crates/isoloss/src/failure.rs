//! How the program says that it could not.

use std::fmt;
use std::io;

use isoloss_figures::catalogue::Missing;
use isoloss_formula::{EvalError, ParseError};
use isoloss_laws::{ArtefactError, FitError, LawError};
use isoloss_runs::ReadError;

use crate::output::{BOLD_RED, RESET};

/// Exit code: it could not.
pub const COULD_NOT: u8 = 1;
/// Exit code: usage or input.
pub const USAGE: u8 = 2;

/// Why a command ends early.
#[derive(Debug)]
pub struct Failure {
    /// exit code
    pub code: u8,
    /// what is wrong and, in a last line `hint: ...`, what to do
    text: String,
}

impl Failure {
    /// Of the command line or of what it names.
    pub fn usage(message: impl fmt::Display, hint: impl fmt::Display) -> Self {
        Self { code: USAGE, text: format!("{message}\nhint: {hint}") }
    }

    /// Of a file that cannot be read (usage) or written (the machine's fault).
    pub fn file(path: &str, doing: &str, error: &io::Error) -> Self {
        let code = if doing == "read" { USAGE } else { COULD_NOT };
        let text = match error.kind() {
            io::ErrorKind::NotFound if doing == "read" => "there is no such file\nhint: check the path".to_owned(),
            _ if doing == "read" => format!("cannot be read ({error})\nhint: is it a file, and may you read it?"),
            _ => format!("cannot be written ({error})\nhint: may you write there, and is there room?"),
        };
        Self { code, text: format!("{path}: {text}") }
    }

    /// What the machine refuses, not the command line.
    pub fn could_not(message: impl fmt::Display, hint: impl fmt::Display) -> Self {
        Self { code: COULD_NOT, ..Self::usage(message, hint) }
    }

    /// What is wrong, without what to do.
    pub fn message(&self) -> &str {
        self.text.split("\nhint: ").next().unwrap_or_default()
    }

    /// What to do.
    #[cfg(feature = "lab")]
    pub fn advice(&self) -> Option<&str> {
        self.text.split_once("\nhint: ").map(|(_, hint)| hint)
    }

    /// The same, as a mistake of whoever typed.
    pub fn of_usage(self) -> Self {
        Self { code: USAGE, ..self }
    }

    /// The same in other words.
    pub fn in_words(&self, words: impl FnOnce(&str) -> String) -> Self {
        Self { code: self.code, text: words(&self.text) }
    }

    /// What is wrong and what to do.
    #[cfg(feature = "lab")]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same of a table, where it begins with a line of it.
    pub fn of_table(self, source: &str) -> Self {
        match self.text.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
            Some((line, rest)) if line.bytes().all(|c| c.is_ascii_digit()) => {
                Self { text: format!("{source}:{line}: {rest}"), ..self }
            }
            _ => self,
        }
    }

    /// The same, of the place named.
    pub fn within(self, place: &str) -> Self {
        Self { text: format!("{place}: {}", self.text), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BOLD_RED}error{RESET}: {}", self.text)
    }
}

macro_rules! input_errors {
    ($($of:ty),*) => { $(impl From<$of> for Failure {
        fn from(error: $of) -> Self {
            Self { code: USAGE, text: error.to_string() }
        }
    })* };
}
input_errors!(ReadError, LawError, ArtefactError, ParseError, EvalError);

/// A store that cannot be used is the machine's fault more often than a mistake of whoever typed.
impl From<isoloss_runs::store::StoreError> for Failure {
    fn from(error: isoloss_runs::store::StoreError) -> Self {
        Self { code: COULD_NOT, text: error.to_string() }
    }
}

#[cfg(feature = "lab")]
impl From<isoloss::experiment::ExperimentError> for Failure {
    fn from(error: isoloss::experiment::ExperimentError) -> Self {
        Self { code: if error.of_machine { COULD_NOT } else { USAGE }, text: error.to_string() }
    }
}

impl From<Missing> for Failure {
    fn from(missing: Missing) -> Self {
        Self { code: USAGE, text: missing.to_string() }
    }
}

impl From<FitError> for Failure {
    fn from(error: FitError) -> Self {
        let code = if error.of_search { COULD_NOT } else { USAGE };
        Self { code, text: error.to_string() }
    }
}
