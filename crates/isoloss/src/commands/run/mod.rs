//! `isoloss run`: from the question to the report.

mod answer;
mod page;
mod question;
mod truth;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use isoloss_runs::record::StateName;

use super::Run as Command;
use super::train::{OfExperiment, dry_run, train};
use crate::failure::Failure;
use crate::output::code;
use answer::Answer;

/// Options of `run`.
#[derive(Args, Debug)]
pub struct Run {
    #[command(flatten)]
    of: OfExperiment,
    /// Where results, fit, figures and report go [default: out/<experiment>]
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run", help_heading = "The answer")]
    out: Option<PathBuf>,
}

impl Command for Run {
    const ABOUT: &str = "The whole question: train what is missing, fit, draw, report";
    const EXAMPLES: &str = "\
Examples:
  isoloss run first-ladder
  isoloss run experiments/first-ladder.toml --dry-run
  isoloss run my.toml --set corpus.path=books

Runs go into ./runs, the answer into ./out/<experiment>, which is written over: report.html, fit.json, runs.csv and \
figures. Whatever is there already is not trained again. Ctrl-C keeps what is under way, and the same command goes on.
Exit code 0: it did; 1: it could not, some runs failed, or the fit must not be used; 2: usage or input; 75: interrupted, \
run it again.";

    fn run(self) -> Result<ExitCode, Failure> {
        let (experiment, planned) = self.of.plan()?;
        question::check(&experiment, &planned)?;
        if self.of.dry_run {
            return dry_run(&self.of, &experiment, &planned);
        }
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&experiment.name));
        answer::may_write(&out)?;
        let trained = train(&self.of, &experiment, &planned)?;
        if !trained.is_whole() {
            return Ok(trained.code());
        }
        if trained.runs.iter().flatten().all(|run| run.state.name != StateName::Finished) {
            let hint = "isoloss runs list says how each of them ended";
            return Err(Failure::could_not("no run finished: there is nothing to fit", hint));
        }
        let answer = Answer::new(&experiment, &planned, &trained.runs)?;
        answer.save(&out)?;
        answer.print(&out)?;
        Ok(if answer.told.unusable { code(true) } else { trained.code() })
    }
}
