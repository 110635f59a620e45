//! Texts that can be looked up: what a memory is made of.

use std::fmt;

/// Texts by their number, always the same: a function of the corpus alone.
pub trait References: fmt::Debug + Send + Sync {
    /// How many there are.
    fn count(&self) -> u64;

    /// Tokens of the longest.
    fn longest(&self) -> usize;

    /// Writes the tokens of one, from its first on: at least one and at most [`References::longest`].
    fn write(&self, number: u64, tokens: &mut Vec<u32>);

    /// Writes a question that this text answers, and no other one as well, in so many tokens; none where it is not known what would
    /// be asked.
    fn question(&self, _number: u64, _tokens: &mut Vec<u32>) -> Option<usize> {
        None
    }
}
