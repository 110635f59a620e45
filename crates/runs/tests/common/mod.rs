//! Runs to test with.

use isoloss_runs::record::{Cost, Counts, Data, Labels, Outcome, Run, SCHEMA, State, StateName};
use serde_json::json;

/// A run that finished; its config, and so its id, is that of the number.
pub fn finished(number: u64) -> Run {
    let mut run = planned(number);
    run.state = State { name: StateName::Finished, reason: None, step: 192 };
    run.result = Some(Outcome {
        loss: 3.0 - number as f64 * 1e-3,
        loss_stderr: Some(0.004),
        per_set: [("web".to_owned(), json!(3.1))].into_iter().collect(),
        measures: [("recall".to_owned(), json!(0.25))].into_iter().collect(),
        ..Outcome::default()
    });
    run.cost = Cost { wall_s: 12.5, cpu_s: 24.0, peak_bytes: 1 << 28, steps: None };
    run.finished = Some("2026-01-02T03:05:05Z".into());
    run
}

/// A run that was asked for and not begun.
pub fn planned(number: u64) -> Run {
    let config = json!({
        "model": { "kind": "transformer", "d_model": 64, "n_layer": 4, "n_head": 2, "d_ff": 192, "tied": false, "norm_eps": 1e-5 },
        "training": { "lr": 0.012, "steps": 192, "batch": 32, "seq_len": 128, "warmup": 20, "schedule": "wsd",
                      "betas": [0.9, 0.95], "weight_decay": 0.1, "clip": 1.0 },
        "evaluation": { "windows": 256, "seq_len": 128 },
        "seed": number,
    });
    let mut run = Run {
        schema: SCHEMA,
        id: String::new(),
        state: State::default(),
        labels: Labels { question: "first-ladder".into(), family: "transformer".into(), rung: "d64-0.8M".into() },
        seed: number,
        trunk: None,
        config,
        data: Data {
            name: "bytes".into(),
            hash: "0f3a".into(),
            tokens: Some(1 << 24),
            entropy: Some(1.25),
            ..Data::default()
        },
        counts: Counts {
            stored: 230_000,
            effective: 230_000,
            active: 230_000,
            recurrent: None,
            embedding: 16_384,
            head: 16_384,
            non_embedding: 197_232,
            flops_counted: 1.25e12,
            flops_full: Some(1.3e12),
            flops_executed: Some(1.4e12),
            flops_6nd: 9.3e11,
            cache_per_token: Some(1024),
            cache_fixed: Some(0),
            tokens: 786_432,
        },
        result: None,
        cost: Cost::default(),
        machine: "a machine, 2 cores, Linux 6.1 (x86_64)".into(),
        program: "isoloss 0.1.0".into(),
        numerics: 1,
        created: "2026-01-02T03:04:05Z".into(),
        finished: None,
        other: serde_json::Map::new(),
    };
    run.id = run.identity();
    run
}
