//! What corpora of people share: names, words for everything that has one, and how texts about people become windows.
//!
//! The text about a person, or several of them in a row, has the same number of tokens for everybody and at every exposure.
//! So token t of the stream stands in text t / Q at place t % Q, that text is told at exposure (t / Q) / N, and whom it is
//! about is the place (t / Q) % N of that exposure's random order: any part of the stream is found without what is before it.

mod names;
mod packing;

use std::fmt;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

pub(in crate::corpora) use self::names::{FIRST_FREE, NAME_TOKENS, Names, WORD_TOKENS, Words, spell};
pub use self::names::{Fraction, NAMES};
pub use self::packing::Packing;
use self::packing::Telling;
use super::stream::{self, Purpose};
use super::{Batch, CorpusError, Exams, Facts, HeldOut, References, Source};

/// Fills a window behind its last text.
pub(super) const BLANK: u32 = 0;
/// Stands before every text.
pub(super) const EOS: u32 = 1;
/// Ends a sentence.
pub(super) const STOP: u32 = 2;

/// Tokens of a text until the full name was told: all texts, and all that is asked, begin with [`EOS`] and the name, and who
/// has read both can look the person up.
pub(super) const QUESTION: u32 = 1 + NAME_TOKENS as u32;

/// Texts of one length about people.
pub(super) trait Lives: Facts + fmt::Debug + Send + Sync {
    /// How many different tokens there are.
    fn vocab_size(&self) -> usize;

    /// All people: those that are trained on ([`Facts::people`]), and behind them those that only references tell of.
    fn everybody(&self) -> u64 {
        self.people()
    }

    /// How often in a row a person is told of in training, each time anew.
    fn tellings(&self) -> usize {
        1
    }

    /// Tokens of a text, [`EOS`] at its beginning among them.
    fn tokens(&self) -> usize;

    /// Writes the text about a person; what may differ from exposure to exposure is drawn.
    fn write(&self, person: u64, random: &mut Xoshiro256PlusPlus, tokens: &mut [u32]);

    /// Tokens for people to read.
    fn text(&self, tokens: &[u32]) -> String;

    /// What a model can be examined in, if anything.
    fn exams(&self) -> Option<&dyn Exams> {
        None
    }
}

/// A corpus of texts about people.
#[derive(Debug)]
pub(super) struct People<L> {
    pub(super) lives: L,
    pub(super) packing: Packing,
    /// Draws the held-out windows.
    pub(super) seed: u64,
    pub(super) data: Data,
}

impl<L: Lives> Source for People<L> {
    fn vocab_size(&self) -> usize {
        self.lives.vocab_size()
    }

    fn data(&self) -> Data {
        self.data.clone()
    }

    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        let first = step * batch.sequences() as u64;
        self.packing.fill(&self.lives, Telling { purpose: Purpose::Training, seed }, first, batch);
    }

    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        self.suffices(sequences, length)?;
        let mut batch = Batch::new(sequences, length);
        if batch.inputs.is_empty() {
            let message = format!("a held-out set of {sequences} windows of {length} tokens is empty");
            return Err(CorpusError::new(message, "ask for one window of some tokens at least"));
        }
        let telling = Telling { purpose: Purpose::HeldOut, seed: self.seed };
        self.packing.fill(&self.lives, telling, 0, &mut batch);
        Ok(HeldOut::with_floor(batch, None))
    }

    fn suffices(&self, _sequences: usize, length: usize) -> Result<(), CorpusError> {
        let text = packing::told(&self.lives);
        if self.packing == Packing::People && length < text {
            let message = format!("the text about a person has {text} tokens, and a window {length}");
            let hint =
                format!("windows of {text} tokens, or `packing = \"stream\"`, which cuts texts where windows end");
            return Err(CorpusError::new(message, hint));
        }
        Ok(())
    }

    fn pass(&self, length: usize) -> Option<u64> {
        Some(self.packing.pass(&self.lives, length))
    }

    fn facts(&self) -> Option<&dyn Facts> {
        Some(&self.lives)
    }

    fn exams(&self) -> Option<&dyn Exams> {
        self.lives.exams()
    }

    /// Where people are told of again and again, and none is kept back, the first telling is what there is to look up.
    fn references(&self) -> Option<&dyn References> {
        (self.lives.tellings() == 1 || self.lives.everybody() > self.lives.people()).then_some(self)
    }

    fn text(&self, tokens: &[u32]) -> Option<String> {
        Some(self.lives.text(tokens))
    }
}

/// Everybody is told of once, in forms and an order that no window of training was drawn with; where these are a person's own,
/// in them.
impl<L: Lives> References for People<L> {
    fn count(&self) -> u64 {
        self.lives.everybody()
    }

    fn longest(&self) -> usize {
        self.lives.tokens()
    }

    fn write(&self, number: u64, tokens: &mut Vec<u32>) {
        let from = tokens.len();
        tokens.resize(from + self.lives.tokens(), BLANK);
        let mut random = stream::stream(Purpose::Reference, [self.seed, number, 0]);
        self.lives.write(number, &mut random, &mut tokens[from..]);
    }

    /// The name of the person, which all that is told of them begins with.
    fn question(&self, number: u64, tokens: &mut Vec<u32>) -> Option<usize> {
        let from = tokens.len();
        self.write(number, tokens);
        tokens.truncate(from + QUESTION as usize);
        Some(QUESTION as usize)
    }
}

/// A number below n, evenly.
pub(super) fn below(random: &mut Xoshiro256PlusPlus, n: u64) -> u64 {
    stream::below(random.next_u64(), n)
}

/// Puts things into a random order (Fisher and Yates, as by Durstenfeld 1964).
pub(super) fn shuffle<T>(things: &mut [T], random: &mut Xoshiro256PlusPlus) {
    for place in 1..things.len() {
        things.swap(place, below(random, place as u64 + 1) as usize);
    }
}

/// Writes the window that asks for the facts in a text, of which every token has the number of its field, if it is of
/// one. The last token is a target only; what is left of the window is blank.
pub(super) fn ask(text: &[(u32, Option<u8>)], inputs: &mut [u32], targets: &mut [u32], fields: &mut [u8]) {
    inputs.fill(BLANK);
    targets.fill(super::IGNORE);
    fields.fill(0);
    for (place, pair) in text.windows(2).enumerate() {
        let (token, field) = pair[1];
        inputs[place] = pair[0].0;
        if let Some(field) = field {
            (targets[place], fields[place]) = (token, field);
        }
    }
}
