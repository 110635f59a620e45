//! The library: texts of a corpus, found by tokens, for the windows of a batch.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::bank::{Bank, BankError};
use super::course::Course;
use super::leak::leaks;
use super::retrievers::{Kind, Material, Query, Retriever};
use crate::corpora::{Batch, References, Source};

/// More texts are asked for than are read, as some may hold the window itself.
const SPARE: usize = 4;

/// What is to be known of a memory to find texts for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// When texts are looked up.
    pub course: Course,
    /// Tokens of a text, at most: what is longer is cut.
    pub longest: usize,
    /// Tokens that are kept of a text.
    pub kept: usize,
    /// The part of its tokens that a text may have in common with the window.
    pub leak: f64,
}

/// Texts that were found for some windows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Tokens of a text, those that fill it up among them.
    pub length: usize,
    /// The texts' numbers, those of a window one behind the other.
    pub numbers: Vec<u32>,
    /// Their tokens, `[texts, length]`.
    pub tokens: Vec<u32>,
    /// Of each how many tokens are its own.
    pub lengths: Vec<u32>,
    /// Rows of the memory of a window: as many as the one with most has tokens that are kept.
    pub rows: usize,
    /// Of each text the first of its rows, counted over the memories of all windows.
    pub places: Vec<u32>,
    /// Of each token of the windows the first row that it reads, and the one behind the last, counted over those of its window.
    pub spans: Vec<[u32; 2]>,
    /// Where the texts were encoded before: keys and values of each, as a bank has them.
    pub stored: Vec<f32>,
}

/// Texts that can be found by tokens.
pub struct Library {
    source: Arc<dyn Source>,
    retriever: Box<dyn Retriever>,
    bank: Option<Arc<Bank>>,
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Library {
    /// The texts of a corpus, found by their tokens; none of one that has none.
    pub fn of(source: Arc<dyn Source>, kind: Kind) -> Option<Self> {
        let retriever = kind.build(&Material { references: source.references()?, vectors: &[] });
        Some(Self { source, retriever, bank: None })
    }

    /// The texts.
    pub fn references(&self) -> &dyn References {
        self.source.references().expect("a library has texts")
    }

    /// Bytes of what texts are found by.
    pub fn bytes(&self) -> usize {
        self.retriever.bytes()
    }

    /// Has what is kept of texts read from a bank in place of encoding them, or not any more.
    pub fn read_from(&mut self, bank: Option<Arc<Bank>>) {
        self.bank = bank;
    }

    /// Looks texts up for some windows of a batch; nothing where none finds any.
    ///
    /// # Errors
    /// If the bank is not as it was written.
    pub fn look_up(
        &self,
        batch: &Batch,
        windows: Range<usize>,
        settings: Settings,
    ) -> Result<Option<Found>, BankError> {
        let references = self.references();
        let length = references.longest().min(settings.longest);
        let mut found = Found { length, ..Found::default() };
        let mut places = Vec::new();
        for window in windows {
            let at = window * batch.length..(window + 1) * batch.length;
            let (inputs, prompt) = (&batch.inputs[at], batch.prompts.get(window).copied().unwrap_or_default());
            let queries = settings.course.queries(batch.length, prompt as usize);
            let (mut rows, mut ends, mut here) = (0, Vec::with_capacity(queries.len()), Vec::new());
            for query in &queries {
                for (number, text) in self.texts(inputs, &inputs[query.tokens.clone()], settings) {
                    // The first token of a text is never kept.
                    let kept = settings.kept.min(text.len().saturating_sub(1));
                    here.push(rows);
                    rows += kept as u32;
                    found.numbers.push(number);
                    found.lengths.push(text.len() as u32);
                    found.tokens.extend_from_slice(&text);
                    found.tokens.resize(found.numbers.len() * length, 0);
                }
                ends.push(rows);
            }
            found.spans.extend(settings.course.spans(batch.length, &queries, &ends));
            found.rows = found.rows.max(rows as usize);
            places.push(here);
        }
        if found.rows == 0 {
            return Ok(None);
        }
        let of_window = |(window, places): (usize, Vec<u32>)| {
            let first = (window * found.rows) as u32;
            places.into_iter().map(move |place| first + place)
        };
        found.places = places.into_iter().enumerate().flat_map(of_window).collect();
        if let Some(bank) = &self.bank {
            let each = bank.header().shape.values();
            found.stored.resize(found.numbers.len() * each, 0.0);
            for (number, values) in found.numbers.iter().zip(found.stored.chunks_exact_mut(each)) {
                bank.read(u64::from(*number), values)?;
            }
        }
        Ok(Some(found))
    }

    /// The texts that are nearest to a query, and do not hold the window.
    fn texts(&self, window: &[u32], query: &[u32], settings: Settings) -> Vec<(u32, Vec<u32>)> {
        let most = settings.course.texts;
        let near = self.nearest(query, most + SPARE);
        let text = |number: u32| {
            let mut tokens = Vec::new();
            self.references().write(u64::from(number), &mut tokens);
            tokens.truncate(settings.longest);
            (number, tokens)
        };
        near.into_iter().map(text).filter(|(_, text)| !leaks(window, text, settings.leak)).take(most).collect()
    }

    /// The numbers of the texts that are nearest to some tokens, the nearest first.
    pub fn nearest(&self, tokens: &[u32], most: usize) -> Vec<u32> {
        self.retriever.nearest(&Query { tokens, vector: &[] }, most)
    }
}
