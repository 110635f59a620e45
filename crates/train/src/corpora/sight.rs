//! How pictures are looked at, and what windows hold of them on average.

use isoloss_engine::ops::attention::scores_within;
use serde::{Deserialize, Serialize};

use super::{Batch, CorpusError};

/// How pictures are looked at: squares of so many pixels, cut into square patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sight {
    /// Pixels of a side of a picture.
    pub side: usize,
    /// Pixels of a side of a patch.
    pub patch: usize,
}

/// Red, green, blue.
pub(crate) const CHANNELS: usize = 3;
/// The largest side of a picture.
const MOST: usize = 512;

impl Sight {
    /// Checks what a corpus says.
    pub(super) fn checked(side: usize, patch: usize) -> Result<Self, CorpusError> {
        if !(1..=MOST).contains(&side) {
            return Err(CorpusError::new(
                format!("`side` is {side}, not a number of pixels from 1 to {MOST}"),
                "32 is the default",
            ));
        }
        if patch == 0 || !side.is_multiple_of(patch) {
            let divisors: Vec<String> = (1..=side).filter(|d| side.is_multiple_of(*d)).map(|d| d.to_string()).collect();
            let message = format!("`patch` is {patch}, which does not divide a side of {side} pixels");
            return Err(CorpusError::new(message, format!("one of {}", divisors.join(", "))));
        }
        Ok(Self { side, patch })
    }

    /// Patches of a picture, which are tokens.
    pub fn patches(self) -> usize {
        (self.side / self.patch).pow(2)
    }

    /// Numbers of a patch.
    pub fn width(self) -> usize {
        CHANNELS * self.patch * self.patch
    }

    /// Numbers of a picture.
    pub fn pixels(self) -> usize {
        CHANNELS * self.side * self.side
    }
}

/// What windows hold of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pictures {
    /// Pixels of a side of a picture.
    pub side: usize,
    /// Pixels of a side of a patch.
    pub patch: usize,
    /// Pictures of a window, on average.
    pub per_window: f64,
    /// Tokens that are read, summed over those of a window, on average: what attention has to look at.
    pub pairs: f64,
    /// Scores of a head that are made for a window, masked ones among them, on average.
    pub scores: f64,
}

impl Pictures {
    /// How they are looked at.
    pub fn sight(&self) -> Sight {
        Sight { side: self.side, patch: self.patch }
    }

    /// Those of some windows; none without a layout. They are part of a model's config, as its FLOPs follow from them.
    pub fn of(batch: &Batch) -> Option<Self> {
        let layout = batch.layout.as_ref()?;
        let windows = batch.sequences().max(1) as f64;
        let pairs: u64 = layout.spans.iter().map(|[from, to]| u64::from(to - from)).sum();
        let scores: usize = layout.spans.chunks(batch.length.max(1)).map(scores_within).sum();
        let Sight { side, patch } = layout.sight;
        let per_window = layout.places.len() as f64 / windows;
        Some(Self { side, patch, per_window, pairs: pairs as f64 / windows, scores: scores as f64 / windows })
    }
}
