//! Who the people are, which strings there are, and how a table is told.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::people::{EOS, FIRST_FREE, Lives, NAMES, Names, STOP, Words, below, shuffle, spell};
use super::super::permutation::Permutation;
use super::super::stream::{Purpose, stream};
use super::super::{CorpusError, Facts};
use super::Config;

/// The words of the template, NAME's ID k is v, v.
const TEMPLATE: [(&str, bool); 4] = [("'s", true), ("ID", false), ("is", false), (",", true)];
const OF: u32 = FIRST_FREE;
const ID: u32 = OF + 1;
const IS: u32 = ID + 1;
const COMMA: u32 = IS + 1;
/// The first number of an attribute.
const NUMBERS: u32 = COMMA + 1;
/// Tokens of a sentence beside name, chunks and commas: the words of the template, the number and the stop.
const BESIDE: usize = 5;

/// The fields of what a person is asked for.
pub(super) const NAME: u8 = 0;
pub(super) const FIRST_CHUNK: u8 = 1;
pub(super) const OTHER_CHUNKS: u8 = 2;

/// Everybody.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) config: Config,
    names: Names,
    words: Words,
    /// Of each attribute the order of all strings: the first D are its own.
    strings: Vec<Permutation>,
}

impl Tables {
    pub(super) fn new(config: &Config) -> Result<Self, CorpusError> {
        let all = config.strings().expect("it was checked");
        let strings = |attribute| Permutation::new(all, [config.seed, 0x7374_7269_6e67_0000 + attribute]);
        Ok(Self {
            config: config.clone(),
            names: Names::new(config.people, config.pools, config.seed)?,
            words: Words::new(NAMES.iter().sum()),
            strings: (0..config.attributes).map(strings).collect(),
        })
    }

    /// How many names there are, N0.
    pub(super) fn name_space(&self) -> u64 {
        self.names.space()
    }

    /// The number of each chunk of each value among the strings of its attribute, `[attributes, chunks]`.
    pub(super) fn chunks(&self, person: u64) -> Vec<u64> {
        let Config { attributes, chunks, diversity, seed, .. } = self.config;
        let mut random = stream(Purpose::Source, [seed, person, 0]);
        (0..attributes * chunks).map(|_| below(&mut random, diversity)).collect()
    }

    /// The letters of a string, from the last.
    pub(super) fn letters(&self, attribute: usize, string: u64) -> impl Iterator<Item = u32> {
        let Config { attributes, length, alphabet, .. } = self.config;
        let mut rest = self.strings[attribute].at(string);
        (0..length).map(move |_| {
            let letter = rest % alphabet;
            rest /= alphabet;
            NUMBERS + (attributes + letter) as u32
        })
    }

    /// Puts a text token by token, each with its field. A name counts where it stands first: from there on it is known.
    fn tell(&self, person: u64, order: &[usize], mut put: impl FnMut(u32, Option<u8>)) {
        let per_value = self.config.chunks as usize;
        let name = self.names.tokens(person, &self.words);
        let chunks = self.chunks(person);
        put(EOS, None);
        for (sentence, &attribute) in order.iter().enumerate() {
            name.into_iter().for_each(|token| put(token, (sentence == 0).then_some(NAME)));
            [OF, ID, NUMBERS + attribute as u32, IS].into_iter().for_each(|token| put(token, None));
            for (place, string) in chunks[attribute * per_value..][..per_value].iter().enumerate() {
                if place > 0 {
                    put(COMMA, None);
                }
                let field = if place == 0 { FIRST_CHUNK } else { OTHER_CHUNKS };
                self.letters(attribute, *string).for_each(|letter| put(letter, Some(field)));
            }
            put(STOP, None);
        }
    }

    /// What a person is asked: all attributes by their numbers, up to the last letter of the last value.
    pub(super) fn question(&self, person: u64) -> Vec<(u32, Option<u8>)> {
        let order: Vec<usize> = (0..self.strings.len()).collect();
        let mut text = Vec::with_capacity(self.tokens());
        self.tell(person, &order, |token, field| text.push((token, field)));
        text.pop();
        text
    }
}

impl Lives for Tables {
    fn vocab_size(&self) -> usize {
        NUMBERS as usize + (self.config.attributes + self.config.alphabet) as usize
    }

    fn tokens(&self) -> usize {
        let Config { attributes, chunks, length, .. } = self.config;
        let name = NAMES.len() * super::super::people::WORD_TOKENS;
        1 + attributes as usize * (name + BESIDE + (chunks * length + chunks - 1) as usize)
    }

    fn write(&self, person: u64, random: &mut Xoshiro256PlusPlus, tokens: &mut [u32]) {
        let mut order: Vec<usize> = (0..self.strings.len()).collect();
        shuffle(&mut order, random);
        let mut places = tokens.iter_mut();
        self.tell(person, &order, |token, _| *places.next().expect("all texts are equally long") = token);
        debug_assert!(places.next().is_none() && self.people() > person);
    }

    fn text(&self, tokens: &[u32]) -> String {
        let first = NUMBERS + self.config.attributes as u32;
        spell(tokens, |place| match tokens[place] {
            token if token < NUMBERS => {
                let (text, clings) = TEMPLATE[(token - OF) as usize];
                (text.into(), clings)
            }
            token if token < first => ((token - NUMBERS + 1).to_string(), false),
            token => {
                let clings = place > 0 && tokens[place - 1] >= first;
                match char::from_u32('a' as u32 + token - first).filter(char::is_ascii_lowercase) {
                    Some(letter) if self.config.alphabet <= 26 => (letter.into(), clings),
                    _ => (format!("-{}", token - first), clings),
                }
            }
        })
    }
}
