//! Words in common, rare ones more than frequent ones: Okapi BM25 (Robertson et al. 1995, "Okapi at TREC-3"; as in
//! Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond").
//!
//! ```text
//! score(q, r) = sum over tokens t of q of idf(t) f / (f + k1 (1 - b + b |r| / mean |r|))      f: how often t is in r
//! idf(t) = ln(1 + (n - h + 1/2) / (h + 1/2))                                                 h of n references hold t
//! ```
//!
//! with k1 = 1.2 and b = 0.75, what each pair of token and reference counts rounded to 16 bits. The constant factor
//! k1 + 1 is left out. The index is our own: `tantivy` 0.27 brings 41 crates and keeps lengths in 8 bits; `bm25` 2.3 sums
//! f32 over sets whose order is drawn anew in every process.

use super::inverted::{Inverted, Occurrence};
use super::{Material, Query, Retriever};

pub(super) const SAYS: &str = "words in common, rare ones more than frequent ones (Okapi BM25)";
pub(super) const VECTORS: bool = false;

const K1: f64 = 1.2;
const B: f64 = 0.75;

#[derive(Debug)]
struct Bm25(Inverted);

pub(super) fn build(material: &Material) -> impl Retriever + use<> {
    Bm25(Inverted::build(material.references, words, counts))
}

fn words(tokens: &[u32], terms: &mut Vec<u64>) {
    terms.extend(tokens.iter().map(|token| u64::from(*token)));
}

fn counts(of: &Occurrence) -> f64 {
    let mean = of.lengths as f64 / of.references as f64;
    let frequency = of.frequency as f64;
    of.rarity() * frequency / (frequency + K1 * (1.0 - B + B * of.length as f64 / mean))
}

impl Retriever for Bm25 {
    fn nearest(&self, query: &Query, most: usize) -> Vec<u32> {
        let mut terms = Vec::with_capacity(query.tokens.len());
        words(query.tokens, &mut terms);
        self.0.nearest(&mut terms, most)
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Texts, texts};
    use super::*;
    use proptest::prelude::*;

    /// The formula as it is printed, in f64, for every reference.
    fn naive(texts: &Texts, query: &[u32]) -> Vec<f64> {
        let n = texts.0.len() as f64;
        let mean = texts.0.iter().map(Vec::len).sum::<usize>() as f64 / n;
        let score = |text: &Vec<u32>| {
            let count = |token: u32| {
                let holding = texts.0.iter().filter(|text| text.contains(&token)).count() as f64;
                let idf = (1.0 + (n - holding + 0.5) / (holding + 0.5)).ln();
                let f = text.iter().filter(|other| **other == token).count() as f64;
                idf * f / (f + 1.2 * (1.0 - 0.75 + 0.75 * text.len() as f64 / mean))
            };
            query.iter().map(|token| count(*token)).sum()
        };
        texts.0.iter().map(score).collect()
    }

    proptest! {
        #[test]
        fn the_formula_ranks_references((texts, query) in texts(), most in 0usize..8) {
            let found = build(&Material { references: &texts, vectors: &[] }).nearest(&query.of_tokens(), most);
            let scores = naive(&texts, &query.0);
            // Impacts are rounded in steps of the greatest idf over 65535.
            let n = texts.0.len() as f64;
            let slack = query.0.len() as f64 * (1.0 + (n - 0.5) / 1.5).ln() / 65535.0;
            let positive = scores.iter().filter(|score| **score > 0.0).count();
            prop_assert_eq!(found.len(), most.min(positive));
            let of = |number: &u32| scores[*number as usize];
            prop_assert!(found.is_sorted_by(|a, b| of(a) >= of(b) - slack));
            let others = (0..scores.len() as u32).filter(|number| !found.contains(number));
            let least = found.last().map_or(f64::INFINITY, of);
            prop_assert!(others.map(|number| of(&number)).all(|score| score <= least + slack));
        }
    }
}
