//! Families at equal loss: how many times the compute, parameters or tokens of one the other needs.

use crate::comparable::{check, least, own_scale, warnings};
use crate::curve::{Curve, Scale, crossing};
use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, Spread, student};
use crate::outside::far;
use crate::reached::{Reached, span};
use crate::result::Fit;
use crate::roles::is_term;
use crate::warning::{BEST_SIZES, Severity, Short, Warning};

/// One of two that are compared: a fit, or one family of it.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// the fit
    pub fit: &'a Fit,
    /// which family of it, where it has several
    pub family: Option<&'a str>,
}

/// Where two curves are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// at this loss (or score)
    Loss(f64),
    /// at the loss that the variant reaches at this much of the scale
    Scale(f64),
}

/// The multiplier at one loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// the loss (or score) that both reach
    pub loss: f64,
    /// what the variant needs for it, in the scale's unit
    pub variant: f64,
    /// what the baseline needs for it
    pub baseline: f64,
    /// baseline over variant: above 1 the variant is better where less is better, and it saves that factor
    pub ratio: Estimate,
    /// the loss lies outside what the runs of the baseline reached, or is reached at best sizes far outside theirs
    pub beyond_baseline: bool,
    /// the same of the variant
    pub beyond_variant: bool,
}

impl Ratio {
    /// Whose runs the loss lies beyond, in words; empty where both reached it.
    pub fn whose(&self, baseline: &str, variant: &str) -> String {
        match (self.beyond_baseline, self.beyond_variant) {
            (false, false) => String::new(),
            (true, false) => format!("beyond the runs of {baseline}"),
            (false, true) => format!("beyond the runs of {variant}"),
            (true, true) => "beyond the runs of both".to_owned(),
        }
    }
}

/// Two curves compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// the multiplier at each place
    pub ratios: Vec<Ratio>,
    /// losses that the runs reached: the multiplier is extrapolated beyond
    pub reached: Reached,
    /// where the curves cross: the scale at which both reach the same loss
    pub crossing: Option<Estimate>,
    /// how many times the crossing lies beyond the runs of either side; 1 where it lies among them, or they are not known
    pub crossing_beyond: f64,
    /// whether 1 lies outside every interval at losses that both reached; `None` without intervals or such losses
    pub distinguishable: Option<bool>,
    /// the multiplier changes with the loss by more than a percent over the places
    pub changes: bool,
    /// how the draws of both belong together
    pub pairing: &'static str,
    /// columns counted differently, units that are likely a slip
    pub warnings: Vec<Warning>,
}

/// Ratios closer to 1 than this are 1.
const ROUNDING: f64 = 1e-9;

/// Losses looked at where the caller names none.
const PLACES: usize = 5;

/// How much of the scale the baseline needs for the loss of the variant.
///
/// The multiplier is a ratio at equal loss, not a difference at equal scale: `baseline(loss) / variant(loss)`, as the
/// 1.16 of Kimi Linear (arXiv 2510.26692, section 5.3). Between laws of different exponents it depends on the loss.
/// Draws of one fit belong together; draws of two fits are independent.
///
/// # Errors
/// If a law has no such scale, a loss is never reached, or the runs share no loss and no place is given.
pub fn compare(
    baseline: Side<'_>,
    variant: Side<'_>,
    scale: &Scale,
    given: &[(String, f64)],
    places: &[Place],
) -> Result<Comparison, FitError> {
    check(&baseline, &variant, scale, given)?;
    let mut warnings = warnings(&baseline, &variant, scale, places);
    let scale_of = |side: &Side<'_>| own_scale(side.fit, scale);
    let mut base = Curve::new(baseline.fit, baseline.family, &scale_of(&baseline), given)?;
    let mut other = Curve::new(variant.fit, variant.family, &scale_of(&variant), given)?;
    let (base_theta, other_theta) = (baseline.fit.theta(), variant.fit.theta());
    let reached = Reached::of(&baseline, &variant);
    let least = (least(baseline.fit, &scale_of(&baseline)), least(variant.fit, &scale_of(&variant)));
    let near = middle(&variant, &scale_of(&variant)).unwrap_or(0.0);
    let places: Vec<Place> = match (places, reached.shared()) {
        ([], Some(shared)) => {
            let ranges = [base.range(&base_theta, near, least.0), other.range(&other_theta, near, least.1)];
            let (low, high) = had(shared, ranges);
            // Inside the shared range, where neither curve ends.
            let at = |i: usize| low * (high / low).powf((i as f64 + 0.5) / PLACES as f64);
            let linear = |i: usize| low + (high - low) * (i as f64 + 0.5) / PLACES as f64;
            (0..PLACES).map(|i| Place::Loss(if low > 0.0 { at(i) } else { linear(i) })).collect()
        }
        ([], None) => {
            return Err(FitError::new(
                "the runs of the two share no loss, or are not known: compare them where?",
                "--at C=1e21 asks at what the variant reaches there, --at L=2.5 at a loss",
            ));
        }
        (given, _) => given.to_vec(),
    };
    let pairing = if together(&baseline, &variant) {
        "draws of both come from one fit of all runs and belong together"
    } else {
        "draws of the two fits are independent"
    };
    let draws = baseline.fit.draws.len().min(variant.fit.draws.len());
    let pairs: Vec<(&[f64], &[f64])> = pairs(&baseline, &variant, draws);
    let mut ratios = Vec::with_capacity(places.len());
    for place in places {
        let (loss, start) = match place {
            Place::Loss(loss) => (loss, near),
            Place::Scale(at) => (other.loss(&other_theta, at.ln()), at.ln()),
        };
        let needs = other.reach(&other_theta, loss, start).filter(|ln| *ln >= least.1);
        let takes = base.reach(&base_theta, loss, needs.unwrap_or(start)).filter(|ln| *ln >= least.0);
        let (Some(needs), Some(takes)) = (needs, takes) else {
            let ranges = [base.range(&base_theta, start, least.0), other.range(&other_theta, start, least.1)];
            let who = [(&baseline, takes.is_some()), (&variant, needs.is_some())];
            return Err(never(loss, &who, ranges));
        };
        let mut failed = 0;
        let mut spread = Vec::with_capacity(draws);
        for &(b, v) in &pairs {
            // At a place on the variant's scale the draw's own loss there is what both must reach.
            let had = match place {
                Place::Loss(_) => other.reach(v, loss, needs).map(|at| (loss, at)),
                Place::Scale(_) => Some((other.loss(v, start), start)),
            };
            match had.and_then(|(loss, at)| Some(base.reach(b, loss, takes)? - at)) {
                Some(ln) if ln.is_finite() => spread.push(libm::exp(ln)),
                _ => failed += 1,
            }
        }
        let ratio = estimate(libm::exp(takes - needs), spread, failed, &baseline, &variant);
        let far = [
            far_from_runs(&baseline, &mut base, &base_theta, takes),
            far_from_runs(&variant, &mut other, &other_theta, needs),
        ];
        let beyond = reached.beyond(loss);
        // Where the loss itself lies beyond the runs, that is said already.
        if warnings.iter().all(|w| w.code != BEST_SIZES) && beyond == (false, false) {
            let names = [baseline.family.unwrap_or("the baseline"), variant.family.unwrap_or("the variant")];
            let said =
                names.iter().zip(&far).find_map(|(name, far)| Some(best_sizes(loss, name, far.as_ref()?, &variant)));
            warnings.extend(said);
        }
        let (beyond_baseline, beyond_variant) = (beyond.0 || far[0].is_some(), beyond.1 || far[1].is_some());
        ratios.push(Ratio {
            loss,
            variant: libm::exp(needs),
            baseline: libm::exp(takes),
            ratio,
            beyond_baseline,
            beyond_variant,
        });
    }
    let crossing = cross(&mut base, &mut other, &baseline, &variant, near, &pairs);
    let values = || ratios.iter().map(|r| r.ratio.value);
    let (least, most) = values().fold((f64::INFINITY, 0f64), |(l, h), x| (l.min(x), h.max(x)));
    let inside: Vec<Interval> = ratios.iter().filter(|r| !r.beyond()).filter_map(|r| r.ratio.interval).collect();
    // Runs that are the same, digit for digit, differ by rounding.
    let apart = |i: &Interval| i.lower > 1.0 + ROUNDING || i.upper < 1.0 - ROUNDING;
    Ok(Comparison {
        reached,
        crossing_beyond: crossing.as_ref().map_or(1.0, |c| outside_of([&baseline, &variant], &scale_of, c.value)),
        crossing,
        distinguishable: (!inside.is_empty()).then(|| inside.iter().any(apart)),
        changes: most > 1.01 * least,
        ratios,
        pairing,
        warnings,
    })
}

/// What of the losses that runs of both reached the curves have where other inputs are given: at one size not all of them.
/// All, if that leaves none.
fn had(shared: (f64, f64), ranges: [Option<(f64, f64)>; 2]) -> (f64, f64) {
    let [Some(a), Some(b)] = ranges else { return shared };
    let (low, high) = (shared.0.max(a.0).max(b.0), shared.1.min(a.1).min(b.1));
    if low < high { (low, high) } else { shared }
}

/// Where the best sizes for that much compute lie far outside the sizes of a side's runs: which, and how far. There the
/// law's frontier is extrapolated, however near the loss is.
fn far_from_runs(side: &Side<'_>, curve: &mut Curve, theta: &[f64], ln_flops: f64) -> Option<String> {
    let ranges = &span(side)?.inputs;
    let flops = libm::exp(ln_flops);
    let params = curve.best(theta, flops)?;
    far(ranges, "N", params).or_else(|| far(ranges, "D", flops / (6.0 * params)))
}

fn best_sizes(loss: f64, name: &str, far: &str, variant: &Side<'_>) -> Warning {
    let text = format!("the best sizes for loss {} lie far outside the runs of {name}: {far}", Short(loss));
    let hint = format!("at sizes that were trained: --scale D --with {}", variant.fit.typically(["N"]));
    Warning::new(Severity::Warning, BEST_SIZES, text, &hint)
}

/// The draws of both answer to the same runs and the same random numbers.
fn together(baseline: &Side<'_>, variant: &Side<'_>) -> bool {
    let (a, b) = (baseline.fit, variant.fit);
    std::ptr::eq(a, b) || (a.row_hash == b.row_hash && a.seed == b.seed && a.rows > 0 && a.method == b.method)
}

/// Draws of both, side by side. Fits made with one seed share their random numbers, so draws that do not belong together
/// are shifted against each other.
fn pairs<'a>(baseline: &Side<'a>, variant: &Side<'a>, draws: usize) -> Vec<(&'a [f64], &'a [f64])> {
    let shift = if together(baseline, variant) { 0 } else { draws / 2 };
    let of = |fit: &'a Fit, i: usize| fit.draws[i].as_slice();
    (0..draws).map(|i| (of(baseline.fit, i), of(variant.fit, (i + shift) % draws))).collect()
}

/// The parameter that a loss comes no lower than, where the law is a sum with one such term; of a family its own.
pub(crate) fn floor<'a>(fit: &'a Fit, family: Option<&str>) -> Option<(&'a str, f64)> {
    let plain = |name: &'a str| match family.and_then(|family| name.strip_suffix(&format!("[{family}]"))) {
        Some(plain) => plain,
        None => name,
    };
    let mut terms = fit.parameters.iter().filter(|p| is_term(&fit.law.formula.body, plain(&p.name)));
    let only = terms.next().filter(|p| p.estimate.value > 0.0)?;
    terms.next().is_none().then_some((only.name.as_str(), only.estimate.value))
}

/// Why a loss is never had: which of baseline and variant, and what its law says instead. Each comes with whether it has it.
fn never(loss: f64, who: &[(&Side<'_>, bool); 2], ranges: [Option<(f64, f64)>; 2]) -> FitError {
    let elsewhere = "ask at another place with --at";
    if loss.is_nan() {
        return FitError::new("the law of the variant has no loss at this place", elsewhere);
    }
    let loss = if loss == (1e4 * loss).round() / 1e4 { loss.to_string() } else { format!("{loss:.4}") };
    let wanted: f64 = loss.parse().unwrap_or(f64::NAN);
    let reason = |i: usize| {
        let side = who[i].0;
        match ranges[i] {
            None => "its law has no loss on this scale".to_owned(),
            Some((low, _)) if wanted < low => {
                match floor(side.fit, side.family).filter(|(_, value)| wanted <= *value) {
                    Some((name, value)) => format!("its floor {name} is {}", Short(value)),
                    None => format!("its law comes no lower than {}", Short(low)),
                }
            }
            Some((_, high)) if wanted > high => format!("its law says no more than {} at any size", Short(high)),
            Some(_) => "its law has it at no one place".to_owned(),
        }
    };
    let names = ["baseline", "variant"];
    let parts: Vec<String> =
        (0..2).filter(|&i| !who[i].1).map(|i| format!("the {} never has {loss}: {}", names[i], reason(i))).collect();
    let hint = match ranges {
        [Some(a), Some(b)] if a.0.max(b.0) < a.1.min(b.1) => {
            // A floor is neared, not reached.
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            format!("both have losses above {} and up to {}: {elsewhere}", Short(low), Short(high))
        }
        _ => elsewhere.to_owned(),
    };
    FitError::new(parts.join("; "), hint)
}

/// The least and the greatest of the side's runs along the scale.
fn ends(side: &Side<'_>, scale: &Scale) -> Option<(f64, f64)> {
    let span = span(side)?;
    match scale {
        Scale::Compute => span.flops,
        Scale::Input(name) => span.inputs.iter().find(|(n, ..)| n == name).map(|(_, l, h)| (*l, *h)),
    }
}

/// The middle of the side's runs along the scale, as a logarithm.
fn middle(side: &Side<'_>, scale: &Scale) -> Option<f64> {
    let (low, high) = ends(side, scale)?;
    Some(0.5 * (low.ln() + high.ln()))
}

/// How many times a place lies above the greatest or below the least of all runs; 1 among them.
fn outside_of(sides: [&Side<'_>; 2], scale: &impl Fn(&Side<'_>) -> Scale, at: f64) -> f64 {
    let known = sides.iter().filter_map(|side| ends(side, &scale(side)));
    let (low, high) = known.fold((f64::INFINITY, 0f64), |(l, h), (low, high)| (l.min(low), h.max(high)));
    if high > 0.0 { (at / high).max(low / at).max(1.0) } else { 1.0 }
}

fn cross(
    base: &mut Curve,
    other: &mut Curve,
    baseline: &Side<'_>,
    variant: &Side<'_>,
    near: f64,
    pairs: &[(&[f64], &[f64])],
) -> Option<Estimate> {
    let mut gap = |b: &[f64], v: &[f64], ln: f64| {
        let (x, y) = (base.loss(b, ln), other.loss(v, ln));
        // Closer than this they are one curve, as far as arithmetic goes.
        if (x - y).abs() <= ROUNDING * x.abs() { 0.0 } else { x - y }
    };
    let mut meet = |b: &[f64], v: &[f64], near: f64| {
        let found = crossing(near, |ln| gap(b, v, ln))?;
        // One curve twice crosses nowhere.
        [-3.0, 3.0].iter().any(|by| gap(b, v, found + by) != 0.0).then_some(found)
    };
    let (base_theta, other_theta) = (baseline.fit.theta(), variant.fit.theta());
    let found = meet(&base_theta, &other_theta, near)?;
    let mut failed = 0;
    let mut spread = Vec::with_capacity(pairs.len());
    for (b, v) in pairs {
        match meet(b, v, found) {
            Some(ln) => spread.push(libm::exp(ln)),
            None => failed += 1,
        }
    }
    Some(estimate(libm::exp(found), spread, failed, baseline, variant))
}

/// An estimate whose draws come from one fit or two.
fn estimate(value: f64, spread: Vec<f64>, failed: usize, baseline: &Side<'_>, variant: &Side<'_>) -> Estimate {
    let fits = [baseline.fit, variant.fit];
    let none = |method: String| Estimate { value, interval: None, method };
    if let Some(fit) = fits.iter().find(|f| f.draws.is_empty()) {
        return none(fit.method.clone());
    }
    let all = spread.len() + failed;
    // Draws in which there is no answer belong to neither end: with more than a few the interval would be too narrow.
    if failed * 50 > all {
        return none(format!("in {failed} of {all} draws there is none"));
    }
    let Some(sorted) = Spread::new(value, spread) else { return none("too few draws".into()) };
    let level = baseline.fit.level;
    let df = baseline.fit.df.min(variant.fit.df);
    let (lower, upper) = sorted.ends(student(level, df));
    let method = if fits[0].method == fits[1].method {
        fits[0].method.clone()
    } else {
        format!("{}; {}", fits[0].method, fits[1].method)
    };
    Estimate { value, interval: Some(Interval { lower, upper, level, of: Of::Mean }), method }
}
