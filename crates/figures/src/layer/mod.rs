//! What is drawn in a panel, layer upon layer.

mod curves;
mod marks;
mod notes;

pub use curves::{Band, Contours, Dash, Line};
pub use marks::{Point, Points};
pub use notes::{Arrow, Corner, Heads, Note, Place, Rule, Side};

/// One layer of a panel. Layers are drawn by kind (bands and contours below, lines above them, marks above lines, text
/// on top), and within a kind in the order in which they were added.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// marks
    Points(Points),
    /// a curve
    Line(Line),
    /// the area between two curves
    Band(Band),
    /// lines of equal value of a surface
    Contours(Contours),
    /// a line across the whole panel
    Rule(Rule),
    /// from one place to another, with a label
    Arrow(Arrow),
    /// a few lines of text
    Note(Note),
}

macro_rules! from {
    ($($kind:ident)*) => {$(
        impl From<$kind> for Layer {
            fn from(layer: $kind) -> Self {
                Self::$kind(layer)
            }
        }
    )*};
}

from!(Points Line Band Contours Rule Arrow Note);
