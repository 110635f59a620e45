//! RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467, eq. 4): y_j = x_j r w_j, r = (mean_k x_k^2 + eps)^(-1/2).
//!
//! x and y are `[rows, groups x width]`, w is `[width]`: every group of a row is normalised by itself. One group is the norm
//! of a residual stream, a group for each head that of queries and keys. With h_j = dy_j w_j: dx_j = r (h_j - x_j r^2
//! mean_k h_k x_k) and dw_j = sum over rows and groups of dy_j x_j r. Kept for the way back: r of every group.

use super::Op;
use crate::simd::{LANES, fold2, join, kernel, put};
use crate::tape::Columns;
use crate::{Param, Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Columns,
    weight: Param,
    eps: f64,
    inverse: Slot,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Every group of as many columns as the weight has, over its root mean square, times the weight.
    ///
    /// # Panics
    /// If x is not a whole number of groups.
    pub fn rmsnorm(&mut self, x: impl Into<Columns>, weight: Param, eps: f64) -> Slot {
        let x = x.into();
        let group = weight.columns();
        assert!(
            x.width.is_multiple_of(group),
            "{} columns are not groups of {group}, the length of the weight",
            x.width
        );
        let y = self.output(x.slot.sequences(), x.slot.length(), x.width);
        let inverse = self.kept(x.slot.rows(), x.width / group);
        self.run(Node { x, weight, eps, inverse, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let weight = tape.weight(self.weight);
        let values = &mut tape.buffers.values;
        let (mut y, mut inverse) = (values.take(self.y), values.take(self.inverse));
        forward(values.get(self.x.slot), self.x, weight, R::of(self.eps), &mut y, &mut inverse);
        values.put(self.y, y);
        values.put(self.inverse, inverse);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (weight, values) = (tape.weight(self.weight), &tape.buffers.values);
        let (x, inverse) = (values.get(self.x.slot), values.get(self.inverse));
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            weight_backward(x, self.x, inverse, &dy, &mut gradient[self.weight.range()]);
        }
        if let Some((dx, add)) = tape.buffers.gradients.open_columns(self.x) {
            input_backward(x, self.x, weight, inverse, &dy, dx, add);
        }
        tape.buffers.gradients.give(dy);
    }
}

kernel! {
    fn forward<'a, R>(
        x: &'a [R], from: Columns, weight: &'a [R], eps: R, y: &'a mut [R], inverse: &'a mut [R],
    ) {
        let group = weight.len();
        let rows = x.chunks_exact(from.slot.width()).zip(y.chunks_exact_mut(from.width));
        for ((x, y), inverse) in rows.zip(inverse.chunks_exact_mut(from.width / group)) {
            let x = &x[from.start..from.start + from.width];
            for ((x, y), inverse) in x.chunks_exact(group).zip(y.chunks_exact_mut(group)).zip(inverse) {
                let square = fold2(x, x, |s, x, _| x.mul_add(x, s)) / R::of(group as f64);
                let r = R::ONE / (square + eps).sqrt();
                *inverse = r;
                for ((y, &x), &w) in y.iter_mut().zip(x).zip(weight) {
                    *y = x * r * w;
                }
            }
        }
    }
}

kernel! {
    fn weight_backward<'a, R>(x: &'a [R], from: Columns, inverse: &'a [R], dy: &'a [R], dw: &'a mut [R]) {
        let group = dw.len();
        let rows = x.chunks_exact(from.slot.width()).zip(dy.chunks_exact(from.width));
        for ((x, dy), inverse) in rows.zip(inverse.chunks_exact(from.width / group)) {
            let x = &x[from.start..from.start + from.width];
            for ((x, dy), &r) in x.chunks_exact(group).zip(dy.chunks_exact(group)).zip(inverse) {
                for ((dw, &x), &dy) in dw.iter_mut().zip(x).zip(dy) {
                    *dw = (dy * r).mul_add(x, *dw);
                }
            }
        }
    }
}

kernel! {
    fn input_backward<'a, R>(
        x: &'a [R], from: Columns, weight: &'a [R], inverse: &'a [R], dy: &'a [R], dx: &'a mut [R], add: bool,
    ) {
        let (group, stride) = (weight.len(), from.slot.width());
        let rows = x.chunks_exact(stride).zip(dx.chunks_exact_mut(stride)).zip(dy.chunks_exact(from.width));
        for (((x, dx), dy), inverse) in rows.zip(inverse.chunks_exact(from.width / group)) {
            let part = from.start..from.start + from.width;
            let groups = x[part.clone()].chunks_exact(group).zip(dx[part].chunks_exact_mut(group));
            for (((x, dx), dy), &r) in groups.zip(dy.chunks_exact(group)).zip(inverse) {
                let along = sum3(x, dy, weight) * r * r / R::of(group as f64);
                for (((dx, &x), &dy), &w) in dx.iter_mut().zip(x).zip(dy).zip(weight) {
                    put(dx, r * (dy * w - x * along), add);
                }
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

/// The naive reference: x `[groups, width]`, w `[width]`.
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
        shape: [usize; 2],
        groups: usize,
        width: usize,
        /// columns before and after those that are normalised
        around: [usize; 2],
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let around = if d.one_in(2) { [0, 0] } else { [d.below(4), d.below(4)] };
            let groups = if d.one_in(2) { 1 } else { d.size(1, 4) };
            Self { shape: [d.size(1, 3), d.size(1, 20)], groups, width: d.size(2, 70), around }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let ([b, t], [before, after]) = (self.shape, self.around);
            vec![[b, t, before + self.groups * self.width + after]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![vec![self.width]]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            tape.rmsnorm(inputs[0].columns(self.around[0], self.groups * self.width), params[0], 1e-2)
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            let [before, after] = self.around;
            let wide = self.groups * self.width;
            let part: Vec<f64> =
                inputs[0].chunks(before + wide + after).flat_map(|row| row[before..before + wide].to_vec()).collect();
            naive(&part, &params[0], 1e-2)
        }
    }
}
