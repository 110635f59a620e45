//! How much compute a change of architecture saves: loss against compute, a law per family, and the horizontal distance
//! between two laws at one loss.
//!
//! As figure 5 of Kimi Linear (arXiv 2510.26692). The multiplier is a ratio at equal loss, the compute of the baseline over
//! that of the variant ([`isoloss_laws::compare`]); between laws of different exponents it changes with the loss, so the
//! loss is stated.

mod sides;

use isoloss_formula::PF_DAY;
use isoloss_laws::Estimate;
use serde::Deserialize;

use super::columns::Names;
use super::published::read;
use super::say::{digits, extent, list, name, ratio};
use super::{Choice, Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Figure, LegendPlace, Panel};
use crate::layer::{Arrow, Band, Dash, Heads, Line, Point, Points, Rule};
use crate::marker::Marker;
use crate::palette::Colour;
use crate::text::{Rich, math};

/// A family of models and its law.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    /// in the legend
    pub name: String,
    /// behind the name: the law, if it is short
    pub law: Rich,
    /// compute and loss, one per run
    pub runs: Vec<(f64, f64)>,
    /// the law along the compute
    pub curve: Vec<(f64, f64)>,
    /// its interval: compute, lower, upper; may be empty
    pub band: Vec<(f64, f64, f64)>,
    /// least and greatest compute of its runs, if known
    pub measured: Option<(f64, f64)>,
}

/// What a variant saves at one loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// compared with
    pub baseline: String,
    /// what saves, or does not
    pub variant: String,
    /// that both reach
    pub loss: f64,
    /// compute of the variant, and of the baseline
    pub compute: (f64, f64),
    /// of the baseline over the variant
    pub times: Estimate,
    /// the loss was not reached by runs of both
    pub beyond: bool,
}

/// What compute is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// FLOPs
    Flops,
    /// PFLOP/s-days, where the data or the fits are in them
    PfDays,
    /// the scale of a law that says of none
    Unknown,
}

impl Unit {
    fn label(self) -> Rich {
        match self {
            Self::Flops => math("Training compute _C_, FLOPs"),
            Self::PfDays => math("Training compute _C_, PFLOP/s-days"),
            Self::Unknown => math("Training compute _X_, in the unit of the fits"),
        }
    }

    /// Behind a number.
    fn behind(self) -> &'static str {
        match self {
            Self::Flops => " FLOPs",
            Self::PfDays => " PFLOP/s-days",
            Self::Unknown => "",
        }
    }
}

#[derive(Deserialize)]
struct Printed {
    source: String,
    ladder: String,
    baseline: (String, String),
    variant: (String, String),
    printed_multiplier: f64,
    models: Vec<(String, f64, f64)>,
}

const COLUMNS: Names = &[
    ("family", "which architecture"),
    ("flops", "training compute; in PF-days if the header says so"),
    ("loss", "nats per token"),
];

/// `isoloss figure compute`
pub const ENTRY: Entry = Entry {
    name: "compute",
    says: "loss against compute of families, their laws, and how much compute one saves at equal loss",
    needs: &[Needs::Fits, Needs::Runs, Needs::Table(COLUMNS)],
    takes: &[Choice::Baseline, Choice::AtLoss],
    draw,
    published: Some(published),
    beside: None,
};

/// Families, and what variants save: the greatest saving of either side is drawn, all are in the caption. `ladder` marks
/// places along the compute, such as models whose losses are not known.
pub fn figure(families: &[Family], savings: &[Saving], ladder: &[(f64, String)], unit: Unit) -> Figure {
    let mut panel = Panel::new(Axis::log10(unit.label()), Axis::linear("Loss, nats per token"));
    let mut figure = Figure::new(alt(families, savings, unit)).caption(caption(families, savings, unit));
    for (at, name) in ladder {
        panel = panel.with(Rule::x(*at).label(name.as_str()).dash(Dash::Dotted));
    }
    // A crowd of stars is a blot: many take the size that all figures have for many.
    let radius = match families.iter().map(|f| f.runs.len()).sum() {
        0..=60 => Some(2.6),
        61..=200 => Some(1.8),
        _ => None,
    };
    for (i, family) in families.iter().enumerate() {
        let series = entry(family);
        // Where hues come again, shapes differ.
        let shape = if i < Colour::HUES { Marker::Star } else { Marker::ALL[(i / Colour::HUES - 1) % 5] };
        figure = figure.style(series.clone(), Colour::Hue(i), shape);
        let mut line = Line::new(family.curve.iter().copied()).series(series.clone()).dash(Dash::Dashed);
        line.measured = family.measured;
        if !family.band.is_empty() {
            panel = panel.with(Band::new(family.band.iter().copied()).series(series.clone()));
        }
        panel = panel.with(line);
        if !family.runs.is_empty() {
            let points = Points::new(family.runs.iter().map(|r| Point::new(r.0, r.1))).series(series);
            panel = panel.with(Points { radius, ..points });
        }
    }
    if let Some(saving) = greatest(savings) {
        let (variant, baseline) = saving.compute;
        let series = |of: &str| families.iter().find(|f| f.name == of).map_or_else(|| of.into(), entry);
        let arrow = Arrow::new((baseline, saving.loss), (variant, saving.loss)).heads(Heads::Both);
        let arrow = arrow.label(times(&saving.times));
        let arrow = if savings.len() > 1 { arrow.more(format!(", {}", pair(saving))) } else { arrow };
        let arrow = arrow.between(series(&saving.variant), series(&saving.baseline));
        // As every curve: what is extrapolated is dotted.
        panel = panel.with(if saving.beyond { arrow.dash(Dash::Dotted) } else { arrow });
    }
    // Verticals leave no corner empty.
    let legend = if ladder.is_empty() { LegendPlace::Auto } else { LegendPlace::Below };
    figure.legend(legend).panel(panel)
}

/// The name of a family with its law.
fn entry(family: &Family) -> Rich {
    let name = Rich::plain(name(&family.name));
    if family.law.is_empty() { name } else { name.then(&Rich::plain(": ")).then(&family.law) }
}

/// The saving that is the greatest factor, whichever side saves it.
fn greatest(savings: &[Saving]) -> Option<&Saving> {
    let factor = |s: &&Saving| libm::fabs(libm::log(s.times.value));
    savings.iter().max_by(|a, b| factor(a).total_cmp(&factor(b)))
}

/// `new over old`, as the multiplier is read.
fn pair(saving: &Saving) -> String {
    format!("{} over {}", name(&saving.variant), name(&saving.baseline))
}

/// `1.16× [1.10, 1.22]`
fn times(estimate: &Estimate) -> String {
    let value = ratio(estimate.value);
    match &estimate.interval {
        Some(i) => format!("{value}× [{}, {}]", ratio(i.lower), ratio(i.upper)),
        None => format!("{value}×"),
    }
}

fn said(saving: &Saving, unit: Unit) -> String {
    let unit = unit.behind();
    let interval = match &saving.times.interval {
        Some(i) => format!(" ({} % interval {} to {})", digits(100.0 * i.level, 3), ratio(i.lower), ratio(i.upper)),
        None => format!(" (no interval: {})", saving.times.method),
    };
    format!(
        "at loss {} {} needs {}{unit} where {} needs {}, {} times as much{interval}{}",
        digits(saving.loss, 4),
        name(&saving.variant),
        digits(saving.compute.0, 3),
        name(&saving.baseline),
        digits(saving.compute.1, 3),
        ratio(saving.times.value),
        if saving.beyond { ", extrapolated: runs of both did not reach this loss" } else { "" }
    )
}

fn laws(families: &[Family]) -> String {
    let each = families.iter().filter(|f| !f.law.is_empty());
    list(&each.map(|f| format!("{} {}", name(&f.name), f.law)).collect::<Vec<_>>())
}

fn alt(families: &[Family], savings: &[Saving], unit: Unit) -> String {
    let names: Vec<String> = families.iter().map(|f| name(&f.name)).collect();
    let mut alt =
        format!("Loss against training compute on a logarithmic axis for {}, each with its law.", list(&names));
    if let Some(saving) = greatest(savings) {
        alt.push_str(&format!(" An arrow between the laws: {}.", said(saving, unit)));
    }
    alt
}

fn caption(families: &[Family], savings: &[Saving], unit: Unit) -> String {
    let mut caption = String::from("Loss against training compute.");
    if families.iter().any(|f| !f.runs.is_empty()) {
        caption.push_str(" Stars are runs.");
    }
    let laws = laws(families);
    let scale = if unit == Unit::Unknown { "X" } else { "C" };
    let which = if laws.is_empty() { String::new() } else { format!(": {laws}, {scale} in the unit of the axis") };
    caption.push_str(&format!(" Lines are laws{which}"));
    if families.iter().any(|f| f.measured.is_some()) {
        caption.push_str("; dotted, extrapolated beyond the compute of their runs");
    }
    if families.iter().any(|f| !f.band.is_empty()) {
        caption.push_str("; bands are the intervals of the laws");
    }
    caption.push('.');
    if !savings.is_empty() {
        let each: Vec<String> = savings.iter().map(|s| said(s, unit)).collect();
        let which = match greatest(savings) {
            Some(most) if each.len() > 1 => {
                // Below 1 nothing is saved.
                let what = match most.times.value >= 1.0 {
                    true => format!("greatest saving, {}", pair(most)),
                    false => format!("greatest difference, {}, which costs compute", pair(most)),
                };
                format!("Compute at equal loss; the arrow is the {what}")
            }
            _ => "The arrow is a ratio of compute at equal loss".to_owned(),
        };
        caption.push_str(&format!(" {which}: {}.", each.join("; ")));
    }
    caption
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    sides::draw(material)
}

fn published() -> Figure {
    let printed: Printed = read(include_str!("../../../published/compute.toml"));
    let ladder: Vec<(f64, String)> =
        printed.models.iter().map(|(name, n, d)| (6.0 * n * d / PF_DAY, name.clone())).collect();
    let fits = [&printed.baseline, &printed.variant]
        .map(|(name, fit)| (name.clone(), isoloss_laws::published(fit).expect("a published fit that ships")));
    let reached = extent(ladder.iter().map(|l| l.0));
    let mut figure = sides::from_published(&fits, &ladder, reached).expect("published laws can be compared");
    let places: Vec<String> = ladder.iter().map(|(at, name)| format!("{name} at {}", digits(*at, 3))).collect();
    figure.caption.push_str(&format!(
        " Data: both laws are those of {}, pure powers without a floor. Dotted verticals: the five models of each family ({}, \
         activated parameters without embeddings), at C = 6 N D ({} PFLOP/s-days); their losses are not printed, so no stars \
         are drawn. The paper prints {} for compute-optimal training; the ratio is no constant, as the exponents differ.",
        printed.source,
        printed.ladder,
        list(&places),
        digits(printed.printed_multiplier, 3),
    ));
    figure
}
