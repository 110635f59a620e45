//! Runs and the law that was fitted to them: does it describe them, and where does it go beyond them?
//!
//! A law of one input is drawn against it. A law of parameters and tokens is drawn against compute with a line per size
//! and the best that any size reaches; where the runs are grids at equal compute, against parameters with a line per
//! budget. A law of more inputs is drawn as measured against predicted values.

use isoloss_laws::{Fit, Points, Prediction};

use super::scales::{self, BEYOND, by_size, ends, families, grid, rows_of};
use super::words::{bands, count, equation, number, percent, shown, symbol};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Colours, Figure, Panel};
use crate::layer::{Band, Dash, Line, Note, Points as Marks};
use crate::palette::Colour;
use crate::text::{Rich, math};

/// See `isoloss figure fit`.
pub const ENTRY: Entry = Entry {
    name: "fit",
    says: "runs and the law fitted to them, with its bands and what lies beyond the runs",
    needs: &[Needs::Runs, Needs::Fits],
    draw,
    published: None,
};

/// Name of the best that any size reaches.
const BEST: &str = "compute-optimal";

/// One curve of the law: places on the x axis, and the inputs there.
struct Curve {
    name: Option<Rich>,
    family: Option<String>,
    xs: Vec<f64>,
    columns: Vec<(String, Vec<f64>)>,
    measured: (f64, f64),
    banded: bool,
}

/// What is drawn against what.
struct View {
    x: Axis,
    /// the place of every row on the x axis
    places: Vec<f64>,
    /// names of marks, with their rows
    marks: Vec<(Option<Rich>, Vec<usize>)>,
    curves: Vec<Curve>,
    ordered: bool,
    /// the input along which the law is followed beyond the runs; empty if there is none
    along: String,
    says: String,
}

/// Runs and the law fitted to them. `source` says where the runs come from, for the caption.
pub fn figure(fit: &Fit, runs: Option<&Points>, source: &str) -> Figure {
    let view = view(fit, runs);
    let positive = runs.is_none_or(|p| p.target.iter().all(|y| *y > 0.0));
    let mut panel = Panel::new(view.x.clone(), scales::target(&fit.law, &fit.units, positive));
    let mut reached = Vec::new();
    // Bands of families lie upon each other, and more than one each would hide all.
    let both = families(fit).len() <= 2;
    for curve in &view.curves {
        let family: Option<Vec<String>> = curve.family.clone().map(|f| vec![f; curve.xs.len()]);
        let Ok(predictions) = fit.predict(&curve.columns, family.as_deref()) else { continue };
        let band = |of: fn(&Prediction) -> &isoloss_laws::Estimate| {
            let each = curve.xs.iter().zip(&predictions).filter_map(|(x, p)| scales::banded(*x, of(p)));
            Band::new(each)
        };
        if curve.banded {
            let name = curve.name.as_ref();
            if both {
                panel = scales::with_band(panel, band(|p| &p.new_run), name);
            }
            panel = scales::with_band(panel, band(|p| &p.mean), name);
        }
        let line = Line::new(curve.xs.iter().zip(&predictions).map(|(x, p)| (*x, p.mean.value)));
        let line = line.measured(curve.measured.0, curve.measured.1);
        panel = panel.with(match &curve.name {
            Some(name) => line.series(name.clone()),
            None => line,
        });
        if let (true, Some(last)) = (curve.banded, predictions.last()) {
            reached.push((curve.xs[curve.xs.len() - 1], last.clone()));
        }
    }
    if let Some(points) = runs {
        for (name, rows) in &view.marks {
            let marks = Marks::new(rows.iter().map(|r| (view.places[*r], points.target[*r])));
            panel = panel.with(match name {
                Some(name) if view.ordered => marks.colour(name.clone()),
                Some(name) => marks.series(name.clone()),
                None => marks,
            });
        }
    }
    if view.curves.is_empty() {
        let all = ends(view.places.iter().copied().chain(runs.iter().flat_map(|p| p.target.iter().copied())));
        let (low, high) = all.unwrap_or((1.0, 10.0));
        panel = panel.with(Line::new([(low, low), (high, high)]).dash(Dash::Dashed).thickness(0.7));
    }
    let notes = equations(fit);
    panel.y = scales::room(panel.y, &panel.layers, notes.iter().map(|n| n.lines.len()).sum());
    panel = panel.with_all(notes);
    let noise = if fit.objective.log { percent(fit.noise) } else { number(fit.noise, 3) };
    let law: Vec<String> = families(fit).iter().map(|f| written(fit, f.as_deref())).collect();
    let last = reached.last().filter(|_| !view.along.is_empty()).map_or(String::new(), |(x, p)| {
        let interval = p
            .new_run
            .interval
            .map_or(String::new(), |i| format!(" [{}, {}] for one new run", number(i.lower, 4), number(i.upper, 4)));
        format!(" At {} = {} the law says {}{interval}.", view.along, shown(&number(*x, 3)), number(p.mean.value, 4))
    });
    let beyond = match view.curves.is_empty() {
        true => "Dashed: measured as predicted.".to_owned(),
        false => {
            format!(
                "Solid: where runs are; dotted: extrapolated, to {BEYOND} times the largest. {}",
                bands(fit, both && view.curves.iter().any(|c| c.banded))
            )
        }
    };
    let mut figure =
        Figure::new(format!("{} {}. One run lies {noise} (1 sd) about the law.{last}", view.says, law.join("; ")))
            .caption(format!("{} {}. {beyond} {source}", view.says, law.join("; ")))
            .aspect(0.68)
            .style(BEST, Colour::Ink, None)
            .panel(panel);
    if view.ordered {
        figure = figure.colours(Colours::Ordered);
    }
    figure
}

/// The law in characters alone.
pub(super) fn written(fit: &Fit, family: Option<&str>) -> String {
    let lines: Vec<String> = equation(fit, family).iter().map(|l| l.to_string().trim().to_owned()).collect();
    let text = lines.join(" ");
    family.map_or(text.clone(), |f| format!("{f}: {text}"))
}

/// The law with its numbers: one line per family where they are few.
pub(super) fn equations(fit: &Fit) -> Vec<Note> {
    let families = families(fit);
    // Definitions of many lines stand in the caption.
    let long = fit.law.formula.lets.len() > 2;
    let shortened =
        |lines: Vec<Rich>| if long { lines.into_iter().skip(fit.law.formula.lets.len()).collect() } else { lines };
    let single = fit.law.formula.lets.is_empty() && equation(fit, families[0].as_deref()).len() == 1;
    if families.len() > 4 || (families.len() > 1 && !single) {
        return vec![Note { lines: shortened(equation(fit, None)), ..Note::default() }];
    }
    let mut lines = Vec::new();
    for family in &families {
        for line in shortened(equation(fit, family.as_deref())) {
            lines.push(match family {
                Some(name) => Rich::plain(format!("{name}: ")).then(&line),
                None => line,
            });
        }
    }
    vec![Note { lines, ..Note::default() }]
}

fn view(fit: &Fit, runs: Option<&Points>) -> View {
    let inputs: Vec<&str> = fit.law.inputs().collect();
    let plain = fit.law.formula.groups().is_empty();
    match inputs.as_slice() {
        [one] if plain => along(fit, runs, one, None),
        ["N", "D"] | ["D", "N"] if plain => match runs.and_then(iso_flop) {
            Some(budgets) if families(fit) == [None] && fit.ladder.is_none() => equal_compute(fit, runs, &budgets),
            _ => against_compute(fit, runs),
        },
        [one, other] if plain => match levels(runs, other) {
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
    match other.and_then(|o| Some((o, levels(runs, o)?))) {
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
    View {
        x: scales::input(name, &fit.law, &fit.units, positive),
        places: column.to_vec(),
        marks,
        curves,
        ordered: other.is_some(),
        along: if other.is_none() { name.to_owned() } else { String::new() },
        says: format!("{} against {name}{levels}: runs and the fitted law.", fit.law.formula.target),
    }
}

/// Marks of each family; all alike without families.
fn by_family(runs: Option<&Points>) -> Vec<(Option<Rich>, Vec<usize>)> {
    let Some(points) = runs else { return Vec::new() };
    match &points.family {
        Some(labels) => {
            labels.levels.iter().map(|f| (Some(Rich::plain(f.as_str())), rows_of(points, Some(f)))).collect()
        }
        None => vec![(None, (0..points.len()).collect())],
    }
}

/// The different values of an input, if they are few.
fn levels(runs: Option<&Points>, name: &str) -> Option<Vec<f64>> {
    let mut values = runs?.column(name)?.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    (values.len() <= 10).then_some(values)
}

/// A law of N and D against compute.
fn against_compute(fit: &Fit, runs: Option<&Points>) -> View {
    let (low, high) = scales::budgets(fit, runs);
    let mut curves = Vec::new();
    let mut marks = Vec::new();
    let places = runs.and_then(scales::flops).unwrap_or_default();
    let families = families(fit);
    let alone = families == [None];
    if let (true, Some(points), None) = (alone, runs, fit.ladder) {
        let sizes = points.column("N").unwrap_or(&[]);
        for group in by_size(sizes, &rows_of(points, None)) {
            let (from, to) = ends(group.rows.iter().map(|r| places[*r])).unwrap_or((low, high));
            if to > 1.5 * from {
                let xs = grid(from / 1.2, to * 1.2, 60);
                let columns = vec![
                    ("N".to_owned(), vec![group.size; xs.len()]),
                    ("D".to_owned(), xs.iter().map(|c| c / (6.0 * group.size)).collect()),
                ];
                let name = Some(math(&format!("_N_ = {}", group.name)));
                curves.push(Curve { name, family: None, xs, columns, measured: (0.5 * from, 2.0 * to), banded: false });
            }
            marks.push((Some(math(&format!("_N_ = {}", group.name))), group.rows));
        }
    }
    for family in &families {
        let name = family.as_deref().or(Some(BEST).filter(|_| fit.ladder.is_none())).map(Rich::plain);
        let rows = runs.map_or(Vec::new(), |p| rows_of(p, family.as_deref()));
        let own = ends(rows.iter().map(|r| places[*r])).unwrap_or((low, high));
        let budgets = grid(low, high * BEYOND, 48);
        let (xs, n): (Vec<f64>, Vec<f64>) = match fit.ladder {
            // Runs whose sizes and tokens grow together: the law is known along them only.
            Some((slope, intercept)) => {
                let size = |c: &f64| libm::exp((libm::log(*c / 6.0) - intercept) / (1.0 + slope));
                (budgets.clone(), budgets.iter().map(size).collect())
            }
            None => {
                let bare = scales::bare(fit);
                let best = scales::frontier(&bare, family.as_deref(), &budgets);
                best.into_iter().map(|(c, p)| (c, p.params.value)).unzip()
            }
        };
        let d = xs.iter().zip(&n).map(|(c, n)| c / (6.0 * n)).collect();
        let columns = vec![("N".to_owned(), n), ("D".to_owned(), d)];
        curves.push(Curve { name: name.clone(), family: family.clone(), xs, columns, measured: own, banded: true });
        if family.is_some() {
            marks.push((name, rows));
        }
    }
    if marks.is_empty() {
        marks = by_family(runs);
    }
    let says = match (alone, fit.ladder) {
        (_, Some(_)) => "Loss against training compute along the ratio of tokens to parameters of the runs.",
        (true, _) => {
            "Loss against training compute: runs by parameters, the law at each size, and the best at each budget."
        }
        (false, _) => "Loss against training compute: runs and the compute-optimal loss of each family.",
    };
    let ordered = alone && marks.len() > 1;
    View { x: scales::compute(), places, marks, curves, ordered, along: "C".into(), says: says.into() }
}

/// Budgets of a table of grids at equal compute, with their rows.
fn iso_flop(points: &Points) -> Option<Vec<(f64, Vec<usize>)>> {
    let (flops, sizes) = (scales::flops(points)?, points.column("N")?);
    let mut order: Vec<usize> = (0..points.len()).filter(|r| flops[*r] > 0.0).collect();
    order.sort_by(|a, b| flops[*a].total_cmp(&flops[*b]));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for row in order {
        match groups.last_mut() {
            Some(last) if flops[row] <= 1.05 * flops[last[0]] => last.push(row),
            _ => groups.push(vec![row]),
        }
    }
    groups.retain(|g| {
        let mut own: Vec<f64> = g.iter().map(|r| sizes[*r]).collect();
        own.sort_by(f64::total_cmp);
        own.dedup();
        own.len() >= 4
    });
    let inside: usize = groups.iter().map(Vec::len).sum();
    let fits = groups.len() >= 2 && groups.len() <= 12 && inside * 10 >= points.len() * 8;
    let middle = |g: &[usize]| libm::exp(g.iter().map(|r| libm::log(flops[*r])).sum::<f64>() / g.len() as f64);
    fits.then(|| groups.into_iter().map(|g| (middle(&g), g)).collect())
}

/// Grids at equal compute: loss against parameters, a line per budget.
fn equal_compute(fit: &Fit, runs: Option<&Points>, budgets: &[(f64, Vec<usize>)]) -> View {
    let sizes = runs.and_then(|p| p.column("N")).unwrap_or(&[]);
    let (mut curves, mut marks) = (Vec::new(), Vec::new());
    let mut curve = |name: Rich, flops: f64, (from, to): (f64, f64), measured: (f64, f64)| {
        let xs = grid(from, to, 60);
        let d = xs.iter().map(|n| flops / (6.0 * n)).collect();
        let columns = vec![("N".to_owned(), xs.clone()), ("D".to_owned(), d)];
        curves.push(Curve { name: Some(name), family: None, xs, columns, measured, banded: true });
    };
    for (flops, rows) in budgets {
        let name = math(&format!("{} FLOPs", number(*flops, 2)));
        let (from, to) = ends(rows.iter().map(|r| sizes[*r])).unwrap_or((1e6, 1e9));
        curve(name.clone(), *flops, (from / 1.3, to * 1.3), (from, to));
        marks.push((Some(name), rows.clone()));
    }
    if let Some((largest, rows)) = budgets.last() {
        let flops = largest * BEYOND;
        let (from, to) = ends(rows.iter().map(|r| sizes[*r])).unwrap_or((1e6, 1e9));
        let shift = scales::frontier(&scales::bare(fit), None, &[*largest, flops]);
        let by = if let [a, b] = shift.as_slice() { b.1.params.value / a.1.params.value } else { 1.0 };
        let name = math(&format!("{} FLOPs, extrapolated", number(flops, 2)));
        // Measured nowhere: all of it is drawn as extrapolated.
        curve(name, flops, (from * by, to * by), (from * by / 4.0, from * by / 3.0));
    }
    let says = "Loss against parameters at equal compute: runs, and the fitted law at each budget.".to_owned();
    let x = scales::input("N", &fit.law, &fit.units, true);
    View { x, places: sizes.to_vec(), marks, curves, ordered: true, along: String::new(), says }
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
    View { x, places, marks, curves: Vec::new(), ordered: false, along: String::new(), says }
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let (fit, runs) = scales::fitted(material)?;
    if fit.ranges.is_empty() && runs.is_none() && fit.law.inputs().count() > 2 {
        return Err(Missing::new(
            format!("the law {} reads many inputs and no runs are given", fit.law.name),
            "name the table of runs",
        ));
    }
    Ok(figure(&fit, runs.map(|r| &r.points), &scales::source(&fit, runs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_grouped_as_the_eye_keeps_them_apart() {
        let few = [1e7, 1e8, 1e7, 1e9];
        let groups = by_size(&few, &[0, 1, 2, 3]);
        let names: Vec<&str> = groups.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["10M", "100M", "1B"]);
        assert_eq!(groups[0].rows, [0, 2]);
        let many: Vec<f64> = (0..60).map(|i| 1e7 * 1.1_f64.powi(i)).collect();
        let groups = by_size(&many, &(0..60).collect::<Vec<_>>());
        assert!(groups.len() <= 8, "{}", groups.len());
        assert_eq!(groups.iter().map(|g| g.rows.len()).sum::<usize>(), 60);
        assert_eq!(count(1.4e9), "1.4B");
    }
}
