//! `--dry-run`: every run with its counts, time and memory, before anything is paid for.

use std::collections::BTreeSet;
use std::process::ExitCode;

use isoloss::experiment::{Experiment, Planned, Planner, labelled};
use isoloss_runs::record::Part;
use isoloss_runs::record::{Counts, Run as Record};
use isoloss_runs::store::Store;
use isoloss_train::job::Job;
use isoloss_train::measures::bank;
use isoloss_train::trunk::{own_flops, starts, units};
use isoloss_train::{Estimate, counts, estimate, makespan, with_memory};
use serde_json::{Value, json};

use super::bars::seconds_in_words;
use super::memory;
use super::options::OfExperiment;
use super::texts::{self, Text};
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
    /// steps that other branches take for it
    start: u64,
}

impl Row<'_> {
    /// FLOPs of its own steps.
    fn own_flops(&self) -> f64 {
        own_flops(&self.planned.job, self.start)
    }

    /// Seconds of its own part, if others take so many steps for it.
    fn seconds(&self, start: u64) -> f64 {
        self.estimate.seconds - self.estimate.step * start as f64
    }

    fn is_over(&self) -> bool {
        matches!(self.state, "finished" | "diverged")
    }
}

/// Prints every run of the experiment, as far as it is known from those that are there.
pub fn dry_run(
    of: &OfExperiment,
    experiment: &Experiment,
    planner: &mut Planner,
    mut planned: Vec<Planned>,
) -> Result<ExitCode, Failure> {
    // No run is begun for it: a store that is not there has none.
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
    let units = units(&jobs);
    let (side_by_side, threads) = of.side_by_side(units.len());
    let estimates = estimate(&jobs, side_by_side, threads, memory::available().unwrap_or(MEMORY));
    let mut rows = Vec::new();
    for ((planned, estimate), start) in planned.iter().zip(estimates).zip(starts(&jobs, None)?) {
        let state = there(&planned.job)?.map_or("missing", |run| run.state.name.word());
        rows.push(Row { planned, counts: counts(&planned.job.config), estimate, state, start });
    }
    // What is left goes on from the states that are there.
    let left: Vec<usize> = (0..rows.len()).filter(|&i| !rows[i].is_over()).collect();
    let left_jobs: Vec<Job> = left.iter().map(|&i| jobs[i].clone()).collect();
    let left_starts = starts(&left_jobs, store.as_ref())?;
    let seconds_left = |i: usize| left.iter().position(|&l| l == i).map_or(0.0, |at| rows[i].seconds(left_starts[at]));
    let wall = |seconds: &dyn Fn(usize) -> f64| {
        let of_unit = |unit: &Vec<usize>| unit.iter().map(|&i| seconds(i)).sum();
        makespan(&units.iter().map(of_unit).collect::<Vec<f64>>(), side_by_side)
    };
    let largest = |unit: &Vec<usize>| unit.iter().map(|&i| rows[i].estimate.bytes).fold(0.0, f64::max);
    let all = Total {
        wall: wall(&|i| rows[i].seconds(rows[i].start)),
        left: wall(&seconds_left),
        flops: rows.iter().map(|row| row.counts.flops_counted).sum(),
        own: rows.iter().map(Row::own_flops).sum(),
        longest: units.iter().map(|unit| unit.iter().map(|&i| rows[i].counts.flops_counted).fold(0.0, f64::max)).sum(),
        trunks: rows
            .iter()
            .filter_map(|row| row.planned.job.trunk.as_ref())
            .map(|t| &t.id)
            .collect::<BTreeSet<_>>()
            .len(),
        bytes: memory::of_largest(units.iter().map(largest).collect(), side_by_side),
        there: rows.iter().filter(|row| row.is_over()).count(),
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
#[derive(Default)]
struct Total {
    wall: f64,
    left: f64,
    /// FLOPs of all runs if each is trained by itself, those that are trained, and those of the longest run of each trunk
    flops: f64,
    own: f64,
    longest: f64,
    trunks: usize,
    bytes: f64,
    there: usize,
    side_by_side: usize,
    threads: usize,
}

/// With so many clusters Student's quantile, which few of them ask for, is less than a tenth above the normal one.
const MANY_TRUNKS: usize = 20;

const HEADER: [&str; 18] = [
    "run",
    "N stored",
    "N",
    "effective",
    "active",
    "D",
    "C counted",
    "C = 6ND",
    "C own",
    "steps",
    "batch",
    "lr",
    "seed",
    "time",
    "memory",
    "cache",
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
            number(row.own_flops(), 3),
            training.steps.to_string(),
            format!("{} x {}", training.batch, training.seq_len),
            number(training.lr, 3),
            // One that is not known yet takes part in the draw of the seed.
            if row.planned.open { String::new() } else { row.planned.job.config.seed.to_string() },
            seconds_in_words(row.seconds(row.start)),
            memory::in_words(row.estimate.bytes),
            cache(&row.counts),
            row.state.to_owned(),
            notes.join(", "),
        ]
    };
    let mut header = HEADER.to_vec();
    let mut lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let mut leave_out = |name: &str| {
        let at = header.iter().position(|known| *known == name).unwrap_or_default();
        header.remove(at);
        lines.iter_mut().for_each(|line| drop(line.remove(at)));
    };
    if all.trunks == 0 {
        // A run by itself pays for all of its steps.
        leave_out("C own");
    }
    if !experiment.has_families() {
        // What a decoder keeps is a difference between families.
        leave_out("cache");
    }
    let threads = if all.threads == 1 { "one thread each".to_owned() } else { format!("{} threads each", all.threads) };
    let there = match all.there {
        0 => "none of them is there yet".to_owned(),
        there => format!("{there} of them are there, {} left to train", seconds_in_words(all.left)),
    };
    format!(
        "{}: {}\n\n{}\n  {}, {} FLOPs, about {} with {} at a time on {threads}, {} of memory; {there}.\n  N is without \
         embedding and head, which are {} of what is stored; 6ND counts the active part of it. Times are measured on a few steps where nothing else is said; \"computed\" ones follow from \
         counted FLOPs.\n{}{}{}{}",
        experiment.name,
        experiment.question,
        table(&header, &lines),
        count(rows.len(), "run"),
        number(all.own, 3),
        seconds_in_words(all.wall),
        all.side_by_side,
        memory::in_words(all.bytes),
        share_of_tables(rows.iter().map(|row| &row.counts)),
        of_trunks(all),
        of_memory(rows),
        of_held_out(rows),
        of_texts(rows),
    )
}

/// Says that most of the time goes into what is held out: it stays as long as it was where a ladder is made smaller.
fn of_held_out(rows: &[Row]) -> String {
    let seconds = |held_out: bool| -> f64 {
        let part = rows.iter().filter(|row| (row.planned.part == Part::HeldOut) == held_out);
        part.map(|row| row.seconds(row.start)).sum()
    };
    let missing = rows.iter().filter(|row| row.planned.part == Part::HeldOut && !row.is_over()).count();
    let [held_out, others] = [true, false].map(seconds);
    if missing == 0 || held_out <= others {
        return String::new();
    }
    format!(
        "  Held out: {} of {}, and {} for all the others: --set held_out=[] leaves {} out.\n",
        count(missing, "run"),
        seconds_in_words(held_out),
        seconds_in_words(others),
        if missing == 1 { "it" } else { "them" },
    )
}

/// How often texts are read.
fn of_texts(rows: &[Row]) -> String {
    texts::of_planned(rows.iter().map(|row| row.planned))
        .iter()
        .map(|text| format!("  Text {}.\n", text.words()))
        .collect()
}

/// What steps with memory cost beside those without.
fn of_memory(rows: &[Row]) -> String {
    let from_to = |ratios: Vec<f64>| {
        let (least, most) = ratios.iter().fold((f64::INFINITY, 0.0f64), |(a, b), x| (a.min(*x), b.max(*x)));
        let [least, most] = [least, most].map(|x| number(x, 3));
        if least == most { least } else { format!("{least} to {most}") }
    };
    let counted: Vec<f64> = rows.iter().filter_map(|row| with_memory(&row.planned.job.config)).collect();
    let timed: Vec<f64> = rows.iter().filter_map(|row| row.estimate.with_memory).collect();
    if counted.is_empty() {
        return String::new();
    }
    let timed = if timed.is_empty() { String::new() } else { format!(", and takes {} times as long", from_to(timed)) };
    let disk =
        rows.iter().filter_map(|row| bank::bytes(&row.planned.job.config, row.planned.job.source.as_ref())).max();
    let disk = disk.map_or(String::new(), |bytes| {
        let bytes = memory::in_words(bytes as f64);
        format!("  Its bank takes up to {bytes} on the disk while a run is measured; the time of measures is in none of those above.\n")
    });
    format!("  A step with memory executes {} times the FLOPs of one without{timed}.\n{disk}", from_to(counted))
}

/// `128 B a token`, `96 B a token, 8 kB`: what a decoder keeps of a sequence.
fn cache(counts: &Counts) -> String {
    let bytes = |n: u64| match n {
        0..10_000 => format!("{n} B"),
        n => memory::in_words(n as f64),
    };
    let a_token = counts.cache_per_token.filter(|n| *n > 0).map(|n| format!("{} a token", bytes(n)));
    let fixed = counts.cache_fixed.filter(|n| *n > 0).map(bytes);
    a_token.into_iter().chain(fixed).collect::<Vec<_>>().join(", ")
}

/// What embedding and head are of all parameters, from the least to the most: they hold no facts and learn otherwise than
/// what is inside, and are most of a small model.
fn share_of_tables<'a>(counts: impl Iterator<Item = &'a Counts>) -> String {
    let share = |c: &Counts| (100.0 * (1.0 - c.non_embedding as f64 / c.stored as f64)).round();
    let (least, most) = counts.map(share).fold((f64::INFINITY, 0.0), |(least, most), x| (x.min(least), x.max(most)));
    if least < most { format!("{least} to {most} %") } else { format!("{most} %") }
}

/// What branches save, and what few trunks cost.
fn of_trunks(all: &Total) -> String {
    if all.trunks == 0 {
        return String::new();
    }
    let saved = format!(
        "  {}: {} FLOPs are really trained, {} times those of the longest runs alone; each run by itself would take {}.\n",
        count(all.trunks, "trunk"),
        number(all.own, 3),
        number(all.own / all.longest, 3),
        number(all.flops, 3),
    );
    let few = "  Runs of one trunk share their luck, and intervals come from the differences between trunks: other seeds \
               (ladder.seeds) would narrow them.\n";
    saved + if all.trunks < MANY_TRUNKS { few } else { "" }
}

/// No runs, for programs.
pub fn none(experiment: &Experiment, format: Format) -> Result<(), Failure> {
    match format {
        Format::Json => answer(&format!("{:#}\n", as_json(experiment, &[], &Total::default()))),
        _ => answer(&csv(&[])),
    }
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
        "own_steps": training.steps - row.start,
        "own_flops": row.own_flops(),
        "seconds": row.seconds(row.start),
        "bytes": row.estimate.bytes,
        "time_is": if row.estimate.measured { "measured" } else { "computed" },
    })
}

fn as_json(experiment: &Experiment, rows: &[Row], all: &Total) -> Value {
    json!({
        "experiment": experiment.name,
        "question": experiment.question,
        "runs": rows.iter().map(as_value).collect::<Vec<_>>(),
        "texts": texts::of_planned(rows.iter().map(|row| row.planned)).iter().map(Text::as_value).collect::<Vec<_>>(),
        "total": {
            "flops": all.flops,
            "own_flops": all.own,
            "trunks": all.trunks,
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
