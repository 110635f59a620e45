//! `isoloss run`: from the question to the report.

mod against;
mod answer;
mod choices;
mod columns;
mod found;
mod hulls;
mod keys;
mod multipliers;
mod page;
pub mod question;
mod rungs;
mod scored;
mod tabled;
mod truth;
mod until;
mod ways;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use isoloss::experiment::{Experiment, Planner, counted_anew, labelled};
use isoloss_runs::record::StateName;
use isoloss_runs::{Runs, export, import, read_text};

use super::Run as Command;
use super::train::{OfExperiment, dry_run, first, nothing, place, say_kept, train};
use crate::failure::Failure;
use crate::output::{self, code, talk};
use answer::Answer;
use keys::in_keys;
use scored::Scored;
use tabled::Tabled;

/// Options of `run`.
#[derive(Args, Debug)]
pub struct Run {
    #[command(flatten)]
    of: OfExperiment,
    /// Answer from results that were kept: a runs.csv of this experiment, or its table of scores. Nothing is trained and no corpus is needed
    #[arg(long, value_name = "CSV", conflicts_with_all = ["dry_run", "store", "jobs", "threads", "limit"], help_heading = "The answer")]
    from: Option<PathBuf>,
    #[command(flatten)]
    until: until::Until,
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
  isoloss run text-ladder --from experiments/results/text-ladder.csv
  isoloss run first-ladder --until 0.15 --know alpha

Runs go into ./runs, the answer into ./out/<experiment>, which is written over: report.html, runs.csv, found.csv, \
and of a question that asks for a law fit.json and figures. Whatever is there already is not trained again. Ctrl-C keeps what is under way, and the same command goes on.
Exit code 0: it did; 1: it could not, some runs failed, no run finished, a fit must not be used or there is none, or --until was not reached; 2: usage or input; 75: interrupted, \
run it again.";

    fn run(self) -> Result<ExitCode, Failure> {
        let experiment = self.of.file.read(&[])?;
        if let Some(scores) = &experiment.scores {
            if self.of.dry_run {
                return nothing(&self.of, &experiment, scores);
            }
            self.until.without_law(&experiment)?;
            let out = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&experiment.name));
            output::may_write_into("--out", &out)?;
            let reading = match &self.from {
                Some(path) => isoloss_runs::read_path(path)?,
                None => scores.table()?,
            };
            let answer = Scored::new(&experiment, scores, reading)?;
            answer.save(&out)?;
            answer.print(&out)?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(shown) = &experiment.table {
            tabled::check(&experiment, shown)?;
        }
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&experiment.name));
        if let Some(results) = &self.from {
            output::may_write_into("--out", &out)?;
            let name = results.display().to_string();
            let runs = Runs::new(import(&name, &read_text(results)?)?.iter().cloned().map(counted_anew).collect());
            if let Some(other) = runs.iter().find(|run| run.labels.question != experiment.name) {
                let of = &other.labels.question;
                talk(format_args!(
                    "warning: {name} has runs of {of}, and they are taken for those of {}",
                    experiment.name
                ));
            }
            return tell(&experiment, runs, &out);
        }
        let (place, fresh) = (place(&self.of.store)?, !self.of.store.exists());
        let mut planner = Planner::new(&experiment, &place);
        let planned = first(&experiment, &mut planner)?;
        let (at_once, _) = self.of.side_by_side(planned.len());
        let until = match &experiment.table {
            Some(shown) => {
                let planned = Runs::new(planned.iter().map(|run| run.job.planned()).collect());
                tabled::check_columns(&experiment, shown, &planned)?;
                self.until.without_law(&experiment)?
            }
            None => {
                let checked = question::check(&experiment, &planned)?;
                question::say_too_few(&experiment, &checked);
                self.until.asked(&experiment, &checked, at_once)?
            }
        };
        if self.of.dry_run {
            say_kept(&self.of, fresh);
            return dry_run(&self.of, &experiment, &mut planner, planned);
        }
        output::may_write_into("--out", &out)?;
        if let Some(until) = until {
            let (trained, known) = until.train(&self.of, &experiment, planned)?;
            if !trained.is_whole() {
                return Ok(trained.code());
            }
            let told = tell(&experiment, labelled(&trained.planned, &trained.runs), &out)?;
            return Ok(if known { told } else { code(true) });
        }
        let trained = train(&self.of, &experiment, &mut planner, planned)?;
        if !trained.is_whole() {
            return Ok(trained.code());
        }
        if trained.runs.iter().flatten().all(|run| run.state.name != StateName::Finished) {
            let hint = "isoloss runs list says how each of them ended";
            return Err(Failure::could_not("no run finished: there is nothing to fit", hint));
        }
        let told = tell(&experiment, labelled(&trained.planned, &trained.runs), &out)?;
        Ok(if told == ExitCode::SUCCESS { trained.code() } else { told })
    }
}

/// Fits or tabulates, draws, writes and says.
fn tell(experiment: &Experiment, runs: Runs, out: &Path) -> Result<ExitCode, Failure> {
    // They were paid for, whatever can be made of them.
    let csv = export(&runs, experiment.fit.convention());
    output::save(&out.join("runs.csv"), csv.as_bytes(), true)?;
    if let Some(shown) = &experiment.table {
        let answer = Tabled::new(experiment, shown, runs)?;
        answer.save(out)?;
        answer.print(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = Answer::new(experiment, runs).map_err(|failure| failure.in_words(in_keys))?;
    answer.save(out)?;
    answer.print(out)?;
    for (words, why) in &answer.failed {
        talk(format_args!("error: no fit {words}: {}", why.in_words(in_keys).text()));
    }
    Ok(code(answer.is_lacking()))
}
