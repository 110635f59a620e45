//! What a law leaves of the losses: is it the same everywhere, and which runs stand out?

use isoloss_laws::{Fit, Points};

use super::scales::{self, ends, rows_of};
use super::words::{percent, said};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Figure, LegendPlace, Panel, Share};
use crate::layer::{Band, Dash, Point, Points as Marks, Rule};
use crate::palette::Colour;
use crate::report::quantity::number;
use crate::text::Rich;

/// See `isoloss figure residuals`.
pub const ENTRY: Entry = Entry {
    name: "residuals",
    says: "residuals of a fit against every input and against the prediction, the worst runs named",
    needs: &[Needs::Runs],
    takes: &[],
    draw,
    published: None,
    beside: None,
};

/// Inputs that get a panel, and rows that are named.
const INPUTS: usize = 3;
const NAMED: usize = 3;
/// Characters of a name that has room beside its mark in the smallest panels.
const LONGEST: usize = 14;

/// Residuals in per cent of the prediction (or in its unit, where the fit is of raw values).
///
/// # Errors
/// If the law cannot be asked at these points.
pub fn figure(fit: &Fit, points: &Points, names: &[String], source: &str) -> Result<Figure, Missing> {
    let family: Option<Vec<String>> =
        points.family.as_ref().map(|f| f.index.iter().map(|i| f.levels[*i as usize].clone()).collect());
    let bare = scales::bare(fit);
    let predicted = bare.predict(&points.columns, family.filter(|_| !fit.families().is_empty()).as_deref())?;
    let predicted: Vec<f64> = predicted.iter().map(|p| p.mean.value).collect();
    // Shares of the reducible loss where noise is one: then the band of a run is as wide everywhere.
    let reducible = fit.reducible.is_some();
    let log = fit.objective.log || reducible;
    let off = |r: usize| match log {
        true if reducible => 100.0 * fit.share(r),
        true => 100.0 * (points.target[r] / predicted[r] - 1.0),
        false => points.target[r] - predicted[r],
    };
    let off: Vec<f64> = (0..points.len()).map(off).collect();
    let sd = if log { 100.0 * fit.noise } else { fit.noise };
    let mut worst: Vec<usize> = (0..off.len()).filter(|r| off[*r].is_finite()).collect();
    worst.sort_by(|a, b| off[*b].abs().total_cmp(&off[*a].abs()));
    worst.truncate(NAMED.min(points.len() / 4));
    let line = |r: usize| format!("line {}", points.line(r));
    let name = |r: usize| names.get(r).cloned().unwrap_or_else(|| line(r));
    // A long name would be cut in a small panel, and two that are cut look alike: lines stand there, names in the caption.
    let long = worst.iter().any(|r| name(*r).chars().count() > LONGEST);
    let label = |r: usize| if long { line(r) } else { name(r) };
    let named = |r: usize| if long && name(r) != line(r) { format!("{}, {}:", line(r), name(r)) } else { name(r) };
    let unit = if reducible {
        "% of the reducible loss"
    } else if log {
        "%"
    } else {
        fit.law.formula.target.as_str()
    };
    let y = Axis::linear(format!("Residual, {unit}"));
    let positive = predicted.iter().all(|p| *p > 0.0);
    let mut against: Vec<(Axis, &[f64])> = Vec::new();
    for (input, column) in points.columns.iter().take(INPUTS) {
        let above = column.iter().all(|x| *x > 0.0);
        against.push((scales::input(input, &fit.law, &fit.units, above), column));
    }
    against.push((scales::target_as("predicted", &fit.law, &fit.units, positive), &predicted));
    let groups: Vec<(Rich, Vec<usize>)> = match &points.family {
        Some(labels) => labels.levels.iter().map(|f| (f.as_str().into(), rows_of(points, Some(f)))).collect(),
        None => vec![("runs".into(), (0..points.len()).collect())],
    };
    let mut figure = Figure::new("").lettered().share(Share::None, Share::All);
    figure.columns = if against.len() == 2 || against.len() == 4 { 2 } else { 3 };
    for (x, column) in against {
        let mut panel = Panel::new(x, y.clone());
        if let Some((low, high)) = ends(column.iter().copied()) {
            panel = panel.with(Band::new([(low, -sd, sd), (high, -sd, sd)]).series("noise of a run (±1 sd)"));
        }
        panel = panel.with(Rule::y(0.0).dash(Dash::Solid));
        for (series, rows) in &groups {
            let mark = |r: &usize| {
                let point = Point::new(column[*r], off[*r]).fact("run", name(*r));
                if worst.contains(r) { point.label(label(*r)) } else { point }
            };
            panel = panel.with(scales::cloud(Marks::new(rows.iter().map(mark)).series(series.clone()), points.len()));
        }
        figure = figure.panel(panel);
    }
    let listed: Vec<String> = worst.iter().map(|r| format!("{} {} {unit}", named(*r), signed(off[*r]))).collect();
    let spread = if log { percent(fit.noise) } else { said(fit.noise, 3) };
    let beyond = off.iter().filter(|o| o.abs() > 2.0 * sd).count();
    let mut words = format!("{beyond} of {} runs lie more than 2 sd off", off.len());
    if !listed.is_empty() {
        words.push_str(&format!("; the worst: {}", listed.join("; ")));
    }
    figure.alt = format!(
        "Residuals of the law {} against each input and its prediction, scattered about zero with a standard deviation \
         of {spread}. {words}.",
        fit.law.name
    );
    let target = &fit.law.formula.target;
    let measure = match reducible {
        true => format!("Measured less predicted {target} of the law {}, over the reducible {target}", fit.law.name),
        false => format!("Measured over predicted {target} of the law {}, less one", fit.law.name),
    };
    figure.caption = format!(
        "{measure}. Band: ±1 standard deviation of a run about the law, \
         {spread}. {words}. {source}",
    );
    Ok(figure.aspect(0.8).legend(LegendPlace::Below).style("runs", Colour::Hue(0), None).style(
        "noise of a run (±1 sd)",
        Colour::Muted,
        None,
    ))
}

fn signed(value: f64) -> String {
    format!("{}{}", if value < 0.0 { "\u{2212}" } else { "+" }, number(value.abs(), 2, true))
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let runs = scales::runs(material)?;
    let (fit, _) = scales::fitted(material)?;
    figure(&fit, &runs.points, &runs.names, &format!("{} runs of {}.", runs.points.len(), runs.source))
}
