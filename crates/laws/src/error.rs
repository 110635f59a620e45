//! Why there is no fit.

use std::fmt;

/// A fit that could not be made. The message says what was found and expected, the hint what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitError {
    /// what is wrong
    pub message: String,
    /// what to do about it
    pub hint: Option<String>,
    /// rows and options are as they should be, and the search found nothing in them
    pub of_search: bool,
}

impl FitError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()), of_search: false }
    }

    /// The same of a search that ends with nothing.
    pub(crate) fn of_search(self) -> Self {
        Self { of_search: true, ..self }
    }
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FitError {}
