//! Coverage where runs come close to the floor and their noise is a share of the reducible loss: the ladder of
//! `experiments/first-ladder.toml` (33 of 36 pairs of six sizes and six horizons), noise 4 % of L - E.
//!
//! `floor [EXPERIMENTS] [SHARE]` prints, per quantity and way, how often nominal 95 % intervals cover the truth, and their
//! median half-width in percent: of the largest reducible loss for E, of the value for exponents, of the reducible loss
//! there for one new run at 4x the compute.

use isoloss_laws::{Noise, Options, Points, catalogue, fit};

const E: f64 = 3.07;
const ALPHA: f64 = 0.75;
const BETA: f64 = 0.65;

fn main() {
    let experiments: u64 = std::env::args().nth(1).map_or(300, |a| a.parse().expect("a number of experiments"));
    let share: f64 = std::env::args().nth(2).map_or(0.04, |a| a.parse().expect("a share of the reducible loss"));
    let law = catalogue::law("chinchilla").expect("it ships");
    let surface = |n: f64, d: f64| E + 0.016 * (n / 24_576.0).powf(-ALPHA) + 0.034 * (d / 1e6).powf(-BETA);
    let mut sizes = Vec::new();
    for width in [12.0f64, 16.0, 24.0, 32.0, 48.0, 64.0] {
        for doubling in 0..6 {
            let tokens = 98_304.0 * 2f64.powi(doubling);
            if width * width * tokens <= 4.1e9 {
                sizes.push((24.0 * width * width, tokens));
            }
        }
    }
    let (n, d): (Vec<f64>, Vec<f64>) = sizes.iter().copied().unzip();
    let largest = sizes.iter().map(|(n, d)| surface(*n, *d) - E).fold(0.0, f64::max);
    let far = (98_304.0, 3_932_160.0);
    let beyond = surface(far.0, far.1);
    let ways = [("loss", Noise::Loss, false), ("reducible", Noise::Reducible, false)];
    let ways =
        ways.into_iter().chain([("loss, trust", Noise::Loss, true), ("reducible, trust", Noise::Reducible, true)]);
    for (name, noise, trust) in ways {
        let mut covered = [0u32; 4];
        let mut widths = vec![Vec::new(); 4];
        for experiment in 0..experiments {
            let mut normal = Normal(experiment * 7919 + 17);
            let mut noisy = |loss: f64| loss + share * (loss - E) * normal.next();
            let target = sizes.iter().map(|(n, d)| noisy(surface(*n, *d))).collect();
            let run = noisy(beyond);
            let columns = vec![("N".to_owned(), n.clone()), ("D".to_owned(), d.clone())];
            let points = Points { target, columns, ..Points::default() };
            let options = Options { noise, trust, influence: false, starts: 8, ..Options::default() };
            let Ok(fit) = fit(&law, &points, &options) else { continue };
            let at = [("N".to_owned(), vec![far.0]), ("D".to_owned(), vec![far.1])];
            let new_run = fit.predict(&at, None).expect("a prediction").remove(0).new_run;
            let parameter = |name: &str| fit.parameter(name).and_then(|p| p.estimate.interval);
            let all = [
                (parameter("E"), E, largest),
                (parameter("alpha"), ALPHA, ALPHA),
                (parameter("beta"), BETA, BETA),
                (new_run.interval, run, beyond - E),
            ];
            for (q, (interval, truth, unit)) in all.into_iter().enumerate() {
                if let Some(i) = interval {
                    covered[q] += u32::from(i.lower <= truth && truth <= i.upper);
                    widths[q].push(50.0 * (i.upper - i.lower) / unit);
                }
            }
        }
        println!("--noise {name}");
        for (q, quantity) in ["E", "alpha", "beta", "new run at 4x"].iter().enumerate() {
            widths[q].sort_by(f64::total_cmp);
            let count = widths[q].len();
            let cover = 100.0 * f64::from(covered[q]) / count.max(1) as f64;
            println!("  {quantity:14} {cover:5.1} % of {count}   median half-width {:.1} %", widths[q][count / 2]);
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
