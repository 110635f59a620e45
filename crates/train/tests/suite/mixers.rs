//! Mixers against public implementations, and decoded token by token.

use isoloss_engine::{Buffers, IGNORE, Params, Real, Tape};
use isoloss_train::config::{Group, Rule, Start};
use isoloss_train::measures::{Measure, Subject};
use isoloss_train::mixers::{self, Config, Reach, delta, mla};
use isoloss_train::models::{self, Shape, hybrid};
use isoloss_train::{RunConfig, Trainer, counts};
use serde_json::{Value, json};
use std::path::Path;

use crate::golden::files;
use crate::vectors::{Golden, difference};

const NOTHING: Start = Start { embedding: 0.0, hidden: 0.0, residual: 0.0, head: 0.0 };
const START: Start = Start { embedding: 0.5, hidden: 1.0, residual: 0.7, head: 1.0 };

/// The numbers of one of our weights, `kind` "w." or "grad.", from arrays whose names begin with `prefix`.
fn theirs(file: &Golden, kind: &str, prefix: &str, ours: &str, config: &Config) -> Vec<f64> {
    let get = |name: &str| file.get(&format!("{kind}{prefix}{name}")).to_vec();
    let matrices = |names: &[&str]| names.iter().flat_map(|name| get(&format!("{name}.weight"))).collect::<Vec<f64>>();
    match (config, ours) {
        (_, "out") => matrices(&["o_proj"]),
        (Config::Kda(_), "taken") => {
            matrices(&["q_proj", "k_proj", "v_proj", "b_proj", "forget_gate.f_a_proj", "g_a_proj"])
        }
        (Config::Kda(_), "decays") => matrices(&["forget_gate.f_b_proj"]),
        (Config::Kda(_), "gates") => matrices(&["g_b_proj"]),
        (Config::Kda(_), "kernels") => matrices(&["conv1d"]),
        (Config::Kda(_), "norm_out") => matrices(&["o_norm"]),
        (Config::Kda(_), "rate") => get("forget_gate.A_log"),
        (Config::Kda(_), "decay_bias") => get("forget_gate.dt_bias"),
        (Config::Mla(of), "down_qkv") => {
            let d = of.d_model;
            let mut queries = matrices(&[if of.query.is_some() { "q_a_proj" } else { "q_proj" }]);
            if of.query.is_none() {
                queries = turned(file, &queries, d, of.n_head, of.head_dim, of.rope_dim);
            }
            let kv = matrices(&["kv_a_proj_with_mqa"]);
            [queries, turned(file, &kv, d, 1, of.latent, of.rope_dim)].concat()
        }
        (Config::Mla(of), "up_q") => {
            turned(file, &matrices(&["q_b_proj"]), of.query.unwrap(), of.n_head, of.head_dim, of.rope_dim)
        }
        (Config::Mla(of), "up_kv") => {
            // Theirs has the key and the value of a head side by side.
            let all = matrices(&["kv_b_proj"]);
            let (k, v) = (of.head_dim * of.latent, of.v_dim * of.latent);
            let keys = all.chunks(k + v).flat_map(|head| &head[..k]);
            keys.chain(all.chunks(k + v).flat_map(|head| &head[k..])).copied().collect()
        }
        (Config::Mla(_), "norm_kv") => matrices(&["kv_a_layernorm"]),
        (Config::Mla(_), "norm_latent_q") => matrices(&["q_a_layernorm"]),
        (_, other) => panic!("a weight {other}"),
    }
}

/// Rows of heads of which the last `rope` are turned: pairs that lie side by side in the file lie half a part from each other
/// here, which no product of a query and a key sees.
fn turned(file: &Golden, rows: &[f64], inputs: usize, heads: usize, own: usize, rope: usize) -> Vec<f64> {
    if file.config["rope_interleave"] != true {
        return rows.to_vec();
    }
    let place = |i: usize| if i < own { i } else { own + 2 * ((i - own) % (rope / 2)) + (i - own) / (rope / 2) };
    let head = |h: usize| (0..own + rope).flat_map(move |i| &rows[(h * (own + rope) + place(i)) * inputs..][..inputs]);
    (0..heads).flat_map(head).copied().collect()
}

fn kda(file: &Golden, of: &Value, d_model: usize) -> Config {
    let number = |key: &str| of[key].as_u64().unwrap() as usize;
    let n_head = of["H"].as_u64().or(of["heads"].as_u64()).unwrap() as usize;
    let head_dim = number("head_dim");
    Config::Kda(delta::Config {
        d_model,
        n_head,
        n_value_head: n_head,
        head_dim,
        decay: delta::Of::Channel,
        conv: number("conv"),
        gate: delta::Gate::Sigmoid,
        rank: head_dim,
        bound: None,
        norm_eps: file.number("o_norm_eps", 1e-5),
    })
}

fn mla(file: &Golden, of: &Value, d_model: usize) -> Config {
    let number = |keys: [&str; 2]| keys.iter().find_map(|key| of[*key].as_u64()).unwrap() as usize;
    Config::Mla(mla::Config {
        d_model,
        n_head: number(["H", "heads"]),
        head_dim: number(["qk_nope", ""]),
        v_dim: number(["v_dim", "v"]),
        rope_dim: number(["qk_rope", "qk_shared"]),
        latent: number(["kv_lora", ""]),
        query: of["q_lora"].as_u64().map(|n| n as usize),
        rope_theta: file.config["rope_theta"].as_f64(),
    })
}

/// A mixer alone: its output and all gradients.
fn alone<R: Real>(name: &str, file: &Golden, config: &Config, [outputs, gradients]: [f64; 2]) {
    let cast = |x: &[f64]| x.iter().map(|&x| R::of(x)).collect::<Vec<R>>();
    let close = |what: &str, got: &[R], want: &[f64], allowed: f64| {
        let apart = difference(&got.iter().map(|x| x.to_f64()).collect::<Vec<_>>(), want);
        assert!(apart <= allowed, "{name}: {what} differs by {apart:e}");
    };
    let mut params = Params::<R>::new(0);
    let mixer = config.alone(&mut params, &NOTHING);
    for entry in params.entries().to_vec() {
        params.view_mut(entry.param).copy_from_slice(&cast(&theirs(file, "w.", "", &entry.name, config)));
    }
    let [b, t, d] = file.shape("in.x") else { panic!("a value of tokens") };
    let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![R::ZERO; params.count()]);
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
    let x = tape.leaf(&cast(file.get("in.x")), [*b, *t, *d]);
    let mixed = mixer.mix(&mut tape, x, Reach::Window, &mut |_, _| {});
    let y = tape.linear(mixed, mixer.out());
    close("y", tape.value(y), file.get("out.y"), outputs);
    tape.dot(y, &cast(file.get("cot.y")));
    tape.backward();
    close("dx", tape.gradient(x).unwrap(), file.get("grad.x"), gradients);
    for entry in params.entries() {
        let want = theirs(file, "grad.", "", &entry.name, config);
        close(&entry.name, &gradient[entry.param.range()], &want, gradients);
    }
}

#[test]
fn layers_are_those_of_public_implementations() {
    let mut checked = 0;
    for op in ["kda_layer", "mla_rope", "mla_nope"] {
        for (name, file) in files(op) {
            let d_model = file.number("D", 0.0) as usize;
            let config = if op == "kda_layer" { kda } else { mla }(&file, &file.config, d_model);
            match file.single() {
                true => alone::<f32>(&name, &file, &config, [2e-5, 2e-4]),
                false => alone::<f64>(&name, &file, &config, [1e-12, 1e-10]),
            }
            checked += 1;
        }
    }
    assert!(checked > 0 || std::env::var("ISOLOSS_GOLDEN").is_ok(), "there are no layers to check");
}

#[test]
fn three_to_one_is_kimi_linear() {
    let mut checked = 0;
    for (name, file) in files("kimi_linear_lm") {
        let d_model = file.number("D", 0.0) as usize;
        let kinds = file.config["layer_types"].as_array().unwrap();
        let of = |kind: &Value| match kind.as_str() {
            Some("linear_attention") => kda(&file, &file.config["kda"], d_model),
            _ => mla(&file, &file.config["mla"], d_model),
        };
        let pattern: Vec<Config> = kinds.iter().map(of).collect();
        let config = models::Config::Hybrid(hybrid::Config {
            vocab_size: file.number("vocab", 0.0) as usize,
            d_model,
            n_layer: pattern.len(),
            pattern: pattern.clone(),
            d_ff: 2 * d_model,
            moe: None,
            tied: false,
            norm_eps: file.number("rms_eps", 1e-5),
            logit_scale: 1.0,
        });
        assert_eq!(config.size(1).stored as f64, file.number("params", 0.0), "{name}");
        let mut params = Params::<f64>::new(0);
        let model = config.build(&mut params, &NOTHING);
        let weights = |kind: &str, ours: &str| match ours.strip_prefix("blocks.").and_then(|rest| rest.split_once('.'))
        {
            Some((block, rest)) if crate::golden::KNOWN.contains(&rest) => {
                let names = crate::golden::theirs(&format!("blocks.{block}.{rest}"));
                names.iter().flat_map(|name| file.get(&format!("{kind}{name}"))).copied().collect()
            }
            Some((block, rest)) => {
                let prefix = format!("model.layers.{block}.self_attn.");
                theirs(&file, kind, &prefix, rest, &pattern[block.parse::<usize>().unwrap()])
            }
            None => file.get(&format!("{kind}{}", crate::golden::theirs(ours)[0])).to_vec(),
        };
        for entry in params.entries().to_vec() {
            params.view_mut(entry.param).copy_from_slice(&weights("w.", &entry.name));
        }
        let (tokens, targets) = (file.tokens("in.tokens"), file.tokens("in.targets"));
        let length = file.shape("in.tokens")[1];
        let (mut buffers, mut gradient) = (Buffers::new(), vec![0.0; params.count()]);
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let (inputs, wanted) = (tape.tokens(&tokens, length), tape.tokens(&targets, length));
        let counted = targets.iter().filter(|t| **t != IGNORE).count();
        model.loss(&mut tape, inputs, wanted, 0.0, counted as f64);
        let close = |what: &str, got: &[f64], want: &[f64], allowed: f64| {
            let apart = difference(got, want);
            assert!(apart <= allowed, "{name}: {what} differs by {apart:e}");
        };
        close("loss", &[tape.loss()], file.get("out.loss_nats"), 1e-12);
        tape.backward();
        for entry in params.entries() {
            close(&entry.name, &gradient[entry.param.range()], &weights("grad.", &entry.name), 1e-10);
        }
        let mut tape = Tape::new(&mut buffers, &params, None);
        let inputs = tape.tokens(&tokens, length);
        let logits = model.logits(&mut tape, inputs);
        close("logits", tape.value(logits), file.get("out.logits"), 1e-12);
        checked += 1;
    }
    assert!(checked > 0 || std::env::var("ISOLOSS_GOLDEN").is_ok(), "there is no hybrid to check");
}

fn hybrid(settings: Value) -> models::Config {
    crate::common::model("hybrid", settings, 31)
}

/// Every mixer, token by token and a few at a time, says what it says of a window at once; and keeps as many numbers as its
/// cache is said to have.
#[test]
fn decoding_goes_on_where_it_was() {
    let settings = [
        json!({}),
        json!({ "attention": { "group": 2, "qk_norm": true }, "mla": { "query": 10 }, "kda": { "value_group": 2 } }),
        json!({ "attention": { "rope": false }, "mla": { "rope": false }, "kda": { "conv": 0, "gate": "none" } }),
        json!({ "gdn": { "conv": 7, "gate": "silu", "bound": 5.0 }, "mla": { "rope_dim": 2, "latent": 5 } }),
    ];
    let (length, sequences) = (43, 2);
    let tokens: Vec<u32> = (0..sequences * length).map(|i| (i * i + 3 * i) as u32 % 31).collect();
    for mixers in settings {
        for (name, _) in mixers::ALL {
            let config =
                hybrid(json!({ "d_model": 16, "n_layer": 2, "head_dim": 4, "pattern": [name], "mixers": mixers }));
            let mut params = Params::<f64>::new(4);
            let model = config.build(&mut params, &START);
            let mut buffers = Buffers::poisoned();
            let mut tape = Tape::new(&mut buffers, &params, None);
            let inputs = tape.tokens(&tokens, length);
            let logits = model.logits(&mut tape, inputs);
            let whole = tape.value(logits).to_vec();
            for cuts in [vec![1; length], vec![17, 1, 1, 20, 4], vec![length]] {
                let (mut past, mut from) = (Vec::new(), 0);
                for n in cuts {
                    let mut tape = Tape::new(&mut buffers, &params, None);
                    let next: Vec<u32> = tokens.chunks(length).flat_map(|s| s[from..from + n].to_vec()).collect();
                    let inputs = tape.tokens(&next, n);
                    let logits = model.decode(&mut tape, inputs, &mut past).unwrap();
                    let want: Vec<f64> =
                        whole.chunks(length * 31).flat_map(|s| s[from * 31..(from + n) * 31].to_vec()).collect();
                    let apart = difference(tape.value(logits), &want);
                    assert!(apart <= 1e-12, "{name} {mixers}: tokens {from} to {} differ by {apart:e}", from + n);
                    from += n;
                }
                let cache = config.size(1).cache;
                let numbers = sequences as u64 * (cache.fixed + cache.per_token * length as u64);
                let kept: usize = past.iter().map(|past| past.numbers()).sum();
                assert_eq!(kept as u64, numbers, "{name} {mixers}");
            }
        }
    }
}

/// Experts learn, are counted, and are asked more evenly than without their biases.
#[test]
fn experts_learn_and_share_the_tokens() {
    let (rule, source) = crate::common::rule();
    let of = |rate: f64| {
        let moe = json!({ "experts": 8, "chosen": 2, "d_expert": 8, "rate": rate });
        let shape = json!({ "d_model": 16, "n_layer": 2, "head_dim": 8, "pattern": ["attention"], "moe": moe });
        let mut config = RunConfig { model: hybrid(shape), ..rule.clone() };
        config.training.steps = 150;
        config.training.groups.balance =
            config.model.balance().map(|lr| Group { rule: Rule::Sign, lr, weight_decay: 0.0 });
        let mut trainer = Trainer::<f32>::new(&config, source.clone(), 2);
        let losses: Vec<f64> = (0..150).map(|_| trainer.advance().unwrap().loss).collect();
        let held_out = source.held_out(32, 16).unwrap();
        let mut subject = Subject {
            trainer: &mut trainer,
            source: source.as_ref(),
            held_out: &held_out,
            curve: &[],
            folder: Path::new("."),
            is_stopped: &|| false,
        };
        let loads = Measure::Loads.of(&mut subject).unwrap();
        assert_eq!(loads.len(), 3, "the first block is dense: {loads:?}");
        let most = loads.iter().find(|(name, _)| name == "load_most").unwrap().1;
        let counts = counts(&config);
        assert_eq!(counts.stored - counts.active, 6 * 3 * 16 * 8);
        assert_eq!(
            counts.flops_6nd,
            6.0 * (counts.active - counts.embedding - counts.head) as f64 * counts.tokens as f64
        );
        (losses, most)
    };
    let ((losses, even), (_, uneven)) = (of(0.02), of(0.0));
    assert!(losses[149] < losses[0] - 0.5, "{losses:?}");
    assert!(even < uneven && even < 2.0, "{even} {uneven}");
}

#[test]
fn a_pattern_is_repeated_and_its_mistakes_are_named() {
    let settings = json!({ "d_model": 32, "n_layer": 6, "head_dim": 8, "pattern": ["kda", "kda", "kda", "mla"] });
    let mut params = Params::<f32>::new(1);
    hybrid(settings).build(&mut params, &START);
    let has = |name: &str| params.entries().iter().filter(|e| e.name.ends_with(name)).count();
    assert_eq!([has(".kernels"), has(".up_kv")], [5, 1]);
    let names: Vec<&str> = mixers::ALL.iter().map(|(name, _)| *name).collect();
    let unknown = format!("there is no mixer mamba: expected one of {}", names.join(", "));
    for (settings, setting, says) in [
        (json!({ "pattern": [] }), "pattern", "is empty"),
        (json!({ "pattern": ["mamba"] }), "pattern", unknown.as_str()),
        (json!({ "pattern": ["mla"], "mixers": { "mla": { "rope_dim": 3 } } }), "mixers.mla.rope_dim", "3 is odd"),
        (json!({ "pattern": ["kda"], "mixers": { "kda": { "rank": 0 } } }), "mixers.kda.rank", "between 1 and"),
        (json!({ "pattern": ["kda"], "mixers": { "kda": { "norm_eps": -1.0 } } }), "mixers.kda.norm_eps", "-1"),
        (
            json!({ "pattern": ["kda"], "moe": { "experts": 4, "chosen": 2, "dense": 2 } }),
            "moe.dense",
            "leave none to experts",
        ),
        (json!({ "pattern": ["kda"], "moe": { "experts": 4, "chosen": 1 } }), "moe.chosen", "without a gradient"),
    ] {
        let mut all = json!({ "d_model": 32, "n_layer": 2, "head_dim": 8 });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let refused = Shape::read("hybrid", all).unwrap().unwrap().complete(31).unwrap_err();
        assert!(refused.setting == setting && refused.says.contains(says), "{refused}");
    }
}
