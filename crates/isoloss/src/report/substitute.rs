//! The law with numbers in the place of its parameters.

use isoloss_formula::{Expr, Formula, Kind};
use isoloss_laws::Fit;

use crate::numbers::number;

/// One line, or one per family where the law has parameters per family: (family, law).
pub fn laws(fit: &Fit, ties: &[(String, String)]) -> Vec<(Option<String>, String)> {
    let mut families: Vec<String> = Vec::new();
    for fitted in &fit.parameters {
        let Some((name, level)) = fitted.name.split_once('[') else { continue };
        let level = level.trim_end_matches(']');
        let of_columns = fit.ranges.iter().any(|(column, ..)| column == level);
        let known = fit.law.parameters.iter().any(|p| p.name == name);
        if known && !of_columns && !families.iter().any(|f| f == level) {
            families.push(level.to_owned());
        }
    }
    let value = |name: &str, family: Option<&str>| {
        let name = ties.iter().find(|(alias, _)| alias == name).map_or(name, |(_, to)| to);
        let of = |name: &str| fit.parameter(name).map(|p| p.estimate.value);
        of(name).or_else(|| of(&format!("{name}[{}]", family?)))
    };
    let line = |family: Option<&str>| formula(&fit.law.formula, &|name| value(name, family));
    match families.is_empty() {
        true => vec![(None, line(None))],
        false => families.iter().map(|f| (Some(f.clone()), line(Some(f)))).collect(),
    }
}

fn formula(formula: &Formula, value: &dyn Fn(&str) -> Option<f64>) -> String {
    let filled = Formula {
        source: String::new(),
        lets: formula.lets.iter().map(|(name, e)| (name.clone(), expression(e, value))).collect(),
        target: formula.target.clone(),
        body: expression(&formula.body, value),
    };
    filled.to_string()
}

fn expression(expr: &Expr, value: &dyn Fn(&str) -> Option<f64>) -> Expr {
    let boxed = |e: &Expr| Box::new(expression(e, value));
    let kind = match &expr.kind {
        Kind::Name(name) => match value(name) {
            // To the digits that are read; the exact ones are in the table of parameters and in --format json.
            Some(v) => Kind::Number(number(v, 5).parse().unwrap_or(v)),
            None => expr.kind.clone(),
        },
        Kind::Unary(op, x) => Kind::Unary(*op, boxed(x)),
        Kind::Binary(op, x, y) => Kind::Binary(*op, boxed(x), boxed(y)),
        Kind::Call(function, list) => Kind::Call(*function, list.iter().map(|e| expression(e, value)).collect()),
        Kind::In(x, list) => Kind::In(boxed(x), list.iter().map(|e| expression(e, value)).collect()),
        other => other.clone(),
    };
    Expr { kind, span: expr.span }
}
