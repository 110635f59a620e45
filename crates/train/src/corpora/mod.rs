//! The corpora: one file and one line in the list each.
//!
//! A corpus is a stream of batches and a held-out set. A batch is a pure function of seed and step, so that a resumed run
//! sees what the uninterrupted one would have seen, and two runs of one seed see the same.

pub mod biod;
pub mod bios;
// Read and not trained on yet: batches of pictures are to come.
#[allow(dead_code)]
pub mod captions;
mod drawn;
mod facts;
pub mod grammar;
pub mod mano;
pub mod markov;
mod mmap;
// Read and not trained on yet: batches of pictures are to come.
#[allow(dead_code)]
pub mod pages;
mod people;
mod permutation;
// The corpora that show pictures to a model are not in the list yet.
#[allow(dead_code)]
mod pictures;
pub mod recall;
mod stream;
pub mod text;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use isoloss_runs::record::Data;
use serde::{Deserialize, Deserializer, Serialize};

pub use facts::{Bits, Facts, Term};
pub use isoloss_engine::IGNORE;
pub use people::{Fraction, Packing};
pub use permutation::Permutation;

/// Windows of tokens and what follows each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Tokens of a window.
    pub length: usize,
    /// `[sequences, length]`, row after row.
    pub inputs: Vec<u32>,
    /// As many: the token that follows each input, or [`IGNORE`].
    pub targets: Vec<u32>,
}

impl Batch {
    /// Room for windows of `length` tokens, all 0.
    pub fn new(sequences: usize, length: usize) -> Self {
        let tokens = sequences * length;
        Self { length, inputs: vec![0; tokens], targets: vec![0; tokens] }
    }

    /// How many windows.
    pub fn sequences(&self) -> usize {
        self.inputs.len() / self.length.max(1)
    }

    /// The first windows, at most so many.
    pub fn first(&self, sequences: usize) -> Self {
        self.part(0..sequences.min(self.sequences()))
    }

    /// Some neighbouring windows.
    pub fn part(&self, windows: Range<usize>) -> Self {
        let tokens = windows.start * self.length..windows.end * self.length;
        Self {
            length: self.length,
            inputs: self.inputs[tokens.clone()].to_vec(),
            targets: self.targets[tokens].to_vec(),
        }
    }

    /// Inputs and targets of one window after the other.
    fn windows_mut(&mut self) -> impl Iterator<Item = (&mut [u32], &mut [u32])> {
        let length = self.length.max(1);
        self.inputs.chunks_exact_mut(length).zip(self.targets.chunks_exact_mut(length))
    }

    /// How many targets count.
    pub fn counted(&self) -> usize {
        self.targets.iter().filter(|t| **t != IGNORE).count()
    }
}

/// What runs are evaluated on: the same windows for every run of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// All windows.
    pub batch: Batch,
    /// The loss of the optimal predictor on these very targets, nats per token, where it is known.
    pub floor: Option<f64>,
    /// How many bytes of text a target stands for, on average, where tokens are text.
    pub bytes_per_target: Option<f64>,
}

/// A corpus that was opened.
pub trait Source: fmt::Debug + Send + Sync {
    /// How many different tokens there are.
    fn vocab_size(&self) -> usize;

    /// Name, hash, size and entropy. The hash identifies what is trained on and evaluated on.
    fn data(&self) -> Data;

    /// Fills a batch: a function of seed, step and the shape of the batch alone.
    fn fill(&self, seed: u64, step: u64, batch: &mut Batch);

    /// Windows that no batch has: at most `sequences` of `length` tokens, always the same.
    ///
    /// # Errors
    /// If the held-out part has not one whole window.
    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError>;

    /// Can it fill a batch of that shape?
    ///
    /// # Errors
    /// If it has fewer tokens than the batch.
    fn suffices(&self, sequences: usize, length: usize) -> Result<(), CorpusError>;

    /// Tokens of one pass over the data in windows of that length, blanks among them: all of it is shown once. None where
    /// the corpus is generated without end.
    fn pass(&self, _length: usize) -> Option<u64> {
        self.data().tokens
    }

    /// What there is to know by heart, where a corpus is made of facts.
    fn facts(&self) -> Option<&dyn Facts> {
        None
    }

    /// Tokens as text for people to read, where a corpus has words for them.
    fn text(&self, _tokens: &[u32]) -> Option<String> {
        None
    }

    /// What was left out on opening and why, one sentence each: to be said to whoever asked for the corpus.
    fn notes(&self) -> &[String] {
        &[]
    }
}

/// Where corpora look and write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Relative paths of a corpus start here.
    pub base: PathBuf,
    /// What was derived from files is kept here, and may be deleted at any time.
    pub cache: PathBuf,
}

/// Why there is no corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorpusError {
    /// What is wrong.
    pub message: String,
    /// What would help.
    pub hint: String,
}

impl CorpusError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// A digest in hexadecimal digits.
fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.message, self.hint)
    }
}

impl std::error::Error for CorpusError {}

/// The list from which configs, names and opening are made.
macro_rules! corpora {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// Which corpus, with its settings: the table `[corpus]` of an experiment, `kind` being the name of a file here.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Config {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Config)),*
        }

        impl Config {
            /// Reads the settings of one kind; none if there is no such kind.
            ///
            /// # Errors
            /// If a setting is unknown, missing or of a wrong type.
            pub fn read<'de, D: Deserializer<'de>>(kind: &str, settings: D) -> Option<Result<Self, D::Error>> {
                match kind {
                    $(stringify!($module) => Some($module::Config::deserialize(settings).map(Self::$variant)),)*
                    _ => None,
                }
            }

            /// Reads, or generates, what is needed to make batches.
            ///
            /// # Errors
            /// If files are missing, binary or too few, or a setting makes no sense.
            pub fn open(&self, place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
                match self {
                    $(Self::$variant(config) => $module::open(config, place)),*
                }
            }

            /// Settings that say where the data lie and not what they are: no part of a run's identity, which has the
            /// hash of the data instead.
            pub fn whereabouts(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant(_) => $module::WHEREABOUTS),*
                }
            }
        }

        /// All corpora: the name and what it is.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

corpora! {
    Biod = biod,
    Bios = bios,
    Grammar = grammar,
    Mano = mano,
    Markov = markov,
    Recall = recall,
    Text = text,
}
