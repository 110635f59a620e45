//! What to train: the best sizes for a budget, a size, a length or a loss; with inference to serve, with few unique tokens.

use crate::compare::floor;
use crate::curve::{Curve, Scale, crossing, minimum};
use crate::error::FitError;
use crate::estimate::Estimate;
use crate::outside::far;
use crate::predict::Prediction;
use crate::result::Fit;
use crate::warning::{Plain, Short};

/// What is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given {
    /// compute, FLOPs: for training, or for training and serving where tokens are served
    Flops(f64),
    /// parameters
    Params(f64),
    /// training tokens
    Tokens(f64),
    /// the loss to reach
    Loss(f64),
}

/// What else decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Circumstances {
    /// tokens that the model will serve in its life: 2 N FLOPs each (Sardana et al. 2024, arXiv 2401.00448)
    pub served: f64,
    /// unique tokens there are; more are repeats. Laws that read U take it, others count a repeat as a new token up to it
    pub unique: Option<f64>,
    /// other inputs of the law
    pub with: Vec<(String, f64)>,
    /// which family, where the fit has several
    pub family: Option<String>,
}

/// The sizes to train, and what they cost and bring.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// parameters
    pub params: Estimate,
    /// training tokens, repeats counted
    pub tokens: Estimate,
    /// training compute, 6 N D, FLOPs
    pub flops: Estimate,
    /// with what is served: 6 N D + 2 N T, FLOPs
    pub lifetime: Estimate,
    /// loss of the law and of one run, at these sizes
    pub loss: Prediction,
    /// training compute over the most compute that was fitted; `None` if unknown
    pub extrapolation: Option<f64>,
    /// what was decided or should be known
    pub notes: Vec<String>,
}

/// ln N, ln D of one plan.
type Sizes = (f64, f64);

/// The best sizes for what is given, from a law that reads N and D (and U, if unique tokens are few).
///
/// Training costs C = 6 N D. With served tokens T the life of the model costs 6 N D + 2 N T, and the least of that is
/// looked for: smaller models trained for longer. Intervals come from the draws of the fit, each with its own best sizes.
///
/// # Errors
/// If the law reads no N and D, a loss is never reached, or a budget is used up by serving.
pub fn plan(fit: &Fit, given: Given, circumstances: &Circumstances) -> Result<Plan, FitError> {
    let value = match given {
        Given::Flops(x) | Given::Params(x) | Given::Tokens(x) | Given::Loss(x) => x,
    };
    if !(value.is_finite() && value > 0.0 && circumstances.served >= 0.0) {
        return Err(FitError::new(
            format!("{} is no size, budget or loss to plan for", Plain(value)),
            "give a number above zero",
        ));
    }
    let inputs: Vec<&str> = fit.law.inputs().collect();
    if !inputs.contains(&"N") || !inputs.contains(&"D") {
        return Err(FitError::new(
            format!("the law {} reads {}: a plan needs a law of N and D", fit.law.name, inputs.join(", ")),
            "fit one: isoloss fit TABLE --law chinchilla",
        ));
    }
    let mut notes = Vec::new();
    let mut with = circumstances.with.clone();
    let reads_unique = inputs.contains(&"U");
    if let (true, Some(unique)) = (reads_unique, circumstances.unique) {
        if let Some((_, given)) = with.iter().find(|(name, _)| name == "U") {
            return Err(FitError::new(
                format!(
                    "--with U={} and --unique {} both say how many unique tokens there are",
                    Plain(*given),
                    Plain(unique)
                ),
                format!("give one of them: --unique {}", Plain(unique)),
            ));
        }
        with.push(("U".into(), unique));
    }
    if reads_unique && circumstances.unique.is_none() && !with.iter().any(|(n, _)| n == "U") {
        // No limit: every token is new.
        with.push(("U".into(), f64::MAX.sqrt()));
        notes.push("every token is taken as new: --unique says how many there are".to_owned());
    }
    let surface = Curve::new(fit, circumstances.family.as_deref(), &Scale::Compute, &with)?;
    let mut search = Search { surface, given, served: circumstances.served, low: 0.0, high: 0.0, tokens: 0.0 };
    search.around(fit);
    let theta = fit.theta();
    let best = search.sizes(&theta).ok_or_else(|| unreachable_plan(fit, given, circumstances.family.as_deref()))?;
    let draws: Vec<Sizes> = fit.draws.iter().filter_map(|d| search.sizes(d)).collect();
    // A draw without an answer says that the rows allow none: then there is no interval.
    let draws = if draws.len() * 50 >= fit.draws.len() * 49 { draws } else { Vec::new() };
    let estimate = |of: &dyn Fn(Sizes) -> f64| match fit.ladder {
        Some(_) => Estimate { value: of(best), interval: None, method: crate::warning::COLLINEAR_REASON.into() },
        None => match fit.draws.is_empty() || !draws.is_empty() {
            true => fit.estimate(of(best), draws.iter().map(|d| of(*d))),
            false => Estimate { value: of(best), interval: None, method: "too many draws have no best sizes".into() },
        },
    };
    let served = circumstances.served;
    let flops = |(n, d): Sizes| 6.0 * libm::exp(n + d);
    let lifetime = move |(n, d): Sizes| 6.0 * libm::exp(n + d) + 2.0 * served * libm::exp(n);
    let (params, tokens) = (libm::exp(best.0), libm::exp(best.1));
    let mut columns = vec![("N".to_owned(), vec![params]), ("D".to_owned(), vec![tokens])];
    columns.extend(with.iter().map(|(name, x)| (name.clone(), vec![*x])));
    let family = circumstances.family.clone().map(|f| vec![f]);
    let loss = fit.predict(&columns, family.as_deref())?.remove(0);
    if let Some(unique) = circumstances.unique.filter(|u| tokens > *u) {
        let epochs = tokens / unique;
        notes.push(match reads_unique {
            true => format!("{epochs:.1} epochs over the unique tokens, which the law counts"),
            false => format!(
                "{epochs:.1} epochs over the unique tokens, each counted as if it were new: true up to about 4 \
                 (Muennighoff et al. 2023, arXiv 2305.16264); a law of N, D and U counts them (--law data-constrained)"
            ),
        });
    }
    notes.extend([("N", params), ("D", tokens)].iter().filter_map(|(name, at)| far(&fit.ranges, name, *at)));
    if served > 0.0 && matches!(given, Given::Params(_) | Given::Tokens(_)) {
        notes.push("what is given decides the sizes; serving is only counted".to_owned());
    }
    Ok(Plan {
        params: estimate(&|s| libm::exp(s.0)),
        tokens: estimate(&|s| libm::exp(s.1)),
        flops: estimate(&flops),
        lifetime: estimate(&lifetime),
        extrapolation: fit.largest_flops.map(|largest| flops(best) / largest),
        loss,
        notes,
    })
}

fn unreachable_plan(fit: &Fit, given: Given, family: Option<&str>) -> FitError {
    match given {
        Given::Loss(loss) => {
            let never = format!("the law {} does not come to {loss} at any size", fit.law.name);
            match floor(fit, family).filter(|(_, value)| loss <= *value) {
                Some((name, value)) => FitError::new(
                    format!("{never}: its floor {name} is {}", Short(value)),
                    format!("ask for a loss above the floor, as in --loss {:.3}", 1.05 * value),
                ),
                None => FitError::new(never, "its floor lies above that, or no model is so bad: ask for another loss"),
            }
        }
        Given::Flops(flops) => FitError::new(
            format!("no sizes use {flops:e} FLOPs best: the law has no minimum there, or serving takes all of it"),
            "are --with and --serve what was meant? else give another budget",
        ),
        _ => FitError::new(
            format!("the law {} has no compute-optimal partner for that", fit.law.name),
            "give a budget instead: --flops 1e21",
        ),
    }
}

/// The search for one set of parameters.
struct Search {
    surface: Curve,
    given: Given,
    served: f64,
    /// ln N between which is looked
    low: f64,
    high: f64,
    /// ln D of a typical run
    tokens: f64,
}

/// Natural logarithms beyond the sizes that were fitted which are searched.
const AROUND: f64 = 18.0;

impl Search {
    fn around(&mut self, fit: &Fit) {
        let range = |name: &str, usual: (f64, f64)| {
            let found = fit.ranges.iter().find(|r| r.0 == name).map_or(usual, |r| (r.1, r.2));
            (found.0.ln(), found.1.ln())
        };
        let (n, d) = (range("N", (1e6, 1e12)), range("D", (1e9, 1e13)));
        (self.low, self.high) = (n.0 - AROUND, n.1 + AROUND);
        self.tokens = 0.5 * (d.0 + d.1);
    }

    fn loss(&mut self, theta: &[f64], (n, d): Sizes) -> f64 {
        self.surface.eval(theta, &[libm::exp(n), libm::exp(d)])
    }

    fn sizes(&mut self, theta: &[f64]) -> Option<Sizes> {
        let served = self.served;
        match self.given {
            Given::Flops(flops) if served == 0.0 => self.frontier(theta, flops.ln()),
            Given::Flops(flops) => {
                // 6 N D + 2 N T = C leaves D = C / 6N - T / 3.
                let tokens = move |n: f64| flops / (6.0 * libm::exp(n)) - served / 3.0;
                let most = (flops / (2.0 * served)).ln().min(self.high) - 1e-9;
                let n = minimum(self.low, most, |n| self.loss(theta, (n, tokens(n).max(1e-300).ln())))?;
                Some((n, tokens(n).ln()))
            }
            Given::Loss(loss) if served == 0.0 => {
                let near = 6f64.ln() + 0.5 * (self.low + self.high) + self.tokens;
                let c = self.surface.reach(theta, loss, near)?;
                self.frontier(theta, c)
            }
            Given::Loss(loss) => {
                // Sardana et al. 2024, eq. 1: the least of 6 N D + 2 N T over sizes that reach the loss.
                let cost = |search: &mut Self, n: f64| {
                    let d = search.tokens_for(theta, n, loss)?;
                    Some((6.0 * libm::exp(d) + 2.0 * served).ln() + n)
                };
                let n = minimum(self.low, self.high, |n| cost(self, n).unwrap_or(f64::INFINITY))?;
                Some((n, self.tokens_for(theta, n, loss)?))
            }
            // The budget whose best N (or D) is the given one.
            Given::Params(params) => {
                let n = params.ln();
                let c = crossing(n + self.tokens, |c| self.frontier(theta, c).map_or(f64::NAN, |s| s.0 - n))?;
                Some((n, c - 6f64.ln() - n))
            }
            Given::Tokens(tokens) => {
                let d = tokens.ln();
                let middle = 0.5 * (self.low + self.high);
                let c = crossing(middle + d, |c| self.frontier(theta, c).map_or(f64::NAN, |s| s.1 - d))?;
                Some((c - 6f64.ln() - d, d))
            }
        }
    }

    /// Best sizes for training alone.
    fn frontier(&mut self, theta: &[f64], ln_flops: f64) -> Option<Sizes> {
        let n = self.surface.best(theta, libm::exp(ln_flops))?.ln();
        Some((n, ln_flops - 6f64.ln() - n))
    }

    /// ln D at which N parameters reach the loss.
    fn tokens_for(&mut self, theta: &[f64], n: f64, loss: f64) -> Option<f64> {
        let near = self.tokens;
        crossing(near, |d| self.loss(theta, (n, d)) - loss)
    }
}
