//! Panels that would be too narrow beside each other stand below each other.

use std::borrow::Cow;

use crate::figure::{Figure, Share, Width};

/// Panels narrower than this hold no text.
const NARROW: Width = Width::Millimetres(55.0);
/// Height of a panel that stands below others, as a share of its height beside them.
const FLATTER: f64 = 0.7;

impl Figure {
    /// As it is drawn at its width: panels that would be too narrow to hold text stand below each other.
    pub(crate) fn folded(&self) -> Cow<'_, Self> {
        let count = self.panels.len();
        let columns = self.columns.clamp(1, count.max(1));
        let most = ((self.width.points() / NARROW.points()) as usize).max(1);
        if columns <= most || !self.rows.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut folded = self.clone();
        // As even as can be: four panels of which three have room stand two by two.
        folded.columns = count.div_ceil(count.div_ceil(most));
        // Wider panels are flatter.
        folded.aspect = self.aspect.map(|a| FLATTER * a);
        // Lines of the grid were what had axes in common; of one row all panels still have.
        let lone = columns == count;
        folded.share_x = if self.share_x == Share::Line { Share::None } else { self.share_x };
        folded.share_y = match self.share_y {
            Share::Line if lone => Share::All,
            Share::Line => Share::None,
            other => other,
        };
        Cow::Owned(folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::figure::Panel;

    #[test]
    fn narrow_panels_stand_below_each_other() {
        let row = |count: usize| {
            let panels = (0..count).map(|_| Panel::new(Axis::linear("x"), Axis::linear("y")));
            panels.fold(Figure::new("").columns(count).share(Share::Line, Share::Line), Figure::panel)
        };
        let columns = |figure: Figure, width| figure.width(width).folded().columns;
        for (count, single, double) in [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 1, 2), (5, 1, 3)] {
            assert_eq!(columns(row(count), Width::Single), single, "{count}");
            assert_eq!(columns(row(count), Width::Double), double, "{count}");
        }
        let stacked = row(2);
        let stacked = stacked.folded();
        assert_eq!((stacked.share_x, stacked.share_y), (Share::None, Share::All));
        // Named rows keep the grid.
        assert_eq!(columns(row(4).columns(2).rows(["one", "two"]), Width::Single), 2);
    }
}
