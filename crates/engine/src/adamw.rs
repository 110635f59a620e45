//! AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101, algorithm 2), with the decay decoupled and taken first, as in
//! PyTorch:
//!
//! p <- p (1 - lr wd); m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
//! p <- p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)

use rayon::prelude::*;

use crate::simd::kernel;
use crate::{Params, Real};

/// Weights that are moved alike: [`Params::add`] says which belong to which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// Multiplies the learning rate of the step.
    pub lr: f64,
    /// Decay per step and unit of the group's learning rate: 0 for norms and biases, usually.
    pub weight_decay: f64,
}

/// The optimiser and its state: two numbers per weight and the count of steps.
#[derive(Clone, Debug)]
pub struct AdamW<R> {
    /// Decay rates of the two averages, b1 and b2.
    pub betas: [f64; 2],
    /// Added to the root of the second average.
    pub eps: f64,
    groups: Vec<Group>,
    /// Where the weights of a group end and which group it is, in the order of the weights.
    runs: Vec<(usize, usize)>,
    first: Vec<R>,
    second: Vec<R>,
    steps: u64,
}

/// Elements that one thread moves at a time.
pub(crate) const BLOCK: usize = 16 * 1024;

/// What one step multiplies by, rounded to R.
#[derive(Clone, Copy)]
struct Rates<R> {
    betas: [R; 2],
    rest: [R; 2],
    clip: R,
    keep: R,
    lr: R,
    root: R,
    eps: R,
}

impl<R: Real> AdamW<R> {
    /// An optimiser for these weights, at step 0. Betas are (0.9, 0.95) and eps 1e-8 until set otherwise.
    ///
    /// # Panics
    /// If a weight names a group that is not there.
    pub fn new(params: &Params<R>, groups: &[Group]) -> Self {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for entry in params.entries() {
            assert!(entry.group < groups.len(), "{} names group {} of {}", entry.name, entry.group, groups.len());
            let end = entry.param.range().end;
            match runs.last_mut() {
                Some(last) if last.1 == entry.group => last.0 = end,
                _ => runs.push((end, entry.group)),
            }
        }
        let zeros = vec![R::ZERO; params.count()];
        let groups = groups.to_vec();
        Self { betas: [0.9, 0.95], eps: 1e-8, groups, runs, first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// The groups, to be read or changed between steps: a decay that follows a schedule, weights that thaw.
    pub fn groups_mut(&mut self) -> &mut [Group] {
        &mut self.groups
    }

    /// First and second averages, flat as the weights, and the steps taken: what a checkpoint holds.
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

    /// Moves all weights once. The gradient is multiplied by `clip` on the way. Threads are those of the rayon pool this
    /// is called in; they do not change the bits.
    ///
    /// # Panics
    /// If the gradient has another length than the weights.
    pub fn update(&mut self, params: &mut Params<R>, gradient: &[R], lr: f64, clip: f64) {
        self.descend(params, gradient, lr, clip, true);
    }

    /// The same on the caller's thread alone.
    pub(crate) fn update_alone(&mut self, params: &mut Params<R>, gradient: &[R], lr: f64, clip: f64) {
        self.descend(params, gradient, lr, clip, false);
    }

    fn descend(&mut self, params: &mut Params<R>, gradient: &[R], lr: f64, clip: f64, parallel: bool) {
        assert_eq!(gradient.len(), params.count(), "gradient and weights differ in length");
        self.steps += 1;
        let Self { betas: [b1, b2], eps, groups, runs, first, second, steps } = self;
        let steps = i32::try_from(*steps).unwrap_or(i32::MAX);
        let (c1, c2) = (1.0 - libm::pow(*b1, steps as f64), 1.0 - libm::pow(*b2, steps as f64));
        let rates = |group: Group| {
            let lr = lr * group.lr;
            Rates {
                betas: [R::of(*b1), R::of(*b2)],
                rest: [R::of(1.0 - *b1), R::of(1.0 - *b2)],
                clip: R::of(clip),
                keep: R::of(1.0 - lr * group.weight_decay),
                lr: R::of(lr / c1),
                root: R::of(1.0 / c2.sqrt()),
                eps: R::of(*eps),
            }
        };
        let block = |(i, (((p, g), m), v)): (usize, Block<R>)| {
            let (start, end) = (i * BLOCK, i * BLOCK + p.len());
            let mut from = start;
            for &(stop, group) in runs.iter().filter(|run| run.0 > start) {
                if from < end {
                    let part = from - start..stop.min(end) - start;
                    let (p, m, v) = (&mut p[part.clone()], &mut m[part.clone()], &mut v[part.clone()]);
                    descend(p, &g[part], m, v, rates(groups[group]));
                    from = stop;
                }
            }
        };
        let weights = params.weights_mut();
        if parallel {
            let weights = weights.par_chunks_mut(BLOCK).zip(gradient.par_chunks(BLOCK));
            let state = weights.zip(first.par_chunks_mut(BLOCK)).zip(second.par_chunks_mut(BLOCK));
            state.enumerate().for_each(block);
        } else {
            let weights = weights.chunks_mut(BLOCK).zip(gradient.chunks(BLOCK));
            let state = weights.zip(first.chunks_mut(BLOCK)).zip(second.chunks_mut(BLOCK));
            state.enumerate().for_each(block);
        }
    }
}

/// Weights, gradient, first and second averages.
type Block<'a, R> = (((&'a mut [R], &'a [R]), &'a mut [R]), &'a mut [R]);

kernel! {
    fn descend<'a, R>(p: &'a mut [R], g: &'a [R], m: &'a mut [R], v: &'a mut [R], rates: Rates<R>) {
        let Rates { betas: [b1, b2], rest: [r1, r2], clip, keep, lr, root, eps } = rates;
        for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
            let g = g * clip;
            *m = b1.mul_add(*m, r1 * g);
            *v = b2.mul_add(*v, r2 * g * g);
            *p = *p * keep - lr * (*m / (v.sqrt() * root + eps));
        }
    }
}
