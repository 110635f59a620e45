//! Saved fits.
use crate::fit::Fit;

/// Version of the format of `fit.json`.
pub const SCHEMA: u32 = 1;

/// Why a saved fit cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtefactError {
    /// what is wrong
    pub message: String,
    /// what to do about it
    pub hint: Option<String>,
}

impl std::fmt::Display for ArtefactError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ArtefactError {}

impl Fit {
    /// The fit as JSON: everything that prediction needs, and everything that was reported.
    pub fn to_json(&self) -> String {
        String::new()
    }

    /// Reads what [`Fit::to_json`] wrote. Predictions are bit-identical.
    pub fn from_json(_text: &str) -> Result<Self, ArtefactError> {
        Err(ArtefactError { message: "not yet".into(), hint: None })
    }
}
