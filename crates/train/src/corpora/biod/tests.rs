use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;
use crate::corpora::people::BLANK;
use crate::corpora::{Batch, Config as Corpus, Facts, IGNORE};

fn config() -> Config {
    let settings = r#"{ "people": 40, "attributes": 3, "chunks": 2, "diversity": 20, "length": 4, "alphabet": 5,
        "pools": "1/10", "seed": 1 }"#;
    serde_json::from_str(settings).unwrap()
}

fn fill(config: &Config, seed: u64, step: u64, sequences: usize, length: usize) -> Batch {
    let mut batch = Batch::new(sequences, length);
    corpus(config).unwrap().fill(seed, step, &mut batch);
    batch
}

/// Values by name and attribute, read from text; and the order of the attributes.
fn read(text: &str) -> (String, BTreeMap<u64, Vec<String>>, Vec<u64>) {
    let text = text.strip_prefix("<eos> ").unwrap().strip_suffix('.').unwrap();
    let (mut names, mut values, mut order) = (BTreeSet::new(), BTreeMap::new(), vec![]);
    for sentence in text.split(". ") {
        let (name, rest) = sentence.split_once("'s ID ").unwrap();
        let (number, value) = rest.split_once(" is ").unwrap();
        names.insert(name.to_owned());
        order.push(number.parse().unwrap());
        values.insert(order[order.len() - 1], value.split(", ").map(str::to_owned).collect());
    }
    assert_eq!((names.len(), values.len()), (1, order.len()), "{text}");
    (names.pop_first().unwrap(), values, order)
}

#[test]
fn every_exposure_tells_the_same_values_in_any_order() {
    let config = config();
    let source = corpus(&config).unwrap();
    let length = source.lives.tokens();
    assert_eq!(length, 1 + 3 * (6 + 4 + 2 * 4 + 1 + 1));
    let texts = fill(&config, 4, 0, 120, length);
    let texts: Vec<_> = texts.inputs.chunks(length).map(|tokens| read(&source.text(tokens).unwrap())).collect();
    let (mut known, mut orders, mut strings) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for exposure in texts.chunks(40) {
        assert_eq!(exposure.iter().map(|(name, ..)| name).collect::<BTreeSet<_>>().len(), 40);
        for (name, values, order) in exposure {
            assert_eq!(known.entry(name).or_insert(values), &values);
            orders.insert(order);
            for (attribute, value) in values {
                assert!(value.len() == 2 && value.iter().all(|v| v.len() == 4 && v.bytes().all(|b| b <= b'e')));
                strings.entry(*attribute).or_insert_with(BTreeSet::new).extend(value);
            }
        }
    }
    assert_eq!(orders.len(), 6);
    // 80 draws among 20 leave one out with 20 (19/20)^80 = 0.33, and attributes have strings of their own.
    assert!(strings.values().all(|strings| (17..=20).contains(&strings.len())), "{strings:?}");
    assert_ne!(strings[&1], strings[&2]);
}

#[test]
fn strings_differ_and_chunks_are_drawn_evenly() {
    // All strings there are: each once.
    let all = Config { diversity: 625, ..config() };
    let lives = corpus(&all).unwrap().lives;
    for attribute in 0..3 {
        let strings = (0..625).map(|string| lives.letters(attribute, string).collect::<Vec<_>>());
        assert_eq!(strings.collect::<BTreeSet<_>>().len(), 625);
    }
    let lives = corpus(&Config { people: 20_000, ..config() }).unwrap().lives;
    let mut counts = vec![vec![0.0; 400]; 3];
    for person in 0..20_000 {
        for (attribute, chunks) in lives.chunks(person).chunks(2).enumerate() {
            counts[attribute][(chunks[0] * 20 + chunks[1]) as usize] += 1.0;
        }
    }
    for counts in counts {
        let statistic: f64 = counts.iter().map(|c: &f64| (c - 50.0).powi(2) / 50.0).sum();
        // The 99.9 % point for 399 degrees of freedom.
        assert!(statistic < 490.0, "{statistic}");
    }
}

#[test]
fn windows_are_the_stream_or_people() {
    let config = config();
    let length = corpus(&config).unwrap().lives.tokens();
    let whole = fill(&config, 5, 0, 50, length);
    for cut in [1, 13, 61, 64, 500] {
        let steps = (50 * length - 1) / (2 * cut);
        let parts: Vec<u32> = (0..steps).flat_map(|step| fill(&config, 5, step as u64, 2, cut).inputs).collect();
        assert_eq!(parts[..], whole.inputs[..parts.len()]);
    }
    let packed = Config { packing: Packing::People, ..config };
    let batch = fill(&packed, 5, 3, 2, length + 4);
    for (window, number) in [(0, 6), (1, 7)] {
        let of = |tokens: &[u32]| tokens[window * (length + 4)..][..length + 4].to_vec();
        assert_eq!(of(&batch.inputs)[..length], whole.inputs[number * length..][..length]);
        assert_eq!(of(&batch.targets)[..length], whole.targets[number * length..][..length]);
        assert_eq!((&of(&batch.inputs)[length..], &of(&batch.targets)[length..]), (&[BLANK; 4][..], &[IGNORE; 4][..]));
    }
}

#[test]
fn a_question_asks_for_the_name_once_and_for_every_letter() {
    for (chunks, names) in [(2, vec!["name", "first chunk", "other chunks"]), (1, vec!["name", "first chunk"])] {
        let config = Config { chunks, ..config() };
        let source = corpus(&config).unwrap();
        let (lives, tokens) = (&source.lives, source.lives.tokens());
        let told: BTreeMap<_, _> = fill(&config, 1, 0, 40, tokens)
            .inputs
            .chunks(tokens)
            .map(|text| read(&source.text(text).unwrap()))
            .map(|(name, values, _)| (name, values))
            .collect();
        assert_eq!(lives.fields(), names);
        let length = Facts::length(lives);
        for person in 0..40 {
            let ([mut inputs, mut targets], mut fields) = ([vec![0; length], vec![0; length]], vec![0; length]);
            lives.ask(person, &mut inputs, &mut targets, &mut fields);
            let whole = [&inputs[..], &targets[length - 1..]].concat();
            let (name, values, order) = read(&format!("{}.", source.text(&whole).unwrap()));
            assert_eq!((&told[&name], order), (&values, vec![1, 2, 3]));
            let counts = [0u8, 1, 2]
                .map(|field| targets.iter().zip(&fields).filter(|(t, f)| **t != IGNORE && **f == field).count() as u64);
            assert_eq!(counts, [6, 3 * 4, 3 * 4 * (chunks - 1)]);
        }
    }
}

/// Definition 4.1 by hand, for what knows all and for what guesses among all strings of the alphabet.
#[test]
fn bits_are_those_of_the_definition() {
    let lives = corpus(&config()).unwrap().lives;
    let [n, n0, k, c, d] = [40.0f64, 160_000.0, 3.0, 2.0, 20.0];
    let strings = 5f64.powi(4);
    let all = lives.bits(&[n.ln(), 0.0, 0.0]);
    let wanted = [n * (n0 / n).log2(), n * k * c * d.log2(), k * d * (strings / d).log2()];
    for (term, wanted) in all.terms.iter().zip(wanted) {
        assert!((term.bits - wanted).abs() < 1e-9 * wanted, "{term:?} {wanted}");
    }
    assert!((all.limit - wanted.iter().sum::<f64>()).abs() < 1e-9);
    // A model that knows which strings there are, and not who has which.
    let guess = lives.bits(&[n0.ln(), k * d.ln(), k * d.ln()]);
    assert!(guess.terms[0].bits.abs() < 1e-9 && guess.terms[1].bits.abs() < 1e-9);
    assert!((guess.terms[2].bits - k * d * (strings / d / d).log2()).abs() < 1e-9);
    let names: Vec<&str> = guess.terms.iter().map(|term| term.name).collect();
    assert_eq!(names, ["name", "value", "strings"]);
}

#[test]
fn a_source_does_not_move() {
    let config = config();
    let source = corpus(&config).unwrap();
    let length = source.lives.tokens();
    let tokens = [fill(&config, 2, 0, 100, length).inputs, source.held_out(2, length).unwrap().batch.inputs].concat();
    let tokens: Vec<u8> = tokens.iter().flat_map(|token| token.to_le_bytes()).collect();
    assert_eq!(
        [source.data().hash, hex(&Sha256::digest(&tokens))],
        [
            "e5054044f6d4f774c4dbac606b0488f4c681af401a9b23300d99128b1f4b2afa",
            "202436151cf103e422c8f7326b58d827c6d414d20ad35ef6d8aab0645a000c01"
        ]
    );
}

#[test]
fn every_setting_is_in_the_hash() {
    let hash = |config: Config| corpus(&config).unwrap().data().hash;
    let others = [
        config(),
        Config { people: 41, ..config() },
        Config { attributes: 4, ..config() },
        Config { chunks: 1, ..config() },
        Config { diversity: 21, ..config() },
        Config { length: 5, ..config() },
        Config { alphabet: 6, ..config() },
        Config { pools: Fraction::default(), ..config() },
        Config { packing: Packing::People, ..config() },
        Config { seed: 2, ..config() },
    ];
    assert_eq!(others.map(hash).into_iter().collect::<BTreeSet<_>>().len(), 10);
}

#[test]
fn settings_without_sense_are_refused_with_a_hint() {
    let place = Place { base: PathBuf::new(), cache: PathBuf::new() };
    let bad = [
        ("people", Config { people: 0, ..config() }),
        ("people", Config { people: 160_001, ..config() }),
        ("attributes", Config { attributes: 0, ..config() }),
        ("attributes", Config { attributes: u64::MAX, ..config() }),
        ("chunks", Config { chunks: 65, ..config() }),
        ("length", Config { length: 0, ..config() }),
        ("length", Config { length: 63, ..config() }),
        ("length", Config { length: 62, alphabet: 4, ..config() }),
        ("alphabet", Config { alphabet: 1, ..config() }),
        ("diversity", Config { diversity: 1, ..config() }),
        ("diversity", Config { diversity: 626, ..config() }),
    ];
    for (name, config) in bad {
        let error = open(&config, &place).unwrap_err();
        assert!(error.message.contains(&format!("`{name}`")) && !error.hint.is_empty(), "{error}");
    }
    assert!(open(&Config { length: 62, alphabet: 2, ..config() }, &place).is_ok());
    let read: Corpus = serde_json::from_str(r#"{ "kind": "biod", "people": 10, "seed": 1 }"#).unwrap();
    assert!(matches!(
        read,
        Corpus::Biod(Config { attributes: 5, chunks: 1, diversity: 100, length: 2, alphabet: 16, .. })
    ));
}

#[test]
fn windows_begin_with_the_name_and_everybody_has_a_reference() {
    let source = corpus(&Config { packing: Packing::People, ..config() }).unwrap();
    let length = source.lives.tokens();
    let batch = source.held_out(4, length).unwrap().batch;
    assert_eq!(batch.prompts, [7; 4]);
    let texts = source.references().unwrap();
    assert_eq!((texts.count(), texts.longest()), (config().people, length));
    let of = |number| {
        let mut text = Vec::new();
        texts.write(number, &mut text);
        (text[..7].to_vec(), text)
    };
    let all: BTreeMap<Vec<u32>, Vec<u32>> = (0..texts.count()).map(of).collect();
    assert_eq!(all.len() as u64, config().people);
    for window in batch.inputs.chunks(length) {
        // The same tokens in another order of sentences.
        let [mut told, mut known] = [window.to_vec(), all[&window[..7]].clone()];
        [&mut told, &mut known].into_iter().for_each(|text| text.sort_unstable());
        assert_eq!(told, known);
    }
}
