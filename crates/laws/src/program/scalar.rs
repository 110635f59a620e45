//! Expressions of parameters alone: computed once per evaluation, with their gradients.

use super::math;
use isoloss_formula::{Binary, Function};

/// One scalar operation; operands are earlier ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Constant(f64),
    Parameter(usize),
    Neg(usize),
    Binary(Binary, usize, usize),
    Call(Function, usize),
    Call2(Function, usize, usize),
}

/// Values of all scalars, and gradients (`gradients[i * parameters + j]` = d scalar i / d parameter j) if wanted.
pub(crate) struct Evaluate<'a> {
    pub(crate) ops: &'a [Op],
    pub(crate) theta: &'a [f64],
    pub(crate) values: &'a mut [f64],
    pub(crate) gradients: Option<&'a mut [f64]>,
}

impl pulp::WithSimd for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        evaluate(self.ops, self.theta, self.values, self.gradients);
    }
}

#[inline(always)]
fn evaluate(ops: &[Op], theta: &[f64], values: &mut [f64], gradients: Option<&mut [f64]>) {
    for (i, op) in ops.iter().enumerate() {
        values[i] = value(op, theta, values);
    }
    let Some(gradients) = gradients else { return };
    let p = theta.len();
    gradients.fill(0.0);
    for (i, op) in ops.iter().enumerate() {
        let (before, rest) = gradients.split_at_mut(i * p);
        let own = &mut rest[..p];
        let mut add = |operand: usize, slope: f64| {
            if slope != 0.0 {
                for (o, g) in own.iter_mut().zip(&before[operand * p..(operand + 1) * p]) {
                    *o += slope * g;
                }
            }
        };
        match *op {
            Op::Constant(_) => {}
            Op::Parameter(j) => own[j] = 1.0,
            Op::Neg(a) => add(a, -1.0),
            Op::Binary(binary, a, b) => {
                let (da, db) = slopes(binary, values[a], values[b], values[i]);
                add(a, da);
                add(b, db);
            }
            Op::Call(function, a) => add(a, slope(function, values[a], values[i])),
            Op::Call2(function, a, b) => {
                let (da, db) = slopes2(function, values[a], values[b]);
                add(a, da);
                add(b, db);
            }
        }
    }
}

#[inline(always)]
fn value(op: &Op, theta: &[f64], values: &[f64]) -> f64 {
    match *op {
        Op::Constant(c) => c,
        Op::Parameter(j) => theta[j],
        Op::Neg(a) => -values[a],
        Op::Binary(binary, a, b) => apply(binary, values[a], values[b]),
        Op::Call(function, a) => call(function, values[a]),
        Op::Call2(function, a, b) => call2(function, values[a], values[b]),
    }
}

/// `a op b`; only arithmetic reaches this point.
#[inline(always)]
pub(crate) fn apply(binary: Binary, a: f64, b: f64) -> f64 {
    match binary {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => math::pow(a, b),
        _ => f64::NAN,
    }
}

#[inline(always)]
fn slopes(binary: Binary, a: f64, b: f64, y: f64) -> (f64, f64) {
    match binary {
        Binary::Add => (1.0, 1.0),
        Binary::Sub => (1.0, -1.0),
        Binary::Mul => (b, a),
        Binary::Div => (1.0 / b, -y / b),
        _ if a == 0.0 => (0.0, 0.0),
        _ => (b * y / a, if a > 0.0 { y * math::ln(a) } else { 0.0 }),
    }
}

/// A function of one argument.
#[inline(always)]
pub(crate) fn call(function: Function, x: f64) -> f64 {
    match function {
        Function::Exp => math::exp(x),
        Function::Expm1 => math::expm1(x),
        Function::Ln => math::ln(x),
        Function::Log1p => math::log1p(x),
        Function::Log2 => math::ln(x) * std::f64::consts::LOG2_E,
        Function::Log10 => math::ln(x) * std::f64::consts::LOG10_E,
        Function::Sqrt => x.sqrt(),
        Function::Abs => x.abs(),
        Function::Sigmoid => math::sigmoid(x),
        Function::Softplus => math::softplus(x),
        _ => f64::NAN,
    }
}

/// The derivative of [`call`] at `x`, where its value is `y`; at a kink the active side counts.
#[inline(always)]
pub(crate) fn slope(function: Function, x: f64, y: f64) -> f64 {
    match function {
        Function::Exp => y,
        Function::Expm1 => y + 1.0,
        Function::Ln => 1.0 / x,
        Function::Log1p => 1.0 / (1.0 + x),
        Function::Log2 => std::f64::consts::LOG2_E / x,
        Function::Log10 => std::f64::consts::LOG10_E / x,
        Function::Sqrt => 0.5 / y,
        Function::Abs => {
            if x < 0.0 {
                -1.0
            } else {
                1.0
            }
        }
        Function::Sigmoid => y * (1.0 - y),
        Function::Softplus => math::sigmoid(x),
        _ => f64::NAN,
    }
}

/// A function of two arguments.
#[inline(always)]
pub(crate) fn call2(function: Function, a: f64, b: f64) -> f64 {
    match function {
        Function::Min => {
            if b < a || b.is_nan() {
                b
            } else {
                a
            }
        }
        Function::Max => {
            if b > a || b.is_nan() {
                b
            } else {
                a
            }
        }
        Function::Logaddexp => math::logaddexp(a, b),
        _ => f64::NAN,
    }
}

/// The derivatives of [`call2`].
#[inline(always)]
pub(crate) fn slopes2(function: Function, a: f64, b: f64) -> (f64, f64) {
    let first = match function {
        Function::Min => f64::from(call2(Function::Min, a, b) == a),
        Function::Max => f64::from(call2(Function::Max, a, b) == a),
        _ => math::sigmoid(a - b),
    };
    (first, 1.0 - first)
}
