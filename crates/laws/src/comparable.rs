//! Whether two fits can be compared along a scale, and what to mind where they can.

use crate::compare::{Place, Side};
use crate::curve::Scale;
use crate::error::FitError;
use crate::result::Fit;
use crate::warning::{Severity, Warning};
use isoloss_formula::PF_DAY;

/// A law of one input has no other scale to be compared along.
pub(crate) fn own_scale(fit: &Fit, scale: &Scale) -> Scale {
    let mut inputs = fit.law.inputs();
    match (inputs.next(), inputs.next()) {
        (Some(only), None) => Scale::Input(only.to_owned()),
        _ => scale.clone(),
    }
}

/// The logarithm of the least that a scale can be: there is no model of less than one parameter, token or FLOP.
pub(crate) fn least(fit: &Fit, scale: &Scale) -> f64 {
    let days = |name: &str| fit.units.iter().any(|(n, unit)| n == name && unit == "PF-days");
    match scale {
        Scale::Input(name) if !["N", "D", "C"].contains(&name.as_str()) || days(name) => f64::NEG_INFINITY,
        _ => 0.0,
    }
}

/// The inputs that a scale runs along.
pub(crate) fn along(scale: &Scale) -> Vec<&str> {
    match scale {
        Scale::Compute => vec!["N", "D"],
        Scale::Input(name) => vec![name.as_str()],
    }
}

/// Refuses two laws of which one lacks the scale, and inputs of either that have no value.
pub(crate) fn check(
    baseline: &Side<'_>,
    variant: &Side<'_>,
    scale: &Scale,
    given: &[(String, f64)],
) -> Result<(), FitError> {
    let fits = [baseline.fit, variant.fit];
    let inputs = fits.map(|fit| fit.law.inputs().collect::<Vec<_>>());
    let scales = fits.map(|fit| own_scale(fit, scale));
    let reads = |i: usize| format!("the law {} reads {}", fits[i].law.name, inputs[i].join(", "));
    let both = if fits[0].law.name == fits[1].law.name { reads(0) } else { format!("{}; {}", reads(0), reads(1)) };
    let names = scales.each_ref().map(|scale| if *scale == Scale::Compute { "C" } else { along(scale)[0] });
    // X is any scale; whether it is the other's, units tell.
    let apart = names[0] != names[1] && !names.contains(&"X");
    if apart || (0..2).any(|i| along(&scales[i]).iter().any(|name| !inputs[i].contains(name))) {
        let name = if *scale == Scale::Compute { "compute C = 6 N D" } else { along(scale)[0] };
        let shared: Vec<&str> = inputs[0].iter().filter(|name| inputs[1].contains(name)).copied().collect();
        let what = if shared.is_empty() { "no scale".to_owned() } else { format!("no scale {name}") };
        let hint = match shared.first() {
            Some(first) => {
                let others = |i: usize| fits[i].typically(inputs[i].iter().filter(|name| *name != first).copied());
                let mut with: Vec<String> = Vec::new();
                for part in [others(0), others(1)].iter().flat_map(|o| o.split(',')).filter(|part| !part.is_empty()) {
                    let name = part.split('=').next();
                    if !with.iter().any(|known| known.split('=').next() == name) {
                        with.push(part.to_owned());
                    }
                }
                let with = if with.is_empty() { String::new() } else { format!(" --with {}", with.join(",")) };
                format!("what both read is {}: --scale {first}{with}", shared.join(", "))
            }
            None => "they have no input in common: fit both to the same columns".to_owned(),
        };
        return Err(FitError::new(format!("the two have {what} in common: {both}"), hint));
    }
    let missing = |i: usize| {
        let open = |name: &&&str| !along(&scales[i]).contains(*name) && !given.iter().any(|(n, _)| n == **name);
        inputs[i].iter().filter(open).copied().collect::<Vec<&str>>()
    };
    let (mut open, variant_too) = (missing(0), missing(1));
    let from = if open.is_empty() { 1 } else { 0 };
    let mut hint = fits[0].typically(open.iter().copied());
    let more: Vec<&str> = variant_too.into_iter().filter(|name| !open.contains(name)).collect();
    let separator = if hint.is_empty() || more.is_empty() { "" } else { "," };
    hint = format!("{hint}{separator}{}", fits[1].typically(more.iter().copied()));
    open.extend(more);
    match open.first() {
        None => Ok(()),
        Some(_) if fits[0].law.name == fits[1].law.name => Err(FitError::new(
            format!("the law {} also reads {}: at which value?", fits[0].law.name, open.join(", ")),
            format!("as in --with {hint}"),
        )),
        Some(_) => Err(FitError::new(
            format!("the law {} also reads {}: at which value? ({both})", fits[from].law.name, open.join(", ")),
            format!("as in --with {hint}"),
        )),
    }
}

/// What to mind: columns that were counted differently, FLOPs where PF-days are meant.
pub(crate) fn warnings(baseline: &Side<'_>, variant: &Side<'_>, scale: &Scale, places: &[Place]) -> Vec<Warning> {
    let mut all = Vec::new();
    for (mine, its) in unlike(baseline.fit, variant.fit) {
        all.push(Warning::new(
            Severity::Warning,
            "convention",
            format!("counted differently: the baseline by \"{mine}\", the variant by \"{its}\""),
            "part of the multiplier is the counting: fit one anew with the other's count, as in --map \"N=...\"",
        ));
    }
    let scale = own_scale(variant.fit, scale);
    let input = along(&scale)[0];
    let at = places.iter().filter_map(|place| if let Place::Scale(at) = place { Some(*at) } else { None });
    // The first that is out of line stands for all.
    all.extend(at.filter_map(|at| variant.fit.mistaken(input, at)).take(1));
    all
}

/// Conventions of two fits that contradict each other. A convention is a list of clauses, `N total, C = 6ND`, each of the
/// quantity it begins with; what one of the two does not say is not known to differ.
fn unlike(a: &Fit, b: &Fit) -> Vec<(String, String)> {
    let (a, b) = (clauses(a), clauses(b));
    let differ = |(name, mine): &(String, String)| {
        let (_, its) = b.iter().find(|(other, _)| other == name)?;
        (mine != its).then(|| (mine.clone(), its.clone()))
    };
    a.iter().filter_map(differ).collect()
}

/// What is counted, and the clause: (`N`, `N total`).
fn clauses(fit: &Fit) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (column, convention) in &fit.conventions {
        for clause in convention.split([',', ';']).map(str::trim) {
            let first = clause.split_whitespace().next().unwrap_or_default();
            // Published constants have one convention for all columns, a table one for each that may tell of another.
            let named = ["N", "D", "C"].contains(&first) || fit.law.inputs().any(|input| input == first);
            let (name, clause) = match column == "published" || named {
                true => (first, clause.to_owned()),
                false => (column.as_str(), format!("{column} {clause}")),
            };
            if !all.iter().any(|(known, _)| known == name) {
                all.push((name.to_owned(), clause));
            }
        }
    }
    all
}

/// More PF-days than this (8.64e28 FLOPs, a thousand times the largest run there was) were meant as FLOPs.
const MOST_PF_DAYS: f64 = 1e9;

impl Fit {
    /// The warning that belongs to compute in FLOPs where this fit has it in PF-days; `None` where all is well.
    pub fn mistaken(&self, input: &str, value: f64) -> Option<Warning> {
        let in_days = self.units.iter().any(|(name, unit)| name == input && unit == "PF-days");
        if !in_days || value < MOST_PF_DAYS {
            return None;
        }
        let largest = self.ranges.iter().find(|(name, ..)| name == input).map(|(.., high)| *high);
        let beyond = largest.map_or(String::new(), |high| format!(", {:.0e} times the largest fitted", value / high));
        let (flops, meant) = (value * PF_DAY, value / PF_DAY);
        let meant = if (0.1..1e6).contains(&meant) { format!("{meant:.1}") } else { format!("{meant:.2e}") };
        Some(Warning::new(
            Severity::Warning,
            "units",
            format!("compute is in PF-days here: {value:e} PF-days are {flops:.2e} FLOPs{beyond}"),
            &format!("if {value:e} FLOPs were meant, that is {meant} PF-days"),
        ))
    }
}
