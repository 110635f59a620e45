//! Trunks: the steps that runs of several lengths share, bit for bit.
//!
//! Under `wsd` (Hu et al. 2024, arXiv 2404.06395, section 4) the learning rate does not know how long the run will be until
//! its decay begins. So runs whose configs differ in `steps` and `decay` alone are one run up to the first of their branch
//! points, `steps - decay`, and a run that begins with the state which a shorter one left at its branch point is the straight
//! run: the same config, the same id, the same bits, only cheaper (Hägele et al. 2024, arXiv 2405.18392, section 4).
//!
//! ```text
//! 0 ---------- b1 ------------ b2 --------------------- b3      the trunk
//!               \               \                        \
//!                s1              s2                        s3    decays
//! ```
//!
//! The run of s1 steps takes them all, that of s2 those after b1, that of s3 those after b2.

use std::collections::{BTreeMap, BTreeSet};

use isoloss_engine::NUMERICS;
use isoloss_runs::record::identity;
use isoloss_runs::store::{Store, StoreError};
use serde_json::Value;

use crate::job::Job;
use crate::schedules::Schedule;
use crate::{RunConfig, counts};

/// Where a run stands on its trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// The same for all runs that share it: the hash of the config without `steps` and `decay`, the hash of the data, and
    /// `NUMERICS`.
    pub id: String,
    /// Steps before its decay: the most that others can take for it, and it for others.
    pub branch: u64,
    /// Does another run go on from there? Then the state is left for it.
    pub leaves: bool,
}

impl RunConfig {
    /// Its trunk on data of that hash; none if the schedule knows from the beginning how long the run will be. No other run
    /// is known yet that would go on from it.
    pub fn trunk(&self, data_hash: &str) -> Option<Trunk> {
        let Schedule::Wsd(schedule) = self.training.schedule else { return None };
        let branch = self.training.steps.saturating_sub(schedule.decay);
        Some(Trunk { id: identity(&self.of_any_length(), data_hash, NUMERICS), branch, leaves: false })
    }

    /// The config as the record has it, without what runs on one trunk differ in.
    pub fn of_any_length(&self) -> Value {
        let mut value = self.to_value();
        for (path, key) in [("/training", "steps"), ("/training/schedule", "decay")] {
            value.pointer_mut(path).and_then(Value::as_object_mut).and_then(|table| table.remove(key));
        }
        value
    }
}

/// Has jobs share their trunks: each with one gets it, and is told whether another goes further.
pub fn share<'a>(jobs: impl IntoIterator<Item = &'a mut Job>) {
    let mut jobs: Vec<&mut Job> = jobs.into_iter().collect();
    for job in &mut jobs {
        job.trunk = job.config.trunk(&job.source.data().hash);
    }
    let mut of_trunk: BTreeMap<String, Vec<&mut Job>> = BTreeMap::new();
    for job in jobs {
        if let Some(trunk) = &job.trunk {
            of_trunk.entry(trunk.id.clone()).or_default().push(job);
        }
    }
    for mut branches in of_trunk.into_values() {
        branches.sort_by_key(|job| place(job));
        for i in 0..branches.len() {
            let goes_on = branches[i + 1..].iter().any(|later| later.id != branches[i].id);
            if let Some(trunk) = &mut branches[i].trunk {
                // At the very beginning there is nothing to leave.
                trunk.leaves = goes_on && trunk.branch > 0;
            }
        }
    }
}

/// Where in the order of its trunk a job comes: what branches off first leaves the state for those that go further.
fn place(job: &Job) -> (u64, u64) {
    (job.trunk.as_ref().map_or(0, |trunk| trunk.branch), job.config.training.steps)
}

/// The numbers of jobs that one worker does in this order: those on one trunk, or one on none. Every run is there once.
pub fn units(jobs: &[Job]) -> Vec<Vec<usize>> {
    let mut seen = BTreeSet::new();
    let mut of_trunk: BTreeMap<&str, usize> = BTreeMap::new();
    let mut units: Vec<Vec<usize>> = Vec::new();
    for (number, job) in jobs.iter().enumerate().filter(|(_, job)| seen.insert(&job.id)) {
        let at = match &job.trunk {
            Some(trunk) => *of_trunk.entry(&trunk.id).or_insert(units.len()),
            None => units.len(),
        };
        match units.get_mut(at) {
            Some(unit) => unit.push(number),
            None => units.push(vec![number]),
        }
    }
    units.iter_mut().for_each(|unit| unit.sort_by_key(|&number| place(&jobs[number])));
    units
}

/// For each job the steps that others take for it, if the jobs are done in the order of their units: from nothing, or from
/// the states that a store has.
///
/// # Errors
/// If the store cannot be read.
pub fn starts(jobs: &[Job], store: Option<&Store>) -> Result<Vec<u64>, StoreError> {
    let mut starts = vec![0; jobs.len()];
    for unit in units(jobs) {
        let mut state = match (store, &jobs[unit[0]].trunk) {
            (Some(store), Some(trunk)) => store.trunk_step(&trunk.id)?,
            _ => 0,
        };
        for number in unit {
            let Some(trunk) = &jobs[number].trunk else { continue };
            starts[number] = if state <= trunk.branch { state } else { 0 };
            if trunk.leaves {
                state = state.max(trunk.branch);
            }
        }
    }
    Ok(starts)
}

/// FLOPs of a job's own steps, those after its start: counted as in [`counts`].
pub fn own_flops(job: &Job, start: u64) -> f64 {
    let steps = job.config.training.steps;
    counts(&job.config).flops_counted * (steps - start.min(steps)) as f64 / steps.max(1) as f64
}
