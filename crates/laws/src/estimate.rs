//! A number and how sure it is.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// What an interval is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// the law itself: a parameter, or the mean over many runs
    Mean,
    /// one run not yet made: the law and the noise of a run
    NewRun,
}

/// An interval that covers the truth in a share `level` of all experiments.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// lower end
    pub lower: f64,
    /// upper end
    pub upper: f64,
    /// 0.95 for 95 %
    pub level: f64,
    /// what it is of
    pub of: Of,
}

/// A number with its interval, or with the reason why there is none.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Estimate {
    /// best guess
    pub value: f64,
    /// how sure
    pub interval: Option<Interval>,
    /// how the interval was made, or why there is none
    pub method: String,
}

/// The values of one quantity over bootstrap draws, sorted.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    sorted: Vec<f64>,
    /// normal score of the point among the draws: the bias correction (Efron 1987)
    shift: f64,
}

impl Spread {
    pub(crate) fn new(point: f64, draws: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = draws.into_iter().filter(|x| !x.is_nan()).collect();
        if sorted.len() < 20 || !point.is_finite() {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let below = sorted.iter().filter(|x| **x < point).count() as f64;
        let equal = sorted.iter().filter(|x| **x == point).count() as f64;
        let share = (below + 0.5 * equal) / sorted.len() as f64;
        let shift = Normal::standard().inverse_cdf(share.clamp(0.05, 0.95));
        Some(Self { sorted, shift })
    }

    /// The interval whose ends lie `t` normal standard deviations from the middle of the draws, shifted twice by the
    /// bias. For t = 1.96 this is the bias-corrected percentile interval; a larger t is Student's in place of the
    /// normal's quantile.
    pub(crate) fn ends(&self, t: f64) -> (f64, f64) {
        (self.at_score(2.0 * self.shift - t), self.at_score(2.0 * self.shift + t))
    }

    /// The interval whose ends lie `t` normal standard deviations from the middle of the draws.
    pub(crate) fn percentiles(&self, t: f64) -> (f64, f64) {
        (self.at_score(-t), self.at_score(t))
    }

    /// Standard deviation of the draws: the standard error that papers print.
    pub(crate) fn deviation(&self) -> f64 {
        let n = self.sorted.len() as f64;
        let mean = self.sorted.iter().sum::<f64>() / n;
        (self.sorted.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    }

    /// The quantile at a normal score. Beyond the last ten draws on a side, where they are too few to tell, the line from
    /// the median through the tenth is followed.
    fn at_score(&self, z: f64) -> f64 {
        let n = self.sorted.len() as f64;
        let edge = -Normal::standard().inverse_cdf((10.0 / n).min(0.2));
        let inside = |z: f64| {
            let rank = Normal::standard().cdf(z) * n - 0.5;
            let low = rank.floor().clamp(0.0, n - 1.0);
            let (a, b) = (self.sorted[low as usize], self.sorted[(low + 1.0).min(n - 1.0) as usize]);
            let part = (rank - low).clamp(0.0, 1.0);
            if a == b || part == 0.0 { a } else { a + part * (b - a) }
        };
        if z.abs() <= edge {
            return inside(z);
        }
        let (middle, end) = (inside(0.0), inside(edge * z.signum()));
        let reach = z.abs() / edge;
        if self.sorted[0] > 0.0 {
            // A positive quantity stays positive: the line is followed in logarithms.
            middle * libm::exp(libm::log(end / middle) * reach)
        } else if self.sorted[0] == 0.0 {
            (middle + (end - middle) * reach).max(0.0)
        } else {
            middle + (end - middle) * reach
        }
    }
}

/// Student's quantile for a two-sided interval; the normal's where `df` is not finite.
pub(crate) fn student(level: f64, df: f64) -> f64 {
    let p = 0.5 + 0.5 * level;
    match StudentsT::new(0.0, 1.0, df) {
        Ok(t) if df.is_finite() && df < 1e6 => t.inverse_cdf(p),
        _ => Normal::standard().inverse_cdf(p),
    }
}
