//! What makes two runs the same run: the hash of everything that determines the loss.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of an id.
const DIGITS: usize = 20;

/// The id of a run: 20 hexadecimal digits of SHA-256 over the [`canonical`] form of its config, the hash of its data and
/// the engine's `numerics`.
pub fn identity(config: &Value, data_hash: &str, numerics: u32) -> String {
    // The canonical form of an object of the three; their keys are in order.
    let (config, data) = (canonical(config), Value::from(data_hash));
    fingerprint(format!("{{\"config\":{config},\"data\":{data},\"numerics\":{numerics}}}").as_bytes())
}

/// Whether a text is an id: 20 hexadecimal digits in lower case, and nothing else. Ids name folders, so this is asked
/// before the disk is.
pub fn is_id(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first 20 hexadecimal digits of the SHA-256 of some bytes.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(DIGITS / 2).fold(String::with_capacity(DIGITS), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// JSON with sorted keys and no spaces; a number is written as the shortest text that reads back as it.
pub fn canonical(value: &Value) -> String {
    let mut text = Vec::new();
    write_canonical(value, &mut text);
    String::from_utf8(text).expect("JSON is text")
}

/// Without a text for every part: a store of many runs computes many ids.
fn write_canonical(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<(&String, &Value)> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            text.push(b'{');
            for (i, (key, value)) in pairs.into_iter().enumerate() {
                text.extend((i > 0).then_some(b','));
                write_scalar(key, text);
                text.push(b':');
                write_canonical(value, text);
            }
            text.push(b'}');
        }
        Value::Array(items) => {
            text.push(b'[');
            for (i, item) in items.iter().enumerate() {
                text.extend((i > 0).then_some(b','));
                write_canonical(item, text);
            }
            text.push(b']');
        }
        other => write_scalar(other, text),
    }
}

fn write_scalar(value: &impl Serialize, text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("memory takes all, and a text, a number or a word is JSON");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_is_nothing_and_everything_else_counts() {
        let [a, b] = [json!({ "a": 1, "b": [0.1, "x"] }), json!({ "b": [0.1, "x"], "a": 1 })];
        assert_eq!(identity(&a, "h", 1), identity(&b, "h", 1));
        assert_eq!(canonical(&a), r#"{"a":1,"b":[0.1,"x"]}"#);
        let others = [
            identity(&json!({ "a": 2, "b": [0.1, "x"] }), "h", 1),
            identity(&json!({ "a": 1, "b": [0.1, "x"], "c": null }), "h", 1),
            identity(&a, "other", 1),
            identity(&a, "h", 2),
        ];
        assert!(others.iter().all(|id| *id != identity(&a, "h", 1) && id.len() == 20));
    }

    /// Ids name folders of runs that were paid for: they may not move with a version of a library.
    #[test]
    fn an_id_does_not_move() {
        let config = json!({ "lr": 0.012, "steps": 192, "model": { "kind": "transformer", "tied": false } });
        assert_eq!(identity(&config, "abc", 1), "3ce22a2abe04747d2192");
    }

    #[test]
    fn what_names_a_folder_is_twenty_digits() {
        assert!(is_id("3ce22a2abe04747d2192"));
        for text in
            ["", "3ce22a2abe04747d219", "3CE22A2ABE04747D2192", "../../etc/passwd/0000", "3ce22a2abe04747d219\n"]
        {
            assert!(!is_id(text), "{text:?}");
        }
        assert!(!is_id("3ce22a2abe04747d2192\n") && !is_id("3ce22a2abe04747d219é"));
    }
}
