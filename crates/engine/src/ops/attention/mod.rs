//! Attention (Vaswani et al. 2017, arXiv 1706.03762, eq. 1) with grouped queries (Ainslie et al. 2023, arXiv 2305.13245): for
//! query head h, which reads key and value head g = h / (heads / kv_heads),
//!
//! s_ij = scale q_i . k_j for j in S_i, p_i = softmax(s_i), y_i = sum_j p_ij v_j
//!
//! S_i are the tokens up to i, or a span of its own for every token: up to i for text and up to the end of a picture for its
//! patches, both from the beginning of their document on.
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
use crate::buffers::{Buffer, Buffers, Gradients, Values};
use crate::simd::{LANES, dot, greatest, kernel, sum};
use crate::tape::Columns;
use crate::{Matrix, Real, Slot, Tape, Tokens, naive, product};

/// Queries of a block: few, and little is computed above the diagonal; many, and the products are larger.
fn block(length: usize) -> usize {
    if length <= 256 { 64 } else { MOST }
}

/// Queries of the largest block.
const MOST: usize = 128;

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
    /// of each token: the first that it reads, and the one behind the last
    spans: Option<Tokens>,
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
        heads: [usize; 2],
        scale: f64,
    ) -> Slot {
        self.attend(q.into(), k.into(), v.into(), heads, scale, None)
    }

    /// The same where every token has a span of tokens that it reads: the first one and the one behind the last, counted from
    /// the beginning of its sequence, token after token. Queries and keys are of the same tokens.
    ///
    /// # Panics
    /// If the shapes do not fit, or a span is empty or reaches beyond its sequence.
    pub fn attention_within(
        &mut self,
        q: impl Into<Columns>,
        k: impl Into<Columns>,
        v: impl Into<Columns>,
        heads: [usize; 2],
        scale: f64,
        spans: Tokens,
    ) -> Slot {
        let (q, k) = (q.into(), k.into());
        let length = q.slot.length();
        assert_eq!(length, k.slot.length(), "queries and keys of the same tokens");
        let (all, _) = self.buffers.tokens[spans.index].as_chunks::<2>();
        assert!(all.len() == q.slot.rows() && spans.length == 2 * length, "a span for every token");
        assert!(all.iter().all(|[from, to]| from < to && *to as usize <= length), "spans inside of their sequence");
        self.attend(q, k, v.into(), heads, scale, Some(spans))
    }

    fn attend(
        &mut self,
        q: Columns,
        k: Columns,
        v: Columns,
        [heads, kv_heads]: [usize; 2],
        scale: f64,
        spans: Option<Tokens>,
    ) -> Slot {
        assert!(heads.is_multiple_of(kv_heads), "{heads} query heads cannot share {kv_heads} key heads equally");
        assert!(v.width.is_multiple_of(kv_heads) && k.width.is_multiple_of(kv_heads), "whole heads");
        assert_eq!(q.width, heads * (k.width / kv_heads), "queries and keys of one width");
        let shape = |c: Columns| (c.slot.sequences(), c.slot.length());
        let (sequences, length) = shape(q);
        assert!(shape(k) == shape(v) && shape(k).0 == sequences, "keys and values of the same tokens");
        assert!(shape(k).1 >= length, "queries of tokens that have keys");
        let y = self.output(sequences, length, heads * (v.width / kv_heads));
        let log_sums = self.kept(sequences * heads, length);
        self.run(Node { q, k, v, heads, kv_heads, scale, spans, log_sums, y });
        y
    }
}

/// Multiply-adds of one sequence as they are done here, forward and back: a block of queries meets all keys up to its last
/// query, and the way back makes the scores anew.
pub fn multiply_adds(length: usize, heads: usize, [dk, dv]: [usize; 2]) -> [f64; 2] {
    let block = block(length).min(length);
    let rows = |from: usize| block.min(length - from);
    let scores: usize = (0..length).step_by(block).map(|from| rows(from) * (from + rows(from))).sum();
    multiply_adds_of(scores as f64, heads, [dk, dv])
}

/// Multiply-adds forward and back for so many scores, masked ones among them.
pub fn multiply_adds_of(scores: f64, heads: usize, [dk, dv]: [usize; 2]) -> [f64; 2] {
    [dk + dv, 3 * dk + 2 * dv].map(|width| scores * (heads * width) as f64)
}

/// Scores of a head that are made for one sequence whose tokens read these spans: a block of queries meets all keys between the
/// first and the last that one of them reads.
pub fn scores_within(spans: &[[u32; 2]]) -> usize {
    let block = block(spans.len());
    spans.chunks(block).map(|spans| spans.len() * hull(spans).len()).sum()
}

/// From the first to the last of some spans.
fn hull(spans: &[[u32; 2]]) -> Range<usize> {
    let (from, to) = spans.iter().fold((u32::MAX, 0), |(from, to), span| (from.min(span[0]), to.max(span[1])));
    from as usize..to as usize
}

/// The spans of a block of queries.
type Spans = [[u32; 2]; MOST];

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

    /// What the queries of a block read.
    fn spans<R: Real>(self, buffers: &Buffers<R>, sequence: usize, from: usize, rows: usize) -> Spans {
        let mut spans = [[0; 2]; MOST];
        match self.spans {
            Some(list) => {
                let (all, _) = buffers.tokens[list.index].as_chunks::<2>();
                spans[..rows].copy_from_slice(&all[sequence * self.y.length() + from..][..rows]);
            }
            None => {
                let first = self.ahead() + from;
                spans[..rows].iter_mut().enumerate().for_each(|(i, span)| span[1] = (first + i + 1) as u32);
            }
        }
        spans
    }

    fn log_sums_of(self, sequence: usize, head: usize) -> Range<usize> {
        let at = (sequence * self.heads + head) * self.y.length();
        at..at + self.y.length()
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let (length, width, dk, dv) = (self.y.length(), self.y.width(), self.dk(), self.dv());
        let all = self.keys();
        let block = block(length).min(length);
        let gradients = &mut tape.buffers.gradients;
        let mut scores = gradients.scratch(block * all);
        let mut inverse = gradients.scratch(block);
        let mut turned = Turned { data: gradients.scratch(dk * all), length: all };
        let (mut y, mut log_sums) = (tape.buffers.values.take(self.y), tape.buffers.values.take(self.log_sums));
        let values = &tape.buffers.values;
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
                    let spans = &self.spans(tape.buffers, sequence, from, rows)[..rows];
                    let Range { start, end } = hull(spans);
                    let keys = end - start;
                    let scores = &mut scores[..rows * keys];
                    product(R::ONE, q.matrix(from, rows), turned.matrix(dk, start, keys), scores, keys, false);
                    let inverse = &mut inverse[..rows];
                    let log_sums = &mut log_sums[from..from + rows];
                    exponentials(scores, keys, start, spans, R::of(self.scale), log_sums, inverse);
                    let y = &mut y[place(self.y.into(), sequence, from, head, dv)..];
                    let p = Matrix::new(scores, rows, keys);
                    product(R::ONE, p, v.matrix(start, keys), y, width, false);
                    normalise(y, width, dv, inverse);
                }
            }
        }
        tape.buffers.values.put(self.y, y);
        tape.buffers.values.put(self.log_sums, log_sums);
        [scores, inverse, turned.data].into_iter().for_each(|b| tape.buffers.gradients.give(b));
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (dk, dv, length, all) = (self.dk(), self.dv(), self.y.length(), self.keys());
        let block = block(length).min(length);
        let gradients = &mut tape.buffers.gradients;
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
                let values = &tape.buffers.values;
                if head.is_multiple_of(self.group()) {
                    scratch.k.read(Rows::new(values.get(self.k.slot), self.k, sequence, shared, dk));
                    scratch.v.read(Rows::new(values.get(self.v.slot), self.v, sequence, shared, dv));
                }
                for from in (0..length).step_by(block) {
                    let spans = &self.spans(tape.buffers, sequence, from, block.min(length - from));
                    let Buffers { values, gradients, .. } = &mut *tape.buffers;
                    self.block_backward(values, gradients, [sequence, head, from], spans, &dy, &mut scratch);
                }
            }
        }
        let gradients = &mut tape.buffers.gradients;
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
        spans: &Spans,
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
        let spans = &spans[..rows];
        let Range { start, end } = hull(spans);
        for start in (start..end).step_by(KEYS) {
            let keys = KEYS.min(end - start);
            let (p, ds) = (&mut to.p[..rows * keys], &mut to.ds[..rows * keys]);
            product(R::ONE, q, to.k.matrix(wk, start, keys), p, keys, false);
            product(R::ONE, dy, to.v.matrix(wv, start, keys), ds, keys, false);
            slopes(p, ds, keys, start, spans, scale, &log_sums[from..], along);
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

/// The part of a span that lies among `keys` keys from `start` on, and the elements of a row that loops run over for it:
/// whole vectors, because what is left over is done one by one, and in a triangle something is left over in almost every row.
#[inline(always)]
fn among([from, to]: [u32; 2], start: usize, keys: usize) -> [usize; 4] {
    let [from, to] = [from, to].map(|at| (at as usize).saturating_sub(start).min(keys));
    [from - from % LANES, from, to, to.next_multiple_of(LANES).min(keys)]
}

kernel! {
    /// Scores to e^(s - m) with m the greatest of the row, 0 outside of the span; m + ln of their sum, and 1 / sum.
    fn exponentials<'a, R>(
        scores: &'a mut [R],
        keys: usize,
        start: usize,
        spans: &'a [[u32; 2]],
        scale: R,
        log_sums: &'a mut [R],
        inverse: &'a mut [R],
    ) {
        let rows = scores.chunks_exact_mut(keys).zip(spans).zip(log_sums).zip(inverse);
        for (((row, &span), log_sum), inverse) in rows {
            let [low, from, to, high] = among(span, start, keys);
            row[..low].fill(R::ZERO);
            row[high..].fill(R::ZERO);
            let first = row[from];
            row[low..from].fill(first);
            row[to..high].fill(first);
            let seen = &mut row[low..high];
            let m = scale * greatest(seen, first);
            for s in seen.iter_mut() {
                *s = s.mul_add(scale, -m).exp();
            }
            seen[..from - low].fill(R::ZERO);
            seen[to - low..].fill(R::ZERO);
            let all = sum(seen);
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
    /// Scores to probabilities, and dy . v to ds, both 0 outside of the span.
    fn slopes<'a, R>(
        p: &'a mut [R],
        ds: &'a mut [R],
        keys: usize,
        start: usize,
        spans: &'a [[u32; 2]],
        scale: R,
        log_sums: &'a [R],
        along: &'a [R],
    ) {
        let rows = p.chunks_exact_mut(keys).zip(ds.chunks_exact_mut(keys)).zip(spans).zip(log_sums).zip(along);
        for ((((p, ds), &span), &l), &along) in rows {
            let [low, from, to, high] = among(span, start, keys);
            for (p, ds) in p[low..high].iter_mut().zip(&mut ds[low..high]) {
                *p = p.mul_add(scale, -l).exp();
                *ds = *p * (*ds - along);
            }
            for masked in [p, ds] {
                masked[..from].fill(R::ZERO);
                masked[to..].fill(R::ZERO);
            }
        }
    }
}

/// The naive reference: q `[sequences, length, heads x dk]`, k and v `[sequences, keys, ..]` with `kv_heads`. Each token reads
/// all up to itself, or its own of the spans.
#[allow(clippy::too_many_arguments)]
pub fn naive(
    q: &[f64],
    k: &[f64],
    v: &[f64],
    [length, keys]: [usize; 2],
    [heads, kv_heads]: [usize; 2],
    [dk, dv]: [usize; 2],
    scale: f64,
    spans: Option<&[[u32; 2]]>,
) -> Vec<f64> {
    let rows = q.len() / (heads * dk);
    let mut y = vec![0.0; rows * heads * dv];
    for i in 0..rows {
        for h in 0..heads {
            let g = h / (heads / kv_heads);
            let sequence = i / length * keys;
            let [from, to] = spans.map_or([0, keys - length + i % length + 1], |s| s[i].map(|at| at as usize));
            let first = sequence + from;
            let score =
                |j: usize| scale * naive::dot(dk, |c| (q[(i * heads + h) * dk + c], k[(j * kv_heads + g) * dk + c]));
            let scores: Vec<f64> = (first..sequence + to).map(score).collect();
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
pub(super) mod tests;
