//! Scores of models: means over tasks, whether printed ones check, and what a gain is worth in size.

use std::path::Path;
use std::process::ExitCode;

use isoloss_formula::{Column, Table, nearest};
use isoloss_laws::{Averaged, Task, average, misprinted, size_gain};
use isoloss_runs::guess;

use super::{Families, SIZE, Scores, sizes};
use crate::commands::fit::read;
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::report::effective::Means;
use crate::report::gains::{self, Gain, Report, Unlike};
use crate::report::table::last_place;

/// What the mean over tasks is called, where it is the score.
const MEAN: &str = "mean";

pub fn run(path: &str, asked: &Scores, families: &Families, format: Format) -> Result<ExitCode, Failure> {
    let reading = read(Path::new(path))?;
    let mut table = reading.table;
    let mut score = asked.score.as_deref();
    let alone = families.group.is_none() && asked.model.is_none();
    if asked.average.is_none() && !asked.of.is_empty() {
        if let Some(score) = score {
            return Err(Failure::usage(
                format_args!("--score {score}: and --of asks for the mean of tasks"),
                "one of the two is the score; --average COLUMN --of TASKS checks a mean that is printed",
            ));
        }
        let models = Models { table: &table, asked };
        let (tasks, means) = models.means(&[])?;
        let names = table.column(&asked.name);
        let name = |row: usize| names.map_or_else(|| format!("line {}", table.line(row)), |c| c.text(row));
        let named: Vec<(String, Averaged)> =
            means.into_iter().enumerate().map(|(row, mean)| (name(row), mean)).collect();
        let tasks: Vec<&str> = tasks.iter().map(|c| c.name.as_str()).collect();
        let answer = Means { tasks: &tasks, models: &named };
        if alone {
            if let Some(size) = &asked.size {
                return Err(Failure::usage(
                    format_args!("--size {size}: a mean of tasks needs no size"),
                    "--group FAMILY --baseline NAME reads families as sizes; --model and --twin read a gain as one",
                ));
            }
            output::answer(&match format {
                Format::Text => answer.text(),
                Format::Json => answer.json(),
                Format::Csv => answer.csv(),
            })?;
            return Ok(ExitCode::SUCCESS);
        }
        for (name, mean) in &named {
            if let Averaged::Lacks(lacks) = mean {
                let lacks: Vec<&str> = lacks.iter().map(|task| tasks[*task]).collect();
                talk(format_args!("note: {name} has no mean: it lacks {}", lacks.join(", ")));
            }
        }
        let of = |part: fn(&isoloss_laws::Mean) -> f64| -> Vec<f64> {
            let one = |(_, mean): &(String, Averaged)| match mean {
                Averaged::All(mean) => part(mean),
                Averaged::Lacks(_) => f64::NAN,
            };
            named.iter().map(one).collect()
        };
        let columns = [
            (MEAN.to_owned(), of(|mean| mean.value)),
            (format!("{MEAN}_stderr"), of(|mean| mean.error.unwrap_or(f64::NAN))),
        ];
        columns.into_iter().for_each(|(name, values)| table.push(Column::numbers(name, values)));
        score = Some(MEAN);
    }
    let models = Models { table: &table, asked };
    if let Some(group) = &families.group {
        let Some(score) = score else {
            let hint = "--score names the column of scores, or --of the tasks that it is the mean of";
            return Err(Failure::usage(format_args!("--group {group}: which scores?"), hint));
        };
        return sizes::run(&models, score, group, families.baseline.as_deref(), format);
    }
    let unlike = asked.average.as_deref().map(|average| models.averages(average)).transpose()?;
    let gains = score.map(|score| models.gains(score)).transpose()?;
    let report = Report {
        model: asked.model.as_deref().unwrap_or_default(),
        twin: asked.twin.as_deref().unwrap_or_default(),
        score: score.unwrap_or_default(),
        average: asked.average.as_deref().unwrap_or_default(),
        gains,
        unlike,
    };
    output::answer(&match format {
        Format::Text => gains::text(&report),
        Format::Json => gains::json(&report),
        Format::Csv => gains::csv(&report),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The standard errors of a column of scores, where the table has them.
pub fn errors_of<'a>(table: &'a Table, score: &str) -> Option<&'a [f64]> {
    let errors = table.column(&format!("{score}_stderr")).and_then(|c| c.as_numbers());
    errors.map(|errors| errors.values.as_slice())
}

/// Rows whose printed mean is not that of their tasks, by the places that both are written to, and what it is.
pub fn off(printed: &Column, values: &[f64], tasks: &[&Column], means: &[Averaged]) -> Vec<(usize, f64)> {
    let unit_of_tasks = tasks.iter().map(|task| last_place(task)).fold(0.0, f64::max);
    misprinted(values, means, last_place(printed), unit_of_tasks)
}

pub struct Models<'a> {
    pub table: &'a Table,
    pub asked: &'a Scores,
}

impl Models<'_> {
    /// The gain of the model over its twin, by every reference.
    fn gains(&self, score: &str) -> Result<(f64, Vec<Gain>), Failure> {
        let asked = [&self.asked.model, &self.asked.twin];
        if asked.iter().any(|name| name.is_none()) || self.asked.reference.is_empty() {
            return Err(Failure::usage(
                format_args!("--score {score}: of which model, and by what is its gain measured?"),
                "--model NAME --twin NAME --reference \"SMALL,LARGE\"; or, of runs, --group COLUMN --baseline NAME",
            ));
        }
        let scores = self.numbers("--score", score)?;
        let sizes = self.numbers("--size", &self.size())?;
        let at = |flag: &str, name: &str| -> Result<(f64, f64), Failure> {
            let row = self.row(flag, name)?;
            let (size, score) = (sizes[row], scores[row]);
            match size.is_finite() && score.is_finite() {
                true => Ok((size, score)),
                false => Err(Failure::usage(
                    format_args!("{}:{}: {name} has no size or no score", self.table.source, self.table.line(row)),
                    "both are numbers; take another model",
                )),
            }
        };
        let model = at("--model", self.asked.model.as_deref().unwrap_or_default())?;
        let twin = at("--twin", self.asked.twin.as_deref().unwrap_or_default())?;
        let gain = model.1 - twin.1;
        if model.0 != twin.0 {
            talk(format_args!("note: the twin is of another size: part of the gain is size already"));
        }
        let each = self.asked.reference.iter().map(|pair| {
            // Names may hold commas themselves: the comma that leaves two known names is the right one.
            let split = |(at, _): (usize, char)| Some((pair[..at].trim(), pair[at + 1..].trim()));
            let commas = || pair.char_indices().filter(|(_, c)| *c == ',').filter_map(split);
            let known = |name: &str| self.row("--reference", name).is_ok();
            let names = commas().find(|(a, b)| known(a) && known(b)).or_else(|| commas().next());
            let (small, large) = names.ok_or_else(|| {
                Failure::usage(
                    format_args!("--reference {pair}: expected two models"),
                    "the smaller, a comma, the larger: --reference \"Llama2-7B-Chat,Llama2-13B-Chat\"",
                )
            })?;
            let (a, b) = (at("--reference", small)?, at("--reference", large)?);
            let worth = size_gain(a, b, gain).ok_or_else(|| {
                Failure::usage(
                    format_args!("--reference {pair}: the second is not both larger and better than the first"),
                    "the smaller comes first; only a family that gains by size can say what a gain is worth",
                )
            })?;
            Ok(Gain { small: (small.to_owned(), a), large: (large.to_owned(), b), worth })
        });
        Ok((gain, each.collect::<Result<Vec<_>, Failure>>()?))
    }

    /// The tasks, those that were named or else every other column of numbers, and their means.
    fn means(&self, taken: &[&str]) -> Result<(Vec<&Column>, Vec<Averaged>), Failure> {
        let names: Vec<String> = self.asked.of.iter().flat_map(|t| crate::commands::fit::names(t)).collect();
        if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(Failure::usage(
                format_args!("--of names {twice} twice"),
                "give each task once: a mean counts each of its tasks once",
            ));
        }
        let tasks: Vec<&Column> = match names.is_empty() {
            false => names.iter().map(|name| self.column("--of", name)).collect::<Result<_, _>>()?,
            true => {
                let is_error =
                    |name: &str| name.strip_suffix("_stderr").is_some_and(|of| self.table.column(of).is_some());
                let other =
                    |c: &&Column| c.as_numbers().is_some() && !taken.contains(&c.name.as_str()) && !is_error(&c.name);
                self.table.columns().iter().filter(other).collect()
            }
        };
        let mut columns = Vec::new();
        for task in &tasks {
            let errors = errors_of(self.table, &task.name);
            columns.push(Task { scores: self.numbers("--of", &task.name)?, errors });
        }
        Ok((tasks, average(&columns)))
    }

    /// The rows whose printed average is not the mean of their tasks.
    fn averages(&self, printed: &str) -> Result<(usize, Vec<Unlike>), Failure> {
        let size = self.known_size();
        let taken = [Some(printed), Some(size.as_str()), Some("params"), self.asked.score.as_deref()];
        let values = self.numbers("--average", printed)?;
        let (tasks, means) = self.means(&taken.into_iter().flatten().collect::<Vec<_>>())?;
        if tasks.is_empty() {
            return Err(Failure::usage(
                format_args!("{}: there is no column of numbers but `{printed}`", self.table.source),
                "--of names the tasks: --of \"MMLU,GSM8k\"",
            ));
        }
        let said: Vec<&str> = tasks.iter().map(|c| c.name.as_str()).collect();
        talk(format_args!("`{printed}` is held against the mean of {}", said.join(", ")));
        let names = self.table.column(&self.asked.name);
        let name = |row: usize| names.map_or_else(String::new, |c| c.text(row));
        let mut checked = 0;
        for (row, (mean, value)) in means.iter().zip(values).enumerate() {
            match mean {
                Averaged::Lacks(lacks) => {
                    let lacks: Vec<&str> = lacks.iter().map(|task| said[*task]).collect();
                    let line = self.table.line(row);
                    talk(format_args!("note: line {line} {} is not checked: it lacks {}", name(row), lacks.join(", ")));
                }
                Averaged::All(_) => checked += usize::from(value.is_finite()),
            }
        }
        let off = off(self.column("--average", printed)?, values, &tasks, &means);
        let unlike = |(row, mean): (usize, f64)| Unlike {
            line: self.table.line(row),
            name: name(row),
            printed: values[row],
            mean,
        };
        Ok((checked, off.into_iter().map(unlike).collect()))
    }

    fn row(&self, flag: &str, name: &str) -> Result<usize, Failure> {
        let names = self.column("--name", &self.asked.name)?;
        let all: Vec<String> = (0..self.table.len()).map(|row| names.text(row)).collect();
        let mut rows = (0..all.len()).filter(|&row| all[row] == name);
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            (Some(a), Some(b)) => Err(Failure::usage(
                format_args!("{flag} {name}: lines {} and {} both have it", self.table.line(a), self.table.line(b)),
                "give every model a name of its own",
            )),
            _ => Err(Failure::usage(
                format_args!("{flag} {name}: column `{}` of {} has no such name", names.name, self.table.source),
                match nearest(name, all.iter().map(String::as_str)).first() {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "names are taken letter for letter".to_owned(),
                },
            )),
        }
    }

    /// The column of sizes, which is said where it was not named.
    pub fn size(&self) -> String {
        let size = self.known_size();
        if self.asked.size.as_ref() != Some(&size) && size != SIZE {
            talk(format_args!("sizes are column `{size}`"));
        }
        size
    }

    /// Where none is named, the one that is known as parameters, as `isoloss fit` takes it.
    fn known_size(&self) -> String {
        let known = || Some(guess(self.table).columns.get("N")?.column.clone());
        match &self.asked.size {
            Some(named) => named.clone(),
            None if self.table.column(SIZE).is_some() => SIZE.to_owned(),
            None => known().unwrap_or_else(|| SIZE.to_owned()),
        }
    }

    pub fn column(&self, flag: &str, name: &str) -> Result<&Column, Failure> {
        self.table.column(name).ok_or_else(|| {
            let headers: Vec<&str> = self.table.columns().iter().map(|c| c.name.as_str()).collect();
            Failure::usage(
                format_args!("{flag} {name}: {} has no such column", self.table.source),
                match nearest(name, headers.iter().copied()).first() {
                    Some(near) => format!("did you mean {flag} \"{near}\"?"),
                    None => format!("the columns are {}", headers.join(", ")),
                },
            )
        })
    }

    pub fn numbers(&self, flag: &str, name: &str) -> Result<&[f64], Failure> {
        let numbers = self.column(flag, name)?.as_numbers();
        numbers.map(|n| n.values.as_slice()).ok_or_else(|| {
            Failure::usage(
                format_args!("{flag} {name}: the column does not hold numbers"),
                "a score and a size are numbers",
            )
        })
    }
}
