//! The model with a memory: without texts the plain decoder, and with them what its equations say.

use std::sync::Arc;

use isoloss_engine::{Buffers, Params, Real, Tape, executed_flops};
use isoloss_train::config::Start;
use isoloss_train::corpora::{self, Place, Reading, Shelf, Source};
use isoloss_train::memory::library::Found;
use isoloss_train::models::{Config, Inputs, Model, Remembered, Shape, memory};
use isoloss_train::{Progress, RunConfig, Trainer};
use serde_json::{Value, json};

const START: Start = Start { embedding: 0.5, hidden: 1.0, residual: 1.0, head: 1.0 };
const VOCABULARY: u32 = 29;
const LENGTH: usize = 40;

/// A stream of numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }

    fn tokens(&mut self, n: usize) -> Vec<u32> {
        (0..n).map(|_| self.below(VOCABULARY as usize) as u32).collect()
    }

    /// Texts for two windows, each of whose tokens reads any of its own, or none.
    fn found(&mut self, kept: usize, length: usize) -> Found {
        let mut found = Found { length, ..Found::default() };
        let mut texts = Vec::new();
        for _ in 0..2 {
            let own: Vec<usize> = (0..1 + self.below(3)).map(|_| 2 + self.below(length - 1)).collect();
            texts.push(own);
        }
        let rows = |own: &[usize]| own.iter().map(|n| kept.min(n - 1)).sum::<usize>();
        found.rows = texts.iter().map(|own| rows(own)).max().unwrap();
        for (window, own) in texts.iter().enumerate() {
            let mut at = 0;
            let mut ends = vec![0];
            for &n in own {
                found.numbers.push(found.numbers.len() as u32);
                found.lengths.push(n as u32);
                let tokens = [self.tokens(n), vec![0; length - n]].concat();
                found.tokens.extend(tokens);
                found.places.push((window * found.rows + at) as u32);
                at += kept.min(n - 1);
                ends.push(at);
            }
            for _ in 0..LENGTH {
                let mut ends = [ends[self.below(ends.len())], ends[self.below(ends.len())]];
                ends.sort_unstable();
                found.spans.push(ends.map(|end| end as u32));
            }
        }
        found
    }
}

fn reading() -> Reading {
    let shelf = Shelf { window: LENGTH, count: 9, longest: 12, asked: 0.5, prompt: 5 };
    Reading { shelf: Some(shelf), ..Reading::from(VOCABULARY as usize) }
}

fn model(settings: Value) -> memory::Config {
    match Shape::read("memory", settings).unwrap().unwrap().complete(reading()).unwrap() {
        Config::Memory(config) => config,
        _ => unreachable!(),
    }
}

/// Four blocks of attention in groups, of which two read memory.
fn attentive() -> memory::Config {
    model(json!({
        "d_model": 16, "n_layer": 4, "head_dim": 4, "mixers": { "attention": { "group": 2 } },
        "memory": { "kept": 3, "chunk": 8 },
    }))
}

/// Attention in every second block, and experts.
fn mixed() -> memory::Config {
    model(json!({
        "d_model": 16, "n_layer": 5, "head_dim": 4, "pattern": ["kda", "attention"],
        "moe": { "experts": 4, "chosen": 2, "d_expert": 8 }, "mixers": { "attention": { "qk_norm": true } },
        "memory": { "kept": 4, "chunk": 8 },
    }))
}

struct Walked<R> {
    losses: Vec<R>,
    gradient: Vec<R>,
}

/// Losses of two windows, and the gradient of all weights.
fn walk<R: Real>(
    config: &Config,
    params: &Params<R>,
    built: &Model,
    inputs: &[u32],
    found: Option<&Found>,
) -> Walked<R> {
    let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![R::ZERO; params.count()]);
    let mut tape = Tape::new(&mut buffers, params, Some(&mut gradient));
    let tokens = tape.tokens(inputs, LENGTH);
    let targets: Vec<u32> = inputs.iter().map(|x| (x * 7 + 3) % VOCABULARY).collect();
    let targets = tape.tokens(&targets, LENGTH);
    let remembered = found.map(|found| {
        let Config::Memory(config) = config else { unreachable!() };
        Remembered::of(&mut tape, found, LENGTH, config.bank())
    });
    let losses = built.loss(&mut tape, Inputs { remembered, ..tokens.into() }, targets, 0.0, inputs.len() as f64);
    let losses = tape.value(losses).to_vec();
    tape.backward();
    Walked { losses, gradient }
}

fn built<R: Real>(config: &Config) -> (Params<R>, Model) {
    let mut params = Params::new(5);
    let model = config.build(&mut params, &START);
    (params, model)
}

#[test]
fn without_texts_it_is_the_plain_decoder_bit_for_bit() {
    let plain = json!({ "d_model": 16, "n_layer": 4, "head_dim": 4, "group": 2 });
    let plain = crate::common::shape(plain, VOCABULARY as usize);
    let config = Config::Memory(attentive());
    let (params, of_plain) = built::<f32>(&plain);
    let (same, model) = built::<f32>(&config);
    assert_eq!(params.weights(), same.weights());
    let mut draw = Draw(1);
    let inputs = draw.tokens(2 * LENGTH);
    let want = walk(&plain, &params, &of_plain, &inputs, None);
    let mut unread = draw.found(3, 12);
    let without = walk(&config, &params, &model, &inputs, None);
    let with = walk(&config, &params, &model, &inputs, Some(&unread));
    unread.spans.iter_mut().for_each(|span| span[1] = span[0]);
    let unread = walk(&config, &params, &model, &inputs, Some(&unread));
    for got in [without, unread] {
        assert!(got.losses == want.losses && got.gradient == want.gradient);
    }
    assert!(with.losses != want.losses);
}

#[test]
fn a_window_reads_the_texts_of_its_spans_and_nothing_that_follows() {
    for config in [attentive(), mixed()].map(Config::Memory) {
        let (params, model) = built::<f64>(&config);
        let Config::Memory(of) = &config else { unreachable!() };
        for seed in 0..20 {
            let mut draw = Draw(seed);
            let (mut inputs, mut found) = (draw.tokens(2 * LENGTH), draw.found(of.memory.kept, 12));
            let before = walk(&config, &params, &model, &inputs, Some(&found));
            // One text is another: those move who read it, and those behind them.
            let text = draw.below(found.numbers.len());
            let window = found.places[text] as usize / found.rows;
            let first = found.places[text] % found.rows as u32;
            let own = found.lengths[text] as usize;
            for token in &mut found.tokens[text * 12 + 1..text * 12 + own] {
                *token = (*token + 1 + draw.below(VOCABULARY as usize - 1) as u32) % VOCABULARY;
            }
            let after = walk(&config, &params, &model, &inputs, Some(&found));
            let spans = &found.spans[window * LENGTH..][..LENGTH];
            let reader = spans.iter().position(|[from, to]| (*from..*to).contains(&first));
            for at in 0..2 * LENGTH {
                let moved = before.losses[at] != after.losses[at];
                let may = at / LENGTH == window && reader.is_some_and(|reader| at % LENGTH >= reader);
                assert!(may || !moved, "seed {seed}: token {at} moved");
                assert!(moved || Some(at % LENGTH) != reader || at / LENGTH != window, "seed {seed}: {at} did not");
            }
            // What fills a text up is not seen.
            for (text, &own) in found.lengths.iter().enumerate() {
                found.tokens[text * 12 + own as usize..(text + 1) * 12].fill(5);
            }
            let filled = walk(&config, &params, &model, &inputs, Some(&found));
            assert!(filled.losses == after.losses, "seed {seed}");
            // One token is another: nothing before it moves.
            let at = LENGTH + draw.below(LENGTH);
            inputs[at] = (inputs[at] + 1) % VOCABULARY;
            let changed = walk(&config, &params, &model, &inputs, Some(&found));
            assert!(changed.losses[..at] == filled.losses[..at] && changed.losses[at] != filled.losses[at]);
        }
    }
}

#[test]
fn texts_stand_side_by_side_and_not_one_behind_the_other() {
    let config = Config::Memory(attentive());
    let (params, model) = built::<f64>(&config);
    let mut draw = Draw(3);
    let inputs = draw.tokens(2 * LENGTH);
    let mut found = draw.found(3, 12);
    while found.lengths.len() < 4 || found.places[1] as usize >= found.rows {
        found = draw.found(3, 12);
    }
    // All read all of theirs, the first two texts of the first window in either order.
    let ends = [found.rows as u32, found.rows as u32];
    let filled = [0, 1].map(|window| {
        let texts = (0..found.places.len()).filter(|t| found.places[*t] as usize / found.rows == window);
        texts.map(|t| 3.min(found.lengths[t] - 1)).sum::<u32>().min(ends[window])
    });
    found.spans = (0..2 * LENGTH).map(|at| [0, filled[at / LENGTH]]).collect();
    let one = walk(&config, &params, &model, &inputs, Some(&found));
    let kept = |t: usize| 3.min(found.lengths[t] - 1);
    let (first, second) = (found.places[0], found.places[0] + kept(1));
    (found.places[1], found.places[0]) = (first, second);
    let other = walk(&config, &params, &model, &inputs, Some(&found));
    let near = one.losses.iter().zip(&other.losses).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(near && one.losses != other.losses, "the same but for rounding");
}

#[test]
fn gradients_go_through_what_is_encoded_as_it_is_read() {
    for config in [attentive(), mixed()].map(Config::Memory) {
        let (mut params, model) = built::<f64>(&config);
        let Config::Memory(of) = &config else { unreachable!() };
        let mut draw = Draw(11);
        let (inputs, found) = (draw.tokens(2 * LENGTH), draw.found(of.memory.kept, 12));
        let gradient = walk(&config, &params, &model, &inputs, Some(&found)).gradient;
        let start = params.weights().to_vec();
        let direction: Vec<f64> = (0..params.count()).map(|_| draw.below(2001) as f64 / 1000.0 - 1.0).collect();
        let mut mean = |by: f64| {
            let moved: Vec<f64> = start.iter().zip(&direction).map(|(w, d)| w + by * d).collect();
            let entries: Vec<_> = params.entries().iter().map(|entry| entry.param).collect();
            for param in entries {
                params.view_mut(param).copy_from_slice(&moved[param.range()]);
            }
            walk(&config, &params, &model, &inputs, Some(&found)).losses.iter().sum::<f64>() / inputs.len() as f64
        };
        let step = 1e-5;
        let (one, two) = (mean(step) - mean(-step), mean(2.0 * step) - mean(-2.0 * step));
        let want = (8.0 * one - two) / (12.0 * step);
        // What experts are balanced by has no part in the losses of tokens.
        let got: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        assert!((got - want).abs() < 1e-7 * (1.0 + want.abs()), "{got} {want}");
    }
}

#[test]
fn what_a_bank_keeps_is_what_was_encoded() {
    for of in [attentive(), mixed()] {
        let shape = of.bank();
        let config = Config::Memory(of);
        let (params, model) = built::<f32>(&config);
        let Model::Memory(built) = &model else { unreachable!() };
        let mut draw = Draw(8);
        let (inputs, mut found) = (draw.tokens(2 * LENGTH), draw.found(shape.tokens as usize, 12));
        let told = walk(&config, &params, &model, &inputs, Some(&found));
        let mut buffers = Buffers::poisoned();
        let mut tape = Tape::new(&mut buffers, &params, None);
        let tokens = tape.tokens(&found.tokens, found.length);
        let lengths = tape.tokens(&found.lengths, 1);
        let stored = built.kept(&mut tape, tokens, lengths, shape);
        found.stored = tape.value(stored).to_vec();
        assert_eq!(found.stored.len(), found.numbers.len() * shape.values());
        let kept = walk(&config, &params, &model, &inputs, Some(&found));
        assert!(told.losses == kept.losses);
    }
}

#[test]
fn what_is_counted_as_executed_is_what_the_engine_does() {
    // The last keeps all that there is, and does not choose.
    let all = model(json!({ "d_model": 16, "n_layer": 4, "head_dim": 4, "memory": { "kept": 50, "chunk": 8 } }));
    assert_eq!((all.memory.kept, all.memory.longest), (11, 12));
    for mut of in [attentive(), mixed(), all] {
        let config = Config::Memory(of.clone());
        let (params, model) = built::<f64>(&config);
        let mut draw = Draw(21);
        for _ in 0..20 {
            let (inputs, found) = (draw.tokens(2 * LENGTH), draw.found(of.memory.kept, of.memory.longest));
            let spent = |found: Option<&Found>| {
                let before = executed_flops();
                walk(&config, &params, &model, &inputs, found);
                executed_flops() - before
            };
            let more = spent(Some(&found)) - spent(None);
            // Of these very texts, in the place of averages.
            let scores = found.spans.chunks(LENGTH).map(isoloss_engine::ops::attention::scores_within).sum::<usize>();
            of.memory.per_window = found.numbers.len() as f64 / 2.0;
            of.memory.scores = scores as f64 / 2.0;
            let [forward, back] = Config::Memory(of.clone()).size(LENGTH).with_memory.unwrap().executed;
            assert_eq!(2.0 * 2.0 * (forward + back), more as f64);
        }
    }
}

/// People whose texts can be looked up.
fn people() -> Arc<dyn Source> {
    let settings =
        json!({ "kind": "bios", "people": 40, "pools": "1/20", "seed": 3, "packing": "people", "kept_back": 10 });
    let config: corpora::Config = serde_json::from_value(settings).unwrap();
    config.open(&Place { base: ".".into(), cache: ".".into() }).unwrap()
}

fn run(kind: &str, start: f64) -> RunConfig {
    let source = people();
    let mut settings = json!({ "d_model": 16, "n_layer": 2, "head_dim": 8 });
    if kind == "memory" {
        settings["memory"] = json!({ "start": start, "kept": 4 });
    }
    let shape = Shape::read(kind, settings).unwrap().unwrap();
    let model = shape.complete(corpora::reading(source.as_ref(), 50)).unwrap().of_steps(12);
    crate::common::config(model, 12, 4, 50, 3e-3, 0.1)
}

fn steps(config: &RunConfig, threads: usize) -> (Vec<Progress>, Vec<u8>) {
    let mut trainer = Trainer::<f32>::new(config, people(), threads);
    let seen = (0..config.training.steps).map(|_| trainer.advance().unwrap()).collect();
    (seen, trainer.checkpoint("x").unwrap())
}

#[test]
fn the_first_stage_is_the_plain_run_and_the_second_is_not() {
    let [(plain, _), (late, _), (early, _)] =
        [run("transformer", 0.0), run("memory", 0.5), run("memory", 0.0)].map(|config| steps(&config, 1));
    let losses = |seen: &[Progress]| seen.iter().map(|step| step.loss.to_bits()).collect::<Vec<_>>();
    let [plain, late, early] = [plain, late, early].map(|seen| losses(&seen));
    assert!(plain[..6] == late[..6] && plain[6] != late[6] && plain[0] != early[0]);
    // The last step at the latest.
    let [last, plain] = [losses(&steps(&run("memory", 0.99), 2).0), plain];
    assert!(last[..11] == plain[..11] && last[11] != plain[11]);
}

#[test]
fn a_run_goes_on_bit_for_bit_in_either_stage_and_with_any_threads() {
    let config = run("memory", 0.5);
    let (want, end) = steps(&config, 1);
    for stop in [3, 6, 7, 12] {
        let mut trainer = Trainer::<f32>::new(&config, people(), 2);
        let mut seen: Vec<Progress> = (0..stop).map(|_| trainer.advance().unwrap()).collect();
        let bytes = trainer.checkpoint("x").unwrap();
        let mut again = Trainer::<f32>::new(&config, people(), 3);
        again.restore("x", &bytes).unwrap();
        while !again.is_over() {
            seen.push(again.advance().unwrap());
        }
        assert!(seen == want && again.checkpoint("x").unwrap() == end, "stopped after {stop} steps");
    }
}

#[test]
fn what_cannot_remember_is_refused() {
    let refused = |settings: Value, reading: Reading| {
        let all = json!({ "d_model": 16, "n_layer": 2 });
        let mut all = all.as_object().unwrap().clone();
        all.extend(settings.as_object().unwrap().clone());
        let shape = Shape::read("memory", Value::Object(all)).unwrap().unwrap();
        shape.complete(reading).unwrap_err().to_string()
    };
    assert!(refused(json!({}), Reading::from(9)).starts_with("kind: looks texts up, and the corpus has none"));
    assert!(refused(json!({ "pattern": ["kda"] }), reading()).starts_with("pattern: has no attention"));
    assert!(refused(json!({ "memory": { "kept": 0 } }), reading()).starts_with("memory.kept: "));
    for (name, value) in [("start", 1.5), ("start", 1.0), ("leak", -0.1)] {
        assert!(refused(json!({ "memory": { name: value } }), reading()).starts_with(&format!("memory.{name}: ")));
    }
    // By one token nothing is found, of one nothing is kept, and a window that is over before it asks finds nothing.
    for (name, value) in [("chunk", 1), ("longest", 1), ("chunk", LENGTH)] {
        let reading = Reading { shelf: reading().shelf.map(|shelf| Shelf { asked: 0.0, ..shelf }), ..reading() };
        assert!(refused(json!({ "memory": { name: value } }), reading).starts_with(&format!("memory.{name}: ")));
    }
    assert!(refused(json!({ "memory": { "retriever": "hidden" } }), reading()).starts_with("memory.retriever: "));
    let hybrid = json!({ "d_model": 16, "n_layer": 2, "pattern": ["attention"], "memory": {} });
    let hybrid = Shape::read("hybrid", hybrid).unwrap().unwrap().complete(reading()).unwrap_err();
    assert!(hybrid.to_string().starts_with("memory: "));
}
