//! What a model reads of a chunk: tokens and, of a corpus with pictures, where documents and pictures lie.

use std::ops::Range;

use isoloss_engine::{Real, Slot, Tape, Tokens};

use crate::corpora::{Batch, CHANNELS, Layout};
use crate::memory::bank::Shape;
use crate::memory::library::Found;

/// Handles to what lies on the tape.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Tokens; patches are numbered behind the vocabulary, by their place in a picture.
    pub tokens: Tokens,
    /// What each of them reads (see [`Tape::attention_within`]).
    pub spans: Option<Tokens>,
    /// Pictures `[pictures, channels x side, side]`, and the row of the first patch of each.
    pub pictures: Option<(Slot, Tokens)>,
    /// Tokens of the whole batch, which balance losses are divided by; without it they are as many as the targets that count.
    pub whole: Option<f64>,
    /// What was looked up.
    pub remembered: Option<Remembered>,
}

/// Texts that were looked up, and which of them each token reads.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// What there is of them.
    pub texts: Texts,
    /// Of each token the first row of the memory of its window that it reads, and the one behind the last.
    pub spans: Tokens,
}

/// What there is of texts that were looked up.
#[derive(Clone, Debug)]
pub enum Texts {
    /// Their tokens: they are to be encoded.
    Told {
        /// `[texts, length]`.
        tokens: Tokens,
        /// Of each how many are its own.
        lengths: Tokens,
        /// Of each the first of its rows, counted over all rows of the memories.
        places: Tokens,
        /// Windows, and rows of the memory of each.
        shape: [usize; 2],
    },
    /// Keys and values of each layer that reads them, `[windows, rows, kv_heads x head_dim]`.
    Kept(Vec<[Slot; 2]>),
}

impl Remembered {
    /// Puts what was found for some windows of so many tokens on a tape; what a bank keeps of it has that shape.
    pub fn of<R: Real>(tape: &mut Tape<R>, found: &Found, length: usize, shape: Shape) -> Self {
        let spans = tape.tokens(found.spans.as_flattened(), 2 * length);
        let windows = found.spans.len() / length;
        if !found.stored.is_empty() {
            return Self { texts: Texts::Kept(kept(tape, found, windows, shape)), spans };
        }
        let tokens = tape.tokens(&found.tokens, found.length);
        let [lengths, places] = [&found.lengths, &found.places].map(|each| tape.tokens(each, 1));
        Self { texts: Texts::Told { tokens, lengths, places, shape: [windows, found.rows] }, spans }
    }
}

/// Keys and values from a bank, laid out for the windows that read them.
fn kept<R: Real>(tape: &mut Tape<R>, found: &Found, windows: usize, shape: Shape) -> Vec<[Slot; 2]> {
    let Shape { layers, heads, tokens, head_dim, .. } = shape;
    let [layers, heads, tokens, width] = [layers, heads, tokens, head_dim].map(|n| n as usize);
    let row = heads * width;
    let part = |of: usize| -> Vec<R> {
        let mut values = vec![R::ZERO; windows * found.rows * row];
        let texts = found.stored.chunks_exact(shape.values()).zip(&found.places).zip(&found.lengths);
        for ((stored, &place), &length) in texts {
            let stored = &stored[of * heads * tokens * width..][..heads * tokens * width];
            for (head, stored) in stored.chunks_exact(tokens * width).enumerate() {
                let own = tokens.min(length.saturating_sub(1) as usize);
                for (s, stored) in stored.chunks_exact(width).take(own).enumerate() {
                    let to = (place as usize + s) * row + head * width;
                    values[to..to + width].iter_mut().zip(stored).for_each(|(to, x)| *to = R::of(f64::from(*x)));
                }
            }
        }
        values
    };
    (0..layers).map(|layer| [0, 1].map(|of| tape.input(&part(2 * layer + of), [windows, found.rows, row]))).collect()
}

impl From<Tokens> for Inputs {
    fn from(tokens: Tokens) -> Self {
        Self { tokens, spans: None, pictures: None, whole: None, remembered: None }
    }
}

/// For a model that reads tokens only, which none with pictures is completed for.
impl From<Inputs> for Tokens {
    fn from(inputs: Inputs) -> Self {
        inputs.tokens
    }
}

impl Inputs {
    /// Puts some windows of a batch on a tape.
    pub fn of<R: Real>(tape: &mut Tape<R>, batch: &Batch, windows: Range<usize>) -> Self {
        let part = windows.start * batch.length..windows.end * batch.length;
        let tokens = tape.tokens(&batch.inputs[part.clone()], batch.length);
        let whole = Some(batch.inputs.len() as f64);
        let Some(Layout { sight, spans, places, pixels }) = &batch.layout else {
            return Self { whole, ..tokens.into() };
        };
        let spans = tape.tokens(spans[part.clone()].as_flattened(), 2 * batch.length);
        let first = places.partition_point(|at| (*at as usize) < part.start);
        let end = places.partition_point(|at| (*at as usize) < part.end);
        let pictures = (end > first).then(|| {
            let rows: Vec<u32> = places[first..end].iter().map(|at| at - part.start as u32).collect();
            let pixels = &pixels[first * sight.pixels()..end * sight.pixels()];
            // From -1 to 1.
            let values: Vec<R> = pixels.iter().map(|x| R::of(f64::from(*x) / 127.5 - 1.0)).collect();
            let rows = tape.tokens(&rows, rows.len());
            (tape.input(&values, [end - first, CHANNELS * sight.side, sight.side]), rows)
        });
        Self { tokens, spans: Some(spans), pictures, whole, remembered: None }
    }
}
