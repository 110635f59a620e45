//! JSON: an object per run, one after the other or in one array.

use std::borrow::Cow;
use std::fmt;

use isoloss_formula::Table;
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::error::quoted;
use crate::records::{Full, Records};
use crate::{Note, ReadError};

/// Reads objects whose keys are columns; nested keys are joined by `/`.
pub(crate) fn read(source: &str, text: &str, notes: &mut Vec<Note>) -> Result<Table, ReadError> {
    let quoted_text = quote_constants(text);
    let text: &str = &quoted_text;
    let mut records = Records::default();
    if text.trim_start().starts_with('[') {
        let rows: Vec<Flat> = serde_json::from_str(text).map_err(|e| broken(source, text, &e))?;
        for (i, row) in rows.iter().enumerate() {
            add(source, &mut records, row, i as u64 + 1)?;
        }
    } else {
        let (mut at, mut line) = (0, 1);
        let mut rows = serde_json::Deserializer::from_str(text).into_iter::<Flat>();
        loop {
            let begin = rows.byte_offset();
            let Some(row) = rows.next() else { break };
            let row = row.map_err(|e| broken(source, text, &e))?;
            let begin = begin + (text[begin..].len() - text[begin..].trim_start().len());
            line += text.as_bytes()[at..begin].iter().filter(|b| **b == b'\n').count() as u64;
            at = begin;
            add(source, &mut records, &row, line)?;
        }
    }
    records.table(source, notes)
}

fn add(source: &str, records: &mut Records, row: &Flat, line: u64) -> Result<(), ReadError> {
    records.row(line);
    match row.0.iter().find_map(|(key, cell)| Some((key, records.put(key, cell).err()?))) {
        None => Ok(()),
        Some((_, Full::Large)) => Err(Records::too_large(source).at(line)),
        Some((key, Full::Twice)) => {
            let error = ReadError::new(source, format!("the key {} stands twice in this row", quoted(key)));
            Err(error.at(line).hint("rename or remove one of them: which one is meant cannot be guessed"))
        }
    }
}

fn broken(source: &str, text: &str, error: &serde_json::Error) -> ReadError {
    // serde_json repeats the place at the end of its message; it stands in front already.
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let line = (error.line() as u64).max(1);
    let last = line >= text.trim_end().lines().count() as u64;
    let hint = match (limit(said), error.is_eof() || (last && error.is_syntax())) {
        (Some(limit), _) => limit,
        (None, true) => "the last row is cut off: was its writer killed? Remove it, or let it finish",
        (None, false) => "one JSON object per run is expected: {\"N\": 1e6, \"D\": 2e7, \"loss\": 3.1}",
    };
    ReadError::new(source, format!("this is no JSON row: {said}")).at(line).column(error.column() as u64).hint(hint)
}

/// What to do where text is whole, but more than is read.
pub(crate) fn limit(said: &str) -> Option<&'static str> {
    match said {
        "number out of range" => Some("a number is at most 1.8e308: write null where there is none"),
        said if said.starts_with("a key is longer") => Some("a key names a column: write what it says into a cell"),
        "recursion limit exceeded" => Some("objects and lists may lie 127 deep: write a row with fewer levels"),
        _ => None,
    }
}

/// Python writes `NaN` and `Infinity` bare, which is no JSON: quoted, they become words like any other.
pub(crate) fn quote_constants(text: &str) -> Cow<'_, str> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    let (mut inside, mut copied, mut i) = (false, 0, 0);
    let bytes = text.as_bytes();
    while i < bytes.len() {
        match bytes[i] {
            b'\\' if inside => i += 1,
            b'"' => inside = !inside,
            b'N' | b'I' | b'-' if !inside => {
                if let Some(word) =
                    ["NaN", "Infinity", "-Infinity"].iter().find(|w| bytes[i..].starts_with(w.as_bytes()))
                {
                    out.push_str(&text[copied..i]);
                    out.push_str(&format!("\"{word}\""));
                    i += word.len();
                    copied = i;
                    continue;
                }
            }
            _ => {}
        }
        i += 1;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// One row: paths of keys and the text of their cells.
struct Flat(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Row;
        impl<'de> Visitor<'de> for Row {
            type Value = Flat;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one key per column")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Flat, A::Error> {
                let mut cells = Vec::new();
                Cell { path: String::new(), cells: &mut cells }.visit_map(map)?;
                Ok(Flat(cells))
            }
        }
        deserializer.deserialize_map(Row)
    }
}

/// A key with all that it lies below: each cell repeats it.
const LONGEST: usize = 1000;

/// A value below a key, written as a cell or, if it is an object, as several.
struct Cell<'a> {
    path: String,
    cells: &'a mut Vec<(String, String)>,
}

impl Cell<'_> {
    fn is(self, text: impl Into<String>) {
        self.cells.push((self.path, text.into()));
    }
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        self.is(v.to_string());
        Ok(())
    }
    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        self.is(v.to_string());
        Ok(())
    }
    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        self.is(v.to_string());
        Ok(())
    }
    fn visit_f64<E>(self, v: f64) -> Result<(), E> {
        // Debug writes 1e300, not three hundred zeros, and reads back to the same bits.
        self.is(format!("{v:?}"));
        Ok(())
    }
    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        self.is(v);
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.is("");
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        let list = serde_json::Value::deserialize(SeqAccessDeserializer::new(seq))?;
        self.is(list.to_string());
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let path = if self.path.is_empty() { key.into_owned() } else { format!("{}/{key}", self.path) };
            if path.len() > LONGEST {
                return Err(A::Error::custom(format_args!("a key is longer than {LONGEST} characters")));
            }
            map.next_value_seed(Cell { path, cells: self.cells })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        read("x.jsonl", text, &mut Vec::new()).unwrap()
    }

    #[test]
    fn rows_of_objects() {
        let t = table(
            "{\"N\": 1, \"config\": {\"lr\": 1e-3, \"ok\": true}}\n\n{\"N\": \"2M\", \"L\": null, \"w\": [1, \"a\"]}\n",
        );
        let names: Vec<&str> = t.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["N", "config/lr", "config/ok", "L", "w"]);
        assert_eq!(t.column("N").unwrap().as_numbers().unwrap().values, [1.0, 2e6]);
        assert_eq!(t.column("config/ok").unwrap().text(0), "true");
        assert_eq!(t.column("w").unwrap().text(1), "[1,\"a\"]");
        assert_eq!((t.line(0), t.line(1)), (1, 3));
        let array = table("[{\"N\": 1},\n {\"N\": 2}]");
        assert_eq!((array.len(), array.line(1)), (2, 2));
        assert_eq!(table("{\n\"N\": 1\n}\n{\n\"N\": 2\n}").line(1), 4);
    }

    #[test]
    fn what_python_writes() {
        let t = table("{\"L\": NaN, \"s\": \"NaN \\\" Infinity\"}\n{\"L\": -Infinity}\n{\"L\": 2.5}\n");
        assert_eq!(t.column("L").unwrap().text(1), "-Infinity");
        assert_eq!(t.column("L").unwrap().as_numbers().unwrap().values[2], 2.5);
        assert_eq!(t.column("s").unwrap().text(0), "NaN \" Infinity");
    }

    #[test]
    fn errors_name_the_place() {
        let say = |text: &str| read("x.jsonl", text, &mut Vec::new()).unwrap_err().to_string();
        assert!(
            say("{\"N\": 1}\n{\"N\": oops}\n{\"N\": 1}")
                .starts_with("x.jsonl:2:7: this is no JSON row: expected value")
        );
        assert!(say("{\"N\": 1}\n{\"N\": 1, ").contains("killed"));
        let deep = "[".repeat(200) + &"]".repeat(200);
        for (cell, hint) in [("1e999", "at most 1.8e308"), (deep.as_str(), "fewer levels")] {
            let said = say(&format!("{{\"N\": {cell}}}"));
            assert!(said.contains(hint) && !said.contains("killed"), "{said}");
        }
        assert!(say("[1, 2]").contains("an object with one key per column"));
        assert!(say("{\"a/b\": 1, \"a\": {\"b\": 2}}").contains("`a/b` stands twice"));
        assert!(say("[]").contains("no row"));
    }
}
