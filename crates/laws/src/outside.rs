//! Sizes that lie far outside those that were fitted: there a law says nothing that runs have shown.

/// Beyond how many times the largest, or below which part of the smallest, that begins.
const FAR: f64 = 10.0;

/// Says how far `value` of the input `name` lies outside the range in which it was fitted; `None` where it is not far, where
/// the range is not known, or holds numbers that are not positive. `ranges` are names with least and greatest values.
pub(crate) fn far(ranges: &[(String, f64, f64)], name: &str, value: f64) -> Option<String> {
    let (_, low, high) = ranges.iter().find(|(known, low, _)| known == name && *low > 0.0)?;
    let (side, factor) =
        if value > *high { ("above the largest", value / high) } else { ("below the smallest", low / value) };
    (factor > FAR).then(|| format!("{name} lies {factor:.0}x {side} that was fitted"))
}

#[cfg(test)]
mod tests {
    use super::far;

    #[test]
    fn ten_times_is_far() {
        let ranges = [("N".to_owned(), 1e6, 1e9), ("w".to_owned(), 0.0, 1.0)];
        assert_eq!(far(&ranges, "N", 9.9e9), None);
        assert_eq!(far(&ranges, "N", 2e10).unwrap(), "N lies 20x above the largest that was fitted");
        assert_eq!(far(&ranges, "N", 5e4).unwrap(), "N lies 20x below the smallest that was fitted");
        assert_eq!((far(&ranges, "w", 40.0), far(&ranges, "D", 1.0)), (None, None));
    }
}
