//! Numbers as captions and labels say them, and places along an axis.

use crate::text::{Rich, math};

/// To so many significant digits, without zeros behind: `2.31`, `0.0536`, `1.2e21`.
pub(super) fn digits(value: f64, count: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let text = format!("{value:.*e}", count.saturating_sub(1));
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    if (-4..6).contains(&power) {
        let places = (count as i32 - 1 - power).max(0) as usize;
        // What the digits round to, so that no second rounding sees the value itself.
        return trimmed(&format!("{:.places$}", text.parse::<f64>().unwrap_or(value))).to_owned();
    }
    format!("{}e{power}", trimmed(mantissa))
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// A ratio, to two places if it is small: `1.40`, `12.5`, `130`.
pub(super) fn ratio(value: f64) -> String {
    let places = if value.abs() < 10.0 { 2 } else { usize::from(value.abs() < 100.0) };
    if value.abs() < 1e6 { format!("{value:.places$}") } else { digits(value, 3) }
}

/// A count to three digits with K, M, B or T: `28M`, `1.63B`.
pub(super) fn count(value: f64) -> String {
    let value = digits(value, 3).parse().unwrap_or(value);
    for (scale, letter) in [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")] {
        if value >= scale && value < 1e15 {
            return format!("{}{letter}", digits(value / scale, 3));
        }
    }
    digits(value, 3)
}

/// `L = aX^-b` in markup, each number to so many digits.
pub(super) fn power(a: f64, x: &str, b: f64, count: usize) -> Rich {
    math(&power_markup(a, x, b, count))
}

/// The same as the markup of formulas.
pub(super) fn power_markup(a: f64, x: &str, b: f64, count: usize) -> String {
    let sign = if b < 0.0 { "" } else { "-" };
    let exponent = digits(b.abs(), count.min(3));
    // A factor of a tall power has no place on a line as 1e27.
    match digits(a, count).split_once('e') {
        None => format!("_L_ = {}_{x}_^{{{sign}{exponent}}}", digits(a, count)),
        Some((m, p)) => format!("_L_ = {m} × 10^{{{p}}}_{x}_^{{{sign}{exponent}}}"),
    }
}

/// A list in words: `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A curve at places that are evenly apart on a logarithmic axis, both ends among them.
pub(super) fn curve(low: f64, high: f64, law: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    const PIECES: u32 = 60;
    let (from, to) = (libm::log(low), libm::log(high));
    let at = |i| libm::exp(from + (to - from) * f64::from(i) / f64::from(PIECES));
    (0..=PIECES).map(at).map(|x| (x, law(x))).collect()
}

/// Least and greatest of the values above zero; `None` if there is none.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let sound = values.into_iter().filter(|v| v.is_finite() && *v > 0.0);
    let (low, high) = sound.fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    (low <= high).then_some((low, high))
}

/// Values that differ, ascending.
pub(super) fn levels(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// A name that a user gave, cut to what a sentence bears.
pub(super) fn name(text: &str) -> String {
    const MOST: usize = 60;
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST + 1).collect();
    if plain.chars().count() > MOST { plain.chars().take(MOST - 1).chain(['…']).collect() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, count, text) in [
            (2.3092, 5, "2.3092"),
            (0.0527, 3, "0.0527"),
            (1.1608, 3, "1.16"),
            (9.996, 3, "10"),
            (999_600.0, 3, "1e6"),
            (123_456.0, 3, "123000"),
            (1.2e21, 3, "1.2e21"),
            (-0.05, 2, "-0.05"),
            (0.0, 3, "0"),
            (f64::NAN, 3, "NaN"),
        ] {
            assert_eq!(digits(value, count), text);
        }
        for (value, text) in
            [(27_960_000.0, "28M"), (1.627e9, "1.63B"), (999_900.0, "1M"), (20_000.0, "20K"), (7.0, "7")]
        {
            assert_eq!(count(value), text);
        }
        assert_eq!([1.4, 12.54, 130.2, 1e7].map(ratio), ["1.40", "12.5", "130", "1e7"]);
        assert_eq!(power(47.97, "C", 0.061, 4).to_string(), "L = 47.97C^\u{2212}0.061");
        assert_eq!(power(2.0, "C", -0.5, 4).to_string(), "L = 2C^0.5");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
