//! Counts: the closed form is what is built, and what the naive references multiply.

use std::ops::Range;

use isoloss_engine::{Params, naive, ops};
use isoloss_train::config::Start;
use isoloss_train::models::{Config, looped, transformer};
use isoloss_train::{Trainer, counts};
use serde_json::json;

/// A stream of small numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }

    fn shape(&mut self) -> (Config, usize) {
        let length = 1 + self.below(9);
        let stack = self.stack();
        if self.below(2) == 0 {
            return (Config::Transformer(stack), length);
        }
        let prelude = self.below(stack.n_layer);
        let config = looped::Config {
            prelude,
            coda: self.below(stack.n_layer - prelude),
            loops: 1 + self.below(4),
            injection: [looped::Injection::None, looped::Injection::Add, looped::Injection::Concat][self.below(3)],
            truncate: None,
            gate: (self.below(2) == 0).then_some(looped::Gate { bonus: 0.1 }),
            stack,
        };
        (Config::Looped(config), length)
    }

    fn stack(&mut self) -> transformer::Config {
        let n_kv_head = 1 + self.below(3);
        transformer::Config {
            vocab_size: 2 + self.below(20),
            d_model: 1 + self.below(12),
            n_layer: 1 + self.below(3),
            n_head: n_kv_head * (1 + self.below(3)),
            n_kv_head,
            head_dim: 2 * (1 + self.below(3)),
            d_ff: 1 + self.below(15),
            qk_norm: self.below(2) == 0,
            tied: self.below(2) == 0,
            rope_theta: 1e4,
            norm_eps: 1e-5,
            logit_scale: 1.0,
        }
    }
}

const START: Start = Start { embedding: 0.5, hidden: 1.0, residual: 1.0, head: 1.0 };

#[test]
fn closed_form_built_tensors_and_naive_references_agree_on_200_configs() {
    let mut draw = Draw(3);
    for _ in 0..200 {
        let (config, length) = draw.shape();
        let mut params = Params::<f64>::new(1);
        config.build(&mut params, &START);
        let size = config.size(length);
        assert_eq!(size.stored, params.count() as u64, "{config:?}");
        let of = |name: &str| params.get(name).map_or(0, |p| p.range().len() as u64);
        assert_eq!([size.embedding, size.head], ["embedding", "head"].map(of), "{config:?}");
        let before = naive::multiply_adds();
        walk(&config, &params, length);
        assert_eq!(size.multiply_adds, (naive::multiply_adds() - before) as f64, "{config:?} {length}");
    }
}

#[test]
fn queries_keys_values_and_gates_are_parts_of_their_arrays() {
    let mut draw = Draw(5);
    for _ in 0..20 {
        let config = draw.stack();
        let transformer::Config { n_head, n_kv_head, head_dim, d_ff, .. } = config;
        let mut params = Params::<f64>::new(1);
        Config::Transformer(config).build(&mut params, &START);
        for entry in params.entries() {
            let parts = match entry.name.rsplit('.').next() {
                Some("qkv") => vec![n_head * head_dim, n_kv_head * head_dim, n_kv_head * head_dim],
                Some("gate_up") => vec![d_ff, d_ff],
                _ => vec![entry.param.rows()],
            };
            assert_eq!(entry.parts, parts, "{}", entry.name);
        }
    }
}

/// One window through the naive references of the ops, for the multiply-adds they count.
fn walk(config: &Config, params: &Params<f64>, length: usize) {
    match config {
        Config::Transformer(config) => {
            let x = through(config, params, vec![0.1; length * config.d_model], 0..config.n_layer);
            head(config, params, &x);
        }
        Config::Looped(config) => {
            let (stack, d) = (&config.stack, config.stack.d_model);
            let e = through(stack, params, vec![0.1; length * d], 0..config.prelude);
            let mut h = e.clone();
            for t in 1..=config.loops {
                if let Some(inject) = params.get("inject") {
                    let joined: Vec<f64> = h.chunks(d).zip(e.chunks(d)).flat_map(|(h, e)| [h, e].concat()).collect();
                    h = ops::linear::naive(&joined, params.view(inject), None, None, 2 * d, 1.0);
                }
                h = through(stack, params, h, config.prelude..stack.n_layer - config.coda);
                if config.gate.is_some() || t == config.loops {
                    let x = through(stack, params, h.clone(), stack.n_layer - config.coda..stack.n_layer);
                    head(stack, params, &x);
                    if let Some(gate) = params.get("gate") {
                        ops::linear::naive(&x, params.view(gate), None, None, d, 1.0);
                    }
                }
            }
        }
    }
}

fn head(config: &transformer::Config, params: &Params<f64>, x: &[f64]) {
    let head = params.view(params.get(if config.tied { "embedding" } else { "head" }).unwrap());
    ops::cross_entropy::naive(x, head, None, &vec![0; x.len() / config.d_model], config.d_model, 1.0);
}

fn through(config: &transformer::Config, params: &Params<f64>, mut x: Vec<f64>, blocks: Range<usize>) -> Vec<f64> {
    let weight = |name: &str| params.view(params.get(name).unwrap());
    let (q, kv) = (config.n_head * config.head_dim, config.n_kv_head * config.head_dim);
    let d = config.d_model;
    let length = x.len() / d;
    let part = |x: &[f64], wide: usize, from: usize, n: usize| -> Vec<f64> {
        x.chunks(wide).flat_map(|row| row[from..from + n].to_vec()).collect()
    };
    let linear = |x: &[f64], name: &str, inner: usize| ops::linear::naive(x, weight(name), None, None, inner, 1.0);
    for i in blocks {
        let name = |end: &str| format!("blocks.{i}.{end}");
        let n = ops::rmsnorm::naive(&x, weight(&name("norm_1")), 1e-5);
        let qkv = linear(&n, &name("qkv"), d);
        let wide = q + 2 * kv;
        let [queries, keys, values] = [(0, q), (q, kv), (q + kv, kv)].map(|(from, n)| part(&qkv, wide, from, n));
        let heads = [config.n_head, config.n_kv_head];
        let a = ops::attention::naive(&queries, &keys, &values, length, heads, [config.head_dim; 2], 1.0);
        let out = linear(&a, &name("out"), q);
        x.iter_mut().zip(out).for_each(|(x, y)| *x += y);
        let n = ops::rmsnorm::naive(&x, weight(&name("norm_2")), 1e-5);
        let gate_up = linear(&n, &name("gate_up"), d);
        let [gate, up] = [0, config.d_ff].map(|from| part(&gate_up, 2 * config.d_ff, from, config.d_ff));
        let down = linear(&ops::swiglu::naive(&gate, &up), &name("down"), config.d_ff);
        x.iter_mut().zip(down).for_each(|(x, y)| *x += y);
    }
    x
}

#[test]
fn memory_is_foreseen_within_15_percent() {
    for (d_model, seq_len, batch) in [(32, 64, 8), (64, 64, 8), (128, 128, 16), (64, 256, 4)] {
        for extra in [false, true] {
            let settings = json!({
                "d_model": d_model, "n_layer": 3, "head_dim": 16, "qk_norm": extra, "tied": extra,
            });
            let looped = json!({
                "d_model": d_model, "prelude": 1, "shared": 2, "loops": 3, "injection": "concat", "head_dim": 16,
                "gate": extra.then_some(json!({ "bonus": 0.1 })),
            });
            for model in [crate::common::shape(settings, 256), crate::common::looped(looped, 256)] {
                let mut config = crate::common::config(model, 2, batch, seq_len, 1e-3, 0.0);
                config.training.cut = isoloss_train::config::Cut::of(batch, seq_len);
                let mut trainer =
                    Trainer::<f32>::new(&config, std::sync::Arc::new(crate::common::Rule { vocab: 256 }), 1);
                trainer.advance().unwrap();
                let (foreseen, held) = (isoloss_train::bytes(&config, 1), trainer.bytes() as f64);
                println!("{d_model} {seq_len} {extra}: {foreseen} {held} {:.2}", foreseen / held);
                assert!((foreseen / held - 1.0).abs() < 0.15, "{config:?}: {foreseen} {held}");
            }
        }
    }
}

#[test]
fn counts_of_the_first_ladder() {
    let model = crate::common::shape(json!({ "d_model": 64, "n_layer": 2, "head_dim": 16 }), 256);
    let config = crate::common::config(model, 192, 8, 64, 1e-3, 0.0);
    let counts = counts(&config);
    // 12 L d^2 and five norms of 64; d_ff is 168 and not 8/3 of 64.
    assert_eq!(counts.non_embedding, 2 * (4 * 64 * 64 + 3 * 64 * 168) + 5 * 64);
    assert_eq!((counts.embedding, counts.head), (256 * 64, 256 * 64));
    assert_eq!(counts.stored, counts.non_embedding + 2 * 256 * 64);
    assert_eq!(counts.tokens, 192 * 512);
    assert_eq!(counts.flops_6nd, 6.0 * counts.non_embedding as f64 * counts.tokens as f64);
    assert!(counts.flops_counted > counts.flops_6nd, "head and attention are counted");
}
