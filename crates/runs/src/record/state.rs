//! Where a run stands. Only a finished one has a loss, and only finished ones enter a fit.

use serde::{Deserialize, Serialize};

/// Where a run stands, why, and how far it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The state.
    pub name: StateName,
    /// Why it is so, in words, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Steps that were taken.
    #[serde(default)]
    pub step: u64,
}

/// The states of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StateName {
    /// Asked for, not begun.
    #[default]
    Planned,
    /// Begun. Whether somebody still trains it, its lock knows.
    Running,
    /// Stopped on request, to be gone on with.
    Interrupted,
    /// Reached its planned tokens and was evaluated.
    Finished,
    /// Loss or gradient became infinite or no number. Running it again gives the same.
    Diverged,
    /// Something outside the run went wrong. Running it again may help.
    Failed,
}

impl StateName {
    /// All states, in the order of a run's life.
    pub const ALL: [Self; 6] =
        [Self::Planned, Self::Running, Self::Interrupted, Self::Finished, Self::Diverged, Self::Failed];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Finished => "finished",
            Self::Diverged => "diverged",
            Self::Failed => "failed",
        }
    }

    /// Nothing is left to train: it finished, or would diverge again.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Diverged)
    }
}
