//! All tests of this crate from outside, in one program: it is linked once.

mod cases;
mod common;

mod against;
mod approaches;
mod catalogue;
mod chain;
mod compare;
mod determinism;
mod formulas;
mod hulls;
mod interpolated;
mod mixture;
mod next;
mod options;
mod plan;
mod published;
mod recovery;
mod reducible;
mod score;
mod size;
mod worked_values;
