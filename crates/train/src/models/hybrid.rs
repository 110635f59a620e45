//! A decoder whose blocks have mixers in any pattern: three of Kimi Delta Attention and one of latent attention without positions
//! are Kimi Linear (Kimi Team 2025, arXiv 2510.26692, section 4).
//!
//! The pattern is repeated over the blocks, and the last one may be cut.

use isoloss_engine::{Params, Real};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shape::{self, Common};
use super::stack::{Applied, Parts, Stack};
use super::{Size, feed, memory, transformer};
use crate::config::Start;
use crate::corpora::Reading;
use crate::mixers::{self, Around};
use crate::refused::{Refused, sized};

pub(super) const SAYS: &str = "blocks of attention, latent attention and delta rules in any pattern";

/// The shape as an experiment writes it; what is left out follows from the rest.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Blocks.
    pub n_layer: usize,
    /// The mixers of the blocks, from the first on, and again.
    #[serde(default)]
    pub pattern: Vec<String>,
    /// Settings of each mixer, by its name: `isoloss list mixers NAME` tells them.
    #[serde(default)]
    pub mixers: Box<mixers::Settings>,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of a head, about: there are d_model / head_dim heads, at least one, which share d_model equally.
    #[serde(default = "shape::usual_head_dim")]
    pub head_dim: usize,
    /// d_ff / d_model; d_ff is the nearest multiple of 8.
    #[serde(default = "shape::usual_mlp_ratio")]
    pub mlp_ratio: f64,
    /// A mixture of experts in the place of the feed-forward.
    #[serde(default)]
    pub moe: Option<feed::Settings>,
    /// The head is the embedding.
    #[serde(default)]
    pub tied: bool,
    /// Added to the mean square in the norms of the stream.
    #[serde(default = "shape::usual_norm_eps")]
    pub norm_eps: f64,
    /// What a model with a memory looks up and keeps.
    #[serde(default)]
    pub memory: Option<memory::Settings>,
}

/// The shape in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Different tokens.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Blocks.
    pub n_layer: usize,
    /// The mixers of the blocks, from the first on, and again.
    pub pattern: Vec<mixers::Config>,
    /// Width inside SwiGLU.
    pub d_ff: usize,
    /// Experts in the place of SwiGLU, behind the first blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moe: Option<feed::Moe>,
    /// The head is the embedding.
    pub tied: bool,
    /// Added to the mean square in norms.
    pub norm_eps: f64,
    /// Multiplies the logits.
    pub logit_scale: f64,
}

impl Shape {
    pub(super) fn complete(&self, reading: &Reading) -> Result<Config, Refused> {
        match self.memory {
            None => self.decoder(reading),
            Some(_) => Err(Refused::new("memory", "is of `kind = \"memory\"`: a hybrid reads none")),
        }
    }

    /// The decoder, whatever it may remember.
    pub(super) fn decoder(&self, reading: &Reading) -> Result<Config, Refused> {
        let vocab_size = shape::text_only(reading, "hybrid")?;
        sized("n_layer", self.n_layer)?;
        let Self { n_layer, d_model, head_dim, mlp_ratio, tied, norm_eps, .. } = *self;
        let (group, rope_theta) = (shape::usual_group(), shape::usual_rope_theta());
        let common = Common { d_model, head_dim, group, mlp_ratio, qk_norm: false, tied, rope_theta, norm_eps };
        let transformer::Config { n_head, head_dim, d_ff, .. } = common.complete(n_layer, vocab_size)?;
        let around = Around { d_model, n_head, head_dim };
        let names = || mixers::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        if self.pattern.is_empty() {
            return Err(Refused::new("pattern", format!("is empty: it takes one or more of {}", names())));
        }
        let mixer = |name: &String| match self.mixers.complete(name, around) {
            Some(config) => config.map_err(|refused| refused.inside("mixers")),
            None => Err(Refused::new("pattern", format!("there is no mixer {name}: expected one of {}", names()))),
        };
        let pattern = self.pattern.iter().map(mixer).collect::<Result<_, _>>()?;
        let moe = self.moe.map(|moe| moe.complete(d_ff)).transpose().map_err(|refused| refused.inside("moe"))?;
        feed::some_left(moe, n_layer)?;
        Ok(Config { vocab_size, d_model, n_layer, pattern, d_ff, moe, tied, norm_eps, logit_scale: 1.0 })
    }
}

impl Config {
    /// The mixer of a block.
    pub(super) fn mixer(&self, block: usize) -> &mixers::Config {
        &self.pattern[block % self.pattern.len()]
    }

    /// What `f` makes of what the stack is made of.
    pub(super) fn with_parts<T>(&self, f: impl FnOnce(Parts) -> T) -> T {
        let Self { vocab_size, d_model, n_layer, d_ff, tied, norm_eps, logit_scale, .. } = *self;
        let mixers: &Vec<_> = &(0..n_layer).map(|block| self.mixer(block).clone()).collect();
        let feed = |number: usize| match self.moe {
            Some(moe) if number >= moe.dense => feed::Config::Moe(moe),
            _ => feed::Config::Swiglu { d_ff },
        };
        let feeds = &(0..n_layer).map(feed).collect::<Vec<_>>();
        f(Parts { vocab_size, d_model, mixers, feeds, tied, norm_eps, logit_scale, places: 0, reads: None })
    }

    pub(super) fn size(&self, seq_len: usize) -> Size {
        self.with_parts(|parts| parts.size(seq_len, Applied { blocks: |_| [1; 2], heads: 1 }))
    }

    pub(super) fn build<R: Real>(&self, params: &mut Params<R>, start: &Start) -> Stack {
        self.with_parts(|parts| Stack::new(parts, params, start))
    }
}

/// The model.
pub type Model = Stack;
