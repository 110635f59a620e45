//! What loops cost: a looped step against one of as many blocks of their own, and the gated objective against the last loop's.
//!
//! ```text
//! cargo run --release -p isoloss-benches --bin loops
//! ```
//!
//! All kinds of one width take turns, and ratios are those of the same round: their median counts, with the least and the
//! greatest.

use std::sync::Arc;
use std::time::Instant;

use isoloss_train::config::Evaluation;
use isoloss_train::corpora::{self, Place, Source};
use isoloss_train::models::{Config, Shape};
use isoloss_train::recipes::Recipe;
use isoloss_train::{RunConfig, Trainer, counts};
use serde_json::{Value, json};

/// Rounds of which the median counts.
const ROUNDS: usize = 15;
/// Seconds of a turn, about.
const SECONDS: f64 = 0.15;
const LOOPS: usize = 4;

fn main() {
    let place = Place { base: ".".into(), cache: std::env::temp_dir() };
    let corpus = corpora::Config::read("markov", json!({ "seed": 1, "vocab_size": 256 })).expect("markov");
    let corpus = corpus.expect("its settings");
    let source = corpus.open(&place).expect("it is generated");
    println!("{LOOPS} loops, vocabulary of {}, one thread", source.vocab_size());
    println!("d_model, blocks in the loop | ms unshared | looped | with injection | gated | gated, FLOPs counted");
    for (d_model, shared) in [(32, 1), (64, 1), (64, 2), (128, 1), (128, 2), (256, 2)] {
        let looped = |own: Value| {
            let mut all = json!({ "d_model": d_model, "head_dim": 32, "shared": shared, "loops": LOOPS });
            all.as_object_mut().expect("settings").extend(own.as_object().expect("settings").clone());
            ("looped", all)
        };
        let unshared = json!({ "d_model": d_model, "head_dim": 32, "n_layer": LOOPS * shared });
        let kinds = [
            ("transformer", unshared),
            looped(json!({})),
            looped(json!({ "injection": "concat" })),
            looped(json!({ "gate": { "bonus": 0.05 } })),
        ];
        let configs = kinds.map(|(kind, shape)| config(&corpus, &source, kind, shape));
        let flops = configs.each_ref().map(|config| counts(config).flops_counted);
        let mut trainers = configs.map(|config| Trainer::<f32>::new(&config, source.clone(), 1));
        let mut seconds: Vec<[f64; 4]> = Vec::new();
        for _ in 0..ROUNDS {
            seconds.push(trainers.each_mut().map(step));
        }
        let ratio = |of: usize, to: usize| {
            let mut all: Vec<f64> = seconds.iter().map(|round| round[of] / round[to]).collect();
            all.sort_by(f64::total_cmp);
            format!("{:.3} ({:.3} to {:.3})", all[ROUNDS / 2], all[0], all[ROUNDS - 1])
        };
        let first = seconds.iter().map(|round| round[0]).fold(f64::INFINITY, f64::min);
        println!(
            "{d_model:4} x {shared} | {:8.3} | {} | {} | {} | {:.3}",
            first * 1e3,
            ratio(1, 0),
            ratio(2, 0),
            ratio(3, 1),
            flops[3] / flops[1],
        );
    }
}

fn config(corpus: &corpora::Config, source: &Arc<dyn Source>, kind: &str, shape: Value) -> RunConfig {
    let shape = Shape::read(kind, shape).expect("a model").expect("its settings");
    let model: Config = shape.complete(source.vocab_size()).expect("a size that fits");
    let recipe = json!({ "batch": 8, "seq_len": 128, "lr": 0.004, "at_width": 32 });
    let recipe = Recipe::read("plain", recipe).expect("a recipe").expect("its settings");
    let training = recipe.training(&model, 1e7).expect("settings that fit");
    let evaluation = Evaluation { windows: 8, measures: Vec::new() };
    RunConfig { corpus: corpus.clone(), model, training, evaluation, seed: 1 }
}

/// Seconds of a step, over some of them.
fn step(trainer: &mut Trainer<f32>) -> f64 {
    let begun = Instant::now();
    let mut steps = 0;
    while begun.elapsed().as_secs_f64() < SECONDS || steps < 2 {
        trainer.advance().expect("a step");
        steps += 1;
    }
    begun.elapsed().as_secs_f64() / f64::from(steps)
}
