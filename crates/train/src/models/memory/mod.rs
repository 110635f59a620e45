//! A decoder with an explicit memory (Yang et al. 2024, Memory3, arXiv 2407.01178): the blocks of attention in its first
//! half also read what is kept of texts that were looked up.
//!
//! A text is read alone, through the same blocks. Of each of these that reads memory, and of each key and value head, the keys and
//! values of the tokens that are attended to most are kept; keys have the positions of the `longest` tokens in front of the window, the same
//! for all texts. Tokens read memory and context in one softmax. There are no weights beside those of the decoder, and without a text it is
//! the decoder, bit for bit.
//!
//! The first steps are taken without memory, as theirs are, whose model did not learn to use one that it had from the beginning; ours
//! does (experiment `memory`). From `begins` on what is looked up is encoded as it is read, and learns with the rest.

mod settings;

use isoloss_engine::{Memory, Param, Params, Real, Slot, Tape, Tokens, ops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use settings::{Remembers, Settings};

use super::asked::asked;
use super::inputs::{Inputs, Remembered, Texts};
use super::stack::{Block, See, Stack, Way};
use super::{Size, hybrid};
use crate::config::Start;
use crate::corpora::Reading;
use crate::memory::bank::Shape as Bank;
use crate::memory::library;
use crate::mixers::attention::{self, Texts as Told};
use crate::mixers::{self, Mixer, Reach};
use crate::multiply_adds::{MultiplyAdds, Reads};
use crate::refused::Refused;

pub(super) const SAYS: &str = "a decoder whose first half also reads what it kept of texts that are looked up";

/// The shape as an experiment writes it: that of a [`super::hybrid`], of attention where no pattern is given.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(hybrid::Shape);

/// The shape in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What reads and is read.
    pub decoder: hybrid::Config,
    /// What is looked up and kept.
    pub memory: Remembers,
}

impl Shape {
    pub(super) fn complete(&self, reading: &Reading) -> Result<Config, Refused> {
        let mut shape = self.0.clone();
        if shape.pattern.is_empty() {
            shape.pattern.push("attention".into());
        }
        let decoder = shape.decoder(reading)?;
        if layers(&decoder).is_empty() {
            let says = "has no attention in it: keys and values of attention are what is remembered";
            return Err(Refused::new("pattern", says));
        }
        let Some(shelf) = reading.shelf else {
            let says = "looks texts up, and the corpus has none: bios, biod, text and mixtures with them do; bios with several \
                        `tellings` where people are `kept_back`";
            return Err(Refused::new("kind", says));
        };
        let memory = shape.memory.unwrap_or_default().complete(shelf);
        Ok(Config { decoder, memory: memory.map_err(|refused| refused.inside("memory"))? })
    }
}

/// The blocks that read memory: the first half of those with attention, one at least where there are any.
fn layers(decoder: &hybrid::Config) -> Vec<usize> {
    let is_attention = |i: &usize| matches!(decoder.mixer(*i), mixers::Config::Attention(_));
    let mut all: Vec<usize> = (0..decoder.n_layer).filter(is_attention).collect();
    all.truncate(all.len().div_ceil(2));
    all
}

impl Config {
    /// For a training of so many steps.
    pub(super) fn of_steps(&mut self, steps: u64) {
        // The last step at the latest: a memory that nothing was learnt with is none.
        self.memory.begins = ((self.memory.start * steps as f64).round() as u64).min(steps.saturating_sub(1));
    }

    /// What is needed to find texts.
    pub fn lookup(&self) -> library::Settings {
        let Remembers { course, longest, kept, leak, .. } = self.memory;
        library::Settings { course, longest, kept, leak }
    }

    /// The attention of the first block that reads memory, as of all of them.
    fn attention(&self) -> attention::Config {
        match layers(&self.decoder).first().map(|i| self.decoder.mixer(*i)) {
            Some(mixers::Config::Attention(config)) => *config,
            _ => unreachable!("a block of attention reads memory"),
        }
    }

    /// What a bank keeps of a text.
    pub fn bank(&self) -> Bank {
        let attention::Config { n_kv_head, head_dim, .. } = self.attention();
        let [layers, heads, tokens, head_dim] =
            [layers(&self.decoder).len(), n_kv_head, self.memory.kept, head_dim].map(|n| n as u32);
        Bank { layers, heads, tokens, head_dim, vector: 0 }
    }

    pub(super) fn size(&self, seq_len: usize) -> Size {
        let mut size = self.decoder.size(seq_len);
        let Remembers { per_window, pairs, scores, longest, kept: most, .. } = self.memory;
        let remembering = layers(&self.decoder);
        let last = remembering.last().copied().unwrap_or_default();
        let (attention, mut more, mut kept) = (self.attention(), MultiplyAdds::default(), 0);
        let attention::Config { n_head, head_dim, .. } = attention;
        self.decoder.with_parts(|parts| {
            for (number, (mixer, feed)) in parts.mixers.iter().zip(parts.feeds).enumerate().take(last + 1) {
                let (cost, fed) = (mixer.cost(longest), feed.cost(parts.d_model));
                // Of the last text nothing is needed but what is kept.
                let (through, mixed) = match number == last {
                    true => (attention.projected(), MultiplyAdds::default()),
                    false => (cost.matrices + fed.active, cost.mixing),
                };
                more += MultiplyAdds::plain((longest as u64 * through) as f64).on_average(per_window);
                more += mixed.on_average(per_window);
                kept += 4 * parts.d_model as u64 + cost.kept + fed.kept;
                if remembering.contains(&number) {
                    let choice = ops::keep::multiply_adds(longest, most, n_head, head_dim);
                    more += MultiplyAdds::forward_alone(choice).on_average(per_window);
                    more += MultiplyAdds::of_memory(n_head, [head_dim; 2], Reads { pairs, scores });
                }
            }
        });
        size.with_memory = Some(more);
        size.activations += per_window * (longest as u64 * kept) as f64;
        size
    }

    pub(super) fn build<R: Real>(&self, params: &mut Params<R>, start: &Start) -> Model {
        let from = -(self.memory.longest as isize);
        let stack = self.decoder.build(params, start);
        Model { stack, layers: layers(&self.decoder), kept: self.memory.kept, from }
    }
}

/// The model: a decoder, and which of its blocks remember.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) stack: Stack,
    layers: Vec<usize>,
    kept: usize,
    /// The position of the first token of all texts.
    from: isize,
}

impl Model {
    /// What is kept of texts `[texts, length]`, of each block that remembers: keys and values, where the texts' rows begin at
    /// `places` of the memories.
    pub fn encode<R: Real>(
        &self,
        tape: &mut Tape<R>,
        tokens: Tokens,
        [lengths, places]: [Tokens; 2],
        shape: [usize; 2],
        see: &mut See,
    ) -> Vec<[Slot; 2]> {
        let told = Told { lengths, places, shape, kept: self.kept, from: self.from };
        let mut text = self.stack.embed(tape, tokens, see);
        let last = self.layers.last().copied().unwrap_or_default();
        let mut memories = Vec::with_capacity(self.layers.len());
        for (number, block) in self.stack.blocks.blocks[..=last].iter().enumerate() {
            let (memory, goes_on) =
                self.stack.blocks.keep(tape, text, block, told, (self.layers.contains(&number), number < last), see);
            memories.extend(memory);
            text = goes_on.unwrap_or(text);
        }
        memories
    }

    /// What a bank keeps of texts `[texts, length]`, of which so many tokens are their own: a row of each, in that shape.
    pub fn kept<R: Real>(&self, tape: &mut Tape<R>, tokens: Tokens, lengths: Tokens, shape: Bank) -> Slot {
        let [rows, heads, width] = [shape.tokens, shape.heads, shape.head_dim].map(|n| n as usize);
        let texts = tokens.sequences();
        let places: Vec<u32> = (0..texts).map(|text| (text * rows) as u32).collect();
        let places = tape.tokens(&places, 1);
        let memories = self.encode(tape, tokens, [lengths, places], [texts, rows], &mut |_, _| {});
        let mut values = Vec::with_capacity(texts * shape.values());
        for text in 0..texts {
            for slot in memories.iter().flatten() {
                let of_text = &tape.value(*slot)[text * rows * heads * width..][..rows * heads * width];
                // [tokens, heads, head_dim] to [heads, tokens, head_dim].
                for head in 0..heads {
                    let rows = of_text.chunks_exact(heads * width);
                    rows.for_each(|row| values.extend_from_slice(&row[head * width..][..width]));
                }
            }
        }
        tape.input(&values, [texts, 1, shape.values()])
    }

    /// The decoder's states that the head reads, without memory: `[sequences, length, d_model]`.
    pub fn states<R: Real>(&self, tape: &mut Tape<R>, tokens: Tokens) -> Slot {
        self.stack.walk(tape, tokens, None, &mut |_, _| {})
    }

    /// From tokens to what the head reads.
    fn walk<R: Real>(&self, tape: &mut Tape<R>, inputs: Inputs, divisor: Option<f64>, see: &mut See) -> Slot {
        let Some(Remembered { texts, spans }) = inputs.remembered else {
            return self.stack.walk(tape, inputs.tokens, divisor, see);
        };
        let memories = match texts {
            Texts::Told { tokens, lengths, places, shape } => {
                self.encode(tape, tokens, [lengths, places], shape, &mut |_, _| {})
            }
            Texts::Kept(memories) => memories,
        };
        let mut x = self.stack.embed(tape, inputs.tokens, see);
        let mut memories = self.layers.iter().zip(memories).peekable();
        for number in self.stack.all() {
            let memory = memories.next_if(|(layer, _)| **layer == number);
            let reach =
                memory.map_or(Reach::Window, |(_, [keys, values])| Reach::Memory(Memory { keys, values, spans }));
            x = self.stack.pass(tape, x, number..number + 1, Way { reach, divisor, before: number }, see);
        }
        self.stack.read(tape, x)
    }

    fn head(&self) -> Param {
        self.stack.head()
    }
}

asked!(Model);

impl super::stack::Blocks {
    /// One block over texts that are read alone: what it keeps of them, if it does, and the stream behind it, if they are read on.
    fn keep<R: Real>(
        &self,
        tape: &mut Tape<R>,
        x: Slot,
        block: &Block,
        told: Told,
        (keeps, goes_on): (bool, bool),
        see: &mut See,
    ) -> (Option<[Slot; 2]>, Option<Slot>) {
        let n = tape.rmsnorm(x, block.norms[0], self.norm_eps);
        let (memory, mixed) = match &block.mixer {
            Mixer::Attention(attention) if keeps => {
                let (memory, mixed) = attention.remember(tape, n, told, goes_on, see);
                (Some(memory), mixed)
            }
            mixer => (None, Some(mixer.mix(tape, n, Reach::Window, see))),
        };
        let on = mixed.map(|mixed| {
            let x = tape.linear_onto(x, mixed, block.mixer.out());
            let n = tape.rmsnorm(x, block.norms[1], self.norm_eps);
            block.feed.onto(tape, x, n, None, see)
        });
        (memory, on)
    }
}
