//! `isoloss plan`: what to train.

mod common;

use common::{isoloss, masked, ran, table};
use serde_json::Value;

/// The plain table's fit, in a folder of its own.
fn saved(more: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.json").to_str().unwrap().to_owned();
    let run = isoloss(&[&["fit", &table("plain"), "--draws", "200", "--save", &path], more].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    (folder, path)
}

fn json(arguments: &[&str]) -> Value {
    let run = isoloss(&[arguments, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn plans_of_a_fit() {
    let (_folder, fit) = saved(&[]);
    let budgets = isoloss(&["plan", &fit, "--flops", "1e19,1e21,1e24"]);
    insta::assert_snapshot!("budgets", ran(&budgets));
    let first = budgets.stdout.lines().next().unwrap();
    assert!(first.contains("x the compute of the largest run. ") && first.contains("how far off"), "{first}");
    let priced = ["--serve", "1T", "--throughput", "4e14", "--price", "2.5", "--unique", "10B"];
    insta::assert_snapshot!("served", ran(&isoloss(&[&["plan", &fit, "--loss", "2.5"][..], &priced].concat())));
    // Among the runs there is nothing to warn of.
    let inside = isoloss(&["plan", &fit, "--flops", "1e19"]);
    assert!(!inside.stdout.contains("of the largest run"), "{}", inside.stdout);
}

/// Hoffmann's approach 3 at Gopher's budget, as papers quote it.
#[test]
fn published_constants_say_once_why_there_is_no_interval() {
    let run = isoloss(&["plan", "published:besiroglu-2024", "--flops", "1e21,5.76e23"]);
    insta::assert_snapshot!("published-plan", ran(&run));
    assert_eq!(run.stdout.matches("no interval").count(), 1, "{}", run.stdout);
    let plan = json(&["plan", "published:besiroglu-2024", "--flops", "5.76e23"]);
    let ratio = plan["plans"][0]["tokens_per_param"].as_f64().unwrap();
    assert!((ratio - 18.4).abs() < 0.06, "{ratio}");
}

#[test]
fn whatever_is_given_it_is_one_frontier() {
    let from = "published:hoffmann-2022";
    let of = |flag: &str, value: f64| json(&["plan", from, flag, &value.to_string()])["plans"][0].clone();
    let value = |plan: &Value, name: &str| plan[name]["value"].as_f64().unwrap();
    let first = of("--flops", 1e22);
    for (flag, name) in [("--params", "params"), ("--tokens", "tokens"), ("--loss", "mean")] {
        let again = of(flag, value(&first, name));
        assert!((value(&again, "flops") / 1e22 - 1.0).abs() < 1e-6, "{flag}: {again}");
    }
    let timed = json(&["plan", from, "--flops", "1e21", "--throughput", "1e15", "--price", "3"]);
    let hours = timed["plans"][0]["hours"].as_f64().unwrap();
    assert!((hours - 1e6 / 3600.0).abs() < 1e-6, "{hours}");
    assert!((timed["plans"][0]["cost"].as_f64().unwrap() - 3.0 * hours).abs() < 1e-6);
    let csv = isoloss(&["plan", from, "--params", "1B,7B,70B", "--format", "csv"]).stdout;
    assert!(csv.lines().count() == 4 && csv.starts_with("given,value,params,params_lower"), "{csv}");
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let from = "published:besiroglu-2024";
    let cases: &[(&str, &[&str])] = &[
        ("nothing", &["plan", from]),
        ("two", &["plan", from, "--flops", "1e21", "--params", "7B"]),
        ("negative", &["plan", from, "--flops", "-5"]),
        ("served", &["plan", from, "--flops", "1e21", "--serve", "-5B"]),
        ("throughput", &["plan", from, "--flops", "1e21", "--throughput", "-1"]),
        ("no-price", &["plan", from, "--flops", "1e21", "--throughput", "1e15", "--price", "-.5"]),
        ("no-value", &["plan", from, "--flops", "1e21", "--serve", "--unique", "5"]),
        ("no-runs", &["plan", from, "--next", "-1", "--budget", "1e20"]),
        ("hours", &["plan", from, "--flops", "1e21", "--throughput", "1e-300"]),
        ("twice", &["plan", "published:muennighoff-2023", "--flops", "1e21", "--unique", "1e9", "--with", "U=1e10"]),
        ("no-unique", &["plan", from, "--flops", "1e21", "--with", "U=1e10"]),
        ("floor", &["plan", from, "--loss", "1.5"]),
        ("no-sizes", &["plan", "published:kimi-mla", "--flops", "1e21"]),
        ("with", &["plan", from, "--flops", "1e21", "--with", "S=0.5"]),
        ("price", &["plan", from, "--flops", "1e21", "--price", "2"]),
        ("family", &["plan", from, "--flops", "1e21", "--family", "mla"]),
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let run = isoloss(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("\nhint: "), "{name}: {}", run.stderr);
        all.push_str(&format!("-- {name}\n{}", masked(&run.stderr)));
    }
    insta::assert_snapshot!("plan-errors", all);
}

/// The last words of a fit are a command that works.
#[test]
fn the_next_command_can_be_typed() {
    let (folder, path) = saved(&[]);
    let next = |run: &common::Run| {
        let line = run.stdout.lines().find_map(|l| l.strip_prefix("Next: isoloss ")).expect("there is a next command");
        line.replace('"', "")
    };
    let fit = isoloss(&["fit", &table("plain"), "--draws", "100", "--save", &path, "--force"]);
    assert!(
        fit.stdout.contains("\nTrust: held-out runs were predicted to ")
            && fit.stdout.contains(" that fit half of the rows or more.\n"),
        "{}",
        fit.stdout
    );
    let typed = next(&fit);
    assert!(typed.starts_with("plan ") && typed.contains(" --flops "), "{typed}");
    assert_eq!(isoloss(&typed.split(' ').collect::<Vec<_>>()).code, 0, "{typed}");
    let plain = folder.path().join("runs.csv");
    std::fs::copy(table("plain"), &plain).unwrap();
    let typed = next(&isoloss(&["fit", plain.to_str().unwrap(), "--draws", "100"]));
    assert!(typed.starts_with("score "), "{typed}");
    let scored = isoloss(&[&typed.split(' ').collect::<Vec<_>>()[..], &["--draws", "100"]].concat());
    assert_eq!(scored.code, 0, "{}", scored.stderr);
}
