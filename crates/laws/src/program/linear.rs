//! Which parameters enter a formula linearly.
//!
//! `E + A*N^-alpha + B*D^-beta` is linear in E, A and B once the exponents are known, so those three need no starting
//! value: a linear least-squares solve gives them (variable projection, Golub and Pereyra 1973).

use isoloss_formula::{Binary, Expr, Formula, Function, Kind, Unary};
use std::collections::{BTreeSet, HashMap};

/// A largest set of parameters, in order of appearance, that the formula is jointly linear in.
pub(crate) fn linear_parameters(formula: &Formula, parameters: &[String]) -> Vec<String> {
    let mut chosen = BTreeSet::new();
    let mut out = Vec::new();
    for name in parameters {
        chosen.insert(name.as_str());
        let mut lets = HashMap::new();
        for (name, expr) in &formula.lets {
            let d = degree(expr, &lets, &chosen);
            lets.insert(name.as_str(), d);
        }
        if degree(&formula.body, &lets, &chosen) <= 1 {
            out.push(name.clone());
        } else {
            chosen.remove(name.as_str());
        }
    }
    out
}

/// Degree of the expression as a polynomial in the chosen parameters; 2 stands for anything beyond linear.
fn degree(expr: &Expr, lets: &HashMap<&str, u8>, chosen: &BTreeSet<&str>) -> u8 {
    let of = |e: &Expr| degree(e, lets, chosen);
    let constant_or_beyond = |d: u8| if d == 0 { 0 } else { 2 };
    match &expr.kind {
        Kind::Number(_) | Kind::Word(_) | Kind::Group(_) => 0,
        Kind::Name(name) => lets.get(name.as_str()).copied().unwrap_or(u8::from(chosen.contains(name.as_str()))),
        Kind::Unary(Unary::Neg, a) => of(a),
        Kind::Binary(Binary::Add | Binary::Sub, a, b) => of(a).max(of(b)),
        Kind::Binary(Binary::Mul, a, b) => (of(a) + of(b)).min(2),
        Kind::Binary(Binary::Div, a, b) if of(b) == 0 => of(a),
        Kind::Call(Function::Sum, arguments) => of(&arguments[0]),
        Kind::Call(_, arguments) => constant_or_beyond(arguments.iter().map(of).max().unwrap_or(0)),
        Kind::Binary(_, a, b) => constant_or_beyond(of(a).max(of(b))),
        Kind::Unary(_, a) => constant_or_beyond(of(a)),
        Kind::In(a, list) => constant_or_beyond(list.iter().map(of).max().unwrap_or(0).max(of(a))),
    }
}
