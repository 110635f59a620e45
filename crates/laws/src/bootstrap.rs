//! Bootstrap draws: the fit repeated on tables that might have been.
//!
//! The wild cluster bootstrap keeps the design and flips or stretches the residuals of each cluster together (Cameron,
//! Gelbach and Miller 2008), with Webb's six weights, which serve few clusters (Webb 2014). Residuals are scaled by
//! sqrt(G/(G-p)): a fit of p parameters leaves that much less noise in its residuals.

use crate::coordinates::Coordinates;
use crate::objective::Objective;
use crate::options::Method;
use crate::points::Labels;
use crate::program::Program;
use crate::search::Rows;
use crate::solve::{Effort, Solver, cholesky, solve_lower};
use crate::start::uniform;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Which rows share noise.
#[derive(Clone, Debug)]
pub(crate) struct Clusters {
    pub(crate) index: Vec<u32>,
    pub(crate) count: usize,
}

impl Clusters {
    /// By the labels; without any, every row is a cluster of its own.
    pub(crate) fn new(labels: Option<&Labels>, rows: usize) -> Self {
        match labels {
            Some(l) => Self { index: l.index.clone(), count: l.levels.len() },
            None => Self { index: (0..rows as u32).collect(), count: rows },
        }
    }

    /// How many parameters only differences between clusters identify: p minus the information that remains, as a share
    /// of all of it, when every cluster may have its own level: trace(I - within * total^-1).
    pub(crate) fn between(&self, columns: &[Vec<f64>], weight: &[f64]) -> f64 {
        let p = columns.len();
        if self.count == weight.len() {
            return p as f64;
        }
        let mut mass = vec![0.0; self.count];
        let mut means = vec![vec![0.0; self.count]; p];
        for (row, &g) in self.index.iter().enumerate() {
            mass[g as usize] += weight[row];
            for (mean, column) in means.iter_mut().zip(columns) {
                mean[g as usize] += weight[row] * column[row];
            }
        }
        let (mut total, mut between) = (vec![0.0; p * p], vec![0.0; p * p]);
        for k in 0..p {
            for l in 0..p {
                total[k * p + l] = (0..weight.len()).map(|i| weight[i] * columns[k][i] * columns[l][i]).sum();
                between[k * p + l] = (0..self.count).map(|g| means[k][g] * means[l][g] / mass[g].max(1e-300)).sum();
            }
        }
        let size: Vec<f64> = (0..p).map(|k| total[k * p + k].sqrt().max(1e-300)).collect();
        for k in 0..p {
            for l in 0..p {
                total[k * p + l] /= size[k] * size[l];
                between[k * p + l] /= size[k] * size[l];
            }
        }
        if !cholesky(&mut total, p) {
            return p as f64;
        }
        // trace(L^-1 B L^-T): by columns, L^-1 B first, then again on the transposed result.
        let mut half = vec![vec![0.0; p]; p];
        for l in 0..p {
            let mut column: Vec<f64> = (0..p).map(|k| between[k * p + l]).collect();
            solve_lower(&total, p, &mut column);
            (0..p).for_each(|k| half[k][l] = column[k]);
        }
        let mut trace = 0.0;
        for (k, row) in half.iter_mut().enumerate() {
            solve_lower(&total, p, row);
            trace += row[k];
        }
        trace.clamp(1.0, p as f64)
    }
}

/// Everything a draw starts from.
#[derive(Debug)]
pub(crate) struct Base<'a> {
    pub(crate) program: &'a Program,
    pub(crate) coordinates: &'a Coordinates,
    pub(crate) rows: &'a Rows,
    pub(crate) clusters: &'a Clusters,
    pub(crate) delta: f64,
    /// the optimum
    pub(crate) at: &'a [f64],
    /// the law's values there, in the link's scale
    pub(crate) fitted: &'a [f64],
    /// residuals there, already scaled up
    pub(crate) residuals: &'a [f64],
}

/// Full parameter vectors of `count` draws; those that did not converge are left out.
///
/// Draw i has its own stream, seeded by the seed and i, so the result does not depend on the number of threads.
pub(crate) fn draws(base: &Base<'_>, method: Method, count: usize, seed: u64, threads: usize) -> Vec<Vec<f64>> {
    if method == Method::None || count == 0 {
        return Vec::new();
    }
    let threads = threads.clamp(1, count);
    let share = count.div_ceil(threads);
    let run = |from: usize| -> Vec<Option<Vec<f64>>> {
        let mut worker = Worker::new(base);
        (from..(from + share).min(count)).map(|i| worker.draw(base, method, seed, i as u64)).collect()
    };
    if threads == 1 {
        return run(0).into_iter().flatten().collect();
    }
    std::thread::scope(|scope| {
        let run = &run;
        let parts: Vec<_> = (0..threads).map(|t| scope.spawn(move || run(t * share))).collect();
        let parts = parts.into_iter().flat_map(|part| part.join().expect("a draw panicked"));
        parts.flatten().collect()
    })
}

struct Worker<'a> {
    objective: Objective<'a>,
    solver: Solver,
    target: Vec<f64>,
    weight: Vec<f64>,
    per_cluster: Vec<f64>,
}

impl<'a> Worker<'a> {
    fn new(base: &Base<'a>) -> Self {
        let mut objective = Objective::new(base.program, base.coordinates, base.rows.link, &base.rows.target, &base.rows.weight);
        objective.delta = base.delta;
        Self {
            objective,
            solver: Solver::default(),
            target: base.rows.target.clone(),
            weight: base.rows.weight.clone(),
            per_cluster: vec![0.0; base.clusters.count],
        }
    }

    fn draw(&mut self, base: &Base<'_>, method: Method, seed: u64, i: u64) -> Option<Vec<f64>> {
        // SplitMix's increment keeps the streams of neighbouring draws apart.
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        if method == Method::Pairs {
            self.per_cluster.fill(0.0);
            for _ in 0..base.clusters.count {
                let g = (uniform(&mut stream) * base.clusters.count as f64) as usize;
                self.per_cluster[g] += 1.0;
            }
            for (row, &g) in base.clusters.index.iter().enumerate() {
                self.weight[row] = base.rows.weight[row] * self.per_cluster[g as usize];
            }
            self.objective.set_weight(&self.weight);
        } else {
            for w in &mut self.per_cluster {
                *w = WEBB[(stream.next_u64() % 6) as usize];
            }
            for (row, &g) in base.clusters.index.iter().enumerate() {
                self.target[row] = base.fitted[row] + self.per_cluster[g as usize] * base.residuals[row];
            }
            self.objective.set_target(&self.target);
        }
        let coordinates = base.coordinates;
        let solution = self.solver.minimise(&mut self.objective, base.at, |k| coordinates.bounds(k), Effort::DRAW);
        if !solution.value.is_finite() {
            return None;
        }
        let mut theta = coordinates.template().to_vec();
        coordinates.theta(&solution.at, &mut theta);
        Some(theta)
    }
}

/// Webb's weights: +-sqrt(1/2), +-1, +-sqrt(3/2); mean 0, variance 1.
const WEBB: [f64; 6] =
    [-1.224_744_871_391_589, -1.0, -std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::FRAC_1_SQRT_2, 1.0, 1.224_744_871_391_589];
