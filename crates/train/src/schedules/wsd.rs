//! Warm-up, stable, decay (Hu et al. 2024, arXiv 2404.06395, section 4): the peak is held until the last `decay` steps.
//!
//! Over these, with u from 0 to 1, the multiplier is f + (1 - f) g(u): g = 1 - u, (1 + cos(pi u)) / 2, or 1 - sqrt(u)
//! (Hägele et al. 2024, arXiv 2405.18392). The first step of the decay still has the peak.

use serde::{Deserialize, Serialize};

use super::Lengths;
use crate::refused::Refused;

pub(super) const SAYS: &str = "warm-up, stable, decay: the stable part can be shared by runs of several lengths";

/// Warm-up, the peak, and a decay at the end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Steps of the rise from the floor.
    pub warmup: u64,
    /// Steps of the decay, the last of the run.
    pub decay: u64,
    /// Where it begins and ends, as a fraction of the peak.
    #[serde(default)]
    pub floor: f64,
    /// How it decays.
    #[serde(default)]
    pub shape: Shape,
}

/// How it decays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// 1 - u
    #[default]
    Linear,
    /// (1 + cos(pi u)) / 2
    Cosine,
    /// 1 - sqrt(u)
    Sqrt,
}

impl Schedule {
    pub(super) fn of(lengths: Lengths) -> Result<Self, Refused> {
        let Lengths { steps, warmup, decay } = lengths;
        if warmup + decay > steps {
            let says = format!("{warmup} steps of warm-up and {decay} of decay do not fit into {steps} steps");
            return Err(Refused::new("decay", says));
        }
        Ok(Self { warmup, decay, floor: 0.0, shape: Shape::Linear })
    }

    pub(super) fn at(&self, step: u64, steps: u64) -> f64 {
        let Self { warmup, decay, floor, shape } = *self;
        let start = steps.saturating_sub(decay);
        if step < warmup.min(start) {
            return super::rise(step, warmup, floor);
        }
        if step < start || decay == 0 {
            return 1.0;
        }
        let u = (step - start) as f64 / decay as f64;
        let down = match shape {
            Shape::Linear => 1.0 - u,
            Shape::Cosine => 0.5 * (1.0 + super::cos_pi(u)),
            Shape::Sqrt => 1.0 - u.sqrt(),
        };
        floor + (1.0 - floor) * down.max(0.0)
    }
}
