//! All approaches on the same draws of noise: how sure each is, and how far they are apart.
//!
//! The approaches see the same runs, so their errors go together; only their difference on one and the same drawn table
//! tells whether they disagree by more than noise.

use super::noise::Noise;
use super::runs::Runs;
use super::{Approach, ApproachOptions, Kind, envelope, hull, isoflop, resampled, surface};
use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, Spread, student};
use crate::fit::fit;
use crate::options::{Method, Options};
use crate::points::Points;
use crate::result::Fit;
use crate::warning::EXACT_REASON;

/// One approach on the table and on all draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// what it found on the table; its exponents have the intervals of the draws
    pub approach: Approach,
    /// best parameters at the budget that was asked for
    pub params: Estimate,
    /// best tokens there
    pub tokens: Estimate,
    /// exponent a of N* ~ C^a less that of the surface; none for the surface itself
    pub exponent_difference: Option<Estimate>,
    /// best parameters at the budget over those of the surface; none for the surface itself
    pub params_ratio: Option<Estimate>,
}

/// How far the approaches are apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// the budget, FLOPs
    pub flops: f64,
    /// each approach that was asked for and could be made, the surface first
    pub compared: Vec<Compared>,
    /// those that could not, and why
    pub failed: Vec<(Kind, FitError)>,
    /// standard deviation of the noise of one run that was drawn
    pub noise: f64,
    /// number of draws
    pub draws: usize,
    /// what was decided
    pub notes: Vec<String>,
}

/// What is compared of one approach.
#[derive(Clone, Copy, Debug)]
struct Shot {
    a: f64,
    b: f64,
    c: f64,
    params: f64,
    tokens: f64,
}

impl Shot {
    fn of(approach: &Approach, flops: f64) -> Self {
        Self {
            a: approach.params.exponent.value,
            b: approach.tokens.exponent.value,
            c: approach.loss.as_ref().map_or(f64::NAN, |l| l.exponent.value),
            params: approach.params.at(flops),
            tokens: approach.tokens.at(flops),
        }
    }
}

/// Fits every approach to a table and to draws of it, and says how sure each is and how far it is from the surface, in
/// the exponent a of N* ~ C^a and in N* at a budget in FLOPs. The surface is always among them.
///
/// A draw adds noise to the table (Porian et al. 2024, arXiv 2406.19146), normal with the standard deviation of the
/// surface's residuals, larger for rows of smaller weight; rows of a cluster share as much of it as their residuals do.
/// The exponent of the hull's loss, which is compared with none, has its interval from [`super::hull_resampled`] instead.
/// All approaches see the same drawn table. The result depends on the table, the options and the seed alone.
///
/// # Errors
/// If the surface cannot be fitted or has no best sizes, or the budget is no positive number. Another approach that fails
/// is listed with its error.
pub fn disagree(
    points: &Points,
    kinds: &[Kind],
    flops: f64,
    options: &ApproachOptions,
) -> Result<Disagreement, FitError> {
    if !(flops.is_finite() && flops > 0.0) {
        return Err(FitError::new(
            format!("a budget of {flops} FLOPs: expected a number above zero"),
            "give compute in FLOPs, as in 1e21",
        ));
    }
    let runs = Runs::new(points)?;
    let point = Options { method: Method::None, influence: false, ..options.fit.clone() };
    let fitted = fit(&options.law, points, &point)?;
    let mut approaches = vec![surface(&fitted)?];
    let mut failed = Vec::new();
    let mut asked: Vec<Kind> = Vec::new();
    for &kind in kinds.iter().filter(|k| **k != Kind::Surface) {
        if !asked.contains(&kind) {
            asked.push(kind);
            match by_runs(kind, &runs, options) {
                Ok(approach) => approaches.push(approach),
                Err(error) => failed.push((kind, error)),
            }
        }
    }
    let kinds: Vec<Kind> = approaches.iter().map(|a| a.kind).collect();
    let noise = Noise::new(&fitted, points)?;
    let warm = Options { start_at: vec![fitted.theta()], ..point };
    let table = Table { points, runs: &runs, kinds: &kinds, flops, options, warm: &warm, noise: &noise };
    let shots = table.draws();

    let count = options.fit.draws;
    let what = format!("noise injection, {count} paired draws of deviation {:.3e}", fitted.noise);
    let report = |value: f64, of: &dyn Fn(&[Option<Shot>]) -> Option<f64>| {
        let draws: Vec<f64> = shots.iter().filter_map(|s| of(s)).filter(|x| x.is_finite()).collect();
        estimate(value, draws, count, &fitted, options.fit.level, &what)
    };
    let mut compared = Vec::with_capacity(approaches.len());
    let base = Shot::of(&approaches[0], flops);
    for (k, mut approach) in approaches.into_iter().enumerate() {
        let own = Shot::of(&approach, flops);
        let each = |of: fn(&Shot) -> f64| report(of(&own), &|s| s[k].as_ref().map(of));
        approach.params.exponent = each(|s| s.a);
        approach.tokens.exponent = each(|s| s.b);
        if let Some(line) = &mut approach.loss {
            line.exponent = match approach.kind {
                // Not paired with anything, so it may know that whole trunks are lucky.
                Kind::Hull => resampled::loss(points, &runs, options, line.exponent.value),
                _ => each(|s| s.c),
            };
        }
        let (params, tokens) = (each(|s| s.params), each(|s| s.tokens));
        let apart = |of: fn(&Shot, &Shot) -> f64| {
            (k > 0).then(|| report(of(&own, &base), &|s| Some(of(s[k].as_ref()?, s[0].as_ref()?))))
        };
        compared.push(Compared {
            approach,
            params,
            tokens,
            exponent_difference: apart(|own, base| own.a - base.a),
            params_ratio: apart(|own, base| own.params / base.params),
        });
    }
    let mut notes = vec![what.clone()];
    let (mean, widest) = runs.counting();
    if mean.abs() + widest > 0.01 {
        notes.push(format!(
            "the column C is {:.3} times 6 N D on average: the surface's best sizes are at 6 N D, the others' at C",
            libm::exp(mean)
        ));
    }
    Ok(Disagreement { flops, compared, failed, noise: fitted.noise, draws: count, notes })
}

fn by_runs(kind: Kind, runs: &Runs, options: &ApproachOptions) -> Result<Approach, FitError> {
    match kind {
        Kind::Envelope => envelope::envelope(runs, options),
        Kind::Isoflop | Kind::Cubic => isoflop::isoflop(runs, options, kind),
        Kind::Hull => hull::hull(runs, options),
        Kind::Surface => Err(FitError::new("a surface is fitted to points", "take `surface`")),
    }
}

/// An estimate from its draws; without an interval where one draw in fifty failed, or none of them moved it.
fn estimate(value: f64, draws: Vec<f64>, count: usize, fit: &Fit, level: f64, method: &str) -> Estimate {
    let none = |method: String| Estimate { value, interval: None, method };
    if count == 0 {
        return none("not asked for".into());
    }
    if draws.len() * 50 < count * 49 {
        return none(format!("on {} of {count} drawn tables there is no such line", count - draws.len()));
    }
    let Some(spread) = Spread::new(value, draws) else { return none("fewer than 20 draws".into()) };
    let (lower, upper) = spread.ends(student(level, fit.df));
    if upper - lower <= 1e-9 * value.abs().max(1e-3) {
        return none(EXACT_REASON.into());
    }
    Estimate { value, interval: Some(Interval { lower, upper, level, of: Of::Mean }), method: method.into() }
}

/// Everything a draw starts from.
struct Table<'a> {
    points: &'a Points,
    runs: &'a Runs,
    /// the surface first
    kinds: &'a [Kind],
    flops: f64,
    options: &'a ApproachOptions,
    warm: &'a Options,
    noise: &'a Noise,
}

impl Table<'_> {
    /// One vector of approaches per draw, whatever the number of threads.
    fn draws(&self) -> Vec<Vec<Option<Shot>>> {
        let count = self.options.fit.draws;
        let threads = self.options.fit.threads.clamp(1, count.max(1));
        let share = count.div_ceil(threads);
        let run = |from: usize| (from..(from + share).min(count)).map(|i| self.draw(i)).collect::<Vec<_>>();
        if threads == 1 {
            return run(0);
        }
        std::thread::scope(|scope| {
            let run = &run;
            let parts: Vec<_> = (0..threads).map(|t| scope.spawn(move || run(t * share))).collect();
            parts.into_iter().flat_map(|part| part.join().expect("a draw panicked")).collect()
        })
    }

    fn draw(&self, i: usize) -> Vec<Option<Shot>> {
        let losses = self.noise.draw(&self.points.target, self.options.fit.seed, i as u64);
        let Some(runs) = self.runs.with_losses(losses.clone()) else { return vec![None; self.kinds.len()] };
        let points = Points { target: losses, ..self.points.clone() };
        let found = |&kind: &Kind| match kind {
            Kind::Surface => surface(&fit(&self.options.law, &points, self.warm).ok()?).ok(),
            _ => by_runs(kind, &runs, self.options).ok(),
        };
        self.kinds.iter().map(|kind| found(kind).map(|a| Shot::of(&a, self.flops))).collect()
    }
}
