//! `isoloss compare`: families at equal loss, and gains in score as gains in size.

mod common;

use common::{isoloss, masked, ran};
use serde_json::Value;

const SCORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/results/benchmark-published.csv");
const KIMI: [&str; 3] = ["compare", "published:kimi-mla", "published:kimi-linear"];

fn json(arguments: &[&str]) -> Value {
    let run = isoloss(&[arguments, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// Noise of size 1 or less that is the same on every machine.
fn noise(i: usize) -> f64 {
    ((i as f64 + 1.0) * 12.9898).sin() * 1.7 % 1.0
}

/// Two families on one grid; amplitudes of the second are `share` of the first's. Rows of one cell share most of their luck.
fn families(share: f64, shift: f64) -> (tempfile::TempDir, String) {
    let mut text = String::from("arch,N,D,trunk,loss\n");
    for (own, (family, share, shift)) in [("mla", 1.0, 1.0), ("kda", share, shift)].into_iter().enumerate() {
        for i in 0..25 {
            let n = (3e7 * 3.16f64.powi(i / 5)).round() * shift;
            let d = (1e9 * 3.16f64.powi(i % 5)).round();
            let loss = 1.7 + share * (400.0 * n.powf(-0.34) + 1500.0 * d.powf(-0.33));
            let luck = 0.005 * noise(i as usize) + 0.001 * noise(i as usize + 1000 * (own + 1));
            text.push_str(&format!("{family},{n},{d},t{i},{:.5}\n", loss * luck.exp()));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.csv");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// Kimi Linear, arXiv 2510.26692, figure 5: the 1.16 of the paper belongs to one loss.
#[test]
fn published_curves() {
    let run = isoloss(&[&KIMI[..], &["--at", "C=4,5,10"]].concat());
    for said in ["1.161\n", "1.157\n", "1.144\n", "cross near 3.0e4 PF-days", "published without errors: no interval"] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    insta::assert_snapshot!("kimi", ran(&run));
    // A law of one input has one scale, whatever it is called.
    for name in ["N", "D", "X", "compute"] {
        let flags = if name == "compute" { vec!["--scale", name, "--at", "C=4"] } else { vec!["--at", "X=4"] };
        assert_eq!(json(&[&KIMI[..], &flags].concat()), json(&[&KIMI[..], &["--at", "C=4"]].concat()), "{name}");
    }
    let csv = isoloss(&[&KIMI[..], &["--at", "L=2.1", "--format", "csv"]].concat()).stdout;
    assert!(csv.lines().count() == 2 && csv.contains(",PF-days,1.1"), "{csv}");
    let of_both = ["compare", "published:hoffmann-2022", "published:besiroglu-2024"];
    let params = isoloss(&[&of_both[..], &["--at", "N=1e9", "--with", "D=2e10"]].concat());
    assert!(params.stdout.contains("in parameters, D = 20B"), "{}", params.stdout);
}

#[test]
fn families_of_a_table() {
    let (_folder, path) = families(0.95, 1.0);
    let of = |more: &[&str]| {
        let arguments = ["compare", &path, "--group", "arch", "--baseline", "mla", "--draws", "300"];
        let run = isoloss(&[&arguments[..], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    };
    let run = of(&[]);
    assert!(run.stderr.contains("paired: every family has rows at the same 25 places (N, D)"), "{}", run.stderr);
    assert!(run.stdout.contains("Distinguishable: kda needs fewer FLOPs than mla at every loss"), "{}", run.stdout);
    insta::assert_snapshot!("families", ran(&run));
    let joint = of(&["--per", "A,B", "--at", "C=1e20,1e24"]);
    insta::assert_snapshot!("joint", ran(&joint));
    assert!(joint.stdout.contains("beyond the runs of both"), "{}", joint.stdout);
    // Shared parameters cancel: the joint fit is surer, and near the truth.
    let truth = 0.95f64.powf(-(0.34 + 0.33) / (0.34 * 0.33));
    let said: Value = serde_json::from_str(&of(&["--per", "A,B", "--format", "json"]).stdout).unwrap();
    let width = |how: usize| {
        let m = &said["variants"][0]["comparisons"][how]["ratios"][2]["multiplier"];
        let [value, lower, upper] = ["value", "lower", "upper"].map(|k| m[k].as_f64().unwrap());
        assert!((value / truth - 1.0).abs() < 0.05, "{value} for {truth}");
        upper - lower
    };
    assert!(width(1) < width(0), "{} {}", width(1), width(0));
    let tokens = of(&["--scale", "D", "--with", "N=1e9", "--format", "csv"]);
    assert!(tokens.stdout.lines().skip(1).all(|l| l.contains(",tokens,")), "{}", tokens.stdout);
}

/// One fit with families says what their table says: the draws are the same, and belong together.
#[test]
fn families_of_a_saved_fit() {
    let (folder, path) = families(0.95, 1.0);
    let saved = folder.path().join("fit.json");
    let saved = saved.to_str().unwrap();
    let fit = ["fit", &path, "--per", "arch", "A,B", "--cluster", "trunk", "--draws", "300", "--save", saved];
    assert_eq!(isoloss(&fit).code, 0);
    let at = ["--at", "C=1e20,1e21"];
    let of_fit = json(&[&["compare", saved][..], &at].concat());
    let table = ["compare", &path, "--group", "arch", "--baseline", "mla", "--per", "A,B", "--pair", "trunk"];
    let of_table = json(&[&table[..], &["--draws", "300"], &at].concat());
    let ratios = |said: &Value, way: usize| said["variants"][0]["comparisons"][way]["ratios"].clone();
    assert_eq!(ratios(&of_fit, 0), ratios(&of_table, 1));
    assert_eq!((&of_fit["baseline"], &of_fit["variants"][0]["variant"]), (&"mla".into(), &"kda".into()));
    let pairing = of_fit["variants"][0]["comparisons"][0]["pairing"].as_str().unwrap();
    assert!(pairing.contains("belong together"), "{pairing}");
    // The other way round every draw's multiplier is turned over.
    let turned = json(&[&["compare", saved, "--baseline", "kda"][..], &["--at", "L=2.8"]].concat());
    let straight = json(&["compare", saved, "--at", "L=2.8"]);
    let ends = |said: &Value| {
        let m = ratios(said, 0)[0]["multiplier"].clone();
        ["value", "lower", "upper"].map(|k| m[k].as_f64().unwrap())
    };
    let (a, b) = (ends(&turned), ends(&straight));
    assert!((a[0] * b[0] - 1.0).abs() < 1e-6 && (a[1] * b[2] - 1.0).abs() < 0.01, "{a:?} {b:?}");
}

/// Numbers are families by their value, however they are written.
#[test]
fn a_baseline_that_is_a_number() {
    let (folder, path) = families(0.95, 1.0);
    let text = std::fs::read_to_string(&path).unwrap().replace("mla", "10000000").replace("kda", "20000000");
    let numbers = folder.path().join("numbers.csv");
    std::fs::write(&numbers, text).unwrap();
    let of = |baseline: &str| {
        let arguments = ["compare", numbers.to_str().unwrap(), "--group", "arch", "--baseline", baseline];
        isoloss(&[&arguments[..], &["--draws", "50"]].concat())
    };
    let plain = of("10000000");
    assert_eq!(plain.code, 0, "{}", plain.stderr);
    assert_eq!((of("1e7").stdout, of("10M").stdout), (plain.stdout.clone(), plain.stdout));
    assert_eq!(of("3e7").code, 2);
}

/// What stands in front of the numbers: columns counted differently, FLOPs where PF-days are meant.
#[test]
fn what_to_mind_comes_first() {
    let first = |arguments: &[&str]| {
        let run = isoloss(arguments);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.stdout.lines().take(2).collect::<Vec<_>>().join("\n")
    };
    let days = first(&[&KIMI[..], &["--at", "C=1e21"]].concat());
    assert!(days.starts_with("warning[units]: compute is in PF-days here: 1e21 PF-days are 8.64e40 FLOPs"), "{days}");
    assert!(days.ends_with("if 1e21 FLOPs were meant, that is 11.6 PF-days"), "{days}");
    let asked = isoloss(&["predict", KIMI[1], "--at", "X=1e21"]).stdout;
    assert!(asked.contains("warning[units]: compute is in PF-days here"), "{asked}");
    assert!(first(&[&KIMI[..], &["--at", "C=1e6"]].concat()).starts_with("published:kimi-linear against"));
    let counted = ["--scale", "N", "--with", "D=1e10", "--at", "L=2.6"];
    let kaplan = first(&[&["compare", "published:hoffmann-2022", "published:kaplan-2020"][..], &counted].concat());
    let said = "warning[convention]: counted differently: the baseline by \"N total\", the variant by \"N without embeddings\"";
    assert!(kaplan.starts_with(said), "{kaplan}");
    let alike = first(&["compare", "published:hoffmann-2022", "published:besiroglu-2024", "--at", "L=2.6"]);
    assert!(!alike.contains("warning"), "{alike}");
}

#[test]
fn what_is_paired_is_said() {
    let (_folder, path) = families(0.95, 1.01);
    let arguments = ["compare", &path, "--group", "arch", "--baseline", "mla", "--draws", "100"];
    let plain = isoloss(&arguments);
    assert!(plain.stderr.contains("not paired: the families do not have the same N, D;"), "{}", plain.stderr);
    let paired = isoloss(&[&arguments[..], &["--pair", "trunk"]].concat());
    assert!(paired.stderr.contains("paired: rows with the same `trunk`"), "{}", paired.stderr);
    let (_folder, path) = families(1.0, 1.0);
    let alike = isoloss(&["compare", &path, "--group", "arch", "--baseline", "mla", "--draws", "300"]);
    assert!(alike.stdout.contains("are not distinguishable: 1 lies inside every interval"), "{}", alike.stdout);
    assert_eq!(alike.code, 0);
}

/// Yang et al. 2024, arXiv 2407.01178, table 16. The paper prints 49.4 % for the second: it rounds 166.7 % to 167 %.
#[test]
fn a_gain_in_score_is_a_gain_in_size() {
    let run = isoloss(&[
        "compare",
        SCORES,
        "--score",
        "average",
        "--average",
        "average",
        "--model",
        "Memory3-SFT",
        "--twin",
        "Memory3-SFT without memory",
        "--reference",
        "Llama2-7B-Chat,Llama2-13B-Chat",
        "--reference",
        "Qwen1.5-1.8B-Chat,Qwen1.5-4B-Chat",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let row = |name: &str| run.stdout.lines().find(|l| l.trim_start().starts_with(name)).unwrap().to_owned();
    let (llama, qwen) = (row("Llama2-7B-Chat to"), row("Qwen1.5-1.8B-Chat to"));
    assert!(llama.contains("+51.1 %") && llama.ends_with("+42.5 %"), "{llama}");
    assert!(qwen.contains("+49.3 %") && qwen.ends_with("+33.7 %"), "{qwen}");
    let wrong: Vec<&str> = run.stdout.lines().filter(|l| l.starts_with("warning[average]")).collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].contains("Gemma-2B-it") && wrong[0].ends_with("(+1.00)"), "{}", wrong[0]);
    assert!(wrong[1].contains("Gemma-7B-it") && wrong[1].ends_with("(+0.02)"), "{}", wrong[1]);
    insta::assert_snapshot!("memory3", ran(&run));
    let tasks = ["compare", SCORES, "--average", "average", "--of"];
    let some = json(&[&tasks[..], &["MMLU,GSM8k"]].concat());
    assert_eq!(some["averages"]["checked"], 18);
    assert_eq!(json(&["compare", SCORES, "--average", "average"])["averages"]["unlike"].as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let (folder, path) = families(0.95, 1.0);
    let saved = folder.path().join("fit.json");
    let saved = saved.to_str().unwrap();
    assert_eq!(
        isoloss(&["fit", &path, "--draws", "100", "--map", "C=6*N*D", "--law", "frontier", "--save", saved]).code,
        0
    );
    let family =
        |rows: &str| format!("{}\nx,3e7,1e9,t0,3.5\n{rows}", std::fs::read_to_string(&path).unwrap().trim_end());
    let one_row = folder.path().join("one-row.csv");
    std::fs::write(&one_row, family("")).unwrap();
    let one_row = one_row.to_str().unwrap();
    let both = |variant: &'static str| ["compare", "published:hoffmann-2022", variant];
    let gain = ["--score", "average", "--model", "Memory3-SFT", "--twin"];
    let gain = |rest: &[&'static str]| [&["compare", SCORES][..], &gain, rest].concat();
    let cases: &[(&str, Vec<&str>)] = &[
        ("one-table", vec!["compare", &path]),
        ("which-baseline", vec!["compare", &path, "--group", "arch"]),
        ("baseline", vec!["compare", &path, "--group", "arch", "--baseline", "mlb"]),
        ("group", vec!["compare", &path, "--group", "arhc", "--baseline", "mla"]),
        ("one-family", vec!["compare", &path, "--group", "arch", "--where", "arch = 'mla'"]),
        ("pair", vec!["compare", &path, "--group", "arch", "--baseline", "mla", "--pair", "x", "--cluster", "y"]),
        ("one-row", vec!["compare", one_row, "--group", "arch", "--baseline", "mla"]),
        ("one-row-of-a-fit", vec!["fit", one_row, "--per", "arch", "A,B"]),
        ("one-fit", vec!["compare", saved]),
        ("fit-as-table", vec!["compare", saved, "--group", "arch", "--baseline", "mla"]),
        ("table-as-fit", vec!["compare", saved, &path, "--at", "C=1e20"]),
        ("baseline-of-fits", vec!["compare", saved, saved, "--baseline", "mla"]),
        ("other-inputs", both("published:clark-2022-hash").to_vec()),
        ("other-scale", both("published:kaplan-2020-d").to_vec()),
        ("nothing-shared", vec!["compare", "published:kaplan-2020-n", "published:kaplan-2020-d", "--at", "L=2.5"]),
        ("sparsity", vec!["compare", "published:frantar-2023-t5", "published:frantar-2023-vit", "--at", "N=1e8"]),
        ("of-neither", [&both("published:clark-2022-hash")[..], &["--at", "N=1e9", "--with", "E=8"]].concat()),
        ("above", [&both("published:kaplan-2020")[..], &["--scale", "N", "--with", "D=1e10", "--at", "L=99"]].concat()),
        ("two-tables", vec!["compare", &path, &path, "--group", "arch"]),
        ("parameter", vec!["compare", &path, "--group", "arch", "--baseline", "mla", "--per", "Q"]),
        ("units", vec!["compare", KIMI[1], saved, "--at", "C=4"]),
        ("where", KIMI.to_vec()),
        ("scale", [&KIMI[..], &["--at", "Q=4"]].concat()),
        ("rows", [&KIMI[..], &["--at", "C=4", "--where", "x > 1"]].concat()),
        ("floor", vec!["compare", "published:hoffmann-2022", "published:besiroglu-2024", "--at", "L=1.5"]),
        ("two-scales", vec!["compare", "published:hoffmann-2022", "published:besiroglu-2024", "--at", "N=1,D=2"]),
        ("with", vec!["compare", "published:hoffmann-2022", "published:besiroglu-2024", "--at", "N=1e9"]),
        ("twin", gain(&["Memory-SFT without memory", "--reference", "Phi-2,Llama2-7B-Chat"])),
        ("order", gain(&["Memory3-SFT without memory", "--reference", "Llama2-13B-Chat,Llama2-7B-Chat"])),
        ("reference", gain(&["Memory3-SFT without memory", "--reference", "Llama2-13B-Chat"])),
        ("average", vec!["compare", SCORES, "--average", "mean"]),
        ("places", vec!["compare", SCORES, "--average", "average", "--at", "C=3"]),
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let run = isoloss(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}: {}", run.stderr);
        let said = run.stderr.lines().skip_while(|l| !l.starts_with("error: ")).collect::<Vec<_>>().join("\n");
        assert!(said.contains("\nhint: "), "{name}: {}", run.stderr);
        let said = said.replace(folder.path().to_str().unwrap(), "..");
        all.push_str(&format!("-- {name}\n{}", masked(&said)));
    }
    insta::assert_snapshot!("compare-errors", all);
}

/// Where no family has rows enough for a law of its own, what they share may still tell them apart.
#[test]
fn too_few_rows_for_laws_of_their_own() {
    let (folder, path) = families(0.9, 1.0);
    let text = std::fs::read_to_string(&path).unwrap();
    let few = |each: usize| {
        let rows = text.lines().enumerate().filter(|(row, _)| *row == 0 || (row - 1) % 25 % (24 / (each - 1)) == 0);
        let path = folder.path().join(format!("few{each}.csv"));
        std::fs::write(&path, rows.map(|(_, line)| format!("{line}\n")).collect::<String>()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let four = few(4);
    let of = |path: &str, more: &[&str]| {
        let asked = ["compare", path, "--group", "arch", "--baseline", "mla", "--draws", "60"];
        isoloss(&[&asked[..], more].concat())
    };
    let run = of(&four, &[]);
    assert!(run.code == 2 && run.stderr.ends_with("share more parameters: --per A,B\n"), "{}", run.stderr);
    let run = of(&four, &["--per", "A,B", "--at", "L=3"]);
    assert!(run.stderr.contains("note: no separate fits, the joint one stands alone: no family"), "{}", run.stderr);
    assert!(run.stdout.contains("joint in all but A, B") && !run.stdout.contains("separate"), "{}", run.stdout);
    let fit = isoloss(&["fit", &four, "--per", "arch", "E,A,B,alpha,beta"]);
    assert!(fit.code == 2 && fit.stderr.ends_with("--per arch A,B\n"), "{}", fit.stderr);
    // Advice that would not do is not given.
    let run = of(&few(3), &[]);
    assert!(
        run.code == 2 && run.stderr.ends_with("hint: add runs, or take a law with fewer parameters\n"),
        "{}",
        run.stderr
    );
}
