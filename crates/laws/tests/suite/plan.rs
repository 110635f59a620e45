//! Best sizes for what is given.

use crate::common::{CHINCHILLA, Noise, covers, grid, points};
use isoloss_laws::{Circumstances, Given, Options, catalogue, fit, plan, published};

/// Tokens per parameter at three budgets (papers quote 1e18, 1e21 and Gopher's 5.76e23).
#[test]
fn published_ratios() {
    let cases = [
        ("hoffmann-2022", [25.7, 50.1, 92.6]),
        ("hoffmann-2022-unrounded", [18.6, 33.9, 58.9]),
        ("besiroglu-2024", [25.7, 21.6, 18.4]),
    ];
    for (name, ratios) in cases {
        let fit = published(name).unwrap();
        for (flops, expected) in [1e18, 1e21, 5.76e23].into_iter().zip(ratios) {
            let found = plan(&fit, Given::Flops(flops), &Circumstances::default()).unwrap();
            let ratio = found.tokens.value / found.params.value;
            assert!((ratio - expected).abs() < 0.051, "{name} at {flops:e}: {ratio}, expected {expected}");
            assert!((found.flops.value / flops - 1.0).abs() < 1e-9);
            assert!(found.params.interval.is_none() && found.params.method.contains("published"));
            assert!(found.extrapolation.is_none());
        }
    }
}

/// Whatever is given, it is one frontier.
#[test]
fn every_question_has_the_same_answer() {
    let fit = published("besiroglu-2024").unwrap();
    let plain = Circumstances::default();
    let first = plan(&fit, Given::Flops(1e22), &plain).unwrap();
    let loss = first.loss.mean.value;
    for given in [Given::Params(first.params.value), Given::Tokens(first.tokens.value), Given::Loss(loss)] {
        let again = plan(&fit, given, &plain).unwrap();
        for (a, b) in [(&again.params, &first.params), (&again.tokens, &first.tokens), (&again.flops, &first.flops)] {
            assert!((a.value / b.value - 1.0).abs() < 1e-6, "{given:?}: {} for {}", a.value, b.value);
        }
    }
    let error = plan(&fit, Given::Loss(1.7), &plain).unwrap_err();
    assert!(error.message.contains("does not come to 1.7"), "{error}");
    assert!(plan(&fit, Given::Flops(-1.0), &plain).is_err() && plan(&fit, Given::Loss(f64::NAN), &plain).is_err());
    let error = plan(&published("kimi-mla").unwrap(), Given::Flops(1e21), &plain).unwrap_err();
    assert!(error.message.contains("N and D"), "{error}");
}

/// The quality of 30B compute-optimal parameters with 5T tokens to serve: about half the parameters for twice the tokens,
/// as Sardana et al. 2024 (arXiv 2401.00448) find with constants of their own.
#[test]
fn serving_makes_models_smaller_and_training_longer() {
    let fit = published("hoffmann-2022").unwrap();
    let plain = Circumstances::default();
    let optimal = plan(&fit, Given::Params(30e9), &plain).unwrap();
    let loss = optimal.loss.mean.value;
    let served = |tokens| Circumstances { served: tokens, ..Circumstances::default() };
    let found = plan(&fit, Given::Loss(loss), &served(5e12)).unwrap();
    let (fewer, longer) = (found.params.value / optimal.params.value, found.tokens.value / optimal.tokens.value);
    assert!((0.4..0.7).contains(&fewer) && (1.5..2.5).contains(&longer), "{fewer} {longer}");
    assert!((found.loss.mean.value - loss).abs() < 1e-7);
    let life = |n: f64, d: f64| 6.0 * n * d + 2.0 * n * 5e12;
    assert!(found.lifetime.value < life(optimal.params.value, optimal.tokens.value));
    // No neighbour of equal loss is cheaper, by brute force over N.
    let (e, a, b, alpha, beta) = (1.69, 406.4, 410.7, 0.34, 0.28);
    for i in -20..=20 {
        let n = found.params.value * (0.02 * f64::from(i)).exp();
        let d = (b / (loss - e - a * f64::powf(n, -alpha))).powf(1.0 / beta);
        assert!(life(n, d) >= found.lifetime.value * (1.0 - 1e-9), "{n}");
    }
    // The same budget for the whole life gives the same sizes.
    let budget = plan(&fit, Given::Flops(found.lifetime.value), &served(5e12)).unwrap();
    assert!((budget.params.value / found.params.value - 1.0).abs() < 1e-4, "{}", budget.params.value);
    assert!((budget.lifetime.value / found.lifetime.value - 1.0).abs() < 1e-9);
    // A life that serves nothing is training.
    assert_eq!(plan(&fit, Given::Params(30e9), &served(0.0)).unwrap(), optimal);
}

#[test]
fn intervals_and_extrapolation_come_with_a_fit() {
    let law = catalogue::law("chinchilla").unwrap();
    let mut rows = points(&grid((3e7, 3e9, 6), (1e9, 1e11, 5)), |n, d| CHINCHILLA.at(n, d));
    Noise::new(5).spoil(&mut rows, 0.004);
    let fit = fit(&law, &rows, &Options { draws: 400, influence: false, ..Options::default() }).unwrap();
    let far = 1000.0 * fit.largest_flops.unwrap();
    let found = plan(&fit, Given::Flops(far), &Circumstances::default()).unwrap();
    assert!((found.extrapolation.unwrap() / 1000.0 - 1.0).abs() < 1e-9);
    assert!(covers(&found.params, CHINCHILLA.best(far)), "{:?}", found.params);
    assert!(covers(&found.tokens, far / (6.0 * CHINCHILLA.best(far))));
    let target = plan(&fit, Given::Loss(2.1), &Circumstances::default()).unwrap();
    let flops = target.flops.interval.unwrap();
    assert!(flops.lower < target.flops.value && target.flops.value < flops.upper);
}

/// Few unique tokens: the law that counts repeats wants a smaller model less long than one that does not.
#[test]
fn few_unique_tokens() {
    let fit = published("muennighoff-2023").unwrap();
    let unique = |u| Circumstances { unique: Some(u), ..Circumstances::default() };
    let free = plan(&fit, Given::Flops(1e22), &Circumstances::default()).unwrap();
    let plenty = plan(&fit, Given::Flops(1e22), &unique(1e15)).unwrap();
    assert!((plenty.params.value / free.params.value - 1.0).abs() < 1e-6);
    let few = plan(&fit, Given::Flops(1e22), &unique(1e10)).unwrap();
    assert!(few.loss.mean.value > free.loss.mean.value);
    assert!(few.notes.iter().any(|n| n.contains("epochs")), "{:?}", few.notes);
    let plain = plan(&published("besiroglu-2024").unwrap(), Given::Flops(1e22), &unique(1e10)).unwrap();
    assert!(plain.notes.iter().any(|n| n.contains("as if it were new")), "{:?}", plain.notes);
}
