//! `isoloss train`, `run` and `runs`: what a ladder of runs survives, and what is said of what it does not.
#![cfg(feature = "lab")]

mod answers;
mod branches;
#[path = "../common/mod.rs"]
mod common;
mod grids;
mod loops;
mod maps;
mod measures;
mod mixtures;
mod refusals;
mod scales;
mod sizes;
mod survival;
mod sweeps;
mod tables;
mod told;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

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
