//! What `train` and `run` have in common.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use clap::Args;
use isoloss::experiment::Experiment;
use isoloss_train::corpora::Place;

use crate::failure::Failure;
use crate::output::{Format, may_be_folder};

/// Which experiment.
#[derive(Args, Debug)]
pub struct OfFile {
    /// A file, or the name of a built-in experiment: isoloss list experiments
    #[arg(value_name = "EXPERIMENT")]
    experiment: String,
    /// Change a setting: --set corpus.path=books --set ladder.seeds=[1,2,3]
    #[arg(long = "set", value_name = "KEY=VALUE", help_heading = "The experiment")]
    set: Vec<String>,
}

/// Which experiment, and how it is trained.
#[derive(Args, Debug)]
pub struct OfExperiment {
    #[command(flatten)]
    pub file: OfFile,
    /// Print every run with its counts, time and memory, and train nothing
    #[arg(long, help_heading = "The experiment")]
    pub dry_run: bool,
    /// How a dry run is written
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        requires = "dry_run",
        help_heading = "The experiment"
    )]
    pub format: Format,

    /// The folder of runs
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "The training")]
    pub store: PathBuf,
    /// Runs that train side by side [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "The training")]
    jobs: Option<u16>,
    /// Threads inside a run [default: what the jobs leave]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "The training")]
    threads: Option<u16>,
    /// Train at most so many runs, the first that are missing
    #[arg(long, value_name = "N", conflicts_with = "dry_run", help_heading = "The training")]
    pub limit: Option<usize>,
}

impl OfFile {
    /// The experiment, with what `--set` changes and, after that, what `more` does.
    pub fn read(&self, more: &[(&str, &str)]) -> Result<Experiment, Failure> {
        let mut settings = self.settings()?;
        settings.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        Ok(Experiment::read(&self.experiment, &settings)?)
    }

    fn settings(&self) -> Result<Vec<(String, String)>, Failure> {
        let pair = |text: &String| {
            let usage =
                || Failure::usage(format_args!("--set {text}: expected KEY=VALUE"), "as in --set corpus.seed=3");
            text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).ok_or_else(usage)
        };
        self.set.iter().map(pair).collect()
    }
}

/// Where a store keeps what is made of corpora.
pub const CACHE: &str = ".cache";

/// Corpora are looked for from the current folder; what is made of them is kept in the store.
///
/// # Errors
/// If the store is no folder, and cannot become one.
pub fn place(store: &Path) -> Result<Place, Failure> {
    may_be_folder("--store", store)?;
    Ok(Place { base: PathBuf::from("."), cache: store.join(CACHE) })
}

impl OfExperiment {
    /// How many runs at a time, and on how many threads each. Small runs gain nothing from threads of their own, so
    /// processors go to runs first.
    pub fn side_by_side(&self, runs: usize) -> (usize, usize) {
        let processors = available_parallelism().map_or(1, |n| n.get());
        let runs = runs.max(1);
        let jobs = match (self.jobs, self.threads) {
            (Some(jobs), _) => usize::from(jobs),
            (None, Some(threads)) => (processors / usize::from(threads)).max(1),
            (None, None) => processors,
        };
        let jobs = jobs.min(runs);
        (jobs, self.threads.map_or((processors / jobs).max(1), usize::from))
    }
}
