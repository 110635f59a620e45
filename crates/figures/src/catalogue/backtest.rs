//! Fit small, predict large: how far can the law be trusted beyond its runs?

use isoloss_laws::{Cuts, Points, Score, score};

use super::scales;
use super::words::{number, percent, said, shown};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Colours, Figure, LegendPlace, Panel};
use crate::layer::{Dash, Line, Note, Point, Points as Marks, Rule};
use crate::marker::Marker;
use crate::numbers::Numbers;
use crate::palette::Colour;
use crate::text::math;

/// See `isoloss figure backtest`.
pub const ENTRY: Entry = Entry {
    name: "backtest",
    says: "a law fitted to the smaller runs and asked for the larger ones",
    needs: &[Needs::Runs],
    takes: &[],
    draw,
    published: None,
    beside: None,
};

/// Divisions of the rows, as `isoloss score` makes them.
const CUTS: usize = 6;
/// Errors beyond so many times the 95th percentile are said, not drawn.
const WIDE: f64 = 4.0;
const OUTSIDE: &str = "outside its interval";
const REFUSED: &str = "by a fit with an error";

/// Predictions of rows that were not fitted; those by fits that end with an error have marks of their own.
pub fn figure(
    found: &Score,
    points: &Points,
    law: &isoloss_laws::Law,
    level: f64,
    names: &[String],
    source: &str,
) -> Figure {
    let log = found.log;
    let positive = points.target.iter().all(|y| *y > 0.0);
    let axis = |lead: &str| scales::target_as(lead, law, &points.units, positive);
    let mut values = Panel::new(axis("measured"), axis("predicted"));
    let unit = if log { "Measured over predicted \u{2212} 1, %" } else { "Measured \u{2212} predicted" };
    let factor = math(&format!("Times the largest fitted {}", by(&found.by)));
    let mut errors = Panel::new(Axis::log10(factor).numbers(Numbers::Plain), Axis::linear(unit));
    let all: Vec<f64> = found.cuts.iter().flat_map(|c| &c.held).map(|h| points.target[h.row]).collect();
    if let Some((low, high)) = scales::ends(all) {
        values = values.with(Line::new([(low, low), (high, high)]).dash(Dash::Dashed).thickness(0.7));
    }
    errors = errors.with(Rule::y(0.0).dash(Dash::Solid));
    // A cut that fits too few rows may be off by orders of magnitude, and would leave no room for all others.
    let size = |e: f64| if log { 100.0 * libm::expm1(libm::fabs(e)) } else { libm::fabs(e) };
    let mut sizes: Vec<f64> =
        found.cuts.iter().flat_map(|c| &c.held).map(|h| size(h.error)).filter(|e| e.is_finite()).collect();
    sizes.sort_by(f64::total_cmp);
    let limit = sizes.get(sizes.len() * 19 / 20).map_or(f64::INFINITY, |e| WIDE * e);
    let clipped = sizes.last().is_some_and(|most| *most > 1.5 * limit) && limit > 0.0;
    let off = if clipped { sizes.iter().filter(|e| **e > limit).count() } else { 0 };
    let shown_here = |error: f64| !clipped || size(error) <= limit;
    let written = |rmse: f64| if log { percent(rmse) } else { said(rmse, 3) };
    let mut says = Vec::new();
    for cut in &found.cuts {
        let name = math(&format!("up to {}", number(cut.scale, 2)));
        let percent_of = |error: f64| if log { 100.0 * libm::expm1(error) } else { error };
        for out in [false, true] {
            let held = || cut.held.iter().filter(|h| (h.covered == Some(false)) == out && shown_here(h.error));
            if held().next().is_none() {
                continue;
            }
            let run = |row: usize| names.get(row).cloned().unwrap_or_else(|| format!("line {}", points.line(row)));
            let mark = |x: f64, y: f64, row: usize| Point::new(x, y).fact("run", run(row));
            let look = |marks: Marks| match (out, cut.errors.is_empty()) {
                (true, true) => marks.colour(name.clone()).marker(OUTSIDE).open(),
                (true, false) => marks.colour(name.clone()).marker(REFUSED).open(),
                (false, true) => marks.colour(name.clone()),
                (false, false) => marks.colour(name.clone()).marker(REFUSED),
            };
            values = values.with(look(Marks::new(held().map(|h| mark(points.target[h.row], h.predicted, h.row)))));
            errors = errors.with(look(Marks::new(held().map(|h| mark(h.factor, percent_of(h.error), h.row)))));
        }
        let rmse = written(cut.rmse);
        let covered = cut.coverage.map_or(String::new(), |c| format!(", {} inside", percent(c)));
        let refused = match cut.errors.is_empty() {
            true => String::new(),
            false => format!(", by a fit with an error ({})", cut.codes()),
        };
        says.push(format!(
            "{} runs up to {} predict {} more, up to {} times further, to {rmse}{covered}{refused}",
            cut.train,
            said(cut.scale, 2),
            cut.held.len(),
            said(cut.factor, 2)
        ));
    }
    let rmse = written(found.rmse());
    let refused = found.refusals(written).map_or_else(String::new, |said| format!(" {said} Their marks are diamonds."));
    let mut note = Note::new(format!("rmse {rmse}"));
    if let Some(coverage) = found.coverage() {
        note = note.line(format!("{} inside {} intervals", percent(coverage), percent(level)));
    }
    if off > 0 {
        note = note.line(format!("{off} predictions off the scale"));
    }
    let beyond = match off {
        0 => String::new(),
        off => format!(
            " {off} predictions are off by more than {} and are not drawn.",
            said(limit, 2) + if log { " %" } else { "" }
        ),
    };
    let inside = found.coverage().map_or("No intervals were asked for.".to_owned(), |c| {
        format!("{} of them lie inside the interval of one new run; open marks do not.", percent(c))
    });
    let words = says.join("; ");
    Figure::new(format!(
        "Left, predicted against measured values of runs that were not fitted; right, their errors against how far beyond \
         the fitted runs they lie. Root mean square error {rmse}. {inside}{refused} {words}."
    ))
    .caption(format!(
        "The law {} fitted to runs up to some {} (colours) and asked for all larger ones. a, predicted against measured. b, \
         errors against the distance. Over all {} cuts {rmse} (rmse). {inside}{refused}{beyond} {words}. {source}",
        law.name,
        shown(&by(&found.by)),
        found.cuts.len()
    ))
    .columns(2)
    .aspect(0.9)
    .lettered()
    .legend(LegendPlace::Below)
    .colours(Colours::Ordered)
    .style(OUTSIDE, Colour::Ink, Marker::Circle)
    .style(REFUSED, Colour::Ink, Marker::Diamond)
    .panel(values.with(note))
    .panel(errors)
}

fn by(name: &str) -> String {
    match name {
        "C" => "compute _C_".to_owned(),
        "N" => "parameters _N_".to_owned(),
        "D" => "tokens _D_".to_owned(),
        other => other.replace(['_', '*', '^', '\\'], " "),
    }
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let runs = scales::runs(material)?;
    let options = isoloss_laws::Options { influence: false, ..runs.options.clone() };
    let found = score(&runs.law, &runs.points, &options, None, &Cuts::Rolling(CUTS))?;
    let source = format!("{} runs of {}.", runs.points.len(), runs.source);
    Ok(figure(&found, &runs.points, &runs.law, options.level, &runs.names, &source))
}
