//! A formula at one point, where what is asked for stands behind the parameters: for roots and minima, which ask often.

use super::{BindError, Columns, Op, Program, Slot, scalar};
use isoloss_formula::Formula;
use std::collections::BTreeMap;

/// A formula whose every value is a scalar.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    program: Program,
    values: Vec<f64>,
    /// of every scalar by every parameter, where they were asked for
    gradients: Vec<f64>,
    output: usize,
    arch: pulp::Arch,
}

impl Point {
    /// `given` are inputs with a value, `asked` the inputs that follow the parameters in [`Point::at`].
    pub(crate) fn bind(
        formula: &Formula,
        given: &[(&str, f64)],
        asked: &[&str],
        slots: &BTreeMap<String, Slot>,
        parameters: usize,
    ) -> Result<Self, BindError> {
        let values: Vec<[f64; 1]> = given.iter().map(|(_, x)| [*x]).collect();
        let numbers = given.iter().zip(&values).map(|((n, _), x)| (*n, x.as_slice())).collect();
        let columns = Columns { rows: 1, numbers, labels: Vec::new() };
        let mut slots = slots.clone();
        slots.extend(asked.iter().enumerate().map(|(i, n)| ((*n).to_owned(), Slot::One(parameters + i))));
        let program = Program::compile(formula, &columns, &slots, parameters + asked.len(), Some(asked))?;
        // Nothing runs over rows, so the one operation over rows spreads the result.
        let output = match program.ops.as_slice() {
            [Op::Spread(s)] => *s,
            ops => unreachable!("a formula at one point is a scalar, not {ops:?}"),
        };
        Ok(Self {
            values: vec![0.0; program.scalars.len()],
            gradients: Vec::new(),
            program,
            output,
            arch: pulp::Arch::new(),
        })
    }

    /// The value; `theta` holds the parameters and then what was asked.
    pub(crate) fn at(&mut self, theta: &[f64]) -> f64 {
        debug_assert_eq!(theta.len(), self.program.parameters);
        let Self { program, values, output, arch, .. } = self;
        arch.dispatch(scalar::Evaluate { ops: &program.scalars, theta, values, gradients: None });
        values[*output]
    }

    /// The value and its derivatives by all that `theta` holds.
    pub(crate) fn slopes(&mut self, theta: &[f64]) -> (f64, &[f64]) {
        let Self { program, values, gradients, output, arch } = self;
        let width = program.parameters;
        gradients.resize(program.scalars.len() * width, 0.0);
        arch.dispatch(scalar::Evaluate { ops: &program.scalars, theta, values, gradients: Some(gradients) });
        (values[*output], &gradients[*output * width..(*output + 1) * width])
    }
}
