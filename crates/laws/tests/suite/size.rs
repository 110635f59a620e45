//! Scores as sizes.

use isoloss_laws::{Reading, Scored, effective_size, effective_sizes, size_gain};

use crate::common::Noise;

fn scored(size: f64, score: f64) -> Scored {
    Scored { size, score, error: None }
}

fn models(all: &[(f64, f64)]) -> Vec<Scored> {
    all.iter().map(|(size, score)| scored(*size, *score)).collect()
}

/// Yang et al. 2024, arXiv 2407.01178, table 16: the gain of memory as a gain in size, 51.1 % and 49.4 % as printed.
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

/// A family of two models and a twin is what the paper reads: a line through two points, moved to the twin. Linear in size it
/// takes a share of the smaller model for the same share of the twin; in ln N the two readings are one.
#[test]
fn two_models_and_a_twin_are_the_gain_of_the_paper() {
    let llama = models(&[(6.5, 46.87), (13.0, 51.78)]);
    let (twin, model) = (models(&[(2.4, 60.80)]), models(&[(2.4, 63.31)]));
    let found = effective_size(&llama, &twin, &model, Reading::Logarithmic, 0.95).unwrap();
    let gain = size_gain((6.5, 46.87), (13.0, 51.78), 63.31 - 60.80).unwrap();
    assert!((found.times.value - 1.0 - gain.logarithmic).abs() < 1e-12, "{found:?}");
    assert!(found.times.interval.is_none() && found.times.method.contains("no residual"), "{:?}", found.times);
    let twin = models(&[(6.5, 60.80)]);
    let found = effective_size(&llama, &twin, &models(&[(6.5, 63.31)]), Reading::Linear, 0.95).unwrap();
    assert!((found.times.value - 1.0 - gain.linear).abs() < 1e-12, "{found:?}");
    assert!((found.times.value - 1.511).abs() < 5e-4);
    // Standard errors of the evaluation are what is known of two models.
    let known: Vec<Scored> = llama.iter().map(|m| Scored { error: Some(0.5), ..*m }).collect();
    let found = effective_size(&known, &[], &models(&[(2.4, 49.0)]), Reading::Logarithmic, 0.95).unwrap();
    assert!(found.times.interval.is_some() && found.times.method.contains("evaluation"), "{:?}", found.times);
}

/// Exact scores are read exactly, with an interval of no width; what lies beyond the family is said.
#[test]
fn exact_lines_are_inverted() {
    let line = |n: f64| 10.0 + 4.0 * n.ln();
    let family: Vec<Scored> = [1.0, 2.0, 4.0, 8.0].iter().map(|n| scored(*n, line(*n))).collect();
    let found = effective_size(&family, &[], &[scored(2.0, line(6.0))], Reading::Logarithmic, 0.95).unwrap();
    assert!((found.needed.value - 6.0).abs() < 1e-9 && (found.times.value - 3.0).abs() < 1e-9, "{found:?}");
    let interval = found.times.interval.unwrap();
    assert!((interval.upper - interval.lower).abs() < 1e-6 && found.beyond == 1.0 && !found.bent, "{found:?}");
    let far = effective_size(&family, &[], &[scored(2.0, line(24.0))], Reading::Logarithmic, 0.95).unwrap();
    assert!((far.beyond - 3.0).abs() < 1e-9);
    // Several sizes with what is new: their geometric mean, read off at once.
    let both = [scored(1.0, line(3.0)), scored(4.0, line(12.0))];
    let both = effective_size(&family, &[], &both, Reading::Logarithmic, 0.95).unwrap();
    assert!((both.size - 2.0).abs() < 1e-12 && (both.times.value - 3.0).abs() < 1e-9, "{both:?}");
}

/// Families at several sizes are read size by size, and all at once.
#[test]
fn families_are_read_size_by_size() {
    let line = |n: f64| 1.0 + 2.0 * n.ln();
    let without: Vec<Scored> = [1.0, 2.0, 4.0].iter().map(|n| scored(*n, line(*n))).collect();
    let with = vec![scored(2.0, line(8.0)), scored(1.0, line(2.0)), scored(1.0, line(2.0))];
    let all = effective_sizes(&[with, without], 1, 0.95).unwrap();
    assert_eq!(all.iter().map(|w| (w.family, w.at)).collect::<Vec<_>>(), [(0, Some(1.0)), (0, Some(2.0)), (0, None)]);
    let times: Vec<f64> = all.iter().map(|w| w.found.times.value).collect();
    // Three runs, two of them worth 2 and one worth 4: their geometric mean.
    let expected = [2.0, 4.0, 2f64.powf(4.0 / 3.0)];
    assert!(times.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9), "{times:?}");
    assert!(effective_sizes(&[], 0, 0.95).unwrap().is_empty());
}

#[test]
fn what_says_nothing_is_refused() {
    let family = models(&[(1.0, 10.0), (2.0, 12.0), (4.0, 13.0)]);
    let ask = |family: &[Scored], model: &[Scored]| effective_size(family, &[], model, Reading::Logarithmic, 0.95);
    assert!(ask(&family, &[]).unwrap_err().message.contains("no run"));
    assert!(ask(&family[..1], &family).unwrap_err().message.contains("one size"));
    assert!(ask(&[], &family).is_err());
    assert!(ask(&models(&[(1.0, 10.0), (2.0, 9.0)]), &family).unwrap_err().message.contains("do not grow"));
    for spoiled in [scored(0.0, 1.0), scored(-1.0, 1.0), scored(f64::NAN, 1.0), scored(1.0, f64::NAN)] {
        assert!(ask(&family, &[spoiled]).unwrap_err().message.contains("above zero"));
    }
    // A slope that could be none bounds no size.
    let noise = models(&[(1.0, 10.0), (2.0, 12.0), (4.0, 9.9), (8.0, 11.0)]);
    let found = ask(&noise, &models(&[(1.0, 11.0)])).unwrap();
    assert!(found.times.interval.is_none() && found.times.method.contains("not bounded"), "{found:?}");
}

/// How often the interval holds the truth: sizes, seeds a size, how far sizes lie off the line over how far seeds do, and seeds of
/// the model over those of the family.
fn covered(sizes: usize, seeds: usize, bend: f64, wilder: f64) -> (f64, f64) {
    const TIMES: usize = 4000;
    let mut noise = Noise::new(7 + sizes as u64 * 100 + seeds as u64);
    let (slope, deviation) = (5.0, 0.5);
    let size = |i: usize| f64::from(1 << i);
    let truth = size(sizes - 1).powf(0.6);
    let (mut held, mut unbounded) = (0, 0);
    for _ in 0..TIMES {
        let mut family = Vec::new();
        for i in 0..sizes {
            let off = bend * deviation * noise.normal();
            family.extend((0..seeds).map(|_| scored(size(i), slope * size(i).ln() + off + deviation * noise.normal())));
        }
        let model: Vec<Scored> =
            (0..seeds).map(|_| scored(1.0, slope * truth.ln() + wilder * deviation * noise.normal())).collect();
        let found = effective_size(&family, &[], &model, Reading::Logarithmic, 0.95).unwrap();
        match found.times.interval {
            Some(interval) => held += usize::from((interval.lower..=interval.upper).contains(&truth)),
            // All sizes: that holds the truth.
            None => unbounded += 1,
        }
    }
    ((held + unbounded) as f64 / TIMES as f64, unbounded as f64 / TIMES as f64)
}

#[test]
fn the_interval_holds_the_truth_as_often_as_it_says() {
    for (sizes, seeds) in [(3, 1), (5, 1), (3, 3), (4, 3), (6, 2)] {
        let (covers, _) = covered(sizes, seeds, 0.0, 1.0);
        println!("{sizes} sizes, {seeds} seeds: {covers:.3}");
        assert!((0.935..=0.985).contains(&covers), "{sizes} sizes, {seeds} seeds: {covers}");
    }
    // Sizes that lie off the line by themselves, which seeds do not show.
    for bend in [0.5, 1.0, 2.0] {
        let (covers, unbounded) = covered(5, 3, bend, 1.0);
        println!("bend {bend}: {covers:.3}, unbounded {unbounded:.3}");
        assert!(covers >= 0.90, "bend {bend}: {covers}");
    }
    // Seeds of the model that differ by more than those of the family.
    for (seeds, wilder) in [(2, 3.0), (2, 10.0), (3, 3.0), (4, 10.0)] {
        let (covers, unbounded) = covered(5, seeds, 0.0, wilder);
        println!("{seeds} seeds, {wilder} times as wild: {covers:.3}, unbounded {unbounded:.3}");
        assert!(covers >= 0.86, "{seeds} seeds, {wilder} times as wild: {covers}");
    }
}
