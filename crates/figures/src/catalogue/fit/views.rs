//! What a law is drawn against, by what it reads and how its runs were laid out.

use isoloss_laws::{Fit, Points};

use super::compute::{against_compute, equal_compute, iso_flop};
use crate::axis::Axis;
use crate::catalogue::scales::{self, BEYOND, ends, families, grid, rows_of};
use crate::catalogue::words::{count, number, symbol};
use crate::text::{Rich, math};

/// Name of the best that any size reaches.
pub(super) const BEST: &str = "compute-optimal";

/// One curve of the law: places on the x axis, and the inputs there.
pub(super) struct Curve {
    pub(super) name: Option<Rich>,
    pub(super) family: Option<String>,
    pub(super) xs: Vec<f64>,
    pub(super) columns: Vec<(String, Vec<f64>)>,
    pub(super) measured: (f64, f64),
    pub(super) banded: bool,
}

/// What is drawn against what.
pub(super) struct View {
    pub(super) x: Axis,
    /// the place of every row on the x axis
    pub(super) places: Vec<f64>,
    /// names of marks, with their rows
    pub(super) marks: Vec<(Option<Rich>, Vec<usize>)>,
    pub(super) curves: Vec<Curve>,
    pub(super) ordered: bool,
    /// measured against predicted values
    pub(super) diagonal: bool,
    /// the input along which the law is followed beyond the runs; empty if there is none
    pub(super) along: String,
    pub(super) says: String,
}

pub(super) fn view(fit: &Fit, runs: Option<&Points>) -> View {
    let inputs: Vec<&str> = fit.law.inputs().collect();
    let plain = fit.law.formula.groups().is_empty();
    match inputs.as_slice() {
        [one] if plain => along(fit, runs, one, None),
        ["N", "D"] | ["D", "N"] if plain => match runs.and_then(iso_flop) {
            Some(budgets) if families(fit) == [None] && fit.ladder.is_none() => equal_compute(fit, runs, &budgets),
            _ => against_compute(fit, runs),
        },
        [one, other] if plain => match levels(fit, runs, other) {
            Some(_) => along(fit, runs, one, Some(other)),
            None => against_prediction(fit, runs),
        },
        _ => against_prediction(fit, runs),
    }
}

/// A law of one input, or of one and a few levels of another.
fn along(fit: &Fit, runs: Option<&Points>, name: &str, other: Option<&str>) -> View {
    let column = runs.and_then(|p| p.column(name)).unwrap_or(&[]);
    let known = || fit.ranges.iter().find(|r| r.0 == name).map(|r| (r.1, r.2));
    let (low, high) = ends(column.iter().copied()).or_else(known).unwrap_or((1e-2, 1e3));
    let positive = low > 0.0;
    let mut marks = Vec::new();
    let mut curves = Vec::new();
    let mut curve = |series: Option<Rich>, family: Option<String>, level: Option<f64>, measured: (f64, f64)| {
        let xs = match positive {
            true => grid(low / 1.3, high * BEYOND, 120),
            false => (0..=120).map(|i| low + (high - low) * f64::from(i) / 100.0).collect(),
        };
        let mut columns = vec![(name.to_owned(), xs.clone())];
        columns.extend(other.zip(level).map(|(n, x)| (n.to_owned(), vec![x; xs.len()])));
        curves.push(Curve { name: series, family, xs, columns, measured, banded: true });
    };
    let span = |rows: &[usize]| ends(rows.iter().map(|r| column[*r])).unwrap_or((low, high));
    let all = runs.map_or(Vec::new(), |p| (0..p.len()).collect());
    match other.and_then(|o| Some((o, levels(fit, runs, o)?))) {
        Some((other, levels)) => {
            for level in levels {
                let own = runs.and_then(|p| p.column(other)).unwrap_or(&[]);
                let rows: Vec<usize> = all.iter().copied().filter(|r| own[*r] == level).collect();
                let size = if matches!(other, "N" | "D" | "U") { count(level) } else { number(level, 4) };
                let series = math(&format!("{} = {size}", symbol(other)));
                curve(Some(series.clone()), None, Some(level), span(&rows));
                marks.push((Some(series), rows));
            }
            curves.iter_mut().for_each(|c| c.banded = false);
        }
        None => {
            for family in families(fit) {
                let rows = runs.map_or(Vec::new(), |p| rows_of(p, family.as_deref()));
                let name = family.as_deref().map(Rich::plain);
                curve(name.clone(), family, None, span(&rows));
                if name.is_some() {
                    marks.push((name, rows));
                }
            }
            if marks.is_empty() {
                marks = by_family(runs);
            }
        }
    }
    let levels = other.map_or(String::new(), |o| format!(", a line per {o}"));
    let drawn = if runs.is_some() { "runs and the fitted law" } else { "the fitted law" };
    View {
        x: scales::input(name, &fit.law, &fit.units, positive),
        places: column.to_vec(),
        marks,
        curves,
        ordered: other.is_some(),
        diagonal: false,
        along: if other.is_none() { name.to_owned() } else { String::new() },
        says: format!("{} against {name}{levels}: {drawn}.", fit.law.formula.target),
    }
}

/// Marks of each family; all alike without families.
pub(super) fn by_family(runs: Option<&Points>) -> Vec<(Option<Rich>, Vec<usize>)> {
    let Some(points) = runs else { return Vec::new() };
    match &points.family {
        Some(labels) => {
            labels.levels.iter().map(|f| (Some(Rich::plain(f.as_str())), rows_of(points, Some(f)))).collect()
        }
        None => vec![(None, (0..points.len()).collect())],
    }
}

/// The different values of an input, if they are few; without runs the ends and the middle of those that were fitted.
fn levels(fit: &Fit, runs: Option<&Points>, name: &str) -> Option<Vec<f64>> {
    let mut values = match runs {
        Some(points) => points.column(name)?.to_vec(),
        None => {
            let (_, low, high) = fit.ranges.iter().find(|r| r.0 == name)?;
            vec![*low, fit.typical(name).clamp(*low, *high), *high]
        }
    };
    values.sort_by(f64::total_cmp);
    values.dedup();
    (values.len() <= 10).then_some(values)
}

/// Whether a law can be followed along one of its inputs where no runs are given to hold it against.
pub(super) fn followed(fit: &Fit) -> bool {
    let inputs: Vec<&str> = fit.law.inputs().collect();
    let plain = fit.law.formula.groups().is_empty();
    match inputs.as_slice() {
        [_] | ["N", "D"] | ["D", "N"] => plain,
        [_, other] => plain && levels(fit, None, other).is_some(),
        _ => false,
    }
}

/// A law of many inputs: measured against predicted.
fn against_prediction(fit: &Fit, runs: Option<&Points>) -> View {
    let predicted = runs.and_then(|points| {
        let family: Option<Vec<String>> =
            points.family.as_ref().map(|f| f.index.iter().map(|i| f.levels[*i as usize].clone()).collect());
        let bare = scales::bare(fit);
        bare.predict(&points.columns, family.filter(|_| !fit.families().is_empty()).as_deref()).ok()
    });
    let places: Vec<f64> = predicted.unwrap_or_default().iter().map(|p| p.mean.value).collect();
    let marks = if places.is_empty() { Vec::new() } else { by_family(runs) };
    let positive = places.iter().all(|y| *y > 0.0);
    let x = scales::target_as("predicted", &fit.law, &fit.units, positive);
    let inputs: Vec<&str> = fit.law.inputs().collect();
    let says = format!("{} as measured against that of the law of {}.", fit.law.formula.target, inputs.join(", "));
    View { x, places, marks, curves: Vec::new(), ordered: false, diagonal: true, along: String::new(), says }
}
