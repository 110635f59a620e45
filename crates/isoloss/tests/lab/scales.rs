//! Scales: one question asked small and large.

use std::time::{Duration, Instant};

use super::*;

/// The ladder with two scales, one of them that of a paper.
fn scaled() -> String {
    let scales = "
[scale.paper.model]
n_layer = 12
head_dim = 64
[scale.paper.recipe]
batch = 512
seq_len = 1024
[scale.paper.ladder]
sizes = { d_model = [512, 1024, 2048] }
tokens_per_param = [20]
[scale.paper.corpus]
vocab_size = 64
[scale.tiny]
held_out = [{ d_model = 8, tokens = 8192 }]
[scale.tiny.ladder]
sizes.d_model = [4]
";
    format!("{LADDER}{scales}")
}

fn planned(lab: &Lab, more: &[&str]) -> Vec<Value> {
    let arguments = [&["train", "ladder.toml", "--dry-run", "--format", "json"], more].concat();
    let (code, stdout, stderr) = lab.run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str::<Value>(&stdout).unwrap()["runs"].as_array().unwrap().clone()
}

#[test]
fn a_scale_takes_the_place_of_what_it_names() {
    let lab = Lab::of(&scaled());
    assert_eq!(planned(&lab, &[]).len(), 24);
    let tiny = planned(&lab, &["--set", "scale=tiny"]);
    assert_eq!(tiny.len(), 5);
    assert_eq!(tiny[4]["rung"], "d_model 8, 8.19k tokens");
    // What is typed comes after it, wherever it stands.
    for order in [["scale=tiny", "ladder.tokens=[1024]"], ["ladder.tokens=[1024]", "scale=\"tiny\""]] {
        let tiny = planned(&lab, &["--set", order[0], "--set", order[1]]);
        assert!(tiny.len() == 2 && tiny[0]["rung"] == "d_model 4, 1.02k tokens", "{tiny:?}");
    }
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--set", "scale=tiny"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(lab.losses().len(), 5);
}

/// Models of hundreds of millions of parameters are counted, and nothing of them is built.
#[test]
fn a_dry_run_of_a_paper_takes_no_longer() {
    let lab = Lab::of(&scaled());
    let start = Instant::now();
    let runs = planned(&lab, &["--set", "scale=paper"]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(runs.len(), 3);
    for run in &runs {
        let [params, tokens] = [&run["counts"]["non_embedding"], &run["counts"]["tokens"]].map(|x| x.as_f64().unwrap());
        assert!((tokens / params / 20.0 - 1.0).abs() < 0.01, "{run}");
        assert!(run["time_is"] == "computed" && run["bytes"].as_f64().unwrap() > 1e8, "{run}");
    }
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--set", "scale=paper", "--dry-run"]);
    assert!(code == 0 && stdout.contains("3 runs") && stdout.contains("d_model 2048"), "{stdout}{stderr}");
}

#[test]
fn scales_are_refused_with_their_place() {
    let lab = Lab::of(&scaled());
    let refused = |lab: &Lab, set: &str, says: &[&str]| {
        let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run", "--set", set]);
        assert_eq!(code, 2, "{set}: {stderr}");
        says.iter().for_each(|word| assert!(stderr.contains(word), "{set}: {word} is not in {stderr}"));
    };
    refused(&lab, "scale=papr", &["--set scale=papr", "is paper meant?", "paper, tiny"]);
    refused(&lab, "scale=huge", &["no such scale", "it has paper, tiny"]);
    refused(&lab, "scale.tiny.ladder.tokens=[1024]", &["chosen by --set scale=NAME"]);
    refused(&Lab::new(), "scale=paper", &["ladder.toml has no such scale", "[scale.NAME]"]);

    let wrong = |from: &str, to: &str| Lab::of(&scaled().replace(from, to));
    let line = |text: &str| scaled().lines().position(|l| l == text).unwrap() + 1;
    let at = format!("ladder.toml:{}:1: [recipe.batch]", line("batch = 512"));
    refused(&wrong("batch = 512", "batch = \"many\""), "scale=paper", &[&at, "expected a whole number"]);
    let at = format!("ladder.toml:{}:1: [ladder]", line("[scale.tiny.ladder]") + 1);
    refused(&wrong("sizes.d_model = [4]", "sizs = 3"), "scale=tiny", &[&at[..at.len() - 9], "unknown field `sizs`"]);
    // One that nobody chose.
    refused(&wrong("[scale.tiny.ladder]", "[scale.tiny.laddr]"), "recipe.lr=0.1", &["unknown field `laddr`"]);
}
