//! Exact decimal numbers: what ticks are made of, so that 0.3 is 0.3 and not three times 0.1.

/// `mantissa * 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) mantissa: i64,
    pub(crate) exponent: i32,
}

impl Decimal {
    /// Without zeros at the end of the mantissa.
    pub(crate) fn new(mut mantissa: i64, mut exponent: i32) -> Self {
        if mantissa == 0 {
            return Self { mantissa, exponent: 0 };
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        Self { mantissa, exponent }
    }

    /// The nearest double: the parser of the standard library rounds correctly, products of powers would not.
    pub(crate) fn value(self) -> f64 {
        let text = format!("{}e{}", self.mantissa, self.exponent);
        text.parse().unwrap_or(f64::NAN)
    }

    /// The decimal places it needs.
    pub(crate) fn places(self) -> usize {
        (-self.exponent).max(0) as usize
    }

    /// In the scientific notation: digits of the mantissa before the point, and the power of ten of the first digit.
    pub(crate) fn scientific(self) -> (String, i32) {
        let digits = self.mantissa.unsigned_abs().to_string();
        let power = self.exponent + digits.len() as i32 - 1;
        let sign = if self.mantissa < 0 { "\u{2212}" } else { "" };
        match digits.split_at(1) {
            (first, "") => (format!("{sign}{first}"), power),
            (first, rest) => (format!("{sign}{first}.{rest}"), power),
        }
    }
}

/// The greatest k with `10^k <= value`, for a positive finite value (of zero: one below the least power that a double
/// holds). The logarithm guesses, exact powers decide.
pub(crate) fn floor_log10(value: f64) -> i32 {
    let mut k = libm::log10(value).floor().max(-325.0) as i32;
    if value <= 0.0 {
        return k;
    }
    while Decimal::new(1, k).value() > value {
        k -= 1;
    }
    while Decimal::new(1, k + 1).value() <= value {
        k += 1;
    }
    k
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_power_of_ten_below_is_exact() {
        for k in -320..=308 {
            let power = Decimal::new(1, k).value();
            assert_eq!(floor_log10(power), k);
            if k > -300 {
                assert_eq!(floor_log10(power.next_down()), k - 1);
            }
        }
        assert_eq!(floor_log10(f64::MAX), 308);
    }

    #[test]
    fn what_has_no_power_of_ten_below_ends_too() {
        // The least double is 4.9e-324; what lies below is asked for when a range is as narrow as doubles are.
        assert_eq!(floor_log10(5e-324), -324);
        for value in [0.0, -0.0, -1.0, f64::NEG_INFINITY, f64::NAN] {
            assert!(floor_log10(value) <= 0, "{value}: {}", floor_log10(value));
        }
    }

    #[test]
    fn scientific_notation() {
        assert_eq!(Decimal::new(2500, 3).scientific(), ("2.5".into(), 6));
        assert_eq!(Decimal::new(-1, -2).scientific(), ("\u{2212}1".into(), -2));
    }
}
