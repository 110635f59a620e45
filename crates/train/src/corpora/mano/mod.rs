//! Arithmetic that cannot be written down in between: prefix expressions and their values modulo a number.
//!
//! After the task Mano of Allen-Zhu, Physics of Language Models, Part 4.1, as Ouro (arXiv 2510.25741) trains looped models on
//! it: tables of sums and products have to be known by heart, and applied to each other inside the model.
//!
//! ```text
//! <bos> <len_3> + 7 * - 2 20 5 <ans> 9        7 + (2 - 20) * 5 = 9 modulo 23
//! ```
//!
//! An expression of l operators has l + 1 numbers. Its tree is drawn from the root: the operator evenly from `+ - *`; of the
//! l - 1 operators that are left, 0 to l - 1 go to the left, all numbers equally likely, and the others to the right; and so
//! on in both. Numbers are drawn evenly from 0 to `modulus` - 1.
//!
//! A window holds whole examples, one behind the other, each with l drawn evenly from 1 to `longest`, as long as the longest
//! would still fit: so that no length is the likelier for being short. What is left is blank. Held-out windows hold examples
//! of `longest` operators only.
//!
//! Only the value behind `<ans>` counts: it follows from what stands before it, so the optimal loss is exactly 0, and
//! nothing before it does, where all targets are [`IGNORE`].
//!
//! | token | |
//! |---|---|
//! | 0 | blank |
//! | 1, 2 | `<bos>`, `<ans>` |
//! | 3, 4, 5 | `+`, `-`, `*` |
//! | 5 + l | `<len_l>`, l from 1 to `longest` |
//! | 6 + `longest` + x | the number x |

use std::sync::Arc;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::exams::one_target_each;
use super::stream::below;
use super::{Batch, CorpusError, Exam, Exams, HeldOut, How, IGNORE, Place, Source, drawn, hex};

pub(super) const SAYS: &str = "values of prefix expressions over + - * modulo a number: the expression determines them";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// The largest modulus, and the most operators.
const MAX: [u64; 2] = [32_768, 1024];
const BLANK: u32 = 0;
const BOS: u32 = 1;
const ANS: u32 = 2;
const PLUS: u32 = 3;
/// `+`, `-` and `*`.
const OPERATORS: u32 = 3;
/// Tokens of an example beside its operators and numbers, and its one number more.
const BESIDE: usize = 5;

/// The task. The defaults need windows of 24 tokens and more.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Values are taken modulo this: 2 to 32768.
    #[serde(default = "modulus")]
    pub modulus: u64,
    /// The most operators of an expression, and those of every held-out one: 1 to 1024.
    #[serde(default = "longest")]
    pub longest: u64,
    /// Draws the held-out windows.
    #[serde(default)]
    pub seed: u64,
}

fn modulus() -> u64 {
    23
}

fn longest() -> u64 {
    10
}

impl Config {
    fn check(&self) -> Result<(), CorpusError> {
        let [modulus, longest] = MAX;
        if !(2..=modulus).contains(&self.modulus) {
            let message = format!("`modulus` is {}, not a number from 2 to {modulus}", self.modulus);
            return Err(CorpusError::new(message, "23 is the default"));
        }
        if !(1..=longest).contains(&self.longest) {
            let message = format!("`longest` is {}, not a number from 1 to {longest}", self.longest);
            return Err(CorpusError::new(message, "10 is the default"));
        }
        Ok(())
    }

    /// The token of a number.
    fn number(&self, x: u64) -> u32 {
        PLUS + OPERATORS + self.longest as u32 + x as u32
    }

    /// Tokens of the longest example.
    fn most(&self) -> usize {
        2 * self.longest as usize + BESIDE
    }

    /// Writes an example of so many operators, the value last.
    fn write(&self, operators: u64, random: &mut Xoshiro256PlusPlus, tokens: &mut Vec<u32>) {
        let mut draw = |n: u64| below(random.next_u64(), n);
        tokens.extend([BOS, PLUS + OPERATORS - 1 + operators as u32]);
        let from = tokens.len();
        // Operators of the trees that are still to be written, the next one last.
        let mut left = vec![operators];
        while let Some(operators) = left.pop() {
            if operators == 0 {
                tokens.push(self.number(draw(self.modulus)));
            } else {
                tokens.push(PLUS + draw(u64::from(OPERATORS)) as u32);
                let of_left = draw(operators);
                left.extend([operators - 1 - of_left, of_left]);
            }
        }
        let value = self.value(&tokens[from..]);
        tokens.extend([ANS, self.number(value)]);
    }

    /// The value of a prefix expression: read from its end, an operator finds both its values done, the left one on top.
    fn value(&self, expression: &[u32]) -> u64 {
        let mut done: Vec<u64> = Vec::new();
        for &token in expression.iter().rev() {
            let value = match token.checked_sub(self.number(0)) {
                Some(number) => u64::from(number),
                None => {
                    let [a, b] = [done.pop(), done.pop()].map(|value| value.unwrap_or_default());
                    match token - PLUS {
                        0 => (a + b) % self.modulus,
                        1 => (a + self.modulus - b) % self.modulus,
                        _ => a * b % self.modulus,
                    }
                }
            };
            done.push(value);
        }
        done.pop().unwrap_or_default()
    }
}

/// The task, ready to be drawn.
#[derive(Debug)]
struct Mano {
    config: Config,
    data: Data,
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    config.check()?;
    let mut hash = Sha256::new();
    hash.update(b"isoloss mano 1\n");
    [config.modulus, config.longest, config.seed].iter().for_each(|number| hash.update(number.to_le_bytes()));
    let hash = hex(&hash.finalize());
    let data = Data { name: "mano".into(), hash, tokens: None, entropy: Some(0.0), other: Default::default() };
    Ok(Arc::new(Mano { config: config.clone(), data }))
}

impl Mano {
    /// A window of whole examples of at least so many operators. The last value is a target only, so that the examples of
    /// a window have one token more than it has inputs.
    fn window(&self, least: u64, mut random: Xoshiro256PlusPlus, inputs: &mut [u32], targets: &mut [u32]) {
        let length = inputs.len();
        let mut tokens = Vec::with_capacity(length + 1);
        targets.fill(IGNORE);
        while length + 1 - tokens.len() >= self.config.most() {
            let operators = least + below(random.next_u64(), self.config.longest + 1 - least);
            self.config.write(operators, &mut random, &mut tokens);
            let value = tokens.len() - 1;
            targets[value - 1] = tokens[value];
        }
        tokens.resize(length + 1, BLANK);
        inputs.copy_from_slice(&tokens[..length]);
    }
}

impl Source for Mano {
    fn vocab_size(&self) -> usize {
        self.config.number(self.config.modulus) as usize
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        drawn::fill(seed, step, batch, |random, inputs, targets| self.window(1, random, inputs, targets));
    }

    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        self.suffices(sequences, length)?;
        let only = self.config.longest;
        let window = |random, inputs: &mut [u32], targets: &mut [u32]| self.window(only, random, inputs, targets);
        let batch = drawn::held_out(self.config.seed, sequences, length, window)?;
        Ok(HeldOut::with_floor(batch, Some(0.0)))
    }

    fn suffices(&self, _sequences: usize, length: usize) -> Result<(), CorpusError> {
        // The value of an example is no input.
        let least = self.config.most() - 1;
        if length < least {
            let longest = self.config.longest;
            let message = format!("an example of {longest} operators does not fit into a window of {length} tokens");
            return Err(CorpusError::new(message, format!("windows of {least} or more, or a smaller `longest`")));
        }
        Ok(())
    }

    fn exams(&self) -> Option<&dyn Exams> {
        Some(self)
    }
}

/// `arithmetic`: values of expressions as in training, of 1 to `longest` operators.
impl Exams for Mano {
    fn draw(&self, length: usize) -> Vec<Exam> {
        if self.suffices(1, length).is_err() {
            return Vec::new();
        }
        let window = |random, inputs: &mut [u32], targets: &mut [u32]| self.window(1, random, inputs, targets);
        let (batch, _) = one_target_each(&drawn::examined(self.config.seed, length, window), self.config.seed);
        let chance = 1.0 / self.config.modulus as f64;
        vec![Exam { name: "arithmetic".into(), batch, how: How::First, chance, ceiling: None }]
    }
}

#[cfg(test)]
mod tests;
