//! Which law, of all that the columns allow: by how well it predicts the dearest runs from the cheaper ones.
//!
//! Better among the runs is often worse beyond them: criteria that look inside (AICc, cross-validation) choose laws that
//! saturate. Holding out along cost asks the question that matters; AICc stands beside it.

use crate::error::FitError;
use crate::fit::fit;
use crate::law::Law;
use crate::options::{Method, Options};
use crate::points::Points;
use crate::result::Fit;
use crate::score::{Cuts, Score, scale_of, score};
use crate::search::CLIP;
use statrs::distribution::{ContinuousCDF, Normal};

/// One law among those that were tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// its name in the catalogue
    pub law: String,
    /// parameters that were free
    pub free: usize,
    /// root mean square error of held-out runs, the geometric mean over the cuts
    pub error: f64,
    /// the error times 1.1 for each free parameter: held-out runs lie nearer than what is asked, and favour the supple
    pub judged: f64,
    /// Akaike's criterion for few rows, on the target's own scale: differences count, less is better
    pub aicc: f64,
    /// held-out errors do not differ from those of the first by more than their scatter
    pub tie: bool,
}

/// All laws that could be tried, best first, and those that could not, with the reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// best first
    pub laws: Vec<Ranked>,
    /// name and reason
    pub refused: Vec<(String, String)>,
    /// the scale that rows were held out along
    pub by: String,
}

/// Shares of the rows, the dearest, that are held out in turn.
const HELD: [f64; 3] = [0.15, 0.30, 0.45];
/// Why a law is not tried that reads other columns.
const OTHER_COLUMNS: &str = "its inputs are no columns";
/// Per free parameter.
const PENALTY: f64 = 1.1;

/// Fits every law whose inputs are columns of the points, holds out the dearest runs, and ranks.
///
/// Cost is C = 6 N D where there are N and D, else the first scale there is. No intervals are made.
///
/// # Errors
/// If no law can be tried.
pub fn rank(laws: &[Law], points: &Points, options: &Options) -> Result<Ranking, FitError> {
    let quick = Options { method: Method::None, influence: false, trust: false, ..options.clone() };
    let mut tried: Vec<(Ranked, Score)> = Vec::new();
    let mut refused = Vec::new();
    let mut by = String::new();
    for law in laws {
        let rows = suited(law, points);
        let attempt = rows.ok_or_else(|| OTHER_COLUMNS.to_owned()).and_then(|rows| {
            let (name, scale) = scale_of(law, &rows, None).map_err(|e| e.message)?;
            let score = score(law, &rows, &quick, Some(&name), &Cuts::At(levels(&scale))).map_err(|e| e.message)?;
            let whole = fit(law, &rows, &quick).map_err(|e| e.message)?;
            Ok((name, score, aicc(&whole, &rows), whole.free))
        });
        match attempt {
            Ok((name, score, aicc, free)) => {
                by = name;
                let logs: f64 = score.cuts.iter().map(|c| c.rmse.max(1e-300).ln()).sum();
                let error = (logs / score.cuts.len() as f64).exp();
                let judged = error * PENALTY.powi(free as i32);
                tried.push((Ranked { law: law.name.clone(), free, error, judged, aicc, tie: false }, score));
            }
            Err(reason) => refused.push((law.name.clone(), reason)),
        }
    }
    // A law that fails at a cut has said nothing there: it comes after those that were tried everywhere.
    tried.sort_by(|(a, s), (b, t)| t.cuts.len().cmp(&s.cuts.len()).then(a.judged.total_cmp(&b.judged)));
    let Some((_, first)) = tried.first() else {
        return Err(none_tried(&refused));
    };
    let first = squares(first);
    for (ranked, score) in &mut tried {
        ranked.tie = alike(&first, &squares(score));
    }
    Ok(Ranking { laws: tried.into_iter().map(|(r, _)| r).collect(), refused, by })
}

/// What all laws failed for: those that read these columns failed for the rows.
fn none_tried(refused: &[(String, String)]) -> FitError {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (law, reason) in refused.iter().filter(|(_, reason)| reason != OTHER_COLUMNS) {
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, laws)) => laws.push(law),
            None => reasons.push((reason, vec![law])),
        }
    }
    // The reason of most laws first; a few say it all.
    reasons.sort_by_key(|(_, laws)| std::cmp::Reverse(laws.len()));
    let said: Vec<String> =
        reasons.iter().take(3).map(|(reason, laws)| format!("{}: {reason}", laws.join(", "))).collect();
    match said.is_empty() {
        true => FitError::new(
            "no law of the catalogue reads these columns",
            "a law reads N, D, C or X and more: isoloss list laws shows their inputs",
        ),
        false => FitError::new(
            format!("no law of the catalogue can be tried on these rows: {}", said.join("; ")),
            "to rank laws the dearest rows are held out: add runs, or fit one law, as in --law power-floor",
        ),
    }
}

/// The points as the law reads them: a law of one nameless scale X takes the only column there is.
fn suited(law: &Law, points: &Points) -> Option<Points> {
    let inputs: Vec<&str> = law.inputs().collect();
    let groups = law.formula.groups();
    let has = |name: &str| points.columns.iter().any(|(n, _)| n == name);
    let members = groups.iter().all(|g| points.columns.iter().any(|(n, _)| n.starts_with(g.as_str())));
    if !members {
        return None;
    }
    if inputs.iter().all(|i| has(i)) {
        return Some(points.clone());
    }
    match (inputs.as_slice(), points.columns.as_slice()) {
        (["X"], [(_, only)]) => Some(Points { columns: vec![("X".into(), only.clone())], ..points.clone() }),
        _ => None,
    }
}

/// Scales up to which rows are fitted, so that the dearest shares are held out.
fn levels(scale: &[f64]) -> Vec<f64> {
    let mut sorted = scale.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut levels: Vec<f64> =
        HELD.iter().map(|h| sorted[((1.0 - h) * (sorted.len() - 1) as f64).floor() as usize]).collect();
    // Rows of one budget stay together, so a cut at the largest scale holds out nothing.
    levels.retain(|l| *l < sorted[sorted.len() - 1]);
    levels.dedup();
    levels
}

/// (cut, row, squared error) of every held-out row.
fn squares(score: &Score) -> Vec<(u64, usize, f64)> {
    let of = |c: &crate::score::Cut| {
        let level = c.scale.to_bits();
        c.held.iter().map(move |h| (level, h.row, h.error * h.error)).collect::<Vec<_>>()
    };
    score.cuts.iter().flat_map(of).collect()
}

/// The mean difference of squared errors of the same rows lies within two of its standard errors.
fn alike(a: &[(u64, usize, f64)], b: &[(u64, usize, f64)]) -> bool {
    let other: std::collections::BTreeMap<(u64, usize), f64> = b.iter().map(|(c, r, e)| ((*c, *r), *e)).collect();
    let differences: Vec<f64> = a.iter().filter_map(|(c, r, e)| Some(other.get(&(*c, *r))? - e)).collect();
    let n = differences.len() as f64;
    if differences.len() < 2 {
        return false;
    }
    let mean = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    mean.abs() <= 2.0 * (variance / n).sqrt()
}

/// AICc under the density that Huber's function belongs to, exp(-rho(r/s)) / (s Z), its scale s free; squares are the
/// normal's. The logarithm's Jacobian makes residuals of logarithms and raw ones comparable.
fn aicc(fit: &Fit, points: &Points) -> f64 {
    let n = points.len() as f64;
    let k = fit.free as f64 + 1.0;
    let jacobian: f64 = if fit.objective.log { points.target.iter().map(|y| y.ln()).sum() } else { 0.0 };
    let twice = match fit.objective.delta {
        Some(delta) => {
            let scale = (delta / CLIP).max(1e-300);
            let normal = Normal::standard();
            let inside = (2.0 * std::f64::consts::PI).sqrt() * (2.0 * normal.cdf(CLIP) - 1.0);
            let z = inside + 2.0 / CLIP * (-0.5 * CLIP * CLIP).exp();
            2.0 * fit.objective.value / (scale * scale) + 2.0 * n * (scale * z).ln()
        }
        None => {
            let variance = (2.0 * fit.objective.value / n).max(1e-300);
            n * (2.0 * std::f64::consts::PI * variance).ln() + n
        }
    };
    twice + 2.0 * jacobian + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0).max(1e-9)
}
