//! Results of lm-evaluation-harness: one file is one model, a row with a column a task.
//!
//! Of the metrics of a task one becomes its score: `acc_norm` if it is there, else `acc`, else the first that is no standard
//! error, in the order of the file. Scores stay as they are written, mostly from 0 to 1. `TASK_stderr` is the standard
//! error that the harness made, blank where it wrote `N/A`. Of a group with a score of its own (`mmlu`) the tasks below
//! are left out: they would be counted twice in any mean.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::ReadError;
use crate::error::{listed, quoted};
use crate::ordered::Ordered;
pub(crate) use table::table;

/// What of a file is read. Every version of the harness writes `results`; what goes with them has changed.
#[derive(Deserialize)]
struct File {
    results: Ordered<Ordered<Value>>,
    #[serde(default)]
    group_subtasks: BTreeMap<String, Value>,
    #[serde(default)]
    higher_is_better: BTreeMap<String, Value>,
    #[serde(default, rename = "n-shot")]
    shots: BTreeMap<String, Value>,
    #[serde(default)]
    versions: BTreeMap<String, Value>,
    #[serde(default)]
    config: BTreeMap<String, Value>,
    #[serde(default)]
    model_name: Option<String>,
    #[serde(default)]
    date: Option<f64>,
}

/// A score, and how it was made.
#[derive(Clone, Debug, PartialEq)]
struct Score {
    task: String,
    metric: String,
    value: f64,
    error: Option<f64>,
    lower_is_better: bool,
    shots: Option<String>,
    version: Option<String>,
}

/// The scores of a model in one file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Evaluated {
    source: String,
    model: String,
    params: Option<f64>,
    date: f64,
    scores: Vec<Score>,
    /// items per task that it was stopped at, which makes a score one of fewer
    limit: Option<f64>,
    /// groups whose tasks are left out
    groups: Vec<String>,
    /// groups that hold each other: none of them is on top, so they are left out too
    circle: Vec<String>,
}

/// Whether this is the text of such a file: one object with results by task, and what the harness writes beside them.
pub(crate) fn is_one(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Marks {
        #[serde(rename = "results")]
        _results: BTreeMap<String, BTreeMap<String, Value>>,
        versions: Option<Value>,
        configs: Option<Value>,
    }
    // Most tables hold no such word, and need not be parsed to be told apart.
    text.contains("\"results\"")
        && serde_json::from_str::<Marks>(&crate::jsonl::quote_constants(text))
            .is_ok_and(|marks| marks.versions.is_some() || marks.configs.is_some())
}

/// Refuses what is no JSON, with the place where it ends to be some.
pub(crate) fn is_json(source: &str, text: &str) -> Result<(), ReadError> {
    serde_json::from_str::<Value>(&crate::jsonl::quote_constants(text)).map_err(|e| broken(source, &e)).map(|_| ())
}

fn broken(source: &str, error: &serde_json::Error) -> ReadError {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    ReadError::new(source, format!("these are no results of lm-evaluation-harness: {said}"))
        .at(error.line() as u64)
        .column(error.column() as u64)
        .hint(crate::jsonl::limit(said).unwrap_or("copy the file results_*.json again, as the harness wrote it"))
}

/// Reads one file.
pub(crate) fn read(source: &str, text: &str) -> Result<Evaluated, ReadError> {
    let text = crate::jsonl::quote_constants(text);
    let file: File = serde_json::from_str(&text).map_err(|e| broken(source, &e))?;
    let model = file.model().ok_or_else(|| {
        let error = ReadError::new(source, "no model is named: neither model_name nor pretrained= of model_args");
        error.hint("write \"model_name\": \"...\" beside \"results\"")
    })?;
    let Groups { scored: groups, below, circle } = file.groups();
    let tasks = file.results.0.iter().filter(|(task, _)| !below.contains(task));
    let scores: Vec<Score> = tasks.filter_map(|(task, metrics)| file.score(task, metrics)).collect();
    if scores.is_empty() && !circle.is_empty() {
        let circle: Vec<String> = circle.iter().map(|group| quoted(group)).collect();
        let text = format!("no task has a score of {}: groups go in a circle ({})", quoted(&model), listed(&circle, 4));
        return Err(ReadError::new(source, text).hint("mend group_subtasks: no group holds one that holds it"));
    }
    if scores.is_empty() {
        let error = ReadError::new(source, format!("no task has a score of {}", quoted(&model)));
        return Err(error.hint("was the evaluation interrupted? Each task has a number, as in \"acc,none\": 0.4"));
    }
    let number = |key: &str| file.config.get(key).and_then(Value::as_f64).filter(|x| *x > 0.0);
    Ok(Evaluated {
        source: source.into(),
        // What the harness does not know it writes as -1.
        params: number("model_num_parameters").or(number("model_num_params")),
        limit: number("limit"),
        date: file.date.unwrap_or(f64::NEG_INFINITY),
        model,
        scores,
        groups,
        circle,
    })
}

/// What belongs to what in a file.
#[derive(Default)]
struct Groups {
    /// with a score of their own, and on top
    scored: Vec<String>,
    /// everything below one with a score
    below: BTreeSet<String>,
    /// that are below themselves
    circle: Vec<String>,
}

impl File {
    fn model(&self) -> Option<String> {
        let arguments = match self.config.get("model_args") {
            Some(Value::String(text)) => {
                text.split(',').find_map(|a| a.trim().strip_prefix("pretrained=")).map(str::to_owned)
            }
            Some(Value::Object(all)) => all.get("pretrained").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let named = self.model_name.clone().filter(|name| !name.trim().is_empty());
        named.or(arguments).map(|name| name.trim().to_owned())
    }

    fn groups(&self) -> Groups {
        let members = |group: &str| -> Vec<String> {
            let all = self.group_subtasks.get(group).and_then(Value::as_array);
            all.into_iter().flatten().filter_map(Value::as_str).filter(|t| *t != group).map(str::to_owned).collect()
        };
        let scored = |task: &String| {
            let metrics = self.results.0.iter().find(|(name, _)| name == task);
            metrics.is_some_and(|(task, metrics)| self.score(task, metrics).is_some())
        };
        let mut all = Groups::default();
        for group in self.group_subtasks.keys().filter(|group| scored(group)) {
            let mut open = members(group);
            if open.iter().any(&scored) {
                all.scored.push(group.clone());
            }
            let mut below = BTreeSet::new();
            while let Some(task) = open.pop() {
                if !below.contains(&task) {
                    open.extend(members(&task));
                    below.insert(task);
                }
            }
            if below.contains(group) {
                all.circle.push(group.clone());
            }
            all.below.append(&mut below);
        }
        all.scored.retain(|group| !all.below.contains(group));
        all
    }

    fn score(&self, task: &str, metrics: &Ordered<Value>) -> Option<Score> {
        // Without a score there is a name, an alias and a number of samples.
        let counts = ["sample_len", "sample_count", "num_fewshot", "version"];
        let plain = |key: &str| key.contains(',') || !counts.contains(&key);
        let numbers = || {
            let of = |(key, value): &(String, Value)| Some((key.clone(), value.as_f64()?));
            metrics.0.iter().filter_map(of).filter(|(key, _)| plain(key) && !key.contains("_stderr"))
        };
        let wanted = ["acc_norm,none", "acc_norm", "acc,none", "acc"];
        let (key, value) =
            wanted.iter().find_map(|name| numbers().find(|(key, _)| key == name)).or_else(|| numbers().next())?;
        let (metric, filter) = key.split_once(',').map_or((key.as_str(), None), |(m, f)| (m, Some(f)));
        let error = filter.map_or_else(|| format!("{metric}_stderr"), |filter| format!("{metric}_stderr,{filter}"));
        let error = metrics.0.iter().find(|(key, _)| *key == error).and_then(|(_, e)| e.as_f64());
        let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let better = self.higher_is_better.get(task).and_then(|all| all.get(metric)).and_then(Value::as_bool);
        Some(Score {
            task: task.to_owned(),
            lower_is_better: better == Some(false),
            value,
            error,
            shots: self.shots.get(task).map(words),
            version: self.versions.get(task).map(words),
            metric: key,
        })
    }
}

#[cfg(test)]
mod tests;
