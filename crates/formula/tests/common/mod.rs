//! Random trees, as the parser could make them.

use isoloss_formula::{Binary, Expr, Function, Kind, Span, Unary};
use proptest::prelude::*;

pub fn expr(kind: Kind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// The same tree, as if it had stood nowhere.
pub fn bare(e: &Expr) -> Expr {
    let boxed = |e: &Expr| Box::new(bare(e));
    expr(match &e.kind {
        Kind::Unary(op, x) => Kind::Unary(*op, boxed(x)),
        Kind::Binary(op, x, y) => Kind::Binary(*op, boxed(x), boxed(y)),
        Kind::Call(f, arguments) => Kind::Call(*f, arguments.iter().map(bare).collect()),
        Kind::In(x, list) => Kind::In(boxed(x), list.iter().map(bare).collect()),
        kind => kind.clone(),
    })
}

/// Names of columns, plain and not.
pub const NAMES: [&str; 8] = ["a", "b", "val.loss", "α", "w_", "val loss", "in", "2`x"];
/// What `w_*` and `v_*` stand for.
pub const SUFFIXES: [&str; 2] = ["code", "web"];

fn number() -> impl Strategy<Value = Expr> {
    prop_oneof![
        (0u32..20).prop_map(f64::from),
        0.0..3.0f64,
        any::<f64>().prop_map(f64::abs).prop_filter("finite", |x| x.is_finite()),
    ]
    .prop_map(|x| expr(Kind::Number(x)))
}

fn name() -> impl Strategy<Value = Expr> {
    prop::sample::select(&NAMES[..]).prop_map(|n| expr(Kind::Name(n.to_owned())))
}

pub fn binary(op: Binary, x: Expr, y: Expr) -> Expr {
    expr(Kind::Binary(op, Box::new(x), Box::new(y)))
}

fn unary(op: Unary, x: Expr) -> Expr {
    expr(Kind::Unary(op, Box::new(x)))
}

pub fn arithmetic() -> impl Strategy<Value = Expr> {
    use Binary::*;
    let ops = prop::sample::select(vec![Add, Sub, Mul, Div, Pow]);
    let one = prop::sample::select(Function::ALL.into_iter().filter(|f| arity(*f) == 1).collect::<Vec<_>>());
    let more = prop::sample::select(vec![Function::Min, Function::Max]);
    let over = prop::sample::select(vec![Function::Sum, Function::Prod]);
    let group = prop::sample::select(vec!["w_", "v_"]).prop_map(|p| expr(Kind::Group(p.to_owned())));
    prop_oneof![number(), name()].prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            6 => (ops.clone(), inner.clone(), inner.clone()).prop_map(|(op, x, y)| binary(op, x, y)),
            2 => inner.clone().prop_map(|x| unary(Unary::Neg, x)),
            2 => (one.clone(), inner.clone()).prop_map(|(f, x)| expr(Kind::Call(f, vec![x]))),
            1 => (more.clone(), prop::collection::vec(inner.clone(), 2..4)).prop_map(|(f, xs)| expr(Kind::Call(f, xs))),
            1 => (inner.clone(), inner.clone()).prop_map(|(x, y)| expr(Kind::Call(Function::Logaddexp, vec![x, y]))),
            1 => (over.clone(), ops.clone(), group.clone(), inner.clone(), any::<bool>()).prop_map(
                |(f, op, group, x, left)| {
                    let body = if left { binary(op, group, x) } else { binary(op, x, group) };
                    expr(Kind::Call(f, vec![body]))
                }
            ),
        ]
    })
}

fn arity(function: Function) -> usize {
    match function {
        Function::Min | Function::Max | Function::Logaddexp => 2,
        Function::Sum | Function::Prod => 0,
        _ => 1,
    }
}

pub fn condition() -> impl Strategy<Value = Expr> {
    use Binary::*;
    let compare = prop::sample::select(vec![Lt, Le, Gt, Ge, Eq, Ne]);
    let words = prop::sample::select(vec!["mla", "it's", "", "say \"hi\"", "損失"]);
    let word = words.prop_map(|w| expr(Kind::Word(w.to_owned())));
    let signed = (number(), any::<bool>()).prop_map(|(x, minus)| if minus { unary(Unary::Neg, x) } else { x });
    let leaf = prop_oneof![
        (compare, arithmetic(), arithmetic()).prop_map(|(op, x, y)| binary(op, x, y)),
        (name(), word.clone()).prop_map(|(x, y)| binary(Ne, x, y)),
        (name(), prop::collection::vec(word, 1..4)).prop_map(|(x, list)| expr(Kind::In(Box::new(x), list))),
        (arithmetic(), prop::collection::vec(signed, 1..4)).prop_map(|(x, list)| expr(Kind::In(Box::new(x), list))),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (prop::sample::select(vec![And, Or]), inner.clone(), inner.clone()).prop_map(|(op, x, y)| binary(op, x, y)),
            inner.prop_map(|x| unary(Unary::Not, x)),
        ]
    })
}
