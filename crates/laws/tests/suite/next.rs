//! Which runs to buy.

use crate::common::{CHINCHILLA, Noise, grid, points};
use isoloss_laws::{Fit, Method, Next, Options, Points, Purse, Quantity, catalogue, fit, next};

const SIGMA: f64 = 0.004;

fn rows(seed: u64) -> Points {
    let mut rows = points(&grid((3e7, 1e9, 5), (1e9, 3e10, 4)), |n, d| CHINCHILLA.at(n, d));
    Noise::new(seed).spoil(&mut rows, SIGMA);
    rows
}

fn fitted(rows: &Points) -> Fit {
    let options = Options { draws: 600, influence: false, trust: false, ..Options::default() };
    fit(&catalogue::law("chinchilla").unwrap(), rows, &options).unwrap()
}

fn purse(budget: f64, runs: usize) -> Purse {
    Purse { budget, runs, until: None, anchors: false }
}

fn width(fit: &Fit, name: &str) -> f64 {
    fit.parameter(name).unwrap().estimate.interval.map(|i| 0.5 * (i.upper - i.lower)).unwrap()
}

/// Makes the runs and fits again.
fn bought(rows: &Points, plan: &Next) -> Fit {
    let mut more = rows.clone();
    let mut noise = Noise::new(77);
    for run in &plan.runs {
        let (n, d) = (run.at[0].1, run.at[1].1);
        more.columns[0].1.push(n);
        more.columns[1].1.push(d);
        more.target.push(CHINCHILLA.at(n, d) * (SIGMA * noise.normal()).exp());
    }
    fitted(&more)
}

#[test]
fn the_runs_that_are_bought_shrink_the_interval_as_said() {
    let rows = rows(1);
    let now = fitted(&rows);
    let largest = now.largest_flops.unwrap();
    let plan = next(&now, &Quantity::Parameter("alpha".into()), &purse(20.0 * largest, 12)).unwrap();
    assert!(!plan.runs.is_empty() && plan.runs.len() <= 12 && plan.cost <= 20.0 * largest);
    // The rows span N 3e7 to 1e9, D 1e9 to 3e10, so D/N 1 to 1000; a run says where it lies outside, and never far.
    for run in &plan.runs {
        let (n, d) = (run.at[0].1, run.at[1].1);
        assert!(
            (1.0 / 8.0..=8000.0).contains(&(d / n)) && run.outside.iter().all(|(_, f)| *f < 8.0 * 1.001),
            "{run:?}"
        );
        let beyond = |name: &str| run.outside.iter().find(|(n, _)| n == name).map_or(1.0, |(_, f)| *f);
        let expected = [("N", n / 1e9), ("D", d / 3e10), ("D/N", (d / n / 1e3).max(n / d))];
        assert!(expected.iter().all(|(name, f)| (beyond(name) / f.max(1.0) - 1.0).abs() < 1e-8), "{run:?}");
    }
    assert!((plan.runs.iter().map(|r| r.cost).sum::<f64>() / plan.cost - 1.0).abs() < 1e-9);
    assert!(plan.runs.windows(2).all(|w| w[1].half_width <= w[0].half_width));
    assert!((plan.before / width(&now, "alpha") - 1.0).abs() < 0.35, "{} {}", plan.before, width(&now, "alpha"));
    let then = bought(&rows, &plan);
    let promised = plan.runs.last().unwrap().half_width;
    let found = width(&then, "alpha");
    assert!(found < 0.75 * plan.before && (0.5..2.0).contains(&(found / promised)), "{found}, promised {promised}");
    // The same money on copies of the largest run brings less.
    let copies = Next {
        runs: vec![
            isoloss_laws::Wanted {
                at: vec![("N".into(), 1e9), ("D".into(), 3e10)],
                cost: largest,
                half_width: 0.0,
                anchor: false,
                outside: Vec::new()
            };
            plan.runs.len().min((plan.cost / largest) as usize).max(1)
        ],
        ..plan.clone()
    };
    assert!(width(&bought(&rows, &copies), "alpha") > found);
}

#[test]
fn it_stops_when_the_interval_is_narrow_enough() {
    let now = fitted(&rows(2));
    let largest = now.largest_flops.unwrap();
    let enough = Purse { budget: 1e9 * largest, runs: 500, until: Some(0.01), anchors: false };
    let plan = next(&now, &Quantity::Parameter("alpha".into()), &enough).unwrap();
    let last = plan.runs.last().unwrap();
    assert!(last.half_width <= 0.01 && plan.before > 0.01, "{plan:?}");
    assert!(plan.runs[..plan.runs.len() - 1].iter().all(|r| r.half_width > 0.01));
}

#[test]
fn anchors_lie_near_the_target() {
    let now = fitted(&rows(3));
    let target = vec![("N".to_owned(), 8e9), ("D".to_owned(), 2.4e11)];
    let budget = 40.0 * now.largest_flops.unwrap();
    let with = Purse { anchors: true, ..purse(budget, 10) };
    let plan = next(&now, &Quantity::Loss(target.clone()), &with).unwrap();
    let anchors: Vec<_> = plan.runs.iter().filter(|r| r.anchor).collect();
    assert!(!anchors.is_empty() && anchors.iter().map(|r| r.cost).sum::<f64>() <= 0.6 * budget);
    assert!(anchors.iter().all(|r| r.cost <= 0.3 * budget && r.at[0].1 * r.at[1].1 > 1e20), "{anchors:?}");
    assert!(plan.runs.last().unwrap().half_width < plan.before);
    assert_eq!(plan, next(&now, &Quantity::Loss(target), &with).unwrap());
    let sizes = next(&now, &Quantity::Params(1e23), &purse(budget, 5)).unwrap();
    assert!(sizes.runs.last().unwrap().half_width < sizes.before);
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let now = fitted(&rows(4));
    let cases = [
        (Quantity::Parameter("gamma".into()), 1e24, "no parameter gamma"),
        (Quantity::Parameter("alpha".into()), 1.0, "buys no run"),
        (Quantity::Loss(vec![("N".into(), 1e9)]), 1e24, "not given"),
    ];
    for (quantity, budget, needle) in cases {
        let error = next(&now, &quantity, &purse(budget, 3)).unwrap_err().to_string();
        assert!(error.contains(needle) && error.contains("hint: "), "{error}");
    }
    let law = catalogue::law("chinchilla").unwrap();
    let bare = fit(&law, &rows(4), &Options { method: Method::None, ..Options::default() }).unwrap();
    let error = next(&bare, &Quantity::Parameter("alpha".into()), &purse(1e24, 3)).unwrap_err();
    assert!(error.message.contains("no draws"), "{error}");
}
