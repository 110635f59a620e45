//! Many jobs, side by side: each run is trained once, whoever else works on the same store. Runs that share a trunk are one
//! unit of work, done one after the other by one worker.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use isoloss_runs::record::Run;
use isoloss_runs::store::{Store, StoreError};

use crate::job::{Control, Event, Job};
use crate::trunk::{own_flops, starts, units};

/// How often a run that somebody else trains is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Does jobs, `side_by_side` units at a time, the dearest first; gives their records in the order of the jobs. `tell` hears of
/// every event, with the number of its job, from several threads.
///
/// A job whose run is over is only read. One that somebody else trains is left for last and then waited for. When
/// [`Control::stop`] is set, runs under way are kept as they stand, and jobs not begun have no record in the answer.
///
/// # Errors
/// If the store cannot be read or written: no further job is begun, those under way are stopped and kept.
pub fn work(
    jobs: &[Job],
    store: &Store,
    side_by_side: usize,
    control: &Control,
    tell: &(dyn Fn(usize, Event) + Sync),
) -> Result<Vec<Option<Run>>, StoreError> {
    let queue = queue(jobs, store)?;
    let failed = AtomicBool::new(false);
    let stop: Vec<&AtomicBool> = control.stop.iter().copied().chain([&failed]).collect();
    let control = Control { stop: &stop, ..*control };
    let shared = Shared {
        left: AtomicUsize::new(queue.len()),
        waiting: Mutex::new(queue),
        elsewhere: Mutex::new(BTreeSet::new()),
        done: Mutex::new(vec![None; jobs.len()]),
        error: Mutex::new(None),
        failed: &failed,
    };
    thread::scope(|scope| {
        for _ in 0..side_by_side.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| shared.work(jobs, store, &control, tell));
        }
    });
    if let Some(error) = shared.error.into_inner().unwrap_or_else(|e| e.into_inner()) {
        return Err(error);
    }
    let mut done = shared.done.into_inner().unwrap_or_else(|e| e.into_inner());
    // A run that was asked for twice was trained once.
    for i in 0..jobs.len() {
        if done[i].is_none() {
            done[i] =
                (0..jobs.len()).find(|&j| jobs[j].id == jobs[i].id && done[j].is_some()).and_then(|j| done[j].clone());
        }
    }
    Ok(done)
}

/// The units, those first whose own steps are the dearest.
fn queue(jobs: &[Job], store: &Store) -> Result<VecDeque<Vec<usize>>, StoreError> {
    let starts = starts(jobs, Some(store))?;
    let cost = |unit: &[usize]| unit.iter().map(|&i| own_flops(&jobs[i], starts[i])).sum::<f64>();
    let mut queue: Vec<(f64, Vec<usize>)> = units(jobs).into_iter().map(|unit| (cost(&unit), unit)).collect();
    queue.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(queue.into_iter().map(|(_, unit)| unit).collect())
}

struct Shared<'a> {
    /// units that have not come to their end
    left: AtomicUsize,
    waiting: Mutex<VecDeque<Vec<usize>>>,
    /// jobs that somebody else was found training
    elsewhere: Mutex<BTreeSet<usize>>,
    done: Mutex<Vec<Option<Run>>>,
    error: Mutex<Option<StoreError>>,
    /// one of us failed: the others come to an end
    failed: &'a AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

impl Shared<'_> {
    fn work(&self, jobs: &[Job], store: &Store, control: &Control, tell: &(dyn Fn(usize, Event) + Sync)) {
        while !control.is_stopped() && self.left.load(Ordering::Relaxed) > 0 {
            let next = lock(&self.waiting).pop_front();
            // Everything that is left is somebody else's, or in the hands of another of us, who may put it back.
            let Some(unit) = next else {
                thread::sleep(LOOK);
                continue;
            };
            if unit.iter().any(|number| lock(&self.elsewhere).contains(number)) {
                thread::sleep(LOOK);
            }
            match self.unit(&unit, jobs, store, control, tell) {
                Ok(left) if left.is_empty() => {
                    self.left.fetch_sub(1, Ordering::Relaxed);
                }
                // Not begun.
                Ok(_) if control.is_stopped() => {}
                Ok(left) => {
                    for &number in &left {
                        if lock(&self.elsewhere).insert(number) {
                            tell(number, Event::Elsewhere);
                        }
                    }
                    lock(&self.waiting).push_back(left);
                }
                Err(error) => {
                    self.failed.store(true, Ordering::Relaxed);
                    lock(&self.error).get_or_insert(error);
                }
            }
        }
    }

    /// Does what can be done of a unit; gives the jobs that somebody else has, or that were not begun before the end.
    fn unit(
        &self,
        unit: &[usize],
        jobs: &[Job],
        store: &Store,
        control: &Control,
        tell: &(dyn Fn(usize, Event) + Sync),
    ) -> Result<Vec<usize>, StoreError> {
        let ended = |number: usize, run: Run| {
            tell(number, Event::Ended(&run));
            lock(&self.done)[number] = Some(run);
        };
        let mut missing = Vec::new();
        for &number in unit {
            match store.get(&jobs[number].id)?.filter(|run| run.state.name.is_over()) {
                Some(run) => ended(number, run),
                None => missing.push(number),
            }
        }
        let trunk = missing.first().and_then(|&first| jobs[first].trunk.as_ref());
        // Where nobody leaves a state and none is there, the lock would protect nothing.
        let leaves = |&number: &usize| jobs[number].trunk.as_ref().is_some_and(|trunk| trunk.leaves);
        let trunk = match trunk {
            Some(trunk) if missing.iter().any(leaves) || store.trunk_step(&trunk.id)? > 0 => {
                match store.trunk(&trunk.id)? {
                    Some(claim) => Some(claim),
                    None => return Ok(missing),
                }
            }
            _ => None,
        };
        let mut left = Vec::new();
        for number in missing {
            let claim = if control.is_stopped() { None } else { store.claim(&jobs[number].id)? };
            match claim {
                Some(claim) => {
                    ended(number, jobs[number].run(&claim, trunk.as_ref(), control, &|event| tell(number, event))?);
                }
                None => left.push(number),
            }
        }
        Ok(left)
    }
}
