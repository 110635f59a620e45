//! The ticks and numbers of one axis: as many as have room.

use crate::axis::{Axis, Scale, Span};
use crate::font::ASCENT;
use crate::sizes::{SMALL, TICK};
use crate::text::Set;
use crate::ticks::{Ticks, ticks};

/// One axis in its place.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) ticks: Ticks,
    pub(crate) numbers: Vec<Set>,
    /// numbers are written; if not, a neighbour writes them
    pub(crate) numbered: bool,
}

/// Between the last digit and the tick.
const DIGIT_GAP: f64 = 2.0;
/// Points of axis for each number, where there is enough of it.
const EASY: (f64, f64) = (24.0, 17.0);
/// The least from number to number: between two beside each other, and from line to line, where capitals leave two
/// points free.
const TIGHT: (f64, f64) = (3.5, 1.02 * SMALL);
/// The least from tick to tick.
const MINOR: f64 = 1.0;
/// An axis with fewer numbers than this says little of its scale.
const FEWEST: usize = 3;
const MOST: usize = 9;

impl Side {
    pub(super) fn new(axis: &Axis, span: Span, length: f64, numbered: bool, horizontal: bool) -> Self {
        let (mut ticks, numbers) = fitting(axis, span, length, horizontal);
        let mut all: Vec<f64> = ticks.major.iter().map(|t| t.0).chain(ticks.minor.iter().copied()).collect();
        all.sort_by(f64::total_cmp);
        if all.windows(2).any(|w| (span.share(w[1]) - span.share(w[0])) * length < MINOR) {
            // Two and five divide a decade in three nearly equal parts.
            let round = |v: &f64| axis.scale == Scale::Log10 && format!("{v:e}").starts_with(['2', '5']);
            ticks.minor.retain(round);
        }
        Self { ticks, numbers, numbered }
    }

    /// What ticks and numbers need outside of the panel.
    pub(super) fn depth(&self, horizontal: bool) -> f64 {
        let size = |s: &Set| if horizontal { s.height() } else { s.width };
        match self.numbered {
            true => TICK + DIGIT_GAP + self.numbers.iter().map(size).fold(0.0, f64::max),
            false => TICK,
        }
    }
}

/// As many ticks as have room for their numbers.
fn fitting(axis: &Axis, span: Span, length: f64, horizontal: bool) -> (Ticks, Vec<Set>) {
    let set = |ticks: &Ticks| -> Vec<Set> { ticks.major.iter().map(|(_, l)| Set::new(l, SMALL)).collect() };
    if let Some(given) = &axis.ticks {
        let mut major: Vec<_> =
            given.iter().filter(|(v, _)| span.scale.admits(*v) && span.holds(*v)).cloned().collect();
        major.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ticks = Ticks { major, minor: Vec::new() };
        let numbers = set(&ticks);
        return (ticks, numbers);
    }
    let room = |ticks: &Ticks, numbers: &[Set]| {
        (1..numbers.len()).all(|i| {
            let apart = (span.share(ticks.major[i].0) - span.share(ticks.major[i - 1].0)) * length;
            let (a, b) = (&numbers[i - 1], &numbers[i]);
            // Raised digits need more.
            let raised = a.ascent.max(b.ascent) - ASCENT * SMALL;
            apart >= if horizontal { (a.width + b.width) / 2.0 + TIGHT.0 } else { TIGHT.1 + raised }
        })
    };
    let asked = |most: usize| {
        let ticks = ticks(span.scale, span.low, span.high, most, axis.numbers);
        let numbers = set(&ticks);
        (ticks, numbers)
    };
    let fits = |found: &(Ticks, Vec<Set>)| room(&found.0, &found.1) && !found.1.is_empty();
    let easy = (length / if horizontal { EASY.0 } else { EASY.1 }).clamp(2.0, MOST as f64) as usize;
    let best = (2..=easy).rev().map(asked).find(fits);
    if best.as_ref().is_some_and(|(_, numbers)| numbers.len() >= FEWEST) {
        return best.unwrap_or_default();
    }
    // A short axis: closer together, but not so close that they touch.
    let enough = |found: &(Ticks, Vec<Set>)| found.1.len() >= FEWEST && fits(found);
    let more = (FEWEST..=MOST).map(asked).find(enough);
    more.or(best).unwrap_or_else(|| asked(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(axis: &Axis, low: f64, high: f64, length: f64, horizontal: bool) -> Vec<String> {
        let span = Span::new(axis.scale, low, high);
        Side::new(axis, span, length, true, horizontal).numbers.into_iter().map(|s| s.said).collect()
    }

    #[test]
    fn a_short_axis_has_three_numbers_where_they_fit() {
        let (flat, steep) = (Axis::linear("y"), Axis::log10("x"));
        assert_eq!(numbers(&flat, 2.3, 6.9, 35.5, false), ["3", "4", "5", "6"]);
        assert_eq!(numbers(&flat, 2.3, 6.9, 20.0, false), ["4", "6"]);
        assert_eq!(numbers(&steep, 8e18, 1.2e22, 58.0, true), ["10^19", "10^20", "10^21", "10^22"]);
        assert_eq!(numbers(&steep, 8e18, 1.2e22, 40.0, true), ["10^20", "10^22"]);
    }
}
