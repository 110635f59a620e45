//! A pre-norm decoder: an embedding, blocks of a mixer and a feed-forward on a residual stream, a norm and a head.
//!
//! h <- h + W_o mix(norm(h)), h <- h + feed(norm(h)), logits = W_h norm(h)

use std::fmt::Arguments;
use std::ops::Range;

use isoloss_engine::{Param, Params, Real, Slot, Tape, Tokens};

use super::feed::{self, Feed};
use super::inputs::Inputs;
use super::{Role, Size};
use crate::config::Start;
use crate::mixers::{self, Cache, Mixer, Past, Reach};
use crate::multiply_adds::{MultiplyAdds, Reads};
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
    /// Rows of the embedding behind the vocabulary: places of patches.
    pub places: usize,
    /// What tokens read, where each has a span of its own.
    pub reads: Option<Reads>,
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
        let (embedding, head) = ((vocab + self.places as u64) * d, if self.tied { 0 } else { vocab * d });
        let (heads, length) = (applied.heads as u64, seq_len as f64);
        let scaled = if self.logit_scale == 1.0 { 0 } else { d };
        let mut stored = embedding + d + head;
        let mut multiply_adds = MultiplyAdds::plain(heads as f64 * length * (vocab * d) as f64);
        let mut kept = d + heads * (d + 2 + scaled);
        let (mut idle, mut widest, mut cache) = (0, 0, Cache::default());
        for (number, (of, feed)) in self.mixers.iter().zip(self.feeds).enumerate() {
            let (mixer, feed) = (of.cost(seq_len), feed.cost(self.d_model));
            let times = (applied.blocks)(number);
            stored += self.block(number);
            idle += feed.stored - feed.active - feed.vectors;
            let mut one = MultiplyAdds::plain(length * (mixer.matrices + feed.active) as f64);
            one += self.reads.map_or(mixer.mixing, |reads| of.within(seq_len, reads));
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
            vision: None,
            embedding,
            head,
            multiply_adds,
            with_memory: None,
            activations,
            cache,
            muon_scratch,
        }
    }
}

/// One block's handles.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub mixer: Mixer,
    pub feed: Feed,
    pub norms: [Param; 2],
}

/// Blocks, one behind the other.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    pub blocks: Vec<Block>,
    pub norm_eps: f64,
}

/// How a stream goes through blocks.
pub(super) struct Way<'a, R> {
    /// What tokens read of each other.
    pub reach: Reach<'a, R>,
    /// Tokens of the whole batch: balance losses are added where it is given.
    pub divisor: Option<f64>,
    /// Blocks that were applied before, for the names of what is seen.
    pub before: usize,
}

impl<R> Way<'_, R> {
    /// Each token reads those before it; no balance loss is added.
    pub fn behind(before: usize) -> Self {
        Self { reach: Reach::Window, divisor: None, before }
    }
}

impl Blocks {
    /// `names` stand in front of the number of the block.
    pub fn new<R: Real>(names: &str, parts: &Parts, weights: &mut Weights<R>) -> Self {
        let d = parts.d_model;
        let mut block = |(i, (mixer, feed)): (usize, (&mixers::Config, &feed::Config))| {
            let weights = &mut weights.inside(format!("{names}.{i}."));
            let mut mixer = mixer.build(weights);
            let feed = Feed::new(d, feed, weights);
            let norms = ["norm_1", "norm_2"].map(|name| weights.ones(name, d));
            mixer.vectors(weights);
            Block { mixer, feed, norms }
        };
        let blocks = parts.mixers.iter().zip(parts.feeds).enumerate().map(&mut block).collect();
        Self { blocks, norm_eps: parts.norm_eps }
    }

    /// All of them.
    pub fn all(&self) -> Range<usize> {
        0..self.blocks.len()
    }

    /// The stream through some of the blocks.
    pub fn pass<R: Real>(
        &self,
        tape: &mut Tape<R>,
        mut x: Slot,
        blocks: Range<usize>,
        mut way: Way<R>,
        see: &mut See,
    ) -> Slot {
        for (number, block) in self.blocks[blocks].iter().enumerate() {
            let number = way.before + number + 1;
            let see = &mut |name: Arguments, slot: Slot| see(format_args!("{name} {number}"), slot);
            x = self.one(tape, x, block, way.reach.again(), way.divisor, see);
        }
        x
    }

    fn one<R: Real>(
        &self,
        tape: &mut Tape<R>,
        x: Slot,
        block: &Block,
        reach: Reach<R>,
        divisor: Option<f64>,
        see: &mut See,
    ) -> Slot {
        let n = tape.rmsnorm(x, block.norms[0], self.norm_eps);
        let mixed = block.mixer.mix(tape, n, reach, see);
        see(format_args!("attention"), mixed);
        let x = tape.linear_onto(x, mixed, block.mixer.out());
        let n = tape.rmsnorm(x, block.norms[1], self.norm_eps);
        let x = block.feed.onto(tape, x, n, divisor, see);
        see(format_args!("stream"), x);
        x
    }
}

/// Handles to the weights, and what the ops need to know.
#[derive(Clone, Debug)]
pub struct Stack {
    embedding: Param,
    pub(super) blocks: Blocks,
    norm: Param,
    head: Param,
    logit_scale: f64,
}

impl Stack {
    pub(super) fn new<R: Real>(parts: Parts, params: &mut Params<R>, start: &Start) -> Self {
        let Parts { vocab_size, d_model: d, tied, logit_scale, places, .. } = parts;
        let mut weights = Weights::new(params, start);
        let embedding = weights.matrix("embedding", vocab_size + places, d, Role::Embedding);
        let blocks = Blocks::new("blocks", &parts, &mut weights);
        let norm = weights.ones("norm", d);
        let head = if tied { embedding } else { weights.matrix("head", vocab_size, d, Role::Head) };
        Self { embedding, blocks, norm, head, logit_scale }
    }

    /// From tokens to what the head reads.
    pub(super) fn walk<R: Real>(
        &self,
        tape: &mut Tape<R>,
        inputs: Tokens,
        divisor: Option<f64>,
        see: &mut See,
    ) -> Slot {
        let x = self.embed(tape, inputs, see);
        let x = self.pass(tape, x, self.blocks.all(), Way { divisor, ..Way::behind(0) }, see);
        self.read(tape, x)
    }

    pub(super) fn loss<R: Real>(
        &self,
        tape: &mut Tape<R>,
        inputs: Inputs,
        targets: Tokens,
        z_loss: f64,
        divisor: f64,
    ) -> Slot {
        let x = self.walk(tape, inputs.tokens, Some(inputs.whole.unwrap_or(divisor)), &mut |_, _| {});
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
        past.resize_with(self.blocks.blocks.len(), Past::default);
        let mut x = self.embed(tape, inputs, &mut |_, _| {});
        for (number, past) in past.iter_mut().enumerate() {
            let way = Way { reach: Reach::Past(past), ..Way::behind(number) };
            x = self.pass(tape, x, number..number + 1, way, &mut |_, _| {});
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

    /// The stream through some of the blocks.
    pub(super) fn pass<R: Real>(
        &self,
        tape: &mut Tape<R>,
        x: Slot,
        blocks: Range<usize>,
        way: Way<R>,
        see: &mut See,
    ) -> Slot {
        self.blocks.pass(tape, x, blocks, way, see)
    }

    /// All of the blocks.
    pub(super) fn all(&self) -> Range<usize> {
        self.blocks.all()
    }

    /// From the stream to what the head reads.
    pub(super) fn read<R: Real>(&self, tape: &mut Tape<R>, x: Slot) -> Slot {
        let x = tape.rmsnorm(x, self.norm, self.blocks.norm_eps);
        if self.logit_scale == 1.0 { x } else { tape.scale(x, self.logit_scale) }
    }

    /// The map to the logits.
    pub(super) fn head(&self) -> Param {
        self.head
    }
}
