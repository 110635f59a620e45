//! What is done to scores element by element, and how keys are laid out for the products.

use crate::Real;
use crate::simd::{LANES, dot, greatest, kernel, sum};

kernel! {
    /// Rows of `width` elements, `stride` apart, as columns of y, whose rows have `length` elements. Rows are taken by
    /// whole vectors of y, so that what is written lies side by side.
    pub(in crate::ops) fn transpose<'a, R>(x: &'a [R], stride: usize, width: usize, y: &'a mut [R], length: usize) {
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

/// What a row of scores is of: keys side by side from `start` on, and which of them each query reads.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Part<'a> {
    /// Elements of a row.
    pub keys: usize,
    /// The first key.
    pub start: usize,
    /// Of each row.
    pub spans: &'a [[u32; 2]],
}

impl Part<'_> {
    /// Sets what lies outside of the span of a row to 0, or near its ends to one of its scores; the elements that loops run over,
    /// and the greatest score. None where the span is empty.
    #[inline(always)]
    fn open<R: Real>(self, i: usize, row: &mut [R]) -> Option<([usize; 4], R)> {
        let at @ [low, from, to, high] = among(self.spans[i], self.start, self.keys);
        if from == to {
            row.fill(R::ZERO);
            return None;
        }
        row[..low].fill(R::ZERO);
        row[high..].fill(R::ZERO);
        let first = row[from];
        row[low..from].fill(first);
        row[to..high].fill(first);
        Some((at, greatest(&row[low..high], first)))
    }
}

/// e^(scale s - m) of the scores of a span, and their sum.
#[inline(always)]
fn raise<R: Real>(row: &mut [R], [low, from, to, high]: [usize; 4], scale: R, m: R) -> R {
    let seen = &mut row[low..high];
    for s in seen.iter_mut() {
        *s = s.mul_add(scale, -m).exp();
    }
    seen[..from - low].fill(R::ZERO);
    seen[to - low..].fill(R::ZERO);
    sum(seen)
}

kernel! {
    /// Scores to e^(s - m) with m the greatest of the row, 0 outside of the spans; m + ln of their sum, and 1 / sum. A row is of keys of
    /// its own, of which it reads some, and then of keys of a memory, of which it may read none.
    pub(in crate::ops) fn exponentials<'a, R>(
        scores: &'a mut [R],
        own: Part<'a>,
        memory: Part<'a>,
        scale: R,
        log_sums: &'a mut [R],
        inverse: &'a mut [R],
    ) {
        let rows = scores.chunks_exact_mut(own.keys + memory.keys).zip(log_sums).zip(inverse).enumerate();
        for (i, ((row, log_sum), inverse)) in rows {
            let (row, other) = row.split_at_mut(own.keys);
            let Some((seen, most)) = own.open(i, row) else { unreachable!("a token reads itself") };
            let remembered = if memory.keys == 0 { None } else { memory.open(i, other) };
            let m = scale * remembered.map_or(most, |(_, other)| if other > most { other } else { most });
            let mut all = raise(row, seen, scale, m);
            if let Some((seen, _)) = remembered {
                all += raise(other, seen, scale, m);
            }
            *log_sum = m + all.ln();
            *inverse = R::ONE / all;
        }
    }
}

kernel! {
    pub(super) fn normalise<'a, R>(y: &'a mut [R], stride: usize, width: usize, inverse: &'a [R]) {
        for (y, &inverse) in y.chunks_mut(stride).zip(inverse) {
            for y in &mut y[..width] {
                *y *= inverse;
            }
        }
    }
}

kernel! {
    /// D_i, the inner product of two rows.
    pub(super) fn products_along<'a, R>(x: &'a [R], y: &'a [R], stride: usize, width: usize, along: &'a mut [R]) {
        for (i, along) in along.iter_mut().enumerate() {
            *along = dot(&x[i * stride..][..width], &y[i * stride..][..width]);
        }
    }
}

kernel! {
    /// Scores to probabilities, and dy . v to ds, both 0 outside of the span.
    pub(super) fn slopes<'a, R>(
        p: &'a mut [R], ds: &'a mut [R], of: Part<'a>, scale: R, log_sums: &'a [R], along: &'a [R],
    ) {
        let rows = p.chunks_exact_mut(of.keys).zip(ds.chunks_exact_mut(of.keys)).zip(of.spans).zip(log_sums).zip(along);
        for ((((p, ds), &span), &l), &along) in rows {
            let [low, from, to, high] = among(span, of.start, of.keys);
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
