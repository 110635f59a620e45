//! What operators and functions do to numbers. A missing number (NaN) always gives a missing number.

use crate::{Binary, Function};

/// A function of one number, or one that folds two into one.
pub(crate) enum Call {
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
}

/// Arithmetic; `None` for what gives no number.
pub(crate) fn binary(op: Binary) -> Option<fn(f64, f64) -> f64> {
    Some(match op {
        Binary::Add => |x, y| x + y,
        Binary::Sub => |x, y| x - y,
        Binary::Mul => |x, y| x * y,
        Binary::Div => |x, y| x / y,
        Binary::Pow => power,
        _ => return None,
    })
}

/// IEEE has NaN^0 = 1 and 1^NaN = 1, but what is missing must not become a number.
fn power(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { x.powf(y) }
}

/// What a function does; `sum` and `prod` fold.
pub(crate) fn call(function: Function) -> Call {
    match function {
        Function::Exp => Call::One(f64::exp),
        Function::Expm1 => Call::One(f64::exp_m1),
        Function::Ln => Call::One(f64::ln),
        Function::Log1p => Call::One(f64::ln_1p),
        Function::Log2 => Call::One(f64::log2),
        Function::Log10 => Call::One(f64::log10),
        Function::Sqrt => Call::One(f64::sqrt),
        Function::Abs => Call::One(f64::abs),
        Function::Sigmoid => Call::One(sigmoid),
        Function::Softplus => Call::One(softplus),
        Function::Min => Call::Two(|x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.min(y) }),
        Function::Max => Call::Two(|x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }),
        Function::Logaddexp => Call::Two(logaddexp),
        Function::Sum => Call::Two(|x, y| x + y),
        Function::Prod => Call::Two(|x, y| x * y),
    }
}

/// 1 / (1 + exp(-x)), exact in both tails.
fn sigmoid(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// ln(1 + exp(x)), without overflow.
fn softplus(x: f64) -> f64 {
    // f64::max would turn NaN into 0.
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// ln(exp(x) + exp(y)), without overflow.
fn logaddexp(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let (low, high) = if x < y { (x, y) } else { (y, x) };
    // Equal infinities have no difference.
    if high.is_infinite() { high } else { high + (low - high).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    #[test]
    fn what_is_missing_stays_missing() {
        for op in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Pow] {
            let apply = binary(op).unwrap();
            assert!(apply(f64::NAN, 0.0).is_nan() && apply(1.0, f64::NAN).is_nan(), "{op:?}");
        }
        for function in Function::ALL {
            match call(function) {
                Call::One(f) => assert!(f(f64::NAN).is_nan(), "{function:?}"),
                Call::Two(f) => assert!(f(f64::NAN, 1.0).is_nan() && f(1.0, f64::NAN).is_nan(), "{function:?}"),
            }
        }
    }

    #[test]
    fn far_tails_neither_overflow_nor_vanish() {
        assert_eq!(sigmoid(-800.0), 0.0);
        assert_eq!(sigmoid(-700.0), (-700f64).exp());
        assert_eq!(sigmoid(800.0), 1.0);
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(softplus(1000.0), 1000.0);
        assert_eq!(softplus(-700.0), (-700f64).exp());
        assert_eq!(softplus(0.0), LN_2);
        assert_eq!(logaddexp(1000.0, 1000.0), 1000.0 + LN_2);
        assert_eq!(logaddexp(f64::NEG_INFINITY, f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!(logaddexp(f64::NEG_INFINITY, 2.0), 2.0);
        assert_eq!(logaddexp(f64::INFINITY, 2.0), f64::INFINITY);
    }

    #[test]
    fn zero_to_a_positive_power_is_zero() {
        assert_eq!(power(0.0, 0.3), 0.0);
        assert_eq!(power(0.0, 0.0), 1.0);
        assert_eq!(power(0.0, -1.0), f64::INFINITY);
    }
}
