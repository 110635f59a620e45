//! From a figure to its drawing.

mod arrow;
mod axes;
mod curves;
mod glyphs;
mod marks;
mod series;
mod surface;
mod words;

pub(crate) use curves::stroke;
pub(crate) use marks::mark;

use crate::axis::Span;
use crate::figure::{Figure, LegendPlace, Panel};
use crate::geometry::Rect;
use crate::keys::Keys;
use crate::layer::Layer;
use crate::layout::{Frame, Layout, Outside};
use crate::legend::Legend;
use crate::occupied::Occupied;
use crate::ranges;
use crate::render::{Drawing, Render};
use crate::sizes::{self, MARGIN};
use crate::svg::{Align, Svg};

/// What all parts of a drawing share.
pub(crate) struct Pen<'a> {
    pub(crate) svg: Svg,
    pub(crate) keys: &'a Keys,
    pub(crate) render: &'a Render,
    /// of marks where none is given
    pub(crate) radius: f64,
    /// how many marks of one layer are drawn one by one
    pub(crate) most: usize,
    pub(crate) notes: Vec<String>,
}

/// A legend inside of the only panel.
struct Inside {
    legend: Legend,
    rect: Rect,
}

/// Marks of the whole figure that are drawn one by one, so that a file stays below a few megabytes.
const MARKS: usize = 30_000;
/// A panel with more names than this keeps its legend out.
const NAMES: usize = 12;

/// Draws a figure.
pub(crate) fn figure(figure: &Figure, render: &Render) -> Drawing {
    let figure = figure.folded();
    let figure = figure.as_ref();
    let keys = Keys::of(figure);
    let spans = ranges::spans(figure);
    let counts = figure.panels.iter().map(marks_of);
    // Smaller panels have smaller marks.
    let wide = figure.width.points() / figure.columns.clamp(1, figure.panels.len().max(1)) as f64;
    let radius = sizes::radius(counts.max().unwrap_or(0)) * (wide / 150.0).clamp(0.55, 1.0);
    let crowded =
        figure.panels.iter().flat_map(|p| &p.layers).filter(|l| matches!(l, Layer::Points(p) if p.points.len() > 1000));
    let most = (MARKS / crowded.count().max(1)).max(1000);
    let (layout, inside) = arrange(figure, &keys, &spans, radius);
    let mut pen = Pen { svg: Svg::new(&render.prefix), keys: &keys, render, radius, most, notes: Vec::new() };
    for (i, (panel, frame)) in figure.panels.iter().zip(&layout.frames).enumerate() {
        let name = name(panel, i, figure.panels.len());
        pen.notes.extend(ranges::notes(panel, &name, spans[i]));
        pen.panel(panel, frame, inside.as_ref().map(|l| l.rect), &name);
    }
    pen.notes.extend(glyphs::note(figure, &keys));
    let theme = render.theme;
    for words in &layout.words {
        pen.svg.text(&words.set, words.at, Align::Middle, theme.ink(), words.upwards);
    }
    if let Some((legend, corner)) = &layout.legend {
        legend.draw(&mut pen.svg, *corner, theme);
    }
    if let Some(Inside { legend, rect }) = &inside {
        pen.backing(rect);
        legend.draw(&mut pen.svg, (rect.left + 3.0, rect.top + 2.0), theme);
    }
    if figure.panels.is_empty() {
        pen.notes.push("the figure has no panel".into());
    }
    if figure.alt.trim().is_empty() {
        pen.notes.push("the figure has no alternative text".into());
    }
    let title = if figure.title.is_empty() { figure.caption.clone() } else { figure.title.to_string() };
    let title = if title.is_empty() { "Figure".to_owned() } else { title };
    let height = layout.height.max(2.0 * MARGIN + 10.0);
    let Pen { svg, notes, .. } = pen;
    let svg = svg.finish(layout.width, height, &title, &figure.alt, theme.paper());
    Drawing { svg, width: layout.width, height, notes }
}

/// Where panels and legend stand.
fn arrange(figure: &Figure, keys: &Keys, spans: &[(Span, Span)], radius: f64) -> (Layout, Option<Inside>) {
    let width = figure.width.points() - 2.0 * MARGIN;
    let column = || Legend::column(&keys.entries, width * 0.35);
    let below = || Outside::Below(Legend::rows(&keys.entries, width));
    let outside = |outside: Outside| (Layout::new(figure, spans, &outside), None);
    if keys.entries.is_empty() {
        return outside(Outside::Nothing);
    }
    match figure.legend {
        LegendPlace::Hidden => return outside(Outside::Nothing),
        LegendPlace::Right => return outside(Outside::Right(column())),
        LegendPlace::Below => return outside(below()),
        LegendPlace::Auto => {}
    }
    let [panel] = figure.panels.as_slice() else { return outside(below()) };
    let legend = column();
    let layout = Layout::new(figure, spans, &Outside::Nothing);
    let plot = layout.frames[0].view.plot;
    let (wide, high) = (legend.width + 6.0, legend.height + 4.0);
    let names = panel.layers.iter().filter_map(|l| if let Layer::Points(p) = l { Some(&p.points) } else { None });
    let names = names.flatten().filter(|p| !p.label.is_empty()).count();
    if names <= NAMES && wide < 0.6 * plot.width() && high < 0.6 * plot.height() {
        let occupied = Occupied::of(&panel.layers, &layout.frames[0].view, radius);
        let (rect, hidden) = occupied.emptiest(wide, high);
        if hidden == 0 {
            return (layout, Some(Inside { legend, rect }));
        }
    }
    outside(if width > 300.0 && legend.width < 0.3 * width { Outside::Right(legend) } else { below() })
}

fn marks_of(panel: &Panel) -> usize {
    panel.layers.iter().map(|l| if let Layer::Points(p) = l { p.points.len() } else { 0 }).sum()
}

/// What a panel is called in notes.
fn name(panel: &Panel, i: usize, count: usize) -> String {
    match (panel.title.is_empty(), count) {
        (false, _) => format!("panel `{}`", panel.title),
        (true, 1) => "the panel".into(),
        (true, _) => format!("panel {}", i + 1),
    }
}

impl Pen<'_> {
    fn panel(&mut self, panel: &Panel, frame: &Frame, legend: Option<Rect>, name: &str) {
        let view = &frame.view;
        let mut occupied = Occupied::of(&panel.layers, view, self.radius);
        let mut blocked: Vec<Rect> = legend.into_iter().collect();
        self.svg.open("g", &[("class", "panel".into())]);
        self.grid(frame);
        let plot = view.plot;
        let clip = self.svg.clip(plot.left, plot.top, plot.width(), plot.height());
        self.svg.open("g", &[("clip-path", clip.as_str().into())]);
        let mut levels = Vec::new();
        for layer in &panel.layers {
            match layer {
                Layer::Contours(surface) => levels.extend(self.contours(surface, view, name)),
                Layer::Points(points) if points.beneath => self.points(points, view),
                _ => {}
            }
        }
        for layer in &panel.layers {
            if let Layer::Band(band) = layer {
                self.band(band, view);
            }
        }
        let above = self.svg.body.len();
        for layer in &panel.layers {
            match layer {
                Layer::Rule(rule) => self.rule(rule, view),
                Layer::Line(line) => self.line(line, view),
                _ => {}
            }
        }
        self.svg.close("g");
        self.frame(frame);
        for layer in &panel.layers {
            match layer {
                Layer::Points(points) if !points.beneath => self.points(points, view),
                _ => {}
            }
        }
        // Words take the room that is left: first those that have a place, then those that seek one.
        for layer in &panel.layers {
            if let Layer::Arrow(arrow) = layer {
                self.arrow(arrow, view, &mut blocked, &occupied);
            }
        }
        self.line_labels(panel, view, &mut blocked, &mut occupied);
        for layer in &panel.layers {
            if let Layer::Note(note) = layer {
                self.note(note, view, &mut blocked, &mut occupied);
            }
        }
        self.levels(&levels, above, view, &mut blocked, &occupied);
        self.names(panel, view, &occupied, &blocked, name);
        if panel.layers.iter().all(|l| nothing(l, frame)) {
            self.no_data(view);
            self.notes.push(format!("{name} has no data"));
        }
        self.svg.close("g");
    }
}

/// Whether a layer shows no data.
fn nothing(layer: &Layer, frame: &Frame) -> bool {
    let view = &frame.view;
    match layer {
        Layer::Points(p) => !p.points.iter().any(|p| view.inside(p.x, p.y).is_some()),
        Layer::Line(l) => !l.points.iter().any(|p| view.at(p.0, p.1).is_some()),
        Layer::Band(b) => !b.points.iter().any(|p| view.at(p.0, p.1).is_some() && view.at(p.0, p.2).is_some()),
        Layer::Contours(c) => !c.values.iter().any(|v| v.is_finite()),
        Layer::Rule(_) | Layer::Arrow(_) | Layer::Note(_) => true,
    }
}
