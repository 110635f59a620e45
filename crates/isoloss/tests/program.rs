//! The program as a stranger meets it. Snapshots hold what is said, not the last digits of intervals:
//! `INSTA_UPDATE=always cargo test -p isoloss --test program` writes them anew.

mod common;

use std::fs;

use common::{isoloss, masked, ran, table};

#[test]
fn tables_of_strangers_need_no_flag() {
    for name in ["nanochat", "wandb", "plain", "isoflop"] {
        let run = isoloss(&["fit", &table(name), "--draws", "200"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        insta::assert_snapshot!(format!("fit-{name}"), ran(&run));
    }
}

/// A law of the simulation: L = 1.82 + 480 N^-0.347 + 2085 D^-0.366, 0.5 % noise.
#[test]
fn a_known_law_is_found() {
    let run = isoloss(&["fit", &table("isoflop"), "--format", "json"]);
    let fit: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let parameters = fit["parameters"].as_array().unwrap();
    for (name, truth) in [("E", 1.82), ("alpha", 0.347), ("beta", 0.366)] {
        let p = parameters.iter().find(|p| p["name"] == name).unwrap();
        let (value, error) = (p["value"].as_f64().unwrap(), p["error"].as_f64().unwrap());
        assert!((value - truth).abs() < 4.0 * error && error < 0.2 * truth, "{name} = {value} +- {error}");
    }
    assert_eq!(fit["residuals"].as_array().unwrap().len(), 25);
}

/// Where columns are not known, the hint holds the very flags that make it work.
#[test]
fn hints_can_be_typed() {
    let folder = tempfile::tempdir().unwrap();
    let plain = fs::read_to_string(table("plain")).unwrap();
    let cases = [
        ("two.csv", "params,tokens,n_params,loss", ["--map", "N=params"]),
        ("ppl.csv", "params,tokens,x,ppl", ["--map", "L=ln(ppl)"]),
    ];
    for (name, header, flags) in cases {
        let rows = plain.lines().skip(1).map(|line| {
            let cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
            let loss = if name == "ppl.csv" { cells[2].exp() } else { cells[2] };
            format!("{},{},{},{loss}", cells[0], cells[1], cells[0] * 1.1)
        });
        let path = folder.path().join(name);
        fs::write(&path, format!("{header}\n{}\n", rows.collect::<Vec<_>>().join("\n"))).unwrap();
        let path = path.to_str().unwrap();
        let refused = isoloss(&["fit", path]);
        assert_eq!(refused.code, 2, "{name}");
        let hint = refused.stderr.lines().last().unwrap();
        assert!(
            hint.starts_with("hint: ") && hint.contains(&format!("{} \"{}\"", flags[0], flags[1])),
            "{name}: {hint}"
        );
        let run = isoloss(&["fit", path, flags[0], flags[1], "--draws", "50"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    }
}

/// Warnings know no header; what is printed names it, quoted so that a shell leaves it alone.
#[test]
fn warnings_name_the_lines_and_columns_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let plain = fs::read_to_string(table("plain")).unwrap();
    let fit = |header: &str, row: &dyn Fn(&[f64]) -> String, more: &[&str]| {
        let mut rows: Vec<String> = (plain.lines().skip(1))
            .map(|line| row(&line.split(',').map(|c| c.parse().unwrap()).collect::<Vec<f64>>()))
            .collect();
        rows.push(rows[2].clone());
        let path = folder.path().join("runs.csv");
        fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        let run = isoloss(&[&["fit", path.to_str().unwrap(), "--draws", "40"], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout
    };
    let small = |c: &[f64]| format!("{},{},{}", c[0] / 1e6, c[1] / 1e9, c[2]);
    let said = fit("my size,train tokens,loss", &small, &["--map", "N=my size", "--map", "D=train tokens"]);
    assert!(
        said.contains("--map 'N=1e6*`my size`'; if") && said.contains("--map 'D=1e6*`train tokens`'; if"),
        "{said}"
    );
    let last = plain.lines().count() + 1;
    assert!(
        said.contains(&format!("1 of {} rows is an exact copy of others, line {last} of line 4: ", last - 1)),
        "{said}"
    );
    // Tables of our own say what they count, however little it is.
    let own = |c: &[f64]| format!("a,finished,1,1,1,1,{}", small(c));
    let said = fit("id,state,numerics,params_stored,flops_6nd,tokens,N,D,loss", &own, &[]);
    assert!(!said.contains("warning[units]") && said.contains("warning[copies]"), "{said}");
}

#[test]
fn usage_and_input_are_told_apart_from_failure() {
    let plain = table("plain");
    let cases: &[(&str, &[&str])] = &[
        ("no-file", &["fit", "nope.csv"]),
        ("law", &["fit", &plain, "--law", "chinchila"]),
        ("formula", &["fit", &plain, "--formula", "L = E + A*N^-"]),
        ("slip", &["fit", &plain, "--formula", "L = E + A*n^-alpha"]),
        ("which-scale", &["fit", &plain, "--law", "power"]),
        ("missing-column", &["fit", &plain, "--law", "data-constrained"]),
        ("parameter", &["fit", &plain, "--fix", "Q=1"]),
        ("fix", &["fit", &plain, "--fix", "E"]),
        ("bound", &["fit", &plain, "--bound", "alpha=2..1"]),
        ("map", &["fit", &plain, "--map", "N"]),
        ("where", &["fit", &plain, "--where", "Q > 1"]),
        ("no-row", &["fit", &plain, "--where", "N > 1e12"]),
        ("few-rows", &["fit", &plain, "--where", "N = 2e7"]),
        ("level", &["fit", &plain, "--level", "95"]),
        ("at", &["fit", &plain, "--at", "Q=1"]),
        ("save", &["fit", &plain, "--save", "-"]),
        ("draws", &["fit", &plain, "--draws", "1e7"]),
        ("few-draws", &["fit", &plain, "--draws", "100", "--level", "0.9999"]),
        ("two-families", &["fit", &plain, "--group", "a", "--per", "b", "A"]),
        ("no-option", &["fit", &plain, "--drawz", "5"]),
        ("published", &["predict", "published:besiroglu", "--at", "N=1"]),
        ("no-family", &["predict", "published:besiroglu-2024", "--at", "N=1,D=1", "--family", "mla"]),
        ("no-fit", &["predict", &plain, "--at", "N=1"]),
        ("no-fit-in-list", &["list", &plain]),
        ("negative", &["fit", &plain, "--drop-highest", "-1"]),
        ("inputs", &["predict", "published:frantar-2023-t5", "--at", "N=1e9"]),
        ("budget", &["predict", "published:kimi-mla", "--flops", "1e21"]),
        ("list", &["list", "nonsense"]),
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let run = isoloss(arguments);
        assert_eq!(run.code, 2, "{name}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{name}");
        assert!(run.stderr.contains("error: "), "{name}: {}", run.stderr);
        all.push_str(&format!("-- {name}\n{}", masked(&run.stderr)));
    }
    insta::assert_snapshot!("errors", all);
}

#[test]
fn a_fit_is_kept_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fit.json");
    let path = path.to_str().unwrap();
    let (plain, at) = (table("plain"), "N=70e9,D=1.4e12");
    let fit = isoloss(&["fit", &plain, "--save", path, "--at", at, "--format", "json"]);
    assert_eq!(fit.code, 0, "{}", fit.stderr);
    let predicted = isoloss(&["predict", path, "--at", at, "--format", "json"]);
    let [fit, predicted] = [&fit, &predicted].map(|r| serde_json::from_str::<serde_json::Value>(&r.stdout).unwrap());
    assert_eq!(fit["predictions"], predicted["predictions"]);

    let before = fs::read(path).unwrap();
    let refused = isoloss(&["fit", &plain, "--save", path]);
    assert_eq!((refused.code, fs::read(path).unwrap() == before), (2, true));
    let forced = isoloss(&["fit", &plain, "--save", path, "--force", "--draws", "50"]);
    assert_eq!(forced.code, 0, "{}", forced.stderr);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");

    insta::assert_snapshot!("predict", ran(&isoloss(&["predict", path, "--at", "N=1B,7B,D=1T", "--flops", "1e21"])));
    let list = isoloss(&["list", path]);
    assert!(list.stdout.contains("N from 20M to 700M"), "{}", list.stdout);
    let rows = isoloss(&["predict", path, "--table", &table("isoflop"), "--format", "csv"]);
    assert_eq!(rows.stdout.lines().count(), 26, "{}", rows.stderr);
}

#[test]
fn published_constants_have_no_interval_and_say_why() {
    let at = ["--at", "N=70e9,D=1.4e12"];
    let run = isoloss(&["predict", "published:besiroglu-2024", at[0], at[1], "--flops", "5.76e23"]);
    insta::assert_snapshot!("published", ran(&run));
    let run = isoloss(&["predict", "published:hoffmann-2022", at[0], at[1]]);
    assert!(run.stdout.contains("published without errors: no interval"), "{}", run.stdout);
    for line in isoloss(&["list", "published"]).stdout.lines().filter(|l| l.starts_with("published:")) {
        let name = line.split(' ').next().unwrap();
        assert_eq!(isoloss(&["list", name]).code, 0, "{name}");
    }
}

#[test]
fn options_of_a_fit() {
    let plain = table("plain");
    let quick = |more: &[&str]| isoloss(&[&["fit", &plain, "--draws", "50"], more].concat());
    let held = quick(&["--fix", "E=1.82,A=480", "--tie", "alpha=beta"]);
    insta::assert_snapshot!("held", ran(&held));
    insta::assert_snapshot!("formula", ran(&quick(&["--formula", "L = E + A*(N*D)^-alpha"])));
    insta::assert_snapshot!("no-interval", ran(&quick(&["--interval", "none", "--drop-highest", "2"])));
    let text = quick(&["--format", "csv"]).stdout;
    assert!(text.starts_with("name,value,lower,upper,level,error,method\nE,"), "{text}");
    let one = quick(&["--threads", "1"]).stdout;
    assert_eq!(one, quick(&["--threads", "3"]).stdout, "the answer depends on the number of threads");
}

/// A saved fit is no table, wherever a table is asked for.
/// Runs of a law of sizes and tokens, with noise that is always the same.
fn made(rows: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut text = "params,tokens,flops,loss\n".to_owned();
    for (i, (n, d)) in rows.into_iter().enumerate() {
        let noise = 1.0 + 0.006 * (((i + 1) as f64 * 0.618_033_988_75).fract() - 0.5);
        let loss = (1.8 + 400.0 * n.powf(-0.34) + 2000.0 * d.powf(-0.36)) * noise;
        text.push_str(&format!("{n},{d},{},{loss}\n", 6.0 * n * d));
    }
    text
}

#[test]
fn best_sizes_are_as_sure_as_the_rows_make_them() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/runs.csv");
    let draws = ["--draws", "100"];
    let open = isoloss(&[&["fit", example, "--where", "N > 1e8"], &draws[..]].concat());
    assert!(open.stdout.contains("these rows hardly tell on which N and D to spend it: N = 6.6B ["), "{}", open.stdout);
    assert!(open.stdout.contains("isoloss plan fit.json --next 4 --budget 3.9e20 --know N --at C=3.9e21 (the runs"));
    let floors = ["fit", example, "--formula", "L = E + A*N^-alpha + B*D^-beta + K"];
    let floors = isoloss(&[&floors, &draws[..]].concat());
    assert!(floors.code == 1 && floors.stdout.contains("do not determine E, K: other values"), "{}", floors.stdout);
    let one = isoloss(&[&["fit", example, "--where", "N < 5e7"], &draws[..]].concat());
    assert!(one.stdout.contains("on which N and D to spend it cannot be told from a fit with an error"));
}

/// One power stands for two along a ladder: nothing is said of the other, and what comes next can be typed.
#[test]
fn a_ladder_is_followed_along_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("ladder.csv"), made((0..12).map(|i| 1e7 * 10f64.powf(f64::from(i) / 4.0)).map(|n| (n, 20.0 * n))))
        .unwrap();
    let run = isoloss(&["fit", &path("ladder.csv"), "--draws", "100", "--save", &path("l.json")]);
    assert!(run.code == 0 && run.stdout.contains("warning[collinear]"), "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("D^") && !run.stdout.contains("inf"), "{}", run.stdout);
    assert!(
        run.stdout.contains("N and D grown together as in these runs to N = 18B, D = 356B: loss 2."),
        "{}",
        run.stdout
    );
    let next = run.stdout.lines().find_map(|line| line.strip_prefix("Next: isoloss predict ")).unwrap();
    let at = next.split('"').nth(1).unwrap();
    let then = isoloss(&["predict", &path("l.json"), "--at", at]);
    assert!(then.code == 0 && then.stdout.contains('['), "{}{}", then.stdout, then.stderr);
}

#[test]
fn budgets_are_those_of_the_compute_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.csv");
    let each = [1e18, 3e18, 1e19].into_iter().flat_map(|c: f64| {
        [0.25, 0.5, 1.0, 2.0, 4.0].map(|share| (share * (c / 120.0).sqrt(), (20.0 * c / 6.0).sqrt() / share))
    });
    // Parameters as counted elsewhere: 6 N D is no longer the budget.
    let mut text = String::new();
    for (i, line) in made(each).lines().enumerate() {
        let (n, rest) = line.split_once(',').unwrap();
        let n = n.parse::<f64>().map_or(n.to_owned(), |n| (n * (1.0 + 0.1 * (i % 4) as f64)).to_string());
        text.push_str(&format!("{n},{rest}\n"));
    }
    fs::write(&path, text).unwrap();
    let fit = ["fit", path.to_str().unwrap(), "--method", "isoflop", "--draws", "40"];
    let without = isoloss(&fit);
    assert!(without.code == 1 && without.stdout.contains("isoflop cannot be used"), "{}", without.stdout);
    let with = isoloss(&[&fit[..], &["--map", "C=flops"]].concat());
    assert!(with.code == 0 && with.stderr.contains("budgets that count: 3"), "{}{}", with.stdout, with.stderr);
}

#[test]
fn slips_are_answered_with_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rows = || [1e7, 3e7, 1e8, 3e8].into_iter().flat_map(|n| [5.0, 20.0, 80.0].map(|r| (n, n * r)));
    fs::write(path("plain.csv"), made(rows())).unwrap();
    let positive = made(rows());
    let negative = positive.lines().enumerate().map(|(i, line)| match i {
        4 => line.rsplit_once(',').map(|(all, loss)| format!("{all},-{loss}\n")).unwrap(),
        _ => format!("{line}\n"),
    });
    fs::write(path("negative.csv"), negative.collect::<String>()).unwrap();
    fs::create_dir_all(path("store/3ce22a2abe04747d2192")).unwrap();
    fs::write(path("store/3ce22a2abe04747d2192/run.json"), "{}").unwrap();
    let (plain, fit, cut) = (path("plain.csv"), path("fit.json"), path("cut.json"));
    let formula = ["--formula", "L = E + A*N^-alpha + k*ln(D/N)^2", "--interval", "none"];
    let saved = isoloss(&[&["fit", &plain, "--save", &fit], &formula[..]].concat());
    assert!(
        saved.stderr.contains("note: k is held positive, as a factor of a power is; --bound k=-1..1"),
        "{}",
        saved.stderr
    );
    let bound = isoloss(&[&["fit", &plain, "--bound", "k=-1..1"], &formula[..]].concat());
    assert!(bound.code == 0 && !bound.stderr.contains("held positive"), "{}", bound.stderr);
    let tied = isoloss(&["fit", &plain, "--tie", "alpha=beta", "--interval", "none"]);
    assert!(tied.stdout.lines().any(|l| l.starts_with("  alpha ") && l.ends_with("tied to beta")), "{}", tied.stdout);
    fs::write(&cut, &fs::read(&fit).unwrap()[..500]).unwrap();
    let store = path("store");
    for (arguments, says) in [
        (vec!["fit", &path("negative.csv")], "negative.csv:5: L = -".to_owned()),
        (vec!["fit", &store], format!("hint: isoloss runs export --store \"{store}\" -o runs.csv makes one of it")),
        (vec!["compare", &store], "this is a store of runs, not a table".to_owned()),
        (vec!["predict", &cut, "--at", "N=1,D=1"], "cut.json:1:500: this saved fit is cut short".to_owned()),
        (vec!["predict", &fit, "--at", "N=1e9;D=1e9"], "hint: --at \"N=1e9,D=1e9\"".to_owned()),
        (
            vec!["fit", &plain, "--per", "A"],
            "hint: the column of families, then the parameters: --per arch A".to_owned(),
        ),
        (
            vec!["compare", &plain, "--group", "arch", "--per", "arch", "A,B"],
            "--group arch --per A,B (in place of --per arch A,B)".to_owned(),
        ),
    ] {
        let run = isoloss(&arguments);
        assert!(run.code == 2 && run.stderr.contains(&says), "{says} is not in:\n{}", run.stderr);
    }
}

#[test]
fn a_fit_is_not_taken_for_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("fit.json");
    let saved = saved.to_str().unwrap();
    let at = "N=1e9,D=1e10";
    assert_eq!(isoloss(&["fit", &table("plain"), "--draws", "40", "--save", saved]).code, 0);
    let indented = folder.path().join("indented.json");
    let value: serde_json::Value = serde_json::from_str(&fs::read_to_string(saved).unwrap()).unwrap();
    fs::write(&indented, format!("{value:#}")).unwrap();
    for arguments in [
        &["fit", saved][..],
        &["fit", indented.to_str().unwrap()],
        &["fit", saved, "--law", "all"],
        &["score", saved],
        &["score", &table("plain"), "--test", saved],
        &["predict", saved, "--at", at, "--table", saved],
    ] {
        let run = isoloss(arguments);
        assert!(
            run.code == 2 && run.stderr.contains("this is a fit that isoloss saved, not a table"),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.contains("hint: isoloss list ") && run.stderr.contains("isoloss predict "),
            "{}",
            run.stderr
        );
    }
    // Rows may have a column `law` or a checksum.
    let rows = folder.path().join("rows.jsonl");
    fs::write(&rows, "{\"law\": \"a\", \"checksum\": 1, \"N\": 1e7}\n").unwrap();
    assert!(!isoloss(&["fit", rows.to_str().unwrap()]).stderr.contains("isoloss saved"));
    let empty = folder.path().join("empty.json");
    fs::write(&empty, "").unwrap();
    let run = isoloss(&["predict", empty.to_str().unwrap(), "--at", at]);
    assert!(run.stderr.contains("this file is empty, not a saved fit\nhint: "), "{}", run.stderr);
}

#[test]
fn a_unit_is_said_once() {
    let text = isoloss(&["list", "published"]).stdout;
    assert!(text.contains("PF-days") && text.lines().all(|line| line.matches("PF-days").count() < 2), "{text}");
}

#[test]
fn standard_input_and_a_reader_that_has_seen_enough() {
    let run = common::with_input(&["fit", "-", "--draws", "50"], &fs::read(table("plain")).unwrap());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for arguments in [&["list"][..], &["fit", &table("plain"), "--draws", "40"]] {
        assert_eq!(common::closed_pipe(arguments), 0);
    }
}

#[test]
fn the_readmes_first_command() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/runs.csv");
    let run = isoloss(&["fit", path]);
    insta::assert_snapshot!("example", ran(&run));
}

/// Runs of a sweep, and those that a fit has to foretell, enter no fit of the results either.
#[test]
fn results_are_fitted_as_their_experiment_was() {
    let results = |name: &str| format!("{}/../../experiments/results/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let fitted = |arguments: &[&str]| {
        let run = isoloss(&[&["fit", "--draws", "50", "--format", "json"], arguments].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let fit: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        (fit["residuals"].as_array().unwrap().len(), run.stderr)
    };
    let (rows, says) = fitted(&[&results("first-ladder")]);
    assert!(
        rows == 33 && says.contains("note: 33 runs of the ladder are fitted, 1 of a sweep or held out"),
        "{rows} {says}"
    );
    let (rows, says) =
        fitted(&[&results("first-ladder"), "--where", "`run.split` = 'fit' or `run.split` = 'held out'"]);
    assert!(rows == 34 && !says.contains("of the ladder"), "{rows} {says}");
    assert_eq!(fitted(&[&results("kimi-linear"), "--where", "family = 'mla'"]).0, 10);
    // Laws are ranked on the same runs.
    let ranked = isoloss(&["fit", &results("first-ladder"), "--law", "chinchilla,frontier"]);
    assert!(ranked.code == 0 && ranked.stderr.contains("note: 33 runs of the ladder are fitted"), "{}", ranked.stderr);
}

#[test]
fn help_and_lists() {
    insta::assert_snapshot!("help", isoloss(&["--help"]).stdout);
    // The law and the first of its published constants, of which there will be more.
    let law = isoloss(&["list", "laws", "power"]).stdout;
    let of = "\n[[published]]";
    insta::assert_snapshot!("list-law", law.split(of).take(2).collect::<Vec<_>>().join(of));
    for command in ["fit", "predict", "compare", "plan", "score", "list", "completions"] {
        let help = isoloss(&[command, "--help"]).stdout;
        assert!(help.contains("Example"), "{command}");
        assert_eq!(isoloss(&["help", command]).stdout, help);
    }
    assert!(isoloss(&["help", "rnus"]).stderr.contains("did you mean isoloss runs?"));
    for shell in ["bash", "zsh", "fish"] {
        let script = isoloss(&["completions", shell]).stdout;
        // In fish arguments without an option have no names.
        assert_eq!(script.contains("multiplier") && script.contains("backtest"), shell != "fish", "{shell}: figures");
        // Where a law or an experiment may be a file, only bash has names and files.
        let (law, experiment) = (script.contains("kaplan-steps"), script.contains("first-ladder"));
        assert_eq!((law, experiment), (shell == "bash", shell == "bash" && cfg!(feature = "lab")), "{shell}");
    }
    assert_eq!(isoloss(&[]).code, 2);
}

#[test]
fn shared_exports() {
    let folder = match std::env::var_os("ISOLOSS_SHARED") {
        Some(folder) => std::path::PathBuf::from(folder),
        None => std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    if !folder.is_dir() {
        use std::io::Write;
        // Past the test harness, which keeps what passing tests print.
        writeln!(std::io::stderr(), "SKIPPED 2 tests: no ../shared").unwrap();
        return;
    }
    let export = folder.join("data/trackers/wandb-export");
    let fit = |name: &str| isoloss(&["fit", export.join(name).to_str().unwrap()]);
    let runs = fit("runs-table.csv");
    assert_eq!(runs.code, 2);
    assert!(runs.stderr.contains("left out: line 3 gpt-262144: State = failed"), "{}", runs.stderr);
    assert!(runs.stderr.contains("error: 2 rows for 5 free parameters"), "{}", runs.stderr);
    let panel = fit("panel-train-loss.csv");
    assert_eq!(panel.code, 2);
    assert!(panel.stderr.contains("curves and no sizes"), "{}", panel.stderr);
}
