//! What goes beside an answer: families, states, saved fits and where they cannot be written.

mod common;

use common::{isoloss, table};

/// The plain table with a column `family` of so many names, in a folder of its own.
fn with_families(many: usize) -> (tempfile::TempDir, String) {
    rewritten(|row, line| match row {
        0 => format!("family,{line}"),
        _ => format!("f{},{line}", row % many),
    })
}

fn rewritten(line: impl Fn(usize, &str) -> String) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let plain = std::fs::read_to_string(table("plain")).unwrap();
    let lines: Vec<String> = plain.lines().enumerate().map(|(row, text)| line(row, text)).collect();
    let path = folder.path().join("runs.csv");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn every_family_has_a_last_sentence() {
    let (folder, path) = with_families(2);
    let saved = folder.path().join("fit.json");
    let saved = saved.to_str().unwrap();
    let quick = ["fit", &path, "--draws", "40", "--per", "family", "A"];
    let run = isoloss(&[&quick[..], &["--save", saved]].concat());
    let last: Vec<&str> = run.stdout.lines().filter(|l| l.starts_with("At 10x the largest compute of f")).collect();
    assert_eq!(last.len(), 2, "{}", run.stdout);
    let json = isoloss(&[&quick[..], &["--format", "json"]].concat()).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["at_10x"].as_array().unwrap().len(), 2);
    // No parameter differs: one sentence.
    let alike = isoloss(&["fit", &path, "--draws", "40", "--group", "family"]);
    assert_eq!(alike.stdout.matches("At 10x your largest compute, N and D grown alike").count(), 1, "{}", alike.stdout);

    let at = ["--at", "N=1e9,D=2e10"];
    let of = |family: &[&str]| isoloss(&[&["predict", saved][..], &at, family].concat());
    assert_eq!(of(&["--family", "f1"]).code, 0);
    for wrong in [&[][..], &["--family", "f2"]] {
        let run = of(wrong);
        let hint = run.stderr.lines().last().unwrap();
        assert!(run.code == 2 && hint.contains("--family \"f1\", --family \"f0\""), "{}", run.stderr);
    }
    let budget = isoloss(&["predict", saved, "--flops", "1e21"]);
    assert!(budget.code == 2 && budget.stderr.contains("hint: ask for points of one"), "{}", budget.stderr);
    assert!(isoloss(&["list", saved]).stdout.contains("families: f1, f0"));
}

#[test]
fn many_families_are_asked_for() {
    let (_folder, path) = with_families(5);
    let run = isoloss(&["fit", &path, "--draws", "40", "--per", "family", "E"]);
    let last: Vec<&str> = run.stdout.lines().skip_while(|l| !l.starts_with("At 10x")).collect();
    assert!(last[0].starts_with("At 10x: there are 5 families"), "{}", run.stdout);
    assert!(last[1].starts_with("  isoloss predict fit.json --family \"f1\" --at \"N="), "{}", run.stdout);
}

#[test]
fn runs_that_did_not_finish_are_kept_on_demand() {
    let run = isoloss(&["fit", &table("wandb"), "--draws", "40", "--all-states"]);
    assert!(run.stderr.contains("--all-states: "), "{}", run.stderr);
    assert!(!run.stdout.contains("State = crashed"), "{}", run.stdout);
}

#[test]
fn names_of_any_length_leave_the_report_readable() {
    let (_folder, path) = rewritten(|row, line| match row {
        0 => format!("name,{line}"),
        _ => format!("{},{line}", "x".repeat(100_000)),
    });
    let quick = ["fit", &path, "--draws", "40"];
    let text = isoloss(&quick).stdout;
    assert!(text.contains('\u{2026}') && text.lines().all(|l| l.chars().count() < 400), "{} bytes", text.len());
    let json = isoloss(&[&quick[..], &["--format", "json"]].concat()).stdout;
    assert!(json.contains(&"x".repeat(100_000)));
}

#[test]
fn a_saved_fit_says_what_it_carries() {
    // Only the product of A and B is in the rows.
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("fit.json");
    let saved = saved.to_str().unwrap();
    let law = ["--formula", "L = E + A*B*N^-alpha"];
    let run = isoloss(&[&["fit", &table("plain"), "--draws", "40", "--save", saved][..], &law].concat());
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("note: it carries an error"), "{}", run.stderr);
    let predicted = isoloss(&["predict", saved, "--at", "N=1e9"]);
    assert_eq!(predicted.code, 1);
    assert!(predicted.stderr.contains(" carries warning["), "{}", predicted.stderr);
    assert!(predicted.stderr.contains("error["), "{}", predicted.stderr);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_before_the_fit() {
    let run = isoloss(&["fit", &table("plain"), "--save", "no/such/folder/fit.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("there is no folder no/such/folder\nhint: make it first"), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_an_error() {
    let save = |path: &str| isoloss(&["fit", &table("plain"), "--draws", "40", "--save", path]);
    let full = save("/dev/full");
    assert_eq!(full.code, 1, "{}", full.stderr);
    assert!(full.stderr.contains("error: /dev/full: cannot be written") && full.stderr.contains("\nhint: "));
    assert!(full.stdout.contains("At 10x"), "the answer is lost: {}", full.stderr);
    // Nobody may make files there, and it is known before the fit.
    let kernel = save("/proc/fit.json");
    assert_eq!((kernel.code, kernel.stdout.as_str()), (1, ""), "{}", kernel.stderr);
    assert!(kernel.stderr.contains("error: /proc/fit.json: the folder /proc takes no files"), "{}", kernel.stderr);
}
