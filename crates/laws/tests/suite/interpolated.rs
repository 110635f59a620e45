//! Approach 2 on runs whose compute was equal by another way of counting.

use isoloss_laws::{ApproachOptions, Budgets, Points, isoflop};

const ALPHA: f64 = 0.45;
const BETA: f64 = 0.4;

/// Nine sizes at six budgets of another count of compute: 6 N D and a part that falls with size. No noise.
fn grid() -> Points {
    let (mut n, mut d) = (Vec::new(), Vec::new());
    for i in 0..9 {
        for budget in 0..6 {
            let params = 5e6 * f64::powf(1.8, f64::from(i));
            let outside = 2e3 * params.sqrt();
            n.push(params);
            d.push(1e17 * f64::powi(3.0, budget) / (6.0 * (params + outside)));
        }
    }
    let loss = n.iter().zip(&d).map(|(n, d)| 1.7 + 300.0 * n.powf(-ALPHA) + 500.0 * d.powf(-BETA)).collect();
    Points { target: loss, columns: vec![("N".into(), n), ("D".into(), d)], ..Points::default() }
}

#[test]
fn runs_are_interpolated_to_equal_compute() {
    let points = grid();
    let within = isoflop(&points, &ApproachOptions::default());
    assert!(within.is_err(), "no two of these runs had the same 6 N D");
    let options = ApproachOptions { budgets: Budgets::Interpolated(5), ..ApproachOptions::default() };
    let found = isoflop(&points, &options).unwrap();
    let truth = BETA / (ALPHA + BETA);
    assert!((found.params.exponent.value - truth).abs() < 0.02, "{} not {truth}", found.params.exponent.value);
    assert!(found.minima.len() >= 3, "{found:?}");
    assert!(found.notes.iter().any(|note| note.contains("interpolated")), "{:?}", found.notes);
}

#[test]
fn too_few_sizes_cannot_be_interpolated() {
    let mut points = grid();
    // Four sizes.
    points.target.truncate(24);
    points.columns.iter_mut().for_each(|(_, column)| column.truncate(24));
    let options = ApproachOptions { budgets: Budgets::Interpolated(5), ..ApproachOptions::default() };
    assert!(isoflop(&points, &options).unwrap_err().message.contains("5 sizes"));
}
