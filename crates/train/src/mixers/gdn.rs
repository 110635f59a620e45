//! Gated DeltaNet (Yang et al. 2024, arXiv 2412.06464): the gated delta rule with one decay a head, and else as `kda`, so that the two
//! differ in nothing else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::delta::{self, Of};
use super::{Around, Refused};

pub use super::delta::{Config, Mixer};

pub(super) const SAYS: &str = "Gated DeltaNet: a gated delta rule, every head decays as a whole";

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(delta::Settings);

impl Settings {
    pub(super) fn complete(&self, around: Around) -> Result<Config, Refused> {
        self.0.complete(Of::Head, around)
    }
}
