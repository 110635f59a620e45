//! Rows that move the fit, one at a time and together.
use crate::fit::Bound;
use crate::options::Options;
use crate::points::Points;
use crate::search::{Found, Optimum};

/// Rows that move the fit.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Influence {
    /// the rows that move a parameter furthest when left out alone, furthest first
    pub single: Vec<Moved>,
    /// the largest residuals, left out together (up to 3 % of the rows)
    pub group: Option<Moved>,
}

/// What leaving rows out does.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Moved {
    /// rows left out, by index
    pub rows: Vec<usize>,
    /// their lines in the source
    pub lines: Vec<u64>,
    /// the parameter that moves most, in standard errors
    pub parameter: String,
    /// its value with all rows
    pub from: f64,
    /// and without these
    pub to: f64,
}

pub(crate) fn influence(_: &Bound, _: &Found, _: &Optimum, _: &Points, _: &Options) -> Option<Influence> {
    None
}
