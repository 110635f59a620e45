//! Who the people are, and what is told of them.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::people::{EOS, Lives, NAME_TOKENS, Names, STOP, WORD_TOKENS, Words, below, shuffle};
use super::super::permutation::Permutation;
use super::super::stream::{Purpose, stream};
use super::super::{CorpusError, Exams};
use super::forms::{BESIDE, WAYS};
use super::pools::{CITY, COMPANY, EMPLOYERS, FIRST_YEAR, GENDERS, MAJOR, Person, Pools, UNIVERSITY, WORDS};
use super::vocabulary::{MONTHS, NUMBERS, PRONOUNS, Vocabulary};
use super::{Config, Draw};

/// Facts told in sentences. The last, the working city, follows from the employer.
pub(super) const FACTS: usize = WAYS.len();
const EMPLOYER: usize = 4;
pub(super) const WORKING_CITY: usize = 5;

/// Tokens of a birth date: month, day, century and the year in it.
pub(super) const DATE_TOKENS: usize = 4;
/// What the streams of a person draw.
const ATTRIBUTES: u64 = 0;
const TELLING: u64 = 1;

/// Everybody.
#[derive(Debug)]
pub(super) struct Biographies {
    pub(super) config: Config,
    pub(super) pools: Pools,
    pub(super) names: Names,
    pub(super) words: Words,
    pub(super) vocabulary: Vocabulary,
    /// Where the employers are.
    headquarters: Vec<u64>,
}

/// What stands beside the facts: the order of the sentences and the form of each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Telling {
    order: [usize; FACTS],
    pub(super) forms: [usize; FACTS],
}

/// The fields of what a person is asked for, after those of the facts.
pub(super) const NAME: u8 = 0;
pub(super) const GENDER: u8 = FACTS as u8;

impl Biographies {
    pub(super) fn new(config: &Config) -> Result<Self, CorpusError> {
        let pools = Pools::new(config.pools);
        // A table of the world and not of the people: the same for all seeds.
        let order = Permutation::new(EMPLOYERS, [0x6369_7479, 2]);
        Ok(Self {
            config: config.clone(),
            pools,
            names: Names::new(config.people, config.pools, config.seed)?,
            words: Words::new(WORDS),
            vocabulary: Vocabulary::new(),
            headquarters: (0..pools.employers).map(|employer| order.at(employer) % pools.cities).collect(),
        })
    }

    /// How many names there are, N0.
    pub(super) fn name_space(&self) -> u64 {
        self.names.space()
    }

    /// How many different people there could be of one name, S0.
    pub(super) fn value_space(&self) -> u64 {
        self.pools.people() / if self.config.pronouns { 1 } else { GENDERS }
    }

    pub(super) fn person(&self, person: u64) -> Person {
        self.pools.draw(&mut stream(Purpose::Source, [self.config.seed, person, ATTRIBUTES]))
    }

    /// Order and forms: the same stream draws both, whichever of them is used.
    fn telling(&self, random: &mut Xoshiro256PlusPlus) -> Telling {
        let mut order = std::array::from_fn(|fact| fact);
        shuffle(&mut order, random);
        let forms = std::array::from_fn(|fact| below(random, self.vocabulary.forms(fact).len() as u64) as usize);
        Telling { order, forms }
    }

    /// Order and forms that a person keeps.
    pub(super) fn own(&self, person: u64) -> Telling {
        self.telling(&mut stream(Purpose::Source, [self.config.seed, person, TELLING]))
    }

    /// The tokens of a value.
    pub(super) fn value(&self, of: &Person, fact: usize, put: &mut impl FnMut(u32)) {
        let word = match fact {
            0 => {
                let year = FIRST_YEAR + of.year;
                let [day, century, rest] = [of.day + 1, year / 100, year % 100].map(|n| NUMBERS + n as u32);
                return [MONTHS + of.month as u32, day, century, rest].into_iter().for_each(put);
            }
            1 => CITY + of.city,
            2 => UNIVERSITY + of.university,
            3 => MAJOR + of.major,
            EMPLOYER => COMPANY + of.employer,
            _ => CITY + self.headquarters[of.employer as usize],
        };
        self.words.tokens(word).into_iter().for_each(put);
    }

    /// Puts a biography token by token, each with its field; the sentences are those of `order`. A name counts where it
    /// stands first, and so does the pronoun that tells the gender: from there on they are known.
    fn tell(&self, person: u64, order: &[usize], forms: &[usize; FACTS], mut put: impl FnMut(u32, Option<u8>)) {
        let of = self.person(person);
        let name = self.names.tokens(person, &self.words);
        put(EOS, None);
        for (sentence, &fact) in order.iter().enumerate() {
            match (sentence, self.config.pronouns) {
                (0, _) => name.into_iter().for_each(|token| put(token, Some(NAME))),
                (_, true) => put(PRONOUNS + of.gender as u32, (sentence == 1).then_some(GENDER)),
                (_, false) => name.into_iter().for_each(|token| put(token, None)),
            }
            let form = self.vocabulary.forms(fact)[forms[fact]];
            let (lead, tail) = form.words.split_at(form.before);
            let field = (fact != WORKING_CITY).then_some(fact as u8 + 1);
            lead.iter().for_each(|word| put(*word, None));
            self.value(&of, fact, &mut |token| put(token, field));
            tail.iter().for_each(|word| put(*word, None));
            put(STOP, None);
        }
    }

    /// Tokens of a text with so many of the sentences, among them that of the birth date.
    pub(super) fn length_of(&self, sentences: usize) -> usize {
        let again = if self.config.pronouns { 1 } else { NAME_TOKENS };
        let subjects = NAME_TOKENS + (sentences - 1) * again;
        let values = DATE_TOKENS + (sentences - 1) * WORD_TOKENS;
        1 + subjects + sentences * (BESIDE + 1) + values
    }

    /// What a person is asked: all but the working city, up to the last token of the last value.
    pub(super) fn question(&self, person: u64) -> Vec<(u32, Option<u8>)> {
        let own = self.own(person);
        let forms = match self.config.sentences {
            Draw::Fixed => own.forms,
            Draw::Fresh => self.telling(&mut stream(Purpose::HeldOut, [self.config.seed, person, TELLING])).forms,
        };
        let mut order: Vec<usize> = match self.config.order {
            Draw::Fixed => own.order.into(),
            Draw::Fresh => (0..FACTS).collect(),
        };
        order.retain(|fact| *fact != WORKING_CITY);
        let mut text = Vec::with_capacity(self.length_of(order.len()));
        self.tell(person, &order, &forms, |token, field| text.push((token, field)));
        let end = text.iter().rposition(|(_, field)| field.is_some()).map_or(0, |last| last + 1);
        text.truncate(end);
        text
    }
}

impl Lives for Biographies {
    fn vocab_size(&self) -> usize {
        self.vocabulary.size()
    }

    fn everybody(&self) -> u64 {
        self.config.people
    }

    fn tellings(&self) -> usize {
        self.config.tellings
    }

    fn tokens(&self) -> usize {
        self.length_of(FACTS)
    }

    fn write(&self, person: u64, random: &mut Xoshiro256PlusPlus, tokens: &mut [u32]) {
        let Config { sentences, order, .. } = self.config;
        let drawn = self.telling(random);
        let own = if [sentences, order].contains(&Draw::Fixed) { self.own(person) } else { drawn };
        let pick = |draw| if draw == Draw::Fixed { own } else { drawn };
        let mut places = tokens.iter_mut();
        self.tell(person, &pick(order).order, &pick(sentences).forms, |token, _| {
            *places.next().expect("all texts are equally long") = token;
        });
        debug_assert!(places.next().is_none());
    }

    fn text(&self, tokens: &[u32]) -> String {
        self.vocabulary.text(tokens)
    }

    fn exams(&self) -> Option<&dyn Exams> {
        // Where the order of sentences is a person's own, what is told first cannot be chosen.
        (self.config.order == Draw::Fresh).then_some(self)
    }
}
