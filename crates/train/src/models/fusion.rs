//! What models of pictures and text have in common: patches become tokens, and text alone is foretold.

use isoloss_engine::ops::attention::scores_within;
use isoloss_engine::{Param, Params, Real, Slot, Tape};

use super::feed::{self, Moe};
use super::inputs::Inputs;
use super::stack::{Applied, Parts, See, Stack, Way};
use super::{Size, transformer};
use crate::config::Start;
use crate::corpora::{CHANNELS, Pictures, Sight};
use crate::mixers::Reach;
use crate::multiply_adds::Reads;

/// What `f` makes of what the decoder is made of.
pub(super) fn with_parts<T>(
    stack: &transformer::Config,
    moe: Option<Moe>,
    pictures: Pictures,
    f: impl FnOnce(Parts) -> T,
) -> T {
    let feed = |number: usize| match moe {
        Some(moe) if number >= moe.dense => feed::Config::Moe(moe),
        _ => feed::Config::Swiglu { d_ff: stack.d_ff },
    };
    let feeds: Vec<feed::Config> = (0..stack.n_layer).map(feed).collect();
    let Pictures { pairs, scores, .. } = pictures;
    let (places, reads) = (pictures.sight().patches(), Some(Reads { pairs, scores }));
    stack.with_parts(|parts| f(Parts { feeds: &feeds, places, reads, ..parts }))
}

/// The size of the decoder, without what makes tokens of patches.
pub(super) fn size(stack: &transformer::Config, moe: Option<Moe>, pictures: Pictures, seq_len: usize) -> Size {
    with_parts(stack, moe, pictures, |parts| parts.size(seq_len, Applied { blocks: |_| [1; 2], heads: 1 }))
}

/// Scores of a head that are made for a picture whose patches read all of it.
pub(super) fn scores_of_all(patches: usize) -> f64 {
    scores_within(&vec![[0, patches as u32]; patches]) as f64
}

/// Patches of pictures, `[pictures, patches, width]`.
pub(super) fn look<R: Real>(tape: &mut Tape<R>, pictures: Slot, sight: Sight, map: Param) -> Slot {
    tape.patch_embed(pictures, CHANNELS, sight.patch, map)
}

/// A decoder of text and of what was made of pictures.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    pub stack: Stack,
}

impl Decoder {
    pub fn new<R: Real>(
        stack: &transformer::Config,
        moe: Option<Moe>,
        pictures: Pictures,
        params: &mut Params<R>,
        start: &Start,
    ) -> Self {
        Self { stack: with_parts(stack, moe, pictures, |parts| Stack::new(parts, params, start)) }
    }

    /// From tokens to what the head reads; `eye` makes rows of pictures.
    pub fn walk<R: Real>(
        &self,
        tape: &mut Tape<R>,
        inputs: Inputs,
        divisor: Option<f64>,
        see: &mut See,
        eye: impl FnOnce(&mut Tape<R>, Slot, &mut See) -> Slot,
    ) -> Slot {
        let mut x = self.stack.embed(tape, inputs.tokens, see);
        if let Some((pictures, places)) = inputs.pictures {
            let rows = eye(tape, pictures, see);
            x = tape.splice(x, rows, places);
        }
        let reach = inputs.spans.map_or(Reach::Window, Reach::Spans);
        let x = self.stack.pass(tape, x, self.stack.all(), Way { reach, divisor, before: 0 }, see);
        self.stack.read(tape, x)
    }
}
