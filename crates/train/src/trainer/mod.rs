//! The trainer: one run, step by step.
//!
//! What it does next is a function of config, data and [`Trainer::done`] alone; what it holds goes into a checkpoint whole.
//! So a run that was interrupted goes on bit for bit as if it had not been.

mod checkpoint;
mod memory;
mod spike;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use isoloss_engine::{self as engine, Buffers, IGNORE, Optimiser, Outcome, Params, Real, Slot, Step, Tape, Tokens};

pub use checkpoint::CheckpointError;

use crate::RunConfig;
use crate::config::{Cut, Training};
use crate::corpora::{Batch, HeldOut, Source};
use crate::memory::library::Library;
use crate::models::{Inputs, Model};
use memory::{Memory, inputs};
use spike::Spikes;

/// A run under way.
#[derive(Debug)]
pub struct Trainer<R> {
    config: RunConfig,
    source: Arc<dyn Source>,
    model: Model,
    params: Params<R>,
    optimiser: Optimiser<R>,
    step: Step<R>,
    /// What texts are looked up in, of a model with a memory.
    texts: Option<Library>,
    batch: Batch,
    done: u64,
    spikes: Spikes,
    since: Since,
}

/// Losses since somebody last asked for their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Since {
    sum: f64,
    steps: u64,
}

/// What one step said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The step that was taken, from 0.
    pub step: u64,
    /// The loss of its batch before the update, nats per token.
    pub loss: f64,
    /// The norm of its gradient before clipping.
    pub grad_norm: f64,
    /// The learning rate of the update.
    pub lr: f64,
    /// FLOPs that products executed.
    pub flops: u64,
    /// The loss jumped: see [`Trainer::spikes`].
    pub spike: bool,
}

/// Why a run cannot go on: no weight was moved by the step that said so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// The step, from 0.
    pub step: u64,
    /// The loss of its batch.
    pub loss: f64,
    /// The norm of its gradient.
    pub grad_norm: f64,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, value) = match self.loss.is_finite() {
            true => ("the norm of the gradient", self.grad_norm),
            false => ("the loss", self.loss),
        };
        let value = if value.is_nan() { "not a number" } else { "infinite" };
        write!(f, "{what} is {value} at step {}", self.step)
    }
}

impl std::error::Error for Divergence {}

/// What an evaluation says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluated {
    /// Mean loss over the targets that count, nats per token.
    pub loss: f64,
    /// Its standard error: windows are independent, tokens within one are not.
    pub stderr: Option<f64>,
}

impl Evaluated {
    /// The mean of independent losses; none of none.
    fn mean(each: &[Self]) -> Option<Self> {
        let n = each.len() as f64;
        let squares: Option<f64> = each.iter().map(|of| of.stderr.map(|e| e * e)).sum();
        let loss = each.iter().map(|of| of.loss).sum::<f64>() / n;
        (n > 0.0).then(|| Self { loss, stderr: squares.map(|sum| sum.sqrt() / n) })
    }
}

impl<R: Real> Trainer<R> {
    /// A run at its beginning. `threads` does not change a bit of what comes out.
    pub fn new(config: &RunConfig, source: Arc<dyn Source>, threads: usize) -> Self {
        let training = &config.training;
        let mut params = Params::new(config.seed);
        let model = config.model.build(&mut params, &training.init);
        let groups = training.groups.in_order();
        let mut optimiser = Optimiser::new(&params, &groups.map(engine::Group::from));
        (optimiser.betas, optimiser.eps) = (training.betas, training.eps);
        optimiser.momentum = training.momentum.unwrap_or(optimiser.momentum);
        let step = Step::new(&params, training.cut.into(), threads);
        let batch = Batch::new(training.batch, training.seq_len);
        let texts = config.model.memory().and_then(|model| Library::of(source.clone(), model.memory.retriever));
        Self {
            config: config.clone(),
            source,
            model,
            params,
            optimiser,
            step,
            texts,
            batch,
            done: 0,
            spikes: Spikes::default(),
            since: Since::default(),
        }
    }

    /// Everything that sets the loss.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Steps that were taken.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Counts so many steps as done; the weights stay as they are. For timing steps of a run that may be short.
    pub(crate) fn rewind(&mut self, done: u64) {
        self.done = done;
    }

    /// Were all planned steps taken?
    pub fn is_over(&self) -> bool {
        self.done >= self.config.training.steps
    }

    /// The weights.
    pub fn params(&self) -> &Params<R> {
        &self.params
    }

    /// The weights, to be set by a test.
    pub fn params_mut(&mut self) -> &mut Params<R> {
        &mut self.params
    }

    /// Steps at which the loss jumped although training went on.
    pub fn spikes(&self) -> &[u64] {
        self.spikes.steps()
    }

    /// The mean loss of the steps since this was last asked, whatever sitting they were taken in; NaN if there were none.
    pub fn take_mean(&mut self) -> f64 {
        let Since { sum, steps } = std::mem::take(&mut self.since);
        sum / steps as f64
    }

    /// Processor time that the threads of this trainer have used.
    pub fn cpu(&self) -> Duration {
        self.step.each_thread(crate::clock::of_thread).into_iter().sum()
    }

    /// Bytes of weights, gradients, the optimiser, activations and of what texts are found by.
    pub fn bytes(&self) -> usize {
        let [activations, gradients] = self.step.bytes();
        let index = self.texts.as_ref().map_or(0, Library::bytes);
        self.params.count() * size_of::<R>() + self.optimiser.bytes() + gradients + activations + index
    }

    /// Takes the next step.
    ///
    /// # Errors
    /// If loss or gradient is no finite number; then no weight was moved and the step does not count as done.
    pub fn advance(&mut self) -> Result<Progress, Divergence> {
        let Self { config, source, texts, model, params, optimiser, step, batch, done, spikes, since } = self;
        let memory = Memory::of(config, texts.as_ref(), *done);
        let training = &config.training;
        source.fill(config.seed, *done, batch);
        let divisor = batch.counted().max(1) as f64;
        let outcome = step.gradient(params, batch.sequences(), |tape, range| {
            let targets = targets(tape, batch, &range);
            let inputs = inputs(tape, batch, range, memory);
            model.loss(tape, inputs, targets, training.z_loss, divisor);
        });
        let Outcome { loss, grad_norm, flops } = outcome;
        if !outcome.is_finite() {
            return Err(Divergence { step: *done, loss, grad_norm });
        }
        let lr = training.lr_at(*done);
        step.update(params, optimiser, lr, training.clip);
        let spike = spikes.see(*done, loss);
        since.sum += loss;
        since.steps += 1;
        *done += 1;
        Ok(Progress { step: *done - 1, loss, grad_norm, lr, flops, spike })
    }

    /// Values on the way through the model for these windows, by name: `[sequences, length, width]` each.
    pub fn observe(&self, windows: &Batch) -> Vec<(String, Vec<R>)> {
        let mut buffers = Buffers::new();
        let mut tape = Tape::new(&mut buffers, &self.params, None);
        let inputs = inputs(&mut tape, windows, 0..windows.sequences(), None);
        let seen = self.model.observe(&mut tape, inputs);
        seen.into_iter().map(|(name, slot)| (name, tape.value(slot).to_vec())).collect()
    }

    /// The loss on held-out windows: of several sets the mean of theirs, which stand behind, in their order.
    pub fn evaluate(&mut self, held_out: &HeldOut) -> (Evaluated, Vec<Evaluated>) {
        let HeldOut { batch, sets, .. } = held_out;
        let losses = self.losses(batch);
        let of = |windows: Range<usize>| {
            let part = windows.start * batch.length..windows.end * batch.length;
            mean_by_windows(&losses[part.clone()], &batch.targets[part], batch.length)
        };
        let each: Vec<Evaluated> = sets.iter().map(|set| of(set.windows.clone())).collect();
        (Evaluated::mean(&each).unwrap_or_else(|| of(0..batch.sequences())), each)
    }

    /// The losses of all tokens of some windows, nats; 0 where a target does not count.
    pub fn losses(&mut self, batch: &Batch) -> Vec<R> {
        let Self { config, texts, model, params, step, done, .. } = self;
        let memory = Memory::evaluated(config, texts.as_ref(), *done);
        let mut losses = vec![R::ZERO; batch.inputs.len()];
        step.evaluate(params, batch.sequences(), together(&config.training, batch), &mut losses, |tape, range| {
            let targets = targets(tape, batch, &range);
            let inputs = inputs(tape, batch, range, memory);
            model.loss(tape, inputs, targets, 0.0, 1.0)
        });
        losses
    }

    /// The logits of all tokens of some windows, `[sequences, length, vocab_size]`.
    pub fn logits(&mut self, batch: &Batch) -> Vec<R> {
        self.values(batch, self.source.vocab_size(), |model, tape, inputs| model.logits(tape, inputs))
    }

    /// The probabilities of leaving behind each loop, `[sequences, length, loops]`, of a model whose tokens may.
    pub fn exits(&mut self, batch: &Batch) -> Option<Vec<R>> {
        let loops = self.config.model.exits()?;
        Some(
            self.values(batch, loops, |model, tape, inputs| {
                model.exits(tape, inputs.into()).expect("a model with gates")
            }),
        )
    }

    /// `width` numbers for every token of some windows.
    fn values<F>(&mut self, batch: &Batch, width: usize, ask: F) -> Vec<R>
    where
        F: Fn(&Model, &mut Tape<R>, Inputs) -> Slot + Sync,
    {
        let Self { config, texts, model, params, step, done, .. } = self;
        let memory = Memory::evaluated(config, texts.as_ref(), *done);
        let mut values = vec![R::ZERO; batch.inputs.len() * width];
        step.evaluate(params, batch.sequences(), together(&config.training, batch), &mut values, |tape, range| {
            let inputs = inputs(tape, batch, range, memory);
            ask(model, tape, inputs)
        });
        values
    }
}

/// The targets of some windows.
fn targets<R: Real>(tape: &mut Tape<R>, batch: &Batch, windows: &Range<usize>) -> Tokens {
    tape.tokens(&batch.targets[windows.start * batch.length..windows.end * batch.length], batch.length)
}

/// Windows that an evaluation walks together: as many as in training, or as their own length has it.
fn together(training: &Training, batch: &Batch) -> usize {
    match batch.length == training.seq_len {
        true => training.cut.chunk,
        false => Cut::of(batch.sequences(), batch.length).chunk,
    }
}

/// The mean over targets that count, and its standard error with windows as the units: with n windows of which the w-th
/// has sum s_w over c_w targets, the variance of the ratio S / C is n / (n - 1) sum (s_w - m c_w)^2 / C^2.
fn mean_by_windows<R: Real>(losses: &[R], targets: &[u32], length: usize) -> Evaluated {
    let windows: Vec<[f64; 2]> = losses
        .chunks(length)
        .zip(targets.chunks(length))
        .map(|(losses, targets)| {
            let counted = losses.iter().zip(targets).filter(|(_, t)| **t != IGNORE);
            counted.fold([0.0, 0.0], |[sum, count], (loss, _)| [sum + loss.to_f64(), count + 1.0])
        })
        .collect();
    let [sum, count] = windows.iter().fold([0.0, 0.0], |[s, c], [sum, count]| [s + sum, c + count]);
    let (loss, n) = (sum / count, windows.len() as f64);
    let squares: f64 = windows.iter().map(|[s, c]| (s - loss * c) * (s - loss * c)).sum();
    let stderr = (n > 1.0).then(|| (n / (n - 1.0) * squares).sqrt() / count);
    Evaluated { loss, stderr }
}
