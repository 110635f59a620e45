//! Whole drawings: what is in them, what is not, and that they are the same every time.

use isoloss_figures::{
    Arrow, Axis, Band, COLUMNS, Contours, Dash, Detail, DrawError, Figure, Line, Note, Panel, Point, Points, Render,
    Rule, Share, Theme, Width, math,
};
use proptest::prelude::*;

/// One of everything.
fn rich() -> Figure {
    let law = |c: f64| 2.0 + 3.0 / c;
    let line = (1..=20).map(|i| (f64::from(i), law(f64::from(i))));
    let panel = Panel::new(Axis::log10("Compute, PF-days"), Axis::linear(math("_L_, nats")))
        .title("Everything")
        .with(Band::new(line.clone().map(|(x, y)| (x, y - 0.1, y + 0.1))).series("A"))
        .with(Line::new(line.clone()).series("A").measured(2.0, 12.0))
        .with(Line::new(line.map(|(x, y)| (x, y + 0.5))).key("bound").dash(Dash::Dashed))
        .with(Points::new([Point::new(2.0, 3.4).interval(3.2, 3.6).label("first").fact("tokens", "20M")]).series("A"))
        .with(Points::new([(4.0, 2.8), (8.0, 2.4)]).series("B").open())
        .with(Rule::y(2.0).label("floor"))
        .with(Arrow::new((4.0, 3.0), (8.0, 3.0)).label("2×"))
        .with(Note::new(math("_L_ = 2 + 3 _C_^{-1}")).boxed());
    let axis = vec![1.0, 2.0, 4.0, 8.0];
    let surface = Contours::of(axis.clone(), axis, |x, y| x * y).filled();
    let other = Panel::new(Axis::log2("x"), Axis::log2("y")).with(surface);
    Figure::new("One of everything.").title("Rich").columns(2).width(Width::Double).lettered().panel(panel).panel(other)
}

#[test]
fn a_drawing_is_what_it_was() {
    insta::assert_snapshot!("rich", rich().draw(&Render::default()).svg);
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    for theme in [Theme::Light, Theme::Dark] {
        let render = Render { theme, detail: Detail::Hover, prefix: "a".into() };
        assert_eq!(rich().draw(&render), rich().draw(&render));
    }
}

#[test]
fn words_for_those_who_do_not_see_it() {
    let drawing = rich().draw(&Render::default());
    let document = roxmltree::Document::parse(&drawing.svg).unwrap();
    let text = |tag: &str| document.root_element().children().find(|n| n.has_tag_name(tag)).unwrap().text().unwrap();
    assert_eq!((text("title"), text("desc")), ("Rich", "One of everything."));
    let said: Vec<&str> = document.descendants().filter_map(|n| n.attribute("aria-label")).collect();
    for words in ["Compute, PF-days", "L, nats", "first", "2×", "L = 2 + 3 C^\u{2212}1", "floor", "a", "b", "bound"] {
        assert!(said.contains(&words), "{words} is not said: {said:?}");
    }
    assert!(Figure::new(" ").draw(&Render::default()).notes.contains(&"the figure has no alternative text".into()));
}

#[test]
fn marks_say_what_they_are_only_if_asked() {
    let told = rich().draw(&Render { detail: Detail::Hover, ..Render::default() }).svg;
    let document = roxmltree::Document::parse(&told).unwrap();
    let mark = document.descendants().find(|n| n.attribute("data-label") == Some("first")).unwrap();
    assert_eq!((mark.attribute("data-x"), mark.attribute("data-y")), (Some("2"), Some("3.4")));
    assert_eq!(mark.first_element_child().unwrap().text(), Some("first\nA\ntokens: 20M"));
    assert_eq!(mark.parent().unwrap().attribute("data-series"), Some("A"));
    assert!(!rich().draw(&Render::default()).svg.contains("data-x"));
}

fn hostile() -> Vec<String> {
    let texts = [
        "<script>alert(\"x\")</script>",
        "a & b ' \" ]]>",
        "emoji 😀",
        "\u{0}\u{1b}[31m\u{ffff}",
        "line\nbreak\ttab",
        "_N_^{2",
    ];
    texts.iter().map(|t| (*t).to_owned()).chain([String::new(), "n".repeat(4096), "🦀".repeat(1000)]).collect()
}

#[test]
fn hostile_text_is_drawn_and_read_back() {
    for text in hostile() {
        let mut panel = Panel::new(Axis::linear(text.as_str()), Axis::log10(text.as_str())).title(text.as_str());
        panel = panel
            .with(Points::new([Point::new(1.0, 1.0).label(text.as_str()).fact(&text, &text)]).series(text.as_str()))
            .with(Line::new([(0.0, 1.0), (2.0, 3.0)]).key(text.as_str()).label(text.as_str()))
            .with(Note::new(text.as_str()))
            .with(Arrow::new((0.0, 1.0), (1.0, 2.0)).label(text.as_str()));
        let figure = Figure::new(text.as_str()).title(text.as_str()).rows([text.as_str()]).panel(panel);
        let drawing = figure.draw(&Render { detail: Detail::Hover, prefix: text.clone(), ..Render::default() });
        let document = roxmltree::Document::parse(&drawing.svg).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        let kept: String = text
            .chars()
            .map(|c| if c < ' ' && !"\n\t".contains(c) || c == '\u{ffff}' { '\u{fffd}' } else { c })
            .collect();
        let description = document.root_element().children().find(|n| n.has_tag_name("desc")).unwrap();
        assert_eq!(description.text().unwrap_or(""), kept);
        assert!(document.descendants().all(|n| n.tag_name().name() != "script"));
        drawing.png(72.0).unwrap();
        drawing.pdf().unwrap();
    }
}

#[test]
fn what_cannot_be_drawn_is_counted() {
    let marks = [(1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (0.0, 1.0), (-3.0, 2.0), (500.0, 2.0)];
    let panel =
        Panel::new(Axis::log10("x").range(0.1, 100.0), Axis::linear("y").range(3.0, 3.0)).with(Points::new(marks));
    let notes = Figure::new("").panel(panel).draw(&Render::default()).notes;
    assert!(notes[0].starts_with("the panel: 4 of 6 marks are left out"), "{notes:?}");
    assert_eq!(notes[1], "the panel: 1 of 6 marks lie outside of the axes");
    assert!(notes[2].contains("cannot go from 3 to 3"), "{notes:?}");
    let empty = Figure::new("x").panel(Panel::default()).draw(&Render::default());
    assert!(empty.notes.contains(&"the panel has no data".into()));
    assert!(empty.svg.contains("aria-label=\"no data\""));
}

/// The pixels that are not as the first one, which is paper.
fn inked(png: &[u8]) -> (u32, u32, usize) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let pixels: Vec<&[u8]> = bytes.chunks_exact(3).collect();
    (info.width, info.height, pixels.iter().filter(|p| **p != pixels[0]).count())
}

#[test]
fn pictures_are_not_blank() {
    for theme in [Theme::Light, Theme::Dark] {
        let drawing = rich().draw(&Render { theme, ..Render::default() });
        let (width, height, ink) = inked(&drawing.png(150.0).unwrap());
        assert_eq!(width, 1028, "174 mm at 150 dots per inch");
        let share = ink as f64 / f64::from(width * height);
        assert!((0.1..0.7).contains(&share), "{share}");
        let pdf = drawing.pdf().unwrap();
        assert!(pdf.starts_with(b"%PDF") && pdf.len() > 4000, "{}", pdf.len());
    }
    let drawing = rich().draw(&Render::default());
    assert!(matches!(drawing.png(1e6), Err(DrawError::Size { .. })));
    assert!(matches!(drawing.png(f64::NAN), Err(DrawError::Size { .. })));
    assert!(drawing.png(0.0).unwrap_err().to_string().contains("hint: "));
}

#[test]
fn the_table_behind_it_reads_back() {
    let table = rich().csv();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert_eq!(reader.headers().unwrap(), &csv::StringRecord::from(COLUMNS.to_vec()));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let kind = |kind: &str| rows.iter().filter(|r| &r[3] == kind).count();
    assert_eq!(["point", "line", "band", "surface", "rule", "note"].map(kind), [3, 40, 20, 16, 1, 1]);
    let first = rows.iter().find(|r| &r[11] == "first").unwrap();
    let expected = ["1", "Everything", "4", "point", "A", "A", "2", "3.4", "3.2", "3.6", "", "first", "tokens: 20M"];
    assert_eq!(first, &csv::StringRecord::from(expected.to_vec()));
    let third = |x: f64| Figure::new("").panel(Panel::default().with(Points::new([(x, 1.0)]))).csv();
    assert!(third(1.0 / 3.0).contains(&(1.0_f64 / 3.0).to_string()));
}

/// A stream of numbers between 0 and 1, the same each time.
fn random() -> impl FnMut() -> f64 {
    let mut state = 1_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn a_million_runs_make_a_small_file() {
    let mut random = random();
    let runs: Vec<(f64, f64)> = (0..1_000_000).map(|_| (random(), random())).collect();
    let line: Vec<(f64, f64)> = (0..1_000_000).map(|i| (f64::from(i) / 1e6, random())).collect();
    let panel = Panel::new(Axis::linear("x"), Axis::linear("y")).with(Points::new(runs)).with(Line::new(line));
    let drawing = Figure::new("Many").width(Width::Double).panel(panel).draw(&Render::default());
    assert!(drawing.svg.len() < 5_000_000, "{}", drawing.svg.len());
}

#[test]
fn a_line_that_winds_a_million_times_makes_a_small_file() {
    let mut random = random();
    let scribble: Vec<(f64, f64)> = (0..1_000_000).map(|_| (random(), random())).collect();
    let panel = Panel::new(Axis::linear("x"), Axis::linear("y")).with(Line::new(scribble).measured(0.2, 0.8));
    let drawing = Figure::new("A scribble").width(Width::Double).panel(panel).draw(&Render::default());
    assert!(drawing.svg.len() < 5_000_000, "{}", drawing.svg.len());
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), -10.0..10.0_f64, Just(0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(5e-324)]
}

fn axis() -> impl Strategy<Value = Axis> {
    let scale = prop_oneof![Just(Axis::linear("a")), Just(Axis::log10("b")), Just(Axis::log2("c"))];
    (scale, prop::option::of((number(), number()))).prop_map(|(axis, range)| Axis { range, ..axis })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_numbers_make_it_fail(
        marks in prop::collection::vec((number(), number()), 0..20),
        axes in (axis(), axis()),
        size in (number(), number(), 0..5_usize),
    ) {
        let line = Line::new(marks.clone()).measured(size.0, size.1).thickness(size.0).label("end").series("s");
        let triples = marks.windows(2).map(|w| (w[0].0, w[0].1, w[1].1));
        let grid: Vec<f64> = marks.iter().map(|m| m.0).collect();
        let panel = Panel::new(axes.0, axes.1)
            .with(Points::new(marks.iter().map(|m| Point::new(m.0, m.1).interval(m.1, m.0).label("x"))).series("s"))
            .with(line)
            .with(Band::new(triples))
            .with(Rule::x(size.0).label("r"))
            .with(Arrow::new((size.0, size.1), (1.0, 2.0)).label("arrow"))
            .with(Contours::of(grid.clone(), grid, |x, y| x * y).filled());
        let figure = Figure::new("f")
            .width(Width::Millimetres(size.0))
            .aspect(size.1)
            .columns(size.2)
            .share(Share::Line, Share::All)
            .panel(panel.clone())
            .panel(panel);
        let drawing = figure.draw(&Render::default());
        prop_assert!(roxmltree::Document::parse(&drawing.svg).is_ok());
        prop_assert!(!drawing.svg.contains("NaN") && !drawing.svg.contains("inf"));
        figure.csv();
    }
}
