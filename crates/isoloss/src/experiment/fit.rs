//! What is made of the runs: a law, or a table in its place.

use std::collections::BTreeMap;

use isoloss_runs::record::{Compute, Convention, Size};
use serde::{Deserialize, Deserializer};

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
    /// Parameters with one value per family; all of them where none is named. A name, or a list of names.
    #[serde(deserialize_with = "one_or_several")]
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
    /// Columns of the run table, a table each: `loss`, or ones that measures bring. A name, or a list of names.
    #[serde(rename = "value", deserialize_with = "one_or_several")]
    pub values: Vec<String>,
    /// The family that others are compared with: seed by seed where the ladder is paired, and by size where one is named.
    #[serde(default)]
    pub baseline: Option<String>,
    /// The column of sizes in which the scores of other families are read off the line of the baseline.
    #[serde(default)]
    pub size: Option<String>,
}

impl Shown {
    /// What of it cannot be: the key, and why.
    pub(super) fn refused(&self) -> Option<(&'static str, String)> {
        if self.values.is_empty() {
            return Some(("value", "is empty: a table shows a column of the runs".into()));
        }
        let twice = self.values.iter().enumerate().find(|(at, value)| self.values[..*at].contains(value));
        if let Some((_, twice)) = twice {
            return Some(("value", format!("names {twice} twice")));
        }
        let lacks = self.size.is_some() && self.baseline.is_none();
        lacks.then(|| ("size", "is read off the line of a family: name it by `baseline`".into()))
    }
}

fn one_or_several<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name, or a list of names")]
    enum Given {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Given::deserialize(given)? {
        Given::One(value) => vec![value],
        Given::Several(values) => values,
    })
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
