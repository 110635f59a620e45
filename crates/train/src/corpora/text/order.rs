//! Documents one after the other as one stream of tokens, read at any place.

use std::ops::Range;

use super::super::Permutation;
use super::cache::Tokens;

/// The beginning of every so many-th document is kept; between two of them the permutation is asked. Ten million
/// documents then take 5 MB for an epoch's order, and a place is found in a microsecond.
const STRIDE: u64 = 16;

/// Documents of a range in an order.
#[derive(Debug)]
pub(super) struct Order {
    documents: Range<usize>,
    /// None: as they stand.
    permutation: Option<Permutation>,
    /// Where document 0, 16, 32, ... of the order begins.
    marks: Vec<u64>,
}

impl Order {
    /// Looks at every document once.
    pub(super) fn new(tokens: &Tokens, documents: Range<usize>, key: Option<[u64; 2]>) -> Self {
        let permutation = key.map(|key| Permutation::new(documents.len() as u64, key));
        let mut order = Self { documents, permutation, marks: Vec::new() };
        let mut length = 0;
        for place in 0..order.documents.len() as u64 {
            if place % STRIDE == 0 {
                order.marks.push(length);
            }
            length += tokens.document(order.document(place)).1;
        }
        order
    }

    /// The document at a place of the order.
    fn document(&self, place: u64) -> usize {
        self.documents.start + self.permutation.as_ref().map_or(place, |order| order.at(place)) as usize
    }

    /// Copies the tokens from a position of the stream on.
    ///
    /// # Panics
    /// If the stream ends before.
    pub(super) fn read(&self, tokens: &Tokens, position: u64, mut out: &mut [u32]) {
        let mark = self.marks.partition_point(|mark| *mark <= position) - 1;
        let (mut place, mut skip) = (mark as u64 * STRIDE, position - self.marks[mark]);
        while !out.is_empty() {
            let (start, length) = tokens.document(self.document(place));
            place += 1;
            if skip >= length {
                skip -= length;
                continue;
            }
            let (now, later) = out.split_at_mut((length - skip).min(out.len() as u64) as usize);
            tokens.copy(start + skip, now);
            (out, skip) = (later, 0);
        }
    }
}
