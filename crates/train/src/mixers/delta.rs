//! What the gated delta rules have in common: projections, short convolutions, gates, and the rule.
//!
//! q, k, v = silu(conv(W x)), q and k of length 1 head by head, beta = s(W_b x), g the log-decay ([`isoloss_engine::Decay`]), o the
//! rule ([`isoloss_engine::DeltaRule`]), y = gate * norm(o) head by head. (Kimi Linear, arXiv 2510.26692, section 3.2.)

use isoloss_engine::ops::{delta_rule, short_conv};
use isoloss_engine::{Activation, Columns, Decay, DeltaRule, Param, Real, Slot, Tape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::past::last;
use super::{Around, Cache, Cost, Reach};
use crate::models::{Role, See};
use crate::multiply_adds::MultiplyAdds;
use crate::refused::{Refused, not_negative, positive, sized, within};
use crate::weights::Weights;

/// Under the root where queries and keys are made of length 1.
const EPS: f64 = 1e-6;

/// What decays by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Every channel of the keys.
    Channel,
    /// Every head as a whole.
    Head,
}

/// What outputs are gated by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The logistic function.
    #[default]
    Sigmoid,
    /// x times its logistic function.
    Silu,
    /// Nothing.
    None,
}

/// The settings. Heads are those of the model.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Tokens that the short convolutions of queries, keys and values reach over; 0 for none.
    pub conv: usize,
    /// What outputs are gated by.
    pub gate: Gate,
    /// Width that the maps to gates and decays go through: a head's by default.
    pub rank: Option<usize>,
    /// Value heads to a head of queries and keys.
    pub value_group: usize,
    /// Decays are bounded: no log-decay is below minus this.
    pub bound: Option<f64>,
    /// Added to the mean square where outputs are normed.
    pub norm_eps: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { conv: 4, gate: Gate::Sigmoid, rank: None, value_group: 1, bound: None, norm_eps: 1e-5 }
    }
}

/// The mixer in full.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Heads of queries and keys.
    pub n_head: usize,
    /// Heads of values, decays and gates.
    pub n_value_head: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// What decays by itself.
    pub decay: Of,
    /// Tokens that the short convolutions reach over; 0 for none.
    pub conv: usize,
    /// What outputs are gated by.
    pub gate: Gate,
    /// Width that the maps to gates and decays go through.
    pub rank: usize,
    /// No log-decay is below minus this.
    pub bound: Option<f64>,
    /// Added to the mean square where outputs are normed.
    pub norm_eps: f64,
}

impl Settings {
    pub(super) fn complete(&self, decay: Of, around: Around) -> Result<Config, Refused> {
        let Around { d_model, n_head, head_dim } = around;
        let rank = self.rank.unwrap_or(head_dim);
        sized("rank", rank)?;
        sized("value_group", self.value_group)?;
        not_negative("norm_eps", self.norm_eps)?;
        within("conv", self.conv as f64, self.conv <= 1024, "a number of tokens up to 1024")?;
        if let Some(bound) = self.bound {
            positive("bound", bound)?;
        }
        let n_value_head = n_head * self.value_group;
        let Self { conv, gate, bound, norm_eps, .. } = *self;
        Ok(Config { d_model, n_head, n_value_head, head_dim, decay, conv, gate, rank, bound, norm_eps })
    }
}

impl Config {
    /// Columns of queries, which is that of keys; of values.
    fn widths(&self) -> [usize; 2] {
        [self.n_head, self.n_value_head].map(|heads| heads * self.head_dim)
    }

    /// Log-decays of a token.
    fn decays(&self) -> usize {
        match self.decay {
            Of::Channel => self.n_value_head * self.head_dim,
            Of::Head => self.n_value_head,
        }
    }

    /// Columns of what is taken from the stream: q, k, v, beta, the way to decays, the way to gates.
    fn parts(&self) -> Vec<usize> {
        let [q, v] = self.widths();
        let to_decay = if self.decay == Of::Channel { self.rank } else { self.n_value_head };
        let mut parts = vec![q, q, v, self.n_value_head, to_decay];
        parts.extend((self.gate != Gate::None).then_some(self.rank));
        parts
    }

    pub(crate) fn cost(&self, seq_len: usize) -> Cost {
        let ([q, v], parts) = (self.widths(), self.parts());
        let taken: usize = parts.iter().sum();
        let [gated, wide] = [self.gate != Gate::None, self.decay == Of::Channel].map(usize::from);
        let convolved = (2 * q + v) * self.conv;
        let state = self.n_value_head * self.head_dim * self.head_dim;
        let up = self.rank * (wide * self.decays() + gated * v);
        // S^T k, k w^T and S^T q of every token (arXiv 2510.26692, equation 13: 6 T d^2 FLOPs a head), and the kernels.
        let rule = (seq_len * 3 * state) as f64;
        let executed = delta_rule::multiply_adds(seq_len, self.n_value_head, [self.head_dim; 2]);
        let mut mixing = MultiplyAdds { algorithmic: rule, full: rule, executed };
        mixing += MultiplyAdds::plain(short_conv::multiply_adds(seq_len, 2 * q + v, self.conv));
        // Every channel is convolved, activated, and made of length 1 or not; the rule keeps a state for every few tokens.
        let shaped = 3 * (2 * q + v) + 2 * q + 3 * self.decays() + 2 * self.n_value_head;
        let out = 2 * v + gated * (3 * v + self.rank);
        Cost {
            matrices: (self.d_model * taken + up + v * self.d_model) as u64,
            vectors: (convolved + self.n_value_head + self.decays() + self.head_dim) as u64,
            mixing,
            kept: (taken + shaped + out + state / 16) as u64,
            widest: taken as u64,
            cache: Cache { per_token: 0, fixed: (state + (2 * q + v) * self.conv.saturating_sub(1)) as u64 },
        }
    }
}

/// Handles to the weights, and what the ops need to know.
#[derive(Clone, Debug)]
pub struct Mixer {
    taken: Param,
    /// from the rank to decays
    decays: Option<Param>,
    /// from the rank to gates
    gates: Option<Param>,
    pub(super) out: Param,
    vectors: Option<Vectors>,
    config: Config,
}

#[derive(Clone, Debug)]
struct Vectors {
    kernels: Option<Param>,
    rate: Param,
    bias: Param,
    norm: Param,
}

impl Mixer {
    pub(crate) fn new<R: Real>(config: &Config, weights: &mut Weights<R>) -> Self {
        let ([_, v], rank) = (config.widths(), config.rank);
        let taken = weights.joined("taken", &config.parts(), config.d_model, Role::Hidden);
        let wide = config.decay == Of::Channel;
        let decays = wide.then(|| weights.matrix("decays", config.decays(), rank, Role::Hidden));
        let gates = (config.gate != Gate::None).then(|| weights.matrix("gates", v, rank, Role::Hidden));
        let out = weights.matrix("out", config.d_model, v, Role::Residual);
        Self { taken, decays, gates, out, vectors: None, config: *config }
    }

    pub(crate) fn vectors<R: Real>(&mut self, weights: &mut Weights<R>) {
        let Config { n_value_head, head_dim, conv, .. } = self.config;
        let [q, v] = self.config.widths();
        // Even between plus and minus 1 / sqrt(taps), as convolutions begin elsewhere.
        let reach = (conv as f64).sqrt().recip();
        let kernels = (conv > 0).then(|| weights.drawn("kernels", &[2 * q + v, conv], |u| reach * (2.0 * u - 1.0)));
        // Decays begin between e^-0.001 and e^-1.6: rates even from 1 to 16, steps even in their logarithm from 0.001 to 0.1
        // (Gu and Dao 2023, arXiv 2312.00752, section 3.6), of which the bias is the inverse softplus.
        let rate = weights.drawn("rate", &[n_value_head], |u| libm::log(1.0 + 15.0 * u));
        let step = |u: f64| 0.001 * libm::pow(100.0, u);
        let bias = weights.drawn("decay_bias", &[self.config.decays()], |u| libm::log(libm::expm1(step(u))));
        let norm = weights.ones("norm_out", head_dim);
        self.vectors = Some(Vectors { kernels, rate, bias, norm });
    }

    pub(super) fn mix<R: Real>(&self, tape: &mut Tape<R>, x: Slot, reach: Reach<R>, see: &mut See) -> Slot {
        let past = reach.past();
        let Config { n_head, n_value_head, head_dim, conv, rank, bound, norm_eps, .. } = self.config;
        let Vectors { kernels, rate, bias, norm } = *self.vectors.as_ref().expect("vectors were added");
        let ([q, v], length) = (self.config.widths(), x.length());
        let taken = tape.linear(x, self.taken);
        see(format_args!("queries, keys, values"), taken);
        let (mut past, mut shaped) = (past, taken.columns(0, 2 * q + v));
        if let Some(kernels) = kernels {
            let before = past.as_mut().map(|past| past.extend(tape, 0, shaped, conv - 1));
            let convolved = tape.short_conv(before.map_or(shaped, Columns::from), kernels);
            shaped = if before.is_some() { last(tape, convolved, length) } else { convolved }.into();
        }
        let shaped = tape.split(shaped);
        let shaped = tape.activation(shaped, Activation::Silu);
        let qk = tape.l2norm(shaped.columns(0, 2 * q), head_dim, EPS);

        let mut at = 2 * q + v;
        let mut next = |width: usize| {
            at += width;
            taken.columns(at - width, width)
        };
        let beta = tape.split(next(n_value_head));
        let beta = tape.activation(beta, Activation::Sigmoid);
        let raw = match self.decays {
            Some(decays) => {
                let narrow = tape.split(next(rank));
                tape.linear(narrow, decays).into()
            }
            None => next(n_value_head),
        };
        let decay = tape.decay(raw, rate, bias, bound.map_or(Decay::Softplus, Decay::Bounded));
        see(format_args!("log-decays"), decay);

        let initial = past.as_ref().and_then(|past| past.state(tape));
        let (o, state) = tape.delta_rule(DeltaRule {
            q: qk.columns(0, q),
            k: qk.columns(q, q),
            v: shaped.columns(2 * q, v),
            decay: decay.into(),
            beta: beta.into(),
            heads: n_head,
            value_heads: n_value_head,
            scale: (head_dim as f64).sqrt().recip(),
            initial,
        });
        if let Some(past) = past {
            past.keep(tape, state);
            past.tokens += length;
        }
        let o = tape.rmsnorm(o, norm, norm_eps);
        let Some(gates) = self.gates else { return o };
        let narrow = tape.split(next(rank));
        let gates = tape.linear(narrow, gates);
        let f = if self.config.gate == Gate::Silu { Activation::Silu } else { Activation::Sigmoid };
        let gates = tape.activation(gates, f);
        tape.multiply(o, gates)
    }
}
