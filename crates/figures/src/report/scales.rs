//! The same figure on other scales: logarithmic axes made linear, or the other way round.

use crate::axis::{Axis, Scale, Span};
use crate::figure::Figure;
use crate::layer::Layer;
use crate::ranges::spans;

/// A logarithmic axis that spans more than this factor says nothing when it is made linear: all but the largest lie in
/// its corner.
const WIDE: f64 = 100.0;
/// A linear axis that spans less than this factor looks the same when it is made logarithmic.
const NARROW: f64 = 1.5;

/// The figure on other scales and what its axes are then, where that shows something.
///
/// Logarithmic axes that span up to two decades become linear. Where there are none, linear ones with positive data
/// become logarithmic.
pub(super) fn other(figure: &Figure) -> Option<(String, Figure)> {
    let spans = spans(figure);
    let surface = figure.panels.iter().flat_map(|p| &p.layers).any(|l| matches!(l, Layer::Contours(_)));
    if surface {
        return None;
    }
    linear(figure, &spans).or_else(|| logarithmic(figure, &spans))
}

fn linear(figure: &Figure, spans: &[(Span, Span)]) -> Option<(String, Figure)> {
    changed(figure, spans, "linear", |axis, span| {
        (axis.scale != Scale::Linear && span.high / span.low <= WIDE).then(|| Axis {
            scale: Scale::Linear,
            ticks: None,
            numbers: axis.numbers,
            ..axis.clone()
        })
    })
}

fn logarithmic(figure: &Figure, spans: &[(Span, Span)]) -> Option<(String, Figure)> {
    changed(figure, spans, "logarithmic", |axis, span| {
        let wide = span.low > 0.0 && span.high / span.low >= NARROW;
        (axis.scale == Scale::Linear && axis.ticks.is_none() && wide)
            .then(|| Axis { scale: Scale::Log10, ..axis.clone() })
    })
}

/// The figure with the axes that `change` changes: those of one direction in all panels or in none.
fn changed(
    figure: &Figure,
    spans: &[(Span, Span)],
    name: &str,
    change: impl Fn(&Axis, Span) -> Option<Axis>,
) -> Option<(String, Figure)> {
    let mut other = figure.clone();
    let panels = || figure.panels.iter().zip(spans);
    let x: Option<Vec<Axis>> = panels().map(|(p, s)| change(&p.x, s.0)).collect();
    let y: Option<Vec<Axis>> = panels().map(|(p, s)| change(&p.y, s.1)).collect();
    let (x, y) = (x.filter(|a| !a.is_empty()), y.filter(|a| !a.is_empty()));
    let label = match (&x, &y) {
        (Some(_), Some(_)) => format!("{name} axes"),
        (Some(_), None) => format!("{name} x axis"),
        (None, Some(_)) => format!("{name} y axis"),
        (None, None) => return None,
    };
    for (panel, axis) in other.panels.iter_mut().zip(x.into_iter().flatten()) {
        panel.x = axis;
    }
    for (panel, axis) in other.panels.iter_mut().zip(y.into_iter().flatten()) {
        panel.y = axis;
    }
    Some((label, other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Panel;
    use crate::layer::Points;

    fn label(x: Axis, y: Axis, points: [(f64, f64); 2]) -> Option<String> {
        other(&Figure::new("").panel(Panel::new(x, y).with(Points::new(points)))).map(|o| o.0)
    }

    #[test]
    fn axes_change_where_that_shows_something() {
        let (log, linear) = (Axis::log10("x"), Axis::linear("y"));
        let said = |x: &Axis, y: &Axis, p| label(x.clone(), y.clone(), p);
        assert_eq!(said(&log, &log, [(1.0, 2.0), (9.0, 3.0)]).as_deref(), Some("linear axes"));
        assert_eq!(said(&log, &log, [(1.0, 2.0), (1e9, 3.0)]).as_deref(), Some("linear y axis"));
        assert_eq!(said(&log, &linear, [(1.0, 2.0), (1e9, 6.0)]).as_deref(), Some("logarithmic y axis"));
        assert_eq!(said(&log, &linear, [(1.0, 2.0), (1e9, 2.1)]), None);
        assert_eq!(said(&linear, &linear, [(-1.0, 2.0), (1.0, -2.0)]), None);
        assert_eq!(other(&Figure::new("")), None);
    }
}
