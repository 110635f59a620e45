//! Many runs: a list of them, a table to fit, a CSV to keep.

mod cells;
mod columns;
mod export;
mod import;
mod sheet;
mod table;

use std::collections::BTreeMap;

pub use export::export;
pub use import::import;
pub use table::is_exported;

use crate::record::{Run, StateName};

/// Runs, to be filtered, grouped, sorted and made a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runs {
    runs: Vec<Run>,
}

impl Runs {
    /// These, in this order.
    pub fn new(runs: Vec<Run>) -> Self {
        Self { runs }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// None.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Run> {
        self.runs.iter()
    }

    /// As a slice.
    pub fn as_slice(&self) -> &[Run] {
        &self.runs
    }

    /// The run of that id.
    pub fn get(&self, id: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// Those for which `keep` holds, in the same order.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Run) -> bool) -> Self {
        self.runs.iter().filter(|run| keep(run)).cloned().collect()
    }

    /// Those that finished: no other enters a fit.
    #[must_use]
    pub fn finished(&self) -> Self {
        self.filter(|run| run.state.name == StateName::Finished)
    }

    /// Those that have the same `key` together, by ascending key; the order within stays.
    pub fn group<K: Ord>(&self, key: impl Fn(&Run) -> K) -> BTreeMap<K, Self> {
        let mut groups = BTreeMap::<K, Self>::new();
        for run in &self.runs {
            groups.entry(key(run)).or_default().runs.push(run.clone());
        }
        groups
    }

    /// By ascending `key`; those with the same one keep their order.
    #[must_use]
    pub fn sorted<K: Ord>(mut self, key: impl FnMut(&Run) -> K) -> Self {
        self.runs.sort_by_cached_key(key);
        self
    }
}

impl FromIterator<Run> for Runs {
    fn from_iter<I: IntoIterator<Item = Run>>(runs: I) -> Self {
        Self::new(runs.into_iter().collect())
    }
}

impl IntoIterator for Runs {
    type Item = Run;
    type IntoIter = std::vec::IntoIter<Run>;

    fn into_iter(self) -> Self::IntoIter {
        self.runs.into_iter()
    }
}

impl<'a> IntoIterator for &'a Runs {
    type Item = &'a Run;
    type IntoIter = std::slice::Iter<'a, Run>;

    fn into_iter(self) -> Self::IntoIter {
        self.runs.iter()
    }
}
