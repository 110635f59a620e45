//! Why a figure could not be drawn.

use std::fmt;

use isoloss_laws::FitError;

/// What is missing, and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// one sentence
    pub message: String,
    /// what to do
    pub hint: Option<String>,
}

impl Missing {
    /// What is missing, and what would help.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }
}

impl From<FitError> for Missing {
    fn from(e: FitError) -> Self {
        Self { message: e.message, hint: e.hint }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Missing {}
