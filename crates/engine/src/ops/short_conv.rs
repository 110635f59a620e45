//! Short causal convolution, each channel by itself: y_tc = sum_j w_cj x_(t-K+1+j)c, with x = 0 before the sequence.
//!
//! x and y are `[sequences, length, channels]`, x maybe columns of a wider value, w is `[channels, K]`; w_c(K-1) meets the current token.
//! dx_tc = sum_j w_cj dy_(t+K-1-j)c, dw_cj = sum_t dy_tc x_(t-K+1+j)c.

use super::Op;
use crate::product::executed;
use crate::simd::kernel;
use crate::tape::Columns;
use crate::{Param, Real, Slot, Tape, naive};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Columns,
    weight: Param,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Each channel convolved with its own kernel over the last K tokens.
    ///
    /// # Panics
    /// If there are not as many kernels as channels.
    pub fn short_conv(&mut self, x: impl Into<Columns>, weight: Param) -> Slot {
        let x = x.into();
        assert_eq!(x.width, weight.rows(), "one kernel per channel");
        let [sequences, length, channels] = x.shape();
        let y = self.output(sequences, length, channels);
        self.run(Node { x, weight, y });
        y
    }
}

/// Multiply-adds of one sequence forward; back it is twice as many. The first tokens have fewer before them than kernels reach.
pub fn multiply_adds(length: usize, channels: usize, taps: usize) -> f64 {
    let short = taps.min(length);
    (channels * (length * short - short * short.saturating_sub(1) / 2)) as f64
}

impl Node {
    /// The weights turned to `[K, channels]`, so that the loops run over channels.
    fn turned<R: Real>(self, tape: &mut Tape<R>) -> crate::buffers::Buffer<R> {
        let (weight, channels, taps) = (tape.weight(self.weight), self.weight.rows(), self.weight.columns());
        let mut turned = tape.buffers.gradients.scratch(weight.len());
        for c in 0..channels {
            for j in 0..taps {
                turned[j * channels + c] = weight[c * taps + j];
            }
        }
        turned
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let weight = self.turned(tape);
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        y.fill(R::ZERO);
        let (wide, taps, length) = (self.x.slot.width(), self.weight.columns(), self.y.length());
        let channels = self.y.width();
        let sequences = values.get(self.x.slot).chunks_exact(length * wide).zip(y.chunks_exact_mut(length * channels));
        for (x, y) in sequences {
            for (j, w) in weight.chunks_exact(channels).enumerate() {
                let back = taps - 1 - j;
                if back < length {
                    let y = &mut y[back * channels..];
                    multiply_add(w, &x[self.x.start..], wide, y, channels, length - back);
                }
            }
        }
        values.put(self.y, y);
        tape.buffers.gradients.give(weight);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let weight = self.turned(tape);
        let (wide, taps, length) = (self.x.slot.width(), self.weight.columns(), self.y.length());
        let (channels, start) = (self.y.width(), self.x.start);
        let gradients = &mut tape.buffers.gradients;
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            let mut sums = gradients.scratch(weight.len());
            sums.fill(R::ZERO);
            let x = tape.buffers.values.get(self.x.slot).chunks_exact(length * wide);
            for (x, dy) in x.zip(dy.chunks_exact(length * channels)) {
                for (j, sum) in sums.chunks_exact_mut(channels).enumerate() {
                    let back = taps - 1 - j;
                    if back < length {
                        add_products(&x[start..], wide, &dy[back * channels..], sum);
                    }
                }
            }
            let dw = &mut gradient[self.weight.range()];
            for c in 0..channels {
                for j in 0..taps {
                    dw[c * taps + j] += sums[j * channels + c];
                }
            }
            gradients.give(sums);
        }
        if let Some(dx) = gradients.open_zeroed(self.x.slot) {
            for (dx, dy) in dx.chunks_exact_mut(length * wide).zip(dy.chunks_exact(length * channels)) {
                for (j, w) in weight.chunks_exact(channels).enumerate() {
                    let back = taps - 1 - j;
                    if back < length {
                        let dy = &dy[back * channels..];
                        multiply_add(w, dy, channels, &mut dx[start..], wide, length - back);
                    }
                }
            }
        }
        gradients.give(weight);
        gradients.give(dy);
    }
}

kernel! {
    /// y += w x in each of the rows, which begin as far apart as is said.
    fn multiply_add<'a, R>(w: &'a [R], x: &'a [R], apart: usize, y: &'a mut [R], of_y: usize, rows: usize) {
        executed(rows * w.len());
        for row in 0..rows {
            let (x, y) = (&x[row * apart..][..w.len()], &mut y[row * of_y..][..w.len()]);
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(w) {
                *y = w.mul_add(x, *y);
            }
        }
    }
}

kernel! {
    /// sum += x y over the rows of y
    fn add_products<'a, R>(x: &'a [R], apart: usize, y: &'a [R], sum: &'a mut [R]) {
        executed(y.len());
        for (row, y) in y.chunks_exact(sum.len()).enumerate() {
            let x = &x[row * apart..][..sum.len()];
            for ((s, &x), &y) in sum.iter_mut().zip(x).zip(y) {
                *s = x.mul_add(y, *s);
            }
        }
    }
}

/// The naive reference: x `[sequences, length, channels]`, w `[channels, K]`.
pub fn naive(x: &[f64], w: &[f64], length: usize, channels: usize) -> Vec<f64> {
    let taps = w.len() / channels;
    let mut y = Vec::new();
    for i in 0..x.len() {
        let (row, c) = (i / channels, i % channels);
        let t = row % length;
        // The last `n` taps reach tokens of this sequence.
        let n = taps.min(t + 1);
        y.push(naive::dot(n, |k| (w[c * taps + taps - n + k], x[(row + 1 - n + k) * channels + c])));
    }
    y
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ops::conformance::{Conformance, Draw, columns};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        taps: usize,
        /// columns before and after those that are convolved
        around: [usize; 2],
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let around = if d.one_in(2) { [0, 0] } else { [d.below(4), d.below(4)] };
            Self { shape: [d.size(1, 3), d.size(1, 20), d.size(1, 40)], taps: d.size(1, 6), around }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let ([b, t, channels], [before, after]) = (self.shape, self.around);
            vec![[b, t, before + channels + after]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![vec![self.shape[2], self.taps]]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            tape.short_conv(inputs[0].columns(self.around[0], self.shape[2]), params[0])
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            let ([_, t, channels], [before, after]) = (self.shape, self.around);
            let x = columns(&inputs[0], before + channels + after, before..before + channels);
            naive(&x, &params[0], t, channels)
        }
    }
}
