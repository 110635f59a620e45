//! The decoder of Llama's kind (Touvron et al. 2023, arXiv 2302.13971, section 2.2): pre-norm RMSNorm, rotary positions,
//! grouped-query attention, SwiGLU, no biases; the head is a matrix of its own or the embedding.
//!
//! h <- h + W_o attention(rope(W_qkv norm(h))), h <- h + W_d swiglu(W_gu norm(h)), logits = W_h norm(h)

use isoloss_engine::{Params, Real};
use serde::{Deserialize, Serialize};

use super::shape::{shape, text_only};
use super::stack::{Applied, Parts, Stack};
use super::{Size, feed};
use crate::config::Start;
use crate::corpora::Reading;
use crate::mixers::{self, attention};
use crate::refused::{Refused, sized};

pub(super) const SAYS: &str = "pre-norm RMSNorm, RoPE, grouped-query attention, SwiGLU";

shape! {
    qk_norm: "crate::models::shape::no";
    /// The shape as an experiment writes it; what is left out follows from the rest.
    pub struct Shape {
        /// Blocks.
        pub n_layer: usize,
    }
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
    /// Query heads.
    pub n_head: usize,
    /// Key and value heads.
    pub n_kv_head: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Width inside SwiGLU.
    pub d_ff: usize,
    /// Queries and keys are normalised head by head.
    pub qk_norm: bool,
    /// The head is the embedding.
    pub tied: bool,
    /// Base of the wavelengths of rotary positions.
    pub rope_theta: f64,
    /// Added to the mean square in norms.
    pub norm_eps: f64,
    /// Multiplies the logits.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub logit_scale: f64,
}

fn one() -> f64 {
    1.0
}

/// What changes nothing is not written: configs are as they were before there was such a factor.
fn is_one(x: &f64) -> bool {
    *x == 1.0
}

impl Shape {
    pub(super) fn complete(&self, reading: &Reading) -> Result<Config, Refused> {
        let vocab_size = text_only(reading, "transformer")?;
        sized("n_layer", self.n_layer)?;
        self.common().complete(self.n_layer, vocab_size)
    }
}

impl Config {
    /// The mixer of every block.
    fn mixer(&self) -> mixers::Config {
        let Self { d_model, n_head, n_kv_head, head_dim, qk_norm, rope_theta, norm_eps, .. } = *self;
        let rope_theta = Some(rope_theta);
        let attention = attention::Config { d_model, n_head, n_kv_head, head_dim, qk_norm, rope_theta, norm_eps };
        mixers::Config::Attention(attention)
    }

    /// What `f` makes of what the stack is made of.
    pub(super) fn with_parts<T>(&self, f: impl FnOnce(Parts) -> T) -> T {
        let Self { vocab_size, d_model, n_layer, d_ff, tied, norm_eps, logit_scale, .. } = *self;
        let (mixers, feeds) = (&vec![self.mixer(); n_layer], &vec![feed::Config::Swiglu { d_ff }; n_layer]);
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
