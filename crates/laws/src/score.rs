//! Fit small, predict large: how far a law can be trusted on these rows.

use crate::error::FitError;
use crate::fit::fit;
use crate::law::Law;
use crate::options::{Method, Options};
use crate::points::Points;
use crate::program::math::ln;
use crate::toward::Toward;
use crate::trust::Trust;
use crate::warning::Warning;

/// Where rows are divided into those that are fitted and those that are predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Cuts {
    /// up to this many cuts along the scale, evenly over its logarithm
    Rolling(usize),
    /// one cut, this many times below the largest scale
    Factor(f64),
    /// at these scales: rows up to each are fitted
    At(Vec<f64>),
    /// fitted (true) or predicted, per row
    Rows(Vec<bool>),
}

/// A row that was predicted without having been fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// which row
    pub row: usize,
    /// its scale over the largest that was fitted
    pub factor: f64,
    /// the prediction
    pub predicted: f64,
    /// residual in the scale of the fit: ln of target over prediction, or their difference
    pub error: f64,
    /// inside the interval of one new run; `None` without intervals
    pub covered: Option<bool>,
}

/// One division of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// the largest scale that was fitted
    pub scale: f64,
    /// rows fitted
    pub train: usize,
    /// rows predicted
    pub held: Vec<Held>,
    /// root mean square of the errors
    pub rmse: f64,
    /// mean error: positive where runs turned out worse than predicted (higher loss)
    pub bias: f64,
    /// share of the variance of the held-out targets that is predicted; negative where their mean is a better guess
    pub r2: f64,
    /// share of held-out rows inside the intervals of one new run
    pub coverage: Option<f64>,
    /// the largest factor that was predicted over
    pub factor: f64,
    /// what the fitted rows alone said of distances beyond them
    pub trust: Option<Trust>,
    /// warnings of the fit that are errors: its numbers must not be used
    pub errors: Vec<Warning>,
}

/// How a law did on rows it had not seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// the scale of the cuts: `C`, `N`, ...
    pub by: String,
    /// one per division, smallest first
    pub cuts: Vec<Cut>,
    /// divisions that could not be fitted, and why
    pub failed: Vec<(f64, String)>,
    /// errors are of the logarithm, as the fits have it; else in the unit of the target
    pub log: bool,
}

impl Cut {
    /// The codes of what is wrong with its fit: empty where its numbers may be used.
    pub fn codes(&self) -> String {
        self.errors.iter().map(|w| w.code.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Score {
    /// Root mean square error over all held-out rows, every cut counted alike.
    pub fn rmse(&self) -> f64 {
        rmse(self.cuts.iter())
    }

    /// Does a cut count that no one would have predicted by, because its fit ends with an error?
    pub fn refused(&self) -> bool {
        self.cuts.iter().any(|c| !c.errors.is_empty())
    }

    /// A sentence on such cuts: how many they are, and what the others give, an error as `error` writes it. `None` without any.
    pub fn refusals(&self, error: impl Fn(f64) -> String) -> Option<String> {
        let (sound, refused): (Vec<&Cut>, Vec<&Cut>) = self.cuts.iter().partition(|c| c.errors.is_empty());
        let (n, others) = (refused.len(), sound.len());
        let end = if n == 1 { "ends" } else { "end" };
        match (n, others) {
            (0, _) => None,
            (_, 0) => Some("Every fit here ends with an error.".to_owned()),
            _ => Some(format!(
                "{n} of these fits {end} with an error; the other {others} alone predicted to {}.",
                error(rmse(sound.into_iter()))
            )),
        }
    }

    /// Share of all held-out rows inside their intervals.
    pub fn coverage(&self) -> Option<f64> {
        let all: Option<Vec<bool>> = self.cuts.iter().flat_map(|c| &c.held).map(|h| h.covered).collect();
        let all = all.filter(|a| !a.is_empty())?;
        Some(all.iter().filter(|c| **c).count() as f64 / all.len() as f64)
    }
}

fn rmse<'a>(cuts: impl ExactSizeIterator<Item = &'a Cut>) -> f64 {
    let count = cuts.len() as f64;
    (cuts.map(|c| c.rmse * c.rmse).sum::<f64>() / count).sqrt()
}

/// Fewest rows that are predicted at a cut.
const LEAST_HELD: usize = 3;
/// Rows fitted beyond the number of free parameters.
const SPARE: usize = 3;

/// Fits the law to the rows below each cut and predicts those above it.
///
/// The scale is `by`: an input of the law, or `C`, which is 6 N D where the law reads N and D. Fits are made as `options`
/// says, intervals among them.
///
/// # Errors
/// If the rows have no such scale, or no cut leaves enough rows on both sides.
pub fn score(law: &Law, points: &Points, options: &Options, by: Option<&str>, cuts: &Cuts) -> Result<Score, FitError> {
    let (by, scale) = scale_of(law, points, by)?;
    let kappa = options.toward.as_ref().map(|t| t.kappa);
    let free = law.parameters.iter().filter(|p| p.known.is_none()).count();
    let divisions: Vec<Vec<bool>> = match cuts {
        Cuts::Rows(train) => {
            if train.len() != points.len() {
                return Err(FitError::new(
                    format!("{} marks for {} rows", train.len(), points.len()),
                    "mark every row as fitted or predicted",
                ));
            }
            vec![train.clone()]
        }
        Cuts::At(levels) => {
            let mut levels = levels.clone();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            levels.iter().map(|c| below(&scale, *c)).collect()
        }
        Cuts::Factor(factor) => {
            let largest = scale.iter().copied().fold(0.0, f64::max);
            vec![below(&scale, largest / factor)]
        }
        Cuts::Rolling(most) => rolling(&scale, *most, free + SPARE).iter().map(|c| below(&scale, *c)).collect(),
    };
    let mut score = Score { by, cuts: Vec::new(), failed: Vec::new(), log: true };
    for train in divisions {
        let (small, large) = (subset(points, &train, true), subset(points, &train, false));
        let largest = (0..points.len()).filter(|&r| train[r]).map(|r| scale[r]).fold(0.0, f64::max);
        if large.is_empty() || small.len() <= free {
            let reason = format!("{} rows to fit and {} to predict", small.len(), large.len());
            score.failed.push((largest, reason));
            continue;
        }
        // Where a target is asked for, that of a back-test is what it predicts: its inputs are known.
        let aimed =
            kappa.map(|kappa| Options { toward: Some(Toward::middle(&large.columns, kappa)), ..options.clone() });
        match cut(law, &small, &large, aimed.as_ref().unwrap_or(options)) {
            Ok((mut cut, log)) => {
                score.log &= log;
                let rows = (0..points.len()).filter(|&r| !train[r]);
                for (held, row) in cut.held.iter_mut().zip(rows) {
                    held.row = row;
                    held.factor = scale[row] / largest;
                }
                cut.scale = largest;
                cut.factor = cut.held.iter().map(|h| h.factor).fold(0.0, f64::max);
                score.cuts.push(cut);
            }
            Err(e) => score.failed.push((largest, e.message)),
        }
    }
    if score.cuts.is_empty() {
        let reason = score.failed.first().map_or(String::new(), |(_, r)| format!(": {r}"));
        return Err(FitError::new(
            format!("no cut by {} leaves rows to fit and rows to predict{reason}", score.by),
            format!("a back-test of {} needs more than {} rows over a range of {}", law.name, free + SPARE, score.by),
        ));
    }
    Ok(score)
}

/// The cut, and whether its errors are of the logarithm.
fn cut(law: &Law, small: &Points, large: &Points, options: &Options) -> Result<(Cut, bool), FitError> {
    let fit = fit(law, small, options)?;
    let family: Option<Vec<String>> =
        large.family.as_ref().map(|f| f.index.iter().map(|&i| f.levels[i as usize].clone()).collect());
    let family = family.filter(|_| !fit.families().is_empty());
    let predictions = fit.predict(&large.columns, family.as_deref())?;
    let error = |y: f64, f: f64| if fit.objective.log { ln(y / f) } else { y - f };
    let held: Vec<Held> = (predictions.iter().zip(&large.target))
        .map(|(p, &y)| {
            let interval = p.new_run.interval;
            let covered = interval.map(|i| i.lower <= y && y <= i.upper);
            let predicted = p.new_run.value;
            Held { row: 0, factor: 0.0, predicted, error: error(y, predicted), covered }
        })
        .collect();
    let count = held.len() as f64;
    let mean = large.target.iter().sum::<f64>() / count;
    let total: f64 = large.target.iter().map(|y| (y - mean).powi(2)).sum();
    let left: f64 = held.iter().zip(&large.target).map(|(h, y)| (y - h.predicted).powi(2)).sum();
    let covered: Option<Vec<bool>> = held.iter().map(|h| h.covered).collect();
    let cut = Cut {
        scale: 0.0,
        train: small.len(),
        rmse: (held.iter().map(|h| h.error * h.error).sum::<f64>() / count).sqrt(),
        bias: held.iter().map(|h| h.error).sum::<f64>() / count,
        r2: 1.0 - left / total,
        coverage: covered.map(|c| c.iter().filter(|c| **c).count() as f64 / count),
        factor: 0.0,
        held,
        errors: fit.errors().cloned().collect(),
        trust: fit.trust,
    };
    Ok((cut, fit.objective.log))
}

/// The scale of every row.
pub(crate) fn scale_of(law: &Law, points: &Points, by: Option<&str>) -> Result<(String, Vec<f64>), FitError> {
    let column = |name: &str| points.column(name).map(<[f64]>::to_vec);
    let flops = || {
        let (n, d) = (points.column("N")?, points.column("D")?);
        Some(n.iter().zip(d).map(|(n, d)| 6.0 * n * d).collect())
    };
    let inputs: Vec<&str> = law.inputs().collect();
    let found = match by {
        Some("C") => column("C").or_else(flops).map(|c| ("C".to_owned(), c)),
        Some(name) => column(name).map(|c| (name.to_owned(), c)),
        None => column("C").or_else(flops).map(|c| ("C".to_owned(), c)).or_else(|| {
            let first = ["N", "D", "X"].iter().find(|n| inputs.contains(n)).or(inputs.first())?;
            column(first).map(|c| ((*first).to_owned(), c))
        }),
    };
    found.filter(|(_, c)| c.iter().all(|x| *x > 0.0)).ok_or_else(|| {
        FitError::new(
            format!("there is no positive scale {} to cut the rows by", by.unwrap_or("C")),
            format!("--by names one of {}", inputs.join(", ")),
        )
    })
}

pub(crate) fn below(scale: &[f64], cut: f64) -> Vec<bool> {
    // A hair above, because 6 N D of one budget differs in its last digits.
    scale.iter().map(|x| *x <= cut * (1.0 + 1e-6)).collect()
}

/// Cuts that leave `least` rows to fit and a few to predict, evenly over the logarithm of the scale.
pub(crate) fn rolling(scale: &[f64], most: usize, least: usize) -> Vec<f64> {
    let mut sorted = scale.to_vec();
    sorted.sort_by(f64::total_cmp);
    if sorted.len() < least + LEAST_HELD || most == 0 {
        return Vec::new();
    }
    let (low, high) = (sorted[least - 1], sorted[sorted.len() - LEAST_HELD - 1]);
    let mut cuts: Vec<f64> = (0..most)
        .map(|i| {
            let share = if most == 1 { 1.0 } else { i as f64 / (most - 1) as f64 };
            let wanted = low * (high / low).powf(share) * (1.0 + 1e-9);
            // The largest scale that is really there.
            sorted.iter().copied().filter(|x| *x <= wanted).fold(low, f64::max)
        })
        .collect();
    cuts.dedup_by(|a, b| (*a / *b - 1.0).abs() < 1e-6);
    cuts.retain(|c| below(scale, *c).iter().filter(|b| !**b).count() >= LEAST_HELD);
    cuts
}

/// The rows whose mark is `keep`.
fn subset(points: &Points, marks: &[bool], keep: bool) -> Points {
    let rows: Vec<usize> = (0..points.len()).filter(|&r| marks[r] == keep).collect();
    points.rows(&rows)
}

/// Quick refits for [`crate::trust`]: no intervals, from where the fit of all rows ended.
pub(crate) fn quick(options: &Options, theta: Vec<f64>) -> Options {
    Options { method: Method::None, influence: false, trust: false, start_at: vec![theta], ..options.clone() }
}
