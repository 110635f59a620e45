//! Rows that move the fit.
use crate::fit::Bound;
use crate::options::Options;
use crate::points::Points;
use crate::search::{Found, Optimum};

/// Rows that move the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Influence {}

pub(crate) fn influence(_: &Bound, _: &Found, _: &Optimum, _: &Points, _: &Options) -> Option<Influence> {
    None
}
