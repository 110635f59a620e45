//! The tokens of biographies: what is behind the syllables, and how all is read by people.

use super::super::people::{FIRST_FREE, spell};
use super::forms::{Form, WAYS};

/// The pronouns, by gender.
pub(super) const PRONOUNS: u32 = FIRST_FREE;
/// The first month.
pub(super) const MONTHS: u32 = PRONOUNS + 2;
/// The first number of two digits: days, and both halves of a year.
pub(super) const NUMBERS: u32 = MONTHS + 12;
/// The first word of a form.
pub(super) const WORDS: u32 = NUMBERS + 100;

const PRONOUN: [&str; 2] = ["He", "She"];
const MONTH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The words of the forms, and the forms in tokens.
#[derive(Debug)]
pub(super) struct Vocabulary {
    words: Vec<&'static str>,
    forms: [Vec<Form<u32>>; WAYS.len()],
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        let mut words: Vec<&'static str> = Vec::new();
        let forms = WAYS.map(|ways| {
            let form = |form: Form<&'static str>| {
                let token = |word| {
                    let known = words.iter().position(|other| *other == word);
                    let number = known.unwrap_or_else(|| {
                        words.push(word);
                        words.len() - 1
                    });
                    WORDS + number as u32
                };
                Form { words: form.words.map(token), before: form.before }
            };
            ways.forms().into_iter().map(form).collect()
        });
        Self { words, forms }
    }

    /// How many tokens there are.
    pub(super) fn size(&self) -> usize {
        WORDS as usize + self.words.len()
    }

    /// The sentences for a fact.
    pub(super) fn forms(&self, fact: usize) -> &[Form<u32>] {
        &self.forms[fact]
    }

    /// Tokens for people to read.
    pub(super) fn text(&self, tokens: &[u32]) -> String {
        let number = |place: usize| (NUMBERS..WORDS).contains(&tokens[place]);
        spell(tokens, |place| match tokens[place] {
            token if token < MONTHS => (PRONOUN[(token - PRONOUNS) as usize].into(), false),
            token if token < NUMBERS => (MONTH[(token - MONTHS) as usize].into(), false),
            // Behind a day and a century stands the rest of the year.
            token if token < WORDS => {
                let rest = place >= 2 && number(place - 1) && number(place - 2);
                (format!("{:02}", token - NUMBERS), rest)
            }
            token => (self.words.get((token - WORDS) as usize).unwrap_or(&"?").to_string(), false),
        })
    }
}
