//! The record of a run: what was asked, what came out, what it cost. One JSON file, `run.json`, each.
//!
//! Unknown keys are kept, so that a newer program's record passes through an older one unharmed.

mod counts;
mod identity;
mod machine;
mod part;
mod state;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use counts::{Compute, Convention, Counts, Size};
pub(crate) use identity::fingerprint;
pub use identity::{canonical, identity, is_id};
pub use machine::machine;
pub use part::{BUDGET, BUDGET_COLUMN, Part};
pub use state::{State, StateName};

/// The version of the record's form.
pub const SCHEMA: u32 = 1;

/// Keys that this program does not know.
pub type Other = Map<String, Value>;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of this form.
    pub schema: u32,
    /// The hash of everything that determines the loss: [`identity()`] of config, data and numerics.
    pub id: String,
    /// Where the run stands.
    pub state: State,
    /// Labels, decoration all of them: which question asked first, and as what.
    #[serde(flatten)]
    pub labels: Labels,
    /// The seed of weights and order of data; it stands in the config too.
    pub seed: u64,
    /// The trunk whose steps it shares with runs of other lengths, if it is a branch: they share their luck too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// Everything that sets the loss, in full.
    pub config: Value,
    /// What was trained on.
    pub data: Data,
    /// How big it is and how much compute it takes, by every way of counting.
    pub counts: Counts,
    /// What came out; only of a run that finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
    /// What it cost so far.
    #[serde(default)]
    pub cost: Cost,
    /// The machine, in words.
    #[serde(default)]
    pub machine: String,
    /// The program and its version.
    #[serde(default)]
    pub program: String,
    /// The number in the engine that is raised when the bits of a loss change.
    pub numerics: u32,
    /// When it was first started, RFC 3339 in UTC.
    #[serde(default)]
    pub created: String,
    /// When it ended, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// Keys that this program does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// What people call a run. Nothing is ever parsed from a label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// The experiment that asked for it.
    #[serde(default)]
    pub question: String,
    /// What stands apart in a comparison: an architecture, an optimiser, a mixture.
    #[serde(default)]
    pub family: String,
    /// The step of the ladder: `d_model 64, 3.15M tokens`.
    #[serde(default)]
    pub rung: String,
}

impl Labels {
    /// Family, if there is one, and rung.
    pub fn full(&self) -> String {
        if self.family.is_empty() { self.rung.clone() } else { format!("{}, {}", self.family, self.rung) }
    }
}

/// The data of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// What people call it.
    pub name: String,
    /// The hash of its content, or of what generates it.
    pub hash: String,
    /// How many tokens there are to train on; none if it is generated without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// The loss of the optimal predictor, nats per token, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// Keys that this program does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// What came out of a finished run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The loss on the held-out set, nats per token.
    pub loss: f64,
    /// Its standard error over the windows of that set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_stderr: Option<f64>,
    /// The loss in bits per byte of text, where tokens are text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_byte: Option<f64>,
    /// Losses on parts of the held-out set, nats per token.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub per_set: Other,
    /// What else an evaluation measured, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub measures: Other,
    /// Steps at which the loss jumped (see the trainer), though training went on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spikes: Vec<u64>,
    /// Keys that this program does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// What a run cost, all its sittings together. Of a branch: its own part, without the steps that others took for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Seconds by the clock on the wall.
    pub wall_s: f64,
    /// Seconds of processors.
    pub cpu_s: f64,
    /// Bytes of weights, gradients, the optimiser's state and activations, at most.
    pub peak_bytes: u64,
    /// Of a branch: steps that were taken for itself. Where nothing was killed, those of all branches of a trunk add up to
    /// what was trained; the sum of [`Counts`] is that of straight runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

impl Run {
    /// The id that its config, data and numerics give: what [`Run::id`] must say.
    pub fn identity(&self) -> String {
        identity(&self.config, &self.data.hash, self.numerics)
    }

    /// It finished and has a result; the loss of any other run is none.
    pub fn loss(&self) -> Option<f64> {
        let result = self.result.as_ref().filter(|_| self.state.name == StateName::Finished);
        result.map(|r| r.loss).filter(|loss| loss.is_finite())
    }
}
