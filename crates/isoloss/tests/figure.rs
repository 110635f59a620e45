//! `isoloss figure` and `isoloss report`: files that are written, and what is refused.

mod common;

use std::fs;

use common::{isoloss, table};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/runs.csv");
const SCORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/results/benchmark-published.csv");

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

/// `isoloss figure fit examples/runs.csv -o docs/figures/fit.svg --width double --force` makes it anew.
#[test]
fn the_picture_of_the_readme_is_what_the_program_draws() {
    let drawn = isoloss(&["figure", "fit", EXAMPLE, "--width", "double", "-o", "-"]);
    let shown = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/figures/fit.svg")).unwrap();
    assert!(drawn.stdout == shown, "docs/figures/fit.svg is not what is drawn now");
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
fn runs_of_ones_own_beside_those_of_papers() {
    let (_folder, path) = folder();
    let own = path("runs.csv");
    let rows = [("old", 3.0), ("new", 2.9)].map(|(family, loss)| {
        let each = (0..4).map(|i| format!("{family},1e1{i},{}\n", loss - 0.2 * f64::from(i)));
        each.collect::<String>()
    });
    fs::write(&own, format!("family,flops,loss\n{}", rows.concat())).unwrap();
    let (svg, data) = (path("both.svg"), path("both.csv"));
    let run = isoloss(&["figure", "compute", &own, "--published", "-o", &svg, "--data", &data]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("arXiv") && run.stdout.contains("runs.csv"), "{}", run.stdout);
    let drawn = fs::read_to_string(&svg).unwrap();
    assert!(drawn.contains("These runs") && drawn.contains("Published"), "both have titles");
    let several = path("several.csv");
    fs::write(&several, "params,reuse,loss\n100,1,3\n200,1,2.8\n100,2,2.9\n200,2,2.7\n").unwrap();
    let refused = isoloss(&["figure", "reuse", &several, "--published", "-o", &path("no.svg")]);
    assert!(refused.code != 0 && refused.stderr.contains("of several panels"), "{}", refused.stderr);
    let data = fs::read_to_string(&data).unwrap();
    assert!(["old", "new", "MLA", "Kimi"].iter().all(|name| data.contains(name)), "{data}");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let (_folder, path) = folder();
    let svg = path("a.svg");
    fs::write(path("there.svg"), "mine").unwrap();
    fs::write(path("there.html"), "mine").unwrap();
    let own = path("runs.csv");
    fs::copy(EXAMPLE, &own).unwrap();
    let single = path("single.csv");
    fs::write(&single, "family,flops,loss\nold,1e20,2.5\nnew,1e20,2.4\n").unwrap();
    for (arguments, needle) in [
        (vec!["figure", "compute", &single, "-o", &svg], "no family (old, new) has more than 1 row for 2"),
        (vec!["figure", "compute", "published:kimi-mla", "published:kimi-linear", "-o", &svg], "as in --at-loss"),
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

/// An option that would change nothing is refused, and who has use for it is said.
#[test]
fn idle_options_are_refused() {
    let (_folder, path) = folder();
    let (svg, fit) = (path("a.svg"), path("fit.json"));
    assert_eq!(isoloss(&["fit", EXAMPLE, "--interval", "none", "--save", &fit]).code, 0);
    let published = ["published:kimi-mla", "published:kimi-linear"];
    for (arguments, idle, hint) in [
        (vec!["fit", EXAMPLE, "--baseline", "a"], "--baseline", "--baseline is for multiplier, pareto, compute"),
        (vec!["multiplier", published[0], published[1], "--at-loss", "2"], "--at-loss", "--at-loss is for compute"),
        (vec!["compute", published[0], published[1], "--budgets", "b"], "--budgets", "--budgets is for isoflop"),
        (vec!["pareto", "--published", "--baseline", "a"], "--baseline", "what papers print"),
        (vec!["compute", "--published", "--at-loss=2", "--seed", "1"], "--at-loss, --seed", "what papers print"),
        (vec!["reuse", "--published", "--map", "a=b"], "--map", "what papers print"),
        (vec!["frontier", &fit, "--where", "N > 1", "--law", "power"], "--law, --where", "a saved fit"),
        (
            vec!["pareto", SCORES, "--map", "score=average", "--level", "0.9"],
            "--level",
            "its columns are drawn as they stand",
        ),
        (vec!["pareto", SCORES, "--map", "score=average", "--se", "s"], "--se", "its columns are drawn as they stand"),
    ] {
        let refused = isoloss(&[&["figure"], &arguments[..], &["-o", &svg]].concat());
        assert_eq!(refused.code, 2, "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(&format!(": {idle} would change nothing here")), "{}", refused.stderr);
        assert!(refused.stderr.contains(&format!("hint: {hint}")), "{}", refused.stderr);
    }
    for (arguments, needle) in [
        (vec!["figure", "frontier", &fit, published[0], "-o", &svg], "is drawn from one fit"),
        (vec!["figure", "multiplier", &fit, EXAMPLE, "-o", &svg], "compares fits, or families of a table"),
        (vec!["report", &fit, "--where", "N > 1", "-o", &path("r.html")], "--where would change nothing here"),
    ] {
        let refused = isoloss(&arguments);
        assert!(refused.code == 2 && refused.stderr.contains(needle), "{arguments:?}: {}", refused.stderr);
    }
    assert!(!fs::exists(&svg).unwrap(), "a refusal leaves no file");
    let listed = isoloss(&["list", "figures"]).stdout;
    assert!(listed.contains("with --baseline, --at-loss"), "{listed}");
}

#[test]
fn budgets_are_a_column_of_the_table() {
    let (_folder, path) = folder();
    let named = path("named.csv");
    let text = fs::read_to_string(table("isoflop")).unwrap();
    let with = text.lines().enumerate().map(|(i, line)| match i {
        0 => format!("{line},budget\n"),
        i => format!("{line},{}\n", ["a", "b", "c"][(i - 1) * 3 / (text.lines().count() - 1)]),
    });
    fs::write(&named, with.collect::<String>()).unwrap();
    let draw = |column: &str| {
        isoloss(&["figure", "isoflop", &named, "--draws", "100", "--budgets", column, "-o", &path("a.svg"), "--force"])
    };
    let drawn = draw("budget");
    // The dearest of the three ends before it rises, and is said not to count.
    assert!(
        drawn.code == 0 && drawn.stdout.contains("runs of 2 budgets with a parabola"),
        "{}{}",
        drawn.stdout,
        drawn.stderr
    );
    let stray = draw("budgget");
    assert!(stray.code == 2 && stray.stderr.contains("did you mean budget?"), "{}", stray.stderr);
}

#[test]
fn a_fit_cut_short_and_a_folder_that_takes_no_files() {
    let (_folder, path) = folder();
    let (fit, cut) = (path("fit.json"), path("cut.json"));
    assert_eq!(isoloss(&["fit", EXAMPLE, "--interval", "none", "--save", &fit]).code, 0);
    let text = fs::read_to_string(&fit).unwrap();
    for part in [&text[..text.len() / 2], &text[..text.len() - 2]] {
        fs::write(&cut, part).unwrap();
        for command in
            [&["figure", "frontier", &cut, "-o", &path("a.svg")][..], &["report", &cut, "-o", &path("a.html")]]
        {
            let run = isoloss(command);
            let said = "cut.json:1: this looks like a fit that isoloss saved, cut short";
            assert!(run.code == 2 && run.stderr.contains(said), "{}", run.stderr);
            assert!(run.stderr.contains("hint: copy the whole file"), "{}", run.stderr);
        }
    }
    if fs::exists("/proc/self").unwrap() {
        let run = isoloss(&["figure", "compute", "--published", "-o", "/proc/a.svg"]);
        assert!(run.code == 1 && run.stderr.contains("the folder /proc takes no files"), "{}", run.stderr);
    }
}

/// Families whose runs share no loss have no table of multipliers, and a figure that is extrapolated throughout.
#[test]
fn families_without_a_common_loss_are_reported() {
    let (_folder, path) = folder();
    let apart = path("apart.csv");
    let mut text = "family,params,tokens,loss\n".to_owned();
    for (family, from, a) in [("small", 1e6, 400.0), ("large", 1e10, 320.0)] {
        for i in 0..25 {
            let (n, d) = (from * 3f64.powi(i % 5), 20.0 * from * 3f64.powi(i / 5));
            let loss = 1.7 + a * n.powf(-0.34) + 410.0 * d.powf(-0.28);
            text.push_str(&format!("{family},{n},{d},{loss}\n"));
        }
    }
    fs::write(&apart, text).unwrap();
    let html = path("apart.html");
    let run = isoloss(&["report", &apart, "--group", "family", "--draws", "40", "-o", &html]);
    assert!(run.stderr.contains("no table of multipliers: large against small"), "{}", run.stderr);
    let text = fs::read_to_string(&html).unwrap();
    assert!(text.contains("Dotted: extrapolated. The runs of small share no loss with those of large."));
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
