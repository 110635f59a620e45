//! `--dry-run`: every run with its counts, time and memory, before anything is paid for.

use std::process::ExitCode;

use isoloss::experiment::{Experiment, Part, Planned, Planner, labelled};
use isoloss_runs::record::{Counts, Run as Record};
use isoloss_runs::store::Store;
use isoloss_train::job::Job;
use isoloss_train::{Estimate, counts, estimate, makespan};
use serde_json::{Value, json};

use super::bars::seconds_in_words;
use super::memory;
use super::options::OfExperiment;
use crate::failure::Failure;
use crate::numbers::{count, number, size};
use crate::output::{Format, answer};
use crate::report::table::{csv_line, table};

/// Memory that is taken for free where the system does not say.
const MEMORY: f64 = 4e9;

/// A run, what it will take, and whether it is there.
struct Row<'a> {
    planned: &'a Planned,
    counts: Counts,
    estimate: Estimate,
    state: &'static str,
}

/// Prints every run of the experiment, as far as it is known from those that are there.
pub fn dry_run(
    of: &OfExperiment,
    experiment: &Experiment,
    planner: &mut Planner,
    mut planned: Vec<Planned>,
) -> Result<ExitCode, Failure> {
    // No store is made for it: one that is not there has no runs.
    let store = Store::read(&of.store).ok();
    let there = |job: &Job| -> Result<Option<Record>, Failure> {
        Ok(store.as_ref().map(|store| store.get(&job.id)).transpose()?.flatten())
    };
    loop {
        let ready: Vec<Planned> = planned.iter().filter(|run| !run.open).cloned().collect();
        let runs = ready.iter().map(|run| there(&run.job)).collect::<Result<Vec<_>, _>>()?;
        if runs.iter().any(|run| run.as_ref().is_none_or(|run| !run.state.name.is_over())) {
            break;
        }
        let known = ready.len();
        planned = planner.plan(&labelled(&ready, &runs))?;
        if planned.iter().filter(|run| !run.open).count() == known {
            break;
        }
    }
    let jobs: Vec<Job> = planned.iter().map(|run| run.job.clone()).collect();
    let (side_by_side, threads) = of.side_by_side(jobs.len());
    let estimates = estimate(&jobs, side_by_side, threads, memory::available().unwrap_or(MEMORY));
    let mut rows = Vec::new();
    for (planned, estimate) in planned.iter().zip(estimates) {
        let state = there(&planned.job)?.map_or("missing", |run| run.state.name.word());
        rows.push(Row { planned, counts: counts(&planned.job.config), estimate, state });
    }
    let there = |row: &Row| matches!(row.state, "finished" | "diverged");
    let seconds =
        |rows: Vec<&Row>| makespan(&rows.iter().map(|row| row.estimate.seconds).collect::<Vec<_>>(), side_by_side);
    let all = Total {
        wall: seconds(rows.iter().collect()),
        left: seconds(rows.iter().filter(|row| !there(row)).collect()),
        flops: rows.iter().map(|row| row.counts.flops_counted).sum(),
        bytes: memory::of_largest(rows.iter().map(|row| row.estimate.bytes).collect(), side_by_side),
        there: rows.iter().filter(|row| there(row)).count(),
        side_by_side,
        threads,
    };
    match of.format {
        Format::Text => answer(&text(experiment, &rows, &all))?,
        Format::Csv => answer(&csv(&rows))?,
        Format::Json => answer(&format!("{:#}\n", as_json(experiment, &rows, &all)))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What all runs take together.
struct Total {
    wall: f64,
    left: f64,
    flops: f64,
    bytes: f64,
    there: usize,
    side_by_side: usize,
    threads: usize,
}

const HEADER: [&str; 15] = [
    "run",
    "N stored",
    "N",
    "effective",
    "active",
    "D",
    "C counted",
    "C = 6ND",
    "steps",
    "batch",
    "lr",
    "time",
    "memory",
    "state",
    "",
];

fn text(experiment: &Experiment, rows: &[Row], all: &Total) -> String {
    let line = |row: &Row| -> Vec<String> {
        let (labels, training) = (&row.planned.job.labels, &row.planned.job.config.training);
        let Counts { stored, non_embedding, effective, active, tokens, flops_counted, flops_6nd, .. } = row.counts;
        let part = if row.planned.part == Part::Fit { "" } else { row.planned.part.word() };
        let open = if row.planned.open { "lr by the sweep" } else { "" };
        let computed = if row.estimate.measured { "" } else { "computed" };
        let notes: Vec<&str> = [part, open, computed].into_iter().filter(|note| !note.is_empty()).collect();
        vec![
            labels.full(),
            size(stored as f64),
            size(non_embedding as f64),
            size(effective as f64),
            size(active as f64),
            size(tokens as f64),
            number(flops_counted, 3),
            number(flops_6nd, 3),
            training.steps.to_string(),
            format!("{} x {}", training.batch, training.seq_len),
            number(training.lr, 3),
            seconds_in_words(row.estimate.seconds),
            memory::in_words(row.estimate.bytes),
            row.state.to_owned(),
            notes.join(", "),
        ]
    };
    let lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let threads = if all.threads == 1 { "one thread each".to_owned() } else { format!("{} threads each", all.threads) };
    let there = match all.there {
        0 => "none of them is there yet".to_owned(),
        there => format!("{there} of them are there, {} left to train", seconds_in_words(all.left)),
    };
    format!(
        "{}: {}\n\n{}\n  {}, {} FLOPs, about {} with {} at a time on {threads}, {} of memory; {there}.\n  N is without \
         embedding and head. Times are measured on a few steps where nothing else is said; \"computed\" ones follow from \
         counted FLOPs.\n",
        experiment.name,
        experiment.question,
        table(&HEADER, &lines),
        count(rows.len(), "run"),
        number(all.flops, 3),
        seconds_in_words(all.wall),
        all.side_by_side,
        memory::in_words(all.bytes),
    )
}

/// One object for a run: the columns of the CSV, and more for programs.
fn as_value(row: &Row) -> Value {
    let (job, training) = (&row.planned.job, &row.planned.job.config.training);
    json!({
        "id": job.id,
        "family": job.labels.family,
        "rung": job.labels.rung,
        "part": row.planned.part.word(),
        "state": row.state,
        "counts": row.counts,
        "steps": training.steps,
        "batch": training.batch,
        "seq_len": training.seq_len,
        "lr": training.lr,
        "seed": job.config.seed,
        "seconds": row.estimate.seconds,
        "bytes": row.estimate.bytes,
        "time_is": if row.estimate.measured { "measured" } else { "computed" },
    })
}

fn as_json(experiment: &Experiment, rows: &[Row], all: &Total) -> Value {
    json!({
        "experiment": experiment.name,
        "question": experiment.question,
        "runs": rows.iter().map(as_value).collect::<Vec<_>>(),
        "total": {
            "flops": all.flops,
            "seconds": all.wall,
            "seconds_left": all.left,
            "bytes": all.bytes,
            "jobs": all.side_by_side,
            "threads": all.threads,
        },
    })
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::new();
    for (i, row) in rows.iter().enumerate() {
        let mut value = as_value(row);
        // Counts become columns of their own.
        let counts = value.as_object_mut().and_then(|object| object.remove("counts")).unwrap_or_default();
        let all: Vec<(String, Value)> =
            [value, counts].into_iter().flat_map(|v| v.as_object().cloned().unwrap_or_default()).collect();
        if i == 0 {
            text.push_str(&csv_line(all.iter().map(|(key, _)| key)));
        }
        let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.push_str(&csv_line(all.iter().map(|(_, value)| cell(value))));
    }
    text
}
