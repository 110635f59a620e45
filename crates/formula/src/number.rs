//! Numbers as people write them in cells and on the command line.

use crate::lex::scaled;
use std::borrow::Cow;

/// The finite number that a text writes: `3.2`, `1e18`, `+5`, `1_000_000`, `1,000,000`, `50M`, `1.5 B`.
///
/// Suffixes are k, K, M, B and T. `None` for anything else: words, `nan`, `inf`, a decimal comma (`2,31`), a unit.
pub fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    // A table has a million cells and nearly all are plain.
    if let Ok(value) = text.parse::<f64>() {
        return value.is_finite().then_some(value);
    }
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let scale = match text.bytes().next_back()? {
        b'k' | b'K' => 1e3,
        b'M' => 1e6,
        b'B' => 1e9,
        b'T' => 1e12,
        _ => 1.0,
    };
    let body = if scale == 1.0 { text } else { text[..text.len() - 1].trim_end() };
    // Typesetters write U+2212 for minus.
    let (sign, body) = match body.strip_prefix('-').or_else(|| body.strip_prefix('−')) {
        Some(rest) => (-1.0, rest),
        None => (1.0, body.strip_prefix('+').unwrap_or(body)),
    };
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let plain = match (body.contains('_'), body.contains(',')) {
        (false, false) => Cow::Borrowed(body),
        (true, false) => without_underscores(body)?,
        (false, true) => without_commas(body)?,
        (true, true) => return None,
    };
    plain.parse::<f64>().ok()?;
    let value = sign * if scale == 1.0 { plain.parse().ok()? } else { scaled(&plain, scale) };
    value.is_finite().then_some(value)
}

/// Underscores stand between digits.
fn without_underscores(body: &str) -> Option<Cow<'_, str>> {
    let bytes = body.as_bytes();
    let digit = |i: Option<usize>| i.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_digit);
    let between = |i: usize| digit(i.checked_sub(1)) && digit(Some(i + 1));
    let fits = bytes.iter().enumerate().all(|(i, b)| *b != b'_' || between(i));
    fits.then(|| Cow::Owned(body.replace('_', "")))
}

/// Commas stand before each group of three digits: `2,31` is somebody's 2.31 and `0,123` somebody's 0.123.
fn without_commas(body: &str) -> Option<Cow<'_, str>> {
    let whole = body.split('.').next()?;
    let fraction = body.strip_prefix(whole)?.strip_prefix('.').unwrap_or("");
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && digits(first)
        && digits(fraction)
        && groups.all(|g| g.len() == 3 && digits(g));
    fits.then(|| Cow::Owned(body.replace(',', "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, value) in [
            ("3.2", 3.2),
            (" 3.2 ", 3.2),
            ("+5", 5.0),
            ("-1e-3", -1e-3),
            ("−5", -5.0),
            ("1e18", 1e18),
            ("50M", 50e6),
            ("1.5B", 1.5e9),
            ("0.3M", 300_000.0),
            ("1.1B", 1_100_000_000.0),
            ("1.5 B", 1.5e9),
            ("2k", 2000.0),
            ("2K", 2000.0),
            ("15T", 15e12),
            ("1e3M", 1e9),
            ("-2M", -2e6),
            ("1,000,000", 1e6),
            ("12,345.5", 12345.5),
            ("1,500M", 1.5e9),
            ("+1,000", 1000.0),
            ("1_000_000", 1e6),
            ("1_000.5", 1000.5),
        ] {
            assert_eq!(parse_number(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_could_be_something_else_is_no_number() {
        for text in [
            "",
            " ",
            "nan",
            "NaN",
            "inf",
            "-inf",
            "infinity",
            "1e400",
            "OOM",
            "2,31",
            "0,123",
            "1,00,000",
            "1,0000",
            ",123",
            "1,",
            "1_",
            "_1",
            "1__0",
            "1_e5",
            "1.5b",
            "125m",
            "7G",
            "M",
            "1.5BB",
            "1 000",
            "45%",
            "~7B",
            "1e18 FLOPs",
            "--5",
            "+-5",
            "- 5",
            "1,000_000",
            "1,000e3",
            "0x10",
            "1.2.3",
            "nanM",
            "infB",
            "٣",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }
}
