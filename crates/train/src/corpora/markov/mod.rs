//! A chain drawn from a seed: a source whose optimal loss is known exactly, and whose reducible loss falls as power laws.
//!
//! The context is the last token c; the next token y has
//!
//! ```text
//! p(y | c)  =  (y+1)^-zipf exp Z(c, y) / norm(c)
//! Z(c, y)   =  strength sum_{k=1..V-1} l_k u_k(c) v_k(y),    l_k = k^-decay, scaled to sum_k l_k^2 = 1
//! ```
//!
//! with two independent random sets u, v of V-1 vectors over the V tokens, orthogonal to each other and to the constant,
//! mean square 1. The Zipf weights make rare contexts, which are learned late: the power law in tokens. The spectrum l_k
//! makes a power law in size: a model whose logits have rank d can hold d components, and what is left of Z is
//! sum_{k>d} l_k^2 ~ d^-(2 decay - 1).
//!
//! Now and then such a chain keeps to a few tokens and has little to tell, so a chain whose stationary law gives one token
//! more than `largest` is drawn again.
//!
//! Probabilities are multiples of 2^-32 and tokens are drawn from these integers, so that the floor
//! sum_c pi(c) H(p(. | c)) is that of what is sampled. Only IEEE arithmetic and `libm` are used: same settings, same
//! bits on every machine.

mod alias;
mod chain;

use std::sync::Arc;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(super) use self::alias::Alias;
use self::chain::Chain;
// Laws of integers, for other sources that are drawn.
pub(super) use self::chain::{ONE, integers, surprise};
use super::{Batch, CorpusError, Exam, Exams, HeldOut, Place, Source, drawn, exams, hex};

pub(super) const SAYS: &str = "a seeded chain whose optimal loss is known exactly";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// The largest vocabulary: drawing the vectors takes time as its cube, seconds at this size.
const MAX_VOCAB: usize = 1024;

/// The chain. Its defaults are a source on which a two-dimensional ladder of runs is additive enough for a fit to find
/// the floor.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How many tokens, V: 2 to 1024.
    #[serde(default = "vocab_size")]
    pub vocab_size: usize,
    /// The exponent of the weights (y+1)^-zipf: 0 to 4.
    #[serde(default = "zipf")]
    pub zipf: f64,
    /// The standard deviation of Z over all pairs of tokens: 0 to 8.
    #[serde(default = "strength")]
    pub strength: f64,
    /// The exponent of the spectrum of Z: 0 to 8.
    #[serde(default = "decay")]
    pub decay: f64,
    /// No token has more of the stationary law than this: 0 to 1.
    #[serde(default = "largest")]
    pub largest: f64,
    /// Draws the chain.
    pub seed: u64,
}

fn vocab_size() -> usize {
    256
}

fn zipf() -> f64 {
    1.0
}

fn strength() -> f64 {
    2.5
}

fn decay() -> f64 {
    0.875
}

fn largest() -> f64 {
    0.2
}

impl Config {
    fn check(&self) -> Result<(), CorpusError> {
        if !(2..=MAX_VOCAB).contains(&self.vocab_size) {
            let message = format!("`vocab_size` is {}, not a number from 2 to {MAX_VOCAB}", self.vocab_size);
            return Err(CorpusError::new(message, "256 is the default; opening takes time as its cube"));
        }
        let ranges = [
            ("zipf", self.zipf, 4.0, "1"),
            ("strength", self.strength, 8.0, "2.5"),
            ("decay", self.decay, 8.0, "0.875"),
            ("largest", self.largest, 1.0, "0.2"),
        ];
        for (name, value, most, usual) in ranges {
            if !(0.0..=most).contains(&value) {
                let message = format!("`{name}` is {value}, not a number from 0 to {most}");
                return Err(CorpusError::new(message, format!("{usual} is the default")));
            }
        }
        Ok(())
    }
}

/// The chain, ready to be sampled.
#[derive(Debug)]
struct Markov {
    seed: u64,
    chain: Chain,
    /// What follows each token, and last the stationary law.
    alias: Alias,
    data: Data,
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    config.check()?;
    let chain = Chain::draw(config).ok_or_else(|| {
        let message =
            format!("every chain of this seed gives one token more of its time than `largest` = {}", config.largest);
        CorpusError::new(message, "lower `strength` or `zipf`, or raise `largest`")
    })?;
    let alias = Alias::new(chain.tokens(), chain.rows());
    let data = Data {
        name: format!("markov-{}", config.seed),
        hash: hash(config, &chain),
        tokens: None,
        entropy: Some(chain.entropy()),
        other: Default::default(),
    };
    Ok(Arc::new(Markov { seed: config.seed, chain, alias, data }))
}

/// Settings and integers: what the chain was drawn from and what came out.
fn hash(config: &Config, chain: &Chain) -> String {
    let mut hash = Sha256::new();
    hash.update(b"isoloss markov 1\n");
    hash.update((config.vocab_size as u64).to_le_bytes());
    for number in [config.zipf, config.strength, config.decay, config.largest] {
        hash.update(number.to_bits().to_le_bytes());
    }
    hash.update(config.seed.to_le_bytes());
    for row in chain.rows() {
        let bytes: Vec<u8> = row.iter().flat_map(|n| n.to_le_bytes()).collect();
        hash.update(bytes);
    }
    hex(&hash.finalize())
}

impl Markov {
    /// A window that starts from the stationary law and follows the chain.
    fn window(&self, mut random: Xoshiro256PlusPlus, inputs: &mut [u32], targets: &mut [u32]) {
        let mut token = self.alias.draw(self.chain.tokens(), &mut random);
        for (input, target) in inputs.iter_mut().zip(targets) {
            *input = token as u32;
            token = self.alias.draw(token, &mut random);
            *target = token as u32;
        }
    }
}

impl Source for Markov {
    fn vocab_size(&self) -> usize {
        self.chain.tokens()
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        drawn::fill(seed, step, batch, |random, inputs, targets| self.window(random, inputs, targets));
    }

    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        let window = |random, inputs: &mut [u32], targets: &mut [u32]| self.window(random, inputs, targets);
        let batch = drawn::held_out(self.seed, sequences, length, window)?;
        let pairs = batch.inputs.iter().zip(&batch.targets);
        let loss: f64 = pairs.map(|(c, y)| self.chain.surprise(*c as usize, *y as usize)).sum();
        let floor = Some(loss / batch.inputs.len() as f64);
        Ok(HeldOut::with_floor(batch, floor))
    }

    fn suffices(&self, _sequences: usize, _length: usize) -> Result<(), CorpusError> {
        Ok(())
    }

    fn exams(&self) -> Option<&dyn Exams> {
        Some(self)
    }
}

impl Exams for Markov {
    fn draw(&self, length: usize) -> Vec<Exam> {
        let windows =
            drawn::examined(self.seed, length, |random, inputs, targets| self.window(random, inputs, targets));
        let best = |begun: &[u32]| begun.last().map_or(0.0, |last| self.chain.likeliest(*last as usize));
        exams::words(&windows, self.seed, self.chain.tokens(), Some(&best)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
