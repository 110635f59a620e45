//! How fast something grows with something else: the power in y ~ x^p.

use crate::estimate::{Estimate, Interval, Of, student};
use crate::polynomial::line;
use crate::program::math::ln;

/// The power p in y ~ x^p by least squares over logarithms, with Student's interval. None without two different x, or
/// where a number is not positive.
pub fn growth(x: &[f64], y: &[f64], level: f64) -> Option<Estimate> {
    if x.len() != y.len() || x.iter().chain(y).any(|v| !v.is_finite() || *v <= 0.0) {
        return None;
    }
    let [x, y] = [x, y].map(|v| v.iter().map(|v| ln(*v)).collect::<Vec<f64>>());
    let (slope, intercept) = line(&x, &y, |_| 1.0)?;
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let spread: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
    let squares: f64 = x.iter().zip(&y).map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
    let method = "least squares over logarithms".to_owned();
    if n < 3.0 {
        return Some(Estimate { value: slope, interval: None, method: method + "; two points leave no residual" });
    }
    let half = student(level, n - 2.0) * (squares / (n - 2.0) / spread).sqrt();
    let interval = Interval { lower: slope - half, upper: slope + half, level, of: Of::Mean };
    Some(Estimate { value: slope, interval: Some(interval), method })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_is_found_with_its_error() {
        let x = [32.0, 64.0, 128.0, 256.0];
        let exact = growth(&x, &x.map(|x| 3.0 * f64::powf(x, -0.7)), 0.95).unwrap();
        assert!((exact.value + 0.7).abs() < 1e-12);
        // By hand: slopes of ln y over ln x with residuals -d, d, d, -d for x one octave apart.
        let d = 0.01f64;
        let bent = [-d, d, d, -d].map(f64::exp);
        let found = growth(&x, &bent, 0.95).unwrap();
        let octave = std::f64::consts::LN_2;
        let error = (4.0 * d * d / 2.0 / (5.0 * octave * octave)).sqrt();
        let interval = found.interval.unwrap();
        assert!(found.value.abs() < 1e-12, "{}", found.value);
        // Student's 97.5 % quantile with two degrees of freedom is 4.302653.
        assert!(((interval.upper - interval.lower) / 2.0 / error - 4.302653).abs() < 1e-5, "{interval:?}");
        assert!(growth(&[1.0, 1.0], &[1.0, 2.0], 0.95).is_none() && growth(&[1.0, 2.0], &[1.0, -2.0], 0.95).is_none());
    }
}
