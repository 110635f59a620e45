//! What a model can be asked of people: one fact of one person in a window, straight behind the name.
//!
//! ```text
//! <eos> Nouwi Lizea Vida was raised in | Vapou        the right value
//!                                      | Zoufa        and three others of the same pool, in the same form
//! ```
//!
//! `facts_*` choose among four such windows, `recited_*` have to say the value token by token; `*_known` of people that are told
//! of in training, `*_unknown` of those that are kept back. Where people are told of several times in a row there is `reading`
//! too: a biography of somebody whom no window of training knows, and then the question; and nothing else if none is kept back. The forms are drawn, or the person's
//! own where these are fixed. What follows from another fact, the working city, is not asked for, nor is a fact that has not
//! as many values as there are options.

use std::ops::Range;

use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::exams::OWN;
use super::super::people::{BLANK, EOS, Lives, NAME_TOKENS, QUESTION, below};
use super::super::permutation::Permutation;
use super::super::stream::{Purpose, stream};
use super::super::{Batch, Exam, Exams, How, IGNORE, QUESTIONS};
use super::Draw;
use super::forms::BESIDE;
use super::lives::{Biographies, DATE_TOKENS, WORKING_CITY};
use super::pools::Person;

/// Options of a question.
const OPTIONS: usize = 4;
/// Tokens of a question's window behind what is told before it: the last token of an answer is a target only.
const LENGTH: usize = 1 + NAME_TOKENS + BESIDE + DATE_TOKENS - 1;

/// Who is asked for what, and in which form.
struct Question {
    person: u64,
    fact: usize,
    form: usize,
    random: Xoshiro256PlusPlus,
}

impl Exams for Biographies {
    fn draw(&self, _length: usize) -> Vec<Exam> {
        let (told, all) = (self.config.told(), self.config.people);
        // Names that nobody has can be read like any other.
        let unmet = if all < self.name_space() { all..self.name_space() } else { told..all };
        let reading = (self.tellings() > 1).then(|| self.choices("reading", OWN, unmet, true)).flatten();
        if reading.is_some() && told == all {
            return reading.into_iter().collect();
        }
        let (known, unknown) = (0..told, told..all);
        [
            reading,
            self.choices("facts_known", OWN + 1, known.clone(), false),
            self.recited("recited_known", OWN + 2, known),
            self.choices("facts_unknown", OWN + 3, unknown.clone(), false),
            self.recited("recited_unknown", OWN + 4, unknown),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Biographies {
    /// Questions on some people, no two the same; the streams of an exam are told apart by its number.
    fn questions(&self, exam: u64, people: Range<u64>) -> Vec<Question> {
        let facts: Vec<usize> = (0..WORKING_CITY).filter(|fact| self.pools.values(*fact) >= OPTIONS as u64).collect();
        let all = people.end.saturating_sub(people.start) * facts.len() as u64;
        let order = Permutation::new(all, [self.config.seed, 0x6578_616d_0000_0000 + exam]);
        let question = |number| {
            let drawn = order.at(number);
            let (person, fact) =
                (people.start + drawn / facts.len() as u64, facts[(drawn % facts.len() as u64) as usize]);
            let mut random = stream(Purpose::Exam, [self.config.seed, exam, number]);
            let any = below(&mut random, self.vocabulary.forms(fact).len() as u64) as usize;
            let form = if self.config.sentences == Draw::Fixed { self.own(person).forms[fact] } else { any };
            Question { person, fact, form, random }
        };
        (0..all.min(QUESTIONS as u64)).map(question).collect()
    }

    /// Appends a window that tells something and then, of somebody with the values of `of`, one fact; its value are the targets.
    fn put(&self, before: &[u32], question: &Question, of: &Person, batch: &mut Batch) {
        let form = self.vocabulary.forms(question.fact)[question.form];
        let mut text = before.to_vec();
        text.push(EOS);
        text.extend(self.names.tokens(question.person, &self.words));
        text.extend(&form.words[..form.before]);
        let answer = text.len();
        self.value(of, question.fact, &mut |token| text.push(token));
        let (from, length) = (batch.inputs.len(), before.len() + LENGTH);
        batch.length = length;
        batch.inputs.resize(from + length, BLANK);
        batch.targets.resize(from + length, IGNORE);
        batch.inputs[from..][..text.len() - 1].copy_from_slice(&text[..text.len() - 1]);
        batch.targets[from + answer - 1..][..text.len() - answer].copy_from_slice(&text[answer..]);
        batch.prompts.push(QUESTION);
    }

    /// The value of a fact among others of its pool, with a biography before it or without.
    fn choices(&self, name: &str, exam: u64, people: Range<u64>, is_told: bool) -> Option<Exam> {
        let (mut batch, mut places) = (Batch::default(), Vec::new());
        for mut question in self.questions(exam, people) {
            let own = self.person(question.person);
            let mut before = vec![BLANK; if is_told { self.tokens() } else { 0 }];
            if is_told {
                self.write(question.person, &mut question.random, &mut before);
            }
            let right = below(&mut question.random, OPTIONS as u64) as usize;
            let mut values = vec![own.value(question.fact)];
            while values.len() < OPTIONS {
                let other = below(&mut question.random, self.pools.values(question.fact));
                if !values.contains(&other) {
                    values.push(other);
                }
            }
            values.swap(0, right);
            values.iter().for_each(|value| self.put(&before, &question, &own.with(question.fact, *value), &mut batch));
            places.push(right as u8);
        }
        let how = How::Choice { of: OPTIONS, right: places };
        let exam = Exam { name: name.into(), batch, how, chance: 1.0 / OPTIONS as f64, ceiling: None };
        (exam.questions() > 0).then_some(exam)
    }

    /// The value of a fact, to be said. Chance is the mean over questions: pools are of different sizes.
    fn recited(&self, name: &str, exam: u64, people: Range<u64>) -> Option<Exam> {
        let (mut batch, mut chance) = (Batch::default(), 0.0);
        let questions = self.questions(exam, people);
        for question in &questions {
            self.put(&[], question, &self.person(question.person), &mut batch);
            chance += 1.0 / self.pools.values(question.fact) as f64 / questions.len() as f64;
        }
        let exam = Exam { name: name.into(), batch, how: How::First, chance, ceiling: None };
        (exam.questions() > 0).then_some(exam)
    }
}
