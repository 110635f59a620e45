//! All counts of a run, from its config: nothing is built.

use isoloss_runs::record::Counts;

use crate::RunConfig;
use crate::config::{Cut, Rule};

/// FLOPs of a multiply-add.
const PER_MULTIPLY_ADD: f64 = 2.0;
/// A step walks forward once, and back at twice the cost: products for the weights and for the inputs.
pub(crate) const PASSES: f64 = 3.0;

/// All counts of a run. Embedding and head stand apart; a tied head is the embedding, stored once, and neither is part of
/// `non_embedding`. FLOPs of evaluations are not counted.
pub fn counts(config: &RunConfig) -> Counts {
    let training = &config.training;
    let size = config.model.size(training.seq_len);
    let windows = training.steps as f64 * training.batch as f64;
    let mut multiply_adds = size.multiply_adds.on_average(windows);
    if let (Some(more), Some(model)) = (size.with_memory, config.model.memory()) {
        let later = training.steps.saturating_sub(model.memory.begins) as f64 * training.batch as f64;
        multiply_adds += more.on_average(later);
    }
    let tokens = training.tokens();
    let outside = size.embedding + size.head;
    // What no token of its kind passes takes no part, and an encoder of pictures only in their patches (Shukor et al. 2025, arXiv
    // 2504.07951: 6 (N_v D_v + N D)).
    let passed = size.effective - (size.stored - size.active) - outside;
    let [vision, share] = size.vision.map_or([0.0; 2], |(n, share)| [n as f64, share]);
    let each = passed as f64 - vision + vision * share;
    Counts {
        stored: size.stored,
        effective: size.effective,
        active: size.active,
        recurrent: size.recurrent,
        embedding: size.embedding,
        head: size.head,
        non_embedding: size.stored - outside,
        flops_counted: PASSES * PER_MULTIPLY_ADD * multiply_adds.algorithmic,
        flops_full: Some(PASSES * PER_MULTIPLY_ADD * multiply_adds.full),
        flops_executed: Some(PER_MULTIPLY_ADD * multiply_adds.executed.iter().sum::<f64>()),
        flops_6nd: 6.0 * each * tokens as f64,
        tokens,
        cache_per_token: Some(size_of::<f32>() as u64 * size.cache.per_token),
        cache_fixed: Some(size_of::<f32>() as u64 * size.cache.fixed),
    }
}

/// How many times the FLOPs of a step without memory one with it executes, of a model that has one.
pub fn with_memory(config: &RunConfig) -> Option<f64> {
    let size = config.model.size(config.training.seq_len);
    let [more, plain] = [size.with_memory?, size.multiply_adds].map(|of| of.executed.iter().sum::<f64>());
    Some(1.0 + more / plain)
}

/// Bytes that a run will hold on that many threads: weights, gradients, both averages, activations, and what Muon works in (f32).
pub fn bytes(config: &RunConfig, threads: usize) -> f64 {
    let Cut { chunk, shards } = config.training.cut;
    let size = config.model.size(config.training.seq_len);
    let walks = threads.clamp(1, shards) * chunk;
    let scratch = if config.training.groups.hidden.rule == Rule::Muon { size.muon_scratch } else { 0.0 };
    size_of::<f32>() as f64 * ((3 + shards) as f64 * size.stored as f64 + walks as f64 * size.activations + scratch)
}
