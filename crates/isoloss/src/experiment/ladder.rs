//! The ladder of an experiment: which sizes, how long, how often.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

use super::Around;
use super::horizons::Horizons;

/// The ways to say how long runs are, of which a ladder has one.
pub(super) const HORIZONS: [&str; 4] = ["tokens", "tokens_per_param", "exposures", "flops"];

/// Which sizes, how long, how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Settings of the model, and of corpus and recipe where the key says so (`"corpus.people"`), a list each: the first of
    /// all lists make the first size, and so on.
    pub sizes: BTreeMap<String, Vec<Value>>,
    /// Tokens of every run.
    #[serde(default)]
    pub(super) tokens: Option<Vec<f64>>,
    /// Or tokens per parameter.
    #[serde(default)]
    pub(super) tokens_per_param: Option<Vec<f64>>,
    /// Or passes over the data of the corpus.
    #[serde(default)]
    pub(super) exposures: Option<Vec<f64>>,
    /// Or FLOPs.
    #[serde(default)]
    pub(super) flops: Option<Vec<f64>>,
    /// Of the sizes, those about the best one of each budget in `flops`.
    #[serde(default)]
    pub around: Option<Around>,
    /// Which pairs of size and horizon: a condition over the columns of the run table and the settings in `sizes`.
    #[serde(default, rename = "where")]
    pub only: Option<String>,
    /// Draws seeds; each run has one of its own, which follows from this, its size and its length. Several are replicates.
    #[serde(default = "Ladder::one_seed")]
    pub seeds: Vec<u32>,
    /// Whether the horizons of a size are branches of one trunk per seed: they share seed and steps up to their decays (see
    /// [`isoloss_train::trunk`]), so the grid costs little more than its longest runs, and a trunk is one cluster in the fit.
    /// It needs the schedule `wsd`, and a warm-up and learning rates that do not depend on the horizon. What is held out
    /// shares no trunk: it has to be foretold by runs that know nothing of it.
    #[serde(default)]
    pub branches: bool,
    /// Whether the families of a rung share the batches of each seed, so that what differs between them is less their luck: they
    /// are one cluster in the fit. They have to be as long, which tokens and exposures make them.
    #[serde(default)]
    pub paired: bool,
}

impl Ladder {
    fn one_seed() -> Vec<u32> {
        vec![1]
    }

    /// That of a question that asks for no runs.
    pub(super) fn none() -> Self {
        Self {
            sizes: BTreeMap::new(),
            tokens: None,
            tokens_per_param: None,
            exposures: None,
            flops: None,
            around: None,
            only: None,
            seeds: Vec::new(),
            branches: false,
            paired: false,
        }
    }

    /// The budgets, where runs are as long as these make them.
    pub(super) fn budgets(&self) -> Option<&[f64]> {
        self.flops.as_deref()
    }

    /// The horizons, if they are given in one way.
    pub(super) fn horizons(&self) -> Option<Horizons> {
        let given = [
            self.tokens.clone().map(Horizons::Tokens),
            self.tokens_per_param.clone().map(Horizons::TokensPerParam),
            self.exposures.clone().map(Horizons::Exposures),
            self.flops.clone().map(Horizons::Flops),
        ];
        let mut given = given.into_iter().flatten();
        given.next().filter(|_| given.next().is_none())
    }

    /// Are runs as long as so many passes over the data make them?
    pub fn is_by_passes(&self) -> bool {
        self.exposures.is_some()
    }

    /// What makes no sense, and under which keys.
    pub(super) fn refused(&self) -> Option<(Vec<&'static str>, String)> {
        if self.horizons().is_none() {
            let says = format!("needs one of {} and no other: a list of numbers", HORIZONS.join(", "));
            return Some((vec!["ladder"], says));
        }
        let given = [&self.tokens, &self.tokens_per_param, &self.exposures, &self.flops];
        for (name, horizons) in HORIZONS.into_iter().zip(given) {
            let wrong = horizons.iter().flatten().find(|x| !x.is_finite() || **x <= 0.0);
            if let Some(wrong) = wrong {
                return Some((vec!["ladder", name], format!("{wrong} is not a number above 0")));
            }
        }
        if self.paired && (self.branches || (self.tokens.is_none() && self.exposures.is_none())) {
            let says = "families share batches where their runs are as long and stand by themselves: with tokens or exposures, and without branches";
            return Some((vec!["ladder", "paired"], says.into()));
        }
        let around = self.around.as_ref()?;
        if self.flops.is_none() {
            let says = "is the best size of a budget: it needs flops = [...]";
            return Some((vec!["ladder", "around"], says.into()));
        }
        around.refused().map(|(setting, says)| (vec!["ladder", "around", setting], says))
    }
}
