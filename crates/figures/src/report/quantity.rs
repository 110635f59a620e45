//! Numbers as a report writes them.

use isoloss_laws::Estimate;

use crate::decimal::Decimal;
use crate::numbers::{Numbers, label};
use crate::text::{Level, Rich};

/// Between a number and its unit or sign; keeps them together.
const THIN: char = '\u{2009}';

/// `digits` significant digits: plain from 1e-4 up to 1e6, with a power of ten beyond. With `zeros` those at the end are
/// written.
pub(crate) fn number(value: f64, digits: usize, zeros: bool) -> Rich {
    let Some((mantissa, exponent)) = parts(value, digits) else { return odd(value) };
    let decimal = Decimal::new(mantissa, exponent);
    let first = exponent + digits as i32 - 1;
    if value != 0.0 && !(-4..6).contains(&first) {
        if !zeros {
            return label(decimal, Numbers::Power, 0);
        }
        let factor = fixed(mantissa as f64 / 10f64.powi(digits as i32 - 1), digits - 1);
        let power = Rich::plain(first.to_string().replace('-', "\u{2212}")).at(Level::Above);
        return factor.then(&Rich::plain(format!("{THIN}\u{d7}{THIN}10"))).then(&power);
    }
    label(decimal, Numbers::Plain, if zeros && value != 0.0 { (-exponent).max(0) as usize } else { 0 })
}

/// Rounded to so many digits: their digits as a whole number, and the power of ten that belongs to it.
fn parts(value: f64, digits: usize) -> Option<(i64, i32)> {
    let text = format!("{value:.*e}", digits.clamp(1, 17) - 1);
    let (mantissa, exponent) = text.split_once('e')?;
    let places = mantissa.split_once('.').map_or(0, |(_, p)| p.len() as i32);
    Some((mantissa.replace('.', "").parse().ok()?, exponent.parse::<i32>().ok()? - places))
}

fn odd(value: f64) -> Rich {
    Rich::plain(if value.is_nan() {
        "no number"
    } else if value > 0.0 {
        "\u{221e}"
    } else {
        "\u{2212}\u{221e}"
    })
}

/// To so many decimal places.
fn fixed(value: f64, places: usize) -> Rich {
    let text = format!("{value:.places$}").replace('.', "");
    match text.parse() {
        Ok(mantissa) => label(Decimal::new(mantissa, -(places as i32)), Numbers::Plain, places),
        Err(_) => number(value, 5, false),
    }
}

/// A value to the digits that its interval makes meaningful, and its ends to the same place, unless an end would be written as
/// zero there and is not.
pub(crate) fn estimate(e: &Estimate) -> (Rich, Option<(Rich, Rich)>) {
    let Some(i) = e.interval else { return (number(e.value, 5, false), None) };
    let width = i.upper - i.lower;
    let ratio = libm::log10(e.value.abs() / width).floor();
    let digits = if ratio.is_finite() { (ratio as i32 + 3).clamp(3, 6) as usize } else { 5 };
    let plain = |v: f64| v == 0.0 || (1e-4..1e6).contains(&v.abs());
    let seen = |end: f64, last: i32| end == 0.0 || end.abs() >= 0.5 * libm::pow(10.0, f64::from(last.min(0)));
    let shown = |end: f64, last: i32| end.abs() < 1e6 && seen(end, last);
    match parts(e.value, digits) {
        Some((_, last)) if plain(e.value) && e.value != 0.0 && shown(i.lower, last) && shown(i.upper, last) => {
            let places = (-last).max(0) as usize;
            (fixed(e.value, places), Some((fixed(i.lower, places), fixed(i.upper, places))))
        }
        _ => (number(e.value, digits, true), Some((number(i.lower, digits, true), number(i.upper, digits, true)))),
    }
}

/// `410M`, `9.8B`, `1.2 × 10^18`: a size of a model or of data.
pub(super) fn size(value: f64) -> Rich {
    match parts(value, 3) {
        Some((mantissa, exponent)) if (0.001..1e15).contains(&value) => {
            label(Decimal::new(mantissa, exponent), Numbers::Suffix, 0)
        }
        _ => number(value, 3, false),
    }
}

/// A share in per cent, to two digits: `0.41 %`, `94 %`.
pub(super) fn share(value: f64) -> Rich {
    let percent = 100.0 * value;
    let plain = if percent.abs() < 9.95 { number(percent, 2, true) } else { fixed(percent, 0) };
    plain.then(&Rich::plain(format!("{THIN}%")))
}

/// A difference as a share, in per cent with its sign: `+0.41 %`.
pub(super) fn off(value: f64) -> Rich {
    let percent = 100.0 * value;
    let sign = if percent > 0.0 { "+" } else { "" };
    Rich::plain(sign).then(&fixed(percent, 2)).then(&Rich::plain(format!("{THIN}%")))
}

/// `10×`, `2.5×`.
pub(super) fn factor(value: f64) -> Rich {
    let number = if value.abs() < 9.95 { number(value, 2, false) } else { number(value.round(), 3, false) };
    number.then(&Rich::plain("\u{d7}"))
}

/// A level in percent, without zeros at its end: `95` of 0.95.
pub fn percent(level: f64) -> String {
    let text = format!("{:.2}", 100.0 * level);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// "1 row", "2 rows".
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use isoloss_laws::{Interval, Of};

    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        for (value, digits, text) in [
            (1.81723, 5, "1.8172"),
            (2085.43, 5, "2085.4"),
            (0.00123456, 5, "0.0012346"),
            (1e18, 2, "1.0\u{2009}\u{d7}\u{2009}10^18"),
            (-6.4e13, 3, "\u{2212}6.40\u{2009}\u{d7}\u{2009}10^13"),
            (0.0, 5, "0"),
            (3.0, 3, "3.00"),
            (f64::INFINITY, 3, "\u{221e}"),
            (f64::NAN, 3, "no number"),
        ] {
            assert_eq!(number(value, digits, true).to_string(), text);
        }
        assert_eq!(
            (number(3.0, 5, false).to_string(), number(1e18, 5, false).to_string()),
            ("3".into(), "10^18".into())
        );
    }

    #[test]
    fn an_interval_ends_at_the_place_of_its_value() {
        let of = |value: f64, lower: f64, upper: f64| {
            let interval = Some(Interval { lower, upper, level: 0.95, of: Of::Mean });
            let (value, ends) = estimate(&Estimate { value, interval, method: String::new() });
            let (lower, upper) = ends.unwrap();
            format!("{value} [{lower}, {upper}]")
        };
        assert_eq!(of(0.34781, 0.333, 0.36312), "0.3478 [0.3330, 0.3631]");
        assert_eq!(of(406.4, 120.0, 980.123), "406 [120, 980]");
        assert_eq!(of(-0.5, -1.0, 0.25), "\u{2212}0.500 [\u{2212}1.000, 0.250]");
        assert_eq!(of(2e9, 1e9, 3e9), "2.00~10^9 [1.00~10^9, 3.00~10^9]".replace('~', "\u{2009}\u{d7}\u{2009}"));
        assert_eq!(of(1.05, 0.00234, 115.17), "1.05 [0.00234, 115]");
        assert_eq!(of(0.0, -1.0, 1.0), "0 [\u{2212}1.0000, 1.0000]");
    }

    #[test]
    fn sizes_shares_and_factors() {
        assert_eq!((size(410.3e6).to_string(), size(70e9).to_string()), ("410M".into(), "70B".into()));
        for (value, text) in [(0.00412, "0.41"), (0.0909, "9.1"), (0.94, "94"), (1.0, "100"), (0.0, "0")] {
            assert_eq!(share(value).to_string(), format!("{text}\u{2009}%"));
        }
        assert_eq!(off(0.00412).to_string(), "+0.41\u{2009}%");
        assert_eq!(off(-0.1).to_string(), "\u{2212}10.00\u{2009}%");
        assert_eq!((factor(10.0).to_string(), factor(2.54).to_string()), ("10\u{d7}".into(), "2.5\u{d7}".into()));
    }
}
