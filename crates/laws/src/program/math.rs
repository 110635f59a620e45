//! Elementary functions as branch-free polynomials, so that loops over them become vector code.
//!
//! The standard library's functions are calls into the platform's libm: slow one at a time, and their last bits differ
//! between platforms, which would break "same points, same seed, same fit, bit for bit". These are accurate to about
//! one unit in the last place; a test compares them with the standard library's.

const LOG2_E: f64 = std::f64::consts::LOG2_E;
const LN2_HI: f64 = 6.931_471_803_691_238_16e-1;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5 * 2^52: adding it rounds to an integer and leaves that integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `x = k ln 2 + r` with `|r| <= ln 2 / 2`; returns (2^k in two factors' exponent bits, expm1(r), k).
#[inline(always)]
fn reduce(x: f64) -> (u64, f64) {
    let t = x.mul_add(LOG2_E, ROUND);
    let k = t - ROUND;
    let r = (-k).mul_add(LN2_LO, (-k).mul_add(LN2_HI, x));
    // Taylor series of (e^r - 1 - r) / r^2 to r^13: the remainder is below 5e-18.
    let mut p = 1.0 / 6_227_020_800.0;
    p = r.mul_add(p, 1.0 / 479_001_600.0);
    p = r.mul_add(p, 1.0 / 39_916_800.0);
    p = r.mul_add(p, 1.0 / 3_628_800.0);
    p = r.mul_add(p, 1.0 / 362_880.0);
    p = r.mul_add(p, 1.0 / 40_320.0);
    p = r.mul_add(p, 1.0 / 5_040.0);
    p = r.mul_add(p, 1.0 / 720.0);
    p = r.mul_add(p, 1.0 / 120.0);
    p = r.mul_add(p, 1.0 / 24.0);
    p = r.mul_add(p, 1.0 / 6.0);
    p = r.mul_add(p, 0.5);
    (t.to_bits(), (r * r).mul_add(p, r))
}

/// e^x; 0 below -708, infinity above 709.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let inside = x.clamp(-708.0, 709.0);
    let (k, m) = reduce(inside);
    // The low bits of `k` are the exponent; adding it to the exponent of 1 + m scales by 2^k.
    let y = f64::from_bits((1.0 + m).to_bits().wrapping_add(k << 52));
    let y = if x > 709.0 { f64::INFINITY } else { y };
    if x < -708.0 { 0.0 } else { y }
}

/// e^x - 1, accurate near 0.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let inside = x.clamp(-708.0, 709.0);
    let (k, m) = reduce(inside);
    let scale = f64::from_bits(1.0f64.to_bits().wrapping_add(k << 52));
    let y = scale.mul_add(m, scale - 1.0);
    if x > 709.0 { f64::INFINITY } else { y }
}

/// Natural logarithm; minus infinity at 0, NaN below.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    // x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); then ln(1 + f) through s = f / (2 + f), as in fdlibm.
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let bits = x.to_bits().wrapping_sub(SQRT_HALF);
    let k = ((bits as i64) >> 52) as u64;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
    // k to floating point without a conversion instruction (there is none for vectors before AVX-512).
    let k = f64::from_bits(k.wrapping_add(ROUND.to_bits())) - ROUND;
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut p = 1.479_819_860_511_658_591e-1;
    p = z.mul_add(p, 1.531_383_769_920_937_332e-1);
    p = z.mul_add(p, 1.818_357_216_161_805_012e-1);
    p = z.mul_add(p, 2.222_219_843_214_978_396e-1);
    p = z.mul_add(p, 2.857_142_874_366_239_149e-1);
    p = z.mul_add(p, 3.999_999_999_940_941_908e-1);
    p = z.mul_add(p, 6.666_666_666_666_735_130e-1);
    let half = 0.5 * f * f;
    let y = k.mul_add(LN2_HI, f - (half - s.mul_add(z.mul_add(p, half), k * LN2_LO)));
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    let y = if x == f64::INFINITY { x } else { y };
    if x >= 0.0 { y } else { f64::NAN }
}

/// ln(1 + x), accurate near 0.
#[inline(always)]
pub fn log1p(x: f64) -> f64 {
    let u = 1.0 + x;
    let y = ln(u) + (x - (u - 1.0)) / u;
    if x == f64::INFINITY { x } else { y }
}

/// 1 / (1 + e^-x)
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
    let e = exp(-x.abs());
    let small = e / (1.0 + e);
    if x >= 0.0 { 1.0 / (1.0 + e) } else { small }
}

/// ln(1 + e^x)
#[inline(always)]
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + log1p(exp(-x.abs()))
}

/// ln(e^x + e^y)
#[inline(always)]
pub fn logaddexp(x: f64, y: f64) -> f64 {
    x.max(y) + log1p(exp(-(x - y).abs()))
}

/// x^p as e^(p ln x); `0^p` is 0 for p > 0, a negative base wants a whole exponent.
#[inline(always)]
pub fn pow(x: f64, p: f64) -> f64 {
    let magnitude = exp(p * ln(x.abs()));
    let whole = p.round_ties_even();
    let odd = (0.5 * whole).round_ties_even() * 2.0 != whole;
    let negative = if whole == p { if odd { -magnitude } else { magnitude } } else { f64::NAN };
    let y = if x < 0.0 { negative } else { magnitude };
    let at_zero = if p > 0.0 { 0.0 } else { f64::INFINITY };
    let y = if x == 0.0 { at_zero } else { y };
    if p == 0.0 { 1.0 } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(name: &str, at: f64, got: f64, want: f64, ulps: f64) {
        let error = (got - want).abs() / (want.abs() * f64::EPSILON).max(f64::MIN_POSITIVE);
        assert!(got == want || error <= ulps, "{name}({at}): {got:e} for {want:e}, {error} ulp");
    }

    #[test]
    fn agree_with_the_standard_library() {
        for i in -200_000..=200_000 {
            let x = i as f64 * 0.003_517_3;
            close("exp", x, exp(x), x.exp(), 2.0);
            close("expm1", x, expm1(x), x.exp_m1(), 3.0);
            let small = x * 1e-4;
            close("expm1", small, expm1(small), small.exp_m1(), 3.0);
            let y = (x * 0.9).exp();
            close("ln", y, ln(y), y.ln(), 2.0);
            let near = 1.0 + x * 1e-5;
            if near > 0.0 {
                close("ln", near, ln(near), near.ln(), 2.0);
                close("log1p", near - 1.0, log1p(near - 1.0), (near - 1.0).ln_1p(), 3.0);
            }
            close("softplus", x, softplus(x), x.max(0.0) + (-x.abs()).exp().ln_1p(), 4.0);
        }
    }

    #[test]
    fn edges() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e4), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp(1e4), f64::INFINITY);
        assert!(exp(f64::NAN).is_nan() && ln(f64::NAN).is_nan() && ln(-1.0).is_nan());
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert_eq!(ln(f64::INFINITY), f64::INFINITY);
        assert_eq!(expm1(0.0), 0.0);
        assert_eq!(pow(0.0, 0.3), 0.0);
        assert_eq!(pow(-2.0, 3.0).round(), -8.0);
        assert!(pow(-2.0, 0.5).is_nan());
        assert_eq!(pow(0.0, 0.0), 1.0);
    }
}
