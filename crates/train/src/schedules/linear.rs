//! Straight down to 0: after the warm-up (n - i) / (n - w).

use serde::{Deserialize, Serialize};

use super::Lengths;
use crate::refused::Refused;

pub(super) const SAYS: &str = "warm-up, then straight down to 0";

/// Warm-up, then straight down to 0 at the end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Steps of the rise from 0.
    pub warmup: u64,
}

impl Schedule {
    pub(super) fn of(lengths: Lengths) -> Result<Self, Refused> {
        Ok(Self { warmup: lengths.warmup })
    }

    pub(super) fn at(&self, step: u64, steps: u64) -> f64 {
        let Self { warmup } = *self;
        if step < warmup {
            return super::rise(step, warmup, 0.0);
        }
        steps.saturating_sub(step) as f64 / steps.saturating_sub(warmup).max(1) as f64
    }
}
