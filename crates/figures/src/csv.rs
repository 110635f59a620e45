//! The data behind a figure, as one tidy table.

use crate::figure::Figure;
use crate::layer::{Layer, Place, Side};
use crate::text::Rich;

/// The columns of [`Figure::csv`]. Cells that a kind of layer does not have are empty.
pub const COLUMNS: [&str; 13] =
    ["panel", "title", "layer", "kind", "series", "marker", "x", "y", "lower", "upper", "value", "label", "facts"];

#[derive(Default)]
struct Row {
    kind: &'static str,
    series: String,
    marker: String,
    x: Option<f64>,
    y: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    value: Option<f64>,
    label: String,
    facts: String,
}

fn said(name: &Option<Rich>) -> String {
    name.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// One row per mark, corner, grid place or word.
fn rows(layer: &Layer) -> Vec<Row> {
    let at = |kind, x: f64, y: f64| Row { kind, x: Some(x), y: Some(y), ..Row::default() };
    match layer {
        Layer::Points(points) => {
            let (series, marker) = (said(&points.colour), said(&points.marker));
            let row = |p: &crate::layer::Point| Row {
                series: series.clone(),
                marker: marker.clone(),
                lower: p.interval.map(|i| i.0),
                upper: p.interval.map(|i| i.1),
                label: p.label.to_string(),
                facts: p.facts.iter().map(|(n, v)| format!("{n}: {v}")).collect::<Vec<_>>().join("; "),
                ..at("point", p.x, p.y)
            };
            points.points.iter().map(row).collect()
        }
        Layer::Line(line) => {
            let series = said(if line.colour.is_some() { &line.colour } else { &line.key });
            let row =
                |p: &(f64, f64)| Row { series: series.clone(), label: line.label.to_string(), ..at("line", p.0, p.1) };
            line.points.iter().map(row).collect()
        }
        Layer::Band(band) => {
            let row = |p: &(f64, f64, f64)| Row {
                kind: "band",
                series: said(&band.colour),
                x: Some(p.0),
                lower: Some(p.1),
                upper: Some(p.2),
                ..Row::default()
            };
            band.points.iter().map(row).collect()
        }
        Layer::Contours(surface) => {
            let places = surface.ys.iter().flat_map(|y| surface.xs.iter().map(|x| (*x, *y)));
            places.zip(&surface.values).map(|((x, y), v)| Row { value: Some(*v), ..at("surface", x, y) }).collect()
        }
        Layer::Rule(rule) => {
            let (x, y) = if rule.side == Side::X { (Some(rule.at), None) } else { (None, Some(rule.at)) };
            let (series, label) = (said(&rule.colour), rule.label.to_string());
            vec![Row { kind: "rule", x, y, series, label, ..Row::default() }]
        }
        Layer::Arrow(arrow) => {
            let ends = [("arrow from", arrow.from), ("arrow to", arrow.to)];
            let row = |(kind, p): (_, (f64, f64))| Row { label: arrow.said().to_string(), ..at(kind, p.0, p.1) };
            ends.into_iter().map(row).collect()
        }
        Layer::Note(note) => {
            let label = note.lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let (x, y) = if let Place::At(x, y) = note.place { (Some(x), Some(y)) } else { (None, None) };
            vec![Row { kind: "note", x, y, label, series: said(&note.colour), ..Row::default() }]
        }
    }
}

impl Figure {
    /// All that the figure was given, drawn or not, as CSV with the columns [`COLUMNS`]: panels and layers counted from
    /// 1, numbers with all their digits.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = |record: &[String]| writer.write_record(record).expect("memory takes what is written to it");
        write(&COLUMNS.map(String::from));
        for (i, panel) in self.panels.iter().enumerate() {
            for (j, layer) in panel.layers.iter().enumerate() {
                for row in rows(layer) {
                    let digits = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
                    write(&[
                        (i + 1).to_string(),
                        panel.title.to_string(),
                        (j + 1).to_string(),
                        row.kind.to_owned(),
                        row.series,
                        row.marker,
                        digits(row.x),
                        digits(row.y),
                        digits(row.lower),
                        digits(row.upper),
                        digits(row.value),
                        row.label,
                        row.facts,
                    ]);
                }
            }
        }
        let bytes = writer.into_inner().expect("memory takes what is written to it");
        String::from_utf8(bytes).expect("text was written")
    }
}
