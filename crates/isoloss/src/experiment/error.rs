//! Why an experiment cannot be understood, with the place in its file.

use std::fmt;

use super::BUILT_IN;

/// Why an experiment cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentError {
    /// The file, or what was typed.
    pub source: String,
    /// Line and column in it, from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong there.
    pub message: String,
    /// What would help.
    pub advice: Option<String>,
    /// The table and the setting that it is about, where it is about one.
    pub(super) path: Box<[String]>,
    /// Whether the machine is in the way, and what was typed is right.
    pub of_machine: bool,
}

impl ExperimentError {
    pub(super) fn new(source: &str, message: impl Into<String>) -> Self {
        Self {
            source: source.to_owned(),
            place: None,
            message: message.into(),
            advice: None,
            path: Box::default(),
            of_machine: false,
        }
    }

    /// What is wrong, without the table and the setting in front.
    pub(super) fn says(&self) -> &str {
        self.message
            .split_once("] ")
            .filter(|(table, _)| table.starts_with('['))
            .map_or(&self.message, |(_, says)| says)
    }

    /// The same, with another hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.advice = Some(hint.into());
        self
    }

    /// The same with another hint, where there is one.
    #[must_use]
    pub(super) fn hint_of(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

impl fmt::Display for ExperimentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        self.place.map_or(Ok(()), |(line, column)| write!(f, ":{line}:{column}"))?;
        write!(f, ": {}", self.message)?;
        self.advice.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for ExperimentError {}

pub(super) fn unreadable(name: &str, error: &std::io::Error) -> ExperimentError {
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let files = files_beside(name);
    let written = |file: &str| file.trim_end_matches(ENDING).to_owned();
    let stems: Vec<String> = files.iter().map(|file| written(file)).collect();
    // A file by its name is nearer than a built-in experiment that is spelt alike.
    let near_file = isoloss_formula::nearest(&written(name), stems.iter().map(String::as_str))
        .first()
        .map(|near| near.to_string())
        .or_else(|| stems.iter().find(|stem| **stem == written(name)).cloned())
        .map(|stem| format!("is {stem}{ENDING} meant?"));
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file, and no built-in experiment of that name".to_owned(),
        std::io::ErrorKind::InvalidData => "this is no text".to_owned(),
        _ => format!("cannot be read ({error})"),
    };
    let near = isoloss_formula::nearest(name, names.iter().copied());
    let hint = match (near_file, near.first()) {
        (Some(hint), _) => hint,
        (None, Some(near)) => format!("is {near} meant?"),
        (None, None) => format!("built-in ones are {}", names.join(", ")),
    };
    ExperimentError::new(name, message).hint(hint)
}

/// What files of experiments end in.
const ENDING: &str = ".toml";

/// The files of the folder that a path names a file of, as they would be typed.
fn files_beside(name: &str) -> Vec<String> {
    let (folder, typed) = name.rsplit_once('/').map_or((".", ""), |(folder, _)| (folder, &name[..folder.len() + 1]));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut files: Vec<String> =
        names.filter(|file| file.ends_with(ENDING)).map(|file| format!("{typed}{file}")).collect();
    files.sort();
    files
}
