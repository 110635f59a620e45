//! The closed loop against ladders whose losses are drawn from a law: it reaches what the whole ladder would, for less.
#![cfg(feature = "lab")]

use isoloss::experiment::until::{Ended, until};
use isoloss_laws::{
    Candidate, Fit, FitError, Goal, Options, Points, Quantity, Severity, Step, Warning, catalogue, fit, half_width,
    step,
};

/// First-ladder's law, and a grid of 6 sizes and 6 lengths as wide as its own.
const SIZES: [f64; 6] = [3.5e3, 6e3, 14e3, 25e3, 55e3, 98e3];
const TOKENS: [f64; 6] = [1e5, 2e5, 4e5, 8e5, 1.6e6, 3.2e6];
const FLOOR: f64 = 3.074;
/// Half the width of alpha's interval that is asked for.
const HALF: f64 = 0.075;

fn reducible(n: f64, d: f64) -> f64 {
    36.0 * n.powf(-0.75) + 245.0 * d.powf(-0.637)
}

fn candidates() -> Vec<Candidate> {
    let one = |n: f64, d: f64| Candidate { at: vec![("N".into(), n), ("D".into(), d)], cost: 6.0 * n * d };
    SIZES.iter().flat_map(|n| TOKENS.iter().map(move |d| one(*n, *d))).collect()
}

/// Losses of all runs: each off by 2 % of what is left to learn.
fn losses(seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let mut normal = move || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
    let loss = |n: &f64, d: &f64| FLOOR + reducible(*n, *d) * (1.0 + 0.02 * normal());
    let mut loss = loss;
    SIZES.iter().flat_map(|n| TOKENS.map(|d| (n, d))).map(|(n, d)| loss(n, &d)).collect()
}

/// The fit of the runs that were made.
fn fitted(losses: &[f64], made: &[bool]) -> Option<Fit> {
    let rows: Vec<usize> = (0..made.len()).filter(|i| made[*i]).collect();
    let all = candidates();
    let column = |k: usize| rows.iter().map(|i| all[*i].at[k].1).collect::<Vec<f64>>();
    let points = Points {
        target: rows.iter().map(|i| losses[*i]).collect(),
        columns: vec![("N".into(), column(0)), ("D".into(), column(1))],
        ..Points::default()
    };
    let law = catalogue::law("chinchilla").unwrap();
    let noise = isoloss_laws::Noise::Reducible;
    let options = Options { draws: 300, noise, influence: false, trust: false, ..Options::default() };
    fit(&law, &points, &options).ok()
}

/// Runs the loop until alpha is known to this, and says what share of the whole ladder's compute that took.
fn share(seed: u64, half: f64) -> (Ended, f64, f64) {
    let (all, losses) = (candidates(), losses(seed));
    let quantity = Quantity::Parameter("alpha".into());
    let whole = half_width(&fitted(&losses, &[true; 36]).unwrap(), &quantity).unwrap().unwrap();
    let goal = Goal { quantity, half, budget: None, at_once: 2 };
    let made = vec![false; all.len()];
    let ended = until::<FitError>(&goal, &all, made, |made| Ok(fitted(&losses, made)), |_| Ok(true)).unwrap();
    let cost = |made: &[bool]| all.iter().zip(made).filter(|(_, m)| **m).map(|(c, _)| c.cost).sum::<f64>();
    let share = cost(&ended.made) / cost(&[true; 36]);
    (ended, share, whole)
}

#[test]
fn the_loop_knows_as_much_for_less() {
    let mut shares = Vec::new();
    for seed in 0..10 {
        let (ended, share, whole) = share(seed, HALF);
        let runs = ended.made.iter().filter(|m| **m).count();
        println!(
            "{seed}: {:?} after {runs} runs in {} rounds, {share:.3}; the whole ladder: {whole:.4}",
            ended.why, ended.rounds
        );
        assert_eq!(ended.why, Step::Known);
        shares.push(share);
    }
    shares.sort_by(f64::total_cmp);
    println!("{shares:.3?}");
    assert!(shares[9] <= 0.6, "{shares:.3?}");
}

#[test]
fn what_must_not_be_used_is_not_known() {
    let (all, made) = (candidates(), [true; 36]);
    let mut fit = fitted(&losses(1), &made).unwrap();
    let goal = Goal { quantity: Quantity::Parameter("alpha".into()), half: 1.0, budget: None, at_once: 2 };
    let ended = |fit: &Fit| step(Some(fit), &goal, &all, &made).unwrap();
    assert!(fit.may_be_used() && ended(&fit) == Step::Known);
    let (severity, text) = (Severity::Error, "the rows do not determine beta".into());
    fit.warnings.push(Warning { severity, code: "unidentified".into(), text, hint: None });
    assert_eq!(ended(&fit), Step::All);
}
