//! What the figures of laws share: axes of laws, grids, runs by family.

use isoloss_laws::{Circumstances, Estimate, Fit, Given, Law, Plan, Points, plan, published};

use super::words::symbol;
use super::{Material, Missing, Runs};
use crate::axis::Axis;
use crate::figure::{Figure, Panel};
use crate::layer::{Band, Layer, Points as Marks};
use crate::numbers::Numbers;
use crate::ranges::extent;
use crate::text::{Rich, math};

/// How far beyond the largest run laws are drawn.
pub(super) const BEYOND: f64 = 10.0;

/// Evenly in the logarithm, both ends included.
pub(super) fn grid(low: f64, high: f64, steps: usize) -> Vec<f64> {
    let (from, to) = (libm::log(low), libm::log(high));
    let at = |i: usize| match i {
        0 => low,
        i if i == steps => high,
        i => libm::exp(from + (to - from) * i as f64 / steps as f64),
    };
    (0..=steps).map(at).collect()
}

/// Least and greatest.
pub(super) fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let found = values.into_iter().filter(|v| v.is_finite());
    found.fold(None, |ends: Option<(f64, f64)>, v| Some(ends.map_or((v, v), |(l, h)| (l.min(v), h.max(v)))))
}

/// The axis of training compute.
pub(super) fn compute() -> Axis {
    Axis::log10(math("Training compute _C_, FLOPs")).numbers(Numbers::Power)
}

/// The axis of an input of a law; linear where not all values are above zero.
pub(super) fn input(name: &str, law: &Law, units: &[(String, String)], positive: bool) -> Axis {
    let unit = units.iter().find(|(n, _)| n == name).map(|(_, u)| u.as_str());
    let axis = if positive { Axis::log10 } else { Axis::linear };
    match (name, unit) {
        ("N", None | Some("parameters")) => axis(math("Parameters _N_")).numbers(Numbers::Suffix),
        ("D", None | Some("tokens")) => axis(math("Training tokens _D_")).numbers(Numbers::Suffix),
        ("U", None | Some("tokens")) => axis(math("Unique tokens _U_")).numbers(Numbers::Suffix),
        ("C", None | Some("FLOPs")) => compute(),
        _ => {
            let says = law.variables.iter().find(|(n, _)| n == name).map_or("", |(_, says)| says.as_str());
            let says = Some(says).filter(|s| !s.is_empty() && s.chars().count() <= 40);
            let label = match says {
                Some(says) => Rich::plain(format!("{} ", upper(says))).then(&math(&symbol(name))),
                None => math(&symbol(name)),
            };
            axis(match unit {
                Some(unit) => label.then(&Rich::plain(format!(", {unit}"))),
                None => label,
            })
        }
    }
}

/// The axis of a law's target.
pub(super) fn target(law: &Law, units: &[(String, String)], positive: bool) -> Axis {
    target_as("", law, units, positive)
}

/// The axis of a law's target, `predicted` or `measured`.
pub(super) fn target_as(lead: &str, law: &Law, units: &[(String, String)], positive: bool) -> Axis {
    let name = law.formula.target.as_str();
    let unit = units.iter().find(|(n, _)| n == name).map_or("nats", |(_, u)| u.as_str());
    let axis = if positive { Axis::log10 } else { Axis::linear };
    let label = match name {
        "L" => math(&format!("{}oss _L_, {unit} per token", if lead.is_empty() { "L" } else { "l" })),
        _ => input(name, law, units, positive).label,
    };
    let label = match lead {
        "" => label,
        lead => Rich::plain(format!("{} ", upper(lead))).then(&label),
    };
    axis(label).numbers(Numbers::Plain)
}

/// The first letter made a capital.
pub(super) fn upper(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |c| c.to_uppercase().chain(characters).collect())
}

/// The families whose laws differ; one without a name where the law is the same for all.
pub(super) fn families(fit: &Fit) -> Vec<Option<String>> {
    let own = |f: &String| fit.parameters.iter().any(|p| p.name.ends_with(&format!("[{f}]")));
    match !fit.families().is_empty() && fit.families().iter().all(own) {
        true => fit.families().iter().cloned().map(Some).collect(),
        false => vec![None],
    }
}

/// Rows of a family; all of them without one.
pub(super) fn rows_of(points: &Points, family: Option<&str>) -> Vec<usize> {
    let all = 0..points.len();
    match (family, &points.family) {
        (Some(name), Some(labels)) => all.filter(|r| labels.levels[labels.index[*r] as usize] == name).collect(),
        _ => all.collect(),
    }
}

/// Training compute of every row, where the columns tell it: C, else 6 N D.
pub(super) fn flops(points: &Points) -> Option<Vec<f64>> {
    if let Some(c) = points.column("C") {
        return Some(c.to_vec());
    }
    let (n, d) = (points.column("N")?, points.column("D")?);
    Some(n.iter().zip(d).map(|(n, d)| 6.0 * n * d).collect())
}

/// More marks than this are a cloud that hides what runs through it.
const CLOUD: usize = 100;

/// The marks of a panel that has so many in all.
pub(super) fn cloud(marks: Marks, all: usize) -> Marks {
    if all > CLOUD { marks.beneath() } else { marks }
}

/// Constants that ship, and what they say of themselves.
pub(super) fn of_papers(name: &str, figure: impl Fn(&Fit, &str) -> Result<Figure, Missing>) -> Figure {
    let fit = published(name).unwrap_or_else(|| unreachable!("constants that ship"));
    figure(&fit, &fit.notes.join(" ")).unwrap_or_else(|e| Figure::new(e.message))
}

/// The best sizes of a law at each budget; budgets at which it has none are left out.
pub(super) fn frontier(fit: &Fit, family: Option<&str>, budgets: &[f64]) -> Vec<(f64, Plan)> {
    if fit.ladder.is_some() {
        return Vec::new();
    }
    let circumstances = Circumstances { family: family.map(str::to_owned), ..Circumstances::default() };
    let each = budgets.iter().filter_map(|c| Some((*c, plan(fit, Given::Flops(*c), &circumstances).ok()?)));
    each.filter(|(_, p)| p.params.value.is_finite() && p.loss.mean.value.is_finite()).collect()
}

/// The compute of runs: of the rows where there are any, else of those that were fitted, else what papers look at.
pub(super) fn budgets(fit: &Fit, runs: Option<&Points>) -> (f64, f64) {
    let rows = runs.and_then(flops).and_then(ends).filter(|(low, _)| *low > 0.0);
    let fitted = || ends(fit.spans.iter().filter_map(|s| s.flops).flat_map(|(l, h)| [l, h]));
    rows.or_else(fitted).filter(|(low, _)| *low > 0.0).unwrap_or((1e18, 1e25))
}

/// x with the ends of an interval, where there is one.
pub(super) fn banded(x: f64, estimate: &Estimate) -> Option<(f64, f64, f64)> {
    estimate.interval.map(|i| (x, i.lower, i.upper))
}

/// Room below what is drawn for a note of several lines: where there is no empty corner it would hide data.
pub(super) fn room(axis: Axis, layers: &[Layer], lines: usize) -> Axis {
    let found = extent(&axis, layers).filter(|(low, _)| *low > 0.0);
    match found {
        Some((low, high)) if lines > 1 => {
            // Of a panel of one column a line of text takes a nineteenth, and the room around all lines as much.
            let share = (1 + lines.min(6)) as f64 / 19.0;
            axis.include(low * libm::pow(low / high, share / (1.0 - share)))
        }
        _ => axis,
    }
}

/// A panel with one more band in the colour of a name, unless it is empty: a name in the legend is a promise.
pub(super) fn with_band(panel: Panel, band: Band, name: Option<&Rich>) -> Panel {
    match name {
        _ if band.points.is_empty() => panel,
        Some(name) => panel.with(band.series(name.clone())),
        None => panel.with(band),
    }
}

/// The runs, all of their values numbers: a fit of anything else has no end.
///
/// # Errors
/// If there are none, or one value is not finite.
pub(super) fn runs(material: &Material) -> Result<&Runs, Missing> {
    let runs = material.runs()?;
    let target = (&runs.law.formula.target, &runs.points.target);
    let columns = runs.points.columns.iter().map(|(n, c)| (n, c)).chain([target]);
    for (name, column) in columns {
        if let Some(row) = column.iter().position(|x| !x.is_finite()) {
            let line = runs.points.line(row);
            let found = format!("line {line}: {name} = {} is no finite number", column[row]);
            return Err(Missing::new(found, "leave the row out with --where"));
        }
    }
    Ok(runs)
}

/// The first fit that is given, or the one of the runs.
///
/// # Errors
/// If there is neither, or the runs cannot be fitted.
pub(super) fn fitted(material: &Material) -> Result<(Fit, Option<&Runs>), Missing> {
    let given = material.runs.as_ref().map(|_| runs(material)).transpose()?;
    match (material.fits.first(), given) {
        (Some((_, fit)), runs) => Ok((fit.clone(), runs)),
        (None, Some(runs)) => Ok((runs.fitted()?, Some(runs))),
        (None, None) => {
            Err(Missing::new("this figure is drawn from runs or from a fit", "name a table or a saved fit"))
        }
    }
}

/// Where the data come from, in words for a caption.
pub(super) fn source(fit: &Fit, runs: Option<&Runs>) -> String {
    match runs {
        Some(runs) => format!("{} runs of {}.", runs.points.len(), runs.source),
        None if fit.rows > 0 => format!("Fitted to {} runs, which are not drawn.", fit.rows),
        None => fit.notes.first().map_or("Published constants.".to_owned(), |n| format!("Published constants, {n}.")),
    }
}

/// The fit without its draws, for curves without bands: a thousand times faster to ask.
pub(super) fn bare(fit: &Fit) -> Fit {
    let mut bare = fit.clone();
    bare.draws.clear();
    bare
}
