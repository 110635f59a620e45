//! RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467, eq. 4): y_j = x_j r w_j, r = (mean_k x_k^2 + eps)^(-1/2).
//!
//! x and y are `[rows, width]`, w is `[width]`. With h_j = dy_j w_j: dx_j = r (h_j - x_j r^2 mean_k h_k x_k) and
//! dw_j = sum over rows of dy_j x_j r. Kept for the way back: r of every row.

use super::Op;
use crate::simd::{LANES, fold2, join, kernel, put};
use crate::{Param, Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    weight: Param,
    eps: f64,
    inverse: Slot,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// x over its root mean square, times a weight per column.
    ///
    /// # Panics
    /// If the weight has another length than a row.
    pub fn rmsnorm(&mut self, x: Slot, weight: Param, eps: f64) -> Slot {
        assert_eq!(x.width(), weight.columns(), "the weight of a norm is as long as a row");
        let y = self.output(x.sequences(), x.length(), x.width());
        let inverse = self.kept(x.rows(), 1);
        self.run(Node { x, weight, eps, inverse, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let weight = tape.weight(self.weight);
        let values = &mut tape.buffers.values;
        let (mut y, mut inverse) = (values.take(self.y), values.take(self.inverse));
        forward(values.get(self.x), weight, R::of(self.eps), &mut y, &mut inverse);
        values.put(self.y, y);
        values.put(self.inverse, inverse);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (weight, values) = (tape.weight(self.weight), &tape.buffers.values);
        let (x, inverse) = (values.get(self.x), values.get(self.inverse));
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            weight_backward(x, inverse, &dy, &mut gradient[self.weight.range()]);
        }
        if let Some((dx, add)) = tape.buffers.gradients.open(self.x) {
            input_backward(x, weight, inverse, &dy, dx, add);
        }
        tape.buffers.gradients.give(dy);
    }
}

kernel! {
    fn forward<'a, R>(x: &'a [R], weight: &'a [R], eps: R, y: &'a mut [R], inverse: &'a mut [R]) {
        let width = weight.len();
        for ((x, y), inverse) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(inverse) {
            let square = fold2(x, x, |s, x, _| x.mul_add(x, s)) / R::of(width as f64);
            let r = R::ONE / (square + eps).sqrt();
            *inverse = r;
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(weight) {
                *y = x * r * w;
            }
        }
    }
}

kernel! {
    fn weight_backward<'a, R>(x: &'a [R], inverse: &'a [R], dy: &'a [R], dw: &'a mut [R]) {
        let width = dw.len();
        for ((x, dy), &r) in x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(inverse) {
            for ((dw, &x), &dy) in dw.iter_mut().zip(x).zip(dy) {
                *dw = (dy * r).mul_add(x, *dw);
            }
        }
    }
}

kernel! {
    fn input_backward<'a, R>(
        x: &'a [R], weight: &'a [R], inverse: &'a [R], dy: &'a [R], dx: &'a mut [R], add: bool,
    ) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
        for (((x, dy), dx), &r) in rows.zip(inverse) {
            let along = sum3(x, dy, weight) * r * r / R::of(width as f64);
            for (((dx, &x), &dy), &w) in dx.iter_mut().zip(x).zip(dy).zip(weight) {
                put(dx, r * (dy * w - x * along), add);
            }
        }
    }
}

/// sum_j x_j y_j w_j
#[inline(always)]
fn sum3<R: Real>(x: &[R], y: &[R], w: &[R]) -> R {
    let mut lanes = [R::ZERO; LANES];
    let ((xs, x), (ys, y), (ws, w)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>(), w.as_chunks::<LANES>());
    for ((x, y), w) in xs.iter().zip(ys).zip(ws) {
        for i in 0..LANES {
            lanes[i] = (y[i] * w[i]).mul_add(x[i], lanes[i]);
        }
    }
    for (((lane, &x), &y), &w) in lanes.iter_mut().zip(x).zip(y).zip(w) {
        *lane = (y * w).mul_add(x, *lane);
    }
    join(lanes)
}

/// The naive reference: x `[rows, width]`, w `[width]`.
pub fn naive(x: &[f64], w: &[f64], eps: f64) -> Vec<f64> {
    let mut y = Vec::new();
    for row in x.chunks(w.len()) {
        let mean = row.iter().map(|v| v * v).sum::<f64>() / w.len() as f64;
        y.extend(row.iter().zip(w).map(|(v, w)| v / (mean + eps).sqrt() * w));
    }
    y
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20), d.size(2, 70)] }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![vec![self.shape[2]]]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            tape.rmsnorm(inputs[0], params[0], 1e-2)
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            naive(&inputs[0], &params[0], 1e-2)
        }
    }
}
