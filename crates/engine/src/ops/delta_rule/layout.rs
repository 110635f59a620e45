//! Where the numbers of a chunk lie: rows of one head in wider arrays outside, rows of whole vectors inside.

use crate::Real;
use crate::simd::{LANES, add, kernel};

/// Tokens of a chunk, C.
pub(super) const CHUNK: usize = 16;

/// Pairs t >= s of its tokens.
pub(super) const PAIRS: usize = CHUNK * (CHUNK + 1) / 2;

/// Widths of a head: K and V, and both in whole vectors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub k: usize,
    pub v: usize,
    pub wide_k: usize,
    pub wide_v: usize,
}

impl Size {
    pub(super) fn new(k: usize, v: usize) -> Self {
        Self { k, v, wide_k: k.next_multiple_of(LANES), wide_v: v.next_multiple_of(LANES) }
    }

    /// Elements of a padded state.
    pub(super) fn state(self) -> usize {
        self.wide_k * self.wide_v
    }

    /// Elements of x of a chunk.
    pub(super) fn errors(self) -> usize {
        CHUNK * self.wide_v
    }

    /// Elements of M and L of a chunk.
    pub(super) fn pairs(self) -> usize {
        2 * CHUNK * CHUNK
    }

    /// Multiply-adds of a chunk, forward and back. States meet C rows of reads of q, as many of k, and of writes, and so do
    /// their gradients, once more where the rows have gradients; M and L are made and used, and x solved for.
    pub(super) fn multiply_adds(self) -> [usize; 2] {
        let (k, v) = (self.wide_k, self.wide_v);
        let (state, solved) = (CHUNK * k * v, (PAIRS - CHUNK) * v);
        [
            3 * state + CHUNK * CHUNK * v + 2 * PAIRS * k + solved,
            6 * state + 3 * CHUNK * CHUNK * v + 4 * PAIRS * k + solved,
        ]
    }

    /// A state without its padding.
    pub(super) fn unpad<R: Real>(self, padded: &[R], state: &mut [R]) {
        for (row, padded) in state.chunks_exact_mut(self.v).zip(padded.chunks_exact(self.wide_v)) {
            row.copy_from_slice(&padded[..self.v]);
        }
    }

    /// Adds a state without its padding.
    pub(super) fn add_unpadded<R: Real>(self, padded: &[R], sum: &mut [R]) {
        for (row, padded) in sum.chunks_exact_mut(self.v).zip(padded.chunks_exact(self.wide_v)) {
            add(row, padded);
        }
    }

    /// A state with padding; zero if there is none.
    pub(super) fn pad<R: Real>(self, state: Option<&[R]>, padded: &mut [R]) {
        padded.fill(R::ZERO);
        for (row, padded) in state.unwrap_or_default().chunks_exact(self.v).zip(padded.chunks_exact_mut(self.wide_v)) {
            padded[..self.v].copy_from_slice(row);
        }
    }
}

/// Rows of one head inside a wider array, from the first token of a chunk on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a, R> {
    pub data: &'a [R],
    pub stride: usize,
    pub width: usize,
}

impl<'a, R: Real> Rows<'a, R> {
    #[inline(always)]
    pub(super) fn row(self, t: usize) -> &'a [R] {
        &self.data[t * self.stride..][..self.width]
    }

    /// The first `count` rows into rows of `wide`, multiplied by `scale`; zero elsewhere.
    #[inline(always)]
    pub(super) fn read(self, count: usize, scale: R, wide: usize, to: &mut [R]) {
        let (filled, rest) = to.split_at_mut(count * wide);
        rest.fill(R::ZERO);
        for (t, to) in filled.chunks_exact_mut(wide).enumerate() {
            let (row, rest) = (self.row(t), &mut to[self.width / LANES * LANES..]);
            if !rest.is_empty() {
                rest.fill(R::ZERO);
                for (to, &x) in rest.iter_mut().zip(row.as_chunks::<LANES>().1) {
                    *to = scale * x;
                }
            }
            for (to, x) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(row.as_chunks::<LANES>().0) {
                let mut x = *x;
                for j in 0..LANES {
                    x[j] *= scale;
                }
                *to = x;
            }
        }
    }
}

/// What one head of a chunk of `count` tokens is made from; `decay` is of width K or 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'a, R> {
    pub q: Rows<'a, R>,
    pub k: Rows<'a, R>,
    pub v: Rows<'a, R>,
    pub decay: Rows<'a, R>,
    pub beta: Rows<'a, R>,
    pub scale: R,
    pub count: usize,
}

/// Parts of a buffer, one behind the other.
#[inline(always)]
pub(super) fn parts<R, const N: usize>(mut from: &mut [R], sizes: [usize; N]) -> ([&mut [R]; N], &mut [R]) {
    let parts = sizes.map(|n| {
        let (part, rest) = std::mem::take(&mut from).split_at_mut(n);
        from = rest;
        part
    });
    (parts, from)
}

kernel! {
    /// Adds `count` rows of `width` times a number; rows are `wide` apart, and go `stride` apart.
    pub(super) fn add_rows<'a, R>(
        rows: &'a [R], wide: usize, width: usize, scale: R, count: usize, to: &'a mut [R], stride: usize,
    ) {
        for (row, to) in rows.chunks_exact(wide).zip(to.chunks_mut(stride)).take(count) {
            let (to, rest) = to[..width].as_chunks_mut::<LANES>();
            let (row, row_rest) = row[..width].as_chunks::<LANES>();
            for (to, row) in to.iter_mut().zip(row) {
                let (mut sum, row) = (*to, *row);
                for j in 0..LANES {
                    sum[j] = scale.mul_add(row[j], sum[j]);
                }
                *to = sum;
            }
            for (to, &x) in rest.iter_mut().zip(row_rest) {
                *to = scale.mul_add(x, *to);
            }
        }
    }
}
