//! The log-decay of a gated delta rule, from what a projection says of it: with a = e^(A_h) of head h and z = x + bias,
//!
//! | form | g | source |
//! |---|---|---|
//! | `Softplus` | -a ln(1 + e^z) | Gu and Dao 2023, arXiv 2312.00752, as in Gated DeltaNet (2412.06464) and KDA (2510.26692) |
//! | `Bounded(b)` | -b s(a z), never below -b | the bounded gate of flash-linear-attention, with b = 5 |
//!
//! x and g are `[sequences, length, heads x width]`, A is `[heads]`, bias `[heads x width]`; one column a head decays the whole
//! head, as many as keys have each channel by itself. A and bias learn: dA_h = sum of dg dg/da a.

use super::Op;
use super::split::copy;
use crate::math::{sigmoid, softplus};
use crate::simd::kernel;
use crate::tape::Columns;
use crate::{Param, Real, Slot, Tape};

/// Which function of z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// -a ln(1 + e^z)
    Softplus,
    /// -b s(a z)
    Bounded(f64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Columns,
    rate: Param,
    bias: Param,
    form: Decay,
    g: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Log-decays, 0 or below: `rate` is A, one number a head.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn decay(&mut self, x: impl Into<Columns>, rate: Param, bias: Param, form: Decay) -> Slot {
        let x = x.into();
        assert_eq!(x.width, bias.columns(), "a bias for every column");
        assert!(x.width.is_multiple_of(rate.columns()), "{} columns are not {} heads", x.width, rate.columns());
        let g = self.output(x.slot.sequences(), x.slot.length(), x.width);
        self.run(Node { x, rate, bias, form, g });
        g
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let (rate, bias) = (tape.weight(self.rate), tape.weight(self.bias));
        let values = &mut tape.buffers.values;
        let mut g = values.take(self.g);
        forward(values.get(self.x.slot), self.x, rate, bias, self.form, &mut g);
        values.put(self.g, g);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(mut dg) = tape.buffers.gradients.take(self.g) else { return };
        let (rate, bias) = (tape.weight(self.rate), tape.weight(self.bias));
        let (values, gradients) = (&tape.buffers.values, &mut tape.buffers.gradients);
        let mut sums = gradients.scratch(rate.len() + bias.len());
        sums.fill(R::ZERO);
        let (of_rate, of_bias) = sums.split_at_mut(rate.len());
        backward(values.get(self.x.slot), self.x, rate, bias, self.form, &mut dg, of_rate, of_bias);
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            for (param, sums) in [(self.rate, of_rate), (self.bias, of_bias)] {
                gradient[param.range()].iter_mut().zip(sums).for_each(|(d, s)| *d += *s);
            }
        }
        if let Some((dx, add)) = gradients.open_columns(self.x) {
            copy(&dg, self.g.into(), dx, self.x, add);
        }
        gradients.give(sums);
        gradients.give(dg);
    }
}

kernel! {
    fn forward<'a, R>(x: &'a [R], from: Columns, rate: &'a [R], bias: &'a [R], form: Decay, g: &'a mut [R]) {
        let width = bias.len() / rate.len();
        for (x, g) in from.rows(x).zip(g.chunks_exact_mut(bias.len())) {
            let heads = x.chunks_exact(width).zip(g.chunks_exact_mut(width)).zip(bias.chunks_exact(width));
            for (((x, g), bias), &rate) in heads.zip(rate) {
                let a = rate.exp();
                match form {
                    Decay::Softplus => {
                        for ((g, &x), &b) in g.iter_mut().zip(x).zip(bias) {
                            *g = -a * softplus(x + b);
                        }
                    }
                    Decay::Bounded(bound) => {
                        let bound = R::of(bound);
                        for ((g, &x), &b) in g.iter_mut().zip(x).zip(bias) {
                            *g = -bound * sigmoid(a * (x + b));
                        }
                    }
                }
            }
        }
    }
}

kernel! {
    /// dg to dx, in its place; adds what the rates and the biases learn.
    fn backward<'a, R>(
        x: &'a [R], from: Columns, rate: &'a [R], bias: &'a [R], form: Decay, dg: &'a mut [R], of_rate: &'a mut [R],
        of_bias: &'a mut [R],
    ) {
        let width = bias.len() / rate.len();
        for (x, dg) in from.rows(x).zip(dg.chunks_exact_mut(bias.len())) {
            let heads = x.chunks_exact(width).zip(dg.chunks_exact_mut(width)).zip(bias.chunks_exact(width));
            let sums = of_bias.chunks_exact_mut(width).zip(of_rate.iter_mut());
            for ((((x, dg), bias), &rate), (of_bias, of_rate)) in heads.zip(rate).zip(sums) {
                let a = rate.exp();
                let mut sum = R::ZERO;
                for (((dg, &x), &b), of_bias) in dg.iter_mut().zip(x).zip(bias).zip(of_bias.iter_mut()) {
                    let z = x + b;
                    // dg/dz, and dg/dA
                    let (slope, by_rate) = match form {
                        Decay::Softplus => (-a * sigmoid(z), -a * softplus(z)),
                        Decay::Bounded(bound) => {
                            let s = sigmoid(a * z);
                            let slope = -R::of(bound) * a * s * (R::ONE - s);
                            (slope, slope * z)
                        }
                    };
                    sum = by_rate.mul_add(*dg, sum);
                    *dg *= slope;
                    *of_bias += *dg;
                }
                *of_rate += sum;
            }
        }
    }
}

/// The naive reference: x `[rows, heads x width]`.
pub fn naive(x: &[f64], rate: &[f64], bias: &[f64], form: Decay) -> Vec<f64> {
    let width = bias.len() / rate.len();
    let one = |(i, x): (usize, &f64)| {
        let column = i % bias.len();
        let (a, z) = (libm::exp(rate[column / width]), x + bias[column]);
        match form {
            Decay::Softplus => -a * libm::log1p(libm::exp(z)),
            Decay::Bounded(bound) => -bound / (1.0 + libm::exp(-a * z)),
        }
    };
    x.iter().enumerate().map(one).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ops::conformance::{Conformance, Draw, columns};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        heads: usize,
        width: usize,
        around: [usize; 2],
        form: Decay,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let around = if d.one_in(2) { [0, 0] } else { [d.below(4), d.below(4)] };
            let width = if d.one_in(3) { 1 } else { d.size(1, 20) };
            let form = if d.one_in(2) { Decay::Softplus } else { Decay::Bounded(5.0) };
            Self { shape: [d.size(1, 3), d.size(1, 20)], heads: d.size(1, 4), width, around, form }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let ([b, t], [before, after]) = (self.shape, self.around);
            vec![[b, t, before + self.heads * self.width + after]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![vec![self.heads], vec![self.heads * self.width]]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            let x = inputs[0].columns(self.around[0], self.heads * self.width);
            tape.decay(x, params[0], params[1], self.form)
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            let ([before, after], wide) = (self.around, self.heads * self.width);
            let x = columns(&inputs[0], before + wide + after, before..before + wide);
            naive(&x, &params[0], &params[1], self.form)
        }
    }
}
