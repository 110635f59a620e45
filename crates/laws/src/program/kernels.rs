//! The loops: forward and backward over one block of rows.
//!
//! `pulp` compiles [`Forward`] and [`Backward`] for several instruction sets and chooses at run time. They are types and
//! not closures because what escapes inlining is compiled for the oldest machine. Every loop has the fixed length of a
//! block, so that it becomes vector code without a remainder.

// A function's name in place of a closure is a call that is not inlined.
#![allow(clippy::redundant_closure)]

use super::{BLOCK, Block, Op, Program, Row, math, scalar};
use isoloss_formula::Function;

/// Buffers for one evaluation; made once and reused.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    values: Vec<Block>,
    adjoints: Vec<Block>,
    /// per scalar: the derivative of the output by it, per row
    scalar_adjoints: Vec<Block>,
    scalars: Vec<f64>,
    gradients: Vec<f64>,
    /// (scalar, parameter, derivative), the entries that are not zero
    chain: Vec<(usize, usize, f64)>,
    /// per parameter: derivative of the output per row
    jacobian: Vec<Block>,
    /// the parameters whose derivative is that of one scalar times a factor: no copy is made for them
    alias: Vec<Option<(usize, f64)>>,
    /// which adjoints, scalar adjoints and columns of the Jacobian the pass has written: the first to come writes, the
    /// others add, so that nothing has to be cleared
    written: [Vec<bool>; 3],
    arch: pulp::Arch,
}

impl Workspace {
    pub(crate) fn new(program: &Program) -> Self {
        let mut work = Self::default();
        work.fit(program);
        work
    }

    /// Room for this program, all zero; memory that is there already serves again.
    pub(crate) fn fit(&mut self, program: &Program) {
        fn zeros<T: Clone>(of: &mut Vec<T>, count: usize, zero: T) {
            of.clear();
            of.resize(count, zero);
        }
        let (n, s, p) = (program.ops.len(), program.scalars.len(), program.parameters);
        zeros(&mut self.values, n, Block::ZERO);
        zeros(&mut self.adjoints, n, Block::ZERO);
        zeros(&mut self.scalar_adjoints, s, Block::ZERO);
        zeros(&mut self.scalars, s, 0.0);
        zeros(&mut self.gradients, s * p, 0.0);
        zeros(&mut self.jacobian, p, Block::ZERO);
        zeros(&mut self.alias, p, None);
        self.chain.clear();
        for (written, count) in self.written.iter_mut().zip([n, s, p]) {
            zeros(written, count, false);
        }
    }

    /// Sets the parameters: computes the scalars, and their gradients if derivatives are wanted.
    pub(crate) fn set(&mut self, program: &Program, theta: &[f64], derivatives: bool) {
        debug_assert_eq!(theta.len(), program.parameters);
        let Self { scalars: values, gradients, arch, .. } = self;
        let gradients = derivatives.then_some(gradients.as_mut_slice());
        arch.dispatch(scalar::Evaluate { ops: &program.scalars, theta, values, gradients });
        if derivatives {
            self.chain.clear();
            let p = program.parameters;
            for &s in &program.used_scalars {
                for j in 0..p {
                    let g = self.gradients[s * p + j];
                    if g != 0.0 {
                        self.chain.push((s, j, g));
                    }
                }
            }
            for j in 0..p {
                let mut entries = self.chain.iter().filter(|c| c.1 == j);
                self.alias[j] = match (entries.next(), entries.next()) {
                    (Some(&(s, _, g)), None) => Some((s, g)),
                    _ => None,
                };
            }
            let alias = &self.alias;
            self.chain.retain(|c| alias[c.1].is_none());
        }
    }

    /// The derivative of the law by parameter `j`, per row of the block computed last: a block and a factor.
    #[inline(always)]
    pub(crate) fn derivative(&self, j: usize) -> (&Block, f64) {
        match self.alias[j] {
            Some((s, g)) => (&self.scalar_adjoints[s], g),
            None => (&self.jacobian[j], 1.0),
        }
    }

    /// Computes the values of block `block`.
    pub(crate) fn forward(&mut self, program: &Program, block: usize) {
        self.arch.dispatch(Forward { work: self, program, block });
    }

    /// Computes the derivatives of block `block`; its values must be there.
    pub(crate) fn backward(&mut self, program: &Program, block: usize) {
        self.arch.dispatch(Backward { work: self, program, block });
    }

    /// The law's values for the block that was computed last.
    pub(crate) fn value(&self, program: &Program) -> &Block {
        &self.values[program.output]
    }
}

/// The work of [`Workspace::forward`].
struct Forward<'a> {
    work: &'a mut Workspace,
    program: &'a Program,
    block: usize,
}

impl pulp::WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { work, program, block } = self;
        let Workspace { values, scalars, .. } = work;
        for (i, op) in program.ops.iter().enumerate() {
            let (before, rest) = values.split_at_mut(i);
            let out = &mut rest[0].0;
            let before = &*before;
            let row = |r: Row| row_of(program, before, block, r);
            let s = |k: usize| scalars[k];
            match *op {
                Op::Add(a, b) => map2(out, row(a), row(b), |x, y| x + y),
                Op::AddScalar(a, k) => map1(out, row(a), s(k), |x, k| x + k),
                Op::Sub(a, b) => map2(out, row(a), row(b), |x, y| x - y),
                Op::ScalarSub(k, a) => map1(out, row(a), s(k), |x, k| k - x),
                Op::Mul(a, b) => map2(out, row(a), row(b), |x, y| x * y),
                Op::MulScalar(a, k) => map1(out, row(a), s(k), |x, k| x * k),
                Op::Div(a, b) => map2(out, row(a), row(b), |x, y| x / y),
                Op::ScalarDiv(k, a) => map1(out, row(a), s(k), |x, k| k / x),
                Op::Pow(a, b) => map2(out, row(a), row(b), |x, y| math::pow(x, y)),
                Op::PowScalar(a, k) => map1(out, row(a), s(k), |x, k| math::pow(x, k)),
                Op::ExpScaled(d, k) => map1(out, &program.data[d][block], s(k), |l, k| math::exp(l * k)),
                Op::ExpScaledRow(d, a) => map2(out, &program.data[d][block], row(a), |l, x| math::exp(l * x)),
                Op::Min(a, b) => map2(out, row(a), row(b), |x, y| scalar::call2(Function::Min, x, y)),
                Op::Max(a, b) => map2(out, row(a), row(b), |x, y| scalar::call2(Function::Max, x, y)),
                Op::LogAddExp(a, b) => map2(out, row(a), row(b), |x, y| math::logaddexp(x, y)),
                Op::Call(f, a) => call(out, f, row(a)),
                Op::Spread(k) => set(out, s(k)),
                Op::Gather { labels, first, .. } => {
                    let labels = &program.labels[labels][block * BLOCK..][..BLOCK];
                    // A gathered parameter is also a scalar of its own, at the slot `first + label` of the gather.
                    for (o, &l) in out.iter_mut().zip(labels) {
                        *o = scalars[first + l as usize];
                    }
                }
            }
        }
    }
}

/// The work of [`Workspace::backward`].
struct Backward<'a> {
    work: &'a mut Workspace,
    program: &'a Program,
    block: usize,
}

impl pulp::WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { work, program, block } = self;
        let Workspace { values, adjoints, scalar_adjoints: sums, scalars, chain, jacobian, written, .. } = work;
        let values = &*values;
        let [slots, summed, columns] = written;
        slots.fill(false);
        summed.fill(false);
        columns.fill(false);
        set(&mut adjoints[program.output].0, 1.0);
        slots[program.output] = true;
        for (i, op) in program.ops.iter().enumerate().rev() {
            if !slots[i] {
                continue;
            }
            let (before, rest) = adjoints.split_at_mut(i);
            let w = &rest[0];
            let y = &values[i];
            let row = |r: Row| row_of(program, values, block, r);
            // The adjoint of a row operand (a column of data has none) and of a scalar.
            macro_rules! to {
                ($row:expr, $f:expr) => {
                    if let Row::Slot(j) = $row {
                        $f(Sum::of(&mut before[j], &mut slots[j]))
                    }
                };
            }
            macro_rules! sum {
                ($k:expr) => {
                    Sum::of(&mut sums[$k], &mut summed[$k])
                };
            }
            let s = |k: usize| scalars[k];
            match *op {
                Op::Add(a, b) => {
                    to!(a, |o| add1(o, w, 1.0, |w, _| w));
                    to!(b, |o| add1(o, w, 1.0, |w, _| w));
                }
                Op::AddScalar(a, k) => {
                    to!(a, |o| add1(o, w, 1.0, |w, _| w));
                    add1(sum!(k), w, 1.0, |w, _| w);
                }
                Op::Sub(a, b) => {
                    to!(a, |o| add1(o, w, 1.0, |w, _| w));
                    to!(b, |o| add1(o, w, 1.0, |w, _| -w));
                }
                Op::ScalarSub(k, a) => {
                    to!(a, |o| add1(o, w, 1.0, |w, _| -w));
                    add1(sum!(k), w, 1.0, |w, _| w);
                }
                Op::Mul(a, b) => {
                    to!(a, |o| add2(o, w, row(b), |w, b| w * b));
                    to!(b, |o| add2(o, w, row(a), |w, a| w * a));
                }
                Op::MulScalar(a, k) => {
                    to!(a, |o| add1(o, w, s(k), |w, k| w * k));
                    add2(sum!(k), w, row(a), |w, a| w * a);
                }
                Op::Div(a, b) => {
                    to!(a, |o| add2(o, w, row(b), |w, b| w / b));
                    to!(b, |o| add3(o, w, y, row(b), |w, y, b| -w * y / b));
                }
                Op::ScalarDiv(k, a) => {
                    to!(a, |o| add3(o, w, y, row(a), |w, y, a| -w * y / a));
                    add2(sum!(k), w, row(a), |w, a| w / a);
                }
                Op::Pow(a, b) => {
                    to!(a, |o| add4(o, w, y, row(a), row(b), |w, y, a, b| w * base_slope(a, b, y)));
                    to!(b, |o| add3(o, w, y, row(a), |w, y, a| w * exponent_slope(a, y)));
                }
                Op::PowScalar(a, k) => {
                    let p = s(k);
                    to!(a, |o| add3(o, w, y, row(a), |w, y, a| w * base_slope(a, p, y)));
                    add3(sum!(k), w, y, row(a), |w, y, a| w * exponent_slope(a, y));
                }
                Op::ExpScaled(d, k) => add3(sum!(k), w, y, &program.data[d][block], |w, y, l| w * y * l),
                Op::ExpScaledRow(d, a) => to!(a, |o| add3(o, w, y, &program.data[d][block], |w, y, l| w * y * l)),
                Op::Min(a, b) => {
                    to!(a, |o| add3(o, w, row(a), row(b), |w, x, y| w * scalar::slopes2(Function::Min, x, y).0));
                    to!(b, |o| add3(o, w, row(a), row(b), |w, x, y| w * scalar::slopes2(Function::Min, x, y).1));
                }
                Op::Max(a, b) => {
                    to!(a, |o| add3(o, w, row(a), row(b), |w, x, y| w * scalar::slopes2(Function::Max, x, y).0));
                    to!(b, |o| add3(o, w, row(a), row(b), |w, x, y| w * scalar::slopes2(Function::Max, x, y).1));
                }
                Op::LogAddExp(a, b) => {
                    to!(a, |o| add3(o, w, row(a), row(b), |w, x, y| w * math::sigmoid(x - y)));
                    to!(b, |o| add3(o, w, row(a), row(b), |w, x, y| w * math::sigmoid(y - x)));
                }
                Op::Call(f, a) => to!(a, |o| call_slope(o, f, w, y, row(a))),
                Op::Spread(k) => add1(sum!(k), w, 1.0, |w, _| w),
                Op::Gather { labels, first, count } => {
                    let labels = &program.labels[labels][block * BLOCK..][..BLOCK];
                    for k in first..first + count {
                        set(&mut sums[k].0, 0.0);
                        summed[k] = true;
                    }
                    for (i, &l) in labels.iter().enumerate() {
                        sums[first + l as usize].0[i] += w.0[i];
                    }
                }
            }
        }
        // What nothing depends on has no derivative.
        for &s in program.used_scalars.iter().filter(|s| !summed[**s]) {
            set(&mut sums[s].0, 0.0);
        }
        for &(s, j, g) in &*chain {
            add1(Sum::of(&mut jacobian[j], &mut columns[j]), &sums[s], g, |a, g| a * g);
        }
        for (column, _) in jacobian.iter_mut().zip(columns).filter(|(_, written)| !**written) {
            set(&mut column.0, 0.0);
        }
    }
}

#[inline(always)]
fn row_of<'a>(program: &'a Program, slots: &'a [Block], block: usize, row: Row) -> &'a Block {
    match row {
        Row::Slot(i) => &slots[i],
        Row::Data(d) => &program.data[d][block],
    }
}

/// d(a^b)/da; 0 at a = 0, by the rule of the language (`0^p` has derivative 0 for p > 0).
#[inline(always)]
fn base_slope(a: f64, b: f64, y: f64) -> f64 {
    if a == 0.0 { 0.0 } else { b * y / a }
}

/// d(a^b)/db
#[inline(always)]
fn exponent_slope(a: f64, y: f64) -> f64 {
    let d = y * math::ln(a);
    if a > 0.0 { d } else { 0.0 }
}

/// A block that takes part in a sum: the first term is written, the others are added.
struct Sum<'a> {
    out: &'a mut [f64; BLOCK],
    first: bool,
}

impl<'a> Sum<'a> {
    #[inline(always)]
    fn of(block: &'a mut Block, written: &mut bool) -> Self {
        Self { out: &mut block.0, first: !std::mem::replace(written, true) }
    }

    #[inline(always)]
    fn add(self, term: impl Fn(usize) -> f64) {
        if self.first {
            for i in 0..BLOCK {
                self.out[i] = term(i);
            }
        } else {
            for i in 0..BLOCK {
                self.out[i] += term(i);
            }
        }
    }
}

/// `fill` of the standard library is a call, and compiled for the oldest machine.
#[inline(always)]
fn set(out: &mut [f64; BLOCK], x: f64) {
    for o in out {
        *o = x;
    }
}

#[inline(always)]
fn map1(out: &mut [f64; BLOCK], a: &Block, k: f64, f: impl Fn(f64, f64) -> f64) {
    for i in 0..BLOCK {
        out[i] = f(a.0[i], k);
    }
}

#[inline(always)]
fn map2(out: &mut [f64; BLOCK], a: &Block, b: &Block, f: impl Fn(f64, f64) -> f64) {
    for i in 0..BLOCK {
        out[i] = f(a.0[i], b.0[i]);
    }
}

#[inline(always)]
fn add1(out: Sum<'_>, a: &Block, k: f64, f: impl Fn(f64, f64) -> f64) {
    out.add(|i| f(a.0[i], k));
}

#[inline(always)]
fn add2(out: Sum<'_>, a: &Block, b: &Block, f: impl Fn(f64, f64) -> f64) {
    out.add(|i| f(a.0[i], b.0[i]));
}

#[inline(always)]
fn add3(out: Sum<'_>, a: &Block, b: &Block, c: &Block, f: impl Fn(f64, f64, f64) -> f64) {
    out.add(|i| f(a.0[i], b.0[i], c.0[i]));
}

#[inline(always)]
fn add4(out: Sum<'_>, a: &Block, b: &Block, c: &Block, d: &Block, f: impl Fn(f64, f64, f64, f64) -> f64) {
    out.add(|i| f(a.0[i], b.0[i], c.0[i], d.0[i]));
}

/// One loop per function, so that none branches inside.
#[inline(always)]
fn call(out: &mut [f64; BLOCK], function: Function, a: &Block) {
    macro_rules! each {
        ($($name:ident),*) => {
            match function {
                $(Function::$name => map1(out, a, 0.0, |x, _| scalar::call(Function::$name, x)),)*
                _ => set(out, f64::NAN),
            }
        };
    }
    each!(Exp, Expm1, Ln, Log1p, Log2, Log10, Sqrt, Abs, Sigmoid, Softplus)
}

#[inline(always)]
fn call_slope(out: Sum<'_>, function: Function, w: &Block, y: &Block, a: &Block) {
    macro_rules! each {
        ($($name:ident),*) => {
            match function {
                $(Function::$name => add3(out, w, y, a, |w, y, x| w * scalar::slope(Function::$name, x, y)),)*
                _ => out.add(|_| f64::NAN),
            }
        };
    }
    each!(Exp, Expm1, Ln, Log1p, Log2, Log10, Sqrt, Abs, Sigmoid, Softplus)
}
