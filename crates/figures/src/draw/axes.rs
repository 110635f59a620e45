//! Axes, ticks, grid and titles of a panel.

use super::Pen;
use crate::layout::{Frame, LEADING};
use crate::sizes::{SMALL, TICK, TITLE};
use crate::svg::{Align, number};

/// Appends a straight line to the data of a path.
fn segment(path: &mut String, from: (f64, f64), to: (f64, f64)) {
    for (letter, (x, y)) in [('M', from), ('L', to)] {
        path.push(letter);
        number(path, x);
        path.push(' ');
        number(path, y);
    }
}

impl Pen<'_> {
    /// Lines at the labelled ticks, behind everything.
    pub(super) fn grid(&mut self, frame: &Frame) {
        let (plot, view) = (frame.view.plot, &frame.view);
        let mut path = String::new();
        for (value, _) in &frame.x.ticks.major {
            let x = plot.left + view.x.share(*value) * plot.width();
            segment(&mut path, (x, plot.top), (x, plot.bottom));
        }
        for (value, _) in &frame.y.ticks.major {
            let y = plot.bottom - view.y.share(*value) * plot.height();
            segment(&mut path, (plot.left, y), (plot.right, y));
        }
        if !path.is_empty() {
            let colour = self.render.theme.grid();
            let look = [("fill", "none".into()), ("stroke", colour.into()), ("stroke-width", 0.5.into())];
            self.svg.element("path", &[&[("class", "grid".into()), ("d", path.as_str().into())][..], &look].concat());
        }
    }

    /// Axes with ticks and numbers, and the title above them.
    pub(super) fn frame(&mut self, frame: &Frame) {
        let (plot, view, ink) = (frame.view.plot, &frame.view, self.render.theme.ink());
        let mut path = String::new();
        segment(&mut path, (plot.left, plot.top), (plot.left, plot.bottom));
        segment(&mut path, (plot.left, plot.bottom), (plot.right, plot.bottom));
        let at_x = |value: f64| plot.left + view.x.share(value) * plot.width();
        let at_y = |value: f64| plot.bottom - view.y.share(value) * plot.height();
        let lengths = |ticks: &crate::ticks::Ticks| -> Vec<(f64, f64)> {
            let major = ticks.major.iter().map(|(v, _)| (*v, TICK));
            major.chain(ticks.minor.iter().map(|v| (*v, TICK * 0.55))).collect()
        };
        for (value, length) in lengths(&frame.x.ticks) {
            segment(&mut path, (at_x(value), plot.bottom), (at_x(value), plot.bottom + length));
        }
        for (value, length) in lengths(&frame.y.ticks) {
            segment(&mut path, (plot.left, at_y(value)), (plot.left - length, at_y(value)));
        }
        let look = [("fill", "none".into()), ("stroke", ink.into()), ("stroke-width", 0.6.into())];
        self.svg.element("path", &[&[("class", "axes".into()), ("d", path.as_str().into())][..], &look].concat());
        if frame.x.numbered {
            let ascent = frame.x.numbers.iter().map(|n| n.ascent).fold(0.0, f64::max);
            let below = plot.bottom + TICK + 2.0 + ascent;
            for ((value, _), set) in frame.x.ticks.major.iter().zip(&frame.x.numbers) {
                self.svg.text(set, (at_x(*value), below), Align::Middle, ink, false);
            }
        }
        if frame.y.numbered {
            let left = plot.left - TICK - 2.0;
            for ((value, _), set) in frame.y.ticks.major.iter().zip(&frame.y.numbers) {
                self.svg.text(set, (left, at_y(*value) + 0.36 * SMALL), Align::End, ink, false);
            }
        }
        let mut baseline = plot.top - 3.5;
        for line in frame.title.iter().rev() {
            self.svg.text(line, (plot.centre().0, baseline), Align::Middle, ink, false);
            baseline -= LEADING * TITLE;
        }
        if let Some(letter) = &frame.letter {
            let left = (plot.left - 14.0).max(1.0);
            self.svg.text(letter, (left, plot.top - 3.5), Align::Start, ink, false);
        }
    }
}
