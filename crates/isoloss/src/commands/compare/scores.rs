//! Scores of models: what a gain is worth in size, and whether printed averages check.

use std::path::Path;
use std::process::ExitCode;

use isoloss_formula::{Column, Table, nearest};
use isoloss_laws::size_gain;
use isoloss_runs::read_path;

use super::Scores;
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::report::gains::{self, Gain, Report, Unlike};

pub fn run(path: &str, asked: &Scores, format: Format) -> Result<ExitCode, Failure> {
    let reading = read_path(Path::new(path))?;
    reading.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
    let models = Models { table: &reading.table, asked };
    let unlike = asked.average.as_deref().map(|average| models.averages(average)).transpose()?;
    let gains = asked.score.as_deref().map(|score| models.gains(score)).transpose()?;
    let report = Report {
        model: asked.model.as_deref().unwrap_or_default(),
        twin: asked.twin.as_deref().unwrap_or_default(),
        score: asked.score.as_deref().unwrap_or_default(),
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

struct Models<'a> {
    table: &'a Table,
    asked: &'a Scores,
}

impl Models<'_> {
    /// The gain of the model over its twin, by every reference.
    fn gains(&self, score: &str) -> Result<(f64, Vec<Gain>), Failure> {
        let scores = self.numbers("--score", score)?;
        let sizes = self.numbers("--size", &self.asked.size)?;
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

    /// The rows whose printed average is not the mean of their tasks.
    fn averages(&self, average: &str) -> Result<(usize, Vec<Unlike>), Failure> {
        let printed = self.numbers("--average", average)?;
        let names: Vec<String> = self.asked.of.iter().flat_map(|t| crate::commands::fit::names(t)).collect();
        let tasks: Vec<&Column> = match names.is_empty() {
            false => names.iter().map(|name| self.column("--of", name)).collect::<Result<_, _>>()?,
            true => {
                let taken = [Some(average), Some(self.asked.size.as_str()), self.asked.score.as_deref()];
                let other = |c: &&Column| c.as_numbers().is_some() && !taken.contains(&Some(c.name.as_str()));
                self.table.columns().iter().filter(other).collect()
            }
        };
        let values = tasks.iter().map(|c| self.numbers("--of", &c.name)).collect::<Result<Vec<_>, _>>()?;
        if values.is_empty() {
            return Err(Failure::usage(
                format_args!("{}: there is no column of numbers but `{average}`", self.table.source),
                "--of names the tasks: --of \"MMLU,GSM8k\"",
            ));
        }
        let said: Vec<&str> = tasks.iter().map(|c| c.name.as_str()).collect();
        talk(format_args!("`{average}` is held against the mean of {}", said.join(", ")));
        // Half a unit of the last place that the average is printed to, and what rounding of the tasks can do to their mean.
        let of_tasks = tasks.iter().map(|c| last_place(c)).fold(0.0, f64::max);
        let enough = 0.5 * (last_place(self.column("--average", average)?) + of_tasks) + 1e-9;
        let mut unlike = Vec::new();
        let mut checked = 0;
        for row in 0..self.table.len() {
            let mean = values.iter().map(|v| v[row]).sum::<f64>() / values.len() as f64;
            if !(mean.is_finite() && printed[row].is_finite()) {
                continue;
            }
            checked += 1;
            if (mean - printed[row]).abs() > enough {
                let name = self.table.column(&self.asked.name).map_or_else(String::new, |c| c.text(row));
                unlike.push(Unlike { line: self.table.line(row), name, printed: printed[row], mean });
            }
        }
        Ok((checked, unlike))
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

    fn column(&self, flag: &str, name: &str) -> Result<&Column, Failure> {
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

    fn numbers(&self, flag: &str, name: &str) -> Result<&[f64], Failure> {
        let numbers = self.column(flag, name)?.as_numbers();
        numbers.map(|n| n.values.as_slice()).ok_or_else(|| {
            Failure::usage(
                format_args!("{flag} {name}: the column does not hold numbers"),
                "a score and a size are numbers",
            )
        })
    }
}

/// The last place that a column is written to: 0.01 for 46.87.
fn last_place(column: &Column) -> f64 {
    let places = |text: &str| text.split_once('.').map_or(0, |(_, p)| p.len() as i32);
    let most = (0..column.len()).map(|row| places(&column.text(row))).max().unwrap_or(0);
    10f64.powi(-most)
}
