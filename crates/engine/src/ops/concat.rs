//! Two values side by side: every row of y is that of a, then that of b. da and db are the columns of dy.
//!
//! a is `[sequences, length, m]`, b `[.., n]`, y `[.., m + n]`; both may be columns of wider values. The way back is
//! [`Slot::columns`], which many ops take as they are, or [`Tape::split`].

use super::Op;
use super::split::copy;
use crate::tape::Columns;
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    a: Columns,
    b: Columns,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// The elements of a, then those of b, for every token.
    ///
    /// # Panics
    /// If they are of different sequences.
    pub fn concat(&mut self, a: impl Into<Columns>, b: impl Into<Columns>) -> Slot {
        let (a, b) = (a.into(), b.into());
        let ([sequences, length, m], [.., n]) = (a.shape(), b.shape());
        assert_eq!(b.shape(), [sequences, length, n], "parts of the same tokens");
        let y = self.output(sequences, length, m + n);
        self.run(Node { a, b, y });
        y
    }
}

impl Node {
    /// What goes where.
    fn parts(self) -> [(Columns, Columns); 2] {
        let (m, n) = (self.a.width, self.b.width);
        [(self.a, self.y.columns(0, m)), (self.b, self.y.columns(m, n))]
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        for (from, to) in self.parts() {
            copy(values.get(from.slot), from, &mut y, to, false);
        }
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let gradients = &mut tape.buffers.gradients;
        let Some(dy) = gradients.take(self.y) else { return };
        for (to, from) in self.parts() {
            if let Some((dx, add)) = gradients.open_columns(to) {
                copy(&dy, from, dx, to, add);
            }
        }
        gradients.give(dy);
    }
}

/// The naive reference: a `[rows, m]`, b `[rows, n]`.
pub fn naive(a: &[f64], b: &[f64], [m, n]: [usize; 2]) -> Vec<f64> {
    a.chunks(m).zip(b.chunks(n)).flat_map(|(a, b)| a.iter().chain(b).copied()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw, columns};

    /// Two values, or overlapping columns of one.
    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        widths: [usize; 2],
        fused: bool,
    }

    impl Case {
        /// the width of the one value, and where the second part begins in it
        fn whole(&self) -> [usize; 2] {
            let [m, n] = self.widths;
            [m + n, m / 2]
        }
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20)], widths: [d.size(1, 40), d.size(1, 40)], fused: d.one_in(2) }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let ([b, t], [m, n]) = (self.shape, self.widths);
            if self.fused { vec![[b, t, m + n]] } else { vec![[b, t, m], [b, t, n]] }
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let ([m, n], [_, at]) = (self.widths, self.whole());
            match inputs {
                [x] => tape.concat(x.columns(0, m), x.columns(at, n)),
                _ => tape.concat(inputs[0], inputs[1]),
            }
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let ([m, n], [all, at]) = (self.widths, self.whole());
            match inputs {
                [x] => naive(&columns(x, all, 0..m), &columns(x, all, at..at + n), self.widths),
                _ => naive(&inputs[0], &inputs[1], self.widths),
            }
        }
    }
}
