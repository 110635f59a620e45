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

use std::path::Path;

use isoloss_runs::store::CurvePoint;
use serde::{Deserialize, Serialize};

use crate::Trainer;
use crate::corpora::{HeldOut, Source};
use crate::models;

/// What is measured: a model that was trained, what it was trained on, and what it is evaluated on.
#[derive(Debug)]
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
}

/// Values by name.
pub type Measured = Vec<(String, f64)>;

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
            pub fn of(self, subject: &mut Subject) -> Measured {
                match self {
                    $(Self::$variant => $module::measure(subject)),*
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
