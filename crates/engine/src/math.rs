//! Elementary functions as branch-free polynomials, so that loops over them become vector code.
//!
//! The standard library's functions are calls into the platform's libm: slow one at a time, and their last bits differ
//! between platforms, which would break "same config, same loss, bit for bit". Accurate to a few units in the last
//! place; the tests compare them with the `libm` crate in f64.

use crate::Real;

/// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule in fused steps.
#[inline(always)]
pub(crate) fn polynomial<R: Real, const N: usize>(x: R, c: &[R; N]) -> R {
    let mut p = c[N - 1];
    for k in (0..N - 1).rev() {
        p = x.mul_add(p, c[k]);
    }
    p
}

/// (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2: interpolated at Chebyshev nodes, relative error of e^r below 1e-8.
const EXP_F32: [f32; 5] = [0.5, 0.166_665_73, 0.041_666_55, 0.008_363_774, 0.001_392_692_7];
/// The same as a Taylor series to r^13: the remainder is below 5e-18.
const EXP_F64: [f64; 12] = [
    0.5,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5_040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// e^x; 0 below -87, infinity above 88.
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to an integer and leaves that integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let inside = x.clamp(-87.0, 88.0);
    let t = inside.mul_add(std::f32::consts::LOG2_E, ROUND);
    let k = t - ROUND;
    let r = (-k).mul_add(-2.121_944_4e-4, (-k).mul_add(0.693_359_375, inside));
    let m = (r * r).mul_add(polynomial(r, &EXP_F32), r);
    // The low bits of `t` are the exponent; adding them to that of 1 + m scales by 2^k.
    let y = f32::from_bits((1.0 + m).to_bits().wrapping_add(t.to_bits() << 23));
    let y = if x > 88.0 { f32::INFINITY } else { y };
    if x < -87.0 { 0.0 } else { y }
}

/// e^x; 0 below -708, infinity above 709.
#[inline(always)]
pub(crate) fn exp_f64(x: f64) -> f64 {
    /// 1.5 * 2^52
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let inside = x.clamp(-708.0, 709.0);
    let t = inside.mul_add(std::f64::consts::LOG2_E, ROUND);
    let k = t - ROUND;
    let r = (-k).mul_add(1.908_214_929_270_587_7e-10, (-k).mul_add(6.931_471_803_691_238_16e-1, inside));
    let m = (r * r).mul_add(polynomial(r, &EXP_F64), r);
    let y = f64::from_bits((1.0 + m).to_bits().wrapping_add(t.to_bits() << 52));
    let y = if x > 709.0 { f64::INFINITY } else { y };
    if x < -708.0 { 0.0 } else { y }
}

/// Natural logarithm; minus infinity at 0, NaN below.
#[inline(always)]
pub(crate) fn ln_f64(x: f64) -> f64 {
    // x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); then ln(1 + f) through s = f / (2 + f), as in fdlibm.
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const SERIES: [f64; 7] = [
        6.666_666_666_666_735_130e-1,
        3.999_999_999_940_941_908e-1,
        2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1,
        1.818_357_216_161_805_012e-1,
        1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ];
    let bits = x.to_bits().wrapping_sub(SQRT_HALF);
    let k = ((bits as i64) >> 52) as u64;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
    // k to floating point without a conversion instruction (there is none for vectors before AVX-512).
    let k = f64::from_bits(k.wrapping_add(ROUND.to_bits())) - ROUND;
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half = 0.5 * f * f;
    let tail = s.mul_add(z.mul_add(polynomial(z, &SERIES), half), k * 1.908_214_929_270_587_7e-10);
    let y = k.mul_add(6.931_471_803_691_238_16e-1, f - (half - tail));
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    let y = if x == f64::INFINITY { x } else { y };
    if x >= 0.0 { y } else { f64::NAN }
}

/// Natural logarithm; minus infinity at 0, NaN below, as if subnormal numbers were there.
#[inline(always)]
pub(crate) fn ln_f32(x: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    const ROUND: f32 = 12_582_912.0;
    const SERIES: [f32; 4] = [0.666_666_63, 0.400_009_72, 0.284_987_87, 0.242_790_79];
    let bits = x.to_bits().wrapping_sub(SQRT_HALF);
    let k = ((bits as i32) >> 23) as u32;
    let m = f32::from_bits((bits & 0x007f_ffff).wrapping_add(SQRT_HALF));
    let k = f32::from_bits(k.wrapping_add(ROUND.to_bits())) - ROUND;
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half = 0.5 * f * f;
    let tail = s.mul_add(z.mul_add(polynomial(z, &SERIES), half), k * -2.121_944_4e-4);
    let y = k.mul_add(0.693_359_375, f - (half - tail));
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x == f32::INFINITY { x } else { y };
    if x >= 0.0 { y } else { f32::NAN }
}

/// erf(x) / x in z = x^2 on [0, 1], and e^(x^2) erfc(x) in t = (x - 3) / (x + 3) for x in [1, 6]; beyond, erf is 1 to
/// the last place. Interpolated at Chebyshev nodes in 40 digits; errors below 5e-9 (f32) and 2e-17 (f64).
#[inline(always)]
fn erf<R: Real, const NEAR: usize, const FAR: usize>(x: R, near: &[R; NEAR], far: &[R; FAR]) -> R {
    let a = x.abs().min(R::of(6.0));
    let z = a * a;
    let small = a * polynomial(z, near);
    let t = (a - R::of(3.0)) / (a + R::of(3.0));
    let large = (-(-z).exp()).mul_add(polynomial(t, far), R::ONE);
    let y = if a < R::ONE { small } else { large };
    if x < R::ZERO { -y } else { y }
}

/// The error function.
#[inline(always)]
pub(crate) fn erf_f32(x: f32) -> f32 {
    // The first is near 2 / sqrt(pi) and not meant to be it.
    #[allow(clippy::approx_constant)]
    const NEAR: [f32; 7] =
        [1.128_379_2, -0.376_126_27, 0.112_835_947, -0.026_854_213, 0.005_189_087_4, -0.000_801_686_43, 7.875_875_1e-5];
    const FAR: [f32; 8] = [
        0.179_001_15,
        -0.326_233_64,
        0.245_603_81,
        -0.150_110_79,
        0.071_668_715,
        -0.024_475_881,
        0.004_179_004_6,
        0.001_107_999,
    ];
    erf(x, &NEAR, &FAR)
}

/// The error function.
#[inline(always)]
pub(crate) fn erf_f64(x: f64) -> f64 {
    // The first is near 2 / sqrt(pi) and not meant to be it.
    #[allow(clippy::approx_constant)]
    const NEAR: [f64; 13] = [
        1.128_379_167_095_512_573_8,
        -0.376_126_389_031_837_480_51,
        0.112_837_916_709_548_786_66,
        -0.026_866_170_645_076_793_248,
        0.005_223_977_624_818_014_467_3,
        -0.000_854_832_698_083_378_990_52,
        0.000_120_553_311_116_427_109_2,
        -1.492_559_526_683_118_156_5e-5,
        1.646_100_048_412_136_803_6e-6,
        -1.635_031_270_105_469_451_1e-7,
        1.465_977_527_404_743_581_4e-8,
        -1.137_284_885_679_167_367e-9,
        5.957_176_147_748_911_440_4e-11,
    ];
    const FAR: [f64; 15] = [
        0.179_001_151_181_389_950_23,
        -0.326_233_560_043_037_174_77,
        0.245_603_801_712_331_944_79,
        -0.150_115_936_500_787_439_12,
        0.071_665_837_197_748_743_386,
        -0.024_392_499_318_273_193_125,
        0.004_269_136_347_508_256_356_3,
        0.000_707_746_444_390_153_731_47,
        -0.000_597_062_351_709_328_427_94,
        4.525_472_635_483_354_137_3e-5,
        6.406_182_073_530_546_742_8e-5,
        -1.284_889_451_252_352_879_5e-5,
        -8.008_021_319_412_684_334_8e-6,
        2.023_603_179_641_756_635_2e-6,
        1.280_190_086_296_266_193_8e-6,
    ];
    erf(x, &NEAR, &FAR)
}

/// 1 / (1 + e^-x)
#[inline(always)]
pub(crate) fn sigmoid<R: Real>(x: R) -> R {
    R::ONE / (R::ONE + (-x).exp())
}

/// ln(1 + e^x)
#[inline(always)]
pub(crate) fn softplus<R: Real>(x: R) -> R {
    let e = (-x.abs()).exp();
    // ln(1 + e), accurate for small e: the rounding of 1 + e is undone.
    let u = R::ONE + e;
    x.max(R::ZERO) + u.ln() + (e - (u - R::ONE)) / u
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(name: &str, at: f64, got: f64, want: f64, epsilon: f64, units: f64) {
        let error = (got - want).abs() / (want.abs() * epsilon).max(f64::MIN_POSITIVE);
        assert!(got == want || error <= units, "{name}({at}): {got:e} for {want:e}, {error} units");
    }

    #[test]
    fn agree_with_libm() {
        for i in -40_000..=40_000 {
            let x = i as f64 * 0.0175;
            close("exp", x, exp_f64(x), libm::exp(x), f64::EPSILON, 2.0);
            let x = i as f64 * 2.17e-3;
            let x32 = x as f32;
            close("exp f32", x, exp_f32(x32) as f64, libm::exp(x32 as f64), f32::EPSILON as f64, 2.0);
            let x = i as f64 * 1.6e-4;
            close("erf", x, erf_f64(x), libm::erf(x), f64::EPSILON, 4.0);
            close("erf f32", x, erf_f32(x as f32) as f64, libm::erf(x as f32 as f64), f32::EPSILON as f64, 4.0);
            close("softplus", x, softplus(x), libm::log1p(libm::exp(x)), f64::EPSILON, 4.0);
            close("sigmoid", x, sigmoid(x), 1.0 / (1.0 + libm::exp(-x)), f64::EPSILON, 4.0);
            let up = libm::exp(x * 100.0);
            close("ln", up, ln_f64(up), libm::log(up), f64::EPSILON, 2.0);
            let up = libm::exp(x * 13.0) as f32;
            close("ln f32", x, ln_f32(up) as f64, libm::log(up as f64), f32::EPSILON as f64, 2.0);
        }
    }

    #[test]
    fn edges_are_what_they_should_be() {
        assert!([exp_f32(f32::NAN), ln_f32(f32::NAN), ln_f32(-1.0), erf_f32(f32::NAN)].iter().all(|v| v.is_nan()));
        assert!([exp_f64(f64::NAN), ln_f64(f64::NAN), ln_f64(-1.0), erf_f64(f64::NAN)].iter().all(|v| v.is_nan()));
        assert_eq!((exp_f32(0.0), exp_f32(f32::NEG_INFINITY), exp_f32(f32::INFINITY)), (1.0, 0.0, f32::INFINITY));
        assert_eq!((exp_f64(0.0), exp_f64(f64::NEG_INFINITY), exp_f64(f64::INFINITY)), (1.0, 0.0, f64::INFINITY));
        assert_eq!((ln_f32(0.0), ln_f64(0.0)), (f32::NEG_INFINITY, f64::NEG_INFINITY));
        assert_eq!((ln_f32(1.0), ln_f64(1.0), erf_f32(0.0), erf_f64(-9.0)), (0.0, 0.0, 0.0, -1.0));
    }
}
