//! `isoloss score`: fit small, predict large.

mod common;

use common::{isoloss, masked, ran};
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/runs.csv");

fn quick(more: &[&str]) -> common::Run {
    isoloss(&[&["score", EXAMPLE, "--draws", "200"], more].concat())
}

fn json(more: &[&str]) -> Value {
    let run = quick(&[more, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn rolling_cuts() {
    let run = quick(&[]);
    insta::assert_snapshot!("score", ran(&run));
    assert!(run.stdout.contains(" beyond the fitted C were predicted to "), "{}", run.stdout);
    let csv = quick(&["--format", "csv"]).stdout;
    assert!(csv.starts_with("by,scale,fitted,predicted,factor,rmse,bias,r2,coverage,errors\nC,"), "{csv}");
}

#[test]
fn one_cut_and_cuts_by_another_scale() {
    let one = json(&["--factor", "8"]);
    let cut = &one["cuts"][0];
    assert_eq!(one["cuts"].as_array().unwrap().len(), 1);
    assert_eq!(cut["fitted"].as_u64().unwrap() + cut["predicted"].as_u64().unwrap(), 30);
    assert!(cut["rmse"].as_f64().unwrap() < 0.02, "{cut}");
    assert_ne!(json(&["--factor", "8", "--aim"])["rmse"], one["rmse"]);
    // A header is as good as the name that the law has for it.
    let (n, header) = (json(&["--by", "N", "--cuts", "2"]), json(&["--by", "params", "--cuts", "2"]));
    assert_eq!((n["by"].as_str().unwrap(), &n["cuts"]), ("N", &header["cuts"]));
    let at = quick(&["--at", "1e15,1e18", "--interval", "none"]);
    assert!(at.stdout.contains("one cut without a fit: 0 rows to fit"), "{}", at.stdout);
    assert!(!at.stdout.contains("intervals"), "{}", at.stdout);
    // The name in --at is that of the scale.
    assert_eq!(json(&["--at", "C=1e17,1e18"]), json(&["--at", "1e17,1e18"]));
    assert_eq!(json(&["--at", "N=1e8", "--by", "N"]), json(&["--at", "1e8", "--by", "N"]));
    assert_eq!(json(&["--at", "N=1e8"])["by"], "N");
}

/// A law of one nameless scale reads the one that rows are divided by, as the help has it.
#[test]
fn a_nameless_scale_is_the_one_of_the_cuts() {
    let of = |more: &[&str]| json(&[&["--law", "power", "--cuts", "3"], more].concat());
    let by_name = of(&["--by", "N"]);
    assert_eq!(by_name, of(&["--by", "params"]));
    assert_eq!(by_name, of(&["--by", "N", "--map", "X=params"]));
    let compute = of(&["--by", "C"]);
    assert_eq!((by_name["by"].as_str(), compute["by"].as_str()), (Some("X"), Some("X")));
    assert_eq!(compute, of(&["--by", "X", "--map", "X=6*params*tokens"]));
    assert_ne!(compute["rmse"], by_name["rmse"]);
}

/// Rows divided by a column, by two files and by the scale are the same rows.
#[test]
fn three_ways_to_divide_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(EXAMPLE).unwrap();
    let (header, rows) = text.trim_end().split_once('\n').unwrap();
    let small = |line: &str| {
        let cells: Vec<f64> = line.split(',').skip(1).map(|c| c.parse().unwrap()).collect();
        6.0 * cells[0] * cells[1] <= 1e18
    };
    let write = |name: &str, header: &str, lines: Vec<String>| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{header}\n{}\n", lines.join("\n"))).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let of = |keep: bool| rows.lines().filter(|l| small(l) == keep).map(str::to_owned).collect::<Vec<_>>();
    let (first, second) = (write("small.csv", header, of(true)), write("large.csv", header, of(false)));
    let marked = rows.lines().map(|l| format!("{l},{}", if small(l) { "train" } else { "test" }));
    let marked = write("marked.csv", &format!("{header},part"), marked.collect());
    let rmse = |arguments: &[&str]| {
        let run = isoloss(&[&["score"], arguments, &["--draws", "100", "--format", "json"]].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        serde_json::from_str::<Value>(&run.stdout).unwrap()["rmse"].as_f64().unwrap()
    };
    let expected = json(&["--at", "1e18"])["rmse"].as_f64().unwrap();
    assert!((rmse(&[&marked, "--split", "part"]) - expected).abs() < 1e-9);
    assert!((rmse(&[&first, "--test", &second]) - expected).abs() < 1e-9);
}

#[test]
fn what_cannot_be_divided_is_refused() {
    let cases: &[&[&str]] = &[
        &["--factor", "0.5"],
        &["--factor", "1e9"],
        &["--by", "parms"],
        &["--by", "run"],
        &["--split", "run"],
        &["--split", "rum"],
        &["--cuts", "3", "--factor", "8"],
        &["--at", "0"],
        &["--at", "-1"],
        &["--at", "C=-1"],
        &["--at", "Q=1"],
        &["--at", "N=1e8,D=1e9"],
        &["--at", "N=1e8", "--by", "C"],
        &["--factor", "-8"],
        &["--cuts", "-1"],
        &["--test", "nope.csv"],
        &["--where", "params < 2e7"],
    ];
    let mut all = String::new();
    for arguments in cases {
        let run = quick(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {}", run.stderr);
        let said = run.stderr.lines().skip_while(|l| !l.starts_with("error: ")).collect::<Vec<_>>().join("\n");
        assert!(said.contains("\nhint: "), "{arguments:?}: {}", run.stderr);
        all.push_str(&format!("-- {}\n{}", arguments.join(" "), masked(&said)));
    }
    insta::assert_snapshot!("score-errors", all);
}

/// What no one would have predicted by counts, and is named.
#[test]
fn cuts_whose_fits_end_with_an_error_are_named() {
    let some = json(&[]);
    let codes = |at: usize| &some["cuts"][at]["errors"];
    assert_eq!((&codes(0)[0]["code"], codes(1)), (&"unidentified".into(), &Value::Array(Vec::new())), "{some}");
    let lines = |more: &[&str]| quick(more).stdout;
    assert!(
        lines(&[]).contains("1 of these fits ends with an error; the other 5 alone predicted to 1."),
        "{}",
        lines(&[])
    );
    assert!(lines(&["--format", "csv"]).lines().nth(1).unwrap().ends_with(",unidentified"));
    assert!(lines(&["--at", "7.5e16"]).contains("Every fit here ends with an error. Fewer parameters"));
    assert!(!lines(&["--factor", "8"]).contains("error"));
}
