//! Early fusion (Shukor et al. 2025, arXiv 2504.07951, section 2.1): one decoder reads pictures and text from its first block on.
//!
//! A patch of a picture becomes a token by one linear map, with an embedding of its place in the picture added to it. Text reads what
//! stands before it, a patch its whole picture, neither another document; and only text is foretold. Queries and keys are
//! normalised unless that is turned off.

use isoloss_engine::{Param, Params, Real, Slot, Tape};
use serde::{Deserialize, Serialize};

use super::asked::asked;
use super::feed::{self, Moe};
use super::fusion::{self, Decoder};
use super::inputs::Inputs;
use super::shape::{Common, shape};
use super::{See, Size, transformer};
use crate::config::Start;
use crate::corpora::{Pictures, Reading, Sight};
use crate::multiply_adds::MultiplyAdds;
use crate::refused::{Refused, sized};
use crate::weights::Weights;

pub(super) const SAYS: &str = "one decoder of pictures and text: patches are tokens";

shape! {
    qk_norm: "crate::models::shape::yes";
    /// The shape as an experiment writes it; what is left out follows from the rest.
    pub struct Shape {
        /// Blocks.
        pub n_layer: usize,
        /// A mixture of experts in the place of the feed-forward.
        #[serde(default)]
        pub moe: Option<feed::Settings>,
    }
}

/// The shape in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The decoder.
    #[serde(flatten)]
    pub stack: transformer::Config,
    /// Experts in the place of SwiGLU, behind the first blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moe: Option<Moe>,
    /// What windows hold of pictures.
    pub pictures: Pictures,
}

impl Shape {
    pub(super) fn complete(&self, reading: &Reading) -> Result<Config, Refused> {
        completed(self.common(), self.n_layer, self.moe, reading)
    }
}

/// The decoder in full, for a corpus with pictures.
pub(super) fn completed(
    common: Common,
    n_layer: usize,
    moe: Option<feed::Settings>,
    reading: &Reading,
) -> Result<Config, Refused> {
    sized("n_layer", n_layer)?;
    let Some(pictures) = reading.pictures else {
        let says = "looks at pictures, and the corpus has none: scenes, storybook, captions and pages do";
        return Err(Refused::new("kind", says));
    };
    if common.tied {
        let says = "cannot be: the embedding has places of patches too, which no head foretells";
        return Err(Refused::new("tied", says));
    }
    let stack = common.complete(n_layer, reading.vocab_size)?;
    let moe = moe.map(|moe| moe.complete(stack.d_ff)).transpose().map_err(|refused| refused.inside("moe"))?;
    feed::some_left(moe, n_layer)?;
    Ok(Config { stack, moe, pictures })
}

impl Config {
    pub(super) fn sight(&self) -> Sight {
        self.pictures.sight()
    }

    pub(super) fn size(&self, seq_len: usize) -> Size {
        let mut size = fusion::size(&self.stack, self.moe, self.pictures, seq_len);
        size.add_patches(self.stack.d_model, self.pictures);
        size
    }

    pub(super) fn build<R: Real>(&self, params: &mut Params<R>, start: &Start) -> Model {
        let decoder = Decoder::new(&self.stack, self.moe, self.pictures, params, start);
        let patches = Weights::new(params, start).of_data("patches", self.stack.d_model, self.sight().width());
        Model { decoder, patches, sight: self.sight() }
    }
}

impl Size {
    /// With the map from patches to so many columns, which belongs to the embedding.
    pub(super) fn add_patches(&mut self, width: usize, pictures: Pictures) {
        let sight = pictures.sight();
        let map = (width * sight.width()) as u64;
        self.stored += map;
        self.effective += map;
        self.active += map;
        self.embedding += map;
        let patches = pictures.per_window * sight.patches() as f64;
        // Nothing is asked of the pictures themselves: on the way back there is one product, for the weights.
        let forward = patches * map as f64;
        self.multiply_adds += MultiplyAdds { executed: [forward; 2], ..MultiplyAdds::plain(forward) };
        self.activations += patches * (width + 2 * sight.width()) as f64;
    }
}

/// The model: handles to its weights, and what its ops need to know.
#[derive(Clone, Debug)]
pub struct Model {
    decoder: Decoder,
    patches: Param,
    sight: Sight,
}

impl Model {
    fn walk<R: Real>(&self, tape: &mut Tape<R>, inputs: Inputs, divisor: Option<f64>, see: &mut See) -> Slot {
        self.decoder.walk(tape, inputs, divisor, see, |tape, pictures, see| {
            let rows = fusion::look(tape, pictures, self.sight, self.patches);
            see(format_args!("patches"), rows);
            rows
        })
    }

    fn head(&self) -> Param {
        self.decoder.stack.head()
    }
}

asked!(Model);
