//! Shapes of marks.

use crate::svg::number;

/// The shape of a mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Marker {
    /// a disc
    #[default]
    Circle,
    /// a square
    Square,
    /// a triangle that stands
    Triangle,
    /// a square on its corner
    Diamond,
    /// a triangle on its corner
    Wedge,
    /// five points
    Star,
    /// an upright cross
    Plus,
    /// a cross on its side
    Cross,
}

impl Marker {
    /// In the order in which series take them.
    pub const ALL: [Self; 8] =
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond, Self::Wedge, Self::Star, Self::Plus, Self::Cross];

    /// Whether it has an inside that can be filled.
    pub(crate) fn has_area(self) -> bool {
        !matches!(self, Self::Plus | Self::Cross)
    }

    /// Corners for a mark of radius 1 with the area of the disc, or nearly; empty for the disc, pairs of ends for
    /// crosses. Constants, because sines differ in their last bits between machines.
    fn corners(self) -> &'static [(f64, f64)] {
        match self {
            Self::Circle => &[],
            Self::Square => &[(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
            Self::Triangle => &[(0.0, -1.3), (1.13, 0.75), (-1.13, 0.75)],
            Self::Wedge => &[(0.0, 1.3), (1.13, -0.75), (-1.13, -0.75)],
            Self::Diamond => &[(0.0, -1.3), (1.15, 0.0), (0.0, 1.3), (-1.15, 0.0)],
            // Radii 1.5 and 0.62 at multiples of 36 degrees.
            Self::Star => &[
                (0.0, -1.5),
                (0.364, -0.502),
                (1.427, -0.464),
                (0.59, 0.192),
                (0.882, 1.214),
                (0.0, 0.62),
                (-0.882, 1.214),
                (-0.59, 0.192),
                (-1.427, -0.464),
                (-0.364, -0.502),
            ],
            Self::Plus => &[(-1.2, 0.0), (1.2, 0.0), (0.0, -1.2), (0.0, 1.2)],
            Self::Cross => &[(-0.95, -0.95), (0.95, 0.95), (-0.95, 0.95), (0.95, -0.95)],
        }
    }

    /// Appends the data of an SVG path for a mark of `radius` at a place.
    pub(crate) fn path(self, out: &mut String, (x, y): (f64, f64), radius: f64) {
        let point = |out: &mut String, letter: char, (px, py): (f64, f64)| {
            out.push(letter);
            number(out, px);
            out.push(' ');
            number(out, py);
        };
        if self == Self::Circle {
            point(out, 'M', (x - radius, y));
            for end in [2.0 * radius, -2.0 * radius] {
                out.push('a');
                number(out, radius);
                out.push(' ');
                number(out, radius);
                out.push_str(" 0 1 0 ");
                number(out, end);
                out.push_str(" 0");
            }
            return out.push('z');
        }
        for (i, corner) in self.corners().iter().enumerate() {
            let moves = i == 0 || (!self.has_area() && i % 2 == 0);
            point(out, if moves { 'M' } else { 'L' }, (x + radius * corner.0, y + radius * corner.1));
        }
        if self.has_area() {
            out.push('z');
        }
    }
}
