//! Settings that several corpora have: what they are where they are left out, how they are read, and what makes no sense.
//!
//! Each corpus writes them into its own struct. One struct inside of all (`serde(flatten)`) would lose the place of a key
//! that is misspelt or of another type.

use serde::de::{Deserializer, SeqAccess, Visitor};

use super::CorpusError;
use super::files::left_out::shown;

/// The share of documents that is held out.
pub(super) fn usual_held_out() -> f64 {
    0.05
}

/// Pixels of a side of a picture.
pub(super) fn usual_side() -> usize {
    32
}

/// Pixels of a side of a patch.
pub(super) fn usual_patch() -> usize {
    8
}

/// Other crops of a picture at each pass.
pub(super) fn usual_augment() -> bool {
    true
}

/// Is `held_out` a share, of which something is left?
///
/// # Errors
/// If it is none.
pub(super) fn share_held_out(held_out: f64) -> Result<(), CorpusError> {
    if held_out > 0.0 && held_out < 1.0 {
        return Ok(());
    }
    let message = format!("`held_out` is {held_out}, not a share between 0 and 1");
    Err(CorpusError::new(message, "0.05 is the default: a twentieth of the documents"))
}

/// That there is nothing (`pages`, `text`) in what `path` names, and why files that were found are left out.
pub(super) fn nothing(path: &[String], what: &str, left_out: &[String], hint: &str) -> CorpusError {
    let reasons: String = left_out.iter().map(|s| format!("; {s}")).collect();
    CorpusError::new(format!("{} has no {what}{reasons}", shown(&path.join(", "))), hint).of("path")
}

/// What [`one_or_many`] reads.
pub(super) const PATHS: &str = "a path or a list of paths";
/// What [`keys`] reads.
pub(super) const KEYS: &str = "a key or a list of keys";

pub(super) fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(OneOrMany(PATHS))
}

pub(super) fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(OneOrMany(KEYS))
}

/// A string, or several in a list; what they are.
struct OneOrMany(&'static str);

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, one: &str) -> Result<Self::Value, E> {
        Ok(vec![one.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = list.next_element()? {
            many.push(one);
        }
        Ok(many)
    }
}
