//! Which name looks how: names are gathered from all panels, so that one looks the same in all of them.

use crate::figure::{Colours, Figure};
use crate::layer::{Dash, Layer};
use crate::marker::Marker;
use crate::palette::Colour;
use crate::text::Rich;

/// The looks of all names of a figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    colours: Vec<(Rich, Colour)>,
    markers: Vec<(Rich, Marker)>,
    pub(crate) entries: Vec<Entry>,
}

/// One name in the legend.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: Rich,
    pub(crate) colour: Option<Colour>,
    /// shape, and whether it is open
    pub(crate) marker: Option<(Marker, bool)>,
    pub(crate) line: Option<Dash>,
    pub(crate) band: bool,
}

/// What a layer says of names.
struct Use<'a> {
    colour: Option<&'a Rich>,
    marker: Option<&'a Rich>,
    open: bool,
    line: Option<(Option<&'a Rich>, Dash)>,
    band: bool,
}

fn used(layer: &Layer) -> Option<Use<'_>> {
    let plain = Use { colour: None, marker: None, open: false, line: None, band: false };
    match layer {
        Layer::Points(p) => Some(Use { colour: p.colour.as_ref(), marker: p.marker.as_ref(), open: p.open, ..plain }),
        Layer::Line(l) => Some(Use { colour: l.colour.as_ref(), line: Some((l.key.as_ref(), l.dash)), ..plain }),
        Layer::Band(b) => Some(Use { colour: b.colour.as_ref(), band: true, ..plain }),
        Layer::Arrow(a) => Some(Use { colour: a.colour.as_ref(), ..plain }),
        Layer::Contours(_) | Layer::Rule(_) | Layer::Note(_) => None,
    }
}

impl Keys {
    pub(crate) fn of(figure: &Figure) -> Self {
        let uses: Vec<Use<'_>> = figure.panels.iter().flat_map(|p| &p.layers).filter_map(used).collect();
        let colours = distinct(uses.iter().filter_map(|u| u.colour));
        let markers = distinct(uses.iter().filter_map(|u| u.marker));
        let style = |name: &Rich| figure.styles.iter().rev().find(|s| s.name == *name);
        let last = colours.len().saturating_sub(1).max(1) as f64;
        let paint = |(i, name): (usize, &Rich)| {
            let automatic = match figure.colours {
                Colours::Distinct => Colour::Hue(i),
                Colours::Ordered => Colour::Ramp(i as f64 / last),
            };
            (name.clone(), style(name).and_then(|s| s.colour).unwrap_or(automatic))
        };
        let shape = |(i, name): (usize, &Rich)| {
            let automatic = Marker::ALL[i % Marker::ALL.len()];
            (name.clone(), style(name).and_then(|s| s.marker).unwrap_or(automatic))
        };
        let mut keys = Self {
            colours: colours.iter().copied().enumerate().map(paint).collect(),
            markers: markers.iter().copied().enumerate().map(shape).collect(),
            entries: Vec::new(),
        };
        let lines = distinct(uses.iter().filter_map(|u| u.line.and_then(|l| l.0)));
        // Colours first, then what only shapes and broken lines tell apart.
        let names = distinct(colours.iter().chain(&markers).chain(&lines).copied());
        keys.entries = names.iter().map(|name| keys.entry(name, &uses)).collect();
        keys
    }

    fn entry(&self, name: &Rich, uses: &[Use<'_>]) -> Entry {
        let is = |other: Option<&Rich>| other == Some(name);
        let marked = uses.iter().find(|u| is(u.marker));
        let keyed = uses.iter().find_map(|u| u.line.filter(|l| is(l.0)));
        // A line without a key of its own shows in the entry of its colour.
        let coloured = uses.iter().filter(|u| is(u.colour)).find_map(|u| u.line.filter(|l| l.0.is_none()));
        let has_colour = uses.iter().any(|u| is(u.colour));
        // The one colour that all lines of a key have, if they have one.
        let mut of_key = uses.iter().filter(|u| u.line.is_some_and(|l| is(l.0))).map(|u| u.colour);
        let first = of_key.next().flatten();
        let only = first.filter(|f| of_key.all(|c| c == Some(f)));
        let colour = if has_colour { Some(self.colour(Some(name))) } else { only.map(|n| self.colour(Some(n))) };
        Entry {
            name: name.clone(),
            colour,
            marker: marked.map(|u| (self.marker(Some(name)), u.open)),
            line: keyed.or(coloured).map(|l| l.1),
            band: uses.iter().any(|u| u.band && is(u.colour)),
        }
    }

    /// The colour of a name; ink without one.
    pub(crate) fn colour(&self, name: Option<&Rich>) -> Colour {
        let found = name.and_then(|name| self.colours.iter().find(|(n, _)| n == name));
        found.map_or(Colour::Ink, |(_, colour)| *colour)
    }

    /// The shape of a name; a disc without one.
    pub(crate) fn marker(&self, name: Option<&Rich>) -> Marker {
        let found = name.and_then(|name| self.markers.iter().find(|(n, _)| n == name));
        found.map_or(Marker::Circle, |(_, marker)| *marker)
    }
}

/// Names in the order in which they first appear, each once.
fn distinct<'a>(names: impl Iterator<Item = &'a Rich>) -> Vec<&'a Rich> {
    let mut seen = Vec::new();
    for name in names.filter(|n| !n.is_empty()) {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::figure::Panel;
    use crate::layer::{Arrow, Line, Points};

    #[test]
    fn colour_marker_and_line_have_entries_of_their_own() {
        let panel = Panel::new(Axis::linear("x"), Axis::linear("y"))
            .with(Points::new([(1.0, 1.0)]).colour("20k").marker("one loop").open())
            .with(Points::new([(1.0, 1.0)]).colour("50k").marker("four loops"))
            .with(Line::new([(0.0, 0.0), (1.0, 2.0)]).key("2 bit").dash(Dash::Dashed));
        let keys = Keys::of(&Figure::new("").panel(panel));
        let shown: Vec<_> = keys.entries.iter().map(|e| (e.name.to_string(), e.colour, e.marker, e.line)).collect();
        assert_eq!(
            shown,
            [
                ("20k".into(), Some(Colour::Hue(0)), None, None),
                ("50k".into(), Some(Colour::Hue(1)), None, None),
                ("one loop".into(), None, Some((Marker::Circle, true)), None),
                ("four loops".into(), None, Some((Marker::Square, false)), None),
                ("2 bit".into(), None, None, Some(Dash::Dashed)),
            ]
        );
    }

    #[test]
    fn a_series_is_one_entry_with_mark_and_line() {
        let panel = |name: &str| {
            Panel::new(Axis::linear("x"), Axis::linear("y"))
                .with(Line::new([(0.0, 0.0)]).series(name).dash(Dash::Dotted))
                .with(Points::new([(1.0, 1.0)]).series(name))
        };
        let keys = Keys::of(&Figure::new("").panel(panel("A")).panel(panel("B")).panel(panel("A")));
        assert_eq!(keys.entries.len(), 2);
        let second = &keys.entries[1];
        assert_eq!(second.marker, Some((Marker::Square, false)));
        assert_eq!((second.colour, second.line), (Some(Colour::Hue(1)), Some(Dash::Dotted)));
    }

    #[test]
    fn an_arrow_alone_has_a_colour_and_an_entry() {
        let panel = Panel::new(Axis::linear("x"), Axis::linear("y"))
            .with(Line::new([(0.0, 0.0)]).series("A"))
            .with(Arrow::new((0.0, 0.0), (1.0, 1.0)).series("saved"));
        let keys = Keys::of(&Figure::new("").panel(panel));
        assert_eq!(keys.colour(Some(&"saved".into())), Colour::Hue(1));
        assert_eq!(keys.entries.iter().map(|e| e.name.to_string()).collect::<Vec<_>>(), ["A", "saved"]);
    }
}
