//! From a formula and columns to a program.

use super::{BLOCK, Block, Op, Program, Row, math, scalar};
use isoloss_formula::{Binary, Expr, Formula, Function, Kind, Span, Unary};
use std::collections::{BTreeMap, HashMap};

/// The columns a formula is bound to, all of one length.
#[derive(Clone, Debug, Default)]
pub struct Columns<'a> {
    /// number of rows
    pub rows: usize,
    /// numbers by name, in table order
    pub numbers: Vec<(&'a str, &'a [f64])>,
    /// for parameters per family: the family of each row
    pub labels: Vec<&'a [u32]>,
}

/// Where the values of a parameter's name stand in the vector of all parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Slot {
    /// one number
    One(usize),
    /// one per level of `labels`, from `first` on
    PerLabel {
        /// which of [`Columns::labels`]
        labels: usize,
        /// the first level's index
        first: usize,
        /// number of levels
        count: usize,
    },
    /// one per column of a group (`w_*`), from `first` on
    PerColumn {
        /// the first column's index
        first: usize,
        /// number of columns
        count: usize,
    },
}

/// Why a formula cannot be bound to these columns.
#[derive(Clone, Debug, PartialEq)]
pub struct BindError {
    /// what is wrong
    pub message: String,
    /// where in the formula
    pub span: Span,
}

impl std::fmt::Display for BindError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BindError {}

/// What a subexpression turned out to be.
#[derive(Clone, Debug)]
enum Value {
    Constant(f64),
    /// numbers known now, one per row
    Data(std::rc::Rc<Vec<f64>>),
    /// a scalar of parameters
    Scalar(usize),
    /// the result of an operation over rows
    Slot(usize),
}

struct Compiler<'a> {
    columns: &'a Columns<'a>,
    /// at one point: what stands behind the parameters; columns of one row are constants then
    asked: Option<&'a [&'a str]>,
    slots: &'a BTreeMap<String, Slot>,
    lets: HashMap<String, Value>,
    /// inside `sum` or `prod`: which column of each group
    at: Option<usize>,
    program: Program,
    parameter_scalars: HashMap<usize, usize>,
}

impl Program {
    /// Binds a formula to columns; names that are no column must be in `slots`.
    pub fn bind(
        formula: &Formula,
        columns: &Columns<'_>,
        slots: &BTreeMap<String, Slot>,
        parameters: usize,
    ) -> Result<Self, BindError> {
        Self::compile(formula, columns, slots, parameters, None)
    }

    pub(super) fn compile(
        formula: &Formula,
        columns: &Columns<'_>,
        slots: &BTreeMap<String, Slot>,
        parameters: usize,
        asked: Option<&[&str]>,
    ) -> Result<Self, BindError> {
        let program = Self {
            rows: columns.rows,
            parameters,
            data: Vec::new(),
            labels: columns.labels.iter().map(|l| pad(l)).collect(),
            scalars: Vec::new(),
            used_scalars: Vec::new(),
            ops: Vec::new(),
            output: 0,
        };
        let mut c = Compiler {
            columns,
            asked,
            slots,
            lets: HashMap::new(),
            at: None,
            program,
            parameter_scalars: HashMap::new(),
        };
        for (name, expr) in &formula.lets {
            let value = c.value(expr)?;
            c.lets.insert(name.clone(), value);
        }
        let body = c.value(&formula.body)?;
        c.finish(body)
    }
}

/// Repeats the last element up to a whole number of blocks, so that the padding computes like any row.
fn pad<T: Copy>(column: &[T]) -> Vec<T> {
    let mut out = column.to_vec();
    if let Some(&last) = column.last() {
        out.resize(column.len().div_ceil(BLOCK) * BLOCK, last);
    }
    out
}

impl Compiler<'_> {
    fn value(&mut self, expr: &Expr) -> Result<Value, BindError> {
        match &expr.kind {
            Kind::Number(x) => Ok(Value::Constant(*x)),
            Kind::Name(name) => self.name(name, expr.span),
            Kind::Group(prefix) => self.group(prefix, expr.span),
            Kind::Unary(Unary::Neg, a) => {
                let a = self.value(a)?;
                Ok(match a {
                    Value::Constant(x) => Value::Constant(-x),
                    Value::Scalar(s) => self.scalar(scalar::Op::Neg(s)),
                    other => self.binary(Binary::Mul, other, Value::Constant(-1.0)),
                })
            }
            Kind::Binary(op @ (Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Pow), a, b) => {
                let a = self.value(a)?;
                let b = self.value(b)?;
                Ok(self.binary(*op, a, b))
            }
            Kind::Call(function @ (Function::Sum | Function::Prod), arguments) => {
                self.over_group(*function, &arguments[0], expr.span)
            }
            Kind::Call(function @ (Function::Min | Function::Max | Function::Logaddexp), arguments) => {
                let mut result = self.value(&arguments[0])?;
                for argument in &arguments[1..] {
                    let next = self.value(argument)?;
                    result = self.call2(*function, result, next);
                }
                Ok(result)
            }
            Kind::Call(function, arguments) => {
                let a = self.value(&arguments[0])?;
                Ok(self.call(*function, a))
            }
            _ => Err(BindError {
                message: "comparisons and words belong in --where, not in a law".into(),
                span: expr.span,
            }),
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Result<Value, BindError> {
        if let Some(value) = self.lets.get(name) {
            return Ok(value.clone());
        }
        if let Some((_, column)) = self.columns.numbers.iter().find(|(n, _)| *n == name) {
            return Ok(self.data(column));
        }
        match self.slots.get(name) {
            Some(&Slot::One(i)) => Ok(self.parameter(i)),
            Some(&Slot::PerColumn { first, count }) => match self.at {
                Some(i) if i < count => Ok(self.parameter(first + i)),
                _ => Err(BindError {
                    message: format!("{name} has one value per column: it belongs inside sum() or prod()"),
                    span,
                }),
            },
            Some(&Slot::PerLabel { labels, first, count }) => {
                // The gather reads consecutive scalars, so the levels get theirs in one go.
                let start = self.program.scalars.len();
                for i in 0..count {
                    self.program.scalars.push(scalar::Op::Parameter(first + i));
                }
                self.program.used_scalars.extend(start..start + count);
                Ok(self.op(Op::Gather { labels, first: start, count }))
            }
            None => Err(BindError { message: format!("{name} is neither a column nor a parameter"), span }),
        }
    }

    fn data(&self, column: &[f64]) -> Value {
        match column {
            [x] if self.asked.is_some() => Value::Constant(*x),
            _ => Value::Data(column.to_vec().into()),
        }
    }

    /// The columns of a group: those that are given, then those that are asked for, each in its order.
    fn members(&self, prefix: &str) -> Vec<String> {
        let given = self.columns.numbers.iter().map(|(name, _)| *name);
        let all = given.chain(self.asked.into_iter().flatten().copied());
        all.filter(|name| name.starts_with(prefix)).map(str::to_owned).collect()
    }

    fn group(&mut self, prefix: &str, span: Span) -> Result<Value, BindError> {
        let members = self.members(prefix);
        match self.at.and_then(|i| members.get(i)) {
            Some(member) => self.name(member, span),
            None => {
                Err(BindError { message: format!("the columns {prefix}* stand only inside sum() or prod()"), span })
            }
        }
    }

    fn over_group(&mut self, function: Function, argument: &Expr, span: Span) -> Result<Value, BindError> {
        let counts: Vec<(String, usize)> =
            argument.groups().into_iter().map(|g| (g.clone(), self.members(&g).len())).collect();
        let Some((first, count)) = counts.first().cloned() else {
            return Err(BindError {
                message: "sum() and prod() run over a group of columns, as in sum(t*w_*)".into(),
                span,
            });
        };
        if count == 0 {
            return Err(BindError { message: format!("no column begins with {first}"), span });
        }
        if let Some((other, n)) = counts.iter().find(|(_, n)| *n != count) {
            let message = format!("{first}* has {count} columns and {other}* has {n}: they cannot be paired");
            return Err(BindError { message, span });
        }
        let (outer, op) = (self.at, if function == Function::Sum { Binary::Add } else { Binary::Mul });
        let mut total = None;
        for i in 0..count {
            self.at = Some(i);
            let term = self.value(argument)?;
            total = Some(match total {
                None => term,
                Some(sum) => self.binary(op, sum, term),
            });
        }
        self.at = outer;
        total.ok_or_else(|| BindError { message: format!("no column begins with {first}"), span })
    }

    fn parameter(&mut self, i: usize) -> Value {
        if let Some(&s) = self.parameter_scalars.get(&i) {
            return Value::Scalar(s);
        }
        let value = self.scalar(scalar::Op::Parameter(i));
        if let Value::Scalar(s) = value {
            self.parameter_scalars.insert(i, s);
        }
        value
    }

    fn scalar(&mut self, op: scalar::Op) -> Value {
        self.program.scalars.push(op);
        Value::Scalar(self.program.scalars.len() - 1)
    }

    fn op(&mut self, op: Op) -> Value {
        self.program.ops.push(op);
        Value::Slot(self.program.ops.len() - 1)
    }

    /// The value as a scalar, for an operation over rows.
    fn as_scalar(&mut self, value: &Value) -> Option<usize> {
        let s = match *value {
            Value::Constant(x) => match self.scalar(scalar::Op::Constant(x)) {
                Value::Scalar(s) => s,
                _ => return None,
            },
            Value::Scalar(s) => s,
            _ => return None,
        };
        if !self.program.used_scalars.contains(&s) {
            self.program.used_scalars.push(s);
        }
        Some(s)
    }

    fn column(&mut self, values: &[f64]) -> usize {
        let padded = pad(values);
        let blocks = padded.chunks_exact(BLOCK).map(|c| {
            let mut block = Block::ZERO;
            block.0.copy_from_slice(c);
            block
        });
        self.program.data.push(blocks.collect());
        self.program.data.len() - 1
    }

    /// The value as an operand per row; a scalar is spread.
    fn as_row(&mut self, value: &Value) -> Row {
        match value {
            Value::Slot(i) => Row::Slot(*i),
            Value::Data(values) => Row::Data(self.column(values)),
            scalar => match self.as_scalar(scalar).map(|s| self.op(Op::Spread(s))) {
                Some(Value::Slot(i)) => Row::Slot(i),
                _ => unreachable!("a constant or scalar spreads into a slot"),
            },
        }
    }

    fn binary(&mut self, op: Binary, a: Value, b: Value) -> Value {
        match (&a, &b) {
            (Value::Constant(x), Value::Constant(y)) => return Value::Constant(scalar::apply(op, *x, *y)),
            (Value::Data(x), Value::Data(y)) => {
                return Value::Data(
                    x.iter().zip(y.iter()).map(|(x, y)| scalar::apply(op, *x, *y)).collect::<Vec<_>>().into(),
                );
            }
            (Value::Data(x), Value::Constant(y)) => {
                return Value::Data(x.iter().map(|x| scalar::apply(op, *x, *y)).collect::<Vec<_>>().into());
            }
            (Value::Constant(x), Value::Data(y)) => {
                return Value::Data(y.iter().map(|y| scalar::apply(op, *x, *y)).collect::<Vec<_>>().into());
            }
            (Value::Scalar(_) | Value::Constant(_), Value::Scalar(_) | Value::Constant(_)) => {
                let (x, y) = (self.operand(&a), self.operand(&b));
                return self.scalar(scalar::Op::Binary(op, x, y));
            }
            _ => {}
        }
        if op == Binary::Pow {
            return self.pow(&a, &b);
        }
        let (left, right) = (self.as_scalar(&a), self.as_scalar(&b));
        let op = match (left, right, op) {
            (None, Some(k), Binary::Add) => Op::AddScalar(self.as_row(&a), k),
            (Some(k), None, Binary::Add) => Op::AddScalar(self.as_row(&b), k),
            (None, Some(k), Binary::Mul) => Op::MulScalar(self.as_row(&a), k),
            (Some(k), None, Binary::Mul) => Op::MulScalar(self.as_row(&b), k),
            (Some(k), None, Binary::Sub) => Op::ScalarSub(k, self.as_row(&b)),
            (Some(k), None, Binary::Div) => Op::ScalarDiv(k, self.as_row(&b)),
            (_, _, Binary::Add) => Op::Add(self.as_row(&a), self.as_row(&b)),
            (_, _, Binary::Mul) => Op::Mul(self.as_row(&a), self.as_row(&b)),
            (_, _, Binary::Sub) => Op::Sub(self.as_row(&a), self.as_row(&b)),
            _ => Op::Div(self.as_row(&a), self.as_row(&b)),
        };
        self.op(op)
    }

    fn operand(&mut self, value: &Value) -> usize {
        match *value {
            Value::Constant(x) => {
                self.program.scalars.push(scalar::Op::Constant(x));
                self.program.scalars.len() - 1
            }
            Value::Scalar(s) => s,
            _ => unreachable!("only constants and scalars combine into scalars"),
        }
    }

    fn pow(&mut self, a: &Value, b: &Value) -> Value {
        let exponent = self.as_scalar(b);
        if let Value::Data(x) = a
            && x.iter().all(|&x| x >= 0.0)
        {
            // x^p = exp(p ln x) with ln x known now. A zero becomes a very small number: its power is then 0 and so is
            // the derivative, where minus infinity times 0 would be NaN.
            let logs: Vec<f64> = x.iter().map(|&x| math::ln(x).max(-1e6)).collect();
            let logs = self.column(&logs);
            let op = match exponent {
                Some(k) => Op::ExpScaled(logs, k),
                None => Op::ExpScaledRow(logs, self.as_row(b)),
            };
            return self.op(op);
        }
        let base = self.as_row(a);
        let op = match exponent {
            Some(k) => Op::PowScalar(base, k),
            None => Op::Pow(base, self.as_row(b)),
        };
        self.op(op)
    }

    fn call(&mut self, function: Function, a: Value) -> Value {
        match a {
            Value::Constant(x) => Value::Constant(scalar::call(function, x)),
            Value::Data(x) => Value::Data(x.iter().map(|&x| scalar::call(function, x)).collect::<Vec<_>>().into()),
            Value::Scalar(s) => self.scalar(scalar::Op::Call(function, s)),
            Value::Slot(i) => self.op(Op::Call(function, Row::Slot(i))),
        }
    }

    fn call2(&mut self, function: Function, a: Value, b: Value) -> Value {
        match (&a, &b) {
            (Value::Constant(x), Value::Constant(y)) => return Value::Constant(scalar::call2(function, *x, *y)),
            (Value::Data(x), Value::Data(y)) => {
                let both = x.iter().zip(y.iter()).map(|(&x, &y)| scalar::call2(function, x, y));
                return Value::Data(both.collect::<Vec<_>>().into());
            }
            (Value::Data(x), Value::Constant(c)) => {
                return Value::Data(x.iter().map(|&x| scalar::call2(function, x, *c)).collect::<Vec<_>>().into());
            }
            (Value::Constant(c), Value::Data(x)) => {
                return Value::Data(x.iter().map(|&x| scalar::call2(function, *c, x)).collect::<Vec<_>>().into());
            }
            (Value::Scalar(_) | Value::Constant(_), Value::Scalar(_) | Value::Constant(_)) => {
                let (x, y) = (self.operand(&a), self.operand(&b));
                return self.scalar(scalar::Op::Call2(function, x, y));
            }
            _ => {}
        }
        let (x, y) = (self.as_row(&a), self.as_row(&b));
        self.op(match function {
            Function::Min => Op::Min(x, y),
            Function::Max => Op::Max(x, y),
            _ => Op::LogAddExp(x, y),
        })
    }

    fn finish(mut self, body: Value) -> Result<Program, BindError> {
        self.program.output = match self.as_row(&body) {
            Row::Slot(i) => i,
            // Nothing to fit, but still a value per row (all parameters fixed to numbers, say).
            Row::Data(d) => {
                let zero = self.as_scalar(&Value::Constant(0.0)).unwrap_or_default();
                match self.op(Op::AddScalar(Row::Data(d), zero)) {
                    Value::Slot(i) => i,
                    _ => unreachable!("an operation has a slot"),
                }
            }
        };
        Ok(self.program)
    }
}
