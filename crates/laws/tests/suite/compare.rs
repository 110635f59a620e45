//! Families at equal loss.

use crate::common::{Noise, Surface, covers, grid};
use isoloss_laws::{
    Comparison, Labels, Options, Place, Points, Scale, Side, catalogue, compare, fit, published, size_gain,
};

/// Two families on one grid; the second's amplitudes are `share` of the first's.
fn families(share: f64, noise: f64, seed: u64) -> Points {
    let first = Surface { e: 1.7, a: 400.0, b: 1500.0, alpha: 0.34, beta: 0.33 };
    let second = Surface { a: share * first.a, b: share * first.b, ..first };
    let design = grid((3e7, 3e9, 5), (1e9, 1e11, 5));
    let rows: Vec<(f64, f64)> = design.iter().chain(&design).copied().collect();
    let mut points = crate::common::points(&rows, |_, _| 0.0);
    let count = design.len();
    for (i, &(n, d)) in rows.iter().enumerate() {
        points.target[i] = if i < count { first.at(n, d) } else { second.at(n, d) };
    }
    points.family = Some(Labels::new("kind", (0..2 * count).map(|i| if i < count { "old" } else { "new" })));
    Noise::new(seed).spoil(&mut points, noise);
    points
}

fn compared(points: &Points, per: &[&str], places: &[Place]) -> Comparison {
    let law = catalogue::law("chinchilla").unwrap();
    let per_family = per.iter().map(|p| (*p).to_owned()).collect();
    let options = Options { draws: 300, influence: false, per_family, ..Options::default() };
    let fit = fit(&law, points, &options).unwrap();
    let side = |family| Side { fit: &fit, family: Some(family) };
    compare(side("old"), side("new"), &Scale::Compute, &[], places).unwrap()
}

/// Amplitudes of a share s need compute s^((alpha + beta) / (alpha beta)) times less at equal loss.
#[test]
fn a_known_multiplier_is_found() {
    let (alpha, beta): (f64, f64) = (0.34, 0.33);
    let truth = 0.93f64.powf(-(alpha + beta) / (alpha * beta));
    let exact = compared(&families(0.93, 0.0, 1), &["A", "B"], &[]);
    assert_eq!(exact.ratios.len(), 5);
    for r in &exact.ratios {
        assert!((r.ratio.value / truth - 1.0).abs() < 1e-7, "{} at {}, truth {truth}", r.ratio.value, r.loss);
        assert!((r.baseline / r.variant / truth - 1.0).abs() < 1e-7);
        assert!(!r.beyond_baseline && !r.beyond_variant);
    }
    assert!(!exact.changes);
    assert!(exact.crossing.is_none(), "{:?}", exact.crossing);
    let noisy = compared(&families(0.93, 0.003, 2), &["A", "B"], &[Place::Scale(1e21), Place::Loss(2.4)]);
    for r in &noisy.ratios {
        assert!(covers(&r.ratio, truth), "{:?}, truth {truth}", r.ratio);
        assert!(r.ratio.interval.unwrap().lower > 1.0, "{:?}", r.ratio);
    }
    // The shared parameters cancel: separate fits are less sure.
    let width = |c: &Comparison| c.ratios[1].ratio.interval.map(|i| i.upper - i.lower).unwrap();
    let all = ["E", "A", "B", "alpha", "beta"];
    let separate = compared(&families(0.93, 0.003, 2), &all, &[Place::Scale(1e21), Place::Loss(2.4)]);
    assert!(width(&separate) > width(&noisy), "{} against {}", width(&separate), width(&noisy));
}

#[test]
fn alike_is_not_distinguishable() {
    let wrong = (0..20).filter(|&seed| {
        let alike = compared(&families(1.0, 0.004, 100 + seed), &["A", "B"], &[]);
        alike.distinguishable.unwrap()
    });
    let wrong = wrong.count();
    // Five losses are looked at, so a little more than one in twenty.
    assert!(wrong <= 4, "{wrong} of 20 told apart what is alike");
    assert_eq!(compared(&families(0.9, 0.004, 3), &["A", "B"], &[]).distinguishable, Some(true));
}

/// The figure's 1.16 belongs to one loss; the lines cross far away (arXiv 2510.26692, figure 5).
#[test]
fn kimi_linear_against_mla() {
    let (mla, linear) = (published("kimi-mla").unwrap(), published("kimi-linear").unwrap());
    let side = |fit| Side { fit, family: None };
    let places = [4.0, 5.0, 10.0].map(Place::Scale);
    let found = compare(side(&mla), side(&linear), &Scale::Compute, &[], &places).unwrap();
    for (r, expected) in found.ratios.iter().zip([1.161, 1.157, 1.144]) {
        assert!((r.ratio.value - expected).abs() < 5e-4, "{} for {expected}", r.ratio.value);
        assert!(r.ratio.interval.is_none() && r.ratio.method.contains("published"), "{:?}", r.ratio);
    }
    let crossing = found.crossing.unwrap().value;
    assert!((2.9e4..3.1e4).contains(&crossing), "{crossing}");
    assert!(found.changes && found.distinguishable.is_none());
}

#[test]
fn places_that_are_never_reached_are_refused() {
    let points = families(0.93, 0.002, 4);
    let law = catalogue::law("chinchilla").unwrap();
    let options = Options { draws: 40, influence: false, per_family: vec!["A".into()], ..Options::default() };
    let fit = fit(&law, &points, &options).unwrap();
    let side = |family| Side { fit: &fit, family: Some(family) };
    let error = compare(side("old"), side("new"), &Scale::Compute, &[], &[Place::Loss(1.2)]).unwrap_err();
    assert!(error.message.contains("never has 1.2"), "{error}");
    let error = compare(side("old"), side("newest"), &Scale::Compute, &[], &[]).unwrap_err();
    assert!(error.message.contains("newest"), "{error}");
    let error = compare(side("old"), side("new"), &Scale::Input("N".into()), &[], &[]).unwrap_err();
    assert!(error.message.contains("also reads D"), "{error}");
    let given = [("D".to_owned(), 2e10)];
    let params = compare(side("old"), side("new"), &Scale::Input("N".into()), &given, &[]).unwrap();
    assert!(params.ratios.iter().all(|r| r.ratio.value > 1.0));
}

/// Yang et al. 2024, arXiv 2407.01178, table 16: the gain of memory as a gain in size.
#[test]
fn a_gain_in_score_is_a_gain_in_size() {
    let gain = 63.31 - 60.80;
    let llama = size_gain((6.5, 46.87), (13.0, 51.78), gain).unwrap();
    let qwen = size_gain((1.2, 49.67), (3.2, 58.15), gain).unwrap();
    // The paper prints 49.4 %: it rounds the growth of 166.7 % to 167 % before it multiplies.
    for (found, expected) in
        [(llama.linear, 0.5112), (qwen.linear, 0.4933), (llama.logarithmic, 0.425), (qwen.logarithmic, 0.337)]
    {
        assert!((found - expected).abs() < 6e-4, "{found} for {expected}");
    }
    assert!(size_gain((2.0, 50.0), (1.0, 60.0), 1.0).is_none() && size_gain((1.0, 50.0), (2.0, 49.0), 1.0).is_none());
}
