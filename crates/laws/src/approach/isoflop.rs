//! Approach 2: a parabola per budget, then a line through the minima.

use super::runs::{Runs, chains, mean};
use super::{Approach, ApproachOptions, Budgets, Kind, LeftOut, Minimum, Ordinate, power};
use crate::error::FitError;
use crate::points::Labels;
use crate::polynomial::{Polynomial, Vertex, line};

/// Sizes that a parabola needs; a cubic needs one more.
const SIZES: usize = 4;
/// Stands in the place of a column's name.
const INTERPOLATED: &str = "(interpolated)";
/// Standard errors of ln N below this are rounding.
const EXACT: f64 = 1e-8;

/// The runs of one budget.
#[derive(Clone, Debug)]
struct Budget {
    /// mean of ln C
    flops: f64,
    /// rows by size, from small to large
    sizes: Vec<Vec<usize>>,
}

/// The minimum of the curve of one budget.
#[derive(Clone, Debug)]
struct Best {
    flops: f64,
    vertex: Vertex,
    /// ln D there
    tokens: f64,
    /// in the unit of the table
    loss: f64,
    /// variance of the residuals of ln L, and their degrees of freedom
    noise: f64,
    df: f64,
    cubic: Option<(f64, f64)>,
}

pub(super) fn isoflop(runs: &Runs, options: &ApproachOptions, kind: Kind) -> Result<Approach, FitError> {
    if let Budgets::Interpolated(count) = options.budgets {
        let (runs, labels) = interpolated(runs, count)?;
        let options = ApproachOptions { budgets: Budgets::Labelled(labels), ..options.clone() };
        return isoflop(&runs, &options, kind);
    }
    let mut notes = runs.notes.clone();
    let mut left_out = Vec::new();
    let mut bests = Vec::new();
    let mut alone = 0;
    for budget in budgets(runs, options, &mut left_out, &mut notes)? {
        if budget.sizes.len() < 2 {
            alone += 1;
            continue;
        }
        match best(runs, &budget, options, kind) {
            Ok(best) => bests.push(best),
            Err(reason) => left_out.push(LeftOut { flops: libm::exp(budget.flops), reason }),
        }
    }
    left_out.sort_by(|a, b| a.flops.total_cmp(&b.flops));
    if alone > 0 {
        notes.push(format!("budgets of one size, not listed: {alone}"));
    }
    // A parabola may pass close to few runs by luck: none scatters less than all together.
    let df: f64 = bests.iter().map(|b| b.df).sum();
    let pooled = bests.iter().map(|b| b.df * b.noise).sum::<f64>() / df.max(1.0);
    let variance = |b: &Best| (b.noise.max(pooled) * b.vertex.variance).max(EXACT * EXACT);
    let variances: Vec<f64> = bests.iter().map(variance).collect();
    let column = |of: &dyn Fn(&Best) -> f64| bests.iter().map(of).collect::<Vec<f64>>();
    let x = column(&|b| b.flops);
    let weight = |i: usize| 1.0 / variances[i];
    let lines = (
        line(&x, &column(&|b| b.vertex.x), weight),
        line(&x, &column(&|b| b.tokens), weight),
        line(&x, &column(&|b| libm::log(b.loss)), |_| 1.0),
    );
    let (Some(params), Some(tokens), Some(frontier)) = lines else {
        return Err(too_few(&bests, &left_out, alone, options));
    };
    let curve = if kind == Kind::Cubic { "cubic" } else { "parabola" };
    let of = if options.ordinate == Ordinate::Loss { "the loss" } else { "the logarithm of the loss" };
    notes.push(format!("budgets that count: {}; a {curve} in ln N through {of} at each", bests.len()));
    if bests.len() == 2 {
        notes.push("two budgets: nothing tests whether the best sizes follow a power".into());
    }
    let minima = bests.iter().zip(&variances).map(|(b, v)| Minimum {
        flops: libm::exp(b.flops),
        params: libm::exp(b.vertex.x),
        tokens: libm::exp(b.tokens),
        loss: b.loss,
        error: Some(v.sqrt()),
        cubic: b.cubic,
    });
    Ok(Approach {
        kind,
        params: power(params),
        tokens: power(tokens),
        loss: Some(power(frontier)),
        minima: minima.collect(),
        left_out,
        notes,
    })
}

/// Runs as they would have been at so many budgets, evenly in ln C where five sizes have runs on both sides.
fn interpolated(runs: &Runs, count: usize) -> Result<(Runs, Labels), FitError> {
    let curves = runs.curves();
    let mut ends: Vec<f64> = curves.iter().flat_map(|c| c.knots.iter().map(|k| k.flops)).collect();
    ends.sort_by(f64::total_cmp);
    let wide = |flops: &&f64| curves.iter().filter(|c| c.at(**flops).is_some()).count() > SIZES;
    let (Some(low), Some(high)) = (ends.iter().find(wide), ends.iter().rev().find(wide)) else {
        return Err(FitError::new(
            format!("nowhere do {} sizes have runs of less and of more compute: nothing to interpolate", SIZES + 1),
            "train each size for several numbers of tokens, or take the surface",
        ));
    };
    let mut made =
        Runs { params: vec![], tokens: vec![], flops: vec![], log_loss: vec![], loss: vec![], ..runs.clone() };
    let mut index = Vec::new();
    for i in 0..count {
        let flops = low + (high - low) * i as f64 / count.saturating_sub(1).max(1) as f64;
        for (curve, knot) in curves.iter().filter_map(|c| Some((c, c.at(flops)?))) {
            made.params.push(curve.params);
            made.tokens.push(knot.tokens);
            made.flops.push(flops);
            made.log_loss.push(knot.log_loss);
            made.loss.push(libm::exp(knot.log_loss));
            index.push(i as u32);
        }
    }
    let levels = (0..count).map(|i| i.to_string()).collect();
    Ok((made, Labels { name: INTERPOLATED.into(), levels, index }))
}

/// Runs by budget, from little compute to much.
fn budgets(
    runs: &Runs,
    options: &ApproachOptions,
    left_out: &mut Vec<LeftOut>,
    notes: &mut Vec<String>,
) -> Result<Vec<Budget>, FitError> {
    let rows: Vec<usize> = (0..runs.flops.len()).collect();
    let budget = |rows: &[usize]| Budget { flops: mean(rows, &runs.flops), sizes: runs.sizes(rows) };
    match &options.budgets {
        Budgets::Labelled(labels) => {
            if labels.index.len() != rows.len() {
                return Err(FitError::new(
                    format!("{} rows have a budget, the table has {}", labels.index.len(), rows.len()),
                    "give one budget per row",
                ));
            }
            let of = |level: usize| {
                rows.iter().copied().filter(|&r| labels.index[r] as usize == level).collect::<Vec<usize>>()
            };
            let groups = (0..labels.levels.len()).map(of).filter(|g| !g.is_empty());
            let mut all: Vec<Budget> = groups.map(|g| budget(&g)).collect();
            all.sort_by(|a, b| a.flops.total_cmp(&b.flops));
            notes.push(match labels.name.as_str() {
                INTERPOLATED => "runs are interpolated to budgets at equal steps of ln C".into(),
                name => format!("budgets are those of the column {name}"),
            });
            Ok(all)
        }
        Budgets::Interpolated(_) => unreachable!("runs were interpolated, and labelled, before"),
        Budgets::Within(share) => {
            if !(share.is_finite() && *share >= 0.0) {
                return Err(FitError::new(
                    format!("budgets within {share}: expected a share of compute"),
                    "0.05 puts runs within 5 % of one another into one budget",
                ));
            }
            // Rounding of 6 N D is no difference.
            let gap = libm::log1p(*share).max(1e-9);
            let mut all = Vec::new();
            for group in chains(&rows, &runs.flops, gap) {
                let wide = runs.flops[group[group.len() - 1]] - runs.flops[group[0]];
                let found = budget(&group);
                if wide > 2.0 * gap {
                    let reason = format!(
                        "{} runs follow each other within {} % but span a factor {:.2} in compute: no single budget",
                        group.len(),
                        percent(*share),
                        libm::exp(wide)
                    );
                    left_out.push(LeftOut { flops: libm::exp(found.flops), reason });
                } else {
                    all.push(found);
                }
            }
            notes.push(format!("runs within {} % in compute are taken to be one budget", percent(*share)));
            Ok(all)
        }
    }
}

/// The minimum of a budget, or the reason why it does not count.
fn best(runs: &Runs, budget: &Budget, options: &ApproachOptions, kind: Kind) -> Result<Best, String> {
    let (curve, degree, least) = if kind == Kind::Cubic { ("cubic", 3, SIZES + 1) } else { ("parabola", 2, SIZES) };
    let sizes = budget.sizes.len();
    if sizes < least {
        return Err(format!("{sizes} sizes: a {curve} needs {least}"));
    }
    let rows: Vec<usize> = budget.sizes.iter().flatten().copied().collect();
    let x: Vec<f64> = rows.iter().map(|&r| runs.params[r]).collect();
    let ordinate = if options.ordinate == Ordinate::Loss { &runs.loss } else { &runs.log_loss };
    let y: Vec<f64> = rows.iter().map(|&r| ordinate[r]).collect();
    let fit = Polynomial::fit(&x, &y, degree).ok_or_else(|| format!("its sizes are too alike for a {curve}"))?;
    let vertex = fit.vertex().ok_or_else(|| format!("the {curve} nowhere bends upwards: no minimum"))?;
    let (low, high) = (mean(&budget.sizes[0], &runs.params), mean(&budget.sizes[sizes - 1], &runs.params));
    if !(low..=high).contains(&vertex.x) {
        return Err(format!(
            "its minimum, N = {:.3e}, lies outside its runs, {:.3e}..{:.3e}",
            libm::exp(vertex.x),
            libm::exp(low),
            libm::exp(high)
        ));
    }
    let losses: Vec<f64> = budget.sizes.iter().map(|rows| mean(rows, &runs.loss)).collect();
    let lowest = (0..sizes).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0);
    if lowest == 0 || lowest == sizes - 1 {
        let (end, beyond) = if lowest == 0 { ("smallest", "smaller") } else { ("largest", "larger") };
        let size = libm::exp(mean(&budget.sizes[lowest], &runs.params));
        return Err(format!("its least loss is that of its {end} size, N = {size:.3e}: the best may be {beyond}"));
    }
    let middle = mean(&rows, &runs.loss);
    let (loss, relative) = match options.ordinate {
        Ordinate::Loss => (vertex.y, middle * middle),
        Ordinate::LogLoss => (libm::exp(vertex.y), 1.0),
    };
    if loss.is_nan() || loss <= 0.0 {
        return Err(format!("the {curve} falls below zero at its minimum"));
    }
    // Variances are of ln L throughout, so that budgets can be pooled; the vertex is computed in the ordinate's unit.
    let vertex = Vertex { variance: vertex.variance * relative, ..vertex };
    let cubic = if kind == Kind::Isoflop && sizes > SIZES {
        let other = Polynomial::fit(&x, &y, 3).and_then(|p| p.vertex());
        other.filter(|v| (low..=high).contains(&v.x)).map(|v| (libm::exp(v.x), libm::exp(tokens(runs, budget, v.x))))
    } else {
        None
    };
    Ok(Best {
        flops: budget.flops,
        tokens: tokens(runs, budget, vertex.x),
        vertex,
        loss,
        noise: fit.squares / fit.df.max(1.0) / relative,
        df: fit.df,
        cubic,
    })
}

/// ln D at a size of this budget, on the straight line between the two sizes around it: exact where C = 6 N D.
fn tokens(runs: &Runs, budget: &Budget, params: f64) -> f64 {
    let sizes: Vec<(f64, f64)> =
        budget.sizes.iter().map(|rows| (mean(rows, &runs.params), mean(rows, &runs.tokens))).collect();
    let i = sizes.partition_point(|s| s.0 <= params).clamp(1, sizes.len() - 1);
    let (a, b) = (sizes[i - 1], sizes[i]);
    a.1 + (b.1 - a.1) * (params - a.0) / (b.0 - a.0)
}

/// A share as per cent, without the rounding of the product.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}

fn too_few(bests: &[Best], left_out: &[LeftOut], alone: usize, options: &ApproachOptions) -> FitError {
    let mut message = format!("budgets that count: {}; a line through best sizes needs two", bests.len());
    for left in left_out.iter().take(3) {
        message.push_str(&format!("; at {:.3e} FLOPs {}", left.flops, left.reason));
    }
    match left_out.len() {
        0..=3 => {}
        more => message.push_str(&format!("; and {} more", more - 3)),
    }
    let hint = match &options.budgets {
        Budgets::Within(share) if alone > bests.len() + left_out.len() => format!(
            "most runs share their budget with no other: a wider tolerance than {} %, or a column of budgets, may join them",
            percent(*share)
        ),
        _ => "each budget needs four sizes or more, with the best one between them; or take the surface".into(),
    };
    FitError::new(message, hint)
}
