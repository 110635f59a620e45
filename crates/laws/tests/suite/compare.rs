//! Families at equal loss.

use crate::common::{Noise, Surface, covers, grid};
use isoloss_laws::{
    Comparison, Labels, Options, Place, Points, Scale, Side, catalogue, compare, families_suffice, fit, published,
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

/// Trained far too long for their size: the losses that both reached are had for the least compute with a hundredth of the
/// tokens, which nobody tried.
#[test]
fn best_sizes_far_outside_the_runs_tell_nothing_apart() {
    let mut points = families(0.9, 0.0, 5);
    let rows: Vec<(f64, f64)> = grid((1e6, 1e7, 5), (1e12, 1e13, 5));
    let half = rows.len();
    let first = Surface { e: 1.7, a: 400.0, b: 1500.0, alpha: 0.34, beta: 0.33 };
    let second = Surface { a: 0.9 * first.a, b: 0.9 * first.b, ..first };
    for (i, &(n, d)) in rows.iter().chain(&rows).enumerate() {
        points.columns[0].1[i] = n;
        points.columns[1].1[i] = d;
        points.target[i] = if i < half { first.at(n, d) } else { second.at(n, d) };
    }
    Noise::new(6).spoil(&mut points, 0.001);
    let found = compared(&points, &["A", "B"], &[]);
    assert!(found.distinguishable.is_none() && found.ratios.iter().all(|r| r.beyond_baseline && r.beyond_variant));
    let [warning] = found.warnings.as_slice() else { panic!("{:?}", found.warnings) };
    assert_eq!(warning.code, "best-sizes");
    assert!(warning.text.contains("D lies") && warning.text.contains("below the smallest"), "{}", warning.text);
    // Along tokens, at a size that was trained, they are told apart.
    let law = catalogue::law("chinchilla").unwrap();
    let per_family = vec!["A".to_owned(), "B".to_owned()];
    let fit = fit(&law, &points, &Options { draws: 300, influence: false, per_family, ..Options::default() }).unwrap();
    let side = |family| Side { fit: &fit, family: Some(family) };
    let with = [("N".to_owned(), 3e6)];
    let along = compare(side("old"), side("new"), &Scale::Input("D".into()), &with, &[]).unwrap();
    assert_eq!(along.distinguishable, Some(true), "{along:?}");
    assert!(along.warnings.is_empty());
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
    assert_eq!(found.crossing_beyond, 1.0, "no runs are known that it could lie beyond");
    assert!(found.changes && found.distinguishable.is_none());
}

/// Curves of other exponents meet somewhere; how far from the runs is said.
#[test]
fn a_crossing_knows_how_far_it_lies_from_the_runs() {
    let law = catalogue::law("frontier").unwrap();
    let beyond = |at: f64| {
        let scale: Vec<f64> = (0..10).map(|i| 1e18 * 10f64.powf(f64::from(i) / 4.5)).collect();
        // Losses of both families are equal at `at` times the largest run.
        let equal = 1e20 * at;
        let loss = |c: f64, exponent: f64| 1.5 + 0.8 * (c / equal).powf(-exponent);
        let target = scale.iter().map(|c| loss(*c, 0.1)).chain(scale.iter().map(|c| loss(*c, 0.15)));
        let mut points = Points { target: target.collect(), ..Points::default() };
        points.columns.push(("C".into(), [scale.clone(), scale.clone()].concat()));
        points.family = Some(Labels::new("kind", (0..20).map(|i| if i < 10 { "old" } else { "new" })));
        Noise::new(1).spoil(&mut points, 1e-5);
        let per_family = law.parameters.iter().map(|p| p.name.clone()).collect();
        let options = Options { draws: 40, influence: false, per_family, ..Options::default() };
        let fit = fit(&law, &points, &options).unwrap();
        let side = |family| Side { fit: &fit, family: Some(family) };
        let input = Scale::Input("C".into());
        let found = compare(side("old"), side("new"), &input, &[], &[Place::Scale(1e19)]).unwrap();
        assert!((found.crossing.unwrap().value / equal - 1.0).abs() < 0.1);
        found.crossing_beyond
    };
    assert_eq!(beyond(0.1), 1.0);
    assert!((beyond(4.0) / 4.0 - 1.0).abs() < 0.1);
    assert!((beyond(1e-4) / 100.0 - 1.0).abs() < 0.1);
}

#[test]
fn places_that_are_never_reached_are_refused() {
    let points = families(0.93, 0.002, 4);
    let law = catalogue::law("chinchilla").unwrap();
    let options = Options { draws: 40, influence: false, per_family: vec!["A".into()], ..Options::default() };
    let fit = fit(&law, &points, &options).unwrap();
    let side = |family| Side { fit: &fit, family: Some(family) };
    let error = compare(side("old"), side("new"), &Scale::Compute, &[], &[Place::Loss(1.2)]).unwrap_err();
    assert!(error.message.contains("the baseline never has 1.2: its floor E is 1."), "{error}");
    assert!(error.message.contains("the variant never has 1.2: its floor E is 1."), "{error}");
    let error = compare(side("old"), side("newest"), &Scale::Compute, &[], &[]).unwrap_err();
    assert!(error.message.contains("newest"), "{error}");
    let error = compare(side("old"), side("new"), &Scale::Input("N".into()), &[], &[]).unwrap_err();
    assert!(error.message.contains("also reads D"), "{error}");
    // The hint is the middle of what was fitted.
    assert_eq!(error.hint.as_deref(), Some("as in --with D=1e10"));
    let given = [("D".to_owned(), 2e10)];
    let params = compare(side("old"), side("new"), &Scale::Input("N".into()), &given, &[]).unwrap();
    assert!(params.ratios.iter().all(|r| r.ratio.value > 1.0));
}

/// Laws are compared along what both read, with a value for what only one reads.
#[test]
fn laws_of_other_inputs() {
    let fit = |name: &str| published(name).unwrap();
    let along = |a: &str, b: &str, scale: Scale, given: &[(&str, f64)], place| {
        let given: Vec<(String, f64)> = given.iter().map(|(n, x)| ((*n).to_owned(), *x)).collect();
        let (a, b) = (fit(a), fit(b));
        compare(Side { fit: &a, family: None }, Side { fit: &b, family: None }, &scale, &given, &[place])
    };
    let n = || Scale::Input("N".into());
    let (dense, routed) = ("hoffmann-2022", "clark-2022-hash");
    let error = along(dense, routed, Scale::Compute, &[], Place::Loss(2.5)).unwrap_err();
    assert!(error.message.contains("the law chinchilla reads N, D; the law routed reads X, N"), "{error}");
    let (with, hint) = ([("D", 1e10), ("X", 8.0)], error.hint.unwrap());
    assert!(hint.ends_with("--scale N --with D=1e10,X=8"), "{hint}");
    assert!(along(dense, routed, n(), &with, Place::Loss(2.5)).is_ok());
    let error = along(dense, routed, n(), &[], Place::Loss(2.5)).unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("as in --with D=1e10,X=8"));
    let error = along("kaplan-2020-n", "kaplan-2020-d", Scale::Compute, &[], Place::Loss(2.5)).unwrap_err();
    assert!(error.message.starts_with("the two have no scale in common"), "{error}");
    let error = along(dense, "kaplan-2020", n(), &[("D", 1e10)], Place::Loss(99.0)).unwrap_err();
    assert!(error.message.starts_with("the variant never has 99: its law says no more than "), "{error}");
    // A law of one nameless scale goes with compute, where the unit is not looked at.
    assert!(along("nmm-moe-text", dense, Scale::Compute, &[], Place::Scale(1e21)).is_ok());
}

#[test]
fn examples_suit_what_an_input_holds() {
    for (name, input, value) in [
        ("frantar-2023-t5", "S", 0.5),
        ("frantar-2023-t5", "D", 1e10),
        ("clark-2022-hash", "N", 1e9),
        ("clark-2022-hash", "X", 8.0),
        ("parscale-stack", "P", 8.0),
        ("kimi-mla", "X", 10.0),
    ] {
        assert_eq!(published(name).unwrap().typical(input), value, "{name} {input}");
    }
}

/// What one side does not say is not known to differ; units are the fit's own.
#[test]
fn warnings_of_a_comparison() {
    let warned = |a: &str, b: &str, scale: Scale, at: Place| {
        let (a, b) = (published(a).unwrap(), published(b).unwrap());
        let (a, b) = (Side { fit: &a, family: None }, Side { fit: &b, family: None });
        let found = compare(a, b, &scale, &[("D".to_owned(), 1e10)], &[at]).unwrap();
        found.warnings.into_iter().map(|w| w.code).collect::<Vec<_>>()
    };
    let n = || Scale::Input("N".into());
    assert_eq!(warned("hoffmann-2022", "besiroglu-2024", n(), Place::Scale(1e9)), [""; 0]);
    assert_eq!(warned("hoffmann-2022", "krajewski-2024-dense", n(), Place::Scale(1e9)), [""; 0]);
    assert_eq!(warned("hoffmann-2022", "schwethelm-2026-r1", n(), Place::Loss(3.0)), ["convention", "convention"]);
    assert_eq!(warned("kimi-mla", "kimi-linear", Scale::Compute, Place::Scale(1e21)), ["units"]);
    assert_eq!(warned("kimi-mla", "kimi-linear", Scale::Compute, Place::Scale(1e6)), [""; 0]);
}

#[test]
fn a_family_needs_rows_for_what_is_its_own() {
    let mut points = families(0.93, 0.002, 4);
    let last = points.len() - 1;
    let labels = points.family.take().unwrap();
    let names = labels.index.iter().map(|&i| labels.levels[i as usize].clone());
    points.family =
        Some(Labels::new("my kind", names.enumerate().map(|(row, name)| if row == last { "x".into() } else { name })));
    let law = catalogue::law("chinchilla").unwrap();
    let per = |names: &[&str], fix: Vec<(String, f64)>| {
        let per_family = names.iter().map(|n| (*n).to_owned()).collect();
        families_suffice(&law, &points, &Options { per_family, fix, ..Options::default() })
    };
    let error = per(&["A", "alpha"], Vec::new()).unwrap_err();
    assert!(error.message.contains("the family x has 1 row for 2 parameters of its own (A, alpha)"), "{error}");
    let typed = r"--where '`my kind` != '\''x'\'''";
    assert!(error.hint.unwrap().contains(typed));
    assert!(per(&["A"], Vec::new()).is_ok() && per(&[], Vec::new()).is_ok());
    assert!(per(&["A", "alpha"], vec![("alpha".into(), 0.34)]).is_ok());
}
