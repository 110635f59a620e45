//! What counting does to the exponent of the best sizes: approaches 1, 2 and 3 on the same runs, with parameters and
//! compute counted in three ways.
//!
//! Kaplan et al. 2020 (arXiv 2001.08361) left embeddings out and found N* ~ C^0.73; Hoffmann et al. 2022 (arXiv 2203.15556)
//! counted everything and found 0.5. Most of the difference is counting (Pearce and Song 2024, arXiv 2406.12907; Porian et
//! al. 2024, arXiv 2406.19146): small models are mostly embedding and head.

use isoloss_laws::{ApproachOptions, Budgets, Disagreement, Kind, Points as Rows, disagree};

use super::columns::{Columns, Names, nothing, skipped};
use super::say::name;
use super::words::estimate;
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Figure, LegendPlace, Panel};
use crate::layer::{Dash, Point, Points, Rule};
use crate::text::math;

const COLUMNS: Names = &[
    ("params_non_embedding", "parameters without embedding and head"),
    ("params_stored", "all parameters"),
    ("tokens", "training tokens"),
    ("flops_counted", "FLOPs of everything that is computed"),
    ("loss", "nats per token"),
];

/// See `isoloss figure counting`.
pub const ENTRY: Entry = Entry {
    name: "counting",
    says: "the exponent of the best sizes by approaches 1, 2 and 3, for three ways of counting parameters and compute",
    needs: &[Needs::Table(COLUMNS)],
    takes: &[],
    draw,
    published: None,
    beside: None,
};

/// A way of counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// in a word or two
    pub name: &'static str,
    /// which parameters and which compute
    pub says: &'static str,
    params: &'static str,
    /// 6 N D without a column
    flops: Option<&'static str>,
}

/// The ways, in the order in which they count more.
pub const WAYS: [Way; 3] = [
    Way {
        name: "no embedding",
        says: "N without embedding and head, C = 6ND (Kaplan et al. 2020)",
        params: "params_non_embedding",
        flops: None,
    },
    Way {
        name: "everything, 6ND",
        says: "all parameters, C = 6ND (Hoffmann et al. 2022, approach 3)",
        params: "params_stored",
        flops: None,
    },
    Way {
        name: "everything, counted",
        says: "all parameters, C counted operation by operation",
        params: "params_stored",
        flops: Some("flops_counted"),
    },
];

/// The approaches that are compared, and what they are called in the field.
const APPROACHES: [(Kind, &str); 3] =
    [(Kind::Envelope, "1, envelope"), (Kind::Isoflop, "2, parabolas"), (Kind::Surface, "3, surface")];
/// Budgets to which approach 2 interpolates: runs that had equal compute by one way have not by another.
const BUDGETS: usize = 5;
/// Families that are named.
const NAMED: usize = 4;
/// Tables with noise that the intervals come from.
const DRAWS: usize = 300;

/// What the approaches find if it is counted like this.
#[derive(Clone, Debug)]
pub struct Counted {
    /// how
    pub way: Way,
    /// the approaches, with intervals
    pub found: Disagreement,
}

/// The approaches for all ways of counting, by the options of [`Material::runs`] where there are some, and how many rows of the table they read.
///
/// # Errors
/// If a column is missing, or no way allows a surface.
pub fn counted(material: &Material) -> Result<(Vec<Counted>, usize), Missing> {
    let columns = Columns::of(material, COLUMNS)?;
    let loss = columns.numbers("loss")?;
    let tokens = columns.numbers("tokens")?;
    let there = |name: &str, row: usize| -> Result<bool, Missing> { Ok(columns.numbers(name)?[row] > 0.0) };
    let mut rows = Vec::new();
    for row in 0..loss.len() {
        let mut whole = true;
        for (name, _) in COLUMNS {
            whole &= there(name, row)?;
        }
        if whole {
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(nothing(columns.table, "counts, tokens and a loss"));
    }
    let take = |column: &[f64]| rows.iter().map(|row| column[*row]).collect::<Vec<f64>>();
    let mut all = Vec::new();
    for way in WAYS {
        let (n, d) = (take(columns.numbers(way.params)?), take(tokens));
        let c = match way.flops {
            Some(name) => take(columns.numbers(name)?),
            None => n.iter().zip(&d).map(|(n, d)| 6.0 * n * d).collect(),
        };
        let largest = c.iter().copied().fold(0.0, f64::max);
        let points = Rows {
            target: take(loss),
            columns: vec![("N".into(), n), ("D".into(), d), ("C".into(), c)],
            lines: rows.iter().map(|row| columns.table.line(*row)).collect(),
            ..Rows::default()
        };
        let mut options = ApproachOptions { budgets: Budgets::Interpolated(BUDGETS), ..ApproachOptions::default() };
        if let Some(runs) = &material.runs {
            options.fit = runs.options.clone();
        }
        (options.fit.draws, options.fit.influence, options.fit.trust) = (DRAWS, false, false);
        let found = disagree(&points, &APPROACHES.map(|(kind, _)| kind), largest, &options)?;
        all.push(Counted { way, found });
    }
    Ok((all, rows.len()))
}

/// Exponents side by side.
pub fn figure(all: &[Counted], source: &str) -> Figure {
    let ticks = all.iter().enumerate().map(|(i, counted)| (i as f64, counted.way.name));
    let mut panel = Panel::new(
        Axis::linear("What is counted").ticks(ticks).range(-0.5, all.len() as f64 - 0.5),
        Axis::linear(math("Exponent _a_ of the best parameters, _N_\\* ~ _C_^{_a_}")),
    );
    panel = panel
        .with(Rule::y(0.73).label("Kaplan et al. 2020").dash(Dash::Dotted))
        .with(Rule::y(0.5).label("Hoffmann et al. 2022").dash(Dash::Dotted));
    let mut said = Vec::new();
    for (k, (kind, name)) in APPROACHES.into_iter().enumerate() {
        let mut marks = Vec::new();
        for (i, counted) in all.iter().enumerate() {
            let Some(found) = counted.found.compared.iter().find(|c| c.approach.kind == kind) else { continue };
            let exponent = &found.approach.params.exponent;
            let mut point = Point::new(i as f64 + 0.15 * (k as f64 - 1.0), exponent.value);
            if let Some(interval) = exponent.interval {
                point = point.interval(interval.lower, interval.upper);
            }
            marks.push(point);
            said.push(format!("approach {name}, {}: {}", counted.way.name, estimate(exponent, 2)));
        }
        // A name in the legend is a promise.
        if !marks.is_empty() {
            panel = panel.with(Points::new(marks).series(format!("approach {name}")).radius(2.6));
        }
    }
    let failed = all.iter().flat_map(|counted| {
        let of = counted.found.failed.iter();
        of.map(|(kind, error)| format!(" No {} for {}: {}.", kind.name(), counted.way.name, error.message))
    });
    let ways: Vec<String> = all.iter().map(|counted| format!("{}: {}", counted.way.name, counted.way.says)).collect();
    Figure::new(format!("The exponent of the best parameters, by approach and by what is counted: {}.", said.join("; ")))
        .caption(format!(
            "The exponent a of N* ~ C^a by three approaches on the same runs, for three ways of counting. {}. Bars: 95 %, from \
             tables with the noise of a run added, the same for all; approach 2 reads runs interpolated to {BUDGETS} budgets of \
             equal compute. Dotted, published exponents.{} {source}",
            ways.join("; "),
            failed.collect::<String>()
        ))
        .aspect(0.7)
        .legend(LegendPlace::Below)
        .panel(panel)
}

fn draw(material: &Material) -> Result<Figure, Missing> {
    let (all, rows) = counted(material)?;
    let columns = Columns::of(material, COLUMNS)?;
    let table = columns.table;
    let source = format!("{rows} runs of {}.{}{}", table.source, skipped(table, rows), together(&columns));
    Ok(figure(&all, &source))
}

/// What is said where the runs are of several families: each approach lies between them.
fn together(columns: &Columns<'_>) -> String {
    let Some(column) = columns.find("family") else { return String::new() };
    let mut names = columns.texts(column);
    names.retain(|text| !text.trim().is_empty());
    names.sort();
    names.dedup();
    let named: Vec<String> = names.iter().take(NAMED).map(|text| name(text)).collect();
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    match names.len() {
        ..2 => String::new(),
        _ => format!(
            " One law is taken for all families of column `{}` ({}{more}); --where draws one of them.",
            column.name,
            named.join(", ")
        ),
    }
}
