//! Loops compiled for several instruction sets, chosen at run time, with the same bits on all of them.
//!
//! Bits do not depend on the width of vectors because reductions run in [`LANES`] sums whatever the machine, joined in
//! one order, and every product that is added is fused by name (`mul_add`).

use crate::Real;

/// Partial sums of a reduction.
pub(crate) const LANES: usize = 16;

/// Runs a kernel with the widest vectors this machine has.
#[inline]
pub(crate) fn dispatch<K: pulp::WithSimd>(kernel: K) -> K::Output {
    #[cfg(all(target_arch = "x86_64", not(feature = "avx512")))]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(avx2, kernel);
    }
    pulp::Arch::new().dispatch(kernel)
}

/// Whether the matrix product adds its products in one rounding here, so that known bits hold: asked of x86-64 alone, on
/// other processors they were not tried.
pub fn fuses() -> bool {
    #[cfg(target_arch = "x86_64")]
    let fuses = std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let fuses = false;
    fuses
}

/// A function whose body is compiled once per instruction set. Types and not closures carry the arguments, because what
/// escapes inlining is compiled for the oldest machine. References bear the one lifetime that is named.
macro_rules! kernel {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$life:lifetime, $real:ident>(
        $($arg:ident: $type:ty),* $(,)?
    ) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name<$life, $real: $crate::Real>($($arg: $type),*) $(-> $out)? {
            struct Kernel<$life, $real: $crate::Real> {
                $($arg: $type,)*
                marker: std::marker::PhantomData<&$life $real>,
            }
            impl<$life, $real: $crate::Real> pulp::WithSimd for Kernel<$life, $real> {
                type Output = $crate::simd::kernel!(@output $($out)?);
                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
                    let Self { $($arg,)* marker: _ } = self;
                    $body
                }
            }
            $crate::simd::dispatch(Kernel { $($arg,)* marker: std::marker::PhantomData })
        }
    };
    (@output) => { () };
    (@output $out:ty) => { $out };
}
pub(crate) use kernel;

/// A reduction of one row: `f(sum, x)` for every element, in [`LANES`] partial sums.
#[inline(always)]
pub(crate) fn fold<R: Real>(x: &[R], f: impl Fn(R, R) -> R) -> R {
    let mut lanes = [R::ZERO; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for x in chunks {
        for i in 0..LANES {
            lanes[i] = f(lanes[i], x[i]);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = f(*lane, x);
    }
    join(lanes)
}

/// A reduction of two rows of equal length: `f(sum, x, y)` for every pair, in [`LANES`] partial sums.
#[inline(always)]
pub(crate) fn fold2<R: Real>(x: &[R], y: &[R], f: impl Fn(R, R, R) -> R) -> R {
    let mut lanes = [R::ZERO; LANES];
    let ((xs, x), (ys, y)) = (x.as_chunks::<LANES>(), y[..x.len()].as_chunks::<LANES>());
    for (x, y) in xs.iter().zip(ys) {
        for i in 0..LANES {
            lanes[i] = f(lanes[i], x[i], y[i]);
        }
    }
    for ((lane, &x), &y) in lanes.iter_mut().zip(x).zip(y) {
        *lane = f(*lane, x, y);
    }
    join(lanes)
}

/// The lanes of a reduction added pairwise, halves first.
#[inline(always)]
pub(crate) fn join<R: Real>(mut lanes: [R; LANES]) -> R {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// The inner product of two rows.
#[inline(always)]
pub(crate) fn dot<R: Real>(x: &[R], y: &[R]) -> R {
    fold2(x, y, |s, x, y| x.mul_add(y, s))
}

/// The sum of a row.
#[inline(always)]
pub(crate) fn sum<R: Real>(x: &[R]) -> R {
    fold(x, |s, x| s + x)
}

/// The greatest element; of nothing, `from`.
#[inline(always)]
pub(crate) fn greatest<R: Real>(x: &[R], from: R) -> R {
    let mut lanes = [from; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = lanes[i].max(chunk[i]);
        }
    }
    for (lane, &v) in lanes.iter_mut().zip(rest) {
        *lane = lane.max(v);
    }
    lanes.into_iter().fold(from, R::max)
}

kernel! {
    /// x += y
    pub(crate) fn add<'a, R>(x: &'a mut [R], y: &'a [R]) {
        for (x, &y) in x.iter_mut().zip(y) {
            *x += y;
        }
    }
}

/// Writes `value`, or adds it: the first gradient to come writes.
#[inline(always)]
pub(crate) fn put<R: Real>(at: &mut R, value: R, add: bool) {
    *at = if add { *at + value } else { value };
}
