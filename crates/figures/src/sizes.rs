//! Sizes in points that the whole drawing shares.

/// Numbers at ticks, entries of the legend, notes.
pub(crate) const SMALL: f64 = 6.5;
/// What axes measure.
pub(crate) const LABEL: f64 = 7.2;
/// Names beside marks.
pub(crate) const NAME: f64 = 5.8;
/// Titles of panels.
pub(crate) const TITLE: f64 = 7.5;
/// The title of the figure.
pub(crate) const HEAD: f64 = 8.5;
/// Length of a tick; half of it for a minor one.
pub(crate) const TICK: f64 = 2.6;
/// Around everything.
pub(crate) const MARGIN: f64 = 3.0;
/// Between things that stand beside each other.
pub(crate) const GAP: f64 = 3.0;

/// Radius of marks where none is given, by how many the fullest panel has.
pub(crate) fn radius(marks: usize) -> f64 {
    match marks {
        0..=80 => 2.2,
        81..=500 => 1.6,
        501..=5000 => 1.1,
        _ => 0.8,
    }
}
