//! What stands in a cell, so that a person reads it and nothing is lost.
//!
//! A number, true, false and null are as JSON writes them: `1` and `1.0` are two configs, and stay two. Text stands bare
//! unless it would be read as something else (`1`, `null`) or would break the line; then it stands in JSON's quotes. A
//! blank cell is nothing at all.

use serde_json::Value;

use super::columns::Kind;

/// The text of a cell.
pub(crate) fn text(value: &Value, kind: Option<Kind>) -> String {
    match (value, kind) {
        (Value::String(text), Some(Kind::Text)) if text.is_empty() => String::new(),
        (Value::String(text), Some(_)) => {
            if text.starts_with('"') || !stands_bare(text) {
                value.to_string()
            } else {
                text.clone()
            }
        }
        (Value::String(text), None) if stands_bare(text) && serde_json::from_str::<Value>(text).is_err() => {
            text.clone()
        }
        (other, _) => crate::record::canonical(other),
    }
}

/// The value in a cell; none if it is blank.
pub(crate) fn value(cell: &str, kind: Option<Kind>) -> Result<Option<Value>, String> {
    let json = || serde_json::from_str::<Value>(cell).ok();
    let text = || Value::from(cell);
    Ok(match kind {
        Some(Kind::Text) if cell.is_empty() => Some(text()),
        Some(Kind::Measured) if cell.is_empty() => Some(Value::from(0)),
        _ if cell.is_empty() => None,
        Some(Kind::Text | Kind::MaybeText) => Some(json().filter(|v| v.is_string()).unwrap_or_else(text)),
        Some(_) => Some(json().filter(Value::is_number).ok_or("no number")?),
        None => Some(json().unwrap_or_else(text)),
    })
}

/// Text that survives a line of CSV and those who edit it: not empty, one line, no blanks at its ends.
fn stands_bare(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_read_back_as_it_was() {
        let values = [
            json!(1),
            json!(1.0),
            json!(-0.0),
            json!(1e22),
            json!(u64::MAX),
            json!(true),
            json!(null),
            json!(""),
            json!("adamw"),
            json!("1"),
            json!("true"),
            json!("\"x\""),
            json!(" a"),
            json!("a\nb"),
            json!("[1"),
            json!([1, "a"]),
            json!({}),
            json!({ "a": [] }),
            json!("\u{7f}"),
            json!("🙂, \"so\""),
        ];
        for value_in in values {
            let cell = text(&value_in, None);
            assert_eq!(value(&cell, None), Ok(Some(value_in.clone())), "{cell}");
            if value_in.is_string() {
                let cell = text(&value_in, Some(Kind::MaybeText));
                assert_eq!(value(&cell, Some(Kind::MaybeText)), Ok(Some(value_in)), "{cell}");
            }
        }
        assert_eq!(text(&json!("1"), Some(Kind::Text)), "1");
        assert_eq!(value("ten", Some(Kind::Number)), Err("no number".into()));
    }
}
