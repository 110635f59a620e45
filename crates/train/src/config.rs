//! The config of a run: everything that sets its loss, in full, nothing by default.
//!
//! An experiment and a recipe are short ways to write many of these. The config goes into the record, and its hash, with
//! that of the data, is the run's id.

use isoloss_engine::{self as engine, NUMERICS, Plan};
use isoloss_runs::record::identity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::measures::Measure;
use crate::models::Roles;
use crate::schedules::Schedule;
use crate::{corpora, models};

/// Everything that sets the loss of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// What it is trained on.
    pub corpus: corpora::Config,
    /// What is trained.
    pub model: models::Config,
    /// How it is trained.
    pub training: Training,
    /// What it is evaluated on.
    pub evaluation: Evaluation,
    /// Draws the weights and the batches.
    pub seed: u64,
}

/// How a model is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Updates.
    pub steps: u64,
    /// Windows of a batch.
    pub batch: usize,
    /// Tokens of a window.
    pub seq_len: usize,
    /// The peak learning rate.
    pub lr: f64,
    /// Its course.
    pub schedule: Schedule,
    /// AdamW: decay rates of the two averages.
    pub betas: [f64; 2],
    /// AdamW: added to the root of the second average.
    pub eps: f64,
    /// Muon: decay rate of its average, where it moves anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The gradient is scaled down to this norm.
    pub clip: Option<f64>,
    /// Coefficient of the z-loss.
    pub z_loss: f64,
    /// Multiplier of the learning rate and weight decay, by what a weight is for.
    pub groups: Roles<Group>,
    /// Standard deviations of the first weights.
    pub init: Start,
    /// Windows walked forward and back together, and gradients summed apart: they set the rounding.
    pub cut: Cut,
}

/// How weights of one kind are moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// How.
    #[serde(default, skip_serializing_if = "Rule::is_adamw")]
    pub rule: Rule,
    /// Multiplies the learning rate.
    pub lr: f64,
    /// Decoupled weight decay per unit of learning rate.
    pub weight_decay: f64,
}

/// How weights are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Each by itself ([`isoloss_engine::Rule::AdamW`]).
    #[default]
    AdamW,
    /// Matrices as such ([`isoloss_engine::Rule::Muon`]).
    Muon,
    /// By steps of one length ([`isoloss_engine::Rule::Sign`]), which is the group's `lr` whatever the course is.
    Sign,
}

impl Rule {
    /// The usual one is not written: configs are as they were before there was another.
    fn is_adamw(&self) -> bool {
        *self == Self::AdamW
    }
}

impl From<Group> for engine::Group {
    fn from(group: Group) -> Self {
        let rule = match group.rule {
            Rule::AdamW => engine::Rule::AdamW,
            Rule::Muon => engine::Rule::Muon,
            Rule::Sign => engine::Rule::Sign,
        };
        Self { rule, lr: group.lr, weight_decay: group.weight_decay }
    }
}

/// Standard deviations of the first weights. Norms begin at 1.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Of the embedding.
    pub embedding: f64,
    /// Of a matrix, times the root of its number of inputs.
    pub hidden: f64,
    /// What the matrices into the residual stream have less: a factor.
    pub residual: f64,
    /// Of the head, times the root of its number of inputs.
    pub head: f64,
}

/// How a batch is cut (see [`Plan`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Windows walked forward and back together.
    pub chunk: usize,
    /// Gradients that are summed apart: the most threads that can help one run.
    pub shards: usize,
}

/// What a run is evaluated on, at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Windows of the held-out set, each as long as those of training.
    pub windows: usize,
    /// What is measured beside the loss.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
}

/// Tokens that are walked together, about: activations of as many stay near the caches.
const CHUNK_TOKENS: usize = 512;
/// Rows of an expert in a chunk, about: with fewer, what every chunk costs however small it is shows.
const EXPERT_ROWS: usize = 128;
/// Gradients summed apart, at most: the most threads that can help one run. Each costs the memory of a gradient.
const SHARDS: usize = 4;

impl Cut {
    /// The cut for a batch of this shape: from the config alone, never from the machine.
    pub fn of(batch: usize, seq_len: usize) -> Self {
        Self::near(CHUNK_TOKENS, batch, seq_len)
    }

    /// The same for a model of which a token passes so many of the experts: chunks that give each expert rows enough, and leave
    /// two threads something to do.
    pub fn of_experts(batch: usize, seq_len: usize, experts: usize, chosen: usize) -> Self {
        let wanted = EXPERT_ROWS * experts.div_ceil(chosen.max(1));
        Self::near(wanted.clamp(CHUNK_TOKENS, (batch * seq_len / 2).max(CHUNK_TOKENS)), batch, seq_len)
    }

    fn near(tokens: usize, batch: usize, seq_len: usize) -> Self {
        let chunk = (tokens / seq_len.max(1)).clamp(1, batch.max(1));
        Self { chunk, shards: batch.div_ceil(chunk).clamp(1, SHARDS) }
    }
}

impl From<Cut> for Plan {
    fn from(cut: Cut) -> Self {
        Self { chunk: cut.chunk, shards: cut.shards }
    }
}

impl Training {
    /// Tokens of the whole training.
    pub fn tokens(&self) -> u64 {
        self.steps * (self.batch * self.seq_len) as u64
    }

    /// The learning rate of a step, from 0.
    pub fn lr_at(&self, step: u64) -> f64 {
        self.lr * self.schedule.at(step, self.steps)
    }
}

impl RunConfig {
    /// The config as the record has it, without settings that only say where data lie.
    pub fn to_value(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(corpus) = value.get_mut("corpus") {
            self.corpus.forget_whereabouts(corpus);
        }
        value
    }

    /// The id of this run on data of that hash.
    pub fn id(&self, data_hash: &str) -> String {
        identity(&self.to_value(), data_hash, NUMERICS)
    }
}
