//! What the axes measure: said once for all panels that measure the same.

use crate::figure::{Figure, Share};
use crate::sizes::{GAP, LABEL};
use crate::text::{Rich, Set};

/// A label for one panel, or for several in one column (of a y axis) or one row (of an x axis).
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// the column of a y axis, the row of an x axis
    pub(super) line: usize,
    /// the first and the last panel along that line, over which it is centred
    pub(super) from: usize,
    pub(super) to: usize,
    text: Rich,
}

/// Between panels of a grid there is at least so much, in points.
const BETWEEN: f64 = 8.0;

impl Label {
    /// Its lines in the room that panels of `length` leave it.
    pub(super) fn set(&self, length: f64) -> Vec<Set> {
        let count = (self.to - self.from) as f64;
        // Its neighbours begin soon after the panel ends.
        Set::lines(&self.text, LABEL, (count + 1.0) * length + count * BETWEEN + 6.0)
    }
}

/// What lines of text need outside of the numbers.
pub(super) fn depth(lines: &[Set]) -> f64 {
    if lines.is_empty() { 0.0 } else { lines.iter().map(Set::height).sum::<f64>() + GAP - 1.0 }
}

/// Whether a panel writes its numbers, and whether its label: an axis in common is written at the outermost panel only,
/// if its neighbour measures the same.
pub(super) fn written(figure: &Figure, columns: usize, i: usize, x: bool) -> (bool, bool) {
    let count = figure.panels.len();
    let (share, next) = if x { (figure.share_x, i + columns) } else { (figure.share_y, i.wrapping_sub(1)) };
    let outermost = if x { i + columns >= count } else { i.is_multiple_of(columns) };
    if share == Share::None || outermost {
        return (true, true);
    }
    let axis = |j: usize| if x { &figure.panels[j].x } else { &figure.panels[j].y };
    let other = axis(next).scale != axis(i).scale;
    (other, other || axis(next).label != axis(i).label)
}

/// The labels of all x or of all y axes.
pub(super) fn all(figure: &Figure, columns: usize, x: bool) -> Vec<Label> {
    let count = figure.panels.len();
    let rows = count.div_ceil(columns);
    let text = |i: usize| if x { &figure.panels[i].x.label } else { &figure.panels[i].y.label };
    let (lines, along) = if x { (rows, columns) } else { (columns, rows) };
    let same = |mut panels: std::ops::Range<usize>, at: &dyn Fn(usize) -> usize| {
        panels.all(|i| at(i) >= count || (text(at(i)) == text(at(0)) && !text(at(i)).is_empty()))
    };
    // Between two rows stands the letter of the lower panel, where the middle of an even number of rows is.
    let joined = x || !figure.lettered || !rows.is_multiple_of(2);
    if along > 1 && joined && same(0..count, &|i| i) {
        // The whole side of the grid: the first column, the last row.
        let line = if x { lines - 1 } else { 0 };
        return vec![Label { line, from: 0, to: along - 1, text: text(0).clone() }];
    }
    let mut found = Vec::new();
    for line in 0..lines {
        let at = |k: usize| if x { line * columns + k } else { k * columns + line };
        let members: Vec<usize> = (0..along).filter(|k| at(*k) < count).collect();
        let said: Vec<usize> = members.iter().copied().filter(|k| written(figure, columns, at(*k), x).1).collect();
        if joined && said.len() > 1 && said.len() == members.len() && same(0..along, &at) {
            found.push(Label { line, from: 0, to: members.len() - 1, text: text(at(0)).clone() });
        } else {
            let one = |k: usize| Label { line, from: k, to: k, text: text(at(k)).clone() };
            found.extend(said.into_iter().filter(|k| !text(at(*k)).is_empty()).map(one));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::figure::Panel;

    fn shown(figure: &Figure, x: bool) -> Vec<(usize, usize, usize, String)> {
        all(figure, figure.columns, x).into_iter().map(|l| (l.line, l.from, l.to, l.text.to_string())).collect()
    }

    #[test]
    fn what_all_measure_is_said_once() {
        let grid = |share| {
            let panel = || Panel::new(Axis::linear("x"), Axis::linear("y"));
            (0..6).fold(Figure::new("").columns(3).share(share, share), |f, _| f.panel(panel()))
        };
        for share in [Share::None, Share::Line, Share::All] {
            assert_eq!(shown(&grid(share), true), [(1, 0, 2, "x".into())]);
            assert_eq!(shown(&grid(share), false), [(0, 0, 1, "y".into())]);
        }
        // The letter of the lower panel would stand upon the label.
        let lettered = shown(&grid(Share::Line).lettered(), false);
        assert_eq!(lettered, [(0, 0, 0, "y".into()), (0, 1, 1, "y".into())]);
    }

    #[test]
    fn what_differs_is_said_for_each() {
        let panel = |x: &str, y: &str| Panel::new(Axis::linear(x), Axis::linear(y));
        let figure = Figure::new("").columns(2);
        let figure = [("a", "y"), ("b", "z"), ("c", "y")].iter().fold(figure, |f, (x, y)| f.panel(panel(x, y)));
        let said = |i: usize, from: usize, to: usize, text: &str| (i, from, to, text.to_owned());
        assert_eq!(shown(&figure, true), [said(0, 0, 0, "a"), said(0, 1, 1, "b"), said(1, 0, 0, "c")]);
        assert_eq!(shown(&figure, false), [said(0, 0, 1, "y"), said(1, 0, 0, "z")]);
        let figure = figure.share(Share::Line, Share::Line);
        assert_eq!(shown(&figure, true), [said(0, 0, 0, "a"), said(0, 1, 1, "b"), said(1, 0, 0, "c")]);
    }
}
