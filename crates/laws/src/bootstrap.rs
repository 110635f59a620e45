//! Bootstrap draws: the fit repeated on tables that might have been.
//!
//! * residual: every cluster gets the residual of some cluster, and every row within it that of some row, with a random
//!   sign. All rows tell of the noise everywhere, so intervals are as narrow as the data allow; right if noise is alike.
//! * wild: every cluster keeps its own residuals, stretched by Webb's six weights (Webb 2014; Cameron, Gelbach and Miller
//!   2008). Right for any noise, but what a corner of the design contributes hangs on the few residuals there.
//! * pairs: clusters drawn with replacement, as published fits do.
//!
//! Where noise is a share of the reducible loss, residuals are shares too: drawn for another row they take its scale.
//!
//! In all but the last, residuals are first divided by sqrt(1 - leverage): a fit leaves less noise in its residuals than
//! there was.

use crate::coordinates::Coordinates;
use crate::objective::Objective;
use crate::options::Method;
use crate::points::Labels;
use crate::program::Program;
use crate::reducible::Reducible;
use crate::search::Rows;
use crate::solve::{Effort, Solver, cholesky, solve_lower, solve_upper};
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
        // A count of parameters: shares of information add up to about a whole number of directions.
        trace.round().clamp(1.0, p as f64)
    }
}

/// Factor per cluster that undoes how far the fit was pulled to it: 1 / sqrt(1 - h), with h the leverage of the
/// cluster's mean (for single rows, HC2 of MacKinnon and White 1985). A corner of a design is fitted closely whatever its
/// noise; a uniform sqrt(n/(n-p)) leaves the residuals of just those rows too small that decide the exponents.
pub(crate) fn leverage_factors(columns: &[Vec<f64>], weight: &[f64], clusters: &Clusters) -> Vec<f64> {
    let (n, p) = (weight.len(), columns.len());
    let uniform = (clusters.count as f64 / (clusters.count as f64 - p as f64).max(1.0)).sqrt();
    let size: Vec<f64> =
        columns.iter().map(|c| c.iter().zip(weight).map(|(x, w)| w * x * x).sum::<f64>().sqrt().max(1e-300)).collect();
    let mut total = vec![0.0; p * p];
    for k in 0..p {
        for l in 0..=k {
            let sum: f64 = (0..n).map(|i| weight[i] * columns[k][i] * columns[l][i]).sum();
            total[k * p + l] = sum / (size[k] * size[l]);
            total[l * p + k] = total[k * p + l];
        }
    }
    if !cholesky(&mut total, p) {
        return vec![uniform; clusters.count];
    }
    let mut sums = vec![vec![0.0; p]; clusters.count];
    let mut mass = vec![0.0; clusters.count];
    for (row, &g) in clusters.index.iter().enumerate() {
        mass[g as usize] += weight[row];
        for (k, sum) in sums[g as usize].iter_mut().enumerate() {
            *sum += weight[row] * columns[k][row] / size[k];
        }
    }
    let each = sums.iter_mut().zip(&mass).map(|(sum, mass)| {
        solve_lower(&total, p, sum);
        let h = sum.iter().map(|x| x * x).sum::<f64>() / mass.max(1e-300);
        // A row that a parameter of its own fits exactly has no residual to scale.
        1.0 / (1.0 - h).max(0.02).sqrt()
    });
    each.collect()
}

/// Everything a draw starts from.
#[derive(Debug)]
pub(crate) struct Base<'a> {
    pub(crate) program: &'a Program,
    pub(crate) coordinates: &'a Coordinates,
    pub(crate) rows: &'a Rows,
    pub(crate) clusters: &'a Clusters,
    /// where noise is a share of the reducible loss
    pub(crate) reducible: Option<&'a Reducible>,
    /// what is added to it then
    pub(crate) floor: f64,
    pub(crate) delta: f64,
    /// the optimum
    pub(crate) at: &'a [f64],
    /// the law's values there, in the link's scale
    pub(crate) fitted: &'a [f64],
    /// what the fit left there
    pub(crate) noise: &'a Noise,
}

/// The noise a fit left, ready to be drawn from. Row i's residual is `(clusters[g(i)] + rows[i]) / root_weight[i]`.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    /// per cluster
    pub(crate) clusters: Vec<f64>,
    /// per row, around its cluster; all zero where every row is a cluster of its own
    pub(crate) rows: Vec<f64>,
    /// square root of each row's weight
    pub(crate) root_weight: Vec<f64>,
    /// degrees of freedom left between clusters
    pub(crate) df: f64,
}

impl Noise {
    /// From residuals and the Jacobian, both in the link's scale.
    pub(crate) fn new(residuals: &[f64], columns: &[Vec<f64>], weight: &[f64], clusters: &Clusters) -> Self {
        let (n, g) = (residuals.len() as f64, clusters.count as f64);
        let between = clusters.between(columns, weight);
        let df = (g - between).max(1.0);
        let factors = leverage_factors(columns, weight, clusters);
        let root_weight: Vec<f64> = weight.iter().map(|w| w.sqrt().max(1e-150)).collect();
        let alike: Vec<f64> = residuals.iter().zip(&root_weight).map(|(r, w)| r * w).collect();
        let (mut means, mut sizes) = (vec![0.0; clusters.count], vec![0.0; clusters.count]);
        for (r, &g) in alike.iter().zip(&clusters.index) {
            means[g as usize] += r;
            sizes[g as usize] += 1.0;
        }
        means.iter_mut().zip(&sizes).for_each(|(m, s)| *m /= s);
        // Within clusters n - G - (p - between) degrees of freedom are left.
        let within = (n - g).max(1.0);
        let left = (within - (columns.len() as f64 - between)).max(1.0);
        let rows = alike.iter().zip(&clusters.index).map(|(r, &g)| {
            let size = sizes[g as usize];
            if size < 2.0 {
                0.0
            } else {
                (r - means[g as usize]) * (size / (size - 1.0)).sqrt() * (within / left).sqrt()
            }
        });
        let rows = rows.collect();
        let clusters = means.iter().zip(&factors).map(|(m, f)| m * f).collect();
        Self { clusters, rows, root_weight, df }
    }

    /// The residual of a row as it was, for the wild bootstrap.
    fn own(&self, row: usize, cluster: usize) -> f64 {
        (self.clusters[cluster] + self.rows[row]) / self.root_weight[row]
    }
}

/// Draws from the normal distribution with the cluster-robust sandwich covariance H^-1 (sum g g') H^-1, in the solver's
/// coordinates: for tables so large that refits would be a waste. Huber's psi stands for the residual.
pub(crate) fn sandwich(base: &Base<'_>, columns: &[Vec<f64>], count: usize, seed: u64) -> Vec<Vec<f64>> {
    let p = base.coordinates.len();
    let mut objective = Objective::new(base.program, base.coordinates, base.rows);
    objective.delta = base.delta;
    let mut d = crate::objective::Derivatives::default();
    // Only rows inside delta bend Huber's function.
    objective.derive(base.at, 0.0, &mut d);
    let mut theta = base.coordinates.template().to_vec();
    base.coordinates.theta(base.at, &mut theta);
    let mut slopes = vec![0.0; p];
    base.coordinates.slopes(&theta, &mut slopes);
    let mut scores = vec![vec![0.0; p]; base.clusters.count];
    for (row, &g) in base.clusters.index.iter().enumerate() {
        let residual = (base.rows.target[row] - base.fitted[row]) / base.rows.scale[row];
        let psi = base.rows.weight[row] * residual.clamp(-base.delta, base.delta);
        for (k, score) in scores[g as usize].iter_mut().enumerate() {
            *score += psi * columns[k][row] * slopes[k];
        }
    }
    let mut factor = d.hessian;
    if !cholesky(&mut factor, p) {
        return Vec::new();
    }
    let mut covariance = vec![0.0; p * p];
    for score in &mut scores {
        solve_lower(&factor, p, score);
        solve_upper(&factor, p, score);
        for k in 0..p {
            for l in 0..p {
                covariance[k * p + l] += score[k] * score[l];
            }
        }
    }
    if !cholesky(&mut covariance, p) {
        return Vec::new();
    }
    let normal = statrs::distribution::Normal::standard();
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed);
    let draw = |_| {
        use statrs::distribution::ContinuousCDF;
        let z: Vec<f64> = (0..p).map(|_| normal.inverse_cdf(uniform(&mut stream).max(1e-15))).collect();
        let mut at = base.at.to_vec();
        for k in 0..p {
            at[k] += (0..=k).map(|l| covariance[k * p + l] * z[l]).sum::<f64>();
        }
        base.coordinates.clamp(&mut at);
        let mut theta = theta.clone();
        base.coordinates.theta(&at, &mut theta);
        theta
    };
    (0..count).map(draw).collect()
}

/// Full parameter vectors of `count` draws; those that did not converge are left out.
///
/// Draw i has its own stream, seeded by the seed and i, so the result does not depend on the number of threads.
pub(crate) fn draws(base: &Base<'_>, method: Method, count: usize, seed: u64, threads: usize) -> Vec<Vec<f64>> {
    if matches!(method, Method::None | Method::Profile) || count == 0 {
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

/// Rounds of reweighting in a draw: more move it by less than a hundredth of the spread.
const REWEIGHTED: usize = 3;

struct Worker<'a> {
    objective: Objective<'a>,
    solver: Solver,
    target: Vec<f64>,
    weight: Vec<f64>,
    per_cluster: Vec<f64>,
}

impl<'a> Worker<'a> {
    fn new(base: &Base<'a>) -> Self {
        let mut objective = Objective::new(base.program, base.coordinates, base.rows);
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
        let mut stream =
            Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
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
        } else if method == Method::Residual {
            let noise = base.noise;
            let pick = |from: &[f64], stream: &mut Xoshiro256PlusPlus| {
                let bits = stream.next_u64();
                let i = ((u128::from(bits >> 1) * from.len() as u128) >> 63) as usize;
                if bits & 1 == 0 { from[i] } else { -from[i] }
            };
            for c in &mut self.per_cluster {
                *c = pick(&noise.clusters, &mut stream);
            }
            let within = base.clusters.count < noise.rows.len();
            for (row, &g) in base.clusters.index.iter().enumerate() {
                let own = if within { pick(&noise.rows, &mut stream) } else { 0.0 };
                let drawn = (self.per_cluster[g as usize] + own) / noise.root_weight[row];
                self.target[row] = base.fitted[row] + base.rows.scale[row] * drawn;
            }
            self.objective.set_target(&self.target);
        } else {
            for w in &mut self.per_cluster {
                *w = WEBB[(stream.next_u64() % 6) as usize];
            }
            for (row, &g) in base.clusters.index.iter().enumerate() {
                let drawn = self.per_cluster[g as usize] * base.noise.own(row, g as usize);
                self.target[row] = base.fitted[row] + base.rows.scale[row] * drawn;
            }
            self.objective.set_target(&self.target);
        }
        let coordinates = base.coordinates;
        let bounds = |k| coordinates.bounds(k);
        let mut theta = coordinates.template().to_vec();
        let mut solution = self.solver.minimise(&mut self.objective, base.at, bounds, Effort::DRAW);
        if let Some(reducible) = base.reducible {
            // A draw learns its scales as the fit did, from where the fit left them.
            for _ in 0..REWEIGHTED {
                coordinates.theta(&solution.at, &mut theta);
                let scale = reducible.scale(&theta, &base.program.values(&theta), base.rows.link, base.floor);
                self.objective.set_scale(&scale);
                solution = self.solver.minimise(&mut self.objective, &solution.at, bounds, Effort::DRAW);
            }
            self.objective.set_scale(&base.rows.scale);
        }
        if !solution.value.is_finite() {
            return None;
        }
        coordinates.theta(&solution.at, &mut theta);
        Some(theta)
    }
}

/// Webb's weights: +-sqrt(1/2), +-1, +-sqrt(3/2); mean 0, variance 1.
const WEBB: [f64; 6] = [
    -1.224_744_871_391_589,
    -1.0,
    -std::f64::consts::FRAC_1_SQRT_2,
    std::f64::consts::FRAC_1_SQRT_2,
    1.0,
    1.224_744_871_391_589,
];
