//! Which models score most for their size: score against size, models named, the frontier drawn.
//!
//! As figure 2 (left) of Memory³ (arXiv 2407.01178). Top left is better: a model on the frontier is beaten by none that is
//! as small. One model may be pointed out, and an arrow says how much larger a model the line of a family would need for
//! its score: `S = a + b ln N`, through its twin where it has one (the law `log-line`). Of runs with families, and seeds
//! that repeat them, one family is the line, and the others are worth so many times their size (`families.rs`).

mod families;
mod memory3;
mod words;
mod worth;

use memory3::published;
use words::{alt, caption};
use worth::worths;

use super::columns::{Aliases, Columns, Names, nothing, skipped};
use super::say::{digits, ratio};
use super::{Choice, Entry, Material, Missing, Needs};
use crate::axis::{Axis, Scale};
use crate::figure::{Figure, LegendPlace, Panel, Width};
use crate::layer::{Arrow, Dash, Line, Note, Point, Points};
use crate::marker::Marker;
use crate::palette::Colour;
use crate::text::math;

/// A model and its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// stands beside its mark
    pub name: String,
    /// parameters, best without embeddings, in billions
    pub size: f64,
    /// more is better
    pub score: f64,
}

/// What is pointed out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Highlight {
    /// the model
    pub model: String,
    /// the same model without what makes it special
    pub twin: Option<String>,
    /// pairs of models of one family, the smaller first: what size is worth is read off them
    pub references: Vec<(String, String)>,
}

const COLUMNS: Names = &[
    ("model", "its name; of runs the family is enough"),
    ("size", "parameters, best without embeddings, in billions or with its unit in the header"),
    ("score", "more is better"),
    ("twin", "the name of the same model without what makes it special; optional"),
    ("family", "models or runs that differ in size alone; optional"),
    ("score_stderr", "the standard error of the score; optional"),
];

/// What tables of our runs call the size: the count that does not hang on the vocabulary.
const ALIASES: Aliases = &[("size", &["params_non_embedding", "params", "N"])];

/// `isoloss figure pareto`
pub const ENTRY: Entry = Entry {
    name: "pareto",
    says: "scores against sizes, the models named, the frontier, and what a gain is worth in size",
    needs: &[Needs::Table(COLUMNS)],
    takes: &[Choice::Baseline],
    draw,
    published: Some(published),
    beside: None,
};

/// More names than this hide marks or find no room: only those on the frontier, and what is pointed out, are named.
const NAMED: usize = 40;

/// Models that no other of the same size or less beats, from small to large.
pub fn frontier(models: &[Model]) -> Vec<&Model> {
    let mut sorted: Vec<&Model> = models.iter().collect();
    sorted.sort_by(|a, b| a.size.total_cmp(&b.size).then(b.score.total_cmp(&a.score)));
    let mut best = f64::NEG_INFINITY;
    sorted.retain(|m| {
        m.score > best && {
            best = m.score;
            true
        }
    });
    sorted
}

/// Models, and one of them pointed out.
pub fn figure(models: &[Model], highlight: Option<&Highlight>, size: &str, score: &str) -> Figure {
    let find = |name: &str| models.iter().find(|m| m.name == name);
    let special = highlight.and_then(|h| find(&h.model));
    let twin = highlight.and_then(|h| h.twin.as_deref()).and_then(find);
    let worths = highlight.map_or(Vec::new(), |h| worths(h, find));
    let (hue, others) = ("pointed out", "models");
    let best = frontier(models);
    let is = |m: &Model, other: Option<&Model>| other.is_some_and(|o| std::ptr::eq(o, m));
    let place = |m: &Model| {
        let point = Point::new(m.size, m.score).fact("size", format!("{}B", digits(m.size, 3)));
        let named = models.len() <= NAMED || is(m, special) || is(m, twin) || best.iter().any(|b| std::ptr::eq(*b, m));
        if named { point.label(m.name.as_str()) } else { point.fact("model", m.name.as_str()) }
    };
    let rest = models.iter().filter(|m| !is(m, special) && !is(m, twin)).map(place);
    let mut x = Axis::log2(size);
    // A power of two that is near is a mark to read the smallest size by.
    let least = models.iter().map(|m| m.size).fold(f64::INFINITY, f64::min);
    let mark = libm::exp2(libm::floor(libm::log2(least)));
    if least < 1.5 * mark {
        x = x.include(mark);
    }
    let mut panel = Panel::new(x, Axis::linear(score));
    panel = panel.with(stairs(&best, models)).with(Points::new(rest).series(others).radius(2.2));
    if let Some(twin) = twin {
        panel = panel.with(Points::new([place(twin)]).colour(hue).marker("twin").open().radius(2.4));
    }
    if let Some(special) = special {
        panel = panel.with(Points::new([place(special)]).colour(hue).marker(hue).radius(2.8));
    }
    if let (Some(special), Some(worth)) = (special, worths.first().filter(|w| w.drawn())) {
        let end = (worth.needed, special.score);
        let label = math(&format!("*{}× the size*", ratio(worth.times)));
        let line = Line::new([worth.from, end]).series(hue).dash(Dash::Dotted).thickness(0.9);
        // A name finds room beside the tip, where a label of the arrow would have to lie upon marks.
        let tip = Points::new([Point::new(end.0, end.1).label(label)]).colour(hue).radius(0.1);
        panel = panel.with(line).with(Arrow::new((special.size, special.score), end).series(hue)).with(tip);
    }
    let panel = panel.with(Note::new("top left is better"));
    Figure::new(alt(models, special, &best, &worths))
        .caption(caption(models, highlight, special, &worths, size))
        .width(Width::Double)
        .aspect(0.62)
        .style(others, Colour::Hue(0), Marker::Circle)
        .style(hue, Colour::Hue(1), Marker::Circle)
        .style("frontier", Colour::Muted, None)
        .style("twin", None, Marker::Circle)
        .legend(LegendPlace::Hidden)
        .panel(panel)
}

/// From step to step of the frontier, on to the largest size.
fn stairs(best: &[&Model], models: &[Model]) -> Line {
    let mut points = Vec::new();
    for (i, model) in best.iter().enumerate() {
        if i > 0 {
            points.push((model.size, best[i - 1].score));
        }
        points.push((model.size, model.score));
    }
    if let Some(last) = best.last() {
        let largest = models.iter().map(|m| m.size).fold(last.size, f64::max);
        points.push((largest, last.score));
    }
    Line::new(points).series("frontier").thickness(0.6).dash(Dash::Dashed)
}

/// Sizes in billions: a declared unit counts, else what is too large for billions is parameters.
fn billions(columns: &Columns<'_>) -> Result<Vec<f64>, Missing> {
    let sizes = columns.numbers("size")?;
    let declared = columns.find("size").is_some_and(|c| c.unit.is_some());
    let parameters = declared || sizes.iter().any(|s| *s > 1e5);
    Ok(sizes.iter().map(|s| if parameters { s / 1e9 } else { *s }).collect())
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let columns = Columns::of(material, COLUMNS)?.known_as(ALIASES);
    if families::are_meant(&columns, material.baseline.as_deref()) {
        return families::draw(&columns, material.baseline.as_deref());
    }
    let (names, sizes, scores) = (columns.words("model")?, billions(&columns)?, columns.numbers("score")?);
    let sound = |row: &usize| Scale::Log2.admits(sizes[*row]) && scores[*row].is_finite();
    let rows: Vec<usize> = (0..names.len()).filter(sound).collect();
    let model = |&row: &usize| Model { name: names[row].clone(), size: sizes[row], score: scores[row] };
    let models: Vec<Model> = rows.iter().map(model).collect();
    if models.is_empty() {
        return Err(nothing(columns.table, "a size above zero and a score"));
    }
    let highlight = match &material.baseline {
        None => None,
        Some(asked) => {
            let row = rows.iter().copied().find(|&row| names[row] == *asked).ok_or_else(|| {
                let near = isoloss_formula::nearest(asked, names.iter().map(String::as_str));
                let hint = near
                    .first()
                    .map_or("names are taken letter for letter".into(), |n| format!("did you mean \"{n}\"?"));
                Missing::new(format!("{}: no model {asked} with a size and a score", columns.table.source), hint)
            })?;
            let cell = |name: &str| columns.find(name).map(|c| c.text(row)).filter(|t| !t.trim().is_empty());
            Some(Highlight { model: asked.clone(), twin: cell("twin"), references: families(&columns, &models, &rows) })
        }
    };
    let score = columns.find("score").map_or("Score", |c| c.name.as_str());
    let label = if score.eq_ignore_ascii_case("score") { "Score" } else { score };
    let mut figure = figure(&models, highlight.as_ref(), "Parameters, billions", label);
    figure.caption.push_str(&format!(" Data: {}.{}", columns.table.source, skipped(columns.table, models.len())));
    Ok(figure)
}

/// The smallest and the largest model of each family.
fn families(columns: &Columns<'_>, models: &[Model], rows: &[usize]) -> Vec<(String, String)> {
    let Some(column) = columns.find("family") else { return Vec::new() };
    let mut each: Vec<(String, Vec<&Model>)> = Vec::new();
    for (model, &row) in models.iter().zip(rows) {
        let family = column.text(row);
        match each.iter_mut().find(|(f, _)| *f == family) {
            _ if family.trim().is_empty() => {}
            Some((_, members)) => members.push(model),
            None => each.push((family, vec![model])),
        }
    }
    let ends = |members: Vec<&Model>| {
        let small = members.iter().min_by(|a, b| a.size.total_cmp(&b.size))?;
        let large = members.iter().max_by(|a, b| a.size.total_cmp(&b.size))?;
        (small.size < large.size).then(|| (small.name.clone(), large.name.clone()))
    };
    each.into_iter().filter_map(|(_, members)| ends(members)).collect()
}
