//! Where everything stands: margins from the text that is in them, panels of one size, the rest around them.

mod labels;
mod side;

pub(crate) use side::Side;

use crate::axis::Span;
use crate::figure::Figure;
use crate::geometry::{Rect, View};
use crate::legend::Legend;
use crate::sizes::{GAP, HEAD, MARGIN, SMALL, TITLE};
use crate::text::{Rich, Set};

/// The legend, where it takes room of its own.
#[derive(Clone, Debug)]
pub(crate) enum Outside {
    Nothing,
    Below(Legend),
    Right(Legend),
}

/// One panel in its place.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) view: View,
    pub(crate) x: Side,
    pub(crate) y: Side,
    /// from top to bottom
    pub(crate) title: Vec<Set>,
    pub(crate) letter: Option<Set>,
}

/// Text outside of the panels: the middle of its baseline, and whether it reads from bottom to top.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) set: Set,
    pub(crate) at: (f64, f64),
    pub(crate) upwards: bool,
}

/// The whole figure.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) frames: Vec<Frame>,
    /// the title, what the axes measure, what the rows are
    pub(crate) words: Vec<Words>,
    pub(crate) legend: Option<(Legend, (f64, f64))>,
}

/// From line to line of a title, in ems.
pub(crate) const LEADING: f64 = 1.2;

fn shown(text: &Rich) -> bool {
    !text.is_empty()
}

/// Height of a panel as a share of its width, where none is given: wide panels are flat, so that a lone one of the whole
/// page leaves room for text.
fn aspect(figure: &Figure, wide: f64) -> f64 {
    let given = figure.aspect.filter(|a| a.is_finite()).map(|a| a.clamp(0.1, 5.0));
    given.unwrap_or_else(|| 0.75 - 0.25 * ((wide - 250.0) / 200.0).clamp(0.0, 1.0))
}

impl Layout {
    pub(crate) fn new(figure: &Figure, spans: &[(Span, Span)], outside: &Outside) -> Self {
        let width = figure.width.points();
        let columns = figure.columns.clamp(1, figure.panels.len().max(1));
        let count = figure.panels.len();
        let rows = count.div_ceil(columns).max(1);
        let aspect = aspect(figure, width / columns as f64);
        let row_titles = figure.rows.iter().any(shown);
        let beside = match outside {
            Outside::Right(legend) => legend.width + 3.0 * GAP,
            _ => 0.0,
        } + if row_titles { TITLE + 2.0 * GAP } else { 0.0 };
        let sides = |i: usize, wide: f64, high: f64| {
            let (panel, (x, y)) = (&figure.panels[i], spans[i]);
            let numbered = |x: bool| labels::written(figure, columns, i, x).0;
            (Side::new(&panel.x, x, wide, numbered(true), true), Side::new(&panel.y, y, high, numbered(false), false))
        };
        let (x_labels, y_labels) = (labels::all(figure, columns, true), labels::all(figure, columns, false));
        // Margins depend on numbers, numbers on the room for ticks, room on margins: it settles at once or nearly.
        let mut wide = (width / columns as f64 - 40.0).max(20.0);
        let mut all: Vec<(Side, Side)> = Vec::new();
        let (mut lefts, mut rights) = (vec![0.0; columns], vec![0.0; columns]);
        // From the panels of a column to the ends of their numbers, the same for all, so that their labels align.
        let mut numbers = vec![0.0; columns];
        for _ in 0..4 {
            all = (0..count).map(|i| sides(i, wide, wide * aspect)).collect();
            // Panels beside each other stand a little apart.
            lefts = (0..columns).map(|c| if c == 0 { 2.0 } else { 7.0 }).collect();
            rights = vec![5.0; columns];
            numbers = vec![0.0; columns];
            for (i, (x, y)) in all.iter().enumerate() {
                let column = i % columns;
                let apart = if column == 0 { 1.0 } else { 4.0 };
                numbers[column] = f64::max(numbers[column], y.depth(false));
                lefts[column] = f64::max(lefts[column], y.depth(false) + apart);
                // The first and the last number of the x axis may stand out.
                let over = |number: Option<&Set>, room: Option<f64>| match (number, room) {
                    (Some(number), Some(room)) if x.numbered => number.width / 2.0 - room * wide,
                    _ => 0.0,
                };
                let mut places = x.ticks.major.iter().map(|(value, _)| spans[i].0.share(*value));
                let first = over(x.numbers.first(), places.next());
                let last = over(x.numbers.last(), x.ticks.major.last().map(|(v, _)| 1.0 - spans[i].0.share(*v)));
                lefts[column] = f64::max(lefts[column], first + apart);
                rights[column] = f64::max(rights[column], last + 1.0);
            }
            for label in &y_labels {
                let apart = if label.line == 0 { 1.0 } else { 4.0 };
                let depth = numbers[label.line] + labels::depth(&label.set(wide * aspect));
                lefts[label.line] = f64::max(lefts[label.line], depth + apart);
            }
            let taken: f64 = lefts.iter().sum::<f64>() + rights.iter().sum::<f64>();
            wide = ((width - 2.0 * MARGIN - beside - taken) / columns as f64).max(20.0);
        }
        let high = wide * aspect;
        let mut y = MARGIN;
        let mut words = Vec::new();
        if shown(&figure.title) {
            for set in Set::lines(&figure.title.clone().bold(), HEAD, width - 2.0 * MARGIN) {
                let at = (width / 2.0, y + set.ascent);
                y += set.height();
                words.push(Words { set, at, upwards: false });
            }
            y += GAP;
        }
        let mut frames = Vec::new();
        let mut below = vec![0.0; rows];
        let mut bottoms = vec![0.0; rows];
        let mut sides = all.into_iter();
        for row in 0..rows {
            let panels = row * columns..((row + 1) * columns).min(count);
            let room = wide - if figure.lettered { 20.0 } else { 0.0 };
            let title = |i: usize| match figure.panels[i].title.clone().bold() {
                title if shown(&title) => Set::lines(&title, TITLE, room),
                _ => Vec::new(),
            };
            let titles: Vec<Vec<Set>> = panels.clone().map(title).collect();
            let lines = titles.iter().map(Vec::len).max().unwrap_or(0).max(usize::from(figure.lettered));
            y += if lines > 0 { TITLE * (1.0 + LEADING * (lines - 1) as f64) + 5.0 } else { 3.0 };
            let mut x = MARGIN;
            for ((column, i), title) in panels.clone().enumerate().zip(titles) {
                let Some((x_side, y_side)) = sides.next() else { break };
                x += lefts[column];
                let plot = Rect::new(x, y, wide, high);
                x += wide + rights[column];
                below[row] = f64::max(below[row], x_side.depth(true));
                let mark = Rich::plain(((b'a' + (i % 26) as u8) as char).to_string()).bold();
                let letter = figure.lettered.then(|| Set::new(&mark, TITLE + 0.5));
                let view = View { x: spans[i].0, y: spans[i].1, plot };
                frames.push(Frame { view, x: x_side, y: y_side, title, letter });
            }
            if let Some(text) = figure.rows.get(row).filter(|r| shown(r)) {
                let rect = Rect::new(x + 1.0, y, TITLE + GAP, high);
                let (x, y) = rect.centre();
                let set = Set::within(&text.clone().bold(), SMALL, high + 4.0);
                words.push(Words { set, at: (x + 0.36 * SMALL, y), upwards: true });
            }
            bottoms[row] = y + high;
            let labels = x_labels.iter().filter(|l| l.line == row).map(|l| labels::depth(&l.set(wide)));
            y += high + below[row] + labels.fold(0.0, f64::max) + GAP;
        }
        let plot = |row: usize, column: usize| frames.get(row * columns + column).map(|f: &Frame| f.view.plot);
        for label in &x_labels {
            // A last row may have fewer panels than the label has columns; the first row has them all.
            let row = if plot(label.line, label.to).is_some() { label.line } else { 0 };
            let (Some(first), Some(last)) = (plot(row, label.from), plot(row, label.to)) else { continue };
            let mut y = bottoms[label.line] + below[label.line] + 1.5;
            for set in label.set(wide) {
                let at = ((first.left + last.right) / 2.0, y + set.ascent);
                y += set.height();
                words.push(Words { set, at, upwards: false });
            }
        }
        for label in &y_labels {
            let (Some(first), Some(last)) = (plot(label.from, label.line), plot(label.to, label.line)) else {
                continue;
            };
            let mut x = first.left - numbers[label.line] - 2.0;
            for set in label.set(high).into_iter().rev() {
                let at = (x - set.descent, (first.top + last.bottom) / 2.0);
                x -= set.height();
                words.push(Words { set, at, upwards: true });
            }
        }
        let mut legend = None;
        match outside {
            Outside::Nothing => {}
            Outside::Below(found) => {
                y += 1.0;
                legend = Some((found.clone(), ((width - found.width) / 2.0, y)));
                y += found.height + GAP;
            }
            Outside::Right(found) => {
                let top = frames.first().map_or(y, |f| f.view.plot.top);
                legend = Some((found.clone(), (width - MARGIN - found.width, top)));
                y = y.max(top + found.height + GAP);
            }
        }
        Self { width, height: y, frames, words, legend }
    }
}
