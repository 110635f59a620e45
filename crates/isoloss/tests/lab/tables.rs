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
    ] {
        let lab = Lab::of(&TABLE.replace(from, to));
        let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
        assert!(code == 2 && stderr.contains(says), "{to}: {stderr}");
        assert!(!lab.path("runs").exists());
    }
    let lab = Lab::of(TABLE);
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--until", "0.1", "--know", "accuracy"]);
    assert!(code == 2 && stderr.contains("a table has no law"), "{stderr}");
    // A name that only runs could have had: they are not lost.
    let lab = Lab::of(&TABLE.replace("value = \"accuracy\"", "value = \"accurate\""));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 2 && stderr.contains("[table.value] no run has the column accurate"), "{stderr}");
    assert!(lab.path("out/ladder/runs.csv").exists());
}
