//! Sizes to loss to accuracy.

use crate::common::{CHINCHILLA, Noise, covers, grid, points};
use isoloss_laws::{Fit, Options, Points, catalogue, chain, fit};

fn accuracy(loss: f64) -> f64 {
    0.25 + 0.65 / (1.0 + (3.0 * (loss - 2.6)).exp())
}

fn fits(seed: u64) -> (Fit, Fit) {
    let mut noise = Noise::new(seed);
    let options = Options { draws: 300, influence: false, ..Options::default() };
    let mut sizes = points(&grid((1e7, 1e10, 6), (1e9, 1e11, 5)), |n, d| CHINCHILLA.at(n, d));
    noise.spoil(&mut sizes, 0.004);
    let first = fit(&catalogue::law("chinchilla").unwrap(), &sizes, &options).unwrap();
    let losses: Vec<f64> = (0..40).map(|i| 1.9 + 0.06 * f64::from(i)).collect();
    let mut task = Points {
        target: losses.iter().map(|l| accuracy(*l)).collect(),
        columns: vec![("L".into(), losses)],
        ..Points::default()
    };
    noise.spoil(&mut task, 0.01);
    (first, fit(&catalogue::law("downstream-sigmoid").unwrap(), &task, &options).unwrap())
}

#[test]
fn the_interval_is_carried_through_both_steps() {
    let at = [("N".to_owned(), vec![2e10, 1e9]), ("D".to_owned(), vec![4e11, 2e10])];
    let mut covered = 0;
    for seed in 0..20 {
        let (first, second) = fits(seed);
        let found = chain(&first, &second, &at, None).unwrap();
        for (p, (n, d)) in found.iter().zip([(2e10, 4e11), (1e9, 2e10)]) {
            covered += u32::from(covers(&p.mean, accuracy(CHINCHILLA.at(n, d))));
            let width = |e: &isoloss_laws::Estimate| e.interval.map(|i| i.upper - i.lower).unwrap();
            assert!(width(&p.new_run) > width(&p.mean), "{p:?}");
        }
        assert_eq!(found, chain(&first, &second, &at, None).unwrap());
    }
    assert!(covered >= 35, "{covered} of 40");
}

#[test]
fn laws_that_do_not_fit_together_are_refused() {
    let (first, second) = fits(1);
    let at = [("N".to_owned(), vec![2e10]), ("D".to_owned(), vec![4e11])];
    let error = chain(&second, &first, &[("L".to_owned(), vec![2.0])], None).unwrap_err().to_string();
    assert!(error.contains("expected accuracy alone") && error.contains("hint: "), "{error}");
    let error = chain(&second, &second, &[("L".to_owned(), vec![2.0])], None).unwrap_err().to_string();
    assert!(error.contains("reads L, and the first predicts accuracy"), "{error}");
    assert!(chain(&first, &second, &at[..1], None).is_err());
}
