//! Learning curves: the loss of every run over its training.

use isoloss_formula::{Column, Table};

use super::by_size::by_size;
use super::scales::ends;
use super::words::{count, said};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Colours, Figure, Panel};
use crate::layer::{Dash, Line, Points};
use crate::marker::Marker;
use crate::numbers::Numbers;
use crate::text::{Rich, math};

/// See `isoloss figure curves`.
pub const ENTRY: Entry = Entry {
    name: "curves",
    says: "loss over training, a line per run, coloured by size or family",
    needs: &[
        Needs::Store,
        Needs::Table(&[
            ("run", "which run a row belongs to"),
            ("tokens or step", "how far it has come"),
            ("loss", "nats per token"),
            ("params", "size of the model, for colours; may be missing"),
            ("family", "what else tells runs apart; may be missing"),
            ("held_out", "the loss on held-out text where it was taken; may be missing"),
        ]),
    ],
    takes: &[],
    draw,
    published: None,
    beside: None,
};

/// Runs without sizes that have a colour and a name each; more no eye keeps apart.
const NAMED: usize = 8;
/// Families that ways of breaking a line keep apart.
const DASHES: [Dash; 4] = [Dash::Solid, Dash::Dashed, Dash::DashDotted, Dash::Dotted];
/// What marks of it are called in the legend.
const HELD_OUT: &str = "loss on held-out text";
/// Places of a line after thinning, evenly in the logarithm.
const PLACES: usize = 160;

/// The curve of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// which
    pub run: String,
    /// parameters, where they are known
    pub params: Option<f64>,
    /// family, where there are several; else empty
    pub family: String,
    /// how far, and the loss there
    pub points: Vec<(f64, f64)>,
    /// the same of the loss on held-out text, where it was taken
    pub held_out: Vec<(f64, f64)>,
}

/// Learning curves against `along`: `tokens`, `step`.
pub fn figure(curves: &[Curve], along: &str, source: &str) -> Figure {
    let tokens = along.eq_ignore_ascii_case("tokens") || along == "D";
    let x = match tokens {
        true => Axis::log10(math("Training tokens _D_")).numbers(Numbers::Suffix),
        false => Axis::log10("Training steps").numbers(Numbers::Suffix),
    };
    let mut panel = Panel::new(x, Axis::log10("Loss, nats per token").numbers(Numbers::Plain));
    let sizes: Vec<f64> = curves.iter().map(|c| c.params.unwrap_or(f64::NAN)).collect();
    let sized = sizes.iter().all(|s| s.is_finite() && *s > 0.0) && !sizes.is_empty();
    // Of one size a few runs are told apart by their names.
    let alike = sized && sizes.iter().all(|s| *s == sizes[0]);
    let sized = sized && (!alike || curves.len() > NAMED);
    let all: Vec<usize> = (0..curves.len()).collect();
    let mut families: Vec<&str> = Vec::new();
    for family in curves.iter().map(|c| c.family.as_str()).filter(|family| !family.is_empty()) {
        if !families.contains(&family) {
            families.push(family);
        }
    }
    let by_family = (!sized || alike) && (2..=NAMED).contains(&families.len()) && curves.len() > NAMED;
    let sized = sized && !by_family;
    let dashed = sized && (2..=DASHES.len()).contains(&families.len());
    let groups: Vec<(Rich, Vec<usize>)> = match (sized, curves.len()) {
        _ if by_family => {
            let of = |family: &&str| all.iter().copied().filter(|i| curves[*i].family == **family).collect();
            families.iter().map(|family| (Rich::plain(*family), of(family))).collect()
        }
        (true, _) => {
            let groups = by_size(&sizes, &all).into_iter();
            groups.map(|g| (math(&format!("_N_ = {}", g.name)), g.rows)).collect()
        }
        (false, ..=NAMED) => all.iter().map(|i| (Rich::plain(curves[*i].run.as_str()), vec![*i])).collect(),
        (false, count) => vec![(format!("{count} runs").into(), all)],
    };
    let thickness = if curves.len() > 40 { 0.4 } else { 0.7 };
    for (name, rows) in &groups {
        for row in rows {
            let curve = &curves[*row];
            let line = Line::new(thinned(&curve.points)).thickness(thickness).series(name.clone());
            let family = families.iter().position(|family| *family == curve.family).filter(|_| dashed);
            panel = panel.with(match family {
                Some(at) => line.key(families[at]).dash(DASHES[at]),
                None => line,
            });
            if !curve.held_out.is_empty() {
                let marks = Points::new(curve.held_out.iter().copied()).colour(name.clone()).marker(HELD_OUT);
                panel = panel.with(marks.open());
            }
        }
    }
    let last = ends(curves.iter().filter_map(|c| c.points.last().map(|p| p.1)));
    let last = last.map_or(String::new(), |(l, h)| format!(" They end between {} and {}.", said(l, 3), said(h, 3)));
    let broken = if dashed { ", lines broken by family" } else { "" };
    let by = match (sized, groups.len()) {
        _ if by_family => ", coloured by family".to_owned(),
        (true, _) => ends(sizes.iter().copied())
            .map_or(String::new(), |(l, h)| format!(", coloured by parameters, {} to {}{broken}", count(l), count(h))),
        (false, _) if alike => format!(" of {} parameters", count(sizes[0])),
        (false, groups) if groups < curves.len() => {
            ", all alike: the table has no sizes to tell them apart by, and they are too many to be named".to_owned()
        }
        _ => String::new(),
    };
    let rings = match curves.iter().any(|c| !c.held_out.is_empty()) {
        true => " Open marks: the loss on held-out text.",
        false => "",
    };
    let runs = if curves.len() == 1 { "one run".to_owned() } else { format!("{} runs", curves.len()) };
    let figure = Figure::new(format!("Loss of {runs} over their training{by}.{last}"))
        .caption(format!(
            "Loss over training of {runs}{by}; means over {PLACES} stretches that are even in the logarithm.{last}{rings} {source}"
        ))
        .aspect(0.7)
        .style(HELD_OUT, None, Marker::Circle)
        .panel(panel);
    if sized { figure.colours(Colours::Ordered) } else { figure }
}

/// Means over stretches that are even in the logarithm: noise of single steps hides the curve.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut good: Vec<(f64, f64)> =
        points.iter().copied().filter(|(x, y)| *x > 0.0 && x.is_finite() && y.is_finite()).collect();
    good.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some(first), Some(last)) = (good.first().copied(), good.last().copied()) else { return Vec::new() };
    let width = libm::log(last.0 / first.0) / PLACES as f64;
    if good.len() <= PLACES || width <= 0.0 {
        return good;
    }
    let mut out = Vec::new();
    let mut at = 0;
    while at < good.len() {
        let place = |x: f64| libm::floor(libm::log(x / first.0) / width);
        let own = place(good[at].0);
        let end = at + good[at..].iter().take_while(|p| place(p.0) == own).count().max(1);
        let n = (end - at) as f64;
        let x = libm::exp(good[at..end].iter().map(|p| libm::log(p.0)).sum::<f64>() / n);
        out.push((x, good[at..end].iter().map(|p| p.1).sum::<f64>() / n));
        at = end;
    }
    out
}

/// Names that columns have where `--map` gives them none of ours.
const RUN: [&str; 4] = ["run", "name", "run_id", "hyper_id"];
const ALONG: [&str; 4] = ["tokens", "D", "step", "steps"];
const LOSS: [&str; 4] = ["loss", "L", "val_loss", "train_loss"];
const FAMILY: [&str; 1] = ["family"];
const HELD: [&str; 1] = ["held_out"];
const PARAMS: [&str; 4] = ["params", "N", "parameters", "n_params"];

fn find<'a>(table: &'a Table, names: &[&str]) -> Option<&'a Column> {
    names.iter().find_map(|n| table.columns().iter().find(|c| c.name.eq_ignore_ascii_case(n)))
}

/// The curves of a table, in the order in which runs first appear; and what they run along.
///
/// # Errors
/// If a column is missing or holds no numbers.
pub fn read(table: &Table) -> Result<(Vec<Curve>, String), Missing> {
    let missing = |names: &[&str]| {
        let have: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
        Missing::new(
            format!("the table has no column {}: it has {}", names.join(" or "), have.join(", ")),
            format!("--map \"{}=COLUMN\" names it", names[0]),
        )
    };
    let numbers = |names: &[&str]| -> Result<(String, Vec<f64>), Missing> {
        let column = find(table, names).ok_or_else(|| missing(names))?;
        let values = column.as_numbers().ok_or_else(|| missing(names))?.values.clone();
        Ok((column.name.clone(), values))
    };
    let ((along, x), (_, loss)) = (numbers(&ALONG)?, numbers(&LOSS)?);
    let params = numbers(&PARAMS).ok().map(|p| p.1);
    let held_out = numbers(&HELD).ok().map(|h| h.1);
    let family = find(table, &FAMILY);
    let run = find(table, &RUN).ok_or_else(|| missing(&RUN))?;
    let mut curves: Vec<Curve> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for row in 0..table.len() {
        let name = run.text(row);
        let i = *seen.entry(name.clone()).or_insert(curves.len());
        if i == curves.len() {
            let family = family.map_or(String::new(), |column| column.text(row));
            curves.push(Curve { run: name, family, params: params.as_ref().map(|p| p[row]), ..Curve::default() });
        }
        let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
        if params.as_ref().zip(curves[i].params).is_some_and(|(p, first)| !same(p[row], first)) {
            return Err(Missing::new(
                format!("line {}: run {} has other parameters than before", table.line(row), curves[i].run),
                "a run has one size: --map \"run=COLUMN\" names the column that tells all runs apart",
            ));
        }
        let sound = |loss: f64| x[row] > 0.0 && x[row].is_finite() && loss.is_finite();
        if sound(loss[row]) {
            curves[i].points.push((x[row], loss[row]));
        }
        curves[i].held_out.extend(held_out.as_ref().map(|held| (x[row], held[row])).filter(|held| sound(held.1)));
    }
    if curves.iter().all(|c| c.points.len() < 2) {
        return Err(Missing::new(
            format!("no run has two rows with {along} above zero and a loss: there is no curve"),
            "learning curves are drawn from tables of steps, with a row for every step of every run",
        ));
    }
    Ok((curves, along))
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let table = material.table.as_ref().ok_or_else(|| {
        Missing::new("learning curves are drawn from a table of steps", "name a table with run, step and loss")
    })?;
    let (curves, along) = read(table)?;
    let file = table.source.rsplit(['/', '\\']).next().unwrap_or("");
    Ok(figure(&curves, &along, &format!("{} rows of {file}.", table.len())))
}
