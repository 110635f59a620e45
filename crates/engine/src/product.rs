//! The one matrix product, on which everything heavy runs.
//!
//! The `gemm` crate chooses kernels for the machine at run time. Its bits do not depend on the machine as long as the
//! inner dimension is at most 512 (above that it splits by the sizes of the caches), so we cut there, and as long as its
//! paths for vectors and tiny results are not taken (they sum in as many lanes as the machine has), so those are ours.

use std::cell::Cell;

use crate::Real;
use crate::simd::{dot, kernel};

/// The longest inner dimension handed to `gemm`.
const PANEL: usize = 512;
/// Results of at most this many elements may take a path of `gemm` whose bits depend on the machine.
const TINY: usize = 16 * 16;

thread_local! {
    static FLOPS: Cell<u64> = const { Cell::new(0) };
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Floating-point operations (two per multiply-add) of all products of this thread so far, padding and what is computed twice included.
pub fn executed_flops() -> u64 {
    FLOPS.get()
}

/// Counts multiply-adds of products that are not those of [`product`]. What is done element by element is not counted.
pub(crate) fn executed(multiply_adds: usize) {
    FLOPS.set(FLOPS.get() + 2 * multiply_adds as u64);
}

/// Is this thread inside a call to `gemm`? For counting allocations, which `gemm` makes for itself.
pub fn inside_gemm() -> bool {
    INSIDE.get()
}

/// A matrix in a slice: element (i, j) lies at `i * row_stride + j * column_stride`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, R> {
    data: &'a [R],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, R: Real> Matrix<'a, R> {
    /// `rows` rows of `columns` elements, one after the other.
    pub fn new(data: &'a [R], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// `rows` rows of `columns` elements whose starts are `row_stride` apart.
    ///
    /// # Panics
    /// If the slice is too short.
    pub fn strided(data: &'a [R], rows: usize, columns: usize, row_stride: usize) -> Self {
        if rows > 0 && columns > 0 {
            assert!((rows - 1) * row_stride + columns <= data.len(), "{rows} x {columns} elements do not fit");
        }
        Self { data, rows, columns, row_stride, column_stride: 1 }
    }

    /// The transpose: the same elements, read the other way.
    pub fn t(self) -> Self {
        let Self { data, rows, columns, row_stride, column_stride } = self;
        Self { data, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }
}

/// C = scale A B, or C += scale A B if `add`; the rows of C are `stride` apart. If not `add`, C is never read.
///
/// # Panics
/// If the shapes do not fit each other, or C its slice.
pub fn product<R: Real>(scale: R, a: Matrix<R>, b: Matrix<R>, c: &mut [R], stride: usize, add: bool) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    assert_eq!(k, b.rows, "inner dimensions differ");
    if m == 0 || n == 0 {
        return;
    }
    assert!(stride >= n && (m - 1) * stride + n <= c.len(), "{m} x {n} elements do not fit in C");
    executed(m * n * k);
    if m == 1 || n == 1 || k <= 2 || m * n <= TINY {
        return small(scale, a, b, c, stride, add);
    }
    INSIDE.set(true);
    for from in (0..k).step_by(PANEL) {
        let depth = PANEL.min(k - from);
        let (left, right) = (&a.data[from * a.column_stride..], &b.data[from * b.row_stride..]);
        // SAFETY: `gemm` reads A[i, p], B[p, j] and reads and writes C[i, j] for i < m, j < n, p < depth. The
        // constructors of `Matrix` and the assertion above hold every such index inside its slice; C is borrowed
        // mutably and so overlaps neither A nor B.
        #[allow(unsafe_code)]
        unsafe {
            gemm::gemm(
                m,
                n,
                depth,
                c.as_mut_ptr(),
                1,
                stride as isize,
                add || from > 0,
                left.as_ptr(),
                a.column_stride as isize,
                a.row_stride as isize,
                right.as_ptr(),
                b.column_stride as isize,
                b.row_stride as isize,
                R::ONE,
                scale,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
    INSIDE.set(false);
}

kernel! {
    /// Vectors and tiny results: rows of A times columns of B where both are contiguous, else rows of B added up.
    fn small<'a, R>(scale: R, a: Matrix<'a, R>, b: Matrix<'a, R>, c: &'a mut [R], stride: usize, add: bool) {
        let (m, n, k) = (a.rows, b.columns, a.columns);
        let contiguous = a.column_stride == 1 && b.row_stride == 1;
        for i in 0..m {
            let c = &mut c[i * stride..][..n];
            if !add {
                c.fill(R::ZERO);
            }
            if contiguous && k > 0 {
                let row = &a.data[i * a.row_stride..][..k];
                for (j, c) in c.iter_mut().enumerate() {
                    *c = scale.mul_add(dot(row, &b.data[j * b.column_stride..][..k]), *c);
                }
                continue;
            }
            for p in 0..k {
                let x = scale * a.data[i * a.row_stride + p * a.column_stride];
                if b.column_stride == 1 {
                    for (c, &y) in c.iter_mut().zip(&b.data[p * b.row_stride..][..n]) {
                        *c = x.mul_add(y, *c);
                    }
                } else {
                    for (j, c) in c.iter_mut().enumerate() {
                        *c = x.mul_add(b.data[p * b.row_stride + j * b.column_stride], *c);
                    }
                }
            }
        }
    }
}
