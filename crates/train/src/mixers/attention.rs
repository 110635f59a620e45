//! Grouped-query attention with rotary positions (Ainslie et al. 2023, arXiv 2305.13245; Su et al. 2021, arXiv 2104.09864).

use isoloss_engine::{Columns, Param, Real, Rope, Slot, Tape, Tokens};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Around, Cache, Cost, Reach};
use crate::models::{Role, See};
use crate::multiply_adds::{MultiplyAdds, Reads};
use crate::refused::{Refused, not_negative, positive, sized};
use crate::weights::Weights;

pub(super) const SAYS: &str = "softmax attention, queries in groups, rotary positions or none";

/// The settings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Query heads that share a key and value head.
    pub group: usize,
    /// Normalise queries and keys head by head.
    pub qk_norm: bool,
    /// Turn queries and keys by their positions.
    pub rope: bool,
    /// Base of the wavelengths of rotary positions.
    pub rope_theta: f64,
    /// Added to the mean square where queries and keys are normalised.
    pub norm_eps: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { group: 1, qk_norm: false, rope: true, rope_theta: 1e4, norm_eps: 1e-5 }
    }
}

/// The mixer in full.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Query heads.
    pub n_head: usize,
    /// Key and value heads.
    pub n_kv_head: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Queries and keys are normalised head by head.
    pub qk_norm: bool,
    /// Base of the wavelengths of rotary positions; none for no positions.
    pub rope_theta: Option<f64>,
    /// Added to the mean square where queries and keys are normalised.
    pub norm_eps: f64,
}

/// Refuses groups that query heads cannot form.
pub(crate) fn grouped(n_head: usize, group: usize) -> Result<(), Refused> {
    if n_head.is_multiple_of(group) {
        return Ok(());
    }
    let divisors: Vec<String> = (1..=n_head).filter(|of| n_head.is_multiple_of(*of)).map(|of| of.to_string()).collect();
    let heads = if n_head == 1 { "head" } else { "heads" };
    let says = format!("{n_head} query {heads} cannot form groups of {group}: take one of {}", divisors.join(", "));
    Err(Refused::new("group", says))
}

impl Settings {
    pub(super) fn complete(&self, around: Around) -> Result<Config, Refused> {
        let Around { d_model, n_head, head_dim } = around;
        sized("group", self.group)?;
        positive("rope_theta", self.rope_theta)?;
        not_negative("norm_eps", self.norm_eps)?;
        grouped(n_head, self.group)?;
        let rope_theta = self.rope.then_some(self.rope_theta);
        let Self { qk_norm, norm_eps, .. } = *self;
        Ok(Config { d_model, n_head, n_kv_head: n_head / self.group, head_dim, qk_norm, rope_theta, norm_eps })
    }
}

impl Config {
    /// Query heads; key and value heads.
    fn heads(&self) -> [usize; 2] {
        [self.n_head, self.n_kv_head]
    }

    /// What scores are multiplied by.
    fn scale(&self) -> f64 {
        (self.head_dim as f64).sqrt().recip()
    }

    /// Columns of queries; of keys, which is that of values.
    fn widths(&self) -> [usize; 2] {
        [self.n_head * self.head_dim, self.n_kv_head * self.head_dim]
    }

    /// Multiply-adds where tokens read spans of their own.
    pub(crate) fn within(&self, seq_len: usize, reads: Reads) -> MultiplyAdds {
        MultiplyAdds::within(seq_len, self.n_head, [self.head_dim; 2], reads)
    }

    /// Parameters of the map to queries, keys and values.
    pub(crate) fn projected(&self) -> u64 {
        let [q, kv] = self.widths();
        (self.d_model * (q + 2 * kv)) as u64
    }

    pub(crate) fn cost(&self, seq_len: usize) -> Cost {
        let [q, kv] = self.widths();
        let normed = if self.qk_norm { q + kv + self.n_head + self.n_kv_head } else { 0 };
        let turned = if self.rope_theta.is_some() { q + kv } else { 0 };
        Cost {
            matrices: self.projected() + (q * self.d_model) as u64,
            vectors: if self.qk_norm { 2 * self.head_dim as u64 } else { 0 },
            mixing: MultiplyAdds::causal(seq_len, self.n_head, [self.head_dim; 2]),
            kept: (q + 2 * kv + turned + normed + q + self.n_head) as u64,
            widest: (q + kv) as u64,
            cache: Cache { per_token: 2 * kv as u64, fixed: 0 },
        }
    }
}

/// Handles to the weights, and what the ops need to know.
#[derive(Clone, Debug)]
pub struct Mixer {
    qkv: Param,
    pub(super) out: Param,
    /// norms of queries and of keys
    qk: Option<[Param; 2]>,
    rope: Option<Rope>,
    config: Config,
}

impl Mixer {
    pub(crate) fn new<R: Real>(config: &Config, weights: &mut Weights<R>) -> Self {
        let [q, kv] = config.widths();
        let d = config.d_model;
        let qkv = weights.joined("qkv", &[q, kv, kv], d, Role::Hidden);
        let out = weights.matrix("out", d, q, Role::Residual);
        let rope = config.rope_theta.map(|theta| Rope::new(config.head_dim, theta));
        Self { qkv, out, qk: None, rope, config: *config }
    }

    pub(crate) fn vectors<R: Real>(&mut self, weights: &mut Weights<R>) {
        let width = self.config.head_dim;
        self.qk = self.config.qk_norm.then(|| ["norm_q", "norm_k"].map(|name| weights.ones(name, width)));
    }

    /// Queries, keys and values of the normed stream x, whose first token has that position.
    fn project<R: Real>(&self, tape: &mut Tape<R>, x: Slot, from: isize, see: &mut See) -> Projected {
        let Config { norm_eps: eps, .. } = self.config;
        let [q, kv] = self.config.widths();
        let qkv = tape.linear(x, self.qkv);
        see(format_args!("queries, keys, values"), qkv);
        let [queries, keys, values] = [qkv.columns(0, q), qkv.columns(q, kv), qkv.columns(q + kv, kv)];
        let rope = self.rope.map(|rope| Rope { from, ..rope });
        match (self.qk, rope) {
            // Queries and keys lie side by side and turn alike.
            (None, Some(rope)) => {
                let qk = tape.rope(qkv.columns(0, q + kv), rope);
                let turned = [qk.columns(0, q), qk.columns(q, kv)];
                Projected { turned, bare: [queries, keys], values }
            }
            (None, None) => Projected { turned: [queries, keys], bare: [queries, keys], values },
            (Some([of_q, of_k]), rope) => {
                let bare = [tape.rmsnorm(queries, of_q, eps), tape.rmsnorm(keys, of_k, eps)];
                let turned = bare.map(|part| rope.map_or(part, |rope| tape.rope(part, rope)).into());
                Projected { turned, bare: bare.map(Columns::from), values }
            }
        }
    }

    pub(super) fn mix<R: Real>(&self, tape: &mut Tape<R>, x: Slot, reach: Reach<R>, see: &mut See) -> Slot {
        let from = if let Reach::Past(past) = &reach { past.tokens as isize } else { 0 };
        let Projected { turned: [queries, mut keys], mut values, .. } = self.project(tape, x, from, see);
        let (heads, scale) = (self.config.heads(), self.config.scale());
        match reach {
            Reach::Window => {}
            Reach::Spans(spans) => return tape.attention_within(queries, keys, values, heads, scale, spans),
            Reach::Memory(memory) => {
                return tape.attention_with_memory(queries, keys, values, heads, scale, memory);
            }
            Reach::Past(past) => {
                keys = past.extend(tape, 0, keys, usize::MAX).into();
                values = past.extend(tape, 1, values, usize::MAX).into();
                past.tokens += x.length();
            }
        }
        tape.attention(queries, keys, values, heads, scale)
    }

    /// What is kept of texts that were read alone: keys and values of the tokens that are attended to most. Where the texts are read
    /// on, what goes through `out` to their stream as well.
    pub(crate) fn remember<R: Real>(
        &self,
        tape: &mut Tape<R>,
        x: Slot,
        texts: Texts,
        goes_on: bool,
        see: &mut See,
    ) -> ([Slot; 2], Option<Slot>) {
        let Texts { lengths, places, shape, kept, from } = texts;
        let Projected { turned: [queries, keys], bare, values } = self.project(tape, x, from, see);
        let (heads, scale) = (self.config.heads(), self.config.scale());
        let chosen = tape.most_attended(bare[0], bare[1], heads, scale, lengths, kept);
        let memory = [keys, values].map(|x| tape.keep(x, chosen, heads[1], places, shape));
        (memory, goes_on.then(|| tape.attention(queries, keys, values, heads, scale)))
    }
}

/// What the stream is made into.
struct Projected {
    /// Queries and keys, turned by their positions.
    turned: [Columns; 2],
    /// The same without positions.
    bare: [Columns; 2],
    values: Columns,
}

/// Texts that are read to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    /// Tokens of each.
    pub lengths: Tokens,
    /// Of each the first of its rows, counted over all rows of the memories.
    pub places: Tokens,
    /// Windows, and rows of the memory of each.
    pub shape: [usize; 2],
    /// Tokens that are kept of each text and head, at most.
    pub kept: usize,
    /// The position of the first token of every text.
    pub from: isize,
}
