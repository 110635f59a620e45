use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::Config as Corpus;
use super::*;

fn config() -> Config {
    Config { modulus: 23, longest: 10, seed: 0 }
}

fn source(config: &Config) -> Arc<dyn Source> {
    open(config, &Place { base: PathBuf::new(), cache: PathBuf::new() }).unwrap()
}

fn fill(source: &Arc<dyn Source>, seed: u64, step: u64, sequences: usize, length: usize) -> Batch {
    let mut batch = Batch::new(sequences, length);
    source.fill(seed, step, &mut batch);
    batch
}

/// A word of a window, by the table of the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    Blank,
    Bos,
    Ans,
    Operator(char),
    Len(i64),
    Number(i64),
}

fn word(config: &Config, token: u32) -> Word {
    let (longest, token) = (config.longest as i64, i64::from(token));
    match token {
        0 => Word::Blank,
        1 => Word::Bos,
        2 => Word::Ans,
        3 => Word::Operator('+'),
        4 => Word::Operator('-'),
        5 => Word::Operator('*'),
        t if t <= 5 + longest => Word::Len(t - 5),
        t => Word::Number(t - 6 - longest),
    }
}

/// Reads an expression from its beginning, one inside the other: its value, not yet reduced, and how many operators it has.
fn read(words: &mut impl Iterator<Item = Word>, modulus: i64) -> (i64, i64) {
    match words.next().unwrap() {
        Word::Number(x) => (x, 0),
        Word::Operator(sign) => {
            let (a, left) = read(words, modulus);
            let (b, right) = read(words, modulus);
            let value = match sign {
                '+' => a + b,
                '-' => a - b,
                _ => a * b,
            };
            (value.rem_euclid(modulus), 1 + left + right)
        }
        other => panic!("{other:?} in an expression"),
    }
}

/// Reads a window: the operators of each example, and how many blanks are left. Values are computed anew, and targets are
/// those values and nothing else.
fn examples(config: &Config, inputs: &[u32], targets: &[u32]) -> (Vec<i64>, usize) {
    let mut wanted = vec![IGNORE; inputs.len()];
    let (mut at, mut found) = (0, Vec::new());
    while at < inputs.len() && word(config, inputs[at]) != Word::Blank {
        assert_eq!(word(config, inputs[at]), Word::Bos);
        let Word::Len(said) = word(config, inputs[at + 1]) else { panic!("{inputs:?}") };
        let end = at + 2 + 2 * said as usize + 1;
        let mut words = inputs[at + 2..end].iter().map(|token| word(config, *token));
        let (value, operators) = read(&mut words, config.modulus as i64);
        assert!(operators == said && words.next().is_none(), "{inputs:?}");
        assert_eq!(word(config, inputs[end]), Word::Ans);
        assert_eq!(word(config, targets[end]), Word::Number(value), "{inputs:?}");
        wanted[end] = targets[end];
        if let Some(input) = inputs.get(end + 1) {
            assert_eq!(*input, targets[end], "the value stands behind the sign too");
        }
        found.push(said);
        at = end + 2;
    }
    assert_eq!(targets, wanted);
    assert!(inputs[at.min(inputs.len())..].iter().all(|token| *token == BLANK));
    (found, inputs.len().saturating_sub(at))
}

#[test]
fn another_evaluator_agrees() {
    let configs = [
        config(),
        Config { modulus: 2, longest: 1, ..config() },
        Config { longest: 24, ..config() },
        Config { modulus: 32_768, longest: 3, ..config() },
    ];
    for config in configs {
        let source = source(&config);
        let least = 2 * config.longest as usize + 4;
        let mut read = 0;
        for length in [least, least + 1, 64.max(least), 257] {
            let batch = fill(&source, 5, 1, 700, length);
            assert!(batch.inputs.iter().all(|t| (*t as usize) < source.vocab_size()));
            for (inputs, targets) in batch.inputs.chunks(length).zip(batch.targets.chunks(length)) {
                let (found, blank) = examples(&config, inputs, targets);
                assert!(!found.is_empty() && blank < 2 * config.longest as usize + 5, "{inputs:?}");
                read += found.len();
            }
        }
        assert!(read >= 2800);
    }
    // As many as one config should have.
    let (config, source) = (config(), source(&config()));
    let batch = fill(&source, 6, 0, 1500, 256);
    let windows = batch.inputs.chunks(256).zip(batch.targets.chunks(256));
    let read: usize = windows.map(|(inputs, targets)| examples(&config, inputs, targets).0.len()).sum();
    assert!(read > 10_000, "{read}");
}

/// Lengths over all examples of many windows; operators, numbers and splits of trees where they are drawn.
#[test]
fn everything_is_drawn_evenly() {
    let even = |name: &str, counts: &BTreeMap<u32, f64>, cells: usize| {
        let expected = counts.values().sum::<f64>() / cells as f64;
        let statistic: f64 = counts.values().map(|c| (c - expected).powi(2) / expected).sum();
        let freedom = cells as f64 - 1.0;
        assert_eq!(counts.len(), cells, "{name}");
        assert!((statistic - freedom).abs() < 5.0 * (2.0 * freedom).sqrt(), "{name}: {statistic} for {freedom}");
    };
    let (config, source) = (config(), source(&config()));
    let [mut lengths, mut operators, mut numbers, mut splits] = [(); 4].map(|()| BTreeMap::new());
    let batch = fill(&source, 1, 1, 6000, 100);
    for (inputs, targets) in batch.inputs.chunks(100).zip(batch.targets.chunks(100)) {
        examples(&config, inputs, targets).0.iter().for_each(|l| *lengths.entry(*l as u32).or_insert(0.0) += 1.0);
        for (token, before) in inputs.iter().skip(1).zip(inputs) {
            match (word(&config, *token), word(&config, *before)) {
                (Word::Operator(_), _) => *operators.entry(*token).or_insert(0.0) += 1.0,
                (Word::Number(_), before) if before != Word::Ans => *numbers.entry(*token).or_insert(0.0) += 1.0,
                _ => {}
            }
        }
        // The left part of the first expression, by its operators, where it has five.
        if word(&config, inputs[1]) == Word::Len(5) {
            let (_, left) = read(&mut inputs[3..].iter().map(|token| word(&config, *token)), 23);
            *splits.entry(left as u32).or_insert(0.0) += 1.0;
        }
    }
    even("lengths", &lengths, 10);
    even("operators", &operators, 3);
    even("numbers", &numbers, 23);
    even("splits", &splits, 5);
}

#[test]
fn only_the_longest_are_held_out() {
    let (config, source) = (config(), source(&config()));
    let held = source.held_out(200, 64).unwrap();
    assert_eq!(held.known.floor, Some(0.0));
    let windows = held.batch.inputs.chunks(64).zip(held.batch.targets.chunks(64));
    for (inputs, targets) in windows {
        assert_eq!(examples(&config, inputs, targets).0, [10, 10]);
    }
    assert_eq!(held.batch.counted(), 400);
    assert_eq!(held, source.held_out(200, 64).unwrap());
    assert_ne!(held, self::source(&Config { seed: 1, ..config }).held_out(200, 64).unwrap());
}

#[test]
fn a_batch_is_a_function_of_seed_and_step() {
    let source = source(&config());
    let batch = fill(&source, 7, 3, 8, 64);
    assert_eq!(batch, fill(&source, 7, 3, 8, 64));
    assert_eq!(batch.inputs[..2 * 64], fill(&source, 7, 3, 2, 64).inputs);
    assert_ne!(batch, fill(&source, 7, 4, 8, 64));
    assert_ne!(batch, fill(&source, 8, 3, 8, 64));
    let hash = |config: Config| self::source(&config).data().hash;
    let others =
        [Config { modulus: 22, ..config() }, Config { longest: 9, ..config() }, Config { seed: 1, ..config() }];
    assert!(others.into_iter().all(|other| hash(other) != hash(config())));
}

#[test]
fn settings_without_sense_are_refused_with_a_hint() {
    let place = Place { base: PathBuf::new(), cache: PathBuf::new() };
    for (name, config) in [
        ("modulus", Config { modulus: 1, ..config() }),
        ("modulus", Config { modulus: u64::MAX, ..config() }),
        ("longest", Config { longest: 0, ..config() }),
        ("longest", Config { longest: u64::MAX, ..config() }),
    ] {
        let error = open(&config, &place).unwrap_err();
        assert!(error.message.contains(&format!("`{name}`")) && !error.hint.is_empty(), "{error}");
    }
    let source = source(&config());
    let short = source.held_out(8, 23).unwrap_err();
    assert!(short.message.contains("window of 23") && short.hint.contains("windows of 24"), "{short}");
    assert!(source.held_out(0, 64).unwrap_err().message.contains("empty"));
    assert_eq!(source.held_out(8, 24).unwrap().batch.counted(), 8);
    let read: Corpus = serde_json::from_str(r#"{ "kind": "mano" }"#).unwrap();
    assert_eq!(read, Corpus::Mano(config()));
}

#[test]
fn the_exam_asks_for_values_of_expressions_of_any_length() {
    let exams = source(&config()).exams().unwrap().draw(64);
    let [exam] = &exams[..] else { panic!("{exams:?}") };
    assert_eq!((exam.batch.counted(), exam.batch.sequences(), exam.chance), (600, 600, 1.0 / 23.0));
    let mut lengths = BTreeMap::<u32, u32>::new();
    for (inputs, targets) in exam.batch.inputs.chunks(64).zip(exam.batch.targets.chunks(64)) {
        let at = targets.iter().position(|target| *target != IGNORE).unwrap();
        assert_eq!(inputs[at], ANS);
        let from = inputs[..at].iter().rposition(|token| *token == BOS).unwrap();
        assert_eq!(config().number(config().value(&inputs[from + 2..at])), targets[at]);
        *lengths.entry(inputs[from + 1]).or_default() += 1;
    }
    assert!(lengths.len() == 10 && lengths.values().all(|n| *n > 30), "{lengths:?}");
    assert!(source(&config()).exams().unwrap().draw(20).is_empty());
}
