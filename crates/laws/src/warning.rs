//! What to mind about a fit.
use crate::fit::{Bound, Fit};
use crate::options::Options;
use crate::points::Points;
use crate::search::{Found, Optimum};

pub(crate) const COLLINEAR_REASON: &str = "N and D move together in these runs: their effects cannot be told apart";

/// What to mind about a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {}

pub(crate) fn warnings(_: &Fit, _: &Bound, _: &Found, _: &Optimum, _: &Points, _: &Options) -> Vec<Warning> {
    Vec::new()
}
