//! Fits that read columns of their own: maps, measures, parameters that are held, and laws of something else than losses.

use isoloss_runs::read_path;

use super::*;

/// Six sizes and a measure: how much a model gets right stands for bits of knowledge.
fn toy(fit: &str) -> String {
    let head = LADDER.split_once("[evaluation]").unwrap().0.replace("[2048, 4096, 8192, 16384]", "[4096, 8192]");
    let sizes = "d_model = [4, 6, 8, 12, 16, 24], \"corpus.vocab_size\" = [12, 16, 12, 16, 12, 16]";
    let head = head.replace("d_model = [4, 6, 8, 12, 16, 24]", sizes);
    format!(
        "figures = [\"capacity\", \"reuse\"]\n{head}[evaluation]\nwindows = 64\nmeasures = [\"accuracy\"]\n[fit]\n{fit}"
    )
}

const CAPACITY: &str = "law = \"knowledge-capacity\"
map = [\"bits = 1000*accuracy\", \"P = params_stored\", \"params = P\", \"people = corpus.vocab_size\", \"N = people\", \"loops = 1\", \"reuse = model.n_layer\"]
fix = { N0 = 1.6e5, S0 = 1e15 }
[[held_out]]
d_model = 32
\"corpus.vocab_size\" = 16
tokens = 16384
";

#[test]
fn a_law_of_bits_is_fitted_foretold_and_drawn() {
    let lab = Lab::of(&toy(CAPACITY));
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 || stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stderr.contains("`accuracy` is no column of planned runs: it is taken for a measure"), "{stderr}");
    assert!(stdout.contains("law knowledge-capacity, 12 rows, 1 parameter free"), "{stdout}");
    assert!(stdout.contains("the dearest run of the fit: bits ") && !stdout.contains("Truth"), "{stdout}");

    let fit: Value = serde_json::from_str(&fs::read_to_string(lab.path("out/ladder/fit.json")).unwrap()).unwrap();
    let parameters = fit["parameters"].as_array().unwrap();
    let of = |name: &str| parameters.iter().find(|p| p["name"] == name).unwrap();
    assert_eq!((&of("N0")["held"], of("N0")["estimate"]["value"].as_f64()), (&true.into(), Some(1.6e5)));
    // Held out: what was measured is what the map makes of it.
    let runs = read_path(&lab.path("out/ladder/runs.csv")).unwrap().table;
    let numbers = |name: &str| runs.column(name).unwrap().as_numbers().unwrap().values.clone();
    let (accuracy, bits) = (numbers("accuracy"), stdout.split("bits ").filter_map(|s| s.split(';').next()));
    let bits: Vec<f64> = bits.filter_map(|s| s.parse().ok()).collect();
    assert!((bits[0] / (1000.0 * accuracy[12]) - 1.0).abs() < 1e-3, "{bits:?} {accuracy:?}");

    for (name, says) in [("capacity", "16 people"), ("reuse", "Test loss")] {
        let svg = fs::read_to_string(lab.path(&format!("out/ladder/{name}.svg"))).unwrap();
        assert!(svg.contains(says) && svg.contains("runs.csv"), "{name}: {svg}");
    }
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("Runs that the law had to foretell") && report.contains(">bits<"), "no bits in the report");
    // The loop does not choose among runs by what they will have measured.
    let set = ["--set", "fit.law=frontier", "--set", "fit.fix={}", "--set", "fit.map=[\"C = 1000*accuracy\"]"];
    let until = ["run", "ladder.toml", "--until", "0.1", "--know", "alpha"];
    let (code, _, stderr) = lab.run(&[&until[..], &set].concat());
    assert!(code == 2 && stderr.contains("--until: C is not known before the runs are there"), "{stderr}");
}

#[test]
fn maps_and_what_is_held_are_checked_before_anything_is_trained() {
    for (fit, says) in [
        ("map = [\"N\"]", "ladder.toml:27:1: [fit.map] \"N\": expected NEW=EXPRESSION"),
        ("map = [\"N = params_stored*\"]", "[fit.map] \"N=params_stored*\""),
        ("map = [\"N = nonsense('a', 2)\"]", "[fit.map]"),
        ("fix = { F = 1 }", "[fit.fix] there is no F"),
        ("fix = { A = -1 }", "[fit.fix.A] A = -1 is not a number that it can be"),
        ("fix = { alpha = \"x\" }", "[fit.fix.alpha]"),
        ("law = \"knowledge-capacity\"", "needs a column P"),
    ] {
        let lab = Lab::of(&toy(fit));
        let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
        assert!(code == 2 && stderr.contains(says) && stderr.contains("hint: "), "{fit}: {code} {stdout}{stderr}");
        assert!(!lab.path("runs").exists(), "{fit}: something was trained");
    }
    // Where nothing is measured no unknown name is trusted.
    let unmeasured = |fit: &str| toy(fit).replace("measures = [\"accuracy\"]\n", "");
    for (fit, says) in [
        ("map = [\"N = params_stord\"]", "is `params_stored` meant?"),
        (CAPACITY, "planned runs have no column `accuracy`, and nothing is measured"),
        ("law = \"knowledge-capacity\"\nmap = [\"P = N\"]", "needs a column bits"),
    ] {
        let lab = Lab::of(&unmeasured(fit));
        let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
        assert!(code == 2 && stderr.contains(says) && stderr.contains("hint: "), "{fit}: {code} {stdout}{stderr}");
    }
    // Letters that laws have for columns may stand in a map, and maps may stand on each other.
    let fit = "map = [\"N = params_effective\", \"half = N/2\", \"D = D + half\"]\nfix = { E = 1 }\nbeside = [{ where = \"half > 100\" }]";
    let (code, stdout, stderr) = Lab::of(&unmeasured(fit)).run(&["run", "ladder.toml"]);
    assert!(code == 0 || stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stdout.contains("4 parameters free") && stdout.contains("where half > 100"), "{stdout}");
}

/// A measure that never came is named, and the runs are kept.
#[test]
fn a_name_that_no_measure_brings_is_told_once_the_runs_are_there() {
    let lab = Lab::of(&toy("law = \"frontier\"\nmap = [\"C = acuracy\"]"));
    let (code, _, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 2 && stderr.contains("acuracy") && stderr.contains("accuracy"), "{code} {stderr}");
    assert_eq!(lab.losses().len(), 12);
}
