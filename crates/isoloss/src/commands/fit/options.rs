//! What `isoloss fit` may be asked, and what the libraries are asked then.

use std::path::PathBuf;

use clap::Args;
use isoloss_formula::Table;
use isoloss_laws::{Law, Loss, Method, Options};
use isoloss_runs::Prepare;

use super::draws;
use super::ways::Way;
use crate::arguments;
use crate::failure::Failure;
use crate::output::{Format, talk};
use crate::points::Beside;

/// Options of `fit`.
#[derive(Args, Debug)]
pub struct Fit {
    /// A table of runs, one row a run: CSV, TSV, Parquet or JSON lines (.gz and .zst too); - is standard input
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    #[command(flatten)]
    pub law: OfLaw,
    #[command(flatten)]
    pub families: OfFamilies,
    #[command(flatten)]
    pub rows: OfRows,
    #[command(flatten)]
    pub how: OfFit,

    /// The place that is to be predicted: where there are rows enough, those towards it count more: --toward "N=70e9,D=1.4T"
    #[arg(long, value_name = "POINT", help_heading = "The fit")]
    pub toward: Option<String>,
    /// Predict these points too: --at "N=70e9,D=1.4T"; several values make every combination: --at "N=1B,7B,D=1T"
    #[arg(long, value_name = "POINTS", help_heading = "The answer")]
    pub at: Vec<String>,
    /// Other ways of finding the best N and D, beside the surface, and how far they disagree: --method all
    #[arg(long, value_enum, value_name = "WAY", help_heading = "The answer")]
    pub method: Option<Way>,
    /// With --method: the budget that best sizes are given for [default: ten times the largest run's]
    #[arg(long, value_name = "C", requires = "method", help_heading = "The answer")]
    pub flops: Option<String>,
    /// With --method: the column that says which runs had one budget [default: within 5 % of compute]
    #[arg(long, value_name = "COLUMN", requires = "method", help_heading = "The answer")]
    pub budgets: Option<String>,
    /// Keep the fit for isoloss predict and isoloss list: --save fit.json
    #[arg(long, value_name = "FILE", help_heading = "The answer")]
    pub save: Option<PathBuf>,
    /// Let --save write over a file
    #[arg(long, requires = "save", help_heading = "The answer")]
    pub force: bool,
    /// How the answer is written
    #[arg(long, value_enum, default_value = "text", help_heading = "The answer")]
    pub format: Format,
}

/// How a table becomes a fit: what every command takes that makes one and then does something else with it.
#[derive(Args, Debug)]
pub struct OfTable {
    #[command(flatten)]
    pub law: OfLaw,
    #[command(flatten)]
    pub families: OfFamilies,
    #[command(flatten)]
    pub rows: OfRows,
    #[command(flatten)]
    pub how: OfFit,
}

/// Which law, and what of it is not free.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct OfLaw {
    /// A law that ships (isoloss list laws) or a file of yours: --law power, --law my.toml; for isoloss fit also a list to be ranked:
    /// --law all,my.toml
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "formula", help_heading = "The law")]
    pub law: Option<String>,
    /// A law of your own; names of columns are variables, others parameters: --formula "L = E + A*N^-alpha"
    #[arg(long, value_name = "TEXT", help_heading = "The law")]
    pub formula: Option<String>,
    /// In --formula this name is a parameter, even if a column is called nearly or exactly so: --param C
    #[arg(long = "param", value_name = "NAME", help_heading = "The law")]
    pub param: Vec<String>,
    /// Hold parameters at a value: --fix E=1.69 or --fix "E=1.69,A=406"
    #[arg(long, value_name = "NAME=VALUE", help_heading = "The law")]
    pub fix: Vec<String>,
    /// Two parameters are one number: --tie alpha=beta
    #[arg(long, value_name = "NAME=NAME", help_heading = "The law")]
    pub tie: Vec<String>,
    /// Keep a parameter in a range, ends included: --bound alpha=0..1
    #[arg(long, value_name = "NAME=LOW..HIGH", help_heading = "The law")]
    pub bound: Vec<String>,
}

/// Families that share a law, and what of it differs over them.
#[derive(Args, Debug, PartialEq)]
pub struct OfFamilies {
    /// Tell families apart: these parameters have one value per value of the column: --per family A,alpha
    #[arg(long, num_args = 2, value_names = ["COLUMN", "PARAMETERS"], help_heading = "The law")]
    pub per: Vec<String>,
    /// The column of families, for a law that has parameters per family by itself (else --per): --group arch
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    pub group: Option<String>,
}

/// Which rows, and what their columns mean.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct OfRows {
    /// A new column from others, or another name for one: --map "N=Model Size", --map "D=C/(6*N)"
    #[arg(long, value_name = "NEW=EXPR", help_heading = "The rows")]
    pub map: Vec<String>,
    /// Only rows where this is true: --where "loss < 5 and family = 'mla'"
    #[arg(long = "where", value_name = "CONDITION", help_heading = "The rows")]
    pub where_: Vec<String>,
    /// The column of the loss, where it is not found: --loss val/loss
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    pub loss: Option<String>,
    /// The column that tells which rows share their luck, as branches of one trunk do: --cluster trunk
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    pub cluster: Option<String>,
    /// The column that says how much each row counts: --weight seeds
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    pub weight: Option<String>,
    /// The column with the standard error of each loss, in the loss's unit: --se loss_stderr
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    pub se: Option<String>,
    /// Leave out the K rows of highest loss: --drop-highest 5
    #[arg(long, value_name = "K", help_heading = "The rows")]
    pub drop_highest: Option<usize>,
    /// Of several rows of a run take the last; the column names the run: --last-of run
    #[arg(long, value_name = "COLUMN", conflicts_with = "min_of", help_heading = "The rows")]
    pub last_of: Option<String>,
    /// Of several rows with the same value here, as in a sweep, take that of least loss: --min-of size
    #[arg(long, value_name = "COLUMN", help_heading = "The rows")]
    pub min_of: Option<String>,
    /// Keep runs that a column of states says did not finish: crashed, failed, still running
    #[arg(long, help_heading = "The rows")]
    pub all_states: bool,
}

/// How the law is fitted, and how sure it is.
#[derive(Args, Debug, PartialEq)]
pub struct OfFit {
    /// What is minimised; published is the summed Huber 1e-3 on log loss of most papers
    #[arg(long, value_enum, default_value = "robust", help_heading = "The fit")]
    pub objective: Objective,
    /// What the noise of a run is a share of: reducible suits runs close to the floor, where noise shrinks with L - E
    #[arg(long, value_enum, default_value = "loss", help_heading = "The fit")]
    pub noise: Noise,
    /// How intervals are made
    #[arg(long, value_enum, default_value = "auto", help_heading = "The fit")]
    pub interval: Interval,
    /// Bootstrap draws behind the intervals, at least 2/(1 - level): --draws 10k [default: 1000, or what --level needs]
    #[arg(long, value_name = "N", allow_hyphen_values = true, help_heading = "The fit")]
    pub draws: Option<String>,
    /// Level of the intervals, 0.5 to 0.9999: 0.95 for 95 %
    #[arg(long, value_name = "P", default_value = "0.95", allow_hyphen_values = true, help_heading = "The fit")]
    pub level: String,
    /// Seed of starts and draws: the same seed gives the same digits
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "The fit")]
    pub seed: u64,
    /// Threads for the draws; the result does not depend on it [default: all cores, at most 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "The fit")]
    pub threads: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub enum Objective {
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
pub enum Noise {
    /// its loss: as much, in percent, for all runs
    Loss,
    /// its reducible loss, the law less its constant term
    Reducible,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub enum Interval {
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

impl OfRows {
    /// How rows are prepared, but for maps and loss, which depend on the law.
    pub fn prepare(&self, group: Option<String>) -> Prepare {
        Prepare {
            where_: self.where_.clone(),
            last_of: self.last_of.clone(),
            min_of: self.min_of.clone(),
            drop_highest: self.drop_highest,
            keep_states: self.all_states,
            group,
            cluster: self.cluster.clone(),
            weight: self.weight.clone(),
            se: self.se.clone(),
            ..Prepare::default()
        }
    }

    /// The columns that go with the rows beside those of a law.
    pub fn beside<'a>(&'a self, group: Option<&'a str>) -> Beside<'a> {
        Beside { group, cluster: self.cluster.as_deref(), weight: self.weight.as_deref(), se: self.se.as_deref() }
    }
}

impl OfFamilies {
    /// The column of families, and the parameters that have one value each.
    pub fn of(&self, law: &Law, table: &Table) -> Result<(Option<String>, Vec<String>), Failure> {
        let mut group = self.group.clone();
        let mut per = Vec::new();
        for pair in self.per.chunks(2) {
            let column = group.get_or_insert_with(|| pair[0].clone());
            if *column != pair[0] {
                return Err(Failure::usage(
                    format_args!("--per {}: families are told apart by {column} already", pair[0]),
                    "one column tells families apart; --where leaves the rows of one value of another",
                ));
            }
            per.extend(names(&pair[1]));
        }
        let declared = law.parameters.iter().find_map(|p| p.per.clone());
        let group = group.or(declared.filter(|column| table.column(column).is_some()));
        if self.group.is_some() && per.is_empty() && law.parameters.iter().all(|p| p.per.is_none()) {
            talk(format_args!(
                "note: --group changes nothing until a parameter has one value per family: --per COLUMN PARAMETERS"
            ));
        }
        Ok((group, per))
    }
}

/// `A,alpha` as names.
pub fn names(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty())
}

impl OfFit {
    /// How the law is fitted, but for parameters per family, which depend on the law.
    pub fn options(&self, law: &OfLaw) -> Result<Options, Failure> {
        let level = draws::level(&self.level)?;
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        let drawn = !matches!(self.interval, Interval::Profile | Interval::None);
        Ok(Options {
            loss: match self.objective {
                Objective::Robust => Loss::Robust,
                Objective::Published => Loss::Published,
                Objective::SquaredLog => Loss::SquaredLog,
                Objective::Squared => Loss::Squared,
            },
            noise: match self.noise {
                Noise::Loss => isoloss_laws::Noise::Loss,
                Noise::Reducible => isoloss_laws::Noise::Reducible,
            },
            method: match self.interval {
                Interval::Auto => Method::Auto,
                Interval::Residual => Method::Residual,
                Interval::Wild => Method::Wild,
                Interval::Pairs => Method::Pairs,
                Interval::Profile => Method::Profile,
                Interval::None => Method::None,
            },
            fix: arguments::fixed(&law.fix)?,
            tie: arguments::ties(&law.tie)?,
            bound: arguments::bounds(&law.bound)?,
            draws: draws::draws(self.draws.as_deref(), level, drawn)?,
            level,
            seed: self.seed,
            threads: self.threads.map_or(cores, usize::from),
            ..Options::default()
        })
    }
}
