//! From the runs to the answer, and back.

use super::*;

#[test]
fn run_answers_and_a_finished_experiment_is_not_trained_again() {
    let lab = Lab::new();
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("chinchilla") && stdout.contains("Truth"), "{stdout}");
    for name in ["report.html", "fit.json", "runs.csv"] {
        assert!(lab.path("out/ladder").join(name).is_file(), "{name}");
    }
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("Is every run trained once?") && report.contains("The floor that is known"));
    let (code, again, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!((code, again), (0, stdout));
    assert!(stderr.contains("all 24 runs are there"), "{stderr}");

    // The results come back as runs, with their ids.
    let before = lab.losses();
    let (code, _, stderr) = lab.run(&["runs", "list", "--only", "nonsense"]);
    assert!(code == 2 && stderr.contains("there are finished, ladder"), "{stderr}");
    fs::remove_dir_all(lab.path("runs")).unwrap();
    let (code, _, stderr) = lab.run(&["runs", "import", "out/ladder/runs.csv"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(lab.losses(), before);
    let (_, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert!(stderr.contains("all 24 runs are there"), "{stderr}");
}

#[test]
fn a_dry_run_makes_nothing_and_shows_every_count() {
    let lab = Lab::new();
    let (code, stdout, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!lab.path("runs").exists());
    for word in ["N stored", "C counted", "C = 6ND", "steps", "memory", "missing", "24 runs", "computed"] {
        assert!(stdout.contains(word), "{word}: {stdout}");
    }
    let (_, json, _) = lab.run(&["run", "ladder.toml", "--dry-run", "--format", "json"]);
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["runs"].as_array().unwrap().len(), 24);
    assert!(value["total"]["seconds"].as_f64().unwrap() > 0.0);
    let share = |run: &Value| {
        let count = |name: &str| run["counts"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {run}"));
        (100.0 * (count("embedding") + count("head")) / count("stored")).round() as u64
    };
    let shares: Vec<u64> = value["runs"].as_array().unwrap().iter().map(share).collect();
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!(
        stdout.contains(&format!("head, which are {least} to {most} % of what is stored")),
        "{least} {most} {stdout}"
    );
    let (_, csv, _) = lab.run(&["train", "ladder.toml", "--dry-run", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 25);
    assert!(csv.lines().next().unwrap().contains("flops_counted"), "{csv}");
}

/// Two families, of which one has no attention to speak of: one head of the width two.
#[test]
fn families_differ_in_what_the_experiment_says_they_differ_in() {
    let families = "[fit]\nlaw = \"chinchilla\"\nper = [\"A\"]\nbaseline = \"two\"\n[families.two.model]\nn_layer = 2\n\
                    [families.one.model]\nn_layer = 1\n[[held_out]]\nd_model = 24\ntokens = 32768\n[evaluation]";
    let lab = Lab::of(&LADDER.replace("[evaluation]", families));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--set", "fit.per=family"]);
    let says =
        "[fit.per] family is no parameter of the law chinchilla: expected some of E, A, alpha, B, beta\nhint: per = ";
    assert!(code == 2 && stderr.contains(says), "{code} {stderr}");
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 && !stdout.contains("error["), "{code} {stderr}");
    for word in ["A[one]", "A[two]", "one, d_model 24, 32.8k tokens", "two, d_model 24, 32.8k tokens"] {
        assert!(stdout.contains(word), "{word} is not in {stdout}");
    }
    // The other family over the baseline: said, shown and written down.
    assert!(stdout.contains("Against two: A of one is ") && stdout.contains(" times its own."), "{stdout}");
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("Families against two"));
    let found = fs::read_to_string(lab.path("out/ladder/found.csv")).unwrap();
    let number = |name: &str| -> f64 {
        let line = found.lines().find(|line| line.trim_start_matches('"').starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {found}")).replace(&format!("\"{name}\""), name);
        line[name.len() + 1..].split(',').next().unwrap().parse().unwrap()
    };
    let quotient = number("A[one]") / number("A[two]");
    assert!((number("A, one / two") / quotient - 1.0).abs() < 1e-12, "{found}");
}

#[test]
fn limited_runs_are_an_answer_that_has_to_wait() {
    let lab = Lab::new();
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--limit", "3"]);
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    assert!(stderr.contains("21 runs left"), "{stderr}");
}

/// Under a constant learning rate wider models move further; under mup they do not.
#[test]
fn a_coordinate_check_says_which_recipe_holds() {
    let mup = "kind = \"mup\"\nat = { width = 16, n_layer = 1, batch = 4, tokens = 4096 }";
    let flat = "kind = \"plain\"\nwidth_power = 0\nat_width = 16";
    let powers = |recipe: &str| -> Vec<f64> {
        let text = LADDER.replace("kind = \"plain\"", recipe).replace("at_width = 16\n[", "[");
        let lab = Lab::of(&text);
        let of =
            ["coordinates", "ladder.toml", "--widths", "16,64,256", "--steps", "8", "--seeds", "2", "--format", "json"];
        let (code, stdout, stderr) = lab.run(&of);
        assert_eq!(code, 0, "{stderr}");
        let rows: Value = serde_json::from_str(&stdout).unwrap();
        let rows = rows.as_array().unwrap();
        assert!(rows.iter().any(|row| row["activation"] == "logits"), "{stdout}");
        rows.iter().map(|row| row["change"]["power"]["value"].as_f64().unwrap()).collect()
    };
    let largest = |powers: &[f64]| powers.iter().copied().fold(0.0, f64::max);
    let (holds, fails) = (largest(&powers(mup)), largest(&powers(flat)));
    assert!(holds < 0.25 && fails > 0.4, "{holds} {fails}");
}

/// What was paid for is kept, whatever can be made of it.
#[test]
fn a_fit_that_fails_takes_nothing_from_the_others() {
    let lab = Lab::new();
    let few = "fit.beside=[{where=\"D > 9000\"},{where=\"D > 1e9\"}]";
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--set", few]);
    assert!(code == 1 && stdout.contains("law chinchilla, 24 rows"), "{code} {stdout}{stderr}");
    assert!(
        stdout.contains("Beside, where D > 9000: E ") || stdout.contains("Beside, where D > 9000: no fit"),
        "{stdout}"
    );
    assert!(stdout.contains("Beside, where D > 1e9: no fit, "), "{stdout}");
    assert!(stderr.contains("error: no fit where D > 1e9: ") && stderr.contains("hint: "), "{stderr}");
    for name in ["report.html", "fit.json", "found.csv"] {
        assert!(lab.path("out/ladder").join(name).is_file(), "{name}");
    }
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("There is no fit where D &gt; 1e9"), "it is in the report");

    // Numbers beside that must not be used are told of as those of the answer are.
    let two = "fit.beside=[{where=\"D < 5000\"}]";
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--from", "out/ladder/runs.csv", "--set", two]);
    let (warned, numbers) =
        ("Beside, where D < 5000: error[unidentified]: these rows do not", "Beside, where D < 5000: E ");
    assert!(code == 1 && stdout.find(warned) < stdout.find(numbers), "{code} {stdout}{stderr}");
    assert!(stdout.contains(warned) && stdout.contains("hint: hold one with `fix` of [fit]"), "{stdout}");
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("where D &lt; 5000: these rows do not determine"), "it is in the report");

    fs::remove_dir_all(lab.path("out")).unwrap();
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--set", "fit.where=\"D > 1e9\""]);
    assert!(code != 0 && !lab.path("out/ladder/fit.json").exists(), "{code} {stderr}");
    assert_eq!(fs::read_to_string(lab.path("out/ladder/runs.csv")).unwrap().lines().count(), 25);
}

#[test]
fn a_baseline_that_is_left_out_is_told_of() {
    let families = "[fit]\nlaw = \"frontier\"\nwhere = \"family != 'two'\"\nbaseline = \"two\"\n[families.two.model]\nn_layer = 2\n\
                    [families.one.model]\nn_layer = 1\n[evaluation]";
    let lab = Lab::of(&LADDER.replace("[evaluation]", families));
    let says = "no run of the baseline two is fitted, and families are not compared with it";
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--dry-run"]);
    assert!(code == 0 && stderr.contains(&format!("warning: [fit.where] family != 'two': {says}")), "{code} {stderr}");
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 && !stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stderr.contains(&format!("warning: {says}")) && !stdout.contains("Against"), "{stdout}{stderr}");
}

/// Laws of few and short runs, whose best sizes lie far from all of them.
#[test]
fn where_there_is_no_multiplier_the_reason_is_told() {
    let families = "[fit]\nlaw = \"chinchilla\"\nbaseline = \"two\"\n[families.two.recipe]\nlr = 0.02\n\
                    [families.one.recipe]\nlr = 0.01\n[evaluation]";
    let text = LADDER.replace("[evaluation]", families).replace("[4, 6, 8, 12, 16, 24]", "[8, 16, 32]");
    let lab = Lab::of(&text.replace("[2048, 4096, 8192, 16384]", "[1024, 1536, 2048, 3072]"));
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 && !stdout.contains("error["), "{code} {stdout}{stderr}");
    let says = "No multiplier of one against two: the best sizes for loss ";
    assert!(stdout.contains(says) && stdout.contains(" lie far outside the runs of "), "{stdout}{stderr}");
}
