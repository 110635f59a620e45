//! The way back through a chunk.

use super::chunk::{Prepared, alive};
use super::layout::{CHUNK, PAIRS, Rows, Size, Tokens, parts};
use super::tiles::{Left, blocks, product, subtract, update, update2, vectors, vectors_mut, write2};
use crate::Real;
use crate::ops::attention::transpose;
use crate::product::executed;
use crate::simd::{LANES, dot, kernel};

/// Room that a chunk needs.
pub(super) fn room(size: Size) -> usize {
    let prepared = Prepared::<f64>::sizes(size).iter().sum::<usize>();
    let (to, own) = (Gradients::<f64>::sizes(size), Scratch::<f64>::sizes(size));
    prepared + to.iter().sum::<usize>() + own.iter().sum::<usize>()
}

kernel! {
    /// Back through a chunk: `state` is that before it; `dstate` the gradient of that behind it, in whose place comes the
    /// gradient of that before it. The rest lies in `work` afterwards, as [`Gradients`].
    pub(super) fn backward<'a, R>(
        size: Size, tokens: Tokens<'a, R>, work: &'a mut [R], state: &'a [R], dstate: &'a mut [R],
        x: &'a [R], pairs: &'a [R], dout: Rows<'a, R>,
    ) {
        let (wide_k, wide_v) = (size.wide_k, size.wide_v);
        let (to, rest) = Gradients::of(size, work);
        let (prepared, rest) = Prepared::new(size, tokens, rest);
        let Scratch { w, turned_w, dw, pairs: pairs_back, reads, writes, k, all, turned } = Scratch::of(size, rest);
        let (m, l) = pairs.split_at(CHUNK * CHUNK);
        for ((w, x), &by) in w.chunks_exact_mut(wide_v).zip(x.chunks_exact(wide_v)).zip(prepared.beta) {
            write2(w, x, x, |x, _| by * x);
        }

        // dw = writes dS' + M^T do + L^T y
        dout.read(tokens.count, R::ONE, wide_v, to.out);
        product(Left::Plain(prepared.writes, wide_k), dstate, dw, wide_v, false);
        product(Left::Turned(m, CHUNK), to.out, dw, wide_v, true);
        solve_all_back(l, prepared.beta, dw, to.minus_v, wide_v);
        for ((dbeta, dw), x) in to.beta.iter_mut().zip(dw.chunks_exact(wide_v)).zip(x.chunks_exact(wide_v)) {
            *dbeta = dot(dw, x);
        }

        // dM_ts = do_t . w_s, dL_ts = y_t . w_s
        let (dm, dl) = pairs_back.split_at_mut(CHUNK * CHUNK);
        transpose(w, wide_v, wide_v, turned_w, CHUNK);
        product(Left::Plain(to.out, wide_v), turned_w, dm, CHUNK, false);
        product(Left::Plain(to.minus_v, wide_v), turned_w, dl, CHUNK, false);

        // d reads = [do; y] S^T, d writes = w dS'^T
        transpose(state, wide_v, wide_v, turned, wide_k);
        let (read_q, read_k) = reads.split_at_mut(CHUNK * wide_k);
        product(Left::Plain(to.out, wide_v), turned, read_q, wide_k, false);
        product(Left::Plain(to.minus_v, wide_v), turned, read_k, wide_k, false);
        transpose(dstate, wide_v, wide_v, turned, wide_k);
        product(Left::Plain(w, wide_v), turned, writes, wide_k, false);

        let decay = prepared.all(size);
        let rows = state.chunks_exact(wide_v).zip(dstate.chunks_exact_mut(wide_v));
        for (((s, ds), &by), all) in rows.zip(decay).zip(all.iter_mut()) {
            *all = by * dot(s, ds);
            update(ds, |s| by * s);
        }
        let (by_q, by_k) = prepared.reads.split_at(CHUNK * wide_k);
        product(Left::Turned(by_q, wide_k), to.out, dstate, wide_v, true);
        product(Left::Turned(by_k, wide_k), to.minus_v, dstate, wide_v, true);

        // What k gets as it writes is gathered in `writes`.
        write2(to.q, prepared.since, read_q, |x, y| x * y);
        write2(k, prepared.since, read_k, |x, y| x * y);
        update2(writes, prepared.until, prepared.until, |z, x, _| z * x);
        for (own, writes) in prepared.k.chunks_exact(wide_k).zip(writes.chunks_exact(wide_k)) {
            update2(all, own, writes, |z, x, y| x.mul_add(y, z));
        }
        add_pairs_gradients(prepared, dm, dl, to.q, k, writes, wide_k);

        // The logarithm of the decay since the start of the chunk has gradient q dq + k (dk as it reads - dk as it
        // writes); that of every token stands in it from then on.
        for t in (0..CHUNK).rev() {
            let row = t * wide_k..(t + 1) * wide_k;
            update2(all, &prepared.q[row.clone()], &to.q[row.clone()], |z, x, y| x.mul_add(y, z));
            update2(all, &prepared.k[row.clone()], &k[row.clone()], |z, x, y| x.mul_add(y, z));
            update2(all, &prepared.k[row.clone()], &writes[row.clone()], |z, x, y| (-x).mul_add(y, z));
            to.decay[row.clone()].copy_from_slice(all);
            write2(&mut to.k[row.clone()], &k[row.clone()], &writes[row], |x, y| x + y);
        }
    }
}

/// What comes out of the way back, in rows of whole vectors.
pub(super) struct Gradients<'b, R> {
    /// of scale q
    pub q: &'b mut [R],
    pub k: &'b mut [R],
    /// of v with the opposite sign: y
    pub minus_v: &'b mut [R],
    /// of every channel
    pub decay: &'b mut [R],
    pub beta: &'b mut [R],
    /// do, before y, as one matrix
    out: &'b mut [R],
}

impl<'b, R: Real> Gradients<'b, R> {
    fn sizes(size: Size) -> [usize; 5] {
        let (k, v) = (CHUNK * size.wide_k, size.errors());
        [k, k, k, CHUNK, 2 * v]
    }

    /// Where they lie in the room of the way back.
    #[inline(always)]
    pub(super) fn of(size: Size, work: &'b mut [R]) -> (Self, &'b mut [R]) {
        let ([q, k, decay, beta, both], rest) = parts(work, Self::sizes(size));
        let (out, minus_v) = both.split_at_mut(size.errors());
        (Self { q, k, minus_v, decay, beta, out }, rest)
    }
}

/// Room of the way back.
struct Scratch<'b, R> {
    w: &'b mut [R],
    turned_w: &'b mut [R],
    dw: &'b mut [R],
    /// of M and L
    pairs: &'b mut [R],
    /// of what reads, q then k
    reads: &'b mut [R],
    /// of what writes
    writes: &'b mut [R],
    /// of k as it reads
    k: &'b mut [R],
    /// of the decay of the whole chunk
    all: &'b mut [R],
    /// a transposed state
    turned: &'b mut [R],
}

impl<'b, R: Real> Scratch<'b, R> {
    fn sizes(size: Size) -> [usize; 9] {
        let (k, v) = (CHUNK * size.wide_k, size.errors());
        [v, v, v, size.pairs(), 2 * k, k, k, size.wide_k, size.state()]
    }

    #[inline(always)]
    fn of(size: Size, work: &'b mut [R]) -> Self {
        let ([w, turned_w, dw, pairs, reads, writes, k, all, turned], _) = parts(work, Self::sizes(size));
        Self { w, turned_w, dw, pairs, reads, writes, k, all, turned }
    }
}

/// dw_s += sum_(t>s) L_ts y_t with y_s = -dx_s = -beta_s dw_s.
#[inline(always)]
fn solve_back<R: Real, const W: usize>(l: &[R], beta: &[R], dw: &mut [R], y: &mut [R], width: usize, at: usize) {
    for s in (0..CHUNK).rev() {
        let mut sum = [[R::ZERO; LANES]; W];
        let dw = vectors_mut::<R, W>(dw, s * width + at);
        sum.copy_from_slice(dw);
        for t in s + 1..CHUNK {
            subtract(&mut sum, -l[t * CHUNK + s], vectors::<R, W>(y, t * width + at));
        }
        let (beta, to) = (beta[s], vectors_mut::<R, W>(y, s * width + at));
        for w in 0..W {
            let mut scaled = sum[w];
            for j in 0..LANES {
                scaled[j] *= -beta;
            }
            dw[w] = sum[w];
            to[w] = scaled;
        }
    }
}

kernel! {
    fn solve_all_back<'a, R>(l: &'a [R], beta: &'a [R], dw: &'a mut [R], y: &'a mut [R], width: usize) {
        executed((PAIRS - CHUNK) * width);
        blocks!(width, solve_back(l, beta, dw, y, width));
    }
}

/// Adds to the gradients of q, of k as it reads and of k as it writes what M and L say, for some channels.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn add_pairs_back<R: Real, const W: usize>(
    prepared: Prepared<R>,
    dm: &[R],
    dl: &[R],
    dq: &mut [R],
    reads: &mut [R],
    writes: &mut [R],
    width: usize,
    gone: bool,
    at: usize,
) {
    for s in 0..CHUNK {
        let (mut own, mut sum) = ([[R::ZERO; LANES]; W], [[R::ZERO; LANES]; W]);
        let mut decay = [[R::ONE; LANES]; W];
        let (k, written) = (vectors::<R, W>(prepared.k, s * width + at), vectors_mut::<R, W>(writes, s * width + at));
        own.copy_from_slice(k);
        sum.copy_from_slice(written);
        for t in s..CHUNK {
            let row = t * width + at;
            let by_q = dm[t * CHUNK + s];
            let by_k = if t > s { dl[t * CHUNK + s] } else { R::ZERO };
            let (q, k) = (vectors::<R, W>(prepared.q, row), vectors::<R, W>(prepared.k, row));
            let alpha = vectors::<R, W>(prepared.alpha, row);
            let (dq, dk) = (vectors_mut::<R, W>(dq, row), vectors_mut::<R, W>(reads, row));
            for w in 0..W {
                let (q, k, alpha, mut own_dq, mut own_dk) = (q[w], k[w], alpha[w], dq[w], dk[w]);
                for j in 0..LANES {
                    decay[w][j] *= if t > s { alpha[j] } else { R::ONE };
                }
                if gone {
                    for j in 0..LANES {
                        decay[w][j] = alive(decay[w][j]);
                    }
                }
                for j in 0..LANES {
                    own_dq[j] = by_q.mul_add(decay[w][j] * own[w][j], own_dq[j]);
                }
                for j in 0..LANES {
                    own_dk[j] = by_k.mul_add(decay[w][j] * own[w][j], own_dk[j]);
                }
                for j in 0..LANES {
                    sum[w][j] = decay[w][j].mul_add(by_q.mul_add(q[j], by_k * k[j]), sum[w][j]);
                }
                dq[w] = own_dq;
                dk[w] = own_dk;
            }
        }
        written.copy_from_slice(&sum);
    }
}

kernel! {
    fn add_pairs_gradients<'a, R>(
        prepared: Prepared<'a, R>, dm: &'a [R], dl: &'a [R], dq: &'a mut [R], reads: &'a mut [R], writes: &'a mut [R], width: usize,
    ) {
        executed(4 * PAIRS * width);
        if prepared.gone(width) {
            blocks!(width, add_pairs_back(prepared, dm, dl, dq, reads, writes, width, true));
        } else {
            blocks!(width, add_pairs_back(prepared, dm, dl, dq, reads, writes, width, false));
        }
    }
}
