//! Documents that are trained on as texts to look up: cut into pieces of equal length, but for the last of each. All begin with
//! the separator, as a document behind another does: the first token of a text is never kept.

use super::super::References;
use super::TextSource;
use super::cache::Tokens;

/// Tokens of a piece with the separator in front: those of a reference of Memory^3 (Yang et al. 2024, arXiv 2407.01178).
const LONGEST: usize = 128;
const PIECE: u64 = LONGEST as u64 - 1;

/// Where pieces are.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Of each document that has some its number and how many pieces there are up to its end, in ascending order.
    ends: Vec<(usize, u64)>,
}

impl Pieces {
    /// Of the documents that are trained on, without the separators behind them.
    pub(super) fn new(tokens: &Tokens) -> Self {
        let mut ends: Vec<(usize, u64)> = Vec::new();
        for document in tokens.training() {
            let own = (tokens.document(document).1 - 1).div_ceil(PIECE);
            if own > 0 {
                ends.push((document, ends.last().map_or(0, |(_, end)| *end) + own));
            }
        }
        Self { ends }
    }
}

impl References for TextSource {
    fn count(&self) -> u64 {
        self.pieces.ends.last().map_or(0, |(_, end)| *end)
    }

    fn longest(&self) -> usize {
        LONGEST
    }

    fn write(&self, number: u64, tokens: &mut Vec<u32>) {
        let ends = &self.pieces.ends;
        let place = ends.partition_point(|(_, end)| *end <= number);
        let before = if place == 0 { 0 } else { ends[place - 1].1 };
        let (start, length) = self.tokens.document(ends[place].0);
        let skip = (number - before) * PIECE;
        tokens.push(self.tokens.separator());
        let from = tokens.len();
        tokens.resize(from + (length - 1 - skip).min(PIECE) as usize, 0);
        self.tokens.copy(start + skip, &mut tokens[from..]);
    }
}
