//! The decoder of Llama's kind (Touvron et al. 2023, arXiv 2302.13971, section 2.2): pre-norm RMSNorm, rotary positions,
//! grouped-query attention, SwiGLU, no biases; the head is a matrix of its own or the embedding.
//!
//! h <- h + W_o attention(rope(W_qkv norm(h))), h <- h + W_d swiglu(W_gu norm(h)), logits = W_h norm(h)

use std::ops::Range;

use isoloss_engine::{Init, Param, Params, Real, Rope, Slot, Tape, Tokens};
use serde::{Deserialize, Serialize};

use super::shape::{shape, sized};
use super::{Role, Size};
use crate::config::Start;
use crate::refused::Refused;

pub(super) const SAYS: &str = "pre-norm RMSNorm, RoPE, grouped-query attention, SwiGLU";

shape! {
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
    pub(super) fn complete(&self, vocab_size: usize) -> Result<Config, Refused> {
        sized("n_layer", self.n_layer)?;
        self.common().complete(self.n_layer, vocab_size)
    }
}

impl Config {
    /// Columns of queries; of keys, which is that of values.
    fn widths(&self) -> [usize; 2] {
        [self.n_head * self.head_dim, self.n_kv_head * self.head_dim]
    }

    pub(super) fn size(&self, seq_len: usize) -> Size {
        self.applied(seq_len, Applied { blocks: self.n_layer, heads: 1 })
    }

    /// The matrices and norms of a block, as numbers.
    pub(super) fn of_block(&self) -> u64 {
        let norms = 2 * self.d_model + if self.qk_norm { 2 * self.head_dim } else { 0 };
        self.matrices() + norms as u64
    }

    fn matrices(&self) -> u64 {
        let [q, kv] = self.widths();
        (self.d_model * (q + 2 * kv) + q * self.d_model + 3 * self.d_model * self.d_ff) as u64
    }

    /// The size of a model with these blocks and a head, which are applied so often.
    pub(super) fn applied(&self, seq_len: usize, applied: Applied) -> Size {
        let [d, ff, q, kv] = {
            let [q, kv] = self.widths();
            [self.d_model as u64, self.d_ff as u64, q as u64, kv as u64]
        };
        let (blocks, heads, vocab) = (applied.blocks as u64, applied.heads as u64, self.vocab_size as u64);
        let (embedding, head) = (vocab * d, if self.tied { 0 } else { vocab * d });
        let stored = embedding + self.n_layer as u64 * self.of_block() + d + head;
        let length = seq_len as f64;
        // Token i of a window reads i + 1 keys and as many values.
        let attention = length * (length + 1.0) / 2.0 * 2.0 * q as f64;
        let multiply_adds =
            blocks as f64 * (length * self.matrices() as f64 + attention) + heads as f64 * length * (vocab * d) as f64;
        let kept = 4 * d + 2 + (q + 2 * kv) + (q + kv) + q + self.n_head as u64 + 3 * ff;
        let normed = if self.qk_norm { q + kv + (self.n_head + self.n_kv_head) as u64 } else { 0 };
        let alive = 3 * ff.max(q + kv) + 2 * d;
        let scaled = if self.logit_scale == 1.0 { 0 } else { d };
        let activations = length * (blocks * (kept + normed) + d + heads * (d + 2 + scaled) + alive) as f64;
        // Each of its lanes has room for the largest matrix and two squares of its shorter side; a block has seven matrices.
        let largest = d.max(q) * ff.max(q) + 2 * d.min(ff).pow(2);
        let muon_scratch = (self.n_layer as u64 * 7).min(8) as f64 * largest as f64;
        Size {
            stored,
            effective: stored,
            active: stored,
            recurrent: None,
            embedding,
            head,
            multiply_adds,
            activations,
            muon_scratch,
        }
    }
}

/// How often a walk of one window applies what there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applied {
    /// Blocks, one that is applied r times counted r times.
    pub blocks: usize,
    /// Norms and heads.
    pub heads: usize,
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
pub(super) type See<'a> = dyn FnMut(std::fmt::Arguments, Slot) + 'a;

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
        let x = self.embed(tape, inputs, see);
        let x = self.through(tape, x, 0..self.blocks.len(), 0, see);
        self.read(tape, x)
    }

    /// From tokens to the stream.
    pub(super) fn embed<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, see: &mut See) -> Slot {
        let x = tape.embedding(inputs, self.embedding, None);
        see(format_args!("embedding"), x);
        x
    }

    /// The stream through some of the blocks. `before` were applied before, for the names of what is seen.
    pub(super) fn through<R: Real>(
        &self,
        tape: &mut Tape<R>,
        mut x: Slot,
        blocks: Range<usize>,
        before: usize,
        see: &mut See,
    ) -> Slot {
        for (number, block) in self.blocks[blocks].iter().enumerate() {
            x = self.block(tape, x, block, before + number + 1, see);
        }
        x
    }

    /// From the stream to what the head reads.
    pub(super) fn read<R: Real>(&self, tape: &mut Tape<R>, x: Slot) -> Slot {
        let x = tape.rmsnorm(x, self.norm, self.config.norm_eps);
        if self.config.logit_scale == 1.0 { x } else { tape.scale(x, self.config.logit_scale) }
    }

    /// The map to the logits.
    pub(super) fn head(&self) -> Param {
        self.head
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
