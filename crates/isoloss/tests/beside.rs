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
    // A budget is best spent as plan says it.
    let budget = isoloss(&["predict", saved, "--flops", "1e21"]);
    assert!(budget.code == 2 && budget.stderr.contains("hint: say --family \"f1\""), "{}", budget.stderr);
    let json = |arguments: &[&str]| {
        let run = isoloss(&[arguments, &["--family", "f1", "--flops", "1e21", "--format", "json"]].concat());
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()
    };
    let (best, planned) = (json(&["predict", saved])["optima"][0].clone(), json(&["plan", saved])["plans"][0].clone());
    assert!(best["family"] == "f1" && best["params"] == planned["params"] && best["new_run"] == planned["new_run"]);
    let named = isoloss(&["predict", saved, "--at", "N=1e9,family=f1,D=2e10"]);
    assert!(
        named.code == 2 && named.stderr.ends_with("hint: --family \"f1\" --at \"N=1e9,D=2e10\"\n"),
        "{}",
        named.stderr
    );
    let below = isoloss(&["predict", saved, "--family", "f1", "--at", "N=-5,D=1"]);
    assert!(below.code == 2 && !below.stderr.contains("--where"), "{}", below.stderr);
    let floor = isoloss(&["plan", saved, "--loss", "0.5", "--family", "f1"]);
    assert!(floor.code == 2 && floor.stderr.contains("its floor E is 1."), "{}", floor.stderr);
    let nothing = isoloss(&["predict", saved]);
    assert!(nothing.stderr.contains("<--at <POINTS>|--table <FILE>|--flops <C>>"), "{}", nothing.stderr);
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

#[test]
fn kinds_of_runs_under_one_law_are_warned_of() {
    // Every other row is of a data set whose losses are lower by a fifth.
    let (folder, path) = rewritten(|row, line| match (row, line.rsplit_once(',')) {
        (0, _) => format!("dataset,{line}"),
        (_, Some((sizes, loss))) if row % 2 == 0 => format!("code,{sizes},{}", 0.8 * loss.parse::<f64>().unwrap()),
        _ => format!("web,{line}"),
    });
    let run = isoloss(&["fit", &path, "--draws", "40"]);
    let warned = "warning[pooled]: one law lies between the 2 values of column `dataset`: their runs are off it by ";
    assert!(run.stdout.contains(warned), "{}", run.stdout);
    assert!(run.stdout.contains("hint: --per dataset E,A,B fits them apart"), "{}", run.stdout);
    // Families that are compared pool them as well.
    let table = std::fs::read_to_string(&path).unwrap();
    let by_size = |(row, line): (usize, &str)| match row {
        0 => format!("arch,{line}\n"),
        _ => format!("{},{line}\n", ["base", "new"][row / 2 % 2]),
    };
    let families = folder.path().join("families.csv").to_string_lossy().into_owned();
    std::fs::write(&families, table.lines().enumerate().map(by_size).collect::<String>()).unwrap();
    let both = isoloss(&["compare", &families, "--group", "arch", "--baseline", "base", "--draws", "40"]);
    assert!(both.stderr.contains("the rows of one `arch` pool 2 values of column `dataset`"), "{}", both.stderr);
    assert!(
        both.stderr.contains("warning[pooled]: ") && both.stderr.contains("--where \"dataset = 'code'\""),
        "{}",
        both.stderr
    );
    let apart = isoloss(&["fit", &path, "--draws", "40", "--per", "dataset", "E,A,B"]);
    assert!(apart.stdout.contains("L = ") && !apart.stdout.contains("[pooled]"), "{}", apart.stdout);
    // Kinds that do not differ are no reason to fit them apart.
    let (_folder, alike) = rewritten(|row, line| match row {
        0 => format!("dataset,{line}"),
        _ => format!("{},{line}", ["a", "b"][row % 2]),
    });
    let run = isoloss(&["fit", &alike, "--draws", "40"]);
    assert!(run.stderr.contains("the rows pool 2 values") && !run.stdout.contains("[pooled]"), "{}", run.stdout);

    let page = folder.path().join("page.html");
    let page = page.to_str().unwrap();
    assert_eq!(isoloss(&["report", &path, "-o", page, "--draws", "40"]).code, 0);
    let html = std::fs::read_to_string(page).unwrap();
    for said in ["<code>pooled</code>", "How the table was read", "the rows pool 2 values of column"] {
        assert!(html.contains(said), "{said}");
    }
}

#[test]
fn one_cluster_tells_nothing() {
    let (_folder, path) = rewritten(|row, line| format!("{},{line}", if row == 0 { "lr" } else { "3e-4" }));
    for command in ["fit", "score"] {
        let run = isoloss(&[command, &path, "--cluster", "lr"]);
        assert!(run.code == 2 && run.stderr.contains("column `lr` is 0.0003 in every row"), "{}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
    // Copies that are known to be of one cluster are not warned of.
    let (_folder, path) = rewritten(|row, line| match row {
        0 => format!("run,{line}"),
        _ => format!("r{row},{line}\nr{row},{line}"),
    });
    let copies = |more: &[&str]| {
        let run = isoloss(&[&["fit", &path, "--draws", "40"], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout.contains("warning[copies]")
    };
    assert!(copies(&[]) && !copies(&["--cluster", "run"]));
}

#[test]
fn losses_below_zero_and_headers_that_are_rows() {
    let (_folder, path) = rewritten(|row, line| match (row, line.rsplit_once(',')) {
        (1.., Some((sizes, loss))) => format!("{sizes},-{loss}"),
        _ => "N,D,loss".to_owned(),
    });
    let run = isoloss(&["fit", &path]);
    assert!(run.code == 2 && run.stderr.contains("at most: a loss lies above 0"), "{}", run.stderr);
    let turned = isoloss(&["fit", &path, "--map", "L=-loss", "--draws", "40"]);
    assert_eq!(turned.code, 0, "{}", turned.stderr);
    let asked = isoloss(&["fit", &path, "--objective", "squared", "--draws", "40"]);
    assert!(!asked.stderr.contains("a loss lies above 0"), "{}", asked.stderr);

    let (folder, _) = rewritten(|_, line| line.to_owned());
    let path = folder.path().join("bare.csv");
    std::fs::write(&path, "a,10000000,50000000,6.8\nb,20000000,90000000,6.1\n").unwrap();
    let run = isoloss(&["fit", path.to_str().unwrap()]);
    assert!(run.code == 2 && run.stderr.contains("looks like a row: `10000000`"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: put a line of names above it"), "{}", run.stderr);
}
