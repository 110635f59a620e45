//! Noise that is a share of the reducible loss.

use crate::common::{Noise as Random, close, covers, grid, points, value};
use isoloss_laws::{Fit, Law, Loss, Method, Noise, Options, Points, catalogue, fit};

const E: f64 = 3.07;

/// What the first ladder measures, near enough: reducible loss from 0.25 to 0.03.
fn above_floor(n: f64, d: f64) -> f64 {
    0.016 * (n / 24_576.0).powf(-0.75) + 0.034 * (d / 1e6).powf(-0.65)
}

fn ladder(seed: u64, share: f64) -> Points {
    let mut random = Random::new(seed);
    let rows = grid((3456.0, 98_304.0, 6), (98_304.0, 3_145_728.0, 6));
    let mut points = points(&rows, |n, d| E + above_floor(n, d));
    points.target.iter_mut().for_each(|y| *y += share * (*y - E) * random.normal());
    points
}

fn reducible() -> Options {
    Options { noise: Noise::Reducible, draws: 200, starts: 8, ..Options::default() }
}

fn fitted(points: &Points, options: &Options) -> Fit {
    fit(&catalogue::law("chinchilla").unwrap(), points, options).unwrap()
}

fn width(estimate: &isoloss_laws::Estimate) -> f64 {
    estimate.interval.map(|i| i.upper - i.lower).unwrap()
}

#[test]
fn the_share_is_found_and_intervals_are_narrower_near_the_floor() {
    let (mut inside, mut noise, mut narrower) = (0, 0.0, 0.0);
    let at = [("N".to_owned(), vec![98_304.0]), ("D".to_owned(), vec![3_932_160.0])];
    for seed in 0..12 {
        let points = ladder(seed, 0.04);
        let options = Options { trust: false, influence: false, ..reducible() };
        let (known, alike) = (fitted(&points, &options), fitted(&points, &Options { noise: Noise::Loss, ..options }));
        let e = |fit: &Fit| fit.parameter("E").unwrap().estimate.clone();
        inside += usize::from(covers(&e(&known), E));
        noise += known.noise / 12.0;
        narrower += width(&e(&known)) / width(&e(&alike)) / 12.0;
        let run = known.predict(&at, None).unwrap().remove(0);
        // A new run's noise is the share of what is reducible there, and the law's own error adds to it.
        let least = 2.0 * 1.96 * known.noise * (run.mean.value - value(&known, "E"));
        assert!(width(&run.new_run) > least && width(&run.new_run) < 2.0 * least, "{run:?}");
        assert!(fitted_share(&known) < 1e-9);
    }
    assert!(inside >= 10 && close(noise, 0.04, 0.12) && narrower < 0.75, "{inside} of 12, {noise}, {narrower}");
}

/// How far the scales of a fit are from the reducible loss that its own parameters say.
fn fitted_share(fit: &Fit) -> f64 {
    let [e, a, alpha, b, beta] = ["E", "A", "alpha", "B", "beta"].map(|name| value(fit, name));
    let rows = grid((3456.0, 98_304.0, 6), (98_304.0, 3_145_728.0, 6));
    let far = rows.iter().zip(&fit.scale).map(|((n, d), scale)| {
        let part = a * n.powf(-alpha) + b * d.powf(-beta);
        ((part + fit.reducible.unwrap()) / (e + part) / scale - 1.0).abs()
    });
    far.fold(0.0, f64::max)
}

#[test]
fn squares_end_where_their_weighted_gradient_vanishes() {
    // Weights as they are at the optimum do not move with the parameters: sum of w r dr/dtheta = 0, by differences.
    let points = ladder(3, 0.04);
    let options = Options { loss: Loss::SquaredLog, method: Method::None, ..reducible() };
    let fit = fitted(&points, &options);
    let theta = ["E", "A", "alpha", "B", "beta"].map(|name| value(&fit, name));
    let (n, d) = (points.column("N").unwrap(), points.column("D").unwrap());
    let half_squares = |t: [f64; 5]| {
        let each = points.target.iter().enumerate().map(|(i, y)| {
            let f = t[0] + t[1] * n[i].powf(-t[2]) + t[3] * d[i].powf(-t[4]);
            ((y / f).ln() / fit.scale[i]).powi(2)
        });
        0.5 * each.sum::<f64>()
    };
    let here = half_squares(theta);
    assert!(close(here, fit.objective.value, 1e-9));
    for k in 0..5 {
        let moved = |share: f64| {
            let mut t = theta;
            t[k] *= 1.0 + share;
            half_squares(t)
        };
        let step = 1e-6;
        let (slope, bend) = (moved(step) - moved(-step), moved(step) - 2.0 * here + moved(-step));
        // A Newton step along each parameter goes nowhere.
        assert!((0.5 * slope / bend * step).abs() < 1e-5, "{k}: {slope:e} {bend:e}");
    }
}

#[test]
fn without_noise_the_law_is_found() {
    let fit = fitted(&ladder(1, 0.0), &Options { method: Method::None, ..reducible() });
    assert!(close(value(&fit, "E"), E, 1e-9) && close(value(&fit, "alpha"), 0.75, 1e-6), "{:?}", fit.parameters);
}

#[test]
fn threads_and_files_change_no_bit() {
    let points = ladder(5, 0.04);
    for method in [Method::Residual, Method::Wild, Method::Pairs] {
        let with = |threads| fitted(&points, &Options { method, threads, draws: 31, ..reducible() });
        let one = with(1);
        assert_eq!(one.draws, with(4).draws);
        let again = Fit::from_json(&one.to_json()).unwrap();
        let at = [("N".to_owned(), vec![2e5]), ("D".to_owned(), vec![1e7])];
        assert_eq!(again.predict(&at, None), one.predict(&at, None));
        assert_eq!((again.reducible, &again.scale), (one.reducible, &one.scale));
    }
}

#[test]
fn noise_that_shrinks_towards_the_floor_is_noticed() {
    let noticed = |fit: &Fit| fit.warnings.iter().any(|w| w.code == "noise");
    let plain = Options { noise: Noise::Loss, method: Method::None, ..reducible() };
    let alike = |seed| {
        let mut points = ladder(seed, 0.0);
        Random::new(seed).spoil(&mut points, 0.001);
        points
    };
    let of = |make: &dyn Fn(u64) -> Points| (0..20).filter(|&seed| noticed(&fitted(&make(seed), &plain))).count();
    let (shrinking, false_alarms) = (of(&|seed| ladder(seed, 0.04)), of(&alike));
    assert!(shrinking >= 8 && false_alarms <= 1, "{shrinking} and {false_alarms} of 20");
    assert!(!noticed(&fitted(&ladder(0, 0.04), &Options { method: Method::None, ..reducible() })));
}

#[test]
fn what_has_no_floor_is_refused() {
    let points = ladder(2, 0.04);
    let refused = |formula: &str, options: &Options| {
        let law = Law::from_formula(formula, &["N", "D", "L"], &[]).unwrap();
        fit(&law, &points, options).unwrap_err()
    };
    let none = refused("L = A*N^-alpha + B*D^-beta", &reducible());
    assert!(none.message.contains("no irreducible term") && none.hint.is_some(), "{none:?}");
    let published = Options { loss: Loss::Published, ..reducible() };
    assert!(refused("L = E + A*N^-alpha + B*D^-beta", &published).message.contains("published"));
    // The floor may be anything that no input changes, by a definition too, and wherever it stands.
    for formula in ["L = A*N^-alpha + B*D^-beta + E + 0.1", "let floor = E*2; L = B/D^beta + (floor + A*N^-alpha)"] {
        let law = Law::from_formula(formula, &["N", "D", "L"], &[]).unwrap();
        let fit = fit(&law, &points, &Options { method: Method::None, ..reducible() }).unwrap();
        assert!(close(fit.noise, 0.04, 0.4), "{formula}: {}", fit.noise);
    }
}
