//! Scores as sizes: how many times its size a model would need without what makes it better.

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, student};
use crate::polynomial::line;
use crate::program::math::{exp, ln};

/// How much larger a model a gain in score imitates, read off two models of one family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeGain {
    /// score per parameter: the share of size that the gain is worth
    pub linear: f64,
    /// score per logarithm of size
    pub logarithmic: f64,
}

/// The gain of a model over its twin as a gain in size, from a smaller and a larger model of another family, each as
/// (size, score). Linear in size, as Yang et al. 2024 (arXiv 2407.01178) report it, and by the logarithm of size, which
/// is how scores grow. `None` unless the larger one is better.
pub fn size_gain(small: (f64, f64), large: (f64, f64), gain: f64) -> Option<SizeGain> {
    let (sizes, score) = (large.0 / small.0, large.1 - small.1);
    (small.0 > 0.0 && sizes > 1.0 && score > 0.0).then(|| {
        let share = gain / score;
        SizeGain { linear: share * (sizes - 1.0), logarithmic: sizes.powf(share) - 1.0 }
    })
}

/// A model, or one run of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// parameters, in any unit that all share
    pub size: f64,
    /// more is better
    pub score: f64,
    /// standard error of the score, as the evaluation reports it: it serves where too few models leave no residual
    pub error: Option<f64>,
}

impl Scored {
    /// What cells of a table hold: `None` without a size above zero and a score. An error that is no number, as a blank cell,
    /// is none.
    pub fn new(size: f64, score: f64, error: Option<f64>) -> Option<Self> {
        let error = error.filter(|e| e.is_finite() && *e >= 0.0);
        (size > 0.0 && size.is_finite() && score.is_finite()).then_some(Self { size, score, error })
    }
}

/// What a score is a line in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// `S = a + b ln N`, which is how scores grow
    Logarithmic,
    /// `S = a + b N`, as Yang et al. 2024 (arXiv 2407.01178) read theirs
    Linear,
}

impl Reading {
    fn of(self, size: f64) -> f64 {
        match self {
            Self::Logarithmic => ln(size),
            Self::Linear => size,
        }
    }

    fn size(self, x: f64) -> f64 {
        match self {
            Self::Logarithmic => exp(x),
            Self::Linear => x.max(0.0),
        }
    }
}

/// The size that the line of a family needs for a score.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveSize {
    /// the size of the model that has the score; of several sizes their mean, by [`Reading`]
    pub size: f64,
    /// its score, the mean over its runs
    pub score: f64,
    /// the size at which the line has the score
    pub needed: Estimate,
    /// that over the size of the model
    pub times: Estimate,
    /// a and b of the line
    pub line: (f64, f64),
    /// sizes of the family, and runs of it
    pub family: (usize, usize),
    /// how many times the needed size lies outside the sizes of the family: 1 within
    pub beyond: f64,
    /// the sizes of the family scatter about the line by more than their runs scatter about their means
    pub bent: bool,
}

/// Reads the score of `model` (its runs) off the line of `family` (its runs, at two sizes at least), by least squares. With
/// a `twin`, the same model without what makes it better, the line is moved through the twin: the family says what size
/// is worth, not where it starts.
///
/// The interval is the set of sizes that the runs do not refute, by Fieller's theorem as for a calibration line (Fieller
/// 1954, J. R. Stat. Soc. B 16; Draper and Smith 1998, section 3.2): it is not symmetric, and where the slope of the
/// line is not sure there is none. The spread is that of the runs about the line. Where the sizes of the family scatter
/// about the line by more than their runs do about their means (an F test at 25 %, as large as a test before an
/// estimate should be: Bancroft 1964, Biometrics 20), a size counts once, however many runs it has. Runs of the model that scatter
/// about their means by more than that, by the same test, have a spread of their own. Without a residual it is the standard errors of
/// the scores, where all are known.
///
/// # Errors
/// Without a run of the model, without two sizes, if a size is not above zero or a score no number, or if the scores of the
/// family do not grow with size.
pub fn effective_size(
    family: &[Scored],
    twin: &[Scored],
    model: &[Scored],
    reading: Reading,
    level: f64,
) -> Result<EffectiveSize, FitError> {
    let all = || family.iter().chain(twin).chain(model);
    if all().any(|run| !(run.size > 0.0 && run.size.is_finite() && run.score.is_finite())) {
        let hint = "leave the row out, or fill it in";
        return Err(FitError::new("a size is not above zero, or a score is no number", hint));
    }
    if model.is_empty() {
        return Err(FitError::new("there is no run whose score could be read as a size", "name a model with a score"));
    }
    let (x, y): (Vec<f64>, Vec<f64>) = family.iter().map(|run| (reading.of(run.size), run.score)).unzip();
    let Some((slope, intercept)) = line(&x, &y, |_| 1.0) else {
        let hint = "a family takes two sizes at least to say what size is worth";
        return Err(FitError::new("the models of the family are of one size", hint));
    };
    if slope <= 0.0 {
        let hint = "only a family that gains by size can say what a gain is worth";
        return Err(FitError::new("the scores of the family do not grow with size", hint));
    }
    let mean = |of: &[Scored], what: &dyn Fn(&Scored) -> f64| of.iter().map(what).sum::<f64>() / of.len() as f64;
    let at = |of: &[Scored]| (mean(of, &|run| reading.of(run.size)), mean(of, &|run| run.score));
    let (at_own, score) = at(model);
    // Where the line passes without doubt in x: the middle of the family, or the twin.
    let (middle, height) = if twin.is_empty() { at(family) } else { at(twin) };
    let rise = score - height;
    let found = middle + rise / slope;
    let sizes = Sizes::of(&x, &y);
    let spread = spread(&sizes, (slope, intercept), family);
    let share = |n: usize| 1.0 / n as f64;
    // What the model, and what the line is held at, are means over.
    let held = if twin.is_empty() { spread.of_line } else { spread.of_run * share(twin.len()) };
    let own_spread = spread.of_model(&Sizes::of_runs(model, reading));
    let of_model = own_spread.map_or(spread.of_run, |(of_run, _)| of_run) * share(model.len());
    let others = held + (rise / slope).powi(2) * spread.of_slope;
    // Of a sum of two variances (Satterthwaite 1946, Biometrics Bulletin 2).
    let df = spread.df.map(|df| match own_spread {
        Some((_, own)) => (of_model + others).powi(2) / (of_model.powi(2) / own + others.powi(2) / df),
        None => df,
    });
    let noise = of_model + held;
    let ends = df.map(|df| fieller(rise, slope, student(level, df), noise, spread.of_slope));
    let method = |ends: Option<Option<(f64, f64)>>| match ends {
        Some(Some(_)) if own_spread.is_some() => format!("{}, and of runs of the model, which is more", spread.says),
        Some(Some(_)) => spread.says.to_owned(),
        Some(None) => "the slope of the family's line is not sure enough: sizes are not bounded".to_owned(),
        None => "two models leave no residual, and their standard errors are not known".to_owned(),
    };
    let estimate = |value: &dyn Fn(f64) -> f64| {
        let ends = ends.map(|ends| ends.map(|(low, high)| (value(middle + low), value(middle + high))));
        let interval = ends.flatten().map(|(lower, upper)| Interval { lower, upper, level, of: Of::Mean });
        Estimate { value: value(found), interval, method: method(ends) }
    };
    let size = reading.size(at_own);
    let needed = reading.size(found);
    let (least, most) =
        family.iter().map(|run| run.size).fold((f64::INFINITY, 0.0), |(l, m), s| (f64::min(l, s), f64::max(m, s)));
    Ok(EffectiveSize {
        size,
        score,
        needed: estimate(&|x| reading.size(x)),
        times: estimate(&|x| reading.size(x) / size),
        line: (intercept, slope),
        family: (sizes.x.len(), family.len()),
        beyond: f64::max(needed / most, least / needed).max(1.0),
        bent: spread.bent,
    })
}

/// What a family is worth by the line of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Worth {
    /// which family
    pub family: usize,
    /// the size of its runs; none for all of them together, whose size is the geometric mean
    pub at: Option<f64>,
    /// what they are worth
    pub found: EffectiveSize,
}

/// What every other family is worth by the line of `families[base]`, by ln N: size by size, ascending, and, of several
/// sizes, together.
///
/// # Errors
/// As [`effective_size`].
pub fn effective_sizes(families: &[Vec<Scored>], base: usize, level: f64) -> Result<Vec<Worth>, FitError> {
    let line = families.get(base).map_or(&[][..], Vec::as_slice);
    let mut all = Vec::new();
    for (family, runs) in families.iter().enumerate().filter(|(family, _)| *family != base) {
        let mut worth = |at: Option<f64>, runs: &[Scored]| -> Result<(), FitError> {
            let found = effective_size(line, &[], runs, Reading::Logarithmic, level)?;
            all.push(Worth { family, at, found });
            Ok(())
        };
        let mut sizes: Vec<f64> = runs.iter().map(|run| run.size).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        for &size in &sizes {
            let own: Vec<Scored> = runs.iter().copied().filter(|run| run.size == size).collect();
            worth(Some(size), &own)?;
        }
        if sizes.len() > 1 {
            worth(None, runs)?;
        }
    }
    Ok(all)
}

/// The shifts d of x for which `(rise - slope d)^2 <= q^2 (noise + of_slope d^2)`, the variances in units of the score
/// squared; `None` where they have no end.
fn fieller(rise: f64, slope: f64, q: f64, noise: f64, of_slope: f64) -> Option<(f64, f64)> {
    let (g, q2) = (slope * slope - q * q * of_slope, q * q);
    let root = (q2 * (rise * rise * of_slope + g * noise)).sqrt();
    (g > 0.0).then(|| ((rise * slope - root) / g, (rise * slope + root) / g))
}

/// Runs gathered by their size.
struct Sizes {
    x: Vec<f64>,
    mean: Vec<f64>,
    runs: Vec<f64>,
    /// squares of runs about their means
    within: f64,
}

impl Sizes {
    fn of_runs(runs: &[Scored], reading: Reading) -> Self {
        let (x, y): (Vec<f64>, Vec<f64>) = runs.iter().map(|run| (reading.of(run.size), run.score)).unzip();
        Self::of(&x, &y)
    }

    fn of(x: &[f64], y: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
        let mut sizes = Self { x: Vec::new(), mean: Vec::new(), runs: Vec::new(), within: 0.0 };
        for each in order.chunk_by(|a, b| x[*a] == x[*b]) {
            let mean = each.iter().map(|i| y[*i]).sum::<f64>() / each.len() as f64;
            sizes.within += each.iter().map(|i| (y[*i] - mean).powi(2)).sum::<f64>();
            sizes.x.push(x[each[0]]);
            sizes.mean.push(mean);
            sizes.runs.push(each.len() as f64);
        }
        sizes
    }

    /// Runs beyond the first of each size.
    fn df_within(&self) -> f64 {
        self.runs.iter().sum::<f64>() - self.x.len() as f64
    }
}

/// Is a variance greater than another, at the level of a test before an estimate?
fn exceeds([one, df_one]: [f64; 2], [other, df_other]: [f64; 2]) -> bool {
    // Of 10^9 and more degrees of freedom a variance is known.
    let f = |ratio: f64| FisherSnedecor::new(df_one, df_other.min(1e9)).is_ok_and(|f| 1.0 - f.cdf(ratio) < 0.25);
    one > 0.0 && (other == 0.0 || f(one / other))
}

/// Variances of a score.
struct Spread {
    of_run: f64,
    /// of the line at the middle of the family
    of_line: f64,
    of_slope: f64,
    /// degrees of freedom; none where nothing is known
    df: Option<f64>,
    bent: bool,
    says: &'static str,
}

impl Spread {
    /// The variance of a run of a model and its degrees of freedom, where its runs scatter by more than those of the family.
    fn of_model(&self, model: &Sizes) -> Option<(f64, f64)> {
        let (own, df) = (model.within / model.df_within(), model.df_within());
        (df > 0.0 && exceeds([own, df], [self.of_run, self.df?])).then_some((own, df))
    }
}

fn spread(sizes: &Sizes, (slope, intercept): (f64, f64), family: &[Scored]) -> Spread {
    let (groups, runs) = (sizes.x.len() as f64, family.len() as f64);
    let about = |weight: &dyn Fn(usize) -> f64| -> f64 {
        let off = |i: usize| weight(i) * (sizes.mean[i] - intercept - slope * sizes.x[i]).powi(2);
        (0..sizes.x.len()).map(off).sum()
    };
    let middle = (0..sizes.x.len()).map(|i| sizes.runs[i] * sizes.x[i]).sum::<f64>() / runs;
    let wide: f64 = (0..sizes.x.len()).map(|i| sizes.runs[i] * (sizes.x[i] - middle).powi(2)).sum();
    let between = about(&|i| sizes.runs[i]);
    let (df_between, df_within) = (groups - 2.0, sizes.df_within());
    let bent = df_between > 0.0
        && df_within > 0.0
        && exceeds([between / df_between, df_between], [sizes.within / df_within, df_within]);
    let (of_run, df, says) = if bent {
        // Runs of a size share how far it lies off the line: weighted by them, the mean square of sizes is that of a mean.
        (between / df_between, Some(df_between), "Fieller's theorem; the spread is that of sizes about the line")
    } else if runs > 2.0 {
        let residual = (between + sizes.within) / (runs - 2.0);
        (residual, Some(runs - 2.0), "Fieller's theorem; the spread is that of runs about the line")
    } else {
        let known: Option<f64> = family.iter().map(|run| run.error.map(|e| e * e)).sum();
        let df = known.map(|_| f64::INFINITY);
        (known.unwrap_or(f64::NAN) / runs, df, "Fieller's theorem; the spread is that of the evaluation")
    };
    Spread { of_run, of_line: of_run / runs, of_slope: of_run / wide, df, bent, says }
}
