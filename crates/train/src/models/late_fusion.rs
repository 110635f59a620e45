//! Late fusion (Shukor et al. 2025, arXiv 2504.07951, section 2.1): pictures go through an encoder of their own, a vision
//! transformer (Dosovitskiy et al. 2021, arXiv 2010.11929) with the blocks of the decoder, and what comes out takes the place of patches
//! in an early-fusion decoder.
//!
//! In the encoder every patch reads all of its picture, and positions are embeddings that are learnt.

use isoloss_engine::{Param, Params, Real, Slot, Tape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::asked::asked;
use super::fusion::{self, Decoder};
use super::inputs::Inputs;
use super::shape::shape;
use super::stack::{Applied, Blocks, Parts, Way};
use super::{Role, See, Size, early_fusion, feed};
use crate::config::Start;
use crate::corpora::{Reading, Sight};
use crate::mixers::{self, Reach, attention};
use crate::multiply_adds::{MultiplyAdds, Reads};
use crate::refused::{Refused, positive, sized};
use crate::weights::Weights;

pub(super) const SAYS: &str = "a decoder of text, and of pictures that went through an encoder of their own";

shape! {
    qk_norm: "crate::models::shape::yes";
    /// The shape as an experiment writes it; what is left out follows from the rest.
    pub struct Shape {
        /// Blocks of the decoder.
        pub n_layer: usize,
        /// A mixture of experts in the place of the decoder's feed-forward.
        #[serde(default)]
        pub moe: Option<feed::Settings>,
        /// The encoder.
        #[serde(default)]
        pub vision: Settings,
    }
}

/// The encoder as an experiment writes it.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Blocks: as many as the decoder has by default.
    pub n_layer: Option<usize>,
    /// Its width over that of the decoder, in whole heads of the decoder's width.
    pub ratio: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { n_layer: None, ratio: 0.5 }
    }
}

/// The encoder in full.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vision {
    /// Blocks.
    pub n_layer: usize,
    /// Width of its stream.
    pub d_model: usize,
    /// Heads.
    pub n_head: usize,
    /// Width inside SwiGLU.
    pub d_ff: usize,
}

/// The shape in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The decoder.
    #[serde(flatten)]
    pub early: early_fusion::Config,
    /// The encoder.
    pub vision: Vision,
}

impl Shape {
    pub(super) fn complete(&self, reading: &Reading) -> Result<Config, Refused> {
        let Self { n_layer, moe, d_model, vision: Settings { n_layer: layers, ratio }, .. } = *self;
        let early = early_fusion::completed(self.common(), n_layer, moe, reading)?;
        positive("vision.ratio", ratio)?;
        let stack = &early.stack;
        let n_head = ((d_model as f64 * ratio / stack.head_dim as f64).round() as usize).max(1);
        let wide = n_head.saturating_mul(stack.head_dim);
        sized("vision.ratio", wide)
            .map_err(|_| Refused::new("vision.ratio", format!("makes an encoder of {wide} columns")))?;
        let n_layer = layers.unwrap_or(n_layer);
        sized("vision.n_layer", n_layer)?;
        let d_ff = ((stack.d_ff * wide) as f64 / d_model as f64 / 8.0).round().max(1.0) as usize * 8;
        Ok(Config { vision: Vision { n_layer, d_model: wide, n_head, d_ff }, early })
    }
}

impl Config {
    /// What `f` makes of what the encoder is made of.
    fn with_encoder<T>(&self, f: impl FnOnce(Parts) -> T) -> T {
        let (stack, Vision { n_layer, d_model, n_head, d_ff }) = (&self.early.stack, self.vision);
        let mixer = attention::Config {
            d_model,
            n_head,
            n_kv_head: n_head,
            head_dim: stack.head_dim,
            qk_norm: stack.qk_norm,
            rope_theta: None,
            norm_eps: stack.norm_eps,
        };
        let (mixers, feeds) =
            (&vec![mixers::Config::Attention(mixer); n_layer], &vec![feed::Config::Swiglu { d_ff }; n_layer]);
        let patches = self.early.sight().patches();
        // Its only embedding is that of places.
        f(Parts {
            vocab_size: 0,
            d_model,
            mixers,
            feeds,
            tied: true,
            norm_eps: stack.norm_eps,
            logit_scale: 1.0,
            places: patches,
            reads: Some(Reads { pairs: patches.pow(2) as f64, scores: fusion::scores_of_all(patches) }),
        })
    }

    pub(super) fn size(&self, seq_len: usize) -> Size {
        let (stack, pictures, patches) = (&self.early.stack, self.early.pictures, self.early.sight().patches());
        let mut size = fusion::size(stack, self.early.moe, pictures, seq_len);
        let encoder = self.with_encoder(|parts| parts.size(patches, Applied { blocks: |_| [1; 2], heads: 0 }));
        let connector = (stack.d_model * self.vision.d_model) as u64;
        let own = encoder.stored + connector;
        size.stored += own;
        size.effective += own;
        size.active += own;
        size.embedding += encoder.embedding;
        let share = pictures.per_window * patches as f64 / seq_len as f64;
        size.vision = Some((own - encoder.embedding, share));
        size.multiply_adds += encoder.multiply_adds.on_average(pictures.per_window);
        size.multiply_adds += MultiplyAdds::plain((patches as u64 * connector) as f64).on_average(pictures.per_window);
        size.activations += pictures.per_window * (encoder.activations + (patches * stack.d_model) as f64);
        size.muon_scratch = size.muon_scratch.max(encoder.muon_scratch);
        size.add_patches(self.vision.d_model, pictures);
        size
    }

    pub(super) fn build<R: Real>(&self, params: &mut Params<R>, start: &Start) -> Model {
        let (stack, sight, wide) = (&self.early.stack, self.early.sight(), self.vision.d_model);
        let decoder = Decoder::new(stack, self.early.moe, self.early.pictures, params, start);
        let mut weights = Weights::new(params, start);
        let patches = weights.of_data("patches", wide, sight.width());
        let places = weights.matrix("places", sight.patches(), wide, Role::Embedding);
        let blocks = self.with_encoder(|parts| Blocks::new("vision", &parts, &mut weights));
        let norm = weights.ones("vision_norm", wide);
        let connector = weights.matrix("connector", stack.d_model, wide, Role::Hidden);
        let eye = Eye { patches, places, blocks, norm, connector, sight, norm_eps: stack.norm_eps };
        Model { decoder, eye }
    }
}

/// The encoder's handles.
#[derive(Clone, Debug)]
struct Eye {
    patches: Param,
    places: Param,
    blocks: Blocks,
    norm: Param,
    /// from its stream to that of the decoder
    connector: Param,
    sight: Sight,
    norm_eps: f64,
}

impl Eye {
    /// Rows of the decoder's stream for every patch.
    fn look<R: Real>(&self, tape: &mut Tape<R>, pictures: Slot, see: &mut See) -> Slot {
        let (count, patches) = (pictures.sequences(), self.sight.patches());
        let x = fusion::look(tape, pictures, self.sight, self.patches);
        let numbers: Vec<u32> = (0..count).flat_map(|_| 0..patches as u32).collect();
        let numbers = tape.tokens(&numbers, patches);
        let places = tape.embedding(numbers, self.places, None);
        let x = tape.add(x, places);
        see(format_args!("patches"), x);
        let spans = tape.tokens(&[0, patches as u32].repeat(count * patches), 2 * patches);
        let way = Way { reach: Reach::Spans(spans), ..Way::behind(0) };
        let x = self
            .blocks
            .pass(tape, x, self.blocks.all(), way, &mut |name, slot| see(format_args!("vision {name}"), slot));
        let x = tape.rmsnorm(x, self.norm, self.norm_eps);
        tape.linear(x, self.connector)
    }
}

/// The model.
#[derive(Clone, Debug)]
pub struct Model {
    decoder: Decoder,
    eye: Eye,
}

impl Model {
    fn walk<R: Real>(&self, tape: &mut Tape<R>, inputs: Inputs, divisor: Option<f64>, see: &mut See) -> Slot {
        self.decoder.walk(tape, inputs, divisor, see, |tape, pictures, see| self.eye.look(tape, pictures, see))
    }

    fn head(&self) -> Param {
        self.decoder.stack.head()
    }
}

asked!(Model);
