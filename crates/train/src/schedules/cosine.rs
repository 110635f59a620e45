//! Half a cosine (Loshchilov and Hutter 2016, arXiv 1608.03983, eq. 5, one period): after the warm-up
//! f + (1 - f) (1 + cos(pi (i - w) / (n - w))) / 2.

use serde::{Deserialize, Serialize};

use super::Lengths;
use crate::refused::Refused;

pub(super) const SAYS: &str = "warm-up, then half a cosine down";

/// Warm-up, then half a cosine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Steps of the rise from 0.
    pub warmup: u64,
    /// Where it ends, as a fraction of the peak.
    #[serde(default)]
    pub floor: f64,
}

impl Schedule {
    pub(super) fn of(lengths: Lengths) -> Result<Self, Refused> {
        Ok(Self { warmup: lengths.warmup, floor: 0.0 })
    }

    pub(super) fn at(&self, step: u64, steps: u64) -> f64 {
        let Self { warmup, floor } = *self;
        if step < warmup {
            return super::rise(step, warmup, 0.0);
        }
        let progress = (step - warmup) as f64 / steps.saturating_sub(warmup).max(1) as f64;
        floor + (1.0 - floor) * 0.5 * (1.0 + super::cos_pi(progress))
    }
}
