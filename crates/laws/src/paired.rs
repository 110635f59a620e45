//! What was measured of two families, pair by pair: runs of one rung that differ in nothing but the family.

use std::collections::BTreeMap;

use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, student};

/// A run as pairs see it: its family, its rung, and what was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured<'a> {
    /// what is compared
    pub family: &'a str,
    /// runs of one rung differ in nothing but family and seed
    pub rung: &'a str,
    /// above 0: a loss, bits
    pub value: f64,
}

/// How many times as large what was measured of `family` is as of `baseline`, over the rungs that both have: the mean of the
/// difference of logarithms, as a factor; replicates of a rung are averaged first. Its interval is Student's over the rungs:
/// what a pair shares, as its size, cancels. No law is asked.
///
/// # Errors
/// If they share fewer than two rungs, or a value is not above 0: a logarithm is taken of each.
pub fn paired(runs: &[Measured], baseline: &str, family: &str, level: f64) -> Result<Estimate, FitError> {
    let mut logs: BTreeMap<&str, [Vec<f64>; 2]> = BTreeMap::new();
    for run in runs {
        let Some(side) = [baseline, family].iter().position(|name| *name == run.family) else { continue };
        if !(run.value.is_finite() && run.value > 0.0) {
            let message = format!("{}, {}: {} has no logarithm", run.family, run.rung, run.value);
            return Err(FitError::new(message, "a condition leaves out what is not above 0"));
        }
        logs.entry(run.rung).or_default()[side].push(libm::log(run.value));
    }
    let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
    let both = logs.values().filter(|pair| pair.iter().all(|side| !side.is_empty()));
    let apart: Vec<f64> = both.map(|[first, second]| mean(second) - mean(first)).collect();
    if apart.len() < 2 {
        let message = format!("{baseline} and {family} share {} rungs: two or more have a spread", apart.len());
        return Err(FitError::new(message, "more rungs that both families have"));
    }
    let (n, middle) = (apart.len() as f64, mean(&apart));
    let squares: f64 = apart.iter().map(|x| (x - middle) * (x - middle)).sum();
    let half = student(level, n - 1.0) * (squares / (n - 1.0) / n).sqrt();
    let [lower, value, upper] = [middle - half, middle, middle + half].map(libm::exp);
    let interval = Some(Interval { lower, upper, level, of: Of::Mean });
    Ok(Estimate { value, interval, method: format!("Student's, over {} rungs", apart.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNGS: [&str; 4] = ["a", "b", "c", "d"];

    fn runs<'a>(of: &[(&'a str, [f64; 2])]) -> Vec<Measured<'a>> {
        let pair = |(rung, [first, second]): &(&'a str, [f64; 2])| {
            [Measured { family: "one", rung, value: *first }, Measured { family: "two", rung, value: *second }]
        };
        of.iter().flat_map(pair).collect()
    }

    /// Logarithms 0.1, 0.2, 0.3, 0.4 have mean 0.25 and deviation 0.1291; t of 3 degrees is 3.1824.
    #[test]
    fn four_pairs_by_hand() {
        let pairs: Vec<(&str, [f64; 2])> =
            RUNGS.iter().zip(1..).map(|(rung, i)| (*rung, [7.0, 7.0 * (0.1 * f64::from(i)).exp()])).collect();
        let estimate = paired(&runs(&pairs), "one", "two", 0.95).unwrap();
        let interval = estimate.interval.unwrap();
        let half = 3.182_446_305 * 0.129_099_445 / 2.0;
        for (got, want) in [(estimate.value, 0.25), (interval.lower, 0.25 - half), (interval.upper, 0.25 + half)] {
            assert!((got.ln() - want).abs() < 1e-6, "{got} {want}");
        }
        let turned = paired(&runs(&pairs), "two", "one", 0.95).unwrap();
        assert!((turned.value * estimate.value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_a_pair_shares_cancels_and_replicates_are_one() {
        let mut all = runs(&[("a", [1.0, 2.0]), ("b", [100.0, 200.0]), ("c", [9.0, 18.0])]);
        // A rung that one family has alone, a replicate, and another family.
        all.push(Measured { family: "two", rung: "d", value: 5.0 });
        all.extend([4.0, 4.0].map(|value| Measured { family: "one", rung: "e", value }));
        all.extend([4.0, 16.0].map(|value| Measured { family: "two", rung: "e", value }));
        all.push(Measured { family: "three", rung: "a", value: f64::NAN });
        let estimate = paired(&all, "one", "two", 0.95).unwrap();
        let interval = estimate.interval.unwrap();
        assert!((estimate.value - 2.0).abs() < 1e-12 && interval.upper - interval.lower < 1e-9, "{estimate:?}");
    }

    #[test]
    fn what_has_no_ratio_is_refused() {
        for pairs in [
            &[("a", [1.0, 2.0])][..],
            &[("a", [1.0, 2.0]), ("b", [0.0, 1.0])],
            &[("a", [1.0, 2.0]), ("b", [1.0, f64::NAN])],
        ] {
            assert!(paired(&runs(pairs), "one", "two", 0.95).is_err(), "{pairs:?}");
        }
    }
}
