//! What the lab costs: steps of the first ladder's shapes, the loader's part in them, two jobs side by side against one.
//!
//! ```text
//! cargo run --release -p isoloss-benches --bin lab
//! ```

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use isoloss_train::config::Evaluation;
use isoloss_train::corpora::{self, Batch, Place, Source};
use isoloss_train::models::Shape;
use isoloss_train::recipes::Recipe;
use isoloss_train::{RunConfig, Trainer, counts, peak};
use serde_json::json;

/// Rounds of which the best counts: neighbours only ever add.
const ROUNDS: usize = 7;
/// Seconds of a round, about.
const SECONDS: f64 = 0.25;

fn main() {
    let place = Place { base: ".".into(), cache: std::env::temp_dir() };
    let corpus = corpora::Config::read("markov", json!({ "seed": 1 })).expect("markov").expect("its defaults");
    let opened = Instant::now();
    let source = corpus.open(&place).expect("it is generated");
    println!("the chain opens in {:.0} ms", opened.elapsed().as_secs_f64() * 1e3);
    println!("product on one thread: {:.0} GFLOP/s; on two at once: {:.0} each\n", peak(1) / 1e9, peak(2) / 1e9);
    println!("d_model | ms a step | GFLOP/s counted, executed | loader us | its share % | two side by side");
    for d_model in [12, 16, 24, 32, 48, 64] {
        let config = config(&corpus, &source, d_model);
        let flops = counts(&config).flops_counted / config.training.steps as f64;
        let (one, executed) = step(&config, &source, 1);
        let (two, _) = step(&config, &source, 2);
        let loader = loader(&config, &source);
        println!(
            "{d_model:7} | {:9.3} | {:11.1} {:13.1} | {:9.1} | {:11.2} | {:.2}x",
            one * 1e3,
            flops / one / 1e9,
            executed / one / 1e9,
            loader * 1e6,
            loader / one * 100.0,
            2.0 * one / two
        );
    }
}

/// A run of the first ladder.
fn config(corpus: &corpora::Config, source: &Arc<dyn Source>, d_model: usize) -> RunConfig {
    let shape = json!({ "d_model": d_model, "n_layer": 2, "head_dim": 16 });
    let shape = Shape::read("transformer", shape).expect("a model").expect("its settings");
    let model = shape.complete(source.vocab_size()).expect("a size that fits");
    let recipe = json!({ "batch": 8, "seq_len": 64, "lr": 0.012, "at_width": 32 });
    let recipe = Recipe::read("plain", recipe).expect("a recipe").expect("its settings");
    let training = recipe.training(&model, 1e6).expect("settings that fit");
    RunConfig {
        corpus: corpus.clone(),
        model,
        training,
        evaluation: Evaluation { windows: 64, measures: vec![] },
        seed: 1,
    }
}

/// Seconds of a step while so many runs train, and FLOPs it executed: the best of several rounds.
fn step(config: &RunConfig, source: &Arc<dyn Source>, side_by_side: usize) -> (f64, f64) {
    let barrier = Barrier::new(side_by_side);
    let one = || {
        let mut trainer = Trainer::<f32>::new(config, source.clone(), 1);
        let mut flops = trainer.advance().expect("it learns").flops;
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            barrier.wait();
            let (start, mut steps) = (Instant::now(), 0);
            while start.elapsed().as_secs_f64() < SECONDS && !trainer.is_over() {
                flops = trainer.advance().expect("it learns").flops;
                steps += 1;
            }
            best = best.min(start.elapsed().as_secs_f64() / f64::from(steps.max(1)));
        }
        (best, flops as f64)
    };
    let all: Vec<(f64, f64)> = thread::scope(|scope| {
        let each: Vec<_> = (0..side_by_side).map(|_| scope.spawn(one)).collect();
        each.into_iter().map(|t| t.join().expect("a run")).collect()
    });
    (all.iter().map(|(s, _)| s).sum::<f64>() / all.len() as f64, all[0].1)
}

/// Seconds to fill a batch.
fn loader(config: &RunConfig, source: &Arc<dyn Source>) -> f64 {
    let mut batch = Batch::new(config.training.batch, config.training.seq_len);
    let mut best = f64::INFINITY;
    for round in 0..ROUNDS as u64 {
        let start = Instant::now();
        (0..100).for_each(|step| source.fill(round, step, &mut batch));
        best = best.min(start.elapsed().as_secs_f64() / 100.0);
    }
    best
}
