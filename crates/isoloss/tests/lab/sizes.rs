//! What a size of a ladder may set, and how long its runs are.

use super::*;

/// The planned runs, as `--dry-run` has them.
fn planned(lab: &Lab, more: &[&str]) -> Vec<Value> {
    let arguments = [&["train", "ladder.toml", "--dry-run", "--format", "json"], more].concat();
    let (code, stdout, stderr) = lab.run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str::<Value>(&stdout).unwrap()["runs"].as_array().unwrap().clone()
}

/// The ladder with another table of this name.
fn with(table: &str, lines: &str) -> String {
    let from = LADDER.find(&format!("[{table}]")).unwrap();
    let to = LADDER[from + 1..].find("\n[").unwrap() + from + 1;
    format!("{}[{table}]\n{lines}{}", &LADDER[..from], &LADDER[to..])
}

fn refused(text: &str, arguments: &[&str]) -> String {
    let lab = Lab::of(text);
    let (code, _, stderr) = lab.run(arguments);
    assert!(code == 2 && !stderr.contains("panicked"), "{code} {stderr}");
    stderr
}

const COORDINATES: [&str; 8] = ["coordinates", "ladder.toml", "--widths", "8,16", "--steps", "2", "--seeds", "1"];
const DRY: [&str; 3] = ["train", "ladder.toml", "--dry-run"];

#[test]
fn a_size_may_set_corpus_and_recipe() {
    let sizes = "sizes = { \"corpus.vocab_size\" = [8, 16], d_model = [4, 8], \"recipe.batch\" = [2, 4] }\ntokens = [1024, 2048]";
    let lab = Lab::of(&with("ladder", sizes));
    let runs = planned(&lab, &[]);
    let of = |rung: &str| runs.iter().find(|run| run["rung"] == rung).unwrap_or_else(|| panic!("{rung}: {runs:?}"));
    let small = of("vocab_size 8, d_model 4, batch 2, 1.02k tokens");
    let large = of("vocab_size 16, d_model 8, batch 4, 2.05k tokens");
    assert_eq!((runs.len(), &small["batch"], &large["batch"]), (4, &2.into(), &4.into()));
    // Embedding and head of each have its own vocabulary.
    let embedding = |run: &Value| run["counts"]["embedding"].as_u64().unwrap();
    assert_eq!((embedding(small), embedding(large)), (8 * 4, 16 * 8));

    // A condition has the key in back-quotes, or its last word.
    for condition in ["`corpus.vocab_size` > 8", "vocab_size > 8 and batch == 4", "`recipe.batch` > 2"] {
        let runs = planned(&lab, &["--set", &format!("ladder.where={condition:?}")]);
        assert!(runs.len() == 2 && runs.iter().all(|run| run["batch"] == 4), "{condition}: {runs:?}");
    }
    // What is held out is of a size too, and so is what is typed.
    let more = ["--set", "held_out=[{\"corpus.vocab_size\"=32,d_model=8,tokens=4096}]"];
    assert_eq!(planned(&lab, &more)[4]["rung"], "vocab_size 32, d_model 8, 4.10k tokens");
    let more = ["--set", "ladder.sizes.\"corpus.vocab_size\"=[8,12]"];
    assert_eq!(planned(&lab, &more)[2]["rung"], "vocab_size 12, d_model 8, batch 4, 1.02k tokens");

    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--set", "fit.law=\"frontier\""]);
    assert!(code < 2, "{stderr}");
    let csv = fs::read_to_string(lab.path("out/ladder/runs.csv")).unwrap();
    assert!(csv.lines().next().unwrap().contains("corpus.vocab_size"), "{csv}");
    // Activations are looked at on the corpus of the first size.
    let (code, _, stderr) = lab.run(&COORDINATES);
    assert_eq!(code, 0, "{stderr}");
}

/// Of a ladder that grows deep too, the depth of the first size.
#[test]
fn activations_are_looked_at_where_sizes_set_the_depth() {
    let sizes = "sizes = { d_model = [4, 8], n_layer = [1, 2] }\ntokens = [1024]";
    let lab = Lab::of(&with("ladder", sizes).replace("n_layer = 1\n", ""));
    let (code, stdout, stderr) = lab.run(&COORDINATES);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("stream 1") && !stdout.contains("stream 2"), "{stdout}");
}

#[test]
fn a_setting_of_a_size_is_refused_where_the_size_has_it() {
    let sizes = |keys: &str| with("ladder", &format!("sizes = {{ {keys} }}\ntokens = [1024]"));
    for (keys, says) in [
        (
            "d_model = [4], \"corpus.vocab\" = [8]",
            &["ladder.toml:20:26: [ladder.sizes.corpus.vocab]", "unknown field"][..],
        ),
        ("d_model = [4], \"corpus.vocab_size\" = [1]", &["ladder.toml:20:26: ", "vocab_size"]),
        ("d_model = [4], \"corpus.vocab_size\" = [\"x\"]", &["ladder.toml:20:26: ", "expected a whole number"]),
        ("d_model = [4], \"recipe.lr\" = [-1]", &["ladder.toml:20:26: [ladder.sizes.recipe.lr]", "above 0"]),
        ("d_modle = [4]", &["ladder.toml:20:11: [ladder.sizes.d_modle]", "is `d_model` meant?"]),
        ("d_model = [4, 8], \"corpus.vocab_size\" = [8]", &["lists of one length"]),
    ] {
        let stderr = refused(&sizes(keys), &DRY);
        says.iter().for_each(|word| assert!(stderr.contains(word), "{keys}: {word} is not in {stderr}"));
    }
    let stderr =
        refused(&sizes("d_model = [4]"), &[&DRY[..], &["--set", "ladder.sizes.\"corpus.seed\"=[\"x\"]"]].concat());
    assert!(stderr.contains(r#"--set ladder.sizes."corpus.seed"=["x"]: "#), "{stderr}");
}

#[test]
fn horizons_are_passes_over_the_data() {
    let text = with("corpus", "kind = \"text\"\npath = \"books\"\n");
    let text = text.replace("tokens = [2048, 4096, 8192, 16384]", "exposures = [0.5, 2]");
    let lab = Lab::of(&text);
    fs::create_dir(lab.path("books")).unwrap();
    for i in 0..60 {
        let words: String = (0..400).map(|j| format!("word{} ", (i * 31 + j * j) % 97)).collect();
        fs::write(lab.path(&format!("books/{i}.txt")), words).unwrap();
    }
    let runs = planned(&lab, &[]);
    let tokens = |run: &Value| run["counts"]["tokens"].as_f64().unwrap();
    let (half, twice) = (tokens(&runs[0]), tokens(&runs[1]));
    assert!(runs.len() == 12 && (twice / half - 4.0).abs() < 0.01, "{half} {twice}");
    // As many tokens as the words have bytes, but for those that are held out.
    let bytes: u64 = (0..60).map(|i| fs::metadata(lab.path(&format!("books/{i}.txt"))).unwrap().len()).sum();
    assert!((0.7..=1.0).contains(&(twice / 2.0 / bytes as f64)), "{twice} of {bytes}");
    // No setting is wrong where tokens cannot be written.
    fs::create_dir(lab.path("store")).unwrap();
    fs::write(lab.path("store/.cache"), "").unwrap();
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run", "--store", "store"]);
    assert!(code == 1 && stderr.contains("store/.cache: tokens cannot be kept here: "), "{code} {stderr}");
    let more = ["--set", "held_out=[{d_model=32,exposures=3}]"];
    let held_out = planned(&lab, &more).pop().unwrap();
    assert!((tokens(&held_out) / twice - 1.5).abs() < 0.01, "{held_out}");

    let nothing = text.replace("exposures = [0.5, 2]", "exposures = [-1]");
    let stderr = refused(&nothing, &DRY);
    assert!(stderr.contains("ladder.toml:20:1: [ladder.exposures] -1 is not a number above 0"), "{stderr}");

    let endless = LADDER.replace("tokens = [2048, 4096, 8192, 16384]", "exposures = [100]");
    let stderr = refused(&endless, &DRY);
    for word in
        ["ladder.toml:21:1: [ladder.exposures]", "markov-1 is generated without end", "hint: ", "tokens_per_param"]
    {
        assert!(stderr.contains(word), "{word} is not in {stderr}");
    }
    let stderr = refused(LADDER, &[&DRY[..], &["--set", "held_out=[{d_model=32,exposures=3}]"]].concat());
    assert!(stderr.contains("[held_out] are passes"), "{stderr}");
    let both = LADDER.replace("tokens = [2048", "exposures = [1]\ntokens = [2048");
    assert!(refused(&both, &DRY).contains("one of tokens, tokens_per_param, exposures, flops and no other"));
}

/// A biography has 50 tokens. A window of one person shows one person, however long it is.
#[test]
fn an_exposure_shows_everybody_once() {
    let of = |packing: &str, seq_len: usize, batch: usize| {
        let corpus = format!("kind = \"bios\"\npeople = 20\nseed = 1\npacking = \"{packing}\"\n");
        let text =
            with("corpus", &corpus).replace("[2048, 4096, 8192, 16384]", "[1]").replace("tokens =", "exposures =");
        let text =
            text.replace("[4, 6, 8, 12, 16, 24]", "[8]").replace("seq_len = 16", &format!("seq_len = {seq_len}"));
        Lab::of(&text.replace("[1]", "[80]").replace("batch = 4", &format!("batch = {batch}")))
    };
    for (packing, seq_len, windows) in
        [("people", 50, 1600), ("people", 100, 1600), ("stream", 50, 1600), ("stream", 100, 800)]
    {
        let lab = of(packing, seq_len, 4);
        let run = &planned(&lab, &[])[0];
        let shown = run["steps"].as_u64().unwrap() * run["batch"].as_u64().unwrap();
        assert_eq!(shown, windows, "{packing} {seq_len}: {run}");
        // The same of what is held out.
        let held_out = ["--set", "held_out=[{d_model=12,exposures=80}]"];
        assert_eq!(planned(&lab, &held_out)[1]["steps"], run["steps"], "{packing} {seq_len}");
        // One run is too few for a law, which is said; nothing else is.
        let said = lab.run(&DRY).2;
        let other = |line: &&str| line.contains("warning") && !line.contains("a fit needs more runs than parameters");
        assert_eq!(said.lines().find(other), None, "{said}");
    }
    // 1600 windows are two batches of 1000, where at least that many are taken.
    let lab = of("people", 50, 1000);
    for command in [&DRY[..], &["run", "ladder.toml", "--dry-run"]] {
        let (code, _, stderr) = lab.run(command);
        let says =
            "100000 tokens are trained and 80000 are asked for, 100 exposures in the place of 80, as a batch has 50000";
        assert!(code == 0 && stderr.contains(says) && !stderr.contains("runs are off"), "{code} {stderr}");
    }
    let several = lab.run(&[&DRY[..], &["--set", "ladder.exposures=[10,80]"]].concat()).2;
    assert!(
        several.contains("50 exposures in the place of 10") && several.contains("; 2 runs are off by more than 5 %")
    );
}
