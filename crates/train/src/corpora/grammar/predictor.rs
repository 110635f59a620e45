//! The optimal predictor: p(next token | all tokens before it), exactly.
//!
//! Between the root of a sentence and its next leaf there is one incomplete constituent on each level. All children that
//! are complete are known, since s children tell their parent. So what is unknown is a chain, and the law of its symbols
//! goes down it:
//!
//! ```text
//! w_l(X, k)    =  p_l(X) p(k) [the rule k of X begins with the children that are known]
//! p_{l+1}(Y)   =  sum_{X, k} w_l(X, k) [the next child of the rule k of X is Y] / sum_{X, k} w_l(X, k)
//! ```
//!
//! from the law p_0 of roots to p_L, that of the next leaf. Leaves that follow are summed out without being looked at:
//! nothing is known of them. A sentence in brackets tells nothing of the one around it but the symbol of its brackets, and
//! is followed on its own.

use super::super::markov::ONE;
use super::rules::{Grammar, Token};

/// Follows a text from its first mark on.
#[derive(Debug)]
pub(super) struct Predictor<'a> {
    grammar: &'a Grammar,
    /// Sentences under way, each in the brackets of the one before.
    sentences: Vec<Sentence>,
}

/// A sentence under way.
#[derive(Debug, Default)]
struct Sentence {
    /// On each level the constituent that is incomplete; none once the sentence is complete.
    chain: Vec<Constituent>,
    /// The law of its next leaf.
    leaf: Vec<f64>,
    /// The symbol of the brackets that are open in it.
    bracket: u32,
}

/// An incomplete constituent.
#[derive(Debug)]
struct Constituent {
    /// Children that are complete.
    children: usize,
    /// Rules that begin with these, by number, and w, up to a common factor.
    rules: Vec<(usize, f64)>,
}

impl<'a> Predictor<'a> {
    pub(super) fn new(grammar: &'a Grammar) -> Self {
        Self { grammar, sentences: Vec::new() }
    }

    /// The probability that this token is next.
    pub(super) fn probability(&self, token: Token) -> f64 {
        let nested = self.grammar.nested as f64 / ONE as f64;
        match (&self.sentences[..], token) {
            ([.., sentence], Token::Leaf(x)) if !sentence.is_complete() => sentence.leaf[x as usize] * (1.0 - nested),
            ([.., sentence], Token::Open(x)) if !sentence.is_complete() => sentence.leaf[x as usize] * nested,
            // A sentence that is complete is followed by its bracket, or by a mark if it stands in none.
            ([.., outer, inner], Token::Close(x)) if inner.is_complete() && outer.bracket == x => 1.0,
            ([sentence], Token::Mark) if sentence.is_complete() => 1.0,
            ([], Token::Mark) => 1.0,
            _ => 0.0,
        }
    }

    /// Takes the token that came next.
    ///
    /// # Panics
    /// If its probability was 0.
    pub(super) fn follow(&mut self, token: Token) {
        let innermost = self.sentences.last_mut();
        match (token, innermost) {
            (Token::Mark, _) => self.sentences = vec![Sentence::new(self.grammar)],
            (Token::Leaf(x), Some(sentence)) => sentence.take(self.grammar, x),
            (Token::Open(x), Some(sentence)) => {
                sentence.bracket = x;
                self.sentences.push(Sentence::new(self.grammar));
            }
            (Token::Close(x), _) => {
                self.sentences.pop();
                self.sentences.last_mut().expect("brackets stand in a sentence").take(self.grammar, x);
            }
            (_, None) => panic!("a text begins with a mark"),
        }
    }
}

impl Sentence {
    fn new(grammar: &Grammar) -> Self {
        let leaf = grammar.roots.iter().map(|n| *n as f64 / ONE as f64).collect();
        let mut sentence = Self { leaf, ..Self::default() };
        sentence.descend(grammar);
        sentence
    }

    fn is_complete(&self) -> bool {
        self.chain.is_empty()
    }

    /// Begins constituents from the symbol whose law is in `leaf` down to a leaf.
    fn descend(&mut self, grammar: &Grammar) {
        while self.chain.len() < grammar.levels {
            let constituent = Constituent::new(grammar, &self.leaf);
            constituent.next_child(grammar, self.chain.len(), &mut self.leaf);
            self.chain.push(constituent);
        }
    }

    /// A leaf is complete, and with it whatever ends there.
    fn take(&mut self, grammar: &Grammar, leaf: u32) {
        let mut symbol = leaf;
        while let Some(mut constituent) = self.chain.pop() {
            let level = self.chain.len();
            constituent.take(grammar, level, symbol);
            if constituent.children < grammar.branching {
                constituent.next_child(grammar, level, &mut self.leaf);
                self.chain.push(constituent);
                return self.descend(grammar);
            }
            // No two rules of a level are equal: one is left.
            symbol = (constituent.rules[0].0 / grammar.rules) as u32;
        }
    }
}

impl Constituent {
    /// Any rule of a symbol that has this law.
    fn new(grammar: &Grammar, law: &[f64]) -> Self {
        let mut rules = Vec::new();
        for (symbol, p) in law.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            let weights = grammar.weights.iter().enumerate();
            rules.extend(weights.map(|(k, n)| (symbol * grammar.rules + k, p * (*n as f64 / ONE as f64))));
        }
        Self { children: 0, rules }
    }

    /// The law of the next child.
    fn next_child(&self, grammar: &Grammar, level: usize, law: &mut [f64]) {
        law.fill(0.0);
        let mut sum = 0.0;
        for (rule, w) in &self.rules {
            law[grammar.side(level, *rule)[self.children] as usize] += w;
            sum += w;
        }
        law.iter_mut().for_each(|p| *p /= sum);
    }

    fn take(&mut self, grammar: &Grammar, level: usize, child: u32) {
        self.rules.retain(|(rule, _)| grammar.side(level, *rule)[self.children] == child);
        self.children += 1;
    }
}
