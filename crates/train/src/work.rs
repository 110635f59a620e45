//! Many jobs, side by side: each run is trained once, whoever else works on the same store.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use isoloss_runs::record::Run;
use isoloss_runs::store::{Store, StoreError};

use crate::counts;
use crate::job::{Control, Event, Job};

/// How often a run that somebody else trains is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Does jobs, `side_by_side` at a time, the dearest first; gives their records in the order of the jobs. `tell` hears of
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
    let queue = queue(jobs);
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

/// The numbers of the jobs, the dearest first, each run once.
fn queue(jobs: &[Job]) -> VecDeque<usize> {
    let mut seen = BTreeSet::new();
    let mut order: Vec<usize> = (0..jobs.len()).filter(|&i| seen.insert(&jobs[i].id)).collect();
    let cost: Vec<f64> = jobs.iter().map(|job| counts(&job.config).flops_counted).collect();
    order.sort_by(|&a, &b| cost[b].total_cmp(&cost[a]));
    order.into()
}

struct Shared<'a> {
    /// jobs that have not come to their end
    left: AtomicUsize,
    waiting: Mutex<VecDeque<usize>>,
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
            let Some(number) = next else {
                thread::sleep(LOOK);
                continue;
            };
            if lock(&self.elsewhere).contains(&number) {
                thread::sleep(LOOK);
            }
            match self.one(number, &jobs[number], store, control, tell) {
                Ok(true) => {
                    self.left.fetch_sub(1, Ordering::Relaxed);
                }
                Ok(false) => {
                    if lock(&self.elsewhere).insert(number) {
                        tell(number, Event::Elsewhere);
                    }
                    lock(&self.waiting).push_back(number);
                }
                Err(error) => {
                    self.failed.store(true, Ordering::Relaxed);
                    lock(&self.error).get_or_insert(error);
                }
            }
        }
    }

    /// Is it done, now or before? If not, somebody else has it.
    fn one(
        &self,
        number: usize,
        job: &Job,
        store: &Store,
        control: &Control,
        tell: &(dyn Fn(usize, Event) + Sync),
    ) -> Result<bool, StoreError> {
        let before = store.get(&job.id)?.filter(|run| run.state.name.is_over());
        let run = match before {
            Some(run) => run,
            None => match store.claim(&job.id)? {
                Some(claim) => job.run(&claim, control, &|event| tell(number, event))?,
                None => return Ok(false),
            },
        };
        tell(number, Event::Ended(&run));
        lock(&self.done)[number] = Some(run);
        Ok(true)
    }
}
