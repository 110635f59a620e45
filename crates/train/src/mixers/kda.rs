//! Kimi Delta Attention (Kimi Team 2025, arXiv 2510.26692, section 3): the gated delta rule with a decay for every channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::delta::{self, Of};
use super::{Around, Refused};

pub use super::delta::{Config, Mixer};

pub(super) const SAYS: &str = "Kimi Delta Attention: a gated delta rule, every channel decays by itself";

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(delta::Settings);

impl Settings {
    pub(super) fn complete(&self, around: Around) -> Result<Config, Refused> {
        self.0.complete(Of::Channel, around)
    }
}
