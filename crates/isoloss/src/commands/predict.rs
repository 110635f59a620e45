//! `isoloss predict FIT`: the loss at points, or the best sizes for a budget.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use isoloss_formula::nearest;
use isoloss_laws::{Fit, Optimum, Severity};
use isoloss_runs::{apply_maps, derive_missing, read_path};

use super::Run;
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::report::{Point, predictions};
use crate::{arguments, choose, published};

/// Options of `predict`.
#[derive(Args, Debug)]
pub struct Predict {
    /// A fit saved by `isoloss fit --save`, or published:NAME (isoloss list published)
    #[arg(value_name = "FIT")]
    fit: String,
    /// Where: --at "N=70e9,D=1.4e12"; --at "N=1B,7B,D=1T" makes every combination
    #[arg(long, value_name = "POINTS", required_unless_present_any = ["table", "flops"])]
    at: Vec<String>,
    /// A table of points, one a row, with the law's inputs as columns: --table plan.csv
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// A column of that table under another name: --map "N=Model Size"
    #[arg(long, value_name = "NEW=EXPR", requires = "table")]
    map: Vec<String>,
    /// The best N and D for a compute budget in FLOPs, C = 6ND: --flops 1e21
    #[arg(long, value_name = "C")]
    flops: Vec<String>,
    /// Which family, where the law has parameters per family: --family mla
    #[arg(long, value_name = "NAME")]
    family: Vec<String>,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Run for Predict {
    const ABOUT: &str = "The loss at points not paid for, for the mean and for one new run";
    const EXAMPLES: &str = "\
Examples:
  isoloss predict fit.json --at \"N=70e9,D=1.4e12\"
  isoloss predict published:besiroglu-2024 --at \"N=1B,7B,70B,D=1T,10T\"
  isoloss predict fit.json --flops 1e21
  isoloss predict fit.json --table plan.csv --format csv

Numbers are in the units of the fit. In POINTS a comma followed by NAME= starts the next variable.";

    fn run(self) -> Result<ExitCode, Failure> {
        let mut at = arguments::points("--at", &self.at)?;
        let flops = self.budgets()?;
        let fit = load(&self.fit)?;
        if let Some(path) = &self.table {
            at.extend(self.rows(path, &fit)?);
        }
        let points = ask(&fit, &at, &self.family)?;
        let optima = flops.iter().map(|c| optimum(&fit, *c)).collect::<Result<Vec<_>, _>>()?;
        output::answer(&match self.format {
            Format::Text => predictions::text(&fit, &points) + &predictions::optima_text(&optima),
            Format::Json => predictions::json(&fit, &points, &optima),
            Format::Csv => predictions::csv(&fit, &points, &optima),
        })?;
        let unusable: Vec<_> = fit.warnings.iter().filter(|w| w.severity == Severity::Error).collect();
        unusable.iter().for_each(|w| talk(format_args!("{w}")));
        Ok(output::code(!unusable.is_empty()))
    }
}

impl Predict {
    fn budgets(&self) -> Result<Vec<f64>, Failure> {
        let mut all = Vec::new();
        for text in self.flops.iter().flat_map(|t| t.split(',')) {
            let value = arguments::number("--flops", text)?;
            if value <= 0.0 {
                return Err(Failure::usage(
                    format_args!("--flops {text}: a budget is above zero"),
                    "as in --flops 1e21",
                ));
            }
            all.push(value);
        }
        Ok(all)
    }

    fn rows(&self, path: &Path, fit: &Fit) -> Result<Vec<Vec<(String, f64)>>, Failure> {
        let reading = read_path(path)?;
        reading.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        let mut table = reading.table;
        let maps = choose::inputs(&table, &fit.law, arguments::maps(&self.map)?)?;
        let inputs: Vec<&str> = fit.law.inputs().collect();
        let mut says = apply_maps(&mut table, &maps)?;
        says.extend(derive_missing(&mut table, &inputs));
        says.iter().for_each(|s| talk(format_args!("{s}")));
        let mut all: Vec<Vec<(String, f64)>> = vec![Vec::new(); table.len()];
        for name in inputs {
            let numbers = table.column(name).and_then(|c| c.as_numbers());
            for (row, point) in all.iter_mut().enumerate() {
                match numbers.map(|n| n.values[row]).filter(|v| v.is_finite()) {
                    Some(value) => point.push((name.to_owned(), value)),
                    None => {
                        return Err(Failure::usage(
                            format_args!("{}:{}: there is no number for {name}", table.source, table.line(row)),
                            "every row is a point: give every input, or take the row out",
                        ));
                    }
                }
            }
        }
        Ok(all)
    }
}

/// Reads a saved fit, or makes one of published constants.
pub fn load(name: &str) -> Result<Fit, Failure> {
    if let Some(published) = name.strip_prefix("published:") {
        return published::fit(published);
    }
    let text = std::fs::read_to_string(name).map_err(|e| {
        let failure = Failure::file(name, "read", &e);
        let wrong_kind = e.kind() == std::io::ErrorKind::InvalidData;
        if wrong_kind { Failure::usage(format_args!("{name}: this is not a saved fit"), SAVE) } else { failure }
    })?;
    Fit::from_json(&text).map_err(|e| Failure::from(e).within(name))
}

const SAVE: &str = "make one: isoloss fit TABLE --save fit.json";

/// The law at points given by name, for every family given.
pub fn ask(fit: &Fit, at: &[Vec<(String, f64)>], families: &[String]) -> Result<Vec<Point>, Failure> {
    let mut all = Vec::new();
    let per_family = fit.parameters.iter().any(|p| families.iter().any(|f| p.name.ends_with(&format!("[{f}]"))));
    let families: Vec<Option<&String>> = match per_family || all_unknown(fit, families) {
        true => families.iter().map(Some).collect(),
        false => vec![None],
    };
    for point in at {
        for (name, _) in point {
            let inputs: Vec<&str> = fit.law.inputs().collect();
            if !inputs.contains(&name.as_str()) {
                let near = nearest(name, inputs.iter().copied());
                return Err(Failure::usage(
                    format_args!("--at: the law {} has no input {name}", fit.law.name),
                    match near.first() {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("its inputs are {}", inputs.join(", ")),
                    },
                ));
            }
        }
        let columns: Vec<(String, Vec<f64>)> = point.iter().map(|(n, v)| (n.clone(), vec![*v])).collect();
        for family in &families {
            let named = family.map(|f| vec![f.clone()]);
            let factors = point.iter().filter_map(|(name, value)| {
                let (_, least, greatest) = fit.ranges.iter().find(|(n, ..)| n == name)?;
                // Below the smallest run is outside as well.
                Some(if value < least {
                    (format!("{name} below"), least / value)
                } else {
                    (name.clone(), value / greatest)
                })
            });
            let factors: Vec<(String, f64)> = factors.collect();
            for prediction in fit.predict(&columns, named.as_deref())? {
                all.push(Point { at: point.clone(), family: family.cloned(), prediction, factors: factors.clone() });
            }
        }
    }
    Ok(all)
}

/// Families were named that the fit may not know: it will say so.
fn all_unknown(fit: &Fit, families: &[String]) -> bool {
    !families.is_empty() && fit.parameters.iter().any(|p| p.name.ends_with(']'))
}

fn optimum(fit: &Fit, flops: f64) -> Result<Optimum, Failure> {
    fit.optimum(flops).ok_or_else(|| {
        let inputs: Vec<&str> = fit.law.inputs().collect();
        if inputs.contains(&"N") && inputs.contains(&"D") {
            return Failure::usage(
                format_args!(
                    "--flops {flops:e}: the law {} has no best N at this budget near the sizes that were fitted",
                    fit.law.name
                ),
                "ask nearer to the fitted runs, or for points: --at \"N=...,D=...\"",
            );
        }
        Failure::usage(
            format_args!(
                "--flops: a budget is spent on N and D, but the law {} reads {}",
                fit.law.name,
                inputs.join(", ")
            ),
            format_args!("ask at a point: --at {}=1e9", inputs.first().unwrap_or(&"N")),
        )
    })
}
