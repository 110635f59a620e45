//! What is made of the runs: a law, or a table in its place.

use std::collections::BTreeMap;

use isoloss_runs::record::{Compute, Convention, Size};
use serde::Deserialize;

/// What is fitted to the runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fit {
    /// A law by its name; by default the one that the columns allow.
    pub law: Option<String>,
    /// Which count of parameters is N.
    pub size: Size,
    /// Which count of compute is C.
    pub compute: Compute,
    /// Which runs are fitted, as --where of `isoloss fit`: all by default. Figures of tables show the others too.
    #[serde(rename = "where")]
    pub only: Option<String>,
    /// Columns from others, as --map of `isoloss fit`: `P = params_stored`, `N = corpus.people`.
    pub map: Vec<String>,
    /// Parameters that are held, as --fix of `isoloss fit`.
    pub fix: BTreeMap<String, f64>,
    /// What the noise of a run is a share of, as --noise of `isoloss fit`: "loss" by default, or "reducible".
    pub noise: Option<String>,
    /// Parameters with one value per family; all of them where none is named.
    pub per: Vec<String>,
    /// One law for all families, which differ in what it reads: loops, streams, experts.
    pub together: bool,
    /// The family that others are compared with.
    pub baseline: Option<String>,
    /// Columns of losses, as `loss` and those of the sets of a mixture: how each falls with C along the lower hull of a family's runs
    /// is said beside the law.
    pub hulls: Vec<String>,
    /// Fits beside: of some of the runs, or of other columns.
    pub beside: Vec<Beside>,
}

/// A table of rungs by families, in the place of a law.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// A column of the run table: `loss`, or one that a measure brings.
    pub value: String,
    /// The family that others are compared with, seed by seed.
    #[serde(default)]
    pub baseline: Option<String>,
}

/// A fit of the same law beside.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Beside {
    /// Of which runs: a condition over the run table; all by default.
    #[serde(rename = "where")]
    pub only: Option<String>,
    /// Columns in the place of others, behind those of [`Fit::map`].
    pub map: Vec<String>,
}

impl Beside {
    /// What it is called: `where D > 98304`, `X = C`.
    pub fn words(&self) -> String {
        let only = self.only.as_ref().map(|condition| format!("where {condition}"));
        self.map.iter().cloned().chain(only).collect::<Vec<_>>().join(", ")
    }
}

impl Fit {
    /// Which counts fill the columns N and C.
    pub fn convention(&self) -> Convention {
        Convention { size: self.size, compute: self.compute }
    }
}
