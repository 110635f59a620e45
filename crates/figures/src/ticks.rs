//! Where an axis has ticks, and what stands at them.
//!
//! Ticks are exact decimals (or powers of two), found by comparing exact values with the ends of the axis: no last bit of
//! a logarithm decides whether a tick is drawn.

use crate::axis::Scale;
use crate::decimal::{Decimal, floor_log10};
use crate::numbers::{self, Numbers};
use crate::text::Rich;

/// The ticks of one axis, each list ascending and inside the axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ticks {
    /// value and label
    pub major: Vec<(f64, Rich)>,
    /// values between them, without label
    pub minor: Vec<f64>,
}

/// At most `most` labelled ticks from `low` to `high` (both finite, `low < high`, positive on a logarithmic axis).
pub fn ticks(scale: Scale, low: f64, high: f64, most: usize, style: Numbers) -> Ticks {
    let sound = low < high && (high - low).is_finite() && (scale == Scale::Linear || low > 0.0);
    if !sound || most == 0 {
        return Ticks::default();
    }
    match scale {
        Scale::Linear => linear(low, high, most, style),
        Scale::Log10 => log10(low, high, most, style),
        Scale::Log2 => log2(low, high, most, style),
    }
}

fn linear(low: f64, high: f64, most: usize, style: Numbers) -> Ticks {
    let (chosen, finer) = round_numbers(low, high, most);
    let places = chosen.iter().map(|d| d.places()).max().unwrap_or(0);
    let largest = low.abs().max(high.abs());
    let style = match style {
        Numbers::Auto if !(1e-4..1e6).contains(&largest) => Numbers::Power,
        Numbers::Auto => Numbers::Plain,
        other => other,
    };
    let major: Vec<_> = chosen.iter().map(|d| (d.value(), numbers::label(*d, style, places))).collect();
    let minor = finer.into_iter().map(|d| d.value()).filter(|v| major.iter().all(|(m, _)| m != v)).collect();
    Ticks { major, minor }
}

/// Multiples of the finest step of 1, 2, 2.5 or 5 times a power of ten that gives at most `most`, and those of a finer
/// step that divides it.
fn round_numbers(low: f64, high: f64, most: usize) -> (Vec<Decimal>, Vec<Decimal>) {
    let first = floor_log10((high - low) / (most as f64 + 1.0)) - 1;
    for exponent in first..first + 5 {
        for (step, finer) in [(10, 5), (20, 5), (25, 5), (50, 10)] {
            if let Some(found) = multiples(low, high, step, exponent - 1).filter(|f| f.len() <= most) {
                return (found, multiples(low, high, finer, exponent - 1).unwrap_or_default());
            }
        }
    }
    (Vec::new(), Vec::new())
}

/// The multiples of `step * 10^exponent` from `low` to `high`; none if they are too fine for doubles to tell apart.
fn multiples(low: f64, high: f64, step: i64, exponent: i32) -> Option<Vec<Decimal>> {
    let size = Decimal::new(step, exponent).value();
    let (first, last) = (low / size, high / size);
    let largest = first.abs().max(last.abs());
    if largest.is_nan() || largest >= 1e15 || last - first > 1000.0 {
        return None;
    }
    // One more on either side: the quotient may be rounded across a whole number, the comparison is not.
    let range = first.floor() as i64 - 1..=last.ceil() as i64 + 1;
    let all = range.map(|i| Decimal::new(i * step, exponent));
    Some(all.filter(|d| (low..=high).contains(&d.value())).collect())
}

/// The largest share of a logarithmic axis between an end and the number next to it, where there is a choice.
const BARE: f64 = 0.4;

fn log10(low: f64, high: f64, most: usize, style: Numbers) -> Ticks {
    let (first, last) = (floor_log10(low), floor_log10(high));
    let inside = |d: &Decimal| (low..=high).contains(&d.value());
    let of = |tenths: &[i64]| -> Vec<Decimal> {
        let all = (first..=last).flat_map(|k| tenths.iter().map(move |m| Decimal::new(*m, k - 1)));
        all.filter(inside).collect()
    };
    let decades = of(&[10]);
    let all = || of(&[10, 20, 30, 40, 50, 60, 70, 80, 90]);
    if decades.len() >= 3.min(most.max(2)) {
        let style = if style == Numbers::Auto { Numbers::Power } else { style };
        let stride = (1..).find(|s| decades.len().div_ceil(*s) <= most).unwrap_or(1) as i32;
        let labelled: Vec<_> = decades.iter().filter(|d| d.exponent.rem_euclid(stride) == 0).copied().collect();
        // A stride may start in the middle and give one less, never one more.
        let minor = if stride == 1 && decades.len() <= 12 { all() } else { decades };
        return labels(&labelled, minor, style);
    }
    // Fewer than three decades: factors of ten are labelled too, as many as there is room for.
    let sets: [&[i64]; 6] = [
        &[10, 20, 30, 40, 50, 60, 70, 80, 90],
        &[10, 20, 30, 50],
        &[10, 20, 50],
        &[10, 20, 40, 60, 80],
        &[10, 30],
        &[10, 15, 20, 30, 50, 70],
    ];
    // Ticks that crowd at one end leave the other without a number.
    let reaches = |d: &[Decimal]| {
        let ends = d.first().zip(d.last()).map(|(a, b)| [a.value() / low, high / b.value()]);
        ends.is_some_and(|gaps| gaps.iter().all(|gap| gap.ln() <= BARE * (high / low).ln()))
    };
    let fitting = |least: usize| {
        let fits = |d: &Vec<Decimal>| d.len() <= most.min(6) && d.len() >= least;
        let found = || sets.iter().map(|s| of(s)).filter(fits);
        found().find(|d| reaches(d)).or_else(|| found().next())
    };
    let chosen = match fitting(3.min(most)) {
        Some(chosen) => chosen,
        None if decades.len() >= 2.min(most) && decades.len() <= most => decades.clone(),
        // Two are fewer than one would like, but one tells nothing of the scale.
        None => match fitting(2.min(most)) {
            Some(chosen) if all().len() >= 3 => chosen,
            _ => return linear(low, high, most, style),
        },
    };
    let only_decades = chosen.iter().all(|d| d.mantissa == 1);
    let wide = chosen.iter().any(|d| !(-3..4).contains(&d.scientific().1));
    let style = match style {
        Numbers::Auto if only_decades || wide => Numbers::Power,
        Numbers::Auto => Numbers::Plain,
        other => other,
    };
    labels(&chosen, all(), style)
}

fn labels(chosen: &[Decimal], minor: Vec<Decimal>, style: Numbers) -> Ticks {
    let minor = minor.into_iter().filter(|d| !chosen.contains(d)).map(|d| d.value()).collect();
    // Logarithmic ticks of different size need different places: 0.1, 1, 10.
    Ticks { major: chosen.iter().map(|d| (d.value(), numbers::label(*d, style, 0))).collect(), minor }
}

fn log2(low: f64, high: f64, most: usize, style: Numbers) -> Ticks {
    let powers: Vec<i32> = (-1074..1024).filter(|k| (low..=high).contains(&two_to(*k))).collect();
    if powers.len() < 2.min(most) {
        return linear(low, high, most, style);
    }
    let stride = (1..).find(|s| powers.len().div_ceil(*s) <= most).unwrap_or(1) as i32;
    let (chosen, rest): (Vec<_>, Vec<_>) = powers.into_iter().partition(|k| k.rem_euclid(stride) == 0);
    Ticks {
        major: chosen.into_iter().map(|k| (two_to(k), numbers::power_of_two(k, style))).collect(),
        minor: rest.into_iter().map(two_to).collect(),
    }
}

/// 2^k from the bits of a double, for `-1074 <= k < 1024`.
fn two_to(k: i32) -> f64 {
    if k >= -1022 { f64::from_bits(((k + 1023) as u64) << 52) } else { f64::from_bits(1 << (k + 1074)) }
}
