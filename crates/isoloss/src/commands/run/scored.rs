//! The answer to a question about models that others trained: means over tasks, and what a gain is worth in size.

use std::path::Path;

use isoloss::experiment::{Experiment, Scores};
use isoloss_figures::catalogue::{Material, pareto};
use isoloss_figures::report::{Block, Cell, Report, Section, Table as Shown};
use isoloss_figures::{Figure, Width};
use isoloss_formula::{Column, Table, nearest};
use isoloss_laws::{
    Averaged, EffectiveSize, Estimate, Reading as By, Scored as Run, SizeGain, Task, average, effective_size,
    misprinted, size_gain,
};
use isoloss_runs::{Reading, Runs};

use super::page::{asked, of_source};
use crate::commands::tell::made;
use crate::failure::Failure;
use crate::numbers::{count, number, signed};
use crate::output::{self, BOLD, RESET, talk};
use crate::report::predictions::{interval, times, value};
use crate::report::table::{csv_line, last_place, table};

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
    fn score(&self) -> Option<f64> {
        match &self.mean {
            Averaged::All(mean) => Some(mean.value).filter(|_| self.size.is_finite() && self.size > 0.0),
            Averaged::Lacks(_) => None,
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
            let errors = table.column(&format!("{task}_stderr")).and_then(|c| c.as_numbers());
            let errors = errors.map(|e| e.values.as_slice());
            tasks.push(Task { scores: numbers("tasks", task)?, errors, chance: None });
        }
        let means = average(&tasks);
        let (names, sizes) = (of("name", &scores.name)?, numbers("size", &scores.size)?);
        let mut unlike = Vec::new();
        if let Some(printed) = &scores.printed {
            let values = numbers("printed", printed)?;
            let places = scores.tasks.iter().filter_map(|task| table.column(task)).map(last_place);
            let off = misprinted(values, &means, last_place(of("printed", printed)?), places.fold(0.0, f64::max));
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
            let lacks = || experiment.refused(&["scores", key], format!("{name} lacks its size, or one of the tasks"));
            model.score().map(|score| (model.size, score)).ok_or_else(|| lacks().into())
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

    /// Every number by the name that `[found]` calls it by; without an interval the ends are the value.
    fn found(&self) -> Vec<(String, [f64; 3])> {
        let alone = |x: f64| [x; 3];
        let (model, twin) = (&self.scores.model, &self.scores.twin);
        let mut all = vec![(format!("gain, {model} - {twin}"), alone(self.gain))];
        for ([small, large], worth) in &self.pairs {
            all.push((format!("worth, linear in size, {small} to {large}"), alone(worth.linear)));
            all.push((format!("worth, by ln size, {small} to {large}"), alone(worth.logarithmic)));
        }
        for (family, worth) in &self.families {
            let Estimate { value, interval, .. } = &worth.times;
            let ends = interval.map_or([*value; 2], |i| [i.lower, i.upper]);
            all.push((format!("times the size, {family}"), [*value, ends[0], ends[1]]));
        }
        for (row, _) in &self.unlike {
            let model = &self.models[*row];
            all.extend(model.score().map(|score| (format!("mean, {}", model.name), alone(score))));
        }
        all
    }

    /// Writes everything into the folder.
    pub fn save(&self, out: &Path) -> Result<(), Failure> {
        let write = |name: &str, text: &str| output::save(&out.join(name), text.as_bytes(), true);
        let line =
            |(name, numbers): (String, [f64; 3])| csv_line([name].into_iter().chain(numbers.map(|x| x.to_string())));
        let header = csv_line(["name", "value", "lower", "upper"]);
        write("found.csv", &self.found().into_iter().map(line).fold(header, |text, line| text + &line))?;
        let figure = self.figure()?;
        write("pareto.svg", &figure.draw(&Default::default()).svg)?;
        write("report.html", &self.page(figure).html())
    }

    /// The models, the score of which is the mean made anew.
    fn figure(&self) -> Result<Figure, Failure> {
        let scores = self.models.iter().map(|model| model.score().unwrap_or(f64::NAN)).collect();
        let words = |of: &dyn Fn(usize) -> String| (0..self.models.len()).map(of).collect::<Vec<String>>();
        let mut drawn = Table::new(
            self.table.source.clone(),
            Vec::new(),
            (0..self.models.len()).map(|row| self.table.line(row)).collect(),
        );
        drawn.push(Column::words("model", words(&|row| self.models[row].name.clone())));
        drawn.push(Column::words("twin", words(&|_| self.scores.twin.clone())));
        let family = self.table.column(&self.scores.family);
        drawn.push(Column::words("family", words(&|row| family.map(|c| c.text(row)).unwrap_or_default())));
        if let Some(size) = self.table.column(&self.scores.size) {
            drawn.push(Column { name: "size".into(), ..size.clone() });
        }
        drawn.push(Column::numbers("score", scores));
        let material =
            Material { table: Some(drawn), baseline: Some(self.scores.model.clone()), ..Material::default() };
        Ok((pareto::ENTRY.draw)(&material)?.width(Width::Double))
    }

    fn unlike_in_words(&self) -> Option<String> {
        let printed = self.scores.printed.as_deref()?;
        let tasks = self.scores.tasks.join(", ");
        if self.unlike.is_empty() {
            return Some(format!("`{printed}` is the mean of {tasks} in every row."));
        }
        let one = |(row, printed): &(usize, f64)| {
            let Model { name, .. } = &self.models[*row];
            let mean = self.models[*row].score().unwrap_or(f64::NAN);
            format!("{name} (printed {printed}, mean {}, {})", number(mean, 4), signed(mean - printed, 2))
        };
        let each: Vec<String> = self.unlike.iter().map(one).collect();
        Some(format!("`{printed}` is not the mean of {tasks} in {}: {}.", count(each.len(), "row"), each.join("; ")))
    }

    fn lacking(&self) -> Vec<String> {
        let one = |model: &Model| match &model.mean {
            Averaged::Lacks(tasks) => {
                let tasks: Vec<&str> = tasks.iter().map(|task| self.scores.tasks[*task].as_str()).collect();
                Some(format!("{} has no mean: it lacks {}", model.name, tasks.join(", ")))
            }
            Averaged::All(_) => None,
        };
        self.models.iter().filter_map(one).collect()
    }

    /// Says the answer.
    pub fn print(&self, out: &Path) -> Result<(), Failure> {
        self.lacking().iter().for_each(|says| talk(format_args!("note: {says}")));
        let mut said = String::new();
        if let Some(words) = self.unlike_in_words() {
            said.push_str(&format!("{BOLD}Printed means{RESET}: {words}\n\n"));
        }
        let (model, twin) = (&self.scores.model, &self.scores.twin);
        said.push_str(&format!("{BOLD}{model} over {twin}{RESET}: {}\n", signed(self.gain, 3)));
        let percent = |share: f64| format!("{} %", signed(100.0 * share, 1));
        let row = |([small, large], worth): &([String; 2], SizeGain)| {
            vec![format!("{small} to {large}"), percent(worth.linear), percent(worth.logarithmic)]
        };
        if !self.pairs.is_empty() {
            let rows: Vec<Vec<String>> = self.pairs.iter().map(row).collect();
            said.push_str(&table(&["reference", "worth, linear in size", "worth, by ln size"], &rows));
        }
        for (family, worth) in &self.families {
            said.push_str(&format!(
                "by all {} of {family}: {}\n",
                count(worth.family.1, "model"),
                times(&worth.times, "the size")
            ));
        }
        output::answer(&said)?;
        talk(format_args!("wrote {}", out.join("report.html").display()));
        Ok(())
    }

    fn page(&self, figure: Figure) -> Report {
        let mut page = Report::new(&self.experiment.name, made()).question(&self.experiment.question);
        page.sections.push(asked(self.experiment, &Runs::default()));
        let (model, twin) = (&self.scores.model, &self.scores.twin);
        let mut pairs = Shown::new(["reference", "worth, linear in size", "worth, by ln size"]);
        for ([small, large], worth) in &self.pairs {
            let name = Cell::Words(format!("{small} to {large}"));
            pairs = pairs.row([name, Cell::Off(worth.linear), Cell::Off(worth.logarithmic)]);
        }
        let mut families = Shown::new(["family", "models", "times the size"]);
        for (family, worth) in &self.families {
            families = families.row([
                Cell::Words(family.clone()),
                Cell::Number(worth.family.1 as f64, 3),
                Cell::Words(format!("{} {}", value(&worth.times), interval(&worth.times))),
            ]);
        }
        let gain = format!(
            "{model} scores {} over {twin}, the mean of {}.",
            signed(self.gain, 3),
            self.scores.tasks.join(", ")
        );
        let mut section = Section::new("What the gain is worth").words(gain).with(Block::Table(pairs));
        section = section
            .words("By all models of a family, by ln size, the line moved to the twin:")
            .with(Block::Table(families));
        page.sections.push(section.with(Block::Figure(Box::new(figure))));
        let mut models = Shown::new(["model", "size", "mean"]);
        for model in &self.models {
            let mean = model.score().map_or(Cell::Empty, |score| Cell::Number(score, 4));
            models = models.row([Cell::Words(model.name.clone()), Cell::Number(model.size, 3), mean]);
        }
        let says: Vec<String> = self.unlike_in_words().into_iter().chain(self.lacking()).collect();
        page.sections.push(Section::new("The models").with(Block::List(says)).with(Block::Table(models)));
        page.sections.push(of_source(&self.scores.data, self.experiment, &Runs::default(), None));
        page
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
        self.column(name)?.as_numbers().map(|n| n.values.as_slice()).ok_or_else(|| {
            let message = format!("the column {name} of {} holds words", self.table.source);
            self.experiment.refused(&["scores", self.key], message).hint("scores and sizes are numbers").into()
        })
    }
}
