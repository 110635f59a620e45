//! Laws of one's own: from a law that ships to a file, ranked beside others, with constants that can be asked.

mod common;

use std::fs;

use common::isoloss;
use isoloss_laws::{Law, catalogue};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/runs.csv");

/// A law in a file of its own, in a folder of its own.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

const MINE: &str = r#"
name = "mine"
formula = """
let n = N/1e8
L = E + a*n^-alpha + b*D^-alpha
"""

[variables]
L = "loss, nats/token"
N = "parameters"
D = "tokens"

[parameters]
E = "positive"
a = "positive"
b = "positive"
alpha = "0..2"

[[published]]
name = "here"
values = { E = 1.8, a = 0.5, b = 500, alpha = 0.35 }
source = "a notebook"
convention = "N total, C = 6ND"

[[published]]
name = "half"
values = { E = 1.8, a = 0.5 }
source = "a notebook"
convention = "N total, C = 6ND"
"#;

#[test]
fn every_law_that_ships_is_printed_as_a_file() {
    for law in catalogue::laws() {
        let printed = isoloss(&["list", "laws", &law.name]).stdout;
        assert_eq!(Law::from_toml("my.toml", &printed).as_ref(), Ok(law), "{}", law.name);
    }
    let (_folder, path) = file(&isoloss(&["list", "laws", "chinchilla"]).stdout);
    let run = |law: &str| isoloss(&["fit", EXAMPLE, "--law", law, "--draws", "20"]);
    assert_eq!(run(&path).stdout, run("chinchilla").stdout);
}

#[test]
fn own_laws_are_ranked_beside_others() {
    let (_folder, path) = file(MINE);
    let rank = |law: &str| {
        let run = isoloss(&["fit", EXAMPLE, "--law", law, "--format", "csv"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let rows = run.stdout.lines().skip(1).map(|line| line.split_once(',').unwrap());
        let rows: std::collections::BTreeMap<String, String> =
            rows.map(|(law, rest)| (law.to_owned(), rest.rsplit_once(',').unwrap().0.to_owned())).collect();
        rows
    };
    let (alone, beside) = (rank("all"), rank(&format!("all,{path}")));
    assert!(beside.len() == alone.len() + 1 && beside.contains_key("mine"), "{beside:?}");
    // The others are held out at the same cuts.
    let error =
        |rows: &std::collections::BTreeMap<String, String>| rows["chinchilla"].split(',').nth(1).unwrap().to_owned();
    assert_eq!(error(&alone), error(&beside));
    let two = rank(&format!("chinchilla, {path}"));
    assert_eq!(two.keys().collect::<Vec<_>>(), ["chinchilla", "mine"]);
    // What is decided on the way to the rows is said once, as for one law; what the table knows of a law is held.
    let known = MINE.replace("[parameters]", "[columns]\nE = \"floor\"\n\n[parameters]");
    let (_folder, floored) = file(&known);
    let both = format!("chinchilla,{floored}");
    let ranked = isoloss(&["fit", EXAMPLE, "--law", &both, "--map", "floor=1.7"]);
    assert!(ranked.code == 0, "{}", ranked.stderr);
    assert_eq!(ranked.stderr.matches("N (parameters) is column `params`").count(), 1, "{}", ranked.stderr);
    assert!(ranked.stderr.contains("law mine: E = 1.7, of column `floor`"), "{}", ranked.stderr);
    // Two of one name are told apart by what was typed.
    let (_folder, copy) = file(&isoloss(&["list", "laws", "chinchilla"]).stdout);
    assert!(rank(&format!("all,{copy}")).contains_key(&copy));

    for (arguments, needle) in [
        (vec!["fit", EXAMPLE, "--law", "all,nope.toml"], "nope.toml: there is no such file"),
        (vec!["fit", EXAMPLE, "--law", "all,chinchila"], "did you mean chinchilla?"),
        (vec!["fit", EXAMPLE, "--law", "chinchilla,power-floor"], "the scale X of the law power-floor may be N, D"),
        (vec!["fit", EXAMPLE, "--law", "chinchilla,lr-optimum"], "lr-optimum"),
        (vec!["fit", EXAMPLE, "--law", "chinchilla,kaplan", "--draws", "50"], "--law chinchilla,kaplan ranks by"),
        (vec!["score", EXAMPLE, "--law", "all"], "isoloss fit TABLE --law all ranks laws"),
        (vec!["score", EXAMPLE, "--law", "kaplan,chinchilla"], "isoloss fit TABLE --law kaplan,chinchilla ranks laws"),
    ] {
        let refused = isoloss(&arguments);
        assert!(refused.code == 2 && refused.stderr.contains(needle), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("hint: "), "{arguments:?}: {}", refused.stderr);
    }
}

#[test]
fn constants_of_a_law_file_can_be_asked() {
    let (_folder, path) = file(MINE);
    let ask = |name: &str| isoloss(&["predict", name, "--at", "N=1e8,D=1e10"]);
    let run = ask(&format!("{path}:here"));
    // 1.8 + 0.5 + 500 e^(-0.35 ln 1e10)
    assert!(run.code == 0 && run.stdout.contains("2.4581"), "{}{}", run.stdout, run.stderr);
    assert!(isoloss(&["list", &format!("{path}:here")]).stdout.contains("alpha"));
    for (name, needle) in [
        (format!("{path}:there"), format!("hint: its constants are {path}:here, {path}:half")),
        (format!("{path}:half"), "hint: add to its values: alpha, b".to_owned()),
        (path.clone(), format!("hint: its constants are {path}:here, {path}:half")),
        ("nope.toml:here".to_owned(), "nope.toml: there is no such file".to_owned()),
    ] {
        let refused = ask(&name);
        assert!(refused.code == 2 && refused.stderr.contains(&needle), "{name}: {}", refused.stderr);
    }
}
