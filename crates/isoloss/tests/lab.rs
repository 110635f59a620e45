//! `isoloss train`, `run` and `runs`: what a ladder of runs survives, and what is said of what it does not.
#![cfg(feature = "lab")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::isoloss;
use serde_json::Value;
use tempfile::TempDir;

/// Six sizes at four horizons of a chain over 16 tokens: 24 runs of some milliseconds.
const LADDER: &str = r#"
question = "Is every run trained once?"
hypothesis = "It is."
[corpus]
kind = "markov"
vocab_size = 16
largest = 1.0
seed = 1
[model]
kind = "transformer"
n_layer = 1
head_dim = 8
[recipe]
kind = "plain"
batch = 4
seq_len = 16
lr = 0.02
at_width = 16
[ladder]
sizes = { d_model = [4, 6, 8, 12, 16, 24] }
tokens = [2048, 4096, 8192, 16384]
[evaluation]
windows = 64
"#;

/// A folder with the ladder in it.
struct Lab(TempDir);

impl Lab {
    fn new() -> Self {
        Self::of(LADDER)
    }

    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ladder.toml"), text).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, in that folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isoloss"));
        command.args(arguments).current_dir(self.0.path()).env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    /// The records of the store, by id.
    fn records(&self) -> Vec<Value> {
        let (code, stdout, stderr) = self.run(&["runs", "list", "--format", "json"]);
        assert_eq!(code, 0, "{stderr}");
        serde_json::from_str(&stdout).unwrap()
    }

    /// All 24 runs are there once, finished, with whole curves, and nothing is wrong with the store.
    fn is_complete(&self) {
        let records = self.records();
        assert_eq!(records.len(), 24);
        for record in &records {
            assert_eq!(record["state"]["name"], "finished", "{record}");
            assert!(record["result"]["loss"].as_f64().is_some_and(f64::is_finite), "{record}");
            let id = record["id"].as_str().unwrap();
            let curve = fs::read_to_string(self.path("runs").join(id).join("curve.jsonl")).unwrap();
            let steps: Vec<u64> = curve
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].as_u64().unwrap())
                .collect();
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
            assert_eq!(steps.last(), record["config"]["training"]["steps"].as_u64().as_ref(), "{id}");
        }
        let (code, _, stderr) = self.run(&["runs", "check"]);
        assert_eq!(code, 0, "{stderr}");
    }

    /// Ids and losses, bit for bit.
    fn losses(&self) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = self
            .records()
            .iter()
            .map(|r| (r["id"].as_str().unwrap().to_owned(), r["result"]["loss"].as_f64().unwrap().to_bits()))
            .collect();
        all.sort();
        all
    }
}

/// Fifty kills, or as many as `ISOLOSS_KILLS` says: `docs/validation.md` has what 2,000 gave.
#[test]
fn kills_lose_nothing_and_change_no_bit() {
    let wanted: usize = std::env::var("ISOLOSS_KILLS").map_or(50, |n| n.parse().expect("a number of kills"));
    let straight = Lab::new();
    let start = Instant::now();
    assert_eq!(straight.run(&["train", "ladder.toml"]).0, 0);
    let whole = start.elapsed();
    straight.is_complete();

    let mut state = 11u64;
    for round in 0..wanted.div_ceil(50) {
        let killed = Lab::new();
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
    }
}

#[test]
fn two_programs_on_one_store_train_each_run_once() {
    let lab = Lab::new();
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
    assert_ne!(code, 0, "nothing is left to be fitted");
    assert!(stderr.contains("diverged"), "{stderr}");
}

#[test]
fn run_answers_and_a_finished_experiment_is_not_trained_again() {
    let lab = Lab::new();
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("chinchilla") && stdout.contains("Truth"), "{stdout}");
    for name in ["report.html", "fit.json", "runs.csv"] {
        assert!(lab.path("out/ladder").join(name).is_file(), "{name}");
    }
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("Is every run trained once?") && report.contains("The floor that is known"));
    let (code, again, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!((code, again), (0, stdout));
    assert!(stderr.contains("all 24 runs are there"), "{stderr}");

    // The results come back as runs, with their ids.
    let before = lab.losses();
    fs::remove_dir_all(lab.path("runs")).unwrap();
    let (code, _, stderr) = lab.run(&["runs", "import", "out/ladder/runs.csv"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(lab.losses(), before);
    let (_, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert!(stderr.contains("all 24 runs are there"), "{stderr}");
}

#[test]
fn a_dry_run_makes_nothing_and_shows_every_count() {
    let lab = Lab::new();
    let (code, stdout, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!lab.path("runs").exists());
    for word in ["N stored", "C counted", "C = 6ND", "steps", "memory", "missing", "24 runs", "computed"] {
        assert!(stdout.contains(word), "{word}: {stdout}");
    }
    let (_, json, _) = lab.run(&["run", "ladder.toml", "--dry-run", "--format", "json"]);
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["runs"].as_array().unwrap().len(), 24);
    assert!(value["total"]["seconds"].as_f64().unwrap() > 0.0);
    let (_, csv, _) = lab.run(&["train", "ladder.toml", "--dry-run", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 25);
    assert!(csv.lines().next().unwrap().contains("flops_counted"), "{csv}");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("head_dim = 8", "head_dim = 8\nheads = 4", &["ladder.toml:13:1", "unknown field `heads`", "expected one of"]),
        ("lr = 0.02", "lr = \"high\"", &["ladder.toml:17:1", "[recipe.lr]", "expected f64"]),
        ("kind = \"markov\"", "kind = \"markow\"", &["ladder.toml:5:1", "there is no kind \"markow\"", "text"]),
        ("tokens = [2048, 4096, 8192, 16384]", "", &["ladder.toml:19:2", "tokens_per_param"]),
        ("tokens = [2048", "where = \"d_modle > 4\"\ntokens = [2048", &["[ladder.where]", "d_modle"]),
        ("tokens = [2048", "where = \"d_model > 400\"\ntokens = [2048", &["[ladder.where]", "leaves no run"]),
        ("d_model = [4, 6, 8, 12, 16, 24]", "d_model = [4, 6], n_layer = [1]", &["lists of one length"]),
        ("d_model = [4, 6, 8, 12, 16, 24]", "d_model = [5]", &["[model]", "multiple of 2"]),
        ("seed = 1", "seed = 1\nvocab_size = 17", &["duplicate key"]),
        ("question", "questoin", &["ladder.toml:2:1", "unknown field `questoin`"]),
        ("windows = 64", "windows = 0", &["[corpus]", "empty", "hint: "]),
    ];
    for (from, to, says) in cases {
        let lab = Lab::of(&LADDER.replacen(from, to, 1));
        let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
        assert_eq!(code, 2, "{to}: {stderr}");
        says.iter().for_each(|word| assert!(stderr.contains(word), "{to}: {word:?} is not in {stderr}"));
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    let lab = Lab::new();
    for (arguments, says) in [
        (&["train", "first-lader", "--dry-run"][..], "is first-ladder meant?"),
        (&["train", "ladder.toml", "--set", "corpus.sed=3"], "unknown field `sed`"),
        (&["train", "ladder.toml", "--set", "corpus"], "expected KEY=VALUE"),
        (&["runs", "list", "--store", "nowhere"], "there is no store of runs here"),
        (&["runs", "show", "zz"], ""),
    ] {
        let (code, _, stderr) = lab.run(arguments);
        assert!(code == 1 || code == 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(says) && stderr.contains("hint: "), "{arguments:?}: {stderr}");
    }
}

#[test]
fn text_that_is_missing_binary_or_short_is_told_of() {
    let text = |path: &str| {
        let from = LADDER.find("kind = \"markov\"").unwrap();
        let to = LADDER.find("[model]").unwrap();
        format!("{}kind = \"text\"\npath = {path:?}\n{}", &LADDER[..from], &LADDER[to..])
    };
    for (path, content, says) in [
        ("books", None, "books"),
        ("books", Some(&b"a"[..]), "hint: "),
        ("books", Some(&[0u8; 4096][..]), "hint: "),
        ("../../etc/nowhere/\n\u{1f600}", None, "hint: "),
    ] {
        let lab = Lab::of(&text(path));
        if let Some(content) = content {
            fs::create_dir(lab.path("books")).unwrap();
            fs::write(lab.path("books/one.txt"), content).unwrap();
        }
        let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
        assert_eq!(code, 2, "{path:?}: {stderr}");
        assert!(stderr.contains(says) && stderr.contains("hint: "), "{path:?}: {stderr}");
    }
    let lab = Lab::of(&text("books"));
    fs::create_dir(lab.path("books")).unwrap();
    for i in 0..60 {
        let words: String = (0..400).map(|j| format!("word{} ", (i * 31 + j * j) % 97)).collect();
        fs::write(lab.path(&format!("books/{i}.txt")), words).unwrap();
    }
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--limit", "2"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(lab.records().iter().all(|r| r["result"]["bits_per_byte"].as_f64().is_some()));
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

#[test]
fn a_store_that_cannot_be_written_to_is_refused_before_anything_is_trained() {
    let lab = Lab::new();
    fs::write(lab.path("runs"), "a file").unwrap();
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("hint: "), "{stderr}");
    fs::write(lab.path("out"), "a file").unwrap();
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--store", "elsewhere"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(!lab.path("elsewhere").exists(), "nothing is trained for an answer that cannot be written");
}

#[test]
fn help_says_what_is_written_where() {
    for command in ["run", "train", "runs"] {
        let help = isoloss(&[command, "--help"]).stdout;
        assert!(help.contains("Exit code") && help.contains("Examples"), "{help}");
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/first-ladder.toml").is_file());
}
