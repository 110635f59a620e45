//! Grids at equal compute: a parabola per budget, its minimum, and the power of compute that the minima follow.

use isoloss_laws::{Approach, ApproachOptions, Budgets, Estimate, Kind, Minimum, Points, disagree, isoflop};

use super::scales::{self, BEYOND, ends, grid};
use super::words::{count, estimate, number, shown};
use super::{Choice, Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Colours, Figure, LegendPlace, Panel};
use crate::layer::{Arrow, Heads, Line, Note, Point, Points as Marks};
use crate::marker::Marker;
use crate::numbers::Numbers;
use crate::palette::Colour;
use crate::text::math;

/// See `isoloss figure isoflop`.
pub const ENTRY: Entry = Entry {
    name: "isoflop",
    says: "loss against parameters at equal compute, with parabolas and the power law of their minima",
    needs: &[Needs::Runs],
    takes: &[Choice::Budgets],
    draw,
    published: None,
    beside: None,
};

/// Normal quantile of the bars: the standard error comes from the parabola's residuals.
const BARS: f64 = 1.96;
/// Tables that are drawn for the interval of the exponent.
const DRAWS: usize = 200;

/// Parabolas and their minima. `exponent` is that of the best parameters, with its interval where it is known.
pub fn figure(points: &Points, approach: &Approach, budgets: &Budgets, exponent: &Estimate, source: &str) -> Figure {
    let (n, c) = (points.column("N").unwrap_or(&[]), scales::flops(points).unwrap_or_default());
    let mut grids = Panel::new(
        Axis::log10(math("Parameters _N_")).numbers(Numbers::Suffix),
        Axis::log10("Loss, nats per token").numbers(Numbers::Plain),
    );
    let mut best = Panel::new(scales::compute(), Axis::log10(math("Best parameters _N_\\*")).numbers(Numbers::Suffix));
    let mut counted = vec![false; points.len()];
    for minimum in &approach.minima {
        rows(points, &c, minimum.flops, budgets).iter().for_each(|r| counted[*r] = true);
    }
    let out: Vec<(f64, f64)> = (0..points.len()).filter(|r| !counted[*r]).map(|r| (n[r], points.target[r])).collect();
    let left = out.len();
    let few = 2 * left > points.len();
    if left > 0 {
        grids = grids.with(Marks::new(out).series("not counted").open().radius(1.2));
    }
    if few {
        let line = format!("{} of {} runs share a budget that counts", points.len() - left, points.len());
        grids = grids.with(Note::new(line.as_str()));
    }
    let mut said = Vec::new();
    for minimum in &approach.minima {
        let name = math(&format!("{} FLOPs", number(minimum.flops, 2)));
        let rows = rows(points, &c, minimum.flops, budgets);
        let (low, high) = ends(rows.iter().map(|r| n[*r])).unwrap_or((minimum.params / 2.0, minimum.params * 2.0));
        let bend = bend(minimum, rows.iter().map(|r| (n[*r], points.target[*r])));
        let curve = |n: f64| minimum.loss + bend * libm::log(n / minimum.params).powi(2);
        let bars = minimum.error.map(|e| (minimum.params * libm::exp(-BARS * e), minimum.params * libm::exp(BARS * e)));
        grids = grids
            .with(Line::new(grid(low / 1.15, high * 1.15, 60).into_iter().map(|n| (n, curve(n)))).series(name.clone()))
            .with(Marks::new(rows.iter().map(|r| (n[*r], points.target[*r]))).colour(name.clone()))
            .with(
                Marks::new([(minimum.params, minimum.loss)]).marker("minimum").colour(name.clone()).open().radius(3.0),
            );
        let mut point = Point::new(minimum.flops, minimum.params);
        if let Some((low, high)) = bars {
            point = point.interval(low, high);
            if high / low > 1.05 {
                let ends = ((low, minimum.loss), (high, minimum.loss));
                grids = grids.with(Arrow::new(ends.0, ends.1).heads(Heads::Bars).series(name.clone()));
            }
        }
        best = best.with(Marks::new([point]).marker("minimum").colour(name).open().radius(3.0));
        said.push(format!("{} at {} FLOPs", count(minimum.params), shown(&number(minimum.flops, 2))));
    }
    let (low, high) = ends(approach.minima.iter().map(|m| m.flops)).unwrap_or((1e18, 1e21));
    let end = high * BEYOND;
    let line = Line::new([low, high, end].map(|c| (c, approach.params.at(c)))).measured(low, high);
    let power = estimate(exponent, 3);
    let at = count(approach.params.at(end));
    best = best.with(line).with(
        Note::new(math(&format!("_N_\\* ~ _C_^{{_a_}}, _a_ = {power}")))
            .line(math(&format!("_N_\\* = {at} at {} FLOPs", number(end, 2)))),
    );
    let because: Vec<String> = (approach.left_out.iter().take(3))
        .map(|l| format!("{} FLOPs: {}", shown(&number(l.flops, 2)), l.reason))
        .collect();
    let not = match left {
        0 => String::new(),
        left => {
            let weak = if few { " Most runs share no budget: the power rests on few of them." } else { "" };
            format!("{weak} {left} runs belong to budgets that do not count ({}).", because.join("; "))
        }
    };
    let certain = match &exponent.interval {
        Some(i) => format!("{:.0} % interval of the exponent: {}", 100.0 * i.level, exponent.method),
        None => format!("no interval of the exponent: {}", exponent.method),
    };
    Figure::new(format!(
        "Left, loss against parameters at {} budgets, each with a parabola whose minimum is marked: {}. Right, the minima \
         against compute with the power {}.",
        approach.minima.len(),
        said.join(", "),
        power
    ))
    .caption(format!(
        "a, runs of {} budgets with a parabola in ln N through each; diamonds, their minima: {}. b, minima against \
         compute and the power law through them, N* = {} C^{}; dotted, extrapolated to {BEYOND} times the largest \
         budget. Bars: 95 % of the parabola's residuals; {certain}.{not} {source}",
        approach.minima.len(),
        said.join(", "),
        shown(&number(libm::exp(approach.params.log_factor), 3)),
        shown(&number(exponent.value, 3))
    ))
    .columns(2)
    .aspect(0.9)
    .lettered()
    .legend(LegendPlace::Below)
    .colours(Colours::Ordered)
    .style("minimum", None, Marker::Diamond)
    .style("not counted", Colour::Muted, Marker::Circle)
    .panel(grids)
    .panel(best)
}

/// The rows of a budget: those with its label, or with nearly its compute.
fn rows(points: &Points, flops: &[f64], budget: f64, budgets: &Budgets) -> Vec<usize> {
    match budgets {
        // No run was made for these budgets.
        Budgets::Interpolated(_) => Vec::new(),
        Budgets::Within(share) => {
            let near = |r: &usize| libm::fabs(libm::log(flops[*r] / budget)) <= libm::log1p(*share).max(1e-9);
            (0..points.len()).filter(near).collect()
        }
        Budgets::Labelled(labels) => {
            let of = |level: usize| (0..points.len()).filter(move |r| labels.index[*r] as usize == level);
            let middle = |level: usize| {
                let logs: Vec<f64> = of(level).map(|r| libm::log(flops[r])).collect();
                logs.iter().sum::<f64>() / logs.len() as f64
            };
            let off = |level: usize| libm::fabs(middle(level) - libm::log(budget));
            let nearest = (0..labels.levels.len()).min_by(|a, b| off(*a).total_cmp(&off(*b)));
            nearest.map_or(Vec::new(), |level| of(level).collect())
        }
    }
}

/// How a parabola in ln N with a known minimum bends: least squares over its runs, which is what the minimum came from.
fn bend(minimum: &Minimum, runs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut top, mut bottom) = (0.0, 0.0);
    for (n, loss) in runs {
        let u = libm::log(n / minimum.params).powi(2);
        top += u * (loss - minimum.loss);
        bottom += u * u;
    }
    if bottom > 0.0 { top / bottom } else { 0.0 }
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let runs = scales::runs(material)?;
    let mut options = ApproachOptions { fit: runs.options.clone(), ..ApproachOptions::default() };
    options.fit.draws = options.fit.draws.min(DRAWS);
    if let Some(labels) = &material.budgets {
        options.budgets = Budgets::Labelled(labels.clone());
    }
    let approach = isoflop(&runs.points, &options)?;
    // The exponent's interval comes from tables with noise drawn about the fitted law; without one there is none.
    let budget = approach.minima.last().map_or(1e20, |m| m.flops);
    let paired = disagree(&runs.points, &[Kind::Isoflop], budget, &options).ok();
    let own = paired.iter().flat_map(|d| &d.compared).find(|c| c.approach.kind == Kind::Isoflop);
    let exponent = own.map_or(&approach.params.exponent, |c| &c.approach.params.exponent);
    let source = format!("{} runs of {}.", runs.points.len(), runs.source);
    Ok(figure(&runs.points, &approach, &options.budgets, exponent, &source))
}
