//! Many marks and long lines, drawn with what can be seen of them.

use crate::geometry::{Rect, along, clipped};
use crate::svg::number;

/// Side of a cell, in points: two marks of one kind in one cell look like one.
const CELL: f64 = 0.5;
/// Places along a line that stand for it, besides its corners.
const SAMPLES: f64 = 2e6;
/// Corners that are simplified at once. The work grows with the square of their number where a line winds outwards.
const CHUNK: usize = 2000;

/// The panel in cells of half a point.
struct Cells {
    plot: Rect,
    columns: usize,
    rows: usize,
    taken: Vec<bool>,
}

impl Cells {
    fn new(plot: Rect) -> Self {
        let size = |length: f64| (length / CELL).ceil().max(1.0) as usize + 1;
        let (columns, rows) = (size(plot.width()), size(plot.height()));
        Self { plot, columns, rows, taken: vec![false; columns * rows] }
    }

    fn of(&self, (x, y): (f64, f64)) -> (usize, usize) {
        let column = ((x - self.plot.left) / CELL).max(0.0) as usize;
        let row = ((y - self.plot.top) / CELL).max(0.0) as usize;
        (column.min(self.columns - 1), row.min(self.rows - 1))
    }
}

/// Which marks are drawn: of those in one cell the first.
pub(crate) fn one_per_cell(marks: &[(f64, f64)], plot: Rect) -> Vec<usize> {
    let mut cells = Cells::new(plot);
    let mut first = |place: &(f64, f64)| {
        let (column, row) = cells.of(*place);
        !std::mem::replace(&mut cells.taken[row * cells.columns + column], true)
    };
    (0..marks.len()).filter(|i| first(&marks[*i])).collect()
}

/// The area that discs of `radius` cover, as the data of a path to be filled: rectangles one cell high. It is no longer
/// than the panel has cells, however many marks there are, and it stays sharp in print.
pub(crate) fn area(marks: &[(f64, f64)], radius: f64, plot: Rect) -> String {
    covered(marks.iter().copied(), radius, plot)
}

/// As [`area`], of a line with half of its thickness as `radius`: places along it stand for it.
pub(crate) fn line_area(line: &[(f64, f64)], radius: f64, plot: Rect) -> String {
    let seen = || line.windows(2).filter_map(|w| clipped(w[0], w[1], &plot));
    let length: f64 = seen().map(|(a, b)| (b.0 - a.0).abs() + (b.1 - a.1).abs()).sum();
    // A scribble that is longer than this covers its panel many times over: fewer places along it show the same.
    let step = (length / SAMPLES).max(CELL / 2.0);
    // A cell is half a point wide by itself.
    covered(seen().flat_map(|(a, b)| along(a, b, step)), radius - CELL, plot)
}

fn covered(marks: impl Iterator<Item = (f64, f64)>, radius: f64, plot: Rect) -> String {
    let mut cells = Cells::new(plot);
    let reach = (radius / CELL).round().max(0.0) as i64;
    for mark in marks {
        let (column, row) = cells.of(mark);
        for dy in -reach..=reach {
            let half = (((reach * reach - dy * dy) as f64).sqrt()).round() as usize;
            let Some(row) = row.checked_add_signed(dy as isize).filter(|r| *r < cells.rows) else { continue };
            let (from, to) = (column.saturating_sub(half), (column + half).min(cells.columns - 1));
            cells.taken[row * cells.columns + from..=row * cells.columns + to].fill(true);
        }
    }
    let mut path = String::new();
    for row in 0..cells.rows {
        let line = &cells.taken[row * cells.columns..(row + 1) * cells.columns];
        let mut column = 0;
        while column < line.len() {
            let length = line[column..].iter().take_while(|t| **t).count();
            if length > 0 {
                path.push('M');
                number(&mut path, plot.left + column as f64 * CELL);
                path.push(' ');
                number(&mut path, plot.top + row as f64 * CELL);
                path.push('h');
                number(&mut path, length as f64 * CELL);
                // A little higher than a cell: no gaps between rows.
                path.push_str("v.55h");
                number(&mut path, -(length as f64) * CELL);
                path.push('z');
            }
            column += length.max(1);
        }
    }
    path
}

/// A line with fewer corners that is nowhere further than `tolerance` from the given one (Douglas and Peucker 1973).
pub(crate) fn simplified(line: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    // First the corners that the eye cannot part, so that a million of them cost little.
    let line = if line.len() > LONG { extremes(line) } else { line.to_vec() };
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (i, place) in line.iter().enumerate() {
        let near = |last: &(f64, f64)| (last.0 - place.0).abs() < tolerance && (last.1 - place.1).abs() < tolerance;
        if i + 1 == line.len() || !corners.last().is_some_and(near) {
            corners.push(*place);
        }
    }
    if corners.len() < 3 {
        return corners;
    }
    let mut kept = vec![false; corners.len()];
    let ends: Vec<usize> = (0..corners.len() - 1).step_by(CHUNK).chain([corners.len() - 1]).collect();
    ends.iter().for_each(|i| kept[*i] = true);
    let mut open: Vec<(usize, usize)> = ends.windows(2).map(|w| (w[0], w[1])).collect();
    while let Some((from, to)) = open.pop() {
        let (mut worst, mut distance) = (from, tolerance);
        for i in from + 1..to {
            let d = off(corners[i], corners[from], corners[to]);
            if d > distance {
                (worst, distance) = (i, d);
            }
        }
        if worst > from {
            kept[worst] = true;
            open.push((from, worst));
            open.push((worst, to));
        }
    }
    corners.into_iter().zip(kept).filter_map(|(c, k)| k.then_some(c)).collect()
}

/// Lines with more corners than this go through [`extremes`].
const LONG: usize = 10_000;

/// Of neighbours in one column of a quarter of a point the first, the lowest, the highest and the last: what is drawn of
/// a column is the stroke between its extremes.
fn extremes(line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    let mut start = 0;
    while start < line.len() {
        let column = |place: &(f64, f64)| (place.0 * 4.0).floor();
        let here = column(&line[start]);
        let end = start + line[start..].iter().take_while(|p| column(p) == here).count().max(1);
        let (mut low, mut high) = (start, start);
        for i in start..end {
            low = if line[i].1 < line[low].1 { i } else { low };
            high = if line[i].1 > line[high].1 { i } else { high };
        }
        let mut four = vec![start, low, high, end - 1];
        four.sort_unstable();
        four.dedup();
        kept.extend(four.into_iter().map(|i| line[i]));
        start = end;
    }
    kept
}

/// Distance of a place from a straight piece of line.
fn off(place: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (place.0 - from.0, place.1 - from.1);
    let square = dx * dx + dy * dy;
    let t = if square > 0.0 { ((px * dx + py * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (px - t * dx, py - t * dy);
    (ex * ex + ey * ey).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Rect = Rect { left: 10.0, top: 10.0, right: 110.0, bottom: 60.0 };

    #[test]
    fn marks_in_one_cell_are_drawn_once() {
        let marks = [(20.0, 20.0), (20.1, 20.2), (20.6, 20.0), (20.0, 20.0)];
        assert_eq!(one_per_cell(&marks, PLOT), [0, 2]);
    }

    #[test]
    fn however_many_marks_there_are_the_area_is_short() {
        let marks: Vec<_> = (0..1_000_000_u32)
            .map(|i| {
                (10.0 + f64::from(i.wrapping_mul(2_654_435_761) % 100_000) / 1000.0, 10.0 + f64::from(i % 5000) / 100.0)
            })
            .collect();
        assert!(area(&marks, 1.0, PLOT).len() < 10_000);
        assert!(one_per_cell(&marks, PLOT).len() <= 201 * 101);
        assert_eq!(area(&[], 1.0, PLOT), "");
    }

    #[test]
    fn however_a_line_winds_the_area_is_short_and_where_it_was() {
        // A spiral that grows outwards, which is simplified to a square number of steps without care.
        let turn = |i: u32| (f64::from(i) / 3000.0, 0.004 * f64::from(i) / 100.0);
        let spiral: Vec<_> =
            (0..500_000).map(turn).map(|(a, r)| (60.0 + r * libm::cos(a), 35.0 + r * libm::sin(a))).collect();
        let fewer = simplified(&spiral, 0.04);
        assert!(fewer.len() < 20_000, "{}", fewer.len());
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let scribble: Vec<_> = (0..100_000).map(|_| (30.0 + 40.0 * random(), 20.0 + 30.0 * random())).collect();
        let path = line_area(&scribble, 0.5, PLOT);
        assert!(path.len() < 10_000, "{}", path.len());
        assert!(path.contains("M30 30h40v"), "{path}");
        assert_eq!(line_area(&[(0.0, 0.0), (5.0, 0.0)], 0.5, PLOT), "", "outside of the panel");
    }

    #[test]
    fn a_simplified_line_stays_where_it_was() {
        let line: Vec<_> = (0..5000).map(|i| f64::from(i) / 50.0).map(|x| (x, 0.01 * x * x)).collect();
        let fewer = simplified(&line, 0.05);
        assert!(fewer.len() < 60, "{}", fewer.len());
        assert_eq!((fewer[0], fewer.last()), (line[0], line.last()));
        for place in &line {
            let near = fewer.windows(2).map(|w| off(*place, w[0], w[1])).fold(f64::INFINITY, f64::min);
            assert!(near < 0.11, "{near}");
        }
    }
}
