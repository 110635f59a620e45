//! Numbers as people read them.

/// `digits` significant digits, plain between 1e-4 and 1e6, with an exponent beyond.
pub fn number(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let mantissa =
            if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
        return format!("{mantissa}e{exponent}");
    }
    let places = (digits as i32 - 1 - exponent).max(0) as usize;
    format!("{value:.places$}")
}

/// A value and its interval to the digits that the interval's width makes meaningful: two of the width, at most six.
pub fn digits_for(value: f64, width: f64) -> usize {
    if !(width.is_finite() && width > 0.0 && value != 0.0) {
        return 5;
    }
    let ratio = (value.abs() / width).log10().floor() as i32;
    (ratio + 3).clamp(3, 6) as usize
}

/// `410M`, `9.8B`, `1.2e18`: a size in a sentence.
pub fn size(value: f64) -> String {
    for (letter, scale) in [("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)] {
        let scaled = value / scale;
        if (0.9995..999.5).contains(&scaled) {
            return format!("{}{letter}", short(scaled));
        }
    }
    if (0.01..1000.0).contains(&value.abs()) { short(value) } else { number(value, 3) }
}

/// A factor: `10x`, `2.5x`.
pub fn factor(value: f64) -> String {
    if value >= 1e5 { format!("{}x", number(value, 2)) } else { format!("{}x", short(value)) }
}

/// Whole from ten on, one place below, without a zero at the end.
fn short(value: f64) -> String {
    let places = usize::from(value.abs() < 9.95);
    let text = format!("{value:.places$}");
    if value.abs() < 0.95 { number(value, 2) } else { text.strip_suffix(".0").map(str::to_owned).unwrap_or(text) }
}

/// "1 row", "2 rows".
pub fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        for (value, text) in [
            (1.81723, "1.8172"),
            (2085.43, "2085.4"),
            (0.00123456, "0.0012346"),
            (1e18, "1e18"),
            (6.4e13, "6.4e13"),
            (0.0, "0"),
            (-3.0, "-3.0000"),
        ] {
            assert_eq!(number(value, 5), text);
        }
    }

    #[test]
    fn sizes_are_spoken() {
        for (value, text) in [
            (410.3e6, "410M"),
            (9.81e9, "9.8B"),
            (70e9, "70B"),
            (999.7e6, "1B"),
            (1e18, "1e18"),
            (12.0, "12"),
            (0.5, "0.50"),
        ] {
            assert_eq!(size(value), text);
        }
        assert_eq!((factor(10.0), factor(2.54), factor(141.0)), ("10x".into(), "2.5x".into(), "141x".into()));
    }

    #[test]
    fn digits_follow_the_width() {
        assert_eq!((digits_for(2.31, 0.08), digits_for(480.0, 900.0), digits_for(2.0, 1e-9)), (4, 3, 6));
    }
}
