//! How losses on several kinds of data fall with compute, for several training mixtures: a row of panels per mixture, a
//! column per kind of loss.
//!
//! As figure 28 of Shukor et al. 2025 (arXiv 2504.07951). A mark is a run, its colour and shape the size of the model; the
//! line is the pure power `L = a C^-b` through the lower convex hull of the runs ([`isoloss_laws::hull`]), not through all
//! of them. Does the mixture change how fast a loss falls, or only how high it is?

use isoloss_laws::{Approach, ApproachOptions, Points as Rows, hull};
use serde::Deserialize;

use super::columns::{Columns, Names, bare, nothing, skipped};
use super::published::read;
use super::say::{count, curve, digits, extent, levels, list, name, power, power_markup};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Figure, Panel, Share, Width};
use crate::layer::{Corner, Layer, Line, Note, Place, Point, Points};
use crate::marker::Marker;
use crate::palette::Colour;
use crate::text::math;

/// A run and its losses.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// what it was trained on: its row of panels
    pub mixture: String,
    /// parameters
    pub params: f64,
    /// training compute, FLOPs
    pub flops: f64,
    /// one per kind, nats per token; NaN where it was not measured
    pub losses: Vec<f64>,
}

/// A power of compute that is drawn in a panel: `loss = factor * C^-exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Frontier {
    factor: f64,
    exponent: f64,
    /// FLOPs between which it counts
    over: (f64, f64),
}

/// One panel.
struct Cell {
    kind: String,
    frontier: Option<Frontier>,
    /// size, FLOPs, loss
    runs: Vec<(f64, f64, f64)>,
}

#[derive(Deserialize)]
struct Printed {
    source: String,
    mixtures: Vec<String>,
    kinds: Vec<(String, String)>,
    sizes: Vec<f64>,
    flops: (f64, f64),
    fitted_from: f64,
}

const COLUMNS: Names = &[
    ("mixture", "what the run was trained on"),
    ("params", "parameters"),
    ("flops", "training compute; or tokens, and 6 N D is taken"),
    ("loss KIND", "a column for each kind of data: `loss caption`, `text_loss`"),
];

/// `isoloss figure mixtures`
pub const ENTRY: Entry = Entry {
    name: "mixtures",
    says: "losses on several kinds of data against compute, a row per training mixture, with hull fits",
    needs: &[Needs::Table(COLUMNS)],
    takes: &[],
    draw,
    published: Some(published),
    beside: Some(beside),
};

/// More rows or columns of panels than this are not read.
const MOST: usize = 8;

/// Runs in a grid of panels: mixtures in the order in which they first appear, kinds in the order of their names here.
pub fn figure(kinds: &[String], runs: &[Run]) -> Figure {
    let mut mixtures: Vec<&str> = Vec::new();
    for run in runs {
        if !mixtures.contains(&run.mixture.as_str()) {
            mixtures.push(&run.mixture);
        }
    }
    let cell = |mixture: &str, kind: usize| {
        let of = runs.iter().filter(|r| r.mixture == mixture).map(|r| (r.params, r.flops, r.losses[kind]));
        let runs: Vec<_> = of.filter(|r| [r.0, r.1, r.2].iter().all(|v| v.is_finite() && *v > 0.0)).collect();
        Cell { kind: kinds[kind].clone(), frontier: frontier(&runs), runs }
    };
    let grid = mixtures.iter().map(|m| ((*m).to_owned(), (0..kinds.len()).map(|k| cell(m, k)).collect())).collect();
    drawn(grid, extent(runs.iter().map(|r| r.flops)).unwrap_or((1e18, 1e21)))
}

/// The hull's power, where a third size lies on the hull between its ends.
fn frontier(runs: &[(f64, f64, f64)]) -> Option<Frontier> {
    let column = |of: fn(&(f64, f64, f64)) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
    let columns = vec![
        ("N".to_owned(), column(|r| r.0)),
        ("D".to_owned(), column(|r| r.1 / (6.0 * r.0))),
        ("C".to_owned(), column(|r| r.1)),
    ];
    let rows = Rows { target: column(|r| r.2), columns, ..Rows::default() };
    let Approach { loss, minima, .. } = hull(&rows, &ApproachOptions::default()).ok()?;
    let line = loss?;
    let over = extent(minima.iter().map(|m| m.flops))?;
    Some(Frontier { factor: libm::exp(line.log_factor), exponent: -line.exponent.value, over })
}

fn drawn(grid: Vec<(String, Vec<Cell>)>, flops: (f64, f64)) -> Figure {
    let sizes = levels(grid.iter().flat_map(|(_, cells)| cells).flat_map(|c| &c.runs).map(|r| r.0));
    let columns = grid.first().map_or(1, |(_, cells)| cells.len());
    let mut figure = Figure::new(alt(&grid, &sizes))
        .caption(caption(&grid, &sizes))
        .width(Width::Double)
        .columns(columns)
        .aspect(if columns > 2 { 0.75 } else { 0.62 });
    let tops: Vec<[f64; 2]> = (0..columns).map(|column| reach(&grid, &[column], flops)).collect();
    let all = reach(&grid, &(0..columns).collect::<Vec<_>>(), flops);
    // Where one kind of data is all the figure on the scale of another, each column has its own scale.
    let apart = tops.iter().any(|[low, high]| high - low < APART * (all[1] - all[0]));
    figure = figure.share(Share::All, if apart { Share::None } else { Share::All });
    // One row needs no name if there is nothing to tell it from.
    if grid.iter().any(|(mixture, _)| !mixture.is_empty()) {
        figure = figure.rows(grid.iter().map(|(mixture, _)| mixture.as_str()));
    }
    // From light to dark, as sizes grow.
    let last = sizes.len().saturating_sub(1).max(1) as f64;
    for (i, size) in sizes.iter().enumerate() {
        let shape = Marker::ALL[i % Marker::ALL.len()];
        figure = figure.style(count(*size), Colour::Ramp(1.0 - i as f64 / last), shape);
    }
    for (row, (_, cells)) in grid.into_iter().enumerate() {
        for (column, cell) in cells.into_iter().enumerate() {
            let x = Axis::log10("Compute, FLOPs").include(flops.0).include(flops.1);
            let y = Axis::linear("Loss, nats/token");
            let y = if apart { y.include(tops[column][0]).include(tops[column][1]) } else { y.include(all[1]) };
            let mut panel = Panel::new(x, y);
            if row == 0 {
                panel = panel.title(cell.kind.as_str());
            }
            for &size in &sizes {
                let these = cell.runs.iter().filter(|r| r.0 == size);
                let marks = these.map(|r| Point::new(r.1, r.2).fact("parameters", count(size)));
                panel = panel.with(Points::new(marks).series(count(size)).radius(1.5));
            }
            if let Some(f) = cell.frontier {
                let line = curve(flops.0, flops.1, |c| f.factor * libm::pow(c, -f.exponent));
                let line = Line::new(line).measured(f.over.0, f.over.1).key("lower hull").thickness(0.9);
                let words = Note::new(power(f.factor, "C", f.exponent, 5)).place(Place::Corner(Corner::TopRight));
                panel = panel.with(line).with(words);
            }
            figure = figure.panel(panel);
        }
    }
    figure
}

/// A column whose losses span less than this of what all span has a scale of its own.
const APART: f64 = 0.25;

/// From below all runs and lines of some columns to above them, so that the formula in the corner has the uppermost part for itself.
fn reach(grid: &[(String, Vec<Cell>)], columns: &[usize], flops: (f64, f64)) -> [f64; 2] {
    let of = |cell: &Cell| {
        let line = cell.frontier.map(|f| [flops.0, flops.1].map(|c| f.factor * libm::pow(c, -f.exponent)));
        let runs = cell.runs.iter().map(|r| r.2);
        runs.chain(line.into_iter().flatten()).collect::<Vec<f64>>()
    };
    let cells = grid.iter().flat_map(|(_, cells)| columns.iter().filter_map(|column| cells.get(*column)));
    let (low, high) = extent(cells.flat_map(of)).unwrap_or((1.0, 2.0));
    // Of a small panel a line of text takes more.
    let share = if grid.first().is_some_and(|(_, cells)| cells.len() > 2) { 0.45 } else { 0.3 };
    [low, high + share * (high - low)]
}

fn powers(grid: &[(String, Vec<Cell>)]) -> Vec<String> {
    let each = |(mixture, cells): &(String, Vec<Cell>)| {
        let each = cells.iter().filter_map(|c| {
            let f = c.frontier?;
            Some(format!("{} {} C^-{}", name(&c.kind), digits(f.factor, 5), digits(f.exponent, 3)))
        });
        let each: Vec<String> = each.collect();
        (!each.is_empty()).then(|| format!("{}: {}", name(mixture), list(&each)))
    };
    grid.iter().filter_map(each).collect()
}

fn alt(grid: &[(String, Vec<Cell>)], sizes: &[f64]) -> String {
    let columns = grid.first().map_or(0, |(_, cells)| cells.len());
    let mut alt = format!("{} by {columns} panels of loss against training compute", grid.len());
    if let [first, .., last] = sizes {
        alt.push_str(&format!(", for {} sizes from {} to {} parameters", sizes.len(), count(*first), count(*last)));
    }
    match powers(grid).as_slice() {
        [] => format!("{alt}, too few for a frontier."),
        powers => format!("{alt}. The lower frontier falls as a power of compute: {}.", powers.join("; ")),
    }
}

fn caption(grid: &[(String, Vec<Cell>)], sizes: &[f64]) -> String {
    let mut caption = String::from(
        "Loss against training compute, a row for each training mixture and a column for each kind of data.",
    );
    if !sizes.is_empty() {
        caption.push_str(" A mark is a run; its colour and shape are the size of the model, darker for larger.");
    }
    let powers = powers(grid);
    if !powers.is_empty() {
        caption.push_str(&format!(
            " Lines: L = a C^-b through the lower convex hull of the runs, solid where the hull counts and dotted beyond, C \
             in FLOPs, L in nats per token ({}). A factor a has no meaning without its exponent: it is the loss at one FLOP.",
            powers.join("; ")
        ));
    }
    let none = grid.iter().flat_map(|(m, cells)| cells.iter().map(move |c| (m, c)));
    let none = none.filter(|(_, c)| c.frontier.is_none()).map(|(m, c)| format!("{} {}", name(m), name(&c.kind)));
    let none: Vec<String> = none.collect();
    if !none.is_empty() {
        caption.push_str(&format!(" No line where no third size lies on the hull between its ends: {}.", list(&none)));
    }
    caption
}

/// `loss caption`, `loss_text`, `interleaved-loss`: what the loss is of; a column `loss` alone is of one kind.
fn kind(header: &str) -> Option<String> {
    let plain = bare(header);
    // A setting, as `training.z_loss`.
    if plain.contains('.') && !plain.to_ascii_lowercase().starts_with("loss.") {
        return None;
    }
    let lower = plain.to_ascii_lowercase();
    let separator = |c: char| [' ', '_', '-', '.'].contains(&c);
    let rest = if let Some(rest) = lower.strip_prefix("loss") {
        (rest.is_empty() || rest.starts_with(separator)).then(|| &plain[4..])
    } else {
        lower.strip_suffix("loss").filter(|r| r.ends_with(separator)).map(|r| &plain[..r.len()])
    }?;
    let words = rest.trim_matches(separator).replace('_', " ");
    if ["stderr", "se", "error", "std"].contains(&words.to_ascii_lowercase().as_str()) {
        return None;
    }
    let mut letters = words.chars();
    Some(letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect()))
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let columns = Columns::of(material, COLUMNS)?.known_as(&[("mixture", &["family"])]);
    let table = columns.table;
    let (mixtures, params) = (columns.words("mixture")?, columns.numbers("params")?);
    let flops: Vec<f64> = match (columns.optional("flops")?, columns.optional("tokens")?) {
        (Some(flops), _) => flops.to_vec(),
        (None, Some(tokens)) => params.iter().zip(tokens).map(|(n, d)| 6.0 * n * d).collect(),
        (None, None) => columns.numbers("flops")?.to_vec(),
    };
    let kinds = table.columns().iter().filter_map(|c| Some((kind(&c.name)?, c.as_numbers()?.values.as_slice())));
    let mut kinds: Vec<(String, &[f64])> = kinds.collect();
    if kinds.iter().any(|(name, _)| !name.is_empty()) {
        // Beside losses of kinds a loss without a name is their mean.
        kinds.retain(|(name, _)| !name.is_empty());
    }
    if kinds.is_empty() {
        let headers: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
        return Err(Missing::new(
            format!("{}: there is no column of losses; the columns are {}", table.source, headers.join(", ")),
            "losses on several kinds of data are columns such as `loss caption` and `loss text`: --map \"loss text=COLUMN\"",
        ));
    }
    let run = |row: usize| {
        let losses: Vec<f64> = kinds.iter().map(|(_, values)| values[row]).collect();
        let sound = |v: &f64| v.is_finite() && *v > 0.0;
        let run = Run { mixture: mixtures[row].clone(), params: params[row], flops: flops[row], losses };
        (sound(&run.params) && sound(&run.flops) && run.losses.iter().any(sound)).then_some(run)
    };
    let runs: Vec<Run> = (0..table.len()).filter_map(run).collect();
    if runs.is_empty() {
        return Err(nothing(table, "a mixture, params, compute and a loss"));
    }
    let mut distinct: Vec<&str> = runs.iter().map(|r| r.mixture.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    for (what, many) in [("mixtures", distinct.len()), ("kinds of loss", kinds.len())] {
        if many > MOST {
            return Err(Missing::new(
                format!("{}: {many} {what}; more than {MOST} rows or columns of panels are not read", table.source),
                "--where keeps some of the rows; is `mixture` the right column?",
            ));
        }
    }
    let names: Vec<String> = kinds.into_iter().map(|(name, _)| name).collect();
    let mut figure = figure(&names, &runs);
    figure.caption.push_str(&format!(" Data: {}.{}", table.source, skipped(table, runs.len())));
    Ok(figure)
}

fn printed() -> Printed {
    read(include_str!("../../published/mixtures.toml"))
}

/// The frontier that the paper prints of a mixture and a kind: its factor and its exponent.
fn of_paper(mixture: &str, ending: &str) -> Option<(f64, f64)> {
    let fit = isoloss_laws::published(&format!("nmm-{mixture}-{ending}"))?;
    let value = |name: &str| fit.parameter(name).map(|p| p.estimate.value);
    Some((value("A")?, value("alpha")?))
}

/// Below the formula of each panel that of the paper, where it has that mixture and that kind of data. Its compute is ten million times
/// ours, so that its lines would not be seen.
fn beside(mut figure: Figure) -> Figure {
    let Printed { kinds, source, .. } = printed();
    let columns = figure.panels.len() / figure.rows.len().max(1);
    let rows: Vec<String> = figure.rows.iter().map(ToString::to_string).collect();
    let titles: Vec<String> = figure.panels.iter().map(|panel| panel.title.to_string().to_lowercase()).collect();
    let mut shown = 0;
    for (at, panel) in figure.panels.iter_mut().enumerate() {
        let (Some(row), Some(title)) = (rows.get(at / columns.max(1)), titles.get(at % columns.max(1))) else {
            continue;
        };
        let kind = kinds.iter().find(|(ending, _)| title.contains(ending.as_str()));
        let Some((factor, exponent)) = kind.and_then(|(ending, _)| of_paper(row, ending)) else { continue };
        let note = panel.layers.iter_mut().find_map(|layer| match layer {
            Layer::Note(note) => Some(note),
            _ => None,
        });
        let line = math(&format!("paper: {}", power_markup(factor, "C", exponent, 5)));
        match note {
            Some(note) => note.lines.push(line),
            None => panel.layers.push(Layer::Note(Note::new(line).place(Place::Corner(Corner::TopRight)))),
        }
        shown += 1;
    }
    let said = match shown {
        0 => format!(" None of these mixtures and kinds of data are those of {source}."),
        _ => format!(" Below the formula of each panel that of the paper, {source}, C from 3e19 to 1e22 FLOPs."),
    };
    figure.caption.push_str(&said);
    figure.alt.push_str(&said);
    figure
}

fn published() -> Figure {
    let printed = printed();
    let cell = |mixture: &str, (ending, title): &(String, String)| {
        let (factor, exponent) = of_paper(mixture, ending).expect("a published fit that ships");
        let frontier = Frontier { factor, exponent, over: (printed.fitted_from, printed.flops.1) };
        Cell { kind: title.clone(), frontier: Some(frontier), runs: Vec::new() }
    };
    let row = |m: &String| (m.clone(), printed.kinds.iter().map(|k| cell(m, k)).collect());
    let mut figure = drawn(printed.mixtures.iter().map(row).collect(), printed.flops);
    let sizes: Vec<String> = printed.sizes.iter().map(|s| format!("{s}B")).collect();
    figure.caption.push_str(&format!(
        " Data: {}; rows are percent of image-captions, interleaved documents and text. The runs behind the lines, early \
         fusion models of {} parameters, are not printed and not drawn; compute below {} FLOPs did not enter the fits.",
        printed.source,
        list(&sizes),
        digits(printed.fitted_from, 2),
    ));
    figure
}
