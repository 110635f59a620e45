//! `isoloss figure` and `isoloss report`: files that are written, and what is refused.

mod common;

use std::fs;

use common::{isoloss, table};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/runs.csv");
const SCORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/memory3.csv");

/// A folder, and the paths of files in it.
fn folder() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    (folder, move |name: &str| root.join(name).to_str().unwrap().to_owned())
}

#[test]
fn every_kind_of_file() {
    let (_folder, path) = folder();
    for (name, begins) in [("a.svg", &b"<svg"[..]), ("a.png", b"\x89PNG"), ("a.pdf", b"%PDF")] {
        let run = isoloss(&["figure", "fit", EXAMPLE, "--draws", "100", "-o", &path(name), "--dpi", "100"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert!(fs::read(path(name)).unwrap().starts_with(begins), "{name}");
        assert!(run.stdout.contains("runs.csv") || run.stdout.contains("30 runs"), "the caption:\n{}", run.stdout);
    }
    let run = isoloss(&["figure", "residuals", EXAMPLE, "--draws", "100", "-o", "-", "--data", &path("a.csv")]);
    assert!(run.code == 0 && run.stdout.starts_with("<svg"), "{}", run.stderr);
    assert!(fs::read_to_string(path("a.csv")).unwrap().lines().count() > 30);
    // The same command, the same bytes.
    let again = isoloss(&["figure", "residuals", EXAMPLE, "--draws", "100", "-o", "-"]);
    assert_eq!(run.stdout, again.stdout);
    let dark = isoloss(&["figure", "residuals", EXAMPLE, "--draws", "100", "-o", "-", "--dark", "--width", "double"]);
    assert!(dark.code == 0 && dark.stdout != run.stdout);
}

/// `isoloss figure fit examples/runs.csv -o docs/fit.svg --width double --force` makes it anew.
#[test]
fn the_picture_of_the_readme_is_what_the_program_draws() {
    let drawn = isoloss(&["figure", "fit", EXAMPLE, "--width", "double", "-o", "-"]);
    let shown = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fit.svg")).unwrap();
    assert!(drawn.stdout == shown, "docs/fit.svg is not what is drawn now");
}

#[test]
fn every_figure_that_runs_can_give() {
    let (_folder, path) = folder();
    for name in ["fit", "frontier", "surface", "residuals", "backtest"] {
        let run = isoloss(&["figure", name, EXAMPLE, "--draws", "100", "-o", &path(&format!("{name}.svg"))]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    }
    let budgets = isoloss(&["figure", "isoflop", &table("isoflop"), "--draws", "100", "-o", &path("isoflop.svg")]);
    assert_eq!(budgets.code, 0, "{}", budgets.stderr);
    let (map, with) = (["--map", "score=average"], ["--baseline", "Memory3-SFT", "-o"]);
    let pareto = isoloss(&[&["figure", "pareto", SCORES], &map[..], &with[..], &[&path("pareto.svg")]].concat());
    assert_eq!(pareto.code, 0, "{}", pareto.stderr);
    let fit = path("fit.json");
    assert_eq!(isoloss(&["fit", EXAMPLE, "--draws", "100", "--save", &fit]).code, 0);
    for name in ["frontier", "surface"] {
        let run = isoloss(&["figure", name, &fit, "-o", &path(&format!("{name}-saved.svg"))]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    }
}

#[test]
fn every_figure_of_papers() {
    let (_folder, path) = folder();
    let all = ["capacity", "pareto", "mixtures", "reuse", "compute", "multiplier", "frontier", "surface"];
    for name in all {
        let run = isoloss(&["figure", name, "--published", "-o", &path(&format!("{name}.svg"))]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert!(run.stdout.contains("arXiv"), "{name} has no source:\n{}", run.stdout);
    }
    let listed = isoloss(&["list", "figures"]);
    assert_eq!(listed.stdout.matches("--published").count(), all.len(), "{}", listed.stdout);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let (_folder, path) = folder();
    let svg = path("a.svg");
    fs::write(path("there.svg"), "mine").unwrap();
    fs::write(path("there.html"), "mine").unwrap();
    let own = path("runs.csv");
    fs::copy(EXAMPLE, &own).unwrap();
    for (arguments, needle) in [
        (vec!["figure", "fitt", EXAMPLE, "-o", &svg], "did you mean fit?"),
        (vec!["figure", "fit", EXAMPLE, "-o", "a.jpg"], "the ending says"),
        (vec!["figure", "fit", "-o", &svg], "what is it to be drawn from?"),
        (vec!["figure", "fit", "--published", "-o", &svg], "no numbers for it"),
        (vec!["figure", "fit", EXAMPLE, EXAMPLE, "-o", &svg], "one table"),
        (vec!["figure", "fit", EXAMPLE, "-o", &path("there.svg")], "there already"),
        (vec!["figure", "fit", EXAMPLE, "-o", &svg, "--width", "3"], "40 to 1000"),
        (vec!["figure", "fit", EXAMPLE, "-o", "a.png", "--dpi", "-5"], "20 to 2400"),
        (vec!["figure", "multiplier", EXAMPLE, "-o", &svg], "--group"),
        (vec!["figure", "pareto", EXAMPLE, "-o", &svg], "there is no column"),
        (vec!["figure", "isoflop", EXAMPLE, "-o", &path("no/folder.svg")], "there is no folder"),
        (vec!["figure", "fit", EXAMPLE, "-o", &svg, "--data", &svg], "the picture goes there"),
        (vec!["figure", "fit", EXAMPLE, "-o", &svg, "--width", "wide"], "expected single, double"),
        (vec!["figure", "curves", EXAMPLE, "-o", &svg], "there is no curve"),
        (vec!["figure", "fit", &own, "-o", &svg, "--data", &own, "--force"], "this file is what is read"),
        (vec!["report", &own, "-o", &own, "--force"], "is an HTML file"),
        (vec!["report", "-o", &svg], "required"),
        (vec!["report", EXAMPLE, "-o", &path("there.html")], "there already"),
        (vec!["report", "nowhere.csv", "-o", &path("r.html")], "no such file"),
    ] {
        let refused = isoloss(&arguments);
        assert!(refused.code != 0 && refused.stderr.contains(needle), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("hint: "), "{arguments:?}: {}", refused.stderr);
    }
    assert_eq!(fs::read_to_string(path("there.svg")).unwrap(), "mine");
    assert_eq!(fs::read(&own).unwrap(), fs::read(EXAMPLE).unwrap());
    assert!(!fs::exists(&svg).unwrap(), "a refusal leaves no file");
}

#[test]
fn a_report_of_runs_and_of_fits() {
    let (_folder, path) = folder();
    let html = path("runs.html");
    let asked = ["--question", "Is <b>it</b> so?", "--draws", "200"];
    let run = isoloss(&[&["report", EXAMPLE, "-o", &html][..], &asked].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = fs::read_to_string(&html).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>") && text.len() < 1_000_000, "{} bytes", text.len());
    assert!(text.contains("Is &lt;b&gt;it&lt;/b&gt; so?"));
    for part in ["run-10m-5x", "alpha", "predict large", "Provenance", "isoloss report"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(text.matches("<figure").count() >= 5, "{} figures", text.matches("<figure").count());
    let fits = ["published:kimi-mla", "published:kimi-linear"];
    let run = isoloss(&[&["report"][..], &fits, &["-o", &path("fits.html")]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = fs::read_to_string(path("fits.html")).unwrap();
    assert!(text.contains("At equal loss") && text.matches("<figure").count() == 1, "{}", run.stderr);
}
