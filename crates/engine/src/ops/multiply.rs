//! The product of two values, element by element, as of a gate and what it lets through: y = a b, da = dy b, db = dy a.
//!
//! a, b and y are `[sequences, length, width]`; a and b may be columns of one projection.

use super::Op;
use crate::simd::{kernel, put};
use crate::tape::Columns;
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    a: Columns,
    b: Columns,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// a times b.
    ///
    /// # Panics
    /// If the two have different shapes.
    pub fn multiply(&mut self, a: impl Into<Columns>, b: impl Into<Columns>) -> Slot {
        let (a, b) = (a.into(), b.into());
        let [sequences, length, width] = a.shape();
        assert_eq!(a.shape(), b.shape(), "factors of one shape");
        let y = self.output(sequences, length, width);
        self.run(Node { a, b, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        let (a, b) = (values.get(self.a.slot), values.get(self.b.slot));
        products(a, self.a, b, self.b, &mut y, self.y.into(), false);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let (values, gradients) = (&tape.buffers.values, &mut tape.buffers.gradients);
        let Some(dy) = gradients.take(self.y) else { return };
        for (to, other) in [(self.a, self.b), (self.b, self.a)] {
            if let Some((dx, add)) = gradients.open_columns(to) {
                products(&dy, self.y.into(), values.get(other.slot), other, dx, to, add);
            }
        }
        gradients.give(dy);
    }
}

kernel! {
    fn products<'a, R>(
        a: &'a [R], of_a: Columns, b: &'a [R], of_b: Columns, y: &'a mut [R], of_y: Columns, add: bool,
    ) {
        for ((y, a), b) in of_y.rows_mut(y).zip(of_a.rows(a)).zip(of_b.rows(b)) {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                put(y, a * b, add);
            }
        }
    }
}

/// The naive reference.
pub fn naive(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw, columns};

    /// Factors apart, a value times itself, or columns of one value.
    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        kind: usize,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20), d.size(1, 70)], kind: d.below(3) }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let [b, t, w] = self.shape;
            [vec![self.shape; 2], vec![self.shape], vec![[b, t, 2 * w + 1]]][self.kind].clone()
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let (x, w) = (inputs[0], self.shape[2]);
            match self.kind {
                0 => tape.multiply(x, inputs[1]),
                1 => tape.multiply(x, x),
                _ => tape.multiply(x.columns(w + 1, w), x.columns(0, w)),
            }
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let (x, w) = (&inputs[0], self.shape[2]);
            match self.kind {
                0 => naive(x, &inputs[1]),
                1 => naive(x, x),
                _ => naive(&columns(x, 2 * w + 1, w + 1..2 * w + 1), &columns(x, 2 * w + 1, 0..w)),
            }
        }
    }
}
