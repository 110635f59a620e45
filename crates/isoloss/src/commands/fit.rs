//! `isoloss fit TABLE`: read, choose, prepare, fit, report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use isoloss_formula::Table;
use isoloss_laws::{Law, Loss, Method, Options, Severity, fit};
use isoloss_runs::{Prepare, prepare, read_path, refuse_panel};

use super::Run;
use crate::choose::{Asked, Chosen, choose};
use crate::failure::Failure;
use crate::output::{self, Format, talk};
use crate::points::{Beside, needed, points};
use crate::report::{self, Report};
use crate::{arguments, commands::predict::ask};

/// Rows left out that are named where there is no fit.
const SHOWN: usize = 10;

/// Options of `fit`.
#[derive(Args, Debug)]
pub struct Fit {
    /// CSV, TSV, Parquet or JSON lines (.gz and .zst too), one row a run; - is standard input
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// A law that ships (isoloss list laws) or a file of yours: --law power, --law my.toml
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "formula", help_heading = "The law")]
    law: Option<String>,
    /// A law of your own; names that are columns are variables: --formula "L = E + A*N^-alpha"
    #[arg(long, value_name = "TEXT", help_heading = "The law")]
    formula: Option<String>,
    /// This name is a parameter, even if a column is called nearly or exactly so: --param C
    #[arg(long = "param", value_name = "NAME", help_heading = "The law")]
    param: Vec<String>,
    /// Hold parameters at a value: --fix E=1.69 or --fix "E=1.69,A=406"
    #[arg(long, value_name = "NAME=VALUE", help_heading = "The law")]
    fix: Vec<String>,
    /// Two parameters are the same number: --tie alpha=beta
    #[arg(long, value_name = "NAME=NAME", help_heading = "The law")]
    tie: Vec<String>,
    /// Keep a parameter in a range: --bound alpha=0..1
    #[arg(long, value_name = "NAME=LOW..HIGH", help_heading = "The law")]
    bound: Vec<String>,
    /// One value of these parameters per value of a column: --per family A,alpha
    #[arg(long, num_args = 2, value_names = ["COLUMN", "PARAMETERS"], help_heading = "The law")]
    per: Vec<String>,

    /// A new column from others, or another name for one: --map "N=Model Size", --map "D=C/(6*N)"
    #[arg(long, value_name = "NEW=EXPR", help_heading = "The rows")]
    map: Vec<String>,
    /// Only rows where this is true: --where "loss < 5 and family = 'mla'"
    #[arg(long = "where", value_name = "CONDITION", help_heading = "The rows")]
    where_: Vec<String>,
    /// The column of the loss, where it is not found: --loss val/loss
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    loss: Option<String>,
    /// The column that tells families apart, for laws with parameters per family: --group arch
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    group: Option<String>,
    /// Rows that share their luck, as branches of one trunk or seeds of one size do: --cluster trunk
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    cluster: Option<String>,
    /// How much each row counts: --weight seeds
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    weight: Option<String>,
    /// Standard error of each loss: --se loss_stderr
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    se: Option<String>,
    /// Leave out the K rows of highest loss: --drop-highest 5
    #[arg(long, value_name = "K", help_heading = "The rows")]
    drop_highest: Option<usize>,
    /// Of several rows of a run, take the last: --last-of run
    #[arg(long, value_name = "COLUMN", conflicts_with = "min_of", help_heading = "The rows")]
    last_of: Option<String>,
    /// Of several rows of a run or cell, take that of least loss: --min-of cell
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    min_of: Option<String>,

    /// What is minimised; published is the summed Huber 1e-3 on log loss of most papers
    #[arg(long, value_enum, default_value = "robust", help_heading = "The fit")]
    objective: Objective,
    /// How intervals are made
    #[arg(long, value_enum, default_value = "auto", help_heading = "The fit")]
    interval: Interval,
    /// Bootstrap draws behind the intervals
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(20..=1_000_000), help_heading = "The fit")]
    draws: u32,
    /// Level of the intervals: 0.95 for 95 %
    #[arg(long, value_name = "P", default_value = "0.95", value_parser = level, help_heading = "The fit")]
    level: f64,
    /// Seed of starts and draws: the same seed gives the same digits
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "The fit")]
    seed: u64,
    /// Threads for the draws; the result does not depend on it [default: all cores, at most 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "The fit")]
    threads: Option<u16>,

    /// Predict these points too: --at "N=70e9,D=1.4e12"; several values make every combination
    #[arg(long, value_name = "POINTS", help_heading = "The answer")]
    at: Vec<String>,
    /// Keep the fit for `isoloss predict`: --save fit.json
    #[arg(long, value_name = "FILE", help_heading = "The answer")]
    save: Option<PathBuf>,
    /// Let --save write over a file
    #[arg(long, requires = "save", help_heading = "The answer")]
    force: bool,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text", help_heading = "The answer")]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Objective {
    /// Huber on log residuals, its delta estimated with the fit
    Robust,
    /// summed Huber 1e-3 on log loss
    Published,
    /// squared log residuals
    SquaredLog,
    /// squared residuals
    Squared,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Interval {
    /// residual bootstrap, or wild where noise is seen to change over the runs
    Auto,
    /// residuals of all clusters drawn for each: noise is alike everywhere
    Residual,
    /// residuals of each cluster stretched: noise may differ between clusters
    Wild,
    /// whole clusters drawn with replacement, as most papers do
    Pairs,
    /// how far each parameter can go while the others follow; parameters only
    Profile,
    /// no intervals
    None,
}

fn level(text: &str) -> Result<f64, String> {
    let value = arguments::number("--level", text).map_err(|_| "expected a number such as 0.95".to_owned())?;
    if (0.5..=0.999).contains(&value) {
        Ok(value)
    } else {
        Err("expected a share from 0.5 to 0.999: 0.95 for 95 %".into())
    }
}

impl Run for Fit {
    const ABOUT: &str = "Fit a law to a table of runs, with intervals";
    const EXAMPLES: &str = "\
Examples:
  isoloss fit runs.csv
  isoloss fit runs.csv --loss val/loss --map \"N=Model Size\" --where \"step = 20000\"
  isoloss fit runs.csv --law chinchilla --fix E=1.69 --save fit.json
  isoloss fit runs.csv --formula \"L = E + A*N^-alpha\" --format json

Without --law and --formula: N and D give chinchilla, one of them power-floor, compute alone frontier.
Exit code 0: it did; 1: it could not, or the numbers must not be used; 2: usage or input.";

    fn run(self) -> Result<ExitCode, Failure> {
        if let Some(path) = &self.save {
            output::may_write(path, self.force)?;
            let same =
                |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
            if same(path, &self.table) {
                return Err(Failure::usage(
                    format_args!("--save {}: that is the table itself", path.display()),
                    "name another file: --save fit.json",
                ));
            }
        }
        let at = arguments::points("--at", &self.at)?;
        let reading = read_path(&self.table)?;
        reading.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        refuse_panel(&reading.table)?;
        let Chosen { law, mut maps, says, covered } = choose(&reading.table, self.asked()?)?;
        says.iter().for_each(|s| talk(format_args!("{s}")));
        self.loss.as_ref().or(maps.iter().find(|(new, _)| new == "L").map(|(_, column)| column)).map(bits_per_byte);
        if self.law.is_some() || self.formula.is_some() {
            talk(format_args!("law {}: {}", law.name, law.reading()));
        }

        let (group, per) = self.families(&law, &reading.table);
        let headers: Vec<String> = reading.table.columns().iter().map(|c| c.name.clone()).collect();
        let headers: Vec<String> = headers.into_iter().chain(maps.iter().map(|(new, _)| new.clone())).collect();
        let needed = needed(&law, &headers);
        // What `prepare` calls L is the law's target, whatever its name.
        let mut loss = self.loss.clone();
        if needed[0] != "L" {
            maps.extend(loss.take().map(|column| (needed[0].clone(), column)));
            if self.drop_highest.is_some() || self.min_of.is_some() {
                maps.push(("L".into(), needed[0].clone()));
            }
        }
        let what = Prepare {
            map: maps,
            where_: self.where_.clone(),
            loss,
            last_of: self.last_of.clone(),
            min_of: self.min_of.clone(),
            drop_highest: self.drop_highest,
            group: group.clone(),
            cluster: self.cluster.clone(),
            weight: self.weight.clone(),
            se: self.se.clone(),
        };
        let names: Vec<&str> = needed.iter().map(String::as_str).collect();
        let prepared = prepare(&reading.table, &names, &what)?;
        prepared.says.iter().filter(|s| !covered.contains(s)).for_each(|s| talk(format_args!("{s}")));

        let beside = Beside {
            group: group.as_deref(),
            cluster: self.cluster.as_deref(),
            weight: self.weight.as_deref(),
            se: self.se.as_deref(),
        };
        let points = points(&law, &needed, &prepared.table, beside)?;
        let options = self.options(per)?;
        let fit = fit(&law, &points, &options).inspect_err(|_| {
            // Rows that were left out may be why.
            for row in prepared.left_out.iter().take(SHOWN) {
                let name = row.name.as_ref().map_or(String::new(), |n| format!(" {n}"));
                talk(format_args!("left out: line {}{name}: {}", row.line, row.reason));
            }
            if prepared.left_out.len() > SHOWN {
                talk(format_args!("left out: {} more", prepared.left_out.len() - SHOWN));
            }
        })?;
        fit.notes.iter().for_each(|note| talk(format_args!("note: {note}")));
        let families = points.family.as_ref().map_or(&[][..], |f| &f.levels);
        let predictions = ask(&fit, &at, families)?;
        let report = Report { predictions, ties: options.tie, ..Report::new(&fit, &points, &prepared) };
        output::answer(&match self.format {
            Format::Text => report::text(&report),
            Format::Json => report::json(&report),
            Format::Csv => report::csv(&report),
        })?;
        if let Some(path) = &self.save {
            output::save(path, &fit.to_json(), self.force)?;
            talk(format_args!("saved {}", path.display()));
        }
        Ok(output::code(fit.warnings.iter().any(|w| w.severity == Severity::Error)))
    }
}

/// Every other loss is in nats per token.
fn bits_per_byte(column: &String) {
    let plain = column.to_lowercase();
    if plain.contains("bpb") || plain.contains("bits_per_byte") {
        talk(format_args!("note: `{column}` is in bits per byte, and so is every loss below"));
    }
}

impl Fit {
    fn asked(&self) -> Result<Asked<'_>, Failure> {
        Ok(Asked {
            law: self.law.as_deref(),
            formula: self.formula.as_deref(),
            insist: &self.param,
            maps: arguments::maps(&self.map)?,
            where_: &self.where_,
            loss: self.loss.as_deref(),
        })
    }

    /// The column of families, and the parameters that have one value each.
    fn families(&self, law: &Law, table: &Table) -> (Option<String>, Vec<String>) {
        let mut group = self.group.clone();
        let mut per = Vec::new();
        for pair in self.per.chunks(2) {
            if group.is_none() {
                group = Some(pair[0].clone());
            }
            per.extend(pair[1].split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()));
        }
        let declared = law.parameters.iter().find_map(|p| p.per.clone());
        let group = group.or(declared.filter(|column| table.column(column).is_some()));
        if self.group.is_some() && per.is_empty() && law.parameters.iter().all(|p| p.per.is_none()) {
            talk(format_args!(
                "note: --group changes nothing until a parameter has one value per family: --per COLUMN PARAMETERS"
            ));
        }
        (group, per)
    }

    fn options(&self, per_family: Vec<String>) -> Result<Options, Failure> {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        Ok(Options {
            loss: match self.objective {
                Objective::Robust => Loss::Robust,
                Objective::Published => Loss::Published,
                Objective::SquaredLog => Loss::SquaredLog,
                Objective::Squared => Loss::Squared,
            },
            method: match self.interval {
                Interval::Auto => Method::Auto,
                Interval::Residual => Method::Residual,
                Interval::Wild => Method::Wild,
                Interval::Pairs => Method::Pairs,
                Interval::Profile => Method::Profile,
                Interval::None => Method::None,
            },
            fix: arguments::fixed(&self.fix)?,
            tie: arguments::ties(&self.tie)?,
            bound: arguments::bounds(&self.bound)?,
            per_family,
            draws: self.draws as usize,
            level: self.level,
            seed: self.seed,
            threads: self.threads.map_or(cores, usize::from),
            ..Options::default()
        })
    }
}
