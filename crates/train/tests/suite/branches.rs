//! A branch is the straight run: the same bits, whatever was trained before it and however it was interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{Rule, config, tiny};
use isoloss_runs::record::{Labels, Run, StateName};
use isoloss_runs::store::Store;
use isoloss_train::config::Rule as Move;
use isoloss_train::corpora::Source;
use isoloss_train::job::{Control, Event, Job};
use isoloss_train::schedules::{Schedule, wsd};
use isoloss_train::trunk::{share, starts, units};
use isoloss_train::{RunConfig, Trainer, work};
use tempfile::TempDir;

/// Horizons and their decays; two of them branch off at one point, and one is all trunk.
const LENGTHS: [(u64, u64); 5] = [(12, 4), (20, 6), (22, 8), (30, 9), (32, 0)];
/// The points at which they branch off: 8, 14, 14, 21, 32. So 8 + 4, 6 + 6, 8, 7 + 9 and 11 steps are taken.
const OWN: [u64; 5] = [12, 12, 8, 16, 11];

fn branch(steps: u64, decay: u64, muon: bool) -> RunConfig {
    let mut config = config(tiny(31), steps, 4, 16, 5e-3, 0.1);
    config.training.schedule = Schedule::Wsd(wsd::Schedule { warmup: 3, decay, floor: 0.0, shape: wsd::Shape::Linear });
    if muon {
        config.training.groups.hidden.rule = Move::Muon;
        config.training.momentum = Some(0.95);
    }
    config
}

fn source() -> Arc<dyn Source> {
    Arc::new(Rule { vocab: 31 })
}

fn jobs(order: &[usize], muon: bool) -> Vec<Job> {
    let held_out = Arc::new(source().held_out(4, 16).unwrap());
    let job = |&i: &usize| {
        let (steps, decay) = LENGTHS[i];
        Job::new(branch(steps, decay, muon), source(), held_out.clone(), Labels::default())
    };
    order.iter().map(job).collect()
}

fn branches(order: &[usize], muon: bool) -> Vec<Job> {
    let mut jobs = jobs(order, muon);
    share(&mut jobs);
    jobs
}

struct Lab {
    _folder: TempDir,
    store: Store,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs")).unwrap();
        Self { _folder: folder, store }
    }

    /// Does the jobs until `stop` says so of a job and a step taken; their records, and what was noted.
    fn work(
        &self,
        jobs: &[Job],
        threads: usize,
        stop: impl Fn(usize, u64) -> bool + Sync,
    ) -> (Vec<Option<Run>>, String) {
        let (stopped, notes) = (AtomicBool::new(false), Mutex::new(String::new()));
        let control =
            Control { threads, checkpoint_every: Duration::from_secs(3600), stop: &[&stopped], program: "test" };
        let tell = |job: usize, event: Event| match event {
            Event::Stepped(progress) if stop(job, progress.step + 1) => stopped.store(true, Ordering::Relaxed),
            Event::Note(text) => *notes.lock().unwrap() += text,
            _ => {}
        };
        let runs = work(jobs, &self.store, 2, &control, &tell).unwrap();
        (runs, notes.into_inner().unwrap())
    }

    fn all(&self, jobs: &[Job], threads: usize) -> Vec<Run> {
        self.work(jobs, threads, |_, _| false).0.into_iter().map(Option::unwrap).collect()
    }

    /// The file of the trunk's state.
    fn state(&self, jobs: &[Job]) -> Option<PathBuf> {
        let folder = self.store.folder().join("trunks").join(&jobs[0].trunk.as_ref().unwrap().id);
        let mut files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        files.find(|path| path.extension().is_some_and(|e| e == "safetensors"))
    }
}

/// What came out, to the bit, by id.
fn outcomes(runs: &[Run]) -> BTreeMap<String, String> {
    let result = |run: &Run| serde_json::to_string(run.result.as_ref().expect("it finished")).unwrap();
    runs.iter().map(|run| (run.id.clone(), result(run))).collect()
}

fn own_steps(runs: &[Run]) -> Vec<u64> {
    runs.iter().map(|run| run.cost.steps.expect("of a branch")).collect()
}

/// Every run by itself, as it would be without trunks.
fn straight(muon: bool) -> BTreeMap<String, String> {
    let runs = Lab::new().all(&jobs(&[0, 1, 2, 3, 4], muon), 1);
    assert!(runs.iter().all(|run| run.trunk.is_none() && run.cost.steps.is_none()));
    outcomes(&runs)
}

#[test]
fn weights_and_averages_are_those_of_the_straight_run() {
    for muon in [false, true] {
        for threads in [1, 2] {
            let mut state: Option<Vec<u8>> = None;
            for (steps, decay) in LENGTHS {
                let config = branch(steps, decay, muon);
                let mut whole = Trainer::<f32>::new(&config, source(), 1);
                let want: Vec<_> = (0..steps).map(|_| whole.advance().unwrap()).collect();
                let mut part = Trainer::<f32>::new(&config, source(), threads);
                if let Some(bytes) = &state {
                    part.restore("trunk", bytes).unwrap();
                }
                let from = part.done();
                let mut seen = Vec::new();
                while !part.is_over() {
                    if part.done() == steps - decay {
                        state = Some(part.checkpoint("trunk").unwrap());
                    }
                    seen.push(part.advance().unwrap());
                }
                assert!(seen == want[from as usize..], "{steps} steps from {from}");
                // Weights, both averages, steps done, spikes; the means since the last point of a curve are taken first.
                let (a, b) = (whole.take_mean(), part.take_mean());
                assert!(a.is_finite() && b.is_finite());
                assert!(whole.checkpoint("x").unwrap() == part.checkpoint("x").unwrap(), "{steps} steps from {from}");
            }
        }
    }
}

#[test]
fn branches_are_straight_runs_in_any_order_and_cost_their_own_steps() {
    for muon in [false, true] {
        let want = straight(muon);
        for (order, threads) in [([0, 1, 2, 3, 4], 1), ([4, 3, 2, 1, 0], 2), ([2, 0, 4, 1, 3], 2)] {
            let lab = Lab::new();
            let jobs = branches(&order, muon);
            assert_eq!(units(&jobs).len(), 1);
            let runs = lab.all(&jobs, threads);
            assert_eq!(outcomes(&runs), want);
            assert!(runs.iter().all(|run| run.trunk == jobs[0].trunk.as_ref().map(|t| t.id.clone())));
            let foreseen: Vec<u64> =
                starts(&jobs, None).unwrap().iter().zip(&jobs).map(|(s, j)| j.config.training.steps - s).collect();
            assert_eq!(own_steps(&runs), order.map(|i| OWN[i]));
            assert_eq!(own_steps(&runs), foreseen);
            for run in &runs {
                // The counts stay those of the straight run, and the curve begins where the branch does.
                let steps = run.config["training"]["steps"].as_u64().unwrap();
                assert_eq!(run.counts.tokens, steps * 4 * 16);
                let curve = lab.store.curve(&run.id).unwrap();
                assert_eq!(curve.len() as u64, run.cost.steps.unwrap());
                assert_eq!(curve.last().unwrap().step, steps);
            }
            let newest = lab.state(&jobs).expect("a state").to_string_lossy().into_owned();
            assert!(newest.contains("checkpoint-21-"), "the longest leaves none: {newest}");
            assert!(lab.store.check().unwrap().is_empty(), "{:?}", lab.store.check().unwrap());
        }
    }
}

/// In the trunk, right before and at a branch point, right after it, in a decay, at the last step.
#[test]
fn interrupted_anywhere_they_go_on_to_the_same_bits() {
    let want = straight(false);
    let jobs = branches(&[0, 1, 2, 3, 4], false);
    for (job, step) in [(0, 1), (0, 7), (0, 8), (0, 9), (0, 12), (1, 10), (1, 14), (1, 19), (2, 15), (3, 21), (4, 31)] {
        let lab = Lab::new();
        let (first, _) = lab.work(&jobs, 1, |j, s| (j, s) == (job, step));
        assert_eq!(first.iter().flatten().count(), job + 1, "later ones were not begun");
        let runs = lab.all(&jobs, 2);
        assert_eq!(outcomes(&runs), want, "stopped after step {step} of job {job}");
        assert_eq!(own_steps(&runs), OWN, "stopped after step {step} of job {job}");
        assert!(runs.iter().all(|run| lab.store.curve(&run.id).unwrap().len() as u64 == run.cost.steps.unwrap()));
    }
    // At every step of every run, one after the other.
    let lab = Lab::new();
    while lab.work(&jobs, 1, |_, _| true).0.iter().flatten().filter(|run| run.state.name.is_over()).count() < 5 {}
    let runs = lab.all(&jobs, 1);
    assert_eq!((outcomes(&runs), own_steps(&runs)), (want, OWN.to_vec()));
}

#[test]
fn a_state_that_is_damaged_foreign_or_gone_is_done_without() {
    let want = straight(false);
    let jobs = branches(&[0, 1, 2, 3, 4], false);
    type Spoil = fn(&PathBuf);
    let cases: [(Spoil, &str, u64); 4] = [
        (|_| {}, "", 16),
        (|path| fs::remove_file(path).unwrap(), "", 30),
        (|path| fs::write(path, &fs::read(path).unwrap()[..100]).unwrap(), "checksum does not hold", 30),
        // Whole, and of another trunk.
        (
            |path| {
                let other = Lab::new();
                let jobs = branches(&[0, 1, 2, 3, 4], true);
                other.all(&jobs, 1);
                let foreign = other.state(&jobs).unwrap();
                let hash = foreign.to_string_lossy().rsplit_once('-').unwrap().1.to_owned();
                fs::copy(&foreign, path.with_file_name(format!("checkpoint-14-{hash}"))).unwrap();
                fs::remove_file(path).unwrap();
            },
            "is of the run",
            30,
        ),
    ];
    for (spoil, says, own) in cases {
        let lab = Lab::new();
        lab.work(&jobs, 1, |job, step| (job, step) == (2, 22));
        spoil(&lab.state(&jobs).expect("a state"));
        let (runs, notes) = lab.work(&jobs, 1, |_, _| false);
        let runs: Vec<Run> = runs.into_iter().map(Option::unwrap).collect();
        assert!(notes.contains(says) && notes.is_empty() == says.is_empty(), "{says}: {notes}");
        assert_eq!(outcomes(&runs), want, "{says}");
        assert_eq!(own_steps(&runs)[3], own, "{says}");
    }
}

#[test]
fn a_trunk_is_the_config_without_its_length() {
    let base = branch(20, 6, false);
    let id = |config: &RunConfig, data: &str| config.trunk(data).map(|trunk| (trunk.id, trunk.branch));
    let (of_base, at) = id(&base, "data").unwrap();
    assert_eq!((at, base.trunk("data").unwrap().leaves), (14, false));
    assert_eq!(id(&branch(30, 9, false), "data"), Some((of_base.clone(), 21)));
    assert_ne!(of_base, base.id("data"));
    let mut others = vec![branch(20, 6, true)];
    let changes: [fn(&mut RunConfig); 4] = [
        |c| c.seed = 2,
        |c| c.training.lr = 4e-3,
        |c| c.evaluation.windows = 5,
        |c| {
            c.training.schedule =
                Schedule::Wsd(wsd::Schedule { warmup: 4, decay: 6, floor: 0.0, shape: wsd::Shape::Linear })
        },
    ];
    others.extend(changes.map(|change| {
        let mut other = base.clone();
        change(&mut other);
        other
    }));
    assert!(others.iter().all(|other| id(other, "data").unwrap().0 != of_base));
    assert_ne!(id(&base, "other data").unwrap().0, of_base);
    let mut constant = base;
    constant.training.schedule = Schedule::Constant(isoloss_train::schedules::constant::Schedule { warmup: 3 });
    assert_eq!(constant.trunk("data"), None);
}

/// What diverges on the trunk diverges in every run along it, and leaves nothing.
#[test]
fn a_trunk_that_diverges_leaves_no_state() {
    let mut jobs = jobs(&[0, 1, 2, 3, 4], false);
    for job in &mut jobs {
        job.config.training.lr = 1e30;
        job.config.training.clip = None;
        *job = Job::new(job.config.clone(), job.source.clone(), job.held_out.clone(), Labels::default());
    }
    let alone = Lab::new().all(&jobs, 1);
    share(&mut jobs);
    let lab = Lab::new();
    let runs = lab.all(&jobs, 1);
    for (run, alone) in runs.iter().zip(&alone) {
        assert_eq!(run.state.name, StateName::Diverged);
        assert_eq!(run.state, alone.state);
    }
    assert_eq!(lab.state(&jobs), None);
}
