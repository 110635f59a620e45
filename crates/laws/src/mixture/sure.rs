//! How sure shares, losses and gains are, from the draws of the fits.

use crate::estimate::{Estimate, Interval, Of, Spread, student};
use crate::result::Fit;
use crate::warning::{COLLINEAR_REASON, EXACT_REASON};

/// The draws of all fits, side by side, and what was decided of their pairing. Fits of one table with several losses have
/// the same runs and random numbers, so draws of one number belong together; others are shifted against each other, as
/// they would share random numbers for nothing.
pub(super) fn pairs<'a>(fits: &[&'a Fit]) -> (Vec<Vec<&'a [f64]>>, Option<String>) {
    let count = fits.iter().map(|fit| fit.draws.len()).min().unwrap_or(0);
    let first = fits[0];
    let of_one_table =
        |fit: &&Fit| (fit.rows, &fit.ranges, &fit.mixtures) == (first.rows, &first.ranges, &first.mixtures);
    let runs = fits.iter().all(of_one_table);
    // A draw that did not converge is left out, and those behind it move up: then numbers say nothing.
    let complete = fits.iter().all(|fit| fit.draws.len() == first.draws.len());
    let together = runs && complete && fits.iter().all(|fit| (fit.seed, &fit.method) == (first.seed, &first.method));
    let shift = if together { 0 } else { count / fits.len() };
    let draw =
        |i: usize| fits.iter().enumerate().map(|(k, fit)| fit.draws[(i + k * shift) % count].as_slice()).collect();
    let said = (fits.len() > 1 && count > 0).then(|| {
        let said = match (together, runs) {
            (true, _) => "the fits are of the same runs: their draws are paired by number",
            (_, false) => "the fits are of different runs: their draws are independent",
            _ => {
                "the fits are of the same runs, but drawn in different ways: what noise their losses share is not \
                 counted; fit them with one --interval and --seed"
            }
        };
        said.to_owned()
    });
    ((0..count).map(draw).collect(), said)
}

/// What intervals are made with, or why there are none.
pub(super) struct Sureness {
    level: f64,
    /// Student's quantile
    t: f64,
    method: String,
    /// why shares have no interval
    shares: Option<String>,
    /// why losses have none
    losses: Option<String>,
}

impl Sureness {
    /// `answered` is how many of the draws had a best mixture.
    pub(super) fn new(fits: &[&Fit], draws: &[Vec<&[f64]>], answered: usize, everywhere: bool) -> Self {
        let level = fits[0].level;
        let df = fits.iter().map(|fit| fit.df).fold(f64::INFINITY, f64::min);
        let first = fits.iter().find(|fit| fit.draws.is_empty()).unwrap_or(&fits[0]);
        let unusable = fits.iter().flat_map(|fit| fit.errors()).find(|w| w.code == "unidentified");
        let collinear = fits.iter().any(|fit| fit.ladder.is_some()).then(|| COLLINEAR_REASON.to_owned());
        let none = match unusable {
            _ if draws.is_empty() => Some(first.method.clone()),
            Some(warning) => Some(warning.text.clone()),
            None if answered * 50 < draws.len() * 49 => {
                Some(format!("{} of {} draws have no best mixture", draws.len() - answered, draws.len()))
            }
            None => None,
        };
        let shares = none.clone().or(if everywhere { None } else { collinear.clone() });
        Self { level, t: student(level, df), method: first.method.clone(), shares, losses: none.or(collinear) }
    }

    /// Of a loss, or of the difference of two.
    pub(super) fn loss(&self, value: f64, draws: impl Iterator<Item = f64>) -> Estimate {
        let none = |method: String| Estimate { value, interval: None, method };
        if let Some(reason) = &self.losses {
            return none(reason.clone());
        }
        let Some(spread) = Spread::new(value, draws) else { return none("fewer than 20 draws".into()) };
        let (lower, upper) = spread.ends(self.t);
        // A difference may be nothing at all: the best mixture is the one it is held against.
        if upper - lower <= 1e-9 * value.abs() {
            return none(if value == 0.0 { "it is the same mixture".into() } else { EXACT_REASON.into() });
        }
        Estimate { value, interval: Some(self.interval(lower, upper)), method: self.method.clone() }
    }

    /// Of a share: plain percentiles, within 0 and 1. Many draws may lie on a face, where a shift by the bias means little.
    pub(super) fn share(&self, value: f64, draws: impl Iterator<Item = f64>) -> Estimate {
        let none = |method: String| Estimate { value, interval: None, method };
        if let Some(reason) = &self.shares {
            return none(reason.clone());
        }
        let Some(spread) = Spread::new(value, draws) else { return none("fewer than 20 draws".into()) };
        let (lower, upper) = spread.percentiles(self.t);
        let (lower, upper) = (lower.min(value).max(0.0), upper.max(value).min(1.0));
        if upper - lower <= 1e-9 {
            return none(if !(1e-6..=1.0 - 1e-6).contains(&value) {
                "it is so in every draw".into()
            } else {
                EXACT_REASON.into()
            });
        }
        Estimate { value, interval: Some(self.interval(lower, upper)), method: self.method.clone() }
    }

    /// What a share `level` of the draws would lose at most.
    pub(super) fn regret(&self, draws: impl Iterator<Item = f64>) -> Option<f64> {
        let mut all: Vec<f64> = draws.filter(|x| x.is_finite()).map(|x| x.max(0.0)).collect();
        if self.losses.is_some() || all.len() < 20 {
            return None;
        }
        all.sort_by(f64::total_cmp);
        let rank = (self.level * all.len() as f64).ceil() as usize;
        all.get(rank.clamp(1, all.len()) - 1).copied()
    }

    fn interval(&self, lower: f64, upper: f64) -> Interval {
        Interval { lower, upper, level: self.level, of: Of::Mean }
    }
}
