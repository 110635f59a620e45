//! A program that is killed while it writes, fifty times: every record is whole, and the run can be gone on with.

#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use common::{finished, planned};
use isoloss_runs::record::StateName;
use isoloss_runs::store::{CurvePoint, Store};

const FOLDER: &str = "ISOLOSS_TEST_STORE_TO_WRITE";
const KILLS: u64 = 50;

/// Of a size and content that the step alone gives, so that the parent knows what is whole.
fn weights(step: u64) -> Vec<u8> {
    let length = 1000 + (step * 7919 % 200_000) as usize;
    (0..length as u64).map(|i| (i.wrapping_mul(step + 1) >> 3) as u8).collect()
}

/// The program that is killed: it goes on from its checkpoint, and says each step when it is on the disk.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn writes_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let store = Store::open(folder).unwrap();
    let claim = store.claim(&planned(1).id).unwrap().expect("the kernel frees the lock of the dead");
    let loaded = claim.load_checkpoint().unwrap();
    let mut step = loaded.checkpoint.map_or(0, |checkpoint| checkpoint.step);
    claim.cut_curve(step).unwrap();
    let mut curve = claim.curve().unwrap();
    let mut run = claim.run().unwrap().unwrap_or_else(|| planned(1));
    run.state.name = StateName::Running;
    (run.state.reason, run.state.step) = (None, step);
    claim.write(&run).unwrap();
    loop {
        step += 1;
        let (tokens, loss) = (step * 4096, 4.0 / step as f64);
        curve.push(&CurvePoint { step, tokens, loss, grad_norm: 1.0, lr: 0.1, ..Default::default() }).unwrap();
        claim.save_checkpoint(step, &weights(step)).unwrap();
        run.state.step = step;
        claim.write(&run).unwrap();
        println!("\nstep {step}");
    }
}

fn writer(store: &Store) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", "writes_until_it_is_killed"]).env(FOLDER, store.folder());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_claim_excludes_other_programs() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs")).unwrap();
    let id = planned(1).id;
    let mut child = writer(&store);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().starts_with("step ")).expect("it writes").unwrap();
    let (claimed, locked, run) = (store.claim(&id).unwrap(), store.is_locked(&id).unwrap(), store.get(&id).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(claimed.is_none() && locked);
    assert_eq!(run.unwrap().state.name, StateName::Running);
    assert!(store.claim(&id).unwrap().is_some());
    assert_eq!(store.get(&id).unwrap().unwrap().state.name, StateName::Interrupted);
}

#[test]
fn a_kill_at_any_instant_leaves_everything_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs")).unwrap();
    let id = planned(1).id;
    let names = |ending: &str| {
        let files = fs::read_dir(store.folder().join(&id)).unwrap().map(|e| e.unwrap().file_name());
        files.filter(|name| name.to_string_lossy().ends_with(ending)).count()
    };
    // The newest checkpoint that the parent knows of: what was found after the last kill, or said since then.
    let (mut known, mut random, mut half_written) = (0, 1_u64, 0);
    for kill in 0..KILLS {
        let mut child = writer(&store);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let steps =
            thread::spawn(move || lines.filter_map(|l| l.ok()?.strip_prefix("step ")?.parse::<u64>().ok()).last());
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_micros((random >> 33) % 120_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = steps.join().unwrap();
        known = said.unwrap_or(known);

        assert!(!store.is_locked(&id).unwrap(), "kill {kill}");
        let listing = store.runs().unwrap();
        assert!(listing.problems.is_empty(), "kill {kill}: {}", listing.problems[0]);
        let Some(run) = listing.runs.get(&id) else {
            assert_eq!(known, 0, "kill {kill}: the record is lost");
            continue;
        };
        assert_eq!(run.state.name, StateName::Interrupted);
        half_written += names(".tmp");
        let claim = store.claim(&id).unwrap().expect("the kernel frees the lock of the dead");
        assert_eq!(names(".tmp"), 0);
        let loaded = claim.load_checkpoint().unwrap();
        assert_eq!(loaded.skipped, []);
        let Some(checkpoint) = loaded.checkpoint else {
            assert_eq!((known, run.state.step), (0, 0), "kill {kill}: the checkpoints are lost");
            continue;
        };
        let step = checkpoint.step;
        assert!((known..=known + 1).contains(&step), "kill {kill}: checkpoint {step} after {known}");
        // The record is written after the checkpoint, and before the step is said.
        assert!((step.saturating_sub(1)..=step).contains(&run.state.step), "kill {kill}: record {}", run.state.step);
        assert!(run.state.step >= said.unwrap_or(0), "kill {kill}: record {}", run.state.step);
        assert!(checkpoint.bytes == weights(step), "kill {kill}");
        let curve = store.curve(&id).unwrap();
        assert!(curve.len() as u64 >= step && curve.iter().zip(1..).all(|(point, step)| point.step == step));
        known = step;
    }
    assert!(known > KILLS, "the program hardly came to write: {known} steps");
    // And it can end like any other.
    let claim = store.claim(&id).unwrap().unwrap();
    claim.write(&finished(1)).unwrap();
    claim.save_checkpoint(known + 1, &weights(known + 1)).unwrap();
    assert_eq!(names(".safetensors"), 2);
    claim.drop_checkpoints().unwrap();
    drop(claim);
    assert_eq!(store.get(&id).unwrap(), Some(finished(1)));
    println!("{known} steps, {half_written} files found half written");
}
