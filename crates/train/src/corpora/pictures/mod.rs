//! Pictures, for the corpora that have some: bytes of a file to rows of colour, small enough to keep thousands of them.
//!
//! Whatever the bytes are, there is a picture or a reason. What a file claims of itself is checked before room is made
//! for it: a file of a few bytes can say that it is larger than any memory.

mod decode;
mod files;
mod jpeg;
mod png;
#[cfg(test)]
pub(super) mod samples;
mod shrink;
mod svg;
mod svg_cost;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::settings::share_held_out;
use super::{CorpusError, Sight};
pub(super) use decode::decode;
pub(super) use files::{Opened, in_order, open, opened};

/// Pixels that are kept of a picture's shorter side: twice those that a model sees, so that parts of it are still sharp; as many for
/// large ones, of which the memory would not hold more.
pub(super) fn kept(side: usize) -> u32 {
    (2 * side).min(256).max(side) as u32
}

/// What identifies a file or a document: a SHA-256.
pub(super) type Digest = [u8; 32];

/// A picture in rows of red, green, blue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Pixels of a row.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// Three bytes for each pixel.
    pub(super) rgb: Vec<u8>,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words, not empty.
    Text(String),
    /// A picture; several places of a corpus may show the same.
    Picture(Arc<Picture>),
}

/// Pieces in the order in which they are read.
#[derive(Debug)]
pub(super) struct Document {
    /// At least one.
    pub(super) pieces: Vec<Piece>,
    /// Of its texts and of the files of its pictures, whatever size these were brought to.
    pub(super) digest: Digest,
}

/// What a corpus consists of.
#[derive(Debug)]
pub(super) struct Found {
    /// Sorted by digest, each once: neither names nor the order of a folder matter.
    pub(super) documents: Vec<Document>,
    /// What was left out and why, one sentence each.
    pub(super) left_out: Vec<String>,
}

impl Document {
    /// A document of its pieces, each picture with the digest of its file.
    pub(super) fn new(parts: Vec<(Piece, Digest)>) -> Self {
        let mut hash = Sha256::new();
        for (piece, file) in &parts {
            // A letter and a length before each text, or two documents cut differently would be one.
            match piece {
                Piece::Text(text) => {
                    hash.update(b"t");
                    hash.update((text.len() as u64).to_le_bytes());
                    hash.update(text);
                }
                Piece::Picture(_) => {
                    hash.update(b"p");
                    hash.update(file);
                }
            }
        }
        Self { pieces: parts.into_iter().map(|(piece, _)| piece).collect(), digest: hash.finalize().into() }
    }
}

/// What corpora of pictures that were read have in common: how pictures are looked at.
///
/// # Errors
/// If a setting makes no sense.
pub(super) fn check(held_out: f64, side: usize, patch: usize) -> Result<Sight, CorpusError> {
    share_held_out(held_out)?;
    Sight::checked(side, patch)
}
