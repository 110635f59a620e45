//! What to mind about a fit: few, sorted by severity, each with a code that does not change.

use crate::bound::Bound;
use crate::law::Domain;
use crate::method::spearman;
use crate::options::{Loss, Options};
use crate::plausible;
use crate::points::Points;
use crate::reducible::Reducible;
use crate::result::Fit;
use crate::search::{Found, Optimum, shifted_by_delta};
use std::fmt;

pub(crate) const COLLINEAR_REASON: &str = "N and D move together in these runs: their effects cannot be told apart";
pub(crate) const EXACT_REASON: &str = "the rows lie on the law exactly: nothing tells how far off it may be";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// the numbers must not be used: the program exits with 1
    Error,
    /// the numbers may mislead
    Warning,
    /// worth knowing
    Note,
}

/// Something to mind about a fit.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Warning {
    /// how bad it is
    pub severity: Severity,
    /// `collinear`, `few-scales`, ...: never changes its meaning
    pub code: String,
    /// what was seen
    pub text: String,
    /// what to do about it
    pub hint: Option<String>,
}

impl Warning {
    pub(crate) fn new(severity: Severity, code: &str, text: String, hint: &str) -> Self {
        Self { severity, code: code.into(), text, hint: (!hint.is_empty()).then(|| hint.into()) }
    }
}

/// A number in a sentence: four decimals where they tell something, else powers of ten.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size == 0.0 || (1e-3..1e6).contains(&size) {
            write!(f, "{:.4}", self.0)
        } else {
            write!(f, "{:.3e}", self.0)
        }
    }
}

/// A number as it was given: all its digits, and no row of zeros.
pub(crate) struct Plain(pub(crate) f64);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0 == 0.0 || (1e-3..1e6).contains(&self.0.abs());
        if plain { write!(f, "{}", self.0) } else { write!(f, "{:e}", self.0) }
    }
}

/// `1 run`, `3 runs`
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{level}[{}]: {}", self.code, self.text)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The code of [`compare`](crate::compare)'s warning that best sizes lie where no run comes near.
pub const BEST_SIZES: &str = "best-sizes";

/// Every code and what it means, for the reference.
pub const CODES: &[(&str, &str)] = &[
    ("unidentified", "the rows do not determine a parameter"),
    ("rises", "the fitted loss rises with scale"),
    ("perplexity", "the target looks like perplexity, not loss"),
    ("units", "a value or a column is out of line with what it should measure"),
    ("collinear", "N and D move together"),
    ("few-clusters", "too few clusters to tell how much noise rows share"),
    ("few-scales", "an input takes too few values"),
    ("few-starts", "few starts agree on the optimum"),
    ("other-optima", "another optimum is nearly as good"),
    ("bound", "a parameter ended on its bound"),
    ("outliers", "rows far off the law"),
    ("influence", "a few rows move a parameter"),
    ("delta", "the fit depends on Huber's delta"),
    ("noise", "the noise of a run goes with its reducible loss"),
    ("sweep", "several settings of the same size, not reduced to the best"),
    ("checkpoints", "several checkpoints of one run read as runs"),
    ("standard-errors", "runs scatter far more or less than their standard errors say"),
    ("copies", "rows that are exact copies"),
    ("pooled", "one law lies between several kinds of runs"),
    ("few-mixtures", "fewer mixtures than the parameters that only mixtures tell"),
    ("mixture-outside", "the best mixture is no blend of those that were trained"),
    ("mixture-unsure", "shares of the best mixture are hardly determined"),
    ("mixture-face", "the best mixture leaves a domain out"),
    ("extrapolation", "a prediction beyond ten times the largest run"),
    (BEST_SIZES, "best sizes far outside the runs, where compute is compared"),
    ("convention", "two that are compared counted their columns differently"),
    ("average", "a mean that a table prints is not that of the tasks of its row"),
    ("bent", "scores of one family bend against the line that sizes are read from"),
];

/// All warnings of a fit, worst first, in the order of [`CODES`] within a severity.
pub(crate) fn warnings(
    fit: &Fit,
    bound: &Bound,
    found: &Found,
    best: &Optimum,
    points: &Points,
    options: &Options,
) -> Vec<Warning> {
    let mut all = plausible::warnings(fit, points);
    all.extend(unidentified(fit, found, best, bound));
    all.extend(collinear(fit));
    all.extend(bounds(bound, best));
    all.extend(search(fit));
    all.extend(outliers(fit, points));
    all.extend(moved(fit));
    all.extend(noise(fit, bound, best, points));
    if matches!(options.loss, Loss::Robust | Loss::Published) {
        all.extend(delta(fit, bound, found, best));
    }
    let order = |w: &Warning| (w.severity, CODES.iter().position(|(code, _)| *code == w.code));
    all.sort_by_key(order);
    all
}

fn unidentified(fit: &Fit, found: &Found, best: &Optimum, bound: &Bound) -> Option<Warning> {
    let free = crate::search::undetermined(bound, found, best)?;
    if fit.ladder.is_some() {
        return None;
    }
    let names = free.iter().map(|&i| bound.layout.entries[i].name.as_str()).collect::<Vec<_>>().join(", ");
    Some(Warning::new(
        Severity::Error,
        "unidentified",
        format!("these rows do not determine {names}: other values fit as well"),
        "hold one with --fix, or take a law with fewer parameters",
    ))
}

fn collinear(fit: &Fit) -> Option<Warning> {
    fit.ladder?;
    let text = "N and D move together in these runs: alpha, beta and the best N for a budget cannot be told from them; \
                the loss along the ladder can";
    let hint = "add runs with other tokens per parameter, or fit --law power-floor --map \"X=N\"";
    Some(Warning::new(Severity::Warning, "collinear", text.into(), hint))
}

fn bounds(bound: &Bound, best: &Optimum) -> Vec<Warning> {
    let coordinates = &bound.coordinates;
    let ended = (0..coordinates.len()).filter_map(|k| {
        let (lower, upper) = coordinates.bounds(k);
        let at = best.solution.at[k];
        if at > lower && at < upper {
            return None;
        }
        let entry = &bound.layout.entries[coordinates.columns()[k]];
        let value = best.theta[coordinates.columns()[k]];
        let hint = match entry.domain {
            Domain::Positive => "the rows ask for no floor; runs of larger scale would tell",
            _ => "a law that fits ends inside its range: is this the right law, or --bound too tight?",
        };
        Some(Warning::new(
            Severity::Warning,
            "bound",
            format!("{} ended on its bound, {}", entry.name, Short(value)),
            hint,
        ))
    });
    ended.collect()
}

fn search(fit: &Fit) -> Vec<Warning> {
    let mut out = Vec::new();
    let search = &fit.search;
    if search.starts > 4 && search.agree * 10 < search.starts {
        let text = format!(
            "{} of {} {} on the optimum",
            search.agree,
            count(search.starts, "start"),
            if search.agree == 1 { "agrees" } else { "agree" }
        );
        out.push(Warning::new(
            Severity::Warning,
            "few-starts",
            text,
            "the law may have too many parameters for these rows",
        ));
    }
    let theta = fit.theta();
    let free: Vec<usize> = (0..theta.len()).filter(|&i| !fit.parameters[i].held).collect();
    let differs = |other: &[f64]| free.iter().any(|&i| (other[i] - theta[i]).abs() > 0.05 * theta[i].abs().max(1e-3));
    let near: Vec<_> =
        search.runners_up.iter().filter(|b| b.objective < 1.01 * fit.objective.value && differs(&b.theta)).collect();
    if let Some(last) = near.last() {
        // The one to name: a published fit among them, else the furthest that is still nearly as good.
        let published = near.iter().find_map(|b| Some((b, fit.published_at(&b.theta)?)));
        let (basin, name) = match published {
            Some((basin, name)) => (*basin, format!(" (the published one, {name})")),
            None => (*last, String::new()),
        };
        let values = free
            .iter()
            .map(|&i| format!("{} = {}", fit.parameters[i].name, Short(basin.theta[i])))
            .collect::<Vec<_>>()
            .join(", ");
        let share = 100.0 * (basin.objective / fit.objective.value - 1.0);
        let text = format!(
            "{} optima lie within 1 % of the objective: {share:.2} % separates the first from {values}{name}",
            near.len() + 1
        );
        out.push(Warning::new(
            Severity::Warning,
            "other-optima",
            text,
            "these rows hardly tell them apart: hold one parameter, or add runs",
        ));
    }
    out
}

fn outliers(fit: &Fit, points: &Points) -> Option<Warning> {
    let mut far: Vec<(f64, usize)> = (0..fit.residuals.len())
        .map(|row| (fit.share(row) / fit.noise.max(1e-12), row))
        .filter(|(z, _)| z.abs() > 6.0)
        .collect();
    if far.is_empty() || fit.noise < 1e-9 {
        return None;
    }
    far.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let named: Vec<String> =
        far.iter().take(5).map(|(z, row)| format!("line {} ({z:+.0} sd)", points.line(*row))).collect();
    let more = if far.len() > 5 { format!(" and {} more", far.len() - 5) } else { String::new() };
    let text = format!(
        "{} of {} runs {} more than 6 standard deviations off the law: {}{more}",
        far.len(),
        fit.rows,
        if far.len() == 1 { "lies" } else { "lie" },
        named.join(", ")
    );
    Some(Warning::new(Severity::Warning, "outliers", text, "diverged, or another recipe? --where leaves them out"))
}

/// Noise that shrinks towards the floor, where it was taken to be alike: by ranks, beyond what chance gives once in a
/// hundred, and only where shares of the reducible loss are more alike than residuals.
fn noise(fit: &Fit, bound: &Bound, best: &Optimum, points: &Points) -> Option<Warning> {
    if fit.reducible.is_some() || !fit.objective.log || points.se.is_some() || fit.noise < 1e-9 {
        return None;
    }
    let part = Reducible::bind(&fit.law, &bound.layout, points).ok()?;
    let values = bound.program.values(&best.theta);
    let scale = part.scale(&best.theta, &values, bound.rows.link, part.floor(&best.theta));
    let sizes: Vec<f64> = fit.residuals.iter().map(|r| r.abs()).collect();
    let shares: Vec<f64> = sizes.iter().zip(&scale).map(|(r, s)| r / s).collect();
    let (alike, shared) = (spearman(&sizes, &scale), spearman(&shares, &scale));
    let chance = 2.576 / (sizes.len() as f64 - 1.0).max(1.0).sqrt();
    (alike > chance && shared.abs() < alike).then(|| {
        let text = format!("residuals are smaller where less loss is reducible (rank correlation {alike:.2})");
        let hint = "--noise reducible lets the runs nearest the floor count more, and intervals shrink with them";
        Warning::new(Severity::Note, "noise", text, hint)
    })
}

/// Standard errors from which a move is reported: in clean tables the most influential row moves a parameter by one.
const NOTABLE: f64 = 2.0;

fn moved(fit: &Fit) -> Vec<Warning> {
    let Some(influence) = &fit.influence else { return Vec::new() };
    let lines = |m: &crate::influence::Moved| m.lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let single = influence.single.first().filter(|m| m.errors > NOTABLE);
    let group = influence.group.as_ref().filter(|m| m.errors > NOTABLE && m.rows.len() > 1);
    let mut out = Vec::new();
    if let Some(m) = group {
        let text = format!(
            "the {} rows furthest off (lines {}) together move {} from {} to {}; one at a time moves it at most {}",
            m.rows.len(),
            lines(m),
            m.parameter,
            Short(m.from),
            Short(m.to),
            Short(m.alone)
        );
        out.push(Warning::new(
            Severity::Warning,
            "influence",
            text,
            "look at them before you believe the fit; --drop-highest or --where leaves them out",
        ));
    } else if let Some(m) = single {
        let text = format!(
            "the row on line {} alone moves {} from {} to {}",
            lines(m),
            m.parameter,
            Short(m.from),
            Short(m.to)
        );
        out.push(Warning::new(
            Severity::Warning,
            "influence",
            text,
            "look at it before you believe the fit; --where leaves it out",
        ));
    }
    out
}

fn delta(fit: &Fit, bound: &Bound, found: &Found, best: &Optimum) -> Option<Warning> {
    let delta = fit.objective.delta?;
    let mut worst: Option<(f64, usize, f64, f64)> = None;
    for factor in [0.5, 2.0] {
        let theta = shifted_by_delta(bound, found, best, factor * delta);
        for (i, p) in fit.parameters.iter().enumerate() {
            let Some(error) = p.error.filter(|e| *e > 0.0) else { continue };
            let far = (theta[i] - p.estimate.value).abs() / error;
            if worst.is_none_or(|w| far > w.0) {
                worst = Some((far, i, theta[i], factor * delta));
            }
        }
    }
    let (far, i, value, at) = worst?;
    if far < 1.0 {
        return None;
    }
    let p = &fit.parameters[i];
    let text = format!(
        "{} is {} with Huber's delta {delta:.2e} and {} with {at:.2e}: the weight of outliers decides",
        p.name,
        Short(p.estimate.value),
        Short(value)
    );
    Some(Warning::new(
        Severity::Warning,
        "delta",
        text,
        "look at the largest residuals; --objective squared-log shows the other extreme",
    ))
}
