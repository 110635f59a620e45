//! A few steps of training, for tests of what training must not depend on.

// Every program of tests takes what it needs.
#![allow(dead_code)]

use isoloss_engine::{Group, Optimiser, Outcome, Params, Plan, Real, Rule, Step};

use super::models::{Model, bytes};

/// A model with everything that trains it.
pub struct Training<R> {
    pub params: Params<R>,
    pub model: Model,
    pub optimiser: Optimiser<R>,
    pub step: Step<R>,
    pub data: Vec<[Vec<u32>; 2]>,
    sequences: usize,
    length: usize,
    done: usize,
}

impl<R: Real> Training<R> {
    /// `sequences x length` tokens a batch.
    pub fn new(
        make: impl Fn(&mut Params<R>) -> Model,
        plan: Plan,
        threads: usize,
        [sequences, length]: [usize; 2],
    ) -> Self {
        let mut params = Params::new(1);
        let model = make(&mut params);
        let optimiser = optimiser(&params, Rule::AdamW);
        let step = Step::new(&params, plan, threads);
        Self { params, model, optimiser, step, data: bytes(4, sequences, length), sequences, length, done: 0 }
    }

    /// The same with matrices moved by that rule; vectors stay with AdamW.
    pub fn by(self, rule: Rule) -> Self {
        Self { optimiser: optimiser(&self.params, rule), ..self }
    }

    /// Loss and gradient of the next batch, then the update.
    pub fn step(&mut self) -> Outcome {
        let Self { params, model, optimiser, step, data, sequences, length, done } = self;
        let ([inputs, targets], length) = (&data[*done % data.len()], *length);
        let divisor = (*sequences * length) as f64;
        let outcome = step.gradient(params, *sequences, |tape, range| {
            let part = range.start * length..range.end * length;
            let (x, y) = (tape.tokens(&inputs[part.clone()], length), tape.tokens(&targets[part], length));
            model.loss(tape, x, y, divisor);
        });
        step.update(params, optimiser, 1e-3, Some(1.0));
        *done += 1;
        outcome
    }

    /// Passes over batches that were trained on before.
    pub fn skip(&mut self, steps: usize) {
        self.done += steps;
    }

    /// Bits of the losses of some steps and of the weights after them, as one number.
    pub fn bits(&mut self, steps: usize) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        let mut add = |bits: u64| hash = (hash ^ bits).wrapping_mul(0x0000_0100_0000_01b3);
        for _ in 0..steps {
            add(self.step().loss.to_bits());
        }
        self.params.weights().iter().for_each(|w| add(w.bits()));
        hash
    }
}

/// An optimiser that decays matrices, which it moves by the rule, and not vectors.
fn optimiser<R: Real>(params: &Params<R>, rule: Rule) -> Optimiser<R> {
    let group = |rule, weight_decay| Group { rule, lr: 1.0, weight_decay };
    Optimiser::new(params, &[group(rule, 0.1), group(Rule::AdamW, 0.0)])
}
