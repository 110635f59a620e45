//! Text in files: bytes, words or merged bytes as tokens.
//!
//! A file is a document, or what it is cut into; so is every line of a `jsonl` file. Files may be packed by gzip or Zstandard. Documents of equal
//! content are one. What is binary, unreadable or too large is left out and said.
//!
//! Only content counts. A document is held out or trained on by its digest (SHA-256) alone, so that adding a file moves
//! no other; documents are sorted by digest, so that neither names nor places nor the order of a folder matter; and the
//! hash of the data is that of the sorted digests and of the settings that make tokens of them; where a vocabulary was
//! learnt, also of what its tokens stand for and of the tokens.
//!
//! Behind each document stands a separator, which no text can contain, so that the end of a document can be predicted. It
//! is the last token of the vocabulary: of bytes there are 257. The first token behind a separator cannot be predicted: its
//! target is [`IGNORE`].

mod build;
mod cache;
mod cargo;
mod documents;
mod order;
mod pieces;
mod tokens;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use isoloss_runs::record::Data;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::cache::Tokens;
use self::order::Order;
use self::pieces::Pieces;
pub use self::tokens::TokenKind;
use super::files::left_out::shown;
use super::settings::{PATHS, one_or_many, share_held_out, usual_held_out};
use super::window::BYTES;
use super::{
    Batch, CorpusError, DOCUMENTS, Exam, Exams, HeldOut, IGNORE, Known, Permutation, Place, QUESTIONS, References,
    Source, exams,
};

pub(super) const SAYS: &str = "text in files, folders and globs, or the sources that cargo has fetched";
/// All that chooses documents: what was chosen is in the hash of the data.
pub(super) const WHEREABOUTS: &[&str] = &["path", "extensions", "field", "max_file_bytes", "document_bytes", "exclude"];

/// Orders of epochs that are kept: as many runs as train side by side, and a run at the turn of an epoch needs two.
const ORDERS: usize = 16;

/// Text.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Files, folders and globs, relative to the folder in which isoloss runs; `cargo:` stands for the packages of the next `Cargo.lock`
    /// upward, `cargo:FILE` for those of another.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(title = PATHS)]
    pub path: Vec<String>,
    /// Endings of files in folders: txt, md, rst, rs and jsonl, or rs and md of `cargo:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub extensions: Option<Vec<String>>,
    /// The key of the text in lines of JSON.
    #[serde(default = "field")]
    pub field: String,
    /// Larger files are left out: no limit, or 100,000 of `cargo:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub max_file_bytes: Option<u64>,
    /// Files are cut at ends of lines into documents of so many bytes or a line more; without it a file is one document.
    /// For a text that lies in one large file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(!skip_serializing_if)]
    pub document_bytes: Option<u64>,
    /// Globs of files and folders to pass over, by name or, with a slash, by path below a folder of `path`.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// The share of documents that is evaluated on and not trained on.
    #[serde(default = "usual_held_out")]
    pub held_out: f64,
    /// What a token is.
    #[serde(default)]
    pub tokens: TokenKind,
}

fn field() -> String {
    "text".into()
}

impl Config {
    fn check(&self) -> Result<(), CorpusError> {
        if self.path.is_empty() {
            return Err(CorpusError::new("`path` is empty", "name files, folders or globs: `path = \"books/\"`"));
        }
        share_held_out(self.held_out)?;
        if self.document_bytes == Some(0) {
            return Err(CorpusError::new("`document_bytes` is 0", "8192 makes documents of a few pages"));
        }
        if self.extensions.as_ref().is_some_and(Vec::is_empty) {
            return Err(CorpusError::new("`extensions` is empty", "name some, or leave it away for the usual ones"));
        }
        self.tokens.check()
    }
}

pub(super) fn open(config: &Config, place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    open_with(config, place, &cargo::home())
}

fn open_with(config: &Config, place: &Place, cargo_home: &Path) -> Result<Arc<dyn Source>, CorpusError> {
    config.check()?;
    let build::Built { tokens, left_out } = build::build(config, place, cargo_home)?;
    let tokens = tokens::derive(&config.tokens, place, tokens)?;
    Ok(Arc::new(TextSource::new(config, tokens, left_out.sentences())))
}

/// A corpus whose tokens are mapped.
#[derive(Debug)]
struct TextSource {
    tokens: Tokens,
    data: Data,
    notes: Vec<String>,
    of_bytes: bool,
    /// Tokens of an epoch, separators among them: the same in every order.
    epoch: u64,
    held_out: Order,
    held_out_tokens: u64,
    pieces: Pieces,
    /// Orders of seeds and epochs, the last used at the end.
    orders: Mutex<Vec<([u64; 2], Arc<Order>)>>,
}

impl TextSource {
    fn new(config: &Config, tokens: Tokens, mut notes: Vec<String>) -> Self {
        let count = |documents: std::ops::Range<usize>| documents.map(|i| tokens.document(i).1).sum();
        let (epoch, held_out_tokens) = (count(tokens.training()), count(tokens.held_out()));
        let documents = [(DOCUMENTS, tokens.training()), ("held_out_documents", tokens.held_out())];
        let data = Data {
            name: shown(&config.path.join(", ")),
            hash: super::hex(&tokens.identity()),
            tokens: Some(epoch),
            entropy: None,
            other: documents.into_iter().map(|(name, range)| (name.to_owned(), range.len().into())).collect(),
        };
        let held_out = Order::new(&tokens, tokens.held_out(), None);
        notes.extend(config.tokens.notes(&tokens));
        let of_bytes = config.tokens == TokenKind::Bytes;
        let pieces = Pieces::new(&tokens);
        Self { tokens, data, notes, of_bytes, epoch, held_out, held_out_tokens, pieces, orders: Mutex::default() }
    }

    /// The order of documents in an epoch.
    fn order(&self, key: [u64; 2]) -> Arc<Order> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let order = match orders.iter().position(|(known, _)| *known == key) {
            Some(at) => orders.remove(at).1,
            None => Arc::new(Order::new(&self.tokens, self.tokens.training(), Some(key))),
        };
        if orders.len() >= ORDERS {
            orders.remove(0);
        }
        orders.push((key, order.clone()));
        order
    }

    /// Fills one window from a position of a stream on.
    fn window(&self, order: &Order, position: u64, inputs: &mut [u32], targets: &mut [u32]) {
        order.read(&self.tokens, position, inputs);
        let last = inputs.len() - 1;
        targets[..last].copy_from_slice(&inputs[1..]);
        order.read(&self.tokens, position + inputs.len() as u64, &mut targets[last..]);
        for (target, input) in targets.iter_mut().zip(inputs) {
            if *input == self.tokens.separator() {
                *target = IGNORE;
            }
        }
    }
}

/// How many windows with their last target a stream has. They overlap by the token that is a target of one and an input
/// of the next, so that every token of the stream is a target once, but for the first and a rest at the end.
fn windows(tokens: u64, length: usize) -> u64 {
    tokens.saturating_sub(1).checked_div(length as u64).unwrap_or(0)
}

impl Source for TextSource {
    fn vocab_size(&self) -> usize {
        self.tokens.vocab_size()
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    /// An epoch: documents in an order of its own are concatenated and cut into windows, which come in an order of their
    /// own, so that the windows of a batch are of different documents (as in Megatron-LM, Shoeybi et al. 2019). What is
    /// left at an epoch's end is less than a window.
    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        let per_epoch = windows(self.epoch, batch.length);
        if per_epoch == 0 {
            // `suffices` says so with a reason; there is nothing to learn from here.
            batch.inputs.fill(self.tokens.separator());
            return batch.targets.fill(IGNORE);
        }
        let first = step.wrapping_mul(batch.sequences() as u64);
        let length = batch.length as u64;
        let mut current: Option<(u64, Arc<Order>, Permutation)> = None;
        for (number, (inputs, targets)) in batch.windows_mut().enumerate() {
            let number = first.wrapping_add(number as u64);
            let (epoch, place) = (number / per_epoch, number % per_epoch);
            if current.as_ref().is_none_or(|(known, ..)| *known != epoch) {
                // Another key than that of the documents, or equal numbers of both would come in one order.
                let shuffle = Permutation::new(per_epoch, [seed, !epoch]);
                current = Some((epoch, self.order([seed, epoch]), shuffle));
            }
            let (_, order, shuffle) = current.as_ref().expect("it was just made");
            self.window(order, shuffle.at(place) * length, inputs, targets);
        }
    }

    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        let there = windows(self.held_out_tokens, length);
        let taken = there.min(sequences as u64);
        if taken == 0 {
            let message = format!(
                "the held-out documents have {} tokens, {} windows of {length}, where {sequences} are asked for",
                self.held_out_tokens, there
            );
            return Err(CorpusError::new(message, "raise `held_out`, add documents, or ask for shorter windows"));
        }
        let mut batch = Batch::new(taken as usize, length);
        for (i, (inputs, targets)) in batch.windows_mut().enumerate() {
            // Evenly spread over all there are.
            let window = (i as u128 * u128::from(there) / u128::from(taken)) as u64;
            self.window(&self.held_out, window * length as u64, inputs, targets);
        }
        // A separator is a target, but stands for no byte; unknown words stand for nobody knows how many.
        let targets = batch.targets.iter().filter(|target| **target != IGNORE);
        let bytes: Option<u64> = targets.map(|target| self.tokens.bytes_of(*target)).sum();
        let bytes_per_target = bytes.map(|bytes| bytes as f64 / batch.counted().max(1) as f64);
        Ok(HeldOut::new(batch, Known { bytes_per_target, ..Known::default() }))
    }

    fn suffices(&self, sequences: usize, length: usize) -> Result<(), CorpusError> {
        let there = windows(self.epoch, length);
        if there >= sequences as u64 && there > 0 {
            return Ok(());
        }
        let message = format!(
            "the corpus has {} tokens to train on, {there} windows of {length}, and a batch has {sequences}",
            self.epoch
        );
        Err(CorpusError::new(message, "add text, or make batches or windows smaller"))
    }

    /// A vocabulary that was learnt is of this text only.
    fn alphabet(&self) -> Option<&'static str> {
        self.of_bytes.then_some(BYTES)
    }

    fn separator(&self) -> Option<u32> {
        Some(self.tokens.separator())
    }

    fn exams(&self) -> Option<&dyn Exams> {
        Some(self)
    }

    fn references(&self) -> Option<&dyn References> {
        Some(self)
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// Of windows of the held-out documents, fewer where there are not as many.
impl Exams for TextSource {
    fn draw(&self, length: usize) -> Vec<Exam> {
        let held_out = self.held_out(QUESTIONS, length).ok();
        held_out.and_then(|held| exams::words(&held.batch, 0, self.tokens.vocab_size(), None)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
