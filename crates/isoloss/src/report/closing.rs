//! The words that end a report: what ten times the largest scale brings, how far to trust that, what to do next.

use isoloss_laws::{Estimate, Fit, Optimum, Points, Prediction};

use super::Report;
use super::plans::trust_error;
use super::predictions::{interval, value};
use crate::numbers::{count, factor, number, short_name, size, verb};

/// How much farther than the largest run.
const FARTHER: f64 = 10.0;
/// Families that have a sentence each; of more, a reader wants to choose.
const MOST: usize = 4;
/// Best sizes of which the ends of an interval lie so many times apart are no advice.
const WIDE: f64 = 10.0;

/// What ten times the largest scale brings.
#[derive(Debug)]
pub enum Closing {
    Budget(Box<Optimum>),
    /// the law reads N and D, but none is best
    NoBest,
    /// one point per family, or a single one
    Far(Vec<Far>),
}

/// The law beyond the largest run.
#[derive(Debug)]
pub struct Far {
    /// where parameters differ over families
    pub family: Option<String>,
    pub at: Vec<(String, f64)>,
    pub loss: Prediction,
}

pub fn closing(fit: &Fit, points: &Points) -> Option<Closing> {
    let inputs: Vec<&str> = fit.ranges.iter().map(|(name, ..)| name.as_str()).collect();
    let sizes = points.column("N").zip(points.column("D"));
    if let (Some((n, d)), true) = (sizes, fit.families().is_empty()) {
        let largest = n.iter().zip(d).map(|(n, d)| 6.0 * n * d).fold(0.0, f64::max);
        if let (Some(ladder), 2) = (fit.ladder.filter(|(slope, _)| *slope > 0.0), inputs.len()) {
            return along_ladder(fit, ladder, FARTHER * largest);
        }
        let best = fit.optimum(FARTHER * largest).map(|o| Closing::Budget(Box::new(o)));
        return best.or((inputs.len() == 2).then_some(Closing::NoBest));
    }
    // The best sizes of a family are not known to the fit: N and D grow alike there.
    let step = match inputs.as_slice() {
        // What is read from a loss has no larger scale to be asked about.
        [only] if *only == "L" || only.contains("loss") => return None,
        [_] => FARTHER,
        [_, _] if sizes.is_some() => FARTHER.sqrt(),
        _ => return None,
    };
    let of_family = |label: usize, family: Option<&String>| {
        let labels = points.family.as_ref().filter(|_| family.is_some());
        let rows = (0..points.len()).filter(|&row| labels.is_none_or(|l| l.index[row] as usize == label));
        let scale = |row: usize| inputs.iter().filter_map(|i| points.column(i)).map(|c| c[row]).product::<f64>();
        let largest = rows.max_by(|a, b| scale(*a).total_cmp(&scale(*b)))?;
        let at = inputs.iter().filter_map(|i| Some(((*i).to_owned(), step * points.column(i)?[largest])));
        let at: Vec<(String, f64)> = at.collect();
        let columns: Vec<(String, Vec<f64>)> = at.iter().map(|(n, v)| (n.clone(), vec![*v])).collect();
        let named = family.map(|f| vec![f.clone()]);
        let loss = fit.predict(&columns, named.as_deref()).ok()?.pop()?;
        Some(Far { family: family.cloned(), at, loss })
    };
    let far: Vec<Far> = match fit.differs() {
        true => fit.families().iter().enumerate().filter_map(|(label, f)| of_family(label, Some(f))).collect(),
        false => of_family(0, None).into_iter().collect(),
    };
    (!far.is_empty()).then_some(Closing::Far(far))
}

/// Where sizes and tokens grow together, the law is known along their line alone.
fn along_ladder(fit: &Fit, (slope, intercept): (f64, f64), flops: f64) -> Option<Closing> {
    let params = (((flops / 6.0).ln() - intercept) / (1.0 + slope)).exp();
    let at = vec![("N".to_owned(), params), ("D".to_owned(), flops / (6.0 * params))];
    let columns: Vec<(String, Vec<f64>)> = at.iter().map(|(n, v)| (n.clone(), vec![*v])).collect();
    let loss = fit.predict(&columns, None).ok()?.pop()?;
    Some(Closing::Far(vec![Far { family: None, at, loss }]))
}

/// Whether the rows tell on which sizes a budget is best spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    Known,
    /// only within a factor of ten or more, or not in every draw
    Open,
    /// the fit carries an error, and no number of it is to be used
    Unusable,
}

pub fn sizes(fit: &Fit, best: &Optimum) -> Sizes {
    if !fit.may_be_used() {
        return Sizes::Unusable;
    }
    match best.params.interval {
        Some(i) if i.lower > 0.0 && i.upper <= WIDE * i.lower => Sizes::Known,
        Some(_) => Sizes::Open,
        // Draws without a best size leave no interval, and the method of the draws in its place.
        None if !fit.draws.is_empty() && best.params.method == fit.method => Sizes::Open,
        None => Sizes::Known,
    }
}

/// What ten times the scale brings, how far to trust it, and what to do next.
pub fn text(report: &Report<'_>) -> String {
    let next = report.next.as_ref().map_or_else(String::new, |next| format!("Next: {next}\n"));
    farther(report) + &trusted(report.fit) + &next
}

/// How held-out runs were predicted.
fn trusted(fit: &Fit) -> String {
    let drawn = fit.parameters.iter().any(|p| p.estimate.interval.is_some());
    match &fit.trust {
        Some(trust) => {
            let (error, at) = (trust_error(fit, trust), factor(trust.factor));
            let cuts = count(trust.cuts, "cut");
            let fit = verb(trust.cuts, "fit");
            format!(
                "Trust: held-out runs were predicted to {error} at {at}, over {cuts} by {} that {fit} half of the rows or more.\n",
                trust.by
            )
        }
        None if drawn => "Trust: no back-test: too few rows.\n".to_owned(),
        None => String::new(),
    }
}

/// The sentence, or one per family.
fn farther(report: &Report<'_>) -> String {
    let target = match report.fit.law.formula.target.as_str() {
        "L" => "loss",
        other => other,
    };
    match &report.closing {
        Some(Closing::Budget(o)) => {
            let loss = with(&o.loss.new_run);
            let at = format!("N = {}, D = {}", sure(&o.params), sure(&o.tokens));
            let on = match sizes(report.fit, o) {
                Sizes::Known => format!("spend it on {at}"),
                Sizes::Open if o.params.interval.is_none() => {
                    "these rows do not tell on which N and D to spend it".to_owned()
                }
                Sizes::Open => format!("these rows hardly tell on which N and D to spend it: {at}"),
                Sizes::Unusable => "on which N and D to spend it cannot be told from a fit with an error".to_owned(),
            };
            format!("At 10x your largest compute: {target} {loss}; {on}.\n")
        }
        Some(Closing::Far(all)) if all.len() <= MOST => {
            all.iter().map(|far| sentence(far, report.fit, target)).collect()
        }
        Some(Closing::Far(all)) => {
            let Some(far) = all.first() else { return String::new() };
            let at: Vec<String> = far.at.iter().map(|(name, value)| format!("{name}={}", number(*value, 3))).collect();
            format!(
                "At 10x: there are {} families; after --save fit.json ask for any of them, as in\n  isoloss predict fit.json --family \"{}\" --at \"{}\"\n",
                all.len(),
                far.family.as_deref().map_or(String::new(), short_name),
                at.join(",")
            )
        }
        Some(Closing::NoBest) => {
            let law = &report.fit.law.name;
            format!("At 10x your largest compute: the law {law} has no best N and D near the sizes that were fitted.\n")
        }
        None => String::new(),
    }
}

fn sentence(far: &Far, fit: &Fit, target: &str) -> String {
    let whose = |what: &str| match &far.family {
        Some(family) => format!("the largest {what} of {}", short_name(family)),
        None => format!("your largest {what}"),
    };
    let loss = with(&far.loss.new_run);
    match far.at.as_slice() {
        [(name, value)] => format!("At 10x {}, {}: {target} {loss}.\n", whose(name), size(*value)),
        at => {
            let at: Vec<String> = at.iter().map(|(name, value)| format!("{name} = {}", size(*value))).collect();
            let grown = if fit.ladder.is_some() { "together as in these runs" } else { "alike" };
            format!("At 10x {}, N and D grown {grown} to {}: {target} {loss}.\n", whose("compute"), at.join(", "))
        }
    }
}

/// A size with its interval.
fn sure(e: &Estimate) -> String {
    let interval = e.interval.map_or(String::new(), |i| format!(" [{}, {}]", size(i.lower), size(i.upper)));
    size(e.value) + &interval
}

fn with(e: &Estimate) -> String {
    match e.interval {
        Some(_) => format!("{} {} for one new run", value(e), interval(e)),
        None => format!("{} (no interval: {})", value(e), e.method),
    }
}
