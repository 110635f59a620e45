//! Texts that are too long, too deep or too many: an error, in little stack and time, never an overflow.

use isoloss_formula::{Column, Expr, Table, evaluate, matches, parse_condition, parse_expression, parse_formula};

/// On a thread with as little stack as threads have by default; a stack overflow would abort the tests.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

fn table() -> Table {
    Table::new("t", vec![Column::numbers("a", vec![1.0, 2.0])], vec![2, 3])
}

fn message(text: String) -> String {
    on_a_small_stack(move || parse_condition(&format!("{text} > 0")).unwrap_err().message)
}

#[test]
fn long_chains_of_terms_are_refused_before_they_hurt() {
    for op in [" + ", " - ", "*", "/"] {
        let refused = |n: usize| message(vec!["a"; n].join(op.trim()));
        assert_eq!(refused(10_000), "a chain of more than 500 terms");
        assert_eq!(refused(501), "a chain of more than 500 terms");
    }
    let refused = |op: &'static str| message(vec!["a > 0"; 6_000].join(op));
    assert_eq!(refused(" and "), "a chain of more than 500 terms");
    assert_eq!(refused(" or "), "a chain of more than 500 terms");
}

#[test]
fn the_longest_chain_fits_on_a_small_stack() {
    on_a_small_stack(|| {
        let e: Expr = parse_expression(&vec!["a"; 500].join(" + ")).unwrap();
        assert_eq!(evaluate(&e, &table()).unwrap(), [500.0, 1000.0]);
        assert_eq!(parse_expression(&e.to_string()).unwrap(), e.clone());
        assert_eq!(e.names(), ["a"]);
        assert!(format!("{e:?}").len() > 1000);
        let c = parse_condition(&vec!["a > 1"; 499].join(" or ")).unwrap();
        assert_eq!(matches(&c, &table()).unwrap().len(), 2);
        assert_eq!(parse_condition(&c.to_string()).unwrap(), c);
    });
}

#[test]
fn deep_nesting_is_refused() {
    let n = 6_000; // times ten characters: just under the limit of the text
    for text in ["(", "-", "--", "exp(", "(-", "max(a, ", "a*(", "a^(", "a^", "a^-"] {
        assert_eq!(message(format!("{}a", text.repeat(n))), "nested more than 200 deep", "{text}");
    }
    assert_eq!(
        on_a_small_stack(move || parse_condition(&"not ".repeat(n)).unwrap_err().message),
        "nested more than 200 deep"
    );
    for text in [")", "^", "=", "let ", "`a", "'a", "a = ", "\n", ";", ",", "a ", "1 ", "in ", "#"] {
        let text = text.repeat(n);
        on_a_small_stack(move || {
            parse_formula(&text).unwrap_err().to_string();
            parse_expression(&text).unwrap_err().to_string();
            parse_condition(&text).unwrap_err().to_string();
        });
    }
}

#[test]
fn the_deepest_nesting_fits_on_a_small_stack() {
    on_a_small_stack(|| {
        // Every level of precedence at every level of nesting.
        let open = "a > 0 or a > 0 and not (";
        let text = format!("{}a > 0{}", open.repeat(100), ")".repeat(100));
        let e = parse_condition(&text).unwrap();
        assert_eq!(matches(&e, &table()).unwrap().len(), 2);
        assert_eq!(parse_condition(&e.to_string()).unwrap().to_string(), e.to_string());
        let text = format!("{}a{}", "a + a*(-a^(".repeat(49), "))".repeat(49));
        let e = parse_expression(&text).unwrap();
        evaluate(&e, &table()).unwrap();
        assert_eq!(parse_expression(&e.to_string()).unwrap().to_string(), e.to_string());
    });
}

#[test]
fn too_much_text_and_too_many_terms_are_refused() {
    let long = format!("L = {}", " ".repeat(64 * 1024));
    assert_eq!(
        parse_formula(&long).unwrap_err().to_string(),
        "the text is 65540 bytes long, more than 65536\nhint: a formula is a few lines long"
    );
    let many = format!("max({})", vec!["a"; 10_001].join(","));
    assert_eq!(parse_expression(&many).unwrap_err().message, "more than 10000 terms");
    let list = format!("a in ({})", vec!["1"; 9_000].join(","));
    assert_eq!(matches(&parse_condition(&list).unwrap(), &table()).unwrap().len(), 2);
}

#[test]
fn sums_inside_sums_are_evaluated_once() {
    // Evaluated anew for each of 8 suffixes, 40 levels would take 8^40 steps.
    let columns = (0..8).map(|i| Column::numbers(format!("w_{i}"), vec![0.125])).collect();
    let table = Table::new("t", columns, vec![1]);
    let e = parse_expression(&format!("{}1{}", "sum(w_* * ".repeat(40), ")".repeat(40))).unwrap();
    assert_eq!(evaluate(&e, &table).unwrap(), [1.0]);
}
