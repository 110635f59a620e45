//! The decoder of Llama's kind (Touvron et al. 2023, arXiv 2302.13971, section 2.2): pre-norm RMSNorm, rotary positions,
//! grouped-query attention, SwiGLU, no biases; the head is a matrix of its own or the embedding.
//!
//! h <- h + W_o attention(rope(W_qkv norm(h))), h <- h + W_d swiglu(W_gu norm(h)), logits = W_h norm(h)

use isoloss_engine::{Init, Param, Params, Real, Rope, Slot, Tape, Tokens};
use serde::{Deserialize, Serialize};

use super::{Role, Size};
use crate::config::Start;
use crate::refused::{Refused, not_negative, positive, within};

pub(super) const SAYS: &str = "pre-norm RMSNorm, RoPE, grouped-query attention, SwiGLU";

/// Widths inside SwiGLU are multiples of this.
const WIDE: f64 = 8.0;
/// More is a slip of the keys: counts of parameters must not overflow.
const WIDEST: usize = 1 << 20;

/// The shape as an experiment writes it; what is left out follows from the rest.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Blocks.
    pub n_layer: usize,
    /// Width of a head, about: there are d_model / head_dim heads, at least one, which share d_model equally.
    #[serde(default = "Shape::head_dim")]
    pub head_dim: usize,
    /// Query heads that share a key and value head.
    #[serde(default = "Shape::one")]
    pub group: usize,
    /// d_ff / d_model; d_ff is the nearest multiple of 8, as odd widths are slow. With 8/3 a block has about 12 d_model^2
    /// parameters.
    #[serde(default = "Shape::mlp_ratio")]
    pub mlp_ratio: f64,
    /// Normalise queries and keys head by head.
    #[serde(default)]
    pub qk_norm: bool,
    /// The head is the embedding.
    #[serde(default)]
    pub tied: bool,
    /// Base of the wavelengths of rotary positions.
    #[serde(default = "Shape::rope_theta")]
    pub rope_theta: f64,
    /// Added to the mean square in norms.
    #[serde(default = "Shape::norm_eps")]
    pub norm_eps: f64,
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
    fn head_dim() -> usize {
        64
    }
    fn one() -> usize {
        1
    }
    fn mlp_ratio() -> f64 {
        8.0 / 3.0
    }
    fn rope_theta() -> f64 {
        1e4
    }
    fn norm_eps() -> f64 {
        1e-5
    }

    pub(super) fn complete(&self, vocab_size: usize) -> Result<Config, Refused> {
        let Self { d_model, n_layer, head_dim, group, mlp_ratio, .. } = *self;
        for (setting, n) in [("d_model", d_model), ("n_layer", n_layer), ("head_dim", head_dim), ("group", group)] {
            within(setting, n as f64, (1..=WIDEST).contains(&n), "between 1 and 2^20")?;
        }
        positive("rope_theta", self.rope_theta)?;
        not_negative("norm_eps", self.norm_eps)?;
        let n_head = (d_model / head_dim).max(1);
        if !d_model.is_multiple_of(n_head) || !(d_model / n_head).is_multiple_of(2) {
            let says = format!(
                "{d_model} with head_dim = {head_dim} makes {n_head} heads, which do not share it equally in even widths: \
                 choose a multiple of {}",
                2 * n_head
            );
            return Err(Refused::new("d_model", says));
        }
        if !n_head.is_multiple_of(group) {
            return Err(Refused::new("group", format!("{n_head} query heads cannot form groups of {group}")));
        }
        let d_ff = ((mlp_ratio * d_model as f64 / WIDE).round() * WIDE).max(WIDE);
        within(
            "mlp_ratio",
            mlp_ratio,
            mlp_ratio > 0.0 && d_ff <= WIDEST as f64,
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

impl Config {
    /// Columns of queries; of keys, which is that of values.
    fn widths(&self) -> [usize; 2] {
        [self.n_head * self.head_dim, self.n_kv_head * self.head_dim]
    }

    pub(super) fn size(&self, seq_len: usize) -> Size {
        let [d, ff, q, kv] = {
            let [q, kv] = self.widths();
            [self.d_model as u64, self.d_ff as u64, q as u64, kv as u64]
        };
        let (layers, vocab) = (self.n_layer as u64, self.vocab_size as u64);
        let matrices = d * (q + 2 * kv) + q * d + 3 * d * ff;
        let norms = 2 * d + if self.qk_norm { 2 * self.head_dim as u64 } else { 0 };
        let (embedding, head) = (vocab * d, if self.tied { 0 } else { vocab * d });
        let stored = embedding + layers * (matrices + norms) + d + head;
        let length = seq_len as f64;
        // Token i of a window reads i + 1 keys and as many values.
        let attention = length * (length + 1.0) / 2.0 * 2.0 * q as f64;
        let multiply_adds = layers as f64 * (length * matrices as f64 + attention) + length * (vocab * d) as f64;
        let kept = 4 * d + 2 + (q + 2 * kv) + (q + kv) + q + self.n_head as u64 + 3 * ff;
        let normed = if self.qk_norm { q + kv + (self.n_head + self.n_kv_head) as u64 } else { 0 };
        let alive = 3 * ff.max(q + kv) + 2 * d;
        let scaled = if self.logit_scale == 1.0 { 0 } else { d };
        let activations = length * (layers * (kept + normed) + 2 * d + 2 + scaled + alive) as f64;
        // Each of its lanes has room for the largest matrix and two squares of its shorter side; a block has seven matrices.
        let largest = d.max(q) * ff.max(q) + 2 * d.min(ff).pow(2);
        let muon_scratch = (layers * 7).min(8) as f64 * largest as f64;
        Size { stored, effective: stored, active: stored, embedding, head, multiply_adds, activations, muon_scratch }
    }
}

/// One block's handles.
#[derive(Clone, Debug)]
struct Block {
    norms: [Param; 2],
    qkv: Param,
    /// norms of queries and of keys
    qk: Option<[Param; 2]>,
    out: Param,
    gate_up: Param,
    down: Param,
}

/// Is told of values on the way.
type See<'a> = dyn FnMut(std::fmt::Arguments, Slot) + 'a;

/// The model: handles to its weights, and what its ops need to know.
#[derive(Clone, Debug)]
pub struct Model {
    embedding: Param,
    blocks: Vec<Block>,
    norm: Param,
    head: Param,
    rope: Rope,
    config: Config,
}

impl Model {
    pub(super) fn new<R: Real>(config: &Config, params: &mut Params<R>, start: &Start) -> Self {
        let Config { vocab_size, d_model: d, d_ff, head_dim, .. } = *config;
        let [q, kv] = config.widths();
        let scaled = |sd: f64, inputs: usize| Init::Normal(sd / (inputs as f64).sqrt());
        let embedding =
            params.add("embedding", &[vocab_size, d], Init::Normal(start.embedding), Role::Embedding.group());
        let mut block = |i: usize| {
            let mut matrix = |name: &str, out: usize, inputs: usize, role: Role| {
                let factor = if role == Role::Residual { start.residual } else { 1.0 };
                let init = scaled(start.hidden * factor, inputs);
                params.add(&format!("blocks.{i}.{name}"), &[out, inputs], init, role.group())
            };
            let [qkv, out, gate_up, down] = [
                matrix("qkv", q + 2 * kv, d, Role::Hidden),
                matrix("out", d, q, Role::Residual),
                matrix("gate_up", 2 * d_ff, d, Role::Hidden),
                matrix("down", d, d_ff, Role::Residual),
            ];
            params.split(qkv, &[q, kv, kv]);
            params.split(gate_up, &[d_ff, d_ff]);
            let mut ones = |name: &str, n: usize| {
                params.add(&format!("blocks.{i}.{name}"), &[n], Init::Constant(1.0), Role::Norm.group())
            };
            let norms = ["norm_1", "norm_2"].map(|name| ones(name, d));
            let qk = config.qk_norm.then(|| ["norm_q", "norm_k"].map(|name| ones(name, head_dim)));
            Block { norms, qkv, qk, out, gate_up, down }
        };
        let blocks = (0..config.n_layer).map(&mut block).collect();
        let norm = params.add("norm", &[d], Init::Constant(1.0), Role::Norm.group());
        let head = match config.tied {
            true => embedding,
            false => params.add("head", &[vocab_size, d], scaled(start.head, d), Role::Head.group()),
        };
        let rope = Rope::new(head_dim, config.rope_theta);
        Self { embedding, blocks, norm, head, rope, config: config.clone() }
    }

    pub(super) fn loss<R: Real>(
        &self,
        tape: &mut Tape<R>,
        inputs: Tokens,
        targets: Tokens,
        z_loss: f64,
        divisor: f64,
    ) -> Slot {
        let x = self.walk(tape, inputs, &mut |_, _| {});
        tape.cross_entropy(x, self.head, targets, z_loss, divisor)
    }

    pub(super) fn logits<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Slot {
        let x = self.walk(tape, inputs, &mut |_, _| {});
        tape.linear(x, self.head)
    }

    /// Values on the way, by name: what a coordinate check looks at.
    pub(super) fn observe<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Vec<(String, Slot)> {
        let mut seen = Vec::new();
        let x = self.walk(tape, inputs, &mut |name, slot| seen.push((name.to_string(), slot)));
        seen.push(("logits".to_owned(), tape.linear(x, self.head)));
        seen
    }

    /// From tokens to what the head reads.
    fn walk<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, see: &mut See) -> Slot {
        let mut x = tape.embedding(inputs, self.embedding, None);
        see(format_args!("embedding"), x);
        for (number, block) in self.blocks.iter().enumerate() {
            x = self.block(tape, x, block, number + 1, see);
        }
        let x = tape.rmsnorm(x, self.norm, self.config.norm_eps);
        if self.config.logit_scale == 1.0 { x } else { tape.scale(x, self.config.logit_scale) }
    }

    fn block<R: Real>(&self, tape: &mut Tape<R>, x: Slot, block: &Block, number: usize, see: &mut See) -> Slot {
        let Config { n_head, n_kv_head, head_dim, d_ff, norm_eps: eps, .. } = self.config;
        let [q, kv] = self.config.widths();
        let n = tape.rmsnorm(x, block.norms[0], eps);
        let qkv = tape.linear(n, block.qkv);
        see(format_args!("queries, keys, values {number}"), qkv);
        let v = qkv.columns(q + kv, kv);
        let scale = (head_dim as f64).sqrt().recip();
        let heads = [n_head, n_kv_head];
        let a = match block.qk {
            // Queries and keys lie side by side and turn alike.
            None => {
                let qk = tape.rope(qkv.columns(0, q + kv), self.rope);
                tape.attention(qk.columns(0, q), qk.columns(q, kv), v, heads, scale)
            }
            Some([of_q, of_k]) => {
                let (queries, keys) = (qkv.columns(0, q), qkv.columns(q, kv));
                let (queries, keys) = (tape.rmsnorm(queries, of_q, eps), tape.rmsnorm(keys, of_k, eps));
                let (queries, keys) = (tape.rope(queries, self.rope), tape.rope(keys, self.rope));
                tape.attention(queries, keys, v, heads, scale)
            }
        };
        see(format_args!("attention {number}"), a);
        let x = tape.linear_onto(x, a, block.out);
        let n = tape.rmsnorm(x, block.norms[1], eps);
        let gate_up = tape.linear(n, block.gate_up);
        let h = tape.swiglu(gate_up.columns(0, d_ff), gate_up.columns(d_ff, d_ff));
        see(format_args!("SwiGLU {number}"), h);
        let x = tape.linear_onto(x, h, block.down);
        see(format_args!("stream {number}"), x);
        x
    }
}
