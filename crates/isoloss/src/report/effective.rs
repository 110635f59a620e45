//! Scores of families as sizes of another, and means over tasks, written three ways.

use isoloss_laws::{Averaged, Worth};
use serde_json::json;

use super::estimate;
use super::predictions::{interval, reasons, value};
use super::table::{csv_line, table};
use crate::numbers::{count, exact, factor, number, short_name, size};
use crate::output::{BOLD_YELLOW, RESET};

/// What families are worth by the line of one.
#[derive(Debug)]
pub struct Report<'a> {
    /// the column of scores
    pub score: &'a str,
    /// the column of sizes
    pub size: &'a str,
    pub baseline: &'a str,
    pub families: &'a [String],
    pub worths: &'a [Worth],
}

/// The line, what each family is worth at each size, and what to mind.
pub fn text(report: &Report<'_>) -> String {
    let Some(first) = report.worths.first() else { return String::new() };
    let ((a, b), (sizes, runs)) = (first.found.line, first.found.family);
    let mut text = format!(
        "{} of {} = {} + {} ln {}, through {} at {}\n\n",
        report.score,
        short_name(report.baseline),
        number(a, 4),
        number(b, 4),
        report.size,
        count(runs, "run"),
        count(sizes, "size"),
    );
    let row = |worth: &Worth| {
        let found = &worth.found;
        let at = worth.at.map_or_else(|| format!("all, as {}", size(found.size)), size);
        let times = &found.times;
        let said = times.interval.map_or_else(|| "-".to_owned(), |_| interval(times));
        vec![
            short_name(&report.families[worth.family]),
            at,
            number(found.score, 4),
            size(found.needed.value),
            value(times),
            said,
        ]
    };
    let header = ["family", "size", "score", "needs", "times its size", "95 % interval"];
    text.push_str(&table(&header, &report.worths.iter().map(row).collect::<Vec<_>>()));
    text.push_str(&reasons(report.worths.iter().map(|worth| &worth.found.times)));
    if let Some(worth) = report.worths.iter().find(|worth| worth.found.times.interval.is_some()) {
        text.push_str(&format!("  intervals: {}\n", worth.found.times.method));
    }
    let farthest = report.worths.iter().map(|worth| worth.found.beyond).fold(1.0, f64::max);
    if farthest > 1.0 {
        text.push_str(&format!(
            "{BOLD_YELLOW}warning{RESET}[extrapolation]: {} outside the sizes of {}: the line has to hold there\n",
            factor(farthest),
            short_name(report.baseline)
        ));
    }
    if first.found.bent {
        text.push_str(&format!(
            "{BOLD_YELLOW}warning{RESET}[bent]: the sizes of {} lie off the line by more than seeds explain; intervals have them for \
             their spread\n",
            short_name(report.baseline)
        ));
    }
    text
}

/// One object.
pub fn json(report: &Report<'_>) -> String {
    let each = report.worths.iter().map(|worth| {
        let found = &worth.found;
        json!({
            "family": report.families[worth.family],
            "size": worth.at,
            "mean_size": found.size,
            "score": found.score,
            "needs": estimate(&found.needed),
            "times": estimate(&found.times),
            "beyond": found.beyond,
            "bent": found.bent,
        })
    });
    let line =
        report.worths.first().map(|worth| json!({ "intercept": worth.found.line.0, "slope": worth.found.line.1 }));
    let all = json!({
        "score": report.score,
        "size": report.size,
        "baseline": report.baseline,
        "line": line,
        "worth": each.collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

/// One row a family and size; no size where all are taken together.
pub fn csv(report: &Report<'_>) -> String {
    let mut text = csv_line(["family", "size", "score", "needs", "times", "lower", "upper"]);
    for worth in report.worths {
        let found = &worth.found;
        let end = |of: Option<f64>| of.map(exact).unwrap_or_default();
        let interval = found.times.interval;
        text.push_str(&csv_line([
            report.families[worth.family].clone(),
            end(worth.at),
            exact(found.score),
            exact(found.needed.value),
            exact(found.times.value),
            end(interval.map(|i| i.lower)),
            end(interval.map(|i| i.upper)),
        ]));
    }
    text
}

/// Means over tasks, model by model.
#[derive(Debug)]
pub struct Means<'a> {
    pub tasks: &'a [&'a str],
    /// name and mean, in the order of the table
    pub models: &'a [(String, Averaged)],
}

impl Means<'_> {
    fn lacks(&self, tasks: &[usize]) -> String {
        tasks.iter().map(|task| self.tasks[*task]).collect::<Vec<_>>().join(", ")
    }

    /// A table.
    pub fn text(&self) -> String {
        let row = |(name, mean): &(String, Averaged)| match mean {
            Averaged::All(mean) => {
                let error = mean.error.map_or_else(|| "-".to_owned(), |e| number(e, 2));
                vec![short_name(name), number(mean.value, 4), error, String::new()]
            }
            Averaged::Lacks(tasks) => {
                vec![short_name(name), "-".into(), "-".into(), format!("lacks {}", self.lacks(tasks))]
            }
        };
        let header = ["model", "mean", "std. error", ""];
        format!("mean of {}\n\n", self.tasks.join(", "))
            + &table(&header, &self.models.iter().map(row).collect::<Vec<_>>())
    }

    /// One object.
    pub fn json(&self) -> String {
        let each = self.models.iter().map(|(name, mean)| match mean {
            Averaged::All(mean) => json!({ "name": name, "mean": mean.value, "std_error": mean.error }),
            Averaged::Lacks(tasks) => {
                let lacks: Vec<&str> = tasks.iter().map(|task| self.tasks[*task]).collect();
                json!({ "name": name, "mean": null, "lacks": lacks })
            }
        });
        format!("{:#}\n", json!({ "tasks": self.tasks, "means": each.collect::<Vec<_>>() }))
    }

    /// One row a model.
    pub fn csv(&self) -> String {
        let mut text = csv_line(["name", "mean", "std_error", "lacks"]);
        for (name, mean) in self.models {
            let cells = match mean {
                Averaged::All(mean) => [exact(mean.value), mean.error.map(exact).unwrap_or_default(), String::new()],
                Averaged::Lacks(tasks) => [String::new(), String::new(), self.lacks(tasks)],
            };
            text.push_str(&csv_line([name.clone()].into_iter().chain(cells)));
        }
        text
    }
}
