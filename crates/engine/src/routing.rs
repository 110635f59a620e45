//! Which experts a token goes to, with which gates, and which tokens an expert gets.
//!
//! s = s(z) are the scores of a token, one for each of n experts, z what the router makes of it. Those k are chosen whose
//! s_i + b_i are greatest, the first of equals, and their gates are g_i = scale s_i / sum of s over the chosen (DeepSeek-AI
//! 2024, DeepSeek-V3, arXiv 2412.19437, section 2.1.2). With a_i the gradient of g_i, S that sum and c the scale,
//! ds_i = (c a_i - sum_j a_j g_j) / S for the chosen, and dz = ds s (1 - s).
//!
//! The balance loss of a sequence of T tokens is n sum_i f_i P_i (Fedus et al. 2021, Switch, arXiv 2101.03961, eq. 4 to 6), with
//! f_i the share of its k T choices that fell on i and P_i the mean of p_i = s_i / sum_j s_j: 1 if all are alike. Gradients
//! go through P alone: ds_i = (n / T) (f_i - sum_j f_j p_j) / sum_j s_j. It is asked of every sequence by itself, as in DeepSeek-V3,
//! because no chunk knows the others.

use crate::Real;
use crate::math::sigmoid;
use crate::simd::{dot, kernel, sum};

/// Added to sums of scores: scores that are all 0 leave numbers.
const EPS: f64 = 1e-20;

/// What the walk over the experts needs, in one list of integers.
pub(crate) struct Routes<'a> {
    /// `[experts + 1]`: where the rows of each expert begin, and the last ends
    pub(crate) starts: &'a [u32],
    /// `[tokens, k]`: the experts of each token, in rising order
    pub(crate) chosen: &'a [u32],
    /// `[tokens k]`: the choice behind each row, rows sorted by expert; choice c is made by token c / k
    pub(crate) order: &'a [u32],
}

impl<'a> Routes<'a> {
    /// Integers for so many choices among so many experts.
    pub(crate) fn len(experts: usize, choices: usize) -> usize {
        experts + 1 + 2 * choices
    }

    /// A view of such a list.
    pub(crate) fn of(list: &'a [u32], experts: usize) -> Self {
        let (starts, rest) = list.split_at(experts + 1);
        let (chosen, order) = rest.split_at(rest.len() / 2);
        Self { starts, chosen, order }
    }

    /// The choices of an expert.
    pub(crate) fn rows(&self, expert: usize) -> &'a [u32] {
        &self.order[self.starts[expert] as usize..self.starts[expert + 1] as usize]
    }
}

/// Routes all tokens: fills the list that [`Routes`] views, the gates `[tokens, k]` and the loads `[sequences, experts]`.
pub(crate) fn route<R: Real>(
    scores: &[R],
    bias: Option<&[R]>,
    scale: f64,
    list: &mut [u32],
    gates: &mut [R],
    loads: &mut [R],
    [experts, k, length]: [usize; 3],
) {
    let (starts, rest) = list.split_at_mut(experts + 1);
    let (chosen, order) = rest.split_at_mut(rest.len() / 2);
    loads.fill(R::ZERO);
    let tokens = scores.chunks_exact(experts).zip(chosen.chunks_exact_mut(k)).zip(gates.chunks_exact_mut(k));
    for (t, ((scores, chosen), gates)) in tokens.enumerate() {
        choose(scores, bias, chosen, gates);
        let all = chosen.iter().fold(R::of(EPS), |all, &i| all + scores[i as usize]);
        for (gate, &i) in gates.iter_mut().zip(&*chosen) {
            *gate = R::of(scale) * scores[i as usize] / all;
            loads[t / length * experts + i as usize] += R::ONE;
        }
    }
    // A counting sort: where rows of an expert begin, which moves on as they are filled in and ends where the next begins.
    starts.fill(0);
    chosen.iter().for_each(|&i| starts[i as usize + 1] += 1);
    (1..=experts).for_each(|i| starts[i] += starts[i - 1]);
    for (choice, &i) in chosen.iter().enumerate() {
        order[starts[i as usize] as usize] = choice as u32;
        starts[i as usize] += 1;
    }
    starts.rotate_right(1);
    starts[0] = 0;
}

/// The places of the k greatest s_i + b_i, in rising order. `best` is room for as many numbers.
fn choose<R: Real>(scores: &[R], bias: Option<&[R]>, chosen: &mut [u32], best: &mut [R]) {
    let k = chosen.len();
    for (i, &s) in scores.iter().enumerate() {
        let value = bias.map_or(s, |b| s + b[i]);
        // Those that are strictly less move down, and the last gives way: of equals the first stays ahead.
        if i >= k && best[k - 1] >= value {
            continue;
        }
        let mut place = i.min(k - 1);
        while place > 0 && best[place - 1] < value {
            (best[place], chosen[place]) = (best[place - 1], chosen[place - 1]);
            place -= 1;
        }
        (best[place], chosen[place]) = (value, i as u32);
    }
    chosen.sort_unstable();
}

kernel! {
    /// z to s, in its place.
    pub(crate) fn score<'a, R>(z: &'a mut [R]) {
        for z in z {
            *z = sigmoid(*z);
        }
    }
}

kernel! {
    /// The balance losses of all sequences, each times its tokens.
    pub(crate) fn imbalance<'a, R>(scores: &'a [R], loads: &'a [R], experts: usize, shape: [usize; 2]) -> f64 {
        let [length, k] = shape;
        let mut total = 0.0;
        for (scores, loads) in scores.chunks_exact(length * experts).zip(loads.chunks_exact(experts)) {
            let of_tokens = scores.chunks_exact(experts).map(|s| (dot(s, loads) / (sum(s) + R::of(EPS))).to_f64());
            total += of_tokens.sum::<f64>() * experts as f64 / (k * length) as f64;
        }
        total
    }
}

/// Gradients of gates `[tokens, k]` to those of z `[tokens, experts]`, with `share` of the balance loss per token.
pub(crate) fn slopes<R: Real>(
    scores: &[R],
    loads: &[R],
    [gates, d_gates]: [&[R]; 2],
    routes: &Routes,
    [scale, share]: [f64; 2],
    dz: &mut [R],
    [experts, k, length]: [usize; 3],
) {
    match share {
        0.0 => dz.fill(R::ZERO),
        // f = loads / (k T), and n f is what is asked for.
        _ => level(scores, loads, R::of(share * experts as f64 / (k * length) as f64), dz, experts, length),
    }
    let tokens = scores.chunks_exact(experts).zip(dz.chunks_exact_mut(experts)).zip(routes.chosen.chunks_exact(k));
    for (((scores, dz), chosen), (g, a)) in tokens.zip(gates.chunks_exact(k).zip(d_gates.chunks_exact(k))) {
        let all = chosen.iter().fold(R::of(EPS), |all, &i| all + scores[i as usize]);
        let mean = g.iter().zip(a).fold(R::ZERO, |sum, (&g, &a)| g.mul_add(a, sum));
        for (&i, &a) in chosen.iter().zip(a) {
            dz[i as usize] += (R::of(scale) * a - mean) / all;
        }
    }
    squash(scores, dz);
}

kernel! {
    /// ds of the balance loss, `by` times the loads taken for f.
    fn level<'a, R>(scores: &'a [R], loads: &'a [R], by: R, ds: &'a mut [R], experts: usize, length: usize) {
        let sequences = scores.chunks_exact(length * experts).zip(ds.chunks_exact_mut(length * experts));
        for ((scores, ds), loads) in sequences.zip(loads.chunks_exact(experts)) {
            for (s, ds) in scores.chunks_exact(experts).zip(ds.chunks_exact_mut(experts)) {
                let all = sum(s) + R::of(EPS);
                let mean = dot(s, loads) / all;
                for (ds, &load) in ds.iter_mut().zip(loads) {
                    *ds = by * (load - mean) / all;
                }
            }
        }
    }
}

kernel! {
    /// ds to dz, in its place.
    fn squash<'a, R>(scores: &'a [R], ds: &'a mut [R]) {
        for (ds, &s) in ds.iter_mut().zip(scores) {
            *ds = *ds * s * (R::ONE - s);
        }
    }
}
