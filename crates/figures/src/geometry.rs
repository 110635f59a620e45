//! Rectangles, and the way from values to places on paper.

use crate::axis::Span;

/// In points, y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Rect {
    pub(crate) fn new(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self { left, top, right: left + width, bottom: top + height }
    }

    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn centre(&self) -> (f64, f64) {
        ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0)
    }

    /// Larger by `by` on every side.
    pub(crate) fn grown(&self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    pub(crate) fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The least rectangle around both.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    pub(crate) fn encloses(&self, other: &Self) -> bool {
        self.holds((other.left, other.top)) && self.holds((other.right, other.bottom))
    }
}

/// Two axes and the rectangle between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) x: Span,
    pub(crate) y: Span,
    pub(crate) plot: Rect,
}

impl View {
    /// Where a pair of values lies on paper, inside of the panel or not; nowhere if an axis does not admit one of them.
    pub(crate) fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        if !self.x.scale.admits(x) || !self.y.scale.admits(y) {
            return None;
        }
        let place = (
            self.plot.left + self.x.share(x) * self.plot.width(),
            self.plot.bottom - self.y.share(y) * self.plot.height(),
        );
        // Far outside there is nothing to see, and readers of SVG trip over large numbers.
        Some((place.0.clamp(-1e5, 1e5), place.1.clamp(-1e5, 1e5)))
    }

    /// Where a pair of values lies inside of the panel.
    pub(crate) fn inside(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        if self.x.holds(x) && self.y.holds(y) { self.at(x, y) } else { None }
    }
}

/// Places along a straight line, `step` points apart, both ends among them.
pub(crate) fn along(from: (f64, f64), to: (f64, f64), step: f64) -> impl Iterator<Item = (f64, f64)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let steps = ((dx * dx + dy * dy).sqrt() / step).ceil().clamp(1.0, 10_000.0);
    (0..=steps as usize).map(move |i| (from.0 + dx * i as f64 / steps, from.1 + dy * i as f64 / steps))
}

/// The part of a straight line inside of a rectangle (Liang and Barsky 1984).
pub(crate) fn clipped(from: (f64, f64), to: (f64, f64), rect: &Rect) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    let edges =
        [(-dx, from.0 - rect.left), (dx, rect.right - from.0), (-dy, from.1 - rect.top), (dy, rect.bottom - from.1)];
    for (slope, room) in edges {
        if slope == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if slope < 0.0 {
            start = start.max(room / slope);
        } else {
            end = end.min(room / slope);
        }
    }
    let at = |t: f64| (from.0 + t * dx, from.1 + t * dy);
    (start <= end).then(|| (at(start), at(end)))
}

/// How far a place lies beside and above or below a rectangle; zero inside.
pub(crate) fn apart(rect: &Rect, (x, y): (f64, f64)) -> (f64, f64) {
    ((rect.left - x).max(x - rect.right).max(0.0), (rect.top - y).max(y - rect.bottom).max(0.0))
}

/// A straight piece between two places.
pub(crate) type Piece = ((f64, f64), (f64, f64));

/// Whether a straight piece enters a rectangle.
pub(crate) fn enters(from: (f64, f64), to: (f64, f64), rect: &Rect) -> bool {
    let (left, right) = (from.0.min(to.0), from.0.max(to.0));
    let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
    // Most are far away, which is seen at once.
    let near = left <= rect.right && rect.left <= right && top <= rect.bottom && rect.top <= bottom;
    near && clipped(from, to, rect).is_some()
}

/// Whether two straight pieces cross each other.
pub(crate) fn crosses(a: Piece, b: Piece) -> bool {
    let side = |(p, q): Piece, r: (f64, f64)| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
    side(a, b.0) * side(a, b.1) < 0.0 && side(b, a.0) * side(b, a.1) < 0.0
}
