//! From data to the ends of the axes, shared or not; and what of the data has no place on them.

use crate::axis::{Axis, Scale, Span, sound};
use crate::figure::{Figure, Panel, Share};
use crate::layer::{Layer, Place, Side};

/// Room beyond the data on either side of an axis, as a share of it.
const ROOM: f64 = 0.04;

/// How far bands may widen a vertical axis on either side, as a share of what marks and lines take of it: they
/// keep at least half of it, and a band of twenty decades is cut at the frame.
const WIDENED: f64 = 0.5;

/// A place of a layer; a value that is not given is `None`.
struct Put {
    x: Option<f64>,
    y: Option<f64>,
    /// the edge of a band, not a measured or fitted value
    edge: bool,
}

/// All places that a layer puts something at.
fn places(layer: &Layer) -> Box<dyn Iterator<Item = Put> + '_> {
    let both = |x: f64, y: f64| Put { x: Some(x), y: Some(y), edge: false };
    let edge = |x: f64, y: f64| Put { x: Some(x), y: Some(y), edge: true };
    match layer {
        Layer::Points(points) => Box::new(points.points.iter().flat_map(move |p| {
            let (lower, upper) = p.interval.unwrap_or((p.y, p.y));
            // An interval may reach below zero where the value does not: it is cut there, the mark stays.
            [both(p.x, p.y), both(p.x, lower), both(p.x, upper)]
        })),
        Layer::Line(line) => Box::new(line.points.iter().map(move |p| both(p.0, p.1))),
        Layer::Band(band) => Box::new(band.points.iter().flat_map(move |p| [edge(p.0, p.1), edge(p.0, p.2)])),
        Layer::Contours(surface) => {
            let xs = surface.xs.iter().map(|x| Put { x: Some(*x), y: None, edge: false });
            Box::new(xs.chain(surface.ys.iter().map(|y| Put { x: None, y: Some(*y), edge: false })))
        }
        Layer::Rule(rule) => Box::new(std::iter::once(match rule.side {
            Side::X => Put { x: Some(rule.at), y: None, edge: false },
            Side::Y => Put { x: None, y: Some(rule.at), edge: false },
        })),
        Layer::Arrow(arrow) => Box::new([arrow.from, arrow.to].into_iter().map(move |p| both(p.0, p.1))),
        Layer::Note(note) => match note.place {
            Place::At(x, y) => Box::new(std::iter::once(both(x, y))),
            _ => Box::new(std::iter::empty()),
        },
    }
}

/// The values on one axis of a panel, each with whether it is the edge of a band: those whose partner has a place on the
/// other axis.
fn values(panel: &Panel, x: bool) -> impl Iterator<Item = (f64, bool)> {
    let (own, other) = if x { (&panel.x, &panel.y) } else { (&panel.y, &panel.x) };
    let scale = own.scale;
    let given = other.range.filter(|r| sound(other.scale, *r));
    let beside = move |value: Option<f64>| match (value, given) {
        (None, _) => true,
        (Some(v), None) => other.scale.admits(v),
        (Some(v), Some((low, high))) => (low..=high).contains(&v),
    };
    let pairs = panel.layers.iter().flat_map(places);
    // Bands are wide along y alone.
    let pairs = pairs.map(move |p| if x { (p.x, p.y, false) } else { (p.y, p.x, p.edge) });
    let held = pairs.filter(move |(_, b, _)| beside(*b)).filter_map(|(a, _, end)| Some((a?, end)));
    held.filter(move |(v, _)| scale.admits(*v))
}

/// The values that an axis is to hold: all but what bands have beyond the room that they are given.
fn held(axis: &Axis, values: impl Iterator<Item = (f64, bool)>) -> Vec<f64> {
    let scale = axis.scale;
    let (ends, mut held): (Vec<_>, Vec<_>) = values.partition(|(_, end)| *end);
    held.extend(axis.include.iter().filter(|v| scale.admits(**v)).map(|v| (*v, false)));
    let mut held: Vec<f64> = held.into_iter().map(|(v, _)| v).collect();
    let places = held.iter().map(|v| scale.coordinate(*v));
    let (from, to) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    // About values that hardly differ a band is seen as well: a twentieth of the value, or of a decade.
    let least = if scale == Scale::Linear { from.abs().max(to.abs()) / 20.0 } else { 0.05 };
    let room = (WIDENED * (to - from)).max(least);
    let within = |value: f64| match scale.coordinate(value) {
        _ if from > to => value,
        v if v < from - room => scale.value(from - room),
        v if v > to + room => scale.value(to + room),
        _ => value,
    };
    held.extend(ends.into_iter().map(|(v, _)| within(v)));
    held
}

/// The least and the greatest value that the vertical axis of a panel is to hold, without the room around them.
pub(crate) fn extent(axis: &Axis, layers: &[Layer]) -> Option<(f64, f64)> {
    let all = layers.iter().flat_map(places).filter_map(|p| Some((p.y?, p.edge)));
    let held = held(axis, all.filter(|(v, _)| axis.scale.admits(*v)));
    held.into_iter().fold(None, |ends: Option<(f64, f64)>, v| Some(ends.map_or((v, v), |(l, h)| (l.min(v), h.max(v)))))
}

/// The spans of both axes of every panel.
pub(crate) fn spans(figure: &Figure) -> Vec<(Span, Span)> {
    let xs = shared(figure, true);
    let ys = shared(figure, false);
    xs.into_iter().zip(ys).collect()
}

fn shared(figure: &Figure, x: bool) -> Vec<Span> {
    let columns = figure.columns.max(1);
    let share = if x { figure.share_x } else { figure.share_y };
    let group = |i: usize| match share {
        Share::None => i,
        Share::Line if x => i % columns,
        Share::Line => i / columns,
        Share::All => 0,
    };
    let axis = |panel: &'_ Panel| -> Axis { if x { panel.x.clone() } else { panel.y.clone() } };
    let one = |i: usize| {
        let panel = &figure.panels[i];
        let own = axis(panel);
        // Panels share an axis with those of the same scale: a logarithm and its number have nothing in common.
        let members = (0..figure.panels.len()).filter(|j| group(*j) == group(i));
        let members: Vec<&Panel> = members.map(|j| &figure.panels[j]).filter(|p| axis(p).scale == own.scale).collect();
        let first = members.iter().find_map(|p| axis(p).range);
        let include = members.iter().flat_map(|p| axis(p).include).collect();
        let common = Axis { range: own.range.or(first), include, ..own };
        let surface = |l: &Layer| matches!(l, Layer::Contours(_));
        let room = if members.iter().any(|p| p.layers.iter().any(surface)) { 0.0 } else { ROOM };
        Span::of(&common, held(&common, members.iter().flat_map(|p| values(p, x))).into_iter(), room)
    };
    (0..figure.panels.len()).map(one).collect()
}

/// What a reader of the figure should know of its data: what is not drawn, and why.
pub(crate) fn notes(panel: &Panel, name: &str, (x, y): (Span, Span)) -> Vec<String> {
    let (mut unusable, mut outside, mut all) = (0_usize, 0_usize, 0_usize);
    for point in
        panel.layers.iter().filter_map(|l| if let Layer::Points(p) = l { Some(&p.points) } else { None }).flatten()
    {
        all += 1;
        if !x.scale.admits(point.x) || !y.scale.admits(point.y) {
            unusable += 1;
        } else if !x.holds(point.x) || !y.holds(point.y) {
            outside += 1;
        }
    }
    let mut notes = Vec::new();
    if unusable > 0 {
        let why = match (x.scale, y.scale) {
            (Scale::Linear, Scale::Linear) => "their values are not finite",
            _ => "their values are not finite, or not above zero on a logarithmic axis",
        };
        notes.push(format!("{name}: {unusable} of {all} marks are left out, {why}"));
    }
    if outside > 0 {
        notes.push(format!("{name}: {outside} of {all} marks lie outside of the axes"));
    }
    for axis in [&panel.x, &panel.y] {
        if let Some((low, high)) = axis.range.filter(|r| !sound(axis.scale, *r)) {
            notes.push(format!("{name}: an axis cannot go from {low} to {high}; it is fitted to the data"));
        }
    }
    let lines =
        panel.layers.iter().filter_map(|l| if let Layer::Line(l) = l { Some(&l.points) } else { None }).flatten();
    let broken = lines.filter(|p| !x.scale.admits(p.0) || !y.scale.admits(p.1)).count();
    if broken > 0 {
        notes.push(format!("{name}: lines are broken at {broken} places without a value on the axes"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Band, Line, Point, Points};

    /// Runs and curve keep at least half of an axis, however wide a band is; a narrow one is seen whole.
    #[test]
    fn an_axis_follows_runs_and_curves_and_cuts_wide_bands() {
        let ends = |axis: Axis, band: (f64, f64)| {
            let line = Line::new([(1.0, 2.0), (10.0, 4.0)]);
            let panel = Panel::new(Axis::linear("x"), axis).with(line).with(Band::new([(1.0, band.0, band.1)]));
            let (_, y) = spans(&Figure::new("").panel(panel))[0];
            (y.low, y.high)
        };
        let (low, high) = ends(Axis::log10("y"), (1e-10, 1e10));
        assert!((1.2..2.0).contains(&low) && (4.0..6.4).contains(&high), "{low} {high}");
        let (low, high) = ends(Axis::linear("y"), (-1e10, 1e10));
        assert!((0.8..2.0).contains(&low) && (4.0..5.2).contains(&high), "{low} {high}");
        let (low, high) = ends(Axis::linear("y"), (1.5, 4.5));
        assert!((1.3..1.5).contains(&low) && (4.5..4.7).contains(&high), "{low} {high}");
        // Bars are seen whole.
        let bars = Points::new([Point::new(1.0, 2.0).interval(0.0, 9.0), Point::new(2.0, 3.0)]);
        assert_eq!(extent(&Axis::linear("y"), &[bars.into()]), Some((0.0, 9.0)));
        // Of bands alone all is shown.
        let alone = [Band::new([(1.0, 1.0, 9.0)]).into()];
        assert_eq!(extent(&Axis::linear("y"), &alone), Some((1.0, 9.0)));
    }
}
