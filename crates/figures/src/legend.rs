//! The legend: one key per name, for what tells it apart: colour, shape, line, or several of them.

use crate::geometry::Rect;
use crate::keys::Entry;
use crate::palette::Colour;
use crate::render::Theme;
use crate::sizes::SMALL;
use crate::svg::{Align, Svg};
use crate::text::Set;

const ROW: f64 = 9.2;
/// Between key and name, and between an entry and the next.
const INNER: f64 = 3.0;
const OUTER: f64 = 9.0;
/// More between colours, shapes and lines.
const BREAK: f64 = 3.0;
/// Height of the bar that stands for a colour.
const BAR: f64 = 3.2;

/// A legend with its entries in place, from its upper left corner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Legend {
    items: Vec<Item>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

#[derive(Clone, Debug)]
struct Item {
    entry: Entry,
    name: Set,
    key: f64,
    x: f64,
    y: f64,
}

/// Entries of one kind stand together.
fn kind(entry: &Entry) -> (bool, bool) {
    (entry.colour.is_some() && (entry.marker.is_some() || entry.line.is_none()), entry.marker.is_some())
}

fn key(entry: &Entry) -> f64 {
    match entry.marker {
        _ if entry.line.is_some() || entry.band => 14.0,
        Some(_) => 6.0,
        None => 9.0,
    }
}

impl Legend {
    /// One below the other, names no longer than `most`.
    pub(crate) fn column(entries: &[Entry], most: f64) -> Self {
        let widest = entries.iter().map(key).fold(0.0, f64::max);
        let mut legend = Self::default();
        for (i, entry) in entries.iter().enumerate() {
            if i > 0 && kind(entry) != kind(&entries[i - 1]) {
                legend.height += BREAK;
            }
            let name = Set::within(&entry.name, SMALL, most);
            legend.width = legend.width.max(widest + INNER + name.width);
            let y = legend.height + ROW / 2.0;
            legend.items.push(Item { entry: entry.clone(), name, key: widest, x: 0.0, y });
            legend.height += ROW;
        }
        legend
    }

    /// Beside each other in as many centred rows as a width needs; a kind begins a row if all kinds do not fit in one.
    pub(crate) fn rows(entries: &[Entry], width: f64) -> Self {
        let mut legend = Self { width, ..Self::default() };
        let names: Vec<Set> = entries.iter().map(|e| Set::within(&e.name, SMALL, width / 2.0)).collect();
        let size = |i: usize| key(&entries[i]) + INNER + names[i].width;
        let one_row = (0..entries.len()).map(|i| size(i) + OUTER).sum::<f64>() - OUTER <= width;
        let mut row: Vec<usize> = Vec::new();
        let mut used = 0.0;
        for i in 0..=entries.len() {
            let full = i == entries.len()
                || used + size(i) > width
                || (i > 0 && !one_row && kind(&entries[i]) != kind(&entries[i - 1]));
            if full && !row.is_empty() {
                let mut x = (width - used + OUTER) / 2.0;
                for &j in &row {
                    let (entry, name) = (entries[j].clone(), names[j].clone());
                    legend.items.push(Item { key: key(&entry), entry, name, x, y: legend.height + ROW / 2.0 });
                    x += size(j) + OUTER;
                }
                legend.height += ROW;
                row.clear();
                used = 0.0;
            }
            if i < entries.len() {
                row.push(i);
                used += size(i) + OUTER;
            }
        }
        legend
    }

    /// With its upper left corner at a place.
    pub(crate) fn draw(&self, svg: &mut Svg, (x, y): (f64, f64), theme: Theme) {
        svg.open("g", &[("class", "legend".into())]);
        for item in &self.items {
            let (left, middle) = (x + item.x, y + item.y);
            let name = item.entry.name.to_string();
            svg.open("g", &[("class", "entry".into()), ("data-series", name.as_str().into())]);
            draw_key(svg, &item.entry, Rect::new(left, middle - 3.0, item.key, 6.0), theme);
            let baseline = middle + 0.36 * SMALL;
            svg.text(&item.name, (left + item.key + INNER, baseline), Align::Start, theme.ink(), false);
            svg.close("g");
        }
        svg.close("g");
    }
}

fn draw_key(svg: &mut Svg, entry: &Entry, place: Rect, theme: Theme) {
    let colour = entry.colour.unwrap_or(Colour::Ink).code(theme);
    let (x, y) = place.centre();
    if entry.band {
        let shape = [("x", place.left.into()), ("y", (y - 2.5).into()), ("width", place.width().into())];
        let look = [("height", 5.0.into()), ("fill", colour.as_str().into()), ("fill-opacity", 0.2.into())];
        svg.element("rect", &[shape, look].concat());
    }
    if let Some(dash) = entry.line {
        let mut path = String::new();
        path.push('M');
        crate::svg::number(&mut path, place.left);
        path.push(' ');
        crate::svg::number(&mut path, y);
        path.push('h');
        crate::svg::number(&mut path, place.width());
        crate::draw::stroke(svg, &path, &colour, 1.0, dash);
    }
    match entry.marker {
        Some((marker, open)) => crate::draw::mark(svg, marker, (x, y), 2.3, &colour, open, theme),
        // A colour alone is a bar, because a square would be taken for a mark.
        None if entry.line.is_none() && !entry.band => {
            let shape = [("x", place.left.into()), ("y", (y - BAR / 2.0).into()), ("width", place.width().into())];
            let look = [("height", BAR.into()), ("rx", (BAR / 2.0).into()), ("fill", colour.as_str().into())];
            svg.element("rect", &[shape, look].concat());
        }
        None => {}
    }
}
