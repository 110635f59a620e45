//! A weighted sum of a value, added to the loss: loss += sum_i c_i y_i for given c. dy = c.
//!
//! It ends a tape: with c = 1/rows it is a mean, with any c it is the cotangent of a check.

use super::Op;
use crate::simd::{dot, kernel};
use crate::{Real, Slot, Tape, naive};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    y: Slot,
    weights: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Adds the inner product of a value and given weights to the loss.
    ///
    /// # Panics
    /// If there are more or fewer weights than elements.
    pub fn dot(&mut self, y: Slot, weights: &[R]) {
        let weights = self.input(weights, [y.sequences(), y.length(), y.width()]);
        self.loss += inner(self.value(y), self.value(weights));
        self.run(Node { y, weights });
    }
}

impl Op for Node {
    fn forward<R: Real>(self, _: &mut Tape<R>) {
        // It has no output but the loss, which the tape has added.
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let mut dy = tape.buffers.gradients.scratch(self.y.len());
        dy.copy_from_slice(tape.buffers.values.get(self.weights));
        tape.buffers.gradients.pass_on(self.y, dy);
    }
}

kernel! {
    /// In rows of 1,024, each summed in R, joined in f64.
    fn inner<'a, R>(x: &'a [R], y: &'a [R]) -> f64 {
        x.chunks(1024).zip(y.chunks(1024)).map(|(x, y)| dot(x, y).to_f64()).sum()
    }
}

/// The naive reference.
pub fn naive(y: &[f64], weights: &[f64]) -> f64 {
    naive::dot(y.len(), |i| (y[i], weights[i]))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    /// The value itself is the output: what the check adds is the second use.
    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        weights: Vec<f64>,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let shape = [d.size(1, 3), d.size(1, 40), d.size(1, 40)];
            Self { shape, weights: d.array(shape.iter().product()) }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            tape.dot(inputs[0], &self.weights.iter().map(|&w| R::of(w)).collect::<Vec<_>>());
            inputs[0]
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            inputs[0].clone()
        }
        fn naive_loss(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> f64 {
            naive(&inputs[0], &self.weights)
        }
    }
}
