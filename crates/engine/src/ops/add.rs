//! The sum of two values, element by element: y = a + b, da = db = dy.
//!
//! a, b and y are `[sequences, length, width]`. A residual of a linear map is cheaper by [`Tape::linear_onto`].

use super::Op;
use crate::simd::kernel;
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    a: Slot,
    b: Slot,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// a + b.
    ///
    /// # Panics
    /// If the two have different shapes.
    pub fn add(&mut self, a: Slot, b: Slot) -> Slot {
        let [sequences, length, width] = a.shape();
        assert_eq!(a.shape(), b.shape(), "summands of one shape");
        let y = self.output(sequences, length, width);
        self.run(Node { a, b, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        sums(values.get(self.a), values.get(self.b), &mut y);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let gradients = &mut tape.buffers.gradients;
        let Some(dy) = gradients.take(self.y) else { return };
        match gradients.open(self.a) {
            Some((da, true)) => crate::simd::add(da, &dy),
            Some((da, false)) => da.copy_from_slice(&dy),
            None => {}
        }
        gradients.pass_on(self.b, dy);
    }
}

kernel! {
    fn sums<'a, R>(a: &'a [R], b: &'a [R], y: &'a mut [R]) {
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y = a + b;
        }
    }
}

/// The naive reference.
pub fn naive(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    /// One value may be both summands.
    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        twice: bool,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20), d.size(1, 70)], twice: d.one_in(4) }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape; if self.twice { 1 } else { 2 }]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            tape.add(inputs[0], *inputs.last().unwrap())
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            naive(&inputs[0], inputs.last().unwrap())
        }
    }
}
