//! `isoloss coordinates EXPERIMENT`: does a recipe keep activations as they are while models grow wider?

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Args;
use indicatif::ProgressBar;
use isoloss::experiment::{Planned, Planner};
use isoloss_laws::{Estimate, growth};
use isoloss_runs::Runs;
use isoloss_train::{Coordinate, Divergence, coordinates};
use serde_json::{Value, json};

use super::Run;
use super::train::{OfFile, place, style};
use crate::failure::Failure;
use crate::numbers::{count, number, signed};
use crate::output::{BOLD, BOLD_YELLOW, Format, RESET, answer, talk};
use crate::report::predictions::interval;
use crate::report::table::{csv_line, table};

/// Powers of the width that are called flat. A size that goes with 0.1 makes a factor of 1.3 over 16 times the width.
const FLAT: f64 = 0.1;
/// What steps change settles with the width less fast, and a recipe that fails misses by 0.5 or more: half of that.
const FLAT_CHANGE: f64 = 0.25;
/// Windows whose activations are looked at.
const WINDOWS: usize = 8;
/// The length that the recipe is told: as long for all widths.
const TOKENS: f64 = 1e6;
const LEVEL: f64 = 0.95;

/// Options of `coordinates`.
#[derive(Args, Debug)]
pub struct Coordinates {
    #[command(flatten)]
    of: OfFile,
    /// The widths of the model
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_values_t = [32, 64, 128, 256, 512])]
    widths: Vec<usize>,
    /// Steps that are taken before activations are looked at, at the peak learning rate
    #[arg(long, value_name = "N", default_value_t = 10)]
    steps: u64,
    /// Models of each width
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// The folder of runs: what was made of a text is kept in it
    #[arg(long, value_name = "DIR", default_value = "runs")]
    store: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

impl Run for Coordinates {
    const ABOUT: &str = "The coordinate check: are activations alike at every width?";
    const EXAMPLES: &str = "\
Examples:
  isoloss coordinates first-ladder
  isoloss coordinates my.toml --set recipe.lr=0.02 --widths 64,128,256

Trains models of several widths for a few steps by the experiment's recipe, without warm-up or decay, and compares the \
sizes of their activations. Depth is that of the ladder's first size where the model has none of its own. Under a recipe whose learning rate holds at every width, neither the size nor the change over \
the steps goes with the width: its power is near 0. The widest model costs most: half of it is a quarter of the time.
Exit code 0: it did, whatever it found; 1: it could not; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        self.of.read(&[])?.trains()?;
        let windows = WINDOWS.to_string();
        let more = [("recipe.schedule", "constant"), ("recipe.warmup", "0"), ("evaluation.windows", windows.as_str())];
        let mut experiment = self.of.read(&more)?;
        experiment.over_widths(&self.widths, TOKENS, (1..=self.seeds).collect());
        let planned = Planner::new(&experiment, &place(&self.store)?).plan(&Runs::default())?;
        let rows = rows(&planned, &looked_at(&planned, self.steps)?);
        answer(&match self.format {
            Format::Text => text(&rows, self.steps),
            Format::Csv => csv(&rows),
            Format::Json => format!("{:#}\n", Value::Array(rows.iter().map(Row::value).collect())),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The activations of every model, side by side on all processors.
fn looked_at(planned: &[Planned], steps: u64) -> Result<Vec<Vec<Coordinate>>, Failure> {
    talk(format_args!("{}, {steps} steps each", count(planned.len(), "model")));
    let bar = ProgressBar::new(planned.len() as u64).with_style(style("{bar:24} {pos}/{len} models, {elapsed}"));
    let next = AtomicUsize::new(0);
    let seen: Mutex<BTreeMap<usize, Result<Vec<Coordinate>, Divergence>>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, |n| n.get()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = planned.get(at) else { return };
                    let found = coordinates(&run.job, steps, WINDOWS);
                    bar.inc(1);
                    seen.lock().unwrap_or_else(|e| e.into_inner()).insert(at, found);
                }
            });
        }
    });
    bar.finish_and_clear();
    let seen = seen.into_inner().unwrap_or_else(|e| e.into_inner());
    let refuse = |(at, e): (usize, Divergence)| {
        let hint = "a smaller learning rate: --set recipe.lr=...";
        Failure::could_not(format_args!("{}: {e}", planned[at].job.labels.full()), hint)
    };
    seen.into_iter().map(|(at, found)| found.map_err(|e| refuse((at, e)))).collect()
}

/// One activation over all widths, means over seeds.
struct Row {
    family: String,
    name: String,
    widths: Vec<f64>,
    /// after the steps, and over them
    parts: [Part; 2],
}

/// A size over the widths.
struct Part {
    what: &'static str,
    /// the largest power that is called flat
    flat: f64,
    values: Vec<f64>,
    power: Option<Estimate>,
}

fn rows(planned: &[Planned], seen: &[Vec<Coordinate>]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let widths = |run: &Planned| run.job.config.model.d_model() as f64;
    for (run, coordinates) in planned.iter().zip(seen) {
        let family = &run.job.labels.family;
        for coordinate in coordinates {
            if rows.iter().any(|row| row.name == coordinate.name && row.family == *family) {
                continue;
            }
            let same = || {
                let runs = planned.iter().zip(seen).filter(|(other, _)| other.job.labels.family == *family);
                runs.flat_map(|(run, all)| all.iter().map(move |c| (widths(run), c)))
                    .filter(|(_, c)| c.name == coordinate.name)
            };
            let x: Vec<f64> = same().map(|(width, _)| width).collect();
            let part = |what: &'static str, flat: f64, size: fn(&Coordinate) -> f64| {
                let y: Vec<f64> = same().map(|(_, c)| size(c)).collect();
                Part { what, flat, values: means(&x, &y), power: growth(&x, &y, LEVEL) }
            };
            let parts = [part("size", FLAT, |c| c.size), part("change", FLAT_CHANGE, |c| c.change)];
            rows.push(Row { family: family.clone(), name: coordinate.name.clone(), widths: means(&x, &x), parts });
        }
    }
    rows
}

/// The mean of y at each x, by ascending x.
fn means(x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut groups: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (x, y) in x.iter().zip(y) {
        groups.entry(*x as u64).or_default().push(*y);
    }
    groups.into_values().map(|ys| ys.iter().sum::<f64>() / ys.len() as f64).collect()
}

impl Row {
    fn value(&self) -> Value {
        let part = |part: &Part| json!({ "by_width": part.values, "power": part.power });
        let [size, change] = &self.parts;
        json!({
            "family": self.family,
            "activation": self.name,
            "widths": self.widths,
            "size": part(size),
            "change": part(change),
        })
    }

    fn full(&self) -> String {
        if self.family.is_empty() { self.name.clone() } else { format!("{}, {}", self.family, self.name) }
    }
}

fn text(rows: &[Row], steps: u64) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let titles = [format!("Root mean square after {steps} steps"), format!("Its change over {steps} steps")];
    let mut said = String::new();
    for (part, title) in titles.iter().enumerate() {
        let header: Vec<String> = ["activation".to_owned()]
            .into_iter()
            .chain(first.widths.iter().map(|width| format!("width {width}")))
            .chain(["power of the width".to_owned(), String::new(), String::new()])
            .collect();
        let lines: Vec<Vec<String>> = rows.iter().map(|row| line(row, &row.parts[part])).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        said.push_str(&format!("{BOLD}{title}{RESET}\n{}\n", table(&header, &lines)));
    }
    let all: Vec<Grows> = rows.iter().flat_map(|row| row.parts.iter()).map(grows).collect();
    let count = |which: &[Grows]| all.iter().filter(|grows| which.contains(grows)).count();
    let flat = format!("within {FLAT} for a size and {FLAT_CHANGE} for a change");
    said.push_str(&match (count(&[Grows::Up, Grows::Down]), count(&[Grows::Unsure])) {
        (0, 0) => format!("All powers are flat, {flat}: the recipe holds over these widths.\n"),
        (0, n) => format!(
            "{n} of {} powers are not flat, {flat}, and may be 0 as well: more of --seeds or --widths would tell.\n",
            all.len()
        ),
        (n, _) => format!(
            "{BOLD_YELLOW}{n} of {} powers are not flat, {flat}, nor 0 by chance: the recipe does not hold over these \
             widths.{RESET}\n",
            all.len()
        ),
    });
    said
}

/// What a size does while the width grows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Grows {
    Not,
    Up,
    Down,
    /// not flat, and its interval holds 0
    Unsure,
}

fn grows(part: &Part) -> Grows {
    let Some(power) = &part.power else { return Grows::Not };
    match power.value {
        p if p.abs() <= part.flat => Grows::Not,
        _ if power.interval.is_some_and(|i| i.lower <= 0.0 && 0.0 <= i.upper) => Grows::Unsure,
        p if p > 0.0 => Grows::Up,
        _ => Grows::Down,
    }
}

fn line(row: &Row, part: &Part) -> Vec<String> {
    let power = part.power.as_ref();
    [row.full()]
        .into_iter()
        .chain(part.values.iter().map(|value| number(*value, 3)))
        .chain([
            power.map_or_else(String::new, |p| signed(p.value, 2)),
            power.map_or_else(String::new, interval),
            match grows(part) {
                Grows::Not => "",
                Grows::Up => "grows",
                Grows::Down => "shrinks",
                Grows::Unsure => "unsure",
            }
            .to_owned(),
        ])
        .collect()
}

fn csv(rows: &[Row]) -> String {
    let mut text = csv_line(["family", "activation", "of", "width", "value"]);
    for row in rows {
        for part in &row.parts {
            for (width, value) in row.widths.iter().zip(&part.values) {
                text.push_str(&csv_line([&row.family, &row.name, part.what, &width.to_string(), &value.to_string()]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_that_may_be_chance_counts_against_no_recipe() {
        let x = [32.0, 64.0, 128.0, 32.0, 64.0, 128.0];
        let said =
            |y: [f64; 6]| grows(&Part { what: "size", flat: FLAT, values: Vec::new(), power: growth(&x, &y, LEVEL) });
        assert_eq!(said([1.0, 1.0, 1.0, 1.0, 1.0, 1.001]), Grows::Not);
        assert_eq!(said([1.0, 2.0, 4.0, 1.01, 2.02, 4.04]), Grows::Up);
        assert_eq!(said([4.0, 2.0, 1.0, 4.04, 2.02, 1.01]), Grows::Down);
        assert_eq!(said([1.0, 9.0, 2.0, 1.5, 0.4, 3.0]), Grows::Unsure);
    }
}
