//! Constant after the warm-up.

use serde::{Deserialize, Serialize};

use super::Lengths;
use crate::refused::Refused;

pub(super) const SAYS: &str = "warm-up, then constant";

/// Warm-up, then 1.
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

    pub(super) fn at(&self, step: u64, _steps: u64) -> f64 {
        if step < self.warmup { super::rise(step, self.warmup, 0.0) } else { 1.0 }
    }
}
