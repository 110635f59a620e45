//! Times the drawing of figures: `cargo run --release -p isoloss-benches --bin figures`.
//!
//! Best of several, in seconds of wall time on one thread, which is no less than the CPU time.

use std::time::Instant;

use isoloss_figures::{Axis, Figure, Line, Panel, Point, Points, Render, Share, Width};

/// Marks that look random and are the same each time.
fn marks(count: usize, seed: u64) -> Vec<(f64, f64)> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| (1e18 * (next() * 9.0).exp(), 2.0 + next())).collect()
}

fn figure(panels: usize, marks_each: usize) -> Figure {
    let figure = Figure::new("Timing.").width(Width::Double).columns(4.min(panels)).share(Share::All, Share::All);
    (0..panels).fold(figure, |figure, i| {
        let series = Points::new(marks(marks_each, i as u64)).series("runs");
        figure.panel(Panel::new(Axis::log10("FLOPs"), Axis::linear("Loss")).with(series))
    })
}

/// Names beside marks in one panel, and the same marks without names: the difference is the placing.
fn named(count: usize, names: bool) -> Figure {
    let label = |i: usize| if names { format!("Model-{i}-7B") } else { String::new() };
    let points = marks(count, 3).into_iter().enumerate().map(|(i, (x, y))| Point::new(x, y).label(label(i)));
    let panel = Panel::new(Axis::log10("FLOPs"), Axis::linear("Loss")).with(Points::new(points).series("models"));
    Figure::new("Names.").width(Width::Double).panel(panel)
}

fn best<T>(times: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut fastest = f64::INFINITY;
    let mut result = None;
    for _ in 0..times {
        let start = Instant::now();
        result = Some(work());
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    (fastest, result.expect("it ran at least once"))
}

fn main() {
    for (name, panels, each, times) in [
        ("12 panels, 5,000 marks in all", 12, 417, 9),
        ("12 panels, 5,000 marks each", 12, 5000, 5),
        ("10^6 marks", 1, 1_000_000, 3),
    ] {
        let figure = figure(panels, each);
        let (svg, drawing) = best(times, || figure.draw(&Render::default()));
        let (png, _) = best(times, || drawing.png(150.0).expect("the size is sound"));
        let (pdf, page) = best(times, || drawing.pdf().expect("the drawing is sound"));
        println!(
            "{name}: SVG {svg:.3} s ({} bytes), PNG {png:.3} s, PDF {pdf:.3} s ({} bytes)",
            drawing.svg.len(),
            page.len()
        );
    }
    for count in [12, 36, 60, 100] {
        let (with, drawing) = best(9, || named(count, true).draw(&Render::default()));
        let (without, _) = best(9, || named(count, false).draw(&Render::default()));
        println!("{count} names: {:.4} s more than without ({:?})", with - without, drawing.notes);
    }
    let scribble = Panel::new(Axis::log10("FLOPs"), Axis::linear("Loss")).with(Line::new(marks(1_000_000, 5)));
    let (svg, drawing) = best(3, || Figure::new("Timing.").panel(scribble.clone()).draw(&Render::default()));
    println!("a line that winds 10^6 times: SVG {svg:.3} s ({} bytes)", drawing.svg.len());
}
