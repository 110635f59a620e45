//! What to mind about a fit: few, sorted by severity, each with a code that does not change.

use crate::fit::{Bound, Fit};
use crate::options::Options;
use crate::points::Points;
use crate::search::{Found, Optimum};
use std::fmt;

pub(crate) const COLLINEAR_REASON: &str = "N and D move together in these runs: their effects cannot be told apart";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// the numbers must not be used: the program exits with 1
    Error,
    /// the numbers may mislead
    Warning,
    /// worth knowing
    Note,
}

/// Something to mind about a fit.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Warning {
    /// how bad it is
    pub severity: Severity,
    /// `collinear`, `few-scales`, ...: never changes its meaning
    pub code: String,
    /// what was seen
    pub text: String,
    /// what to do about it
    pub hint: Option<String>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{level}[{}]: {}", self.code, self.text)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

pub(crate) fn warnings(_: &Fit, _: &Bound, _: &Found, _: &Optimum, _: &Points, _: &Options) -> Vec<Warning> {
    Vec::new()
}
