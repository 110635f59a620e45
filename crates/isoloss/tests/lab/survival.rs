//! What a ladder of runs survives.

use std::process::Child;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn kills_lose_nothing_and_change_no_bit() {
    killed(LADDER);
}

/// A kill may have steps be taken again, and then they are paid again: never does a branch say that it took fewer than it
/// needs.
#[test]
fn kills_of_branches_lose_nothing_and_change_no_bit() {
    let (straight, killed) = killed(&branches::ladder());
    let own = branches::own_steps(&killed);
    assert!(branches::own_steps(&straight).iter().all(|(id, steps)| own[id] >= *steps), "{own:?}");
}

/// Fifty kills, or as many as `ISOLOSS_KILLS` says: `docs/validation.md` has what 2,000 gave. The ladder that nobody killed,
/// and the last of those that were.
fn killed(ladder: &str) -> (Lab, Lab) {
    let wanted: usize = std::env::var("ISOLOSS_KILLS").map_or(50, |n| n.parse().expect("a number of kills"));
    let straight = Lab::of(ladder);
    let start = Instant::now();
    assert_eq!(straight.run(&["train", "ladder.toml"]).0, 0);
    let whole = start.elapsed();
    straight.is_complete();

    let mut state = 11u64;
    let mut last = None;
    for round in 0..wanted.div_ceil(50) {
        let killed = Lab::of(ladder);
        for kill in 0..(wanted - 50 * round).min(50) {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let mut child = killed.command(&["train", "ladder.toml"]).spawn().unwrap();
            // At any instant of the first quarter, so that progress is slow and kills are many.
            std::thread::sleep(whole.mul_f64(0.25 * ((state >> 33) as f64 / (1u64 << 31) as f64)));
            child.kill().unwrap();
            child.wait().unwrap();
            if kill % 10 == 9 && killed.path("runs").is_dir() {
                let states: Vec<Value> = killed.records().iter().map(|r| r["state"]["name"].clone()).collect();
                assert!(states.iter().all(|s| s == "finished" || s == "interrupted"), "{states:?}");
            }
        }
        assert_eq!(killed.run(&["train", "ladder.toml"]).0, 0);
        killed.is_complete();
        assert_eq!(killed.losses(), straight.losses());
        last = Some(killed);
    }
    (straight, last.expect("kills"))
}

#[test]
fn two_programs_on_one_store_train_each_run_once() {
    two_programs(LADDER);
}

#[test]
fn two_programs_share_trunks_and_train_each_step_once() {
    let both = two_programs(&branches::ladder());
    let alone = Lab::of(&branches::ladder());
    assert_eq!(alone.run(&["train", "ladder.toml"]).0, 0);
    assert_eq!((both.losses(), branches::own_steps(&both)), (alone.losses(), branches::own_steps(&alone)));
}

fn two_programs(ladder: &str) -> Lab {
    let lab = Lab::of(ladder);
    let children: Vec<Child> =
        (0..2).map(|_| lab.command(&["train", "ladder.toml", "--jobs", "1"]).spawn().unwrap()).collect();
    let mut trained = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{stderr}");
        // Both name every run at its end; whoever found one done by the other has not trained it.
        trained += stderr.lines().filter(|line| line.contains("loss ")).count();
    }
    lab.is_complete();
    assert!(trained >= 24, "{trained}");
    let before = lab.losses();
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 0);
    assert!(stderr.contains("all 24 runs are there"), "{stderr}");
    assert_eq!(lab.losses(), before);
    lab
}

#[test]
fn ctrl_c_keeps_everything_and_the_same_command_goes_on() {
    // One long run, so that the signal meets it under way.
    let lab =
        Lab::of(&LADDER.replace("[4, 6, 8, 12, 16, 24]", "[64]").replace("[2048, 4096, 8192, 16384]", "[2000000]"));
    let child = lab.command(&["train", "ladder.toml"]).spawn().unwrap();
    let start = Instant::now();
    let is_running = || lab.path("runs").is_dir() && lab.records().iter().any(|r| r["state"]["name"] == "running");
    while !is_running() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", String::from_utf8_lossy(&output.stderr));
    let record = &lab.records()[0];
    assert_eq!(record["state"]["name"], "interrupted");
    let step = record["state"]["step"].as_u64().unwrap();
    assert!(step > 0, "{record}");
    let checkpoints = || {
        let folder = lab.path("runs").join(record["id"].as_str().unwrap());
        let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("checkpoint-")).collect::<Vec<_>>()
    };
    assert_eq!(checkpoints().len(), 1);

    // A checkpoint that was spoiled is told of, and the run begins again.
    let file = lab.path("runs").join(record["id"].as_str().unwrap()).join(&checkpoints()[0]);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let child = lab.command(&["train", "ladder.toml"]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{stderr}");
    assert!(stderr.contains("checksum does not hold"), "{stderr}");
    assert!(!stderr.contains("resumed at"), "{stderr}");

    // The next sitting says where it goes on.
    let step = lab.records()[0]["state"]["step"].as_u64().unwrap();
    let child = lab.command(&["train", "ladder.toml"]).spawn().unwrap();
    while !is_running() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains(&format!(": resumed at step {step} of 31250")), "{stderr}");
}

#[test]
fn a_diverged_run_is_a_state_with_a_reason_and_never_a_row_with_a_number() {
    let lab = Lab::of(&LADDER.replace("lr = 0.02", "lr = 1e30\nclip = 0"));
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--limit", "3"]);
    assert_eq!(code, 0, "{stderr}");
    let records = lab.records();
    assert_eq!(records.len(), 3);
    for record in &records {
        assert_eq!(record["state"]["name"], "diverged", "{record}");
        assert!(record["state"]["reason"].as_str().unwrap().contains("at step"), "{record}");
        assert!(record.get("result").is_none(), "{record}");
    }
    // Again it would diverge again.
    let (_, _, stderr) = lab.run(&["train", "ladder.toml", "--limit", "3"]);
    assert!(stderr.contains("3 of 24 runs to train"), "three others are begun: {stderr}");
    assert_eq!(lab.records().len(), 6);
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 1, "nothing is left to be fitted");
    assert!(stderr.contains("diverged") && stderr.contains("no run finished"), "{stderr}");
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 1, "all of them diverged: {stderr}");
}

#[test]
fn a_run_that_ends_far_above_a_guess_has_diverged() {
    let lab = Lab::of(&LADDER.replace("lr = 0.02", "lr = 5.0\nschedule = \"constant\""));
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 1, "all of them go astray: {stderr}");
    let guess = 16f64.ln();
    let records = lab.records();
    let astray = |r: &&Value| r["state"]["reason"].as_str().is_some_and(|reason| reason.contains("by guessing"));
    assert!(records.iter().filter(astray).count() > 0, "no run went astray at such a learning rate");
    for record in records.iter().filter(|r| r["state"]["name"] == "finished") {
        assert!(record["result"]["loss"].as_f64().unwrap() < guess + 1.0, "{record}");
    }
}

#[test]
fn what_is_imported_takes_the_place_of_what_was_interrupted() {
    let lab = Lab::new();
    assert_eq!(lab.run(&["run", "ladder.toml"]).0, 0);
    let losses = lab.losses();
    // An interrupted run, with a part of its curve and a checkpoint.
    let id = &losses[0].0;
    let folder = lab.path("runs").join(id);
    let record = fs::read_to_string(folder.join("run.json")).unwrap();
    let mut value: Value = serde_json::from_str(&record).unwrap();
    value["state"] = serde_json::json!({ "name": "interrupted", "step": 7 });
    value.as_object_mut().unwrap().remove("result");
    fs::write(folder.join("run.json"), value.to_string()).unwrap();
    fs::write(folder.join("checkpoint-7-0000000000000000.safetensors"), b"torn").unwrap();
    let (code, _, stderr) = lab.run(&["runs", "import", "out/ladder/runs.csv"]);
    assert!(code == 0 && stderr.contains("1 run brought"), "{stderr}");
    assert_eq!(lab.losses(), losses);
    assert_eq!(fs::read_to_string(folder.join("curve.jsonl")).unwrap_or_default(), "");
}

#[test]
fn counts_that_do_not_follow_from_the_config_are_found() {
    let lab = Lab::new();
    assert_eq!(lab.run(&["train", "ladder.toml", "--limit", "1"]).0, 0);
    assert_eq!(lab.run(&["runs", "check"]).0, 0);
    let id = lab.losses()[0].0.clone();
    let path = lab.path("runs").join(id).join("run.json");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    value["counts"]["tokens"] = 7.into();
    fs::write(&path, value.to_string()).unwrap();
    let (code, _, stderr) = lab.run(&["runs", "check"]);
    assert!(code == 1 && stderr.contains("tokens is 2048 and recorded as 7"), "{stderr}");
}

/// Files may grow to 2 kB only: a disk that fills up while a run is written.
#[test]
fn a_full_disk_is_told_of_and_nothing_is_half_written() {
    let lab = Lab::new();
    let program = env!("CARGO_BIN_EXE_isoloss");
    let full = format!("trap '' XFSZ; ulimit -f 2; exec {program} train ladder.toml --jobs 1");
    let output = Command::new("bash").args(["-c", &full]).current_dir(lab.0.path()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(lab.run(&["train", "ladder.toml"]).0, 0);
    lab.is_complete();
}
