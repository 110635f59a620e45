//! The names of columns: each one given, each one once.

use std::collections::HashMap;

use crate::error::{listed, quoted};
use crate::{Note, ReadError};

/// Names the unnamed and refuses a name that stands twice.
pub(crate) fn settle(
    source: &str,
    line: u64,
    raw: Vec<String>,
    notes: &mut Vec<Note>,
) -> Result<Vec<String>, ReadError> {
    let mut names = Vec::with_capacity(raw.len());
    let mut unnamed = Vec::new();
    for (i, name) in raw.into_iter().enumerate() {
        if name.is_empty() {
            // What pandas writes for its index, and what a comma at the end of each line makes.
            unnamed.push(i + 1);
            names.push(format!("column {}", i + 1));
        } else {
            names.push(name);
        }
    }
    if let [first, others @ ..] = &unnamed[..] {
        let text = match others {
            [] => format!("column {first} has no header: named `column {first}`"),
            _ => format!("columns {} have no header: the first is named `column {first}`", listed(&unnamed, 6)),
        };
        notes.push(Note::new("unnamed", text));
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (i, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name, i) {
            let text = format!("the header {} stands twice, in columns {} and {}", quoted(name), first + 1, i + 1);
            let error = ReadError::new(source, text).at(line);
            return Err(error.hint("rename or remove one of them: which one is meant cannot be guessed"));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let raw = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        let mut notes = Vec::new();
        assert_eq!(settle("x", 1, raw(&["", "N"]), &mut notes).unwrap(), ["column 1", "N"]);
        assert_eq!(notes.len(), 1);
        settle("x", 1, raw(&[""; 2000]), &mut notes).unwrap();
        assert_eq!(notes.len(), 2);
        assert!(notes[1].text.starts_with("columns 1, 2, 3, 4, 5, 6 and 1994 more have no header"), "{}", notes[1]);
        let error = settle("x.csv", 1, raw(&["N", "loss", "N"]), &mut notes).unwrap_err();
        assert!(error.to_string().starts_with("x.csv:1: the header `N` stands twice, in columns 1 and 3"), "{error}");
    }
}
