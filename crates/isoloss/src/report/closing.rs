//! The words that end a report: what ten times the largest scale brings, how far to trust that, what to do next.

use isoloss_laws::{Estimate, Far, Farther, Fit, Sizes};

use super::Report;
use super::plans::trust_error;
use super::predictions::{interval, value};
use crate::numbers::{count, factor, number, short_name, size, verb};

/// Families that have a sentence each; of more, a reader wants to choose.
const MOST: usize = 4;

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
        Some(Farther::Budget(o)) => {
            let loss = with(&o.loss.new_run);
            let at = format!("N = {}, D = {}", sure(&o.params), sure(&o.tokens));
            let on = match report.fit.sizes(o) {
                Sizes::Known => format!("spend it on {at}"),
                Sizes::Untold => "these rows do not tell on which N and D to spend it".to_owned(),
                Sizes::Wide => format!("these rows hardly tell on which N and D to spend it: {at}"),
                Sizes::Unusable => "on which N and D to spend it cannot be told from a fit with an error".to_owned(),
            };
            format!("At 10x your largest compute: {target} {loss}; {on}.\n")
        }
        Some(Farther::Far(all)) if all.len() <= MOST => {
            all.iter().map(|far| sentence(far, report.fit, target)).collect()
        }
        Some(Farther::Far(all)) => {
            let Some(far) = all.first() else { return String::new() };
            let at: Vec<String> = far.at.iter().map(|(name, value)| format!("{name}={}", number(*value, 3))).collect();
            format!(
                "At 10x: there are {} families; after --save fit.json ask for any of them, as in\n  isoloss predict fit.json --family \"{}\" --at \"{}\"\n",
                all.len(),
                far.family.as_deref().map_or(String::new(), short_name),
                at.join(",")
            )
        }
        Some(Farther::NoBest) => {
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
