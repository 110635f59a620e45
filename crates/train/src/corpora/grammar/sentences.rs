//! Sentences drawn one token at a time.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::super::markov::Alias;
use super::rules::{Grammar, Token};

/// The laws of a grammar, made for drawing.
#[derive(Debug)]
pub(super) struct Sampler {
    roots: Alias,
    rules: Alias,
}

/// What is still to be written of a text.
#[derive(Clone, Copy, Debug)]
enum Pending {
    Symbol { level: usize, symbol: usize },
    Close(u32),
}

impl Sampler {
    pub(super) fn new(grammar: &Grammar) -> Self {
        let alias = |law: &[u32]| Alias::new(law.len(), [law].into_iter());
        Self { roots: alias(&grammar.roots), rules: alias(&grammar.weights) }
    }

    /// A text without end, from its first mark on.
    ///
    /// What is pending is kept on a stack of our own: sentences nest as deep as chance will have it, and the text is read
    /// only as far as a window goes.
    pub(super) fn text<'a>(
        &'a self,
        grammar: &'a Grammar,
        mut random: Xoshiro256PlusPlus,
    ) -> impl Iterator<Item = Token> + 'a {
        let mut pending = Vec::new();
        std::iter::repeat_with(move || self.next(grammar, &mut random, &mut pending))
    }

    fn next(&self, grammar: &Grammar, random: &mut Xoshiro256PlusPlus, pending: &mut Vec<Pending>) -> Token {
        loop {
            match pending.pop() {
                None => {
                    pending.push(self.sentence(random));
                    return Token::Mark;
                }
                Some(Pending::Close(leaf)) => return Token::Close(leaf),
                Some(Pending::Symbol { level, symbol }) if level < grammar.levels => {
                    let rule = symbol * grammar.rules + self.rules.draw(0, random);
                    let children = grammar.side(level, rule).iter().rev();
                    let child = |child: &u32| Pending::Symbol { level: level + 1, symbol: *child as usize };
                    pending.extend(children.map(child));
                }
                Some(Pending::Symbol { symbol, .. }) => {
                    let leaf = symbol as u32;
                    if grammar.nested == 0 || (random.next_u64() >> 32) as u32 >= grammar.nested {
                        return Token::Leaf(leaf);
                    }
                    pending.extend([Pending::Close(leaf), self.sentence(random)]);
                    return Token::Open(leaf);
                }
            }
        }
    }

    fn sentence(&self, random: &mut Xoshiro256PlusPlus) -> Pending {
        Pending::Symbol { level: 0, symbol: self.roots.draw(0, random) }
    }
}
