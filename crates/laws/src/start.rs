//! Where the search begins.
//!
//! Parameters that enter linearly need no guess: for given exponents a weighted linear least-squares solve has them
//! (variable projection). So random points are drawn for the others only, completed by that solve, and ranked by the
//! sum of absolute residuals, which outliers do not own.

use crate::bound::Bound;
use crate::law::{Domain, Law};
use crate::layout::Layout;
use crate::objective::Link;
use crate::points::Points;
use crate::program::{Program, linear::linear_parameters};
use crate::solve::{cholesky, solve_lower, solve_upper};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Random points tried for every start that is kept.
const TRIES: usize = 12;

/// A uniform number in [0, 1) with 53 bits.
pub(crate) fn uniform(stream: &mut Xoshiro256PlusPlus) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Full parameter vectors to start from, best first.
pub(crate) fn starts(law: &Law, bound: &Bound, points: &Points, count: usize, seed: u64) -> Vec<Vec<f64>> {
    let Bound { layout, coordinates, program, rows, .. } = bound;
    let link = rows.link;
    let names: Vec<String> = law.parameters.iter().map(|p| p.name.clone()).collect();
    let tied = |name: &String| layout.ties.iter().any(|(a, b)| a == name || b == name);
    let linear: Vec<String> = linear_parameters(&law.formula, &names).into_iter().filter(|n| !tied(n)).collect();
    let free = coordinates.columns();
    let solved: Vec<usize> = free.iter().copied().filter(|&i| linear.contains(&layout.entries[i].parameter)).collect();
    let drawn: Vec<usize> = free.iter().copied().filter(|i| !solved.contains(i)).collect();
    let scales: Vec<f64> = points.columns.iter().filter_map(|(_, c)| geometric_mean(c)).chain([1.0]).collect();
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed);
    let tries = if drawn.is_empty() { 1 } else { count * TRIES };
    let mut found: Vec<(f64, Vec<f64>)> = Vec::with_capacity(tries);
    for _ in 0..tries {
        let mut theta = coordinates.template().to_vec();
        for &i in &drawn {
            theta[i] = draw(layout, i, &scales, &mut stream);
        }
        coordinates.sort(&mut theta);
        if !solved.is_empty() {
            solve_linear(program, points, link, layout, &solved, &mut theta);
        }
        let misfit = misfit(program, points, link, &theta);
        if misfit.is_finite() {
            found.push((misfit, theta));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Half of the starts are the best of the draws; the other half are spread over all of them, because a basin that is
    // nearly as good may begin behind a poor slope.
    let best = found.len().min(count.div_ceil(2));
    let rest = found.split_off(best);
    let stride = (rest.len() / (count - best).max(1)).max(1);
    found.extend(rest.into_iter().step_by(stride).take(count - best));
    found.into_iter().map(|(_, theta)| theta).collect()
}

fn geometric_mean(column: &[f64]) -> Option<f64> {
    let logs: f64 = column.iter().filter(|x| **x > 0.0).map(|x| x.ln()).sum();
    let n = column.iter().filter(|x| **x > 0.0).count();
    (n > 0).then(|| (logs / n as f64).exp())
}

/// A value for a parameter that does not enter linearly: inside its range, or over many decades around the columns'
/// sizes if it is a positive number of unknown size.
fn draw(layout: &Layout, i: usize, scales: &[f64], stream: &mut Xoshiro256PlusPlus) -> f64 {
    let entry = &layout.entries[i];
    let u = uniform(stream);
    if let Some((lower, upper)) = entry.start {
        return if lower > 0.0 && upper / lower > 50.0 {
            lower * (upper / lower).powf(u)
        } else {
            lower + u * (upper - lower)
        };
    }
    match entry.domain {
        Domain::Range { lower, upper } => {
            // Exponents of scaling laws are small: half of the draws in the lowest part of a range that begins at 0.
            let v = uniform(stream);
            let reach = if lower == 0.0 && v < 0.6 { 0.4 } else { 0.97 };
            lower + (0.02 + reach * u) * (upper - lower)
        }
        Domain::Positive => {
            let base = scales[(stream.next_u64() % scales.len() as u64) as usize];
            base * (-7.0 + 25.0 * u).exp()
        }
        Domain::Free => 6.0 * u - 3.0,
    }
}

/// Fills in the linear parameters by weighted least squares; those that may not be negative are dropped to zero, the
/// most negative first, until none is.
fn solve_linear(program: &Program, points: &Points, link: Link, layout: &Layout, solved: &[usize], theta: &mut [f64]) {
    for &i in solved {
        theta[i] = 0.0;
    }
    let (offset, jacobian) = program.jacobian(theta);
    let mut active: Vec<usize> = solved.to_vec();
    while !active.is_empty() {
        let m = active.len();
        let (mut a, mut b) = (vec![0.0; m * m], vec![0.0; m]);
        let weight = |row: usize| {
            let w = points.weight.as_ref().map_or(1.0, |w| w[row]);
            // Relative errors: a residual of L counts by 1/L.
            if link == Link::Log { w / points.target[row].powi(2) } else { w }
        };
        for row in 0..points.len() {
            let w = weight(row);
            for (k, &i) in active.iter().enumerate() {
                let x = w * jacobian[i][row];
                b[k] += x * (points.target[row] - offset[row]);
                for (l, &j) in active[..=k].iter().enumerate() {
                    a[k * m + l] += x * jacobian[j][row];
                }
            }
        }
        let size: Vec<f64> = (0..m).map(|k| a[k * m + k].sqrt().max(1e-300)).collect();
        for k in 0..m {
            b[k] /= size[k];
            for l in 0..=k {
                a[k * m + l] /= size[k] * size[l];
                a[l * m + k] = a[k * m + l];
            }
            a[k * m + k] += 1e-13;
        }
        if !cholesky(&mut a, m) {
            return;
        }
        solve_lower(&a, m, &mut b);
        solve_upper(&a, m, &mut b);
        let lowest = |i: usize| match layout.entries[i].domain {
            Domain::Positive => 0.0,
            Domain::Range { lower, .. } => lower,
            Domain::Free => f64::NEG_INFINITY,
        };
        let worst = (0..m).filter(|&k| b[k] / size[k] < lowest(active[k])).min_by(|&x, &y| b[x].total_cmp(&b[y]));
        match worst {
            Some(k) => {
                active.remove(k);
            }
            None => {
                for (k, &i) in active.iter().enumerate() {
                    theta[i] = b[k] / size[k];
                }
                break;
            }
        }
    }
    for &i in solved {
        if layout.entries[i].domain == Domain::Positive && theta[i] <= 0.0 {
            theta[i] = 1e-12;
        }
    }
}

/// Sum of absolute residuals.
fn misfit(program: &Program, points: &Points, link: Link, theta: &[f64]) -> f64 {
    let values = program.values(theta);
    let each = values.iter().zip(&points.target).map(|(f, y)| match link {
        Link::Log => (y / f).ln().abs(),
        Link::Raw => (y - f).abs(),
    });
    each.sum()
}
