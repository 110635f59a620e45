//! Arrows with what they measure beside them.

use super::Pen;
use super::curves::{polyline, stroke};
use super::series::Series;
use crate::font::CAPITAL;
use crate::geometry::{Piece, Rect, View, along, apart};
use crate::layer::{Arrow, Dash, Heads};
use crate::occupied::Occupied;
use crate::sizes::SMALL;
use crate::svg::Align;
use crate::text::Set;

/// Length of a head, in points, and half of its width as a share of that.
const HEAD: f64 = 4.0;
const SLANT: f64 = 0.45;
/// Half of the bar that ends a bracket.
const BAR: f64 = 2.5;
/// From an arrow to its label: the first is close, the others are for when something is in the way.
const RINGS: [f64; 5] = [2.6, 5.0, 8.0, 12.0, 17.0];

impl Pen<'_> {
    pub(super) fn arrow(&mut self, arrow: &Arrow, view: &View, blocked: &mut Vec<Rect>, occupied: &Occupied) {
        let ends = (view.at(arrow.from.0, arrow.from.1), view.at(arrow.to.0, arrow.to.1));
        let (Some(from), Some(to)) = ends else { return };
        if length(from, to) < 0.5 {
            return;
        }
        let colour = self.colour(arrow.colour.as_ref());
        let series = match &arrow.between {
            Some((one, other)) => Series::new(Some(one), Some(other)),
            None => Series::new(arrow.colour.as_ref(), None),
        };
        self.svg.open("g", &series.of("arrow"));
        let strokes = strokes((from, to), arrow.heads);
        // A head in dashes would be none.
        let shaft = if arrow.dash == Dash::Solid { strokes.len() } else { 1 };
        for (pieces, dash) in [(&strokes[..shaft], arrow.dash), (&strokes[shaft..], Dash::Solid)] {
            let mut path = String::new();
            pieces.iter().for_each(|(a, b)| polyline(&mut path, &[*a, *b]));
            if !path.is_empty() {
                stroke(&mut self.svg, &path, &colour, 0.8, dash);
            }
        }
        if !arrow.label.is_empty() {
            let set = worded(arrow, view.plot.width() * 0.6);
            let rect = beside((from, to), (set.width, CAPITAL * SMALL), &view.plot, blocked, occupied);
            self.over(&set, (rect.left, rect.bottom), &colour);
            blocked.push(rect.grown(1.0));
        }
        self.svg.close("g");
    }

    /// Text that may stand over lines: a thin rim of paper keeps them off.
    pub(super) fn over(&mut self, set: &Set, at: (f64, f64), colour: &str) {
        self.svg.haloed(set, at, Align::Start, colour, self.render.theme.paper());
    }
}

/// The label, with all behind it that is not cut.
fn worded(arrow: &Arrow, most: f64) -> Set {
    let whole = Set::new(&arrow.said().bold(), SMALL);
    if whole.width <= most { whole } else { Set::within(&arrow.label.clone().bold(), SMALL, most) }
}

/// Not `hypot`, which is not the same on every machine.
fn length(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    (dx * dx + dy * dy).sqrt()
}

/// The straight pieces that an arrow is made of.
fn strokes((from, to): Piece, heads: Heads) -> Vec<Piece> {
    let length = length(from, to);
    let (ux, uy) = ((to.0 - from.0) / length, (to.1 - from.1) / length);
    let size = HEAD.min(length / 3.0);
    let mut pieces = vec![(from, to)];
    // `way`: towards the tip.
    let head = |tip: (f64, f64), way: f64| {
        let end = move |side: f64| (tip.0 - size * way * (ux + side * uy), tip.1 - size * way * (uy - side * ux));
        [(end(SLANT), tip), (end(-SLANT), tip)]
    };
    let bar = |(x, y): (f64, f64)| ((x - BAR * uy, y + BAR * ux), (x + BAR * uy, y - BAR * ux));
    match heads {
        Heads::None => {}
        Heads::End => pieces.extend(head(to, 1.0)),
        Heads::Both => pieces.extend(head(to, 1.0).into_iter().chain(head(from, -1.0))),
        Heads::Bars => pieces.extend([bar(from), bar(to)]),
    }
    pieces
}

/// The box of the label: above a flat arrow, at the right of a steep one; elsewhere around it where that hides less.
fn beside((from, to): Piece, (w, h): (f64, f64), plot: &Rect, blocked: &[Rect], occupied: &Occupied) -> Rect {
    let (left, right) = (from.0.min(to.0), from.0.max(to.0));
    let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
    let flat = right - left >= bottom - top;
    let mut places = Vec::new();
    for gap in RINGS {
        let (above, below, after, before) = (top - gap - h, bottom + gap, right + gap, left - gap - w);
        let across = |share: f64| left + share * (right - left) - w / 2.0;
        let down = |share: f64| top + share * (bottom - top) - h / 2.0;
        let flats = [0.5, 0.25, 0.75].map(|s| [(across(s), above), (across(s), below)]);
        let steeps = [0.5, 0.25, 0.75].map(|s| [(after, down(s)), (before, down(s))]);
        let corners = [(after, above), (before, below), (after, below), (before, above)];
        let (first, second) = if flat { (flats, steeps) } else { (steeps, flats) };
        places.extend(first.into_iter().flatten().chain(second.into_iter().flatten()).chain(corners));
    }
    let rects = places.iter().map(|(x, y)| Rect::new(*x, *y, w, h));
    let mut best: Option<(Rect, f64)> = None;
    for (rank, rect) in rects.enumerate() {
        if !plot.encloses(&rect) || blocked.iter().any(|b| b.overlaps(&rect)) {
            continue;
        }
        let distance = along(from, to, 1.0).map(|p| length((0.0, 0.0), apart(&rect, p))).fold(f64::MAX, f64::min);
        let cost = 2.0 * f64::from(occupied.count(&rect.grown(1.2))) + distance + 0.05 * rank as f64;
        if best.is_none_or(|(_, least)| cost < least) {
            best = Some((rect, cost));
        }
    }
    best.map_or_else(|| Rect::new((left + right - w) / 2.0, top - RINGS[0] - h, w, h), |(rect, _)| rect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_a_label_is_left_out_before_it_is_cut() {
        let arrow = Arrow::new((0.0, 0.0), (1.0, 0.0)).label("3.40×").more(", one over other");
        let label = Set::new(&arrow.label.clone().bold(), SMALL).width;
        let whole = Set::new(&arrow.said().bold(), SMALL).width;
        assert!(label < whole);
        assert_eq!(worded(&arrow, whole).width, whole);
        assert_eq!(worded(&arrow, whole - 0.1).width, label);
        assert!(worded(&arrow, label / 2.0).width <= label / 2.0);
    }

    #[test]
    fn a_label_steps_aside_from_lines() {
        let plot = Rect::new(0.0, 0.0, 200.0, 200.0);
        let arrow = ((95.0, 100.0), (105.0, 100.0));
        let free = beside(arrow, (20.0, 5.0), &plot, &[], &Occupied::new(plot));
        assert_eq!((free.centre().0, free.bottom), (100.0, 100.0 - RINGS[0]), "above the middle");
        // Between two falling lines: over neither.
        let mut occupied = Occupied::new(plot);
        occupied.take_line((0.0, 5.0), (200.0, 205.0));
        occupied.take_line((0.0, -5.0), (200.0, 195.0));
        occupied.sum();
        let aside = beside(arrow, (20.0, 5.0), &plot, &[], &occupied);
        assert_eq!(occupied.count(&aside), 0, "{aside:?}");
        assert!(!beside(arrow, (20.0, 5.0), &plot, &[aside], &occupied).overlaps(&aside));
    }
}
