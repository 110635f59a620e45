//! Running the program, and keeping of its answer what does not depend on the tuning of intervals.

// Every program of tests takes what it needs.
#![allow(dead_code)]

pub mod folder;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The five figures in `docs/figures`: the experiment that they are called by, whose own is drawn by `isoloss run` from its results,
/// and the figure, which is drawn from published numbers too.
pub const FIVE: &[(&str, &str)] = &[
    ("capacity", "capacity"),
    ("kimi-linear", "compute"),
    ("memory", "pareto"),
    ("multimodal", "mixtures"),
    ("reuse", "reuse"),
];

pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

pub fn table(name: &str) -> String {
    format!("{}/tests/tables/{name}.csv", env!("CARGO_MANIFEST_DIR"))
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isoloss"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Colours and widths are the terminal's; there is none here.
    command.env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("CLICOLOR_FORCE");
    command
}

fn run(output: Output) -> Run {
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("the program writes UTF-8");
        text.replace(&format!("{}/", env!("CARGO_MANIFEST_DIR")), "")
    };
    Run { code: output.status.code().expect("no signal"), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub fn isoloss(arguments: &[&str]) -> Run {
    run(command(arguments).output().unwrap())
}

pub fn with_input(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    run(child.wait_with_output().unwrap())
}

/// The exit code where nobody reads the answer.
pub fn closed_pipe(arguments: &[&str]) -> i32 {
    let mut child = command(arguments).spawn().unwrap();
    drop(child.stdout.take());
    child.wait().unwrap().code().expect("no signal")
}

/// Holds a document, or a figure in one, against what it is made from; with `ISOLOSS_DOCS=write` it is written anew.
pub fn same_document(path: &Path, made: &[u8]) {
    if std::env::var_os("ISOLOSS_DOCS").is_some_and(|asked| asked == "write") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, made).unwrap();
    }
    let there = fs::read(path).unwrap_or_default();
    let says = "is not what it is made from: ISOLOSS_DOCS=write cargo test -p isoloss --test docs --test found";
    assert!(there == made, "{} {says}", path.display());
}

/// Talk, answer and exit code for a snapshot.
pub fn ran(run: &Run) -> String {
    format!("{}----\n{}---- exit {}\n", masked(&run.stderr), masked(&run.stdout), run.code)
}

/// Numbers to two digits, intervals, errors and methods left away.
pub fn masked(text: &str) -> String {
    text.lines().map(|line| line_masked(line) + "\n").collect()
}

fn line_masked(line: &str) -> String {
    if line.trim_start().starts_with("intervals: ") {
        return "  intervals: ..".into();
    }
    let indent = if line.starts_with(' ') { "  " } else { "" };
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    for word in line.split_whitespace() {
        // `[2.27,` begins an interval, `warning[outliers]:` does not.
        if word.starts_with('[') && word.ends_with(',') {
            inside = true;
            // Before an interval stands the value, or the value and its standard error.
            let numbers = words.iter().rev().take_while(|w| is_number(w)).count();
            if numbers > 1 {
                words.pop();
            }
            words.push("[..]".into());
        }
        if !inside {
            words.push(rounded(word));
        }
        if word.contains(']') && inside {
            inside = false;
        }
    }
    format!("{indent}{}", words.join(" "))
}

fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok()
}

fn rounded(word: &str) -> String {
    match word.parse::<f64>() {
        Ok(value) if word.contains('.') && value.abs() >= 1e6 => format!("{value:.1e}"),
        Ok(value) if word.contains('.') => format!("{}", format!("{value:.1e}").parse::<f64>().unwrap_or(value)),
        _ => word.to_owned(),
    }
}
