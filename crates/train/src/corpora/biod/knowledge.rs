//! What there is to know of the tables, and how many bits of it a model knows.

use std::f64::consts::LN_2;

use super::super::people::{Lives, QUESTION, ask};
use super::super::{Bits, Facts, Term};
use super::lives::{FIRST_CHUNK, OTHER_CHUNKS, Tables};

/// The last only where values have more than one chunk.
const FIELDS: [&str; 3] = ["name", "first chunk", "other chunks"];

/// How much of everything there is in bioD(N, K, C, D, L, T).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spaces {
    /// People, N.
    pub people: f64,
    /// Names, N0.
    pub names: f64,
    /// Attributes, K.
    pub attributes: f64,
    /// Chunks of a value, C.
    pub chunks: f64,
    /// Strings of an attribute, D.
    pub diversity: f64,
    /// Letters of a string, L.
    pub length: f64,
    /// Letters of the alphabet, T.
    pub alphabet: f64,
}

/// The bits of knowledge in names, in values and in strings (Allen-Zhu and Li 2024, arXiv 2404.05405, Definition 4.1):
///
/// ```text
/// bits = N log2(N0 / e^p1) + N K log2(D^C / e^p2) + K D log2(T^L / (D e^p3))
/// ```
///
/// with `p1` the loss of a name, `p2` that of a value and `p3` that of its first chunk, nats summed over tokens; mean
/// over people, and for values over attributes. The third is what is known of which strings an attribute has, up to
/// their order. A term is below 0 where losses are above those of a guess; it is not clamped here.
///
/// ```
/// use isoloss_train::corpora::biod::{Spaces, bits_of};
///
/// let (people, names, attributes, chunks, diversity, length, alphabet) = (4.0, 16.0, 3.0, 2.0, 8.0, 5.0, 2.0);
/// let spaces = Spaces { people, names, attributes, chunks, diversity, length, alphabet };
/// let [name, value, strings] = bits_of(spaces, 4f64.ln(), 0.0, 0.0);
/// let wanted = [4.0 * 2.0, 4.0 * 3.0 * 2.0 * 3.0, 3.0 * 8.0 * (5.0 - 3.0)];
/// assert!([name, value, strings].iter().zip(wanted).all(|(got, want)| (got - want).abs() < 1e-9));
/// ```
pub fn bits_of(spaces: Spaces, p1: f64, p2: f64, p3: f64) -> [f64; 3] {
    let Spaces { people, names, attributes, chunks, diversity, length, alphabet } = spaces;
    // As sums of logarithms: D^C and T^L are large.
    let [names, diverse, letters] = [names, diversity, alphabet].map(libm::log2);
    [
        people * (names - p1 / LN_2),
        people * attributes * (chunks * diverse - p2 / LN_2),
        attributes * diversity * (length * letters - diverse - p3 / LN_2),
    ]
}

impl Tables {
    fn spaces(&self) -> Spaces {
        let config = &self.config;
        Spaces {
            people: config.people as f64,
            names: self.name_space() as f64,
            attributes: config.attributes as f64,
            chunks: config.chunks as f64,
            diversity: config.diversity as f64,
            length: config.length as f64,
            alphabet: config.alphabet as f64,
        }
    }
}

impl Facts for Tables {
    fn people(&self) -> u64 {
        self.config.people
    }

    fn fields(&self) -> &[&'static str] {
        if self.config.chunks > 1 { &FIELDS } else { &FIELDS[..usize::from(OTHER_CHUNKS)] }
    }

    fn length(&self) -> usize {
        // Neither the stop behind the last value nor, as an input, its last letter.
        self.tokens() - 2
    }

    fn prompt(&self) -> u32 {
        QUESTION
    }

    fn ask(&self, person: u64, inputs: &mut [u32], targets: &mut [u32], fields: &mut [u8]) {
        ask(&self.question(person), inputs, targets, fields);
    }

    /// The limit is what Definition 4.1 gives who knows all: its third term is K log2 of D^-D T^(L D), where the
    /// paper's bound (section 3) has the choice of D strings without order, K log2 C(T^L, D), which is more by about K
    /// D log2 e.
    fn bits(&self, losses: &[f64]) -> Bits {
        let spaces = self.spaces();
        let first = losses[usize::from(FIRST_CHUNK)];
        let value: f64 = losses[usize::from(FIRST_CHUNK)..].iter().sum();
        let [name, value, strings] = bits_of(spaces, losses[0], value / spaces.attributes, first / spaces.attributes);
        let terms = [("name", name), ("value", value), ("strings", strings)];
        let limit = bits_of(spaces, libm::log(spaces.people), 0.0, 0.0).iter().sum();
        Bits { terms: terms.map(|(name, bits)| Term { name, bits }).into(), limit }
    }
}
