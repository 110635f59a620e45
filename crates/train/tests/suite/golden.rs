//! Schedules, bits of knowledge and trajectories of public implementations, through ours.
//!
//! The folders of this crate and of the engine are walked, or the one that `ISOLOSS_GOLDEN` names; README of the engine's
//! folder says what the files are and how they were made.

use std::path::PathBuf;
use std::sync::Arc;

use crate::common::Given;
use crate::vectors::{Golden, difference};
use isoloss_engine::{Buffers, Params, Real, Tape};
use isoloss_train::config::{RunConfig, Start};
use isoloss_train::corpora::Batch;
use isoloss_train::corpora::bios::bits_of;
use isoloss_train::models::{self, looped, transformer};
use isoloss_train::schedules::{Schedule, cosine, linear, wsd};
use isoloss_train::{Progress, Trainer};

pub fn files(op: &str) -> Vec<(String, Golden)> {
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
fn bits_of_knowledge() {
    let mut checked = 0;
    for (name, file) in files("bits_of_knowledge") {
        let [names, values] = ["N0", "S0"].map(|key| file.number(key, f64::NAN));
        let rows = file.get("in.rows").chunks(4).flat_map(|row| {
            let [people, p1, p2, params] = row else { panic!("{name}: four numbers make a row") };
            let [name, value] = bits_of(*people, names, values, *p1, *p2);
            [name, value, name + value, (name + value) / params]
        });
        let got: Vec<f64> = rows.collect();
        for (column, what) in ["name", "value", "total", "per parameter"].iter().enumerate() {
            let of = |all: &[f64]| all.iter().skip(column).step_by(4).copied().collect::<Vec<f64>>();
            let apart = difference(&of(&got), &of(file.get("out.bits_name_value_total_perparam")));
            assert!(apart <= 1e-12, "{name}: {what} differs by {apart:e}");
        }
        checked += 1;
    }
    assert!(checked > 0 || std::env::var("ISOLOSS_GOLDEN").is_ok(), "there are no bits to check");
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
        Batch { length, inputs, targets, ..Batch::default() }
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

/// The gated loss of a looped model with its gradient, and what its gates and loops say.
#[test]
fn looped() {
    let mut checked = 0;
    for (name, file) in files("looped_lm_exit_gate") {
        let shape = |name: &str| file.shape(&format!("w.{name}"));
        let [vocab_size, d_model] = shape("embed.weight") else { panic!("an embedding is a matrix") };
        let n_head = file.number("H", 1.0) as usize;
        let loops = file.number("loops", 1.0) as usize;
        let stack = transformer::Config {
            vocab_size: *vocab_size,
            d_model: *d_model,
            n_layer: file.number("unique_layers", 1.0) as usize,
            n_head,
            n_kv_head: n_head,
            head_dim: d_model / n_head,
            d_ff: shape("blocks.0.mlp.gate_proj.weight")[0],
            qk_norm: false,
            tied: false,
            rope_theta: file.number("rope_theta", 1e4),
            norm_eps: file.number("norm_eps", 1e-5),
            logit_scale: 1.0,
        };
        let gated = |gate: Option<looped::Gate>, loops: usize| {
            models::Config::Looped(looped::Config {
                stack: stack.clone(),
                prelude: 0,
                coda: 0,
                loops,
                injection: looped::Injection::None,
                truncate: None,
                gate,
            })
        };
        let bonus = file.number("entropy_beta", 0.0);
        let config = gated(Some(looped::Gate { bonus }), loops);
        let size = config.size(1);
        assert_eq!(size.stored as f64, file.number("unique_params", 0.0), "{name}");
        let mut params = Params::<f64>::new(0);
        let start = Start { embedding: 0.0, hidden: 0.0, residual: 0.0, head: 0.0 };
        let model = config.build(&mut params, &start);
        let names = |ours: &str| -> Vec<String> {
            let theirs = theirs(ours).into_iter();
            theirs
                .map(|n| {
                    n.replace("model.layers.", "blocks.")
                        .replace("model.embed_tokens", "embed")
                        .replace("model.norm", "norm")
                        .replace("lm_head", "head")
                })
                .collect()
        };
        for entry in params.entries().to_vec() {
            let weights: Vec<f64> =
                names(&entry.name).iter().flat_map(|name| file.get(&format!("w.{name}"))).copied().collect();
            params.view_mut(entry.param).copy_from_slice(&weights);
        }
        let (tokens, targets) = (file.tokens("in.tokens"), file.tokens("in.targets"));
        let [_, length] = file.shape("in.tokens") else { panic!("sequences of tokens") };
        let mut gradient = vec![0.0; params.count()];
        let mut buffers = Buffers::new();
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let (inputs, wanted) = (tape.tokens(&tokens, *length), tape.tokens(&targets, *length));
        let expected = model.loss(&mut tape, inputs, wanted, 0.0, targets.len() as f64);
        let loss = tape.loss();
        let expected: f64 = tape.value(expected).iter().sum::<f64>() / targets.len() as f64;
        tape.backward();
        let close = |what: &str, got: &[f64], want: &[f64], allowed: f64| {
            let apart = difference(got, want);
            assert!(apart <= allowed, "{name}: {what} differs by {apart:e}");
        };
        close("loss", &[loss], file.get("out.loss"), 1e-12);
        for entry in params.entries() {
            let wanted: Vec<f64> =
                names(&entry.name).iter().flat_map(|name| file.get(&format!("grad.{name}"))).copied().collect();
            close(&entry.name, &gradient[entry.param.range()], &wanted, 1e-10);
        }
        let mut tape = Tape::new(&mut buffers, &params, None);
        let inputs = tape.tokens(&tokens, *length);
        let p = model.exits(&mut tape, inputs).unwrap();
        // Theirs are [loops, sequences, length].
        let p = tape.value(p).to_vec();
        let by_loop: Vec<f64> = (0..loops).flat_map(|t| p.iter().skip(t).step_by(loops).copied()).collect();
        close("exit_p", &by_loop, file.get("out.exit_p"), 1e-12);
        let logits = model.logits(&mut tape, inputs);
        close("logits_last", tape.value(logits), file.get("out.logits_last"), 1e-12);

        // The same weights without the gate, for every number of loops.
        let mut weighed = 0.0;
        for t in 1..=loops {
            let mut plain = Params::<f64>::new(0);
            let model = gated(None, t).build(&mut plain, &start);
            for entry in plain.entries().to_vec() {
                let from = params.get(&entry.name).unwrap();
                plain.view_mut(entry.param).copy_from_slice(params.view(from));
            }
            let mut tape = Tape::new(&mut buffers, &plain, None);
            let (inputs, wanted) = (tape.tokens(&tokens, *length), tape.tokens(&targets, *length));
            let losses = model.loss(&mut tape, inputs, wanted, 0.0, targets.len() as f64);
            close("per_loop_ce", &[tape.loss()], &file.get("out.per_loop_ce")[t - 1..t], 1e-12);
            let of_loop = p.iter().skip(t - 1).step_by(loops);
            weighed += tape.value(losses).iter().zip(of_loop).map(|(c, p)| c * p).sum::<f64>() / targets.len() as f64;
            if t == 1 {
                let logits = model.logits(&mut tape, inputs);
                close("logits_first", tape.value(logits), file.get("out.logits_first"), 1e-12);
            }
        }
        close("the expected loss", &[expected], &[weighed], 1e-12);
        checked += 1;
    }
    assert!(checked > 0 || std::env::var("ISOLOSS_GOLDEN").is_ok(), "there is no looped model to check");
}

/// The weights of a block that [`theirs`] knows, beside those of mixers of other kinds.
pub const KNOWN: [&str; 4] = ["norm_1", "norm_2", "gate_up", "down"];

/// The arrays of the file that make up one of ours, one above the other.
pub fn theirs(ours: &str) -> Vec<String> {
    let Some(rest) = ours.strip_prefix("blocks.") else {
        return vec![match ours {
            "embedding" => "model.embed_tokens.weight".into(),
            "norm" => "model.norm.weight".into(),
            "head" => "lm_head.weight".into(),
            "gate" => "gate.weight".into(),
            "gate_bias" => "gate.bias".into(),
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
