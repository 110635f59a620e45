//! Models whose blocks are applied several times: their columns, figure, and what a loop is worth.

use isoloss_runs::read_path;

use super::*;

/// Three families of loops, five widths, two seeds.
const LOOPS: &str = r#"question = "What is a loop worth?"
figures = ["reuse"]
[corpus]
kind = "markov"
seed = 1
vocab_size = 16
[model]
kind = "looped"
shared = 1
head_dim = 8
[families.loops-1]
model = { loops = 1 }
[families.loops-2]
model = { loops = 2 }
[families.loops-3]
model = { loops = 3, gate = { bonus = 0.05 } }
[recipe]
kind = "plain"
batch = 4
seq_len = 16
lr = 0.01
at_width = 16
[ladder]
sizes = { d_model = [4, 8, 12, 16, 24] }
tokens = [16384]
seeds = [1, 2]
[evaluation]
windows = 64
measures = ["movement"]
[fit]
law = "power-floor"
map = ["X = N_rec", "params = N_rec", "reuse = r"]
per = ["A"]
baseline = "loops-1"
beside = [{ map = ["X = C"] }, { where = "d < 20", map = ["d = model.d_model"] }]
"#;

#[test]
fn families_of_loops_are_counted_drawn_and_compared() {
    let lab = Lab::of(LOOPS);
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 && !stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stdout.contains("Against loops-1: A of loops-2 is "), "{stdout}");
    assert!(stdout.contains("Multiplier of X against loops-1, at equal loss: loops-2 "), "{stdout}");
    assert!(stdout.contains("Beside, X = C: "), "{stdout}");
    assert!(stdout.contains("where d < 20: "), "{stdout}");

    let runs = read_path(&lab.path("out/ladder/runs.csv")).unwrap().table;
    let numbers = |name: &str| runs.column(name).unwrap().as_numbers().unwrap().values.clone();
    let (stored, effective, inside, r) =
        (numbers("params_stored"), numbers("params_effective"), numbers("N_rec"), numbers("r"));
    let (once, loops) = (numbers("N_once"), numbers("model.loops"));
    for i in 0..runs.len() {
        assert_eq!(r[i], loops[i]);
        assert_eq!(effective[i], stored[i] + (r[i] - 1.0) * inside[i]);
        // The norm in front of the head, and the gate's weights where there is one.
        let width = numbers("model.d_model")[i];
        assert_eq!(once[i], if r[i] == 3.0 { 2.0 * width + 1.0 } else { width });
    }
    // Which runs have converged is known, as there are replicates and the measure.
    let said = runs.column("run.converged").unwrap();
    assert!((0..runs.len()).all(|row| ["true", "false"].contains(&said.text(row).as_str())), "{said:?}");

    let found = fs::read_to_string(lab.path("out/ladder/found.csv")).unwrap();
    let of = |name: &str| -> f64 {
        let line = found.lines().find(|line| line.trim_start_matches('"').starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {found}"));
        line.rsplit(',').nth(2).unwrap().parse().unwrap()
    };
    // Under a shared exponent the multiplier is the ratio of amplitudes, to the power of -1 / alpha.
    let ratio = of("A, loops-2 / loops-1");
    let multiplier = of("X multiplier, loops-2 / loops-1\"");
    let follows = ratio.powf(-1.0 / of("alpha"));
    assert!((multiplier / follows - 1.0).abs() < 1e-3, "{multiplier} {follows}");
    // Compute with the head counted: what a loop saves in parameters it costs in products.
    assert!(of("X multiplier, loops-2 / loops-1, X = C") < multiplier, "{found}");

    // In the figure a family stands r times as far right on the left.
    let (code, _, stderr) = lab.run(&[
        "figure",
        "reuse",
        "out/ladder/runs.csv",
        "--map",
        "params=N_rec",
        "--map",
        "reuse=r",
        "--data",
        "reuse.csv",
        "-o",
        "reuse.svg",
    ]);
    assert_eq!(code, 0, "{stderr}");
    let data = read_path(&lab.path("reuse.csv")).unwrap().table;
    assert!(!data.is_empty(), "the data behind it");
    let svg = fs::read_to_string(lab.path("out/ladder/reuse.svg")).unwrap();
    assert!(svg.contains("r times as far right"), "the caption of a stack without anything around it");
}

/// One law for all families, in which loops are a column, from the runs that are there.
#[test]
fn one_law_of_all_families() {
    let law = LOOPS.split_once("[fit]").unwrap().0.to_owned() + "[fit]\nlaw = \"effective-size\"\ntogether = true\n";
    let text = law.clone() + "map = [\"N = N_rec\", \"X = r\"]\nbaseline = \"loops-1\"\n";
    let lab = Lab::of(&text);
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 && !stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stdout.contains("law effective-size, 30 rows, 4 parameters free"), "{stdout}");
    assert!(stdout.contains("At equal rungs L of loops-1: loops-2 "), "{stdout}");
    let found = fs::read_to_string(lab.path("out/ladder/found.csv")).unwrap();
    assert!(found.contains("\"L at equal rungs, loops-3 / loops-1\",") && found.contains("\nphi,"), "{found}");
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--set", "fit.per=[\"A\"]"]);
    assert!(code == 2 && stderr.contains("`together` asks for one law") && stderr.contains("hint: "), "{stderr}");
}

#[test]
fn a_model_that_cannot_be_is_refused_where_it_stands() {
    let lab = Lab::of(LOOPS);
    for (set, says) in [
        ("model.truncate=1", "injection"),
        ("model.shared=0", "[model.shared]"),
        ("recipe.z_loss=0.1", "z_loss"),
        ("evaluation.measures=[\"exits\"]", "exits: needs a model with gates"),
        ("model.n_layer=2", "unknown field `n_layer`"),
    ] {
        let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--set", set]);
        assert!(code == 2 && stderr.contains(says) && stderr.contains("hint: "), "{set}: {code} {stderr}");
    }
}
