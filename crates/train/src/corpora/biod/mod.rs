//! Tables of facts about people that do not exist: every quantity of the information in them is a setting.
//!
//! bioD(N, K, C, D, L, T) of Allen-Zhu and Li (2024, Physics of Language Models: Part 3.3, arXiv 2404.05405, Definition
//! 2.2). N people have names as in [`super::bios`], and K attributes each. For every attribute there are D different
//! strings of L letters from an alphabet of T, drawn once; a value is C chunks, each drawn evenly from these. A text
//! about a person tells all attributes, in another order at every exposure:
//!
//! ```
//! use isoloss_train::corpora::{Batch, Config, Place};
//!
//! let config = r#"{ "kind": "biod", "people": 1000, "attributes": 2, "chunks": 2, "length": 3, "seed": 1 }"#;
//! let config: Config = serde_json::from_str(config)?;
//! let place = Place { base: ".".into(), cache: ".".into() };
//! let source = config.open(&place).map_err(|e| e.to_string())?;
//! let mut batch = Batch::new(1, 37);
//! source.fill(1, 0, &mut batch);
//! assert_eq!(
//!     source.text(&batch.inputs).unwrap(),
//!     "<eos> Nouwi Lizea Vida's ID 2 is kpe, chf. Nouwi Lizea Vida's ID 1 is ohd, loe."
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It has 1 + K (6 + 4 + C L + C - 1 + 1) tokens. What there is to know is counted in `knowledge.rs`.
//!
//! All is drawn by integers: same settings, same tokens on every machine.

mod knowledge;
mod lives;

use std::sync::Arc;

use isoloss_runs::record::Data;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::knowledge::{Spaces, bits_of};
use self::lives::Tables;
use super::people::{Fraction, Lives, Packing, People};
use super::{CorpusError, Place, Source, hex};

pub(super) const SAYS: &str = "tables about invented people: numbers, lengths and variety of facts are settings";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// Permutations of more than that are not drawn.
const MOST_STRINGS: u64 = 1 << 62;

/// The people, and the table of each.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How many people, N: as many as there are names at most.
    pub people: u64,
    /// Attributes of everybody, K: 1 to 1000.
    #[serde(default = "attributes")]
    pub attributes: u64,
    /// Chunks of a value, C: 1 to 64.
    #[serde(default = "chunks")]
    pub chunks: u64,
    /// Strings that a chunk is drawn from, D: 2 or more, and T^L at most.
    #[serde(default = "diversity")]
    pub diversity: u64,
    /// Letters of a string, L: 1 to 62.
    #[serde(default = "length")]
    pub length: u64,
    /// Different letters, T: 2 to 4096.
    #[serde(default = "alphabet")]
    pub alphabet: u64,
    /// The part of the sizes of the pools of names: "1" or "1/10", say.
    #[serde(default)]
    pub pools: Fraction,
    /// How texts become windows.
    #[serde(default)]
    pub packing: Packing,
    /// Draws the people and the strings.
    pub seed: u64,
}

fn attributes() -> u64 {
    5
}

fn chunks() -> u64 {
    1
}

fn diversity() -> u64 {
    100
}

fn length() -> u64 {
    2
}

fn alphabet() -> u64 {
    16
}

impl Config {
    fn check(&self) -> Result<(), CorpusError> {
        let numbers = [
            ("attributes", self.attributes, 1, 1000, attributes()),
            ("chunks", self.chunks, 1, 64, chunks()),
            ("length", self.length, 1, 62, length()),
            ("alphabet", self.alphabet, 2, 4096, alphabet()),
        ];
        for (name, value, least, most, usual) in numbers {
            if !(least..=most).contains(&value) {
                let message = format!("`{name}` is {value}, not a number from {least} to {most}");
                return Err(CorpusError::new(message, format!("{usual} is the default")));
            }
        }
        let Some(strings) = self.strings() else {
            let message = format!(
                "`alphabet` is {} and `length` {}: that are more strings than 2^62, the most that are drawn from",
                self.alphabet, self.length
            );
            return Err(CorpusError::new(message, "a smaller `alphabet`, or a smaller `length`"));
        };
        if !(2..=strings).contains(&self.diversity) {
            let message = format!(
                "`diversity` is {}, and there are {strings} strings of {} letters from {}",
                self.diversity, self.length, self.alphabet
            );
            return Err(CorpusError::new(message, format!("a number from 2 to {strings}, or a larger `length`")));
        }
        Ok(())
    }

    /// How many strings there could be, T^L.
    fn strings(&self) -> Option<u64> {
        self.alphabet.checked_pow(self.length as u32).filter(|strings| *strings <= MOST_STRINGS)
    }
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    Ok(Arc::new(corpus(config)?))
}

fn corpus(config: &Config) -> Result<People<Tables>, CorpusError> {
    config.check()?;
    let lives = Tables::new(config)?;
    let data = Data {
        name: "biod".into(),
        hash: hash(config),
        // One exposure.
        tokens: Some(config.people * lives.tokens() as u64),
        entropy: None,
        other: [("name_space".to_owned(), lives.name_space().into())].into_iter().collect(),
    };
    Ok(People { lives, packing: config.packing, seed: config.seed, data })
}

/// The settings: all else follows from them.
fn hash(config: &Config) -> String {
    let Config { people, attributes, chunks, diversity, length, alphabet, pools, packing, seed } = config;
    let mut hash = Sha256::new();
    hash.update(b"isoloss biod 1\n");
    let [over, under] = pools.terms();
    for number in [*people, *attributes, *chunks, *diversity, *length, *alphabet, over, under, *seed] {
        hash.update(number.to_le_bytes());
    }
    hash.update([*packing as u8]);
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests;
