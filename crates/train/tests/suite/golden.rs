//! Schedules and trajectories of public implementations, through the schedules, the transformer and the trainer.
//!
//! The folders of this crate and of the engine are walked, or the one that `ISOLOSS_GOLDEN` names; README of the engine's
//! folder says what the files are and how they were made.

use std::path::PathBuf;
use std::sync::Arc;

use crate::common::Given;
use crate::vectors::{Golden, difference};
use isoloss_engine::Real;
use isoloss_train::config::RunConfig;
use isoloss_train::corpora::Batch;
use isoloss_train::models::{self, transformer};
use isoloss_train::schedules::{Schedule, cosine, linear, wsd};
use isoloss_train::{Progress, Trainer};

fn files(op: &str) -> Vec<(String, Golden)> {
    let here = env!("CARGO_MANIFEST_DIR");
    let folders = match std::env::var("ISOLOSS_GOLDEN") {
        Ok(folder) => vec![PathBuf::from(folder)],
        Err(_) => vec![format!("{here}/tests/golden").into(), format!("{here}/../engine/tests/golden").into()],
    };
    let entries = folders.iter().flat_map(|f| std::fs::read_dir(f).unwrap_or_else(|e| panic!("{}: {e}", f.display())));
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "safetensors"));
    paths.sort();
    let named = paths.iter().map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), Golden::read(p)));
    named.filter(|(_, file)| file.op() == op).collect()
}

#[test]
fn schedules() {
    let mut checked = 0;
    for (name, file) in files("lr_schedules") {
        let number = |key: &str| file.number(key, 0.0);
        let (steps, warmup, decay, floor) =
            (number("steps") as u64, number("warmup") as u64, number("decay") as u64, number("min_ratio"));
        for schedule in file.under("out.") {
            let wsd = |shape| Schedule::Wsd(wsd::Schedule { warmup, decay, floor, shape });
            let ours = match schedule {
                "cosine" => Schedule::Cosine(cosine::Schedule { warmup, floor: 0.0 }),
                "linear" => Schedule::Linear(linear::Schedule { warmup }),
                "wsd_linear" => wsd(wsd::Shape::Linear),
                "wsd_cosine" => wsd(wsd::Shape::Cosine),
                "wsd_1msqrt" => wsd(wsd::Shape::Sqrt),
                other => panic!("{name}: a schedule {other} is not known here"),
            };
            let got: Vec<f64> = (0..steps).map(|step| ours.at(step, steps)).collect();
            let apart = difference(&got, file.get(&format!("out.{schedule}")));
            assert!(apart <= 1e-12, "{name}: {schedule} differs by {apart:e}");
            checked += 1;
        }
    }
    println!("{checked} schedules checked");
    assert!(checked > 0 || std::env::var("ISOLOSS_GOLDEN").is_ok(), "there are no schedules to check");
}

#[test]
fn trajectories() {
    let mut checked = 0;
    for (name, file) in files("train_trajectory") {
        if file.config["arch"] != "llama" {
            println!("UNKNOWN {name}: no model here of the kind {}", file.config["arch"]);
            continue;
        }
        let (losses, norms) = if file.single() { trajectory::<f32>(&file) } else { trajectory::<f64>(&file) };
        let allowed = if file.single() { [2e-5, 2e-4] } else { [1e-10, 1e-10] };
        for (what, got, allowed) in [("loss_nats", losses, allowed[0]), ("grad_norm", norms, allowed[1])] {
            let apart = difference(&got, file.get(&format!("out.{what}")));
            println!("{name}: {what} differs by {apart:.1e}");
            assert!(apart <= allowed, "{name}: {what} differs by {apart:e}, allowed {allowed:e}");
        }
        checked += 1;
    }
    assert!(checked > 0 || std::env::var("ISOLOSS_GOLDEN").is_ok(), "there is no trajectory to check");
}

/// Losses and gradient norms of all steps, through [`Trainer`].
fn trajectory<R: Real>(file: &Golden) -> (Vec<f64>, Vec<f64>) {
    let shape = |name: &str| file.shape(&format!("w0.{name}"));
    let [vocab_size, d_model] = shape("model.embed_tokens.weight") else { panic!("an embedding is a matrix") };
    let n_head = file.number("H", 1.0) as usize;
    let head_dim = file.number("head_dim", (d_model / n_head) as f64) as usize;
    let model = models::Config::Transformer(transformer::Config {
        vocab_size: *vocab_size,
        d_model: *d_model,
        n_layer: file.number("L", 1.0) as usize,
        n_head,
        n_kv_head: shape("model.layers.0.self_attn.k_proj.weight")[0] / head_dim,
        head_dim,
        d_ff: shape("model.layers.0.mlp.gate_proj.weight")[0],
        qk_norm: false,
        tied: file.config["tied"].as_bool().unwrap_or(false),
        rope_theta: file.number("rope_theta", 1e4),
        norm_eps: file.number("norm_eps", 1e-5),
        logit_scale: 1.0,
    });
    let [steps, batch, window] = file.shape("in.tokens") else { panic!("tokens of steps, sequences, places") };
    let (batch, length) = (*batch, window - 1);
    let tokens = file.tokens("in.tokens");
    let batches = tokens.chunks(batch * window).map(|tokens| {
        let inputs = tokens.chunks(*window).flat_map(|row| row[..length].to_vec()).collect();
        let targets = tokens.chunks(*window).flat_map(|row| row[1..].to_vec()).collect();
        Batch { length, inputs, targets }
    });
    let source = Arc::new(Given { vocab: *vocab_size, batches: batches.collect() });
    let mut config: RunConfig =
        crate::common::config(model, *steps as u64, batch, length, file.number("lr", 1e-3), file.number("wd", 0.0));
    config.training.clip = file.config["clip"].as_f64();
    config.training.eps = file.number("eps", 1e-8);
    if let Some([a, b]) = file.config["betas"].as_array().map(Vec::as_slice) {
        config.training.betas = [a, b].map(|x| x.as_f64().unwrap());
    }
    let mut trainer = Trainer::<R>::new(&config, source, 2);
    for entry in trainer.params().entries().to_vec() {
        let weights: Vec<R> =
            theirs(&entry.name).iter().flat_map(|name| file.get(&format!("w0.{name}"))).map(|&x| R::of(x)).collect();
        trainer.params_mut().view_mut(entry.param).copy_from_slice(&weights);
    }
    let seen: Vec<Progress> = (0..*steps).map(|_| trainer.advance().unwrap()).collect();
    (seen.iter().map(|s| s.loss).collect(), seen.iter().map(|s| s.grad_norm).collect())
}

/// The arrays of the file that make up one of ours, one above the other.
fn theirs(ours: &str) -> Vec<String> {
    let Some(rest) = ours.strip_prefix("blocks.") else {
        return vec![match ours {
            "embedding" => "model.embed_tokens.weight".into(),
            "norm" => "model.norm.weight".into(),
            "head" => "lm_head.weight".into(),
            other => panic!("a weight {other}"),
        }];
    };
    let (block, name) = rest.split_once('.').unwrap();
    let parts: &[&str] = match name {
        "norm_1" => &["input_layernorm"],
        "norm_2" => &["post_attention_layernorm"],
        "qkv" => &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        "out" => &["self_attn.o_proj"],
        "gate_up" => &["mlp.gate_proj", "mlp.up_proj"],
        "down" => &["mlp.down_proj"],
        other => panic!("a weight {other}"),
    };
    parts.iter().map(|part| format!("model.layers.{block}.{part}.weight")).collect()
}
