//! Lines of equal value on a grid of places (marching squares, Lorensen and Cline 1987 in the plane), and the areas
//! above a value.

use std::collections::BTreeMap;

type Place = (f64, f64);

/// Values on a grid: `values[j * xs.len() + i]` at `(xs[i], ys[j])`, places on paper.
#[derive(Debug)]
pub(crate) struct Grid {
    pub(crate) xs: Vec<f64>,
    pub(crate) ys: Vec<f64>,
    pub(crate) values: Vec<f64>,
}

/// An edge between two neighbours of the grid, by the lower of them: to the right (false) or upwards (true).
type Edge = (usize, bool);

impl Grid {
    fn at(&self, node: usize) -> Place {
        (self.xs[node % self.xs.len()], self.ys[node / self.xs.len()])
    }

    /// Corners of all cells whose four values are numbers, in turn around the cell.
    fn cells(&self) -> impl Iterator<Item = [usize; 4]> {
        let (columns, rows) = (self.xs.len(), self.ys.len());
        let all =
            (0..rows.saturating_sub(1)).flat_map(move |j| (0..columns.saturating_sub(1)).map(move |i| j * columns + i));
        let all = all.map(move |n| [n, n + 1, n + 1 + columns, n + columns]);
        all.filter(|c| c.iter().all(|n| self.values[*n].is_finite()))
    }

    fn edge(&self, a: usize, b: usize) -> Edge {
        let (low, high) = (a.min(b), a.max(b));
        (low, high - low == self.xs.len() && self.xs.len() > 1)
    }

    fn crossing(&self, (low, upwards): Edge, level: f64) -> Place {
        self.between(low, if upwards { low + self.xs.len() } else { low + 1 }, level)
    }

    fn between(&self, a: usize, b: usize, level: f64) -> Place {
        let (from, to) = (self.at(a), self.at(b));
        let share = ((level - self.values[a]) / (self.values[b] - self.values[a])).clamp(0.0, 1.0);
        (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
    }

    /// The lines on which the value is `level`, each from end to end; a closed one ends where it begins.
    pub(crate) fn lines(&self, level: f64) -> Vec<Vec<Place>> {
        let mut next: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
        for cell in self.cells() {
            let above = cell.map(|n| self.values[n] >= level);
            let crossed: Vec<usize> = (0..4).filter(|k| above[*k] != above[(k + 1) % 4]).collect();
            let middle = cell.iter().map(|n| self.values[*n] / 4.0).sum::<f64>() >= level;
            let pairs = match crossed.len() {
                2 => vec![(crossed[0], crossed[1])],
                // A saddle: the value in the middle says which corners belong together.
                4 if middle == above[0] => vec![(0, 1), (2, 3)],
                4 => vec![(3, 0), (1, 2)],
                _ => vec![],
            };
            for (a, b) in pairs {
                let edge = |k: usize| self.edge(cell[k], cell[(k + 1) % 4]);
                next.entry(edge(a)).or_default().push(edge(b));
                next.entry(edge(b)).or_default().push(edge(a));
            }
        }
        let mut lines = Vec::new();
        // Open lines first, from their ends; what is left is closed.
        let ends: Vec<Edge> = next.iter().filter(|(_, n)| n.len() == 1).map(|(e, _)| *e).collect();
        let rest: Vec<Edge> = next.keys().copied().collect();
        for start in ends.into_iter().chain(rest) {
            let mut line = vec![start];
            let mut at = start;
            while let Some(to) = next.get_mut(&at).and_then(Vec::pop) {
                let back = next.entry(to).or_default();
                back.iter().position(|e| *e == at).map(|i| back.swap_remove(i));
                line.push(to);
                at = to;
            }
            if line.len() > 1 {
                lines.push(line.into_iter().map(|e| self.crossing(e, level)).collect());
            }
        }
        lines
    }

    /// Polygons that together are the area where the value is at least `level`. Whole cells beside each other are one.
    pub(crate) fn areas(&self, level: f64) -> Vec<Vec<Place>> {
        let mut areas: Vec<Vec<Place>> = Vec::new();
        let mut whole: Option<usize> = None;
        for cell in self.cells() {
            let above = cell.map(|n| self.values[n] >= level);
            if above == [true; 4] {
                let joined = whole == Some(cell[0]) && areas.last().is_some_and(|a| a.len() == 4);
                if let (true, Some(last)) = (joined, areas.last_mut()) {
                    (last[1], last[2]) = (self.at(cell[1]), self.at(cell[2]));
                } else {
                    areas.push(cell.map(|n| self.at(n)).to_vec());
                }
                whole = (cell[1] % self.xs.len() + 1 < self.xs.len()).then_some(cell[1]);
                continue;
            }
            whole = None;
            let mut polygon = Vec::new();
            for k in 0..4 {
                let (a, b) = (cell[k], cell[(k + 1) % 4]);
                if above[k] {
                    polygon.push(self.at(a));
                }
                if above[k] != above[(k + 1) % 4] {
                    polygon.push(self.between(a, b, level));
                }
            }
            if polygon.len() > 2 {
                areas.push(polygon);
            }
        }
        areas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(f: impl Fn(f64, f64) -> f64) -> Grid {
        let axis: Vec<f64> = (0..41).map(|i| f64::from(i) / 10.0 - 2.0).collect();
        let values = axis.iter().flat_map(|y| axis.iter().map(|x| (*x, *y))).map(|(x, y)| f(x, y)).collect();
        Grid { xs: axis.clone(), ys: axis, values }
    }

    #[test]
    fn a_circle_is_one_closed_line_and_has_its_area() {
        let grid = grid(|x, y| 4.0 - x * x - y * y);
        let lines = grid.lines(3.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        for (x, y) in &lines[0] {
            assert!(((x * x + y * y).sqrt() - 1.0).abs() < 0.01);
        }
        let area: f64 = grid.areas(3.0).iter().map(|p| shoelace(p)).sum();
        assert!((area - std::f64::consts::PI).abs() < 0.03, "{area}");
    }

    fn shoelace(polygon: &[Place]) -> f64 {
        let turned = (0..polygon.len()).map(|i| (polygon[i], polygon[(i + 1) % polygon.len()]));
        turned.map(|(a, b)| (a.0 * b.1 - b.0 * a.1) / 2.0).sum::<f64>().abs()
    }

    #[test]
    fn a_plane_has_one_open_line_and_holes_break_it() {
        assert_eq!(grid(|x, _| x).lines(0.05).len(), 1);
        assert_eq!(grid(|x, y| if y.abs() < 0.25 { f64::NAN } else { x }).lines(0.05).len(), 2);
        assert_eq!(grid(|x, _| x).lines(7.0).len(), 0);
        // Two hyperbolas, whichever way the saddle in the middle is read.
        assert_eq!(grid(|x, y| x * y).lines(0.3).len(), 2);
    }
}
