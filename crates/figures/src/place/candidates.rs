//! Where a label may stand, and what that costs as far as it does not depend on other labels.

use super::{ALONG, Candidate, Spot, Want, nearness};
use crate::geometry::{Piece, Rect, along, apart, enters};
use crate::occupied::Occupied;

/// From the rim of the mark to the label, in points.
const RINGS: [f64; 8] = [1.2, 2.6, 5.0, 8.5, 13.0, 19.0, 27.0, 38.0];
/// From which distance on there is a leader: nearer ones are seen to belong together.
const FAR: f64 = 3.2;
/// Right, left, above, below, then between; the order is the preference.
const DIRECTIONS: [(f64, f64); 16] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, -1.0),
    (0.0, 1.0),
    (0.71, -0.71),
    (-0.71, -0.71),
    (0.71, 0.71),
    (-0.71, 0.71),
    (0.92, -0.38),
    (-0.92, -0.38),
    (0.92, 0.38),
    (-0.92, 0.38),
    (0.38, -0.92),
    (-0.38, -0.92),
    (0.38, 0.92),
    (-0.38, 0.92),
];
/// What it costs to hide a mark, or to lead a line over one.
const MARK: f64 = 250.0;
const LED_OVER: f64 = 30.0;
/// What it costs to stand so that another mark may look like the one meant, and that it is the nearer one.
const AMBIGUOUS: f64 = 50.0;
const NEARER: f64 = 40.0;
/// From a label to a mark that could be meant, at most, in points.
const DOUBT: f64 = 7.0;

/// The candidates of one label, cheapest first.
pub(super) fn around(
    want: &Want,
    wants: &[Want],
    bounds: &Rect,
    occupied: &Occupied,
    blocked: &[Rect],
) -> Vec<Candidate> {
    let reach = RINGS[RINGS.len() - 1] + want.width + 12.0;
    let far = |w: &&Want| (w.mark.0 - want.mark.0).abs() < reach && (w.mark.1 - want.mark.1).abs() < reach;
    let others: Vec<&Want> = wants.iter().filter(|w| w.mark != want.mark).filter(far).collect();
    let mut found = Vec::new();
    for gap in RINGS {
        for (rank, direction) in DIRECTIONS.iter().enumerate() {
            let rect = beside(want, *direction, gap);
            if !bounds.encloses(&rect) || blocked.iter().any(|b| b.overlaps(&rect)) {
                continue;
            }
            let (dx, dy) = apart(&rect, want.mark);
            let distance = (dx * dx + dy * dy).sqrt() - want.radius;
            let leader = (distance > FAR).then(|| leader(want, &rect));
            let spot = Spot { rect, leader };
            let hidden = 1.2 * f64::from(occupied.count(&rect)).min(40.0);
            let cost = gap * 1.1 + rank as f64 * 0.35 + hidden + alone(want, &spot, &others, occupied);
            found.push(Candidate::new(spot, cost));
        }
    }
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    found
}

/// The box of a label in one direction from its mark: beside it the middle of its side is nearest, above it the middle
/// of its foot, between them a corner.
fn beside(want: &Want, (dx, dy): (f64, f64), gap: f64) -> Rect {
    let reach = want.radius + gap;
    let (x, y) = (want.mark.0 + dx * reach, want.mark.1 + dy * reach);
    let slide = |d: f64, size: f64| match d {
        d if d.abs() < 0.2 => -size / 2.0,
        d if d > 0.0 => 0.0,
        _ => -size,
    };
    let lift = if dy.abs() < 0.5 { -want.height / 2.0 } else { slide(dy, want.height) };
    // Nearly above: a quarter of the label stands out on the other side.
    let push =
        if dx.abs() < 0.5 && dx != 0.0 { -want.width * (0.5 - 0.25 * dx.signum()) } else { slide(dx, want.width) };
    Rect::new(x + push, y + lift, want.width, want.height)
}

/// From the rim of the mark to the nearest place of the label.
fn leader(want: &Want, rect: &Rect) -> Piece {
    let end = (want.mark.0.clamp(rect.left, rect.right), want.mark.1.clamp(rect.top, rect.bottom));
    let (ex, ey) = (end.0 - want.mark.0, end.1 - want.mark.1);
    let length = (ex * ex + ey * ey).sqrt().max(1e-9);
    let start = want.radius + 0.6;
    ((want.mark.0 + ex / length * start, want.mark.1 + ey / length * start), end)
}

/// Marks that a label hides, or to which it seems to belong, and what its leader crosses.
fn alone(want: &Want, spot: &Spot, others: &[&Want], occupied: &Occupied) -> f64 {
    let own = nearness(&spot.rect, want.mark) - want.radius;
    let mut cost = 0.0;
    let (x, y) = want.mark;
    // A mark further away than this is neither hidden nor meant nor met.
    let reach = spot.rect.joined(&Rect::new(x, y, 0.0, 0.0)).grown(DOUBT / ALONG);
    for other in others.iter().filter(|o| reach.grown(o.radius).holds(o.mark)) {
        let near = nearness(&spot.rect, other.mark) - other.radius;
        if near < 0.4 {
            cost += MARK;
        }
        // A leader tells which mark is meant, unless the name stands close to another.
        let doubt = if spot.leader.is_some() { 4.5 } else { 1.6 * own.max(0.0) + 1.6 }.min(DOUBT);
        if near < doubt {
            cost += AMBIGUOUS * (1.0 - near.max(0.0) / doubt);
            cost += if near < own && spot.leader.is_none() { NEARER } else { 0.0 };
        }
        if let Some((from, to)) = spot.leader {
            let (x, y) = other.mark;
            if enters(from, to, &Rect::new(x, y, 0.0, 0.0).grown(other.radius + 0.6)) {
                cost += LED_OVER;
            }
        }
    }
    if let Some((from, to)) = spot.leader {
        let crossed = |p: (f64, f64)| occupied.count(&Rect::new(p.0, p.1, 0.0, 0.0).grown(0.4)) > 0;
        let over = along(from, to, 1.5).skip(1).filter(|p| crossed(*p)).count();
        cost += 9.0 + 1.5 * over as f64;
    }
    cost
}
