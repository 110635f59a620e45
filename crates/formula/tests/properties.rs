//! What holds for any text and any tree.

mod common;

use common::{NAMES, SUFFIXES, arithmetic, bare, condition};
use isoloss_formula::{
    Binary, Column, Expr, Function, Kind, Table, Truth, Unary, evaluate, matches, parse_condition, parse_expression,
    parse_formula, parse_number, unit_of_header,
};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// No panic, no long wait, and what is accepted prints to something that is accepted as the same.
fn survives(text: &str) {
    let start = Instant::now();
    match parse_formula(text) {
        Ok(f) => {
            let again = parse_formula(&f.to_string()).unwrap_or_else(|e| panic!("{text:?} became\n{e}"));
            assert_eq!(bare(&again.body), bare(&f.body), "{text:?}");
        }
        Err(e) => assert!(!e.to_string().is_empty()),
    }
    for parse in [parse_expression, parse_condition] {
        match parse(text) {
            Ok(x) => assert_eq!(bare(&parse(&x.to_string()).unwrap()), bare(&x), "{text:?}"),
            Err(e) => assert!(!e.to_string().is_empty()),
        }
    }
    unit_of_header(text);
    parse_number(text);
    assert!(start.elapsed() < Duration::from_secs(2), "slow: {text:?}");
}

const PIECES: [&str; 52] = [
    "L", "=", "N", "let", " ", "\n", ";", "(", ")", "+", "-", "*", "/", "^", "**", ",", "1", "2.5", "1e9", "125M",
    "w_*", "w_", "sum", "exp", "max", "sum(", "prod(w_*", "<", "<=", "!=", "==", "<>", "and", "or", "not", "in",
    "in (", "'a'", "\"b\"", "`c d`", "'", "`", "#", "α", "²", "−", "\t", "\u{a0}", "\u{0}", "損", ".5", "1.",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens_are_survived(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), blank: bool) {
        survives(&pieces.join(if blank { " " } else { "" }));
    }

    #[test]
    fn a_printed_expression_parses_to_itself(e in arithmetic()) {
        let text = e.to_string();
        let again = parse_expression(&text).unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(bare(&again), e, "{}", text);
    }

    #[test]
    fn a_printed_condition_parses_to_itself(e in condition()) {
        let text = e.to_string();
        let again = parse_condition(&text).unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(bare(&again), e, "{}", text);
    }

    #[test]
    fn columns_evaluate_as_single_numbers_do(e in arithmetic(), table in table()) {
        let values = evaluate(&e, &table).unwrap();
        for (row, value) in values.iter().enumerate() {
            let expected = reference(&e, &table, row, "");
            prop_assert!(*value == expected || (value.is_nan() && expected.is_nan()), "{e} in {row}: {value}, {expected}");
        }
    }

    #[test]
    fn what_is_unknown_could_be_either(cells in prop::collection::vec(prop::option::of(0u8..3), 3), e in logic()) {
        // Fill the gaps in all ways: the answer is Unknown only if there is a gap, and a known answer never depends on it.
        let answer = |cells: &[Option<u8>]| {
            let column = |i: usize| Column::numbers(["a", "b", "c"][i], vec![cells[i].map_or(f64::NAN, f64::from)]);
            matches(&e, &Table::new("t", (0..3).map(column).collect(), vec![1])).unwrap()[0]
        };
        let given = answer(&cells);
        if cells.iter().all(Option::is_some) {
            prop_assert_ne!(given, Truth::Unknown);
        }
        for fill in 0..3 {
            let full: Vec<Option<u8>> = cells.iter().map(|c| c.or(Some(fill))).collect();
            prop_assert!(given == Truth::Unknown || given == answer(&full), "{e}");
        }
    }
}

/// Conditions on the columns a, b and c.
fn logic() -> impl Strategy<Value = Expr> {
    let text =
        (prop::sample::select(vec!["a", "b", "c"]), prop::sample::select(vec!["< 1", "= 1", "!= 2", "in (0, 2)"]));
    let leaf = text.prop_map(|(name, rest)| bare(&parse_condition(&format!("{name} {rest}")).unwrap()));
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            (prop::sample::select(vec![Binary::And, Binary::Or]), inner.clone(), inner.clone())
                .prop_map(|(op, x, y)| common::binary(op, x, y)),
            inner.prop_map(|x| common::expr(Kind::Unary(Unary::Not, Box::new(x)))),
        ]
    })
}

fn table() -> impl Strategy<Value = Table> {
    let groups = ["w_", "v_"].iter().flat_map(|p| SUFFIXES.iter().map(move |s| format!("{p}{s}")));
    let names: Vec<String> = NAMES.iter().map(ToString::to_string).chain(groups).collect();
    let cell = prop_oneof![8 => -3.0..3.0f64, 1 => Just(0.0), 1 => Just(f64::NAN)];
    prop::collection::vec(prop::collection::vec(cell, 3), names.len()).prop_map(move |cells| {
        let columns = names.iter().zip(cells).map(|(n, c)| Column::numbers(n, c)).collect();
        Table::new("random", columns, vec![1, 2, 3])
    })
}

/// One row, term by term.
fn reference(e: &Expr, table: &Table, row: usize, suffix: &str) -> f64 {
    let at = |e: &Expr| reference(e, table, row, suffix);
    let cell = |name: &str| table.column(name).unwrap().as_numbers().unwrap().values[row];
    let known = |xs: &[f64], value: f64| if xs.iter().any(|x| x.is_nan()) { f64::NAN } else { value };
    match &e.kind {
        Kind::Number(x) => *x,
        Kind::Name(name) => cell(name),
        Kind::Group(prefix) => cell(&format!("{prefix}{suffix}")),
        Kind::Unary(_, x) => -at(x),
        Kind::Binary(op, x, y) => {
            let (x, y) = (at(x), at(y));
            match op {
                Binary::Add => x + y,
                Binary::Sub => x - y,
                Binary::Mul => x * y,
                Binary::Div => x / y,
                _ => known(&[x, y], x.powf(y)),
            }
        }
        Kind::Call(function @ (Function::Sum | Function::Prod), body) => {
            let terms = SUFFIXES.iter().map(|s| reference(&body[0], table, row, s));
            if *function == Function::Sum { terms.fold(0.0, |x, y| x + y) } else { terms.fold(1.0, |x, y| x * y) }
        }
        Kind::Call(function, arguments) => {
            let xs: Vec<f64> = arguments.iter().map(at).collect();
            let x = xs[0];
            let value = match function {
                Function::Exp => x.exp(),
                Function::Expm1 => x.exp_m1(),
                Function::Ln => x.ln(),
                Function::Log1p => x.ln_1p(),
                Function::Log2 => x.log2(),
                Function::Log10 => x.log10(),
                Function::Sqrt => x.sqrt(),
                Function::Abs => x.abs(),
                Function::Min => xs.iter().fold(f64::INFINITY, |a, b| a.min(*b)),
                Function::Max => xs.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b)),
                Function::Sigmoid if x >= 0.0 => 1.0 / (1.0 + (-x).exp()),
                Function::Sigmoid => x.exp() / (1.0 + x.exp()),
                Function::Softplus if x > 0.0 => x + (-x).exp().ln_1p(),
                Function::Softplus => x.exp().ln_1p(),
                _ if xs[0].max(xs[1]).is_infinite() => xs[0].max(xs[1]),
                _ => xs[0].max(xs[1]) + (xs[0].min(xs[1]) - xs[0].max(xs[1])).exp().ln_1p(),
            };
            known(&xs, value)
        }
        Kind::Word(_) | Kind::In(..) => unreachable!(),
    }
}
