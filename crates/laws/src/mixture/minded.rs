//! What to mind about a best mixture: one that nothing like was trained, or that is hardly known, or leaves a domain out.

use super::Share;
use crate::simplex::outside;
use crate::warning::{Severity, Short, Warning, count};

/// Shares further than this from a blend of what was trained lie outside of it.
const OUTSIDE: f64 = 0.01;
/// An interval wider than this says little of a share.
const WIDE: f64 = 0.5;
/// A share below this is none.
const NONE: f64 = 1e-6;

/// It lies outside of the convex hull of what was trained; where that is not known, of the range of a share.
pub(super) fn beyond(shares: &[Share], trained: &[Vec<f64>]) -> Option<Warning> {
    let place: Vec<f64> = shares.iter().map(|s| s.estimate.value).collect();
    let what = if trained.is_empty() {
        let off = |s: &&Share| s.estimate.value > s.trained.1 + OUTSIDE || s.estimate.value < s.trained.0 - OUTSIDE;
        let off = shares.iter().find(off)?;
        format!(
            "{} = {:.3} lies outside of {:.3}..{:.3}, which was trained",
            off.domain, off.estimate.value, off.trained.0, off.trained.1
        )
    } else {
        let far = outside(trained, &place);
        if far <= OUTSIDE {
            return None;
        }
        format!(
            "the best mixture is no blend of the {} that were trained: {far:.2} off in a share",
            count(trained.len(), "mixture")
        )
    };
    let hint = "the law is extrapolated there: train it, or one on the way to it, before you rely on it";
    Some(Warning::new(Severity::Warning, "mixture-outside", what, hint))
}

/// Shares whose interval is so wide that it says little.
pub(super) fn unsure(shares: &[Share], regret: Option<f64>) -> Option<Warning> {
    let wide = |s: &&Share| s.estimate.interval.is_some_and(|i| i.upper - i.lower > WIDE);
    let wide: Vec<&str> = shares.iter().filter(wide).map(|s| s.domain.as_str()).collect();
    if wide.is_empty() {
        return None;
    }
    let (is, its) = if wide.len() == 1 { ("is", "its interval is") } else { ("are", "their intervals are") };
    let text = format!("{} {is} hardly determined: {its} wider than {WIDE}", wide.join(", "));
    let hint = match regret {
        Some(regret) => format!(
            "these shares cost at most {} of loss all the same; train more mixtures to know them",
            Short(regret)
        ),
        None => "train more mixtures, and some that differ more".to_owned(),
    };
    Some(Warning::new(Severity::Warning, "mixture-unsure", text, &hint))
}

/// Domains that the best mixture does without.
pub(super) fn left_out(shares: &[Share]) -> Option<Warning> {
    let none: Vec<&str> = shares.iter().filter(|s| s.estimate.value < NONE).map(|s| s.domain.as_str()).collect();
    (!none.is_empty()).then(|| {
        let text = format!("the best mixture leaves out {}", none.join(", "));
        let hint = "it is best for the losses that were asked for; a kind of data whose loss is not among them counts for nothing";
        Warning::new(Severity::Note, "mixture-face", text, hint)
    })
}
