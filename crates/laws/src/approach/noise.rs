//! Noise to be added to a table: as large as what the surface left, and shared as its residuals are.

use crate::bound::rows_of;
use crate::error::FitError;
use crate::objective::Link;
use crate::points::Points;
use crate::result::Fit;
use crate::start::uniform;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use statrs::distribution::{ContinuousCDF, Normal};

/// The noise of each row: of its own, and shared within its cluster.
#[derive(Clone, Debug)]
pub(super) struct Noise {
    own: Vec<f64>,
    shared: Vec<f64>,
    cluster: Vec<u32>,
    clusters: usize,
    log: bool,
}

impl Noise {
    pub(super) fn new(fit: &Fit, points: &Points) -> Result<Self, FitError> {
        let link = if fit.objective.log { Link::Log } else { Link::Raw };
        let weight = rows_of(link, points).weight;
        let (cluster, clusters) = match &points.cluster {
            Some(labels) => (labels.index.clone(), labels.levels.len()),
            None => (vec![0; points.len()], 0),
        };
        let shares: Vec<f64> = (0..fit.residuals.len()).map(|row| fit.share(row)).collect();
        let share = if clusters == 0 { 0.0 } else { shared(&shares, &weight, &cluster, clusters) };
        let family = points.family.as_ref().filter(|_| !fit.families().is_empty());
        let family = family.map(|f| f.index.iter().map(|&i| f.levels[i as usize].clone()).collect::<Vec<_>>());
        let values: Vec<f64> = fit.predict(&points.columns, family.as_deref())?.iter().map(|p| p.mean.value).collect();
        let scale = fit.noise_scale(&points.columns, family.as_deref(), &values)?;
        let size = |part: f64| {
            // A row that counts for next to nothing has next to any loss; a draw must stay a loss.
            let each = weight.iter().zip(&scale);
            each.map(|(w, scale)| scale * fit.noise * part.sqrt() / w.sqrt().max(0.1)).collect()
        };
        Ok(Self { own: size(1.0 - share), shared: size(share), cluster, clusters, log: fit.objective.log })
    }

    /// Losses of draw `i`: the table's with noise added.
    pub(super) fn draw(&self, target: &[f64], seed: u64, i: u64) -> Vec<f64> {
        // As for bootstrap draws: SplitMix's increment keeps the streams of neighbouring draws apart.
        let stream = seed.wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(stream);
        let standard = Normal::standard();
        let mut normal = || standard.inverse_cdf(uniform(&mut stream).max(1e-15));
        let common: Vec<f64> = (0..self.clusters).map(|_| normal()).collect();
        let each = target.iter().enumerate().map(|(row, y)| {
            let together = common.get(self.cluster[row] as usize).copied().unwrap_or(0.0);
            let z = self.own[row] * normal() + self.shared[row] * together;
            if self.log { y * libm::exp(z) } else { y + z }
        });
        each.collect()
    }
}

/// Share of the noise that rows of a cluster have in common: 1 less the variance within clusters over all of it.
fn shared(residuals: &[f64], weight: &[f64], cluster: &[u32], clusters: usize) -> f64 {
    let (mut sums, mut sizes) = (vec![0.0; clusters], vec![0.0; clusters]);
    let alike: Vec<f64> = residuals.iter().zip(weight).map(|(r, w)| r * w.sqrt()).collect();
    for (r, &g) in alike.iter().zip(cluster) {
        sums[g as usize] += r;
        sizes[g as usize] += 1.0;
    }
    let within = alike.iter().zip(cluster).map(|(r, &g)| (r - sums[g as usize] / sizes[g as usize]).powi(2));
    let within: f64 = within.sum();
    let all: f64 = alike.iter().map(|r| r * r).sum();
    let (n, used) = (alike.len() as f64, sizes.iter().filter(|s| **s > 0.0).count() as f64);
    if n <= used || all <= 0.0 {
        return 0.0;
    }
    (1.0 - within / (n - used) / (all / n)).clamp(0.0, 1.0)
}
