//! The text of an experiment, and where in it something stands: every refusal names line and column.

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{ExperimentError, scale};

/// An experiment as it was written, with what `--set` changed.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// the path, or the name of a built-in one
    pub source: String,
    pub text: String,
    pub root: Table,
    /// keys that were set beside the file
    set: Vec<String>,
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
        let refuse =
            |message: String| ExperimentError::new(&format!("--set {key}"), message).hint("as in --set corpus.seed=3");
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
        self.set.push(parts.join("."));
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
            Some(result) => result.map_err(|e| self.refused(path, &track.path().to_string(), &e)),
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
        let message = if dotted.is_empty() { message } else { format!("[{dotted}] {message}") };
        let hint = "isoloss list experiments first-ladder prints an experiment that works";
        let within = |key: &&String| dotted.starts_with(key.as_str()) && !dotted[key.len()..].starts_with(|c| c != '.');
        let (source, place) = match self.set.iter().rev().find(within) {
            Some(key) => (format!("--set {key}"), None),
            None => (self.source.clone(), self.find(path)),
        };
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        ExperimentError { place, path, ..ExperimentError::new(&source, message) }.hint(hint)
    }

    /// What serde says, at the key it is about.
    fn refused(&self, path: &[&str], inside: &str, error: &toml::de::Error) -> ExperimentError {
        let message = in_words(error.message().lines().next().unwrap_or_default());
        let message = message.as_str();
        let mut full: Vec<&str> = path.to_vec();
        full.extend(inside.split('.').filter(|part| !part.is_empty() && *part != "."));
        // The key that is unknown is named in the message and not part of the path.
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let Some(name) = unknown else { return self.error(&full, message) };
        if full.last() != Some(&name) {
            full.push(name);
        }
        let known = message.split('`').skip(3).step_by(2);
        match isoloss_formula::nearest(name, known).first() {
            Some(near) => self.error(&full, message).hint(format!("is `{near}` meant?")),
            None => self.error(&full, message),
        }
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
