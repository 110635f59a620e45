//! Coverage where runs share trunks: six WSD trunks of five branches, noise 0.003 shared by a trunk and 0.002 of a branch.
//!
//! `trunks [EXPERIMENTS]` prints, per quantity, how often nominal 95 % intervals cover the truth and their median width,
//! with clusters and without.

use isoloss_laws::{Estimate, Labels, Options, Points, catalogue, fit};

const E: f64 = 1.8172;
const A: f64 = 477.83;
const B: f64 = 2143.4;
const ALPHA: f64 = 0.34731;
const BETA: f64 = 0.36717;

fn main() {
    let experiments: u64 = std::env::args().nth(1).map_or(300, |a| a.parse().expect("a number of experiments"));
    let law = catalogue::law("chinchilla").expect("it ships");
    let sizes: Vec<f64> = (0..6).map(|i| 3e7 * 100f64.powf(f64::from(i) / 5.0)).collect();
    let horizons: Vec<f64> = (0..5).map(|i| 6e8 * 100f64.powf(f64::from(i) / 4.0)).collect();
    let surface = |n: f64, d: f64| E + A * n.powf(-ALPHA) + B * d.powf(-BETA);
    let budget = 10.0 * 6.0 * sizes[5] * horizons[4];
    let best = {
        let g = (ALPHA * A / (BETA * B)).powf(1.0 / (ALPHA + BETA));
        g * (budget / 6.0).powf(BETA / (ALPHA + BETA))
    };
    let truth = [ALPHA, BETA, E, surface(best, budget / 6.0 / best), best];
    for clustered in [true, false] {
        let mut covered = [0u32; 5];
        let mut widths = vec![Vec::new(); 5];
        for experiment in 0..experiments {
            let mut normal = Normal(experiment * 7919 + 17);
            let mut points = Points::default();
            let (mut n, mut d, mut trunk) = (Vec::new(), Vec::new(), Vec::new());
            for (i, &size) in sizes.iter().enumerate() {
                let shared = 0.003 * normal.next();
                for &horizon in &horizons {
                    n.push(size);
                    d.push(horizon);
                    trunk.push(format!("t{i}"));
                    points.target.push(surface(size, horizon) * (shared + 0.002 * normal.next()).exp());
                }
            }
            points.columns = vec![("N".into(), n), ("D".into(), d)];
            points.cluster = clustered.then(|| Labels::new("trunk", trunk));
            let Ok(fit) = fit(&law, &points, &Options { influence: false, ..Options::default() }) else { continue };
            let optimum = fit.optimum(budget);
            let parameter = |name: &str| fit.parameter(name).map(|p| p.estimate.clone());
            let at_best = fit
                .predict(&[("N".into(), vec![best]), ("D".into(), vec![budget / 6.0 / best])], None)
                .expect("a prediction");
            let all: [Option<Estimate>; 5] = [
                parameter("alpha"),
                parameter("beta"),
                parameter("E"),
                Some(at_best[0].mean.clone()),
                optimum.map(|o| o.params),
            ];
            for (q, estimate) in all.iter().enumerate() {
                if let Some(i) = estimate.as_ref().and_then(|e| e.interval) {
                    covered[q] += u32::from(i.lower <= truth[q] && truth[q] <= i.upper);
                    widths[q].push((i.upper - i.lower) / truth[q]);
                }
            }
        }
        println!("{}", if clustered { "clusters of trunk" } else { "no clusters" });
        for (q, name) in ["alpha", "beta", "E", "loss at 10x", "N* at 10x"].iter().enumerate() {
            widths[q].sort_by(f64::total_cmp);
            let share = 100.0 * f64::from(covered[q]) / widths[q].len().max(1) as f64;
            println!("  {name:12} {share:5.1} %   median width {:.3} of the value", widths[q][widths[q].len() / 2]);
        }
    }
}

/// Normal numbers as sums of twelve uniform ones.
struct Normal(u64);

impl Normal {
    fn next(&mut self) -> f64 {
        let mut uniform = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }
}
