//! Mixtures of pictures and text: a loss for each kind of data, along the hull and as laws of shares.

use super::*;

/// Two mixtures of drawings and stories at three sizes and two horizons.
const MIXTURES: &str = r#"
question = "Does the mixture matter?"
figures = ["mixtures --published"]
[corpus]
kind = "mixture"
[corpus.streams]
captions = { kind = "scenes", patch = 16 }
interleaved = { kind = "storybook", patch = 16, pages = 1 }
[model]
kind = "early_fusion"
n_layer = 1
head_dim = 8
[recipe]
kind = "plain"
batch = 2
seq_len = 128
lr = 0.01
at_width = 8
schedule = "wsd"
warmup = 2
warmup_fraction = 1
[families."45-45-10".corpus]
weights = { captions = 0.5, interleaved = 0.5 }
[families.others.corpus]
weights = { captions = 1.0, interleaved = 0.0 }
[ladder]
sizes = { d_model = [8, 16, 24] }
tokens = [2560, 5120, 10240]
branches = true
seeds = [1]
[evaluation]
windows = 4
measures = ["information"]
[fit]
law = "power"
map = ["X = C"]
hulls = ["loss_captions", "loss_interleaved"]
"#;

#[test]
fn every_kind_of_data_has_a_loss_and_a_hull_of_its_own() {
    let lab = Lab::of(MIXTURES);
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let hulls: Vec<&str> = stdout.lines().filter(|line| line.contains("loss_") && line.contains(" to ")).collect();
    assert_eq!(hulls.len(), 4, "a power for each family and loss: {stdout}");
    let runs = isoloss_runs::read_path(&lab.path("out/ladder/runs.csv")).unwrap().table;
    let numbers = |name: &str| runs.column(name).expect(name).as_numbers().unwrap().values.clone();
    let (mean, captions, stories) = (numbers("loss"), numbers("loss_captions"), numbers("loss_interleaved"));
    assert_eq!(mean.len(), 18);
    for row in 0..18 {
        assert!((mean[row] - (captions[row] + stories[row]) / 2.0).abs() < 1e-12);
        // A stream of no weight is evaluated all the same.
        assert!(stories[row].is_finite() && stories[row] > 0.0);
    }
    for name in ["information_share_captions", "stderr_interleaved", "floor_captions", "blind_interleaved"] {
        assert!(numbers(name).iter().all(|x| x.is_finite()), "{name}");
    }
    let shares = numbers("corpus.weights.captions");
    assert!(shares.contains(&0.5) && shares.contains(&1.0), "{shares:?}");
    let figure = fs::read_to_string(lab.path("out/ladder/mixtures.svg")).unwrap();
    assert!(figure.contains("paper"), "the constants of the paper stand beside");
    // Trunks are shared, and what was counted before is what was trained: all records are whole.
    let (code, _, stderr) = lab.run(&["runs", "check"]);
    assert_eq!(code, 0, "{stderr}");
    // What is imported again is the same runs: a mixture's settings come back from a table.
    let (code, again, stderr) = lab.run(&["run", "ladder.toml", "--from", "out/ladder/runs.csv", "--out", "again"]);
    assert_eq!(again, stdout, "{code} {stderr}");
}

#[test]
fn a_loss_that_no_set_has_is_refused_before_anything_is_trained() {
    let lab = Lab::of(&MIXTURES.replace("\"loss_interleaved\"]", "\"loss_stories\"]"));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("[fit.hulls]") && stderr.contains("loss_interleaved"), "{stderr}");
    assert!(!lab.path("runs").exists(), "nothing was trained");
    // A law of shares finds them where a map names the weights of the mixture.
    let lab = Lab::of(&MIXTURES.replace("law = \"power\"\nmap = [\"X = C\"]", "law = \"mixture-additive\""));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert_eq!(code, 2, "{stderr}");
    let map = "map = [\"w_captions = corpus.weights.captions\", \"w_interleaved = corpus.weights.interleaved\"]";
    assert!(stderr.contains("[fit.law] mixture-additive reads shares, columns w_*"), "{stderr}");
    assert!(stderr.contains(&format!("{map}, and together = true")), "{stderr}");
    assert!(!lab.path("runs").exists(), "nothing was trained");
    let lab =
        Lab::of(&MIXTURES.replace("law = \"power\"\nmap = [\"X = C\"]", &format!("law = \"mixture-additive\"\n{map}")));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 2 && stderr.contains("hint: together = true"), "{code} {stderr}");
    let mapped = format!("law = \"mixture-additive\"\ntogether = true\n{map}");
    let lab = Lab::of(&MIXTURES.replace("law = \"power\"\nmap = [\"X = C\"]", &mapped));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    let lab = Lab::of(&MIXTURES.replace("captions = 1.0, interleaved = 0.0", "captions = 1.0"));
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("no share of interleaved"), "{stderr}");
}
