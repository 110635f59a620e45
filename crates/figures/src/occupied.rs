//! What of a panel is taken: by marks, lines and text.

use crate::geometry::{Piece, Rect, View, along, clipped};
use crate::layer::{Layer, Side};

/// Side of a cell, in points.
const CELL: f64 = 1.0;
/// From the border of a panel to a box at it, in points.
const INSET: f64 = 4.0;
/// Places along each side of a panel that are tried for a box with no free place at the border.
const INSIDE: u32 = 24;
/// Places along a line that stand for it, besides its corners.
const PLACES: f64 = 1e6;

/// A panel in cells, each free or taken.
#[derive(Clone, Debug)]
pub(crate) struct Occupied {
    plot: Rect,
    columns: usize,
    rows: usize,
    taken: Vec<bool>,
    /// taken cells above and left of each corner, so that a rectangle is counted at once (Crow 1984)
    sums: Vec<u32>,
}

impl Occupied {
    /// Nothing taken.
    pub(crate) fn new(plot: Rect) -> Self {
        let (columns, rows) = ((plot.width() / CELL).ceil().max(1.0), (plot.height() / CELL).ceil().max(1.0));
        let (columns, rows) = (columns as usize, rows as usize);
        let sums = vec![0; (columns + 1) * (rows + 1)];
        Self { plot, columns, rows, taken: vec![false; columns * rows], sums }
    }

    /// What the layers of a panel draw over it, marks with a radius of `radius`.
    pub(crate) fn of(layers: &[Layer], view: &View, radius: f64) -> Self {
        let mut occupied = Self::new(view.plot);
        for layer in layers {
            match layer {
                Layer::Points(points) => {
                    let radius = points.radius.unwrap_or(radius);
                    for point in &points.points {
                        let Some((x, y)) = view.inside(point.x, point.y) else { continue };
                        occupied.take(&Rect::new(x, y, 0.0, 0.0).grown(radius));
                        let ends = point.interval.map(|(l, u)| (view.at(point.x, l), view.at(point.x, u)));
                        if let Some((Some(lower), Some(upper))) = ends {
                            occupied.take_line(lower, upper);
                        }
                    }
                }
                Layer::Line(line) => {
                    let pieces = line.points.windows(2).filter_map(|pair| {
                        clipped(view.at(pair[0].0, pair[0].1)?, view.at(pair[1].0, pair[1].1)?, &view.plot)
                    });
                    let pieces: Vec<Piece> = pieces.collect();
                    let length: f64 = pieces.iter().map(|(a, b)| (b.0 - a.0).abs() + (b.1 - a.1).abs()).sum();
                    // A scribble longer than this covers its panel many times over: fewer places show the same.
                    let step = (length / PLACES).max(CELL);
                    pieces.iter().for_each(|(a, b)| occupied.take_along(*a, *b, step));
                }
                Layer::Arrow(arrow) => {
                    if let (Some(a), Some(b)) = (view.at(arrow.from.0, arrow.from.1), view.at(arrow.to.0, arrow.to.1)) {
                        occupied.take_line(a, b);
                    }
                }
                Layer::Rule(rule) => {
                    let (x, y) = match rule.side {
                        Side::X => ((rule.at, rule.at), (view.y.low, view.y.high)),
                        Side::Y => ((view.x.low, view.x.high), (rule.at, rule.at)),
                    };
                    if let (Some(a), Some(b)) = (view.at(x.0, y.0), view.at(x.1, y.1)) {
                        occupied.take_line(a, b);
                    }
                }
                // Text may stand inside of a band, but not across its edge.
                Layer::Band(band) => {
                    for pair in band.points.windows(2) {
                        for of in [|p: &(f64, f64, f64)| p.1, |p: &(f64, f64, f64)| p.2] {
                            let ends = (view.at(pair[0].0, of(&pair[0])), view.at(pair[1].0, of(&pair[1])));
                            if let (Some(a), Some(b)) = ends {
                                occupied.take_line(a, b);
                            }
                        }
                    }
                }
                Layer::Contours(_) | Layer::Note(_) => {}
            }
        }
        occupied.sum();
        occupied
    }

    fn cells(&self, rect: &Rect) -> Option<(usize, usize, usize, usize)> {
        let column = |x: f64| ((x - self.plot.left) / CELL).clamp(0.0, self.columns as f64);
        let row = |y: f64| ((y - self.plot.top) / CELL).clamp(0.0, self.rows as f64);
        let (left, right) = (column(rect.left).floor() as usize, column(rect.right).ceil() as usize);
        let (top, bottom) = (row(rect.top).floor() as usize, row(rect.bottom).ceil() as usize);
        (left < right && top < bottom).then_some((left, right, top, bottom))
    }

    /// Marks a rectangle as taken; [`Self::sum`] must follow before anything is counted.
    pub(crate) fn take(&mut self, rect: &Rect) {
        if let Some((left, right, top, bottom)) = self.cells(rect) {
            for row in top..bottom {
                self.taken[row * self.columns + left..row * self.columns + right].fill(true);
            }
        }
    }

    /// As [`Self::take`], along a straight line.
    pub(crate) fn take_line(&mut self, from: (f64, f64), to: (f64, f64)) {
        if let Some((from, to)) = clipped(from, to, &self.plot) {
            self.take_along(from, to, CELL);
        }
    }

    fn take_along(&mut self, from: (f64, f64), to: (f64, f64), step: f64) {
        for (x, y) in along(from, to, step) {
            self.take(&Rect::new(x, y, 0.0, 0.0).grown(CELL / 2.0));
        }
    }

    /// Counts all cells.
    pub(crate) fn sum(&mut self) {
        let width = self.columns + 1;
        for row in 0..self.rows {
            let mut of_row = 0;
            for column in 0..self.columns {
                of_row += u32::from(self.taken[row * self.columns + column]);
                self.sums[(row + 1) * width + column + 1] = self.sums[row * width + column + 1] + of_row;
            }
        }
    }

    /// How many cells of a rectangle are taken.
    pub(crate) fn count(&self, rect: &Rect) -> u32 {
        let Some((left, right, top, bottom)) = self.cells(rect) else { return 0 };
        let at = |row: usize, column: usize| self.sums[row * (self.columns + 1) + column];
        at(bottom, right) + at(top, left) - at(top, right) - at(bottom, left)
    }

    /// The place for a box of this size at the border of the panel that hides least, and how many taken cells it hides.
    /// Corners come first, upper ones before lower ones.
    pub(crate) fn emptiest(&self, width: f64, height: f64) -> (Rect, u32) {
        let (left, right) = (self.plot.left + INSET, self.plot.right - INSET - width);
        let (top, bottom) = (self.plot.top + INSET, self.plot.bottom - INSET - height);
        let middle = (left + right) / 2.0;
        let centre = (top + bottom) / 2.0;
        let places = [
            (right, top),
            (left, top),
            (right, bottom),
            (left, bottom),
            (middle, top),
            (middle, bottom),
            (right, centre),
            (left, centre),
        ];
        let count = |(x, y): (f64, f64)| {
            let rect = Rect::new(x, y, width, height);
            (rect, self.count(&rect.grown(2.0)))
        };
        let mut best = count(places[0]);
        for place in places[1..].iter().map(|p| count(*p)) {
            if place.1 < best.1 {
                best = place;
            }
        }
        best
    }

    /// As [`Self::emptiest`], in the midst of the panel where each place at the border hides something.
    pub(crate) fn emptiest_anywhere(&self, width: f64, height: f64) -> (Rect, u32) {
        let best = self.emptiest(width, height);
        let inner = self.plot.grown(-INSET);
        if best.1 == 0 || inner.width() < width || inner.height() < height {
            return best;
        }
        let share = |i: u32| f64::from(i) / f64::from(INSIDE);
        let places = (0..=INSIDE).flat_map(|i| (0..=INSIDE).map(move |j| (share(i), share(j))));
        let found = places.map(|(down, across)| {
            let (x, y) = (inner.left + across * (inner.width() - width), inner.top + down * (inner.height() - height));
            let rect = Rect::new(x, y, width, height);
            (rect, self.count(&rect.grown(2.0)))
        });
        found.min_by_key(|place| place.1).filter(|f| f.1 < best.1).unwrap_or(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_are_counted() {
        let mut occupied = Occupied::new(Rect::new(10.0, 20.0, 50.0, 40.0));
        occupied.take(&Rect::new(20.0, 30.0, 5.0, 4.0));
        occupied.take(&Rect::new(-100.0, -100.0, 5.0, 4.0));
        occupied.sum();
        assert_eq!(occupied.count(&Rect::new(0.0, 0.0, 500.0, 500.0)), 20);
        assert_eq!(occupied.count(&Rect::new(20.0, 30.0, 1.0, 1.0)), 1);
        assert_eq!(occupied.count(&Rect::new(30.0, 30.0, 10.0, 10.0)), 0);
    }

    #[test]
    fn a_box_goes_where_nothing_is() {
        let mut occupied = Occupied::new(Rect::new(0.0, 0.0, 100.0, 100.0));
        occupied.take(&Rect::new(60.0, 0.0, 40.0, 30.0));
        occupied.take(&Rect::new(0.0, 10.0, 10.0, 10.0));
        occupied.sum();
        let (rect, hidden) = occupied.emptiest(30.0, 20.0);
        assert_eq!(hidden, 0);
        assert_eq!((rect.right, rect.bottom), (96.0, 96.0));
    }

    #[test]
    fn a_box_leaves_the_border_where_that_is_full() {
        let mut occupied = Occupied::new(Rect::new(0.0, 0.0, 100.0, 100.0));
        for side in [Rect::new(0.0, 0.0, 100.0, 12.0), Rect::new(0.0, 88.0, 100.0, 12.0)] {
            occupied.take(&side);
        }
        for side in [Rect::new(0.0, 0.0, 12.0, 100.0), Rect::new(88.0, 0.0, 12.0, 100.0)] {
            occupied.take(&side);
        }
        occupied.sum();
        assert!(occupied.emptiest(30.0, 20.0).1 > 0);
        let (rect, hidden) = occupied.emptiest_anywhere(30.0, 20.0);
        assert_eq!(hidden, 0, "{rect:?}");
    }
}
