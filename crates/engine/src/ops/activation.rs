//! Activations, element by element: y = f(x), dx = dy f'(x).
//!
//! | name | f(x) | source |
//! |---|---|---|
//! | `GeluTanh` | x s(2u), u = sqrt(2/pi) (x + 0.044715 x^3); s(2u) = (1 + tanh u) / 2 | Hendrycks and Gimpel 2016, arXiv 1606.08415 |
//! | `GeluErf` | x (1 + erf(x / sqrt 2)) / 2 | the same |
//! | `Silu` | x s(x) | the same; Elfwing et al. 2017, arXiv 1702.03118 |
//! | `Softplus` | ln(1 + e^x) | Dugas et al. 2001 |
//! | `Sigmoid` | s(x) | Verhulst 1845 |
//! | `Relu2` | max(x, 0)^2 | So et al. 2021, arXiv 2109.08668 |
//!
//! with s the logistic function. Kept for the way back: x, which is on the tape.

use super::Op;
use crate::math::{sigmoid, softplus};
use crate::simd::kernel;
use crate::{Real, Slot, Tape};

/// Which function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// GELU by its tanh approximation, as in GPT-2.
    GeluTanh,
    /// GELU by the error function.
    GeluErf,
    /// x times the logistic function of x.
    Silu,
    /// ln(1 + e^x)
    Softplus,
    /// The logistic function, 1 / (1 + e^-x): gates.
    Sigmoid,
    /// The square of the positive part.
    Relu2,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    f: Activation,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// f of every element.
    pub fn activation(&mut self, x: Slot, f: Activation) -> Slot {
        let y = self.output(x.sequences(), x.length(), x.width());
        self.run(Node { x, f, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        forward(self.f, values.get(self.x), &mut y);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(mut dy) = tape.buffers.gradients.take(self.y) else { return };
        backward(self.f, tape.buffers.values.get(self.x), &mut dy);
        tape.buffers.gradients.pass_on(self.x, dy);
    }
}

/// sqrt(2 / pi)
const ROOT: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044715;

/// s(2u) of the tanh form.
#[inline(always)]
fn gate<R: Real>(x: R) -> R {
    sigmoid(x * (x * x).mul_add(R::of(2.0 * ROOT * CUBIC), R::of(2.0 * ROOT)))
}

/// (1 + erf(x / sqrt 2)) / 2
#[inline(always)]
fn normal<R: Real>(x: R) -> R {
    R::of(0.5).mul_add((x * R::of(std::f64::consts::FRAC_1_SQRT_2)).erf(), R::of(0.5))
}

kernel! {
    fn forward<'a, R>(f: Activation, x: &'a [R], y: &'a mut [R]) {
        match f {
            Activation::GeluTanh => map(x, y, |x| x * gate(x)),
            Activation::GeluErf => map(x, y, |x| x * normal(x)),
            Activation::Silu => map(x, y, |x| x * sigmoid(x)),
            Activation::Softplus => map(x, y, |x| softplus(x)),
            Activation::Sigmoid => map(x, y, |x| sigmoid(x)),
            Activation::Relu2 => map(x, y, |x| { let p = x.max(R::ZERO); p * p }),
        }
    }
}

kernel! {
    fn backward<'a, R>(f: Activation, x: &'a [R], dy: &'a mut [R]) {
        match f {
            Activation::GeluTanh => scale(x, dy, |x| {
                let s = gate(x);
                // s + x s (1 - s) d(2u)/dx
                let slope = (x * x).mul_add(R::of(6.0 * ROOT * CUBIC), R::of(2.0 * ROOT));
                (x * s * (R::ONE - s)).mul_add(slope, s)
            }),
            Activation::GeluErf => scale(x, dy, |x| {
                let density = (x * x * R::of(-0.5)).exp() * R::of(0.5 * ROOT);
                x.mul_add(density, normal(x))
            }),
            Activation::Silu => scale(x, dy, |x| {
                let s = sigmoid(x);
                (x * s).mul_add(R::ONE - s, s)
            }),
            Activation::Softplus => scale(x, dy, |x| sigmoid(x)),
            Activation::Sigmoid => scale(x, dy, |x| {
                let s = sigmoid(x);
                s * (R::ONE - s)
            }),
            Activation::Relu2 => scale(x, dy, |x| x.max(R::ZERO) * R::of(2.0)),
        }
    }
}

#[inline(always)]
fn map<R: Real>(x: &[R], y: &mut [R], f: impl Fn(R) -> R) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}

#[inline(always)]
fn scale<R: Real>(x: &[R], dy: &mut [R], f: impl Fn(R) -> R) {
    for (dy, &x) in dy.iter_mut().zip(x) {
        *dy *= f(x);
    }
}

/// The naive reference.
pub fn naive(f: Activation, x: &[f64]) -> Vec<f64> {
    let one = |x: f64| match f {
        Activation::GeluTanh => 0.5 * x * (1.0 + libm::tanh(ROOT * (x + CUBIC * x * x * x))),
        Activation::GeluErf => 0.5 * x * (1.0 + libm::erf(x / libm::sqrt(2.0))),
        Activation::Silu => x / (1.0 + libm::exp(-x)),
        Activation::Softplus => libm::log1p(libm::exp(x)),
        Activation::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
        Activation::Relu2 => {
            if x > 0.0 {
                x * x
            } else {
                0.0
            }
        }
    };
    x.iter().map(|&x| one(x)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        f: Activation,
        shape: [usize; 3],
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            use Activation::*;
            let f = [GeluTanh, GeluErf, Silu, Softplus, Sigmoid, Relu2][d.below(6)];
            Self { f, shape: [d.size(1, 3), d.size(1, 20), d.size(1, 70)] }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            tape.activation(inputs[0], self.f)
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            naive(self.f, &inputs[0])
        }
        fn adjust(&self, inputs: &mut [Vec<f64>], _: &mut [Vec<f64>]) {
            // The second derivative of relu^2 jumps at 0; and the tails are reached too.
            inputs[0].iter_mut().for_each(|x| *x = 3.0 * *x + 0.02f64.copysign(*x));
        }
    }
}
