//! The text of an experiment, and where in it something stands: every refusal names line and column.

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{ExperimentError, scale};

/// What helps where nothing closer does.
const EXAMPLE: &str = "isoloss list experiments first-ladder prints an experiment that works";
/// Tables that say by `kind` what they are, and the lists of the kinds.
const SHOWN_BY: [(&str, &str); 3] = [("corpus", "corpora"), ("model", "models"), ("recipe", "recipes")];

/// An experiment as it was written, with what `--set` changed.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// the path, or the name of a built-in one
    pub source: String,
    pub text: String,
    pub root: Table,
    /// keys that were set beside the file, and as what
    set: Vec<(String, String)>,
    /// the scale that was chosen
    pub scale: Option<String>,
}

impl File {
    pub fn parse(source: &str, text: &str) -> Result<Self, ExperimentError> {
        let refuse = |e: toml::de::Error| {
            let message = format!("this is no TOML: {}", e.message().lines().next().unwrap_or_default());
            let error = ExperimentError::new(source, message);
            ExperimentError { place: e.span().map(|span| place(text, span.start)), ..error }.hint(
                "isoloss list experiments shows built-in ones; isoloss list experiments NAME prints one to start from",
            )
        };
        let root: Table = text.parse().map_err(refuse)?;
        Ok(Self { source: source.to_owned(), text: text.to_owned(), root, set: Vec::new(), scale: None })
    }

    /// Sets `a.b.c` to a value, written as TOML or else as a word.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ExperimentError> {
        let typed = format!("{key}={value}");
        let refuse = |message: String| {
            ExperimentError::new(&format!("--set {typed}"), message).hint("as in --set corpus.seed=3")
        };
        let parsed = format!("x = {value}").parse::<Table>().ok().and_then(|mut t| t.remove("x"));
        let value = parsed.unwrap_or_else(|| Value::String(value.to_owned()));
        let parts = parts(key);
        let Some((last, path)) = parts.split_last().filter(|_| parts.iter().all(|part| !part.is_empty())) else {
            return Err(refuse("this is no name of a setting".into()));
        };
        let mut table = &mut self.root;
        for part in path {
            let next = table.entry(part.as_str()).or_insert_with(|| Value::Table(Table::new()));
            table = next.as_table_mut().ok_or_else(|| refuse(format!("`{part}` is a value and has no settings")))?;
        }
        table.insert(last.clone(), value);
        self.set.push((parts.join("."), typed));
        Ok(())
    }

    /// Reads a table of settings that stands at `path`.
    pub fn read<T: DeserializeOwned>(&self, path: &[&str], table: &Table) -> Result<T, ExperimentError> {
        let read = serde_path_to_error::deserialize(Value::Table(table.clone()));
        read.map_err(|e| self.refused(path, &e.path().to_string(), e.inner()))
    }

    /// Reads a table that says by `kind` what it is.
    pub fn read_kind<T>(
        &self,
        path: &[&str],
        table: &Table,
        kinds: &[(&str, &str)],
        read: impl FnOnce(&str, serde_path_to_error::Deserializer<'_, '_, Value>) -> Option<Result<T, toml::de::Error>>,
    ) -> Result<T, ExperimentError> {
        let mut settings = table.clone();
        let names = || kinds.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let kind = match settings.remove("kind") {
            Some(Value::String(kind)) => kind,
            other => {
                let found = if other.is_some() { "`kind` is no word" } else { "`kind` is missing" };
                return Err(self.error(path, format!("{found}: expected one of {}", names())));
            }
        };
        let mut track = serde_path_to_error::Track::new();
        let deserializer = serde_path_to_error::Deserializer::new(Value::Table(settings), &mut track);
        match read(&kind, deserializer) {
            Some(result) => result.map_err(|e| {
                let refused = self.refused(path, &track.path().to_string(), &e);
                let list = SHOWN_BY
                    .iter()
                    .find(|(table, _)| path == [*table])
                    .filter(|_| refused.advice.as_deref() == Some(EXAMPLE));
                refused.clone().hint_of(list.map(|(_, list)| format!("isoloss list {list} {kind} shows its settings")))
            }),
            None => {
                let path: Vec<&str> = path.iter().copied().chain(["kind"]).collect();
                Err(self.error(&path, format!("there is no kind {kind:?}: expected one of {}", names())))
            }
        }
    }

    /// An error about what stands at `path`, or at the nearest thing around it.
    pub fn error(&self, path: &[&str], message: impl Into<String>) -> ExperimentError {
        let dotted = path.join(".");
        let message = message.into();
        let mut message = if dotted.is_empty() { message } else { format!("[{dotted}] {message}") };
        let near = of_list(&message);
        let is_set = |(key, _): &&(String, String)| is_within(&dotted, key);
        let (source, place) = match self.set.iter().rev().find(is_set) {
            Some((_, typed)) => (format!("--set {typed}"), None),
            None => {
                // What is wrong with a table may be what was set in it, which does not stand in the file.
                let inside = self.set.iter().filter(|(key, _)| !dotted.is_empty() && is_within(key, &dotted));
                let inside: Vec<String> = inside.map(|(_, typed)| format!("--set {typed}")).collect();
                if !inside.is_empty() {
                    message = format!("{message} (with {})", inside.join(", "));
                }
                (self.source.clone(), self.find(path))
            }
        };
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        ExperimentError { place, path, ..ExperimentError::new(&source, message) }.hint(EXAMPLE).hint_of(near)
    }

    /// What serde says, at the key it is about.
    fn refused(&self, path: &[&str], inside: &str, error: &toml::de::Error) -> ExperimentError {
        let message = in_words(error.message().lines().next().unwrap_or_default());
        let message = message.as_str();
        let mut full: Vec<&str> = path.to_vec();
        full.extend(inside.split('.').filter(|part| !part.is_empty() && *part != "."));
        let quoted = |before: &str| message.strip_prefix(before).and_then(|rest| rest.split('`').next());
        let known = || message.split('`').skip(3).step_by(2);
        if let Some(word) = quoted("unknown variant `") {
            return self.error(&full, message).hint_of(meant(word, known()));
        }
        if let Some(found) = quoted("invalid type: floating point `") {
            return self.error(&full, message).hint_of(whole(found));
        }
        // The key that is unknown is named in the message and not part of the path.
        let Some(name) = quoted("unknown field `") else { return self.error(&full, message) };
        if full.last() != Some(&name) {
            full.push(name);
        }
        self.error(&full, message).hint_of(meant(name, known()))
    }

    /// What `--set` changed: the keys, and what was typed.
    pub fn set_beside(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set.iter().map(|(key, typed)| (key.as_str(), typed.as_str()))
    }

    /// Where the value or key at `path` stands: the deepest part of the path that is there, in the scale that was chosen if
    /// that has it.
    pub fn find(&self, path: &[&str]) -> Option<(usize, usize)> {
        let (depth, found) = self.deepest(path).unzip();
        let scaled = self.scale.as_ref().and_then(|name| {
            let in_scale = [&[scale::KEY, name.as_str()], path].concat();
            self.deepest(&in_scale).filter(|(deep, _)| *deep > 2 && *deep - 2 >= depth.unwrap_or(0))
        });
        scaled.map(|(_, place)| place).or(found)
    }

    /// How many parts of a path are there, and where the last of them stands.
    fn deepest(&self, path: &[&str]) -> Option<(usize, (usize, usize))> {
        let parsed = DeTable::parse(&self.text).ok()?;
        let mut table = parsed.get_ref();
        let mut found = None;
        let mut rest = path;
        while !rest.is_empty() {
            // A key in quotes may have dots inside.
            let at = |parts: usize| {
                let name = rest[..parts].join(".");
                Some((table.iter().find(|(key, _)| key.get_ref().as_ref() == name)?, parts))
            };
            let Some(((key, value), parts)) = (1..=rest.len()).find_map(at) else { break };
            found = Some(Spanned::span(key).start);
            rest = &rest[parts..];
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        found.map(|at| (path.len() - rest.len(), place(&self.text, at)))
    }
}

/// Is a dotted path the other one, or inside of it?
fn is_within(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The parts of a dotted key, as TOML reads it: `ladder.sizes."corpus.people"` has three.
fn parts(key: &str) -> Vec<String> {
    let mut table = format!("{key} = 0").parse::<Table>().unwrap_or_default();
    let mut parts = Vec::new();
    while let Some((part, value)) = std::mem::take(&mut table).into_iter().next() {
        parts.push(part);
        if let Value::Table(inner) = value {
            table = inner;
        }
    }
    // What is no key of TOML is cut at its dots.
    if parts.is_empty() { key.split('.').map(str::to_owned).collect() } else { parts }
}

/// What settings are called elsewhere, and here.
const ELSEWHERE: [(&str, &str); 24] = [
    ("learning_rate", "lr"),
    ("max_lr", "lr"),
    ("lr_schedule", "schedule"),
    ("lr_scheduler", "schedule"),
    ("scheduler", "schedule"),
    ("warmup_steps", "warmup"),
    ("warmup_ratio", "warmup_fraction"),
    ("batch_size", "batch"),
    ("context_length", "seq_len"),
    ("context", "seq_len"),
    ("sequence_length", "seq_len"),
    ("block_size", "seq_len"),
    ("grad_clip", "clip"),
    ("max_grad_norm", "clip"),
    ("layers", "n_layer"),
    ("num_layers", "n_layer"),
    ("depth", "n_layer"),
    ("width", "d_model"),
    ("hidden_size", "d_model"),
    ("n_embd", "d_model"),
    ("vocab", "vocab_size"),
    ("tokenizer", "tokens"),
    ("horizons", "tokens"),
    ("dataset", "corpus"),
];

/// What a misspelt name stands for, as a hint: the name nearest to it, or what others call by it.
pub(super) fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let elsewhere = || ELSEWHERE.iter().find(|(other, own)| *other == name && known.clone().any(|known| known == *own));
    let near =
        elsewhere().map(|(_, own)| *own).or_else(|| isoloss_formula::nearest(name, known.clone()).first().copied());
    near.map(|near| format!("is `{near}` meant?"))
}

/// The same of a message that ends in names: `there is no mixer kde: expected one of attention, gdn, kda, mla`.
fn of_list(message: &str) -> Option<String> {
    let (before, names) = message.split_once(": expected one of ")?;
    meant(before.rsplit(' ').next()?.trim_matches('"'), names.split(", "))
}

/// A number with a point or an exponent as the whole number that it is, as a hint.
fn whole(found: &str) -> Option<String> {
    let number: f64 = found.parse().ok()?;
    let is_whole = number.fract() == 0.0 && number.abs() < 1e15;
    is_whole.then(|| format!("write {number:.0}, without a point and without an exponent"))
}

/// Types are called by what they are to whoever writes a file.
fn in_words(message: &str) -> String {
    const WORDS: [(&str, &str); 4] = [
        ("expected usize", "expected a whole number"),
        ("expected u64", "expected a whole number"),
        ("expected u32", "expected a whole number"),
        ("expected f64", "expected a number"),
    ];
    WORDS.iter().fold(message.to_owned(), |text, (of, word)| text.replace(of, word))
}

/// Line and column, from 1, of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
