//! Whether one law lies between several kinds of runs: rows that the table tells apart and the law does not.

use crate::points::Labels;
use crate::result::Fit;
use crate::warning::{Severity, Warning, count};
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// Kinds that differ by chance less often than this are told of.
const CHANCE: f64 = 1e-3;
/// Kinds that explain less of the scatter than this are no reason to fit them apart.
const SHARE: f64 = 0.25;
/// Kinds that are named.
const NAMED: usize = 3;

/// The warning `pooled`, where the residuals of a fit differ between the values of a column that tells kinds of runs apart
/// (one label a row): a one-way analysis of variance. `remedy` says what would not pool them: `--per arch E,A,B fits them apart`.
pub fn pooled(fit: &Fit, kinds: &Labels, remedy: &str) -> Option<Warning> {
    let (rows, groups) = (fit.residuals.len(), kinds.levels.len());
    if kinds.index.len() != rows || groups < 2 || rows <= groups {
        return None;
    }
    let mean = fit.residuals.iter().sum::<f64>() / rows as f64;
    let (mut sums, mut counts) = (vec![0.0; groups], vec![0.0; groups]);
    for (&kind, residual) in kinds.index.iter().zip(&fit.residuals) {
        sums[kind as usize] += residual;
        counts[kind as usize] += 1.0;
    }
    let means: Vec<f64> = sums.iter().zip(&counts).map(|(sum, n)| sum / n).collect();
    let between: f64 = means.iter().zip(&counts).map(|(m, n)| n * (m - mean) * (m - mean)).sum();
    let total: f64 = fit.residuals.iter().map(|r| (r - mean) * (r - mean)).sum();
    let (df_between, df_within) = ((groups - 1) as f64, (rows - groups) as f64);
    let (between_each, within_each) = (between / df_between, (total - between).max(0.0) / df_within);
    let explained = 1.0 - within_each / (total / (rows - 1) as f64);
    let chance = match within_each > 0.0 {
        true => 1.0 - FisherSnedecor::new(df_between, df_within).ok()?.cdf(between_each / within_each),
        false => 0.0,
    };
    // What lies on the law to the last digits is no scatter.
    if total <= 1e-18 || explained.is_nan() || explained < SHARE || chance >= CHANCE {
        return None;
    }
    let mut order: Vec<usize> = (0..groups).collect();
    order.sort_by(|a, b| means[*b].abs().total_cmp(&means[*a].abs()).then(a.cmp(b)));
    let off = |kind: &usize| match fit.objective.log {
        true => format!("{} {:+.1} %", kinds.levels[*kind], 100.0 * means[*kind].exp_m1()),
        false => format!("{} {:+.2e}", kinds.levels[*kind], means[*kind]),
    };
    let named: Vec<String> = order.iter().take(NAMED).map(off).collect();
    let more = if groups > NAMED { format!(" and {} more", groups - NAMED) } else { String::new() };
    let text = format!(
        "one law lies between the {} of column `{}`: their runs are off it by {}{more} on average",
        count(groups, "value"),
        kinds.name,
        named.join(", ")
    );
    Some(Warning::new(Severity::Warning, "pooled", text, remedy))
}
