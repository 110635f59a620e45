//! A law of parameters and tokens: against compute, or against parameters where runs share their compute.

use isoloss_laws::{Fit, Points};

use super::views::{BEST, Curve, View, by_family};
use crate::catalogue::by_size::by_size;
use crate::catalogue::scales::{self, BEYOND, ends, families, grid, rows_of};
use crate::catalogue::words::number;
use crate::text::{Rich, math};

/// A law of N and D against compute.
pub(super) fn against_compute(fit: &Fit, runs: Option<&Points>) -> View {
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
            // A size of one run has a short line too: a name in the legend is that of a line.
            let room = if to > 1.5 * from { 1.2 } else { 1.8 };
            let xs = grid(from / room, to * room, 60);
            let columns = vec![
                ("N".to_owned(), vec![group.size; xs.len()]),
                ("D".to_owned(), xs.iter().map(|c| c / (6.0 * group.size)).collect()),
            ];
            let name = Some(math(&format!("_N_ = {}", group.name)));
            curves.push(Curve { name, family: None, xs, columns, measured: (0.5 * from, 2.0 * to), banded: false });
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
        if family.is_some() {
            marks.push((name.clone(), rows));
        }
        if xs.is_empty() {
            continue;
        }
        let d = xs.iter().zip(&n).map(|(c, n)| c / (6.0 * n)).collect();
        let columns = vec![("N".to_owned(), n), ("D".to_owned(), d)];
        curves.push(Curve { name, family: family.clone(), xs, columns, measured: own, banded: true });
    }
    if marks.is_empty() {
        marks = by_family(runs);
    }
    // Without best sizes at these budgets nothing is drawn of them, and it is said.
    let best = curves.iter().any(|c| c.banded);
    let says = match (alone, fit.ladder) {
        (_, Some(_)) => "Loss against training compute along the ratio of tokens to parameters of the runs.",
        (true, _) if best => {
            "Loss against training compute: runs by parameters, the law at each size, and the best at each budget."
        }
        (false, _) if best => "Loss against training compute: runs and the compute-optimal loss of each family.",
        (true, _) => {
            "Loss against training compute: runs by parameters, and the law at each size; it has no best sizes at these \
             budgets."
        }
        (false, _) => "Loss against training compute: runs by family; their laws have no best sizes at these budgets.",
    };
    let ordered = alone && marks.len() > 1;
    View { x: scales::compute(), places, marks, curves, ordered, diagonal: false, along: "C".into(), says: says.into() }
}

/// Budgets of a table of grids at equal compute, with their rows.
pub(super) fn iso_flop(points: &Points) -> Option<Vec<(f64, Vec<usize>)>> {
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
pub(super) fn equal_compute(fit: &Fit, runs: Option<&Points>, budgets: &[(f64, Vec<usize>)]) -> View {
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
    View { x, places: sizes.to_vec(), marks, curves, ordered: true, diagonal: false, along: String::new(), says }
}
