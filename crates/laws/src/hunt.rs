//! The search for a law on a table: on some of the rows if there are many, and again where a usual range was too tight.

use crate::bound::{Bound, bind_program, rows_of};
use crate::error::FitError;
use crate::law::{Domain, Law};
use crate::options::Options;
use crate::points::Points;
use crate::search::{Found, search};
use crate::start::starts;

/// Up to this many starting points of a caller are places to look at and not a grid.
const FEW_PLACES: usize = 16;

/// Optima that are followed while weights change.
const KEPT: usize = 8;

/// Above this many rows the search is made on that many of them; what it finds is refined on all.
const SKETCH_ROWS: usize = 2000;

/// Leaves in `bound` the scales of residuals that belong to the best optimum.
pub(crate) fn find(law: &Law, bound: &mut Bound, points: &Points, options: &Options) -> Result<Found, FitError> {
    let each_once = |starts: Vec<Vec<f64>>| starts.into_iter().map(|s| (s, 1)).collect::<Vec<_>>();
    let begin = if !options.start_at.is_empty() {
        each_once(options.start_at.clone())
    } else if points.len() > SKETCH_ROWS {
        let some = points.spread(SKETCH_ROWS);
        let sketch = Bound {
            program: bind_program(law, &bound.layout, &some)?,
            rows: rows_of(bound.rows.link, &some),
            ..bound.clone()
        };
        let begin = each_once(starts(law, &sketch, &some, options.starts, options.seed));
        let found = search(&sketch, options.loss, &begin);
        found.optima.into_iter().take(8).map(|o| (o.theta, o.starts)).collect()
    } else {
        each_once(starts(law, bound, points, options.starts, options.seed))
    };
    // A caller's few places are looked at as they are, too; of a grid only the descents matter.
    let own = if options.start_at.len() <= FEW_PLACES { options.start_at.clone() } else { Vec::new() };
    let places = published_places(law, bound).into_iter().chain(own);
    let begin: Vec<_> = begin.into_iter().chain(places.map(|theta| (theta, 0))).collect();
    bound.rows.scale.fill(1.0);
    let found = search(bound, options.loss, &begin);
    Ok(settle(bound, options, found))
}

/// Rounds of reweighting; ten are usual.
const ROUNDS: usize = 50;

/// Where noise is a share of the reducible loss: scales from the best optimum, and a search with them from all optima,
/// until the scales stay (iteratively reweighted: Carroll and Ruppert 1988, ch. 2).
fn settle(bound: &mut Bound, options: &Options, mut found: Found) -> Found {
    let Some(reducible) = bound.reducible.clone() else { return found };
    for _ in 0..ROUNDS {
        let Some(best) = found.optima.first() else { break };
        let values = bound.program.values(&best.theta);
        let floor = reducible.floor(&best.theta);
        let scale = reducible.scale(&best.theta, &values, bound.rows.link, floor);
        let moved = scale.iter().zip(&bound.rows.scale).map(|(new, old)| (new / old - 1.0).abs()).fold(0.0, f64::max);
        if moved < 1e-10 {
            break;
        }
        bound.rows.scale = scale;
        let begin: Vec<_> = found.optima.iter().take(KEPT).map(|o| (o.theta.clone(), o.starts)).collect();
        let next = search(bound, options.loss, &begin);
        let (starts, valleys, lost) = (found.starts, found.valleys + next.valleys, found.lost + next.lost);
        found = Found { starts, valleys, lost, ..next };
    }
    found
}

/// The law's published constants, with what is held in its place.
fn published_places(law: &Law, bound: &Bound) -> Vec<Vec<f64>> {
    let entries = &bound.layout.entries;
    let place = |p: &crate::law::Published| {
        entries.iter().map(|e| e.held.or_else(|| p.values.get(&e.parameter).copied())).collect::<Option<Vec<f64>>>()
    };
    law.published.iter().filter_map(place).collect()
}

/// A bound hit on a default range is widened first, but a range of positive numbers stays one; a bound of the caller's stays.
pub(crate) fn widen(
    law: &Law,
    bound: &mut Bound,
    points: &Points,
    options: &Options,
    found: &mut Found,
    notes: &mut Vec<String>,
) -> Result<(), FitError> {
    let Some(best) = found.optima.first() else { return Ok(()) };
    let mut widened = false;
    for (entry, value) in bound.layout.entries.iter_mut().zip(&best.theta) {
        if let Domain::Range { lower, upper } = entry.domain
            && !entry.bounded
            && entry.held.is_none()
            && (*value <= lower || *value >= upper)
        {
            let width = upper - lower;
            // At 0 lie the poles of what a positive parameter divides, and below it losses that nothing can have.
            let least = if lower > 0.0 { (lower - width).max(lower / 10.0) } else { lower - width };
            let (least, most) = (tidy(least), tidy(upper + width));
            entry.domain = Domain::Range { lower: least, upper: most };
            entry.start = None;
            widened = true;
            let (name, end) = (&entry.name, tidy(*value));
            notes.push(format!("{name} reached {end}, the end of its usual range: widened to {least}..{most}"));
        }
    }
    if widened {
        bound.coordinates = bound.layout.coordinates(law);
        *found = find(law, bound, points, options)?;
    }
    Ok(())
}

/// Without the digits that a sum of two decimal numbers is off by.
fn tidy(number: f64) -> f64 {
    format!("{number:.12e}").parse().unwrap_or(number)
}
