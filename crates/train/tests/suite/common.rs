//! Sources and configs for tests.

use std::sync::Arc;

use isoloss_runs::record::Data;
use isoloss_train::RunConfig;
use isoloss_train::config::{Cut, Evaluation, Group, Rule as Move, Start, Training};
use isoloss_train::corpora::{self, Batch, CorpusError, HeldOut, Source};
use isoloss_train::models::{Config, Roles, Shape};
use isoloss_train::schedules::{Schedule, constant};

/// Batches that were given, one after the other and round again; the first is the held-out set.
#[derive(Debug)]
pub struct Given {
    pub vocab: usize,
    pub batches: Vec<Batch>,
}

impl Source for Given {
    fn vocab_size(&self) -> usize {
        self.vocab
    }
    fn data(&self) -> Data {
        Data { name: "given".into(), hash: "given".into(), ..Data::default() }
    }
    fn fill(&self, _seed: u64, step: u64, batch: &mut Batch) {
        batch.clone_from(&self.batches[step as usize % self.batches.len()]);
    }
    fn held_out(&self, _sequences: usize, _length: usize) -> Result<HeldOut, CorpusError> {
        Ok(HeldOut::with_floor(self.batches[0].clone(), None))
    }
    fn suffices(&self, _sequences: usize, _length: usize) -> Result<(), CorpusError> {
        Ok(())
    }
}

/// A rule that can be learnt: the next token is 5 times this one plus 1 or 2, drawn from seed, step and place.
#[derive(Debug)]
pub struct Rule {
    pub vocab: u32,
}

impl Source for Rule {
    fn vocab_size(&self) -> usize {
        self.vocab as usize
    }
    fn data(&self) -> Data {
        Data { name: "rule".into(), hash: "rule".into(), ..Data::default() }
    }
    fn fill(&self, seed: u64, step: u64, batch: &mut Batch) {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ step.wrapping_mul(0xd1b5_4a32_d192_ed03);
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as u32
        };
        let windows = batch.inputs.chunks_mut(batch.length).zip(batch.targets.chunks_mut(batch.length));
        for (inputs, targets) in windows {
            let mut token = next() % self.vocab;
            for (x, y) in inputs.iter_mut().zip(targets) {
                *x = token;
                token = (token * 5 + 1 + (next() & 1)) % self.vocab;
                *y = token;
            }
        }
    }
    fn held_out(&self, sequences: usize, length: usize) -> Result<HeldOut, CorpusError> {
        let mut batch = Batch::new(sequences, length);
        self.fill(u64::MAX, u64::MAX, &mut batch);
        Ok(HeldOut::with_floor(batch, Some(2f64.ln())))
    }
    fn suffices(&self, _sequences: usize, _length: usize) -> Result<(), CorpusError> {
        Ok(())
    }
}

/// A corpus for configs whose batches come from elsewhere.
pub fn corpus() -> corpora::Config {
    serde_json::from_str(r#"{ "kind": "markov", "seed": 1 }"#).unwrap()
}

/// A model of that kind and these settings, JSON.
pub fn model(kind: &str, settings: serde_json::Value, vocab: usize) -> Config {
    Shape::read(kind, settings).unwrap().unwrap().complete(vocab).unwrap()
}

/// A transformer of these settings, JSON.
pub fn shape(settings: serde_json::Value, vocab: usize) -> Config {
    model("transformer", settings, vocab)
}

/// A looped transformer of these settings, JSON.
pub fn looped(settings: serde_json::Value, vocab: usize) -> Config {
    model("looped", settings, vocab)
}

/// A small transformer.
pub fn tiny(vocab: usize) -> Config {
    shape(serde_json::json!({ "d_model": 16, "n_layer": 2, "head_dim": 8 }), vocab)
}

/// A constant learning rate; decay of `weight_decay` on all weights.
pub fn config(model: Config, steps: u64, batch: usize, seq_len: usize, lr: f64, weight_decay: f64) -> RunConfig {
    let group = Group { rule: Move::AdamW, lr: 1.0, weight_decay };
    let training = Training {
        steps,
        batch,
        seq_len,
        lr,
        schedule: Schedule::Constant(constant::Schedule { warmup: 0 }),
        betas: [0.9, 0.95],
        eps: 1e-8,
        momentum: None,
        clip: Some(1.0),
        z_loss: 0.0,
        groups: Roles { embedding: group, hidden: group, head: group, norm: group, residual: None, balance: None },
        init: Start { embedding: 0.5, hidden: 1.0, residual: 0.5, head: 0.1 },
        cut: Cut { chunk: 2, shards: 2 },
    };
    RunConfig { corpus: corpus(), model, training, evaluation: Evaluation { windows: 4, measures: vec![] }, seed: 1 }
}

/// The rule of [`Rule`], learnt by the tiny model.
pub fn rule() -> (RunConfig, Arc<dyn Source>) {
    (config(tiny(31), 40, 4, 16, 5e-3, 0.1), Arc::new(Rule { vocab: 31 }))
}
