//! Where everything stands: margins from the text that is in them, panels of one size, the rest around them.

use crate::axis::{Axis, Span};
use crate::figure::{Figure, Share};
use crate::geometry::{Rect, View};
use crate::legend::Legend;
use crate::sizes::{GAP, HEAD, LABEL, MARGIN, SMALL, TICK, TITLE};
use crate::text::{Rich, Set};
use crate::ticks::{Ticks, ticks};

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
    pub(crate) title: Option<Set>,
    pub(crate) letter: Option<Set>,
}

/// One axis in its place.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) ticks: Ticks,
    pub(crate) numbers: Vec<Set>,
    /// numbers are written; if not, a neighbour writes them
    pub(crate) numbered: bool,
    pub(crate) label: Option<Set>,
}

/// The whole figure.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) frames: Vec<Frame>,
    /// text and baseline
    pub(crate) title: Option<(Set, f64)>,
    pub(crate) rows: Vec<(Set, Rect)>,
    pub(crate) legend: Option<(Legend, (f64, f64))>,
}

/// Between the last digit and the tick.
const DIGIT_GAP: f64 = 2.0;

fn shown(text: &Rich) -> bool {
    !text.is_empty()
}

impl Side {
    fn new(axis: &Axis, span: Span, length: f64, numbered: bool, labelled: bool, horizontal: bool) -> Self {
        // Its neighbours begin soon after the panel ends; a long label is set smaller before it is cut.
        let most = length + 6.0;
        let set = |text: &Rich| {
            let share = most / Set::new(text, LABEL).width;
            Set::within(text, LABEL * share.clamp(0.75, 1.0), most)
        };
        let label = (labelled && shown(&axis.label)).then(|| set(&axis.label));
        let (ticks, numbers) = fitting(axis, span, length, horizontal);
        Self { ticks, numbers, numbered, label }
    }

    /// What it needs outside of the panel.
    fn depth(&self, horizontal: bool) -> f64 {
        let size = |s: &Set| if horizontal { s.height() } else { s.width };
        let mut depth = TICK;
        if self.numbered {
            depth += DIGIT_GAP + self.numbers.iter().map(size).fold(0.0, f64::max);
        }
        depth + self.label.as_ref().map_or(0.0, |l| l.height() + GAP - 1.0)
    }
}

/// As many ticks as have room for their numbers.
fn fitting(axis: &Axis, span: Span, length: f64, horizontal: bool) -> (Ticks, Vec<Set>) {
    let set = |ticks: &Ticks| -> Vec<Set> { ticks.major.iter().map(|(_, l)| Set::new(l, SMALL)).collect() };
    if let Some(given) = &axis.ticks {
        let mut major: Vec<_> =
            given.iter().filter(|(v, _)| span.scale.admits(*v) && span.holds(*v)).cloned().collect();
        major.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ticks = Ticks { major, minor: Vec::new() };
        let numbers = set(&ticks);
        return (ticks, numbers);
    }
    let room = |numbers: &[Set], ticks: &Ticks| {
        (1..numbers.len()).all(|i| {
            let apart = (span.share(ticks.major[i].0) - span.share(ticks.major[i - 1].0)) * length;
            let (a, b) = (&numbers[i - 1], &numbers[i]);
            apart >= if horizontal { (a.width + b.width) / 2.0 + 4.5 } else { SMALL * 1.15 }
        })
    };
    let most = (length / if horizontal { 24.0 } else { 17.0 }).clamp(2.0, 9.0) as usize;
    let mut last = (Ticks::default(), Vec::new());
    for most in (2..=most).rev() {
        let ticks = ticks(span.scale, span.low, span.high, most, axis.numbers);
        let numbers = set(&ticks);
        if room(&numbers, &ticks) && !ticks.major.is_empty() {
            return (ticks, numbers);
        }
        last = (ticks, numbers);
    }
    last
}

impl Layout {
    pub(crate) fn new(figure: &Figure, spans: &[(Span, Span)], outside: &Outside) -> Self {
        let width = figure.width.points();
        let columns = figure.columns.clamp(1, figure.panels.len().max(1));
        let count = figure.panels.len();
        let rows = count.div_ceil(columns).max(1);
        let aspect = if figure.aspect.is_finite() { figure.aspect.clamp(0.1, 5.0) } else { 0.75 };
        let row_titles = figure.rows.iter().any(shown);
        let beside = match outside {
            Outside::Right(legend) => legend.width + 3.0 * GAP,
            _ => 0.0,
        } + if row_titles { TITLE + 2.0 * GAP } else { 0.0 };
        // An axis in common is written at the outermost panel, if its neighbour measures the same.
        let labelled = |i: usize, x: bool| {
            let (share, next) = if x { (figure.share_x, i + columns) } else { (figure.share_y, i.wrapping_sub(1)) };
            let outermost = if x { i + columns >= count } else { i.is_multiple_of(columns) };
            if share == Share::None || outermost {
                return (true, true);
            }
            let axis = |j: usize| if x { &figure.panels[j].x } else { &figure.panels[j].y };
            let other = axis(next).scale != axis(i).scale;
            (other, other || axis(next).label != axis(i).label)
        };
        let sides = |i: usize, wide: f64, high: f64| {
            let (panel, (x, y)) = (&figure.panels[i], spans[i]);
            let ((xn, xl), (yn, yl)) = (labelled(i, true), labelled(i, false));
            (Side::new(&panel.x, x, wide, xn, xl, true), Side::new(&panel.y, y, high, yn, yl, false))
        };
        // Margins depend on numbers, numbers on the room for ticks, room on margins: it settles at once or nearly.
        let mut wide = (width / columns as f64 - 40.0).max(20.0);
        let mut all: Vec<(Side, Side)> = Vec::new();
        let (mut lefts, mut rights) = (vec![0.0; columns], vec![0.0; columns]);
        for _ in 0..4 {
            all = (0..count).map(|i| sides(i, wide, wide * aspect)).collect();
            // Panels beside each other stand a little apart.
            lefts = (0..columns).map(|c| if c == 0 { 2.0 } else { 7.0 }).collect();
            rights = vec![5.0; columns];
            for (i, (x, y)) in all.iter().enumerate() {
                let column = i % columns;
                let apart = if column == 0 { 1.0 } else { 4.0 };
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
            let taken: f64 = lefts.iter().sum::<f64>() + rights.iter().sum::<f64>();
            wide = ((width - 2.0 * MARGIN - beside - taken) / columns as f64).max(20.0);
        }
        let high = wide * aspect;
        let mut y = MARGIN;
        let mut title = None;
        if shown(&figure.title) {
            let set = Set::within(&figure.title.clone().bold(), HEAD, width - 2.0 * MARGIN);
            y += set.ascent;
            let baseline = y;
            y += set.descent + GAP;
            title = Some((set, baseline));
        }
        let mut frames = Vec::new();
        let mut strips = Vec::new();
        let mut sides = all.into_iter();
        for row in 0..rows {
            let panels = row * columns..((row + 1) * columns).min(count);
            let titled = panels.clone().any(|i| shown(&figure.panels[i].title)) || figure.lettered;
            y += if titled { TITLE + 5.0 } else { 3.0 };
            let mut x = MARGIN;
            let mut below = TICK;
            for (column, i) in panels.clone().enumerate() {
                let Some((x_side, y_side)) = sides.next() else { break };
                x += lefts[column];
                let plot = Rect::new(x, y, wide, high);
                x += wide + rights[column];
                below = f64::max(below, x_side.depth(true));
                let heading = figure.panels[i].title.clone().bold();
                let mark = Rich::plain(((b'a' + (i % 26) as u8) as char).to_string()).bold();
                let letter = figure.lettered.then(|| Set::new(&mark, TITLE + 0.5));
                let room = wide - if figure.lettered { 20.0 } else { 0.0 };
                frames.push(Frame {
                    view: View { x: spans[i].0, y: spans[i].1, plot },
                    x: x_side,
                    y: y_side,
                    title: shown(&heading).then(|| Set::within(&heading, TITLE, room)),
                    letter,
                });
            }
            if let Some(text) = figure.rows.get(row).filter(|r| shown(r)) {
                let rect = Rect::new(x + 1.0, y, TITLE + GAP, high);
                strips.push((Set::within(&text.clone().bold(), SMALL, high), rect));
            }
            y += high + below + GAP;
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
        Self { width, height: y, frames, title, rows: strips, legend }
    }
}
