//! The answer to a question that asks for no law: tables of families by rungs, of losses or measures, and what families are
//! worth in size.

mod cells;
mod show;
mod worth;

use isoloss::experiment::sweep::{Chosen, chosen};
use isoloss::experiment::{Experiment, Shown};
use isoloss_figures::catalogue::{Material, pareto};
use isoloss_figures::{Figure, Width};
use isoloss_formula::{Column, Table, nearest};
use isoloss_runs::Runs;
use isoloss_runs::record::Part;

use super::answer::of;
use super::found::Found;
use crate::failure::Failure;
use cells::{Cells, Layout, Spread};
use worth::{Asked, Measured, Worths};

/// The answer.
pub struct Tabled<'a> {
    experiment: &'a Experiment,
    runs: Runs,
    chosen: Vec<Chosen>,
    shown: &'a Shown,
    families: Vec<String>,
    /// value by value
    cells: Vec<Cells>,
    /// the same; none where no size is asked for
    worths: Vec<Worths<'a>>,
    /// where one is asked for, or why there is none
    figure: Option<Result<Figure, String>>,
}

impl<'a> Tabled<'a> {
    /// The tables of the runs of the ladder.
    pub fn new(experiment: &'a Experiment, shown: &'a Shown, runs: Runs) -> Result<Self, Failure> {
        let ladder = of(&runs, Part::Fit);
        let of_runs = ladder.table("runs.csv", experiment.fit.convention());
        let optional = |name: &str| Some(of_runs.column(name)?.as_numbers()?.values.as_slice());
        let numbers = |key: &str, name: &str| {
            optional(name).ok_or_else(|| {
                let known = of_runs.columns().iter().filter(|column| column.as_numbers().is_some());
                let known: Vec<&str> = known.map(|column| column.name.as_str()).collect();
                let refused = experiment.refused(&["table", key], format!("no run has the column {name}"));
                Failure::from(refused.hint(format!("numbers of these runs are {}", known.join(", "))))
            })
        };
        let layout = Layout::of(experiment.families(), &ladder);
        let baseline =
            shown.baseline.as_ref().and_then(|name| layout.families.iter().position(|family| family == name));
        // Seeds are compared where they share their batches.
        let paired = baseline.filter(|_| experiment.ladder.paired);
        let (mut cells, mut worths, mut figure) = (Vec::new(), Vec::new(), None);
        for value in &shown.values {
            let scores = numbers("value", value)?;
            cells.push(Cells::of(&layout, value, scores, paired));
            let (Some(size), Some(baseline)) = (&shown.size, baseline) else { continue };
            let measured =
                Measured { scores, sizes: numbers("size", size)?, errors: optional(&format!("{value}_stderr")) };
            let worth = Worths::of(&layout, Asked { value, size, baseline }, measured);
            if worths.is_empty() && !experiment.figures.is_empty() {
                figure = Some(match worth.reason() {
                    Some(why) => Err(why.to_owned()),
                    None => drawn(&layout, Asked { value, size, baseline }, measured),
                });
            }
            worths.push(worth);
        }
        let chosen = chosen(&runs)?;
        Ok(Self { experiment, runs, chosen, shown, families: layout.families, cells, worths, figure })
    }

    /// Every number by the name that `[found]` calls it by, with the least and the greatest of its seeds, or its interval.
    fn found(&self) -> Vec<Found> {
        let baseline = self.shown.baseline.as_deref().unwrap_or_default();
        let mut all = Vec::new();
        for cells in &self.cells {
            for (rows, less) in [(&cells.rungs, String::new()), (&cells.less, format!(" - {baseline}"))] {
                for (rung, row) in rows {
                    for (family, cell) in self.families.iter().zip(row) {
                        let parts = [cells.value.clone(), format!("{family}{less}"), rung.clone()];
                        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                        let cell = cell.filter(|cell| cell.seeds[0] > 0);
                        let named = |cell: Spread| Found {
                            name: parts.join(", "),
                            value: cell.mean,
                            ends: Some([cell.least, cell.greatest]),
                        };
                        all.extend(cell.map(named));
                    }
                }
            }
        }
        all.extend(self.worths.iter().flat_map(Worths::found));
        all
    }
}

/// Scores against sizes, with what the families are worth.
fn drawn(layout: &Layout, asked: Asked<'_>, measured: Measured<'_>) -> Result<Figure, String> {
    let sound: Vec<usize> = (0..layout.places.len()).filter(|&at| measured.run(at).is_some()).collect();
    let of = |values: &[f64]| sound.iter().map(|&at| values[at]).collect::<Vec<f64>>();
    let families = sound.iter().map(|&at| layout.families[layout.places[at].family].clone()).collect();
    let mut table = Table::new("runs.csv", Vec::new(), (2..).take(sound.len()).collect());
    table.push(Column::words("family", families));
    table.push(Column::numbers("size", of(measured.sizes)));
    table.push(Column::numbers("score", of(measured.scores)));
    if let Some(errors) = measured.errors {
        table.push(Column::numbers("score_stderr", of(errors)));
    }
    let baseline = Some(layout.families[asked.baseline].clone());
    let material = Material { table: Some(table), baseline, ..Material::default() };
    let mut figure = (pareto::ENTRY.draw)(&material).map_err(|why| why.message)?.width(Width::Double);
    for panel in &mut figure.panels {
        panel.x.label = asked.size.into();
        panel.y.label = asked.value.into();
    }
    figure.caption.push_str(&format!(" Scores are {}, sizes {}.", asked.value, asked.size));
    Ok(figure)
}

/// Refuses a baseline that there is not.
pub fn check(experiment: &Experiment, shown: &Shown) -> Result<(), Failure> {
    let families: Vec<&str> = experiment.families().collect();
    match shown.baseline.as_deref().filter(|baseline| !families.contains(baseline)) {
        None => Ok(()),
        Some(baseline) => {
            let message = format!("there is no family {baseline}: expected one of {}", families.join(", "));
            Err(experiment.refused(&["table", "baseline"], message).into())
        }
    }
}

/// Refuses values that no run will have, and a size that is no count of them, before any is trained.
pub fn check_columns(experiment: &Experiment, shown: &Shown, planned: &Runs) -> Result<(), Failure> {
    let table = planned.table("the planned runs", experiment.fit.convention());
    if let Some(size) = &shown.size
        && table.column(size).is_none_or(|column| column.as_numbers().is_none())
    {
        let known = table.columns().iter().filter(|column| column.as_numbers().is_some());
        let near = nearest(size, known.map(|column| column.name.as_str()));
        let refused = experiment.refused(&["table", "size"], format!("planned runs have no number {size}"));
        let hint = near.first().map_or("size = \"params_non_embedding\"".into(), |near| format!("is `{near}` meant?"));
        return Err(refused.hint(hint).into());
    }
    // What a measure brings is known by its name once it is there.
    let known = |value: &&String| table.column(value).is_some() || !experiment.evaluation.measures.is_empty();
    let Some(value) = shown.values.iter().find(|value| !known(value)) else { return Ok(()) };
    let message = format!("{value} is neither a column of runs nor a measure: the experiment takes none");
    Err(experiment.refused(&["table", "value"], message).hint("[evaluation] measures = [\"accuracy\"]").into())
}
