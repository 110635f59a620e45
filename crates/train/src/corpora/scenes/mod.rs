//! Drawings of shapes with captions, drawn without end: what a picture says of its caption is known to the last bit.
//!
//! A document is a picture and then its caption, in bytes: `we see a red ring left of a blue cross`, `a picture of two black
//! circles and one green square`. Two things differ in colour or shape (six of each), stand in a row or a column of four by four
//! cells, or are two groups of one to four each, and not of one each. Place in the cell, size, shade and the light of the ground are drawn and said nowhere.
//!
//! The caption is drawn evenly, and the picture to fit it, so the loss of the optimal predictor is known: of
//! a caption, ln 2 for which thing comes first and ln 4 for the first words are left to whoever sees the picture, and ln(2 * 36 * 35 * 4) or
//! ln(2 * 36 * 35 * 15) in the place of ln 2 to whoever does not. The difference is what the picture tells, about 8.5 and 9.8 nats.
//!
//! `shuffled` puts each caption beside the picture of another: there is nothing to be seen then, and no model may find it.

pub(super) mod caption;
mod draw;

use std::sync::Arc;

use isoloss_runs::record::Data;
use rand_xoshiro::Xoshiro256PlusPlus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::caption::{Caption, longest, opening};
use self::draw::{Pen, SMALLEST};
use super::settings::{usual_patch, usual_side};
use super::sight::Sight;
use super::told::{Teller, Told};
use super::window::Writer;
use super::{CorpusError, Place, Source, hex};

pub(super) const SAYS: &str = "drawings of shapes with captions: what a picture says of its caption is known";
pub(super) const WHEREABOUTS: &[&str] = &[];

/// The drawings.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Pixels of a side: 32 to 512, a multiple of 4.
    #[serde(default = "usual_side")]
    pub side: usize,
    /// Pixels of a patch's side.
    #[serde(default = "usual_patch")]
    pub patch: usize,
    /// Pictures of other captions than they stand beside.
    #[serde(default)]
    pub shuffled: bool,
    /// Draws the held-out windows.
    #[serde(default)]
    pub seed: u64,
}

/// How drawings are looked at.
pub(super) fn sight(side: usize, patch: usize) -> Result<Sight, CorpusError> {
    let sight = Sight::checked(side, patch)?;
    if side < SMALLEST || !side.is_multiple_of(4) {
        let message = format!("`side` is {side}: drawings have four by four cells of at least eight pixels each");
        return Err(CorpusError::new(message, "32 is the default and the least; others are multiples of 4"));
    }
    Ok(sight)
}

/// The drawings, ready to be drawn.
#[derive(Debug)]
struct Scenes {
    shuffled: bool,
    artist: Artist,
}

/// Draws pictures of captions.
#[derive(Debug)]
pub(super) struct Artist {
    pub sight: Sight,
    pen: Pen,
}

impl Artist {
    pub fn new(sight: Sight) -> Self {
        Self { sight, pen: Pen::new(sight) }
    }

    /// A picture of which the caption tells the truth.
    pub fn draw(&self, caption: &Caption, random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
        self.pen.draw(caption, random)
    }
}

pub(super) fn open(config: &Config, _place: &Place) -> Result<Arc<dyn Source>, CorpusError> {
    let sight = sight(config.side, config.patch)?;
    let mut hash = Sha256::new();
    hash.update(b"isoloss scenes 1\n");
    let numbers = [config.side as u64, config.patch as u64, config.shuffled.into(), config.seed];
    numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
    let hash = hex(&hash.finalize());
    let data = Data { name: "scenes".into(), hash, tokens: None, entropy: None, other: Default::default() };
    let teller = Scenes { shuffled: config.shuffled, artist: Artist::new(sight) };
    Ok(Arc::new(Told { teller, sight, seed: config.seed, data }))
}

impl Teller for Scenes {
    /// Writes a document; gives -ln p of its caption for whoever sees the picture, and for whoever does not; none if it was cut.
    fn write(&self, random: &mut Xoshiro256PlusPlus, writer: &mut Writer) -> Option<[f64; 2]> {
        let caption = Caption::drawn(random);
        let (words, surprise) = opening(random);
        let shown = if self.shuffled { Caption::drawn(random) } else { caption };
        writer.picture(&self.artist.draw(&shown, random));
        writer.text(words.as_bytes());
        writer.text(caption.words().as_bytes());
        let blind = caption.surprise();
        let nats = [if self.shuffled { blind } else { caption.seen() }, blind].map(|nats| surprise + nats);
        writer.end().then_some(nats)
    }

    /// Tokens of the longest document.
    fn most(&self) -> usize {
        self.artist.sight.patches() + longest()[1]
    }

    fn shorter(&self) -> &'static str {
        "larger patches"
    }
}

#[cfg(test)]
mod tests;
