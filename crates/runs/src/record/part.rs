//! What the run of an experiment was for. Records hold it by a key of their own, results in a column.

use super::Run;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It tries a learning rate.
    Sweep,
    /// It is fitted.
    Fit,
    /// It takes no part in the fit, which has to foretell it.
    HeldOut,
}

impl Part {
    const ALL: [Self; 3] = [Self::Sweep, Self::Fit, Self::HeldOut];
    /// The key of a record that says what its run was for.
    pub const KEY: &str = "split";
    /// The column of the same in results.
    pub const COLUMN: &str = "run.split";

    /// As records and results say it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Fit => "fit",
            Self::HeldOut => "held out",
        }
    }

    /// What the run of a labelled record was for.
    pub fn of(run: &Run) -> Option<Self> {
        let word = run.other.get(Self::KEY)?.as_str()?;
        Self::ALL.into_iter().find(|part| part.word() == word)
    }
}

/// The key of a record that says which budget its run was cut to, in FLOPs.
pub const BUDGET: &str = "budget";
/// The column of the same in results.
pub const BUDGET_COLUMN: &str = "run.budget";
