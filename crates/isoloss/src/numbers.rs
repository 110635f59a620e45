//! Numbers as people read them, and the words that go with them.

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

/// A number with its sign and so many places: `+1.20`, `-3e99`.
pub fn signed(value: f64, places: usize) -> String {
    if value.abs() < 1e6 {
        format!("{value:+.places$}")
    } else {
        format!("{}{}", if value > 0.0 { "+" } else { "" }, number(value, 3))
    }
}

/// A share, or an error of a logarithm, in percent to two digits at most: `0.41 %`, `12 %`.
pub fn percentage(share: f64) -> String {
    let percent = 100.0 * share;
    let whole = (9.95..1e6).contains(&percent.abs());
    if whole { format!("{percent:.0} %") } else { format!("{} %", number(percent, 2)) }
}

/// Where something lies, roughly: two digits, with an exponent from 1000 on: `3.0e4`, `42`.
pub fn roughly(value: f64) -> String {
    if value.is_finite() && value.abs() >= 999.5 { format!("{value:.1e}") } else { number(value, 2) }
}

/// All digits, as the formula language writes them: no file needs the 300 zeros of 1e300.
pub fn exact(value: f64) -> String {
    if value != 0.0 && !(1e-5..1e16).contains(&value.abs()) { format!("{value:e}") } else { value.to_string() }
}

/// A factor: `10x`, `2.5x`.
pub fn factor(value: f64) -> String {
    if value.abs() >= 1e5 { format!("{}x", number(value, 2)) } else { format!("{}x", short(value)) }
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

/// "end" of one or of many: "1 ends", "2 end".
pub fn verb(n: usize, what: &str) -> String {
    format!("{what}{}", if n == 1 { "s" } else { "" })
}

/// A name in a line of text: cells may hold whole essays, and line ends that would break the report.
pub fn short_name(name: &str) -> String {
    const MOST: usize = 60;
    let mut line: String = name.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if name.chars().nth(MOST).is_some() {
        line.pop();
        line.push('\u{2026}');
    }
    line
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
    fn shares_and_places() {
        for (share, text) in [(0.00412, "0.41 %"), (0.0, "0 %"), (0.1234, "12 %"), (0.94, "94 %"), (1.0, "100 %")] {
            assert_eq!(percentage(share), text);
        }
        assert_eq!((roughly(29_950.0), roughly(42.3), roughly(0.0123)), ("3.0e4".into(), "42".into(), "0.012".into()));
    }

    #[test]
    fn no_number_is_longer_than_a_word() {
        for value in [7e99, -7e99, 1e300, 3e-200, f64::MAX, f64::INFINITY] {
            for text in [number(value, 5), size(value), factor(value), signed(value, 2), exact(value)] {
                assert!(text.len() <= 24, "{text}");
            }
        }
        assert_eq!(
            (signed(1.2, 2), signed(-0.5, 4), signed(7e99, 2)),
            ("+1.20".into(), "-0.5000".into(), "+7e99".into())
        );
        assert_eq!((exact(0.1), exact(1e300), exact(0.0)), ("0.1".into(), "1e300".into(), "0".into()));
    }

    #[test]
    fn one_and_many() {
        assert_eq!((count(1, "row"), count(2, "row")), ("1 row".into(), "2 rows".into()));
        assert_eq!((verb(1, "end"), verb(0, "end")), ("ends".into(), "end".into()));
    }

    #[test]
    fn long_names_are_shortened() {
        let long = short_name(&"\u{e9}".repeat(100_000));
        assert!(long.chars().count() == 60 && long.ends_with('\u{2026}'), "{long}");
        assert_eq!((short_name("gpt-7"), short_name("a\nb\u{1b}[1m")), ("gpt-7".into(), "a b [1m".into()));
    }

    #[test]
    fn digits_follow_the_width() {
        assert_eq!((digits_for(2.31, 0.08), digits_for(480.0, 900.0), digits_for(2.0, 1e-9)), (4, 3, 6));
    }
}
