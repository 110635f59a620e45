//! What is gained by applying the same blocks several times: test loss against parameters, counted with reuse and without.
//!
//! As figure 17 of Kaplan et al. 2020 (arXiv 2001.08361). A family that applies all its blocks r times stands r times as
//! far right where reuse counts; parameters outside of the loop count once. Below the dashed law at equal stored parameters
//! reuse pays in memory, above it at equal parameters with reuse it does not pay in compute.

mod plain;
mod worth;

use isoloss_laws::Interval;
use serde::Deserialize;

pub use plain::Plain;

use super::columns::{Columns, Names, nothing, skipped};
use super::published::read;
use super::say::{count, curve, digits, extent, levels, list};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Figure, Panel, Share, Width};
use crate::layer::{Arrow, Dash, Heads, Line, Note, Point, Points};
use crate::marker::Marker;
use crate::palette::Colour;
use crate::text::math;

/// A model whose blocks are applied `reuse` times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// parameters without embeddings, each counted once
    pub stored: f64,
    /// parameters without embeddings, each counted as often as it is applied
    pub effective: f64,
    /// how often the blocks are applied
    pub reuse: f64,
    /// nats per token
    pub loss: f64,
}

impl Model {
    /// With `once` of the stored parameters outside of the loop: `effective = once + reuse (stored - once)`.
    pub fn new(stored: f64, once: f64, reuse: f64, loss: f64) -> Self {
        Self { stored, effective: once + reuse * (stored - once), reuse, loss }
    }
}

#[derive(Deserialize)]
struct Printed {
    source: String,
    law: String,
    reuse: Vec<f64>,
    params: (f64, f64),
}

fn printed() -> Printed {
    read(include_str!("../../../published/reuse.toml"))
}

const COLUMNS: Names = &[
    ("params", "parameters stored, without embeddings"),
    ("reuse", "times that the blocks are applied"),
    ("loss", "test loss, nats per token"),
    ("params_once", "those of params outside of the loop; optional, by default none"),
    ("effective", "parameters counted with reuse; optional, by default computed"),
];

/// `isoloss figure reuse`
pub const ENTRY: Entry = Entry {
    name: "reuse",
    says: "loss against parameters counted with reuse and without, by how often blocks are applied",
    needs: &[Needs::Table(COLUMNS)],
    takes: &[],
    draw,
    published: Some(published),
    beside: None,
};

const WITHOUT: &str = "Non-recurrent models";

fn family(reuse: f64) -> String {
    format!("{}× reuse", digits(reuse, 3))
}

/// Models by reuse, against parameters with reuse (left) and without (right), and the law of models without reuse.
pub fn figure(models: &[Model], plain: &Plain) -> Figure {
    let ends = extent(models.iter().flat_map(|m| [m.stored, m.effective])).unwrap_or((1e5, 1e9));
    let both: [fn(&Model) -> f64; 2] = [|m| m.effective, |m| m.stored];
    let mut panels = panels(plain, ends);
    for (panel, of) in panels.iter_mut().zip(both) {
        for reuse in levels(models.iter().map(|m| m.reuse)) {
            let mut these: Vec<&Model> = models.iter().filter(|m| m.reuse == reuse).collect();
            these.sort_by(|a, b| of(a).total_cmp(&of(b)));
            let place = |m: &&Model| {
                Point::new(of(m), m.loss).fact("stored", count(m.stored)).fact("with reuse", count(m.effective))
            };
            let points = Points::new(these.iter().map(place));
            if reuse == 1.0 {
                panel.layers.push(points.series(WITHOUT).open().into());
            } else {
                let line = Line::new(these.iter().map(|m| (of(m), m.loss))).series(family(reuse)).thickness(0.8);
                panel.layers.extend([line.into(), points.series(family(reuse)).into()]);
            }
        }
    }
    let figure = Figure::new(alt(models, plain)).caption(caption(models, plain));
    styled(figure, &levels(models.iter().map(|m| m.reuse)), panels)
}

fn panels(plain: &Plain, (low, high): (f64, f64)) -> [Panel; 2] {
    let (low, high) = (low / 1.3, high * 1.3);
    ["Including reuse", "As stored"].map(|title| {
        let mut line = Line::new(curve(low, high, |n| plain.loss(n))).series(WITHOUT).dash(Dash::Dashed);
        line.measured = plain.measured;
        let (x, y) = (Axis::log10("Parameters (non-embedding)"), Axis::log10("Test loss, nats/token"));
        Panel::new(x, y).title(title).with(line)
    })
}

/// Families in hues; what they are compared with stands in the background.
fn styled(figure: Figure, reuse: &[f64], panels: [Panel; 2]) -> Figure {
    let mut figure =
        figure.width(Width::Double).columns(2).aspect(0.72).lettered().share(Share::All, Share::All).style(
            WITHOUT,
            Colour::Muted,
            Marker::Circle,
        );
    for (i, r) in reuse.iter().filter(|r| **r != 1.0).enumerate() {
        figure = figure.style(family(*r), Colour::Hue(i), Marker::ALL[i % Marker::ALL.len()]);
    }
    panels.into_iter().fold(figure, Figure::panel)
}

/// The mean of ln (loss / law), by family, as a share: how far above the law it lies.
fn above(models: &[Model], plain: &Plain, reuse: f64, of: fn(&Model) -> f64) -> f64 {
    let logs: Vec<f64> =
        models.iter().filter(|m| m.reuse == reuse).map(|m| libm::log(m.loss / plain.loss(of(m)))).collect();
    libm::expm1(logs.iter().sum::<f64>() / logs.len() as f64)
}

fn against(models: &[Model], plain: &Plain, of: fn(&Model) -> f64) -> String {
    let each = levels(models.iter().map(|m| m.reuse)).into_iter().filter(|r| *r != 1.0).map(|r| {
        let share = 100.0 * above(models, plain, r, of);
        let side = if share < 0.0 { "below" } else { "above" };
        format!("{} {} % {side}", family(r), digits(share.abs(), 2))
    });
    list(&each.collect::<Vec<_>>())
}

fn alt(models: &[Model], plain: &Plain) -> String {
    let reuse = levels(models.iter().map(|m| m.reuse));
    let mut alt = String::from(
        "Two panels of test loss against parameters on logarithmic axes, counted with reuse on the left and stored on the \
         right; a dashed line is the law without reuse in both.",
    );
    if reuse.iter().any(|r| *r != 1.0) {
        alt.push_str(&format!(
            " Against that law losses lie, on average, {} with reuse counted, and {} at equal stored parameters.",
            against(models, plain, |m| m.effective),
            against(models, plain, |m| m.stored)
        ));
    }
    alt
}

fn caption(models: &[Model], plain: &Plain) -> String {
    let mut caption = format!(
        "Test loss against parameters without embeddings, (a) counted as often as they are applied and (b) as stored. Both \
         axes are logarithmic. Dashed in both: {}",
        plain.source
    );
    caption.push_str(match plain.measured {
        Some(_) => ", dotted beyond their sizes.",
        None => ".",
    });
    let loops = models.iter().filter(|m| m.reuse != 1.0);
    let exact = loops.clone().all(|m| (m.effective / (m.reuse * m.stored) - 1.0).abs() < 1e-9);
    if loops.clone().next().is_some() {
        caption.push_str(if exact {
            " A family with reuse r stands r times as far right in (a) as in (b)."
        } else {
            " Parameters outside of the loop count once: a family moves between (a) and (b) by less than its reuse."
        });
        caption.push_str(&format!(
            " Mean distance from the dashed law in loss: (a) {}; (b) {}.",
            against(models, plain, |m| m.effective),
            against(models, plain, |m| m.stored)
        ));
    }
    caption
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let columns = Columns::of(material, COLUMNS)?;
    let (params, reuse, loss) = (columns.numbers("params")?, columns.numbers("reuse")?, columns.numbers("loss")?);
    let (once, effective) = (columns.optional("params_once")?, columns.optional("effective")?);
    let mut models = Vec::new();
    for row in 0..columns.table.len() {
        let outside = once.map_or(0.0, |o| o[row]);
        let mut model = Model::new(params[row], outside, reuse[row], loss[row]);
        if outside < 0.0 || outside > params[row] {
            return Err(Missing::new(
                format!(
                    "{}:{}: params_once = {outside} is not among the {} parameters stored",
                    columns.table.source,
                    columns.table.line(row),
                    params[row]
                ),
                "params counts all stored parameters, params_once those of them outside of the loop",
            ));
        }
        if let Some(given) = effective {
            model.effective = given[row];
        }
        if [model.stored, model.effective, model.reuse, model.loss].iter().all(|v| v.is_finite() && *v > 0.0) {
            models.push(model);
        }
    }
    if models.is_empty() {
        return Err(nothing(columns.table, "params, reuse and loss"));
    }
    let plain = Plain::fitted(&models).unwrap_or_else(Plain::kaplan);
    let mut figure = figure(&models, &plain);
    if let Some(phi) = worth::worth(&models) {
        let of = |i: &Interval| (digits(i.lower, 2), digits(i.upper, 2));
        let (value, ends) = (digits(phi.value, 2), phi.interval.as_ref().map(of));
        let between = ends.as_ref().map_or(String::new(), |(low, high)| format!(" [{low}, {high}]"));
        figure.panels[1].layers.push(Note::new(math(&format!("_φ_ = {value}{between}"))).into());
        figure.caption.push_str(&format!(
            " A block applied r times is worth r^φ blocks: φ = {value}{between}, fitted as L = E + A (N r^φ)^-α to all models{}.",
            phi.interval.as_ref().map_or(String::new(), |i| format!(", interval of {} %", digits(100.0 * i.level, 3)))
        ));
    }
    if plain.measured.is_none() {
        figure.caption.push_str(" It is of another data set: fewer than three sizes without reuse are in the table.");
    }
    figure.caption.push_str(&format!(" Data: {}.{}", columns.table.source, skipped(columns.table, models.len())));
    Ok(figure)
}

fn published() -> Figure {
    let (printed, plain) = (printed(), Plain::kaplan());
    let mut panels = panels(&plain, printed.params);
    // Where a model of so many stored parameters stands in the other panel follows from its reuse alone.
    let stored = 2.0 * printed.params.0;
    for (r, height) in printed.reuse.iter().zip([3.0, 2.7, 2.43]) {
        let (from, to) = ((stored, height), (stored * r, height));
        let bracket = Arrow::new(from, to).heads(Heads::Bars).series(family(*r));
        panels[0].layers.push(Line::new([from, to]).series(family(*r)).label(format!("×{r}")).into());
        panels[0].layers.push(bracket.into());
    }
    let each: Vec<String> = printed.reuse.iter().map(|r| digits(*r, 2)).collect();
    let alt = format!(
        "Two panels of test loss against parameters on logarithmic axes, counted with reuse on the left and stored on the \
         right; in both the dashed law of models without reuse falls from {} at {} parameters to {} at {}. Brackets on the \
         left are as wide as families with {} times reuse move between the panels.",
        digits(plain.loss(printed.params.0), 3),
        digits(printed.params.0, 2),
        digits(plain.loss(printed.params.1), 3),
        digits(printed.params.1, 2),
        list(&each)
    );
    let mut caption = caption(&[], &plain);
    caption.push_str(&format!(
        " Brackets: how much further right than in (b) a family that applies all its blocks {} times stands in (a). After \
         {}. The paper prints neither sizes nor losses of its recurrent models, so none is drawn; it finds them slightly \
         below the law at equal stored parameters and slightly above it when reuse counts.",
        list(&each),
        printed.source
    ));
    styled(Figure::new(alt).caption(caption), &printed.reuse, panels)
}
