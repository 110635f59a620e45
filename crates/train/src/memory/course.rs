//! When a window looks texts up, by which of its tokens, and which tokens read what was found.
//!
//! Memory^3 (Yang et al. 2024, arXiv 2407.01178) looks texts up once for every chunk of 64 tokens, by the 64 tokens
//! before it, and a token reads the texts of its chunk and of the four chunks before. So it is here: a token reads what was
//! found by tokens before it alone, whatever follows. Which texts are left out as leaks depends on the whole window: a window that
//! holds a text does not read it. A question that is known as a whole is looked up where it ends.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// When texts are looked up, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Tokens of a chunk: texts are looked up by so many, as often as so many have gone by.
    pub chunk: usize,
    /// Texts that are looked up at a time.
    pub texts: usize,
    /// How many times of looking up a token reads the texts of: the last ones.
    pub reach: usize,
}

/// One time of looking up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The tokens that are looked up by. Those behind them read what was found.
    pub tokens: Range<usize>,
}

impl Course {
    /// When a window of so many tokens looks texts up, of which the first `prompt` are a question.
    pub fn queries(&self, length: usize, prompt: usize) -> Vec<Query> {
        let of_prompt = (prompt > 0 && prompt < length).then_some(prompt);
        let mut ends: Vec<usize> = (self.chunk..length).step_by(self.chunk).chain(of_prompt).collect();
        ends.sort_unstable();
        ends.dedup();
        ends.into_iter().map(|end| Query { tokens: end.saturating_sub(self.chunk)..end }).collect()
    }

    /// Of each token of a window the first row of its memory that it reads and the one behind the last, where `rows` has for each query
    /// those behind its last text.
    pub fn spans(&self, length: usize, queries: &[Query], rows: &[u32]) -> Vec<[u32; 2]> {
        let up_to = |queries: usize| queries.checked_sub(1).map_or(0, |last| rows[last]);
        let span = |at: usize| {
            let asked = queries.partition_point(|query| query.tokens.end <= at);
            [up_to(asked.saturating_sub(self.reach)), up_to(asked)]
        };
        (0..length).map(span).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_what_was_found_by_tokens_before_it() {
        let course = Course { chunk: 4, texts: 1, reach: 2 };
        let queries = course.queries(14, 6);
        let ends: Vec<Range<usize>> = queries.iter().map(|query| query.tokens.clone()).collect();
        assert_eq!(ends, [0..4, 2..6, 4..8, 8..12]);
        // The third finds nothing.
        let spans = course.spans(14, &queries, &[8, 13, 13, 21]);
        for (at, [from, to]) in spans.iter().enumerate() {
            let expected = match at {
                0..4 => [0, 0],
                4..6 => [0, 8],
                6..8 => [0, 13],
                8..12 => [8, 13],
                _ => [13, 21],
            };
            assert_eq!([*from, *to], expected, "{at}");
        }
        // Nothing is known of a question that is all there is, or of a window that is no longer than a chunk.
        assert!(course.queries(4, 4).is_empty() && course.queries(3, 0).is_empty());
    }
}
