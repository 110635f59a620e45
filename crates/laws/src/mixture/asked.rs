//! What is asked of mixtures, and what the fits know: checked before anything is looked for.

use crate::bound::sizes_are_positive;
use crate::catalogue;
use crate::error::FitError;
use crate::law::Law;
use crate::outside::far;
use crate::result::Fit;
use crate::warning::Plain;
use isoloss_formula::{Binary, Expr, Kind, Unary};

use super::Sought;

/// What shares may add up to in place of 1: tables round.
const ROUNDED: f64 = 0.02;
/// Are these numbers shares of one whole?
fn are_shares(shares: &[f64]) -> bool {
    let sum: f64 = shares.iter().sum();
    (sum - 1.0).abs() <= ROUNDED && shares.iter().all(|share| *share >= 0.0)
}

/// More domains than this are groups of domains.
const MOST: usize = 32;

/// `N, D and U`
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The domains whose shares are looked for: the columns of the one group that every fit reads.
pub(super) fn domains_of(fits: &[&Fit]) -> Result<Vec<String>, FitError> {
    let mut domains: Vec<String> = Vec::new();
    for fit in fits {
        let groups = fit.law.formula.groups();
        if groups.is_empty() {
            let has = |law: &&Law| !law.formula.groups().is_empty();
            let known: Vec<&str> = catalogue::laws().iter().filter(has).map(|law| law.name.as_str()).collect();
            return Err(FitError::new(
                format!("the law {} reads no shares: a best mixture needs a law of a group of them", fit.law.name),
                format!("fit one of {}, or a formula with sum(... w_* ...)", listed(&known)),
            ));
        }
        if groups.len() > 1 {
            return Err(FitError::new(
                format!("the law {} has {} groups of columns: which of them are shares?", fit.law.name, groups.len()),
                "a best mixture needs a law with one group, as w_*",
            ));
        }
        let own: Vec<String> = fit.members().map(str::to_owned).collect();
        if domains.is_empty() {
            domains = own;
        } else if own.len() != domains.len() || own.iter().any(|name| !domains.contains(name)) {
            return Err(FitError::new(
                format!("one fit has the shares {}, another {}", domains.join(", "), own.join(", ")),
                "fits of one target read the same shares: fit them to one table with --loss COLUMN",
            ));
        }
    }
    match domains.len() {
        0 | 1 => Err(FitError::new("there is one domain: nothing to mix", "a mixture has two or more shares")),
        n if n > MOST => Err(FitError::new(
            format!("{n} domains: more than {MOST} shares cannot be told apart"),
            "add shares of like domains: --map \"w_code = w_python + w_rust\"",
        )),
        _ => Ok(domains),
    }
}

/// How much each fit counts, adding up to 1.
pub(super) fn weights_of(fits: &[&Fit], given: &[f64]) -> Result<Vec<f64>, FitError> {
    let given = if given.is_empty() { vec![1.0; fits.len()] } else { given.to_vec() };
    let sum: f64 = given.iter().sum();
    if given.len() != fits.len() {
        return Err(FitError::new(
            format!("{} weights for {} fits", given.len(), fits.len()),
            "one for every fit, in their order, as in --weights 2,1,1",
        ));
    }
    if given.iter().any(|w| !(w.is_finite() && *w >= 0.0)) || !(sum.is_finite() && sum > 0.0) {
        return Err(FitError::new("weights are numbers at or above zero, one of them above", "as in --weights 2,1,1"));
    }
    if let Some(other) = fits.iter().find(|fit| fit.level != fits[0].level) {
        return Err(FitError::new(
            format!("one fit has intervals of {} %, another of {} %", 100.0 * fits[0].level, 100.0 * other.level),
            "fit them again with one --level",
        ));
    }
    Ok(given.iter().map(|w| w / sum).collect())
}

/// The other inputs of all laws with their values. Where the mixture does not depend on them those that are missing are
/// taken from the middle of the runs.
pub(super) fn inputs_of(
    fits: &[&Fit],
    given: &[(String, f64)],
    everywhere: bool,
    notes: &mut Vec<String>,
) -> Result<Vec<(String, f64)>, FitError> {
    let mut inputs: Vec<(&str, &Fit)> = Vec::new();
    for fit in fits {
        let new = fit.law.inputs().filter(|name| !inputs.iter().any(|(known, _)| known == name)).collect::<Vec<_>>();
        inputs.extend(new.into_iter().map(|name| (name, *fit)));
    }
    let names: Vec<&str> = inputs.iter().map(|(name, _)| *name).collect();
    if let Some((stray, _)) = given.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        let hint = match names.as_slice() {
            _ if fits[0].members().any(|m| m == stray) => format!("{stray} is looked for: leave it out"),
            [] => "it reads shares alone: leave it out".to_owned(),
            names => format!("beside shares it reads {}", listed(names)),
        };
        return Err(FitError::new(format!("the law {} has no input {stray}", fits[0].law.name), hint));
    }
    let mut taken = Vec::new();
    let mut all = Vec::new();
    for (name, fit) in &inputs {
        let value = match given.iter().find(|(known, _)| known == name) {
            Some((_, value)) => *value,
            None if everywhere => {
                taken.push(*name);
                fit.typical(name)
            }
            None => {
                return Err(FitError::new(
                    format!("the best mixture of the law {} depends on {name}: at which value?", fit.law.name),
                    format!("as in --at {}", fit.typically(names.iter().copied())),
                ));
            }
        };
        if !value.is_finite() {
            return Err(FitError::new(format!("{name} = {value} is no finite number"), "as in --at N=1e9,D=2e10"));
        }
        notes.extend(far(&fit.ranges, name, value));
        all.push(((*name).to_owned(), value));
    }
    let columns: Vec<(String, Vec<f64>)> = all.iter().map(|(name, x)| (name.clone(), vec![*x])).collect();
    sizes_are_positive(&columns, |_| None)?;
    if !taken.is_empty() {
        let values: Vec<String> = all
            .iter()
            .filter(|(n, _)| taken.contains(&n.as_str()))
            .map(|(n, x)| format!("{n}={}", Plain(*x)))
            .collect();
        notes.push(format!(
            "losses are those at {}, the middle of the runs; --at names another place",
            values.join(", ")
        ));
    }
    Ok(all)
}

/// The mixtures that every fit was trained on, in the order of the domains; empty where that is not known.
pub(super) fn trained_by(fits: &[&Fit], domains: &[String]) -> Result<Vec<Vec<f64>>, FitError> {
    let of = |fit: &Fit| {
        let members: Vec<&str> = fit.members().collect();
        let order: Vec<usize> = domains.iter().filter_map(|d| members.iter().position(|m| m == d)).collect();
        let whole = fit.mixtures.iter().filter(|w| w.len() == members.len());
        whole.map(|w| order.iter().map(|&i| w[i]).collect::<Vec<f64>>()).collect::<Vec<_>>()
    };
    for shares in fits.iter().flat_map(|fit| of(fit)) {
        let sum: f64 = shares.iter().sum();
        if !are_shares(&shares) {
            let hint = match (sum - 100.0).abs() < 100.0 * ROUNDED {
                true => "they look like percent: fit again with --map \"w_a = w_a/100\" and so on",
                false => "shares are at or above zero and add up to 1 in every row: is a domain missing?",
            };
            let named: Vec<String> = shares.iter().map(|w| Plain(*w).to_string()).collect();
            return Err(FitError::new(
                format!(
                    "the shares {} that were trained add up to {}",
                    named.join(", "),
                    Plain((1e4 * sum).round() / 1e4)
                ),
                hint,
            ));
        }
    }
    let whole = |shares: Vec<f64>| {
        let sum: f64 = shares.iter().sum();
        shares.iter().map(|w| w / sum).collect::<Vec<f64>>()
    };
    let mut all = of(fits[0]);
    all.retain(|shares| fits[1..].iter().all(|fit| fit.mixtures.is_empty() || of(fit).contains(shares)));
    Ok(all.into_iter().map(whole).collect())
}

impl Fit {
    /// Refuses a place whose shares are none: below zero, or of another sum than 1, which those of the rows add up to.
    ///
    /// # Errors
    /// If a share is below zero, or all shares of the law are given, and their sum is another.
    pub fn whole_shares(&self, at: &[(String, f64)]) -> Result<(), FitError> {
        let given: Vec<(&str, f64)> = (self.members())
            .filter_map(|member| at.iter().find(|(name, _)| name == member).map(|(_, share)| (member, *share)))
            .collect();
        if self.mixtures.is_empty() || !self.mixtures.iter().all(|shares| are_shares(shares)) {
            return Ok(());
        }
        if let Some((name, share)) = given.iter().find(|(_, share)| *share < 0.0) {
            return Err(FitError::new(
                format!("the share {name} is {}", Plain(*share)),
                "shares are at or above zero and add up to 1",
            ));
        }
        let shares: Vec<f64> = given.iter().map(|(_, share)| *share).collect();
        if given.len() < self.members().count() || are_shares(&shares) {
            return Ok(());
        }
        let sum: f64 = shares.iter().sum();
        let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
        Err(FitError::new(
            format!("the shares {} add up to {}", listed(&names), Plain((1e4 * sum).round() / 1e4)),
            "those that were fitted add up to 1: give every place shares that do",
        ))
    }
}

/// What the best mixture is held against: the one that was named, or the best of those that were trained.
pub(super) fn reference_of(
    domains: &[String],
    sought: &Sought,
    trained: &[Vec<f64>],
    mut loss: impl FnMut(&[f64]) -> f64,
) -> Result<Option<(Vec<f64>, bool)>, FitError> {
    if sought.reference.is_empty() {
        let losses: Vec<f64> = trained.iter().map(|shares| loss(shares)).collect();
        let best = (0..trained.len()).filter(|&m| losses[m].is_finite());
        let best = best.min_by(|&a, &b| losses[a].total_cmp(&losses[b]));
        return Ok(best.map(|m| (trained[m].clone(), true)));
    }
    let of = |domain: &String| sought.reference.iter().find(|(name, _)| name == domain).map_or(0.0, |(_, w)| *w);
    let shares: Vec<f64> = domains.iter().map(of).collect();
    let sum: f64 = shares.iter().sum();
    let all =
        format!("the shares are {}, at or above zero, and add up to 1; one that is not named is 0", domains.join(", "));
    if let Some((stray, _)) = sought.reference.iter().find(|(name, _)| !domains.contains(name)) {
        return Err(FitError::new(format!("--reference: there is no share {stray}"), all));
    }
    if !are_shares(&shares) {
        return Err(FitError::new(format!("--reference: the shares add up to {}", Plain(sum)), all));
    }
    Ok(Some((shares.iter().map(|w| w / sum).collect(), false)))
}

/// Whether shares and other inputs stand in different terms of a sum: then the best shares are the same everywhere.
pub(super) fn separable(law: &Law) -> bool {
    let mut whole = true;
    each_term(&law.formula.body, &mut |term| {
        let (mut shares, mut inputs) = (false, false);
        touches(law, term, &mut shares, &mut inputs);
        whole &= !(shares && inputs);
    });
    whole
}

fn each_term(expr: &Expr, f: &mut impl FnMut(&Expr)) {
    match &expr.kind {
        Kind::Binary(Binary::Add | Binary::Sub, a, b) => {
            each_term(a, f);
            each_term(b, f);
        }
        Kind::Unary(Unary::Neg, a) => each_term(a, f),
        _ => f(expr),
    }
}

/// Whether an expression reads a group or another input, itself or by a definition.
fn touches(law: &Law, expr: &Expr, shares: &mut bool, inputs: &mut bool) {
    expr.walk(&mut |e| match &e.kind {
        Kind::Group(_) => *shares = true,
        Kind::Name(name) => {
            *inputs |= law.inputs().any(|i| i == name);
            // A definition sees earlier ones alone, so this ends.
            let defined = law.formula.lets.iter().find(|(known, _)| known == name);
            defined.into_iter().for_each(|(_, body)| touches(law, body, shares, inputs));
        }
        _ => {}
    });
}
