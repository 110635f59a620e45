//! The whole text that a user sees after a typo, as it stands in `typos.txt`: `== law: what was typed`, then the answer.
//! In what was typed, `⏎` is a new line.

use isoloss_formula::{Column, Table, evaluate, matches, parse_condition, parse_expression, parse_formula, scalar};

fn table() -> Table {
    let mut columns: Vec<Column> = ["N", "Model Size (B)", "val_loss", "w_a", "w_b", "v_a", "v_c"]
        .map(|name| Column::numbers(name, vec![1.0, 2.0]))
        .into();
    columns.push(Column::words("family", vec![String::new(), "mla".to_owned()]));
    Table::new("runs.csv", columns, vec![2, 3])
}

fn answer(what: &str, text: &str) -> String {
    let error = |e: Option<&dyn std::error::Error>| e.map_or("it is accepted".to_owned(), ToString::to_string);
    match what {
        "law" => error(parse_formula(text).err().as_ref().map(|e| e as _)),
        "condition" => error(parse_condition(text).err().as_ref().map(|e| e as _)),
        "expression" => error(parse_expression(text).err().as_ref().map(|e| e as _)),
        _ => {
            let failed = match what {
                "evaluated" => evaluate(&parse_expression(text).unwrap(), &table()).err(),
                "matched" => matches(&parse_condition(text).unwrap(), &table()).err(),
                "constant" => scalar(&parse_expression(text).unwrap(), |_| None).err(),
                _ => panic!("{what}: no such kind of typo"),
            };
            error(failed.map(|e| e.with_source(text)).as_ref().map(|e| e as _))
        }
    }
}

#[test]
fn typos_get_the_answers_written_down() {
    let mut cases = 0;
    for block in include_str!("typos.txt").trim_start_matches("== ").split("\n== ") {
        let (head, expected) = block.split_once('\n').unwrap();
        let (what, text) = head.split_once(": ").unwrap_or((head.trim_end_matches(':'), ""));
        let text = text.replace('⏎', "\n");
        let answer = answer(what, &text);
        assert_eq!(answer, expected.trim_end(), "\n{what}: {text}");
        let parsed = ["law", "condition", "expression"].contains(&what) && answer != "it is accepted";
        assert!(!parsed || answer.contains("\nhint: "), "{what}: {text}: {answer}");
        cases += 1;
    }
    assert!(cases >= 100, "only {cases}");
}
