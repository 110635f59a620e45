//! What an experiment says it found is what a refit of its committed results finds, and figures in documents are those that it
//! draws: `ISOLOSS_DOCS=write cargo test -p isoloss --test found` draws them anew.
#![cfg(feature = "lab")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use isoloss::experiment::{BUILT_IN, Experiment};
use isoloss_runs::read_path;

/// Value, lower and upper end, by name.
type Found = BTreeMap<String, [Option<f64>; 3]>;

/// Answers the experiment from its committed results. Where the data is made from a seed, the results have to be those of
/// the very runs that it asks for: nothing may be left to train.
fn refitted(name: &str, seeded: bool, results: &Path, folder: &Path) -> Found {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isoloss"));
        command.args(arguments).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{name}: {arguments:?}: {stderr}");
        stderr
    };
    let results = results.to_str().unwrap();
    if seeded {
        run(&["runs", "import", results]);
        let said = run(&["train", name]);
        assert!(said.contains("runs are there"), "{name}: its results are not those of its runs: {said}");
    }
    run(&["run", name, "--from", results]);
    let table = read_path(&folder.join("out").join(name).join("found.csv")).unwrap().table;
    let cell = |name: &str, row: usize| table.column(name).unwrap().text(row);
    let row = |row| (cell("name", row), ["value", "lower", "upper"].map(|name| cell(name, row).parse().ok()));
    (0..table.len()).map(row).collect()
}

#[test]
fn what_was_found_is_found_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut checked = 0;
    for (name, _) in BUILT_IN {
        let experiment = Experiment::read(name, &[]).unwrap();
        let results = root.join("results").join(format!("{name}.csv"));
        assert_eq!(experiment.found.is_empty(), !results.is_file(), "{name}: results and [found] go together");
        if experiment.found.is_empty() {
            continue;
        }
        assert!(!experiment.outcome.trim().is_empty(), "{name} has results and no outcome");
        assert!(fs::metadata(&results).unwrap().len() < 300_000, "{name}: results are to be under 300 KB");
        let folder = tempfile::tempdir().unwrap();
        let seeded = experiment.scores.is_none() && !experiment.text().contains("kind = \"text\"");
        let fit = refitted(name, seeded, &fs::canonicalize(&results).unwrap(), folder.path());
        for (_, figure) in common::FIVE.iter().filter(|(of, _)| of == name) {
            let drawn = fs::read(folder.path().join(format!("out/{name}/{figure}.svg"))).unwrap();
            common::same_document(&root.join(format!("../docs/figures/{name}.svg")), &drawn);
        }
        for (wanted, said) in &experiment.found {
            let found = fit.get(wanted).unwrap_or_else(|| panic!("{name}: no {wanted} among {:?}", fit.keys()));
            // Of what has no interval the file leaves the ends blank, and `[found]` repeats the value: nothing else may.
            let bare = found[1..] == [None, None];
            assert!(!bare || said.iter().all(|end| *end == said[0]), "{name}: {wanted} lost its interval");
            for (number, said) in found.iter().map(|end| if bare { found[0] } else { *end }).zip(said) {
                let number = number.unwrap_or_else(|| panic!("{name}: {wanted} is {found:?}"));
                // To the digits that are written.
                assert!((number - said).abs() <= 1e-3 * said.abs(), "{name}: {wanted} is {number}, not {said}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 3, "{checked}");
}
