//! What a model reads of a chunk: tokens and, of a corpus with pictures, where documents and pictures lie.

use std::ops::Range;

use isoloss_engine::{Real, Slot, Tape, Tokens};

use crate::corpora::{Batch, CHANNELS, Layout};

/// Handles to what lies on the tape.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    /// Tokens; patches are numbered behind the vocabulary, by their place in a picture.
    pub tokens: Tokens,
    /// What each of them reads (see [`Tape::attention_within`]).
    pub spans: Option<Tokens>,
    /// Pictures `[pictures, channels x side, side]`, and the row of the first patch of each.
    pub pictures: Option<(Slot, Tokens)>,
    /// Tokens of the whole batch, which balance losses are divided by; without it they are as many as the targets that count.
    pub whole: Option<f64>,
}

impl From<Tokens> for Inputs {
    fn from(tokens: Tokens) -> Self {
        Self { tokens, spans: None, pictures: None, whole: None }
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
        Self { tokens, spans: Some(spans), pictures, whole }
    }
}
