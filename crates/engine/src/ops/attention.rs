//! Causal attention (Vaswani et al. 2017, arXiv 1706.03762, eq. 1) with grouped queries (Ainslie et al. 2023, arXiv
//! 2305.13245): for query head h, which reads key and value head g = h / (heads / kv_heads),
//!
//! s_ij = scale q_i . k_j for j <= i, p_i = softmax(s_i), y_i = sum_j p_ij v_j
//!
//! q is `[sequences, length, heads x dk]`, k `[.., kv_heads x dk]`, v `[.., kv_heads x dv]`, y `[.., heads x dv]`; q, k and
//! v may be columns of one projection. There may be more keys than queries: the queries are then those of the last tokens.
//! Probabilities are not kept: forward keeps l_i = ln sum_j e^(s_ij) of every row, from which backward makes
//! p_ij = e^(s_ij - l_i) anew (Dao et al. 2022, arXiv 2205.14135). With D_i = dy_i . y_i:
//!
//! dv_j = sum_i p_ij dy_i, ds_ij = p_ij (dy_i . v_j - D_i), dq_i = scale sum_j ds_ij k_j, dk_j = scale sum_i ds_ij q_i
//!
//! Queries are taken in blocks, each with all keys up to its last query, so scratch memory is linear in the length.

use std::ops::Range;

use super::Op;
use crate::buffers::{Buffer, Gradients, Values};
use crate::simd::{LANES, dot, greatest, kernel, sum};
use crate::tape::Columns;
use crate::{Matrix, Real, Slot, Tape, naive, product};

/// Queries of a block: few, and little is computed above the diagonal; many, and the products are larger.
fn block(length: usize) -> usize {
    if length <= 256 { 64 } else { 128 }
}

/// Keys of a block on the way back, where blocks of keys need not wait for each other.
const KEYS: usize = 512;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    q: Columns,
    k: Columns,
    v: Columns,
    heads: usize,
    kv_heads: usize,
    scale: f64,
    /// l, per head and row
    log_sums: Slot,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Causal softmax attention of `heads` query heads over `kv_heads` key and value heads; scores are multiplied by
    /// `scale`, which is positive and usually dk^(-1/2). The queries are those of the last tokens of the keys.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn attention(
        &mut self,
        q: impl Into<Columns>,
        k: impl Into<Columns>,
        v: impl Into<Columns>,
        [heads, kv_heads]: [usize; 2],
        scale: f64,
    ) -> Slot {
        let (q, k, v) = (q.into(), k.into(), v.into());
        assert!(heads.is_multiple_of(kv_heads), "{heads} query heads cannot share {kv_heads} key heads equally");
        assert!(v.width.is_multiple_of(kv_heads) && k.width.is_multiple_of(kv_heads), "whole heads");
        assert_eq!(q.width, heads * (k.width / kv_heads), "queries and keys of one width");
        let shape = |c: Columns| (c.slot.sequences(), c.slot.length());
        let (sequences, length) = shape(q);
        assert!(shape(k) == shape(v) && shape(k).0 == sequences, "keys and values of the same tokens");
        assert!(shape(k).1 >= length, "queries of tokens that have keys");
        let y = self.output(sequences, length, heads * (v.width / kv_heads));
        let log_sums = self.kept(sequences * heads, length);
        self.run(Node { q, k, v, heads, kv_heads, scale, log_sums, y });
        y
    }
}

/// Multiply-adds of one sequence as they are done here, forward and back: a block of queries meets all keys up to its last
/// query, and the way back makes the scores anew.
pub fn multiply_adds(length: usize, heads: usize, [dk, dv]: [usize; 2]) -> [f64; 2] {
    let block = block(length).min(length);
    let rows = |from: usize| block.min(length - from);
    let scores: usize = (0..length).step_by(block).map(|from| rows(from) * (from + rows(from))).sum();
    [dk + dv, 3 * dk + 2 * dv].map(|width| (heads * scores * width) as f64)
}

/// Rows of a head inside a wider array.
#[derive(Clone, Copy)]
struct Rows<'a, R> {
    data: &'a [R],
    width: usize,
    stride: usize,
}

impl<'a, R: Real> Rows<'a, R> {
    fn new(data: &'a [R], of: Columns, sequence: usize, head: usize, width: usize) -> Self {
        Self { data: &data[place(of, sequence, 0, head, width)..], width, stride: of.slot.width() }
    }

    fn matrix(self, from: usize, rows: usize) -> Matrix<'a, R> {
        Matrix::strided(&self.data[from * self.stride..], rows, self.width, self.stride)
    }
}

/// Where a token of a head begins.
pub(super) fn place(of: Columns, sequence: usize, token: usize, head: usize, width: usize) -> usize {
    (sequence * of.slot.length() + token) * of.slot.width() + of.start + head * width
}

/// The transpose of the keys or values of a head, turned once for all its blocks: `[width, length]`. From where they lie
/// the product would turn them anew for every block, and more slowly.
struct Turned<R> {
    data: Buffer<R>,
    length: usize,
}

impl<R: Real> Turned<R> {
    fn read(&mut self, rows: Rows<R>) {
        transpose(rows.data, rows.stride, rows.width, &mut self.data, self.length);
    }

    fn matrix(&self, width: usize, from: usize, keys: usize) -> Matrix<'_, R> {
        Matrix::strided(&self.data[from..], width, keys, self.length)
    }
}

impl Node {
    fn dk(self) -> usize {
        self.k.width / self.kv_heads
    }

    fn dv(self) -> usize {
        self.v.width / self.kv_heads
    }

    /// Keys of a sequence.
    fn keys(self) -> usize {
        self.k.slot.length()
    }

    /// Keys in front of that of the first query.
    fn ahead(self) -> usize {
        self.keys() - self.y.length()
    }

    /// Query heads to a key and value head.
    fn group(self) -> usize {
        self.heads / self.kv_heads
    }

    fn log_sums_of(self, sequence: usize, head: usize) -> Range<usize> {
        let at = (sequence * self.heads + head) * self.y.length();
        at..at + self.y.length()
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let (length, width, dk, dv) = (self.y.length(), self.y.width(), self.dk(), self.dv());
        let (all, ahead) = (self.keys(), self.ahead());
        let block = block(length).min(length);
        let gradients = &mut tape.buffers.gradients;
        let mut scores = gradients.scratch(block * all);
        let mut inverse = gradients.scratch(block);
        let mut turned = Turned { data: gradients.scratch(dk * all), length: all };
        let values = &mut tape.buffers.values;
        let (mut y, mut log_sums) = (values.take(self.y), values.take(self.log_sums));
        for sequence in 0..self.y.sequences() {
            for head in 0..self.heads {
                let shared = head / self.group();
                if head.is_multiple_of(self.group()) {
                    turned.read(Rows::new(values.get(self.k.slot), self.k, sequence, shared, dk));
                }
                let q = Rows::new(values.get(self.q.slot), self.q, sequence, head, dk);
                let v = Rows::new(values.get(self.v.slot), self.v, sequence, shared, dv);
                let log_sums = &mut log_sums[self.log_sums_of(sequence, head)];
                for from in (0..length).step_by(block) {
                    let rows = block.min(length - from);
                    let keys = ahead + from + rows;
                    let scores = &mut scores[..rows * keys];
                    product(R::ONE, q.matrix(from, rows), turned.matrix(dk, 0, keys), scores, keys, false);
                    let inverse = &mut inverse[..rows];
                    exponentials(
                        scores,
                        keys,
                        ahead + from,
                        R::of(self.scale),
                        &mut log_sums[from..from + rows],
                        inverse,
                    );
                    let y = &mut y[place(self.y.into(), sequence, from, head, dv)..];
                    let p = Matrix::new(scores, rows, keys);
                    product(R::ONE, p, v.matrix(0, keys), y, width, false);
                    normalise(y, width, dv, inverse);
                }
            }
        }
        values.put(self.y, y);
        values.put(self.log_sums, log_sums);
        [scores, inverse, turned.data].into_iter().for_each(|b| tape.buffers.gradients.give(b));
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (dk, dv, length, all) = (self.dk(), self.dv(), self.y.length(), self.keys());
        let (values, gradients) = (&tape.buffers.values, &mut tape.buffers.gradients);
        let block = block(length).min(length);
        let mut scratch = Scratch {
            p: gradients.scratch(block * KEYS.min(all)),
            ds: gradients.scratch(block * KEYS.min(all)),
            along: gradients.scratch(block),
            k: Turned { data: gradients.scratch(dk * all), length: all },
            v: Turned { data: gradients.scratch(dv * all), length: all },
        };
        for sequence in 0..self.y.sequences() {
            for head in 0..self.heads {
                let shared = head / self.group();
                if head.is_multiple_of(self.group()) {
                    scratch.k.read(Rows::new(values.get(self.k.slot), self.k, sequence, shared, dk));
                    scratch.v.read(Rows::new(values.get(self.v.slot), self.v, sequence, shared, dv));
                }
                for from in (0..length).step_by(block) {
                    self.block_backward(values, gradients, [sequence, head, from], &dy, &mut scratch);
                }
            }
        }
        let Scratch { p, ds, along, k, v } = scratch;
        [p, ds, along, k.data, v.data, dy].into_iter().for_each(|b| gradients.give(b));
    }
}

/// Room for one block of scores, and keys and values of one head.
struct Scratch<R> {
    p: Buffer<R>,
    ds: Buffer<R>,
    along: Buffer<R>,
    k: Turned<R>,
    v: Turned<R>,
}

impl Node {
    /// Adds to dq, dk and dv what the queries of one head say from token `from` on, in their places.
    fn block_backward<R: Real>(
        self,
        values: &Values<R>,
        gradients: &mut Gradients<R>,
        [sequence, head, from]: [usize; 3],
        dy: &[R],
        to: &mut Scratch<R>,
    ) {
        let (scale, wk, wv, length) = (R::of(self.scale), self.dk(), self.dv(), self.y.length());
        let (shared, wide, rows) = (head / self.group(), Columns::from(self.y), block(length).min(length - from));
        let q = Rows::new(values.get(self.q.slot), self.q, sequence, head, wk).matrix(from, rows);
        let k = Rows::new(values.get(self.k.slot), self.k, sequence, shared, wk);
        let y = Rows::new(values.get(self.y), wide, sequence, head, wv);
        let dy = Rows::new(dy, wide, sequence, head, wv);
        let log_sums = &values.get(self.log_sums)[self.log_sums_of(sequence, head)];
        let along = &mut to.along[..rows];
        products_along(&dy.data[from * dy.stride..], &y.data[from * y.stride..], dy.stride, wv, along);
        let dy = dy.matrix(from, rows);
        // Row i sees the keys up to this one and i more.
        let first = self.ahead() + from;
        for start in (0..first + rows).step_by(KEYS) {
            let keys = KEYS.min(first + rows - start);
            let (p, ds) = (&mut to.p[..rows * keys], &mut to.ds[..rows * keys]);
            product(R::ONE, q, to.k.matrix(wk, start, keys), p, keys, false);
            product(R::ONE, dy, to.v.matrix(wv, start, keys), ds, keys, false);
            slopes(p, ds, keys, first as isize - start as isize, scale, &log_sums[from..], along);
            let (p, ds) = (Matrix::new(p, rows, keys), Matrix::new(ds, rows, keys));
            if let Some(sum) = gradients.open_zeroed(self.v.slot) {
                let at = place(self.v, sequence, start, shared, wv);
                product(R::ONE, p.t(), dy, &mut sum[at..], self.v.slot.width(), true);
            }
            if let Some(sum) = gradients.open_zeroed(self.q.slot) {
                let at = place(self.q, sequence, from, head, wk);
                product(scale, ds, k.matrix(start, keys), &mut sum[at..], self.q.slot.width(), true);
            }
            if let Some(sum) = gradients.open_zeroed(self.k.slot) {
                let at = place(self.k, sequence, start, shared, wk);
                product(scale, ds.t(), q, &mut sum[at..], self.k.slot.width(), true);
            }
        }
    }
}

kernel! {
    /// Rows of `width` elements, `stride` apart, as columns of y, whose rows have `length` elements. Rows are taken by
    /// whole vectors of y, so that what is written lies side by side.
    pub(super) fn transpose<'a, R>(x: &'a [R], stride: usize, width: usize, y: &'a mut [R], length: usize) {
        let whole = length - length % LANES;
        for row in (0..whole).step_by(LANES) {
            let rows: [&[R]; LANES] = std::array::from_fn(|i| &x[(row + i) * stride..][..width]);
            for c in 0..width {
                let y = &mut y[c * length + row..][..LANES];
                for i in 0..LANES {
                    y[i] = rows[i][c];
                }
            }
        }
        for row in whole..length {
            for c in 0..width {
                y[c * length + row] = x[row * stride + c];
            }
        }
    }
}

/// The elements of a row that loops run over when `seen` of them count: whole vectors, because what is left over is done
/// one by one, and in a triangle something is left over in almost every row.
#[inline(always)]
fn whole(seen: usize, keys: usize) -> usize {
    seen.next_multiple_of(LANES).min(keys)
}

kernel! {
    /// Scores to e^(s - m) with m the greatest of the row, 0 beyond the diagonal; m + ln of their sum, and 1 / sum.
    fn exponentials<'a, R>(
        scores: &'a mut [R], keys: usize, from: usize, scale: R, log_sums: &'a mut [R], inverse: &'a mut [R],
    ) {
        for (i, ((row, log_sum), inverse)) in scores.chunks_exact_mut(keys).zip(log_sums).zip(inverse).enumerate() {
            let seen = from + i + 1;
            let whole = whole(seen, keys);
            let (row, beyond) = row.split_at_mut(whole);
            let first = row[0];
            row[seen..].fill(first);
            let m = scale * greatest(row, first);
            for s in row.iter_mut() {
                *s = s.mul_add(scale, -m).exp();
            }
            row[seen..].fill(R::ZERO);
            beyond.fill(R::ZERO);
            let all = sum(row);
            *log_sum = m + all.ln();
            *inverse = R::ONE / all;
        }
    }
}

kernel! {
    fn normalise<'a, R>(y: &'a mut [R], stride: usize, width: usize, inverse: &'a [R]) {
        for (y, &inverse) in y.chunks_mut(stride).zip(inverse) {
            for y in &mut y[..width] {
                *y *= inverse;
            }
        }
    }
}

kernel! {
    /// D_i, the inner product of two rows.
    fn products_along<'a, R>(x: &'a [R], y: &'a [R], stride: usize, width: usize, along: &'a mut [R]) {
        for (i, along) in along.iter_mut().enumerate() {
            *along = dot(&x[i * stride..][..width], &y[i * stride..][..width]);
        }
    }
}

kernel! {
    /// Scores to probabilities, and dy . v to ds, both 0 beyond the diagonal.
    fn slopes<'a, R>(
        p: &'a mut [R], ds: &'a mut [R], keys: usize, diagonal: isize, scale: R, log_sums: &'a [R], along: &'a [R],
    ) {
        let rows = p.chunks_exact_mut(keys).zip(ds.chunks_exact_mut(keys)).zip(log_sums).zip(along);
        for (i, (((p, ds), &l), &along)) in rows.enumerate() {
            let seen = (diagonal + i as isize + 1).clamp(0, keys as isize) as usize;
            let whole = whole(seen, keys);
            for (p, ds) in p[..whole].iter_mut().zip(&mut ds[..whole]) {
                *p = p.mul_add(scale, -l).exp();
                *ds = *p * (*ds - along);
            }
            p[seen..].fill(R::ZERO);
            ds[seen..].fill(R::ZERO);
        }
    }
}

/// The naive reference: q `[sequences, length, heads x dk]`, k and v `[sequences, keys, ..]` with `kv_heads`.
pub fn naive(
    q: &[f64],
    k: &[f64],
    v: &[f64],
    [length, keys]: [usize; 2],
    [heads, kv_heads]: [usize; 2],
    [dk, dv]: [usize; 2],
    scale: f64,
) -> Vec<f64> {
    let rows = q.len() / (heads * dk);
    let mut y = vec![0.0; rows * heads * dv];
    for i in 0..rows {
        for h in 0..heads {
            let g = h / (heads / kv_heads);
            let first = i / length * keys;
            let last = first + keys - length + i % length;
            let score =
                |j: usize| scale * naive::dot(dk, |c| (q[(i * heads + h) * dk + c], k[(j * kv_heads + g) * dk + c]));
            let scores: Vec<f64> = (first..=last).map(score).collect();
            let most = scores.iter().fold(f64::MIN, |m, &s| m.max(s));
            let sum: f64 = scores.iter().map(|s| libm::exp(s - most)).sum();
            for c in 0..dv {
                y[(i * heads + h) * dv + c] = naive::dot(scores.len(), |j| {
                    (libm::exp(scores[j] - most) / sum, v[((first + j) * kv_heads + g) * dv + c])
                });
            }
        }
    }
    y
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        /// keys in front of that of the first query
        ahead: usize,
        heads: [usize; 2],
        dk: usize,
        dv: usize,
        fused: bool,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            // Long sequences cross blocks of queries, and once in a while blocks of keys.
            let length = if d.one_in(200) {
                520 + d.below(80)
            } else if d.one_in(10) {
                30 + d.below(70)
            } else {
                d.size(1, 20)
            };
            let kv_heads = d.size(1, 3);
            let dk = d.size(1, 9);
            let dv = if d.one_in(2) { dk } else { d.size(1, 9) };
            let sequences = if length > 100 { 1 } else { d.size(1, 3) };
            let heads = [kv_heads * d.size(1, 3), kv_heads];
            let fused = d.one_in(2);
            let ahead = if fused || d.one_in(2) { 0 } else { d.size(1, 70) };
            Self { shape: [sequences, length], ahead, heads, dk, dv, fused }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let ([b, t], [h, g]) = (self.shape, self.heads);
            let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
            if self.fused {
                return vec![[b, t, q + k + v]];
            }
            vec![[b, t, q], [b, t + self.ahead, k], [b, t + self.ahead, v]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let [h, g] = self.heads;
            let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
            match inputs {
                [x] => tape.attention(x.columns(0, q), x.columns(q, k), x.columns(q + k, v), self.heads, 0.4),
                _ => tape.attention(inputs[0], inputs[1], inputs[2], self.heads, 0.4),
            }
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let [h, g] = self.heads;
            let (q, k, v) = (h * self.dk, g * self.dk, g * self.dv);
            let parts: Vec<Vec<f64>> = if self.fused {
                let part = |from: usize, n: usize| {
                    inputs[0].chunks(q + k + v).flat_map(|row| row[from..from + n].to_vec()).collect()
                };
                vec![part(0, q), part(q, k), part(q + k, v)]
            } else {
                inputs.to_vec()
            };
            let lengths = [self.shape[1], self.shape[1] + self.ahead];
            naive(&parts[0], &parts[1], &parts[2], lengths, self.heads, [self.dk, self.dv], 0.4)
        }
    }
}
