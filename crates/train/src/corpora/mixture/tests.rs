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
        Stream { name: number.to_string(), weight, up_to, first: 0, source: Arc::new(Counting(number as u32)) }
    };
    Mixture::new(weights.iter().enumerate().map(stream).collect(), false).unwrap()
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
    let own = mixed(json!({ "kind": "markov", "seed": 1 }));
    assert!(own.message.contains("tokens of b") && own.hint.contains("`apart = true`"), "{own}");
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

/// Streams of tokens of their own, kept apart.
fn apart(streams: serde_json::Value) -> Result<Arc<dyn Source>, CorpusError> {
    let streams: BTreeMap<String, super::super::Config> = serde_json::from_value(streams).unwrap();
    let weights = streams.keys().map(|name| (name.clone(), 1.0 / streams.len() as f64)).collect();
    open(&Config { weights, streams, apart: true }, &place())
}

#[test]
fn streams_that_are_kept_apart_share_no_token_and_are_what_they_are_alone() {
    let streams = json!({
        "facts": { "kind": "bios", "people": 40, "seed": 1, "packing": "people" },
        "memory": { "kind": "recall" },
        "sums": { "kind": "mano", "longest": 3 },
    });
    let source = apart(streams.clone()).unwrap();
    let alone = |name: &str| {
        serde_json::from_value::<super::super::Config>(streams[name].clone()).unwrap().open(&place()).unwrap()
    };
    let each = ["facts", "memory", "sums"].map(alone);
    let sizes = each.clone().map(|source| source.vocab_size() as u32);
    assert_eq!(source.vocab_size() as u32, sizes.iter().sum::<u32>());
    let first = [0, sizes[0], sizes[0] + sizes[1]];

    let mut batch = Batch::new(64, 50);
    // What was there before is of no stream.
    batch.prompts = vec![9; 64];
    source.fill(3, 2, &mut batch);
    let mut seen = [0; 3];
    for window in 0..64 {
        let one = batch.part(window..window + 1);
        let stream = (0..3).rfind(|stream| first[*stream] <= one.inputs[0]).unwrap();
        let range = first[stream]..first[stream] + sizes[stream];
        let targets = one.targets.iter().filter(|target| **target != IGNORE);
        assert!(one.inputs.iter().chain(targets).all(|token| range.contains(token)));
        assert_eq!(one.prompts[0] > 0, stream == 0);
        let text = source.text(&one.inputs);
        assert_eq!(text.is_some_and(|text| text.starts_with("<eos> ")), stream == 0);
        seen[stream] += 1;
    }
    assert!(seen.iter().all(|seen| *seen > 15), "{seen:?}");

    let held = source.held_out(5, 50).unwrap();
    for ((set, first), alone) in held.sets.iter().zip(first).zip(&each) {
        let mut own = alone.held_out(5, 50).unwrap();
        let part = held.batch.part(set.windows.clone());
        assert_eq!(set.known, own.known);
        assert_eq!(
            part.targets.iter().filter(|t| **t == IGNORE).count(),
            own.batch.targets.len() - own.batch.counted()
        );
        shift(&mut own.batch, first);
        assert_eq!((part.inputs, part.targets), (own.batch.inputs, own.batch.targets));
    }
    assert_eq!(held.batch.prompts.len(), 15);
}

#[test]
fn a_mixture_that_is_not_kept_apart_is_what_it_was() {
    let settings = config(json!({ "captions": 0.5, "stories": 0.5, "shuffled": 0.0 }));
    assert!(!serde_json::to_string(&settings).unwrap().contains("apart"));
    let streams = json!({ "a": { "kind": "recall" } });
    let one = Config {
        apart: false,
        ..serde_json::from_value(json!({ "weights": { "a": 1.0 }, "streams": streams })).unwrap()
    };
    let [plain, other] = [one.clone(), Config { apart: true, ..one }].map(|config| open(&config, &place()).unwrap());
    assert_ne!(plain.data().hash, other.data().hash);
    assert_eq!(plain.vocab_size(), other.vocab_size());
    let e = apart(json!({ "a": { "kind": "recall" }, "b": { "kind": "scenes" } })).unwrap_err();
    assert!(e.message.contains("b has pictures"), "{e}");
}

#[test]
fn references_of_streams_stand_one_behind_the_other_in_their_own_tokens() {
    let streams = json!({
        "a": { "kind": "recall" },
        "b": { "kind": "bios", "people": 7, "seed": 1 },
        "c": { "kind": "biod", "people": 5, "seed": 1 },
    });
    let source = apart(streams.clone()).unwrap();
    let texts = source.references().unwrap();
    assert_eq!(texts.count(), 12);
    let mut first = 0;
    let mut number = 0;
    for name in ["a", "b", "c"] {
        let alone: super::super::Config = serde_json::from_value(streams[name].clone()).unwrap();
        let alone = alone.open(&place()).unwrap();
        for own in 0..alone.references().map_or(0, References::count) {
            let (mut wanted, mut got) = (Vec::new(), vec![77]);
            alone.references().unwrap().write(own, &mut wanted);
            texts.write(number, &mut got);
            assert!(wanted.len() <= texts.longest());
            assert_eq!(got[1..].to_vec(), wanted.iter().map(|token| token + first).collect::<Vec<_>>());
            number += 1;
        }
        first += alone.vocab_size() as u32;
    }
    assert_eq!(number, 12);
    assert!(apart(json!({ "a": { "kind": "recall" }, "b": { "kind": "mano" } })).unwrap().references().is_none());
}

#[test]
fn exams_of_streams_are_theirs_in_their_own_tokens() {
    let streams = json!({
        "a": { "kind": "recall" },
        "b": { "kind": "bios", "people": 7, "seed": 1 },
        "c": { "kind": "recall", "vocab_size": 40 },
        "d": { "kind": "biod", "people": 5, "seed": 1 },
    });
    let source = apart(streams.clone()).unwrap();
    let all = source.exams().unwrap().draw(64);
    let names: Vec<&str> = all.iter().map(|exam| exam.name.as_str()).collect();
    assert_eq!(names, ["recall_a", "facts_known", "recited_known", "recall_c"]);
    let (mut first, mut given) = (0, all.iter());
    for name in ["a", "b", "c", "d"] {
        let alone: super::super::Config = serde_json::from_value(streams[name].clone()).unwrap();
        let alone = alone.open(&place()).unwrap();
        for mut exam in alone.exams().map(|exams| exams.draw(64)).unwrap_or_default() {
            shift(&mut exam.batch, first);
            let given = given.next().unwrap();
            assert!(given.name.starts_with(&exam.name));
            exam.name.clone_from(&given.name);
            assert_eq!(*given, exam);
        }
        first += alone.vocab_size() as u32;
    }
    let two =
        json!({ "a": { "kind": "biod", "people": 5, "seed": 1 }, "b": { "kind": "biod", "people": 5, "seed": 2 } });
    assert!(apart(two).unwrap().exams().is_none());
}
