//! How the learning rate goes over a run: one file and one line in the list each.
//!
//! A schedule gives the multiplier of the peak learning rate for every step, from 0. Lengths are in steps, so that a
//! run's config says exactly what was done; the recipe turns fractions into steps.

pub mod constant;
pub mod cosine;
pub mod linear;
pub mod wsd;

use serde::{Deserialize, Serialize};

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
