//! A formula bound to columns, as a straight-line program with exact derivatives.
//!
//! Whatever holds no parameter is computed once, when the formula is bound (ln N among it, so `N^-alpha` costs one exp).
//! Whatever holds only parameters is a scalar, computed once per evaluation with its gradient. The rest runs over blocks
//! of [`BLOCK`] rows: values forward, derivatives backward (rows do not mix, so one backward pass gives every row's
//! gradient), in loops the compiler turns into vector code for the machine it runs on.

use std::cell::RefCell;

mod compile;
mod kernels;
pub(crate) mod linear;
pub mod math;
pub(crate) mod point;
mod scalar;

pub use compile::{BindError, Columns, Slot};
pub(crate) use kernels::Workspace;

/// Rows per block: the slots of a typical law stay in the first-level cache.
pub const BLOCK: usize = 128;

/// One slot: the values of one operation for a block of rows.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Block(pub [f64; BLOCK]);

impl Block {
    pub(crate) const ZERO: Self = Self([0.0; BLOCK]);
    pub(crate) const ONES: Self = Self([1.0; BLOCK]);
}

/// Where an operation takes a value per row from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Row {
    /// the result of an earlier operation
    Slot(usize),
    /// a column computed when the formula was bound
    Data(usize),
}

/// One operation over rows; `usize` operands are scalars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Add(Row, Row),
    AddScalar(Row, usize),
    Sub(Row, Row),
    /// scalar - row
    ScalarSub(usize, Row),
    Mul(Row, Row),
    MulScalar(Row, usize),
    Div(Row, Row),
    /// scalar / row
    ScalarDiv(usize, Row),
    /// base^exponent
    Pow(Row, Row),
    PowScalar(Row, usize),
    /// x^scalar for a column x > 0, whose logarithm is the row operand
    ExpScaled(usize, usize),
    /// e^(ln x * row) for a column x > 0
    ExpScaledRow(usize, Row),
    Min(Row, Row),
    Max(Row, Row),
    LogAddExp(Row, Row),
    Call(isoloss_formula::Function, Row),
    /// the scalar in every row
    Spread(usize),
    /// a parameter per family: parameter `first + labels[row]`
    Gather {
        labels: usize,
        first: usize,
        count: usize,
    },
}

/// A formula bound to columns of data.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) rows: usize,
    pub(crate) parameters: usize,
    pub(crate) data: Vec<Vec<Block>>,
    pub(crate) labels: Vec<Vec<u32>>,
    pub(crate) scalars: Vec<scalar::Op>,
    /// the scalars that operations over rows use
    pub(crate) used_scalars: Vec<usize>,
    pub(crate) ops: Vec<Op>,
    pub(crate) output: usize,
}

impl Program {
    /// Number of rows it is bound to.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of parameters it takes.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Number of blocks of rows.
    pub(crate) fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK)
    }

    /// The law's value at every row.
    pub fn values(&self, theta: &[f64]) -> Vec<f64> {
        self.run(theta, false).0
    }

    /// Values, and the derivative of every row by every parameter: `jacobian[parameter][row]`.
    pub fn jacobian(&self, theta: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        self.run(theta, true)
    }

    fn run(&self, theta: &[f64], derivatives: bool) -> (Vec<f64>, Vec<Vec<f64>>) {
        // Predictions come one by one, for every draw: their buffers are kept.
        thread_local! {
            static WORK: RefCell<Workspace> = RefCell::default();
        }
        WORK.with_borrow_mut(|work| {
            work.fit(self);
            self.run_in(work, theta, derivatives)
        })
    }

    fn run_in(&self, work: &mut Workspace, theta: &[f64], derivatives: bool) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut values = Vec::with_capacity(self.rows);
        let mut jacobian = vec![Vec::new(); if derivatives { self.parameters } else { 0 }];
        work.set(self, theta, derivatives);
        for block in 0..self.blocks() {
            let live = (self.rows - block * BLOCK).min(BLOCK);
            work.forward(self, block);
            values.extend_from_slice(&work.value(self).0[..live]);
            if derivatives {
                work.backward(self, block);
                for (j, column) in jacobian.iter_mut().enumerate() {
                    let (part, factor) = work.derivative(j);
                    column.extend(part.0[..live].iter().map(|x| factor * x));
                }
            }
        }
        (values, jacobian)
    }
}
