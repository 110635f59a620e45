//! The measures: one file and one line in the list each. A measure is what an evaluation writes beside the loss, into
//! `result.measures` of a record.

pub mod accuracy;
pub mod bank;
pub mod bits;
pub mod exits;
pub mod information;
pub mod loads;
pub mod movement;
pub mod scores;

use std::fmt;
use std::path::Path;

use isoloss_runs::store::CurvePoint;
use serde::{Deserialize, Serialize};

use crate::Trainer;
use crate::corpora::{HeldOut, Source};
use crate::models;

/// What is measured: a model that was trained, what it was trained on, and what it is evaluated on.
pub struct Subject<'a> {
    /// The run at its end.
    pub trainer: &'a mut Trainer<f32>,
    /// What it was trained on.
    pub source: &'a dyn Source,
    /// What its loss is taken on.
    pub held_out: &'a HeldOut,
    /// Its training losses on the way; of a branch those of its own steps.
    pub curve: &'a [CurvePoint],
    /// The folder of its record, where something may be put while it is measured.
    pub folder: &'a Path,
    /// Is it to stop? What takes seconds asks now and then.
    pub is_stopped: &'a (dyn Fn() -> bool + 'a),
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("trainer", &self.trainer).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Values by name.
pub type Measured = Vec<(String, f64)>;

/// Why there are no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmeasured {
    /// Somebody asked to stop.
    Stopped,
    /// What went wrong, in one line, and what would help.
    Failed(String),
}

/// What a measure gives: most cannot fail.
trait Answer {
    fn answer(self) -> Result<Measured, Unmeasured>;
}

impl Answer for Measured {
    fn answer(self) -> Result<Measured, Unmeasured> {
        Ok(self)
    }
}

impl Answer for Result<Measured, Unmeasured> {
    fn answer(self) -> Self {
        self
    }
}

/// The list from which configs, names and dispatch are made.
macro_rules! measures {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// What is measured beside the loss, by the name of a file here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Measure {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant),*
        }

        impl Measure {
            /// Measures.
            ///
            /// # Errors
            /// If somebody asks to stop, or the system refuses what a measure needs.
            pub fn of(self, subject: &mut Subject) -> Result<Measured, Unmeasured> {
                match self {
                    $(Self::$variant => $module::measure(subject).answer()),*
                }
            }

            /// Why a corpus or a model has nothing that could be measured; none if it has.
            pub fn refused(self, source: &dyn Source, model: &models::Config) -> Option<&'static str> {
                match self {
                    $(Self::$variant => $module::refused(source, model)),*
                }
            }
        }

        /// All measures: the name and what it is.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

measures! {
    Accuracy = accuracy,
    Bank = bank,
    Bits = bits,
    Exits = exits,
    Information = information,
    Loads = loads,
    Movement = movement,
    Scores = scores,
}
