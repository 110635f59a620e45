//! Draws sample figures into a folder: `cargo run --example gallery -- FOLDER`.
//!
//! All data are made up by a formula; what is sampled is the drawing.

use std::path::Path;

use isoloss_figures::{
    Arrow, Band, Colours, Contours, Corner, Dash, Figure, Heads, LegendPlace, Line, Marker, Note, Numbers, Panel,
    Place, Point, Points, Render, Rule, Share, Theme, Width, math,
};
use isoloss_figures::{Axis, Colour};

/// Numbers between 0 and 1 that look random: the fractional parts of multiples of the golden ratio.
fn spread(i: usize) -> f64 {
    (i as f64 * 0.618_033_988_749_894_9).fract()
}

fn curve(low: f64, high: f64, law: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let (from, to) = (low.ln(), high.ln());
    (0..=80).map(|i| (from + (to - from) * f64::from(i) / 80.0).exp()).map(|x| (x, law(x))).collect()
}

/// Colours, shapes and lines each mean something else.
fn plateaus() -> Figure {
    let mut panel = Panel::new(
        Axis::log10(math("Number of parameters _P_")).range(4e5, 5e7),
        Axis::log10("Bits of knowledge").range(5e5, 6e7),
    );
    for (i, (people, bits)) in
        [("20k people", 1.2e6), ("50k", 3e6), ("100k", 5.8e6), ("200k", 1.1e7), ("500k", 2.8e7)].iter().enumerate()
    {
        for loops in [1, 4] {
            let sizes = (0..9).map(|k| 5e5 * 1.75_f64.powi(k) * (0.9 + 0.2 * spread(k as usize * 7 + i + loops)));
            let marks = sizes.map(|p| (p, (1.9 * p).min(*bits) * (0.93 + 0.1 * spread((p / 1e3) as usize + loops))));
            let points = Points::new(marks).colour(*people);
            panel = panel.with(if loops == 1 { points.marker("1 loop").open() } else { points.marker("4 loops") });
        }
    }
    let panel = panel
        .with(Line::new(curve(1e5, 1e8, |x| 2.0 * x)).key("2 bits per parameter").dash(Dash::Dashed).thickness(0.8))
        .with(Line::new(curve(1e5, 1e8, |x| x)).key("1 bit per parameter").thickness(0.8));
    Figure::new("Bits of knowledge against parameters: a plateau for each number of people.").panel(panel)
}

/// Dozens of names in one panel.
fn names() -> Figure {
    let names = [
        "Qwen1.5-4B-Chat",
        "Phi-2",
        "MiniCPM-2B-SFT",
        "Qwen1.5-1.8B-Chat",
        "Gemma-2B-it",
        "Llama2-7B-Chat",
        "Gemma-7B-it",
        "Llama3-8B-it",
        "Mistral-7B-v0.1",
        "Baichuan2-7B-Chat",
        "ChatGLM3-6B",
        "Vicuna-13B-v1.5",
        "Llama2-13B-Chat",
        "Falcon-40B",
        "Qwen1.5-7B-Chat",
        "StableLM-3B",
        "OpenLLaMA-3B",
        "InternLM2-7B",
        "Yi-6B-Chat",
        "DeepSeek-7B",
        "Qwen1.5-14B-Chat",
        "Orca-2-7B",
        "Zephyr-7B",
        "Pythia-2.8B",
        "Tulu-2-7B",
        "OLMo-7B",
        "MPT-30B",
        "Mixtral-8x7B",
    ];
    let point = |(i, name): (usize, &&str)| {
        let x = 1.2 * 2f64.powf(4.6 * spread(i * 3 + 1));
        Point::new(x, 38.0 + 7.0 * x.ln() + 8.0 * (spread(i * 5) - 0.5)).label(*name).fact("size", format!("{x:.1}B"))
    };
    let panel = Panel::new(
        Axis::log2("Non-embedding parameters, billions").include(40.0),
        Axis::linear("Mean score of benchmarks, %"),
    )
    .with(Points::new(names.iter().enumerate().map(point)).series("other models"))
    .with(Points::new([Point::new(2.0, 60.0).label("Memory³-2B")]).series("with memory").radius(3.0));
    Figure::new("Scores against sizes of thirty models; the one with memory lies above models of twice its size.")
        .style("other models", Colour::Hue(0), Marker::Circle)
        .style("with memory", Colour::Hue(1), Marker::Star)
        .panel(panel)
}

/// Twelve panels with common axes.
fn grid() -> Figure {
    let mut figure = Figure::new("Loss against compute for four mixtures and three kinds of data.")
        .columns(3)
        .aspect(0.62)
        .share(Share::All, Share::All)
        .rows(["45-45-10", "40-20-40", "30-30-40", "20-40-40"])
        .colours(Colours::Ordered);
    for row in 0..4 {
        for (column, kind) in ["Image-caption", "Interleaved", "Text"].iter().enumerate() {
            let law = |c: f64| 2.0 + 0.2 * column as f64 + 30.0 * (c / 1e16).powf(-0.28 - 0.01 * f64::from(row));
            let mut panel = Panel::new(Axis::log10("FLOPs"), Axis::linear("Cross-entropy, nats"));
            if row == 0 {
                panel = panel.title(*kind);
            }
            panel = panel.with(Line::new(curve(1e19, 1e22, law)).measured(2e19, 2.5e21).key("fit").thickness(0.8));
            for (i, size) in ["0.275B", "0.464B", "0.932B", "1.627B", "2.280B", "3.354B"].iter().enumerate() {
                let runs = (0..6).map(|k| 1.6e19 * 2.1_f64.powi(i as i32 + k % 4) * (1.0 + 0.3 * f64::from(k)));
                let marks = runs.map(|c| (c, law(c) * (1.0 + 0.05 * spread((c / 1e16) as usize))));
                panel = panel.with(Points::new(marks.filter(|m| m.0 < 9e21)).series(*size));
            }
            figure = figure.panel(panel);
        }
    }
    figure
}

/// Two families, their laws, and how many times the compute lies between them.
fn gain() -> Figure {
    let (old, new) = (|c: f64| 2.3092 * c.powf(-0.0536), |c: f64| 2.2879 * c.powf(-0.0527));
    let at = 6.0;
    let needed = (old(at) / 2.2879).powf(-1.0 / 0.0527);
    let marks = |law: &dyn Fn(f64) -> f64, shift: usize| -> Vec<Point> {
        let point = |i: usize| {
            let (c, off) = (0.7 * 1.8_f64.powi(i as i32), 1.0 + 0.004 * (spread(i + shift) - 0.5));
            Point::new(c, law(c) * off).interval(law(c) * off - 0.008, law(c) * off + 0.008)
        };
        (0..6).map(point).collect()
    };
    let band =
        |law: &dyn Fn(f64) -> f64| Band::new(curve(0.5, 60.0, law).into_iter().map(|(x, y)| (x, y - 0.006, y + 0.006)));
    let panel = Panel::new(Axis::log10("Compute, PFLOP/s-days"), Axis::linear("Loss, nats per token"))
        .with(band(&old).series("MLA"))
        .with(band(&new).series("Kimi Linear"))
        .with(Line::new(curve(0.5, 60.0, old)).series("MLA").measured(0.7, 13.5).dash(Dash::Dashed))
        .with(Line::new(curve(0.5, 60.0, new)).series("Kimi Linear").measured(0.7, 13.5))
        .with(Points::new(marks(&old, 3)).series("MLA"))
        .with(Points::new(marks(&new, 8)).series("Kimi Linear"))
        .with(Arrow::new((at, old(at)), (needed, old(at))).label("1.16×").heads(Heads::Both))
        .with(
            Note::new(math("_L_(_C_) = 2.3092 _C_^{-0.0536}"))
                .line(math("_L_(_C_) = 2.2879 _C_^{-0.0527}"))
                .boxed()
                .place(Place::Corner(Corner::BottomLeft)),
        );
    Figure::new("Loss against compute of two attentions; the new one needs 1.16 times less.").panel(panel)
}

/// A surface with its frontier.
fn surface() -> Figure {
    let axis = |low: f64, high: f64| curve(low, high, |x| x).into_iter().map(|p| p.0).collect::<Vec<_>>();
    let loss = |n: f64, d: f64| 1.69 + 406.4 * n.powf(-0.34) + 410.7 * d.powf(-0.28);
    let surface = Contours::of(axis(1e7, 1e11), axis(1e9, 1e13), loss).filled();
    let frontier = curve(1e7, 1e11, |n| 12.0 * n.powf(1.05));
    let panel = |filled: bool| {
        let shown = if filled { surface.clone() } else { Contours { filled: false, ..surface.clone() } };
        Panel::new(
            Axis::log10(math("Parameters _N_")).numbers(Numbers::Suffix),
            Axis::log10(math("Tokens _D_")).numbers(Numbers::Suffix),
        )
        .title(math(if filled { "_L_(_N_, _D_)" } else { "*Lines* only" }))
        .with(shown)
        .with(Line::new(frontier.clone()).label("best").series("frontier"))
        .with(Rule::x(1e9).label("1B"))
    };
    Figure::new("Loss over parameters and tokens, with the compute-optimal line.")
        .columns(2)
        .lettered()
        .share(Share::None, Share::Line)
        .panel(panel(true))
        .panel(panel(false))
}

/// Hostile names, no data, axes of less than a decade, many marks.
fn odd() -> Figure {
    let hostile = Panel::new(Axis::log10("narrow"), Axis::linear("<script>alert(1)</script>"))
        .title("Names that users give")
        .with(Points::new([
            Point::new(2.0, 1.0).label("<script>alert(\"x\")</script>"),
            Point::new(3.0, 2.0).label("emoji 😀 & co"),
            Point::new(4.5, 3.0).label("n".repeat(4096)),
            Point::new(f64::NAN, 3.0),
            Point::new(-1.0, 3.0),
        ]));
    let empty = Panel::new(Axis::log10("FLOPs"), Axis::linear("Loss")).title("Nothing was measured");
    let cloud =
        (0..20_000).map(|i| (1e18 * 10f64.powf(4.0 * spread(i)), 2.0 + 1.5 * spread(i * 7) * spread(i * 13 + 5)));
    let many = Panel::new(Axis::log10("FLOPs"), Axis::linear("Loss"))
        .title("20 000 runs")
        .with(Points::new(cloud).series("runs"));
    let shares =
        Panel::new(Axis::linear("Step").numbers(Numbers::Plain), Axis::linear("Share").numbers(Numbers::Percent))
            .title("Linear")
            .with(
                Line::new((0..400).map(|i| f64::from(i) * 100.0).map(|x| (x, 1.0 - (-x / 9000.0).exp())))
                    .series("share"),
            )
            .with(Rule::y(0.5).label("half"));
    Figure::new("Odd data.")
        .title("What happens to odd data")
        .columns(2)
        .panel(hostile)
        .panel(empty)
        .panel(many)
        .panel(shares)
        .legend(LegendPlace::Below)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("expected a folder to draw into")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let figures = [
        ("plateaus", plateaus()),
        ("names", names()),
        ("grid", grid()),
        ("gain", gain()),
        ("surface", surface()),
        ("odd", odd()),
    ];
    for (name, figure) in figures {
        std::fs::write(folder.join(format!("{name}.csv")), figure.csv())?;
        for (size, width) in [("single", Width::Single), ("double", Width::Double)] {
            for (shade, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
                let drawing = figure.clone().width(width).draw(&Render { theme, ..Render::default() });
                let file = |ending: &str| folder.join(format!("{name}-{size}-{shade}.{ending}"));
                std::fs::write(file("svg"), &drawing.svg)?;
                std::fs::write(file("png"), drawing.png(if size == "single" { 300.0 } else { 200.0 })?)?;
                if theme == Theme::Light {
                    std::fs::write(file("pdf"), drawing.pdf()?)?;
                    drawing.notes.iter().for_each(|note| println!("{name} {size}: {note}"));
                }
            }
        }
    }
    Ok(())
}
