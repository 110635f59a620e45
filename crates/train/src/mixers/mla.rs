//! Multi-head latent attention (DeepSeek-AI 2024, arXiv 2405.04434, section 2.1): keys and values of all heads come from one
//! narrow latent, which is all that a decoder keeps, beside a part of the key that all heads share and that alone is turned.
//!
//! [c | k^R] = W_down x, [k^C | v] = W_up norm(c), q = W_q x or W_q norm(W_dq x), k_h = [k^C_h; rope(k^R)], q_h = [q^C_h;
//! rope(q^R_h)], y_h = softmax(q_h . k_h / sqrt(head_dim + rope_dim)) v_h
//!
//! Without positions (`rope = false`), as in Kimi Linear (arXiv 2510.26692, section 4), the shared part stays and is not turned.

use isoloss_engine::{Layout, Param, Real, Rope, Slot, Tape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Around, Cache, Cost, Reach};
use crate::models::{Role, See};
use crate::multiply_adds::MultiplyAdds;
use crate::refused::{Refused, positive, sized};
use crate::weights::Weights;

pub(super) const SAYS: &str = "multi-head latent attention, decoupled rotary positions or none";

/// Under the roots of the norms of latents, in all published models.
const EPS: f64 = 1e-6;

/// The settings. Heads are those of the model; what is left out is in the proportions of DeepSeek-V2.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Width of the latent of keys and values: 4 heads by default.
    pub latent: Option<usize>,
    /// Width of the latent of queries; without one they come from the stream.
    pub query: Option<usize>,
    /// Width of the part of a key that heads share: half a head by default.
    pub rope_dim: Option<usize>,
    /// Turn that part by positions.
    pub rope: bool,
    /// Base of the wavelengths.
    pub rope_theta: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { latent: None, query: None, rope_dim: None, rope: true, rope_theta: 1e4 }
    }
}

/// The mixer in full.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Heads.
    pub n_head: usize,
    /// Width of the part of a key that is a head's own.
    pub head_dim: usize,
    /// Width of a value.
    pub v_dim: usize,
    /// Width of the part of a key that heads share.
    pub rope_dim: usize,
    /// Width of the latent of keys and values.
    pub latent: usize,
    /// Width of the latent of queries.
    pub query: Option<usize>,
    /// Base of the wavelengths; none for no positions.
    pub rope_theta: Option<f64>,
}

impl Settings {
    pub(super) fn complete(&self, around: Around) -> Result<Config, Refused> {
        let Around { d_model, n_head, head_dim } = around;
        let latent = self.latent.unwrap_or(4 * head_dim);
        let rope_dim = self.rope_dim.unwrap_or(head_dim / 2);
        sized("latent", latent)?;
        sized("rope_dim", rope_dim)?;
        if let Some(query) = self.query {
            sized("query", query)?;
        }
        positive("rope_theta", self.rope_theta)?;
        if self.rope && !rope_dim.is_multiple_of(2) {
            return Err(Refused::new("rope_dim", format!("{rope_dim} is odd, and positions turn pairs")));
        }
        let rope_theta = self.rope.then_some(self.rope_theta);
        Ok(Config { d_model, n_head, head_dim, v_dim: head_dim, rope_dim, latent, query: self.query, rope_theta })
    }
}

impl Config {
    /// Columns of queries, of the heads' own parts of keys, of values.
    fn widths(&self) -> [usize; 3] {
        [self.head_dim + self.rope_dim, self.head_dim, self.v_dim].map(|width| self.n_head * width)
    }

    /// Columns of what is taken from the stream: queries or their latent, the latent, the shared part.
    fn parts(&self) -> [usize; 3] {
        let [q, _, _] = self.widths();
        [self.query.unwrap_or(q), self.latent, self.rope_dim]
    }

    pub(crate) fn cost(&self, seq_len: usize) -> Cost {
        let ([q, k, v], parts) = (self.widths(), self.parts());
        let down: usize = parts.iter().sum();
        let of_query = self.query.unwrap_or_default();
        let turned = if self.rope_theta.is_some() { q + self.rope_dim } else { 0 };
        let normed = self.latent + 1 + if of_query > 0 { of_query + 1 + q } else { 0 };
        Cost {
            matrices: (self.d_model * down + of_query * q + self.latent * (k + v) + v * self.d_model) as u64,
            vectors: (self.latent + of_query) as u64,
            mixing: MultiplyAdds::causal(seq_len, self.n_head, [self.head_dim + self.rope_dim, self.v_dim]),
            kept: (down + normed + turned + k + v + self.n_head * self.rope_dim + k + v + self.n_head) as u64,
            widest: down.max(k + v) as u64,
            cache: Cache { per_token: (self.latent + self.rope_dim) as u64, fixed: 0 },
        }
    }
}

/// Handles to the weights, and what the ops need to know.
#[derive(Clone, Debug)]
pub struct Mixer {
    down: Param,
    up: Param,
    query: Option<Param>,
    pub(super) out: Param,
    /// of the latent, and of that of queries
    norms: Vec<Param>,
    config: Config,
}

impl Mixer {
    pub(crate) fn new<R: Real>(config: &Config, weights: &mut Weights<R>) -> Self {
        let ([q, k, v], d) = (config.widths(), config.d_model);
        let down = weights.joined("down_qkv", &config.parts(), d, Role::Hidden);
        let query = config.query.map(|query| weights.matrix("up_q", q, query, Role::Hidden));
        let up = weights.joined("up_kv", &[k, v], config.latent, Role::Hidden);
        let out = weights.matrix("out", d, v, Role::Residual);
        Self { down, up, query, out, norms: Vec::new(), config: *config }
    }

    pub(crate) fn vectors<R: Real>(&mut self, weights: &mut Weights<R>) {
        self.norms = vec![weights.ones("norm_kv", self.config.latent)];
        self.norms.extend(self.config.query.map(|query| weights.ones("norm_latent_q", query)));
    }

    pub(super) fn mix<R: Real>(&self, tape: &mut Tape<R>, x: Slot, reach: Reach<R>, see: &mut See) -> Slot {
        let past = reach.past();
        let Config { n_head, head_dim, rope_dim, latent, rope_theta, .. } = self.config;
        let ([q, k, v], [of_q, ..]) = (self.config.widths(), self.config.parts());
        let down = tape.linear(x, self.down);
        see(format_args!("queries and latents"), down);
        let from = past.as_ref().map_or(0, |past| past.tokens as isize);
        let rope = |head: usize, start: usize, theta: f64| Rope {
            head,
            start,
            dims: rope_dim,
            theta,
            layout: Layout::HalfSplit,
            from,
        };
        let mut queries = down.columns(0, q.min(of_q));
        if let (Some(up), Some(&norm)) = (self.query, self.norms.get(1)) {
            let narrow = tape.rmsnorm(down.columns(0, of_q), norm, EPS);
            queries = tape.linear(narrow, up).into();
        }
        let mut shared = down.columns(of_q + latent, rope_dim);
        if let Some(theta) = rope_theta {
            queries = tape.rope(queries, rope(head_dim + rope_dim, head_dim, theta)).into();
            shared = tape.rope(shared, rope(rope_dim, 0, theta)).into();
        }
        let mut c = tape.rmsnorm(down.columns(of_q, latent), self.norms[0], EPS);
        if let Some(past) = past {
            c = past.extend(tape, 0, c, usize::MAX);
            shared = past.extend(tape, 1, shared, usize::MAX).into();
            past.tokens += x.length();
        }
        let kv = tape.linear(c, self.up);
        see(format_args!("keys and values"), kv);
        let keys = tape.append(kv.columns(0, k), shared, n_head);
        let scale = ((head_dim + rope_dim) as f64).sqrt().recip();
        tape.attention(queries, keys, kv.columns(k, v), [n_head; 2], scale)
    }
}
