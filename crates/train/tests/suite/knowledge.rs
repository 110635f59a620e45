//! Facts that a small model learns by heart, and the measure that counts them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::common::{config, shape};
use isoloss_runs::record::{Labels, Run, StateName};
use isoloss_runs::store::Store;
use isoloss_train::config::Cut;
use isoloss_train::corpora::{self, Place};
use isoloss_train::job::{Control, Job};
use isoloss_train::measures::{Measure, Subject};
use isoloss_train::{RunConfig, Trainer, counts};
use serde_json::json;

fn job(corpus: serde_json::Value, model: serde_json::Value, steps: u64, batch: usize, length: usize) -> Job {
    let corpus: corpora::Config = serde_json::from_value(corpus).unwrap();
    let source = corpus.open(&Place { base: ".".into(), cache: ".".into() }).unwrap();
    let mut run: RunConfig = config(shape(model, source.vocab_size()), steps, batch, length, 1e-2, 0.0);
    run.corpus = corpus;
    run.evaluation.measures = vec![Measure::Bits, Measure::Scores];
    let held_out = Arc::new(source.held_out(4, length).unwrap());
    Job::new(run, source, held_out, Labels::default())
}

fn train(job: &Job) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs")).unwrap();
    let claim = store.claim(&job.id).unwrap().expect("nobody else claims it");
    let stop = AtomicBool::new(false);
    let control = Control { threads: 2, checkpoint_every: Duration::from_secs(3600), stop: &[&stop], program: "test" };
    job.run(&claim, None, &control, &|_| ()).unwrap()
}

/// Measures by name, of the end of a run.
fn measured(run: &Run) -> impl Fn(&str) -> f64 {
    assert_eq!(run.state.name, StateName::Finished, "{:?}", run.state.reason);
    let measures = run.result.clone().unwrap().measures;
    move |name| {
        measures.get(name).and_then(|value| value.as_f64()).unwrap_or_else(|| panic!("no {name} in {measures:?}"))
    }
}

#[test]
fn twenty_people_are_learnt_by_heart() {
    let corpus =
        json!({ "kind": "bios", "people": 220, "kept_back": 200, "pools": "1/10", "packing": "people", "seed": 3 });
    let job = job(corpus, json!({ "d_model": 32, "n_layer": 2, "head_dim": 16 }), 400, 10, 50);
    let mut untrained = Trainer::<f32>::new(&job.config, job.source.clone(), 1);
    let mut subject = Subject {
        trainer: &mut untrained,
        source: job.source.as_ref(),
        held_out: &job.held_out,
        curve: &[],
        folder: Path::new("."),
        is_stopped: &|| false,
    };
    let before = Measure::Bits.of(&mut subject).unwrap();
    assert!(
        before.contains(&("bits".to_owned(), 0.0)) && before.contains(&("bits_clamped".to_owned(), 1.0)),
        "{before:?}"
    );
    assert!(before.iter().all(|(name, _)| !name.starts_with("loss_")));

    let run = train(&job);
    let of = measured(&run);
    println!("{:?}", run.result);
    let stored = counts(&job.config).stored as f64;
    assert!(of("bits") > 0.7 * of("limit") && of("bits") < of("limit"), "{} of {}", of("bits"), of("limit"));
    assert_eq!(of("bits"), of("bits_name") + of("bits_value"));
    assert_eq!([of("bits") / stored, of("limit") / stored], [of("bits_per_param"), of("limit_per_param")]);
    assert_eq!(of("people"), 20.0);
    assert!(of("recall_gender") > 0.8 && of("recall_name") < 0.2);
    // The hundred facts of the twenty are known, and those of the others are guessed.
    assert!(of("score_facts_known") > 0.95 && of("score_recited_known") > 0.9, "{}", of("score_facts_known"));
    let sigma = (0.25f64 * 0.75 / 600.0).sqrt();
    assert!((of("score_facts_unknown") - 0.25).abs() < 4.0 * sigma, "{}", of("score_facts_unknown"));
    assert!(of("score_recited_unknown") < 0.15);
    let parts = ["facts_known", "recited_known", "facts_unknown", "recited_unknown"];
    let mean = parts.iter().map(|name| of(&format!("score_{name}"))).sum::<f64>() / 4.0;
    assert!((of("score") - mean).abs() < 1e-12);
}

#[test]
fn tables_are_learnt_by_heart() {
    let corpus = json!({ "kind": "biod", "people": 20, "attributes": 2, "chunks": 2, "diversity": 10,
        "pools": "1/10", "packing": "people", "seed": 3 });
    let job = job(corpus, json!({ "d_model": 32, "n_layer": 2, "head_dim": 16 }), 400, 10, 33);
    let run = train(&job);
    let of = measured(&run);
    println!("{:?}", run.result);
    assert!(of("bits") > 0.7 * of("limit") && of("bits") < of("limit"), "{} of {}", of("bits"), of("limit"));
    assert_eq!(of("bits"), of("bits_name") + of("bits_value") + of("bits_strings"));
    assert!(of("recall_first_chunk") > 0.5 && of("recall_other_chunks") > 0.5);
}

/// Timings, to be read: `cargo test --release -p isoloss-train knowledge -- --ignored --nocapture`.
#[test]
#[ignore = "prints timings"]
fn timings() {
    let corpus = json!({ "kind": "bios", "people": 10_000, "seed": 1 });
    let job = job(corpus, json!({ "d_model": 128, "n_layer": 5, "head_dim": 32 }), 1, 64, 512);
    let mut batch = corpora::Batch::new(100_000, 512);
    let start = Instant::now();
    job.source.fill(1, 0, &mut batch);
    println!("{:.2} s for {} biographies", start.elapsed().as_secs_f64(), 100_000 * 512 / 50);
    // The cut of a batch follows from its shape, and the question of a person is walked in as many windows as a batch is.
    for (length, threads) in [(512, 1), (50, 1), (50, 2)] {
        let mut config = job.config.clone();
        config.training.cut = Cut::of(64, length);
        let mut trainer = Trainer::<f32>::new(&config, job.source.clone(), threads);
        let start = Instant::now();
        let mut subject = Subject {
            trainer: &mut trainer,
            source: job.source.as_ref(),
            held_out: &job.held_out,
            curve: &[],
            folder: Path::new("."),
            is_stopped: &|| false,
        };
        let measured = Measure::Bits.of(&mut subject).unwrap().len();
        let (took, stored) = (start.elapsed().as_secs_f64(), counts(&config).stored);
        println!(
            "{took:.2} s for {measured} values of 10^4 people, {stored} parameters, {threads} threads, cut for {length}"
        );
    }
}
