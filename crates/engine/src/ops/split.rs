//! Some columns as a value of their own: y_ij = x_i(start + j). dx is dy in these columns, 0 in the others.
//!
//! x is `[sequences, length, width]`, y `[.., columns]`. For ops that take only whole values; those that take columns need
//! no copy. The way back is [`Tape::concat`].

use super::Op;
use crate::simd::{kernel, put};
use crate::tape::Columns;
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Columns,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// A copy of these columns.
    pub fn split(&mut self, x: Columns) -> Slot {
        let [sequences, length, width] = x.shape();
        let y = self.output(sequences, length, width);
        self.run(Node { x, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        copy(values.get(self.x.slot), self.x, &mut y, self.y.into(), false);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let gradients = &mut tape.buffers.gradients;
        let Some(dy) = gradients.take(self.y) else { return };
        if let Some((dx, add)) = gradients.open_columns(self.x) {
            copy(&dy, self.y.into(), dx, self.x, add);
        }
        gradients.give(dy);
    }
}

kernel! {
    /// Columns of one value to columns of another.
    pub(super) fn copy<'a, R>(x: &'a [R], from: Columns, y: &'a mut [R], to: Columns, add: bool) {
        for (y, x) in to.rows_mut(y).zip(from.rows(x)) {
            for (y, &x) in y.iter_mut().zip(x) {
                put(y, x, add);
            }
        }
    }
}

/// The naive reference: columns `start..start + columns` of x `[rows, width]`.
pub fn naive(x: &[f64], width: usize, [start, columns]: [usize; 2]) -> Vec<f64> {
    (0..x.len() / width * columns).map(|i| x[i / columns * width + start + i % columns]).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        /// columns before, in and after the part
        widths: [usize; 3],
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20)], widths: [d.size(0, 9), d.size(1, 40), d.size(0, 9)] }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![[self.shape[0], self.shape[1], self.widths.iter().sum()]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            tape.split(inputs[0].columns(self.widths[0], self.widths[1]))
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let [start, columns, rest] = self.widths;
            naive(&inputs[0], start + columns + rest, [start, columns])
        }
    }
}
