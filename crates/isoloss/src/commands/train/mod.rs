//! `isoloss train`: trains what an experiment asks for and is not there yet.

mod bars;
mod dry_run;
mod memory;
mod options;
pub mod texts;

use std::process::ExitCode;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use isoloss::experiment::{Experiment, Planned, Planner, Scores, labelled, rounded};
use isoloss_runs::Runs;
use isoloss_runs::record::{Run as Record, StateName};
use isoloss_runs::store::Store;
use isoloss_train::job::{Control, Job};
use isoloss_train::trunk::{starts, units};
use isoloss_train::work;

use super::Run;
use super::run::question;
use crate::failure::Failure;
use crate::numbers::count;
use crate::output::{Format, answer, talk};
pub use bars::style;
pub use dry_run::dry_run;
use options::CACHE;
pub use options::{OfExperiment, OfFile, place};

/// Exit code: stopped on request; the same command goes on.
pub const INTERRUPTED: u8 = 75;

/// Seconds between checkpoints of a run: what is lost at most when the power goes.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);

/// Options of `train`.
#[derive(Args, Debug)]
pub struct Train {
    #[command(flatten)]
    of: OfExperiment,
}

impl Run for Train {
    const ABOUT: &str = "Train the runs of an experiment that are not there yet";
    const EXAMPLES: &str = "\
Examples:
  isoloss train first-ladder --dry-run
  isoloss train first-ladder
  isoloss train my.toml --set corpus.path=books --jobs 4
  isoloss train my.toml --limit 5

Runs go into ./runs, a folder each; a run that is there is not trained again, whatever experiment asked for it. Ctrl-C \
keeps what is under way, and the same command goes on.
Exit code 0: all runs are there, or as many as --limit asked for; 1: some failed, or all diverged; 2: usage or input; 75: interrupted, run it again.";

    fn run(self) -> Result<ExitCode, Failure> {
        let experiment = self.of.file.read(&[])?;
        if let Some(scores) = &experiment.scores {
            return nothing(&self.of, &experiment, scores);
        }
        let (place, fresh) = (place(&self.of.store)?, !self.of.store.exists());
        let mut planner = Planner::new(&experiment, &place);
        let planned = first(&experiment, &mut planner)?;
        if self.of.dry_run {
            question::told(&experiment, &planned);
            say_kept(&self.of, fresh);
            return dry_run(&self.of, &experiment, &mut planner, planned);
        }
        Ok(train(&self.of, &experiment, &mut planner, planned)?.code())
    }
}

/// Says that a question about models of others has nothing to train, in the form that a dry run was asked for.
pub fn nothing(of: &OfExperiment, experiment: &Experiment, scores: &Scores) -> Result<ExitCode, Failure> {
    let reading = scores.table()?;
    let (name, models) = (&experiment.name, count(reading.table.len(), "model"));
    let says = format!("{name}: nothing to train: it is about the {models} of {}", scores.data);
    match (of.dry_run, of.format) {
        (true, Format::Text) => answer(&format!("{says}; isoloss run {name} answers it\n"))?,
        (true, format) => dry_run::none(experiment, format)?,
        (false, _) => talk(format_args!("{says}; isoloss run {name} answers it")),
    }
    Ok(ExitCode::SUCCESS)
}

/// How a training of many runs ended.
pub struct Trained {
    /// What was asked for, as far as it is known.
    pub planned: Vec<Planned>,
    /// The records, in that order; none where nothing was begun.
    pub runs: Vec<Option<Record>>,
    interrupted: bool,
    limited: bool,
}

impl Trained {
    /// Is everything there that can be?
    pub fn is_whole(&self) -> bool {
        !self.interrupted && !self.limited
    }

    /// The exit code of whoever trained.
    pub fn code(&self) -> ExitCode {
        let mut runs = self.runs.iter().flatten().peekable();
        // One that diverged is an outcome; where all of them did there is nothing to go on with.
        let diverged =
            !self.limited && runs.peek().is_some() && runs.clone().all(|run| run.state.name == StateName::Diverged);
        let failed = diverged || runs.any(|run| run.state.name == StateName::Failed);
        match (self.interrupted, failed) {
            (true, _) => ExitCode::from(INTERRUPTED),
            (false, true) => ExitCode::from(crate::failure::COULD_NOT),
            (false, false) => ExitCode::SUCCESS,
        }
    }
}

/// Says why a dry run made the folder of a store, if there was none before.
pub fn say_kept(of: &OfExperiment, fresh: bool) {
    if fresh && of.store.exists() {
        let kept = of.store.join(CACHE);
        talk(format_args!("note: tokens are kept in {} for the training, and no run is begun", kept.display()));
    }
}

/// What is asked for before anything was measured, after saying what the corpora left out.
pub fn first(experiment: &Experiment, planner: &mut Planner) -> Result<Vec<Planned>, Failure> {
    for says in experiment.unheeded() {
        talk(format_args!("warning: {says}"));
    }
    let planned = planner.plan(&Runs::default())?;
    let mut told: Vec<&str> = Vec::new();
    for note in planned.iter().flat_map(|run| run.job.source.notes()) {
        if !told.contains(&note.as_str()) {
            talk(format_args!("note: {note}"));
            told.push(note);
        }
    }
    for says in rounded(&planned).into_iter().chain(texts::too_often(experiment, &planned)) {
        talk(format_args!("warning: {says}"));
    }
    Ok(planned)
}

/// Trains what is missing, says how it goes, and gives the records of all. What is asked for may follow from what was
/// measured: then there is another round.
pub fn train(
    of: &OfExperiment,
    experiment: &Experiment,
    planner: &mut Planner,
    mut planned: Vec<Planned>,
) -> Result<Trained, Failure> {
    let mut limit = of.limit;
    loop {
        planned.retain(|run| !run.open);
        let (trained, new) = round(of, experiment, planned, limit)?;
        limit = limit.map(|limit| limit - new);
        if !trained.is_whole() {
            return Ok(trained);
        }
        planned = planner.plan(&labelled(&trained.planned, &trained.runs))?;
        if planned.len() == trained.planned.len() {
            return Ok(trained);
        }
        if planned.iter().filter(|run| !run.open).count() == trained.planned.len() {
            let hint = "a condition `where` of the ladder should hold for a rung and its sweep alike";
            return Err(Failure::could_not("rungs are left that no sweep was made for", hint));
        }
    }
}

/// Trains what is missing of these runs, at most so many; gives how many there were.
pub fn round(
    of: &OfExperiment,
    experiment: &Experiment,
    planned: Vec<Planned>,
    limit: Option<usize>,
) -> Result<(Trained, usize), Failure> {
    let store = Store::open(&of.store)?;
    let jobs: Vec<Job> = planned.iter().map(|run| run.job.clone()).collect();
    let mut before = Vec::new();
    for job in &jobs {
        before.push(store.get(&job.id)?.filter(|run| run.state.name.is_over()));
    }
    let missing = before.iter().filter(|run| run.is_none()).count();
    let todo = limit.unwrap_or(usize::MAX).min(missing);
    if missing == 0 {
        talk(format_args!("{}: all {} are there", experiment.name, count(jobs.len(), "run")));
        return Ok((Trained { planned, runs: before, interrupted: false, limited: false }, 0));
    }
    let limited = todo < missing;
    let chosen: Vec<usize> = (0..jobs.len()).filter(|&i| before[i].is_none()).take(todo).collect();
    let missing: Vec<Job> = chosen.iter().map(|&i| jobs[i].clone()).collect();
    let (side_by_side, threads) = of.side_by_side(units(&missing).len());
    fits_memory(&missing, side_by_side, threads)?;
    let stop = stop_on_request()?;
    let control = Control {
        threads,
        checkpoint_every: CHECKPOINT_EVERY,
        stop: &[stop],
        program: concat!("isoloss ", env!("CARGO_PKG_VERSION")),
    };
    talk(format_args!(
        "{}: {} of {} to train into {}, {side_by_side} at a time",
        experiment.name,
        missing.len(),
        count(jobs.len(), "run"),
        of.store.display()
    ));
    let bars = bars::Bars::new(&missing, starts(&missing, Some(&store))?, side_by_side, threads);
    let trained = work(&missing, &store, side_by_side, &control, &|number, event| bars.tell(number, event));
    bars.end();
    let mut runs = before;
    for (i, run) in chosen.into_iter().zip(trained?) {
        runs[i] = run;
    }
    let interrupted = stop.load(Ordering::Relaxed);
    if interrupted {
        talk(format_args!("interrupted: everything is kept, the same command goes on"));
    } else if limited {
        let left = jobs.len() - runs.iter().flatten().count();
        talk(format_args!("stopped as --limit asked: {} left; the same command goes on", count(left, "run")));
    }
    for run in runs.iter().flatten().filter(|run| run.state.name != StateName::Finished) {
        let reason = run.state.reason.as_deref().unwrap_or("stopped on request");
        talk(format_args!("{} {}: {}: {reason}", run.id, run.labels.full(), run.state.name.word()));
    }
    Ok((Trained { planned, runs, interrupted, limited }, todo))
}

/// Refuses what this machine cannot hold: the system would end the program without a word.
fn fits_memory(jobs: &[Job], side_by_side: usize, threads: usize) -> Result<(), Failure> {
    let Some(there) = memory::available() else { return Ok(()) };
    // Of runs on one trunk there is one at a time.
    let bytes = |unit: &Vec<usize>| isoloss_train::bytes(&jobs[unit[0]].config, threads);
    let needed = memory::of_largest(units(jobs).iter().map(bytes).collect(), side_by_side);
    if needed <= there {
        return Ok(());
    }
    let (needed, there) = (memory::in_words(needed), memory::in_words(there));
    let message = format!("{side_by_side} runs at a time need {needed} of memory, and {there} are there");
    Err(Failure::could_not(message, "fewer at a time by --jobs, or smaller models; --dry-run shows what each needs"))
}

/// Set by Ctrl-C, or by a request of the system to end. The second time the program ends at once: a checkpoint may be old,
/// but nothing is half written.
fn stop_on_request() -> Result<&'static AtomicBool, Failure> {
    static STOP: AtomicBool = AtomicBool::new(false);
    static LISTENS: Once = Once::new();
    let mut refused = None;
    LISTENS.call_once(|| {
        let handled = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
        refused = handled.err();
    });
    match refused {
        Some(e) => Err(Failure::could_not(format_args!("Ctrl-C cannot be listened to: {e}"), "run it in a terminal")),
        None => Ok(&STOP),
    }
}
