//! The feed-forward of a block: SwiGLU (Shazeer 2020, arXiv 2002.05202), h <- h + W_d (silu(W_g x) * W_u x), or a mixture of
//! such experts with one that all tokens pass beside it (DeepSeek-AI 2024, DeepSeek-V3, arXiv 2412.19437, section 2.1.2).

use isoloss_engine::{Experts, Param, Real, Slot, Tape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Role, See};
use crate::refused::{Refused, not_negative, positive, sized, within};
use crate::weights::Weights;

/// The settings of a mixture.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Experts to be chosen from.
    pub experts: usize,
    /// Experts of a token.
    pub chosen: usize,
    /// Width inside of an expert: by default that of the dense feed-forward over all experts of a token, the shared ones among
    /// them, in multiples of 8.
    #[serde(default)]
    pub d_expert: Option<usize>,
    /// Experts that all tokens pass, as one of so many times the width.
    #[serde(default = "one")]
    pub shared: usize,
    /// Blocks, the first ones, that have the dense feed-forward.
    #[serde(default = "one")]
    pub dense: usize,
    /// What the gates of a token add up to.
    #[serde(default = "whole")]
    pub scale: f64,
    /// Step of the biases that balance the experts without a loss (arXiv 2408.15664); 0 for no biases.
    #[serde(default = "rate")]
    pub rate: f64,
    /// Coefficient of the balance loss (arXiv 2101.03961, eq. 4).
    #[serde(default)]
    pub coefficient: f64,
}

fn one() -> usize {
    1
}
fn whole() -> f64 {
    1.0
}
fn rate() -> f64 {
    0.001
}

/// Experts in full.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moe {
    /// Experts to be chosen from.
    pub experts: usize,
    /// Experts of a token.
    pub chosen: usize,
    /// Width inside of an expert.
    pub d_expert: usize,
    /// Experts that all tokens pass.
    pub shared: usize,
    /// Blocks, the first ones, that have the dense feed-forward.
    pub dense: usize,
    /// What the gates of a token add up to.
    pub scale: f64,
    /// Step of the biases that balance the experts.
    pub rate: Option<f64>,
    /// Coefficient of the balance loss.
    pub coefficient: f64,
}

impl Settings {
    /// In full, where the dense feed-forward has the width `d_ff`.
    pub(super) fn complete(&self, d_ff: usize) -> Result<Moe, Refused> {
        let Self { experts, chosen, shared, dense, scale, coefficient, .. } = *self;
        sized("experts", experts)?;
        let most = format!("a number of experts from 1 to {experts}");
        within("chosen", chosen as f64, (1..=experts).contains(&chosen), &most)?;
        within("shared", shared as f64, shared <= 1024, "a number of experts up to 1024")?;
        positive("scale", scale)?;
        not_negative("rate", self.rate)?;
        not_negative("coefficient", coefficient)?;
        if chosen == 1 && experts > 1 && coefficient == 0.0 {
            // Gates of a token add up to `scale`: that of an only expert is constant, and no gradient passes it.
            let says = "1 leaves the router without a gradient: choose 2 or more, or give the balance loss a coefficient above 0";
            return Err(Refused::new("chosen", says));
        }
        let d_expert = self.d_expert.unwrap_or_else(|| (d_ff / (chosen + shared) / 8 * 8).max(8));
        sized("d_expert", d_expert)?;
        let rate = (self.rate > 0.0).then_some(self.rate);
        Ok(Moe { experts, chosen, d_expert, shared, dense, scale, rate, coefficient })
    }
}

/// Refuses dense blocks that leave none to experts.
pub(super) fn some_left(moe: Option<Moe>, n_layer: usize) -> Result<(), Refused> {
    match moe.filter(|moe| moe.dense >= n_layer) {
        Some(moe) => {
            let says = format!("{} dense blocks of {n_layer} leave none to experts", moe.dense);
            Err(Refused::new("dense", says).inside("moe"))
        }
        None => Ok(()),
    }
}

/// Which feed-forward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Config {
    Swiglu { d_ff: usize },
    Moe(Moe),
}

/// What a feed-forward costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// Parameters, those of matrices that a token passes, and those of vectors.
    pub stored: u64,
    pub active: u64,
    pub vectors: u64,
    /// Numbers held for one token, and the columns of the widest value.
    pub kept: u64,
    pub widest: u64,
}

impl Config {
    pub fn cost(&self, d_model: usize) -> Cost {
        let swiglu = |d_ff: usize| {
            let (all, ff) = (3 * (d_model * d_ff) as u64, d_ff as u64);
            Cost { stored: all, active: all, vectors: 0, kept: 3 * ff, widest: ff }
        };
        match *self {
            Self::Swiglu { d_ff } => swiglu(d_ff),
            Self::Moe(Moe { experts, chosen, d_expert, shared, rate, .. }) => {
                let [one, beside] = [d_expert, shared * d_expert].map(swiglu);
                let [experts, chosen] = [experts, chosen].map(|n| n as u64);
                let router = experts * d_model as u64;
                let bias = if rate.is_some() { experts } else { 0 };
                Cost {
                    stored: router + bias + experts * one.stored + beside.stored,
                    active: router + chosen * one.active + beside.active,
                    vectors: bias,
                    kept: experts + chosen + 2 * chosen * d_expert as u64 + beside.kept + 2 * d_model as u64,
                    widest: (chosen * 2 * d_expert as u64).max(beside.widest),
                }
            }
        }
    }
}

/// Handles to the weights.
#[derive(Clone, Debug)]
pub(super) enum Feed {
    Swiglu(Swiglu),
    Moe { experts: Experts, shared: Option<Swiglu>, coefficient: f64 },
}

#[derive(Clone, Debug)]
pub(super) struct Swiglu {
    gate_up: Param,
    down: Param,
    d_ff: usize,
}

impl Swiglu {
    fn new<R: Real>(names: [&str; 2], d_model: usize, d_ff: usize, weights: &mut Weights<R>) -> Self {
        let gate_up = weights.joined(names[0], &[d_ff, d_ff], d_model, Role::Hidden);
        let down = weights.matrix(names[1], d_model, d_ff, Role::Residual);
        Self { gate_up, down, d_ff }
    }

    fn onto<R: Real>(&self, tape: &mut Tape<R>, stream: Slot, x: Slot, see: &mut See) -> Slot {
        let gate_up = tape.linear(x, self.gate_up);
        let h = tape.swiglu(gate_up.columns(0, self.d_ff), gate_up.columns(self.d_ff, self.d_ff));
        see(format_args!("SwiGLU"), h);
        tape.linear_onto(stream, h, self.down)
    }
}

impl Feed {
    pub fn new<R: Real>(d_model: usize, config: &Config, weights: &mut Weights<R>) -> Self {
        match *config {
            Config::Swiglu { d_ff } => Self::Swiglu(Swiglu::new(["gate_up", "down"], d_model, d_ff, weights)),
            Config::Moe(of) => {
                let Moe { experts, chosen, d_expert, scale, coefficient, .. } = of;
                // What is chosen by is learnt as what tokens are chosen by.
                let router = weights.matrix("router", experts, d_model, Role::Head);
                let gate_up = weights.joined("experts_gate_up", &vec![d_expert; 2 * experts], d_model, Role::Hidden);
                let down = weights.joined("experts_down", &vec![d_model; experts], d_expert, Role::Residual);
                let bias = of.rate.map(|_| weights.zeros("balance", experts, Role::Balance));
                let names = ["shared_gate_up", "shared_down"];
                let shared = (of.shared > 0).then(|| Swiglu::new(names, d_model, of.shared * d_expert, weights));
                let experts = Experts { router, bias, gate_up, down, chosen, scale };
                Self::Moe { experts, shared, coefficient }
            }
        }
    }

    /// The stream with what is made of the normed stream x. A balance loss is added where a `divisor` is given, the tokens
    /// of the whole batch.
    pub fn onto<R: Real>(
        &self,
        tape: &mut Tape<R>,
        stream: Slot,
        x: Slot,
        divisor: Option<f64>,
        see: &mut See,
    ) -> Slot {
        match self {
            Self::Swiglu(swiglu) => swiglu.onto(tape, stream, x, see),
            Self::Moe { experts, shared, coefficient } => {
                let stream = shared.as_ref().map_or(stream, |shared| shared.onto(tape, stream, x, see));
                let coefficient = if divisor.is_some() { *coefficient } else { 0.0 };
                let routed = tape.moe_onto(stream, x, *experts, coefficient, divisor.unwrap_or_default());
                see(format_args!("{LOADS}"), routed.loads);
                routed.y
            }
        }
    }
}

/// What the tokens of each expert are called, `[1, sequences, experts]`.
pub(crate) const LOADS: &str = "loads";
