//! Measure, fit and use neural scaling laws: the libraries behind the `isoloss` program under one name.

pub use isoloss_formula as formula;
pub use isoloss_laws as laws;
pub use isoloss_runs as runs;
#[cfg(feature = "lab")]
pub use isoloss_train as train;

#[cfg(feature = "lab")]
pub mod experiment;
