use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::corpora::{Config, Place, QUESTIONS};

/// Streams of all kinds that have exams, kept apart.
fn open() -> Arc<dyn Source> {
    let streams = json!({
        "facts": { "kind": "bios", "people": 500, "kept_back": 200, "seed": 1, "packing": "people" },
        "reading": { "kind": "bios", "people": 5000, "tellings": 2, "seed": 2, "packing": "people" },
        "memory": { "kind": "recall" },
        "sums": { "kind": "mano", "longest": 3 },
        "words": { "kind": "grammar", "seed": 1 },
        "chain": { "kind": "markov", "seed": 1, "vocab_size": 32 },
    });
    let streams: BTreeMap<String, serde_json::Value> = serde_json::from_value(streams).unwrap();
    let weights: BTreeMap<&String, f64> = streams.keys().map(|name| (name, 1.0 / 6.0)).collect();
    let settings = json!({ "kind": "mixture", "apart": true, "weights": weights, "streams": streams });
    let config: Config = serde_json::from_value(settings).unwrap();
    config.open(&Place { base: ".".into(), cache: ".".into() }).unwrap()
}

/// A model that is a function of the window alone.
struct Model<F> {
    vocab_size: usize,
    /// The logit of a token at a place of a window: which is right is told by the target, and of options by the window's number.
    logit: F,
    /// windows of the exam that were asked for so far
    asked: usize,
}

impl<F: Fn(usize, usize, u32, u32) -> f32> Examinee for Model<F> {
    fn losses(&mut self, batch: &Batch) -> Vec<f32> {
        let first = self.asked;
        self.asked += batch.sequences();
        let targets = batch.targets.iter().enumerate();
        let loss = |(at, target): (usize, &u32)| match *target {
            IGNORE => 0.0,
            target => -(self.logit)(first + at / batch.length, at % batch.length, target, target),
        };
        targets.map(loss).collect()
    }

    fn logits(&mut self, batch: &Batch) -> Vec<f32> {
        let first = self.asked;
        self.asked += batch.sequences();
        let mut logits = vec![0.0; batch.inputs.len() * self.vocab_size];
        for (at, (row, target)) in logits.chunks_mut(self.vocab_size).zip(&batch.targets).enumerate() {
            if *target != IGNORE {
                let of = |token| (self.logit)(first + at / batch.length, at % batch.length, token, *target);
                row.iter_mut().zip(0..).for_each(|(logit, token)| *logit = of(token));
            }
        }
        logits
    }
}

/// Marks a model in every exam; it is made for each, with the exam in sight.
fn taken<'a, F: Fn(usize, usize, u32, u32) -> f32>(
    exams: &'a [Exam],
    vocab_size: usize,
    of: impl Fn(&'a Exam) -> F,
) -> Vec<Marked<'a>> {
    let take = |exam| mark(exam, vocab_size, &mut Model { vocab_size, logit: of(exam), asked: 0 });
    exams.iter().map(take).collect()
}

/// Bits that look drawn.
fn noise(words: [usize; 3]) -> f32 {
    let mixed = words.iter().fold(0x9e37_79b9_7f4a_7c15u64, |state, word| {
        let state = (state ^ *word as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (state ^ (state >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb)
    });
    (mixed >> 40) as f32 / (1u64 << 24) as f32
}

/// Is a window of an exam the right one of its question?
fn is_right(exam: &Exam, window: usize) -> bool {
    match &exam.how {
        How::Choice { of, right } => window % of == usize::from(right[window / of]),
        How::First => true,
    }
}

#[test]
fn who_knows_all_is_right_and_who_guesses_is_at_chance() {
    let source = open();
    let (exams, vocab_size) = (source.exams().unwrap().draw(64), source.vocab_size());
    let names: Vec<&str> = exams.iter().map(|exam| exam.name.as_str()).collect();
    let wanted = [
        "words_chain",
        "facts_known",
        "recited_known",
        "facts_unknown",
        "recited_unknown",
        "recall",
        "reading",
        "arithmetic",
        "words_words",
    ];
    assert_eq!(names, wanted);
    for exam in &exams {
        assert_eq!(exam.questions(), QUESTIONS, "{}", exam.name);
    }

    let all = report(&taken(&exams, vocab_size, |exam| {
        move |window, _, token, target| if token == target && is_right(exam, window) { 0.0 } else { -1.0 }
    }));
    let values: BTreeMap<String, f64> = all.into_iter().collect();
    for name in &names {
        assert_eq!((values[&format!("score_{name}")], values[&format!("score_{name}_stderr")]), (1.0, 0.0), "{name}");
    }
    assert_eq!((values["score"], values["score_above_chance"], values["score_stderr"]), (1.0, 1.0, 0.0));

    // Alike likely are the tokens of the stream; those of a value of the right length where words are long.
    let guesses = taken(&exams, vocab_size, |exam| {
        let options = (1.0 / exam.chance).round() as usize;
        let is_choice = matches!(exam.how, How::Choice { .. });
        move |window: usize, at: usize, token: u32, target: u32| match is_choice {
            true => noise([window, at, 1]),
            false => {
                // The target and as many others as make a guess right as often as chance has it.
                let place = (token as usize + vocab_size - target as usize) % vocab_size;
                if place < options { noise([window, at, place]) } else { -1.0 }
            }
        }
    });
    for marked in &guesses {
        let Exam { name, chance, .. } = marked.exam;
        // The share is that of one token right; a value of several is right less often.
        let is_one = marked.exam.batch.counted() == marked.exam.batch.sequences();
        let sigma = (chance * (1.0 - chance) / QUESTIONS as f64).sqrt();
        if is_one || matches!(marked.exam.how, How::Choice { .. }) {
            assert!((marked.share() - chance).abs() < 3.0 * sigma + 2e-3, "{name}: {} at {chance}", marked.share());
        }
    }
    // Who finds nothing likelier than anything else chooses nothing.
    let none = report(&taken(&exams, vocab_size, |_| |_, _, _, _| 0.0));
    assert!(none.iter().all(|(name, value)| !name.ends_with("score") || *value == 0.0), "{none:?}");
    let wrong = report(&taken(&exams, vocab_size, |_| |_, _, _, _| f32::NAN));
    assert_eq!(none, wrong);
}

#[test]
fn the_mean_is_that_of_its_parts() {
    let source = open();
    let (exams, vocab_size) = (source.exams().unwrap().draw(64), source.vocab_size());
    let sometimes = report(&taken(&exams, vocab_size, |exam| {
        let share = exam.name.len() as f32 / 20.0;
        let of = match exam.how {
            How::Choice { of, .. } => of,
            How::First => 1,
        };
        move |window, _, token, target| {
            let knows = noise([window / of, 7, 7]) < share;
            if token == target && is_right(exam, window) == knows { 1.0 } else { 0.0 }
        }
    }));
    let values: BTreeMap<String, f64> = sometimes.into_iter().collect();
    let n = exams.len() as f64;
    let mut sums = [0.0; 3];
    for Exam { name, chance, .. } in &exams {
        let [share, stderr] = ["", "_stderr"].map(|end| values[&format!("score_{name}{end}")]);
        assert!((stderr - (share * (1.0 - share) / QUESTIONS as f64).sqrt()).abs() < 1e-15);
        assert_eq!(values[&format!("score_{name}_chance")], *chance);
        sums = [sums[0] + share, sums[1] + stderr * stderr, sums[2] + (share - chance) / (1.0 - chance)];
    }
    assert!(values["score_arithmetic"] > 0.4 && values["score_arithmetic"] < 0.6, "{values:?}");
    let near = |name: &str, wanted: f64| assert!((values[name] - wanted).abs() < 1e-12, "{name}");
    near("score", sums[0] / n);
    near("score_stderr", sums[1].sqrt() / n);
    near("score_above_chance", sums[2] / n);
    let ceilings = values.keys().filter(|name| name.ends_with("_ceiling"));
    assert_eq!(ceilings.collect::<Vec<_>>(), ["score_words_chain_ceiling", "score_words_words_ceiling"]);
}

#[test]
fn a_corpus_without_questions_is_refused() {
    let model = models::Shape::read("transformer", json!({ "d_model": 8, "n_layer": 1 }));
    let model = model.unwrap().unwrap().complete(64).unwrap();
    let open = |settings: &str| {
        let config: Config = serde_json::from_str(settings).unwrap();
        config.open(&Place { base: ".".into(), cache: ".".into() }).unwrap()
    };
    for settings in [r#"{ "kind": "biod", "people": 9, "seed": 1 }"#, r#"{ "kind": "scenes" }"#] {
        assert!(refused(open(settings).as_ref(), &model).unwrap().contains("exams"));
    }
    assert!(
        refused(open(r#"{ "kind": "bios", "people": 9, "seed": 1, "order": "fixed" }"#).as_ref(), &model).is_some()
    );
    assert_eq!(refused(open(r#"{ "kind": "mano" }"#).as_ref(), &model), None);
}
