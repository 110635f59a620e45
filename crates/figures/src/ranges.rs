//! From data to the ends of the axes, shared or not; and what of the data has no place on them.

use crate::axis::{Axis, Scale, Span, sound};
use crate::figure::{Figure, Panel, Share};
use crate::layer::{Layer, Place, Side};

/// Room beyond the data on either side of an axis, as a share of it.
const ROOM: f64 = 0.04;

/// All places that a layer puts something at; a value that is not given is `None`.
fn places(layer: &Layer) -> Box<dyn Iterator<Item = (Option<f64>, Option<f64>)> + '_> {
    let both = |x: f64, y: f64| (Some(x), Some(y));
    match layer {
        Layer::Points(points) => Box::new(points.points.iter().flat_map(move |p| {
            let (lower, upper) = p.interval.unwrap_or((p.y, p.y));
            // An interval may reach below zero where the value does not: it is cut there, the mark stays.
            [both(p.x, p.y), both(p.x, lower), both(p.x, upper)]
        })),
        Layer::Line(line) => Box::new(line.points.iter().map(move |p| both(p.0, p.1))),
        Layer::Band(band) => Box::new(band.points.iter().flat_map(move |p| [both(p.0, p.1), both(p.0, p.2)])),
        Layer::Contours(surface) => {
            let xs = surface.xs.iter().map(|x| (Some(*x), None));
            Box::new(xs.chain(surface.ys.iter().map(|y| (None, Some(*y)))))
        }
        Layer::Rule(rule) => Box::new(std::iter::once(match rule.side {
            Side::X => (Some(rule.at), None),
            Side::Y => (None, Some(rule.at)),
        })),
        Layer::Arrow(arrow) => Box::new([arrow.from, arrow.to].into_iter().map(move |p| both(p.0, p.1))),
        Layer::Note(note) => match note.place {
            Place::At(x, y) => Box::new(std::iter::once(both(x, y))),
            _ => Box::new(std::iter::empty()),
        },
    }
}

/// The values on one axis of a panel: those whose partner has a place on the other axis.
fn values(panel: &Panel, x: bool) -> impl Iterator<Item = f64> {
    let (own, other) = if x { (&panel.x, &panel.y) } else { (&panel.y, &panel.x) };
    let scale = own.scale;
    let given = other.range.filter(|r| sound(other.scale, *r));
    let beside = move |value: &Option<f64>| match (*value, given) {
        (None, _) => true,
        (Some(v), None) => other.scale.admits(v),
        (Some(v), Some((low, high))) => (low..=high).contains(&v),
    };
    let pairs = panel.layers.iter().flat_map(places).map(move |(a, b)| if x { (a, b) } else { (b, a) });
    pairs.filter(move |(_, b)| beside(b)).filter_map(|(a, _)| a).filter(move |v| scale.admits(*v))
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
        Span::of(&common, members.iter().flat_map(|p| values(p, x)), room)
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
