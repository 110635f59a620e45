//! Tasks that need memory of the context: what is to be predicted stands in the window, and nowhere else.
//!
//! A window holds whole examples, one behind the other, until none fits any more; what is left is blank. Each is of a
//! task drawn evenly from `tasks`, among those that still fit, and of a size drawn evenly from those that do:
//!
//! ```text
//! copy         copy a b c ; a b c                    n symbols, and the same again
//! palindrome   palindrome a b c ; c b a              n symbols, and the same backwards
//! recall       recall k u l v m w ; l v m w k u      n pairs of key and value, then each key once and its value
//! stack        stack a b pop b c pop c pop a         n symbols pushed; behind each `pop` the last that was not yet popped
//! ```
//!
//! `recall` is multi-query associative recall (Arora et al. 2023, Zoology, arXiv 2312.04927), with keys from the first half of
//! the symbols and values from the second.
//!
//! Only targets that the tokens before them determine count: symbols behind `;` in copy and palindrome, the values behind
//! `;` in recall, popped symbols in stack. All others are [`IGNORE`], where a symbol, a length or the next task was drawn.
//! So the optimal loss is exactly 0, and what a model loses is what it fails to remember. No table is drawn: what there is
//! to learn is how to look back, and how far it reaches is set by `shortest` and `longest`.

mod tasks;

use std::sync::Arc;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::tasks::Task;
use self::tasks::{MARKERS, below};
use super::exams::one_target_each;
use super::{Batch, CorpusError, Exam, Exams, HeldOut, How, IGNORE, Place, Source, drawn, hex};

pub(super) const SAYS: &str = "copy, palindrome, associative recall and stack: the context determines every target";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// The largest vocabulary.
const MAX_VOCAB: usize = 65_536;
/// The largest size of an example.
const MAX_SIZE: usize = 4096;

/// The tasks. The defaults fit windows of 64 tokens and more.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which tasks: all unless they are named. One that is named twice is drawn twice as often.
    #[serde(default = "tasks")]
    pub tasks: Vec<Task>,
    /// How many tokens: 7 that say what is asked, and the symbols. 9 to 65536.
    #[serde(default = "vocab_size")]
    pub vocab_size: usize,
    /// The smallest size of an example: symbols, pairs or pushes. 1 or more.
    #[serde(default = "shortest")]
    pub shortest: usize,
    /// The largest: up to 4096, and for `recall` up to half of the symbols, since keys differ.
    #[serde(default = "longest")]
    pub longest: usize,
    /// Draws the held-out windows.
    #[serde(default)]
    pub seed: u64,
}

fn tasks() -> Vec<Task> {
    Task::ALL.to_vec()
}

fn vocab_size() -> usize {
    64
}

fn shortest() -> usize {
    2
}

fn longest() -> usize {
    12
}

impl Config {
    fn check(&self) -> Result<(), CorpusError> {
        if self.tasks.is_empty() {
            let hint = "name some of copy, palindrome, recall and stack, or leave it away for all";
            return Err(CorpusError::new("`tasks` is empty", hint));
        }
        let least = MARKERS as usize + 2;
        if !(least..=MAX_VOCAB).contains(&self.vocab_size) {
            let message = format!("`vocab_size` is {}, not a number from {least} to {MAX_VOCAB}", self.vocab_size);
            return Err(CorpusError::new(
                message,
                "64 is the default: 7 tokens that say what is asked, and 57 symbols",
            ));
        }
        if !(1..=MAX_SIZE).contains(&self.longest) {
            let message = format!("`longest` is {}, not a number from 1 to {MAX_SIZE}", self.longest);
            return Err(CorpusError::new(message, "12 is the default"));
        }
        if !(1..=self.longest).contains(&self.shortest) {
            let message =
                format!("`shortest` is {}, not a number from 1 to `longest` = {}", self.shortest, self.longest);
            return Err(CorpusError::new(message, "2 is the default"));
        }
        let keys = self.symbols() as usize / 2;
        if self.tasks.contains(&Task::Recall) && self.longest > keys {
            let message = format!("`longest` is {}, and the task `recall` has {keys} keys", self.longest);
            let hint =
                format!("`vocab_size` of {} or more, or `longest` of {keys}", MARKERS as usize + 2 * self.longest);
            return Err(CorpusError::new(message, hint));
        }
        Ok(())
    }

    fn symbols(&self) -> u32 {
        self.vocab_size as u32 - MARKERS
    }

    /// Tokens of the shortest example.
    fn least(&self) -> usize {
        self.tasks.iter().map(|task| task.tokens(self.shortest)).min().expect("there are tasks")
    }
}

/// The tasks, ready to be drawn.
#[derive(Debug)]
struct Recall {
    config: Config,
    data: Data,
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    config.check()?;
    let data =
        Data { name: "recall".into(), hash: hash(config), tokens: None, entropy: Some(0.0), other: Default::default() };
    Ok(Arc::new(Recall { config: config.clone(), data }))
}

/// The settings: nothing else is drawn from.
fn hash(config: &Config) -> String {
    let mut hash = Sha256::new();
    hash.update(b"isoloss recall 1\n");
    for number in [config.vocab_size, config.shortest, config.longest, config.tasks.len()] {
        hash.update((number as u64).to_le_bytes());
    }
    hash.update(config.seed.to_le_bytes());
    let tasks: Vec<u8> = config.tasks.iter().map(|task| *task as u8).collect();
    hash.update(tasks);
    hex(&hash.finalize())
}

impl Recall {
    /// A window of whole examples. The last token of an example is a target only, so that those of a window have one
    /// token more than it has inputs.
    fn window(&self, mut random: Xoshiro256PlusPlus, inputs: &mut [u32], targets: &mut [u32]) {
        let Config { tasks, shortest, longest, .. } = &self.config;
        let length = inputs.len();
        let mut tokens = Vec::with_capacity(length + 1);
        targets.fill(IGNORE);
        loop {
            let room = length + 1 - tokens.len();
            let fitting: Vec<Task> = tasks.iter().copied().filter(|task| task.tokens(*shortest) <= room).collect();
            if fitting.is_empty() {
                break;
            }
            let task = fitting[below(&mut random, fitting.len() as u32) as usize];
            let most = task.largest(room).min(*longest);
            let size = shortest + below(&mut random, (most - shortest + 1) as u32) as usize;
            task.write(size, self.config.symbols(), &mut random, &mut |token, determined| {
                if determined {
                    targets[tokens.len() - 1] = token;
                }
                tokens.push(token);
            });
        }
        tokens.resize(length + 1, tasks::BLANK);
        inputs.copy_from_slice(&tokens[..length]);
    }
}

impl Source for Recall {
    fn vocab_size(&self) -> usize {
        self.config.vocab_size
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        drawn::fill(seed, step, batch, |random, inputs, targets| self.window(random, inputs, targets));
    }

    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        self.suffices(sequences, length)?;
        let window = |random, inputs: &mut [u32], targets: &mut [u32]| self.window(random, inputs, targets);
        let batch = drawn::held_out(self.config.seed, sequences, length, window)?;
        Ok(HeldOut::with_floor(batch, Some(0.0)))
    }

    fn suffices(&self, _sequences: usize, length: usize) -> Result<(), CorpusError> {
        // The last token of an example is no input.
        let least = self.config.least() - 1;
        if length < least {
            let message = format!("no example fits into a window of {length} tokens");
            return Err(CorpusError::new(message, format!("windows of {least} or more, or a smaller `shortest`")));
        }
        Ok(())
    }

    fn exams(&self) -> Option<&dyn Exams> {
        Some(self)
    }
}

/// `recall`: one answer of each window. Chance is that of a symbol that could stand there whatever the window holds: the mean over
/// questions, since of `recall` itself only half of the symbols are values.
impl Exams for Recall {
    fn draw(&self, length: usize) -> Vec<Exam> {
        if self.suffices(1, length).is_err() {
            return Vec::new();
        }
        let seed = self.config.seed;
        let windows = drawn::examined(seed, length, |random, inputs, targets| self.window(random, inputs, targets));
        let (batch, places) = one_target_each(&windows, seed);
        let options = |at: &usize| {
            let before = batch.inputs[at / length * length..=*at].iter().rev();
            let task = before.copied().find_map(|token| Task::ALL.iter().find(|task| task.marker() == token));
            task.map_or(1, |task| task.answers(self.config.symbols()))
        };
        let chance = places.iter().map(|at| 1.0 / f64::from(options(at))).sum::<f64>() / places.len() as f64;
        vec![Exam { name: "recall".into(), batch, how: How::First, chance, ceiling: None }]
    }
}

#[cfg(test)]
mod tests;
