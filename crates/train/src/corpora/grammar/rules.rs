//! The grammar as integers: its rules, their probabilities, its tokens, and the entropy that follows from them exactly.

use super::super::Permutation;
use super::super::markov::{ONE, integers, surprise};
use super::Config;

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A sentence begins that stands in no brackets.
    Mark,
    /// A symbol of the lowest level.
    Leaf(u32),
    /// The same, as the opening bracket of a sentence.
    Open(u32),
    /// The sentence in its brackets is over.
    Close(u32),
}

/// Rules and their probabilities, as multiples of 2^-32.
#[derive(Debug)]
pub(super) struct Grammar {
    pub(super) symbols: usize,
    pub(super) rules: usize,
    pub(super) branching: usize,
    pub(super) levels: usize,
    /// `[levels, symbols, rules, branching]`: the right sides. On one level all differ.
    sides: Vec<u32>,
    /// `[symbols]`: what a sentence is, on level 0.
    pub(super) roots: Vec<u32>,
    /// `[rules]`: which rule of its own a symbol follows.
    pub(super) weights: Vec<u32>,
    /// Of 2^32 leaves, so many are brackets with a sentence between.
    pub(super) nested: u32,
}

impl Grammar {
    /// The grammar of a seed: right sides without replacement from the v^s there are, level after level.
    pub(super) fn draw(config: &Config) -> Self {
        let &Config { symbols, rules, branching, levels, zipf, nesting, seed } = config;
        let all = (symbols as u64).pow(branching as u32);
        let mut sides = Vec::with_capacity(levels * symbols * rules * branching);
        for level in 0..levels as u64 {
            let order = Permutation::new(all, [seed, level]);
            for rule in 0..(symbols * rules) as u64 {
                let mut side = order.at(rule);
                for _ in 0..branching {
                    sides.push((side % symbols as u64) as u32);
                    side /= symbols as u64;
                }
            }
        }
        let leaves = branching.pow(levels as u32) as f64;
        let nested = (nesting / leaves * ONE as f64) as u32;
        let (roots, weights) = (integers(&power_law(symbols, zipf)), integers(&power_law(rules, zipf)));
        Self { symbols, rules, branching, levels, sides, roots, weights, nested }
    }

    /// The right side of a rule, by its level and its number among those of all symbols: symbol times m, plus k - 1.
    pub(super) fn side(&self, level: usize, rule: usize) -> &[u32] {
        let rule = level * self.symbols * self.rules + rule;
        &self.sides[rule * self.branching..][..self.branching]
    }

    /// How many tokens there are: the mark, the leaves and, if there are sentences in sentences, two brackets for each.
    pub(super) fn tokens(&self) -> usize {
        1 + self.symbols * if self.nested > 0 { 3 } else { 1 }
    }

    /// The number of a token.
    pub(super) fn id(&self, token: Token) -> u32 {
        let symbols = self.symbols as u32;
        match token {
            Token::Mark => 0,
            Token::Leaf(x) => 1 + x,
            Token::Open(x) => 1 + symbols + x,
            Token::Close(x) => 1 + 2 * symbols + x,
        }
    }

    /// The token of a number.
    pub(super) fn token(&self, id: u32) -> Token {
        let symbols = self.symbols as u32;
        match id {
            0 => Token::Mark,
            _ if id <= symbols => Token::Leaf(id - 1),
            _ if id <= 2 * symbols => Token::Open(id - 1 - symbols),
            _ => Token::Close(id - 1 - 2 * symbols),
        }
    }

    /// All integers that make the grammar what it is.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        let laws = self.roots.iter().chain(&self.weights).chain([&self.nested]);
        laws.chain(&self.sides).copied()
    }

    /// Leaves of a sentence, without those of the sentences in it: s^L.
    fn leaves(&self) -> f64 {
        self.branching.pow(self.levels as u32) as f64
    }

    /// How many sentences stand in the brackets of one, in expectation.
    fn nesting(&self) -> f64 {
        self.leaves() * self.nested as f64 / ONE as f64
    }

    /// The entropy of a sentence with all that stands in it, nats. By unambiguity it is that of the choices: one root,
    /// 1 + s + ... + s^(L-1) rules and s^L times whether a leaf is a bracket; and `nesting` such sentences stand in it.
    pub(super) fn entropy_of_sentence(&self) -> f64 {
        let law = |counts: &[u32]| counts.iter().map(|n| *n as f64 / ONE as f64 * surprise(*n)).sum::<f64>();
        let inner = (self.leaves() - 1.0) / (self.branching as f64 - 1.0);
        let q = self.nested as f64 / ONE as f64;
        let brackets = if self.nested > 0 { -q * libm::log(q) - (1.0 - q) * libm::log1p(-q) } else { 0.0 };
        let own = law(&self.roots) + inner * law(&self.weights) + self.leaves() * brackets;
        own / (1.0 - self.nesting())
    }

    /// Tokens of a sentence and its mark, in expectation: T = s^L (1 - q + q (T + 2)) and 1.
    pub(super) fn tokens_of_sentence(&self) -> f64 {
        let q = self.nested as f64 / ONE as f64;
        1.0 + self.leaves() * (1.0 + q) / (1.0 - self.nesting())
    }

    /// What the optimal predictor loses per token of a long text, nats.
    pub(super) fn entropy(&self) -> f64 {
        self.entropy_of_sentence() / self.tokens_of_sentence()
    }
}

/// k^-exponent for k = 1..=n, normalised.
fn power_law(n: usize, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=n).map(|k| libm::pow(k as f64, -exponent)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}
