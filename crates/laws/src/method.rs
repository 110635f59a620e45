//! Which bootstrap serves these rows.

use crate::bootstrap::Clusters;
use crate::options::{Method, Options};
use crate::points::Points;

/// Above this many rows refits would add seconds and the normal approximation is exact to a fraction of a percent.
pub(crate) const SANDWICH_ROWS: usize = 20_000;

/// Many clusters: the wild bootstrap costs nothing and allows for any noise. Few: residuals are pooled, unless their
/// size is seen to follow an input or the fitted value.
pub(crate) fn choose(method: Method, residuals: &[f64], clusters: &Clusters, points: &Points) -> Method {
    if method != Method::Auto {
        return method;
    }
    let uneven = clusters.count == residuals.len() && uneven(residuals, points);
    if clusters.count >= MANY || uneven { Method::Wild } else { Method::Residual }
}

/// From here on the wild bootstrap is as narrow as the residual one.
const MANY: usize = 100;

/// Whether the size of residuals follows an input: Spearman's correlation of |r| with any input beyond what chance gives
/// once in a thousand.
fn uneven(residuals: &[f64], points: &Points) -> bool {
    let sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    let limit = 3.3 / (residuals.len() as f64 - 1.0).max(1.0).sqrt();
    points
        .columns
        .iter()
        .chain([("".to_owned(), points.target.clone())].iter())
        .any(|(_, c)| spearman(&sizes, c).abs() > limit)
}

/// Correlation of ranks.
pub(crate) fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let spread = (sum(&a, &a) * sum(&b, &b)).sqrt();
    if spread > 0.0 { sum(&a, &b) / spread } else { 0.0 }
}

/// Ranks from 0, ties at their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut out = vec![0.0; values.len()];
    let mut i = 0;
    while i < order.len() {
        // What is no number equals nothing, not even itself.
        let same = 1 + order[i + 1..].iter().take_while(|&&k| values[k] == values[order[i]]).count();
        for &k in &order[i..i + same] {
            out[k] = i as f64 + (same as f64 - 1.0) / 2.0;
        }
        i += same;
    }
    out
}

pub(crate) fn sandwich_name(options: &Options, points: &Points, clusters: &Clusters) -> String {
    let what = points.cluster.as_ref().map_or("rows".to_owned(), |l| format!("clusters of {}", l.name));
    format!("sandwich covariance over {} {what}, {} normal draws", clusters.count, options.draws)
}

pub(crate) fn method_of(method: Method, options: &Options, points: &Points, clusters: &Clusters) -> String {
    let what = match &points.cluster {
        Some(labels) => format!("{} clusters of {}", clusters.count, labels.name),
        None => format!("{} rows", clusters.count),
    };
    match method {
        Method::Auto | Method::Residual => format!("residual bootstrap, {} draws over {what}", options.draws),
        Method::Wild => format!("wild bootstrap, {} draws over {what}", options.draws),
        Method::Pairs => format!("pairs bootstrap, {} draws over {what}", options.draws),
        Method::Profile => "profile likelihood, for parameters only".into(),
        Method::None => "not asked for".into(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranks_end_whatever_the_values() {
        assert_eq!(super::ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
        assert_eq!(super::ranks(&[f64::NAN, 1.0, f64::NAN]), [1.0, 0.0, 2.0]);
    }
}
