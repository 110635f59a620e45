//! What is looked up for the windows of a step, and what a bank is made of.

use std::ops::Range;

use isoloss_engine::{Real, Tape};

use super::Trainer;
use crate::RunConfig;
use crate::config::Cut;
use crate::corpora::Batch;
use crate::memory::bank::Shape;
use crate::memory::leak;
use crate::memory::library::{Library, Settings};
use crate::models::{Inputs, Model, Remembered};

/// What a model with a memory looks texts up in, at a step that is taken with it.
#[derive(Clone, Copy)]
pub(super) struct Memory<'a> {
    library: &'a Library,
    settings: Settings,
    shape: Shape,
}

impl<'a> Memory<'a> {
    /// At the step that comes behind so many.
    pub fn of(config: &RunConfig, library: Option<&'a Library>, done: u64) -> Option<Self> {
        let (model, library) = (config.model.memory()?, library?);
        let here = Self { library, settings: model.lookup(), shape: model.bank() };
        (done >= model.memory.begins).then_some(here)
    }

    /// After so many steps: as at the last of them, with the limit of an evaluation where that of training is no lower.
    pub fn evaluated(config: &RunConfig, library: Option<&'a Library>, done: u64) -> Option<Self> {
        let last = Self::of(config, library, done.saturating_sub(1))?;
        let leak = last.settings.leak.min(leak::EVALUATION);
        Some(Self { settings: Settings { leak, ..last.settings }, ..last })
    }
}

/// Some windows of a batch on a tape, and what is looked up for them.
pub(super) fn inputs<R: Real>(
    tape: &mut Tape<R>,
    batch: &Batch,
    windows: Range<usize>,
    memory: Option<Memory>,
) -> Inputs {
    let mut inputs = Inputs::of(tape, batch, windows.clone());
    if let Some(Memory { library, settings, shape }) = memory {
        // Only a bank can be damaged, and what it says of it is what the run ends with.
        let found = library.look_up(batch, windows, settings).unwrap_or_else(|error| panic!("{error}"));
        inputs.remembered = found.map(|found| Remembered::of(tape, &found, batch.length, shape));
    }
    inputs
}

impl<R: Real> Trainer<R> {
    /// What texts are looked up in, of a model with a memory that was trained with it.
    pub fn memory(&mut self) -> Option<&mut Library> {
        let read = Memory::evaluated(&self.config, self.texts.as_ref(), self.done).is_some();
        self.texts.as_mut().filter(|_| read)
    }

    /// What comes of the trainer while it looks nothing up.
    pub fn without_memory<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let texts = self.texts.take();
        let result = f(self);
        self.texts = texts;
        result
    }

    /// What a bank keeps of texts, `[texts, length]`, of which so many tokens are their own; of a model with a memory.
    pub fn encode(&mut self, tokens: &[u32], lengths: &[u32]) -> Option<Vec<R>> {
        let Self { config, model: Model::Memory(model), params, step, .. } = self else { return None };
        let shape = config.model.memory()?.bank();
        let (texts, length) = (lengths.len(), tokens.len() / lengths.len().max(1));
        let mut values = vec![R::ZERO; texts * shape.values()];
        let chunk = Cut::of(texts, length).chunk;
        step.evaluate(params, texts, chunk, &mut values, |tape, range| {
            let lengths = tape.tokens(&lengths[range.clone()], 1);
            let tokens = tape.tokens(&tokens[range.start * length..range.end * length], length);
            model.kept(tape, tokens, lengths, shape)
        });
        Some(values)
    }

    /// The mean over its own tokens of what the head of the decoder reads of each text, without memory: `[texts, d_model]`.
    pub fn mean_states(&mut self, tokens: &[u32], lengths: &[u32]) -> Option<Vec<R>> {
        let Self { config, model: Model::Memory(model), params, step, .. } = self else { return None };
        let (texts, length) = (lengths.len(), tokens.len() / lengths.len().max(1));
        let width = config.model.d_model();
        let mut means = vec![R::ZERO; texts * width];
        let chunk = Cut::of(texts, length).chunk;
        step.evaluate(params, texts, chunk, &mut means, |tape, range| {
            let own = &lengths[range.clone()];
            let tokens = tape.tokens(&tokens[range.start * length..range.end * length], length);
            let states = model.states(tape, tokens);
            let mut means = vec![R::ZERO; own.len() * width];
            let texts = tape.value(states).chunks_exact(length * width).zip(own);
            for ((states, &own), mean) in texts.zip(means.chunks_exact_mut(width)) {
                for state in states.chunks_exact(width).take(own as usize) {
                    mean.iter_mut().zip(state).for_each(|(mean, x)| *mean += *x);
                }
                let share = R::of(1.0 / f64::from(own.max(1)));
                mean.iter_mut().for_each(|mean| *mean *= share);
            }
            tape.input(&means, [own.len(), 1, width])
        });
        Some(means)
    }
}
