//! Questions that ask for a table and no law.

use super::*;

/// Two mixers on two tasks, two seeds of each.
const TABLE: &str = r#"
question = "Which mixer can copy?"
[corpus]
kind = "recall"
vocab_size = 16
shortest = 1
longest = 2
[model]
kind = "hybrid"
d_model = 16
n_layer = 1
head_dim = 8
[recipe]
kind = "plain"
batch = 4
seq_len = 16
lr = 0.02
at_width = 16
[families.kda.model]
pattern = ["kda"]
[families.attention.model]
pattern = ["attention"]
[ladder]
tokens = [2048]
seeds = [1, 2]
paired = true
[ladder.sizes]
"corpus.tasks" = [["copy"], ["palindrome", "stack"]]
[evaluation]
windows = 64
measures = ["accuracy"]
[table]
value = "accuracy"
baseline = "attention"
"#;

#[test]
fn rungs_by_families_with_what_one_has_over_the_other() {
    let lab = Lab::of(TABLE);
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 0, "{stderr}");
    let header = stdout.lines().find(|line| line.contains("rung")).unwrap();
    assert_eq!(header.split_whitespace().collect::<Vec<_>>(), ["rung", "attention", "kda"]);
    assert!(
        stdout.contains("tasks palindrome+stack, 2.05k tokens") && stdout.contains("Less that of attention"),
        "{stdout}"
    );
    // The numbers are those of the runs.
    let runs = isoloss_runs::read_path(&lab.path("out/ladder/runs.csv")).unwrap().table;
    let cell = |name: &str, row: usize| runs.column(name).unwrap().text(row);
    let of = |family: &str| -> Vec<f64> {
        let rows = (0..runs.len()).filter(|&row| cell("family", row) == family && cell("rung", row).contains("copy"));
        rows.map(|row| cell("accuracy", row).parse().unwrap()).collect()
    };
    let (kda, attention) = (of("kda"), of("attention"));
    assert_eq!((kda.len(), attention.len()), (2, 2));
    let found = isoloss_runs::read_path(&lab.path("out/ladder/found.csv")).unwrap().table;
    let found = |name: &str| -> [f64; 3] {
        let row = (0..found.len()).find(|&row| found.column("name").unwrap().text(row) == name).expect(name);
        ["value", "lower", "upper"].map(|column| found.column(column).unwrap().text(row).parse().unwrap())
    };
    let of_seeds =
        |values: [f64; 2]| [(values[0] + values[1]) / 2.0, values[0].min(values[1]), values[0].max(values[1])];
    let close = |got: [f64; 3], want: [f64; 3]| {
        assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?} {want:?}");
    };
    close(found("accuracy, kda, tasks copy, 2.05k tokens"), of_seeds([kda[0], kda[1]]));
    let less = [kda[0] - attention[0], kda[1] - attention[1]];
    close(found("accuracy, kda - attention, tasks copy, 2.05k tokens"), of_seeds(less));
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("What was measured") && report.contains("seed by seed"), "{report}");
    let (code, again, stderr) = lab.run(&["run", "ladder.toml", "--from", "out/ladder/runs.csv", "--out", "again"]);
    assert_eq!((code, again), (0, stdout.clone()), "{stderr}");
    // What is lacking is said: a seed that diverged, and families that the file does not name.
    let lines: Vec<String> =
        fs::read_to_string(lab.path("out/ladder/runs.csv")).unwrap().lines().map(str::to_owned).collect();
    let fewer: Vec<&String> = lines.iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, line)| line).collect();
    fs::write(lab.path("fewer.csv"), fewer.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    fs::write(
        lab.path("kda.toml"),
        TABLE.replace("[families.attention.model]\npattern = [\"attention\"]\n", "").replace("baseline", "#"),
    )
    .unwrap();
    let (code, fewer, stderr) = lab.run(&["run", "kda.toml", "--from", "fewer.csv", "--out", "fewer"]);
    assert!(code == 0 && fewer.contains("kda") && fewer.contains("attention"), "{stderr}");
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--set", "table.baseline=mla", "--from", "fewer.csv"]);
    assert!(code == 2 && stderr.contains("there is no family mla"), "{stderr}");
}

#[test]
fn tables_that_show_nothing_are_refused() {
    for (from, to, says) in [
        ("baseline = \"attention\"", "baseline = \"mla\"", "[table.baseline] there is no family mla"),
        ("measures = [\"accuracy\"]", "", "[table.value] accuracy is neither a column of runs nor a measure"),
        ("[table]", "[fit]\nlaw = \"power\"\n[table]", "[fit.law] asks for a law, and [table] for none"),
        ("paired = true", "", "[table.baseline] is compared seed by seed"),
        ("seeds = [1, 2]", "seeds = []", "[ladder.seeds] is empty"),
        (
            "[ladder]\n",
            "[families.kda.recipe]\nbatch = 8\n[ladder]\n",
            "[ladder.paired] families share their batches, and attention and kda differ in batch or seq_len",
        ),
        ("question = \"Which", "figures = [\"fit\"]\nquestion = \"Which", "[figures] are drawn of laws"),
        ("[table]", "[[held_out]]\ntokens = 4096\n[table]", "[held_out] is foretold by a law"),
        ("value = \"accuracy\"", "values = \"accuracy\"", "unknown field `values`"),
        ("value = \"accuracy\"", "value = []", "[table.value] is empty"),
        ("value = \"accuracy\"", "value = 3", "[table.value] expected a name, or a list of names"),
        ("value = \"accuracy\"", "value = [\"loss\", \"loss\"]", "ladder.toml:33:1: [table.value] names loss twice"),
        ("baseline = \"attention\"", "size = \"N\"", "ladder.toml:34:1: [table.size] is read off the line"),
        ("baseline = ", "size = \"params_nonembedding\"\nbaseline = ", "[table.size] planned runs have no number"),
        ("baseline = ", "size = \"model.kind\"\nbaseline = ", "[table.size] planned runs have no number model.kind"),
    ] {
        let lab = Lab::of(&TABLE.replace(from, to));
        let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
        assert!(code == 2 && stderr.contains(says), "{to}: {stderr}");
        assert!(!lab.path("runs").exists());
    }
    // Of a table with sizes there is one figure.
    let sized = TABLE.replace("baseline = ", "size = \"N\"\nbaseline = ");
    let lab = Lab::of(&sized.replace("question = \"Which", "figures = [\"fit\"]\nquestion = \"Which"));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 2 && stderr.contains("[figures] are drawn of laws") && stderr.contains("[\"pareto\"]"), "{stderr}");
    let lab = Lab::of(TABLE);
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--until", "0.1", "--know", "accuracy"]);
    assert!(code == 2 && stderr.contains("a table has no law"), "{stderr}");
    // A name that only runs could have had: they are not lost.
    let lab = Lab::of(&TABLE.replace("value = \"accuracy\"", "value = \"accurate\""));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 2 && stderr.contains("[table.value] no run has the column accurate"), "{stderr}");
    assert!(lab.path("out/ladder/runs.csv").exists());
}

/// Cells of a line; what stands in quotes may have commas.
fn cells(line: &str) -> Vec<String> {
    let mut inside = false;
    let cut = line.split(|c| {
        inside ^= c == '"';
        c == ',' && !inside
    });
    cut.map(str::to_owned).collect()
}

#[test]
fn families_are_worth_what_the_line_of_the_baseline_says() {
    let sized = TABLE
        .replace("question = ", "figures = [\"pareto\"]\nquestion = ")
        .replace("\"corpus.tasks\" = [[\"copy\"], [\"palindrome\", \"stack\"]]", "d_model = [8, 16, 24]")
        .replace("value = \"accuracy\"", "value = [\"accuracy\", \"loss\"]\nsize = \"params_non_embedding\"");
    let lab = Lab::of(&sized);
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 0, "{stderr}");
    // Scores that grow with size, and losses that fall with it.
    let text = fs::read_to_string(lab.path("out/ladder/runs.csv")).unwrap();
    let header = cells(text.lines().next().unwrap());
    let at = |name: &str| header.iter().position(|cell| cell == name).expect(name);
    let mut families = [Vec::new(), Vec::new()];
    let (mut made, mut without) = (vec![header.join(",")], vec![header.join(",")]);
    for line in text.lines().skip(1) {
        let mut row = cells(line);
        let size: f64 = row[at("params_non_embedding")].parse().unwrap();
        let (seed, family) = (row[at("seed")].parse::<u64>().unwrap() % 7, usize::from(row[at("family")] == "kda"));
        let score = 0.1 * size.ln() + 0.005 * seed as f64 * (size / 300.0).sin() + 0.04 * family as f64;
        families[family].push(isoloss::laws::Scored { size, score, error: None });
        row[at("accuracy")] = score.to_string();
        row[at("loss")] = (3.0 - score).to_string();
        made.push(row.join(","));
        if family == 1 {
            row[at("accuracy")].clear();
        }
        without.push(row.join(","));
    }
    fs::write(lab.path("made.csv"), made.join("\n") + "\n").unwrap();
    fs::write(lab.path("without.csv"), without.join("\n") + "\n").unwrap();
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--from", "made.csv", "--out", "made"]);
    assert_eq!(code, 0, "{stderr}");
    let found = |folder: &str| -> Vec<(String, [f64; 3])> {
        let found = isoloss_runs::read_path(&lab.path(folder).join("found.csv")).unwrap().table;
        let cell = |name: &str, row: usize| found.column(name).unwrap().text(row);
        let row = |row| (cell("name", row), ["value", "lower", "upper"].map(|name| cell(name, row).parse().unwrap()));
        (0..found.len()).map(row).collect()
    };
    let times: Vec<_> = found("made").into_iter().filter(|(name, _)| name.starts_with("times the size")).collect();
    let worths = isoloss::laws::effective_sizes(&families, 0, 0.95).unwrap();
    let names = ["accuracy, kda, d_model 8", "accuracy, kda, d_model 16", "accuracy, kda, d_model 24"];
    let names = names.map(|name| format!("times the size, {name}, 2.05k tokens"));
    let names: Vec<String> = names.into_iter().chain(["times the size, accuracy, kda".to_owned()]).collect();
    assert_eq!(times.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), names);
    for ((name, got), worth) in times.iter().zip(&worths) {
        let interval = worth.found.times.interval.unwrap();
        let want = [worth.found.times.value, interval.lower, interval.upper];
        assert!(got.iter().zip(want).all(|(got, want)| (got / want - 1.0).abs() < 1e-9), "{name}: {got:?} {want:?}");
    }
    assert!(stdout.contains("loss: none, attention: the scores of the family do not grow with size"), "{stdout}");
    assert!(
        stdout.contains("Less that of attention") && found("made").iter().any(|(n, _)| n.starts_with("loss, kda - "))
    );
    let drawn = fs::read_to_string(lab.path("made/pareto.svg")).unwrap();
    let report = fs::read_to_string(lab.path("made/report.html")).unwrap();
    assert!(
        drawn.starts_with("<svg")
            && report.contains("How many times their size")
            && report.contains("Scores are accuracy")
    );
    // Measures that a family lacks are empty cells, and no error; what cannot be said has its reason.
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--from", "without.csv", "--out", "without"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("accuracy: none, no run of kda has accuracy and params_non_embedding"), "{stdout}");
    assert!(
        !stdout.contains("none of 2 seeds") && stderr.contains("note: no figure pareto: no run of kda"),
        "{stderr}"
    );
    let names: Vec<String> = found("without").into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"accuracy, attention, d_model 8, 2.05k tokens".to_owned()));
    assert!(!names.iter().any(|name| name.contains("times") || name.starts_with("accuracy, kda")), "{names:?}");
    // Sizes need no ladder whose families share batches.
    fs::write(lab.path("apart.toml"), sized.replace("paired = true\n", "")).unwrap();
    let (code, stdout, stderr) = lab.run(&["run", "apart.toml", "--from", "made.csv", "--out", "apart"]);
    assert!(code == 0 && stdout.contains("times its size") && !stdout.contains("Less that of"), "{stdout}{stderr}");
}
