//! What runs will take: measured on a few steps of two shapes, computed for the others.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use isoloss_engine::{Matrix, product};

use crate::job::Job;
use crate::{RunConfig, Trainer, bytes, counts, models};

/// What one run will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds by the clock on the wall, while as many runs as asked for train beside it.
    pub seconds: f64,
    /// Seconds of one step of it: what the seconds are less for each that another branch takes.
    pub step: f64,
    /// Bytes of weights, gradients, the optimiser's state and activations.
    pub bytes: f64,
    /// How many times as long a step with memory took as one without, where both were timed.
    pub with_memory: Option<f64>,
    /// Were steps of this very shape timed? If not, the time is computed from counted FLOPs.
    pub measured: bool,
}

/// A step that takes longer than this is not tried out.
const LONGEST_STEP: f64 = 2.0;
/// Seconds over which steps of a shape are timed, about.
const PATIENCE: f64 = 0.5;
/// Blocks of steps that are timed, of which the median counts: fewer where a step is long.
const BLOCKS: usize = 5;
/// FLOP/s of one thread before anything was timed: a processor of our time.
const USUAL: f64 = 5e10;
/// Walking forward only costs this much of walking forward and back.
const FORWARD: f64 = 1.0 / 3.0;

/// Foresees every job, with `side_by_side` of them at a time on `threads` threads each. Smallest and largest shape are
/// timed, side by side as they will run, if their steps are short and fit into `memory` bytes; others lie between or beyond
/// them, at the rate that FLOPs suggest.
pub fn estimate(jobs: &[Job], side_by_side: usize, threads: usize, memory: f64) -> Vec<Estimate> {
    let side_by_side = side_by_side.max(1);
    let flops = |config: &RunConfig| counts(config).flops_counted / config.training.steps as f64;
    let mut shapes: Vec<(usize, f64)> = jobs.iter().enumerate().map(|(i, job)| (i, flops(&job.config))).collect();
    shapes.sort_by(|a, b| a.1.total_cmp(&b.1));
    let fits = |job: &Job| bytes(&job.config, threads) * side_by_side as f64 <= memory;
    let mut rates: Vec<(f64, f64)> = Vec::new();
    let mut ratios: Vec<(f64, Option<f64>)> = Vec::new();
    let mut timed = |number: usize, cost: f64| {
        let (seconds, ratio) = step_seconds(&jobs[number], side_by_side, threads);
        ratios.push((cost, ratio));
        cost / seconds
    };
    let is_short = |cost: f64| cost / USUAL <= LONGEST_STEP;
    if let Some(&(first, cost)) = shapes.first().filter(|(i, cost)| fits(&jobs[*i]) && is_short(*cost)) {
        let rate = timed(first, cost);
        rates.push((cost, rate));
        // Larger shapes run at a higher rate, so this is on the safe side.
        let largest = shapes.iter().rev().find(|(i, cost)| cost / rate <= LONGEST_STEP && fits(&jobs[*i]));
        if let Some(&(largest, cost)) = largest.filter(|(_, largest)| *largest > cost) {
            rates.push((cost, timed(largest, cost)));
        }
    }
    let one = |job: &Job| -> Estimate {
        let (training, cost) = (&job.config.training, flops(&job.config));
        let step = cost / rate(&rates, cost);
        let evaluations = job.held_out.batch.sequences() as f64 / training.batch as f64;
        Estimate {
            seconds: step * (training.steps as f64 + FORWARD * evaluations),
            step,
            bytes: bytes(&job.config, threads),
            with_memory: ratios.iter().find(|(measured, _)| *measured == cost).and_then(|(_, ratio)| *ratio),
            measured: rates.iter().any(|(measured, _)| *measured == cost),
        }
    };
    jobs.iter().map(one).collect()
}

/// FLOP/s at a step of so many FLOPs: a power law through what was timed, held beyond its ends.
fn rate(rates: &[(f64, f64)], cost: f64) -> f64 {
    match rates {
        [] => USUAL,
        [(_, rate)] => *rate,
        [(a, slow), (b, fast), ..] => {
            let along = ((cost / a).ln() / (b / a).ln()).clamp(0.0, 1.0);
            slow * (fast / slow).powf(along)
        }
    }
}

/// Seconds of a step while `side_by_side` runs of this shape train: the median over blocks of steps, the mean over runs. Of a model with
/// a memory also how many times as long steps with it take.
fn step_seconds(job: &Job, side_by_side: usize, threads: usize) -> (f64, Option<f64>) {
    let steps = job.config.training.steps;
    let begins = job.config.model.memory().map_or(steps, |model| model.memory.begins).min(steps);
    let later = (begins < steps).then(|| step_of(job, begins, side_by_side, threads));
    // The first step is one without memory in a run that begins with it later.
    let mut without = job.clone();
    if let models::Config::Memory(model) = &mut without.config.model {
        model.memory.begins = steps;
    }
    let plain = step_of(&without, 0, side_by_side, threads);
    let share = begins as f64 / steps as f64;
    (share * plain + (1.0 - share) * later.unwrap_or_default(), later.map(|later| later / plain))
}

/// The same of steps from that one on.
fn step_of(job: &Job, from: u64, side_by_side: usize, threads: usize) -> f64 {
    let barrier = Barrier::new(side_by_side);
    // Made before any of them waits for the others: what fails, fails here.
    let trainers = (0..side_by_side).map(|_| Trainer::<f32>::new(&job.config, job.source.clone(), threads));
    let one = |mut trainer: Trainer<f32>| {
        let mut step = || {
            // A shape is timed at one place, over and over if its runs are short.
            trainer.rewind(from);
            let start = Instant::now();
            let _ = trainer.advance();
            start.elapsed().as_secs_f64()
        };
        step();
        barrier.wait();
        let first = step().max(1e-6);
        let blocks = (PATIENCE / first).clamp(1.0, BLOCKS as f64) as usize;
        let steps = (PATIENCE / blocks as f64 / first).clamp(1.0, 1000.0) as usize;
        let mut blocks: Vec<f64> =
            (0..blocks).map(|_| (0..steps).map(|_| step()).sum::<f64>() / steps as f64).collect();
        blocks.sort_by(f64::total_cmp);
        blocks[blocks.len() / 2]
    };
    let trainers: Vec<_> = trainers.collect();
    let all: Vec<f64> = thread::scope(|scope| {
        let each: Vec<_> = trainers.into_iter().map(|trainer| scope.spawn(|| one(trainer))).collect();
        each.into_iter().filter_map(|t| t.join().ok()).collect()
    });
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

/// Seconds until all are done: the dearest first, each to whoever is free.
pub fn makespan(seconds: &[f64], side_by_side: usize) -> f64 {
    let mut order = seconds.to_vec();
    order.sort_by(|a, b| b.total_cmp(a));
    let mut busy = vec![0f64; side_by_side.max(1)];
    for seconds in order {
        if let Some(free) = busy.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *free += seconds;
        }
    }
    busy.into_iter().fold(0.0, f64::max)
}

/// Width of the square matrices whose product stands for the peak.
const WIDE: usize = 384;

/// FLOP/s of the matrix product on one thread while `side_by_side` of them work: the best of several tries.
pub fn peak(side_by_side: usize) -> f64 {
    let one = || {
        let (a, b) = (vec![0.5f32; WIDE * WIDE], vec![0.25f32; WIDE * WIDE]);
        let mut c = vec![0f32; WIDE * WIDE];
        let mut once = || {
            let start = Instant::now();
            let [a, b] = [&a, &b].map(|x| Matrix::new(x, WIDE, WIDE));
            product(1.0, a, b, &mut c, WIDE, false);
            start.elapsed().as_secs_f64()
        };
        (0..8).map(|_| once()).fold(f64::INFINITY, f64::min)
    };
    let best: Vec<f64> = thread::scope(|scope| {
        let each: Vec<_> = (0..side_by_side.max(1)).map(|_| scope.spawn(one)).collect();
        each.into_iter().filter_map(|t| t.join().ok()).collect()
    });
    2.0 * (WIDE as f64).powi(3) / (best.iter().sum::<f64>() / best.len().max(1) as f64)
}
