//! Which column holds what of a record: a list for what every record has, a rule for what only some have.
//!
//! A column stands for a path in the record, so that the same list writes a table and reads it back. The rule:
//!
//! | in the record | column |
//! |---|---|
//! | `config.model.d_model` | `model.d_model` |
//! | `config.seed`, `config.data.x` | as it is: one word would look like a measure, and `data` is taken |
//! | `result.per_set.web` | `loss_web` |
//! | `result.measures.recall` | `recall` |
//! | `data.hash`, `result.spikes` | as they are |
//! | any other key `k` | `run.k` |
//!
//! A set or a measure whose column would be taken or hard to tell has a column with its full path. A part of a path that
//! is no plain word stands in JSON's quotes: `model."a.b"`.

/// What a column of the list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text; a blank cell is the empty text.
    Text,
    /// Text, or nothing.
    MaybeText,
    /// A number, or nothing.
    Number,
    /// A number; what was not measured is 0 in the record and blank in the table.
    Measured,
    /// A count for fits, which follows from the others: one that a convention chooses, or one of a loop, where there is one.
    Chosen,
}

/// A column that every table has.
pub(crate) struct Fixed {
    /// The header.
    pub(crate) name: &'static str,
    /// Where it stands in a record.
    pub(crate) path: &'static [&'static str],
    /// What it holds.
    pub(crate) kind: Kind,
}

const fn fixed(name: &'static str, path: &'static [&'static str], kind: Kind) -> Fixed {
    Fixed { name, path, kind }
}

/// The columns of every table, in the order of a table: what a reader looks for first, first.
pub(crate) const FIXED: [Fixed; 42] = [
    fixed("id", &["id"], Kind::Text),
    fixed("state", &["state", "name"], Kind::Text),
    fixed("reason", &["state", "reason"], Kind::MaybeText),
    fixed("question", &["question"], Kind::Text),
    fixed("family", &["family"], Kind::Text),
    fixed("rung", &["rung"], Kind::Text),
    fixed("seed", &["seed"], Kind::Number),
    fixed("N", &[], Kind::Chosen),
    fixed("D", &[], Kind::Chosen),
    fixed("C", &[], Kind::Chosen),
    fixed("N_once", &[], Kind::Chosen),
    fixed("N_rec", &[], Kind::Chosen),
    fixed("r", &[], Kind::Chosen),
    fixed("loss", &["result", "loss"], Kind::Number),
    fixed("loss_stderr", &["result", "loss_stderr"], Kind::Number),
    fixed("bits_per_byte", &["result", "bits_per_byte"], Kind::Number),
    fixed("params_stored", &["counts", "stored"], Kind::Number),
    fixed("params_effective", &["counts", "effective"], Kind::Number),
    fixed("params_active", &["counts", "active"], Kind::Number),
    fixed("params_recurrent", &["counts", "recurrent"], Kind::Number),
    fixed("params_embedding", &["counts", "embedding"], Kind::Number),
    fixed("params_head", &["counts", "head"], Kind::Number),
    fixed("params_non_embedding", &["counts", "non_embedding"], Kind::Number),
    fixed("flops_counted", &["counts", "flops_counted"], Kind::Number),
    fixed("flops_full", &["counts", "flops_full"], Kind::Number),
    fixed("flops_executed", &["counts", "flops_executed"], Kind::Number),
    fixed("flops_6nd", &["counts", "flops_6nd"], Kind::Number),
    fixed("tokens", &["counts", "tokens"], Kind::Number),
    fixed("cache_per_token", &["counts", "cache_per_token"], Kind::Number),
    fixed("cache_fixed", &["counts", "cache_fixed"], Kind::Number),
    fixed("steps", &["state", "step"], Kind::Number),
    fixed("data", &["data", "name"], Kind::Text),
    fixed("entropy", &["data", "entropy"], Kind::Number),
    fixed("wall_s", &["cost", "wall_s"], Kind::Measured),
    fixed("cpu_s", &["cost", "cpu_s"], Kind::Measured),
    fixed("peak_bytes", &["cost", "peak_bytes"], Kind::Measured),
    fixed("trunk", &["trunk"], Kind::MaybeText),
    fixed("machine", &["machine"], Kind::Text),
    fixed("program", &["program"], Kind::Text),
    fixed("numerics", &["numerics"], Kind::Number),
    fixed("created", &["created"], Kind::Text),
    fixed("finished", &["finished"], Kind::MaybeText),
];

/// First words of columns with their full path; a config with such a key has `config.` in front.
const FULL: [&str; 6] = ["config", "data", "result", "state", "counts", "cost"];
/// In front of keys of the record that nothing above stands for.
const OTHER: &str = "run";

/// The column of the list of that name.
pub(crate) fn of_name(name: &str) -> Option<&'static Fixed> {
    FIXED.iter().find(|fixed| fixed.name == name)
}

/// Some column of the list stands for this path.
pub(crate) fn is_fixed(path: &[String]) -> bool {
    FIXED.iter().any(|fixed| !fixed.path.is_empty() && fixed.path.iter().eq(path))
}

/// The column for a path of a record that is not in the list.
pub(crate) fn name(path: &[String]) -> String {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let short = match words[..] {
        ["config", first, _, ..] if !FULL.contains(&first) && first != OTHER => Some(joined(&path[1..])),
        ["result", "per_set", set] if is_plain(set) => Some(format!("loss_{set}")),
        ["result", "measures", measure] if is_plain(measure) && !measure.starts_with("loss_") => Some(measure.into()),
        [first, ..] if !FULL.contains(&first) => return format!("{OTHER}.{}", joined(path)),
        _ => None,
    };
    // A first word in quotes could not be told from a header that a person wrote.
    let free = |name: &String| of_name(name).is_none() && path_of(name).as_deref() == Some(path);
    short.filter(free).unwrap_or_else(|| joined(path))
}

/// The path of a record that a column stands for, if it is not in the list; none if the name is no path.
pub(crate) fn path_of(name: &str) -> Option<Vec<String>> {
    let under = |front: &[&str], rest: Vec<String>| front.iter().map(|s| (*s).to_owned()).chain(rest).collect();
    let parts = split(name)?;
    Some(match (parts[0].as_str(), parts.len()) {
        (OTHER, 2..) => parts[1..].to_vec(),
        (first, _) if FULL.contains(&first) => parts,
        (first, 1) => match first.strip_prefix("loss_") {
            Some(set) => under(&["result", "per_set"], vec![set.to_owned()]),
            None => under(&["result", "measures"], parts),
        },
        _ => under(&["config"], parts),
    })
}

fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.trim() == part && !part.contains(|c: char| c == '.' || c == '"' || c.is_control())
}

fn joined(path: &[String]) -> String {
    let part =
        |part: &String| if is_plain(part) { part.clone() } else { serde_json::Value::from(part.as_str()).to_string() };
    path.iter().map(part).collect::<Vec<_>>().join(".")
}

fn split(name: &str) -> Option<Vec<String>> {
    let (mut parts, mut rest) = (Vec::new(), name);
    loop {
        let end = if rest.starts_with('"') {
            let mut quoted = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            parts.push(quoted.next()?.ok()?);
            quoted.byte_offset()
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            parts.push(rest[..end].to_owned());
            (end > 0).then_some(end)?
        };
        match &rest[end..] {
            "" => return Some(parts),
            after => rest = after.strip_prefix('.')?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_paths() {
        for (path, column) in [
            (&["config", "model", "d_model"][..], "model.d_model"),
            (&["config", "seed"], "config.seed"),
            (&["config"], "config"),
            (&["config", "data", "seq_len"], "config.data.seq_len"),
            (&["config", "run", "x"], "config.run.x"),
            (&["config", "model", "a.b", ""], r#"model."a.b"."""#),
            (&["config", "a.b", "c"], r#""a.b".c"#),
            (&["result", "per_set", "web"], "loss_web"),
            (&["result", "per_set", "stderr"], "result.per_set.stderr"),
            (&["result", "measures", "recall"], "recall"),
            (&["result", "measures", "loss"], "result.measures.loss"),
            (&["result", "measures", "loss_web"], "result.measures.loss_web"),
            (&["result", "measures", "config"], "result.measures.config"),
            (&["result", "measures", "a\nb"], r#"result.measures."a\nb""#),
            (&["result", "spikes"], "result.spikes"),
            (&["data", "hash"], "data.hash"),
            (&["schema"], "run.schema"),
            (&["note", "by"], "run.note.by"),
            (&["run"], "run.run"),
        ] {
            let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
            assert_eq!(name(&path), column);
            assert_eq!(path_of(column), Some(path), "{column}");
        }
        for none in ["", ".", "a..b", "a.", "\"a", "\"a\"b"] {
            assert_eq!(path_of(none), None, "{none}");
        }
    }
}
