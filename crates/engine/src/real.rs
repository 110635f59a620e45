//! The numbers an op computes with.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::math;

/// f32, in which models are trained, or f64, in which ops are checked. Sealed: the matrix product knows these two.
pub trait Real:
    Copy
    + Default
    + Debug
    + Display
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + Neg<Output = Self>
    + sealed::Sealed
    + 'static
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// Not a number: what poisoned buffers hold.
    const NAN: Self;
    /// The nearest number to `x`.
    fn of(x: f64) -> Self;
    /// The same number in f64.
    fn to_f64(self) -> f64;
    /// The bits, in the low end of 64.
    fn bits(self) -> u64;
    /// `self * a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// The magnitude.
    fn abs(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// `other` if it is greater, else `self`: a NaN in `other` is dropped, one in `self` stays.
    fn max(self, other: Self) -> Self;
    /// `other` if it is less, else `self`: a NaN in `other` is dropped, one in `self` stays.
    fn min(self, other: Self) -> Self;
    /// e^x, our own polynomial.
    fn exp(self) -> Self;
    /// The natural logarithm, our own polynomial.
    fn ln(self) -> Self;
    /// The error function, our own polynomial.
    fn erf(self) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! real {
    ($type:ident, $exp:ident, $ln:ident, $erf:ident) => {
        impl Real for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAN: Self = $type::NAN;
            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                self.to_bits() as u64
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                $type::mul_add(self, a, b)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $type::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $type::sqrt(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if other > self { other } else { self }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if other < self { other } else { self }
            }
            #[inline(always)]
            fn exp(self) -> Self {
                math::$exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                math::$ln(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                math::$erf(self)
            }
        }
    };
}
real!(f32, exp_f32, ln_f32, erf_f32);
real!(f64, exp_f64, ln_f64, erf_f64);
