//! What tests look for in a figure.

use isoloss_figures::catalogue::Entry;
use isoloss_figures::{Arrow, Figure, Layer, Points};

pub fn published(entry: &Entry) -> Figure {
    entry.published.expect("numbers are public")()
}

pub fn points(figure: &Figure, panel: usize) -> Vec<&Points> {
    figure.panels[panel].layers.iter().filter_map(|l| if let Layer::Points(p) = l { Some(p) } else { None }).collect()
}

pub fn arrow(figure: &Figure) -> &Arrow {
    let mut arrows =
        figure.panels[0].layers.iter().filter_map(|l| if let Layer::Arrow(a) = l { Some(a) } else { None });
    arrows.next_back().expect("an arrow")
}

pub fn close(a: f64, b: f64, share: f64) -> bool {
    (a / b - 1.0).abs() <= share
}
