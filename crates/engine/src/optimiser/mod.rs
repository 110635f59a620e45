//! What moves the weights: groups of them, each by a rule of its own, and the state of all.

mod adamw;
mod muon;
mod sign;

use std::ops::Range;

use crate::{Params, Real};

/// How the weights of a group are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every weight by the averages of its own gradient (Loshchilov and Hutter 2017, arXiv 1711.05101).
    AdamW,
    /// Every matrix along the orthogonal matrix nearest to its momentum (Jordan et al. 2024,
    /// <https://kellerjordan.github.io/posts/muon/>), as far as AdamW would (Liu et al. 2025, arXiv 2502.16982, eq. 4).
    Muon,
    /// Every weight by one step against the sign of its gradient (Wang et al. 2024, arXiv 2408.15664): biases that balance
    /// experts.
    Sign,
}

/// Weights that are moved alike: [`Params::add`] says which belong to which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// How they are moved; settled when the optimiser is made.
    pub rule: Rule,
    /// Multiplies the learning rate of the step; under [`Rule::Sign`] it is the step.
    pub lr: f64,
    /// Decay per step and unit of the group's learning rate: 0 for norms and biases, usually.
    pub weight_decay: f64,
}

/// The optimiser and its state: two numbers per weight and the count of steps.
#[derive(Clone, Debug)]
pub struct Optimiser<R> {
    /// AdamW: decay rates of the two averages, b1 and b2.
    pub betas: [f64; 2],
    /// AdamW: added to the root of the second average.
    pub eps: f64,
    /// Muon: decay rate of the momentum, mu.
    pub momentum: f64,
    groups: Vec<Group>,
    runs: Vec<Run>,
    lanes: Vec<muon::Lane<R>>,
    first: Vec<R>,
    second: Vec<R>,
    steps: u64,
}

/// Elements that one thread moves at a time.
pub(crate) const BLOCK: usize = 16 * 1024;

/// Neighbouring weights of one group.
#[derive(Clone, Debug)]
struct Run {
    range: Range<usize>,
    group: usize,
    /// what the group said when the optimiser was made
    rule: Rule,
}

/// What a step asks of every rule.
#[derive(Clone, Copy)]
struct Pace<'a> {
    groups: &'a [Group],
    lr: f64,
    /// multiplies the gradient
    clip: f64,
    parallel: bool,
}

impl<R: Real> Optimiser<R> {
    /// An optimiser for these weights, at step 0. Betas are (0.9, 0.95), eps is 1e-8 and the momentum 0.95 until set
    /// otherwise.
    ///
    /// # Panics
    /// If a weight names a group that is not there, or Muon is to move a vector.
    pub fn new(params: &Params<R>, groups: &[Group]) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for entry in params.entries() {
            assert!(entry.group < groups.len(), "{} names group {} of {}", entry.name, entry.group, groups.len());
            let (range, group) = (entry.param.range(), entry.group);
            match runs.last_mut() {
                Some(last) if last.group == group => last.range.end = range.end,
                _ => runs.push(Run { range, group, rule: groups[group].rule }),
            }
        }
        let zeros = vec![R::ZERO; params.count()];
        Self {
            betas: [0.9, 0.95],
            eps: 1e-8,
            momentum: 0.95,
            groups: groups.to_vec(),
            runs,
            lanes: muon::lanes(params, groups),
            first: zeros.clone(),
            second: zeros,
            steps: 0,
        }
    }

    /// The groups, to be read or changed between steps: a decay that follows a schedule, weights that thaw. Only the rule
    /// stays as it was.
    pub fn groups_mut(&mut self) -> &mut [Group] {
        &mut self.groups
    }

    /// What is kept of each weight, flat as the weights, and the steps taken: what a checkpoint holds. Of AdamW the two
    /// numbers are the first and second average; of Muon the momentum and the last direction, which the next step
    /// overwrites unread; of signs nothing.
    pub fn state(&self) -> (&[R], &[R], u64) {
        (&self.first, &self.second, self.steps)
    }

    /// Continues where a checkpoint stood.
    ///
    /// # Panics
    /// If there are more or fewer numbers than weights.
    pub fn restore(&mut self, first: &[R], second: &[R], steps: u64) {
        self.first.copy_from_slice(first);
        self.second.copy_from_slice(second);
        self.steps = steps;
    }

    /// Bytes held for the state, and for Muon's work.
    pub fn bytes(&self) -> usize {
        let work: usize = self.lanes.iter().map(muon::Lane::len).sum();
        (self.first.len() + self.second.len() + work) * size_of::<R>()
    }

    /// Moves all weights once. The gradient is multiplied by `clip` on the way. Threads are those of the rayon pool this
    /// is called in; they do not change the bits.
    ///
    /// # Panics
    /// If the gradient has another length than the weights, or a group another rule than at the start.
    pub fn update(&mut self, params: &mut Params<R>, gradient: &[R], lr: f64, clip: f64) {
        self.descend(params, gradient, lr, clip, true);
    }

    /// The same on the caller's thread alone.
    pub(crate) fn update_alone(&mut self, params: &mut Params<R>, gradient: &[R], lr: f64, clip: f64) {
        self.descend(params, gradient, lr, clip, false);
    }

    fn descend(&mut self, params: &mut Params<R>, gradient: &[R], lr: f64, clip: f64, parallel: bool) {
        assert_eq!(gradient.len(), params.count(), "gradient and weights differ in length");
        let Self { betas, eps, momentum, groups, runs, lanes, first, second, steps } = self;
        let settled = runs.iter().all(|run| groups[run.group].rule == run.rule);
        assert!(settled, "a group has another rule than when the optimiser was made");
        *steps += 1;
        let pace = Pace { groups, lr, clip, parallel };
        let mut flat = Flat { start: 0, weights: params.weights_mut(), gradient, first, second };
        adamw::update(flat.part(0..gradient.len()), runs, *betas, *eps, *steps, pace);
        sign::update(flat.part(0..gradient.len()), runs, pace);
        muon::update(flat, lanes, *momentum, pace);
    }
}

/// Weights, their gradient and their state, from place `start` of the flat buffers on.
struct Flat<'a, R> {
    start: usize,
    weights: &'a mut [R],
    gradient: &'a [R],
    first: &'a mut [R],
    second: &'a mut [R],
}

impl<'a, R> Flat<'a, R> {
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.weights.len()
    }

    /// What lies in front of a place of the flat buffers, and the rest.
    fn split_at(self, place: usize) -> (Self, Self) {
        let at = place - self.start;
        let (weights, gradient) = (self.weights.split_at_mut(at), self.gradient.split_at(at));
        let (first, second) = (self.first.split_at_mut(at), self.second.split_at_mut(at));
        (
            Self { start: self.start, weights: weights.0, gradient: gradient.0, first: first.0, second: second.0 },
            Self { start: place, weights: weights.1, gradient: gradient.1, first: first.1, second: second.1 },
        )
    }

    /// What lies between two places of the flat buffers.
    fn part(&mut self, places: Range<usize>) -> Flat<'_, R> {
        let here = places.start - self.start..places.end - self.start;
        Flat {
            start: places.start,
            weights: &mut self.weights[here.clone()],
            gradient: &self.gradient[here.clone()],
            first: &mut self.first[here.clone()],
            second: &mut self.second[here],
        }
    }
}

/// Does both: side by side if `parallel`, else one after the other without asking for threads.
fn both(parallel: bool, left: impl FnOnce() + Send, right: impl FnOnce() + Send) {
    if parallel {
        rayon::join(left, right);
    } else {
        left();
        right();
    }
}
