//! What makes two runs the same run: the hash of everything that determines the loss.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The id of a run: 20 hexadecimal digits of SHA-256 over the [`canonical`] form of its config, the hash of its data and
/// the engine's `numerics`.
pub fn identity(config: &Value, data_hash: &str, numerics: u32) -> String {
    let text = canonical(&json!({ "config": config, "data": data_hash, "numerics": numerics }));
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

/// JSON with sorted keys and no spaces; a number is written as the shortest text that reads back as it.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let pair = |key: &&String| format!("{}:{}", Value::from(key.as_str()), canonical(&map[key.as_str()]));
            format!("{{{}}}", keys.iter().map(pair).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
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
}
