//! Names beside marks, without collisions.
//!
//! Every label has candidates around its mark, near ones first. Labels in crowds choose first; then all choose again,
//! a few times, knowing where the others stand. A label that finds no place that is free of other labels is left out
//! and reported, because two names upon each other are read as neither.

use crate::geometry::{Rect, along};
use crate::occupied::Occupied;

/// A label that wants a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    pub(crate) mark: (f64, f64),
    pub(crate) radius: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Where a label stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    pub(crate) rect: Rect,
    /// a thin line from the mark to here, where the label is far from it
    pub(crate) leader: Option<((f64, f64), (f64, f64))>,
}

/// More labels than this are not read, and not tried.
pub(crate) const MOST: usize = 300;
/// Between two labels, in points.
const APART: f64 = 0.6;
/// From the rim of the mark to the label, in points.
const RINGS: [f64; 8] = [1.2, 3.5, 7.0, 12.0, 18.0, 26.0, 36.0, 50.0];
/// From which ring on there is a leader.
const FAR: usize = 2;
/// Right, left, above, below, then between; the order is the preference.
const DIRECTIONS: [(f64, f64); 12] = [
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
];
/// How often all choose again.
const PASSES: usize = 10;
/// In how many passes a label without a place may take one from others.
const PUSHES: usize = 6;

/// A place for every label that finds one, inside of `bounds` and off `blocked`.
pub(crate) fn place(wants: &[Want], bounds: &Rect, occupied: &Occupied, blocked: &[Rect]) -> Vec<Option<Spot>> {
    let mut spots: Vec<Option<Spot>> = vec![None; wants.len()];
    let mut order: Vec<usize> = (0..wants.len().min(MOST)).collect();
    let crowd = |i: &usize| {
        let near = |w: &&Want| (w.mark.0 - wants[*i].mark.0).abs() < 45.0 && (w.mark.1 - wants[*i].mark.1).abs() < 20.0;
        wants.iter().take(MOST).filter(near).count()
    };
    let crowds: Vec<usize> = order.iter().map(crowd).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(crowds[*i]), *i));
    let candidates: Vec<Vec<(Spot, f64)>> =
        wants.iter().take(MOST).map(|w| around(w, wants, bounds, occupied, blocked)).collect();
    for pass in 0..=PASSES {
        let before = spots.clone();
        for &i in &order {
            let others = spots.iter().enumerate().filter(|(j, _)| *j != i);
            let others: Vec<&Spot> = others.filter_map(|(_, s)| s.as_ref()).collect();
            spots[i] = best(&candidates[i], &others);
            if spots[i].is_none() && pass < PUSHES {
                push(&mut spots, i, &candidates[i]);
            }
        }
        if spots == before {
            break;
        }
    }
    spots
}

/// Gives a label the candidate that hits fewest others; those go, and choose again when it is their turn.
fn push(spots: &mut [Option<Spot>], i: usize, candidates: &[(Spot, f64)]) {
    let hits = |spot: &Spot| spots.iter().flatten().filter(|o| o.rect.grown(APART).overlaps(&spot.rect)).count();
    let Some((spot, _)) = candidates.iter().min_by_key(|(spot, _)| hits(spot)) else { return };
    for other in spots.iter_mut().filter(|o| o.is_some_and(|o| o.rect.grown(APART).overlaps(&spot.rect))) {
        *other = None;
    }
    spots[i] = Some(*spot);
}

/// The candidates of one label with their costs, as far as they do not depend on other labels.
fn around(want: &Want, wants: &[Want], bounds: &Rect, occupied: &Occupied, blocked: &[Rect]) -> Vec<(Spot, f64)> {
    let mut found = Vec::new();
    for (ring, gap) in RINGS.iter().enumerate() {
        for (rank, (dx, dy)) in DIRECTIONS.iter().enumerate() {
            let reach = want.radius + gap;
            // Beside the mark the nearest point of the label is at the reach, above it the label is centred.
            let (x, y) = (want.mark.0 + dx * reach, want.mark.1 + dy * reach);
            let slide = |d: f64, size: f64| {
                if d.abs() < 0.2 {
                    -size / 2.0
                } else if d > 0.0 {
                    0.0
                } else {
                    -size
                }
            };
            let lift = if dy.abs() < 0.5 && dx.abs() > 0.5 { -want.height / 2.0 } else { slide(*dy, want.height) };
            let rect = Rect::new(x + slide(*dx, want.width), y + lift, want.width, want.height);
            if !bounds.encloses(&rect) || blocked.iter().any(|b| b.overlaps(&rect)) {
                continue;
            }
            let leader = (ring >= FAR).then(|| {
                let end = (want.mark.0.clamp(rect.left, rect.right), want.mark.1.clamp(rect.top, rect.bottom));
                let (ex, ey) = (end.0 - want.mark.0, end.1 - want.mark.1);
                let length = (ex * ex + ey * ey).sqrt().max(1e-9);
                let start = want.radius + 0.6;
                ((want.mark.0 + ex / length * start, want.mark.1 + ey / length * start), end)
            });
            let mut cost = gap * 1.2 + rank as f64 * 0.4 + 3.0 * f64::from(occupied.count(&rect));
            // Close to another mark it would be taken for that one's name.
            let near = |w: &&Want| w.mark != want.mark && rect.grown(w.radius + 2.0).holds(w.mark);
            cost += 9.0 * wants.iter().take(MOST).filter(near).count() as f64;
            if let Some((from, to)) = leader {
                let crossed = |p: (f64, f64)| occupied.count(&Rect::new(p.0, p.1, 0.0, 0.0).grown(0.4)) > 0;
                cost += 6.0 + 3.0 * along(from, to, 1.0).filter(|p| crossed(*p)).count() as f64;
            }
            found.push((Spot { rect, leader }, cost));
        }
    }
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    found
}

/// The cheapest candidate that lies on no other label, with what it costs to cross leaders.
fn best(candidates: &[(Spot, f64)], others: &[&Spot]) -> Option<Spot> {
    let mut best: Option<(Spot, f64)> = None;
    for (spot, cost) in candidates {
        // Sorted: nothing that follows can be cheaper.
        if best.is_some_and(|(_, least)| *cost >= least) {
            break;
        }
        if others.iter().any(|o| o.rect.grown(APART).overlaps(&spot.rect)) {
            continue;
        }
        let hit = |leader: Option<_>, rect: &Rect| {
            leader.is_some_and(|(from, to)| along(from, to, 1.5).any(|p| rect.holds(p)))
        };
        let crossings = others.iter().filter(|o| hit(o.leader, &spot.rect) || hit(spot.leader, &o.rect)).count();
        let cost = cost + 60.0 * crossings as f64;
        if best.is_none_or(|(_, least)| cost < least) {
            best = Some((*spot, cost));
        }
    }
    best.map(|(spot, _)| spot)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLOT: Rect = Rect { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };

    fn placed(marks: &[(f64, f64)]) -> Vec<Option<Spot>> {
        let mut occupied = Occupied::new(PLOT);
        let wants: Vec<Want> = marks.iter().map(|m| Want { mark: *m, radius: 2.0, width: 40.0, height: 7.0 }).collect();
        wants.iter().for_each(|w| occupied.take(&Rect::new(w.mark.0, w.mark.1, 0.0, 0.0).grown(2.0)));
        occupied.sum();
        place(&wants, &PLOT, &occupied, &[Rect::new(250.0, 0.0, 50.0, 50.0)])
    }

    #[test]
    fn a_lone_label_stands_at_the_right_of_its_mark() {
        let spot = placed(&[(100.0, 100.0)])[0].unwrap();
        assert!(spot.leader.is_none());
        assert!(spot.rect.left > 102.0 && spot.rect.left < 104.0);
    }

    #[test]
    fn at_the_edge_it_turns_inwards() {
        let spot = placed(&[(298.0, 100.0)])[0].unwrap();
        assert!(spot.rect.right < 298.0);
    }

    #[test]
    fn dozens_of_names_all_find_a_place() {
        let marks: Vec<_> = (0..36).map(|i| (20.0 + f64::from(i % 6) * 40.0, 60.0 + f64::from(i / 6) * 20.0)).collect();
        assert!(placed(&marks).iter().all(Option::is_some));
    }

    proptest! {
        #[test]
        fn labels_never_overlap(marks in prop::collection::vec((0.0..300.0_f64, 0.0..200.0_f64), 0..60)) {
            let spots: Vec<Rect> = placed(&marks).into_iter().flatten().map(|s| s.rect).collect();
            for (i, a) in spots.iter().enumerate() {
                prop_assert!(PLOT.encloses(a));
                prop_assert!(!a.overlaps(&Rect::new(250.0, 0.0, 50.0, 50.0)));
                for b in &spots[..i] {
                    prop_assert!(!a.overlaps(b), "{a:?} {b:?}");
                }
            }
        }
    }
}
