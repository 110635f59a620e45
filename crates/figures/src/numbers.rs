//! Numbers on axes, as people read them.

use crate::decimal::Decimal;
use crate::text::{Level, Rich};

/// How an axis writes its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// powers of ten on a logarithmic axis of base 10, else plain digits unless they are many
    #[default]
    Auto,
    /// digits, in threes from 10 000 on
    Plain,
    /// K, M, B, T for 10^3, 10^6, 10^9, 10^12: sizes of models and of data
    Suffix,
    /// a power of ten, with a factor where it is needed
    Power,
    /// hundred times the value, with a per cent sign
    Percent,
}

const MINUS: char = '\u{2212}';
/// Thin enough to hold a number together; U+2009 is in the font.
const THIN: char = '\u{2009}';

/// The label of one tick. `places`: the decimal places of the most precise tick beside it.
pub(crate) fn label(number: Decimal, style: Numbers, places: usize) -> Rich {
    match style {
        Numbers::Auto | Numbers::Plain => Rich::plain(digits(number, places)),
        Numbers::Suffix => Rich::plain(suffixed(number)),
        Numbers::Power => power(number),
        Numbers::Percent => {
            let hundredfold = Decimal::new(number.mantissa, number.exponent + 2);
            Rich::plain(format!("{}{THIN}%", digits(hundredfold, places.saturating_sub(2))))
        }
    }
}

/// All digits, with at least `places` behind the point.
fn digits(number: Decimal, places: usize) -> String {
    let places = places.max(number.places());
    let mut whole = number.mantissa.unsigned_abs().to_string();
    let zeros = number.exponent.max(-(places as i32)) + places as i32;
    whole.extend(std::iter::repeat_n('0', zeros.max(0) as usize));
    if number.mantissa == 0 {
        whole = "0".repeat(places + 1);
    }
    while whole.len() <= places {
        whole.insert(0, '0');
    }
    let (before, behind) = whole.split_at(whole.len() - places);
    let mut text = String::new();
    if number.mantissa < 0 {
        text.push(MINUS);
    }
    for (i, digit) in before.chars().enumerate() {
        if i > 0 && before.len() > 4 && (before.len() - i) % 3 == 0 {
            text.push(THIN);
        }
        text.push(digit);
    }
    if places > 0 {
        text.push('.');
        text.push_str(behind);
    }
    text
}

/// `125M`, `2.5B`; plain digits below a thousand.
fn suffixed(number: Decimal) -> String {
    let (_, power) = number.scientific();
    let (letter, shift) = match power {
        3..=5 => ("K", 3),
        6..=8 => ("M", 6),
        9..=11 => ("B", 9),
        12..=14 => ("T", 12),
        _ => ("", 0),
    };
    if letter.is_empty() && (number.mantissa != 0 && !(-4..3).contains(&power)) {
        return format!("{}e{}", number.scientific().0, power);
    }
    format!("{}{letter}", digits(Decimal::new(number.mantissa, number.exponent - shift), 0))
}

/// `10^6`, `2.5 × 10^6`.
fn power(number: Decimal) -> Rich {
    if number.mantissa == 0 {
        return Rich::plain("0");
    }
    let (factor, power) = number.scientific();
    let base = match factor.as_str() {
        "1" => "10".to_owned(),
        _ => format!("{factor}{THIN}\u{d7}{THIN}10"),
    };
    Rich::plain(base).then(&raised(power))
}

/// A power of two: digits as long as they are few.
pub(crate) fn power_of_two(k: i32, style: Numbers) -> Rich {
    match k {
        0..=13 => label(Decimal::new(1 << k, 0), if style == Numbers::Power { Numbers::Plain } else { style }, 0),
        14..=50 if style == Numbers::Suffix => label(Decimal::new(1 << k, 0), style, 0),
        -6..=-1 => Rich::plain(format!("1/{}", 1 << -k)),
        _ => Rich::plain("2").then(&raised(k)),
    }
}

fn raised(power: i32) -> Rich {
    Rich::plain(power.to_string().replace('-', "\u{2212}")).at(Level::Above)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mantissa: i64, exponent: i32, style: Numbers, places: usize) -> String {
        label(Decimal::new(mantissa, exponent), style, places).to_string()
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(text(25, -1, Numbers::Plain, 2), "2.50");
        assert_eq!(text(5, -3, Numbers::Plain, 0), "0.005");
        assert_eq!(text(-3, 0, Numbers::Plain, 1), "\u{2212}3.0");
        assert_eq!(text(0, 0, Numbers::Plain, 1), "0.0");
        assert_eq!(text(1, 4, Numbers::Plain, 0), "10\u{2009}000");
        assert_eq!(text(5, 3, Numbers::Plain, 0), "5000");
        assert_eq!(text(125, 6, Numbers::Suffix, 0), "125M");
        assert_eq!(text(25, 8, Numbers::Suffix, 0), "2.5B");
        assert_eq!(text(3, -1, Numbers::Suffix, 0), "0.3");
        assert_eq!(text(1, 6, Numbers::Power, 0), "10^6");
        assert_eq!(text(25, -4, Numbers::Power, 0), "2.5\u{2009}\u{d7}\u{2009}10^\u{2212}3");
        assert_eq!(text(5, -1, Numbers::Percent, 1), "50\u{2009}%");
        assert_eq!(power_of_two(5, Numbers::Auto).to_string(), "32");
        assert_eq!(power_of_two(-1, Numbers::Auto).to_string(), "1/2");
        assert_eq!(power_of_two(20, Numbers::Auto).to_string(), "2^20");
    }
}
