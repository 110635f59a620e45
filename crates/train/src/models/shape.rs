//! What all decoders have in common in an experiment: the settings of a block, and what they make of a config.

use super::transformer::Config;
use crate::corpora::Reading;
use crate::mixers::attention::grouped;
use crate::refused::{MOST, Refused, not_negative, positive, sized, within};

/// Widths inside SwiGLU are multiples of this.
const WIDE: f64 = 8.0;

/// The shape of a decoder: its own settings, and then these; `qk_norm` names the function that says whether queries and keys are
/// normalised by default. A struct for each, so that a key that it does not know is refused
/// where it stands.
macro_rules! shape {
    (qk_norm: $qk_norm:literal; $(#[$meta:meta])* pub struct Shape { $($(#[$of_own:meta])* pub $own:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Shape {
            $($(#[$of_own])* pub $own: $type,)*
            /// Width of the residual stream.
            pub d_model: usize,
            /// Width of a head, about: there are d_model / head_dim heads, at least one, which share d_model equally.
            #[serde(default = "crate::models::shape::usual_head_dim")]
            pub head_dim: usize,
            /// Query heads that share a key and value head.
            #[serde(default = "crate::models::shape::usual_group")]
            pub group: usize,
            /// d_ff / d_model; d_ff is the nearest multiple of 8, as odd widths are slow. With 8/3 a block has about 12
            /// d_model^2 parameters.
            #[serde(default = "crate::models::shape::usual_mlp_ratio")]
            pub mlp_ratio: f64,
            /// Normalise queries and keys head by head.
            #[serde(default = $qk_norm)]
            pub qk_norm: bool,
            /// The head is the embedding.
            #[serde(default)]
            pub tied: bool,
            /// Base of the wavelengths of rotary positions.
            #[serde(default = "crate::models::shape::usual_rope_theta")]
            pub rope_theta: f64,
            /// Added to the mean square in norms.
            #[serde(default = "crate::models::shape::usual_norm_eps")]
            pub norm_eps: f64,
        }

        impl Shape {

            fn common(&self) -> $crate::models::shape::Common {
                let Self { d_model, head_dim, group, mlp_ratio, qk_norm, tied, rope_theta, norm_eps, .. } = *self;
                $crate::models::shape::Common { d_model, head_dim, group, mlp_ratio, qk_norm, tied, rope_theta, norm_eps }
            }
        }
    };
}
pub(super) use shape;

/// The vocabulary, for a model that reads tokens only.
pub(super) fn text_only(reading: &Reading, kind: &str) -> Result<usize, Refused> {
    match reading.pictures {
        None => Ok(reading.vocab_size),
        Some(_) => {
            let says = format!("{kind} sees no pictures, and the corpus has some: early_fusion and late_fusion do");
            Err(Refused::new("kind", says))
        }
    }
}

pub(super) fn yes() -> bool {
    true
}
pub(super) fn no() -> bool {
    false
}
pub(super) fn usual_head_dim() -> usize {
    64
}
pub(super) fn usual_group() -> usize {
    1
}
pub(super) fn usual_mlp_ratio() -> f64 {
    8.0 / 3.0
}
pub(super) fn usual_rope_theta() -> f64 {
    1e4
}
pub(super) fn usual_norm_eps() -> f64 {
    1e-5
}

/// Heads of about that width.
fn heads(d_model: usize, head_dim: usize) -> usize {
    (d_model / head_dim).max(1)
}

/// Do the heads share the width equally, in even widths, as rotary positions turn pairs?
fn is_shared(d_model: usize, head_dim: usize) -> bool {
    let heads = heads(d_model, head_dim);
    d_model.is_multiple_of(heads) && (d_model / heads).is_multiple_of(2)
}

/// What heads would share in the place of a width that they do not: the next widths below and above it, or the nearest width of a head.
fn instead(d_model: usize, head_dim: usize) -> String {
    let below = (1..d_model).rev().find(|width| is_shared(*width, head_dim));
    let above = (d_model + 1..=2 * d_model).find(|width| is_shared(*width, head_dim));
    let widths: Vec<String> = [below, above].into_iter().flatten().map(|width| width.to_string()).collect();
    let head = (1..=d_model).filter(|head| is_shared(d_model, *head)).min_by_key(|head| head.abs_diff(head_dim));
    let either = [
        (!widths.is_empty()).then(|| format!("d_model = {}", widths.join(" or "))),
        head.map(|head| format!("head_dim = {head}")),
    ];
    format!("take {}", either.into_iter().flatten().collect::<Vec<_>>().join(", or "))
}

/// The settings that all decoders have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    pub d_model: usize,
    pub head_dim: usize,
    pub group: usize,
    pub mlp_ratio: f64,
    pub qk_norm: bool,
    pub tied: bool,
    pub rope_theta: f64,
    pub norm_eps: f64,
}

impl Common {
    /// A stack of so many blocks.
    pub fn complete(&self, n_layer: usize, vocab_size: usize) -> Result<Config, Refused> {
        let Self { d_model, head_dim, group, mlp_ratio, .. } = *self;
        for (setting, n) in [("d_model", d_model), ("head_dim", head_dim), ("group", group)] {
            sized(setting, n)?;
        }
        positive("rope_theta", self.rope_theta)?;
        not_negative("norm_eps", self.norm_eps)?;
        let n_head = heads(d_model, head_dim);
        if !is_shared(d_model, head_dim) {
            let heads = match n_head {
                1 => "one head, of an odd width".to_owned(),
                n => format!("{n} heads, which do not share it equally in even widths"),
            };
            let says = format!("{d_model} with head_dim = {head_dim} makes {heads}: {}", instead(d_model, head_dim));
            return Err(Refused::new("d_model", says));
        }
        grouped(n_head, group)?;
        let d_ff = ((mlp_ratio * d_model as f64 / WIDE).round() * WIDE).max(WIDE);
        within(
            "mlp_ratio",
            mlp_ratio,
            mlp_ratio > 0.0 && d_ff <= MOST as f64,
            "a ratio that leaves a width inside SwiGLU",
        )?;
        Ok(Config {
            vocab_size,
            d_model,
            n_layer,
            n_head,
            n_kv_head: n_head / group,
            head_dim: d_model / n_head,
            d_ff: d_ff as usize,
            qk_norm: self.qk_norm,
            tied: self.tied,
            rope_theta: self.rope_theta,
            norm_eps: self.norm_eps,
            logit_scale: 1.0,
        })
    }
}
