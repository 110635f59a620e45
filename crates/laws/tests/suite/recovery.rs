//! Surfaces of known truth: exact without noise, inside the intervals with it.

use crate::common::{CHINCHILLA, LOPSIDED, Noise, Surface, covers, grid, points, value};
use isoloss_laws::{Loss, Method, Options, catalogue, fit};

/// IsoFLOP curves of seven sizes within a factor of 8 of the best; `drift` moves the middle of each budget's curve.
fn isoflop(surface: &Surface, drift: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let budgets = [1e18, 1e19, 1e20, 1e21, 1e22];
    let curve = |(i, flops): (usize, &f64)| {
        let middle = surface.best(*flops) * drift(i);
        let flops = *flops;
        (-3..=3).map(move |k| middle * f64::from(k).exp2()).map(move |n| (n, flops / (6.0 * n)))
    };
    budgets.iter().enumerate().flat_map(curve).collect()
}

#[test]
fn noise_free_surfaces_are_recovered() {
    let law = catalogue::law("chinchilla").unwrap();
    type Drift = (&'static str, fn(usize) -> f64);
    let drifts: [Drift; 3] =
        [("centred", |_| 1.0), ("off centre", |_| 3.0), ("drifting", |i| 3f64.powf(i as f64 / 2.0 - 1.0))];
    for surface in [CHINCHILLA, LOPSIDED] {
        for (name, drift) in drifts {
            let points = points(&isoflop(&surface, drift), |n, d| surface.at(n, d));
            for loss in [Loss::Robust, Loss::Published, Loss::SquaredLog] {
                let options = Options { loss, method: Method::None, ..Options::default() };
                let fit = fit(&law, &points, &options).unwrap();
                for (parameter, truth) in surface.truth() {
                    let found = value(&fit, parameter);
                    let error = (found / truth - 1.0).abs();
                    assert!(error <= 1e-10, "{surface:?} {name} {loss:?}: {parameter} = {found}, off by {error:e}");
                }
                let optimum = fit.optimum(1e24).unwrap();
                assert!((optimum.params.value / surface.best(1e24) - 1.0).abs() < 1e-9, "{name} {loss:?}");
            }
        }
    }
}

/// A reduced form of the coverage bench: 60 experiments of 30 runs, 0.5 % noise.
#[test]
fn intervals_cover_the_truth() {
    const EXPERIMENTS: u64 = 60;
    let law = catalogue::law("chinchilla").unwrap();
    let (n, d) = ((3e7, 3e9, 6), (1e9, 1e11, 5));
    let design = grid(n, d);
    let far = 10f64.sqrt();
    let ahead = (n.1 * far, d.1 * far);
    let names = ["alpha", "beta", "E", "loss at 10x"];
    let mut covered = [0u64; 4];
    for experiment in 0..EXPERIMENTS {
        let mut points = points(&design, |n, d| CHINCHILLA.at(n, d));
        Noise::new(experiment).spoil(&mut points, 0.005);
        let options = Options { draws: 300, threads: 2, seed: experiment, influence: false, ..Options::default() };
        let fit = fit(&law, &points, &options).unwrap();
        for (count, (name, truth)) in covered.iter_mut().zip([("alpha", 0.34), ("beta", 0.28), ("E", 1.69)]) {
            *count += u64::from(covers(&fit.parameter(name).unwrap().estimate, truth));
        }
        let at = [("N".to_owned(), vec![ahead.0]), ("D".to_owned(), vec![ahead.1])];
        let mean = &fit.predict(&at, None).unwrap()[0].mean;
        covered[3] += u64::from(covers(mean, CHINCHILLA.at(ahead.0, ahead.1)));
    }
    for (name, count) in names.iter().zip(covered) {
        assert!(count * 100 >= EXPERIMENTS * 85, "{name}: {count} of {EXPERIMENTS}");
    }
    assert!(covered.iter().sum::<u64>() * 100 >= EXPERIMENTS * 4 * 90, "{covered:?} of {EXPERIMENTS}");
}

/// One run of sixteen diverged. Least squares would answer with a negative floor.
#[test]
fn one_diverged_run_does_not_own_the_fit() {
    let law = catalogue::law("chinchilla").unwrap();
    for (seed, bad) in [(1, 0), (2, 5), (3, 10), (4, 15)] {
        let mut points = points(&grid((3e7, 3e9, 4), (1e9, 1e11, 4)), |n, d| CHINCHILLA.at(n, d));
        Noise::new(seed).spoil(&mut points, 0.005);
        points.target[bad] *= 3.0;
        let fit = fit(&law, &points, &Options::default()).unwrap();
        assert!(value(&fit, "E") > 0.0, "run {bad}: E = {}", value(&fit, "E"));
        for (name, truth) in CHINCHILLA.truth() {
            let estimate = &fit.parameter(name).unwrap().estimate;
            eprintln!(
                "run {bad}: {name} = {} {:?}, truth {truth}",
                estimate.value,
                estimate.interval.map(|i| (i.lower, i.upper))
            );
            assert!(covers(estimate, truth), "run {bad}: {name} = {estimate:?}, truth {truth}");
        }
    }
}
