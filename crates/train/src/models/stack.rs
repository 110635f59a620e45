//! A pre-norm decoder: an embedding, blocks of a mixer and a feed-forward on a residual stream, a norm and a head.
//!
//! h <- h + W_o mix(norm(h)), h <- h + feed(norm(h)), logits = W_h norm(h)

use std::fmt::Arguments;
use std::ops::Range;

use isoloss_engine::{Param, Params, Real, Slot, Tape, Tokens};

use super::feed::{self, Feed};
use super::{Role, Size};
use crate::config::Start;
use crate::mixers::{self, Cache, Mixer, Past};
use crate::multiply_adds::MultiplyAdds;
use crate::weights::Weights;

/// Is told of values on the way.
pub type See<'a> = dyn FnMut(Arguments, Slot) + 'a;

/// What a stack is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    pub vocab_size: usize,
    pub d_model: usize,
    /// Of each block.
    pub mixers: &'a [mixers::Config],
    /// Of each block.
    pub feeds: &'a [feed::Config],
    pub tied: bool,
    pub norm_eps: f64,
    pub logit_scale: f64,
}

/// How often a walk of one window applies what there is.
pub(super) struct Applied<F> {
    /// Each of the blocks, forward and back.
    pub blocks: F,
    /// Norm and head.
    pub heads: usize,
}

impl Parts<'_> {
    /// Parameters of one block.
    pub fn block(&self, number: usize) -> u64 {
        let (mixer, feed) = (self.mixers[number].cost(1), self.feeds[number].cost(self.d_model));
        mixer.matrices + mixer.vectors + feed.stored + 2 * self.d_model as u64
    }

    /// The size of a model with these blocks and a head, which are applied so often.
    pub fn size(&self, seq_len: usize, applied: Applied<impl Fn(usize) -> [usize; 2]>) -> Size {
        let [d, vocab] = [self.d_model, self.vocab_size].map(|n| n as u64);
        let (embedding, head) = (vocab * d, if self.tied { 0 } else { vocab * d });
        let (heads, length) = (applied.heads as u64, seq_len as f64);
        let scaled = if self.logit_scale == 1.0 { 0 } else { d };
        let mut stored = embedding + d + head;
        let mut multiply_adds = MultiplyAdds::plain(heads as f64 * length * (vocab * d) as f64);
        let mut kept = d + heads * (d + 2 + scaled);
        let (mut idle, mut widest, mut cache) = (0, 0, Cache::default());
        for (number, (mixer, feed)) in self.mixers.iter().zip(self.feeds).enumerate() {
            let (mixer, feed) = (mixer.cost(seq_len), feed.cost(self.d_model));
            let times = (applied.blocks)(number);
            stored += self.block(number);
            idle += feed.stored - feed.active - feed.vectors;
            let mut one = MultiplyAdds::plain(length * (mixer.matrices + feed.active) as f64);
            one += mixer.mixing;
            multiply_adds += one.times(times);
            let often = times[0] as u64;
            cache.per_token += often * mixer.cache.per_token;
            cache.fixed += often * mixer.cache.fixed;
            kept += often * (4 * d + 2 + mixer.kept + feed.kept);
            widest = widest.max(mixer.widest).max(feed.widest);
        }
        // What is alive for a moment: gradients of the widest values, and of the stream.
        let activations = length * (kept + 3 * widest + 2 * d) as f64;
        // Each of its lanes has room for the largest matrix and two squares of its shorter side; a block has seven matrices.
        let largest = d * widest + 2 * d.min(widest).pow(2);
        let muon_scratch = (self.mixers.len() as u64 * 7).min(8) as f64 * largest as f64;
        Size {
            stored,
            effective: stored,
            active: stored - idle,
            recurrent: None,
            embedding,
            head,
            multiply_adds,
            activations,
            cache,
            muon_scratch,
        }
    }
}

/// One block's handles.
#[derive(Clone, Debug)]
struct Block {
    mixer: Mixer,
    feed: Feed,
    norms: [Param; 2],
}

/// Handles to the weights, and what the ops need to know.
#[derive(Clone, Debug)]
pub struct Stack {
    embedding: Param,
    blocks: Vec<Block>,
    norm: Param,
    head: Param,
    norm_eps: f64,
    logit_scale: f64,
}

impl Stack {
    pub(super) fn new<R: Real>(parts: Parts, params: &mut Params<R>, start: &Start) -> Self {
        let Parts { vocab_size, d_model: d, tied, norm_eps, logit_scale, .. } = parts;
        let mut weights = Weights::new(params, start);
        let embedding = weights.matrix("embedding", vocab_size, d, Role::Embedding);
        let mut block = |(i, (mixer, feed)): (usize, (&mixers::Config, &feed::Config))| {
            let weights = &mut weights.inside(format!("blocks.{i}."));
            let mut mixer = mixer.build(weights);
            let feed = Feed::new(d, feed, weights);
            let norms = ["norm_1", "norm_2"].map(|name| weights.ones(name, d));
            mixer.vectors(weights);
            Block { mixer, feed, norms }
        };
        let blocks = parts.mixers.iter().zip(parts.feeds).enumerate().map(&mut block).collect();
        let norm = weights.ones("norm", d);
        let head = if tied { embedding } else { weights.matrix("head", vocab_size, d, Role::Head) };
        Self { embedding, blocks, norm, head, norm_eps, logit_scale }
    }

    /// From tokens to what the head reads.
    fn walk<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, divisor: Option<f64>, see: &mut See) -> Slot {
        let mut x = self.embed(tape, inputs, see);
        for (number, block) in self.blocks.iter().enumerate() {
            let see = &mut |name: Arguments, slot: Slot| see(format_args!("{name} {}", number + 1), slot);
            x = self.block(tape, x, block, None, divisor, see);
        }
        self.read(tape, x)
    }

    pub(super) fn loss<R: Real>(
        &self,
        tape: &mut Tape<R>,
        inputs: Tokens,
        targets: Tokens,
        z_loss: f64,
        divisor: f64,
    ) -> Slot {
        let x = self.walk(tape, inputs, Some(divisor), &mut |_, _| {});
        tape.cross_entropy(x, self.head, targets, z_loss, divisor)
    }

    pub(super) fn logits<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Slot {
        let x = self.walk(tape, inputs, None, &mut |_, _| {});
        tape.linear(x, self.head)
    }

    /// Values on the way, by name: what a coordinate check looks at.
    pub(super) fn observe<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Vec<(String, Slot)> {
        let mut seen = Vec::new();
        let x = self.walk(tape, inputs, None, &mut |name, slot| seen.push((name.to_string(), slot)));
        seen.push(("logits".to_owned(), tape.linear(x, self.head)));
        seen
    }

    /// The logits of tokens that go on from the past of every block, to which they are added.
    pub(super) fn decode<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, past: &mut Vec<Past<R>>) -> Slot {
        past.resize_with(self.blocks.len(), Past::default);
        let mut x = self.embed(tape, inputs, &mut |_, _| {});
        for (block, past) in self.blocks.iter().zip(past) {
            x = self.block(tape, x, block, Some(past), None, &mut |_, _| {});
        }
        let x = self.read(tape, x);
        tape.linear(x, self.head)
    }

    /// From tokens to the stream.
    pub(super) fn embed<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, see: &mut See) -> Slot {
        let x = tape.embedding(inputs, self.embedding, None);
        see(format_args!("embedding"), x);
        x
    }

    /// The stream through some of the blocks, whose balance losses are left out. `before` were applied before, for the names of what is seen.
    pub(super) fn through<R: Real>(
        &self,
        tape: &mut Tape<R>,
        mut x: Slot,
        blocks: Range<usize>,
        before: usize,
        see: &mut See,
    ) -> Slot {
        for (number, block) in self.blocks[blocks].iter().enumerate() {
            let number = before + number + 1;
            x = self.block(tape, x, block, None, None, &mut |name, slot| see(format_args!("{name} {number}"), slot));
        }
        x
    }

    /// From the stream to what the head reads.
    pub(super) fn read<R: Real>(&self, tape: &mut Tape<R>, x: Slot) -> Slot {
        let x = tape.rmsnorm(x, self.norm, self.norm_eps);
        if self.logit_scale == 1.0 { x } else { tape.scale(x, self.logit_scale) }
    }

    /// The map to the logits.
    pub(super) fn head(&self) -> Param {
        self.head
    }

    fn block<R: Real>(
        &self,
        tape: &mut Tape<R>,
        x: Slot,
        block: &Block,
        past: Option<&mut Past<R>>,
        divisor: Option<f64>,
        see: &mut See,
    ) -> Slot {
        let n = tape.rmsnorm(x, block.norms[0], self.norm_eps);
        let mixed = block.mixer.mix(tape, n, past, see);
        see(format_args!("attention"), mixed);
        let x = tape.linear_onto(x, mixed, block.mixer.out());
        let n = tape.rmsnorm(x, block.norms[1], self.norm_eps);
        let x = block.feed.onto(tape, x, n, divisor, see);
        see(format_args!("stream"), x);
        x
    }
}
