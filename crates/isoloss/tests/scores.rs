//! Scores of models: evaluations read, means made anew, gains read as sizes, what knowledge costs.

mod common;

use std::fs;
use std::path::Path;

use common::isoloss;
use isoloss_runs::read_path;
use serde_json::Value;

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/results/benchmark-published.csv");

fn json(arguments: &[&str]) -> Value {
    let run = isoloss(&[arguments, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// Results as lm-evaluation-harness 0.4 writes them.
fn results(model: &str, params: f64, tasks: &[(&str, f64)]) -> String {
    let one = |(task, score): &(&str, f64)| {
        format!("\"{task}\": {{\"alias\": \"{task}\", \"acc,none\": {score}, \"acc_stderr,none\": 0.01}}")
    };
    let tasks: Vec<String> = tasks.iter().map(one).collect();
    format!(
        "{{\"results\": {{{}}}, \"group_subtasks\": {{}}, \"configs\": {{}}, \"versions\": {{}}, \"n-shot\": {{}}, \
         \"config\": {{\"model\": \"hf\", \"model_num_parameters\": {params}}}, \"model_name\": \"{model}\", \"date\": 1.0}}",
        tasks.join(", ")
    )
}

#[test]
fn a_folder_of_evaluations_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("org__a/results_1.json", &results("org/a", 1e8, &[("arc", 0.3), ("hella", 0.5)]));
    write("org__b/results_1.json", &results("org/b", 2e8, &[("arc", 0.4), ("hella", 0.6)]));
    write("org__c/results_1.json", &results("org/c", 4e8, &[("arc", 0.5)]));
    write("org__c/samples.jsonl", "{\"doc\": 1}\n");
    let path = folder.path().to_str().unwrap();
    let means = json(&["compare", path, "--of", "arc,hella"]);
    let first = &means["means"][0];
    assert_eq!((first["name"].as_str(), first["mean"].as_f64()), (Some("org/a"), Some(0.4)));
    assert!((first["std_error"].as_f64().unwrap() - 0.01 / 2f64.sqrt()).abs() < 1e-12);
    assert_eq!(means["means"][2]["lacks"][0], "hella", "a mean over other tasks is no comparison");
    let text = isoloss(&["compare", path, "--of", "arc,hella"]);
    assert!(
        text.stdout.contains("lacks hella") && text.stderr.contains("3 of 4 files"),
        "{}{}",
        text.stdout,
        text.stderr
    );
    // The same models in a figure.
    let drawn = isoloss(&["figure", "pareto", path, "--map", "score=arc", "-o", "-"]);
    assert!(drawn.code == 0 && drawn.stdout.starts_with("<svg"), "{}", drawn.stderr);
    // Without --of it is the evaluations that are spoken of.
    let alone = isoloss(&["compare", path]);
    assert!(alone.code == 2 && alone.stderr.contains("--of \"arc,hella\""), "{}", alone.stderr);
    let twice = isoloss(&["compare", path, "--of", "arc,hella,arc"]);
    assert!(
        twice.code == 2 && twice.stderr.contains("--of names arc twice") && twice.stderr.contains("hint: "),
        "{}",
        twice.stderr
    );
    write("org__c/results_2.json", "{\"results\": {");
    let cut = isoloss(&["compare", path]);
    assert!(cut.code == 2 && cut.stderr.contains("results_2.json:1:13: "), "{}", cut.stderr);
    let empty = tempfile::tempdir().unwrap();
    let refused = isoloss(&["compare", empty.path().to_str().unwrap(), "--of", "arc"]);
    assert!(refused.code == 2 && refused.stderr.contains("no file in it holds results"), "{}", refused.stderr);
}

/// Two families on one line of scores, one of them as if it were twice as large; three seeds of each size.
fn runs(folder: &Path) -> String {
    let mut text = String::from("family,params_non_embedding,seed,accuracy\n");
    for (family, times) in [("without", 1.0), ("with", 2.0)] {
        for size in [1e4, 2e4, 4e4, 8e4] {
            for seed in 0..3 {
                let noise = ((size / 1e4 + f64::from(seed) * 1.7 + times) * 12.9898).sin() * 0.004;
                let score = 0.2 + 0.1 * (times * size / 1e4).ln() + noise;
                text.push_str(&format!("{family},{size},{seed},{score}\n"));
            }
        }
    }
    let path = folder.join("runs.csv");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Without --size the column is taken that `isoloss fit` takes for parameters.
#[test]
fn sizes_are_found_as_a_fit_finds_them() {
    let folder = tempfile::tempdir().unwrap();
    let named = runs(folder.path());
    let text = fs::read_to_string(&named).unwrap().replacen("params_non_embedding", "params", 1);
    let path = folder.path().join("params.csv");
    fs::write(&path, text).unwrap();
    let ask = |path: &str, size: &[&str]| {
        let asked = ["compare", path, "--score", "accuracy", "--group", "family", "--baseline", "without"];
        isoloss(&[&asked[..], size].concat())
    };
    let found = ask(path.to_str().unwrap(), &[]);
    assert!(found.code == 0 && found.stderr.contains("sizes are column `params`"), "{}", found.stderr);
    let asked = ask(&named, &["--size", "params_non_embedding"]);
    assert_eq!(found.stdout.replace("params", "params_non_embedding"), asked.stdout);
    // A gain in score is a gain in that size too.
    let models = folder.path().join("models.csv");
    fs::write(&models, "model,params,mean\nsmall,1e9,50\nlarge,2e9,60\nmine,1e9,57\ntwin,1e9,51\n").unwrap();
    let gain =
        ["--score", "mean", "--name", "model", "--model", "mine", "--twin", "twin", "--reference", "small,large"];
    let found_gain = isoloss(&[&["compare", models.to_str().unwrap()], &gain[..]].concat());
    assert!(found_gain.code == 0 && found_gain.stderr.contains("sizes are column `params`"), "{}", found_gain.stderr);
    let wrong = ask(&named, &["--size", "parms"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("--size parms"), "{}", wrong.stderr);
}

#[test]
fn scores_of_runs_are_read_as_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let path = runs(folder.path());
    let asked = ["compare", &path, "--score", "accuracy", "--size", "params_non_embedding", "--group", "family"];
    let asked = [&asked[..], &["--baseline", "without"]].concat();
    let answer = json(&asked);
    let all = answer["worth"].as_array().unwrap();
    assert_eq!(all.len(), 5, "four sizes, and all together");
    for worth in all {
        let [lower, upper] = ["lower", "upper"].map(|end| worth["times"][end].as_f64().unwrap());
        assert!(lower < 2.0 && 2.0 < upper && upper < 3.0, "{worth}");
    }
    assert!(all[4]["size"].is_null() && all[3]["beyond"].as_f64().unwrap() > 1.5);
    let text = isoloss(&asked);
    assert!(
        text.stdout.contains("times its size") && text.stdout.contains("warning[extrapolation]"),
        "{}",
        text.stdout
    );
    assert_eq!(isoloss(&[&asked[..], &["--format", "csv"]].concat()).stdout.lines().count(), 6);
    let drawn = ["figure", "pareto", &path, "--map", "score=accuracy", "--baseline", "without", "-o", "-"];
    let drawn = isoloss(&drawn);
    assert!(drawn.code == 0 && drawn.stderr.contains("with at all of its sizes together, worth"), "{}", drawn.stderr);
    for (wrong, says) in [
        (
            vec!["compare", &path, "--score", "accuracy", "--size", "params_non_embedding", "--group", "family"],
            "whose sizes",
        ),
        (
            vec![
                "compare",
                &path,
                "--score",
                "acuracy",
                "--size",
                "params_non_embedding",
                "--group",
                "family",
                "--baseline",
                "with",
            ],
            "did you mean",
        ),
        (
            vec![
                "compare",
                &path,
                "--score",
                "accuracy",
                "--size",
                "params_non_embedding",
                "--group",
                "family",
                "--baseline",
                "wiht",
            ],
            "did you mean",
        ),
        (
            vec!["compare", &path, "--score", "accuracy", "--group", "family", "--baseline", "with", "--twin", "x"],
            "--twin would change nothing",
        ),
        (vec!["compare", &path, "--score", "accuracy"], "of which model"),
        (vec!["compare", &path, "--model", "x"], "of which?"),
        (vec!["compare", &path, "--score", "accuracy", "--of", "seed"], "one of the two"),
        (
            vec!["figure", "pareto", &path, "--map", "score=accuracy", "--baseline", "wihtout", "-o", "-"],
            "did you mean \"without\"",
        ),
    ] {
        let run = isoloss(&wrong);
        assert!(
            run.code == 2 && run.stderr.contains(says) && run.stderr.contains("hint: "),
            "{wrong:?}: {}",
            run.stderr
        );
    }
}

/// Rows without a family are no family together, and nothing is worth what they are.
#[test]
fn a_blank_cell_is_no_family() {
    let folder = tempfile::tempdir().unwrap();
    let path = runs(folder.path());
    let text = fs::read_to_string(&path).unwrap() + ",20000,0,0.9\n ,40000,0,0.9\n";
    fs::write(&path, text).unwrap();
    let asked = ["compare", &path, "--score", "accuracy", "--size", "params_non_embedding", "--group", "family"];
    let asked = [&asked[..], &["--baseline", "without"]].concat();
    let run = isoloss(&asked);
    assert!(run.stderr.contains("note: 2 rows without a family in `family` left out: lines 26, 27"), "{}", run.stderr);
    assert_eq!(json(&asked)["worth"].as_array().unwrap().len(), 5, "of the other family alone");
    let drawn = ["figure", "pareto", &path, "--map", "score=accuracy", "--baseline", "without", "-o", "-"];
    let drawn = isoloss(&drawn);
    assert!(drawn.code == 0 && drawn.stdout.contains("no family"), "{}", drawn.stderr);
    assert!(drawn.stderr.contains("2 rows without a family are drawn in grey and enter no line"), "{}", drawn.stderr);
    assert!(drawn.stderr.contains("24 runs of without and with against"), "{}", drawn.stderr);
}

#[test]
fn a_column_of_blanks_is_called_blank() {
    let folder = tempfile::tempdir().unwrap();
    let blank = folder.path().join("blank.csv");
    fs::write(&blank, "model,size,score\na,1,\nb,2,\n").unwrap();
    let blank = isoloss(&["figure", "pareto", blank.to_str().unwrap(), "-o", "-"]);
    assert!(blank.code == 2 && blank.stderr.contains("`score` is blank"), "{}", blank.stderr);
}

/// Table 16 of Memory³ stands in two places: as a table, and in the figure.
#[test]
fn the_table_and_the_figure_of_memory3_have_the_same_numbers() {
    let table = read_path(Path::new(PUBLISHED)).unwrap().table;
    let drawn = include_str!("../../figures/published/pareto.toml");
    let rows = drawn.split_once("models = [\n").unwrap().1;
    let names = [
        ("Memory³-2B-SFT", "Memory3-SFT"),
        ("Memory³ with compression", "Memory3-SFT with vector compression"),
        ("Memory³ without memory", "Memory3-SFT without memory"),
    ];
    let mut checked = 0;
    for line in rows.lines().filter(|line| line.trim_start().starts_with("[\"")) {
        let (name, numbers) = line.trim().trim_start_matches("[\"").split_once("\", ").unwrap();
        let name = names.iter().find(|(drawn, _)| *drawn == name).map_or(name, |(_, table)| table);
        let numbers: Vec<f64> = numbers
            .split(|c: char| c != '.' && !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().unwrap())
            .collect();
        let row = (0..table.len())
            .find(|row| table.column("model").unwrap().text(*row) == name)
            .unwrap_or_else(|| panic!("{name}"));
        let columns = ["size", "average", "ARC-C", "HellaSwag", "MMLU", "Winogrande", "GSM8k", "C-Eval", "CMMLU"];
        let cells = columns.map(|column| table.column(column).unwrap().as_numbers().unwrap().values[row]);
        assert_eq!(numbers, cells, "{name}");
        checked += 1;
    }
    assert_eq!((checked, table.len()), (18, 18));
}

#[test]
fn knowledge_costs_what_the_paper_says() {
    let text = isoloss(&["knowledge", "--uses", "1,10,1e4,2e4"]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    insta::assert_snapshot!("knowledge", text.stdout);
    let all = json(&["knowledge"]);
    let cheapest = all["cheapest"].as_array().unwrap();
    assert_eq!(
        cheapest.iter().map(|c| c["format"].as_str().unwrap()).collect::<Vec<_>>(),
        ["text", "explicit", "implicit"]
    );
    let ends = [&cheapest[1]["from"], &cheapest[1]["to"]].map(|end| end.as_f64().unwrap());
    assert!((ends[0] - 0.494).abs() < 5e-4 && (ends[1] - 13_400.0).abs() < 50.0, "{ends:?}");
    assert!(cheapest[2]["to"].is_null());
    assert_eq!(isoloss(&["knowledge", "--format", "csv"]).stdout.lines().count(), 8);
    let help = isoloss(&["knowledge", "--help"]).stdout;
    for option in ["--n-layer <L>", "--memory-layers <L_MEM>", "--tokens <TOKENS>", "--kept <TOKENS>"] {
        assert!(help.contains(option), "{option}: {help}");
    }
    for (wrong, says) in [
        (["--memory-layers", "45"], "45 blocks with memory"),
        (["--kept", "1000"], "are kept of a piece of 128"),
        (["--d-model", "0"], "whole number above zero"),
        (["--d-model", "2.5"], "whole number above zero"),
        (["--uses", "-3"], "--uses -3: expected a number above zero\nhint: as in --uses 1e5"),
        (["--uses", "1,-3"], "--uses -3: expected"),
        (["--tokens", "-3"], "--tokens -3: expected a whole number above zero\nhint: "),
        (["--uses", "many"], "many"),
        (["--uses", "1e308"], "no finite number"),
        (["--d-model", "1e200"], "no finite number"),
        (["--n-kv-head", "41"], "has 40 heads of width 80"),
        (["--head-dim", "6400"], "heads of width 6400"),
        (["--chunk", "4096"], "a window has 2048"),
    ] {
        let run = isoloss(&[&["knowledge"][..], &wrong].concat());
        assert!(run.code == 2 && run.stdout.is_empty() && run.stderr.contains(says), "{wrong:?}: {}", run.stderr);
    }
}

#[cfg(feature = "lab")]
mod experiments {
    use super::*;

    const NAME: &str = "benchmark-published";

    #[test]
    fn nothing_is_trained_of_models_that_others_trained() {
        let dry = isoloss(&["train", NAME, "--dry-run"]);
        assert_eq!(dry.code, 0, "{}", dry.stderr);
        assert!(dry.stdout.contains("nothing to train: it is about the 18 models"), "{}", dry.stdout);
        assert_eq!(json(&["train", NAME, "--dry-run"])["runs"].as_array().unwrap().len(), 0);
        assert_eq!(isoloss(&["run", NAME, "--dry-run", "--format", "csv"]).stdout, "");
        let train = isoloss(&["train", NAME]);
        assert!(train.code == 0 && train.stderr.contains("nothing to train"), "{}", train.stderr);
        let widths = isoloss(&["coordinates", NAME]);
        assert!(widths.code == 2 && widths.stderr.contains("nothing is trained"), "{}", widths.stderr);
        let until = isoloss(&["run", NAME, "--until", "0.1", "--know", "alpha"]);
        assert!(until.code == 2 && until.stderr.contains("--until"), "{}", until.stderr);
    }

    #[test]
    fn a_table_is_answered_with_figure_and_report() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let run = isoloss(&["run", NAME, "--out", out.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.contains("Gemma-2B-it (printed 36.64, mean 37.64, +1.00)"), "{}", run.stdout);
        assert!(run.stdout.contains("Gemma-7B-it (printed 47.23, mean 47.25, +0.02)"), "{}", run.stdout);
        for file in ["found.csv", "pareto.svg", "report.html"] {
            assert!(out.join(file).is_file(), "{file}");
        }
        // What has no interval has no ends: a value in their place would read as certain.
        let found = fs::read_to_string(out.join("found.csv")).unwrap();
        let of = |name: &str| found.lines().find(|line| line.contains(name)).unwrap().to_owned();
        assert!(of("gain, Memory3").ends_with(",,") && of("times the size, Gemma").ends_with(",,"), "{found}");
        assert!(!of("times the size, Qwen").ends_with(','), "{found}");
    }

    #[test]
    fn what_an_experiment_on_a_table_lacks_is_refused_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        let text = isoloss(&["list", "experiments", NAME]).stdout;
        fs::create_dir(folder.path().join("results")).unwrap();
        fs::copy(PUBLISHED, folder.path().join("results/benchmark-published.csv")).unwrap();
        let out = folder.path().join("out");
        let ask = |text: &str| {
            fs::write(&file, text).unwrap();
            isoloss(&["run", file.to_str().unwrap(), "--out", out.to_str().unwrap()])
        };
        assert_eq!(ask(&text).code, 0, "the table stands beside the file");
        for (from, to, says) in [
            ("\"MMLU\"", "\"MMLUU\"", "MMLUU is no column"),
            ("\"MMLU\"", "\"family\"", "holds words"),
            ("\"MMLU\"", "\"GSM8k\", \"GSM8k\"", "GSM8k twice"),
            ("model = \"Memory3-SFT\"", "model = \"Memory-SFT\"", "is not one row"),
            (
                "[\"Llama2-7B-Chat\", \"Llama2-13B-Chat\"]",
                "[\"Llama2-13B-Chat\", \"Llama2-7B-Chat\"]",
                "not both larger and better",
            ),
            ("twin = ", "twine = ", "unknown field `twine`"),
            ("[scores]", "[corpus]\nkind = \"text\"\n[scores]", "unknown field `corpus`"),
            ("printed = \"average\"", "printed = \"mean\"", "mean is no column"),
        ] {
            assert!(text.contains(from), "{from}");
            let run = ask(&text.replacen(from, to, 1));
            assert!(
                run.code == 2 && run.stderr.contains(says) && run.stderr.contains("hint: "),
                "{to}: {}",
                run.stderr
            );
            assert!(run.stderr.contains("mine.toml:"), "no place: {}", run.stderr);
        }
        // Sizes that are none, of a model that is asked for and of one whose printed mean is not that of its tasks.
        let table = folder.path().join("results/benchmark-published.csv");
        let whole = fs::read_to_string(&table).unwrap();
        let sized = |model: &str, size: &str| {
            let of = |line: &str| match line.split_once(&format!("{model},")) {
                Some(("", rest)) => {
                    let mut cells: Vec<&str> = rest.split(',').collect();
                    cells[2] = size;
                    format!("{model},{}", cells.join(","))
                }
                _ => line.to_owned(),
            };
            fs::write(&table, whole.lines().map(of).collect::<Vec<_>>().join("\n")).unwrap();
            ask(&text)
        };
        for (size, says) in [("-7", "is -7: a size must be above zero"), ("0", "is 0: a size"), ("", "lacks its size")]
        {
            let run = sized("Llama2-7B-Chat", size);
            assert!(
                run.code == 2 && run.stderr.contains(says) && run.stderr.contains("name another model"),
                "{}",
                run.stderr
            );
            assert!(!run.stderr.contains("one of the tasks"), "{}", run.stderr);
        }
        // A cell that was spoiled is named, whether it costs its row the mean or the column its numbers.
        let spoiled = |rows: usize| {
            let with = |(at, line): (usize, &str)| match (1..=rows).contains(&at) {
                true => line
                    .split(',')
                    .enumerate()
                    .map(|(i, cell)| if i == 7 { "5S" } else { cell })
                    .collect::<Vec<_>>()
                    .join(","),
                false => line.to_owned(),
            };
            fs::write(&table, whole.lines().enumerate().map(with).collect::<Vec<_>>().join("\n")).unwrap();
            ask(&text)
        };
        let run = spoiled(1);
        assert!(run.code == 0 && run.stderr.contains(".csv:2: `5S` in column `MMLU` is no number"), "{}", run.stderr);
        let run = spoiled(whole.lines().count());
        assert!(run.code == 2 && run.stderr.contains("holds words: `5S` in line 2 is no number"), "{}", run.stderr);
        let run = sized("Gemma-2B-it", "");
        assert!(run.stderr.contains("note: Gemma-2B-it lacks its size"), "{}", run.stderr);
        assert!(run.stdout.contains("Gemma-2B-it (printed 36.64, mean 37.64, +1.00)"), "{}", run.stdout);
        fs::write(&table, &whole).unwrap();
        let gone = ask(&text.replace("results/benchmark", "results/other"));
        assert!(gone.code == 2 && gone.stderr.contains("no such file"), "{}", gone.stderr);
    }
}
