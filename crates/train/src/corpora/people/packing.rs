//! How texts become windows.

use rand_xoshiro::Xoshiro256PlusPlus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::permutation::Permutation;
use super::super::stream::{Purpose, stream};
use super::super::{Batch, IGNORE};
use super::{BLANK, EOS, Lives, QUESTION};

/// How texts become windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// One text behind the other, cut where a window ends, whatever stands there.
    #[default]
    Stream,
    /// A window is one text; what is left of it is blank and does not count. No text sees another: since positions are
    /// relative in attention with rotary positions, this is the same as several texts in a longer window that are
    /// masked from each other. Windows as long as a text waste nothing.
    People,
}

/// Which draws: training of a run with this seed, or the held-out set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    pub(super) purpose: Purpose,
    pub(super) seed: u64,
}

impl Telling {
    /// Whom text `number` is about.
    fn person(self, number: u64, people: u64) -> u64 {
        // Exposures are far fewer than 2^63: orders of training and of the held-out set have different keys.
        let apart = u64::from(self.purpose == Purpose::HeldOut) << 63;
        Permutation::new(people, [self.seed, apart | (number / people)]).at(number % people)
    }

    /// What draws forms and order of text `number`.
    fn random(self, number: u64) -> Xoshiro256PlusPlus {
        stream(self.purpose, [self.seed, number, 0])
    }
}

/// The text that was written last, all tellings of it: neighbouring windows share one.
struct Writer<'a, L> {
    lives: &'a L,
    telling: Telling,
    number: Option<u64>,
    tokens: Vec<u32>,
}

impl<L: Lives> Writer<'_, L> {
    fn text(&mut self, number: u64) -> &[u32] {
        if self.number != Some(number) {
            let person = self.telling.person(number, self.lives.people());
            let mut random = self.telling.random(number);
            for telling in self.tokens.chunks_exact_mut(self.lives.tokens()) {
                self.lives.write(person, &mut random, telling);
            }
            self.number = Some(number);
        }
        &self.tokens
    }
}

/// Tokens of all tellings of a person in a row.
pub(super) fn told<L: Lives>(lives: &L) -> usize {
    lives.tellings() * lives.tokens()
}

impl Packing {
    /// Tokens of the windows, each of that length, that tell of everybody once.
    pub(super) fn pass<L: Lives>(self, lives: &L, length: usize) -> u64 {
        let each = match self {
            Self::Stream => told(lives),
            Self::People => length,
        };
        lives.people() * each as u64
    }

    /// Fills neighbouring windows, of which the first has that number.
    pub(super) fn fill<L: Lives>(self, lives: &L, telling: Telling, first: u64, batch: &mut Batch) {
        let length = told(lives);
        batch.prompts.clear();
        if self == Self::People {
            batch.prompts.resize(batch.sequences(), QUESTION);
        }
        let mut writer = Writer { lives, telling, number: None, tokens: vec![BLANK; length] };
        for (number, (inputs, targets)) in (first..).zip(batch.windows_mut()) {
            match self {
                Self::Stream => {
                    let start = number * inputs.len() as u64;
                    writer.copy(start, inputs);
                    targets[..inputs.len() - 1].copy_from_slice(&inputs[1..]);
                    let last = inputs.len() - 1;
                    writer.copy(start + last as u64 + 1, &mut targets[last..]);
                }
                Self::People => {
                    let text = writer.text(number);
                    inputs.fill(BLANK);
                    targets.fill(IGNORE);
                    // As in a stream, the next text follows.
                    inputs[..length].copy_from_slice(text);
                    targets[..length - 1].copy_from_slice(&text[1..]);
                    targets[length - 1] = EOS;
                }
            }
        }
    }
}

impl<L: Lives> Writer<'_, L> {
    /// The tokens of the stream from one on.
    fn copy(&mut self, from: u64, into: &mut [u32]) {
        let length = self.tokens.len();
        let (mut number, mut place) = (from / length as u64, (from % length as u64) as usize);
        let mut rest = into;
        while !rest.is_empty() {
            let part = &self.text(number)[place..];
            let (now, later) = rest.split_at_mut(part.len().min(rest.len()));
            now.copy_from_slice(&part[..now.len()]);
            (number, place, rest) = (number + 1, 0, later);
        }
    }
}
