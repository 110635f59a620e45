//! Runs and the law that was fitted to them: does it describe them, and where does it go beyond them?
//!
//! A law of one input is drawn against it. A law of parameters and tokens is drawn against compute with a line per size
//! and the best that any size reaches; where the runs are grids at equal compute, against parameters with a line per
//! budget. A law of two other inputs is drawn against the first with a line per value of the second, of which a fit
//! without its runs has three. A law of more inputs is drawn as measured against predicted values.

mod compute;
mod views;

use isoloss_laws::{Estimate, Fit, Points, Prediction};

use super::scales::{self, BEYOND, ends, families};
use super::words::{bands, equation, estimate, lines, percent, said};
use super::{Entry, Material, Missing, Needs};
use crate::figure::{Colours, Figure, Panel};
use crate::layer::{Band, Dash, Line, Note, Points as Marks};
use crate::palette::Colour;
use crate::text::Rich;
use views::{BEST, followed, view};

/// See `isoloss figure fit`.
pub const ENTRY: Entry = Entry {
    name: "fit",
    says: "runs and the law fitted to them, with its bands and what lies beyond the runs",
    needs: &[Needs::Runs, Needs::Fit],
    takes: &[],
    draw,
    published: None,
    beside: None,
};

/// Runs and the law fitted to them. `source` says where the runs come from, for the caption.
pub fn figure(fit: &Fit, runs: Option<&Points>, source: &str) -> Figure {
    let view = view(fit, runs);
    let positive = runs.is_none_or(|p| p.target.iter().all(|y| *y > 0.0));
    let mut panel = Panel::new(view.x.clone(), scales::target(&fit.law, &fit.units, positive));
    let mut reached = Vec::new();
    // Bands of families lie upon each other, and more than one each would hide all.
    let both = families(fit).len() <= 2;
    for curve in &view.curves {
        let family: Option<Vec<String>> = curve.family.clone().map(|f| vec![f; curve.xs.len()]);
        let Ok(predictions) = fit.predict(&curve.columns, family.as_deref()) else { continue };
        let band = |of: fn(&Prediction) -> &Estimate| {
            let each = curve.xs.iter().zip(&predictions).filter_map(|(x, p)| scales::banded(*x, of(p)));
            Band::new(each)
        };
        if curve.banded {
            let name = curve.name.as_ref();
            if both {
                panel = scales::with_band(panel, band(|p| &p.new_run), name);
            }
            panel = scales::with_band(panel, band(|p| &p.mean), name);
        }
        let line = Line::new(curve.xs.iter().zip(&predictions).map(|(x, p)| (*x, p.mean.value)));
        let line = line.measured(curve.measured.0, curve.measured.1);
        panel = panel.with(match &curve.name {
            Some(name) => line.series(name.clone()),
            None => line,
        });
        if let (true, Some(last)) = (curve.banded, predictions.last()) {
            reached.push((curve.xs[curve.xs.len() - 1], last.clone()));
        }
    }
    if let Some(points) = runs {
        for (name, rows) in &view.marks {
            let marks = Marks::new(rows.iter().map(|r| (view.places[*r], points.target[*r])));
            let marks = scales::cloud(marks, points.len());
            panel = panel.with(match name {
                Some(name) if view.ordered => marks.colour(name.clone()),
                Some(name) => marks.series(name.clone()),
                None => marks,
            });
        }
    }
    if view.diagonal {
        let all = ends(view.places.iter().copied().chain(runs.iter().flat_map(|p| p.target.iter().copied())));
        let (low, high) = all.unwrap_or((1.0, 10.0));
        panel = panel.with(Line::new([(low, low), (high, high)]).dash(Dash::Dashed).thickness(0.7));
    }
    let notes = equations(fit);
    panel.y = scales::room(panel.y, &panel.layers, notes.iter().map(lines).sum());
    panel = panel.with_all(notes);
    let noise = match (fit.reducible, fit.objective.log) {
        (Some(_), _) => format!("{} of its reducible loss", percent(fit.noise)),
        (None, true) => percent(fit.noise),
        (None, false) => said(fit.noise, 3),
    };
    let law: Vec<String> = families(fit).iter().map(|f| written(fit, f.as_deref())).collect();
    let last = reached.last().filter(|_| !view.along.is_empty()).map_or(String::new(), |(x, p)| {
        let of = Estimate { value: p.mean.value, ..p.new_run.clone() };
        let run = if of.interval.is_some() { " for one new run" } else { "" };
        format!(" At {} = {} the law says {}{run}.", view.along, said(*x, 3), estimate(&of, 4))
    });
    let beyond = match view.diagonal {
        true => "Dashed: measured as predicted. ".to_owned(),
        false if view.curves.is_empty() => String::new(),
        false => {
            // Lines of several levels have none: their bands would lie upon each other.
            let bands = if view.curves.iter().any(|c| c.banded) {
                format!(" {}", bands(fit, &panel.layers, both))
            } else {
                String::new()
            };
            format!("Solid: where runs are; dotted: extrapolated, to {BEYOND} times the largest.{bands} ")
        }
    };
    let mut figure =
        Figure::new(format!("{} {}. One run lies {noise} (1 sd) about the law.{last}", view.says, law.join("; ")))
            .caption(format!("{} {}. {beyond}{source}", view.says, law.join("; ")))
            .style(BEST, Colour::Ink, None)
            .panel(panel);
    if view.ordered {
        figure = figure.colours(Colours::Ordered);
    }
    figure
}

/// The law in characters alone.
pub(super) fn written(fit: &Fit, family: Option<&str>) -> String {
    let lines: Vec<String> = equation(fit, family).iter().map(|l| l.to_string().trim().to_owned()).collect();
    let text = lines.join(" ");
    family.map_or(text.clone(), |f| format!("{f}: {text}"))
}

/// The law with its numbers: one line per family where they are few.
pub(super) fn equations(fit: &Fit) -> Vec<Note> {
    let families = families(fit);
    // Definitions of many lines stand in the caption.
    let long = fit.law.formula.lets.len() > 2;
    let shortened =
        |lines: Vec<Rich>| if long { lines.into_iter().skip(fit.law.formula.lets.len()).collect() } else { lines };
    let first = Note { lines: equation(fit, families[0].as_deref()), ..Note::default() };
    let single = lines(&first) == 1;
    if families.len() > 4 || (families.len() > 1 && !single) {
        return vec![Note { lines: shortened(equation(fit, None)), ..Note::default() }];
    }
    let mut lines = Vec::new();
    for family in &families {
        for line in shortened(equation(fit, family.as_deref())) {
            lines.push(match family {
                Some(name) => Rich::plain(format!("{name}: ")).then(&line),
                None => line,
            });
        }
    }
    vec![Note { lines, ..Note::default() }]
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let (fit, runs) = scales::fitted(material)?;
    let reads = fit.reads();
    match runs {
        None if !followed(&fit) => {
            return Err(Missing::new(
                format!(
                    "the law {} reads {}, and is drawn as runs measured against what it says of them: no runs are given",
                    fit.law.name,
                    reads.join(", ")
                ),
                "name the table of runs beside the fit, with the --law or --formula of the fit",
            ));
        }
        // Another law was taken for the table, and its columns are not those of this one.
        Some(runs) if reads.iter().any(|name| runs.points.column(name).is_none()) => {
            let inputs: Vec<&str> = runs.law.inputs().collect();
            return Err(Missing::new(
                format!(
                    "the law {} of the fit reads {}, but of {} the law {} was asked for {}",
                    fit.law.name,
                    reads.join(", "),
                    runs.source,
                    runs.law.name,
                    inputs.join(", ")
                ),
                "give --law or --formula, and --map, as they were given for the fit",
            ));
        }
        None if view(&fit, None).curves.is_empty() => {
            return Err(Missing::new(
                format!(
                    "the law {} has no best sizes at these budgets: without runs nothing of it is drawn against compute",
                    fit.law.name
                ),
                "name the table of runs beside the fit, with the --law or --formula of the fit",
            ));
        }
        _ => {}
    }
    Ok(figure(&fit, runs.map(|r| &r.points), &scales::source(&fit, runs)))
}
