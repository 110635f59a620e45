//! AdamW (Loshchilov and Hutter 2017, arXiv 1711.05101, algorithm 2), with the decay decoupled and taken first, as in
//! PyTorch:
//!
//! p <- p (1 - lr wd); m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
//! p <- p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)

use super::{BLOCK, Flat, Group, Pace, Rule, Run, both};
use crate::Real;
use crate::simd::kernel;

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

/// Moves the weights whose groups are AdamW's, for the `steps`-th time.
pub(super) fn update<R: Real>(flat: Flat<R>, runs: &[Run], betas: [f64; 2], eps: f64, steps: u64, pace: Pace) {
    let [b1, b2] = betas;
    let steps = i32::try_from(steps).unwrap_or(i32::MAX);
    let (c1, c2) = (1.0 - libm::pow(b1, steps as f64), 1.0 - libm::pow(b2, steps as f64));
    let rates = |group: Group| {
        let lr = pace.lr * group.lr;
        Rates {
            betas: [R::of(b1), R::of(b2)],
            rest: [R::of(1.0 - b1), R::of(1.0 - b2)],
            clip: R::of(pace.clip),
            keep: R::of(1.0 - lr * group.weight_decay),
            lr: R::of(lr / c1),
            root: R::of(1.0 / c2.sqrt()),
            eps: R::of(eps),
        }
    };
    let block = |mut flat: Flat<R>| {
        let all = flat.range();
        for run in runs.iter().filter(|run| run.rule == Rule::AdamW) {
            let part = run.range.start.max(all.start)..run.range.end.min(all.end);
            if !part.is_empty() {
                let Flat { weights, gradient, first, second, .. } = flat.part(part);
                descend(weights, gradient, first, second, rates(pace.groups[run.group]));
            }
        }
    };
    blocks(flat, &block, pace.parallel);
}

/// Hands out all weights in blocks.
fn blocks<R: Real>(flat: Flat<R>, block: &(impl Fn(Flat<R>) + Sync), parallel: bool) {
    let all = flat.range();
    if all.len() <= BLOCK {
        return block(flat);
    }
    let (left, right) = flat.split_at(all.start + all.len().div_ceil(BLOCK) / 2 * BLOCK);
    both(parallel, || blocks(left, block, parallel), || blocks(right, block, parallel));
}

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
