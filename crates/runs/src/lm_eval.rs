//! Results of lm-evaluation-harness: one file is one model, a row with a column a task.
//!
//! Of the metrics of a task one becomes its score: `acc_norm` if it is there, else `acc`, else the first that is no standard
//! error, in the order of the file. Scores stay as they are written, mostly from 0 to 1. `TASK_stderr` is the standard
//! error that the harness made, blank where it wrote `N/A`. Of a group with a score of its own (`mmlu`) the tasks below
//! are left out: they would be counted twice in any mean.

use std::collections::BTreeMap;

use isoloss_formula::Table;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{listed, quoted};
use crate::ordered::Ordered;
use crate::records::Records;
use crate::{Note, ReadError};

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
}

/// Whether this is the text of such a file: one object with results by task, and what the harness writes beside them.
pub(crate) fn is_one(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Marks {
        #[serde(rename = "results")]
        _results: BTreeMap<String, BTreeMap<String, Value>>,
        versions: Option<Value>,
        configs: Option<Value>,
        config: Option<Value>,
    }
    // Most tables hold no such word, and need not be parsed to be told apart.
    text.contains("\"results\"")
        && serde_json::from_str::<Marks>(&crate::jsonl::quote_constants(text))
            .is_ok_and(|marks| marks.versions.is_some() || marks.configs.is_some() || marks.config.is_some())
}

/// Reads one file.
pub(crate) fn read(source: &str, text: &str) -> Result<Evaluated, ReadError> {
    let text = crate::jsonl::quote_constants(text);
    let file: File = serde_json::from_str(&text).map_err(|e| {
        let said = e.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        ReadError::new(source, format!("these are no results of lm-evaluation-harness: {said}"))
            .at(e.line() as u64)
            .column(e.column() as u64)
            .hint("copy the file results_*.json again, as the harness wrote it")
    })?;
    let model = file.model().ok_or_else(|| {
        let error = ReadError::new(source, "no model is named: neither model_name nor pretrained= of model_args");
        error.hint("write \"model_name\": \"...\" beside \"results\"")
    })?;
    let (groups, below) = file.groups();
    let tasks = file.results.0.iter().filter(|(task, _)| !below.contains(task));
    let scores: Vec<Score> = tasks.filter_map(|(task, metrics)| file.score(task, metrics)).collect();
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
    })
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

    /// Groups with a score of their own, and everything below them.
    fn groups(&self) -> (Vec<String>, Vec<String>) {
        let members = |group: &str| -> Vec<String> {
            let all = self.group_subtasks.get(group).and_then(Value::as_array);
            all.into_iter().flatten().filter_map(Value::as_str).filter(|t| *t != group).map(str::to_owned).collect()
        };
        let scored = |task: &String| {
            let metrics = self.results.0.iter().find(|(name, _)| name == task);
            metrics.is_some_and(|(task, metrics)| self.score(task, metrics).is_some())
        };
        let mut below: Vec<String> = Vec::new();
        let mut groups: Vec<String> = Vec::new();
        for group in self.group_subtasks.keys().filter(|group| scored(group)) {
            let mut open = members(group);
            if open.iter().any(&scored) {
                groups.push(group.clone());
            }
            while let Some(task) = open.pop() {
                if !below.contains(&task) {
                    open.extend(members(&task));
                    below.push(task);
                }
            }
        }
        groups.retain(|group| !below.contains(group));
        (groups, below)
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

/// A row for every model, a column for every task: files of one model are one row. Of a task that was evaluated twice the
/// newer file counts. What makes scores no comparison is said.
pub(crate) fn table(source: &str, mut files: Vec<Evaluated>, notes: &mut Vec<Note>) -> Result<Table, ReadError> {
    files.sort_by(|a, b| a.date.total_cmp(&b.date).then(a.source.cmp(&b.source)));
    let mut models: Vec<(String, Option<f64>, Vec<Score>)> = Vec::new();
    for file in &files {
        let at = models.iter().position(|(model, ..)| *model == file.model).unwrap_or_else(|| {
            models.push((file.model.clone(), None, Vec::new()));
            models.len() - 1
        });
        models[at].1 = file.params.or(models[at].1);
        for score in &file.scores {
            let scores = &mut models[at].2;
            match scores.iter_mut().find(|known| known.task == score.task) {
                Some(known) if known == score => {}
                Some(known) => {
                    let (model, task) = (quoted(&file.model), quoted(&score.task));
                    let text = format!(
                        "{model} has {task} twice: {} of {} counts, the newest file, in the place of {}",
                        score.value, file.source, known.value
                    );
                    notes.push(Note::new("evaluated-twice", text));
                    *known = score.clone();
                }
                None => scores.push(score.clone()),
            }
        }
    }
    models.sort_by(|a, b| a.0.cmp(&b.0));
    said(&files, &models, notes);
    let mut records = Records::default();
    let mut clash = None;
    for (row, (model, params, scores)) in models.iter().enumerate() {
        records.row(row as u64 + 1);
        let number = |x: f64| format!("{x:?}");
        let blank_or = |x: Option<f64>| x.map(number).unwrap_or_default();
        let mut put = |key: &str, cell: String| {
            if !records.put(key, &cell) {
                clash = Some(key.to_owned());
            }
        };
        put("model", model.clone());
        put("params", blank_or(*params));
        for score in scores {
            put(&score.task, number(score.value));
            put(&format!("{}_stderr", score.task), blank_or(score.error));
        }
    }
    match clash {
        None => records.table(source, notes),
        Some(key) => {
            let error = ReadError::new(source, format!("two columns would be called {}", quoted(&key)));
            Err(error.hint("rename the task in the file: model, params and TASK_stderr are columns already"))
        }
    }
}

/// Of a score, in words: how it was made.
type Way = fn(&Score) -> Option<String>;

/// What was chosen, and what a reader of the scores has to mind.
fn said(files: &[Evaluated], models: &[(String, Option<f64>, Vec<Score>)], notes: &mut Vec<Note>) {
    let mut ways: BTreeMap<&str, Vec<&Score>> = BTreeMap::new();
    models.iter().flat_map(|(.., scores)| scores).for_each(|score| ways.entry(&score.task).or_default().push(score));
    let mut metrics: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (task, scores) in &ways {
        metrics.entry(&scores[0].metric).or_default().push(quoted(task));
        let wheres: [(&str, Way); 3] = [
            ("metrics", |score| Some(score.metric.clone())),
            ("numbers of shots", |score| score.shots.clone()),
            ("versions of the task", |score| score.version.clone()),
        ];
        for (what, of) in wheres {
            let mut all: Vec<String> = scores.iter().filter_map(|score| of(score)).collect();
            all.sort();
            all.dedup();
            if all.len() > 1 {
                let text =
                    format!("{} has several {what} ({}): its scores are no comparison", quoted(task), listed(&all, 4));
                notes.push(Note::new("evaluated-otherwise", text));
            }
        }
        if scores.iter().any(|score| score.lower_is_better) {
            let text =
                format!("{}: less is better ({}), it belongs into no mean of scores", quoted(task), scores[0].metric);
            notes.push(Note::new("lower-is-better", text));
        }
    }
    let all: Vec<String> = metrics.iter().map(|(metric, tasks)| format!("{metric} of {}", listed(tasks, 4))).collect();
    notes.push(Note::new("metric", format!("scores are {}", all.join("; "))));
    let mut groups: Vec<String> = files.iter().flat_map(|file| &file.groups).map(|group| quoted(group)).collect();
    groups.sort();
    groups.dedup();
    if !groups.is_empty() {
        let text = format!("the tasks of {} are left out: the group has a score of its own", listed(&groups, 4));
        notes.push(Note::new("group", text));
    }
    let limits: Vec<String> = files.iter().filter(|file| file.limit.is_some()).map(|f| quoted(&f.model)).collect();
    if !limits.is_empty() {
        let text = format!("{}: --limit was set, the scores are those of the first items", listed(&limits, 4));
        notes.push(Note::new("limit", text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(model: &str, date: f64, results: &str, more: &str) -> String {
        format!(
            "{{\"results\": {{{results}}}, \"versions\": {{}}, \"config\": {{\"model\": \"hf\", \
             \"model_num_parameters\": 124439808}}, \"model_name\": \"{model}\", \"date\": {date}{more}}}"
        )
    }

    fn tabled(files: &[(&str, String)]) -> (Table, Vec<Note>) {
        let mut notes = Vec::new();
        let all = files.iter().map(|(name, text)| read(name, text).unwrap()).collect();
        (table("evals", all, &mut notes).unwrap(), notes)
    }

    fn cell(table: &Table, name: &str, row: usize) -> f64 {
        table.column(name).unwrap_or_else(|| panic!("{name}")).as_numbers().unwrap().values[row]
    }

    #[test]
    fn one_metric_of_a_task_is_its_score() {
        let results = "\"a\": {\"alias\": \"a\", \"sample_len\": 20, \"acc,none\": 0.4, \"acc_stderr,none\": 0.11, \
                       \"acc_norm,none\": 0.5, \"acc_norm_stderr,none\": 0.12}, \
                       \"g\": {\"exact_match,strict-match\": 0.3, \"exact_match_stderr,strict-match\": \"N/A\", \
                       \"exact_match,flexible-extract\": 0.9}, \"old\": {\"acc\": 0.25, \"acc_stderr\": 0.01}, \
                       \"w\": {\"word_perplexity,none\": 20.5}, \"failed\": {\"alias\": \"failed\", \"acc,none\": NaN}";
        let text = file("gpt2", 1.0, results, ", \"higher_is_better\": {\"w\": {\"word_perplexity\": false}}");
        assert!(is_one(&text));
        let (table, notes) = tabled(&[("r.json", text)]);
        let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["model", "params", "a", "a_stderr", "g", "g_stderr", "old", "old_stderr", "w", "w_stderr"]);
        assert_eq!(
            ["params", "a", "a_stderr", "g", "old"].map(|n| cell(&table, n, 0)),
            [124439808.0, 0.5, 0.12, 0.3, 0.25]
        );
        assert_eq!(table.column("g_stderr").unwrap().text(0), "");
        assert!(notes.iter().any(|n| n.code == "lower-is-better" && n.text.contains("`w`")), "{notes:?}");
        assert!(
            notes.iter().any(|n| n.code == "metric" && n.text.contains("exact_match,strict-match of `g`")),
            "{notes:?}"
        );
    }

    #[test]
    fn a_group_is_not_counted_with_its_tasks() {
        let results = "\"mmlu\": {\"acc,none\": 0.5}, \"mmlu_stem\": {\"acc,none\": 0.4}, \"mmlu_law\": {\"acc,none\": 0.6}, \
                       \"pile\": {\"alias\": \"pile\"}, \"pile_arxiv\": {\"acc,none\": 0.1}, \"arc\": {\"acc,none\": 0.3}";
        let groups = ", \"group_subtasks\": {\"mmlu\": [\"mmlu_stem\"], \"mmlu_stem\": [\"mmlu_law\", \"mmlu\"], \
                      \"pile\": [\"pile_arxiv\"], \"arc\": []}";
        let (table, notes) = tabled(&[("r.json", file("m", 1.0, results, groups))]);
        let tasks: Vec<&str> =
            table.columns().iter().map(|c| c.name.as_str()).filter(|n| !n.ends_with("stderr")).collect();
        // A circle of groups has none on top: what is below another is left out, and the rest stays.
        assert!(tasks.contains(&"arc") && tasks.contains(&"pile_arxiv") && !tasks.contains(&"mmlu_law"), "{tasks:?}");
        assert!(!tasks.contains(&"pile"), "{tasks:?}");
        let plain = groups.replace(", \"mmlu\"]", "]");
        let (table, _) = tabled(&[("r.json", file("m", 1.0, results, &plain))]);
        assert!(table.column("mmlu").is_some() && table.column("mmlu_stem").is_none());
        assert!(notes.iter().all(|n| n.code != "limit"));
    }

    #[test]
    fn files_of_one_model_are_one_row() {
        let with = |score: f64, shots: u8| {
            (format!("\"a\": {{\"acc,none\": {score}}}"), format!(", \"n-shot\": {{\"a\": {shots}}}"))
        };
        let (old, few) = with(0.3, 0);
        let (new, many) = with(0.4, 5);
        let other = "\"b\": {\"acc,none\": 0.7}";
        let (table, notes) = tabled(&[
            ("new.json", file("m", 2.0, &new, &few)),
            ("old.json", file("m", 1.0, &old, &few)),
            ("more.json", file("m", 1.5, other, "")),
            ("z.json", file("z", 0.0, &old, &many)),
        ]);
        assert_eq!(table.len(), 2);
        assert_eq!((cell(&table, "a", 0), cell(&table, "b", 0), cell(&table, "a", 1)), (0.4, 0.7, 0.3));
        assert!(cell(&table, "b", 1).is_nan(), "a task that was not evaluated is blank");
        let said = |code: &str| notes.iter().find(|n| n.code == code).map(|n| n.text.as_str()).unwrap_or_default();
        assert!(said("evaluated-twice").contains("0.4 of new.json counts"), "{notes:?}");
        assert!(
            said("evaluated-otherwise").contains("several numbers of shots (`0`, `5`)")
                || said("evaluated-otherwise").contains("(0, 5)"),
            "{notes:?}"
        );
    }

    #[test]
    fn what_is_spoiled_is_refused_with_its_place() {
        let whole = file("m", 1.0, "\"a\": {\"acc,none\": 0.4}", "");
        for end in 0..whole.len() {
            assert!(read("r.json", &whole[..end]).is_err());
        }
        let say = |text: &str| read("r.json", text).unwrap_err().to_string();
        assert!(say(&whole.replace("\"model_name\": \"m\"", "\"model_name\": \"\"")).contains("no model is named"));
        assert!(say(&file("m", 1.0, "\"a\": {\"alias\": \"a\"}", "")).contains("no task has a score"));
        assert!(say("{\"results\": [],\n\"versions\": {}}").starts_with("r.json:1:"));
        let clash = read("r.json", &file("m", 1.0, "\"params\": {\"acc,none\": 0.4}", "")).unwrap();
        assert!(table("x", vec![clash], &mut Vec::new()).unwrap_err().to_string().contains("`params`"));
        let named = whole
            .replace(", \"model_name\": \"m\"", "")
            .replace("\"model\": \"hf\"", "\"model_args\": \"dtype=x,pretrained=org/m\"");
        assert_eq!(read("r.json", &named).unwrap().model, "org/m");
        assert!(!is_one("{\"results\": 3}") && !is_one("{\"N\": 1}") && !is_one("{\"results\": {\"a\": {}}}"));
    }
}
