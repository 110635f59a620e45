//! Robust spread of residuals.

/// Standard deviation of the noise, from absolute residuals of a fit with `p` parameters: the median of the largest
/// n - p of them over 0.6745. (A robust fit passes through about p points exactly; those say nothing of the noise.)
pub(crate) fn median_scale(residuals: &[f64], p: usize) -> f64 {
    let mut sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    let n = sizes.len();
    if n == 0 {
        return 0.0;
    }
    let k = ((n + p) / 2).min(n - 1);
    let (_, m, _) = sizes.select_nth_unstable_by(k, f64::total_cmp);
    *m / 0.674_489_750_196_081_7
}

/// Huber's proposal 2: the sigma at which the clipped residuals have their expected sum of squares. As efficient as the
/// Huber fit itself, and outliers count as `clip` standard deviations each.
pub(crate) fn proposal2(residuals: &[f64], p: usize, clip: f64) -> f64 {
    let n = residuals.len();
    if n <= p {
        return 0.0;
    }
    // E[min(z^2, c^2)] for a standard normal z
    let expected = clipped_square(clip);
    let mut sigma = (residuals.iter().map(|r| r * r).sum::<f64>() / (n - p) as f64).sqrt();
    for _ in 0..200 {
        let c = clip * sigma;
        let s: f64 = residuals.iter().map(|r| r.abs().min(c).powi(2)).sum();
        let next = (s / ((n - p) as f64 * expected)).sqrt();
        if (next - sigma).abs() <= 1e-12 * sigma {
            return next;
        }
        sigma = next;
    }
    sigma
}

/// E[min(z^2, c^2)] = (1 - 2 Q) - 2 c phi(c) + 2 c^2 Q, with Q the upper tail beyond c.
fn clipped_square(c: f64) -> f64 {
    use statrs::distribution::{Continuous, ContinuousCDF, Normal};
    let normal = Normal::standard();
    let (q, phi) = (normal.sf(c), normal.pdf(c));
    1.0 - 2.0 * q - 2.0 * c * phi + 2.0 * c * c * q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_find_the_spread_of_normal_quantiles() {
        use statrs::distribution::{ContinuousCDF, Normal};
        let n = 2000;
        let mut r: Vec<f64> =
            (0..n).map(|i| 0.3 * Normal::standard().inverse_cdf((f64::from(i) + 0.5) / f64::from(n))).collect();
        assert!((median_scale(&r, 0) - 0.3).abs() < 2e-3);
        assert!((proposal2(&r, 0, 1.345) - 0.3).abs() < 2e-3);
        r[0] = 1e9;
        assert!((proposal2(&r, 0, 1.345) - 0.3).abs() < 3e-3);
    }
}
