//! What a parameter of one family is times that of another.

use isoloss_laws::{Fit, Labels, Options, catalogue, fit};

use crate::common::{Noise, Surface, covers, grid, points};

/// Two families on one grid: the second has `share` of the first's A.
fn fitted(share: f64, noise: f64, seed: u64, options: Options) -> Fit {
    let first = Surface { e: 1.7, a: 400.0, b: 1500.0, alpha: 0.34, beta: 0.33 };
    let second = Surface { a: share * first.a, ..first };
    let design = grid((3e7, 3e9, 5), (1e9, 1e11, 5));
    let rows: Vec<(f64, f64)> = design.iter().chain(&design).copied().collect();
    let mut points = points(&rows, |_, _| 0.0);
    let is_old = |i: usize| i < design.len();
    for (i, &(n, d)) in rows.iter().enumerate() {
        points.target[i] = if is_old(i) { first.at(n, d) } else { second.at(n, d) };
    }
    points.family = Some(Labels::new("kind", (0..rows.len()).map(|i| if is_old(i) { "old" } else { "new" })));
    Noise::new(seed).spoil(&mut points, noise);
    let options = Options { draws: 400, influence: false, per_family: vec!["A".into()], ..options };
    fit(&catalogue::law("chinchilla").unwrap(), &points, &options).unwrap()
}

#[test]
fn ratios_are_taken_within_each_draw() {
    let found = fitted(0.8, 0.004, 1, Options::default());
    let [against] = &found.against("old")[..] else { panic!("{:?}", found.against("old")) };
    assert_eq!((against.parameter.as_str(), against.family.as_str(), against.baseline.as_str()), ("A", "new", "old"));
    let at = |name: &str| found.parameters.iter().position(|p| p.name == name).unwrap();
    let (new, old) = (at("A[new]"), at("A[old]"));
    let interval = against.ratio.interval.unwrap();
    assert_eq!(against.ratio.value, found.theta()[new] / found.theta()[old]);
    assert!(covers(&against.ratio, 0.8) && interval.upper < 1.0, "{:?}", against.ratio);

    // The ends are quantiles of the ratios, but for the correction of bias.
    let mut ratios: Vec<f64> = found.draws.iter().map(|draw| draw[new] / draw[old]).collect();
    ratios.sort_by(f64::total_cmp);
    let near = |end: f64, rank: usize| ratios[rank - 8] <= end && end <= ratios[rank + 8];
    assert!(near(interval.lower, 10) && near(interval.upper, 389), "{interval:?} {:?} {:?}", ratios[10], ratios[389]);
    // Both amplitudes move with the exponent that they share; their ratio does not.
    let share = |name: &str| {
        let estimate = &found.parameter(name).unwrap().estimate;
        estimate.interval.map(|i| (i.upper - i.lower) / estimate.value).unwrap()
    };
    let width = (interval.upper - interval.lower) / against.ratio.value;
    assert!(3.0 * width < share("A[old]").min(share("A[new]")), "{width} {} {}", share("A[old]"), share("A[new]"));

    // The other way round, and without such a family.
    let back = &found.against("new")[0].ratio;
    assert!((back.value * against.ratio.value - 1.0).abs() < 1e-12);
    assert!((back.interval.unwrap().lower * interval.upper - 1.0).abs() < 0.05, "{back:?} {interval:?}");
    assert!(found.against("none").is_empty());
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let held = (0..40).filter(|&seed| {
        let found = fitted(0.9, 0.005, 300 + seed, Options::default());
        covers(&found.against("old")[0].ratio, 0.9)
    });
    let held = held.count();
    assert!(held >= 34, "{held} of 40");
}

#[test]
fn what_has_no_interval_says_why() {
    let held = vec![("A[old]".to_owned(), 400.0), ("A[new]".to_owned(), 320.0)];
    let found = fitted(0.8, 0.004, 1, Options { fix: held, ..Options::default() });
    let ratio = &found.against("old")[0].ratio;
    assert_eq!((ratio.value, ratio.interval), (0.8, None));
    assert!(ratio.method.contains("held"), "{}", ratio.method);
    // One that is held moves nothing: the interval is that of the other.
    let found = fitted(0.8, 0.004, 1, Options { fix: vec![("A[old]".to_owned(), 400.0)], ..Options::default() });
    let (ratio, new) = (&found.against("old")[0].ratio, &found.parameter("A[new]").unwrap().estimate);
    let [a, b] = [ratio, new].map(|estimate| estimate.interval.unwrap().upper);
    assert!((400.0 * a / b - 1.0).abs() < 1e-9, "{a} {b}");
}
