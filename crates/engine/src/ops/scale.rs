//! A value times a number: y = c x, dx = c dy.
//!
//! x and y are `[sequences, length, width]`; c is no weight.

use super::Op;
use crate::simd::{kernel, put};
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    factor: f64,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// `factor` times x.
    pub fn scale(&mut self, x: Slot, factor: f64) -> Slot {
        let [sequences, length, width] = x.shape();
        let y = self.output(sequences, length, width);
        self.run(Node { x, factor, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        scaled(values.get(self.x), R::of(self.factor), &mut y, false);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let gradients = &mut tape.buffers.gradients;
        let Some(dy) = gradients.take(self.y) else { return };
        if let Some((dx, add)) = gradients.open(self.x) {
            scaled(&dy, R::of(self.factor), dx, add);
        }
        gradients.give(dy);
    }
}

kernel! {
    fn scaled<'a, R>(x: &'a [R], factor: R, y: &'a mut [R], add: bool) {
        for (y, &x) in y.iter_mut().zip(x) {
            put(y, factor * x, add);
        }
    }
}

/// The naive reference.
pub fn naive(x: &[f64], factor: f64) -> Vec<f64> {
    x.iter().map(|x| factor * x).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        factor: f64,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20), d.size(1, 70)], factor: d.size(1, 9) as f64 / 8.0 - 0.5 }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            tape.scale(inputs[0], self.factor)
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            naive(&inputs[0], self.factor)
        }
    }
}
