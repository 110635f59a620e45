//! What a token is: a byte, a word, bytes that were merged, or what a file of the user says.
//!
//! A text is read as bytes first, whatever its tokens will be. Other tokens are made of those bytes and kept beside them
//! (`derive.rs`), so that a second size of vocabulary reads no file again. Vocabularies are learnt on the documents that
//! are trained on alone.
//!
//! Bits per byte are comparable between kinds because a target stands for the very bytes of the text that it replaces,
//! with one exception. An unknown word is one target like any other: the model has to foretell that a rare word comes,
//! but is not asked which. What its letters would have cost is missing from the loss, and both ways of hiding that (its
//! bytes counted, or the word left out) would make a small vocabulary look better than a large one. Where held-out
//! targets are unknown words there are therefore no bits per byte, and a note says so.

#[cfg(feature = "bpe")]
mod bpe;
#[cfg(feature = "bpe")]
mod byte_level;
mod derive;
#[cfg(feature = "bpe")]
mod file;
mod pieces;
mod words;

use std::fmt;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::super::CorpusError;
use super::cache::Tokens;

pub(super) use derive::derive;

/// A word that is known, the unknown one, the separator.
const LEAST_WORDS: usize = 3;
/// The bytes, the separator, one merge.
const LEAST_MERGED: usize = 258;
/// Tokens are kept as 16 bits.
const MOST: usize = 1 << 16;

/// What a token is: `"bytes"`, `{ words = 4096 }`, `{ bpe = 4096 }` or `{ file = "tokenizer.json" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String", title = SPELT)]
pub enum TokenKind {
    /// A byte: 257 tokens, the separator of documents among them.
    #[default]
    Bytes,
    /// One of the most frequent words, numbers, runs of punctuation and of spaces. The vocabulary has so many tokens, 3 to
    /// 65,536, the unknown word and the separator among them.
    Words(usize),
    /// Bytes merged by byte-pair encoding (Sennrich, Haddow and Birch 2016; on bytes: Radford et al. 2019). The vocabulary
    /// has so many tokens, 258 to 65,536, the 256 bytes and the separator among them. Asks for the feature `bpe`.
    Bpe(usize),
    /// Those of a tokenizer in the format of Hugging Face, which has to be a byte-level BPE of at most 65,535 tokens; the
    /// separator is one more. The path is relative to [`Place::base`](crate::corpora::Place::base). Asks for the feature
    /// `bpe`.
    File(String),
}

/// How the settings are spelt.
const SPELT: &str = "\"bytes\", { words = 4096 }, { bpe = 4096 } or { file = \"tokenizer.json\" }";

impl Serialize for TokenKind {
    /// Where a file lies is no part of what identifies a run: its path is left empty. What it does is in the hash of the data.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes => serializer.serialize_unit_variant("TokenKind", 0, "bytes"),
            Self::Words(size) => serializer.serialize_newtype_variant("TokenKind", 1, "words", size),
            Self::Bpe(size) => serializer.serialize_newtype_variant("TokenKind", 2, "bpe", size),
            Self::File(_) => serializer.serialize_newtype_variant("TokenKind", 3, "file", ""),
        }
    }
}

impl<'de> Deserialize<'de> for TokenKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kind;
        impl<'de> Visitor<'de> for Kind {
            type Value = TokenKind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(SPELT)
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<TokenKind, E> {
                match word {
                    "bytes" => Ok(TokenKind::Bytes),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TokenKind, A::Error> {
                let of_one = || de::Error::custom(format!("expected one of {SPELT}"));
                let kind = match map.next_key::<String>()?.as_deref() {
                    Some("words") => TokenKind::Words(map.next_value()?),
                    Some("bpe") => TokenKind::Bpe(map.next_value()?),
                    Some("file") => TokenKind::File(map.next_value()?),
                    Some(other) => return Err(de::Error::unknown_field(other, &["words", "bpe", "file"])),
                    None => return Err(of_one()),
                };
                if map.next_key::<String>()?.is_some() { Err(of_one()) } else { Ok(kind) }
            }
        }
        deserializer.deserialize_any(Kind)
    }
}

impl TokenKind {
    /// Is the size one that can be kept, and is this kind there?
    pub(super) fn check(&self) -> Result<(), CorpusError> {
        match self {
            Self::Bytes => Ok(()),
            Self::Words(size) => within("words", *size, LEAST_WORDS..=MOST, "the unknown word and the separator"),
            Self::Bpe(size) => {
                within("bpe", *size, LEAST_MERGED..=MOST, "the 256 bytes and the separator")?;
                self.is_built()
            }
            Self::File(path) if path.is_empty() => {
                let hint = "name one in the format of Hugging Face: `tokens = { file = \"tokenizer.json\" }`";
                Err(CorpusError::new("`tokens` names no file", hint))
            }
            Self::File(_) => self.is_built(),
        }
    }

    /// What is to be said of tokens of this kind.
    pub(super) fn notes(&self, tokens: &Tokens) -> Vec<String> {
        let mut notes = Vec::new();
        let there = tokens.vocab_size();
        if let Self::Words(asked) | Self::Bpe(asked) = self
            && there < *asked
        {
            notes.push(format!(
                "the training documents fill a vocabulary of {there} tokens, where {asked} were asked for"
            ));
        }
        let unknown = tokens.unknown();
        if unknown > 0 {
            let share = 100.0 * unknown as f64 / tokens.tokens() as f64;
            notes.push(format!(
                "{share:.2} % of the tokens are unknown words: a loss in bits per byte would leave out their spelling and \
                 is not given"
            ));
        }
        notes
    }

    /// Was the library of byte-pair encoding built in?
    fn is_built(&self) -> Result<(), CorpusError> {
        if cfg!(feature = "bpe") {
            return Ok(());
        }
        let asked = match self {
            Self::File(path) => format!("{{ file = {:?} }}", super::shown(path)),
            Self::Bpe(size) => format!("{{ bpe = {size} }}"),
            _ => return Ok(()),
        };
        let message = format!("`tokens = {asked}` needs the feature `bpe`, which this program was built without");
        let hint = "build it with the feature: `cargo build --release -p isoloss --features bpe`; `tokens = \"bytes\"` \
                    and `tokens = { words = 4096 }` need none";
        Err(CorpusError::new(message, hint))
    }
}

fn within(name: &str, size: usize, range: RangeInclusive<usize>, among: &str) -> Result<(), CorpusError> {
    if range.contains(&size) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let message =
        format!("`tokens = {{ {name} = {size} }}` is no size of a vocabulary: expected {least} to {most} tokens");
    let hint =
        format!("{among} are among them, and tokens are kept as 16 bits; `tokens = {{ {name} = 4096 }}` is usual");
    Err(CorpusError::new(message, hint))
}

/// From text to tokens.
pub(super) trait Tokenizer {
    /// What each token stands for, by its number; none is an unknown word. The separator, which is no part of it, has the
    /// next number.
    fn vocabulary(&self) -> &[Option<Box<[u8]>>];

    /// Appends the tokens of a document.
    ///
    /// # Errors
    /// If the tokens would stand for another text.
    fn encode(&mut self, document: &[u8], tokens: &mut Vec<u16>) -> Result<(), CorpusError>;
}

/// The tokenizer of a kind: learnt on the training documents of a text in bytes, or read from `content`, the bytes of the
/// file of that name.
fn tokenizer(kind: &TokenKind, text: &Tokens, content: &[u8]) -> Result<Box<dyn Tokenizer>, CorpusError> {
    Ok(match kind {
        TokenKind::Bytes => unreachable!("a text is read as bytes"),
        TokenKind::Words(size) => Box::new(words::Words::new(pieces::counted(text), *size)),
        #[cfg(feature = "bpe")]
        TokenKind::Bpe(size) => Box::new(bpe::Bpe::new(pieces::counted(text), *size)?),
        #[cfg(feature = "bpe")]
        TokenKind::File(path) => Box::new(file::OfFile::new(path, content)?),
        #[cfg(not(feature = "bpe"))]
        TokenKind::Bpe(_) | TokenKind::File(_) => {
            let _ = content;
            return Err(kind.is_built().expect_err("the feature is off"));
        }
    })
}

#[cfg(test)]
mod tests;
