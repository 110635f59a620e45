//! Loops over whole vectors, and the product of small matrices made of them.
//!
//! Rows here are padded to whole vectors. A loop copies a vector before it computes with it: only then does the compiler
//! see that nothing else is written meanwhile, and keeps it in a register.

use crate::Real;
use crate::product::executed;
use crate::simd::{LANES, kernel};

/// Rows of a tile of a product: with four vectors of columns, sixteen sums stay in registers.
const ROWS: usize = 4;

/// The vector at an index.
#[inline(always)]
pub(super) fn vector<R: Real>(x: &[R], at: usize) -> [R; LANES] {
    x[at..].as_chunks::<LANES>().0[0]
}

/// The same, to be changed.
#[inline(always)]
pub(super) fn vector_mut<R>(x: &mut [R], at: usize) -> &mut [R; LANES] {
    &mut x[at..].as_chunks_mut::<LANES>().0[0]
}

/// W vectors in memory.
#[inline(always)]
pub(super) fn vectors<R, const W: usize>(x: &[R], at: usize) -> &[[R; LANES]] {
    x[at..][..W * LANES].as_chunks::<LANES>().0
}

/// The same, to be changed.
#[inline(always)]
pub(super) fn vectors_mut<R, const W: usize>(x: &mut [R], at: usize) -> &mut [[R; LANES]] {
    x[at..][..W * LANES].as_chunks_mut::<LANES>().0
}

/// z = f(z)
#[inline(always)]
pub(super) fn update<R: Real>(z: &mut [R], f: impl Fn(R) -> R) {
    for z in z.as_chunks_mut::<LANES>().0 {
        let mut own = *z;
        for j in 0..LANES {
            own[j] = f(own[j]);
        }
        *z = own;
    }
}

/// z = f(x, y)
#[inline(always)]
pub(super) fn write2<R: Real>(z: &mut [R], x: &[R], y: &[R], f: impl Fn(R, R) -> R) {
    let (z, x, y) = (z.as_chunks_mut::<LANES>().0, x.as_chunks::<LANES>().0, y.as_chunks::<LANES>().0);
    for ((z, x), y) in z.iter_mut().zip(x).zip(y) {
        let (x, y, mut own) = (*x, *y, [R::ZERO; LANES]);
        for j in 0..LANES {
            own[j] = f(x[j], y[j]);
        }
        *z = own;
    }
}

/// z = f(z, x, y)
#[inline(always)]
pub(super) fn update2<R: Real>(z: &mut [R], x: &[R], y: &[R], f: impl Fn(R, R, R) -> R) {
    let (z, x, y) = (z.as_chunks_mut::<LANES>().0, x.as_chunks::<LANES>().0, y.as_chunks::<LANES>().0);
    for ((z, x), y) in z.iter_mut().zip(x).zip(y) {
        let (x, y, mut own) = (*x, *y, *z);
        for j in 0..LANES {
            own[j] = f(own[j], x[j], y[j]);
        }
        *z = own;
    }
}

/// `f::<R, W>(.., at)` for blocks of W vectors that cover `width` elements, W as large as may be.
macro_rules! blocks {
    ($width:expr, $f:ident($($arg:expr),* $(,)?)) => {{
        let (width, mut at) = ($width, 0);
        while at < width {
            at += LANES * match (width - at) / LANES {
                0 | 1 => { $f::<R, 1>($($arg,)* at); 1 }
                2 | 3 => { $f::<R, 2>($($arg,)* at); 2 }
                _ => { $f::<R, 4>($($arg,)* at); 4 }
            };
        }
    }};
}
pub(super) use blocks;

/// sums -= by x
#[inline(always)]
pub(super) fn subtract<R: Real, const W: usize>(sums: &mut [[R; LANES]; W], by: R, x: &[[R; LANES]]) {
    for w in 0..W {
        let x = x[w];
        for j in 0..LANES {
            sums[w][j] = (-by).mul_add(x[j], sums[w][j]);
        }
    }
}

/// The left factor of a product: a matrix of `width` columns, or its transpose.
#[derive(Clone, Copy)]
pub(super) enum Left<'b, R> {
    Plain(&'b [R], usize),
    Turned(&'b [R], usize),
}

kernel! {
    /// C = A B, or C += A B if `add`; the rows of B and C are `width` long, a whole number of vectors, and those of A are
    /// a multiple of [`ROWS`].
    pub(super) fn product<'a, R>(a: Left<'a, R>, b: &'a [R], c: &'a mut [R], width: usize, add: bool) {
        let (Left::Plain(all, _) | Left::Turned(all, _)) = a;
        executed(all.len() * width);
        blocks!(width, columns(a, b, c, width, add));
    }
}

#[inline(always)]
fn columns<R: Real, const W: usize>(a: Left<R>, b: &[R], c: &mut [R], width: usize, add: bool, at: usize) {
    match a {
        Left::Plain(a, inner) => {
            for (i, a) in a.chunks_exact(ROWS * inner).enumerate() {
                let rows: [&[R]; ROWS] = [&a[..inner], &a[inner..][..inner], &a[2 * inner..][..inner], &a[3 * inner..]];
                let rows = rows.map(|row| &row[..inner]);
                let mut sums = [[[R::ZERO; LANES]; W]; ROWS];
                for p in 0..inner {
                    let x = [rows[0][p], rows[1][p], rows[2][p], rows[3][p]];
                    multiply_add(&mut sums, x, vectors::<R, W>(b, p * width + at));
                }
                write(&sums, c, ROWS * i, width, add, at);
            }
        }
        Left::Turned(a, rows) => {
            for first in (0..rows).step_by(ROWS) {
                let mut sums = [[[R::ZERO; LANES]; W]; ROWS];
                for (p, a) in a.chunks_exact(rows).enumerate() {
                    let a = &a[first..][..ROWS];
                    multiply_add(&mut sums, [a[0], a[1], a[2], a[3]], vectors::<R, W>(b, p * width + at));
                }
                write(&sums, c, first, width, add, at);
            }
        }
    }
}

#[inline(always)]
fn multiply_add<R: Real, const W: usize>(sums: &mut [[[R; LANES]; W]; ROWS], x: [R; ROWS], b: &[[R; LANES]]) {
    for w in 0..W {
        let b = b[w];
        for i in 0..ROWS {
            for j in 0..LANES {
                sums[i][w][j] = x[i].mul_add(b[j], sums[i][w][j]);
            }
        }
    }
}

#[inline(always)]
fn write<R: Real, const W: usize>(
    sums: &[[[R; LANES]; W]; ROWS],
    c: &mut [R],
    first: usize,
    width: usize,
    add: bool,
    at: usize,
) {
    for i in 0..ROWS {
        let c = vectors_mut::<R, W>(c, (first + i) * width + at);
        for w in 0..W {
            let mut sum = sums[i][w];
            if add {
                let old = c[w];
                for j in 0..LANES {
                    sum[j] += old[j];
                }
            }
            c[w] = sum;
        }
    }
}
