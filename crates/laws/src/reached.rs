//! Losses that the runs of two sides reached: beyond those of either, a comparison is extrapolated.

use crate::compare::{Ratio, Side};
use crate::result::Span;

/// Losses that runs reached, least and greatest; `None` of a side whose runs are not known, as those of published
/// constants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reached {
    /// by runs of the baseline
    pub baseline: Option<(f64, f64)>,
    /// by runs of the variant
    pub variant: Option<(f64, f64)>,
}

impl Reached {
    pub(crate) fn of(baseline: &Side<'_>, variant: &Side<'_>) -> Self {
        let target = |side: &Side<'_>| span(side).map(|s| s.target);
        Self { baseline: target(baseline), variant: target(variant) }
    }

    /// Losses that runs of both reached; `None` if there is none, or the runs of a side are not known.
    pub fn shared(&self) -> Option<(f64, f64)> {
        self.baseline.and(self.variant).and(self.measured()).filter(|(low, high)| low < high)
    }

    /// Losses that are not extrapolated: inside of what the runs of either side reached, as far as they are known. The
    /// least lies above the greatest where the two share no loss; `None` where no runs are known.
    pub fn measured(&self) -> Option<(f64, f64)> {
        match (self.baseline, self.variant) {
            (Some(a), Some(b)) => Some((a.0.max(b.0), a.1.min(b.1))),
            (one, other) => one.or(other),
        }
    }

    /// Whether a loss is known to lie beyond the runs of the baseline, and beyond those of the variant.
    pub fn beyond(&self, loss: f64) -> (bool, bool) {
        let outside = |range: Option<(f64, f64)>| range.is_some_and(|(low, high)| loss < low || loss > high);
        (outside(self.baseline), outside(self.variant))
    }

    /// What is known to be apart: runs of both sides, and no loss that both reached.
    pub fn apart(&self) -> bool {
        self.baseline.is_some() && self.variant.is_some() && self.shared().is_none()
    }
}

impl Ratio {
    /// Whether the loss lies beyond the runs of either side: the ratio is extrapolated.
    pub fn beyond(&self) -> bool {
        self.beyond_baseline || self.beyond_variant
    }
}

/// What the runs of a side covered.
pub(crate) fn span<'a>(side: &Side<'a>) -> Option<&'a Span> {
    let spans = &side.fit.spans;
    spans.iter().find(|s| s.family.as_deref() == side.family).or(spans.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_the_runs_of_either_is_extrapolated() {
        let both = |baseline, variant| Reached { baseline, variant };
        let near = both(Some((2.0, 3.0)), Some((2.5, 3.5)));
        assert_eq!((near.shared(), near.measured(), near.apart()), (Some((2.5, 3.0)), Some((2.5, 3.0)), false));
        assert_eq!(
            [2.2, 2.7, 3.2, 4.0].map(|l| near.beyond(l)),
            [(false, true), (false, false), (true, false), (true, true)]
        );
        let far = both(Some((2.0, 2.4)), Some((2.5, 3.5)));
        assert_eq!((far.shared(), far.measured(), far.apart()), (None, Some((2.5, 2.4)), true));
        let half = both(Some((2.0, 3.0)), None);
        assert_eq!((half.shared(), half.measured(), half.apart()), (None, Some((2.0, 3.0)), false));
        assert_eq!((half.beyond(3.5), Reached::default().beyond(3.5)), ((true, false), (false, false)));
        assert_eq!((Reached::default().measured(), Reached::default().apart()), (None, false));
    }
}
