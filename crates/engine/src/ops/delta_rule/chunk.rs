//! One head over the tokens of one chunk, in matrix products.

use super::layout::{CHUNK, PAIRS, Size, Tokens, parts};
use super::tiles::{Left, blocks, product, subtract, update, vector, vector_mut, vectors, vectors_mut};
use crate::Real;
use crate::product::executed;
use crate::simd::{LANES, join, kernel};

/// Products of decays below this are 0: on what would come of them, subnormal numbers, processors are slow.
const GONE: f64 = 1e-30;

/// Room that a chunk needs.
pub(super) fn room(size: Size) -> usize {
    Prepared::<f64>::sizes(size).iter().sum::<usize>() + 3 * size.errors()
}

kernel! {
    /// The outputs of a chunk, and the state behind it in the place of that before it. Leaves x, and M and L.
    pub(super) fn forward<'a, R>(
        size: Size, tokens: Tokens<'a, R>, work: &'a mut [R], state: &'a mut [R],
        x: &'a mut [R], pairs: &'a mut [R], o: &'a mut [R], stride: usize,
    ) {
        let (prepared, rest) = Prepared::new(size, tokens, work);
        let ([both, w], _) = parts(rest, [2 * size.errors(), size.errors()]);
        make_pairs(prepared, pairs, size.wide_k);
        let (m, l) = pairs.split_at(CHUNK * CHUNK);
        product(Left::Plain(prepared.reads, size.wide_k), state, both, size.wide_v, false);
        let (out, u) = both.split_at_mut(size.errors());
        tokens.v.read(tokens.count, R::ONE, size.wide_v, x);
        solve_all(l, prepared.beta, u, x, w, size.wide_v);
        product(Left::Plain(m, CHUNK), w, out, size.wide_v, true);
        for (o, out) in o.chunks_mut(stride).zip(out.chunks_exact(size.wide_v)).take(tokens.count) {
            o[..size.v].copy_from_slice(&out[..size.v]);
        }
        for (row, &by) in state.chunks_exact_mut(size.wide_v).zip(prepared.all(size)) {
            update(row, |s| by * s);
        }
        product(Left::Turned(prepared.writes, size.wide_k), w, state, size.wide_v, true);
    }
}

/// A chunk as its products need it.
#[derive(Clone, Copy)]
pub(super) struct Prepared<'b, R> {
    /// scale q
    pub q: &'b [R],
    pub k: &'b [R],
    pub alpha: &'b [R],
    /// alpha_1 .. alpha_t
    pub since: &'b [R],
    /// alpha_(t+1) .. alpha_C
    pub until: &'b [R],
    /// What reads the state before the chunk: since_t q_t, then since_t k_t.
    pub reads: &'b [R],
    /// What writes to the state behind the chunk: until_t k_t.
    pub writes: &'b [R],
    pub beta: &'b [R],
}

impl<'b, R: Real> Prepared<'b, R> {
    pub(super) fn sizes(size: Size) -> [usize; 8] {
        let one = CHUNK * size.wide_k;
        [one, one, one, one, one, 2 * one, one, CHUNK]
    }

    #[inline(always)]
    pub(super) fn new(size: Size, tokens: Tokens<R>, work: &'b mut [R]) -> (Self, &'b mut [R]) {
        let wide = size.wide_k;
        let ([q, k, alpha, since, until, reads, writes, beta], rest) = parts(work, Self::sizes(size));
        tokens.q.read(tokens.count, tokens.scale, wide, q);
        tokens.k.read(tokens.count, R::ONE, wide, k);
        tokens.beta.read(tokens.count, R::ONE, 1, beta);
        let (filled, unfilled) = alpha.split_at_mut(tokens.count * wide);
        unfilled.fill(R::ONE);
        if tokens.decay.width == 1 {
            for (t, alpha) in filled.chunks_exact_mut(wide).enumerate() {
                alpha.fill(tokens.decay.row(t)[0].exp());
            }
        } else {
            tokens.decay.read(tokens.count, R::ONE, wide, filled);
            update(filled, |g| g.exp());
        }
        let (read_q, read_k) = reads.split_at_mut(CHUNK * wide);
        for at in (0..wide).step_by(LANES) {
            let mut decay = [R::ONE; LANES];
            for row in (at..CHUNK * wide).step_by(wide) {
                let (alpha, mut q, mut k) = (vector(alpha, row), vector(q, row), vector(k, row));
                for j in 0..LANES {
                    decay[j] = alive(decay[j] * alpha[j]);
                    q[j] *= decay[j];
                    k[j] *= decay[j];
                }
                *vector_mut(since, row) = decay;
                *vector_mut(read_q, row) = q;
                *vector_mut(read_k, row) = k;
            }
            let mut decay = [R::ONE; LANES];
            for row in (at..CHUNK * wide).step_by(wide).rev() {
                let (alpha, mut k) = (vector(alpha, row), vector(k, row));
                *vector_mut(until, row) = decay;
                for j in 0..LANES {
                    k[j] *= decay[j];
                    decay[j] = alive(decay[j] * alpha[j]);
                }
                *vector_mut(writes, row) = k;
            }
        }
        (Self { q, k, alpha, since, until, reads, writes, beta }, rest)
    }

    /// Does anything fade within the chunk so far that products of decays are cut off?
    #[inline(always)]
    pub(super) fn gone(self, wide: usize) -> bool {
        self.since[(CHUNK - 1) * wide..].contains(&R::ZERO)
    }

    /// The decay of a whole chunk.
    #[inline(always)]
    pub(super) fn all(self, size: Size) -> &'b [R] {
        &self.since[(CHUNK - 1) * size.wide_k..]
    }
}

#[inline(always)]
pub(super) fn alive<R: Real>(decay: R) -> R {
    if decay.abs() < R::of(GONE) { R::ZERO } else { decay }
}

/// Adds to M and L what some channels bring: M_ts = q_t . (d_ts k_s), L_ts = k_t . (d_ts k_s) for s < t, with d_ts the decay
/// alpha_(s+1) .. alpha_t, which never exceeds 1.
#[inline(always)]
fn add_pairs<R: Real, const W: usize>(prepared: Prepared<R>, pairs: &mut [R], width: usize, gone: bool, at: usize) {
    let (m, l) = pairs.split_at_mut(CHUNK * CHUNK);
    for s in 0..CHUNK {
        // d_ts k_s
        let mut faded = [[R::ZERO; LANES]; W];
        faded.copy_from_slice(vectors::<R, W>(prepared.k, s * width + at));
        for t in s..CHUNK {
            let row = t * width + at;
            let (q, k) = (vectors::<R, W>(prepared.q, row), vectors::<R, W>(prepared.k, row));
            let alpha = vectors::<R, W>(prepared.alpha, row);
            let (mut by_q, mut by_k) = ([R::ZERO; LANES], [R::ZERO; LANES]);
            for w in 0..W {
                let (q, k, alpha) = (q[w], k[w], alpha[w]);
                for j in 0..LANES {
                    faded[w][j] *= if t > s { alpha[j] } else { R::ONE };
                }
                if gone {
                    for j in 0..LANES {
                        faded[w][j] = alive(faded[w][j]);
                    }
                }
                for j in 0..LANES {
                    by_q[j] = faded[w][j].mul_add(q[j], by_q[j]);
                }
                for j in 0..LANES {
                    by_k[j] = faded[w][j].mul_add(k[j], by_k[j]);
                }
            }
            m[t * CHUNK + s] += join(by_q);
            if t > s {
                l[t * CHUNK + s] += join(by_k);
            }
        }
    }
}

kernel! {
    /// M and L of a chunk.
    fn make_pairs<'a, R>(prepared: Prepared<'a, R>, pairs: &'a mut [R], width: usize) {
        executed(2 * PAIRS * width);
        pairs.fill(R::ZERO);
        if prepared.gone(width) {
            blocks!(width, add_pairs(prepared, pairs, width, true));
        } else {
            blocks!(width, add_pairs(prepared, pairs, width, false));
        }
    }
}

/// x_t = v_t - u_t - sum_(s<t) L_ts w_s and w_t = beta_t x_t, for some columns; x holds v before.
#[inline(always)]
fn solve<R: Real, const W: usize>(
    l: &[R],
    beta: &[R],
    u: &[R],
    x: &mut [R],
    written: &mut [R],
    width: usize,
    at: usize,
) {
    for t in 0..CHUNK {
        let mut error = [[R::ZERO; LANES]; W];
        let x = vectors_mut::<R, W>(x, t * width + at);
        let u = vectors::<R, W>(u, t * width + at);
        for w in 0..W {
            let (v, u) = (x[w], u[w]);
            for j in 0..LANES {
                error[w][j] = v[j] - u[j];
            }
        }
        for s in 0..t {
            subtract(&mut error, l[t * CHUNK + s], vectors::<R, W>(written, s * width + at));
        }
        let (beta, to) = (beta[t], vectors_mut::<R, W>(written, t * width + at));
        for w in 0..W {
            let mut scaled = error[w];
            for j in 0..LANES {
                scaled[j] *= beta;
            }
            x[w] = error[w];
            to[w] = scaled;
        }
    }
}

kernel! {
    /// The same for all columns.
    fn solve_all<'a, R>(
        l: &'a [R], beta: &'a [R], u: &'a [R], x: &'a mut [R], w: &'a mut [R], width: usize,
    ) {
        executed((PAIRS - CHUNK) * width);
        blocks!(width, solve(l, beta, u, x, w, width));
    }
}
