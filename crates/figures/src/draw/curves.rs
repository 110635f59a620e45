//! Lines and bands.

use super::Pen;
use super::series::Series;
use crate::geometry::View;
use crate::layer::{Band, Dash, Line, Rule, Side};
use crate::palette::Colour;
use crate::svg::{Svg, Value, number};
use crate::thin::{self, simplified};

/// How far a simplified line may be from the given one, in points.
pub(super) const TOLERANCE: f64 = 0.04;

/// A line with more corners than this, after all that the eye does not see is gone, is drawn as the area it covers: the
/// file stays small, and no dash would be seen.
const CORNERS: usize = 30_000;

/// Draws a path as a line.
pub(crate) fn stroke(svg: &mut Svg, path: &str, colour: &str, thickness: f64, dash: Dash) {
    let pattern = match dash {
        Dash::Solid => None,
        Dash::Dashed => Some("4 2.2"),
        Dash::Dotted => Some("0.1 2.1"),
        Dash::DashDotted => Some("4.5 2 0.1 2"),
    };
    let mut look: Vec<(&str, Value<'_>)> = vec![
        ("d", path.into()),
        ("fill", "none".into()),
        ("stroke", colour.into()),
        ("stroke-width", thickness.into()),
        ("stroke-linejoin", "round".into()),
    ];
    if matches!(dash, Dash::Dotted | Dash::DashDotted) {
        look.push(("stroke-linecap", "round".into()));
    }
    if let Some(pattern) = pattern {
        look.push(("stroke-dasharray", pattern.into()));
    }
    svg.element("path", &look);
}

/// Appends places to the data of a path.
pub(super) fn polyline(path: &mut String, places: &[(f64, f64)]) {
    for (i, (x, y)) in places.iter().enumerate() {
        path.push(if i == 0 { 'M' } else { 'L' });
        number(path, *x);
        path.push(' ');
        number(path, *y);
    }
}

/// Pieces of a line between places that are missing.
fn pieces(places: impl Iterator<Item = Option<(f64, f64)>>) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = vec![Vec::new()];
    for place in places {
        match (place, pieces.last_mut()) {
            (Some(place), Some(piece)) => piece.push(place),
            _ => pieces.push(Vec::new()),
        }
    }
    pieces.retain(|p| p.len() > 1);
    pieces
}

/// The edge of a band, drawn more coarsely the more corners are left.
fn bounded(edge: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let tolerances = (0..8).map(|k| TOLERANCE * f64::from(1 << k));
    let mut found = Vec::new();
    for tolerance in tolerances {
        found = simplified(edge, tolerance);
        if found.len() <= CORNERS {
            break;
        }
    }
    found
}

impl Pen<'_> {
    pub(super) fn line(&mut self, line: &Line, view: &View) {
        let colour = self.keys.colour(line.colour.as_ref()).code(self.render.theme);
        let thickness = line.thickness.filter(|t| t.is_finite()).unwrap_or(1.0).clamp(0.1, 20.0);
        // Where the data end, in points; a line without ends to its data is all measured.
        let edge = |value: f64| view.at(value, view.y.low).map(|p| p.0);
        let ends = line.measured.and_then(|(low, high)| Some((edge(low)?, edge(high)?)));
        let (mut inside, mut beyond, mut covered) = (String::new(), String::new(), String::new());
        for piece in pieces(line.points.iter().map(|p| view.at(p.0, p.1))) {
            let piece = simplified(&piece, TOLERANCE);
            match ends {
                _ if piece.len() > CORNERS => covered += &thin::line_area(&piece, thickness / 2.0, view.plot),
                None => polyline(&mut inside, &piece),
                Some(ends) => {
                    for (measured, part) in parts(&piece, ends) {
                        polyline(if measured { &mut inside } else { &mut beyond }, &part);
                    }
                }
            }
        }
        self.svg.open("g", &Series::new(line.colour.as_ref(), line.key.as_ref()).of("line"));
        if !beyond.is_empty() {
            stroke(&mut self.svg, &beyond, &colour, 0.75 * thickness, Dash::Dotted);
        }
        if !inside.is_empty() {
            stroke(&mut self.svg, &inside, &colour, thickness, line.dash);
        }
        if !covered.is_empty() {
            self.svg.element("path", &[("d", covered.as_str().into()), ("fill", colour.as_str().into())]);
        }
        self.svg.close("g");
    }

    pub(super) fn band(&mut self, band: &Band, view: &View) {
        let colour = self.keys.colour(band.colour.as_ref()).code(self.render.theme);
        let corner = |x: f64, y: f64, none: f64| match y.is_nan() {
            true => None,
            // A bound that a logarithmic axis cannot hold lies below all that it can.
            false => view.at(x, y).or_else(|| view.at(x, view.y.low).map(|p| (p.0, none))),
        };
        let bottom = view.plot.bottom + 10.0;
        let pair = |p: &(f64, f64, f64)| Some((corner(p.0, p.1, bottom)?, view.at(p.0, p.2)?));
        let mut path = String::new();
        for run in band.points.iter().map(pair).collect::<Vec<_>>().split(Option::is_none) {
            let lower: Vec<_> = run.iter().flatten().map(|p| p.0).collect();
            let upper: Vec<_> = run.iter().flatten().map(|p| p.1).collect();
            if lower.len() > 1 {
                let mut around = bounded(&upper);
                around.extend(bounded(&lower).into_iter().rev());
                polyline(&mut path, &around);
                path.push('z');
            }
        }
        if !path.is_empty() {
            let series = Series::new(band.colour.as_ref(), None);
            let look = [("d", path.as_str().into()), ("fill", colour.as_str().into()), ("fill-opacity", 0.18.into())];
            self.svg.element("path", &[&series.of("band")[..], &look].concat());
        }
    }

    pub(super) fn rule(&mut self, rule: &Rule, view: &View) {
        let colour = rule.colour.as_ref().map_or(Colour::Muted, |c| self.keys.colour(Some(c)));
        let ends = match rule.side {
            Side::X => [view.at(rule.at, view.y.low), view.at(rule.at, view.y.high)],
            Side::Y => [view.at(view.x.low, rule.at), view.at(view.x.high, rule.at)],
        };
        let mut path = String::new();
        polyline(&mut path, &ends.into_iter().flatten().collect::<Vec<_>>());
        if !path.is_empty() {
            self.svg.open("g", &Series::new(rule.colour.as_ref(), None).of("rule"));
            stroke(&mut self.svg, &path, &colour.code(self.render.theme), 0.7, rule.dash);
            self.svg.close("g");
        }
    }
}

/// A line cut at both ends of the data: its parts, and whether each is measured.
fn parts(piece: &[(f64, f64)], (low, high): (f64, f64)) -> Vec<(bool, Vec<(f64, f64)>)> {
    let measured = |x: f64| (low - 1e-6..=high + 1e-6).contains(&x);
    let mut parts: Vec<(bool, Vec<(f64, f64)>)> = Vec::new();
    for pair in piece.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let mut cuts = vec![a];
        let mut between: Vec<f64> = [low, high].into_iter().filter(|e| (*e - a.0) * (*e - b.0) < 0.0).collect();
        between.sort_by(|p, q| (p - a.0).abs().total_cmp(&(q - a.0).abs()));
        cuts.extend(between.into_iter().map(|x| (x, a.1 + (x - a.0) / (b.0 - a.0) * (b.1 - a.1))));
        cuts.push(b);
        for step in cuts.windows(2) {
            let inside = measured((step[0].0 + step[1].0) / 2.0);
            match parts.last_mut() {
                Some((same, part)) if *same == inside => part.push(step[1]),
                _ => parts.push((inside, step.to_vec())),
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_its_data_end() {
        let line = [(0.0, 0.0), (10.0, 10.0)];
        let found = parts(&line, (2.0, 6.0));
        let ends: Vec<_> = found.iter().map(|(m, p)| (*m, p[0].0, p[p.len() - 1].0)).collect();
        assert_eq!(ends, [(false, 0.0, 2.0), (true, 2.0, 6.0), (false, 6.0, 10.0)]);
        assert_eq!(parts(&line, (-1.0, 11.0)).len(), 1);
        let none = parts(&line, (6.0, 2.0));
        assert!(none.len() == 1 && !none[0].0, "no data behind it: {none:?}");
    }
}
