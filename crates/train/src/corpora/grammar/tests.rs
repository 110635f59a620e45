use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::Config as Corpus;
use super::super::markov::ONE;
use super::super::stream::{Purpose, stream};
use super::rules::Token;
use super::*;

fn config(seed: u64) -> Config {
    Config { symbols: 32, rules: 8, branching: 2, levels: 3, zipf: 1.0, nesting: 0.25, seed }
}

/// Grammars on which all derivations can be tried, each with as many rules as symbols allow or fewer.
fn tiny() -> [Config; 4] {
    let first = Config { symbols: 3, rules: 2, levels: 2, nesting: 0.6, ..config(1) };
    [
        Config { rules: 3, ..first.clone() },
        Config { symbols: 2, rules: 3, branching: 3, levels: 1, nesting: 0.9, zipf: 0.3, seed: 5 },
        Config { symbols: 4, levels: 3, nesting: 0.0, seed: 9, ..first.clone() },
        first,
    ]
}

fn source(config: &Config) -> Arc<dyn Source> {
    open(config, &Place { base: PathBuf::new(), cache: PathBuf::new() }).unwrap()
}

/// So many tokens of a text.
fn text(grammar: &Grammar, tokens: usize, number: u64) -> Vec<Token> {
    let random = stream(Purpose::Training, [77, number, 0]);
    Sampler::new(grammar).text(grammar, random).take(tokens).collect()
}

/// What a derivation has still to write.
#[derive(Clone, Copy, Debug)]
enum Item {
    Symbol(usize, usize),
    Close(u32),
}

/// The sum over all leftmost derivations that begin with these tokens, of the product of their rules' weights: with
/// probabilities the probability of the prefix, with 1 for each the number of derivations. `end` judges what is left.
fn derivations(
    grammar: &Grammar,
    tokens: &[Token],
    mut items: Vec<Item>,
    weight: &dyn Fn(u64) -> f64,
    end: &dyn Fn(&[Item]) -> f64,
) -> f64 {
    let Some((token, rest)) = tokens.split_first() else { return end(&items) };
    let go = |tokens: &[Token], items: Vec<Item>| derivations(grammar, tokens, items, weight, end);
    let roots = |tokens: &[Token], items: &[Item]| -> f64 {
        let root = |x: usize| go(tokens, [items, &[Item::Symbol(0, x)]].concat());
        grammar.roots.iter().enumerate().map(|(x, n)| weight(u64::from(*n)) * root(x)).sum()
    };
    match (items.pop(), *token) {
        (None, Token::Mark) => roots(rest, &[]),
        (Some(Item::Close(x)), Token::Close(y)) if x == y => go(rest, items),
        (Some(Item::Symbol(level, x)), Token::Leaf(y)) if level == grammar.levels && x == y as usize => {
            weight(ONE - u64::from(grammar.nested)) * go(rest, items)
        }
        (Some(Item::Symbol(level, x)), Token::Open(y)) if level == grammar.levels && x == y as usize => {
            items.push(Item::Close(y));
            weight(u64::from(grammar.nested)) * roots(rest, &items)
        }
        (Some(Item::Symbol(level, x)), _) if level < grammar.levels => {
            let rule = |(k, n): (usize, &u32)| {
                let children = grammar.side(level, x * grammar.rules + k).iter().rev();
                let children = children.map(|y| Item::Symbol(level + 1, *y as usize));
                weight(u64::from(*n)) * go(tokens, items.iter().copied().chain(children).collect())
            };
            grammar.weights.iter().enumerate().map(rule).sum()
        }
        _ => 0.0,
    }
}

/// The predictor knows no derivations, only what is left of them: here all are written out.
#[test]
fn the_predictor_is_the_sum_over_all_derivations() {
    for config in tiny() {
        let grammar = Grammar::draw(&config);
        let prefix = |tokens: &[Token]| derivations(&grammar, tokens, vec![], &|n| n as f64 / ONE as f64, &|_| 1.0);
        for number in 0..12 {
            let text = text(&grammar, 10, number);
            let mut predictor = Predictor::new(&grammar);
            for at in 0..text.len() {
                let before = prefix(&text[..at]);
                let mut sum = 0.0;
                for id in 0..grammar.tokens() as u32 {
                    let token = grammar.token(id);
                    let wanted = prefix(&[&text[..at], &[token]].concat()) / before;
                    let found = predictor.probability(token);
                    assert!(
                        (found - wanted).abs() < 1e-12,
                        "{config:?}, {:?} {token:?}: {found} {wanted}",
                        &text[..at]
                    );
                    sum += found;
                }
                assert!((sum - 1.0).abs() < 1e-12, "{sum}");
                predictor.follow(text[at]);
            }
        }
    }
}

#[test]
fn every_sentence_has_one_derivation() {
    for config in tiny() {
        let grammar = Grammar::draw(&config);
        let count =
            |tokens: &[Token]| derivations(&grammar, tokens, vec![], &|_| 1.0, &|left| left.is_empty() as u8 as f64);
        let text = text(&grammar, 2000, 0);
        let mut sentences: Vec<&[Token]> = text.split(|t| *t == Token::Mark).skip(1).collect();
        // The last is cut off, and long ones have too many beginnings to try.
        sentences.pop();
        let short = sentences.into_iter().filter(|s| s.len() <= 14).take(20);
        let counts: Vec<f64> = short.map(|s| count(&[&[Token::Mark], s].concat())).collect();
        assert_eq!(counts, [1.0; 20]);
    }
}

/// On the default grammar, too large for trying: right sides of a level differ, and every symbol has its rules.
#[test]
fn right_sides_of_a_level_differ() {
    for config in tiny().into_iter().chain([config(1), Config { symbols: 256, rules: 64, ..config(2) }]) {
        let grammar = Grammar::draw(&config);
        for level in 0..config.levels {
            let sides: BTreeSet<&[u32]> = (0..config.symbols * config.rules).map(|r| grammar.side(level, r)).collect();
            assert_eq!(sides.len(), config.symbols * config.rules);
            assert!(sides.iter().all(|s| s.iter().all(|x| (*x as usize) < config.symbols)));
        }
        assert!([&grammar.roots, &grammar.weights].iter().all(|l| l.iter().map(|n| u64::from(*n)).sum::<u64>() == ONE));
    }
}

/// Mean and standard error.
fn mean(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    [mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()]
}

/// Whole sentences: what the predictor loses on them, and how long they are, is what follows from the rules.
#[test]
fn sentences_have_the_entropy_of_the_grammar() {
    for config in tiny().into_iter().chain([config(3), Config { branching: 3, nesting: 0.6, ..config(4) }]) {
        let grammar = Grammar::draw(&config);
        let text = text(&grammar, 300_000, 1);
        let mut predictor = Predictor::new(&grammar);
        let (mut losses, mut lengths) = (vec![], vec![]);
        for token in text {
            if token == Token::Mark {
                losses.push(0.0);
                lengths.push(0.0);
            }
            *losses.last_mut().unwrap() -= predictor.probability(token).ln();
            *lengths.last_mut().unwrap() += 1.0;
            predictor.follow(token);
        }
        // The last is cut off.
        losses.pop();
        lengths.pop();
        for (found, wanted) in [(losses, grammar.entropy_of_sentence()), (lengths, grammar.tokens_of_sentence())] {
            let [mean, error] = mean(&found);
            assert!((mean - wanted).abs() <= 4.0 * error + 1e-9, "{config:?}: {mean} +- {error} for {wanted}");
            assert!(error < 0.03 * wanted, "{config:?}: {error} of {wanted}");
        }
    }
}

/// Windows: their mean surprise tends to the entropy rate, and the floor of a held-out set is that of its own targets.
#[test]
fn the_floor_is_the_loss_of_the_exact_predictor() {
    let config = config(4);
    let grammar = Grammar::draw(&config);
    let source = source(&config);
    let held = source.held_out(256, 1024).unwrap();
    let mut losses = vec![];
    for (inputs, targets) in held.batch.inputs.chunks(1024).zip(held.batch.targets.chunks(1024)) {
        let mut predictor = Predictor::new(&grammar);
        assert_eq!(inputs[0], 0, "a window begins with a mark");
        losses.push(inputs.iter().zip(targets).fold(0.0, |loss, (input, target)| {
            predictor.follow(grammar.token(*input));
            loss - predictor.probability(grammar.token(*target)).ln() / 1024.0
        }));
    }
    let [realised, error] = mean(&losses);
    assert!((held.known.floor.unwrap() - realised).abs() < 1e-12);
    let entropy = source.data().entropy.unwrap();
    assert!((realised - entropy).abs() < 4.0 * error && error < 0.01, "{realised} +- {error} for {entropy}");

    // There is something to learn from tokens alone, and more from the one before, and still more beyond.
    let held = source.held_out(4096, 64).unwrap();
    let (mut one, mut two) = (BTreeMap::new(), BTreeMap::new());
    for (input, target) in held.batch.inputs.iter().zip(&held.batch.targets) {
        *one.entry(target).or_insert(0.0) += 1.0;
        *two.entry((input, target)).or_insert(0.0) += 1.0;
    }
    let entropy = |counts: &mut dyn Iterator<Item = f64>| {
        let n = held.batch.inputs.len() as f64;
        counts.map(|c| -c / n * (c / n).ln()).sum::<f64>()
    };
    let unigram = entropy(&mut one.into_values());
    let bigram = entropy(&mut two.into_values()) - unigram;
    let floor = held.known.floor.unwrap();
    assert!(unigram > bigram + 0.3 && bigram > floor + 0.3, "{unigram} {bigram} {floor}");
}

#[test]
fn a_batch_is_a_function_of_seed_and_step() {
    let source = source(&config(1));
    let fill = |seed: u64, step: u64, sequences: usize, length: usize| {
        let mut batch = Batch::new(sequences, length);
        source.fill(seed, step, &mut batch);
        batch
    };
    let batch = fill(7, 3, 8, 64);
    assert_eq!(batch, fill(7, 3, 8, 64));
    assert_ne!(batch, fill(7, 4, 8, 64));
    assert_ne!(batch, fill(8, 3, 8, 64));
    assert_eq!(batch.inputs[..128], fill(7, 3, 2, 64).inputs);
    assert_eq!(batch.inputs[..16], fill(7, 3, 8, 16).inputs[..16]);
    assert_eq!(batch.inputs[1..64], batch.targets[..63]);
    assert_eq!(batch.inputs.chunks(64).collect::<BTreeSet<_>>().len(), 8);
    assert_eq!(batch.counted(), 512);
    let held = source.held_out(8, 64).unwrap();
    assert_ne!(held.batch, fill(1, 0, 8, 64));
    assert_eq!(held, source.held_out(8, 64).unwrap());
    for length in [1, 2, 3, 7] {
        let batch = fill(1, 1, 3, length);
        assert_eq!((batch.inputs.len(), batch.counted()), (3 * length, 3 * length));
        assert!(batch.inputs.iter().chain(&batch.targets).all(|t| (*t as usize) < source.vocab_size()));
        assert!(source.held_out(2, length).unwrap().known.floor.unwrap() > 0.0);
    }
}

/// Byte for byte the same on every machine and in every version: ids of runs hang on it.
#[test]
fn a_source_does_not_move() {
    let source = source(&config(1));
    let mut batch = Batch::new(4, 64);
    source.fill(2, 3, &mut batch);
    let held = source.held_out(4, 64).unwrap();
    let tokens = [batch.inputs, batch.targets, held.batch.inputs].concat();
    let tokens: Vec<u8> = tokens.iter().flat_map(|t| t.to_le_bytes()).collect();
    let found = [source.data().hash, hex(&Sha256::digest(&tokens))];
    assert_eq!(
        found,
        [
            "8f1b43bcbbba1b3987c752edc4e6661f401ecd21eba50e66677e5b9e8cd6d01a",
            "8d429a90289ed236adc9ed5b6e6e347d42fa1dbc58024f728f0d90b662b7e183"
        ]
    );
}

#[test]
fn everything_that_draws_the_grammar_is_in_its_hash() {
    let hash = |config: Config| source(&config).data().hash;
    let first = hash(config(1));
    assert_eq!(first, hash(config(1)));
    let others = [
        Config { symbols: 33, ..config(1) },
        Config { rules: 7, ..config(1) },
        Config { branching: 3, ..config(1) },
        Config { levels: 4, ..config(1) },
        Config { zipf: 0.9, ..config(1) },
        Config { nesting: 0.0, ..config(1) },
        Config { seed: 2, ..config(1) },
    ];
    assert!(others.into_iter().all(|other| hash(other) != first));
}

#[test]
fn settings_without_sense_are_refused_with_a_hint() {
    let place = Place { base: PathBuf::new(), cache: PathBuf::new() };
    let bad = [
        ("symbols", Config { symbols: 1, ..config(1) }),
        ("symbols", Config { symbols: 1000, ..config(1) }),
        ("rules", Config { rules: 1, ..config(1) }),
        ("rules", Config { rules: 33, ..config(1) }),
        ("rules", Config { symbols: 256, rules: 65, ..config(1) }),
        ("branching", Config { branching: 1, ..config(1) }),
        ("branching", Config { branching: usize::MAX, ..config(1) }),
        ("levels", Config { levels: 0, ..config(1) }),
        ("levels", Config { levels: 7, branching: 4, ..config(1) }),
        ("zipf", Config { zipf: f64::NAN, ..config(1) }),
        ("nesting", Config { nesting: 1.0, ..config(1) }),
        ("nesting", Config { nesting: -0.1, ..config(1) }),
    ];
    for (name, config) in bad {
        let error = open(&config, &place).unwrap_err();
        assert!(error.message.contains(&format!("`{name}`")) && !error.hint.is_empty(), "{error}");
    }
    let least = Config { symbols: 2, rules: 2, levels: 1, zipf: 0.0, nesting: 0.0, ..config(1) };
    let source = open(&least, &place).unwrap();
    assert_eq!(source.vocab_size(), 3);
    assert!(source.held_out(0, 64).unwrap_err().hint.contains("one"));
}

#[test]
fn settings_have_defaults() {
    let read: Corpus = serde_json::from_str(r#"{ "kind": "grammar", "seed": 1 }"#).unwrap();
    assert_eq!(read, Corpus::Grammar(config(1)));
    let unknown = serde_json::from_str::<Corpus>(r#"{ "kind": "grammar", "seed": 1, "depth": 2 }"#).unwrap_err();
    assert!(unknown.to_string().contains("depth"), "{unknown}");
}

/// One target is asked for in each window; the optimal predictor is right as often as it says.
#[test]
fn the_exam_has_a_ceiling_that_the_optimal_predictor_reaches() {
    let config = config(1);
    let exams = source(&config).exams().unwrap().draw(40);
    let [Exam { name, batch, chance, ceiling, .. }] = &exams[..] else { panic!("{exams:?}") };
    assert_eq!((name.as_str(), batch.sequences(), batch.counted(), *chance), ("words", 600, 600, 1.0 / 97.0));
    let grammar = Grammar::draw(&config);
    let (mut right, mut variance) = (0.0, 0.0);
    for (inputs, targets) in batch.inputs.chunks(40).zip(batch.targets.chunks(40)) {
        let at = targets.iter().position(|target| *target != u32::MAX).unwrap();
        let mut predictor = Predictor::new(&grammar);
        inputs[..=at].iter().for_each(|token| predictor.follow(grammar.token(*token)));
        let all: Vec<f64> = (0..97).map(|token| predictor.probability(grammar.token(token))).collect();
        assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let best = (0..97).max_by(|a, b| all[*a].total_cmp(&all[*b])).unwrap();
        right += f64::from(u8::from(best as u32 == targets[at]));
        variance += all[best] * (1.0 - all[best]);
    }
    let expected = 600.0 * ceiling.unwrap();
    assert!((right - expected).abs() < 3.0 * variance.sqrt(), "{right} of 600, and {expected} expected");
    // Always the same questions, and of windows that are not the held-out ones.
    assert_eq!(source(&config).exams().unwrap().draw(40), exams);
    assert_ne!(source(&config).held_out(600, 40).unwrap().batch.inputs, batch.inputs);
}
