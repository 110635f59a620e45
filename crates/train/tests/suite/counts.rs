//! Counts: the closed form is what is built, and what the naive references multiply.

use std::ops::Range;

use isoloss_engine::{Buffers, Params, Tape, executed_flops, naive, ops};
use isoloss_train::config::Start;
use isoloss_train::mixers::{self, attention, delta, mla};
use isoloss_train::models::{Config, feed, looped, transformer};
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
        match self.below(3) {
            0 => return (Config::Transformer(stack), length),
            1 => return (self.hybrid(&stack), length),
            _ => {}
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

    fn hybrid(&mut self, stack: &transformer::Config) -> Config {
        let names = mixers::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let pattern: Vec<&str> = (0..=self.below(3)).map(|_| names[self.below(names.len())]).collect();
        let head_dim = [2, 4][self.below(2)];
        let (conv, gate) = (self.below(5), ["sigmoid", "silu", "none"][self.below(3)]);
        let query = (self.below(2) == 0).then_some(1 + self.below(9));
        let experts = 1 + self.below(5);
        let (chosen, d_expert) = (1 + self.below(experts), 1 + self.below(9));
        let (rate, shared) = ([0.0, 0.001][self.below(2)], self.below(3));
        let dense = self.below(stack.n_layer);
        let moe = json!({
            "dense": dense, "experts": experts, "chosen": chosen, "d_expert": d_expert, "shared": shared,
            "rate": rate, "coefficient": 0.01,
        });
        let moe = (self.below(2) == 0).then_some(moe);
        let settings = json!({
            "d_model": 4 * stack.d_model, "head_dim": head_dim, "n_layer": stack.n_layer, "tied": stack.tied,
            "pattern": pattern, "moe": moe,
            "mixers": {
                "attention": { "qk_norm": stack.qk_norm },
                "kda": { "conv": conv, "gate": gate },
                "gdn": { "value_group": 1 + self.below(3), "rank": 1 + self.below(4) },
                "mla": { "rope": false, "query": query },
            },
        });
        crate::common::model("hybrid", settings, stack.vocab_size)
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
        // Attention over whole windows is 2 T / (T + 1) of causal attention, and nothing else differs.
        let counted = size.multiply_adds;
        let most = 2.0 * length as f64 / (length + 1) as f64;
        assert!(counted.full >= counted.algorithmic && counted.full <= most * counted.algorithmic, "{config:?}");
        if let Config::Transformer(of) = &config {
            let scores = (2 * of.n_layer * of.n_head * of.head_dim * length * (length - 1)) as f64 / 2.0;
            assert_eq!(counted.full - counted.algorithmic, scores);
        }
        assert_eq!(size.multiply_adds.algorithmic, (naive::multiply_adds() - before) as f64, "{config:?} {length}");
    }
}

#[test]
fn what_is_counted_as_executed_is_what_the_engine_does() {
    let mut draw = Draw(7);
    for _ in 0..200 {
        let (mut config, length) = draw.shape();
        if let Config::Looped(config) = &mut config {
            config.truncate = (draw.below(2) == 0).then(|| 1 + draw.below(config.loops));
        }
        // Some windows have more than a chunk of a delta rule, some more than a block of attention.
        let length = length * [1, 5, 20][draw.below(3)];
        let mut params = Params::<f64>::new(1);
        let model = config.build(&mut params, &START);
        let (mut buffers, mut gradient) = (Buffers::default(), vec![0.0; params.count()]);
        let before = executed_flops();
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let tokens = vec![1; length];
        let tokens = tape.tokens(&tokens, length);
        model.loss(&mut tape, tokens, tokens, 0.0, length as f64);
        tape.backward();
        let [forward, back] = config.size(length).multiply_adds.executed;
        assert_eq!(2.0 * (forward + back), (executed_flops() - before) as f64, "{config:?} {length}");
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
        Config::EarlyFusion(_) | Config::LateFusion(_) => unreachable!("those of pictures are in fusion.rs"),
        Config::Memory(_) => unreachable!("those with a memory are in memory.rs"),
        Config::Hybrid(config) => {
            let mut x = vec![0.1; length * config.d_model];
            for (i, mixer) in config.pattern.iter().cycle().take(config.n_layer).enumerate() {
                let moe = config.moe.filter(|moe| i >= moe.dense);
                x = Block { params, i, moe }.apply(mixer, [config.d_model, config.d_ff], x);
            }
            let of = transformer::Config { d_model: config.d_model, tied: config.tied, ..Draw(1).stack() };
            head(&of, params, &x);
        }
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

/// Blocks of a transformer.
fn through(config: &transformer::Config, params: &Params<f64>, mut x: Vec<f64>, blocks: Range<usize>) -> Vec<f64> {
    let transformer::Config { d_model, n_head, n_kv_head, head_dim, qk_norm, rope_theta, norm_eps, .. } = *config;
    let rope_theta = Some(rope_theta);
    let of = attention::Config { d_model, n_head, n_kv_head, head_dim, qk_norm, rope_theta, norm_eps };
    for i in blocks {
        x = Block { params, i, moe: None }.apply(&mixers::Config::Attention(of), [d_model, config.d_ff], x);
    }
    x
}

/// What tokens read of their own window.
fn own<'a>(k: &'a [f64], v: &'a [f64], keys: usize) -> ops::attention::Naive<'a> {
    ops::attention::Naive { k, v, keys, spans: None }
}

fn part(x: &[f64], wide: usize, from: usize, n: usize) -> Vec<f64> {
    x.chunks(wide).flat_map(|row| row[from..from + n].to_vec()).collect()
}

/// A block by the naive references: its products are counted, what else it does is left out.
#[derive(Clone, Copy)]
struct Block<'a> {
    params: &'a Params<f64>,
    i: usize,
    moe: Option<feed::Moe>,
}

impl Block<'_> {
    fn weight(&self, name: &str) -> &[f64] {
        self.params.view(self.params.get(&format!("blocks.{}.{name}", self.i)).unwrap())
    }

    fn linear(&self, x: &[f64], name: &str, inner: usize) -> Vec<f64> {
        ops::linear::naive(x, self.weight(name), None, None, inner, 1.0)
    }

    fn apply(self, mixer: &mixers::Config, [d, ff]: [usize; 2], mut x: Vec<f64>) -> Vec<f64> {
        let n = ops::rmsnorm::naive(&x, self.weight("norm_1"), 1e-5);
        let (mixed, inner) = match mixer {
            mixers::Config::Attention(of) => self.attention(of, &n),
            mixers::Config::Mla(of) => self.mla(of, &n),
            mixers::Config::Gdn(of) | mixers::Config::Kda(of) => self.delta(of, &n),
        };
        x.iter_mut().zip(self.linear(&mixed, "out", inner)).for_each(|(x, y)| *x += y);
        let n = ops::rmsnorm::naive(&x, self.weight("norm_2"), 1e-5);
        let Some(moe) = self.moe else {
            let down = self.swiglu(&n, ["gate_up", "down"], [d, ff]);
            x.iter_mut().zip(down).for_each(|(x, y)| *x += y);
            return x;
        };
        if moe.shared > 0 {
            self.swiglu(&n, ["shared_gate_up", "shared_down"], [d, moe.shared * moe.d_expert]);
        }
        let bias = vec![0.0; moe.experts];
        let weights = [self.weight("router"), &bias, self.weight("experts_gate_up"), self.weight("experts_down")];
        ops::moe::naive(&n, weights, d, moe.chosen, 1.0)
    }

    fn swiglu(&self, n: &[f64], [gate_up, down]: [&str; 2], [d, ff]: [usize; 2]) -> Vec<f64> {
        let gate_up = self.linear(n, gate_up, d);
        let [gate, up] = [0, ff].map(|from| part(&gate_up, 2 * ff, from, ff));
        self.linear(&ops::swiglu::naive(&gate, &up), down, ff)
    }

    fn attention(&self, of: &attention::Config, n: &[f64]) -> (Vec<f64>, usize) {
        let (q, kv) = (of.n_head * of.head_dim, of.n_kv_head * of.head_dim);
        let qkv = self.linear(n, "qkv", of.d_model);
        let [queries, keys, values] = [(0, q), (q, kv), (q + kv, kv)].map(|(from, n)| part(&qkv, q + 2 * kv, from, n));
        let (length, heads) = (n.len() / of.d_model, [of.n_head, of.n_kv_head]);
        (ops::attention::naive(&queries, &[own(&keys, &values, length)], length, heads, [of.head_dim; 2], 1.0), q)
    }

    fn mla(&self, of: &mla::Config, n: &[f64]) -> (Vec<f64>, usize) {
        let (own, heads, length) = (of.head_dim + of.rope_dim, of.n_head, n.len() / of.d_model);
        let first = of.query.unwrap_or(heads * own);
        let wide = first + of.latent + of.rope_dim;
        let down = self.linear(n, "down_qkv", of.d_model);
        let mut queries = part(&down, wide, 0, first);
        if of.query.is_some() {
            queries = self.linear(&queries, "up_q", first);
        }
        let kv = self.linear(&part(&down, wide, first, of.latent), "up_kv", of.latent);
        let (k, v) = (heads * of.head_dim, heads * of.v_dim);
        let shared = part(&down, wide, first + of.latent, of.rope_dim);
        let keys = ops::append::naive(&part(&kv, k + v, 0, k), &shared, heads, [of.head_dim, of.rope_dim]);
        let values = part(&kv, k + v, k, v);
        (
            ops::attention::naive(
                &queries,
                &[self::own(&keys, &values, length)],
                length,
                [heads; 2],
                [own, of.v_dim],
                1.0,
            ),
            v,
        )
    }

    fn delta(&self, of: &delta::Config, n: &[f64]) -> (Vec<f64>, usize) {
        let (q, v) = (of.n_head * of.head_dim, of.n_value_head * of.head_dim);
        let (wide, gated, length) = (2 * q + v, of.gate != delta::Gate::None, n.len() / of.d_model);
        let narrow = if of.decay == delta::Of::Channel { of.rank } else { of.n_value_head };
        let all = wide + of.n_value_head + narrow + if gated { of.rank } else { 0 };
        let taken = self.linear(n, "taken", of.d_model);
        let mut shaped = part(&taken, all, 0, wide);
        if of.conv > 0 {
            shaped = ops::short_conv::naive(&shaped, self.weight("kernels"), length, wide);
        }
        let mut decays = part(&taken, all, wide + of.n_value_head, narrow);
        if of.decay == delta::Of::Channel {
            decays = self.linear(&decays, "decays", of.rank);
        }
        if gated {
            self.linear(&part(&taken, all, all - of.rank, of.rank), "gates", of.rank);
        }
        let [queries, keys, values] = [(0, q), (q, q), (2 * q, v)].map(|(from, n)| part(&shaped, wide, from, n));
        let (decays, beta) = (vec![0.0; decays.len()], part(&taken, all, wide, of.n_value_head));
        let given = [&queries[..], &keys, &values, &decays, &beta, &[]];
        let heads = [of.n_head, of.n_value_head];
        let [o, _] = ops::delta_rule::naive(given, length, heads, [of.head_dim; 2], 1.0);
        (o, v)
    }
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
            let hybrid = json!({
                "d_model": d_model, "n_layer": 4, "head_dim": 16, "tied": extra, "pattern": ["kda", "gdn", "mla", "attention"],
                "moe": extra.then_some(json!({ "experts": 8, "chosen": 2 })),
                "mixers": { "mla": { "query": extra.then_some(24) } },
            });
            let models = [("transformer", settings), ("looped", looped), ("hybrid", hybrid)];
            for model in models.map(|(kind, settings)| crate::common::model(kind, settings, 256)) {
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
