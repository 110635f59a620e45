//! How far the training loss still moved at the end: its mean over the last tenth of the steps, less that over the tenth before.
//!
//! `movement`, nats per token: below 0 while it falls. What is said of the end of learning, as of bits at capacity, holds for
//! runs that moved less than seeds differ. Nothing where the curve has no five points in each of the two tenths.

use isoloss_runs::store::CurvePoint;

use super::{Measured, Subject};
use crate::corpora::Source;
use crate::models;

pub(super) const SAYS: &str = "how far the training loss still moved in the last tenth of the steps";

/// Points of a tenth, at least: each is a mean over some batches.
const POINTS: usize = 5;

pub(super) fn refused(_: &dyn Source, _: &models::Config) -> Option<&'static str> {
    None
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    moved(subject.curve).map(|moved| ("movement".to_owned(), moved)).into_iter().collect()
}

fn moved(curve: &[CurvePoint]) -> Option<f64> {
    let end = curve.last()?.step as f64;
    let mean = |from: f64, to: f64| {
        let inside = curve.iter().filter(|p| (from * end..to * end).contains(&(p.step as f64 - 0.5)));
        let losses: Vec<f64> = inside.map(|p| p.loss).filter(|loss| loss.is_finite()).collect();
        (losses.len() >= POINTS).then(|| losses.iter().sum::<f64>() / losses.len() as f64)
    };
    Some(mean(0.9, 1.0)? - mean(0.8, 0.9)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: u64, loss: impl Fn(u64) -> f64) -> Vec<CurvePoint> {
        (1..=points).map(|step| CurvePoint { step, loss: loss(step), ..CurvePoint::default() }).collect()
    }

    #[test]
    fn a_line_moves_by_a_tenth_of_its_fall() {
        let moved = moved(&curve(200, |step| 5.0 - step as f64 / 200.0)).unwrap();
        assert!((moved + 0.1).abs() < 1e-12, "{moved}");
        assert_eq!(super::moved(&curve(200, |_| 2.0)), Some(0.0));
    }

    #[test]
    fn a_curve_too_short_says_nothing() {
        assert_eq!(moved(&curve(40, |_| 1.0)), None);
        assert_eq!(moved(&[]), None);
    }
}
