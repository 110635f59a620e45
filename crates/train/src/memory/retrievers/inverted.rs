//! The inverted index: for each term the references that hold it, and what it counts in each.
//!
//! What a term counts in a reference is rounded to 16 bits (impacts; Anh and Moffat 2005, "Simplified similarity scoring
//! using term ranks"), and a score is a sum of integers, the same in any order. Every reference is scored: vocabularies of
//! a few hundred words leave nothing to skip. Terms that an eighth of all references hold are rows of numbers, one for
//! each reference, which are added without asking whose they are; the others are lists.

use std::collections::HashMap;

use crate::corpora::References;

/// References that are scored together: their scores and a row of impacts stay in the first cache.
const TOGETHER: usize = 4096;
/// A term that one of so many references holds is a row.
const ROW: usize = 8;

/// A term in a reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occurrence {
    /// How many references there are.
    pub(super) references: u64,
    /// How many of them hold the term.
    pub(super) holding: u64,
    /// How often this one does.
    pub(super) frequency: u64,
    /// Terms of this one.
    pub(super) length: u64,
    /// Terms of all.
    pub(super) lengths: u64,
}

impl Occurrence {
    /// How much rarer than others the term is, in (0, 1]: ln(1 + (n - h + 1/2) / (h + 1/2)) of h holders among n
    /// (Robertson and Sparck Jones 1976; with the 1 no term counts less than nothing), over that of a single holder.
    pub(super) fn rarity(&self) -> f64 {
        let idf = |holding: u64| libm::log1p(((self.references - holding) as f64 + 0.5) / (holding as f64 + 0.5));
        idf(self.holding) / idf(1)
    }
}

/// Where the references of a term stand.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// The row of that number.
    Row(usize),
    /// From one to another in the lists.
    List(usize, usize),
}

/// An inverted index.
#[derive(Debug)]
pub(super) struct Inverted {
    references: usize,
    /// The number of a term.
    numbers: HashMap<u64, u32>,
    places: Vec<Place>,
    /// `[rows, references]`: impacts, 0 where a reference does not hold the term.
    rows: Vec<u16>,
    /// References of a list, in ascending order, and its impacts.
    holders: Vec<u32>,
    impacts: Vec<u16>,
}

impl Inverted {
    /// Reads all references twice: what their terms are, a term as often as it is there, and what each counts, from 0 to 1.
    pub(super) fn build(
        references: &dyn References,
        terms: impl Fn(&[u32], &mut Vec<u64>),
        counts: impl Fn(&Occurrence) -> f64,
    ) -> Self {
        let total = references.count() as usize;
        let (mut numbers, mut holding, mut lengths) = (HashMap::new(), Vec::<usize>::new(), 0);
        each(references, &terms, |_, found| {
            lengths += found.len() as u64;
            for same in found.chunk_by(|a, b| a == b) {
                let number = *numbers.entry(same[0]).or_insert_with(|| {
                    holding.push(0);
                    u32::try_from(holding.len() - 1).expect("terms are numbered by 32 bits")
                });
                holding[number as usize] += 1;
            }
        });
        let (mut rows, mut listed) = (0, 0);
        let mut places: Vec<Place> = Vec::with_capacity(holding.len());
        for held in &holding {
            places.push(match held * ROW >= total {
                true => Place::Row(rows),
                false => Place::List(listed, listed),
            });
            match held * ROW >= total {
                true => rows += 1,
                false => listed += held,
            }
        }
        let mut index = Self {
            references: total,
            numbers,
            places,
            rows: vec![0; rows * total],
            holders: vec![0; listed],
            impacts: vec![0; listed],
        };
        each(references, &terms, |reference, found| {
            for same in found.chunk_by(|a, b| a == b) {
                let number = index.numbers[&same[0]] as usize;
                let occurrence = Occurrence {
                    references: total as u64,
                    holding: holding[number] as u64,
                    frequency: same.len() as u64,
                    length: found.len() as u64,
                    lengths,
                };
                let impact = impact(counts(&occurrence));
                match &mut index.places[number] {
                    Place::Row(row) => index.rows[*row * total + reference] = impact,
                    Place::List(_, end) => {
                        (index.holders[*end], index.impacts[*end]) = (reference as u32, impact);
                        *end += 1;
                    }
                }
            }
        });
        index
    }

    /// Bytes of impacts, of lists and of the table of terms.
    pub(super) fn bytes(&self) -> usize {
        let lists = size_of_val(&self.holders[..]) + size_of_val(&self.impacts[..]) + size_of_val(&self.rows[..]);
        lists + size_of_val(&self.places[..]) + self.numbers.capacity() * size_of::<(u64, u32)>()
    }

    /// The references whose scores are greatest, and above 0: a score is the sum of what the terms of a query count there,
    /// each as often as it is in the query. The best first, of equals the lowest number first.
    ///
    /// # Panics
    /// If a query has 2^16 terms.
    pub(super) fn nearest(&self, terms: &mut [u64], most: usize) -> Vec<u32> {
        assert!(terms.len() < 1 << 16, "a sum of so many impacts needs more than 32 bits");
        terms.sort_unstable();
        let same = terms.chunk_by(|a, b| a == b);
        let known =
            same.filter_map(|same| Some((self.places[*self.numbers.get(&same[0])? as usize], same.len() as u32)));
        let mut known: Vec<(Place, u32)> = known.collect();
        let mut best = Best { most, found: Vec::with_capacity(most + 1) };
        let (arch, mut scores) = (pulp::Arch::new(), [0; TOGETHER]);
        for first in (0..self.references).step_by(TOGETHER) {
            let scores = &mut scores[..TOGETHER.min(self.references - first)];
            scores.fill(0);
            for (place, times) in &mut known {
                match place {
                    Place::Row(row) => {
                        let row = &self.rows[*row * self.references + first..][..scores.len()];
                        arch.dispatch(Add { scores, row, times: *times });
                    }
                    Place::List(start, end) => {
                        let holders = &self.holders[*start..*end];
                        let here = holders.partition_point(|holder| (*holder as usize) < first + scores.len());
                        for (holder, impact) in holders[..here].iter().zip(&self.impacts[*start..]) {
                            scores[*holder as usize - first] += *times * u32::from(*impact);
                        }
                        *start += here;
                    }
                }
            }
            best.see(first as u32, scores);
        }
        best.found.into_iter().map(|(_, reference)| reference).collect()
    }
}

/// The terms of every reference, sorted.
fn each(references: &dyn References, terms: impl Fn(&[u32], &mut Vec<u64>), mut then: impl FnMut(usize, &[u64])) {
    let (mut tokens, mut found) = (Vec::new(), Vec::new());
    for number in 0..references.count() {
        tokens.clear();
        found.clear();
        references.write(number, &mut tokens);
        terms(&tokens, &mut found);
        found.sort_unstable();
        then(number as usize, &found);
    }
}

/// A number from 0 to 1 as one of 16 bits: what counts at all does not become 0.
fn impact(counts: f64) -> u16 {
    let rounded = (counts * f64::from(u16::MAX)).round() as u16;
    rounded.max(u16::from(counts > 0.0))
}

/// A row that is added to scores, so many times: compiled for several kinds of vectors, and chosen at run time.
struct Add<'a> {
    scores: &'a mut [u32],
    row: &'a [u16],
    times: u32,
}

impl pulp::WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { scores, row, times } = self;
        let pairs = scores.iter_mut().zip(row);
        // Most words of a query are there once.
        match times {
            1 => pairs.for_each(|(score, impact)| *score += u32::from(*impact)),
            _ => pairs.for_each(|(score, impact)| *score += times * u32::from(*impact)),
        }
    }
}

/// The greatest scores so far, greatest first.
struct Best {
    most: usize,
    found: Vec<(u32, u32)>,
}

impl Best {
    /// Scores of neighbouring references, behind all that were seen: one that equals another comes after it.
    fn see(&mut self, first: u32, scores: &[u32]) {
        const AT_ONCE: usize = 32;
        for (part, scores) in scores.chunks(AT_ONCE).enumerate() {
            let bar = self.bar();
            if !scores.iter().fold(false, |any, score| any | (*score > bar)) {
                continue;
            }
            for (at, score) in scores.iter().enumerate() {
                if *score > self.bar() {
                    let place = self.found.partition_point(|(other, _)| other >= score);
                    self.found.insert(place, (*score, first + (part * AT_ONCE + at) as u32));
                    self.found.truncate(self.most);
                }
            }
        }
    }

    /// What a score must exceed.
    fn bar(&self) -> u32 {
        match self.found.len() < self.most {
            true => 0,
            false => self.found.last().map_or(u32::MAX, |(score, _)| *score),
        }
    }
}
