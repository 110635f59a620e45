//! Sweeps of a learning rate: the loss of every run against it, by rung, and the best value with its interval.

use isoloss_laws::{Choice, choose};

use super::columns::{Columns, Names, nothing, skipped};
use super::words::estimate;
use super::{Entry, Material, Missing, Needs};
use crate::axis::Axis;
use crate::figure::{Colours, Figure, LegendPlace, Panel};
use crate::layer::{Arrow, Heads, Line, Points};
use crate::marker::Marker;
use crate::numbers::Numbers;
use crate::palette::Colour;

const COLUMNS: Names = &[
    ("rung", "what was swept: a size and a length"),
    ("lr", "the peak learning rate"),
    ("loss", "nats per token; a run that diverged has none"),
];

/// See `isoloss figure sweep`.
pub const ENTRY: Entry = Entry {
    name: "sweep",
    says: "loss against learning rate, rung by rung, and the best value of each",
    needs: &[Needs::Table(COLUMNS)],
    takes: &[],
    draw,
    published: None,
    beside: None,
};

/// Level of the intervals of best values.
const LEVEL: f64 = 0.95;

/// The runs of one rung.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// in the legend
    pub rung: String,
    /// learning rate and loss of every run
    pub runs: Vec<(f64, f64)>,
    /// what [`choose`] says of them, where it says something
    pub best: Option<Choice>,
}

/// A curve a rung, through the mean loss at each learning rate.
pub fn figure(all: &[Swept], source: &str) -> Figure {
    let mut panel =
        Panel::new(Axis::log10("Peak learning rate").numbers(Numbers::Plain), Axis::linear("Loss, nats per token"));
    let mut figure = Figure::new("");
    let mut said = Vec::new();
    for swept in all {
        let mut means: Vec<(f64, Vec<f64>)> = Vec::new();
        for &(lr, loss) in &swept.runs {
            match means.iter_mut().find(|(known, _)| *known == lr) {
                Some((_, losses)) => losses.push(loss),
                None => means.push((lr, vec![loss])),
            }
        }
        means.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mean = |(lr, losses): &(f64, Vec<f64>)| (*lr, losses.iter().sum::<f64>() / losses.len() as f64);
        panel = panel
            .with(Line::new(means.iter().map(mean)).series(swept.rung.as_str()))
            .with(Points::new(swept.runs.iter().copied()).colour(swept.rung.as_str()).radius(1.2));
        let Some(best) = &swept.best else { continue };
        let mark = Points::new([(best.best.value, best.loss)]);
        panel = panel.with(mark.marker("best").colour(swept.rung.as_str()).open().radius(3.0));
        if let Some(i) = best.best.interval {
            // An interval may reach far beyond what was tried, and would own the axis.
            let ends = swept.runs.iter().map(|(lr, _)| *lr);
            let (low, high) = ends.fold((f64::INFINITY, 0.0), |(l, h), lr| (f64::min(l, lr), f64::max(h, lr)));
            let from = (i.lower.clamp(low / 1.5, high * 1.5), best.loss);
            let to = (i.upper.clamp(low / 1.5, high * 1.5), best.loss);
            panel = panel.with(Arrow::new(from, to).heads(Heads::Bars).series(swept.rung.as_str()));
        }
        let edge = if best.edge.is_some() { ", at the edge of what was tried" } else { "" };
        said.push(format!("{} {}{edge}", swept.rung, estimate(&best.best, 2)));
    }
    let best = if said.is_empty() { "none is known".to_owned() } else { said.join("; ") };
    figure.alt = format!("Loss against the peak learning rate of {} sweeps. Best learning rates: {best}.", all.len());
    figure
        .caption(format!(
            "Loss of every run against its peak learning rate, with a line through the means; diamonds and bars, the best \
             learning rate and its 95 % interval, by a parabola in the logarithm about the best that was tried: {best}. {source}"
        ))
        .aspect(0.75)
        .legend(LegendPlace::Below)
        .colours(if all.len() > Colour::HUES { Colours::Ordered } else { Colours::default() })
        .style("best", None, Marker::Diamond)
        .panel(panel)
}

fn draw(material: &Material) -> Result<Figure, Missing> {
    let columns = Columns::of(material, COLUMNS)?;
    // As our own results have them: the setting by its full name, families, and runs that are no sweep's.
    let lr = columns.optional("lr")?.or(columns.optional("training.lr")?).map_or_else(|| columns.numbers("lr"), Ok)?;
    let loss = columns.numbers("loss")?;
    let mut rungs = columns.words("rung")?;
    if let Some(family) = columns.find("family") {
        let names = columns.texts(family).into_iter().zip(&mut rungs).filter(|(family, _)| !family.is_empty());
        names.for_each(|(family, rung)| *rung = format!("{family}, {rung}"));
    }
    let parts = columns.find("run.split").or_else(|| columns.find("split")).map(|column| columns.texts(column));
    let is_swept = |row: usize| parts.as_ref().is_none_or(|parts| parts[row] == "sweep");
    let mut all: Vec<Swept> = Vec::new();
    let mut drawn = 0;
    for (row, rung) in
        rungs.iter().enumerate().filter(|(row, _)| is_swept(*row) && lr[*row] > 0.0 && loss[*row].is_finite())
    {
        drawn += 1;
        let run = (lr[row], loss[row]);
        match all.iter_mut().find(|swept| swept.rung == *rung) {
            Some(swept) => swept.runs.push(run),
            None => all.push(Swept { rung: rung.clone(), runs: vec![run], best: None }),
        }
    }
    if all.is_empty() {
        return Err(nothing(columns.table, "a learning rate and a loss"));
    }
    for swept in &mut all {
        let (lrs, losses): (Vec<f64>, Vec<f64>) = swept.runs.iter().copied().unzip();
        swept.best = choose(&lrs, &losses, LEVEL).ok();
    }
    let source = format!("{drawn} runs of {}.{}", columns.table.source, skipped(columns.table, drawn));
    Ok(figure(&all, &source))
}
