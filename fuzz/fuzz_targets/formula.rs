//! Any text, through every reader of `isoloss-formula`: no panic, and what is accepted prints to something accepted.

#![no_main]

use isoloss_formula::{parse_condition, parse_expression, parse_formula, parse_number, unit_of_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse_formula(text) {
        Ok(law) => {
            let printed = law.to_string();
            // Blanks that printing adds can carry a text over its limit.
            if printed.len() < 64 * 1024 {
                assert_eq!(parse_formula(&printed).expect("a printed law parses").to_string(), printed);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    for parse in [parse_expression, parse_condition] {
        match parse(text) {
            Ok(expr) => {
                let printed = expr.to_string();
                if printed.len() < 64 * 1024 {
                    assert_eq!(parse(&printed).expect("a printed expression parses").to_string(), printed);
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    unit_of_header(text);
    if let Some(number) = parse_number(text) {
        assert!(number.is_finite());
    }
});
