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
    assert!(code == 1 && stdout.contains("error[unidentified]"), "{code} {stdout}{stderr}");
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
        (
            "law = \"knowledge-capacity\"",
            "N of the law knowledge-capacity is people in the data, and a column N is not taken for it",
        ),
        ("law = \"knowledge-capacity\"\nmap = [\"P = N\"]", "hint: say which column holds it: map = [\"N = people\"]"),
        (
            "law = \"knowledge-capacity\"\nmap = [\"N = D\"]",
            "needs a column P (parameters stored)\nhint: `params_stored` holds it: map = [\"P = params_stored\"]",
        ),
        ("map = [\"P = N\", \"M = D\", \"P = D\"]", "[fit.map] makes P twice"),
        ("beside = [{ map = [\"N = D\", \"N = C\"] }]", "[fit.beside] makes N twice"),
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
    assert!(code == 1 && stdout.contains("error[unidentified]"), "{code} {stdout}{stderr}");
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

/// Biographies: what names and values there are is known of the corpus, and N is no number of parameters.
#[test]
fn a_law_of_facts_takes_its_constants_from_the_corpus() {
    let table = |name: &str, end: &str, text: &str, to: &str| {
        let (from, until) = (text.find(name).unwrap(), text.find(end).unwrap());
        format!("{}{name}\n{to}{}", &text[..from], &text[until..])
    };
    let corpus = "kind = \"bios\"\npeople = 20\npools = \"1/10\"\npacking = \"people\"\nseed = 1\n";
    let text = table("[corpus]", "[model]", LADDER, corpus);
    let text = text
        .replace("[4, 6, 8, 12, 16, 24]", "[4, 8, 12, 16, 24], \"corpus.people\" = [20, 20, 40, 20, 40]")
        .replace("seq_len = 16", "seq_len = 50");
    let text = text.replace("tokens = [2048, 4096, 8192, 16384]", "exposures = [50]");
    let text = text.replace("windows = 64", "windows = 20\nmeasures = [\"bits\"]");
    let fit = "[fit]\nlaw = \"knowledge-capacity\"\nmap = [\"P = params_stored\", \"N = people\"]\n";
    let lab = Lab::of(&format!("figures = [\"capacity\"]\n{text}{fit}"));
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml"]);
    assert!(code == 0 && !stdout.contains("error["), "{code} {stdout}{stderr}");
    assert!(stdout.contains("Held: N0 = 160000, of the corpus; S0 = 2096640000, of the corpus."), "{stdout}{stderr}");
    let saved: Value = serde_json::from_str(&fs::read_to_string(lab.path("out/ladder/fit.json")).unwrap()).unwrap();
    let held = |name: &str| {
        let all = saved["parameters"].as_array().unwrap();
        all.iter().find(|p| p["name"] == name).unwrap()["estimate"]["value"].as_f64().unwrap()
    };
    assert_eq!([held("N0"), held("S0")], [160000.0, 2096640000.0]);
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("N0 = 160000, of the corpus"), "the report has it too");

    // The figure is of stored parameters, with the maps of the law and on the table as it is exported.
    let stored = |run: &Value| run["counts"]["stored"].as_f64().unwrap();
    let most = lab.records().iter().map(stored).fold(0.0, f64::max);
    let figure = ["figure", "capacity", "out/ladder/runs.csv", "-o", "c.svg", "--data", "c.csv", "--width", "double"];
    let (code, _, stderr) = lab.run(&figure);
    assert_eq!(code, 0, "{stderr}");
    let drawn = fs::read_to_string(lab.path("c.csv")).unwrap();
    assert!(drawn.contains(&format!(",1 loop,{most},")), "{most}: {drawn}");
    let [mapped, plain] = ["out/ladder/capacity.svg", "c.svg"].map(|name| fs::read_to_string(lab.path(name)).unwrap());
    assert_eq!(plain.replace("out/ladder/", ""), mapped);

    // What is held otherwise is said, and N of another table is not taken for people.
    let (_, stdout, stderr) = lab.run(&["run", "ladder.toml", "--set", "fit.fix.N0=1000"]);
    assert!(
        stderr.contains("warning: N0 is held at 1000, as was asked, and `data.name_space` says 160000"),
        "{stderr}"
    );
    assert!(stdout.contains("Held: S0 = 2096640000, of the corpus."), "{stdout}");
    let fit = ["fit", "out/ladder/runs.csv", "--law", "knowledge-capacity", "--map", "P=params_stored"];
    let (code, _, stderr) = lab.run(&fit);
    assert!(code == 2 && stderr.contains("hint: say which column holds it: --map \"N=people\""), "{code} {stderr}");
    let (_, _, stderr) = lab.run(&[&fit[..], &["--map", "N=people"]].concat());
    assert!(stderr.contains("N0 = 160000, of the corpus"), "{stderr}");
    // Pools that differ have no one number.
    let more = "ladder.sizes.\"corpus.pools\"=[\"1\",\"1\",\"1\",\"1\",\"1/10\"]";
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--set", more]);
    assert!(code == 2 && stderr.contains("`data.name_space` has several: 160000000, 160000"), "{code} {stderr}");
    assert_eq!(lab.records().len(), 5, "it is refused before anything is trained");
}

/// A name that begins as that of a positive parameter is another one.
#[test]
fn the_parameter_that_is_fixed_is_the_one_of_that_name() {
    let law = "name = \"mine\"\nformula = \"L = E + a*N^alpha\"\n[variables]\nL = \"loss, nats/token\"\nN = \"parameters\"\n\
               [parameters]\nE = \"positive\"\na = \"positive\"\nalpha = \"-2..2\"\n";
    for (fixed, code) in [("alpha", 0), ("a", 2)] {
        let fit = format!("[fit]\nlaw = \"my.toml\"\nfix = {{ {fixed} = -0.5 }}\n[evaluation]");
        let lab = Lab::of(&LADDER.replace("[evaluation]", &fit));
        fs::write(lab.path("my.toml"), law).unwrap();
        let (found, _, stderr) = lab.run(&["run", "ladder.toml", "--dry-run"]);
        assert_eq!(found, code, "{fixed}: {stderr}");
        assert_eq!(stderr.contains("is not a number that it can be"), code == 2, "{fixed}: {stderr}");
    }
}
