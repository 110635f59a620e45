//! Running the program in a folder of its own, as somebody does who types what stands in the guide.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Words as a shell splits them: quotes hold spaces together.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote, mut begun) = (vec![String::new()], None, false);
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => (quote, begun) = (Some(c), true),
            (c, Some(q)) if c == q => quote = None,
            (' ', None) if begun || !words.last().unwrap().is_empty() => {
                words.push(String::new());
                begun = false;
            }
            (' ', None) => {}
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What the terminal shows, and the exit code.
pub fn terminal(words: &[String], folder: &Path) -> (Vec<String>, i32) {
    let path = folder.join(".terminal");
    let file = File::create(&path).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_isoloss"));
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command.stdout(file.try_clone().unwrap()).stderr(file).env("NO_COLOR", "1").env("COLUMNS", "100");
    let code = command.status().unwrap().code().expect("no signal");
    let shown = fs::read_to_string(&path).unwrap();
    fs::remove_file(path).unwrap();
    let mut lines: Vec<String> = shown.lines().map(|line| line.trim_end().to_owned()).collect();
    // Empty lines at the end are not seen in a block.
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    (lines, code)
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
