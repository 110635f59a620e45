//! The loss over parameters and tokens: where more of one is worth more than more of the other.

use isoloss_laws::{Fit, Points};

use super::scales::{self, BEYOND, ends, families, grid, rows_of};
use super::words::{count, equation, said};
use super::{Entry, Material, Missing, Needs};
use crate::axis::Scale;
use crate::figure::{Figure, LegendPlace, Panel, Share};
use crate::layer::{Contours, Dash, Line, Points as Marks};
use crate::numbers::Numbers;
use crate::palette::Colour;
use crate::text::math;
use crate::ticks::ticks;

/// See `isoloss figure surface`.
pub const ENTRY: Entry = Entry {
    name: "surface",
    says: "loss over parameters and tokens, with the compute-optimal path and the runs",
    needs: &[Needs::Runs, Needs::Fit],
    takes: &[],
    draw,
    published: Some(of_papers),
    beside: None,
};

/// Places of the grid along each axis.
const GRID: usize = 44;
/// Panels beside each other; more families than this are not drawn.
const PANELS: usize = 4;

/// The surface of a law of N and D, one panel per family.
///
/// # Errors
/// If the law reads anything else, or its runs do not tell N from D.
pub fn figure(fit: &Fit, runs: Option<&Points>, source: &str) -> Result<Figure, Missing> {
    let mut inputs: Vec<&str> = fit.law.inputs().collect();
    inputs.sort_unstable();
    if inputs != ["D", "N"] || !fit.law.formula.groups().is_empty() {
        return Err(Missing::new(
            format!("the law {} reads {}: a surface needs N and D alone", fit.law.name, inputs.join(", ")),
            "fit one that does: --law chinchilla",
        ));
    }
    if fit.ladder.is_some() {
        return Err(Missing::new(
            "parameters and tokens of the runs grow together: there is a line, and no surface",
            "a surface needs runs of one size with several numbers of tokens, or of one budget with several sizes",
        ));
    }
    let range = |name: &str, usual: (f64, f64)| {
        let rows = runs.and_then(|p| ends(p.column(name)?.iter().copied())).filter(|r| r.0 > 0.0);
        let fitted = || fit.ranges.iter().find(|r| r.0 == name).map(|r| (r.1, r.2)).filter(|r| r.0 > 0.0);
        // Room for what ten times the compute would be spent on.
        let wide = |(l, h): (f64, f64)| (l / 1.6, h * libm::sqrt(BEYOND));
        rows.or_else(fitted).map_or(usual, wide)
    };
    let (n, d) = (range("N", (1e7, 1e12)), range("D", (1e9, 1e13)));
    let (ns, ds) = (grid(n.0, n.1, GRID), grid(d.0, d.1, GRID));
    let bare = scales::bare(fit);
    let mut figure = Figure::new("").aspect(0.8).legend(LegendPlace::Below);
    let mut says = Vec::new();
    let shown = families(fit);
    let columns = vec![
        ("N".to_owned(), ds.iter().flat_map(|_| ns.iter().copied()).collect::<Vec<f64>>()),
        ("D".to_owned(), ds.iter().flat_map(|d| ns.iter().map(move |_| *d)).collect()),
    ];
    let each = shown.iter().take(PANELS).map(|family| {
        let labels = family.clone().map(|f| vec![f; ns.len() * ds.len()]);
        Ok(bare.predict(&columns, labels.as_deref())?.iter().map(|p| p.mean.value).collect())
    });
    let surfaces = each.collect::<Result<Vec<Vec<f64>>, Missing>>()?;
    let (least, most) = ends(surfaces.iter().flatten().copied()).unwrap_or((1.0, 2.0));
    let levels = levels(least, most);
    for (family, values) in shown.iter().zip(surfaces) {
        let surface = Contours { values, xs: ns.clone(), ys: ds.clone(), labelled: true, ..Contours::default() };
        let x = scales::input("N", &fit.law, &fit.units, true).range(n.0, n.1);
        let y = scales::input("D", &fit.law, &fit.units, true).range(d.0, d.1);
        let mut panel = Panel::new(x, y).with(surface.levels(levels.clone()).filled());
        if let Some(name) = family {
            panel = panel.title(name.as_str());
        }
        let (low, high) = (6.0 * n.0 * d.0, 6.0 * n.1 * d.1);
        let (from, to) = (libm::ceil(libm::log10(low)) as i32, libm::floor(libm::log10(high)) as i32);
        let every = if to - from > 6 { 2 } else { 1 };
        for power in (from..=to).filter(|p| p % every == 0) {
            let c = libm::pow(10.0, f64::from(power));
            // Ends inside of the panel, so that the label has room.
            let (a, b) = ((c / (6.0 * d.1)).max(n.0), (c / (6.0 * d.0)).min(n.1));
            if b / a > 1.5 {
                let line = Line::new(grid(a, b, 1).into_iter().map(|n| (n, c / (6.0 * n))));
                let label = math(&format!("10^{{{power}}}"));
                panel = panel.with(line.key("equal compute, FLOPs").label(label).dash(Dash::Dotted).thickness(0.6));
            }
        }
        let plans = scales::frontier(&bare, family.as_deref(), &grid(low, high, 40));
        let run = scales::budgets(fit, runs);
        let ends_of_runs = scales::frontier(&bare, family.as_deref(), &[run.0, run.1]);
        let path = plans.iter().map(|(_, p)| (p.params.value, p.tokens.value));
        let path: Vec<(f64, f64)> = path.filter(|(x, y)| (n.0..=n.1).contains(x) && (d.0..=d.1).contains(y)).collect();
        if let (Some(first), Some(last)) = (path.first(), path.last()) {
            let lead = family.as_ref().map_or(String::new(), |f| format!("{f}: "));
            let ratio = |p: &(f64, f64)| said(p.1 / p.0, 2);
            says.push(format!(
                "{lead}from N = {}, D = {} ({} tokens per parameter) to N = {}, D = {} ({})",
                count(first.0),
                count(first.1),
                ratio(first),
                count(last.0),
                count(last.1),
                ratio(last)
            ));
        }
        // Without best sizes there is no path, and a name in the legend is a promise.
        if !path.is_empty() {
            let mut line = Line::new(path).series("compute-optimal").thickness(1.4);
            if let (true, [(_, a), (_, b)]) = (fit.rows > 0, ends_of_runs.as_slice()) {
                line = line.measured(a.params.value, b.params.value);
            }
            panel = panel.with(line);
        }
        if let Some(points) = runs {
            let (ns, ds) = (points.column("N").unwrap_or(&[]), points.column("D").unwrap_or(&[]));
            let marks = rows_of(points, family.as_deref()).into_iter().map(|r| (ns[r], ds[r]));
            panel = panel.with(Marks::new(marks).series("runs").radius(1.4));
        }
        figure = figure.panel(panel);
    }
    let law: String = match shown.as_slice() {
        [None] => equation(fit, None).iter().map(|l| l.to_string().trim().to_owned()).collect::<Vec<_>>().join(" "),
        _ => format!("law {}, fitted per family", fit.law.name),
    };
    let columns = if shown.len() > 1 { 2 } else { 1 };
    const NO_PATH: &str = "No path: the law has no best sizes at these budgets.";
    let goes = match says.is_empty() {
        true => NO_PATH.to_owned(),
        false => format!("The compute-optimal path goes {}.", says.join("; ")),
    };
    figure.alt = format!("Loss over parameters and tokens, {law}. {goes}");
    let path = match (says.is_empty(), runs.is_some()) {
        (true, _) => NO_PATH.to_owned(),
        (_, true) => {
            let says = says.join("; ");
            format!("Solid path: least loss at C = 6 N D, {says}. Dotted where it lies beyond the compute of the runs.")
        }
        (_, false) => format!("Path: least loss at C = 6 N D, {}.", says.join("; ")),
    };
    let steps = match levels.as_slice() {
        [first, second, .., last] => {
            let above = if most > last + 1.5 * (second - first) { ", none above" } else { "" };
            let [step, first, last] = [second - first, *first, *last].map(|x| said(x, 4));
            format!(" in steps of {step} from {first} to {last}{above}")
        }
        _ => String::new(),
    };
    figure.caption = format!(
        "Lines of equal loss over parameters N and tokens D{steps}: {law}. Dots: equal compute. {path} {source}"
    );
    if shown.len() > PANELS {
        figure.caption.push_str(&format!(" The first {PANELS} of {} families.", shown.len()));
    }
    Ok(figure
        .columns(columns)
        .share(Share::Line, Share::Line)
        .style("runs", Colour::Ink, crate::marker::Marker::Circle)
        .style("compute-optimal", Colour::Hue(1), None))
}

/// Lines of equal loss at most.
const LINES: usize = 14;
/// Above so many times the least loss of the panel there are none: few runs are there, and the losses that matter would
/// share one line.
const HIGHEST: f64 = 4.0;

/// Round losses in even steps, so that the distance between lines is how fast the loss falls.
fn levels(least: f64, most: f64) -> Vec<f64> {
    let all = ticks(Scale::Linear, least, most.min(HIGHEST * least), LINES, Numbers::Auto).major;
    all.into_iter().map(|(level, _)| level).collect()
}

fn of_papers() -> Figure {
    scales::of_papers("besiroglu-2024", |fit, source| figure(fit, None, source))
}

pub(super) fn draw(material: &Material) -> Result<Figure, Missing> {
    let (fit, runs) = scales::fitted(material)?;
    let mut figure = figure(&fit, runs.map(|r| &r.points), &scales::source(&fit, runs))?;
    if figure.title.is_empty() && figure.panels.len() == 1 {
        figure.panels[0].title = math("Loss _L_(_N_, _D_)");
    }
    Ok(figure)
}
