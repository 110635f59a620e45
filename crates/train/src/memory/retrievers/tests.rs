use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// References that are written down.
#[derive(Clone, Debug)]
pub(super) struct Texts(pub(super) Vec<Vec<u32>>);

impl References for Texts {
    fn count(&self) -> u64 {
        self.0.len() as u64
    }

    fn longest(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn write(&self, number: u64, tokens: &mut Vec<u32>) {
        tokens.extend(&self.0[number as usize]);
    }
}

#[derive(Clone, Debug)]
pub(super) struct Asked(pub(super) Vec<u32>);

impl Asked {
    pub(super) fn of_tokens(&self) -> Query<'_> {
        Query { tokens: &self.0, ..Query::default() }
    }
}

/// Some references of few or many different words, and a query: frequent words become rows, others lists.
pub(super) fn texts() -> impl Strategy<Value = (Texts, Asked)> {
    (1u32..60).prop_flat_map(|words| {
        // The lower of two is likelier to be low, as words are not equally frequent.
        let text = |most: usize| vec((0..words, 0..words).prop_map(|(a, b)| a.min(b)), 1..most);
        (vec(text(20), 1..60).prop_map(Texts), text(30).prop_map(Asked))
    })
}

/// Words by a generator of the textbook's kind, so that known answers need nothing else.
fn drawn(count: usize) -> Texts {
    let mut state = 1u64;
    let mut below = move |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut text = || (0..50 + below(70)).map(|_| (below(400) * below(400) / 400) as u32).collect();
    Texts((0..count).map(|_| text()).collect())
}

/// More references than are scored together, asked by several threads.
#[test]
fn answers_are_the_same_on_every_machine() {
    let texts = drawn(10_000);
    let material = Material { references: &texts, vectors: &[] };
    for &kind in KINDS {
        let known = match kind {
            Kind::Bm25 => 3_872_263_770,
            Kind::Ngrams => 1_366_954_745,
            // It compares vectors: see its own tests.
            Kind::Hidden => continue,
        };
        let index = kind.build(&material);
        let ask = || -> Vec<Vec<u32>> {
            let query = |i: usize| [&texts.0[i][..32], &texts.0[i + 1][..32]].concat();
            let queries = (0..9000).step_by(450).map(query);
            queries.map(|tokens| index.nearest(&Query { tokens: &tokens, vector: &[] }, 8)).collect()
        };
        let answers = ask();
        thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| assert_eq!(answers, ask())))));
        for (i, found) in (0..).step_by(450).zip(&answers) {
            assert!(found[..2].contains(&i) && found[..2].contains(&(i + 1)), "{kind:?} {i}: {found:?}");
        }
        let folded = answers.concat().iter().fold(0u32, |hash, number| hash.wrapping_mul(16_777_619) ^ number);
        assert_eq!(folded, known, "{kind:?} {:?}", answers[1]);
    }
}

#[test]
fn nothing_in_common_finds_nothing() {
    let texts = Texts(vec![vec![1, 2, 3], vec![2, 3, 4]]);
    for kind in KINDS.iter().filter(|kind| !kind.compares_vectors()) {
        let index = kind.build(&Material { references: &texts, vectors: &[] });
        let nearest = |tokens: &[u32], most| index.nearest(&Query { tokens, vector: &[] }, most);
        assert!(nearest(&[9, 8, 7], 5).is_empty());
        assert!(nearest(&[], 5).is_empty());
        assert!(nearest(&[2, 3], 0).is_empty());
        assert_eq!(nearest(&[2, 3], 5), [0, 1], "equals by number");
        assert_eq!(nearest(&[2, 3, 4], 5), [1, 0]);
        let none = kind.build(&Material { references: &Texts(Vec::new()), vectors: &[] });
        assert!(none.nearest(&Query { tokens: &[1, 2], vector: &[] }, 5).is_empty());
    }
}

#[test]
fn names_are_those_of_files() {
    for (name, says) in ALL {
        let kind: Kind = serde_json::from_value((*name).into()).unwrap();
        assert_eq!(serde_json::to_value(kind).unwrap(), *name);
        assert!(!says.is_empty());
    }
}
