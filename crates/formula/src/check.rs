//! What a tree must satisfy beyond its grammar.

use crate::error::Problem;
use crate::{Binary, Expr, Function, Kind, Span, Unary};

/// The number of arguments a function takes.
pub(crate) fn arity(function: Function, given: usize, span: Span) -> Result<(), Problem> {
    let (enough, takes) = match function {
        Function::Min | Function::Max => (given >= 2, "at least 2 arguments"),
        Function::Logaddexp => (given == 2, "2 arguments"),
        _ => (given == 1, "1 argument"),
    };
    if enough {
        return Ok(());
    }
    let name = function.name();
    let problem = Problem::new(span, format!("`{name}` takes {takes}, here are {given}"));
    Err(match function {
        Function::Min | Function::Max => problem.hint(format!("for example {name}(x, 1)")),
        Function::Ln if given == 2 => problem.hint("the base is part of the name: ln, log2, log10"),
        _ => problem,
    })
}

/// Names are defined before they are used, and once.
pub(crate) fn scopes(lets: &[(String, Expr)], target: &str, target_span: Span, body: &Expr) -> Result<(), Problem> {
    for (i, (name, expr)) in lets.iter().enumerate() {
        if name == target {
            let problem = Problem::new(target_span, format!("the target `{name}` has a let too"));
            return Err(problem.hint("give the let another name"));
        }
        let later: Vec<&str> = lets[i..].iter().map(|(n, _)| n.as_str()).collect();
        if let Some((used, span)) = first_use(expr, &later) {
            let problem = Problem::new(span, format!("`{used}` is used before its let is complete"));
            return Err(problem.hint("a let sees only the lets before it"));
        }
    }
    for expr in lets.iter().map(|(_, e)| e).chain([body]) {
        if let Some((_, span)) = first_use(expr, &[target]) {
            let problem = Problem::new(span, format!("the target `{target}` stands on the right too"));
            return Err(problem.hint("a law gives its target from other columns and parameters"));
        }
    }
    Ok(())
}

fn first_use<'a>(expr: &'a Expr, names: &[&str]) -> Option<(&'a str, Span)> {
    let mut first = None;
    expr.walk(&mut |e| {
        if let Kind::Name(name) = &e.kind
            && first.is_none()
            && names.contains(&name.as_str())
        {
            first = Some((name.as_str(), e.span));
        }
    });
    first
}

/// What an expression gives, as far as the text alone says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gives {
    Number,
    Word,
    /// a column, of numbers or words
    Column,
    Truth,
}

/// A condition gives yes or no, and its parts fit together.
pub(crate) fn condition(expr: &Expr) -> Result<(), Problem> {
    truth(expr, "--where needs a condition")
}

fn truth(expr: &Expr, needs: &str) -> Result<(), Problem> {
    let found = match gives(expr)? {
        Gives::Truth => return Ok(()),
        Gives::Number => "a number",
        Gives::Word => "a word",
        Gives::Column => "a column",
    };
    let problem = Problem::new(expr.span, format!("{needs}, found {found}"));
    Err(problem.hint(match &expr.kind {
        Kind::Name(name) if crate::lex::is_plain(name) => format!("compare it: {name} > 0, {name} = 'yes'"),
        Kind::Word(word) => format!("compare it: family = '{word}'"),
        _ => "compare it: loss < 5".to_owned(),
    }))
}

fn number(expr: &Expr, where_: &str) -> Result<(), Problem> {
    match gives(expr)? {
        Gives::Number | Gives::Column => Ok(()),
        Gives::Word => Err(Problem::new(expr.span, format!("expected a number {where_}, found a word"))
            .hint("words are compared with =, !=, in and not in")),
        Gives::Truth => Err(Problem::new(expr.span, format!("expected a number {where_}, found a condition"))
            .hint("join conditions with and, or, not")),
    }
}

fn gives(expr: &Expr) -> Result<Gives, Problem> {
    match &expr.kind {
        Kind::Number(_) | Kind::Group(_) => Ok(Gives::Number),
        Kind::Word(_) => Ok(Gives::Word),
        Kind::Name(_) => Ok(Gives::Column),
        Kind::Unary(Unary::Neg, x) => number(x, "after `-`").map(|()| Gives::Number),
        Kind::Unary(Unary::Not, x) => truth(x, "not needs a condition").map(|()| Gives::Truth),
        Kind::Call(function, arguments) => {
            for argument in arguments {
                number(argument, &format!("in {}", function.name()))?;
            }
            Ok(Gives::Number)
        }
        Kind::In(x, list) => membership(x, list).map(|()| Gives::Truth),
        Kind::Binary(op, x, y) => {
            let sign = op.sign();
            match op {
                Binary::And | Binary::Or => {
                    let needs = format!("`{sign}` needs a condition on both sides");
                    truth(x, &needs)?;
                    truth(y, &needs)?;
                }
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Pow => {
                    let beside = format!("beside `{sign}`");
                    number(x, &beside)?;
                    number(y, &beside)?;
                    return Ok(Gives::Number);
                }
                Binary::Eq | Binary::Ne => comparable(x, y)?,
                Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => {
                    let beside = format!("beside `{sign}`");
                    number(x, &beside)?;
                    number(y, &beside)?;
                }
            }
            Ok(Gives::Truth)
        }
    }
}

fn comparable(x: &Expr, y: &Expr) -> Result<(), Problem> {
    let (left, right) = (gives(x)?, gives(y)?);
    if left == Gives::Truth || right == Gives::Truth {
        let span = if left == Gives::Truth { x.span } else { y.span };
        let problem = Problem::new(span, "a condition cannot be compared").hint("join conditions with and, or, not");
        return Err(problem);
    }
    let span = Span { start: x.span.start, end: y.span.end };
    match (left, right) {
        (Gives::Word, Gives::Number) | (Gives::Number, Gives::Word) => {
            Err(Problem::new(span, "a word is compared with a number").hint("numbers stand without quotes"))
        }
        _ => Ok(()),
    }
}

fn membership(x: &Expr, list: &[Expr]) -> Result<(), Problem> {
    let words = list.iter().filter(|e| matches!(e.kind, Kind::Word(_))).count();
    if words != 0 && words != list.len() {
        let odd = list.iter().find(|e| matches!(e.kind, Kind::Word(_)) != matches!(list[0].kind, Kind::Word(_)));
        let span = odd.map_or(x.span, |e| e.span);
        let problem = Problem::new(span, "a list holds numbers or words, not both");
        return Err(problem.hint("numbers stand without quotes, words with"));
    }
    match gives(x)? {
        Gives::Truth => Err(Problem::new(x.span, "expected a column before in, found a condition")),
        Gives::Number if words != 0 => Err(Problem::new(x.span, "a number is looked up in a list of words")),
        Gives::Word if words == 0 => Err(Problem::new(x.span, "a word is looked up in a list of numbers")),
        _ => Ok(()),
    }
}
