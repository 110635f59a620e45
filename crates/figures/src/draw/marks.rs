//! Marks, with their intervals; thinned where they lie upon each other.

use super::Pen;
use super::series::Series;
use crate::geometry::View;
use crate::layer::{Point, Points};
use crate::marker::Marker;
use crate::render::{Detail, Theme};
use crate::svg::{Svg, Value, number};
use crate::thin;

/// Layers with fewer marks than this are drawn as they are.
const FEW: usize = 500;

/// One mark. Filled ones have a thin rim of paper, so that neighbours stay apart.
pub(crate) fn mark(
    svg: &mut Svg,
    marker: Marker,
    place: (f64, f64),
    radius: f64,
    colour: &str,
    open: bool,
    theme: Theme,
) {
    let mut path = String::new();
    marker.path(&mut path, place, radius);
    let look = look(marker, radius, colour, open, theme);
    svg.element("path", &[&[("d", path.as_str().into())][..], &look].concat());
}

fn look<'a>(marker: Marker, radius: f64, colour: &'a str, open: bool, theme: Theme) -> [(&'static str, Value<'a>); 3] {
    let (fill, rim, width) = match (marker.has_area(), open) {
        (false, _) => ("none", colour, (0.4 * radius).max(0.7)),
        (true, true) => (theme.paper(), colour, (0.35 * radius).max(0.5)),
        (true, false) => (colour, theme.paper(), (0.15 * radius).min(0.35)),
    };
    [("fill", fill.into()), ("stroke", rim.into()), ("stroke-width", width.into())]
}

/// As one sheet: marks upon each other are no darker than one, so that a line stands out from the densest of them.
fn pale(points: &Points) -> Option<(&'static str, Value<'static>)> {
    points.beneath.then(|| ("opacity", 0.5.into()))
}

impl Pen<'_> {
    pub(super) fn points(&mut self, points: &Points, view: &View) {
        let theme = self.render.theme;
        let colour = self.keys.colour(points.colour.as_ref()).code(theme);
        let marker = self.keys.marker(points.marker.as_ref());
        let radius = points.radius.filter(|r| r.is_finite()).unwrap_or(self.radius).clamp(0.1, 50.0);
        let placed = points.points.iter().filter_map(|p| view.inside(p.x, p.y).map(|place| (p, place)));
        let (mut shown, mut places): (Vec<&Point>, Vec<(f64, f64)>) = placed.unzip();
        if shown.is_empty() {
            return;
        }
        let series = Series::new(points.colour.as_ref(), points.marker.as_ref());
        self.intervals(&shown, &places, view, &colour, &series);
        if shown.len() > FEW {
            let kept = thin::one_per_cell(&places, view.plot);
            if kept.len() > self.most {
                let path = thin::area(&places, radius, view.plot);
                let mut look = series.of("marks area");
                look.extend([("fill", colour.as_str().into()), ("d", path.as_str().into())]);
                look.extend(pale(points));
                return self.svg.element("path", &look);
            }
            shown = kept.iter().map(|i| shown[*i]).collect();
            places = kept.iter().map(|i| places[*i]).collect();
        }
        let mut group = series.of("marks");
        group.extend(look(marker, radius, &colour, points.open, theme));
        group.extend(pale(points));
        self.svg.open("g", &group);
        self.svg.body.push('\n');
        for (point, place) in shown.iter().zip(&places) {
            match self.render.detail {
                Detail::Plain => {
                    self.svg.body.push_str("<path d=\"");
                    marker.path(&mut self.svg.body, *place, radius);
                    self.svg.body.push_str("\"/>\n");
                }
                Detail::Hover => self.told(point, series.name(), marker, *place, radius),
            }
        }
        self.svg.close("g");
    }

    /// A mark that says what it is.
    fn told(&mut self, point: &Point, series: &str, marker: Marker, place: (f64, f64), radius: f64) {
        let (x, y, label) = (point.x.to_string(), point.y.to_string(), point.label.to_string());
        let mut path = String::new();
        marker.path(&mut path, place, radius);
        let facts = [("d", path.as_str().into()), ("data-x", x.as_str().into()), ("data-y", y.as_str().into())];
        self.svg.open("path", &[&facts[..], &[("data-label", label.as_str().into())]].concat());
        let mut lines: Vec<String> =
            [label.as_str(), series].iter().filter(|s| !s.is_empty()).map(|s| (*s).into()).collect();
        lines.extend(point.facts.iter().map(|(name, value)| format!("{name}: {value}")));
        if lines.is_empty() {
            lines.push(format!("{x}, {y}"));
        }
        self.svg.text_element("title", &lines.join("\n"));
        self.svg.close("path");
    }

    /// Vertical bars from the lower to the upper end, cut at the panel.
    fn intervals(&mut self, points: &[&Point], places: &[(f64, f64)], view: &View, colour: &str, of: &Series) {
        let mut path = String::new();
        for (point, (x, _)) in points.iter().zip(places) {
            let Some((lower, upper)) = point.interval else { continue };
            // On a logarithmic axis an interval that reaches zero goes on to the end of the panel.
            let end = |value: f64, without: f64| view.at(point.x, value).map_or(without, |p| p.1);
            let missing = |value: f64| value.is_nan();
            if missing(lower) || missing(upper) {
                continue;
            }
            let plot = view.plot;
            let (low, high) = (end(lower, plot.bottom), end(upper, plot.top));
            for (letter, y) in [('M', low), ('V', high)] {
                path.push(letter);
                if letter == 'M' {
                    number(&mut path, *x);
                    path.push(' ');
                }
                number(&mut path, y.clamp(plot.top, plot.bottom));
            }
        }
        if !path.is_empty() {
            let shape = [("d", path.as_str().into()), ("fill", "none".into())];
            let look = [("stroke", colour.into()), ("stroke-width", 0.7.into())];
            self.svg.element("path", &[&of.of("intervals")[..], &shape, &look].concat());
        }
    }
}
