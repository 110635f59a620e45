//! The corpora: one file and one line in the list each.
//!
//! A corpus is a stream of batches and a held-out set. A batch is a pure function of seed and step, so that a resumed run
//! sees what the uninterrupted one would have seen, and two runs of one seed see the same.

mod batch;
pub mod biod;
pub mod bios;
pub mod captions;
mod collection;
mod drawn;
mod exams;
mod facts;
mod files;
pub mod grammar;
pub mod mano;
pub mod markov;
pub mod mixture;
pub(crate) mod mmap;
pub mod pages;
mod people;
mod permutation;
mod pictures;
mod reading;
pub mod recall;
mod references;
pub mod scenes;
mod settings;
mod sight;
pub mod storybook;
pub(crate) mod stream;
pub mod text;
mod told;
mod window;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::documented::{self, Setting};
use isoloss_runs::record::Data;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use batch::{Batch, HeldOut, Known, Layout, Set};
pub use exams::{Exam, Exams, How, QUESTIONS};
pub use facts::{Bits, Facts, Term};
pub use isoloss_engine::IGNORE;
pub use people::{Fraction, Packing};
pub use permutation::Permutation;
pub use reading::{Reading, Shelf, reading};
pub use references::References;
pub(crate) use sight::CHANNELS;
pub use sight::{Pictures, Sight};

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

    /// Texts that have an end, of files, in windows of that length. None of what is generated; facts are told over and over so
    /// that they are learnt.
    fn texts(&self, length: usize) -> Vec<Finite> {
        let text = Finite::of_data(&self.data());
        let passes = |text| Some(Finite { pass: self.pass(length)?, ..text });
        text.and_then(passes).into_iter().collect()
    }

    /// How its pictures are looked at, where it has some: then every batch has a [`Layout`].
    fn sight(&self) -> Option<Sight> {
        None
    }

    /// What its tokens are, so that corpora whose tokens are the same can be read side by side; none where they are of its own.
    fn alphabet(&self) -> Option<&'static str> {
        None
    }

    /// The token that stands between documents, where they lie one behind the other in a window.
    fn separator(&self) -> Option<u32> {
        None
    }

    /// What there is to know by heart, where a corpus is made of facts.
    fn facts(&self) -> Option<&dyn Facts> {
        None
    }

    /// What a model can be examined in, where a corpus has questions.
    fn exams(&self) -> Option<&dyn Exams> {
        None
    }

    /// Texts that can be looked up, where a corpus has such.
    fn references(&self) -> Option<&dyn References> {
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

/// A text that has an end.
#[derive(Clone, Debug, PartialEq)]
pub struct Finite {
    /// What it is called.
    pub name: String,
    /// Tokens of one pass over it.
    pub pass: u64,
    /// Its share of the tokens of a training: 1 where nothing else is read.
    pub share: f64,
}

impl Finite {
    /// What a record knows of it: documents of files; none of a mixture.
    pub fn of_data(data: &Data) -> Option<Self> {
        let pass = data.tokens.filter(|_| data.other.contains_key(DOCUMENTS))?;
        Some(Self { name: data.name.clone(), pass, share: 1.0 })
    }

    /// How often a training of so many tokens reads it.
    pub fn read(&self, tokens: u64) -> f64 {
        tokens as f64 * self.share / self.pass.max(1) as f64
    }
}

/// The key of [`Data::other`] that says of how many documents a text of files is.
const DOCUMENTS: &str = "documents";

impl Config {
    /// As [`Config::open`]; what opens the streams of a mixture is given, as others may have them too.
    ///
    /// # Errors
    /// As [`Config::open`].
    pub fn open_with(&self, place: &Place, stream: &mut Opener) -> Result<Arc<dyn Source>, CorpusError> {
        match self {
            Self::Mixture(mixture) => mixture::open_with(mixture, stream),
            _ => self.open(place),
        }
    }

    /// Takes out of the settings, as JSON, those that only say where data lie; of a mixture those of all its streams.
    pub fn forget_whereabouts(&self, settings: &mut Value) {
        let Some(settings) = settings.as_object_mut() else { return };
        self.whereabouts().iter().for_each(|key| drop(settings.remove(*key)));
        if let (Self::Mixture(mixture), Some(streams)) = (self, settings.get_mut("streams")) {
            for (name, stream) in &mixture.streams {
                streams.get_mut(name).into_iter().for_each(|settings| stream.forget_whereabouts(settings));
            }
        }
    }
}

/// Opens a stream of a mixture.
pub type Opener<'a> = dyn FnMut(&Config) -> Result<Arc<dyn Source>, CorpusError> + 'a;

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
    /// The setting that it is about, from the table of the corpus inward; empty where it is about none of them alone.
    pub setting: Vec<String>,
    /// The folder that cannot be written to, where no setting is wrong.
    pub folder: Option<String>,
}

impl CorpusError {
    /// A message that begins with a setting in back-quotes is about that one.
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let message = message.into();
        let of_setting = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let setting = message.strip_prefix('`').and_then(|rest| rest.split(of_setting).next()).map(str::to_owned);
        Self { message, hint: hint.into(), setting: setting.into_iter().collect(), folder: None }
    }

    /// The same, of a setting that its message does not begin with.
    fn of(self, setting: &str) -> Self {
        Self { setting: vec![setting.to_owned()], ..self }
    }
}

/// Where relative paths start, for hints.
const WHERE: &str = "relative paths start at the folder in which isoloss runs";

/// Why what a path names cannot be read: `there is no file or folder of that name`.
fn because(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no file or folder of that name".into(),
        _ => error.to_string(),
    }
}

/// A digest in hexadecimal digits.
fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.folder.as_ref().map_or(Ok(()), |folder| write!(f, "{folder}: "))?;
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

        /// The settings of one kind; none if there is no such kind.
        pub fn settings(kind: &str) -> Option<Vec<Setting>> {
            match kind {
                $(stringify!($module) => Some(documented::settings::<$module::Config>()),)*
                _ => None,
            }
        }

        /// All corpora: the name and what it is.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

corpora! {
    Biod = biod,
    Bios = bios,
    Captions = captions,
    Grammar = grammar,
    Mano = mano,
    Markov = markov,
    Mixture = mixture,
    Pages = pages,
    Recall = recall,
    Scenes = scenes,
    Storybook = storybook,
    Text = text,
}
