//! The folder of runs: what is written is read, whatever somebody else does to it.

mod common;

use std::fs::{self, OpenOptions};
use std::io::Write;

use common::{finished, planned};
use isoloss_runs::Runs;
use isoloss_runs::record::{Run, StateName};
use isoloss_runs::store::{Claim, CurvePoint, Store, StoreError};
use serde_json::{Value, json};
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs")).unwrap();
    (folder, store)
}

fn claim(store: &Store, id: &str) -> Claim {
    store.claim(id).unwrap().expect("nobody holds it")
}

fn write(store: &Store, run: &Run) {
    claim(store, &run.id).write(run).unwrap();
}

fn point(step: u64) -> CurvePoint {
    CurvePoint {
        step,
        tokens: step * 4096,
        loss: 4.0 - step as f64 / 100.0,
        grad_norm: 1.0,
        lr: 0.01,
        ..Default::default()
    }
}

fn said(problems: &[StoreError]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

#[test]
fn a_run_is_one_folder_and_six_waits_for_the_disk() {
    let (_folder, store) = store();
    let before = store.disk_waits();
    let mut run = finished(1);
    let claim = claim(&store, &run.id);
    assert_eq!(claim.run().unwrap(), None);
    let whole = run.clone();
    (run.state.name, run.result, run.finished) = (StateName::Running, None, None);
    claim.write(&run).unwrap();
    let mut curve = claim.curve().unwrap();
    (10..=190).step_by(10).chain([192]).for_each(|step| curve.push(&point(step)).unwrap());
    curve.sync().unwrap();
    claim.write(&whole).unwrap();
    assert!(store.disk_waits() - before <= 6, "{}", store.disk_waits() - before);
    drop((curve, claim));
    assert_eq!(store.get(&whole.id).unwrap(), Some(whole.clone()));
    assert_eq!(store.curve(&whole.id).unwrap().len(), 20);
    assert_eq!(store.runs().unwrap().runs, Runs::new(vec![whole.clone()]));
    assert_eq!(said(&store.check().unwrap()), "");
    let mut files: Vec<_> =
        fs::read_dir(store.folder().join(&whole.id)).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["curve.jsonl", "lock", "run.json"]);
}

#[test]
fn a_claim_excludes_threads_and_is_freed() {
    let (_folder, store) = store();
    let id = planned(1).id;
    assert!(!store.is_locked(&id).unwrap());
    let first = claim(&store, &id);
    assert!(store.claim(&id).unwrap().is_none(), "in one thread");
    let other = std::thread::scope(|s| s.spawn(|| store.claim(&id).unwrap().is_some()).join().unwrap());
    assert!(!other, "in another thread");
    assert!(Store::open(store.folder()).unwrap().claim(&id).unwrap().is_none(), "in another store on the folder");
    assert!(store.is_locked(&id).unwrap());
    let curve = first.curve().unwrap();
    drop(first);
    assert!(store.is_locked(&id).unwrap(), "a curve that can be written to keeps the claim");
    drop(curve);
    assert!(!store.is_locked(&id).unwrap());
    // Of many who want it at once, one gets it; those who only ask do not take it away.
    let won = std::thread::scope(|scope| {
        let ask = || {
            (0..200).for_each(|_| {
                store.is_locked(&id).unwrap();
            })
        };
        scope.spawn(ask);
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| store.claim(&id).unwrap())).collect();
        all.into_iter().filter_map(|t| t.join().unwrap()).collect::<Vec<_>>().len()
    });
    assert_eq!(won, 1);
}

#[test]
fn a_run_that_nobody_trains_is_not_running() {
    let (_folder, store) = store();
    let mut run = planned(1);
    (run.state.name, run.state.step) = (StateName::Running, 20);
    let held = claim(&store, &run.id);
    held.write(&run).unwrap();
    assert_eq!(store.get(&run.id).unwrap().unwrap().state.name, StateName::Running);
    drop(held);
    let state = store.get(&run.id).unwrap().unwrap().state;
    assert_eq!((state.name, state.step), (StateName::Interrupted, 20));
    assert_eq!(state.reason.as_deref(), Some("the program that trained it ended without a word"));
    assert_eq!(store.runs().unwrap().runs.iter().next().unwrap().state, state);
    assert_eq!(claim(&store, &run.id).run().unwrap().unwrap().state, state);
    let check = said(&store.check().unwrap());
    assert!(check.contains("nobody trains it") && check.contains("it starts anew"), "{check}");
    claim(&store, &run.id).save_checkpoint(20, b"state").unwrap();
    let check = said(&store.check().unwrap());
    assert!(check.contains("goes on from its checkpoint") && !check.contains("anew"), "{check}");
}

#[test]
fn keys_of_a_newer_program_are_kept() {
    let (_folder, store) = store();
    let run = finished(1);
    write(&store, &run);
    let path = store.folder().join(&run.id).join("run.json");
    let mut newer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    newer["energy"] = json!({ "joules": 3.5 });
    for part in ["state", "counts", "cost", "data", "result"] {
        newer[part]["unheard_of"] = json!([1, { "two": null }]);
    }
    fs::write(&path, newer.to_string()).unwrap();
    let claim = claim(&store, &run.id);
    let mut read = claim.run().unwrap().unwrap();
    read.labels.family = "another".into();
    claim.write(&read).unwrap();
    newer["family"] = json!("another");
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&path).unwrap()).unwrap(), newer);
    claim.write(&read).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&path).unwrap()).unwrap(), newer);
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let (_folder, store) = store();
    let run = finished(1);
    let claim = claim(&store, &run.id);
    let refuse = |change: &dyn Fn(&mut Run), says: &str| {
        let mut changed = run.clone();
        change(&mut changed);
        let error = claim.write(&changed).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(claim.run().unwrap(), None);
    };
    refuse(&|run| run.result.as_mut().unwrap().loss = f64::NAN, "read back");
    refuse(&|run| run.result.as_mut().unwrap().loss_stderr = Some(f64::INFINITY), "NaN or infinite");
    refuse(&|run| run.cost.wall_s = f64::NEG_INFINITY, "read back");
    refuse(&|run| run.data.entropy = Some(f64::NAN), "NaN or infinite");
    refuse(&|run| run.result = None, "has a result");
    refuse(&|run| run.config["training"]["lr"] = json!(0.5), "give the id");
    refuse(&|run| run.data.hash = "other".into(), "give the id");
    refuse(&|run| *run = finished(2), "the claim is on");
    refuse(&|run| drop(run.other.insert("id".into(), json!("twice"))), "read back");
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    refuse(&|run| drop(run.other.insert("deep".into(), deep.clone())), "recursion limit");
    claim.write(&run).unwrap();
}

#[test]
fn labels_are_only_data() {
    let (_folder, store) = store();
    for (number, label) in
        ["../../etc", "a\nb\r\0", "", "🙂\u{202e}", &"x".repeat(4096), "{\"id\":1}"].iter().enumerate()
    {
        let mut run = finished(number as u64);
        (run.labels.family, run.labels.rung, run.labels.question) = ((*label).into(), (*label).into(), (*label).into());
        write(&store, &run);
        assert_eq!(store.get(&run.id).unwrap(), Some(run));
    }
    assert_eq!(store.runs().unwrap().runs.len(), 6);
    assert_eq!(said(&store.check().unwrap()), "");
}

#[test]
fn a_broken_record_hides_no_other() {
    let (_folder, store) = store();
    let runs: Vec<Run> = (0..8).map(finished).collect();
    runs.iter().for_each(|run| write(&store, run));
    let path = |i: usize| store.folder().join(&runs[i].id).join("run.json");
    let whole = fs::read_to_string(path(0)).unwrap();
    fs::write(path(0), &whole[..whole.len() / 2]).unwrap();
    fs::write(path(1), "").unwrap();
    fs::write(path(2), fs::read_to_string(path(2)).unwrap().replace("0.012", "0.013")).unwrap();
    fs::write(path(3), fs::read(path(4)).unwrap()).unwrap();
    fs::write(path(5), fs::read_to_string(path(5)).unwrap().replacen("\"schema\": 1", "\"schema\": 99", 1)).unwrap();
    fs::write(path(6), format!("{{\"config\":{}", "[".repeat(100_000))).unwrap();
    let listing = store.runs().unwrap();
    let found: Vec<&str> = listing.runs.iter().map(|run| run.id.as_str()).collect();
    let mut wanted = [runs[4].id.as_str(), runs[7].id.as_str()];
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(listing.problems.len(), 6);
    let problem = |i: usize| listing.problems.iter().find(|p| p.path == path(i)).unwrap();
    assert_eq!(problem(0).line, Some(whole[..whole.len() / 2].lines().count() as u64));
    assert!(problem(0).column.is_some() && problem(0).hint.is_some());
    assert_eq!((problem(1).line, problem(1).column), (Some(1), Some(1)));
    assert!(problem(2).message.contains("give the id"));
    assert!(problem(3).message.contains("that of another run"));
    assert!(problem(5).message.contains("newer program"));
    assert!(problem(6).message.contains("recursion"));
    assert!(store.get(&runs[0].id).is_err());
    let check = said(&store.check().unwrap());
    (0..7).filter(|i| *i != 4).for_each(|i| assert!(check.contains(&path(i).display().to_string()), "{i}"));
}

#[test]
fn a_torn_curve_is_cut_and_gone_on_with() {
    let (_folder, store) = store();
    let run = planned(1);
    let claim = claim(&store, &run.id);
    let mut curve = claim.curve().unwrap();
    (1..=10).for_each(|step| curve.push(&point(step)).unwrap());
    curve.push(&CurvePoint { loss: f64::NAN, ..point(11) }).unwrap();
    drop(curve);
    let path = claim.folder().join("curve.jsonl");
    assert!(fs::read_to_string(&path).unwrap().contains("\"loss\":null"));
    let tear = |text: &str| OpenOptions::new().append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
    // A whole object without its line's end was torn too.
    tear(serde_json::to_string(&point(12)).unwrap().as_str());
    let points = store.curve(&run.id).unwrap();
    assert_eq!(points.len(), 11);
    assert!(points[10].loss.is_nan() && points[..10] == (1..=10).map(point).collect::<Vec<_>>());
    assert_eq!(claim.cut_curve(8).unwrap(), 4);
    assert_eq!(claim.cut_curve(8).unwrap(), 0);
    tear("{\"step\":9,\"tok");
    claim.curve().unwrap().push(&point(9)).unwrap();
    assert_eq!(store.curve(&run.id).unwrap(), (1..=9).map(point).collect::<Vec<_>>());
    // A line spoiled in the middle is told of by its place, and dropped alone.
    let text = fs::read_to_string(&path).unwrap().replacen("{\"step\":3,", "{\"step\":x,", 1);
    fs::write(&path, text).unwrap();
    let error = store.curve(&run.id).unwrap_err();
    assert_eq!((error.line, error.column), (Some(3), Some(9)));
    assert_eq!(claim.cut_curve(u64::MAX).unwrap(), 1);
    assert_eq!(store.curve(&run.id).unwrap().len(), 8);
    claim.write(&run).unwrap();
    drop(claim);
    assert!(said(&store.check().unwrap()).is_empty());
}

#[test]
fn a_spoiled_checkpoint_is_skipped_for_the_one_before() {
    let (_folder, store) = store();
    let run = planned(1);
    let claim = claim(&store, &run.id);
    claim.write(&run).unwrap();
    assert_eq!(claim.load_checkpoint().unwrap(), Default::default());
    let bytes = |step: u64| vec![step as u8; 1000];
    let names = || {
        let all = fs::read_dir(claim.folder()).unwrap().map(|e| e.unwrap().path());
        let mut all: Vec<_> = all.filter(|p| p.extension().is_some_and(|e| e == "safetensors")).collect();
        all.sort();
        all
    };
    let loaded = || {
        let loaded = claim.load_checkpoint().unwrap();
        (loaded.checkpoint.map(|c| (c.step, c.bytes == bytes(c.step))), loaded.skipped.len())
    };
    for step in [10, 20, 30] {
        claim.save_checkpoint(step, &bytes(step)).unwrap();
        assert_eq!(loaded(), (Some((step, true)), 0));
    }
    assert_eq!(names().len(), 2);
    // One bit, then a torn end, then all of them.
    let newest = names().pop().unwrap();
    let mut flipped = bytes(30);
    flipped[500] ^= 1;
    fs::write(&newest, &flipped).unwrap();
    assert_eq!(loaded(), (Some((20, true)), 1));
    fs::write(&newest, &bytes(30)[..999]).unwrap();
    assert_eq!(loaded(), (Some((20, true)), 1));
    assert!(said(&store.check().unwrap()).contains("torn or changed"));
    // The run goes on from 20: what was to come after it is no longer.
    claim.save_checkpoint(25, &bytes(25)).unwrap();
    assert_eq!((loaded(), names().len()), ((Some((25, true)), 0), 2));
    claim.save_checkpoint(25, &bytes(25)).unwrap();
    assert_eq!((loaded(), names().len()), ((Some((25, true)), 0), 2));
    names().iter().for_each(|path| fs::write(path, "").unwrap());
    assert_eq!(loaded(), (None, 2));
    claim.drop_checkpoints().unwrap();
    assert_eq!((loaded(), names().len()), ((None, 0), 0));
}

#[test]
fn what_a_kill_left_is_removed_by_the_next_claim() {
    let (_folder, store) = store();
    let run = finished(1);
    write(&store, &run);
    let folder = store.folder().join(&run.id);
    fs::write(folder.join("run.json.tmp"), "{").unwrap();
    assert!(said(&store.check().unwrap()).contains("half written"));
    assert_eq!(store.get(&run.id).unwrap(), Some(run.clone()));
    claim(&store, &run.id);
    assert!(!folder.join("run.json.tmp").exists());
}

#[test]
fn a_folder_removed_under_a_claim_is_an_error() {
    let (_folder, store) = store();
    let run = planned(1);
    let first = claim(&store, &run.id);
    let mut curve = first.curve().unwrap();
    fs::remove_dir_all(first.folder()).unwrap();
    assert!(!store.is_locked(&run.id).unwrap());
    let refused = |result: Result<(), StoreError>| assert!(result.unwrap_err().message.contains("removed or replaced"));
    refused(first.write(&run));
    curve.push(&point(1)).unwrap();
    // Another may claim what is not there, and the first one cannot write into its folder.
    let second = claim(&store, &run.id);
    second.write(&run).unwrap();
    refused(first.write(&run));
    refused(first.save_checkpoint(1, b"x"));
    assert_eq!(second.run().unwrap(), Some(run));
}

#[test]
fn check_finds_what_reading_passes_over() {
    let (_folder, store) = store();
    let runs: Vec<Run> = (0..4).map(finished).collect();
    runs.iter().for_each(|run| write(&store, run));
    fs::write(store.folder().join("notes.txt"), "").unwrap();
    fs::write(store.folder().join(".gitignore"), "*").unwrap();
    fs::write(store.folder().join(&runs[0].id).join("weights.pt"), "").unwrap();
    claim(&store, &runs[1].id).save_checkpoint(192, &[0; 5_000_000]).unwrap();
    drop(claim(&store, &planned(9).id));
    let edit = |i: usize, change: &dyn Fn(&mut Value)| {
        let path = store.folder().join(&runs[i].id).join("run.json");
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut record);
        fs::write(&path, record.to_string()).unwrap();
    };
    edit(2, &|record| drop(record.as_object_mut().unwrap().remove("result")));
    edit(3, &|record| {
        record["state"]["name"] = json!("diverged");
        record["counts"]["stored"] = json!(7);
        record["seed"] = json!(1000);
    });
    let mut curve = claim(&store, &runs[3].id).curve().unwrap();
    [10, 20, 30, 90, 100].iter().for_each(|step| curve.push(&point(*step)).unwrap());
    drop(curve);
    let mut curve = claim(&store, &runs[2].id).curve().unwrap();
    [10, 20, 30, 20].iter().for_each(|step| curve.push(&point(*step)).unwrap());
    drop(curve);
    let mut curve = claim(&store, &runs[1].id).curve().unwrap();
    [10, 20, 30].iter().for_each(|step| curve.push(&point(*step)).unwrap());
    drop(curve);
    let problems = store.check().unwrap();
    assert!(problems.iter().all(|p| p.hint.is_some()), "{}", said(&problems));
    for (says, of) in [
        ("not ours", "notes.txt"),
        ("not ours", "weights.pt"),
        ("1 checkpoint of a run that is over, 5.0 MB", &runs[1].id[..]),
        ("it ends at step 30, and the run took 192 steps", &runs[1].id),
        ("a run without a record", &planned(9).id),
        ("says finished and has no result", &runs[2].id),
        ("step 20 stands after step 30", &runs[2].id),
        ("it says diverged and has a result", &runs[3].id),
        ("counts contradict each other", &runs[3].id),
        ("seed 1000 is not", &runs[3].id),
        ("no point between steps 30 and 90", &runs[3].id),
    ] {
        let found = problems.iter().filter(|p| p.message.contains(says) && p.path.to_string_lossy().contains(of));
        assert_eq!(found.count(), 1, "{says} {of}: {}", said(&problems));
    }
    assert_eq!(problems.len(), 11, "{}", said(&problems));
}

/// Wherever it was cut: between points, within one, or at its beginning.
#[test]
fn check_sees_that_the_curve_of_a_finished_run_lost_its_end() {
    let (_folder, store) = store();
    let run = finished(1);
    write(&store, &run);
    let mut curve = claim(&store, &run.id).curve().unwrap();
    [64, 128, 192].iter().for_each(|step| curve.push(&point(*step)).unwrap());
    drop(curve);
    assert_eq!(said(&store.check().unwrap()), "");
    let path = store.folder().join(&run.id).join("curve.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let two = whole.match_indices('\n').nth(1).unwrap().0 + 1;
    for (length, says) in [
        (two, "it ends at step 128, and the run took 192 steps"),
        (whole.len() - 5, "it ends at step 128, in a torn line, and the run took 192 steps"),
        (0, "it is empty, and the run took 192 steps"),
    ] {
        fs::write(&path, &whole[..length]).unwrap();
        let problems = store.check().unwrap();
        assert!(problems.len() == 1 && problems[0].message == says, "{}", said(&problems));
        assert!(problems[0].hint.as_ref().unwrap().contains("the curve alone"));
    }
    // One that was imported has none, also where a shorter one was before.
    assert_eq!(claim(&store, &run.id).cut_curve(0).unwrap(), 0);
    fs::write(&path, &whole).unwrap();
    assert_eq!(claim(&store, &run.id).cut_curve(0).unwrap(), 3);
    assert_eq!((path.exists(), said(&store.check().unwrap())), (false, String::new()));
}

/// Reading would wait for ever for somebody who writes into a pipe.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file_is_not_read() {
    let (_folder, store) = store();
    let runs: Vec<Run> = (0..2).map(finished).collect();
    runs.iter().for_each(|run| write(&store, run));
    let place = |i: usize, name: &str| store.folder().join(&runs[i].id).join(name);
    fs::remove_file(place(0, "run.json")).unwrap();
    for path in [place(0, "run.json"), place(1, "curve.jsonl")] {
        std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    }
    assert_eq!(said(&store.check().unwrap()).matches("it is no regular file").count(), 2);
    assert_eq!((store.runs().unwrap().runs.len(), store.runs().unwrap().problems.len()), (1, 1));
    assert!(store.curve(&runs[1].id).is_err());
}

#[test]
fn a_store_that_cannot_be_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for error in [Store::open(&file).unwrap_err(), Store::open(file.join("runs")).unwrap_err()] {
        assert!(error.message.contains("a file in the place of a folder") && error.hint.is_some(), "{error}");
    }
    assert!(Store::read(&file).unwrap_err().message.contains("a file"));
    assert!(Store::read(folder.path().join("none")).unwrap_err().message.contains("no store"));
    assert!(!folder.path().join("none").exists());
    let reader = Store::read(folder.path()).unwrap();
    assert!(reader.claim(&planned(1).id).unwrap_err().message.contains("opened for reading"));
    assert!(reader.runs().unwrap().runs.is_empty());
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere, and then so may the store.
    let may = fs::write(folder.path().join("probe"), "").is_ok();
    let opened = Store::open(folder.path());
    assert_eq!(opened.is_ok(), may);
    if let Err(error) = opened {
        assert!(error.message.contains("permission denied") && error.hint.is_some(), "{error}");
        assert!(Store::read(folder.path()).is_ok());
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_trunk_keeps_its_newest_state_and_is_no_run() {
    let (_folder, store) = store();
    let id = "0123456789abcdef0123";
    assert_eq!(store.trunk_step(id).unwrap(), 0);
    let trunk = store.trunk(id).unwrap().expect("nobody holds it");
    assert!(store.trunk(id).unwrap().is_none(), "one at a time");
    assert_eq!(trunk.load(u64::MAX).unwrap().checkpoint, None);
    assert!(trunk.save(10, b"ten").unwrap() && trunk.save(30, b"thirty").unwrap());
    assert_eq!(store.trunk_step(id).unwrap(), 30);
    assert!(!trunk.save(20, b"twenty").unwrap(), "an earlier one serves nobody whom the later one does not");
    assert_eq!(trunk.load(u64::MAX).unwrap().checkpoint.unwrap().bytes, b"thirty");
    assert_eq!(trunk.load(29).unwrap().checkpoint, None, "it is of a later step");
    let files = || fs::read_dir(trunk.folder()).unwrap().map(|e| e.unwrap().path());
    assert_eq!(files().count(), 2, "a state and a lock");

    // Reading runs passes over it, and looking for problems does not.
    write(&store, &finished(1));
    assert_eq!((store.runs().unwrap().runs.len(), store.runs().unwrap().problems.len()), (1, 0));
    assert_eq!(said(&store.check().unwrap()), "");
    let state = files().find(|path| path.to_string_lossy().contains("checkpoint-30")).unwrap();
    fs::write(&state, b"spoiled").unwrap();
    fs::write(trunk.folder().join("notes.txt"), b"mine").unwrap();
    fs::write(store.folder().join("trunks/readme"), b"mine").unwrap();
    let problems = said(&store.check().unwrap());
    for word in ["checksum does not hold", "notes.txt: not ours", "readme: not ours"] {
        assert!(problems.contains(word), "{word}: {problems}");
    }
    let loaded = trunk.load(u64::MAX).unwrap();
    assert!(loaded.checkpoint.is_none() && loaded.skipped.len() == 1);
    assert!(trunk.save(20, b"twenty").unwrap(), "a spoiled one protects nothing");
    assert_eq!(files().filter(|path| path.to_string_lossy().contains("checkpoint-")).count(), 1);
    for id in ["", "..", "trunks", "../../../etc/passwd"] {
        assert!(store.trunk(id).is_err() && store.trunk_step(id).is_err(), "{id:?}");
    }
    drop(trunk);
    assert!(store.trunk(id).unwrap().is_some());
    assert!(Store::read(store.folder()).unwrap().trunk(id).unwrap_err().message.contains("for reading"));
}
