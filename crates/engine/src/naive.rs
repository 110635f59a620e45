//! What the naive references share: counted multiply-adds. The fast ops share nothing with them.

use std::cell::Cell;

thread_local! {
    static MULTIPLY_ADDS: Cell<u64> = const { Cell::new(0) };
}

/// Multiply-adds in sums of products that naive references of this thread have made so far.
pub fn multiply_adds() -> u64 {
    MULTIPLY_ADDS.get()
}

/// The sum of `n` products, one after the other, counted.
pub(crate) fn dot(n: usize, factors: impl Fn(usize) -> (f64, f64)) -> f64 {
    MULTIPLY_ADDS.set(MULTIPLY_ADDS.get() + n as u64);
    (0..n).map(factors).map(|(a, b)| a * b).sum()
}
