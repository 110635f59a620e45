//! Surfaces: areas and lines of equal value.

use super::Pen;
use super::curves::{TOLERANCE, polyline, stroke};
use crate::axis::Scale;
use crate::contour::Grid;
use crate::decimal::Decimal;
use crate::font::CAPITAL;
use crate::geometry::{Rect, View, clipped};
use crate::layer::{Contours, Dash};
use crate::numbers::Numbers;
use crate::occupied::Occupied;
use crate::palette;
use crate::sizes::NAME;
use crate::text::{Rich, Set};
use crate::thin::simplified;
use crate::ticks::ticks;

/// The lines of one value, the longest first, and how the value is written.
pub(super) struct Level {
    label: Option<Rich>,
    lines: Vec<Vec<(f64, f64)>>,
}

impl Pen<'_> {
    /// Draws the areas of a surface. Its lines are drawn by [`Self::levels`], when the rest of the panel has its place.
    pub(super) fn contours(&mut self, surface: &Contours, view: &View, name: &str) -> Vec<Level> {
        if surface.values.len() != surface.xs.len() * surface.ys.len() {
            let (found, expected) = (surface.values.len(), surface.xs.len() * surface.ys.len());
            self.notes.push(format!("{name}: a surface has {found} values where its grid has {expected} places"));
            return Vec::new();
        }
        let place = |x: f64, y: f64| view.at(x, y).unwrap_or((f64::NAN, f64::NAN));
        let grid = Grid {
            xs: surface.xs.iter().map(|x| place(*x, view.y.low).0).collect(),
            ys: surface.ys.iter().map(|y| place(view.x.low, *y).1).collect(),
            values: surface.values.clone(),
        };
        if grid.xs.iter().chain(&grid.ys).any(|p| p.is_nan()) {
            self.notes.push(format!("{name}: the grid of a surface has places that its axes do not admit"));
            return Vec::new();
        }
        let finite = || surface.values.iter().copied().filter(|v| v.is_finite());
        let (least, most) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let levels: Vec<(f64, Rich)> = match &surface.levels {
            Some(given) => given.iter().filter(|l| l.is_finite()).map(|l| (*l, written(*l))).collect(),
            None => ticks(Scale::Linear, least, most, 9, Numbers::Auto).major,
        };
        let theme = self.render.theme;
        let shade = |i: usize| palette::area(1.0 - i as f64 / levels.len().max(1) as f64, theme);
        let mut found = Vec::new();
        if surface.filled {
            self.svg.open("g", &[("class", "surface".into()), ("opacity", shade(0).1.into())]);
            for (i, level) in std::iter::once(f64::NEG_INFINITY).chain(levels.iter().map(|l| l.0)).enumerate() {
                let mut path = String::new();
                for area in grid.areas(level) {
                    polyline(&mut path, &area);
                    path.push('z');
                }
                let (colour, _) = shade(i);
                // The line around each part closes the gap that its neighbour would leave.
                let look = [("d", path.as_str().into()), ("fill", colour.as_str().into())];
                let rim = [("stroke", colour.as_str().into()), ("stroke-width", 0.3.into())];
                self.svg.element("path", &[look, rim].concat());
            }
            self.svg.close("g");
        }
        for (level, label) in levels {
            let mut lines = grid.lines(level);
            lines.sort_by_key(|l| std::cmp::Reverse(l.len()));
            if !lines.is_empty() {
                found.push(Level { label: surface.labelled.then_some(label), lines });
            }
        }
        found
    }

    /// Draws the lines of a surface at a place `at` in the file, below what has been drawn since, and writes its values
    /// into gaps that the lines leave for them.
    pub(super) fn levels(
        &mut self,
        levels: &[Level],
        at: usize,
        view: &View,
        blocked: &mut Vec<Rect>,
        data: &Occupied,
    ) {
        let theme = self.render.theme;
        let values: Vec<Option<(Set, Rect)>> = levels.iter().map(|l| l.value(view, blocked, data)).collect();
        let since = self.svg.body.split_off(at);
        for (level, value) in levels.iter().zip(&values) {
            let mut path = String::new();
            for line in &level.lines {
                let line = simplified(line, TOLERANCE);
                let gap = value.as_ref().map(|(_, rect)| rect.grown(1.0));
                gap.map_or_else(|| vec![line.clone()], |gap| outside(&line, &gap))
                    .iter()
                    .for_each(|part| polyline(&mut path, part));
            }
            stroke(&mut self.svg, &path, theme.muted(), 0.6, Dash::Solid);
        }
        self.svg.body.push_str(&since);
        for (set, rect) in values.iter().flatten() {
            self.over(set, (rect.left, rect.bottom), theme.ink());
        }
    }
}

impl Level {
    /// Its value on the longest of its lines, from the middle outwards, where nothing else is.
    fn value(&self, view: &View, blocked: &mut Vec<Rect>, data: &Occupied) -> Option<(Set, Rect)> {
        let line = self.lines.first()?;
        let set = Set::new(self.label.as_ref()?, NAME);
        let (w, h) = (set.width, CAPITAL * NAME);
        // A line that its value would hide bears none.
        let length: f64 = line.windows(2).map(|p| (p[1].0 - p[0].0).abs() + (p[1].1 - p[0].1).abs()).sum();
        if length < 3.0 * w {
            return None;
        }
        let free = |r: &Rect| view.plot.encloses(&r.grown(1.0)) && !blocked.iter().any(|b| b.overlaps(r));
        let middle = line.len() / 2;
        let order = (0..line.len()).map(|i| if i % 2 == 0 { middle + i / 2 } else { middle.wrapping_sub(i / 2 + 1) });
        let places = order.filter_map(|i| line.get(i)).map(|(x, y)| Rect::new(x - w / 2.0, y - h / 2.0, w, h));
        let found: Vec<Rect> = places.filter(free).collect();
        let clear = found.iter().find(|r| data.count(&r.grown(0.5)) == 0);
        let rect = *clear.or(found.first())?;
        // Values one below the other would be read as one column of numbers.
        blocked.push(rect.grown(2.5));
        Some((set, rect))
    }
}

/// The parts of a line outside of a rectangle.
fn outside(line: &[(f64, f64)], gap: &Rect) -> Vec<Vec<(f64, f64)>> {
    let mut parts: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    let mut push = |from: (f64, f64), to: (f64, f64)| match parts.last_mut() {
        Some(part) if part.last() == Some(&from) => part.push(to),
        _ => parts.push(vec![from, to]),
    };
    for pair in line.windows(2) {
        match clipped(pair[0], pair[1], gap) {
            None => push(pair[0], pair[1]),
            Some((enters, leaves)) => {
                if enters != pair[0] {
                    push(pair[0], enters);
                }
                if leaves != pair[1] {
                    push(leaves, pair[1]);
                }
            }
        }
    }
    parts.retain(|p| p.len() > 1);
    parts
}

/// A given level as its shortest decimal.
fn written(level: f64) -> Rich {
    let text = format!("{level:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let places = digits.split_once('.').map_or(0, |(_, p)| p.len() as i32);
    match (digits.replace('.', "").parse(), exponent.parse::<i32>()) {
        (Ok(mantissa), Ok(exponent)) if (-4..6).contains(&exponent) => {
            crate::numbers::label(Decimal::new(mantissa, exponent - places), Numbers::Plain, 0)
        }
        (Ok(mantissa), Ok(exponent)) => {
            crate::numbers::label(Decimal::new(mantissa, exponent - places), Numbers::Power, 0)
        }
        _ => Rich::plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_leaves_a_gap_for_its_value() {
        let gap = Rect::new(4.0, -1.0, 2.0, 2.0);
        let line = [(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)];
        assert_eq!(outside(&line, &gap), [[(0.0, 0.0), (4.0, 0.0)], [(6.0, 0.0), (10.0, 0.0)]]);
        assert_eq!(outside(&line, &Rect::new(0.0, 5.0, 9.0, 1.0)), [line]);
    }

    #[test]
    fn given_levels_are_written_as_given() {
        for (level, text) in [(2.25, "2.25"), (3.0, "3"), (-0.5, "\u{2212}0.5"), (1e9, "10^9")] {
            assert_eq!(written(level).to_string(), text);
        }
    }
}
