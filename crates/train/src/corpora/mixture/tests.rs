use std::path::PathBuf;

use serde_json::json;

use super::super::{IGNORE, Pictures};
use super::*;

fn place() -> Place {
    Place { base: PathBuf::new(), cache: PathBuf::new() }
}

fn config(weights: serde_json::Value) -> Config {
    let streams = json!({ "captions": { "kind": "scenes" }, "stories": { "kind": "storybook" }, "shuffled": { "kind": "scenes", "shuffled": true } });
    serde_json::from_value(json!({ "weights": weights, "streams": streams })).unwrap()
}

/// Numbers its windows: the first token is the number, and the second that of the stream.
#[derive(Debug)]
struct Counting(u32);

impl Source for Counting {
    fn vocab_size(&self) -> usize {
        1 << 30
    }
    fn data(&self) -> Data {
        Data { name: "counting".into(), hash: "counting".into(), ..Data::default() }
    }
    fn fill(&self, _seed: u64, step: u64, batch: &mut Batch) {
        assert_eq!(batch.sequences(), 1);
        (batch.inputs[0], batch.inputs[1]) = (step as u32, self.0);
        batch.targets.fill(IGNORE);
    }
    fn held_out(&self, _: usize, _: usize) -> Result<HeldOut, CorpusError> {
        unreachable!("nothing is evaluated")
    }
    fn suffices(&self, _: usize, _: usize) -> Result<(), CorpusError> {
        Ok(())
    }
    fn alphabet(&self) -> Option<&'static str> {
        Some("numbers")
    }
}

fn counting(weights: &[f64]) -> Mixture {
    let mut up_to = 0.0;
    let stream = |(number, &weight): (usize, &f64)| {
        up_to += weight;
        Stream { name: number.to_string(), weight, up_to, source: Arc::new(Counting(number as u32)) }
    };
    Mixture::new(weights.iter().enumerate().map(stream).collect()).unwrap()
}

#[test]
fn a_million_windows_have_the_shares_that_were_asked_for_and_no_stream_loses_or_repeats_any() {
    for weights in [&[0.45, 0.45, 0.1][..], &[0.2, 0.4, 0.4], &[0.0, 0.7, 0.3], &[0.0003, 0.9997], &[1.0]] {
        let mixture = counting(weights);
        let n = 1_000_000u64;
        let mut seen: Vec<Vec<u64>> = vec![Vec::new(); weights.len()];
        for window in 0..n {
            let (stream, number) = mixture.place(5, window);
            seen[stream].push(number);
        }
        for (of, &weight) in seen.iter_mut().zip(weights) {
            let sigma = (weight * (1.0 - weight) / n as f64).sqrt();
            let share = of.len() as f64 / n as f64;
            assert!((share - weight).abs() <= 3.0 * sigma, "{weights:?}: {share} of {weight}");
            of.sort_unstable();
            // Only the last block is open as yet.
            let whole = (n / mixture.block * mixture.block) as f64 * weight;
            let first = of.iter().zip(0..).take_while(|(a, b)| **a == *b).count();
            assert!(first as f64 >= whole - 1.0, "{weights:?}: {first} of {whole} in a row");
            assert!(of.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}

#[test]
fn every_order_is_its_own_and_a_step_is_the_same_after_a_resume() {
    let mixture = counting(&[0.5, 0.25, 0.25]);
    let fill = |seed, step, windows| {
        let mut batch = Batch::new(windows, 2);
        mixture.fill(seed, step, &mut batch);
        batch
    };
    assert_eq!(fill(1, 9, 8), fill(1, 9, 8));
    assert!(fill(1, 9, 8) != fill(2, 9, 8) && fill(1, 9, 8) != fill(1, 8, 8));
    // Steps of another size are the same windows, cut elsewhere.
    assert_eq!([fill(1, 4, 4).inputs, fill(1, 5, 4).inputs].concat(), fill(1, 2, 8).inputs);
    let streams: Vec<u32> = fill(1, 0, 64).inputs.chunks(2).map(|window| window[1]).collect();
    assert!(streams.windows(2).any(|pair| pair[0] > pair[1]), "{streams:?}");
}

#[test]
fn streams_are_evaluated_each_by_itself_whatever_their_weights() {
    let source = open(&config(json!({ "captions": 0.7, "stories": 0.3, "shuffled": 0.0 })), &place()).unwrap();
    let held = source.held_out(10, 256).unwrap();
    let names: Vec<&str> = held.sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names, ["captions", "shuffled", "stories"]);
    assert_eq!(held.batch.sequences(), 30);
    let other = open(&config(json!({ "captions": 0.1, "stories": 0.2, "shuffled": 0.7 })), &place()).unwrap();
    assert_eq!(other.held_out(10, 256).unwrap(), held);
    assert_eq!(other.data().hash, source.data().hash);
    let alone = super::super::Config::read("scenes", json!({})).unwrap().unwrap().open(&place()).unwrap();
    let alone = alone.held_out(10, 256).unwrap();
    assert_eq!(alone.batch, held.batch.part(0..10));
    assert_eq!(held.sets[0].known, alone.known);
    let mean = held.sets.iter().map(|set| set.known.floor.unwrap()).sum::<f64>() / 3.0;
    assert!((held.known.floor.unwrap() - mean).abs() < 1e-12);
}

#[test]
fn text_beside_pictures_is_read_document_by_document() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..60 {
        std::fs::write(folder.path().join(format!("{i}.txt")), format!("number {i} of sixty short texts")).unwrap();
    }
    let streams =
        json!({ "captions": { "kind": "scenes" }, "text": { "kind": "text", "path": folder.path(), "held_out": 0.3 } });
    let config = json!({ "weights": { "captions": 0.5, "text": 0.5 }, "streams": streams });
    let config: Config = serde_json::from_value(config).unwrap();
    let source = open(&config, &Place { base: PathBuf::new(), cache: folder.path().into() }).unwrap();
    let mut batch = Batch::new(64, 128);
    source.fill(0, 0, &mut batch);
    let layout = batch.layout.as_ref().unwrap();
    let mut texts = 0;
    for (window, spans) in batch.inputs.chunks(128).zip(layout.spans.chunks(128)) {
        for (at, &[from, to]) in spans.iter().enumerate() {
            let [from, to] = [from, to].map(|at| at as usize);
            assert!(from <= at && at < to && to <= 128);
            // Nothing that is read lies on the other side of a separator.
            assert!(window[from..at].iter().all(|t| *t != window::SEPARATOR), "{at} reads {from}..{to}");
        }
        texts += usize::from(window.iter().all(|t| *t <= window::SEPARATOR));
    }
    assert_eq!(texts, 32);
    assert!(Pictures::of(&batch).unwrap().per_window > 0.5);
    let held = source.held_out(4, 128).unwrap();
    assert_eq!(held.batch.layout.as_ref().unwrap().spans.len(), held.batch.inputs.len());
}

#[test]
fn what_cannot_be_mixed_is_refused_with_what_would_help() {
    let refused = |config: Config| open(&config, &place()).unwrap_err();
    for (weights, says) in [
        (json!({ "captions": 0.5, "stories": 0.5 }), "no share of shuffled"),
        (json!({ "captions": 0.5, "stories": 0.5, "shuffled": 0.5 }), "add up to 1.5"),
        (json!({ "captions": 0.0, "stories": 0.0, "shuffled": 0.0 }), "add up to 0"),
        (json!({ "captions": -0.5, "stories": 1.0, "shuffled": 0.5 }), "captions is -0.5"),
        (json!({ "captions": 0.5, "stories": 0.5, "shuffled": 0.0, "web": 0.0 }), "share of web"),
    ] {
        let e = refused(config(weights));
        assert!(e.message.contains(says), "{e}");
    }
    let mixed = |other: serde_json::Value| {
        let streams = json!({ "a": { "kind": "scenes" }, "b": other });
        refused(serde_json::from_value(json!({ "weights": { "a": 0.5, "b": 0.5 }, "streams": streams })).unwrap())
    };
    assert!(mixed(json!({ "kind": "markov", "seed": 1 })).message.contains("tokens of b"));
    assert!(mixed(json!({ "kind": "scenes", "side": 64, "patch": 16 })).message.contains("side = 64"));
    assert!(mixed(json!({ "kind": "scenes", "patch": 5 })).message.contains("the stream b"));
    for name in ["x.y", "", "two words", "stderr", "a\u{1b}"] {
        let streams = json!({ name: { "kind": "scenes" } });
        let e = refused(serde_json::from_value(json!({ "weights": { name: 1.0 }, "streams": streams })).unwrap());
        assert!(e.message.contains("no name for a column"), "{e}");
    }
    let source = open(&config(json!({ "captions": 0.5, "stories": 0.5, "shuffled": 0.0 })), &place()).unwrap();
    assert!(source.held_out(2, 128).unwrap_err().message.starts_with("the stream stories: "));
    let none = refused(serde_json::from_value(json!({ "weights": { }, "streams": { } })).unwrap());
    assert!(none.message.contains("`streams` is empty"), "{none}");
}

#[test]
fn where_the_text_of_a_stream_lies_is_no_part_of_what_it_is() {
    let streams = json!({ "a": { "kind": "scenes" }, "b": { "kind": "text", "path": "here/", "held_out": 0.1 } });
    let config: Config =
        serde_json::from_value(json!({ "weights": { "a": 0.5, "b": 0.5 }, "streams": streams })).unwrap();
    let config = super::super::Config::Mixture(config);
    let mut settings = serde_json::to_value(&config).unwrap();
    config.forget_whereabouts(&mut settings);
    assert!(!settings.to_string().contains("here") && settings["streams"]["b"]["held_out"] == json!(0.1), "{settings}");
}
