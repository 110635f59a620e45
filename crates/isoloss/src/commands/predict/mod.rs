//! `isoloss predict FIT`: the loss at points, or the best sizes for a budget.

mod ask;

pub use ask::ask;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use isoloss_laws::{Fit, Severity};
use isoloss_runs::{apply_maps, derive_missing, is_saved_fit};

use super::Run;
use super::fit::read;
use crate::failure::Failure;
use crate::numbers::short_name;
use crate::output::{self, Format, talk};
use crate::report::predictions;
use crate::{arguments, choose, published};

/// Options of `predict`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("asked").required(true).multiple(true).args(["at", "table", "flops"]))]
pub struct Predict {
    /// A fit saved by isoloss fit --save, published:NAME (isoloss list published shows them), or constants of a law file: my.toml:NAME
    #[arg(value_name = "FIT")]
    fit: String,
    /// Where: --at "N=70e9,D=1.4e12"; several values make every combination: --at "N=1B,7B,D=1T"
    #[arg(long, value_name = "POINTS")]
    at: Vec<String>,
    /// A table of points, one a row, with the law's inputs (N, D ...) as columns: --table plan.csv
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Which column of that table is which input, or how it follows: --map "N=Model Size", --map "D=20*N"
    #[arg(long, value_name = "NEW=EXPR", requires = "table")]
    map: Vec<String>,
    /// The best N and D for a compute budget in FLOPs, where C = 6ND: --flops 1e21 or --flops 1e20,1e21
    #[arg(long, value_name = "C")]
    flops: Vec<String>,
    /// A second fit, of what the first predicts: from sizes to a loss, from that loss to a score: --then accuracy.json
    #[arg(long, value_name = "FIT", conflicts_with = "flops")]
    then: Option<String>,
    /// Which family, for a fit with parameters per family (isoloss list FIT names them): --family mla
    #[arg(long, value_name = "NAME")]
    family: Vec<String>,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Run for Predict {
    const ABOUT: &str = "The loss at sizes not trained yet, or the best sizes for a budget";
    const EXAMPLES: &str = "\
Examples:
  isoloss predict fit.json --at \"N=70e9,D=1.4e12\"
  isoloss predict published:besiroglu-2024 --at \"N=1B,7B,70B,D=1T,10T\"
  isoloss predict fit.json --flops 1e21
  isoloss predict fit.json --table plan.csv --format csv
  isoloss predict loss.json --then accuracy.json --at \"N=7B,D=2T\"

N is in parameters, D in tokens, C in FLOPs, unless isoloss list FIT says otherwise. \
125M, 2.5B and 1e18 are numbers.
In POINTS a comma followed by NAME= starts the next variable. \"Mean\" is the law itself; \"one new run\" adds the noise \
of a single run.
Exit code 0: it did; 1: it could not, or the numbers must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        let flops = arguments::numbers("--flops", &self.flops)?;
        let fit = load(&self.fit)?;
        self.no_family_at(&fit)?;
        let mut at = arguments::points("--at", &self.at)?;
        if let Some(path) = &self.table {
            at.extend(self.rows(path, &fit)?);
        }
        known_families(&self.fit, &fit, &self.family, !at.is_empty() || !flops.is_empty())?;
        let then = self.then.as_deref().map(load).transpose()?;
        let points = ask(&fit, then.as_ref(), &at, &self.family)?;
        let optima = ask::optima(&fit, &flops, &self.family)?;
        output::answer(&match self.format {
            Format::Text => predictions::text(&fit, then.as_ref(), &points) + &predictions::optima_text(&optima),
            Format::Json => predictions::json(&fit, then.as_ref(), &points, &optima),
            Format::Csv => predictions::csv(&fit, &points, &optima),
        })?;
        let second = self.then.as_deref().zip(then.as_ref()).is_some_and(|(name, fit)| carried(name, fit));
        Ok(output::code(carried(&self.fit, &fit) || second))
    }
}

impl Predict {
    /// A family is no number: it has an option of its own.
    fn no_family_at(&self, fit: &Fit) -> Result<(), Failure> {
        for text in &self.at {
            let given = arguments::assignments("--at", text)?;
            let is_family = |values: &[String]| values.iter().all(|value| fit.families().contains(value));
            if let Some((name, values)) =
                given.iter().find(|(name, values)| !fit.reads().contains(&&**name) && is_family(values))
            {
                let flags: Vec<String> = values.iter().map(|family| format!("--family \"{family}\" ")).collect();
                let others = given.iter().filter(|(other, _)| other != name);
                let others: Vec<String> = others.map(|(name, values)| format!("{name}={}", values.join(","))).collect();
                return Err(Failure::usage(
                    format_args!("--at: {name}={} is a family of {}, not a number", values.join(","), self.fit),
                    format_args!("{}--at \"{}\"", flags.concat(), others.join(",")),
                ));
            }
        }
        Ok(())
    }

    fn rows(&self, path: &Path, fit: &Fit) -> Result<Vec<Vec<(String, f64)>>, Failure> {
        let mut table = read(path)?.table;
        let maps = choose::inputs(&table, &fit.law, arguments::maps(&self.map)?)?;
        let inputs = fit.reads();
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

/// Families that were named are those of the fit, and one is named where parameters differ.
pub fn known_families(name: &str, fit: &Fit, named: &[String], points: bool) -> Result<(), Failure> {
    let all = fit.families();
    let flags = || {
        let few: Vec<String> = all.iter().take(8).map(|f| format!("--family \"{}\"", short_name(f))).collect();
        let more = all.len().saturating_sub(8);
        let more = if more > 0 { format!(", and {more} more (isoloss list {})", name) } else { String::new() };
        few.join(", ") + &more
    };
    if let Some(strange) = named.iter().find(|f| !all.contains(f)) {
        let strange = short_name(strange);
        return Err(match all.is_empty() {
            true => Failure::usage(
                format_args!("--family {strange}: {} has no families", name),
                "leave --family out; isoloss fit TABLE --per COLUMN PARAMETERS makes a fit that has them",
            ),
            false => Failure::usage(
                format_args!("--family {strange}: {} has no such family", name),
                format_args!("it has {}", flags()),
            ),
        });
    }
    if !named.is_empty() && !fit.differs() {
        talk(format_args!("note: no parameter differs over families: --family changes nothing"));
    }
    if points && named.is_empty() && fit.differs() {
        return Err(Failure::usage(
            format_args!("{}: this fit has parameters per family: which family?", name),
            format_args!("say {}", flags()),
        ));
    }
    Ok(())
}

/// What was to be minded when the fit was made, in one line; whether its numbers must not be used.
pub fn carried(name: &str, fit: &Fit) -> bool {
    let mut codes: Vec<String> = Vec::new();
    for warning in fit.warnings.iter().filter(|w| w.severity == Severity::Warning) {
        let code = format!("warning[{}]", warning.code);
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    if !codes.is_empty() {
        talk(format_args!("{} carries {} (isoloss list {0} says more)", name, codes.join(", ")));
    }
    fit.errors().for_each(|w| talk(format_args!("{w}")));
    !fit.may_be_used()
}

/// Whether a name on the command line is that of a fit: published constants, or one object of ours in a file.
pub fn is_fit(name: &str) -> bool {
    name.starts_with("published:")
        || published::in_file(name).is_some()
        || std::fs::read_to_string(name).is_ok_and(|text| is_saved_fit(&text))
}

/// Reads a saved fit, or makes one of published constants.
pub fn load(name: &str) -> Result<Fit, Failure> {
    if let Some(published) = name.strip_prefix("published:") {
        return published::fit(published);
    }
    if let Some((file, constants)) = published::in_file(name) {
        return published::of_file(file, constants);
    }
    if published::is_law_file(name) && Path::new(name).is_file() {
        return Err(published::no_fit(name));
    }
    let text = std::fs::read_to_string(name).map_err(|e| {
        let failure = Failure::file(name, "read", &e);
        let wrong_kind = e.kind() == std::io::ErrorKind::InvalidData;
        if wrong_kind { Failure::usage(format_args!("{name}: this is not a saved fit"), SAVE) } else { failure }
    })?;
    Fit::from_json(&text).map_err(|e| {
        let place = e.place.map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        Failure::from(e).within(&format!("{name}{place}"))
    })
}

const SAVE: &str = "make one: isoloss fit TABLE --save fit.json";
