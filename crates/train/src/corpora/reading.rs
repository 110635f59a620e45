//! What a model is told of the corpus it reads.

use super::{Batch, Pictures, Source};

/// What a model is told of the corpus it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Different tokens of text.
    pub vocab_size: usize,
    /// Of a corpus with pictures.
    pub pictures: Option<Pictures>,
    /// Of a corpus with texts that can be looked up.
    pub shelf: Option<Shelf>,
}

/// Texts that can be looked up, and how windows ask for them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shelf {
    /// Tokens of a window.
    pub window: usize,
    /// How many texts.
    pub count: u64,
    /// Tokens of the longest.
    pub longest: usize,
    /// The part of windows that begin with a question.
    pub asked: f64,
    /// Tokens of a question, on average.
    pub prompt: usize,
}

impl From<usize> for Reading {
    fn from(vocab_size: usize) -> Self {
        Self { vocab_size, pictures: None, shelf: None }
    }
}

/// Windows that are looked at for averages, at most and at least.
const WINDOWS: [usize; 2] = [16, 1024];
/// Numbers of their pictures, at most, where there are more than the least windows.
const NUMBERS: usize = 1 << 26;

/// What a model is told of a corpus that is read in windows of that length. The averages are those of windows that stand for all,
/// always the same ones.
pub fn reading(source: &dyn Source, length: usize) -> Reading {
    let told = Reading::from(source.vocab_size());
    let (sight, references) = (source.sight(), source.references());
    if length == 0 || sight.is_none() && references.is_none() {
        return told;
    }
    let of_window = sight.map_or(length, |sight| (length / sight.patches()).max(1) * sight.pixels());
    let mut batch = Batch::new((NUMBERS / of_window).clamp(WINDOWS[0], WINDOWS[1]), length);
    source.fill(0, 0, &mut batch);
    let shelf = references.map(|references| {
        let asked = batch.prompts.iter().filter(|prompt| **prompt > 0).count();
        Shelf {
            window: length,
            count: references.count(),
            longest: references.longest(),
            asked: asked as f64 / batch.sequences() as f64,
            prompt: batch.prompts.iter().sum::<u32>() as usize / asked.max(1),
        }
    });
    Reading { pictures: Pictures::of(&batch), shelf, ..told }
}
