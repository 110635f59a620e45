//! `isoloss fit` on tables of mixtures, and `isoloss plan --mixture`: from runs to the best shares.

mod common;

use common::{isoloss, masked, ran};
use serde_json::Value;

/// Losses on text and on code of runs whose laws are known: mixtures at three sizes and three horizons.
fn table(mixtures: &[[f64; 3]], joint: bool) -> String {
    let mut text = "N,D,w_code,w_text,w_web,text_loss,code_loss\n".to_owned();
    let mut state = 7_u64;
    let mut noise = || {
        // Twelve uniform numbers make a normal one (Knuth's MMIX behind them).
        let mut sum = -6.0;
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (state >> 11) as f64 / (1_u64 << 53) as f64;
        }
        f64::exp(0.002 * sum)
    };
    for w in mixtures {
        for n in [3e7, 2e8, 1.2e9_f64] {
            for d in [1e9, 8e9, 6.4e10_f64] {
                let mut loss = |c: [f64; 3], g: [f64; 3], a: [f64; 3]| {
                    let mix: f64 = (0..3).map(|i| c[i] * w[i].powf(g[i])).sum();
                    let scale: f64 = if joint { (0..3).map(|i| a[i] * w[i]).sum() } else { 350.0 };
                    (1.2 + 1.0 / mix + scale * n.powf(-0.33) + 900.0 * d.powf(-0.31)) * noise()
                };
                let (written, code) = (
                    loss([1.0, 3.0, 1.5], [0.4, 0.7, 0.5], [150.0, 600.0, 350.0]),
                    loss([4.0, 0.8, 1.0], [0.6, 0.4, 0.5], [500.0, 200.0, 300.0]),
                );
                text.push_str(&format!("{n},{d},{},{},{},{written:.6},{code:.6}\n", w[0], w[1], w[2]));
            }
        }
    }
    text
}

const TEN: [[f64; 3]; 10] = [
    [0.34, 0.33, 0.33],
    [0.8, 0.1, 0.1],
    [0.1, 0.8, 0.1],
    [0.1, 0.1, 0.8],
    [0.6, 0.2, 0.2],
    [0.2, 0.6, 0.2],
    [0.2, 0.2, 0.6],
    [0.1, 0.45, 0.45],
    [0.45, 0.1, 0.45],
    [0.45, 0.45, 0.1],
];

/// Fits of both losses, in a folder of their own.
fn saved(law: &str, joint: bool) -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("runs.csv"), table(&TEN, joint)).unwrap();
    let fits = ["text", "code"].map(|kind| {
        let fit = path(&format!("{kind}.json"));
        let loss = format!("{kind}_loss");
        let fixed = ["--draws", "200", "--interval", "residual", "--save", &fit];
        let run = isoloss(&[&["fit", &path("runs.csv"), "--law", law, "--loss", &loss], &fixed[..]].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.contains(&format!("Next: isoloss plan {fit} --mixture --at \"N=1.2e9,D=6.4e10\"")));
        fit
    });
    (folder, fits)
}

/// Paths of a test's own folder are nobody's business.
fn plain(text: String, folder: &tempfile::TempDir) -> String {
    text.replace(&format!("{}/", folder.path().to_str().unwrap()), "")
}

#[test]
fn the_best_mixture_of_two_losses() {
    let (folder, [text, code]) = saved("mixture-additive", false);
    let run = isoloss(&["plan", &text, &code, "--mixture", "--weights", "2,1"]);
    insta::assert_snapshot!("mixture", plain(ran(&run), &folder));
    let json = isoloss(&["plan", &text, &code, "--mixture", "--weights", "2,1", "--format", "json"]);
    let found: Value = serde_json::from_str(&json.stdout).unwrap();
    let best = &found["mixtures"][0];
    // On a grid of thousandths.
    let truth = [0.328, 0.538, 0.134];
    for (share, truth) in best["shares"].as_array().unwrap().iter().zip(truth) {
        let ends = ["lower", "upper"].map(|end| share[end].as_f64().unwrap());
        assert!(ends[0] < truth && truth < ends[1], "{share}, {truth}");
    }
    assert_eq!(best["everywhere"], true);
    assert!(best["reference"]["trained"] == true && best["reference"]["gain"]["value"].as_f64().unwrap() >= 0.0);
    assert!(best["regret"].as_f64().unwrap() < 0.01 && found["fits"][0]["weight"] == 2.0);
}

#[test]
fn a_joint_laws_mixture_moves_with_scale() {
    let (folder, [text, code]) = saved("mixture-joint", true);
    let places = ["--at", "N=30M,1B,D=20B", "--reference", "w_text=0.5,w_code=0.5"];
    let run = isoloss(&[&["plan", &text, &code, "--mixture"], &places[..]].concat());
    insta::assert_snapshot!("mixture-joint", plain(ran(&run), &folder));
    let csv = isoloss(&[&["plan", &text, &code, "--mixture", "--format", "csv"], &places[..]].concat()).stdout;
    assert!(csv.lines().count() == 3 && csv.starts_with("N,D,w_code,w_code_lower,w_code_upper,w_text,"), "{csv}");
    // Shares are inputs like any other, in any order.
    let predict = |at: &str| isoloss(&["predict", &text, "--at", at, "--format", "csv"]).stdout;
    let one = predict("N=1B,D=20B,w_code=0.2,w_text=0.5,w_web=0.3");
    assert!(one.starts_with("family,N,D,w_code,w_text,w_web,value"), "{one}");
    assert_eq!(one, predict("w_web=0.3,N=1B,w_text=0.5,D=20B,w_code=0.2"));
    // Shares of nothing that could be mixed.
    let part = isoloss(&["predict", &text, "--at", "N=1B,D=20B,w_code=0.2,w_text=0.5,w_web=0"]);
    assert!(part.code == 2 && part.stderr.contains("w_code, w_text and w_web add up to 0.7"), "{}", part.stderr);
    let sizes = isoloss(&["plan", &text, "--flops", "1e21", "--with", "w_web=0.3,w_text=0.5,w_code=0.2"]);
    assert!(sizes.code == 0 && sizes.stdout.contains("parameters N"), "{}", sizes.stderr);
    // Wherever a place is given, its shares are shares.
    let (part, below) = ("w_web=0,w_text=0.5,w_code=0.2", "w_web=0.6,w_text=0.6,w_code=-0.2");
    for (shares, says) in [(part, "w_code, w_text and w_web add up to 0.7"), (below, "the share w_code is -0.2")] {
        let at = format!("N=1B,D=20B,{shares}");
        for asked in [
            vec!["predict", &text, "--at", &at],
            vec!["plan", &text, "--flops", "1e21", "--with", shares],
            vec!["plan", &text, "--next", "2", "--budget", "1e21", "--know", "loss", "--at", &at],
        ] {
            let refused = isoloss(&asked);
            assert!(refused.code == 2 && refused.stderr.contains(says), "{asked:?}: {}", refused.stderr);
        }
    }
}

#[test]
fn too_few_mixtures_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // Those of Shukor et al. 2025 (arXiv 2504.07951), table 3.
    let four = [[0.45, 0.45, 0.1], [0.4, 0.2, 0.4], [0.3, 0.3, 0.4], [0.2, 0.4, 0.4]];
    std::fs::write(path("runs.csv"), table(&four, false)).unwrap();
    let options = ["--law", "mixture-additive", "--loss", "text_loss", "--draws", "60", "--save"];
    let run = isoloss(&[&["fit", &path("runs.csv")], &options[..], &[&path("fit.json")]].concat());
    assert!(run.code == 1 && run.stdout.contains("error[unidentified]"), "{}", run.stdout);
    assert!(run.stdout.contains("4 mixtures of 3 domains cannot tell the 6 numbers of c and g"), "{}", run.stdout);
    let plan = isoloss(&["plan", &path("fit.json"), "--mixture"]);
    assert!(plan.code == 1 && plan.stdout.contains("no interval: these rows do not determine"), "{}", plan.stdout);
}

#[test]
fn what_is_no_mixture_is_refused() {
    let (folder, [text, code]) = saved("mixture-joint", true);
    let from = "published:besiroglu-2024";
    let at = ["--at", "N=1B,D=20B"];
    let cases: &[(&str, Vec<&str>)] = &[
        ("no-shares", vec![from, "--mixture"]),
        ("no-place", vec![&text, "--mixture"]),
        ("sizes", vec![&text, &code, "--flops", "1e21"]),
        ("both", vec![&text, "--mixture", "--flops", "1e21"]),
        ("weights", vec![&text, "--flops", "1e21", "--weights", "1"]),
        ("one-weight", [&[text.as_str(), &code, "--mixture", "--weights", "1"][..], &at].concat()),
        ("negative", [&[text.as_str(), "--mixture", "--weights", "-1"][..], &at].concat()),
        ("reference", [&[text.as_str(), "--mixture", "--reference", "w_text=0.5"][..], &at].concat()),
        ("no-domain", [&[text.as_str(), "--mixture", "--reference", "w_book=1"][..], &at].concat()),
        ("with", [&[text.as_str(), "--mixture", "--with", "S=1"][..], &at].concat()),
        ("looked-for", vec![&text, "--mixture", "--at", "N=1B,D=20B,w_web=0.5"]),
        ("at", vec![&text, "--flops", "1e21", "--at", "N=1B"]),
        ("sizes-of-shares", vec![&text, "--flops", "1e21"]),
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let run = isoloss(&[&["plan"], arguments.as_slice()].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("\nhint: "), "{name}: {}", run.stderr);
        all.push_str(&format!("-- {name}\n{}", masked(&plain(run.stderr, &folder))));
    }
    insta::assert_snapshot!("mixture-errors", all);
}
