//! Rows that move the fit, one at a time and together.
//!
//! Outliers mask each other: leaving out any one changes little while the rest hold the fit. So the largest residuals are
//! also left out one after another, up to 3 % of the rows, with a refit in between.

use crate::bound::Bound;
use crate::coordinates::Scale;
use crate::objective::{Derivatives, Objective};
use crate::points::Points;
use crate::search::{Found, Optimum};
use crate::solve::{Effort, Solver, cholesky, solve_lower, solve_upper};

/// Rows that move the fit.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Influence {
    /// the rows that move a parameter furthest when left out alone, furthest first
    pub single: Vec<Moved>,
    /// the largest residuals, left out together (up to 3 % of the rows)
    pub group: Option<Moved>,
}

/// What leaving rows out does.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Moved {
    /// rows left out, by index
    pub rows: Vec<usize>,
    /// their lines in the source
    pub lines: Vec<u64>,
    /// the parameter that moves most, in standard errors
    pub parameter: String,
    /// its value with all rows
    pub from: f64,
    /// and without these
    pub to: f64,
    /// how many standard errors that is; 0 if there are no draws
    pub errors: f64,
    /// the furthest that leaving out one of the rows alone moves that parameter
    pub alone: f64,
}

/// Rows refitted without, alone.
const SINGLES: usize = 3;
/// Most rows left out together, whatever their share.
const TOGETHER: usize = 20;
/// Share of the rows left out together.
const SHARE: f64 = 0.03;

/// `errors`: standard error of every free coordinate; empty without draws.
pub(crate) fn influence(
    bound: &Bound,
    found: &Found,
    best: &Optimum,
    points: &Points,
    errors: &[f64],
) -> Option<Influence> {
    let n = points.len();
    let mut study = Study::new(bound, found, best, points, errors);
    let order = study.by_reach()?;
    let mut single: Vec<Moved> = order.iter().take(SINGLES).filter_map(|&row| study.without(&[row])).collect();
    single.sort_by(|a, b| b.errors.total_cmp(&a.errors));
    let limit = ((SHARE * n as f64) as usize).min(TOGETHER);
    let mut steps = Vec::new();
    let mut rows: Vec<usize> = Vec::new();
    let mut at = best.solution.at.clone();
    for _ in 0..limit {
        let Some(row) = study.largest_residual(&at, &rows) else { break };
        rows.push(row);
        at = study.refit(&rows, &at);
        steps.extend(study.moved(&rows, &at));
    }
    // The fewest rows that do nearly all of it.
    let most = steps.iter().map(|m: &Moved| m.errors).fold(0.0, f64::max);
    let mut group = steps.into_iter().find(|m| m.errors >= 0.9 * most);
    if let Some(group) = &mut group {
        group.alone = study.furthest_alone(group);
    }
    Some(Influence { single, group })
}

struct Study<'a> {
    bound: &'a Bound,
    best: &'a Optimum,
    points: &'a Points,
    errors: &'a [f64],
    objective: Objective<'a>,
    solver: Solver,
}

impl<'a> Study<'a> {
    fn new(bound: &'a Bound, found: &Found, best: &'a Optimum, points: &'a Points, errors: &'a [f64]) -> Self {
        let rows = &bound.rows;
        let mut objective = Objective::new(&bound.program, &bound.coordinates, rows);
        objective.delta = found.delta;
        Self { bound, best, points, errors, objective, solver: Solver::default() }
    }

    /// Rows by how far one Newton step without them goes, in standard errors, furthest first.
    fn by_reach(&mut self) -> Option<Vec<usize>> {
        let p = self.bound.coordinates.len();
        let mut d = Derivatives::default();
        self.objective.derive(&self.best.solution.at, 1.0, &mut d);
        let mut factor = d.hessian;
        if p == 0 || !cholesky(&mut factor, p) {
            return None;
        }
        let (values, jacobian) = self.bound.program.jacobian(&self.best.theta);
        let residuals = self.bound.rows.residuals(&values);
        let mut slopes = vec![0.0; p];
        self.bound.coordinates.slopes(&self.best.theta, &mut slopes);
        let delta = self.objective.delta;
        let mut reach: Vec<(f64, usize)> = Vec::with_capacity(values.len());
        for (row, r) in residuals.iter().enumerate() {
            let link = match self.bound.rows.link {
                crate::objective::Link::Log => values[row],
                crate::objective::Link::Raw => 1.0,
            };
            let psi = self.bound.rows.weight[row] * r.clamp(-delta, delta) / (link * self.bound.rows.scale[row]);
            let mut step: Vec<f64> = self
                .bound
                .coordinates
                .columns()
                .iter()
                .zip(&slopes)
                .map(|(&j, s)| psi * jacobian[j][row] * s)
                .collect();
            solve_lower(&factor, p, &mut step);
            solve_upper(&factor, p, &mut step);
            let furthest = step.iter().enumerate().map(|(k, s)| s.abs() / self.error(k)).fold(0.0, f64::max);
            reach.push((furthest, row));
        }
        reach.sort_by(|a, b| b.0.total_cmp(&a.0));
        Some(reach.into_iter().map(|(_, row)| row).collect())
    }

    /// Standard error of a coordinate; without draws its own size stands in.
    fn error(&self, k: usize) -> f64 {
        let at = self.best.solution.at[k];
        self.errors.get(k).copied().filter(|e| *e > 0.0).unwrap_or_else(|| at.abs().max(1e-6))
    }

    fn largest_residual(&self, at: &[f64], without: &[usize]) -> Option<usize> {
        let mut theta = self.best.theta.clone();
        self.bound.coordinates.theta(at, &mut theta);
        let residuals = self.bound.rows.residuals(&self.bound.program.values(&theta));
        let left = (0..residuals.len()).filter(|row| !without.contains(row));
        left.max_by(|&a, &b| residuals[a].abs().total_cmp(&residuals[b].abs()))
    }

    fn refit(&mut self, without: &[usize], from: &[f64]) -> Vec<f64> {
        let mut weight = self.bound.rows.weight.clone();
        without.iter().for_each(|&row| weight[row] = 0.0);
        self.objective.set_weight(&weight);
        let coordinates = &self.bound.coordinates;
        self.solver.minimise(&mut self.objective, from, |k| coordinates.bounds(k), Effort::DRAW).at
    }

    fn without(&mut self, rows: &[usize]) -> Option<Moved> {
        let at = self.refit(rows, &self.best.solution.at.clone());
        self.moved(rows, &at)
    }

    /// The furthest that leaving out one row of a group moves the group's parameter.
    fn furthest_alone(&mut self, group: &Moved) -> f64 {
        let entries = &self.bound.layout.entries;
        let Some(i) = entries.iter().position(|e| e.name == group.parameter) else { return 0.0 };
        let mut furthest: f64 = 0.0;
        for &row in &group.rows {
            let at = self.refit(&[row], &self.best.solution.at.clone());
            let mut theta = self.best.theta.clone();
            self.bound.coordinates.theta(&at, &mut theta);
            furthest = furthest.max((theta[i] - self.best.theta[i]).abs());
        }
        furthest
    }

    /// The parameter that moved most; factors measured by their logarithm count only where there is nothing else.
    fn moved(&self, rows: &[usize], at: &[f64]) -> Option<Moved> {
        let coordinates = &self.bound.coordinates;
        let linear: Vec<usize> =
            (0..coordinates.len()).filter(|&k| matches!(coordinates.scales()[k], Scale::Linear { .. })).collect();
        let among: Vec<usize> = if linear.is_empty() { (0..coordinates.len()).collect() } else { linear };
        let far = |k: usize| (at[k] - self.best.solution.at[k]).abs() / self.error(k);
        let k = among.into_iter().max_by(|&a, &b| far(a).total_cmp(&far(b)))?;
        let mut theta = self.best.theta.clone();
        coordinates.theta(at, &mut theta);
        let i = coordinates.columns()[k];
        Some(Moved {
            rows: rows.to_vec(),
            lines: rows.iter().map(|&r| self.points.line(r)).collect(),
            parameter: self.bound.layout.entries[i].name.clone(),
            from: self.best.theta[i],
            to: theta[i],
            errors: if self.errors.is_empty() { 0.0 } else { far(k) },
            alone: (theta[i] - self.best.theta[i]).abs(),
        })
    }
}
