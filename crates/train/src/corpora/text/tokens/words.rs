//! Words as tokens: the most frequent pieces of the training documents, and one token for every other.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::super::super::CorpusError;
use super::Tokenizer;
use super::pieces::{Counts, pieces};

/// A vocabulary of pieces, the most frequent first; the last token of it is the unknown piece.
pub(super) struct Words {
    vocabulary: Vec<Option<Box<[u8]>>>,
    known: HashMap<Box<[u8]>, u16>,
    unknown: u16,
}

impl Words {
    /// `size` counts the unknown piece and the separator; where there are fewer pieces the vocabulary is smaller.
    pub(super) fn new(counts: Counts, size: usize) -> Self {
        let mut sorted: Vec<(Box<[u8]>, u64)> = counts.into_iter().collect();
        // Of pieces that are equally frequent the first by text, so that no order of a map is in it.
        sorted.sort_unstable_by(|(a, n), (b, m)| (Reverse(n), a).cmp(&(Reverse(m), b)));
        sorted.truncate(size - 2);
        let mut vocabulary: Vec<_> = sorted.into_iter().map(|(piece, _)| Some(piece)).collect();
        let unknown = vocabulary.len() as u16;
        let known = vocabulary.iter().flatten().cloned().zip(0..).collect();
        vocabulary.push(None);
        Self { vocabulary, known, unknown }
    }
}

impl Tokenizer for Words {
    fn vocabulary(&self) -> &[Option<Box<[u8]>>] {
        &self.vocabulary
    }

    fn encode(&mut self, document: &[u8], tokens: &mut Vec<u16>) -> Result<(), CorpusError> {
        tokens.extend(pieces(document).map(|piece| self.known.get(piece).copied().unwrap_or(self.unknown)));
        Ok(())
    }
}
