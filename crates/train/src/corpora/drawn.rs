//! Corpora that are drawn without end: every window comes from a stream of its own.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::exams::{QUESTIONS, WINDOWS};
use super::stream::{Purpose, stream};
use super::{Batch, CorpusError};

/// Fills a batch of a step; `window` draws one window: inputs and targets.
pub(super) fn fill(
    seed: u64,
    step: u64,
    batch: &mut Batch,
    mut window: impl FnMut(Xoshiro256PlusPlus, &mut [u32], &mut [u32]),
) {
    for (sequence, (inputs, targets)) in batch.windows_mut().enumerate() {
        window(stream(Purpose::Training, [seed, step, sequence as u64]), inputs, targets);
    }
}

/// Windows that no batch has, drawn likewise.
pub(super) fn held_out(
    seed: u64,
    sequences: usize,
    length: usize,
    mut window: impl FnMut(Xoshiro256PlusPlus, &mut [u32], &mut [u32]),
) -> Result<Batch, CorpusError> {
    let mut batch = Batch::new(sequences, length);
    if batch.inputs.is_empty() {
        let message = format!("a held-out set of {sequences} windows of {length} tokens is empty");
        return Err(CorpusError::new(message, "ask for one window of one token at least"));
    }
    for (sequence, (inputs, targets)) in batch.windows_mut().enumerate() {
        window(stream(Purpose::HeldOut, [seed, 0, sequence as u64]), inputs, targets);
    }
    Ok(batch)
}

/// As many windows as an exam has questions, which neither a batch nor the held-out set has, drawn likewise.
pub(super) fn examined(
    seed: u64,
    length: usize,
    mut window: impl FnMut(Xoshiro256PlusPlus, &mut [u32], &mut [u32]),
) -> Batch {
    let mut batch = Batch::new(QUESTIONS, length);
    for (question, (inputs, targets)) in batch.windows_mut().enumerate() {
        window(stream(Purpose::Exam, [seed, WINDOWS, question as u64]), inputs, targets);
    }
    batch
}
