//! How many bits of knowledge a model holds: bits against stored parameters, both logarithmic.
//!
//! As figure 6 (left) of Ouro (arXiv 2510.25741), after Allen-Zhu and Li (arXiv 2404.05405): a colour per number of people
//! whose facts were learned, open and filled marks for one and several loops, lines at 1 and 2 bits per parameter, and the
//! plateau of each colour, which is all that its facts hold. Do loops store more? Marks of one colour that lie upon each
//! other say no.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::columns::{Aliases, Columns, Names, nothing, skipped};
use super::published::read;
use super::say::{count, curve, digits, extent, levels, list};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Colours, Figure, Panel};
use crate::layer::{Dash, Line, Point, Points};
use crate::marker::Marker;

/// A trained model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// stored parameters
    pub params: f64,
    /// of knowledge
    pub bits: f64,
    /// whose facts it learned
    pub people: f64,
    /// how often its blocks are applied
    pub loops: u32,
    /// its training went on until nothing changed
    pub converged: bool,
}

/// All that the facts of so many people hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plateau {
    /// how many
    pub people: f64,
    /// `N log2(N0/N) + N log2 S0` for N people
    pub bits: f64,
}

/// The pools that names and facts are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pools {
    /// names that there are, N0
    pub names: f64,
    /// combinations of facts that there are for one person, S0
    pub values: f64,
}

impl Pools {
    /// Those of bioS: N0 = 1.6e8, S0 = 2.12e14 (arXiv 2404.05405, section 2.2).
    pub fn bios() -> Self {
        let of = |pool: &BTreeMap<String, f64>| pool.values().product();
        let printed = printed();
        Self { names: of(&printed.names), values: of(&printed.values) }
    }

    /// What the facts of so many people hold: the numerator of R_max (arXiv 2404.05405, definition 4.3).
    pub fn plateau(&self, people: f64) -> Plateau {
        let bits = people * libm::log2(self.names / people) + people * libm::log2(self.values);
        Plateau { people, bits }
    }
}

#[derive(Deserialize)]
struct Printed {
    source: String,
    people: Vec<f64>,
    params: (f64, f64),
    names: BTreeMap<String, f64>,
    values: BTreeMap<String, f64>,
}

fn printed() -> Printed {
    read(include_str!("../../published/capacity.toml"))
}

const COLUMNS: Names = &[
    ("params", "parameters stored"),
    ("bits", "bits of knowledge"),
    ("people", "people whose facts were learned"),
    ("loops", "times that the blocks are applied; optional"),
    ("limit", "bits that the facts of these people hold; optional, by default those of bioS"),
    ("converged", "yes or no; optional"),
];

/// What tables of our runs call them, and the law of capacity; whose N is the number of people, and elsewhere parameters
/// without embedding.
const ALIASES: Aliases = &[("params", &["params_stored", "P"]), ("loops", &["r"]), ("converged", &["run.converged"])];

/// `isoloss figure capacity`
pub const ENTRY: Entry = Entry {
    name: "capacity",
    says: "bits of knowledge against parameters, by people and loops, with what the data hold",
    needs: &[Needs::Table(COLUMNS)],
    takes: &[],
    draw,
    published: Some(published),
    beside: None,
};

/// How the plateaus follow from the pools of bioS.
const OF_POOLS: &str = "facts of N people drawn from N0 names, with S0 combinations of facts, hold N log2(N0/N) + \
                        N log2(S0) bits; N0 = 1.6e8 and S0 = 2.12e14";

const NOT_CONVERGED: &str = "not converged";

fn named(people: f64) -> String {
    format!("{} people", count(people))
}

fn looped(loops: u32) -> String {
    if loops == 1 { "1 loop".into() } else { format!("{loops} loops") }
}

/// Models, and the plateaus of their colours. Without models it shows what the lines and plateaus alone say.
pub fn figure(models: &[Model], plateaus: &[Plateau]) -> Figure {
    within(models, plateaus, ranges(models, plateaus))
}

/// The ends of both axes.
type Ranges = ((f64, f64), (f64, f64));

fn within(models: &[Model], plateaus: &[Plateau], (x, y): Ranges) -> Figure {
    let all = || models.iter().map(|m| m.people).chain(plateaus.iter().map(|p| p.people));
    let mut panel =
        Panel::new(Axis::log10("Stored parameters").range(x.0, x.1), Axis::log10("Knowledge, bits").range(y.0, y.1));
    let people = levels(all());
    for &n in &people {
        // Where no model is large enough for it, it is named in the caption only.
        if let Some(plateau) = plateaus.iter().find(|p| p.people == n && p.bits < 2.0 * x.1) {
            // Below it the models, not the facts, set the bound.
            let from = (plateau.bits / 2.0).max(x.0);
            let line = Line::new([(from, plateau.bits), (x.1, plateau.bits)]).series(named(n));
            let line = line.key("all that the facts hold").dash(Dash::DashDotted).thickness(0.8);
            // Marks need the room on the line themselves.
            let label = if models.is_empty() { format!("{} bits", count(plateau.bits)) } else { String::new() };
            panel = panel.with(line.label(label));
        }
        for loops in levels(models.iter().map(|m| f64::from(m.loops))) {
            let of = |done: bool| {
                let these = models.iter().filter(move |m| m.people == n && f64::from(m.loops) == loops);
                these.filter(move |m| m.converged == done).map(move |m| {
                    Point::new(m.params, m.bits)
                        .fact("bits per parameter", digits(m.bits / m.params, 3))
                        .fact("loops", digits(loops, 3))
                })
            };
            let points = Points::new(of(true)).colour(named(n)).marker(looped(loops as u32));
            panel = panel.with(if loops == 1.0 { points.open() } else { points });
            let unfinished = Points::new(of(false)).colour(named(n)).marker(NOT_CONVERGED);
            if !unfinished.points.is_empty() {
                panel = panel.with(unfinished);
            }
        }
    }
    let line = |bits: f64| Line::new(curve(x.0, x.1, |p| bits * p)).thickness(0.8);
    panel =
        panel.with(line(2.0).key("2 bits per parameter").dash(Dash::Dashed)).with(line(1.0).key("1 bit per parameter"));
    let mut figure = Figure::new(alt(models, plateaus)).caption(caption(models, plateaus)).colours(Colours::Ordered);
    let loops = levels(models.iter().map(|m| f64::from(m.loops)));
    // One loop is a ring and the most loops a disc: pairs that lie upon each other are still both seen.
    for (kind, shape) in [(loops.first(), Marker::Circle), (loops.last(), Marker::Circle)] {
        if let (Some(kind), true) = (kind, loops.len() <= 2) {
            figure = figure.style(looped(*kind as u32), None, shape);
        }
    }
    figure.style(NOT_CONVERGED, None, Marker::Cross).panel(panel)
}

/// Models and plateaus, with the lines passing through.
fn ranges(models: &[Model], plateaus: &[Plateau]) -> Ranges {
    let params = models.iter().map(|m| m.params);
    let x = extent(params).or_else(|| extent(plateaus.iter().map(|p| p.bits / 2.0))).unwrap_or((1e6, 1e7));
    let heights = models.iter().map(|m| m.bits).chain(plateaus.iter().map(|p| p.bits));
    let y = extent(heights).unwrap_or((1e6, 1e7));
    ((x.0 / 1.4, x.1 * 1.4), (y.0 / 1.5, y.1 * 1.6))
}

/// The most bits per parameter, by loops, over models that had facts left to learn: those below 90 % of their plateau.
fn densest(models: &[Model], plateaus: &[Plateau]) -> Vec<String> {
    let loops = levels(models.iter().map(|m| f64::from(m.loops)));
    let bound = |m: &&Model| plateaus.iter().find(|p| p.people == m.people).is_none_or(|p| m.bits < 0.9 * p.bits);
    let most = |l: f64| {
        let these = models.iter().filter(|m| f64::from(m.loops) == l && m.converged).filter(bound);
        these.map(|m| m.bits / m.params).reduce(f64::max)
    };
    let each = loops.into_iter().filter_map(|l| Some(format!("{} with {}", digits(most(l)?, 3), looped(l as u32))));
    each.collect()
}

fn said(plateaus: &[Plateau]) -> String {
    let each: Vec<String> =
        plateaus.iter().map(|p| format!("{} bits for {}", count(p.bits), named(p.people))).collect();
    list(&each)
}

fn alt(models: &[Model], plateaus: &[Plateau]) -> String {
    let marks = match models.len() {
        0 => "no models are drawn".to_owned(),
        n => format!("{n} models follow them"),
    };
    let mut alt = format!(
        "Bits of knowledge against stored parameters on logarithmic axes, with parallel lines at 1 and 2 bits per \
         parameter; {marks}."
    );
    if !plateaus.is_empty() {
        alt.push_str(&format!(" The facts hold no more than {}, drawn as level lines.", said(plateaus)));
    }
    let densest = densest(models, plateaus);
    if !densest.is_empty() {
        alt.push_str(&format!(" The most bits per parameter before the plateau are {}.", list(&densest)));
    }
    alt
}

fn caption(models: &[Model], plateaus: &[Plateau]) -> String {
    let mut caption = String::from("Knowledge stored by models of different sizes.");
    if !models.is_empty() {
        caption.push_str(
            " A mark is a model; its colour says how many people's facts it learned, its shape how often its blocks are \
             applied. Parameters are counted as stored, once for all loops.",
        );
    }
    caption.push_str(" Lines: 1 (solid) and 2 (dashed) bits per parameter.");
    if !plateaus.is_empty() {
        caption.push_str(&format!(" Dash-dotted: all that the facts hold, {}.", said(plateaus)));
    }
    let densest = densest(models, plateaus);
    if !densest.is_empty() {
        caption
            .push_str(&format!(" Most bits per parameter of models below 90 % of their plateau: {}.", list(&densest)));
    }
    if models.iter().any(|m| !m.converged) {
        caption.push_str(" Crosses: training had not converged.");
    }
    caption
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let columns = Columns::of(material, COLUMNS)?.known_as(ALIASES);
    let (params, bits, people) = (columns.numbers("params")?, columns.numbers("bits")?, columns.numbers("people")?);
    let (loops, limit) = (columns.optional("loops")?, columns.optional("limit")?);
    let converged = columns.find("converged").map(|c| columns.texts(c));
    let yes = |text: &String| !matches!(text.trim().to_ascii_lowercase().as_str(), "no" | "false" | "0" | "n");
    let model = |row: usize| {
        // A model without a loop has no number of them.
        let loops = loops.map_or(1.0, |l| if l[row].is_nan() { 1.0 } else { l[row] });
        let sound = [params[row], bits[row], people[row], loops].iter().all(|v| v.is_finite() && *v > 0.0);
        sound.then(|| Model {
            params: params[row],
            bits: bits[row],
            people: people[row],
            loops: loops.round().clamp(1.0, 1e6) as u32,
            converged: converged.as_ref().is_none_or(|c| yes(&c[row])),
        })
    };
    let models: Vec<Model> = (0..columns.table.len()).filter_map(model).collect();
    if models.is_empty() {
        return Err(nothing(columns.table, "params, bits and people"));
    }
    let given = |n: f64| limit.and_then(|l| (0..l.len()).find(|&r| people[r] == n && l[r] > 0.0).map(|r| l[r]));
    let of_row = |n: f64| given(n).map_or_else(|| Pools::bios().plateau(n), |bits| Plateau { people: n, bits });
    let plateaus: Vec<Plateau> = levels(models.iter().map(|m| m.people)).into_iter().map(of_row).collect();
    // More people than names: the facts are not those of bioS, and what they hold is not known.
    let plateaus: Vec<Plateau> = plateaus.into_iter().filter(|p| p.bits > 0.0).collect();
    let mut figure = figure(&models, &plateaus);
    let from_table = plateaus.iter().filter(|p| given(p.people).is_some()).count();
    if from_table > 0 {
        let where_given = if from_table < plateaus.len() { ", where it has a number" } else { "" };
        figure.caption.push_str(&format!(" What the facts hold is the table's column limit{where_given}."));
    }
    if from_table < plateaus.len() {
        let others = if from_table > 0 { "Elsewhere: the" } else { "The" };
        figure.caption.push_str(&format!(" {others} {OF_POOLS} are those of bioS (arXiv 2404.05405)."));
    }
    figure.caption.push_str(&format!(" Data: {}.", columns.table.source));
    figure.caption.push_str(&skipped(columns.table, models.len()));
    Ok(figure)
}

fn published() -> Figure {
    let printed = printed();
    let plateaus: Vec<Plateau> = printed.people.iter().map(|n| Pools::bios().plateau(*n)).collect();
    // As far as the models of the paper reach.
    let (low, high) = printed.params;
    let mut figure = within(&[], &plateaus, ((low / 1.4, high * 1.4), (low / 1.4, 1e8)));
    figure.caption.push_str(&format!(
        " The {OF_POOLS} are those of bioS (arXiv 2404.05405), the numbers of people and the sizes of models \
         those of {}. The bits of its models, with 1 and 4 loops, are not printed and not drawn; the paper finds the two \
         upon each other, near 2 bits per parameter, up to the plateau.",
        printed.source
    ));
    figure
}
