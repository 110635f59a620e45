use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::Config as Corpus;
use super::tasks::{BLANK, FIRST, POP, THEN};
use super::*;

fn config() -> Config {
    Config { tasks: tasks(), vocab_size: 64, shortest: 2, longest: 12, seed: 0 }
}

fn source(config: &Config) -> Arc<dyn Source> {
    open(config, &Place { base: PathBuf::new(), cache: PathBuf::new() }).unwrap()
}

fn fill(source: &Arc<dyn Source>, seed: u64, step: u64, sequences: usize, length: usize) -> Batch {
    let mut batch = Batch::new(sequences, length);
    source.fill(seed, step, &mut batch);
    batch
}

/// What has been read of an example.
#[derive(Default)]
struct Reader {
    task: u32,
    /// Symbols before `;`, or on the stack.
    read: Vec<u32>,
    /// Tokens behind `;`, if there was one.
    behind: Option<Vec<u32>>,
    popped: bool,
}

impl Reader {
    /// Takes a token and says what must come next, where that is known.
    fn read(&mut self, token: u32) -> Option<u32> {
        if token == BLANK || (FIRST..MARKERS).contains(&token) {
            *self = Self { task: token, ..Self::default() };
            return None;
        }
        let name = ["copy", "palindrome", "recall", "stack"][(self.task - FIRST) as usize];
        if name == "stack" {
            match (token, std::mem::take(&mut self.popped)) {
                (POP, _) => {
                    self.popped = true;
                    return Some(*self.read.last().unwrap());
                }
                (_, true) => assert_eq!(self.read.pop(), Some(token)),
                (_, false) => self.read.push(token),
            }
            return None;
        }
        match &mut self.behind {
            Some(behind) => behind.push(token),
            None if token == THEN => self.behind = Some(vec![]),
            None => self.read.push(token),
        }
        let (n, said) = (self.read.len(), self.behind.as_ref()?.len());
        match name {
            "copy" => self.read.get(said).copied(),
            "palindrome" => (said < n).then(|| self.read[n - 1 - said]),
            _ if said % 2 == 1 => {
                let found: Vec<u32> = self.read.chunks(2).filter(|pair| pair[0] == token).map(|pair| pair[1]).collect();
                assert_eq!(found.len(), 1, "a key stands once before the questions");
                Some(found[0])
            }
            _ => None,
        }
    }
}

/// From the inputs alone: every counted target is known, and every known target counts.
#[test]
fn the_context_determines_what_counts_and_nothing_else() {
    let configs = [
        config(),
        Config { vocab_size: 9, longest: 1, shortest: 1, ..config() },
        Config { longest: 1, shortest: 1, ..config() },
        Config { tasks: vec![Task::Recall], longest: 28, shortest: 28, ..config() },
        Config { tasks: vec![Task::Stack, Task::Copy], vocab_size: 10, longest: 40, ..config() },
    ];
    for config in configs {
        let source = source(&config);
        for length in [1, 2, 3, 4, 5, 6, 7, 8, 13, 64, 200, 257] {
            let batch = fill(&source, 5, 1, 50, length);
            assert_eq!((batch.inputs.len(), batch.targets.len()), (50 * length, 50 * length));
            assert!(batch.inputs.iter().all(|t| (*t as usize) < config.vocab_size));
            let fits = source.suffices(50, length).is_ok();
            for (inputs, targets) in batch.inputs.chunks(length).zip(batch.targets.chunks(length)) {
                let mut reader = Reader::default();
                for (at, (input, target)) in inputs.iter().zip(targets).enumerate() {
                    assert_eq!(reader.read(*input).unwrap_or(IGNORE), *target, "{inputs:?} at {at}");
                    if let Some(next) = inputs.get(at + 1).filter(|_| *target != IGNORE) {
                        assert_eq!(next, target, "a target is the token that follows");
                    }
                }
                assert_eq!(targets.iter().any(|t| *t != IGNORE), fits, "{inputs:?}");
                // Blanks stand at the end, and no example would have had room there.
                let blank = inputs.iter().rev().take_while(|t| **t == BLANK).count();
                assert!(inputs[..length - blank].iter().all(|t| *t != BLANK));
                assert!(!fits || blank < config.least(), "{blank} blanks");
            }
        }
    }
}

/// Over many windows: every task as often as asked, every size, and targets of each symbol.
#[test]
fn tasks_sizes_and_symbols_are_drawn_evenly() {
    let config = Config { tasks: vec![Task::Copy, Task::Copy, Task::Palindrome], ..config() };
    let source = source(&config);
    // The first example of a long window has room for any.
    let batch = fill(&source, 1, 1, 9000, 64);
    let (mut kinds, mut sizes, mut symbols) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for window in batch.inputs.chunks(64) {
        *kinds.entry(window[0]).or_insert(0.0) += 1.0;
        *sizes.entry(window.iter().position(|t| *t == THEN).unwrap() - 1).or_insert(0.0) += 1.0;
        *symbols.entry(window[1]).or_insert(0.0) += 1.0;
    }
    let even = |counts: &BTreeMap<_, f64>, cells: usize| {
        let expected = 9000.0 / cells as f64;
        let statistic: f64 = counts.values().map(|c| (c - expected).powi(2) / expected).sum();
        let freedom = cells as f64 - 1.0;
        assert_eq!(counts.len(), cells);
        assert!((statistic - freedom).abs() < 5.0 * (2.0 * freedom).sqrt(), "{statistic} for {freedom}");
    };
    even(&symbols, 57);
    even(&sizes.into_iter().map(|(size, count)| (size as u32, count)).collect(), 11);
    let copies: f64 = kinds[&Task::Copy.marker()] / 9000.0;
    assert!((copies - 2.0 / 3.0).abs() < 5.0 * (2.0f64 / 9.0 / 9000.0).sqrt(), "{copies}");

    // Keys of associative recall, and which of them is asked for first.
    let config = Config { tasks: vec![Task::Recall], shortest: 8, longest: 8, ..config };
    let batch = fill(&self::source(&config), 1, 1, 9000, 33);
    let (mut keys, mut asked) = (BTreeMap::new(), BTreeMap::new());
    for window in batch.inputs.chunks(33) {
        *keys.entry(window[1]).or_insert(0.0) += 1.0;
        let place = (0..8).find(|pair| window[1 + 2 * pair] == window[18]).unwrap();
        *asked.entry(place as u32).or_insert(0.0) += 1.0;
    }
    even(&keys, 28);
    even(&asked, 8);
}

#[test]
fn a_batch_is_a_function_of_seed_and_step() {
    let source = source(&config());
    for length in [3, 7, 64] {
        let batch = fill(&source, 7, 3, 8, length);
        assert_eq!(batch, fill(&source, 7, 3, 8, length));
        assert_eq!(batch.inputs[..2 * length], fill(&source, 7, 3, 2, length).inputs);
        if length > 3 {
            assert_ne!(batch, fill(&source, 7, 4, 8, length));
            assert_ne!(batch, fill(&source, 8, 3, 8, length));
        }
    }
    let held = source.held_out(8, 64).unwrap();
    assert_eq!(held, source.held_out(8, 64).unwrap());
    assert_eq!(held.known.floor, Some(0.0));
    assert!(held.batch.counted() > 100);
    assert_ne!(held.batch, fill(&source, 0, 0, 8, 64));
    assert_ne!(held, self::source(&Config { seed: 1, ..config() }).held_out(8, 64).unwrap());
    assert_eq!(held.batch.inputs.chunks(64).collect::<BTreeSet<_>>().len(), 8);
}

/// Byte for byte the same on every machine and in every version: ids of runs hang on it.
#[test]
fn a_source_does_not_move() {
    let source = source(&config());
    let batch = fill(&source, 2, 3, 4, 64);
    let held = source.held_out(4, 64).unwrap().batch;
    let tokens = [batch.inputs, batch.targets, held.inputs].concat();
    let tokens: Vec<u8> = tokens.iter().flat_map(|t| t.to_le_bytes()).collect();
    let found = [source.data().hash, hex(&Sha256::digest(&tokens))];
    assert_eq!(
        found,
        [
            "2d49e38d70160b72d5d7cc494cd2395a2c9291a3f7a3d6253a23b03a7c9082a5",
            "94b3ff4456b2b99787f1ac0a389c6097d33d142e03aaa38fda633abace090200"
        ]
    );
}

#[test]
fn every_setting_is_in_the_hash() {
    let hash = |config: Config| source(&config).data().hash;
    let first = hash(config());
    let others = [
        Config { tasks: vec![Task::Copy], ..config() },
        Config { tasks: [tasks(), vec![Task::Copy]].concat(), ..config() },
        Config { vocab_size: 65, ..config() },
        Config { shortest: 3, ..config() },
        Config { longest: 11, ..config() },
        Config { seed: 1, ..config() },
    ];
    assert!(others.into_iter().all(|other| hash(other) != first));
}

#[test]
fn settings_without_sense_are_refused_with_a_hint() {
    let place = Place { base: PathBuf::new(), cache: PathBuf::new() };
    let bad = [
        ("tasks", Config { tasks: vec![], ..config() }),
        ("vocab_size", Config { vocab_size: 8, ..config() }),
        ("vocab_size", Config { vocab_size: usize::MAX, ..config() }),
        ("longest", Config { longest: 0, ..config() }),
        ("longest", Config { longest: usize::MAX, ..config() }),
        ("longest", Config { longest: 29, ..config() }),
        ("shortest", Config { shortest: 0, ..config() }),
        ("shortest", Config { shortest: 13, ..config() }),
    ];
    for (name, config) in bad {
        let error = open(&config, &place).unwrap_err();
        assert!(error.message.contains(&format!("`{name}`")) && !error.hint.is_empty(), "{error}");
    }
    assert!(open(&Config { tasks: vec![Task::Stack], longest: 29, ..config() }, &place).is_ok());
    let source = source(&config());
    let short = source.held_out(8, 4).unwrap_err();
    assert!(short.message.contains("window of 4") && short.hint.contains("windows of 5"), "{short}");
    assert!(source.held_out(0, 64).unwrap_err().message.contains("empty"));
    assert!(source.held_out(8, 5).unwrap().batch.counted() > 0);
}

#[test]
fn settings_have_defaults() {
    let read: Corpus = serde_json::from_str(r#"{ "kind": "recall" }"#).unwrap();
    assert_eq!(read, Corpus::Recall(config()));
    let read: Corpus = serde_json::from_str(r#"{ "kind": "recall", "tasks": ["stack", "copy"] }"#).unwrap();
    assert_eq!(read, Corpus::Recall(Config { tasks: vec![Task::Stack, Task::Copy], ..config() }));
    let unknown = serde_json::from_str::<Corpus>(r#"{ "kind": "recall", "tasks": ["queue"] }"#).unwrap_err();
    assert!(unknown.to_string().contains("palindrome"), "{unknown}");
}

#[test]
fn the_exam_asks_for_one_answer_in_each_window() {
    let exam = |config: &Config, length| source(config).exams().unwrap().draw(length);
    for (task, chance) in [(Task::Copy, 1.0 / 57.0), (Task::Stack, 1.0 / 57.0), (Task::Recall, 1.0 / 29.0)] {
        let exams = exam(&Config { tasks: vec![task], ..config() }, 64);
        let [exam] = &exams[..] else { panic!("{exams:?}") };
        assert_eq!((exam.name.as_str(), exam.batch.sequences(), exam.batch.counted()), ("recall", 600, 600));
        assert!((exam.chance - chance).abs() < 1e-12, "{task:?}: {}", exam.chance);
    }
    // Of all tasks together it lies between.
    let mixed = exam(&config(), 64)[0].chance;
    assert!(1.0 / 57.0 < mixed && mixed < 1.0 / 29.0, "{mixed}");
    assert!(exam(&config(), 3).is_empty());
}
