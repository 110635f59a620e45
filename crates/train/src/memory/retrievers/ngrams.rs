//! Neighbouring words in common, rare ones more than frequent ones: a reference scores the sum of idf (see `bm25`) over the
//! different pairs of neighbouring tokens that it shares with the query.
//!
//! Pairs are known by a hash of 64 bits (shingles; Broder 1997, "On the resemblance and containment of documents"): two of
//! a million share one with a probability of 3e-8.

use super::inverted::{Inverted, Occurrence};
use super::{Material, Query, Retriever};
use crate::corpora::stream::{GOLDEN, mix};

pub(super) const SAYS: &str = "neighbouring words in common, rare ones more than frequent ones (hashed n-grams)";
pub(super) const VECTORS: bool = false;

/// Tokens of an n-gram. Longer ones miss names that a question has in part.
const N: usize = 2;

#[derive(Debug)]
struct Ngrams(Inverted);

pub(super) fn build(material: &Material) -> impl Retriever + use<> {
    Ngrams(Inverted::build(material.references, ngrams, Occurrence::rarity))
}

/// Each once.
fn ngrams(tokens: &[u32], terms: &mut Vec<u64>) {
    let hash =
        |ngram: &[u32]| ngram.iter().fold(0, |hash: u64, token| mix(hash.wrapping_add(GOLDEN) ^ u64::from(*token)));
    terms.extend(tokens.windows(N).map(hash));
    terms.sort_unstable();
    terms.dedup();
}

impl Retriever for Ngrams {
    fn nearest(&self, query: &Query, most: usize) -> Vec<u32> {
        let mut terms = Vec::with_capacity(query.tokens.len());
        ngrams(query.tokens, &mut terms);
        self.0.nearest(&mut terms, most)
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::texts;
    use super::*;
    use proptest::prelude::*;

    fn pairs(tokens: &[u32]) -> BTreeSet<&[u32]> {
        tokens.windows(2).collect()
    }

    proptest! {
        #[test]
        fn shared_pairs_rank_references((texts, query) in texts(), most in 0usize..8) {
            let found = build(&Material { references: &texts, vectors: &[] }).nearest(&query.of_tokens(), most);
            let n = texts.0.len() as f64;
            let idf = |pair: &[u32]| {
                let holding = texts.0.iter().filter(|text| pairs(text).contains(pair)).count() as f64;
                (1.0 + (n - holding + 0.5) / (holding + 0.5)).ln() / (1.0 + (n - 0.5) / 1.5).ln()
            };
            let score = |text: &Vec<u32>| -> u32 {
                let shared = pairs(text).intersection(&pairs(&query.0)).map(|pair| idf(pair)).collect::<Vec<_>>();
                shared.iter().map(|idf| (idf * 65535.0).round() as u32).sum()
            };
            let scores = texts.0.iter().map(score).collect::<Vec<_>>();
            let mut expected: Vec<u32> = (0..scores.len() as u32).filter(|i| scores[*i as usize] > 0).collect();
            expected.sort_by_key(|i| std::cmp::Reverse(scores[*i as usize]));
            expected.truncate(most);
            prop_assert_eq!(found, expected);
        }
    }
}
