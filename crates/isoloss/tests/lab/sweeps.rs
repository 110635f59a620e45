//! Learning rates that are swept before a ladder is trained, and sweeps that are the question.

use std::collections::BTreeSet;

use isoloss_runs::record::Part;
use isoloss_runs::{import, read_path};

use super::*;

const SWEEP: &str = "[sweep]\nlr = [0.25, 0.5, 1, 2, 4]\nseeds = [7, 8]\n[evaluation]";

/// Two sizes at two horizons, each swept.
fn small(text: &str) -> String {
    text.replace("[4, 6, 8, 12, 16, 24]", "[8, 16]")
        .replace("[2048, 4096, 8192, 16384]", "[2048, 4096]")
        .replace("[evaluation]", SWEEP)
}

#[test]
fn what_was_chosen_is_trained_with_other_seeds_and_alone_is_fitted() {
    // The law has too many parameters for four runs: one exponent is.
    let lab = Lab::of(&small(LADDER).replace("[evaluation]", "[fit]\nlaw = \"frontier\"\n[evaluation]"));
    let (code, dry, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(dry.contains("44 runs") && dry.contains("lr by the sweep"), "{dry}");
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--limit", "41"]);
    assert!(code == 0 && stderr.contains("3 runs left"), "{stderr}");
    // What tells the runs of a rung apart stands in the list.
    let (_, list, _) = lab.run(&["runs", "list"]);
    assert!(list.lines().next().unwrap().contains(" lr "), "{list}");
    assert!(list.lines().next().unwrap().contains(" seed ") && !list.contains(" batch "), "{list}");
    assert!([" 0.0100 ", " 0.0400 ", " 0.160 "].iter().all(|lr| list.contains(lr)), "{list}");
    // Four runs hardly determine a law: that is no matter here.
    let (ended, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(ended == 0 || stdout.contains("error["), "{ended} {stdout}{stderr}");
    assert!(stdout.contains("Swept") && stdout.contains("d_model 16, 4.10k tokens"), "{stdout}");
    let fit: Value = serde_json::from_str(&fs::read_to_string(lab.path("out/ladder/fit.json")).unwrap()).unwrap();
    assert_eq!(fit["rows"], 4, "only the ladder is fitted");

    let runs = import("runs.csv", &fs::read_to_string(lab.path("out/ladder/runs.csv")).unwrap()).unwrap();
    let [swept, fitted] = [Part::Sweep, Part::Fit].map(|part| runs.filter(|run| Part::of(run) == Some(part)));
    assert_eq!((swept.len(), fitted.len()), (40, 4));
    // Two seeds a rung whatever is tried, and others for what was chosen.
    let [swept, chosen] = [&swept, &fitted].map(|runs| runs.iter().map(|run| run.seed).collect::<BTreeSet<u64>>());
    assert!(swept.len() == 8 && chosen.len() == 4 && swept.is_disjoint(&chosen));
    let choices = read_path(&lab.path("out/ladder/choices.csv")).unwrap().table;
    assert_eq!(choices.len(), 4);
    for row in 0..choices.len() {
        let cell = |name: &str| choices.column(name).unwrap().text(row);
        let run = fitted.iter().find(|run| run.labels.rung == cell("rung")).unwrap();
        let chosen: f64 = cell("lr").parse().unwrap();
        let trained = run.config["training"]["lr"].as_f64().unwrap();
        assert!((trained / chosen - 1.0).abs() < 0.006, "to three digits: {chosen} {trained}");
    }

    let before = lab.losses();
    let (code, again, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!((code, again), (ended, stdout), "{stderr}");
    assert_eq!(lab.losses(), before);
    // What a program wrote is enough to answer again.
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--from", "out/ladder/runs.csv", "--out", "again"]);
    assert_eq!(code, ended, "{stderr}");
    for name in ["choices.csv", "fit.json", "runs.csv"] {
        let [first, second] = ["out/ladder", "again"].map(|out| fs::read_to_string(lab.path(out).join(name)).unwrap());
        assert_eq!(first, second, "{name}");
    }
}

#[test]
fn a_sweep_alone_is_a_question_whose_law_is_of_learning_rates() {
    let text =
        LADDER.replace("[4, 6, 8, 12, 16, 24]", "[8, 12, 16]").replace("[2048, 4096, 8192, 16384]", "[2048, 4096]");
    let text = text.replace("[evaluation]", &format!("seeds = []\n{SWEEP}"));
    let lab = Lab::of(&format!("figures = [\"sweep\", \"isoflop\"]\n{text}"));
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 && !stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stdout.contains("law lr-optimum, 6 rows") && stdout.contains("Swept"), "{stdout}");
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("What the sweep chose"));
    // Figures that an experiment lists stand in its report, or why they do not.
    assert!(
        lab.path("out/ladder/sweep.svg").exists()
            && report.contains("Loss of every run against its peak learning rate")
    );
    assert!(report.contains("There is no figure isoflop: "));
}

/// What a law of choices may read is what they will have, neither more nor less.
#[test]
fn the_columns_of_choices_are_known_before_they_are_made() {
    let text = LADDER.replace("[evaluation]", &format!("seeds = []\n{SWEEP}"));
    for (condition, code) in [("lr_upper > lr", 0), ("loss > 1", 0), ("batch > 1", 2), ("seed = 1", 2)] {
        let lab = Lab::of(&text);
        let set = format!("fit.where=\"{condition}\"");
        let (found, _, stderr) = lab.run(&["run", "ladder.toml", "--dry-run", "--set", &set]);
        assert_eq!(found, code, "{condition}: {stderr}");
    }
}

/// Learning rate and batch together: the batch that is trained is a whole number of windows.
#[test]
fn a_batch_may_be_swept_too() {
    let sweep = SWEEP.replace("seeds", "batch = [0.5, 1, 2, 4]\nseeds");
    let lab = Lab::of(&small(LADDER).replace(SWEEP, &sweep).replace("[8, 16]", "[8]"));
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("82 runs"), "2 rungs of 5 x 4 x 2, and a run of each: {stderr}");
}

#[test]
fn sweeps_that_choose_nothing_are_refused() {
    for (sweep, says) in [
        ("lr = [1, 2]\nseeds = [7]", "[sweep.lr] three factors or more"),
        ("lr = [1, 2, -4]\nseeds = [7]", "[sweep.lr] -4 is no factor"),
        ("lr = [1, 2, 2]\nseeds = [7]", "is there twice"),
        ("lr = [1, 2, 4]\nbatch = [1, 2]\nseeds = [7]", "[sweep.batch]"),
        ("lr = [1, 2, 4]\nseeds = []", "[sweep.seeds] a sweep needs a seed"),
        ("lr = [1, 2, 4]\nseeds = [1]", "[sweep.seeds] 1 is a seed of the ladder too"),
        ("lr = [1, 2, 4]\nseeds = [7, 7]", "[sweep.seeds] 7 is there twice"),
        ("lr = [1, 2, 4]\nbatch = [1, 2, 64]\nseeds = [7]", "[sweep.batch] whole batches of 256"),
        ("lr = [1, 2, 4]", "missing field `seeds`"),
    ] {
        let lab = Lab::of(&LADDER.replace("[evaluation]", &format!("[sweep]\n{sweep}\n[evaluation]")));
        let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
        assert!(code == 2 && stderr.contains(says), "{sweep}: {stderr}");
        assert!(!lab.path("runs").exists());
    }
}

/// Ends of a ladder are swept, what lies between follows by a power of compute, a family may take what another found, and
/// families of a rung share their batches.
#[test]
fn between_the_swept_rungs_learning_rates_are_a_power_of_compute() {
    let of = "[families.b.model]\nmlp_ratio = 1.0\n[families.c]\ntuned_as = \"a\"\nmodel = { mlp_ratio = 1.0 }\n[evaluation]";
    let sweep = "[sweep]\nlr = [0.25, 1, 4]\nseeds = [7]\nwhere = \"d_model != 12\"\n[families.a.model]\n";
    let text = LADDER
        .replace("[4, 6, 8, 12, 16, 24]", "[8, 12, 16]")
        .replace("[2048, 4096, 8192, 16384]", "[4096]\nseeds = [1, 2]\npaired = true")
        .replace("[evaluation]", &format!("{sweep}{of}"))
        .replace("[evaluation]", "[fit]\nlaw = \"kaplan-c\"\nbaseline = \"a\"\n[evaluation]");
    let lab = Lab::of(&text);
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 1 && stdout.contains("error[unidentified]"), "{code} {stdout}{stderr}");
    let runs = import("runs.csv", &fs::read_to_string(lab.path("out/ladder/runs.csv")).unwrap()).unwrap();
    let [swept, fitted] = [Part::Sweep, Part::Fit].map(|part| runs.filter(|run| Part::of(run) == Some(part)));
    assert_eq!((swept.len(), fitted.len()), (2 * 2 * 3, 3 * 3 * 2));
    let of = |family: &str, width: u64| {
        let mut all = fitted.iter().filter(|run| run.labels.family == family);
        all.find(|run| run.config["model"]["d_model"] == width).unwrap()
    };
    let lr = |family: &str, width: u64| of(family, width).config["training"]["lr"].as_f64().unwrap();
    for family in ["a", "b"] {
        // The recipe's own law of the width is inside of the learning rates, and none of the factors.
        let [low, middle, high] = [8, 12, 16]
            .map(|width| (of(family, width).counts.flops_counted.ln(), (lr(family, width) * width as f64).ln()));
        let between = low.1 + (high.1 - low.1) * (middle.0 - low.0) / (high.0 - low.0);
        assert!((middle.1 - between).abs() < 0.02, "{family}: {low:?} {middle:?} {high:?}");
    }
    let seeds = |family: &str| -> Vec<u64> {
        fitted.iter().filter(|run| run.labels.family == family).map(|run| run.seed).collect()
    };
    assert_eq!(seeds("a").iter().collect::<BTreeSet<_>>().len(), 6);
    assert!(seeds("a") == seeds("b") && seeds("b") == seeds("c"));
    assert!([8, 12, 16].iter().all(|&width| lr("c", width) == lr("a", width)), "c is b, tuned as a");

    // How a fit counts is no matter of training: nothing is trained again.
    let (_, dry, stderr) = lab.run(&["train", "ladder.toml", "--set", "fit.compute=executed", "--dry-run"]);
    assert!(!dry.contains("missing") && dry.contains("finished"), "{dry}{stderr}");

    for (from, to, says) in [
        ("tuned_as = \"a\"", "tuned_as = \"d\"", "[families.c.tuned_as] there is no family d"),
        ("[sweep]", "[scale.x.sweep]", "[families.c.tuned_as] takes what a sweep finds"),
        ("tokens = [4096]", "tokens_per_param = [4]", "[ladder.paired] families share batches"),
        (
            "where = \"d_model != 12\"",
            "where = \"family = 'a'\"",
            "[sweep.where] leaves no rung of the family b to be swept",
        ),
        ("lr = [0.25, 1, 4]", "lr = [0.25, 1, 4]\nbatch = [0.5, 1, 2]", "[sweep.batch] tries batches"),
    ] {
        let lab = Lab::of(&text.replace(from, to));
        let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
        assert!(code == 2 && stderr.contains(says), "{stderr}");
    }
}
