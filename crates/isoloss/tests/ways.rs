//! Which law, which way to the best sizes, and which runs to make next.

mod common;

use common::{isoloss, ran};
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/runs.csv");
const ISOFLOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables/isoflop.csv");

fn json(arguments: &[&str]) -> Value {
    let run = isoloss(&[arguments, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn all_laws_are_ranked() {
    insta::assert_snapshot!("rank", ran(&isoloss(&["fit", EXAMPLE, "--law", "all"])));
    let found = json(&["fit", EXAMPLE, "--law", "all"]);
    let names: Vec<&str> = found["laws"].as_array().unwrap().iter().map(|l| l["law"].as_str().unwrap()).collect();
    assert!(names.contains(&"chinchilla") && names.contains(&"over-training") && !names.contains(&"native-multimodal"));
    for (arguments, needle) in [
        (&["--at", "N=1e9,D=1e10"][..], "makes no fit"),
        (&["--draws", "50"], "--draws: --law all ranks by held-out errors"),
        (&["--level", "0.9"], "--level: --law all ranks"),
        (&["--interval", "pairs"], "--interval: --law all ranks"),
        // What all laws fail for is said.
        (&["--where", "params < 2e7 and tokens < 2e8"], "kaplan-n"),
        (&["--where", "params < 2e7 and tokens < 2e8"], "rows to fit"),
    ] {
        let refused = isoloss(&[&["fit", EXAMPLE, "--law", "all"], arguments].concat());
        assert!(refused.code == 2 && refused.stderr.contains(needle), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("hint: "), "{}", refused.stderr);
    }
}

#[test]
fn ways_to_the_best_sizes_disagree_or_not() {
    let run = isoloss(&["fit", EXAMPLE, "--method", "all", "--draws", "60"]);
    insta::assert_snapshot!("ways", ran(&run));
    let found = json(&["fit", EXAMPLE, "--method", "hull", "--draws", "60", "--flops", "1e22"]);
    assert_eq!(found["flops"], 1e22);
    let names: Vec<&str> =
        found["approaches"].as_array().unwrap().iter().map(|a| a["approach"].as_str().unwrap()).collect();
    assert_eq!(names, ["surface", "hull"]);
    for (arguments, needle) in [
        (vec!["--budgets", "cost"], "no such column"),
        (vec!["--flops", "much"], "has no value"),
        (vec!["--save", "never.json"], "makes no fit"),
        (vec!["--per", "run", "A"], "of one family"),
    ] {
        let refused = isoloss(&[&["fit", EXAMPLE, "--method", "isoflop"], arguments.as_slice()].concat());
        assert!(refused.code == 2 && refused.stderr.contains(needle), "{arguments:?}: {}", refused.stderr);
    }
    let alone = isoloss(&["fit", ISOFLOP, "--law", "frontier", "--map", "C=Training FLOP", "--method", "all"]);
    assert!(alone.code != 0 && alone.stderr.contains("hint: "), "{}", alone.stderr);
}

#[test]
fn the_next_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.json");
    let fit = path.to_str().unwrap();
    assert_eq!(isoloss(&["fit", EXAMPLE, "--draws", "200", "--save", fit]).code, 0);
    let plan = |more: &[&str]| isoloss(&[&["plan", fit], more].concat());
    let run = plan(&["--next", "4", "--budget", "1e21", "--know", "alpha"]);
    assert!(run.code == 0 && run.stdout.contains("alpha is known to +-"), "{}{}", run.stdout, run.stderr);
    let found = json(&["plan", fit, "--next", "4", "--budget", "1e21"]);
    let runs = found["runs"].as_array().unwrap();
    let spent: f64 = runs.iter().map(|r| r["flops"].as_f64().unwrap()).sum();
    assert!(runs.len() == 4 && spent <= 1e21 && found["before"].as_f64() > runs[3]["half_width"].as_f64());
    let enough = json(&["plan", fit, "--next", "900", "--budget", "1e25", "--know", "alpha", "--until", "0.01"]);
    assert!(enough["runs"].as_array().unwrap().last().unwrap()["half_width"].as_f64().unwrap() <= 0.01);
    for (arguments, needle) in [
        (vec!["--next", "3"], "--budget"),
        (vec!["--next", "3", "--budget", "1e21", "--know", "N"], "for which budget"),
        (vec!["--next", "3", "--budget", "1e21", "--know", "loss"], "at which place"),
        (vec!["--next", "3", "--budget", "1e21", "--know", "gamma"], "no parameter gamma"),
        (vec!["--next", "3", "--budget", "1"], "buys no run"),
        (vec!["--next", "3", "--budget", "-1e20"], "above zero"),
        (vec!["--next", "3", "--budget", "1e21", "--until", "-1"], "above zero"),
        (vec!["--budget", "1e21", "--flops", "1e20"], "--next"),
    ] {
        let refused = plan(&arguments);
        assert!(refused.code != 0 && refused.stderr.contains(needle), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("hint: "), "{arguments:?}: {}", refused.stderr);
    }
}
