//! How sure a hull's frontier is: the hull of clusters of runs drawn with replacement.
//!
//! Runs of one trunk, or of one size where no trunks are named, share their luck, and a hull follows the luckiest: so whole
//! clusters are drawn, never single runs (Cameron, Gelbach and Miller 2008). A table that lacks a size has its hull higher
//! there, so the draws hold what the steps between sizes do to the line, too, and the interval is rather too wide.

use super::runs::Runs;
use super::{Approach, ApproachOptions, hull};
use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, Spread, student};
use crate::options::Options;
use crate::points::Points;
use crate::start::uniform;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// Fewer clusters than this say too little of how they differ.
const FEW: usize = 6;
/// Where fewer of the draws than this have a frontier, those that have one are no fair sample. Of six sizes, as papers have them, a
/// third of the draws may have none; the intervals of the others are too wide all the same (`laws/tests/suite/hulls.rs`).
const ENOUGH: f64 = 0.5;

/// The exponents of params, tokens and loss of one draw.
type Exponents = [f64; 3];

pub(super) fn resampled(points: &Points, options: &ApproachOptions) -> Result<Approach, FitError> {
    let runs = Runs::new(points)?;
    let mut approach = hull::hull(&runs, options)?;
    let sure = Sure::new(points, &runs, options);
    approach.params.exponent = sure.estimate(approach.params.exponent.value, 0);
    approach.tokens.exponent = sure.estimate(approach.tokens.exponent.value, 1);
    if let Some(line) = &mut approach.loss {
        line.exponent = sure.estimate(line.exponent.value, 2);
    }
    Ok(approach)
}

/// The exponent of the loss alone, of a hull that is known.
pub(super) fn loss(points: &Points, runs: &Runs, options: &ApproachOptions, value: f64) -> Estimate {
    Sure::new(points, runs, options).estimate(value, 2)
}

/// The draws and what they are of.
struct Sure {
    drawn: Vec<Exponents>,
    clusters: usize,
    what: String,
    /// draws that were asked for
    count: usize,
    level: f64,
}

impl Sure {
    fn new(points: &Points, runs: &Runs, options: &ApproachOptions) -> Self {
        let (clusters, what) = clusters(points, runs);
        let Options { draws: count, seed, level, .. } = options.fit;
        let exponents = |a: Approach| {
            let loss = a.loss.map_or(f64::NAN, |line| line.exponent.value);
            [a.params.exponent.value, a.tokens.exponent.value, loss]
        };
        let asked = if clusters.len() < FEW { 0 } else { count };
        let draws = (0..asked).filter_map(|i| hull::hull(&runs.some(&draw(&clusters, seed, i as u64)), options).ok());
        Self { drawn: draws.map(exponents).collect(), clusters: clusters.len(), what, count, level }
    }

    fn estimate(&self, value: f64, of: usize) -> Estimate {
        let Self { drawn, clusters, what, count, level } = self;
        let none = |method: String| Estimate { value, interval: None, method };
        if *count == 0 {
            return none("not asked for".into());
        }
        if *clusters < FEW {
            return none(format!("{clusters} {what}: fewer than {FEW} do not tell how a hull of others would lie"));
        }
        if (drawn.len() as f64) < ENOUGH * *count as f64 {
            return none(format!("{} of {count} draws over {clusters} {what} have no frontier", count - drawn.len()));
        }
        let Some(spread) = Spread::new(value, drawn.iter().map(|d| d[of])) else {
            return none("fewer than 20 draws".into());
        };
        let (lower, upper) = spread.percentiles(student(*level, *clusters as f64 - 1.0));
        let interval = Interval { lower: lower.min(value), upper: upper.max(value), level: *level, of: Of::Mean };
        let lacking = match count - drawn.len() {
            0 => String::new(),
            lacking => format!(", {lacking} others without a frontier"),
        };
        let method = format!("pairs bootstrap, {} draws over {clusters} {what}{lacking}", drawn.len());
        Estimate { value, interval: Some(interval), method }
    }
}

/// Rows by cluster, and what the clusters are: those of the table, else its sizes.
fn clusters(points: &Points, runs: &Runs) -> (Vec<Vec<usize>>, String) {
    let all: Vec<usize> = (0..points.len()).collect();
    match &points.cluster {
        Some(labels) => {
            let rows =
                |g: usize| all.iter().copied().filter(|&row| labels.index[row] as usize == g).collect::<Vec<_>>();
            let each = (0..labels.levels.len()).map(rows).filter(|rows| !rows.is_empty());
            (each.collect(), format!("clusters of {}", labels.name))
        }
        None => (runs.sizes(&all), "sizes".to_owned()),
    }
}

/// The rows of as many clusters as there are, drawn with replacement.
fn draw(clusters: &[Vec<usize>], seed: u64, i: u64) -> Vec<usize> {
    // As for bootstrap draws: SplitMix's increment keeps the streams of neighbouring draws apart.
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let mut one = || ((uniform(&mut stream) * clusters.len() as f64) as usize).min(clusters.len() - 1);
    (0..clusters.len()).flat_map(|_| clusters[one()].iter().copied()).collect()
}
