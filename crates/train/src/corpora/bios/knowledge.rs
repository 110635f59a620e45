//! What there is to know of the people, and how many bits of it a model knows.

use std::f64::consts::LN_2;

use super::super::people::{QUESTION, ask};
use super::super::{Bits, Facts, Term};
use super::lives::{Biographies, FACTS};

/// Without pronouns nobody is asked for the gender.
const FIELDS: [&str; FACTS + 1] = ["name", "birth date", "birth city", "university", "major", "employer", "gender"];

/// The bits of knowledge in names and in values (Allen-Zhu and Li 2024, arXiv 2404.05405, Definition 4.3):
///
/// ```text
/// bits = N log2(N0 / e^p1) + N log2(S0 / e^p2)
/// ```
///
/// of N people, `p1` the loss of a name and `p2` the losses of all values of a person, nats summed over tokens, mean
/// over people. In print Definition 1 of Ouro (arXiv 2510.25741) multiplies S0 by e^p2 instead, by which a model would
/// know the more the worse it is. A term is below 0 where losses are above those of a guess; it is not clamped here.
///
/// ```
/// use isoloss_train::corpora::bios::bits_of;
///
/// // Who gives every one of four people the same probability, and knows which of two values each has.
/// let [name, value] = bits_of(4.0, 16.0, 2.0, 4f64.ln(), 0.0);
/// assert!((name - 4.0 * 2.0).abs() < 1e-12 && (value - 4.0).abs() < 1e-12);
/// ```
pub fn bits_of(people: f64, name_space: f64, value_space: f64, p1: f64, p2: f64) -> [f64; 2] {
    // As a difference of logarithms: e^p overflows where a model is bad.
    [(name_space, p1), (value_space, p2)].map(|(space, loss)| people * (libm::log2(space) - loss / LN_2))
}

impl Facts for Biographies {
    fn people(&self) -> u64 {
        self.config.told()
    }

    fn fields(&self) -> &[&'static str] {
        if self.config.pronouns { &FIELDS } else { &FIELDS[..FACTS] }
    }

    fn length(&self) -> usize {
        // Neither the stop behind the last value nor, as an input, its last token.
        self.length_of(FACTS - 1) - 2
    }

    fn prompt(&self) -> u32 {
        QUESTION
    }

    fn ask(&self, person: u64, inputs: &mut [u32], targets: &mut [u32], fields: &mut [u8]) {
        ask(&self.question(person), inputs, targets, fields);
    }

    fn bits(&self, losses: &[f64]) -> Bits {
        let people = self.config.told() as f64;
        let (names, values) = (self.name_space() as f64, self.value_space() as f64);
        let [name, value] = bits_of(people, names, values, losses[0], losses[1..].iter().sum());
        let limit = bits_of(people, names, values, libm::log(people), 0.0).iter().sum();
        Bits { terms: vec![Term { name: "name", bits: name }, Term { name: "value", bits: value }], limit }
    }
}
