//! Ticks: known ones, and what holds for all.

use isoloss_figures::{Numbers, Scale, ticks};
use proptest::prelude::*;

fn labels(scale: Scale, low: f64, high: f64, most: usize, style: Numbers) -> String {
    let ticks = ticks(scale, low, high, most, style);
    ticks.major.iter().map(|(_, label)| label.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn known_axes() {
    use Scale::{Linear, Log2, Log10};
    let auto = |scale, low, high, most| labels(scale, low, high, most, Numbers::Auto);
    assert_eq!(auto(Linear, 0.0, 1.0, 6), "0.0 0.2 0.4 0.6 0.8 1.0");
    assert_eq!(auto(Linear, 0.0, 1.0, 5), "0.00 0.25 0.50 0.75 1.00");
    assert_eq!(auto(Linear, 2.0, 4.5, 6), "2.0 2.5 3.0 3.5 4.0 4.5");
    assert_eq!(auto(Linear, 37.0, 66.0, 7), "40 45 50 55 60 65");
    assert_eq!(auto(Linear, -1.0, 1.0, 3), "\u{2212}1 0 1");
    assert_eq!(
        auto(Linear, 0.0, 5e7, 6),
        "0 10^7 2\u{2009}×\u{2009}10^7 3\u{2009}×\u{2009}10^7 4\u{2009}×\u{2009}10^7 5\u{2009}×\u{2009}10^7"
    );
    assert_eq!(auto(Log10, 1e5, 1e9, 9), "10^5 10^6 10^7 10^8 10^9");
    assert_eq!(auto(Log10, 1e5, 1e9, 3), "10^6 10^8");
    assert_eq!(auto(Log10, 0.8, 60.0, 8), "1 2 5 10 20 50");
    assert_eq!(auto(Log10, 1.8, 5.5, 4), "2 3 4 5");
    assert_eq!(auto(Log10, 1.8, 5.5, 3), "2 3 5");
    // Half a decade: 2 and 5 alone are too few, all factors too many.
    assert_eq!(auto(Log10, 0.33, 1.05, 9), "0.4 0.6 0.8 1");
    assert_eq!(auto(Log10, 0.33, 1.05, 4), "0.4 0.6 0.8 1");
    assert_eq!(auto(Log10, 3.2, 12.0, 4), "4 6 8 10");
    assert_eq!(auto(Log10, 0.48, 1.85, 7), "0.5 0.7 1 1.5", "not all on one side of 1");
    assert_eq!(auto(Log10, 3.2, 12.0, 3), "5 7 10");
    // Two labels, because one tells nothing of the scale.
    assert_eq!(auto(Log10, 3.2, 12.0, 2), "5 10");
    assert_eq!(auto(Log10, 2.0, 2.2, 6), "2.00 2.05 2.10 2.15 2.20");
    assert_eq!(auto(Log2, 0.9, 40.0, 9), "1 2 4 8 16 32");
    assert_eq!(auto(Log2, 0.9, 40.0, 3), "1 4 16");
    assert_eq!(labels(Log10, 5e6, 2e9, 8, Numbers::Suffix), "10M 100M 1B");
    assert_eq!(labels(Linear, 0.0, 1.0, 6, Numbers::Percent).replace('\u{2009}', ""), "0% 20% 40% 60% 80% 100%");
}

#[test]
fn three_tenths_are_three_tenths() {
    let values: Vec<f64> = ticks(Scale::Linear, 0.0, 1.0, 11, Numbers::Auto).major.iter().map(|t| t.0).collect();
    assert_eq!(values, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]);
}

#[test]
fn minor_ticks_of_a_logarithmic_axis_stand_at_two_to_nine() {
    let found = ticks(Scale::Log10, 1.0, 1e3, 9, Numbers::Auto);
    let expected: Vec<f64> = [1.0, 10.0, 100.0].iter().flat_map(|d| (2..10).map(move |m| d * f64::from(m))).collect();
    assert_eq!(found.minor, expected);
}

#[test]
fn impossible_axes_have_no_ticks() {
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (f64::MIN, f64::MAX)] {
        assert_eq!(ticks(Scale::Linear, low, high, 5, Numbers::Auto).major, []);
    }
    assert_eq!(ticks(Scale::Log10, 0.0, 1.0, 5, Numbers::Auto).major, []);
    // As narrow and as small as doubles are: whatever comes of it, it ends and lies inside.
    for (low, high) in
        [(0.0, 5e-324), (5e-324, 1e-323), (1.0, 1.0_f64.next_up()), (-5e-324, 5e-324), (1e300, 1e300_f64.next_up())]
    {
        for scale in [Scale::Linear, Scale::Log10, Scale::Log2] {
            let found = ticks(scale, low, high, 5, Numbers::Auto);
            assert!(found.major.iter().all(|(v, _)| (low..=high).contains(v)), "{scale:?} {low:e} {high:e}");
        }
    }
}

proptest! {
    #[test]
    fn ordered_inside_and_never_more_than_asked(
        scale in prop_oneof![Just(Scale::Linear), Just(Scale::Log10), Just(Scale::Log2)],
        start in -200.0..200.0_f64,
        length in 0.001..200.0_f64,
        most in 1..12_usize,
    ) {
        let (low, high) = match scale {
            Scale::Linear => (start, start + length),
            _ => (10f64.powf(start), 10f64.powf(start + length / 4.0)),
        };
        let found = ticks(scale, low, high, most, Numbers::Auto);
        let major: Vec<f64> = found.major.iter().map(|t| t.0).collect();
        prop_assert!(major.len() <= most, "{major:?}");
        for values in [&major, &found.minor] {
            prop_assert!(values.windows(2).all(|w| w[0] < w[1]), "{values:?}");
            prop_assert!(values.iter().all(|v| (low..=high).contains(v)), "{values:?}");
        }
        prop_assert!(found.minor.iter().all(|v| !major.contains(v)));
        if most >= 4 {
            prop_assert!(major.len() >= 2, "{low} {high} {most}: {major:?}");
        }
        let texts: Vec<String> = found.major.iter().map(|t| t.1.to_string()).collect();
        prop_assert!(texts.windows(2).all(|w| w[0] != w[1]), "{texts:?}");
    }
}
