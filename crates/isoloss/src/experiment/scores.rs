//! A question about models that others trained: a table of scores, a row a model and a column a task. Nothing is trained.
//!
//! ```toml
//! [scores]
//! data    = "results/benchmark-published.csv"   # seen from the folder of this file
//! tasks   = ["MMLU", "GSM8k"]                   # their mean is the score: it is made anew, and not read
//! printed = "average"                           # a column that is held against it
//! model   = "with memory"
//! twin    = "without"                           # the same model without what is to be measured
//! references = [["small", "large"]]             # models of one family: what size is worth
//! ```

use std::path::{Path, PathBuf};

use isoloss_runs::{ReadError, Reading, read_bytes, read_path};
use serde::Deserialize;
use toml::Table;

use super::file::File;
use super::{Experiment, ExperimentError};

/// The tables of built-in experiments: as their files name them, and the text.
const TABLES: &[(&str, &str)] =
    &[("results/benchmark-published.csv", include_str!("../../../../experiments/results/benchmark-published.csv"))];

/// A table of scores, and what is asked of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The table: a path from the folder of the file.
    pub data: String,
    /// Columns of scores, more is better.
    pub tasks: Vec<String>,
    /// The column of names.
    #[serde(default = "Scores::name")]
    pub name: String,
    /// The column of sizes.
    #[serde(default = "Scores::size")]
    pub size: String,
    /// The column that tells families apart; blank cells belong to none.
    #[serde(default = "Scores::family")]
    pub family: String,
    /// A column of means as they are printed.
    #[serde(default)]
    pub printed: Option<String>,
    /// The model whose gain is measured.
    pub model: String,
    /// The same model without what is to be measured.
    pub twin: String,
    /// Pairs of models of one family, the smaller first.
    #[serde(default)]
    pub references: Vec<[String; 2]>,
    /// The folder of the file; none of a built-in one.
    #[serde(skip)]
    folder: Option<PathBuf>,
}

impl Scores {
    fn name() -> String {
        "model".into()
    }

    fn size() -> String {
        "size".into()
    }

    fn family() -> String {
        "family".into()
    }

    pub(super) fn read(file: &File, table: &Table, path: Option<&Path>) -> Result<Self, ExperimentError> {
        let mut scores: Self = file.read(&["scores"], table)?;
        if scores.tasks.is_empty() {
            return Err(file.error(&["scores", "tasks"], "is empty: a score is the mean of some"));
        }
        let tasks = &scores.tasks;
        if let Some((_, twice)) = tasks.iter().enumerate().find(|(at, task)| tasks[..*at].contains(task)) {
            return Err(file.error(&["scores", "tasks"], format!("names {twice} twice")));
        }
        scores.folder = path.map(|path| path.parent().unwrap_or(Path::new("")).to_owned());
        Ok(scores)
    }

    /// Its table, and what is to be said of how it was read.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn table(&self) -> Result<Reading, ReadError> {
        match (&self.folder, TABLES.iter().find(|(name, _)| *name == self.data)) {
            (Some(folder), _) => read_path(&folder.join(&self.data)),
            (None, Some((name, text))) => read_bytes(name, text.as_bytes().to_vec()),
            // Named by --set: seen from the current folder.
            (None, None) => read_path(Path::new(&self.data)),
        }
    }
}

impl Experiment {
    /// Refuses a question that trains nothing where runs are asked for.
    ///
    /// # Errors
    /// If it is about models that others trained.
    pub fn trains(&self) -> Result<(), ExperimentError> {
        match &self.scores {
            None => Ok(()),
            Some(scores) => {
                let message = format!("is about the models of {}: nothing is trained", scores.data);
                let hint = format!("isoloss run {} answers it", self.name);
                Err(self.refused(&["scores"], message).hint(hint))
            }
        }
    }
}
