//! Families at equal loss, written three ways.

use isoloss_figures::report::percent;
use isoloss_laws::{Comparison, Estimate, Fit, Ratio, Scale};
use serde_json::{Value, json};

use super::predictions::{interval, reasons, value};
use super::table::{csv_line, table};
use super::{estimate, warning};
use crate::numbers::{exact, factor, number, roughly, short_name, size};
use crate::output::{BOLD, Format, RESET};

/// Times beyond the runs of both up to which it is said where their curves cross.
const FAR: f64 = 10.0;

/// One way to fit, and what it says.
#[derive(Debug)]
pub struct Compared {
    /// empty where there is one way only
    pub how: String,
    pub comparison: Comparison,
}

/// A variant against the baseline.
#[derive(Debug)]
pub struct One {
    pub variant: String,
    /// first the one that the sentences are of
    pub all: Vec<Compared>,
}

/// Everything that is reported of a comparison.
#[derive(Debug)]
pub struct Report<'a> {
    pub baseline: &'a str,
    /// the unit of what is saved: `PF-days`
    pub scale: &'a str,
    pub given: &'a [(String, f64)],
    pub all: &'a [One],
    pub level: f64,
}

/// The scale's name in the words of a law: `C` for compute, else the input.
pub fn scale_name(fit: &Fit, scale: &Scale) -> String {
    let inputs: Vec<&str> = fit.law.inputs().collect();
    match (inputs.as_slice(), scale) {
        ([only], _) => (*only).to_owned(),
        (_, Scale::Compute) => "C".to_owned(),
        (_, Scale::Input(name)) => name.clone(),
    }
}

/// In what the scale is counted.
pub fn unit(fit: &Fit, scale: &Scale) -> String {
    let name = scale_name(fit, scale);
    if let Some((_, unit)) = fit.units.iter().find(|(n, _)| *n == name) {
        return unit.clone();
    }
    match name.as_str() {
        "C" => "FLOPs".to_owned(),
        "N" => "parameters".to_owned(),
        "D" => "tokens".to_owned(),
        _ => name,
    }
}

/// The report in the form that was asked for.
pub fn written(report: &Report<'_>, format: Format) -> String {
    match format {
        Format::Text => text(report),
        Format::Json => json(report),
        Format::Csv => csv(report),
    }
}

/// A table per variant, and what it means.
fn text(report: &Report<'_>) -> String {
    let parts: Vec<String> = report.all.iter().map(|one| of_variant(report, one)).collect();
    parts.join("\n")
}

fn of_variant(report: &Report<'_>, one: &One) -> String {
    let (baseline, variant) = (short_name(report.baseline), short_name(&one.variant));
    let given: Vec<String> = report.given.iter().map(|(n, x)| format!(", {n} = {}", size(*x))).collect();
    let mut text: String = one.all.iter().take(1).flat_map(|c| &c.comparison.warnings).map(warning).collect();
    text.push_str(&format!("{BOLD}{variant} against {baseline}{RESET}, in {}{}\n\n", report.scale, given.concat()));
    let Some(first) = one.all.first() else { return text };
    let drawn = one.all.iter().flat_map(|c| &c.comparison.ratios).any(|r| r.ratio.interval.is_some());
    let level = if drawn { format!(", {} %", percent(report.level)) } else { String::new() };
    let mut header = vec!["loss".to_owned(), format!("{baseline} needs"), format!("{variant} needs")];
    header.extend(one.all.iter().map(|c| match c.how.is_empty() {
        true => format!("multiplier{level}"),
        false => format!("{}{level}", c.how),
    }));
    header.push(String::new());
    let row = |(at, r): (usize, &Ratio)| {
        let needs = |x: f64| number(x, 4);
        let mut cells = vec![number(r.loss, 5), needs(r.baseline), needs(r.variant)];
        cells.extend(one.all.iter().map(|c| c.comparison.ratios.get(at).map_or_else(String::new, |r| ratio(&r.ratio))));
        cells.push(r.whose(&baseline, &variant));
        cells
    };
    let rows: Vec<Vec<String>> = first.comparison.ratios.iter().enumerate().map(row).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    text.push_str(&table(&header, &rows));
    text.push_str(&reasons(one.all.iter().flat_map(|c| &c.comparison.ratios).map(|r| &r.ratio)));
    text.push('\n');
    for c in &one.all {
        let how = if c.how.is_empty() { String::new() } else { format!("{}: ", c.how) };
        for sentence in sentences(&c.comparison, &baseline, &variant, report.scale) {
            text.push_str(&format!("{how}{sentence}\n"));
        }
    }
    if let Some((low, high)) = first.comparison.reached.shared() {
        text.push_str(&format!("Runs of both reached losses from {} to {}.\n", number(low, 4), number(high, 4)));
    }
    if drawn {
        text.push_str(&format!("Pairing: {}.\n", first.comparison.pairing));
    }
    text
}

fn ratio(e: &Estimate) -> String {
    match e.interval {
        Some(_) => format!("{} {}", value(e), interval(e)),
        None => number(e.value, 4),
    }
}

/// What the numbers mean: told apart or not, the same at every loss or not, and where the curves cross.
fn sentences(c: &Comparison, baseline: &str, variant: &str, scale: &str) -> Vec<String> {
    let mut all = Vec::new();
    let drawn = c.ratios.iter().any(|r| r.ratio.interval.is_some());
    match c.distinguishable {
        Some(false) => all.push(format!(
            "{variant} and {baseline} are not distinguishable: 1 lies inside every interval at losses that both reached."
        )),
        Some(true) => all.push(told_apart(c, baseline, variant, scale)),
        None if drawn => all.push(
            "Every one of these losses lies beyond the runs: whether the two differ, the runs do not say.".to_owned(),
        ),
        None => {}
    }
    // What cannot be told from one is not said to change, nor where it would pass one.
    let tied = c.distinguishable == Some(false);
    if c.changes && !tied {
        let values = || c.ratios.iter().map(|r| r.ratio.value);
        let (least, most) = values().fold((f64::INFINITY, 0f64), |(l, h), x| (l.min(x), h.max(x)));
        all.push(format!("The multiplier depends on the loss: {} to {} here.", number(least, 4), number(most, 4)));
    }
    // Farther than that, where two curves meet says more of their exponents than of the families.
    if let Some(crossing) = c.crossing.as_ref().filter(|_| !tied && c.crossing_beyond <= FAR) {
        let ends = match crossing.interval {
            Some(i) => format!(" [{}, {}]", roughly(i.lower), roughly(i.upper)),
            // The reason of all numbers stands below the table.
            None if drawn => format!(" (no interval: {})", crossing.method),
            None => String::new(),
        };
        let beyond = match c.crossing_beyond > 1.0 {
            true => format!(", {} outside the runs", factor(c.crossing_beyond)),
            false => String::new(),
        };
        all.push(format!("The curves cross near {} {scale}{ends}{beyond}.", roughly(crossing.value)));
    }
    all
}

/// Where intervals leave 1 out, and on which side.
fn told_apart(c: &Comparison, baseline: &str, variant: &str, scale: &str) -> String {
    let inside = || c.ratios.iter().filter(|r| !r.beyond_baseline && !r.beyond_variant);
    let above = inside().filter(|r| r.ratio.interval.is_some_and(|i| i.lower > 1.0)).count();
    let below = inside().filter(|r| r.ratio.interval.is_some_and(|i| i.upper < 1.0)).count();
    let of = inside().count();
    let at = |n: usize| if n == of { "at every loss".to_owned() } else { format!("at {n} of {of} losses") };
    let needs = match (above, below) {
        (_, 0) => format!("fewer {scale} than {baseline} {}", at(above)),
        (0, _) => format!("more {scale} than {baseline} {}", at(below)),
        _ => format!("fewer {scale} than {baseline} {}, more {}", at(above), at(below)),
    };
    format!("Distinguishable: {variant} needs {needs} here that both reached; 1 lies outside the interval there.")
}

/// One object.
fn json(report: &Report<'_>) -> String {
    let ratio = |r: &Ratio| {
        json!({
            "loss": r.loss,
            "baseline": r.baseline,
            "variant": r.variant,
            "multiplier": estimate(&r.ratio),
            "beyond_baseline": r.beyond_baseline,
            "beyond_variant": r.beyond_variant,
        })
    };
    let compared = |c: &Compared| {
        json!({
            "how": c.how,
            "ratios": c.comparison.ratios.iter().map(ratio).collect::<Vec<_>>(),
            "distinguishable": c.comparison.distinguishable,
            "changes": c.comparison.changes,
            "crossing": c.comparison.crossing.as_ref().map(estimate),
            "crossing_beyond": c.comparison.crossing.as_ref().map(|_| c.comparison.crossing_beyond),
            "shared_losses": c.comparison.reached.shared(),
            "pairing": c.comparison.pairing,
            "warnings": c.comparison.warnings,
        })
    };
    let one = |o: &One| json!({ "variant": o.variant, "comparisons": o.all.iter().map(compared).collect::<Vec<_>>() });
    let given: serde_json::Map<String, Value> = report.given.iter().map(|(n, x)| (n.clone(), json!(x))).collect();
    let value = json!({
        "baseline": report.baseline,
        "unit": report.scale,
        "with": given,
        "variants": report.all.iter().map(one).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// One row a place.
fn csv(report: &Report<'_>) -> String {
    let mut text = csv_line([
        "baseline",
        "variant",
        "how",
        "loss",
        "baseline_needs",
        "variant_needs",
        "unit",
        "multiplier",
        "lower",
        "upper",
        "level",
        "beyond_baseline",
        "beyond_variant",
        "method",
    ]);
    for one in report.all {
        for c in &one.all {
            for r in &c.comparison.ratios {
                let i = r.ratio.interval;
                let or_empty = |x: Option<f64>| x.map_or_else(String::new, exact);
                text.push_str(&csv_line([
                    report.baseline.to_owned(),
                    one.variant.clone(),
                    c.how.clone(),
                    exact(r.loss),
                    exact(r.baseline),
                    exact(r.variant),
                    report.scale.to_owned(),
                    exact(r.ratio.value),
                    or_empty(i.map(|i| i.lower)),
                    or_empty(i.map(|i| i.upper)),
                    or_empty(i.map(|i| i.level)),
                    r.beyond_baseline.to_string(),
                    r.beyond_variant.to_string(),
                    r.ratio.method.clone(),
                ]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use isoloss_laws::Reached;

    use super::*;

    /// A multiplier that cannot be told from one is not said to change with the loss, nor curves to cross somewhere.
    #[test]
    fn of_families_that_are_tied_nothing_more_is_said() {
        let estimate = |value: f64| Estimate { value, interval: None, method: String::new() };
        let at = |loss: f64, times: f64| Ratio {
            loss,
            variant: 1e18,
            baseline: times * 1e18,
            ratio: estimate(times),
            beyond_baseline: false,
            beyond_variant: false,
        };
        let said = |distinguishable: Option<bool>| {
            let comparison = Comparison {
                ratios: vec![at(3.0, 0.9), at(2.5, 1.1)],
                reached: Reached { baseline: None, variant: None },
                crossing: Some(estimate(1e18)),
                crossing_beyond: 1.0,
                distinguishable,
                changes: true,
                pairing: "",
                warnings: Vec::new(),
            };
            sentences(&comparison, "a", "b", "FLOPs").concat()
        };
        let tied = said(Some(false));
        assert!(tied.contains("not distinguishable") && !tied.contains("depends") && !tied.contains("cross"), "{tied}");
        let apart = said(None);
        assert!(apart.contains("depends on the loss") && apart.contains("cross near"), "{apart}");
    }
}
