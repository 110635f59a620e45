//! Best training mixtures, written three ways.

use std::path::Path;

use isoloss_figures::report::percent;
use isoloss_laws::{Estimate, Fit, Gain, Mixture};
use serde_json::{Value, json};

use super::predictions::{interval, reasons, value};
use super::table::{csv_line, table};
use super::{estimate, warning};
use crate::numbers::{exact, number, size};

/// Everything that is reported of mixtures.
#[derive(Debug)]
pub struct Report<'a> {
    /// each with the name that was given
    pub fits: &'a [(String, Fit)],
    /// how much each counts, as it was given; empty: all alike
    pub weights: &'a [f64],
    /// one a place
    pub found: &'a [Mixture],
}

impl Report<'_> {
    /// `the loss`, or `the mean of 3 losses`, weighted or not.
    fn target(&self) -> String {
        let weights: Vec<String> = self.weights.iter().map(|w| exact(*w)).collect();
        match self.fits.len() {
            1 => "the loss".to_owned(),
            n if weights.is_empty() => format!("the mean of {n} losses"),
            n => format!("the mean of {n} losses, weighted {}", weights.join(" : ")),
        }
    }
}

/// What to mind, then the shares of each place and what they bring.
pub fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    for (i, found) in report.found.iter().enumerate() {
        if i > 0 {
            text.push('\n');
        }
        found.warnings.iter().for_each(|w| text.push_str(&warning(w)));
        text.push_str(&place(report, found));
    }
    let mut said: Vec<&String> = Vec::new();
    for note in report.found.iter().flat_map(|found| &found.notes) {
        if !said.contains(&note) {
            text.push_str(&format!("note: {note}\n"));
            said.push(note);
        }
    }
    text
}

/// One place.
fn place(report: &Report<'_>, found: &Mixture) -> String {
    let at: Vec<String> = found.at.iter().map(|(name, x)| format!("{name} = {}", size(*x))).collect();
    let at = if at.is_empty() { String::new() } else { format!(", at {}", at.join(", ")) };
    let mut text = format!("The best mixture for {}{at}:\n\n", report.target());
    let drawn = found.shares.iter().any(|s| s.estimate.interval.is_some());
    let level = format!("{} %", percent(found.level));
    let header: Vec<&str> =
        ["", "share"].into_iter().chain(drawn.then_some(level.as_str())).chain(["trained"]).collect();
    let share = |x: f64| format!("{x:.3}");
    let rows = found.shares.iter().map(|s| {
        let mut cells = vec![s.domain.clone(), share(s.estimate.value)];
        let ends =
            s.estimate.interval.map_or_else(String::new, |i| format!("[{}, {}]", share(i.lower), share(i.upper)));
        cells.extend(drawn.then_some(ends));
        cells.push(format!("{} to {}", share(s.trained.0), share(s.trained.1)));
        cells
    });
    text.push_str(&table(&header, &rows.collect::<Vec<_>>()));
    text.push_str(&reasons(found.shares.iter().map(|s| &s.estimate)));
    text.push('\n');
    text.push_str(&format!("Loss there: {}", with(&found.loss)));
    if report.fits.len() > 1 {
        let each = report.fits.iter().zip(&found.losses);
        let each: Vec<String> = each.map(|((name, _), loss)| format!("{} {}", stem(name), value(loss))).collect();
        text.push_str(&format!(" ({})", each.join(", ")));
    }
    text.push_str(".\n");
    if let Some(gain) = &found.gain {
        let noise = gain.gain.interval.is_some_and(|i| i.lower <= 0.0 && i.upper >= 0.0);
        let noise = if noise { ", which may be noise" } else { "" };
        text.push_str(&format!("{} {}: {} more{noise}.\n", against(gain), loss_there(gain), with(&gain.gain)));
    }
    if let Some(regret) = found.regret {
        text.push_str(&format!(
            "Not to know the best mixture better costs at most {} of loss, in {level} of the draws.\n",
            number(regret, 2)
        ));
    }
    text
}

fn against(gain: &Gain) -> String {
    let shares: Vec<String> = gain.shares.iter().map(|x| exact((1e3 * x).round() / 1e3)).collect();
    let what = if gain.trained { "The best mixture that was trained" } else { "The mixture of --reference" };
    format!("{what}, {},", shares.join(" : "))
}

fn loss_there(gain: &Gain) -> String {
    format!("has a loss of {}", value(&gain.loss))
}

/// A value with its interval, or with the reason why there is none.
fn with(e: &Estimate) -> String {
    match e.interval {
        Some(_) => format!("{} {}", value(e), interval(e)),
        None => format!("{} (no interval: {})", value(e), e.method),
    }
}

/// `text` of `fits/text.json`
fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// One object.
pub fn json(report: &Report<'_>) -> String {
    let fits = report.fits.iter().enumerate().map(|(k, (name, fit))| {
        json!({
            "fit": name,
            "law": { "name": fit.law.name, "formula": fit.law.formula.source },
            "weight": report.weights.get(k).copied().unwrap_or(1.0),
        })
    });
    let named = |found: &Mixture, shares: &[f64]| {
        let each = found.shares.iter().zip(shares).map(|(s, x)| (s.domain.clone(), json!(x)));
        Value::Object(each.collect())
    };
    let place = |found: &Mixture| {
        let at: serde_json::Map<String, Value> = found.at.iter().map(|(name, x)| (name.clone(), json!(x))).collect();
        let shares = found.shares.iter().map(|s| {
            let mut value = estimate(&s.estimate);
            value["domain"] = json!(s.domain);
            value["trained"] = json!([s.trained.0, s.trained.1]);
            value
        });
        let gain = found.gain.as_ref().map(|gain| {
            json!({
                "shares": named(found, &gain.shares),
                "trained": gain.trained,
                "loss": estimate(&gain.loss),
                "gain": estimate(&gain.gain),
            })
        });
        json!({
            "at": at,
            "shares": shares.collect::<Vec<_>>(),
            "loss": estimate(&found.loss),
            "losses": found.losses.iter().map(estimate).collect::<Vec<_>>(),
            "reference": gain,
            "regret": found.regret,
            "everywhere": found.everywhere,
            "warnings": found.warnings,
            "notes": found.notes,
        })
    };
    let value = json!({
        "fits": fits.collect::<Vec<_>>(),
        "mixtures": report.found.iter().map(place).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// One row a place.
pub fn csv(report: &Report<'_>) -> String {
    let Some(first) = report.found.first() else { return String::new() };
    let mut header: Vec<String> = first.at.iter().map(|(name, _)| name.clone()).collect();
    let of = |name: &str| [name.to_owned(), format!("{name}_lower"), format!("{name}_upper")];
    first.shares.iter().for_each(|s| header.extend(of(&s.domain)));
    header.extend(of("loss"));
    header.extend(of("gain"));
    header.extend(["regret", "level", "method"].map(str::to_owned));
    let mut text = csv_line(&header);
    let or_empty = |x: Option<f64>| x.map_or_else(String::new, exact);
    for found in report.found {
        let mut cells: Vec<String> = found.at.iter().map(|(_, x)| exact(*x)).collect();
        let gain = found.gain.as_ref().map(|gain| &gain.gain);
        for e in found.shares.iter().map(|s| Some(&s.estimate)).chain([Some(&found.loss), gain]) {
            let ends = e.and_then(|e| e.interval);
            cells.extend([e.map(|e| e.value), ends.map(|i| i.lower), ends.map(|i| i.upper)].map(or_empty));
        }
        let level = found.loss.interval.map(|i| i.level);
        cells.extend([or_empty(found.regret), or_empty(level), found.loss.method.clone()]);
        text.push_str(&csv_line(cells));
    }
    text
}
