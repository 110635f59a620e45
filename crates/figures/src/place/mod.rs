//! Names beside marks, without collisions.
//!
//! Every label has candidates around its mark ([`candidates`]), each with what it costs alone; two labels that stand in
//! each other's way cost more ([`between`]). The sum is made small by annealing ([`anneal`]), as Christensen, Marks and
//! Shieber found best for maps ("An empirical study of algorithms for point-feature label placement", ACM Transactions
//! on Graphics 14(3), 1995). A label that finds no place that is free of other labels and their leaders is left
//! out and reported, because two names upon each other are read as neither.

mod anneal;
mod candidates;

use crate::geometry::{Piece, Rect, apart, crosses, enters};
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
    pub(crate) leader: Option<Piece>,
}

/// A spot, and what it costs without regard to other labels.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    spot: Spot,
    cost: f64,
    /// around label and leader, with the room beside them in which another costs something
    extent: Rect,
}

impl Candidate {
    fn new(spot: Spot, cost: f64) -> Self {
        let leader = spot.leader.map(|(a, b)| {
            let (left, right) = (a.0.min(b.0), a.0.max(b.0));
            Rect { left, right, top: a.1.min(b.1), bottom: a.1.max(b.1) }
        });
        let whole = leader.map_or(spot.rect, |l| l.joined(&spot.rect));
        Self { spot, cost, extent: whole.grown(NEAR / 2.0) }
    }
}

/// More labels than this are not read, and not tried.
pub(crate) const MOST: usize = 300;
/// Between two labels, in points.
const APART: f64 = 0.6;
/// On one line with less than this between them two names are read as one, in points.
const NEAR: f64 = 5.0;
/// What it costs that two labels lie upon each other: more than anything else a label can meet.
const OVERLAP: f64 = 400.0;

/// What it costs that a leader meets another or a name; two in one pair cost twice as much.
const CROSSED: f64 = 70.0;

/// What two labels cost each other.
fn between(a: &Spot, b: &Spot) -> f64 {
    let mut cost = 0.0;
    if a.rect.grown(APART).overlaps(&b.rect) {
        cost += OVERLAP;
    } else if a.rect.grown(NEAR).overlaps(&b.rect) && (a.rect.top - b.rect.top).abs() < 2.0 {
        // One behind the other on one line they are read as one name.
        cost += 35.0;
    }
    let hit = |leader: Option<Piece>, rect: &Rect| leader.is_some_and(|(from, to)| enters(from, to, &rect.grown(0.5)));
    cost += CROSSED * (usize::from(hit(a.leader, &b.rect)) + usize::from(hit(b.leader, &a.rect))) as f64;
    if let (Some(a), Some(b)) = (a.leader, b.leader) {
        cost += if crosses(a, b) { CROSSED } else { 0.0 };
    }
    cost
}

/// A place for every label that finds one, inside of `bounds` and off `blocked`.
pub(crate) fn place(wants: &[Want], bounds: &Rect, occupied: &Occupied, blocked: &[Rect]) -> Vec<Option<Spot>> {
    let tried = &wants[..wants.len().min(MOST)];
    let all: Vec<Vec<Candidate>> =
        tried.iter().map(|w| candidates::around(w, tried, bounds, occupied, blocked)).collect();
    let mut spots = anneal::best(&all);
    free(&mut spots, &all);
    spots.resize(wants.len(), None);
    spots
}

/// Takes away labels until none lies upon another and no leader meets a label or a leader, those first that hit most;
/// then each that is without a place takes the cheapest that is free.
fn free(spots: &mut [Option<Spot>], all: &[Vec<Candidate>]) {
    let hits = |spots: &[Option<Spot>], i: usize, spot: &Spot| {
        let other = |(j, s): &(usize, &Option<Spot>)| *j != i && s.is_some_and(|s| between(spot, &s) >= CROSSED);
        spots.iter().enumerate().filter(other).count()
    };
    loop {
        let count = |i: usize| spots[i].map_or(0, |s| hits(spots, i, &s));
        // Of equals the last: what was given first is kept.
        match (0..spots.len()).map(|i| (count(i), i)).max() {
            Some((hits, worst)) if hits > 0 => spots[worst] = None,
            _ => break,
        }
    }
    for i in 0..spots.len() {
        if spots[i].is_none() {
            spots[i] = all[i].iter().map(|c| c.spot).find(|s| hits(spots, i, s) == 0);
        }
    }
}

/// How much nearer a mark looks that stands on the line of the text.
const ALONG: f64 = 0.7;

/// The distance from a rectangle to a place; along the line of text it looks shorter than it is.
fn nearness(rect: &Rect, (x, y): (f64, f64)) -> f64 {
    let (dx, dy) = apart(rect, (x, y));
    let beside = dy == 0.0;
    (dx * dx + dy * dy).sqrt() * if beside { ALONG } else { 1.0 }
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

    #[test]
    fn a_name_is_nearest_to_its_own_mark_and_no_leader_crosses_a_name() {
        // Two dozen marks in a cloud, spread by multiples of the golden ratio.
        let spread = |i: usize, by: f64| (i as f64 * by).fract();
        let marks: Vec<_> = (1..25).map(|i| (250.0 * spread(i, 0.618), 30.0 + 160.0 * spread(i, 0.414))).collect();
        let spots: Vec<Spot> = placed(&marks).into_iter().flatten().collect();
        assert_eq!(spots.len(), marks.len());
        for (i, spot) in spots.iter().enumerate() {
            let nearer = (0..marks.len()).filter(|j| nearness(&spot.rect, marks[*j]) < nearness(&spot.rect, marks[i]));
            assert!(spot.leader.is_some() || nearer.count() == 0, "{i}: {spot:?}");
            assert!(marks.iter().all(|m| !spot.rect.holds(*m)), "{i} lies on a mark");
            for other in &spots {
                assert!(between(spot, other) < 20.0 || spot == other, "{spot:?} {other:?}");
            }
        }
    }

    #[test]
    fn the_same_marks_give_the_same_places() {
        let marks: Vec<_> = (0..60).map(|i| (f64::from(i * 37 % 290), f64::from(i * 53 % 190))).collect();
        assert_eq!(placed(&marks), placed(&marks));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn labels_never_overlap_and_leaders_never_cross(marks in prop::collection::vec((0.0..300.0_f64, 0.0..200.0_f64), 0..60)) {
            let spots: Vec<Spot> = placed(&marks).into_iter().flatten().collect();
            for (i, a) in spots.iter().enumerate() {
                prop_assert!(PLOT.encloses(&a.rect));
                prop_assert!(!a.rect.overlaps(&Rect::new(250.0, 0.0, 50.0, 50.0)));
                for b in &spots[..i] {
                    prop_assert!(!a.rect.overlaps(&b.rect), "{a:?} {b:?}");
                    prop_assert!(!a.leader.zip(b.leader).is_some_and(|(a, b)| crosses(a, b)), "{a:?} {b:?}");
                }
            }
        }
    }
}
