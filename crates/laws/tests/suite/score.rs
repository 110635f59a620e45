//! Fit small, predict large; and which law does it best.

use crate::common::{CHINCHILLA, Noise, grid, points};
use isoloss_laws::{Cuts, Law, Method, Options, Points, Toward, catalogue, fit, rank, score};

fn law() -> Law {
    catalogue::law("chinchilla").unwrap()
}

fn design() -> Vec<(f64, f64)> {
    grid((1e7, 1e10, 7), (1e9, 1e12, 6))
}

fn noisy(seed: u64) -> Points {
    let mut rows = points(&design(), |n, d| CHINCHILLA.at(n, d));
    Noise::new(seed).spoil(&mut rows, 0.003);
    rows
}

/// The truth bends: beyond 1e20 FLOPs loss falls more slowly than the law says.
fn bent(seed: u64) -> Points {
    let mut rows = noisy(seed);
    for i in 0..rows.len() {
        let c = 6.0 * rows.columns[0].1[i] * rows.columns[1].1[i];
        rows.target[i] *= (0.02 * (c / 1e20).ln().max(0.0)).exp();
    }
    rows
}

fn quick() -> Options {
    Options { draws: 200, influence: false, ..Options::default() }
}

#[test]
fn a_true_law_is_trusted_and_a_bent_one_is_not() {
    let exact = points(&design(), |n, d| CHINCHILLA.at(n, d));
    let none = Options { method: Method::None, ..quick() };
    let found = score(&law(), &exact, &none, None, &Cuts::Rolling(5)).unwrap();
    assert_eq!((found.by.as_str(), found.failed.len()), ("C", 0));
    assert!(found.cuts.len() == 5 && found.rmse() < 1e-9, "{found:?}");
    assert!(found.cuts.iter().all(|c| c.r2 > 1.0 - 1e-12 && c.coverage.is_none()));
    assert!(found.cuts.windows(2).all(|w| w[0].scale < w[1].scale && w[0].held.len() > w[1].held.len()));
    let straight = fit(&law(), &noisy(1), &quick()).unwrap().trust.unwrap();
    let bend = fit(&law(), &bent(1), &quick()).unwrap().trust.unwrap();
    assert!(straight.drift < 0.006, "{straight:?}");
    assert!(bend.drift > 2.0 * straight.drift && bend.error > straight.error, "{bend:?}");
}

/// Intervals of new runs, called 95 %, eight times beyond the fitted compute, where the law is a little wrong.
#[test]
fn new_runs_beyond_the_rows_are_covered() {
    let (mut with, mut without) = (0.0, 0.0);
    for seed in 0..12 {
        let coverage = |trust| {
            let options = Options { trust, seed, ..quick() };
            score(&law(), &bent(seed), &options, None, &Cuts::Factor(8.0)).unwrap().coverage().unwrap()
        };
        with += coverage(true) / 12.0;
        without += coverage(false) / 12.0;
    }
    assert!(with > 0.9 && without < with, "{with} with the drift, {without} without");
}

#[test]
fn rows_are_divided_as_asked() {
    let rows = noisy(2);
    let c: Vec<f64> = (0..rows.len()).map(|i| 6.0 * rows.columns[0].1[i] * rows.columns[1].1[i]).collect();
    let none = Options { method: Method::None, ..quick() };
    let largest = c.iter().copied().fold(0.0, f64::max);
    let factor = score(&law(), &rows, &none, None, &Cuts::Factor(8.0)).unwrap();
    let cut = &factor.cuts[0];
    assert_eq!(cut.train, c.iter().filter(|c| **c <= largest / 8.0 * (1.0 + 1e-6)).count());
    assert_eq!(cut.train + cut.held.len(), rows.len());
    assert!(cut.held.iter().all(|h| (c[h.row] / cut.scale / h.factor - 1.0).abs() < 1e-12 && h.factor > 1.0));
    let marks: Vec<bool> = c.iter().map(|c| *c <= largest / 8.0 * (1.0 + 1e-6)).collect();
    let marked = score(&law(), &rows, &none, None, &Cuts::Rows(marks)).unwrap();
    assert_eq!(marked.cuts[0].held, cut.held);
    let by_size = score(&law(), &rows, &none, Some("N"), &Cuts::At(vec![1.1e9, 1e3])).unwrap();
    assert_eq!((by_size.by.as_str(), by_size.cuts.len(), by_size.failed.len()), ("N", 1, 1));
    for (by, cuts, needle) in [
        (None, Cuts::Rows(vec![true; 3]), "3 marks for 42 rows"),
        (Some("P"), Cuts::Rolling(4), "no positive scale P"),
        (None, Cuts::At(vec![1e30]), "no cut by C"),
    ] {
        let error = score(&law(), &rows, &none, by, &cuts).unwrap_err().to_string();
        assert!(error.contains(needle) && error.contains("hint: "), "{error}");
    }
}

/// Weights towards the target make the wrong part of a law matter less.
#[test]
fn an_aimed_fit_extrapolates_a_bent_truth_better() {
    let rmse = |toward: Option<Toward>| {
        let each = (0..6).map(|seed| {
            let options = Options { method: Method::None, toward: toward.clone(), ..quick() };
            score(&law(), &bent(seed), &options, None, &Cuts::Factor(4.0)).unwrap().rmse()
        });
        each.sum::<f64>() / 6.0
    };
    let (plain, aimed) = (rmse(None), rmse(Some(Toward { at: Vec::new(), kappa: 1.0 })));
    assert!(aimed < plain, "{aimed} aimed, {plain} plain");
}

/// Weights never leave fewer than five effective rows (Kish) for a parameter; where they would, the fit is the plain one.
#[test]
fn few_rows_are_not_aimed() {
    let toward = |kappa: f64| Toward { at: vec![("N".into(), 1e11), ("D".into(), 1e13)], kappa };
    let plain = Options { method: Method::None, ..quick() };
    let aimed = |rows: &Points, kappa: f64| {
        fit(&law(), rows, &Options { toward: Some(toward(kappa)), ..plain.clone() }).unwrap()
    };
    let all = bent(1);
    assert!(all.len() >= 30, "{}", all.len());
    let few = Points {
        target: all.target[..24].to_vec(),
        columns: all.columns.iter().map(|(n, c)| (n.clone(), c[..24].to_vec())).collect(),
        ..Points::default()
    };
    let (with, without) = (aimed(&few, 1.0), fit(&law(), &few, &plain).unwrap());
    assert_eq!(with.theta(), without.theta());
    assert!(with.notes.iter().any(|n| n.contains("not aimed")) && with.objective == without.objective);
    // Given rows enough, the fit is one of weights and the field's objective, and says how many rows are left.
    let with = aimed(&all, 1.0);
    let said = with.notes.iter().find(|n| n.contains("count more")).unwrap();
    let left: f64 = said.split_whitespace().find_map(|w| w.parse().ok()).unwrap();
    assert!((25.0..all.len() as f64).contains(&left), "{said}");
    assert_eq!(with.objective.delta, Some(1e-3));
    assert!(with.theta() != fit(&law(), &all, &plain).unwrap().theta());
}

#[test]
fn the_true_law_ranks_first_or_ties() {
    let found = rank(catalogue::laws(), &noisy(3), &quick()).unwrap();
    let place = found.laws.iter().position(|r| r.law == "chinchilla").unwrap();
    assert!(place == 0 || found.laws[place].tie, "{:?}", found.laws);
    let kaplan = found.laws.iter().find(|r| r.law == "kaplan").unwrap();
    let chinchilla = &found.laws[place];
    assert!(chinchilla.aicc + 10.0 < kaplan.aicc && chinchilla.error < kaplan.error && !kaplan.tie, "{kaplan:?}");
    assert!(found.laws.windows(2).all(|w| w[0].judged <= w[1].judged));
    assert!(found.refused.iter().any(|(law, reason)| law == "routed" && reason.contains("no columns")));
    assert_eq!(found, rank(catalogue::laws(), &noisy(3), &quick()).unwrap());
    // One nameless scale.
    let curve: Vec<f64> = (0..14).map(|i| 1e7 * 2f64.powi(i)).collect();
    let mut rows = Points {
        target: curve.iter().map(|n| 2.0 + 60.0 * n.powf(-0.25)).collect(),
        columns: vec![("N".into(), curve)],
        ..Points::default()
    };
    Noise::new(4).spoil(&mut rows, 0.001);
    let found = rank(catalogue::laws(), &rows, &quick()).unwrap();
    let place = |law: &str| found.laws.iter().position(|r| r.law == law).unwrap();
    assert!(place("power-floor") < place("power"), "{:?}", found.laws);
}
