//! Why there is no fit.

use std::fmt;

/// A fit that could not be made. The message says what was found and expected, the hint what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitError {
    /// what is wrong
    pub message: String,
    /// what to do about it
    pub hint: Option<String>,
}

impl FitError {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
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
