//! Names and the words of all pools: invented, of two syllables, no word twice.
//!
//! Pools have the sizes of those of Allen-Zhu and Li (2024, Physics of Language Models: Part 3.3, arXiv 2404.05405,
//! section 2.2), whose words are those of real names and places. Ours mean nothing, so that a closed vocabulary of
//! syllables spells all of them, and the information in them is the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::CorpusError;
use super::super::permutation::Permutation;
use super::{BLANK, EOS, STOP};

/// Sizes of the pools of first, middle and last names.
pub const NAMES: [u64; 3] = [400, 400, 1000];

/// Tokens of a word.
pub(in crate::corpora) const WORD_TOKENS: usize = 2;
/// Tokens of a full name.
pub(in crate::corpora) const NAME_TOKENS: usize = NAMES.len() * WORD_TOKENS;

const ONSETS: &[u8; 16] = b"bdfghklmnprstvwz";
const NUCLEI: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
/// How many syllables there are.
const COUNT: u32 = (ONSETS.len() * NUCLEI.len()) as u32;
/// Tokens that are syllables.
const SYLLABLES: std::ops::Range<u32> = STOP + 1..STOP + 1 + COUNT;
/// The first token that a corpus can use as it likes.
pub(in crate::corpora) const FIRST_FREE: u32 = SYLLABLES.end;

/// A part of the usual sizes of pools: more than 0 and at most 1, in lowest terms, written `1` or `1/10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fraction {
    over: u64,
    under: u64,
}

impl Default for Fraction {
    fn default() -> Self {
        Self { over: 1, under: 1 }
    }
}

impl Fraction {
    /// So large is a pool: rounded to the nearest number, and at least 2.
    pub fn of(self, size: u64) -> u64 {
        ((2 * size * self.over + self.under) / (2 * self.under)).max(2)
    }

    /// Numerator and denominator.
    pub(in crate::corpora) fn terms(self) -> [u64; 2] {
        [self.over, self.under]
    }
}

impl TryFrom<String> for Fraction {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (over, under) = text.split_once('/').unwrap_or((&text, "1"));
        let number = |text: &str| text.trim().parse::<u32>().ok().map(u64::from);
        match (number(over), number(under)) {
            (Some(over), Some(under)) if 0 < over && over <= under => {
                let (mut divisor, mut rest) = (under, over);
                while rest > 0 {
                    (divisor, rest) = (rest, divisor % rest);
                }
                Ok(Self { over: over / divisor, under: under / divisor })
            }
            _ => Err(format!("`{text}` is not a part of the pools, more than 0 and at most 1: \"1\" or \"1/10\", say")),
        }
    }
}

impl From<Fraction> for String {
    fn from(Fraction { over, under }: Fraction) -> Self {
        if under == 1 { over.to_string() } else { format!("{over}/{under}") }
    }
}

/// The words of all pools, pool behind pool.
#[derive(Debug)]
pub(in crate::corpora) struct Words(Vec<[u32; WORD_TOKENS]>);

impl Words {
    /// The first so many words: the same whatever is drawn from a seed.
    pub(in crate::corpora) fn new(words: u64) -> Self {
        let count = u64::from(COUNT);
        let order = Permutation::new(count * count, [0x776f_7264, 1]);
        let tokens = |word| [order.at(word) / count, order.at(word) % count].map(|part| SYLLABLES.start + part as u32);
        Self((0..words).map(tokens).collect())
    }

    /// The tokens of a word.
    pub(in crate::corpora) fn tokens(&self, word: u64) -> [u32; WORD_TOKENS] {
        self.0[word as usize]
    }
}

/// Who is called what: no name twice. The words are the first of all pools.
#[derive(Debug)]
pub(in crate::corpora) struct Names {
    sizes: [u64; NAMES.len()],
    order: Permutation,
}

impl Names {
    /// Names for so many people.
    pub(in crate::corpora) fn new(people: u64, pools: Fraction, seed: u64) -> Result<Self, CorpusError> {
        let sizes = NAMES.map(|size| pools.of(size));
        let space: u64 = sizes.iter().product();
        if people == 0 {
            return Err(CorpusError::new("`people` is 0", "1000 is a beginning"));
        }
        if people > space {
            let message = format!("`people` is {people}, and no two of them share one of the {space} names");
            let hint = format!("`people` of at most {space}, or larger `pools`: \"1\" has names for 160000000");
            return Err(CorpusError::new(message, hint));
        }
        Ok(Self { sizes, order: Permutation::new(space, [seed, 0x6e61_6d65]) })
    }

    /// How many names there are, N0.
    pub(in crate::corpora) fn space(&self) -> u64 {
        self.sizes.iter().product()
    }

    /// The number of a person's name in each of the pools.
    pub(in crate::corpora) fn of(&self, person: u64) -> [u64; NAMES.len()] {
        let mut rest = self.order.at(person);
        self.sizes.map(|size| {
            let name = rest % size;
            rest /= size;
            name
        })
    }

    /// The tokens of a person's full name.
    pub(in crate::corpora) fn tokens(&self, person: u64, words: &Words) -> [u32; NAME_TOKENS] {
        let [first, middle, last] = self.of(person);
        let words = [first, NAMES[0] + middle, NAMES[0] + NAMES[1] + last].map(|word| words.tokens(word));
        std::array::from_fn(|token| words[token / WORD_TOKENS][token % WORD_TOKENS])
    }
}

/// Tokens for people to read. What is neither a syllable nor a mark is spelt by the corpus, for a place among the
/// tokens: its text, and whether it clings to what stands before it.
pub(in crate::corpora) fn spell(tokens: &[u32], spelt: impl Fn(usize) -> (String, bool)) -> String {
    // A window may begin in the middle of a word, and of syllables in a row the last ends one.
    let run = tokens.iter().take_while(|token| SYLLABLES.contains(token)).count();
    let mut within = if run < tokens.len() { run % WORD_TOKENS } else { 0 };
    let mut text = String::new();
    for (place, &token) in tokens.iter().enumerate() {
        let (piece, clings) = match token {
            BLANK => ("_".into(), false),
            EOS => ("<eos>".into(), false),
            STOP => (".".into(), true),
            token if SYLLABLES.contains(&token) => (syllable(token, within == 0), within > 0),
            _ => spelt(place),
        };
        within = if SYLLABLES.contains(&token) { (within + 1) % WORD_TOKENS } else { 0 };
        if !clings && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&piece);
    }
    text
}

/// A syllable; the first of a word has a capital letter.
fn syllable(token: u32, first: bool) -> String {
    let number = (token - SYLLABLES.start) as usize;
    let onset = char::from(ONSETS[number / NUCLEI.len()]);
    let onset = if first { onset.to_ascii_uppercase() } else { onset };
    format!("{onset}{}", NUCLEI[number % NUCLEI.len()])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_words_are_spelt_alike() {
        let words = Words::new(16_384);
        let spelt = (0..16_384).map(|word| spell(&words.tokens(word), |_| unreachable!()));
        assert_eq!(spelt.collect::<BTreeSet<_>>().len(), 16_384);
        assert_eq!(SYLLABLES.len(), 128);
    }

    #[test]
    fn fractions_are_read_in_lowest_terms_and_round() {
        let read = |text: &str| serde_json::from_value::<Fraction>(text.into());
        assert_eq!(read("1").unwrap(), Fraction::default());
        assert_eq!(read("10/100").unwrap(), read("1/10").unwrap());
        assert_eq!(serde_json::to_string(&read("2/20").unwrap()).unwrap(), "\"1/10\"");
        assert_eq!(serde_json::to_string(&read("7/7").unwrap()).unwrap(), "\"1\"");
        let sizes = [400, 1000, 263, 300, 10, 5].map(|size| read("1/10").unwrap().of(size));
        assert_eq!(sizes, [40, 100, 26, 30, 2, 2]);
        assert_eq!([263, 5, 3].map(|size| read("1/2").unwrap().of(size)), [132, 3, 2]);
        for wrong in ["0", "2", "3/2", "1/0", "0.1", "", "-1/2", "1/2/3"] {
            assert!(read(wrong).unwrap_err().to_string().contains("1/10"), "{wrong}");
        }
    }

    #[test]
    fn a_window_that_begins_inside_of_a_word_is_read_right() {
        let [a, b] = Words::new(1).tokens(0);
        let whole = spell(&[a, b, STOP], |_| unreachable!());
        let cut = spell(&[b, STOP], |_| unreachable!());
        assert!(whole.ends_with(&cut) && cut.len() < whole.len(), "{whole} {cut}");
    }
}
