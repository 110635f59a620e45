//! How the learning rate goes over a run: one file and one line in the list each.
//!
//! A schedule gives the multiplier of the peak learning rate for every step, from 0. Lengths are in steps, so that a
//! run's config says exactly what was done; the recipe names a [`Course`] and turns fractions into steps.

pub mod constant;
pub mod cosine;
pub mod linear;
pub mod wsd;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refused::Refused;

/// The lengths that a recipe found for a run, in steps; a schedule takes those that it has a use for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    /// The whole run.
    pub steps: u64,
    /// The rise to the peak.
    pub warmup: u64,
    /// The decay at the end.
    pub decay: u64,
}

/// The list from which schedules, names and dispatch are made.
macro_rules! schedules {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// A schedule with its lengths.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Schedule {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Schedule)),*
        }

        impl Schedule {
            /// The multiplier of the peak learning rate for a step, from 0, of a run of `steps`.
            pub fn at(&self, step: u64, steps: u64) -> f64 {
                match self {
                    $(Self::$variant(schedule) => schedule.at(step, steps)),*
                }
            }
        }

        /// Which schedule, as a recipe names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Course {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant),*
        }

        impl Course {
            /// The schedule with its lengths.
            ///
            /// # Errors
            /// If they do not fit into the run.
            pub(crate) fn of(self, lengths: Lengths) -> Result<Schedule, Refused> {
                Ok(match self {
                    $(Self::$variant => Schedule::$variant($module::Schedule::of(lengths)?)),*
                })
            }
        }

        /// All schedules: the name and what it does.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

schedules! {
    Constant = constant,
    Cosine = cosine,
    Linear = linear,
    Wsd = wsd,
}

/// The rise to the peak, from `floor`: step i of `warmup` has floor + (1 - floor) i / warmup.
fn rise(step: u64, warmup: u64, floor: f64) -> f64 {
    floor + (1.0 - floor) * step as f64 / warmup as f64
}

/// cos(pi x), by a library that gives the same bits everywhere.
fn cos_pi(x: f64) -> f64 {
    libm::cos(std::f64::consts::PI * x)
}
