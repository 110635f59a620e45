//! Biographies of people that do not exist: facts to be known by heart, and a count of the bits that a model knows.
//!
//! bioS(N) of Allen-Zhu and Li (2024, Physics of Language Models: Part 3.3, arXiv 2404.05405, section 2.2). Every one
//! of N people has a full name, no two the same, drawn from 400 x 400 x 1000; and, drawn evenly and each by itself, a
//! gender of 2, a birth date of 12 x 28 x 200, a birth city of 200, one of 300 universities, of 100 majors and of 263
//! employers. The employer says in which city a person works. A biography tells all of it in six sentences:
//!
//! ```
//! use isoloss_train::corpora::{Batch, Config, Place};
//!
//! let config: Config = serde_json::from_str(r#"{ "kind": "bios", "people": 1000, "seed": 1 }"#)?;
//! let place = Place { base: ".".into(), cache: ".".into() };
//! let source = config.open(&place).map_err(|e| e.to_string())?;
//! let mut batch = Batch::new(1, 50);
//! source.fill(1, 0, &mut batch);
//! assert_eq!(
//!     source.text(&batch.inputs).unwrap(),
//!     "<eos> Nouwi Lizea Vida left Goumu as student. He drives to Kuni today. He stays at Hutu proudly. \
//!      He started on July 11 2097 exactly. He was raised in Vapou. He trained in Wego successfully."
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With `sentences` and `order` fresh, every exposure draws another of about fifty forms for each fact, and another
//! order of the sentences; fixed ones are bioS_simple. The words of the forms are ours, and names and places are
//! invented words of two syllables each, so that all of it needs about 400 different tokens. A biography has 1 + 6 + 5
//! + 6 (3 + 1) + 4 + 5 x 2 = 50 of them, <eos> at its beginning among them, and 75 without pronouns.
//!
//! The last `kept_back` of the people are never told of in training: they stand in the references only, which tell of everybody
//! once, and so tell apart what weights know from what is looked up. With `tellings = 2` a window tells of the same person twice,
//! in fresh forms and orders: of people that are many and not met again, the second telling follows from the first alone.
//!
//! What there is to know are N log2(N0 / N) + N log2 S0 bits (`knowledge.rs`), with N0 the number of names and S0 that
//! of values. Smaller `pools` bring it into the reach of small models; N0 and S0 follow, and are part of what the
//! corpus says of its data.
//!
//! All is drawn by integers: same settings, same tokens on every machine.

mod exams;
mod forms;
mod knowledge;
mod lives;
mod pools;
mod vocabulary;

use std::sync::Arc;

use isoloss_runs::record::Data;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::knowledge::bits_of;
use self::lives::Biographies;
use super::people::{Fraction, Lives, Packing, People};
use super::{CorpusError, Place, Source, hex};

pub(super) const SAYS: &str = "biographies of invented people: a count of the bits that a model knows by heart";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// The people, and how they are told of.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How many people, N: as many as there are names at most.
    pub people: u64,
    /// The part of the sizes of all pools but those of genders, months and days: "1" or "1/10", say.
    #[serde(default)]
    pub pools: Fraction,
    /// Is the form of each sentence drawn at every exposure, or once for each person?
    #[serde(default)]
    pub sentences: Draw,
    /// Is the order of the sentences drawn at every exposure, or once for each person?
    #[serde(default)]
    pub order: Draw,
    /// Sentences after the first begin with a pronoun, which tells the gender. Without, all begin with the full name,
    /// and there is no gender.
    #[serde(default = "yes")]
    pub pronouns: bool,
    /// How biographies become windows.
    #[serde(default)]
    pub packing: Packing,
    /// How many of the people, the last, are never told of in training. One at least is.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(!skip_serializing_if)]
    pub kept_back: u64,
    /// How often in a row a person is told of: 1 to 64.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    #[schemars(!skip_serializing_if)]
    pub tellings: usize,
    /// Draws the people.
    pub seed: u64,
}

/// When something is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Draw {
    /// Anew at every exposure.
    #[default]
    Fresh,
    /// Once for each person.
    Fixed,
}

fn yes() -> bool {
    true
}

fn is_none(people: &u64) -> bool {
    *people == 0
}

fn once() -> usize {
    1
}

fn is_once(tellings: &usize) -> bool {
    *tellings == once()
}

/// The most tellings in a row.
const MOST_TELLINGS: usize = 64;

impl Config {
    /// How many people are told of in training.
    fn told(&self) -> u64 {
        self.people - self.kept_back
    }

    fn check(&self) -> Result<(), CorpusError> {
        let Self { people, kept_back, tellings, .. } = self;
        if people <= kept_back && *kept_back > 0 {
            let message = format!("`kept_back` is {kept_back}, and there are {people} people");
            return Err(CorpusError::new(message, "fewer, so that somebody is told of, or more `people`"));
        }
        if !(1..=MOST_TELLINGS).contains(tellings) {
            let message = format!("`tellings` is {tellings}, not a number from 1 to {MOST_TELLINGS}");
            return Err(CorpusError::new(message, "1 is the default; 2 asks for what was just told"));
        }
        Ok(())
    }
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    Ok(Arc::new(corpus(config)?))
}

fn corpus(config: &Config) -> Result<People<Biographies>, CorpusError> {
    config.check()?;
    let lives = Biographies::new(config)?;
    let data = Data {
        name: "bios".into(),
        hash: hash(config),
        // One exposure.
        tokens: Some(config.told() * (config.tellings * lives.tokens()) as u64),
        entropy: None,
        other: [("name_space", lives.name_space()), ("value_space", lives.value_space())]
            .map(|(name, space)| (name.to_owned(), space.into()))
            .into_iter()
            .collect(),
    };
    Ok(People { lives, packing: config.packing, seed: config.seed, data })
}

/// The settings: all else follows from them.
fn hash(config: &Config) -> String {
    let Config { people, pools, sentences, order, pronouns, packing, kept_back, tellings, seed } = config;
    let mut hash = Sha256::new();
    hash.update(b"isoloss bios 1\n");
    let [over, under] = pools.terms();
    for number in [*people, over, under, *seed] {
        hash.update(number.to_le_bytes());
    }
    hash.update([*sentences as u8, *order as u8, u8::from(*pronouns), *packing as u8]);
    // Corpora without them have the hashes that they had before there were such.
    if !is_none(kept_back) || !is_once(tellings) {
        hash.update(kept_back.to_le_bytes());
        hash.update((*tellings as u64).to_le_bytes());
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests;
