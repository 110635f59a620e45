//! What is said of a ladder before it is trained, and when it goes on.

use super::*;

/// The ladder on a folder of text, with runs of these tokens and no more than this in `[fit]`.
fn of_text(horizons: &str, more: &str) -> Lab {
    let (from, to) = (LADDER.find("kind = \"markov\"").unwrap(), LADDER.find("[model]").unwrap());
    let text = format!("{}kind = \"text\"\npath = \"books\"\n{}", &LADDER[..from], &LADDER[to..]);
    let text = text.replace("tokens = [2048, 4096, 8192, 16384]", horizons).replace("[evaluation]", more);
    let lab = Lab::of(&text);
    fs::create_dir(lab.path("books")).unwrap();
    for i in 0..60 {
        let words: String = (0..20).map(|j| format!("word{} ", (i * 31 + j * j) % 97)).collect();
        fs::write(lab.path(&format!("books/{i}.txt")), words).unwrap();
    }
    lab
}

#[test]
fn a_text_that_is_read_too_often_is_told_of() {
    let lab = of_text("tokens = [4096, 65536]", "[evaluation]");
    let (code, stdout, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("  Text books: 7,") && stdout.contains(" tokens of training; the longest run reads it "));
    assert!(stderr.contains("warning: books: 7,") && stderr.contains("2305.16264)\nhint: more text"), "{stderr}");
    // The law that counts repeats can be asked for as the hint has it.
    let law = ["--set", "fit.law=data-constrained", "--set", "fit.map=[\"U = `data.tokens`\"]"];
    assert!(law.iter().filter(|word| **word != "--set").all(|word| stderr.contains(word)), "{stderr}");
    let (code, _, said) = lab.run(&[&["run", "ladder.toml", "--dry-run"][..], &law].concat());
    assert_eq!(code, 0, "{said}");

    // The folder of a store is there for the tokens alone, which is said once.
    let note = "note: tokens are kept in runs/.cache for the training, and no run is begun";
    assert!(stderr.contains(note) && !said.contains(note), "{stderr}{said}");
    // What was asked for in passes is no surprise, and what is generated has no end.
    let (_, stdout, stderr) = of_text("exposures = [8]", "[evaluation]").run(&["train", "ladder.toml", "--dry-run"]);
    assert!(stdout.contains("reads it 8") && !stderr.contains("2305.16264"), "{stdout}{stderr}");
    let (_, stdout, _) = Lab::new().run(&["train", "ladder.toml", "--dry-run"]);
    assert!(!stdout.contains("  Text "), "{stdout}");
}

#[test]
fn a_report_says_how_often_a_text_was_read() {
    let lab = of_text("tokens = [4096]", "[table]\nvalue = \"loss\"\n[evaluation]");
    let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--set", "ladder.sizes.d_model=[4, 6]"]);
    assert_eq!(code, 0, "{stderr}");
    let report = fs::read_to_string(lab.path("out/ladder/report.html")).unwrap();
    assert!(report.contains("Text books: 7,") && report.contains("the longest run reads "), "{report}");
    // A value stands under its name.
    let lines: Vec<&str> = stdout.lines().skip_while(|line| !line.starts_with("  rung")).take(2).collect();
    assert!(lines[0].ends_with(" loss") && lines[0].len() == lines[1].len(), "{stdout}");
}

#[test]
fn a_dry_run_says_what_a_cut_ladder_leaves_as_it_was() {
    let lab = Lab::of(&LADDER.replace("[evaluation]", "[[held_out]]\nd_model = 32\ntokens = 1048576\n[evaluation]"));
    let (_, stdout, _) = lab.run(&["train", "ladder.toml", "--dry-run"]);
    assert!(
        stdout.contains("\n  Held out: 1 run of ") && stdout.contains(": --set held_out=[] leaves it out."),
        "{stdout}"
    );
    let seeds: Vec<String> = {
        let (_, json, _) = lab.run(&["train", "ladder.toml", "--dry-run", "--format", "json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        json["runs"].as_array().unwrap().iter().map(|run| run["seed"].to_string()).collect()
    };
    assert!(seeds.len() == 25 && seeds.iter().all(|seed| stdout.contains(&format!("  {seed}  "))), "{stdout}");
    let (_, stdout, stderr) =
        lab.run(&["train", "ladder.toml", "--dry-run", "--set", "held_out=[]", "--set", "ladder.tokens=[2048]"]);
    assert!(!stdout.contains("Held out:") && !stderr.contains("to fit, and"), "{stdout}{stderr}");
    let few = ["--dry-run", "--set", "ladder.tokens=[2048]", "--set", "ladder.sizes.d_model=[4,6,8]"];
    for command in ["train", "run"] {
        let (code, _, stderr) = lab.run(&[&[command, "ladder.toml"][..], &few].concat());
        let says = "warning: 3 runs to fit, and 5 parameters of the law chinchilla free: a fit needs more runs";
        assert!(code == 0 && stderr.contains(says), "{stderr}");
    }
}

/// The lists say which settings there are, as the message does that refuses others.
#[test]
fn settings_are_listed_as_they_are_read() {
    let lab = Lab::new();
    let refused = |kind: &str| {
        let (_, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run", "--set", kind, "--set", "model.nothing=1"]);
        let names = stderr.split('`').skip(3).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        assert!(names.len() > 5, "{stderr}");
        names
    };
    for kind in ["transformer", "hybrid", "looped", "late_fusion", "memory"] {
        let (code, listed, _) = lab.run(&["list", "models", kind]);
        let names: Vec<&str> = listed.lines().skip(4).filter(|line| !line.starts_with(' ')).collect();
        let names: Vec<&str> = names.iter().filter_map(|line| line.split(": ").next()).collect();
        assert!(code == 0 && names == refused(&format!("model.kind={kind}")), "{kind}: {listed}");
    }
    let (_, listed, _) = lab.run(&["list", "model", "transformer"]);
    let says = "\nhead_dim: whole number; default 64\n    Width of a head, about: there are d_model / head_dim heads";
    assert!(listed.contains(says) && listed.contains("\nd_model: whole number; to be given\n"), "{listed}");
    for (list, name, says) in [
        ("mixer", "kde", "did you mean kda?"),
        ("recipe", "nothing_like_it", "they are mup, plain"),
        ("modles", "", "did you mean isoloss list models?"),
    ] {
        let arguments: Vec<&str> = ["list", list, name].into_iter().filter(|word| !word.is_empty()).collect();
        let (code, _, stderr) = lab.run(&arguments);
        assert!(code == 2 && stderr.contains(says), "{stderr}");
    }
}

#[test]
fn what_is_set_for_nothing_is_told_of() {
    let families = "[families.a.recipe]\nlr = 0.01\n[families.b.model]\nn_layer = 2\n[evaluation]";
    let lab = Lab::of(&LADDER.replace("[evaluation]", families));
    for (set, says) in [
        ("recipe.lr=0.1", "--set recipe.lr=0.1 changes nothing for a, as it has lr of its own"),
        ("model.d_model=4", "--set model.d_model=4 changes nothing: [ladder.sizes] has d_model"),
    ] {
        let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run", "--set", set]);
        assert!(code == 0 && stderr.contains(says) && stderr.contains("\nhint: --set "), "{set}: {stderr}");
    }
    let both = families.replace("[evaluation]", "[families.b.recipe]\nlr = 0.02\n[evaluation]");
    let lab = Lab::of(&LADDER.replace("[evaluation]", &both));
    let (_, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run", "--set", "recipe.lr=0.1"]);
    assert!(stderr.contains("--set recipe.lr=0.1 changes nothing: every family has lr of its own"), "{stderr}");
}

/// The training of one's own runs: from the folder that they lie in, and of those that are asked for.
#[test]
fn the_curves_of_a_store_are_drawn() {
    let lab = Lab::of(
        &LADDER.replace("[4, 6, 8, 12, 16, 24]", "[8, 16]").replace("[2048, 4096, 8192, 16384]", "[2048, 4096]"),
    );
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 0, "{stderr}");
    let (code, caption, stderr) = lab.run(&["figure", "curves", "runs", "-o", "curves.svg", "--data", "curves.csv"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(caption.starts_with("Loss over training of 4 runs, coloured by parameters,"), "{caption}");
    assert!(caption.contains("Open marks: the loss on held-out text."), "{caption}");
    assert_eq!(fs::read_to_string(lab.path("curves.csv")).unwrap().matches("loss on held-out text").count(), 4);
    let some = ["figure", "curves", "runs", "--where", "rung = 'd_model 8, 2.05k tokens'", "-o", "one.svg"];
    let (code, caption, stderr) = lab.run(&some);
    assert!(code == 0 && caption.starts_with("Loss over training of one run"), "{caption}{stderr}");
    // Runs that were brought have no curve, and other figures are of tables.
    let (code, _, stderr) = lab.run(&["runs", "export", "-o", "runs.csv"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(lab.run(&["runs", "import", "runs.csv", "--store", "brought"]).0, 0);
    let (code, _, stderr) = lab.run(&["figure", "curves", "brought", "-o", "none.svg"]);
    assert!(code == 2 && stderr.contains("brought: none of 4 runs has a curve"), "{stderr}");
    let (code, _, stderr) = lab.run(&["figure", "fit", "runs", "-o", "none.svg"]);
    assert!(code == 2 && stderr.contains("this is a store of runs, not a table"), "{stderr}");
}
