//! The point estimate: many starts, falling deltas, the scale found with the fit, and every optimum that was met.

use crate::bound::Bound;
use crate::coordinates::{Coordinates, Scale};
use crate::objective::{Derivatives, Link, Objective};
use crate::options::Loss;
use crate::scale::median_scale;
use crate::solve::{Effort, Solution, Solver};

/// Huber's constant for 95 % efficiency at the normal distribution.
pub(crate) const CLIP: f64 = 1.345;
/// The field's delta on log loss.
pub(crate) const PUBLISHED_DELTA: f64 = 1e-3;
/// Residuals below this are rounding: the scale of a noise-free table.
const NOISE_FREE: f64 = 1e-11;

/// A local optimum and how many starts ended there.
#[derive(Clone, Debug)]
pub(crate) struct Optimum {
    pub(crate) solution: Solution,
    pub(crate) theta: Vec<f64>,
    pub(crate) starts: usize,
}

/// Optima that are taken to the last digit.
const REPORTED: usize = 10;

/// What the search found, best optimum first.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) optima: Vec<Optimum>,
    pub(crate) delta: f64,
    pub(crate) starts: usize,
    /// starts that ended somewhere along a flat valley
    pub(crate) valleys: usize,
    /// starts that did not converge
    pub(crate) lost: usize,
}

/// Targets, in the link's scale, and weights of a fit.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) link: Link,
    pub(crate) target: Vec<f64>,
    pub(crate) weight: Vec<f64>,
    /// what residuals are divided by: 1, or what a share of the reducible loss is there
    pub(crate) scale: Vec<f64>,
}

impl Rows {
    /// Residuals in the link's scale, over the scale of their row.
    pub(crate) fn residuals(&self, values: &[f64]) -> Vec<f64> {
        let each = self.target.iter().zip(values).zip(&self.scale).map(|((y, f), scale)| match self.link {
            Link::Log => (y - crate::program::math::ln(*f)) / scale,
            Link::Raw => (y - f) / scale,
        });
        each.collect()
    }
}

/// Minimises from every start and sorts what it finds.
///
/// `starts` are full parameter vectors, each with the number of starts it stands for; one that stands for none is a place
/// to look at (a published fit, the caller's own): its descent begins at the final delta, so that it stays in its basin.
pub(crate) fn search(bound: &Bound, loss: Loss, starts: &[(Vec<f64>, usize)]) -> Found {
    let Bound { coordinates, program, rows, .. } = bound;
    if starts.is_empty() {
        return Found { optima: Vec::new(), delta: f64::INFINITY, starts: 0, valleys: 0, lost: 0 };
    }
    let mut objective = Objective::new(program, coordinates, rows);
    let mut solver = Solver::default();
    let bounds = |k: usize| coordinates.bounds(k);
    let mut points: Vec<Vec<f64>> = starts.iter().map(|(theta, _)| coordinates.point(theta)).collect();
    // Places to look at come last and neither lead the scale nor move before it is known.
    let searched = starts.iter().filter(|(_, count)| *count > 0).count();
    let mut counts: Vec<usize> = starts.iter().map(|(_, count)| *count).collect();
    let p = coordinates.len();
    let residuals = |at: &[f64]| {
        let mut theta = coordinates.template().to_vec();
        coordinates.theta(at, &mut theta);
        rows.residuals(&program.values(&theta))
    };
    match loss {
        Loss::Published => objective.delta = PUBLISHED_DELTA,
        Loss::Squared | Loss::SquaredLog => objective.delta = f64::INFINITY,
        Loss::Robust if searched == 0 => {
            let first = median_scale(&residuals(&points[0]), p);
            objective.delta = CLIP * first.max(NOISE_FREE);
        }
        Loss::Robust => {
            // The first scale is that of the start whose median residual is least; then delta falls with the fits.
            let first =
                points[..searched].iter().map(|at| median_scale(&residuals(at), p)).fold(f64::INFINITY, f64::min);
            objective.delta = CLIP * first.max(NOISE_FREE);
            sketch(&mut objective, &mut solver, &mut points[..searched], coordinates);
            let lead = best_of(&mut objective, &points[..searched]);
            points.swap(0, lead);
            counts.swap(0, lead);
            let mut scale = first;
            for _ in 0..20 {
                points[0] = solver.minimise(&mut objective, &points[0], bounds, Effort::POLISH).at;
                let next = median_scale(&residuals(&points[0]), p).max(NOISE_FREE);
                let settled = (next - scale).abs() <= 1e-12 * scale;
                scale = next;
                objective.delta = CLIP * scale;
                if settled {
                    break;
                }
            }
        }
    }
    let mut optima: Vec<Optimum> = Vec::new();
    let mut lost = 0;
    let mut minima = Vec::with_capacity(points.len());
    for (order, (at, &count)) in points.iter().zip(&counts).enumerate() {
        let solution = match count {
            0 => solver.minimise(&mut objective, at, bounds, Effort::TIGHT),
            _ => descend(&mut objective, &mut solver, at, coordinates),
        };
        if solution.converged { minima.push((solution, order, count)) } else { lost += count }
    }
    minima.sort_by(|a, b| a.0.value.total_cmp(&b.0.value));
    // Of the descents that ended at one optimum the earliest start's is kept: which of them is lowest is rounding.
    let mut orders: Vec<usize> = Vec::new();
    for (solution, order, count) in minima {
        let known = optima.iter().position(|o| same(&o.solution, &solution));
        let i = known.unwrap_or_else(|| {
            optima.push(Optimum { solution: solution.clone(), theta: Vec::new(), starts: 0 });
            orders.push(usize::MAX);
            optima.len() - 1
        });
        optima[i].starts += count;
        if order < orders[i] {
            orders[i] = order;
            optima[i].theta = coordinates.template().to_vec();
            coordinates.theta(&solution.at, &mut optima[i].theta);
            optima[i].solution = solution;
        }
    }
    for optimum in optima.iter_mut().take(REPORTED) {
        optimum.solution = solver.minimise(&mut objective, &optimum.solution.at, bounds, Effort::POLISH);
        coordinates.theta(&optimum.solution.at, &mut optimum.theta);
    }
    // The end of a valley is no other optimum: its place along the valley is where the descent stopped.
    let mut valleys = 0;
    let mut first = true;
    optima.retain(|o| {
        let keep = std::mem::take(&mut first) || flat(&mut objective, coordinates, &o.solution.at).flat.is_empty();
        valleys += if keep { 0 } else { o.starts };
        keep
    });
    Found { optima, delta: objective.delta, starts: counts.iter().sum(), valleys, lost }
}

fn sketch(objective: &mut Objective<'_>, solver: &mut Solver, points: &mut [Vec<f64>], coordinates: &Coordinates) {
    for at in points.iter_mut() {
        *at = solver.minimise(objective, at, |k| coordinates.bounds(k), Effort::SKETCH).at;
    }
}

/// From a far start to the optimum. Where most residuals exceed delta Huber's objective is a sum of absolute values, on
/// which a quadratic model is slow, so delta begins at the size of the residuals and falls to its value with them.
fn descend(objective: &mut Objective<'_>, solver: &mut Solver, start: &[f64], coordinates: &Coordinates) -> Solution {
    let delta = objective.delta;
    let bounds = |k: usize| coordinates.bounds(k);
    let mut at = start.to_vec();
    let mut iterations = 0;
    let mut wide = CLIP * objective.median(&at);
    for _ in 0..12 {
        if !(wide > 2.0 * delta && wide.is_finite()) {
            break;
        }
        objective.delta = wide;
        let solution = solver.minimise(objective, &at, bounds, Effort::GLIMPSE);
        iterations += solution.iterations;
        at = solution.at;
        wide = 0.1 * wide.min(CLIP * objective.median(&at));
    }
    objective.delta = delta;
    let mut solution = solver.minimise(objective, &at, bounds, Effort::TIGHT);
    solution.iterations += iterations;
    solution
}

/// The optimum at another delta, from the one that was found.
pub(crate) fn shifted_by_delta(bound: &Bound, found: &Found, best: &Optimum, delta: f64) -> Vec<f64> {
    let (coordinates, rows) = (&bound.coordinates, &bound.rows);
    let mut objective = Objective::new(&bound.program, coordinates, rows);
    objective.delta = delta.max(NOISE_FREE).min(found.delta.max(delta));
    let solution =
        Solver::default().minimise(&mut objective, &best.solution.at, |k| coordinates.bounds(k), Effort::DRAW);
    let mut theta = best.theta.clone();
    coordinates.theta(&solution.at, &mut theta);
    theta
}

/// Parameters along which the objective is flat at the optimum: the curvature there is rounding. Of several that only
/// their combination is known of, all of them, in the order of the law. `None` if there is none.
pub(crate) fn undetermined(bound: &Bound, found: &Found, best: &Optimum) -> Option<Vec<usize>> {
    let (coordinates, rows) = (&bound.coordinates, &bound.rows);
    let mut objective = Objective::new(&bound.program, coordinates, rows);
    objective.delta = found.delta;
    let Flat { mut flat, with } = flat(&mut objective, coordinates, &best.solution.at);
    flat.extend(with);
    flat.sort_unstable();
    flat.dedup();
    (!flat.is_empty()).then_some(flat)
}

/// Directions without curvature.
#[derive(Default)]
struct Flat {
    /// one parameter for each
    flat: Vec<usize>,
    /// those that each is a combination of
    with: Vec<usize>,
}

fn flat(objective: &mut Objective<'_>, coordinates: &Coordinates, at: &[f64]) -> Flat {
    let mut d = Derivatives::default();
    objective.derive(at, 1.0, &mut d);
    let p = coordinates.len();
    let at_bound = |k: usize| {
        let (lower, upper) = coordinates.bounds(k);
        at[k] <= lower || at[k] >= upper
    };
    // Coordinates one by one into a Cholesky factor of the correlation matrix: a pivot of rounding means that the
    // coordinate is a combination of those before it.
    let size: Vec<f64> = (0..p).map(|k| d.hessian[k * p + k].sqrt()).collect();
    let largest = size.iter().copied().fold(0.0, f64::max);
    let mut taken: Vec<usize> = Vec::new();
    let Flat { mut flat, mut with } = Flat::default();
    for k in 0..p {
        // The bounds of a logarithm are the ends of the arithmetic: whoever got there slid down a valley without end.
        let endless = at_bound(k) && coordinates.scales()[k] == Scale::Log;
        if endless || (size[k] <= 1e-9 * largest && !at_bound(k)) {
            flat.push(coordinates.columns()[k]);
        }
        if at_bound(k) || size[k] <= 1e-9 * largest {
            continue;
        }
        let trial: Vec<usize> = taken.iter().copied().chain([k]).collect();
        let m = trial.len();
        let mut a = vec![0.0; m * m];
        for (x, &i) in trial.iter().enumerate() {
            for (y, &j) in trial.iter().enumerate() {
                a[x * m + y] = d.hessian[i * p + j] / (size[i] * size[j]);
            }
        }
        if crate::solve::cholesky(&mut a, m) && a[m * m - 1] > 1e-6 {
            taken.push(k);
        } else {
            flat.push(coordinates.columns()[k]);
            with.extend(parts(&a, m).into_iter().map(|i| coordinates.columns()[taken[i]]));
        }
    }
    Flat { flat, with }
}

/// Of what the last of `m` coordinates is a combination: `factor` holds the Cholesky factor of the correlations of those
/// before it, and in its last row that factor's solution for the last one.
fn parts(factor: &[f64], m: usize) -> Vec<usize> {
    /// Less than this share of the whole is rounding.
    const SHARE: f64 = 0.01;
    let before = m - 1;
    let each = (0..before).flat_map(|i| factor[i * m..i * m + before].iter().copied());
    let lower: Vec<f64> = each.collect();
    let mut share = factor[before * m..before * m + before].to_vec();
    crate::solve::solve_upper(&lower, before, &mut share);
    (0..before).filter(|i| share[*i].abs() > SHARE).collect()
}

fn best_of(objective: &mut Objective<'_>, points: &[Vec<f64>]) -> usize {
    let values: Vec<f64> = points.iter().map(|at| objective.value(at)).collect();
    (0..values.len()).min_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}

/// Two descents ended at the same optimum: equal objective to eight digits and coordinates to four.
fn same(a: &Solution, b: &Solution) -> bool {
    if (a.value - b.value).abs() <= 1e-13 * a.value.max(b.value) {
        // Equal to the last digits: one point, or one flat valley.
        return true;
    }
    let close = |x: f64, y: f64, share: f64| (x - y).abs() <= share * x.abs().max(y.abs()).max(1e-3);
    (a.value - b.value).abs() <= 1e-8 * a.value.max(b.value) + 1e-20
        && a.at.iter().zip(&b.at).all(|(x, y)| close(*x, *y, 1e-3))
}
