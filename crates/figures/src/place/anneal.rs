//! The choice among candidates: descent, then simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983), then descent.
//!
//! The stream of random numbers is fixed, and `libm` is the same everywhere, so that a figure is too.

use super::{Candidate, Spot, between};
use crate::geometry::Rect;

/// Tried changes for each label, and in all.
const TRIES: usize = 300;
const MOST_TRIES: usize = 15_000;
/// From the cost of a worse direction down to that of a worse preference.
const HOT: f64 = 30.0;
const COLD: f64 = 0.4;
/// One in e^12 of such changes would be taken.
const NEVER: f64 = 12.0;
/// How often all choose the best for themselves.
const PASSES: usize = 12;

/// A choice for each label, and who may meet whom.
struct State<'a> {
    all: &'a [Vec<Candidate>],
    chosen: Vec<usize>,
    /// of the chosen candidates, side by side in memory: most pairs do not meet, which is seen here
    extents: Vec<Rect>,
    near: Vec<Vec<usize>>,
}

/// The best choice found: one spot for each label that has candidates. Labels may still lie upon each other.
pub(super) fn best(all: &[Vec<Candidate>]) -> Vec<Option<Spot>> {
    let extents = all.iter().map(|c| c.first().map(|c| c.extent).unwrap_or_default()).collect();
    let mut state = State { all, chosen: vec![0; all.len()], extents, near: neighbours(all) };
    state.descend();
    let first = (state.total(), state.chosen.clone());
    // Without any meeting each label has its best already.
    if state.near.iter().any(|n| !n.is_empty()) {
        state.anneal();
        state.descend();
        if first.0 <= state.total() {
            state.chosen = first.1;
        }
    }
    all.iter().zip(&state.chosen).map(|(c, i)| c.get(*i).map(|c| c.spot)).collect()
}

/// Labels whose candidates can meet: the boxes around them do.
fn neighbours(all: &[Vec<Candidate>]) -> Vec<Vec<usize>> {
    let around = |candidates: &Vec<Candidate>| {
        let mut rects = candidates.iter().map(|c| c.extent);
        let first = rects.next()?;
        Some(rects.fold(first, |a, b| a.joined(&b)))
    };
    let boxes: Vec<_> = all.iter().map(around).collect();
    let meet = |i: usize, j: usize| i != j && boxes[i].zip(boxes[j]).is_some_and(|(a, b)| a.overlaps(&b));
    (0..all.len()).map(|i| (0..all.len()).filter(|j| meet(i, *j)).collect()).collect()
}

impl State<'_> {
    /// What one label costs at a candidate, with all others where they are.
    fn cost(&self, i: usize, candidate: usize) -> f64 {
        let own = &self.all[i][candidate];
        let met = self.near[i].iter().filter(|j| own.extent.overlaps(&self.extents[**j]));
        own.cost + met.map(|j| between(&own.spot, &self.all[*j][self.chosen[*j]].spot)).sum::<f64>()
    }

    fn choose(&mut self, i: usize, candidate: usize) {
        self.chosen[i] = candidate;
        self.extents[i] = self.all[i][candidate].extent;
    }

    fn total(&self) -> f64 {
        let labels = (0..self.all.len()).filter(|i| !self.all[*i].is_empty());
        let alone = |i: usize| self.all[i][self.chosen[i]].cost;
        // What two cost each other is counted at both.
        labels.map(|i| (self.cost(i, self.chosen[i]) + alone(i)) / 2.0).sum()
    }

    /// Each label in turn takes what is best for it, until none changes.
    fn descend(&mut self) {
        for _ in 0..PASSES {
            let mut changed = false;
            for i in (0..self.all.len()).filter(|i| !self.all[*i].is_empty()).collect::<Vec<_>>() {
                let (mut best, mut least) = (self.chosen[i], self.cost(i, self.chosen[i]));
                for (j, candidate) in self.all[i].iter().enumerate() {
                    // Sorted: nothing that follows can be cheaper.
                    if candidate.cost >= least {
                        break;
                    }
                    let cost = self.cost(i, j);
                    if cost < least - 1e-9 {
                        (best, least) = (j, cost);
                    }
                }
                changed |= best != self.chosen[i];
                self.choose(i, best);
            }
            if !changed {
                break;
            }
        }
    }

    /// Random changes; worse ones are taken too, ever more rarely.
    fn anneal(&mut self) {
        let mut stream = Stream(0x9e37_79b9_7f4a_7c15);
        let movable: Vec<usize> = (0..self.all.len()).filter(|i| self.all[*i].len() > 1).collect();
        let tries = (TRIES * movable.len()).min(MOST_TRIES);
        let cooling = libm::exp(libm::log(COLD / HOT) / tries.max(1) as f64);
        let mut heat = HOT;
        for _ in 0..tries {
            let i = movable[stream.below(movable.len())];
            // The cheaper half of the candidates more often than the rest.
            let count = self.all[i].len();
            let among = if stream.below(4) == 0 { count } else { count.div_ceil(2) };
            let next = stream.below(among);
            let now = self.cost(i, self.chosen[i]);
            heat *= cooling;
            // Others can only make it worse: what would never be taken is not looked at.
            if self.all[i][next].cost - now > NEVER * heat {
                continue;
            }
            let rise = self.cost(i, next) - now;
            if rise <= 0.0 || stream.share() < libm::exp(-rise / heat) {
                self.choose(i, next);
            }
        }
    }
}

/// xorshift64 (Marsaglia, "Xorshift RNGs", 2003): enough to shake labels.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, count: usize) -> usize {
        ((self.next() >> 11) % count.max(1) as u64) as usize
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
