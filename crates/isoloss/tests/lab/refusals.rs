//! What is refused, and what is said of it.

use std::path::Path;

use super::common::isoloss;
use super::*;

#[test]
fn mistakes_are_told_with_their_place() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("head_dim = 8", "head_dim = 8\nheads = 4", &["ladder.toml:13:1", "unknown field `heads`", "expected one of"]),
        ("lr = 0.02", "lr = \"high\"", &["ladder.toml:17:1", "[recipe.lr]", "expected a number"]),
        ("kind = \"markov\"", "kind = \"markow\"", &["ladder.toml:5:1", "there is no kind \"markow\"", "text"]),
        ("tokens = [2048, 4096, 8192, 16384]", "", &["ladder.toml:19:2", "tokens_per_param"]),
        ("tokens = [2048", "where = \"d_modle > 4\"\ntokens = [2048", &["[ladder.where]", "d_modle"]),
        ("tokens = [2048", "where = \"d_model > 400\"\ntokens = [2048", &["[ladder.where]", "leaves no run"]),
        ("d_model = [4, 6, 8, 12, 16, 24]", "d_model = [4, 6], n_layer = [1]", &["lists of one length"]),
        (
            "d_model = [4, 6, 8, 12, 16, 24]",
            "d_model = [5]",
            &["ladder.toml:20:11", "[ladder.sizes.d_model]", "take d_model = 4 or 6"],
        ),
        ("seed = 1", "seed = 1\nvocab_size = 17", &["duplicate key"]),
        ("question", "questoin", &["ladder.toml:2:1", "unknown field `questoin`"]),
        ("windows = 64", "windows = 0", &["ladder.toml:23:1", "[evaluation.windows]", "at least one", "hint: "]),
    ];
    for (from, to, says) in cases {
        let lab = Lab::of(&LADDER.replacen(from, to, 1));
        let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run"]);
        assert_eq!(code, 2, "{to}: {stderr}");
        says.iter().for_each(|word| assert!(stderr.contains(word), "{to}: {word:?} is not in {stderr}"));
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    let lab = Lab::new();
    for (arguments, says) in [
        (&["train", "first-lader", "--dry-run"][..], "is first-ladder meant?"),
        (&["train", "ladder.toml", "--set", "corpus.sed=3"], "unknown field `sed`"),
        (&["train", "ladder.toml", "--set", "corpus"], "expected KEY=VALUE"),
        // A file of this folder is nearer than what is built in.
        (&["run", "lader"], "is ladder.toml meant?"),
        (&["run", "./ladder.tml"], "is ./ladder.toml meant?"),
        (&["runs", "list", "--store", "nowhere"], "there is no store of runs here"),
        (&["runs", "show", "zz"], ""),
    ] {
        let (code, _, stderr) = lab.run(arguments);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(says) && stderr.contains("hint: "), "{arguments:?}: {stderr}");
    }
}

/// Names that are nearly right, and what others call the same.
#[test]
fn misspelt_names_are_told_with_what_is_meant() {
    let lab = Lab::new();
    for (set, hint) in [
        ("corpus.kind=markow", "is `markov` meant?"),
        ("model.kind=transfomer", "is `transformer` meant?"),
        ("recipe.learning_rate=0.1", "is `lr` meant?"),
        ("recipe.lrr=0.1", "is `lr` meant?"),
        ("recipe.schedule=wsb", "is `wsd` meant?"),
        ("model.layers=3", "is `n_layer` meant?"),
        ("model.glue=3", "isoloss list models transformer shows its settings"),
        ("evaluation.windows=1e3", "write 1000, without a point and without an exponent"),
        ("evaluation.measures=['acuracy']", "is `accuracy` meant?"),
    ] {
        let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--dry-run", "--set", set]);
        assert!(code == 2 && stderr.contains(&format!("error: --set {set}: ")), "{set}: {stderr}");
        assert!(stderr.contains(&format!("hint: {hint}")), "{set}: {stderr}");
    }
    let hybrid = LADDER
        .replace("kind = \"transformer\"", "kind = \"hybrid\"\npattern = [\"kde\"]")
        .replace("[evaluation]", "[families.a.model]\nn_layer = 2\n[families.b.model]\nn_layers = 2\n[evaluation]");
    let (code, _, stderr) = Lab::of(&hybrid).run(&["train", "ladder.toml", "--dry-run"]);
    assert!(code == 2 && stderr.contains("there is no mixer kde") && stderr.contains("is `kda` meant?"), "{stderr}");
    // What a family has is wrong where the family has it.
    let (code, _, stderr) = Lab::of(&hybrid.replace("kde", "kda")).run(&["train", "ladder.toml", "--dry-run"]);
    let says = "ladder.toml:26:1: [families.b.model.n_layers] unknown field `n_layers`";
    assert!(code == 2 && stderr.contains(says) && stderr.contains("is `n_layer` meant?"), "{stderr}");
}

/// Numbers that are no learning rate, no ladder and no fit: each is refused where it stands, before anything is trained.
#[test]
fn nonsense_is_refused_before_anything_is_trained() {
    let lab = Lab::new();
    for (set, says) in [
        ("recipe.lr=-0.1", "[recipe.lr] -0.1 is not a number above 0"),
        ("recipe.lr=nan", "[recipe.lr]"),
        ("recipe.betas=[2,-1]", "[recipe.betas] 2 is not from 0 to below 1"),
        ("recipe.eps=-1", "[recipe.eps]"),
        ("recipe.clip=nan", "[recipe.clip]"),
        ("recipe.weight_decay=-5", "[recipe.weight_decay]"),
        ("recipe.width_power=inf", "[recipe.width_power]"),
        ("recipe.init={embedding=-1,hidden=1,residual=1,head=0}", "[recipe.init.embedding]"),
        ("recipe.decay=1.5", "[recipe.decay] 1.5 is not between 0 and 1"),
        ("recipe.warmup_fraction=0.8", "do not fit into"),
        ("recipe.batch=4611686018427387904", "[recipe.batch]"),
        ("recipe.batch=0", "[recipe.batch] 0 is not a number above 0"),
        ("recipe.batch=abc", "--set recipe.batch=abc: [recipe.batch]"),
        ("model.rope_theta=-1", "[model.rope_theta]"),
        ("model.mlp_ratio=nan", "[model.mlp_ratio]"),
        ("model.norm_eps=-1", "[model.norm_eps]"),
        ("model.group=0", "[model.group]"),
        (
            "ladder.sizes.d_model=[100]",
            "100 with head_dim = 8 makes 12 heads, which do not share it equally in even widths: take d_model = 96 or 104, \
             or head_dim = 10",
        ),
        ("ladder.sizes.d_model=[5]", "makes one head, of an odd width: take d_model = 4 or 6"),
        ("model.group=3", "[model.group] 1 query head cannot form groups of 3: take one of 1"),
        ("ladder.tokens=[1e25]", "tokens"),
        ("ladder.tokens=[4096,-1000]", "[ladder.tokens] -1000 is not a number above 0"),
        ("held_out=[{d_model=32,tokens=-1}]", "[held_out] tokens: -1 is not a number above 0"),
        ("ladder.tokens=[]", "no run at all"),
        (
            "ladder.seeds=[]",
            "ladder.toml:19:2: [ladder] asks for no run at all: it needs sizes, a horizon and a seed (with --set ladder.seeds=[])",
        ),
        ("ladder.seeds=[1,1]", "is there twice"),
        ("ladder.tokens=[2048,2050]", "is there twice"),
        ("held_out=[{d_model=16,tokens=4096}]", "is a run of the ladder"),
        ("evaluation.windows=10000000000", "at most 10^9"),
        ("fit.law=chinchila", "chinchilla"),
        ("fit.law=no-such-law", "[fit.law]"),
        ("fit.noise=loud", "expected one of loss, reducible"),
        ("fit.baseline=other", "[fit.baseline] there are no families"),
        ("fit.per=[\"A\"]", "there are no families"),
        ("fit.beside=[{ where = \"M > 3\" }]", "[fit.beside]"),
        ("figures=[\"nope\"]", "[figures]"),
    ] {
        let (code, stdout, stderr) = lab.run(&["run", "ladder.toml", "--set", set]);
        assert_eq!(code, 2, "{set}: {stdout}{stderr}");
        assert!(stderr.contains(says) && stderr.contains("hint: "), "{set}: {stderr}");
        assert!(!stderr.contains("panicked"), "{set}: {stderr}");
    }
    assert!(!lab.path("runs").exists(), "something was trained");
    for arguments in [
        &["run", "ladder.toml", "--format", "json"][..],
        &["run", "ladder.toml", "--dry-run", "--limit", "2"],
        &["run", "ladder.toml", "--dry-run", "--out", "there"],
    ] {
        assert_eq!(lab.run(arguments).0, 2, "{arguments:?} would change nothing");
    }
    // What this machine cannot hold is refused, not begun.
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--set", "ladder.sizes.d_model=[262144]"]);
    assert!(code == 1 && stderr.contains("of memory"), "{code} {stderr}");
}

#[test]
fn text_that_is_missing_binary_or_short_is_told_of() {
    let text = |path: &str| {
        let from = LADDER.find("kind = \"markov\"").unwrap();
        let to = LADDER.find("[model]").unwrap();
        format!("{}kind = \"text\"\npath = {path:?}\n{}", &LADDER[..from], &LADDER[to..])
    };
    for (path, content, says) in [
        ("books", None, "books"),
        ("books", Some(&b"a"[..]), "hint: "),
        ("books", Some(&[0u8; 4096][..]), "hint: "),
        ("../../etc/nowhere/\n\u{1f600}", None, "hint: "),
    ] {
        let lab = Lab::of(&text(path));
        if let Some(content) = content {
            fs::create_dir(lab.path("books")).unwrap();
            fs::write(lab.path("books/one.txt"), content).unwrap();
        }
        let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
        assert_eq!(code, 2, "{path:?}: {stderr}");
        assert!(stderr.contains(says) && stderr.contains("hint: "), "{path:?}: {stderr}");
    }
    let lab = Lab::of(&text("books"));
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--set", "corpus.path=none"]);
    let says = "error: --set corpus.path=none: [corpus.path] the corpus none cannot be opened: there is no file or folder of that name";
    assert!(code == 2 && stderr.contains(says), "{stderr}");
    fs::create_dir(lab.path("books")).unwrap();
    for i in 0..60 {
        let words: String = (0..400).map(|j| format!("word{} ", (i * 31 + j * j) % 97)).collect();
        fs::write(lab.path(&format!("books/{i}.txt")), words).unwrap();
    }
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--limit", "2"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(lab.records().iter().all(|r| r["result"]["bits_per_byte"].as_f64().is_some()));
    // What was derived from the text lies beside the runs and is nothing to complain of.
    let (code, _, stderr) = lab.run(&["runs", "check"]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn a_store_that_cannot_be_written_to_is_refused_before_anything_is_trained() {
    let lab = Lab::new();
    fs::write(lab.path("runs"), "a file").unwrap();
    let (code, _, stderr) = lab.run(&["train", "ladder.toml"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("error: --store runs: runs is a file, and no folder\nhint: name a folder"), "{stderr}");
    let (code, _, stderr) = lab.run(&["train", "ladder.toml", "--store", "runs/inside"]);
    assert!(code == 1 && stderr.contains("error: --store runs/inside: runs is a file, and no folder"), "{stderr}");
    fs::write(lab.path("out"), "a file").unwrap();
    let (code, _, stderr) = lab.run(&["run", "ladder.toml", "--store", "elsewhere"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("error: --out out/ladder: out is a file, and no folder"), "{stderr}");
    assert!(!lab.path("elsewhere").exists(), "nothing is trained for an answer that cannot be written");
}

#[test]
fn help_says_what_is_written_where() {
    for command in ["run", "train", "runs"] {
        let help = isoloss(&[command, "--help"]).stdout;
        assert!(help.contains("Exit code") && help.contains("Examples"), "{help}");
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/first-ladder.toml").is_file());
}

/// Sizes would go before families, which were then compared with themselves.
#[test]
fn what_families_and_sizes_both_set_is_refused() {
    let families = "[families.once.model]\nn_layer = 1\n[families.other]\nmodel = { n_layer = 2 }\ncorpus = { vocab_size = 8 }\n[evaluation]";
    let text = LADDER.replace("[evaluation]", families);
    let sizes = |more: &str| text.replace("d_model = [4, 6, 8, 12, 16, 24]", &format!("d_model = [4, 6], {more}"));
    let held_out = text.replace("[evaluation]", "[[held_out]]\nd_model = 32\nn_layer = 1\ntokens = 4096\n[evaluation]");
    for (text, says) in [
        (
            sizes("n_layer = [1, 2]"),
            "ladder.toml:20:29: [ladder.sizes.n_layer] sets n_layer, and so does [families.once.model.n_layer] (line 23)",
        ),
        (sizes("\"corpus.vocab_size\" = [8, 16]"), "[families.other.corpus.vocab_size] (line 26)"),
        (held_out, "ladder.toml:27:3: [held_out] sets n_layer, and so does [families.once.model.n_layer] (line 23)"),
    ] {
        let (code, _, stderr) = Lab::of(&text).run(&["train", "ladder.toml", "--dry-run"]);
        assert!(code == 2 && stderr.contains(says) && stderr.contains("hint: one of the two"), "{code} {stderr}");
    }
    let (code, _, stderr) = Lab::of(&sizes("\"recipe.batch\" = [4, 8]")).run(&["train", "ladder.toml", "--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
}
