//! Evaluations as one table, and what makes their scores no comparison.

use std::collections::BTreeMap;

use isoloss_formula::Table;

use super::{Evaluated, Score};
use crate::error::{listed, quoted};
use crate::records::{Full, Records};
use crate::{Note, ReadError};

/// A row for every model, a column for every task: files of one model are one row. Of a task that was evaluated twice the
/// newer file counts, and within one file the last. What makes scores no comparison is said.
pub(crate) fn table(source: &str, mut files: Vec<Evaluated>, notes: &mut Vec<Note>) -> Result<Table, ReadError> {
    files.sort_by(|a, b| a.date.total_cmp(&b.date).then(a.source.cmp(&b.source)));
    let mut models: Vec<(String, Option<f64>, Vec<Score>)> = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let at = models.iter().position(|(model, ..)| *model == file.model).unwrap_or_else(|| {
            models.push((file.model.clone(), None, Vec::new()));
            models.len() - 1
        });
        models[at].1 = file.params.or(models[at].1);
        for (i, score) in file.scores.iter().enumerate() {
            let of_task = |known: &Score| known.task == score.task;
            let scores = &mut models[at].2;
            match scores.iter_mut().find(|known| of_task(known)) {
                Some(known) if known == score => {}
                Some(known) => {
                    let (model, task) = (quoted(&file.model), quoted(&score.task));
                    let before = files[..n].iter().rfind(|f| f.model == file.model && f.scores.iter().any(of_task));
                    let why = match before {
                        _ if file.scores[..i].iter().any(of_task) => "which stands last there",
                        Some(before) if before.date == file.date => "the last file by its name",
                        _ => "the newest file",
                    };
                    let text = format!(
                        "{model} has {task} twice: {} of {} counts, {why}, in the place of {}",
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
            if let Err(full) = records.put(key, &cell) {
                clash = Some((key.to_owned(), full));
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
        Some((_, Full::Large)) => Err(Records::too_large(source)),
        Some((key, Full::Twice)) => {
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
    let mut circle: Vec<&String> = files.iter().flat_map(|file| &file.circle).collect();
    circle.sort();
    circle.dedup();
    let circle: Vec<String> = circle.into_iter().map(|group| quoted(group)).collect();
    if !circle.is_empty() {
        let text = format!("groups go in a circle ({}): they and their tasks are left out", listed(&circle, 4));
        notes.push(Note::new("circle", text));
    }
    let mut limits: Vec<String> = files.iter().filter(|file| file.limit.is_some()).map(|f| quoted(&f.model)).collect();
    limits.sort();
    limits.dedup();
    if !limits.is_empty() {
        let text = format!("{}: --limit was set, the scores are those of the first items", listed(&limits, 4));
        notes.push(Note::new("limit", text));
    }
}
