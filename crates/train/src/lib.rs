//! How runs are measured: corpora, models, schedules, recipes, the trainer. Knows no law.
//!
//! A [`RunConfig`] says everything that sets the loss of a run; a [`Trainer`] takes its steps.

mod clock;
pub mod config;
mod coordinates;
pub mod corpora;
mod counts;
pub mod documented;
mod estimate;
pub mod job;
pub mod measures;
pub mod memory;
pub mod mixers;
pub mod models;
mod multiply_adds;
pub mod recipes;
mod refused;
pub mod schedules;
mod trainer;
pub mod trunk;
mod weights;
mod work;

pub use config::RunConfig;
pub use coordinates::{Coordinate, coordinates};
pub use counts::{bytes, counts, with_memory};
pub use estimate::{Estimate, estimate, makespan, peak};
pub use multiply_adds::MultiplyAdds;
pub use refused::Refused;
pub use trainer::{CheckpointError, Divergence, Evaluated, Progress, Trainer};
pub use trunk::Trunk;
pub use work::work;
