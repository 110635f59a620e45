//! Precedence, functions, groups and the logic of three values, by examples worked by hand.

use isoloss_formula::Truth::{No, Unknown, Yes};
use isoloss_formula::{
    Column, Table, Truth, evaluate, matches, parse_condition, parse_expression, parse_formula, scalar,
};

fn value(text: &str) -> f64 {
    scalar(&parse_expression(text).unwrap(), |name| {
        [("N", 8.0), ("inf", f64::INFINITY)].into_iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    })
    .unwrap()
}

fn table() -> Table {
    let columns = vec![
        Column::numbers("N", vec![1.0, 2.0, f64::NAN]),
        Column::numbers("val loss", vec![3.0, 2.0, 1.0]),
        Column::words("family", ["mla", "kda", ""].map(str::to_owned).into()),
        Column::numbers("w_code", vec![0.5, 0.25, 0.0]),
        Column::numbers("t_web", vec![2.0, 2.0, 2.0]),
        Column::numbers("w_web", vec![0.5, 0.75, 1.0]),
        Column::numbers("t_code", vec![4.0, 4.0, 4.0]),
    ];
    Table::new("runs.csv", columns, vec![2, 3, 4])
}

fn each(text: &str) -> Vec<f64> {
    evaluate(&parse_expression(text).unwrap(), &table()).unwrap()
}

fn rows(text: &str) -> Vec<Truth> {
    matches(&parse_condition(text).unwrap(), &table()).unwrap()
}

#[test]
fn precedence() {
    for (text, expected) in [
        ("2^-3^2", 2f64.powi(-9)),
        ("2^3^2", 512.0),
        ("-2^2", -4.0),
        ("(-2)^2", 4.0),
        ("2^-1*4", 2.0),
        ("2*-3", -6.0),
        ("-2*3 - -1", -5.0),
        ("1 - 2 - 3", -4.0),
        ("8/4/2", 1.0),
        ("8/(4/2)", 4.0),
        ("1 + 2*3", 7.0),
        ("--2", 2.0),
        ("N^-1", 0.125),
        ("1\n+ 2 # three\n", 3.0),
        ("125M", 125e6),
        ("2.5B/1k", 2.5e6),
        ("70e9 + .5", 70e9 + 0.5),
        ("0.1M", 1e5),
        ("0^0.3", 0.0),
        ("max(1, 3, 2) - min(4, 3)", 0.0),
        ("log2(N) + log10(100) + ln(exp(1))", 6.0),
        ("1/inf", 0.0),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    assert!(value("ln(0 - 1)").is_nan());
}

#[test]
fn columns_and_missing_numbers() {
    assert_eq!(each("N*2 + `val loss`")[..2], [5.0, 6.0]);
    assert!(each("N*2 + `val loss`")[2].is_nan());
    assert!(each("N^0")[2].is_nan());
    assert_eq!(each("7"), [7.0, 7.0, 7.0]);
}

#[test]
fn groups_pair_by_their_endings_whatever_the_order_of_columns() {
    assert_eq!(each("sum(w_*)"), [1.0, 1.0, 1.0]);
    assert_eq!(each("sum(w_* * t_*)"), [3.0, 2.5, 2.0]);
    assert_eq!(each("prod(t_*^w_*)"), [8f64.sqrt(), 2f64.powf(0.75) * 4f64.powf(0.25), 2.0]);
    assert_eq!(each("sum(w_* / sum(w_*))"), [1.0, 1.0, 1.0]);
    assert_eq!(each("sum(w_* * `val loss`)"), [3.0, 2.0, 1.0]);
}

#[test]
fn conditions() {
    assert_eq!(rows("`val loss` < 2.5 and family = 'kda'"), [No, Yes, No]);
    assert_eq!(rows("family = \"mla\" or family == 'kda'"), [Yes, Yes, No]);
    assert_eq!(rows("family != 'mla'"), [No, Yes, Yes]);
    assert_eq!(rows("family <> 'mla'"), [No, Yes, Yes]);
    assert_eq!(rows("family in ('mla', 'x')"), [Yes, No, No]);
    assert_eq!(rows("family not in ('mla', 'x')"), [No, Yes, Yes]);
    assert_eq!(rows("family = ''"), [No, No, Yes]);
    assert_eq!(rows("N in (1, -2)"), [Yes, No, Unknown]);
    assert_eq!(rows("not N in (1, 3)"), [No, Yes, Unknown]);
    assert_eq!(rows("N = 1"), [Yes, No, Unknown]);
    assert_eq!(rows("N != 1"), [No, Yes, Unknown]);
    assert_eq!(rows("N = 1 or `val loss` < 2"), [Yes, No, Yes]);
    assert_eq!(rows("N = 1 and `val loss` < 2"), [No, No, Unknown]);
    assert_eq!(rows("N = 1 and `val loss` > 2"), [Yes, No, No]);
    assert_eq!(rows("not (N > 1 or N < 1)"), [Yes, No, Unknown]);
    assert_eq!(rows("not N > 1 and N + 1 >= 2"), [Yes, No, Unknown]);
    assert_eq!(rows("1 < 2"), [Yes, Yes, Yes]);
    assert_eq!(rows("'a' = 'a' and (N) <= (2)"), [Yes, Yes, Unknown]);
}

#[test]
fn laws_with_lets_over_lines_and_comments() {
    let text =
        "# a law\nlet n = N/1e9  # billions\nlet d = D /\n  1e9; let s = n*d\n\nL = E\n  + A*n^-alpha\n  + B*s;\n";
    let law = parse_formula(text).unwrap();
    assert_eq!(law.source, text);
    assert_eq!(law.target, "L");
    assert_eq!(law.names(), ["N", "D", "E", "A", "alpha", "B"]);
    let printed = "let n = N/1000000000\nlet d = D/1000000000\nlet s = n*d\nL = E + A*n^-alpha + B*s";
    assert_eq!(law.to_string(), printed);
    let span = law.body.span;
    assert_eq!(&text[span.start..span.end], "E\n  + A*n^-alpha\n  + B*s");
}

#[test]
fn printing_keeps_only_needed_parentheses() {
    for (text, printed) in [
        ("((a)+(b*c))", "a + b*c"),
        ("(a+b)*c", "(a + b)*c"),
        ("a-(b-c)", "a - (b - c)"),
        ("a/(b*c)", "a/(b*c)"),
        ("(a^b)^c", "(a^b)^c"),
        ("a^(b^c)", "a^b^c"),
        ("(-a)^2", "(-a)^2"),
        ("-(a^2)", "-a^2"),
        ("a^(-b)", "a^-b"),
        ("a^(b*c)", "a^(b*c)"),
        ("a*(-b)", "a*-b"),
        ("-(a*b)", "-(a*b)"),
        ("sum(w_* * 2)", "sum(w_* * 2)"),
        ("w_ * 2", "w_ * 2"),
        ("`a b` + `c`", "`a b` + c"),
        ("125M*1e300", "125000000*1e300"),
    ] {
        assert_eq!(parse_expression(text).unwrap().to_string(), printed, "{text}");
    }
    for (text, printed) in [
        ("not(a<1)", "not a < 1"),
        ("not(a<1 and b<1)", "not (a < 1 and b < 1)"),
        ("(a<1 and b<1)or c==1", "a < 1 and b < 1 or c = 1"),
        ("a<1 and(b<1 or c<>1)", "a < 1 and (b < 1 or c != 1)"),
        ("not a in (1,-2)", "a not in (1, -2)"),
        ("a = \"it's\"", "a = 'it''s'"),
    ] {
        assert_eq!(parse_condition(text).unwrap().to_string(), printed, "{text}");
    }
}
