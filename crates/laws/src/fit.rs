//! The story of a fit: bind, search, draw, warn.

use crate::bootstrap::{Base, Clusters, Noise, draws, sandwich};
use crate::bound::{Bound, bind, check};
use crate::error::FitError;
use crate::hunt::{find, widen};
use crate::influence::influence;
use crate::ladder::{along_ladder, ladder};
use crate::law::Law;
use crate::method::{SANDWICH_ROWS, choose, method_of, sandwich_name};
use crate::objective::Link;
use crate::options::{Loss, Method, Options};
use crate::points::Points;
use crate::profile::profile;
use crate::result::{Basin, Fit, Objective, Search, Span};
use crate::scale::proposal2;
use crate::search::{CLIP, Found};
use crate::toward::aimed;
use crate::trust::trust;
use crate::warning;

/// Fits a law to points.
///
/// # Errors
/// If the rows or options cannot give a fit (too few rows, constant columns, unknown parameters) or no start converges.
pub fn fit(law: &Law, points: &Points, options: &Options) -> Result<Fit, FitError> {
    if let Some(toward) = &options.toward {
        return aimed(law, points, options, toward);
    }
    let mut notes = Vec::new();
    let mut bound = bind(law, points, options, &mut notes)?;
    check(law, &bound, points)?;
    let ladder = ladder(points);
    if ladder.is_some() {
        along_ladder(law, &mut bound);
    }
    let mut found = find(law, &mut bound, points, options)?;
    widen(law, &mut bound, points, options, &mut found, &mut notes)?;
    let Some(best) = found.optima.first().cloned() else {
        if found.starts == 0 {
            return Err(FitError::new(
                format!("the law {} has no finite value on these rows at any parameters that were tried", law.name),
                "look for a division by zero, an exp of a large column or a logarithm of a negative number in the formula",
            ));
        }
        return Err(FitError::new(
            format!("none of {} starts converged: the law {} has no optimum on these rows", found.starts, law.name),
            "a simpler law, or --bound PARAMETER=LOW..HIGH, may have one",
        )
        .of_search());
    };
    let (values, jacobian) = bound.program.jacobian(&best.theta);
    let residuals = bound.rows.residuals(&values);
    let clusters = Clusters::new(points.cluster.as_ref(), points.len());
    let columns = columns_of(&bound, &values, &jacobian);
    let noise = Noise::new(&residuals, &columns, &bound.rows.weight, &clusters);
    let fitted: Vec<f64> =
        bound.rows.target.iter().zip(&residuals).zip(&bound.rows.scale).map(|((y, r), s)| y - r * s).collect();
    let method = choose(options.method, &residuals, &clusters, points);
    let large = points.len() > SANDWICH_ROWS && method != Method::None && method != Method::Profile;
    let floor = bound.reducible.as_ref().map(|r| r.floor(&best.theta));
    let base = Base {
        program: &bound.program,
        coordinates: &bound.coordinates,
        rows: &bound.rows,
        clusters: &clusters,
        reducible: bound.reducible.as_ref(),
        floor: floor.unwrap_or(0.0),
        delta: found.delta,
        at: &best.solution.at,
        fitted: &fitted,
        noise: &noise,
    };
    let draws = if large {
        sandwich(&base, &columns, options.draws, options.seed)
    } else {
        draws(&base, method, options.draws, options.seed, options.threads)
    };
    let mut fit = Fit {
        law: law.clone(),
        parameters: Vec::new(),
        draws,
        objective: objective_of(options.loss, &bound, &found, best.solution.value),
        rows: points.len(),
        free: bound.coordinates.len(),
        noise: deviation(&residuals, &bound.rows.weight, bound.coordinates.len(), &clusters, noise.df),
        reducible: floor,
        df: noise.df,
        method: if large {
            sandwich_name(options, points, &clusters)
        } else {
            method_of(method, options, points, &clusters)
        },
        level: options.level,
        search: Search {
            starts: found.starts,
            agree: best.starts,
            valleys: found.valleys,
            lost: found.lost,
            decrement: best.solution.decrement,
            runners_up: found.optima[1..].iter().map(basin).collect(),
        },
        warnings: Vec::new(),
        notes,
        trust: None,
        influence: None,
        residuals: residuals.iter().zip(&bound.rows.scale).map(|(r, s)| r * s).collect(),
        scale: if bound.reducible.is_some() { bound.rows.scale.clone() } else { Vec::new() },
        ranges: points.columns.iter().map(|(n, c)| range(n, c)).collect(),
        spans: spans(points),
        mixtures: mixtures(law, points),
        largest_flops: largest_flops(points),
        ladder,
        units: points.units.clone(),
        conventions: points.conventions.clone(),
        row_hash: points.hash(),
        seed: options.seed,
        families: points.family.as_ref().map_or(Vec::new(), |f| f.levels.clone()),
        without_clusters: Vec::new(),
        layout: bound.layout.clone(),
    };
    fit.parameters = fit.estimate_parameters(&best.theta, options);
    if options.method == Method::Profile {
        for (k, &i) in bound.coordinates.columns().iter().enumerate() {
            let interval = profile(&bound, &found, &best, k, options.level);
            let estimate = &mut fit.parameters[i].estimate;
            if interval.lower.is_finite() && interval.upper.is_finite() {
                estimate.interval = Some(interval);
            } else {
                estimate.method = "the rows do not bound it".into();
            }
        }
    }
    if points.cluster.is_some() && clusters.count < FEW && !fit.draws.is_empty() {
        let alone = fit_ignoring_clusters(law, points, options)?;
        let intervals = alone.parameters.into_iter().filter_map(|p| Some((p.name, p.estimate.interval?)));
        fit.without_clusters = intervals.collect();
    }
    if options.influence && points.len() <= SANDWICH_ROWS {
        let errors = fit.coordinate_errors(&bound.coordinates);
        fit.influence = influence(&bound, &found, &best, points, &errors);
    }
    if options.trust && method != Method::None && !large {
        fit.trust = trust(law, points, options, &fit);
    }
    fit.warnings = warning::warnings(&fit, &bound, &found, &best, points, options);
    Ok(fit)
}

/// Fewer clusters than this cannot tell how much noise rows share.
const FEW: usize = 6;

fn fit_ignoring_clusters(law: &Law, points: &Points, options: &Options) -> Result<Fit, FitError> {
    let points = Points { cluster: None, ..points.clone() };
    fit(law, &points, &Options { influence: false, trust: false, ..options.clone() })
}

fn basin(optimum: &crate::search::Optimum) -> Basin {
    Basin { objective: optimum.solution.value, theta: optimum.theta.clone(), starts: optimum.starts }
}

/// The values that the columns of groups take together, each once, in order of first appearance.
pub(crate) fn mixtures(law: &Law, points: &Points) -> Vec<Vec<f64>> {
    let groups = law.formula.groups();
    let members: Vec<&Vec<f64>> = points
        .columns
        .iter()
        .filter(|(n, _)| groups.iter().any(|g| n.starts_with(g.as_str())))
        .map(|(_, c)| c)
        .collect();
    let mut seen = std::collections::HashSet::new();
    let rows = (0..points.len()).map(|row| members.iter().map(|c| c[row]).collect::<Vec<f64>>());
    let new =
        rows.filter(|shares| !shares.is_empty() && seen.insert(shares.iter().map(|x| x.to_bits()).collect::<Vec<_>>()));
    new.collect()
}

fn largest_flops(points: &Points) -> Option<f64> {
    let (n, d) = (points.column("N")?, points.column("D")?);
    n.iter().zip(d).map(|(n, d)| 6.0 * n * d).reduce(f64::max)
}

fn objective_of(loss: Loss, bound: &Bound, found: &Found, value: f64) -> Objective {
    let log = bound.rows.link == Link::Log;
    let residuals = match (log, bound.reducible.is_some()) {
        (_, true) => "residuals over the reducible loss",
        (true, false) => "log residuals",
        (false, false) if loss == Loss::Squared => "residuals",
        (false, false) => "raw residuals",
    };
    let name = match loss {
        Loss::Robust => format!("Huber on {residuals}, delta from their spread"),
        Loss::Published => "summed Huber 1e-3 on log loss, as published fits".into(),
        Loss::SquaredLog | Loss::Squared => format!("half the sum of squared {residuals}"),
    };
    Objective { name, log, delta: Some(found.delta).filter(|d| d.is_finite()), value }
}

/// Derivatives of every row by the free parameters, in the scale of the residuals.
fn columns_of(bound: &Bound, values: &[f64], jacobian: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let scale = |row: usize| match bound.rows.link {
        Link::Log => values[row] * bound.rows.scale[row],
        Link::Raw => bound.rows.scale[row],
    };
    let column = |j: &usize| jacobian[*j].iter().enumerate().map(|(row, d)| d / scale(row)).collect();
    bound.coordinates.columns().iter().map(column).collect()
}

/// Standard deviation of one run about the law. Where rows share noise, clusters are what tells of it.
fn deviation(residuals: &[f64], weight: &[f64], p: usize, clusters: &Clusters, df: f64) -> f64 {
    let alike: Vec<f64> = residuals.iter().zip(weight).map(|(r, w)| r * w.sqrt()).collect();
    if clusters.count == residuals.len() {
        proposal2(&alike, p, CLIP)
    } else {
        proposal2(&alike, 0, CLIP) * (clusters.count as f64 / df).sqrt()
    }
}

fn spans(points: &Points) -> Vec<Span> {
    let span = |family: Option<&str>, rows: &[usize]| {
        let over = |of: &dyn Fn(usize) -> f64| {
            rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &r| (l.min(of(r)), h.max(of(r))))
        };
        let inputs = points.columns.iter().map(|(name, column)| {
            let (low, high) = over(&|r| column[r]);
            (name.clone(), low, high)
        });
        let sizes = points.column("N").zip(points.column("D"));
        Span {
            family: family.map(str::to_owned),
            rows: rows.len(),
            target: over(&|r| points.target[r]),
            inputs: inputs.collect(),
            flops: sizes.map(|(n, d)| over(&|r| 6.0 * n[r] * d[r])),
            tokens_per_param: sizes.map(|(n, d)| over(&|r| d[r] / n[r])),
        }
    };
    match &points.family {
        None => vec![span(None, &(0..points.len()).collect::<Vec<_>>())],
        Some(labels) => {
            let rows = |i: usize| (0..points.len()).filter(|&r| labels.index[r] as usize == i).collect::<Vec<_>>();
            labels.levels.iter().enumerate().map(|(i, l)| span(Some(l), &rows(i))).collect()
        }
    }
}

fn range(name: &str, column: &[f64]) -> (String, f64, f64) {
    let (low, high) = column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    (name.to_owned(), low, high)
}
