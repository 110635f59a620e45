//! `isoloss predict --then` and `isoloss fit --toward`: a second law behind the first, and a fit that knows its target.

mod common;

use common::{isoloss, table};
use serde_json::Value;

fn json(arguments: &[&str]) -> Value {
    let run = isoloss(&[arguments, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// Accuracy .25 + .65 / (1 + e^(3 (L - 2.6))) of a loss, which the plain table's law predicts from sizes.
#[test]
fn a_second_fit_reads_what_the_first_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let accuracy = |loss: f64| 0.25 + 0.65 / (1.0 + (3.0 * (loss - 2.6)).exp());
    let rows = (0..40).map(|i| 1.9 + 0.06 * f64::from(i));
    let noise = |i: usize| 1.0 + 0.004 * ((i * 7919 % 13) as f64 - 6.0) / 6.0;
    let rows = rows.enumerate().map(|(i, loss)| format!("{loss},{}\n", accuracy(loss) * noise(i)));
    std::fs::write(path("task.csv"), format!("task_loss,accuracy\n{}", rows.collect::<String>())).unwrap();
    let (loss, score) = (path("loss.json"), path("score.json"));
    assert_eq!(isoloss(&["fit", &table("plain"), "--draws", "200", "--save", &loss]).code, 0);
    let law = ["--law", "downstream-sigmoid", "--map", "L=task_loss", "--draws", "200", "--save", &score];
    let fitted = isoloss(&[&["fit", &path("task.csv")][..], &law].concat());
    assert_eq!(fitted.code, 0, "{}", fitted.stderr);
    assert!(!fitted.stdout.contains("At 10x"), "ten times a loss is no question:\n{}", fitted.stdout);

    let at = ["--at", "N=1B,D=20B"];
    let middle = json(&[&["predict", &loss][..], &at].concat())["predictions"][0]["mean"]["value"].as_f64().unwrap();
    let both = json(&[&["predict", &loss, "--then", &score][..], &at].concat());
    let found = &both["predictions"][0];
    let value = found["mean"]["value"].as_f64().unwrap();
    assert!((value - accuracy(middle)).abs() < 0.01, "{value}, expected {}", accuracy(middle));
    let width = |what: &str| {
        let end = |end: &str| found[what][end].as_f64().unwrap();
        end("upper") - end("lower")
    };
    assert!(width("mean") > 0.0 && width("new_run") > width("mean"), "{found}");
    assert_eq!(both["then"]["name"], "downstream-sigmoid");
    let text = isoloss(&[&["predict", &loss, "--then", &score][..], &at].concat());
    assert!(text.stdout.contains("accuracy"), "{}", text.stdout);

    let wrong = isoloss(&[&["predict", &score, "--then", &loss][..], &["--at", "L=2"]].concat());
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("expected accuracy alone"), "{}", wrong.stderr);
    assert_eq!(isoloss(&["predict", &loss, "--then", &score, "--flops", "1e21"]).code, 2);
}

#[test]
fn a_fit_may_know_its_target() {
    let plain = table("isoflop");
    let run = |toward: &str| isoloss(&["fit", &plain, "--draws", "100", "--toward", toward]);
    let aimed = run("N=1e11,D=1e12");
    assert_eq!(aimed.code, 0, "{}", aimed.stderr);
    // 25 rows and five parameters: weights would take the last row that is needed.
    assert!(aimed.stderr.contains("not aimed at the target"), "{}", aimed.stderr);
    assert!(aimed.stdout.contains("delta from their spread"), "{}", aimed.stdout);
    let fixed = isoloss(&["fit", &plain, "--draws", "100", "--toward", "N=1e11,D=1e12", "--fix", "E=1.82"]);
    assert!(fixed.stderr.contains("rows towards the target count more: as many as 2"), "{}", fixed.stderr);
    assert!(fixed.stdout.contains("summed Huber 1e-3"), "{}", fixed.stdout);
    for (toward, needle) in [("U=1", "has no input U"), ("N=0", "above zero"), ("N", "expected NAME=VALUE")] {
        let wrong = run(toward);
        assert_eq!(wrong.code, 2, "{toward}");
        assert!(wrong.stderr.contains(needle) && wrong.stderr.contains("hint: "), "{}", wrong.stderr);
    }
}
