//! The Euclidean norm, head by head: y_j = x_j r, r = (sum_k x_k^2 + eps)^(-1/2), as queries and keys of a delta rule have it
//! (Yang et al. 2024, arXiv 2412.06464, section 3.4).
//!
//! x is `[sequences, length, heads x width]`, columns of a wider value maybe, y the same. dx_j = r (dy_j - y_j sum_k dy_k
//! y_k). Kept for the way back: r of every head.

use super::Op;
use crate::simd::{dot, kernel, put};
use crate::tape::Columns;
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Columns,
    width: usize,
    eps: f64,
    inverse: Slot,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Every head of `width` columns over its Euclidean norm; eps, under the root, keeps that of nothing from 0.
    ///
    /// # Panics
    /// If x is not a whole number of heads.
    pub fn l2norm(&mut self, x: impl Into<Columns>, width: usize, eps: f64) -> Slot {
        let x = x.into();
        assert!(x.width.is_multiple_of(width), "{} columns are not heads of {width}", x.width);
        let y = self.output(x.slot.sequences(), x.slot.length(), x.width);
        let inverse = self.kept(x.slot.rows(), x.width / width);
        self.run(Node { x, width, eps, inverse, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let (mut y, mut inverse) = (values.take(self.y), values.take(self.inverse));
        forward(values.get(self.x.slot), self.x, self.width, R::of(self.eps), &mut y, &mut inverse);
        values.put(self.y, y);
        values.put(self.inverse, inverse);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let (values, gradients) = (&tape.buffers.values, &mut tape.buffers.gradients);
        let Some(dy) = gradients.take(self.y) else { return };
        if let Some((dx, add)) = gradients.open_columns(self.x) {
            backward(values.get(self.y), values.get(self.inverse), self.width, &dy, dx, self.x, add);
        }
        gradients.give(dy);
    }
}

kernel! {
    fn forward<'a, R>(x: &'a [R], from: Columns, width: usize, eps: R, y: &'a mut [R], inverse: &'a mut [R]) {
        let rows = from.rows(x).zip(y.chunks_exact_mut(from.width)).zip(inverse.chunks_exact_mut(from.width / width));
        for ((x, y), inverse) in rows {
            for ((x, y), inverse) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(inverse) {
                let r = R::ONE / (dot(x, x) + eps).sqrt();
                *inverse = r;
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = x * r;
                }
            }
        }
    }
}

kernel! {
    fn backward<'a, R>(
        y: &'a [R], inverse: &'a [R], width: usize, dy: &'a [R], dx: &'a mut [R], to: Columns, add: bool,
    ) {
        let rows = to.rows_mut(dx).zip(y.chunks_exact(to.width)).zip(dy.chunks_exact(to.width));
        for (((dx, y), dy), inverse) in rows.zip(inverse.chunks_exact(to.width / width)) {
            let heads = dx.chunks_exact_mut(width).zip(y.chunks_exact(width)).zip(dy.chunks_exact(width));
            for (((dx, y), dy), &r) in heads.zip(inverse) {
                let along = dot(dy, y);
                for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                    put(dx, r * (dy - y * along), add);
                }
            }
        }
    }
}

/// The naive reference: x `[heads, width]`.
pub fn naive(x: &[f64], width: usize, eps: f64) -> Vec<f64> {
    let norm = |x: &[f64]| (x.iter().map(|x| x * x).sum::<f64>() + eps).sqrt();
    x.chunks(width).flat_map(|x| x.iter().map(|v| v / norm(x)).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw, columns};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        heads: usize,
        width: usize,
        /// columns before and after those that are normalised
        around: [usize; 2],
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let around = if d.one_in(2) { [0, 0] } else { [d.below(4), d.below(4)] };
            Self { shape: [d.size(1, 3), d.size(1, 20)], heads: d.size(1, 4), width: d.size(2, 40), around }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let ([b, t], [before, after]) = (self.shape, self.around);
            vec![[b, t, before + self.heads * self.width + after]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            tape.l2norm(inputs[0].columns(self.around[0], self.heads * self.width), self.width, 0.1)
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let ([before, after], wide) = (self.around, self.heads * self.width);
            naive(&columns(&inputs[0], before + wide + after, before..before + wide), self.width, 0.1)
        }
    }
}
