//! The answer to a question about models that others trained: means over tasks, and what a gain is worth in size.

mod show;

use isoloss::experiment::{Experiment, Scores};
use isoloss_formula::{Column, Data, Table, nearest, parse_number};
use isoloss_laws::{
    Averaged, EffectiveSize, Reading as By, Scored as Run, SizeGain, Task, average, effective_size, size_gain,
};
use isoloss_runs::{Reading, is_missing};

use super::found::Found;
use crate::commands::compare::{errors_of, off};
use crate::failure::Failure;
use crate::output::talk;

/// Of every interval here.
const LEVEL: f64 = 0.95;

/// The answer.
pub struct Scored<'a> {
    experiment: &'a Experiment,
    scores: &'a Scores,
    table: Table,
    /// a model a row
    models: Vec<Model>,
    /// rows whose printed mean is another one: row, and what is printed
    unlike: Vec<(usize, f64)>,
    /// of the model over its twin
    gain: f64,
    pairs: Vec<([String; 2], SizeGain)>,
    /// by all models of a family, the line moved to the twin
    families: Vec<(String, EffectiveSize)>,
}

struct Model {
    name: String,
    size: f64,
    mean: Averaged,
}

impl Model {
    /// The mean over its tasks, which takes no size.
    fn mean(&self) -> Option<f64> {
        match &self.mean {
            Averaged::All(mean) => Some(mean.value),
            Averaged::Lacks(_) => None,
        }
    }

    /// The same of a model that has a size too: what can be read as one.
    fn score(&self) -> Option<f64> {
        self.mean().filter(|_| self.lacks_size().is_none())
    }

    /// Why its size is none.
    fn lacks_size(&self) -> Option<String> {
        match self.size {
            size if !size.is_finite() => Some(format!("{} lacks its size", self.name)),
            size if size <= 0.0 => Some(format!("the size of {} is {size}: a size must be above zero", self.name)),
            _ => None,
        }
    }

    /// Why it has no mean, by the names of the tasks.
    fn lacks_tasks(&self, tasks: &[String]) -> Option<String> {
        match &self.mean {
            Averaged::Lacks(lacks) => {
                let lacks: Vec<&str> = lacks.iter().map(|task| tasks[*task].as_str()).collect();
                Some(format!("{} has no mean: it lacks {}", self.name, lacks.join(", ")))
            }
            Averaged::All(_) => None,
        }
    }
}

impl<'a> Scored<'a> {
    /// Means of the table, and what the experiment asks of them.
    pub fn new(experiment: &'a Experiment, scores: &'a Scores, reading: Reading) -> Result<Self, Failure> {
        reading.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        let table = reading.table;
        let of = |key: &'static str, name: &str| Named { experiment, table: &table, key }.column(name);
        let numbers = |key: &'static str, name: &str| Named { experiment, table: &table, key }.numbers(name);
        let mut tasks = Vec::new();
        for task in &scores.tasks {
            tasks.push(Task { scores: numbers("tasks", task)?, errors: errors_of(&table, task) });
            spoiled(of("tasks", task)?).for_each(|(row, cell)| {
                let line = table.line(row);
                talk(format_args!(
                    "note: {}:{line}: `{cell}` in column `{task}` is no number: no mean there",
                    table.source
                ));
            });
        }
        let means = average(&tasks);
        let (names, sizes) = (of("name", &scores.name)?, numbers("size", &scores.size)?);
        let mut unlike = Vec::new();
        if let Some(printed) = &scores.printed {
            let values = numbers("printed", printed)?;
            let columns: Vec<&Column> = scores.tasks.iter().filter_map(|task| table.column(task)).collect();
            let off = off(of("printed", printed)?, values, &columns, &means);
            unlike.extend(off.into_iter().map(|(row, _)| (row, values[row])));
        }
        let model = |(row, mean)| Model { name: names.text(row), size: sizes[row], mean };
        let models: Vec<Model> = means.into_iter().enumerate().map(model).collect();
        let found = |key: &'static str, name: &str| -> Result<(f64, f64), Failure> {
            let mut all = models.iter().filter(|model| model.name == *name);
            let (Some(model), None) = (all.next(), all.next()) else {
                let near = nearest(name, models.iter().map(|model| model.name.as_str()));
                let hint =
                    near.first().map_or("names are taken letter for letter".into(), |n| format!("is \"{n}\" meant?"));
                let message = format!("{name} is not one row of the column `{}` of {}", scores.name, table.source);
                return Err(experiment.refused(&["scores", key], message).hint(hint).into());
            };
            if let Some(lacks) = model.lacks_tasks(&scores.tasks).or_else(|| model.lacks_size()) {
                let hint = format!("fill its row of {} in, or name another model", table.source);
                return Err(experiment.refused(&["scores", key], lacks).hint(hint).into());
            }
            Ok((model.size, model.mean().unwrap_or(f64::NAN)))
        };
        let (model, twin) = (found("model", &scores.model)?, found("twin", &scores.twin)?);
        let gain = model.1 - twin.1;
        let mut pairs = Vec::new();
        for [small, large] in &scores.references {
            let worth = size_gain(found("references", small)?, found("references", large)?, gain).ok_or_else(|| {
                let message = format!("{large} is not both larger and better than {small}");
                Failure::from(experiment.refused(&["scores", "references"], message).hint("the smaller comes first"))
            })?;
            pairs.push(([small.clone(), large.clone()], worth));
        }
        let run = |(size, score): (f64, f64)| Run { size, score, error: None };
        let mut named: Vec<(String, Vec<Run>)> = Vec::new();
        if let Some(column) = table.column(&scores.family) {
            for (row, other) in models.iter().enumerate() {
                let (family, Some(score)) = (column.text(row), other.score()) else { continue };
                if family.trim().is_empty() || [&scores.model, &scores.twin].contains(&&other.name) {
                    continue;
                }
                let own = run((other.size, score));
                match named.iter_mut().find(|(name, _)| *name == family) {
                    Some((_, runs)) => runs.push(own),
                    None => named.push((family, vec![own])),
                }
            }
        }
        let mut families = Vec::new();
        for (family, runs) in named {
            // What says nothing of size is said, and takes nothing from the others.
            match effective_size(&runs, &[run(twin)], &[run(model)], By::Logarithmic, LEVEL) {
                Ok(worth) => families.push((family, worth)),
                Err(why) => talk(format_args!("note: {family} says nothing of size: {}", why.message)),
            }
        }
        Ok(Self { experiment, scores, models, unlike, gain, pairs, families, table })
    }

    /// Every number by the name that `[found]` calls it by; those that follow from printed scores have no interval.
    fn found(&self) -> Vec<Found> {
        let alone = |name: String, value: f64| Found { name, value, ends: None };
        let (model, twin) = (&self.scores.model, &self.scores.twin);
        let mut all = vec![alone(format!("gain, {model} - {twin}"), self.gain)];
        for ([small, large], worth) in &self.pairs {
            all.push(alone(format!("worth, linear in size, {small} to {large}"), worth.linear));
            all.push(alone(format!("worth, by ln size, {small} to {large}"), worth.logarithmic));
        }
        for (family, worth) in &self.families {
            all.push(Found::of(format!("times the size, {family}"), &worth.times));
        }
        for (row, _) in &self.unlike {
            let model = &self.models[*row];
            all.extend(model.mean().map(|mean| alone(format!("mean, {}", model.name), mean)));
        }
        all
    }
}

/// A column that a key of the file names.
struct Named<'a> {
    experiment: &'a Experiment,
    table: &'a Table,
    key: &'static str,
}

impl<'a> Named<'a> {
    fn column(&self, name: &str) -> Result<&'a Column, Failure> {
        self.table.column(name).ok_or_else(|| {
            let headers: Vec<&str> = self.table.columns().iter().map(|c| c.name.as_str()).collect();
            let message = format!("{name} is no column of {}", self.table.source);
            let hint = match nearest(name, headers.iter().copied()).first() {
                Some(near) => format!("is `{near}` meant?"),
                None => format!("they are {}", headers.join(", ")),
            };
            self.experiment.refused(&["scores", self.key], message).hint(hint).into()
        })
    }

    fn numbers(&self, name: &str) -> Result<&'a [f64], Failure> {
        let column = self.column(name)?;
        column.as_numbers().map(|n| n.values.as_slice()).ok_or_else(|| {
            let source = &self.table.source;
            let message = match spoiled(column).next() {
                Some((row, cell)) => {
                    let line = self.table.line(row);
                    format!("the column {name} of {source} holds words: `{cell}` in line {line} is no number")
                }
                None => format!("the column {name} of {source} is blank"),
            };
            self.experiment.refused(&["scores", self.key], message).hint("scores and sizes are numbers").into()
        })
    }
}

/// Cells that say something and are no number, by their rows.
fn spoiled(column: &Column) -> impl Iterator<Item = (usize, &str)> {
    let cells: Vec<(usize, &str)> = match &column.data {
        Data::Words(words) => words.iter().map(String::as_str).enumerate().collect(),
        Data::Numbers(numbers) => numbers.oddities.iter().map(|odd| (odd.row, odd.text.as_str())).collect(),
    };
    cells.into_iter().filter(|(_, cell)| !is_missing(cell) && parse_number(cell).is_none())
}
