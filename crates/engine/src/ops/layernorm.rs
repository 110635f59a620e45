//! LayerNorm (Ba, Kiros and Hinton 2016, arXiv 1607.06450): y_j = z_j w_j + b_j with z_j = (x_j - m) r, m the mean of the
//! row and r = (variance + eps)^(-1/2); the variance divides by the width.
//!
//! x and y are `[rows, width]`, w and b `[width]`. With h_j = dy_j w_j: dx_j = r (h_j - mean h - z_j mean(h z)),
//! dw_j = sum over rows of dy_j z_j, db_j = sum over rows of dy_j. Kept for the way back: m and r of every row.

use super::Op;
use crate::simd::{LANES, fold, join, kernel, put, sum};
use crate::{Param, Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    weight: Param,
    bias: Param,
    eps: f64,
    stats: Slot,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// x moved to mean 0 and variance 1 row by row, then times a weight and plus a bias per column.
    ///
    /// # Panics
    /// If weight or bias has another length than a row.
    pub fn layernorm(&mut self, x: Slot, weight: Param, bias: Param, eps: f64) -> Slot {
        let lengths = (weight.columns(), bias.columns());
        assert_eq!(lengths, (x.width(), x.width()), "weight and bias of a norm are as long as a row");
        let y = self.output(x.sequences(), x.length(), x.width());
        let stats = self.kept(x.rows(), 2);
        self.run(Node { x, weight, bias, eps, stats, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let (weight, bias) = (tape.weight(self.weight), tape.weight(self.bias));
        let values = &mut tape.buffers.values;
        let (mut y, mut stats) = (values.take(self.y), values.take(self.stats));
        forward(values.get(self.x), weight, bias, R::of(self.eps), &mut y, &mut stats);
        values.put(self.y, y);
        values.put(self.stats, stats);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (weight, values) = (tape.weight(self.weight), &tape.buffers.values);
        let (x, stats) = (values.get(self.x), values.get(self.stats));
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            weight_backward(x, stats, &dy, &mut gradient[self.weight.range()]);
            super::linear::add_columns(&mut gradient[self.bias.range()], &dy);
        }
        if let Some((dx, add)) = tape.buffers.gradients.open(self.x) {
            input_backward(x, weight, stats, &dy, dx, add);
        }
        tape.buffers.gradients.give(dy);
    }
}

kernel! {
    fn forward<'a, R>(x: &'a [R], weight: &'a [R], bias: &'a [R], eps: R, y: &'a mut [R], stats: &'a mut [R]) {
        let width = weight.len();
        let n = R::of(width as f64);
        for ((x, y), stats) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(stats.chunks_exact_mut(2)) {
            let m = sum(x) / n;
            let variance = fold(x, |s, x| (x - m).mul_add(x - m, s)) / n;
            let r = R::ONE / (variance + eps).sqrt();
            stats.copy_from_slice(&[m, r]);
            for (((y, &x), &w), &b) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                *y = ((x - m) * r).mul_add(w, b);
            }
        }
    }
}

kernel! {
    fn weight_backward<'a, R>(x: &'a [R], stats: &'a [R], dy: &'a [R], dw: &'a mut [R]) {
        let width = dw.len();
        for ((x, dy), stats) in x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(stats.chunks_exact(2)) {
            let (m, r) = (stats[0], stats[1]);
            for ((dw, &x), &dy) in dw.iter_mut().zip(x).zip(dy) {
                *dw = dy.mul_add((x - m) * r, *dw);
            }
        }
    }
}

kernel! {
    fn input_backward<'a, R>(x: &'a [R], weight: &'a [R], stats: &'a [R], dy: &'a [R], dx: &'a mut [R], add: bool) {
        let width = weight.len();
        let n = R::of(width as f64);
        let rows = x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
        for (((x, dy), dx), stats) in rows.zip(stats.chunks_exact(2)) {
            let (m, r) = (stats[0], stats[1]);
            let (mean, along) = means(x, dy, weight, m, r);
            let (mean, along) = (mean / n, along / n);
            for (((dx, &x), &dy), &w) in dx.iter_mut().zip(x).zip(dy).zip(weight) {
                put(dx, r * (dy * w - mean - (x - m) * r * along), add);
            }
        }
    }
}

/// The sums of h and of h z over a row.
#[inline(always)]
fn means<R: Real>(x: &[R], dy: &[R], w: &[R], m: R, r: R) -> (R, R) {
    let (mut plain, mut along) = ([R::ZERO; LANES], [R::ZERO; LANES]);
    let ((xs, x), (ys, y), (ws, w)) = (x.as_chunks::<LANES>(), dy.as_chunks::<LANES>(), w.as_chunks::<LANES>());
    for ((x, y), w) in xs.iter().zip(ys).zip(ws) {
        for i in 0..LANES {
            let h = y[i] * w[i];
            plain[i] += h;
            along[i] = h.mul_add((x[i] - m) * r, along[i]);
        }
    }
    for i in 0..x.len() {
        let h = y[i] * w[i];
        plain[i] += h;
        along[i] = h.mul_add((x[i] - m) * r, along[i]);
    }
    (join(plain), join(along))
}

/// The naive reference: x `[rows, width]`, w and b `[width]`.
pub fn naive(x: &[f64], w: &[f64], b: &[f64], eps: f64) -> Vec<f64> {
    let n = w.len() as f64;
    let mut y = Vec::new();
    for row in x.chunks(w.len()) {
        let mean = row.iter().sum::<f64>() / n;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        y.extend(row.iter().zip(w).zip(b).map(|((v, w), b)| (v - mean) / (variance + eps).sqrt() * w + b));
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
            vec![vec![self.shape[2]]; 2]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            tape.layernorm(inputs[0], params[0], params[1], 1e-2)
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            naive(&inputs[0], &params[0], &params[1], 1e-2)
        }
    }
}
