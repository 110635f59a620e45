//! The tasks: how an example is written, and which of its tokens those before them determine.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::stream;

/// What fills a window behind its last example.
pub(super) const BLANK: u32 = 0;
/// Behind it stands the answer, or the questions.
pub(super) const THEN: u32 = 1;
/// What was pushed last is to be named.
pub(super) const POP: u32 = 2;
/// The first marker of a task; the others follow in the order of [`Task::ALL`].
pub(super) const FIRST: u32 = 3;
/// How many tokens are no symbols.
pub(super) const MARKERS: u32 = FIRST + Task::ALL.len() as u32;

/// A task. The numbers are in the hash of the data, and in the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Symbols, and the same again.
    Copy = 0,
    /// Symbols, and the same backwards.
    Palindrome = 1,
    /// Pairs of keys and values, and the value of each key that is asked for.
    Recall = 2,
    /// Symbols pushed, and popped in the reverse order.
    Stack = 3,
}

impl Task {
    /// All tasks.
    pub const ALL: &[Self] = &[Self::Copy, Self::Palindrome, Self::Recall, Self::Stack];

    /// The token that begins an example.
    pub(super) fn marker(self) -> u32 {
        FIRST + self as u32
    }

    /// How many of the symbols can be an answer.
    pub(super) fn answers(self, symbols: u32) -> u32 {
        if self == Self::Recall { symbols - symbols / 2 } else { symbols }
    }

    /// Tokens of an example of n symbols, pairs or pushes: so many for each, and so many beside.
    fn shape(self) -> [usize; 2] {
        match self {
            Self::Copy | Self::Palindrome => [2, 2],
            Self::Recall => [4, 2],
            Self::Stack => [3, 1],
        }
    }

    /// Tokens of an example of this size.
    pub(super) fn tokens(self, size: usize) -> usize {
        let [each, beside] = self.shape();
        each * size + beside
    }

    /// The largest size whose example has at most so many tokens; 0 if there is none.
    pub(super) fn largest(self, tokens: usize) -> usize {
        let [each, beside] = self.shape();
        tokens.saturating_sub(beside) / each
    }

    /// Writes an example, token by token, each with whether those before it determine it.
    pub(super) fn write(
        self,
        size: usize,
        symbols: u32,
        random: &mut Xoshiro256PlusPlus,
        write: &mut dyn FnMut(u32, bool),
    ) {
        write(self.marker(), false);
        match self {
            Self::Copy => {
                let drawn = string(size, symbols, random, write);
                drawn.into_iter().for_each(|symbol| write(symbol, true));
            }
            Self::Palindrome => {
                let drawn = string(size, symbols, random, write);
                drawn.into_iter().rev().for_each(|symbol| write(symbol, true));
            }
            Self::Recall => recall(size, symbols, random, write),
            Self::Stack => stack(size, symbols, random, write),
        }
    }
}

/// Symbols drawn evenly, and the sign that they are to follow again.
fn string(size: usize, symbols: u32, random: &mut Xoshiro256PlusPlus, write: &mut dyn FnMut(u32, bool)) -> Vec<u32> {
    let drawn: Vec<u32> = (0..size).map(|_| MARKERS + below(random, symbols)).collect();
    drawn.iter().for_each(|symbol| write(*symbol, false));
    write(THEN, false);
    drawn
}

/// Different keys with values, and the keys again in another order.
fn recall(size: usize, symbols: u32, random: &mut Xoshiro256PlusPlus, write: &mut dyn FnMut(u32, bool)) {
    let keys = symbols / 2;
    let mut all: Vec<u32> = (0..keys).collect();
    shuffle(&mut all, size, random);
    let mut pairs: Vec<[u32; 2]> =
        all[..size].iter().map(|key| [MARKERS + key, MARKERS + keys + below(random, symbols - keys)]).collect();
    for [key, value] in &pairs {
        write(*key, false);
        write(*value, false);
    }
    write(THEN, false);
    shuffle(&mut pairs, size, random);
    for [key, value] in pairs {
        write(key, false);
        write(value, true);
    }
}

/// Where both are possible, pushing and popping are equally likely.
fn stack(size: usize, symbols: u32, random: &mut Xoshiro256PlusPlus, write: &mut dyn FnMut(u32, bool)) {
    let mut held = Vec::new();
    let mut left = size;
    while left > 0 || !held.is_empty() {
        if held.is_empty() || left > 0 && below(random, 2) == 0 {
            let symbol = MARKERS + below(random, symbols);
            write(symbol, false);
            held.push(symbol);
            left -= 1;
        } else if let Some(symbol) = held.pop() {
            write(POP, false);
            write(symbol, true);
        }
    }
}

/// The first places of a random order (Fisher and Yates, as by Durstenfeld 1964).
fn shuffle<T>(things: &mut [T], places: usize, random: &mut Xoshiro256PlusPlus) {
    for place in 0..places {
        things.swap(place, place + below(random, (things.len() - place) as u32) as usize);
    }
}

/// A number below n, evenly.
pub(super) fn below(random: &mut Xoshiro256PlusPlus, n: u32) -> u32 {
    stream::below(random.next_u64(), u64::from(n)) as u32
}
