//! Expressions over a table, column by column: for `--map` and `--where`, not for fitting.

use crate::error::Problem;
use crate::numeric::{binary, call};
use crate::resolve::{Names, Words};
use crate::{Binary, Column, Data, EvalError, Expr, Function, Kind, Numbers, Table, Unary};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Whether a row satisfies a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// it does not
    No,
    /// a number that decides it is missing
    Unknown,
    /// it does
    Yes,
}

/// The value of an arithmetic expression in each row of a table; NaN where a number is missing.
pub fn evaluate(expr: &Expr, table: &Table) -> Result<Vec<f64>, EvalError> {
    let value = numbers(expr, &Rows::new(table)).map_err(Problem::eval_error)?;
    Ok(match value {
        Value::Same(x) => vec![x; table.len()],
        Value::Each(values) => values.into_owned(),
    })
}

/// Whether each row of a table satisfies a condition.
pub fn matches(condition: &Expr, table: &Table) -> Result<Vec<Truth>, EvalError> {
    truths(condition, &Rows::new(table)).map_err(Problem::eval_error)
}

/// The value of an arithmetic expression of constants and of the names that `lookup` knows.
pub fn scalar(expr: &Expr, lookup: impl Fn(&str) -> Option<f64>) -> Result<f64, EvalError> {
    let mut columns = Vec::new();
    for name in expr.names() {
        if let Some(value) = lookup(&name) {
            // Not Column::numbers: infinities stay what they are.
            let data = Data::Numbers(Numbers { values: vec![value], oddities: Vec::new() });
            columns.push(Column { name, data, unit: None, convention: None });
        }
    }
    let table = Table::new(String::new(), columns, vec![1]);
    let rows = Rows { names: Names::constants(&table), ..Rows::new(&table) };
    match numbers(expr, &rows).map_err(Problem::eval_error)? {
        Value::Same(x) => Ok(x),
        Value::Each(values) => Ok(values[0]),
    }
}

/// A number that is the same in every row, or one per row.
#[derive(Clone)]
enum Value<'a> {
    Same(f64),
    Each(Cow<'a, [f64]>),
}

/// What expressions are evaluated over; inside `sum` and `prod`, for one suffix of the group.
struct Rows<'a> {
    table: &'a Table,
    names: Names<'a>,
    /// `code` when `w_*` stands for `w_code`
    suffix: Option<&'a str>,
    /// sums inside of this one, by the place of their expression: they are the same for every suffix
    inner: HashMap<*const Expr, Value<'a>>,
}

impl<'a> Rows<'a> {
    fn new(table: &'a Table) -> Self {
        Self { table, names: Names::columns(table), suffix: None, inner: HashMap::new() }
    }
}

fn numbers<'a>(expr: &Expr, rows: &Rows<'a>) -> Result<Value<'a>, Problem> {
    match &expr.kind {
        Kind::Number(value) => Ok(Value::Same(*value)),
        Kind::Name(name) => column(name, expr, rows),
        Kind::Group(prefix) => match rows.suffix {
            Some(suffix) => column(&format!("{prefix}{suffix}"), expr, rows),
            None => Err(crate::refuse::bare_group(expr.span, prefix)),
        },
        Kind::Unary(Unary::Neg, x) => Ok(map(numbers(x, rows)?, |x| -x)),
        Kind::Binary(op, x, y) => {
            let Some(apply) = binary(*op) else { return Err(not_a_number(expr)) };
            Ok(zip(numbers(x, rows)?, numbers(y, rows)?, apply))
        }
        Kind::Call(function, arguments) if function.over_group() => match rows.inner.get(&std::ptr::from_ref(expr)) {
            Some(value) => Ok(value.clone()),
            None => over_group(*function, expr, arguments, rows),
        },
        Kind::Call(function, arguments) => call_each(*function, expr, arguments, rows),
        Kind::Word(_) | Kind::Unary(Unary::Not, _) | Kind::In(..) => Err(not_a_number(expr)),
    }
}

fn not_a_number(expr: &Expr) -> Problem {
    let what = if matches!(expr.kind, Kind::Word(_)) { "a word" } else { "a condition" };
    Problem::new(expr.span, format!("expected a number, found {what}"))
        .hint("words and conditions stand only in --where")
}

fn column<'a>(name: &str, at: &Expr, rows: &Rows<'a>) -> Result<Value<'a>, Problem> {
    Ok(Value::Each(Cow::Borrowed(&rows.names.numbers(name, at.span)?.values)))
}

fn call_each<'a>(function: Function, at: &Expr, arguments: &[Expr], rows: &Rows<'a>) -> Result<Value<'a>, Problem> {
    crate::check::arity(function, arguments.len(), at.span)?;
    let first = numbers(&arguments[0], rows)?;
    match call(function) {
        crate::numeric::Call::One(apply) => Ok(map(first, apply)),
        crate::numeric::Call::Two(apply) => {
            let mut value = first;
            for argument in &arguments[1..] {
                value = zip(value, numbers(argument, rows)?, apply);
            }
            Ok(value)
        }
    }
}

/// `sum(...)`, `prod(...)`: one value per suffix of the groups in it, in the order of the columns.
fn over_group<'a>(function: Function, at: &Expr, arguments: &[Expr], rows: &Rows<'a>) -> Result<Value<'a>, Problem> {
    crate::check::arity(function, arguments.len(), at.span)?;
    let body = &arguments[0];
    let (groups, sums) = parts(body);
    let suffixes = rows.names.suffixes(function, at, &groups)?;
    let mut inside = Rows { table: rows.table, names: rows.names, suffix: None, inner: HashMap::new() };
    for sum in sums {
        let value = numbers(sum, &inside)?;
        inside.inner.insert(std::ptr::from_ref(sum), value);
    }
    let (mut total, apply): (_, fn(f64, f64) -> f64) = match function {
        Function::Sum => (Value::Same(0.0), |x, y| x + y),
        _ => (Value::Same(1.0), |x, y| x * y),
    };
    for suffix in suffixes {
        inside.suffix = Some(suffix);
        total = zip(total, numbers(body, &inside)?, apply);
    }
    Ok(total)
}

/// The groups that a `sum` goes over, and the sums inside of it, which have their own.
fn parts(body: &Expr) -> (Vec<&Expr>, Vec<&Expr>) {
    let (mut groups, mut sums) = (Vec::new(), Vec::new());
    let mut stack = vec![body];
    while let Some(expr) = stack.pop() {
        match &expr.kind {
            Kind::Group(_) => groups.push(expr),
            Kind::Call(function, _) if function.over_group() => sums.push(expr),
            _ => {
                let from = stack.len();
                stack.extend(expr.children());
                stack[from..].reverse();
            }
        }
    }
    (groups, sums)
}

fn map<'a>(value: Value<'a>, apply: impl Fn(f64) -> f64) -> Value<'a> {
    match value {
        Value::Same(x) => Value::Same(apply(x)),
        Value::Each(Cow::Borrowed(xs)) => Value::Each(xs.iter().map(|&x| apply(x)).collect()),
        Value::Each(Cow::Owned(mut xs)) => {
            xs.iter_mut().for_each(|x| *x = apply(*x));
            Value::Each(Cow::Owned(xs))
        }
    }
}

/// Rows together; a vector that belongs to nobody else is written over.
fn zip<'a>(left: Value<'a>, right: Value<'a>, apply: impl Fn(f64, f64) -> f64) -> Value<'a> {
    match (left, right) {
        (left, Value::Same(y)) => map(left, |x| apply(x, y)),
        (Value::Same(x), right) => map(right, |y| apply(x, y)),
        (Value::Each(Cow::Owned(mut xs)), Value::Each(ys)) => {
            xs.iter_mut().zip(ys.iter()).for_each(|(x, &y)| *x = apply(*x, y));
            Value::Each(Cow::Owned(xs))
        }
        (Value::Each(xs), Value::Each(Cow::Owned(mut ys))) => {
            ys.iter_mut().zip(xs.iter()).for_each(|(y, &x)| *y = apply(x, *y));
            Value::Each(Cow::Owned(ys))
        }
        (Value::Each(xs), Value::Each(ys)) => {
            Value::Each(xs.iter().zip(ys.iter()).map(|(&x, &y)| apply(x, y)).collect())
        }
    }
}

/// Conditions, in the logic of three values: what is unknown stays so unless the rest decides.
fn truths(expr: &Expr, rows: &Rows) -> Result<Vec<Truth>, Problem> {
    match &expr.kind {
        Kind::Unary(Unary::Not, x) => {
            let not = |t| match t {
                Truth::No => Truth::Yes,
                Truth::Unknown => Truth::Unknown,
                Truth::Yes => Truth::No,
            };
            Ok(truths(x, rows)?.into_iter().map(not).collect())
        }
        Kind::Binary(op @ (Binary::And | Binary::Or), x, y) => {
            let mut left = truths(x, rows)?;
            for (x, y) in left.iter_mut().zip(truths(y, rows)?) {
                *x = if *op == Binary::And { y.min(*x) } else { y.max(*x) };
            }
            Ok(left)
        }
        Kind::Binary(op, x, y) => match comparison(*op) {
            Some(holds) => compare(holds, *op, x, y, rows),
            None => Err(not_a_condition(expr)),
        },
        Kind::In(x, list) => member(x, list, rows),
        _ => Err(not_a_condition(expr)),
    }
}

/// `x in (...)`, by lookup: lists may be long.
fn member(x: &Expr, list: &[Expr], rows: &Rows) -> Result<Vec<Truth>, Problem> {
    let (mut words, mut values, mut column) = (HashSet::new(), HashSet::new(), None);
    for item in list {
        match rows.names.word_pair(Binary::Eq, x, item)? {
            Some((left, Words::Same(word))) => {
                words.insert(word);
                column = Some(left);
            }
            Some((_, Words::Each(_))) => return Err(crate::refuse::list_column(item)),
            None => {
                let Value::Same(value) = numbers(item, rows)? else { return Err(crate::refuse::list_column(item)) };
                // `+ 0.0`: -0 is 0.
                values.insert((value + 0.0).to_bits());
            }
        }
    }
    if let Some(column) = column {
        return Ok((0..rows.table.len()).map(|row| truth(words.contains(column.get(row)))).collect());
    }
    let holds = |x: f64| if x.is_nan() { Truth::Unknown } else { truth(values.contains(&(x + 0.0).to_bits())) };
    Ok(match numbers(x, rows)? {
        Value::Same(x) => vec![holds(x); rows.table.len()],
        Value::Each(xs) => xs.iter().map(|&x| holds(x)).collect(),
    })
}

fn not_a_condition(expr: &Expr) -> Problem {
    Problem::new(expr.span, "expected a condition").hint("compare it: loss < 5")
}

fn comparison(op: Binary) -> Option<fn(f64, f64) -> bool> {
    Some(match op {
        Binary::Lt => |x, y| x < y,
        Binary::Le => |x, y| x <= y,
        Binary::Gt => |x, y| x > y,
        Binary::Ge => |x, y| x >= y,
        Binary::Eq => |x, y| x == y,
        Binary::Ne => |x, y| x != y,
        _ => return None,
    })
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::Yes } else { Truth::No }
}

fn compare(
    holds: impl Fn(f64, f64) -> bool,
    op: Binary,
    x: &Expr,
    y: &Expr,
    rows: &Rows,
) -> Result<Vec<Truth>, Problem> {
    if let Some(pair) = rows.names.word_pair(op, x, y)? {
        let equal = op == Binary::Eq;
        return Ok((0..rows.table.len()).map(|row| truth((pair.0.get(row) == pair.1.get(row)) == equal)).collect());
    }
    let holds = |x: f64, y: f64| if x.is_nan() || y.is_nan() { Truth::Unknown } else { truth(holds(x, y)) };
    Ok(match (numbers(x, rows)?, numbers(y, rows)?) {
        (Value::Same(x), Value::Same(y)) => vec![holds(x, y); rows.table.len()],
        (Value::Each(xs), Value::Same(y)) => xs.iter().map(|&x| holds(x, y)).collect(),
        (Value::Same(x), Value::Each(ys)) => ys.iter().map(|&y| holds(x, y)).collect(),
        (Value::Each(xs), Value::Each(ys)) => xs.iter().zip(ys.iter()).map(|(&x, &y)| holds(x, y)).collect(),
    })
}
