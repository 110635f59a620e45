//! Sentences of a grammar drawn from a seed: hierarchical, nested, and with an optimal loss that is known exactly.
//!
//! A random hierarchy (Cagnetta et al. 2023, arXiv 2307.02129) whose rules follow Zipf's law (Cagnetta, Kang and Wyart
//! 2025, arXiv 2505.07067), with brackets. Symbols are numbers below v, on levels 0 to L:
//!
//! ```text
//! text       ->  mark sentence text
//! sentence   ->  X                          X of level 0,                  p ~ (X+1)^-zipf
//! X          ->  Y_1 ... Y_s                the k-th of m rules of X,      p ~ k^-zipf,   X of level l < L, Y of level l+1
//! x          ->  token x                    x of level L,                  p = 1 - q
//! x          ->  open_x sentence close_x                                   p = q = nesting / s^L
//! ```
//!
//! On a level all right sides differ, so that s children tell their parent, and a bracket tells which symbol it stands
//! for: the grammar is unambiguous, and a sentence has the probability of its rules. What comes next hangs on symbols
//! that are complete only later, on every level at once, and behind a bracket on what was left open before it. The levels
//! ask for depth, the L v m rules for size, and their Zipf weights make rules that are seldom seen and learned late.
//!
//! Windows begin with a mark and may end anywhere. So a window is a prefix of a text, which tells the optimal predictor
//! all there is to know, and its loss on a window is computed exactly, token by token (`predictor.rs`). That is the floor;
//! marks and closing brackets can be foretold and count with a loss of 0. Over long windows it tends to
//!
//! ```text
//! entropy of a sentence / its tokens  =  (H_v + (s^L - 1)/(s - 1) H_m + s^L H_q) / (1 - nesting)
//!                                        / (1 + s^L (1 + q) / (1 - nesting))
//! ```
//!
//! with H_v, H_m and H_q the entropies of the laws of X, of k, and of brackets.
//!
//! Probabilities are multiples of 2^-32 and sentences are drawn from these integers. Only IEEE arithmetic and `libm` are
//! used: same settings, same bits on every machine.

mod predictor;
mod rules;
mod sentences;

use std::sync::Arc;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::predictor::Predictor;
use self::rules::Grammar;
use self::sentences::Sampler;
use super::{Batch, CorpusError, Exam, Exams, HeldOut, Place, Source, drawn, exams, hex};

pub(super) const SAYS: &str = "nested sentences of a seeded grammar whose optimal loss is known exactly";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// The most leaves of a sentence without those of nested ones.
const MAX_LEAVES: usize = 4096;

/// The grammar. Its defaults make sentences of 12 tokens on average, with their marks and what is nested in them.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Symbols of a level, v: 2 to 256. There are 1 + 3 v tokens, or 1 + v without nesting.
    #[serde(default = "symbols")]
    pub symbols: usize,
    /// Rules of a symbol, m: 2 to 64, and v m at most v^s. The exact floor takes time as v m.
    #[serde(default = "rules")]
    pub rules: usize,
    /// Children of a symbol, s: 2 to 4.
    #[serde(default = "branching")]
    pub branching: usize,
    /// Levels of rules, L: at least 1, with at most 4096 leaves, s^L.
    #[serde(default = "levels")]
    pub levels: usize,
    /// The exponent of the weights of rules and of symbols of level 0: 0 to 4.
    #[serde(default = "zipf")]
    pub zipf: f64,
    /// How many sentences stand in the brackets of a sentence, in expectation and not within those in turn: 0 to 0.9.
    #[serde(default = "nesting")]
    pub nesting: f64,
    /// Draws the rules.
    pub seed: u64,
}

fn symbols() -> usize {
    32
}

fn rules() -> usize {
    8
}

fn branching() -> usize {
    2
}

fn levels() -> usize {
    3
}

fn zipf() -> f64 {
    1.0
}

fn nesting() -> f64 {
    0.25
}

impl Config {
    fn check(&self) -> Result<(), CorpusError> {
        let counts = [
            ("symbols", self.symbols, 2, 256, "32"),
            ("rules", self.rules, 2, 64, "8"),
            ("branching", self.branching, 2, 4, "2"),
            ("levels", self.levels, 1, 12, "3"),
        ];
        for (name, value, least, most, usual) in counts {
            if !(least..=most).contains(&value) {
                let message = format!("`{name}` is {value}, not a number from {least} to {most}");
                return Err(CorpusError::new(message, format!("{usual} is the default")));
            }
        }
        for (name, value, most, usual) in [("zipf", self.zipf, 4.0, "1"), ("nesting", self.nesting, 0.9, "0.25")] {
            if !(0.0..=most).contains(&value) {
                let message = format!("`{name}` is {value}, not a number from 0 to {most}");
                return Err(CorpusError::new(message, format!("{usual} is the default")));
            }
        }
        let sides = self.symbols.pow(self.branching as u32);
        if self.symbols * self.rules > sides {
            let message = format!(
                "`rules` is {}, and {} symbols with as many rules each ask for more than the {sides} right sides there are",
                self.rules, self.symbols
            );
            let hint = format!("`rules` of {} at most, or more `symbols` or `branching`", sides / self.symbols);
            return Err(CorpusError::new(message, hint));
        }
        let leaves = self.branching.pow(self.levels as u32);
        if leaves > MAX_LEAVES {
            let message = format!("`levels` is {}, which makes sentences of {leaves} leaves", self.levels);
            return Err(CorpusError::new(message, format!("`branching`^`levels` may be {MAX_LEAVES} at most")));
        }
        Ok(())
    }
}

/// The grammar, ready to be sampled.
#[derive(Debug)]
struct Sentences {
    seed: u64,
    grammar: Grammar,
    sampler: Sampler,
    data: Data,
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    config.check()?;
    let grammar = Grammar::draw(config);
    let sampler = Sampler::new(&grammar);
    let data = Data {
        name: format!("grammar-{}", config.seed),
        hash: hash(config, &grammar),
        tokens: None,
        entropy: Some(grammar.entropy()),
        other: Default::default(),
    };
    Ok(Arc::new(Sentences { seed: config.seed, grammar, sampler, data }))
}

/// Settings and integers: what the grammar was drawn from and what came out.
fn hash(config: &Config, grammar: &Grammar) -> String {
    let mut hash = Sha256::new();
    hash.update(b"isoloss grammar 1\n");
    for number in [config.symbols, config.rules, config.branching, config.levels] {
        hash.update((number as u64).to_le_bytes());
    }
    for number in [config.zipf, config.nesting] {
        hash.update(number.to_bits().to_le_bytes());
    }
    hash.update(config.seed.to_le_bytes());
    for number in grammar.numbers() {
        hash.update(number.to_le_bytes());
    }
    hex(&hash.finalize())
}

impl Sentences {
    /// A window of sentences from the first mark on.
    fn window(&self, random: Xoshiro256PlusPlus, inputs: &mut [u32], targets: &mut [u32]) {
        let mut tokens = self.sampler.text(&self.grammar, random).map(|token| self.grammar.id(token));
        let mut last = tokens.next();
        for (input, target) in inputs.iter_mut().zip(targets) {
            let next = tokens.next();
            (*input, *target) = last.zip(next).expect("a text does not end");
            last = next;
        }
    }

    /// What the optimal predictor loses on a window, nats.
    fn loss(&self, inputs: &[u32], targets: &[u32]) -> f64 {
        let mut predictor = Predictor::new(&self.grammar);
        let mut loss = 0.0;
        for (input, target) in inputs.iter().zip(targets) {
            predictor.follow(self.grammar.token(*input));
            loss -= libm::log(predictor.probability(self.grammar.token(*target)));
        }
        loss
    }
}

impl Sentences {
    /// The probability of the likeliest token behind the beginning of a window.
    fn likeliest(&self, begun: &[u32]) -> f64 {
        let mut predictor = Predictor::new(&self.grammar);
        begun.iter().for_each(|token| predictor.follow(self.grammar.token(*token)));
        let all = (0..self.grammar.tokens() as u32).map(|id| predictor.probability(self.grammar.token(id)));
        all.fold(0.0, f64::max)
    }
}

impl Source for Sentences {
    fn vocab_size(&self) -> usize {
        self.grammar.tokens()
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
        let windows = batch.inputs.chunks(length).zip(batch.targets.chunks(length));
        let loss: f64 = windows.map(|(inputs, targets)| self.loss(inputs, targets)).sum();
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

impl Exams for Sentences {
    fn draw(&self, length: usize) -> Vec<Exam> {
        let windows =
            drawn::examined(self.seed, length, |random, inputs, targets| self.window(random, inputs, targets));
        let best = |begun: &[u32]| self.likeliest(begun);
        exams::words(&windows, self.seed, self.grammar.tokens(), Some(&best)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
