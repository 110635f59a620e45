//! The answer to a question that asks for no law: a table of families by rungs, of a loss or a measure.

use std::collections::BTreeMap;
use std::path::Path;

use isoloss::experiment::sweep::{self, Chosen, chosen};
use isoloss::experiment::{Experiment, Part, Shown};
use isoloss_figures::report::{Block, Cell, Report, Section, Table};
use isoloss_runs::Runs;

use super::answer::of;
use super::choices;
use super::page::{asked, provenance};
use crate::commands::tell::made;
use crate::failure::Failure;
use crate::numbers::{count, number};
use crate::output::{self, BOLD, RESET, talk};
use crate::report::table::{csv_line, table};

/// The answer.
pub struct Tabled<'a> {
    experiment: &'a Experiment,
    runs: Runs,
    chosen: Vec<Chosen>,
    shown: &'a Shown,
    families: Vec<String>,
    /// what a rung is called, and a cell for each family
    rungs: Vec<Row>,
    /// the same less what the baseline has
    less: Vec<Row>,
}

type Row = (String, Vec<Option<Spread>>);

/// What seeds came to: few have no distribution, and no interval.
#[derive(Clone, Copy)]
struct Spread {
    mean: f64,
    least: f64,
    greatest: f64,
    /// with a value, and all
    seeds: [usize; 2],
}

impl Spread {
    /// None where there is no run; NaN where none of them has a value.
    fn of(values: &[f64]) -> Option<Self> {
        let known: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        let [least, greatest] =
            [f64::min, f64::max].map(|of: fn(f64, f64) -> f64| known.iter().copied().fold(f64::NAN, of));
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        (!values.is_empty()).then_some(Self { mean, least, greatest, seeds: [known.len(), values.len()] })
    }

    /// `1.7555 (1.7476 to 1.7610)`, and how many seeds it lacks.
    fn words(&self) -> String {
        let [mean, least, greatest] = [self.mean, self.least, self.greatest].map(|x| number(x, 4));
        let [known, all] = self.seeds;
        if known == 0 {
            return format!("none of {}", count(all, "seed"));
        }
        let range = if known > 1 { format!(" ({least} to {greatest})") } else { String::new() };
        let lacking = if known < all { format!(", {known} of {all} seeds") } else { String::new() };
        mean + &range + &lacking
    }
}

impl<'a> Tabled<'a> {
    /// The table of the runs of the ladder.
    pub fn new(experiment: &'a Experiment, shown: &'a Shown, runs: Runs) -> Result<Self, Failure> {
        let ladder = of(&runs, Part::Fit);
        let of_runs = ladder.table("runs.csv", experiment.fit.convention());
        let Some(measured) = of_runs.column(&shown.value).and_then(|column| column.as_numbers()) else {
            let known = of_runs.columns().iter().filter(|column| column.as_numbers().is_some());
            let known: Vec<&str> = known.map(|column| column.name.as_str()).collect();
            let refused = experiment.refused(&["table", "value"], format!("no run has the column {}", shown.value));
            return Err(refused.hint(format!("numbers of these runs are {}", known.join(", "))).into());
        };
        let mut families: Vec<String> = experiment.families().map(str::to_owned).collect();
        let mut rungs: Vec<String> = Vec::new();
        let mut cells: BTreeMap<[String; 2], Vec<(u64, f64)>> = BTreeMap::new();
        for (run, &value) in ladder.iter().zip(&measured.values) {
            let (rung, family) = (&run.labels.rung, &run.labels.family);
            for (names, name) in [(&mut rungs, rung), (&mut families, family)] {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            cells.entry([rung.clone(), family.clone()]).or_default().push((run.seed, value));
        }
        let of_cell =
            |rung: &str, family: &str| cells.get(&[rung, family].map(str::to_owned)).cloned().unwrap_or_default();
        let rows = |cell: &dyn Fn(&str, &str) -> Option<Spread>| -> Vec<Row> {
            let row = |rung: &String| (rung.clone(), families.iter().map(|family| cell(rung, family)).collect());
            rungs.iter().map(row).collect()
        };
        let values = |all: &[(u64, f64)]| all.iter().map(|(_, value)| *value).collect::<Vec<f64>>();
        let all = rows(&|rung, family| Spread::of(&values(&of_cell(rung, family))));
        let less = shown.baseline.as_deref().map_or_else(Vec::new, |baseline| {
            rows(&|rung, family| {
                let other = |seed: u64| of_cell(rung, baseline).iter().find(|(of, _)| *of == seed).map(|(_, x)| *x);
                let own = of_cell(rung, family).into_iter().filter(|_| family != baseline);
                let pairs: Vec<f64> = own.map(|(seed, x)| x - other(seed).unwrap_or(f64::NAN)).collect();
                Spread::of(&pairs)
            })
        });
        let chosen = chosen(&runs)?;
        Ok(Self { experiment, runs, chosen, shown, families, rungs: all, less })
    }

    /// Every number by the name that `[found]` calls it by, with the least and the greatest of its seeds.
    fn found(&self) -> Vec<(String, Spread)> {
        let baseline = self.shown.baseline.as_deref().unwrap_or_default();
        let mut all = Vec::new();
        for (rows, less) in [(&self.rungs, String::new()), (&self.less, format!(" - {baseline}"))] {
            for (rung, cells) in rows {
                for (family, cell) in self.families.iter().zip(cells) {
                    let parts = [self.shown.value.clone(), format!("{family}{less}"), rung.clone()];
                    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                    all.extend(cell.filter(|cell| cell.seeds[0] > 0).map(|cell| (parts.join(", "), cell)));
                }
            }
        }
        all
    }

    /// Writes everything into the folder, but the runs, which are there before.
    pub fn save(&self, out: &Path) -> Result<(), Failure> {
        let write = |name: &str, text: String| output::save(&out.join(name), text.as_bytes(), true);
        let line = |(name, cell): (String, Spread)| {
            csv_line([name, cell.mean.to_string(), cell.least.to_string(), cell.greatest.to_string()])
        };
        let header = csv_line(["name", "value", "lower", "upper"]);
        write("found.csv", self.found().into_iter().map(line).fold(header, |text, line| text + &line))?;
        if !self.chosen.is_empty() {
            write("choices.csv", choices::csv(&sweep::table(&self.chosen, self.experiment.fit.convention())))?;
        }
        write("report.html", self.page().html())
    }

    /// Says the answer.
    pub fn print(&self, out: &Path) -> Result<(), Failure> {
        let header: Vec<&str> = ["rung"].into_iter().chain(self.families.iter().map(String::as_str)).collect();
        let words = |cell: &Option<Spread>| cell.as_ref().map_or_else(String::new, Spread::words);
        let lines = |rows: &[Row]| -> Vec<Vec<String>> {
            let line = |(rung, cells): &Row| [rung.clone()].into_iter().chain(cells.iter().map(words)).collect();
            rows.iter().map(line).collect()
        };
        let mut said = choices::text(&self.chosen);
        said.push_str(&format!("{BOLD}{}{RESET}: {RANGE}.\n{}", self.shown.value, table(&header, &lines(&self.rungs))));
        if let Some(baseline) = &self.shown.baseline {
            said.push_str(&format!("\n{BOLD}Less that of {baseline}{RESET}, seed by seed.\n"));
            said.push_str(&table(&header, &lines(&self.less)));
        }
        output::answer(&said)?;
        talk(format_args!("wrote {}", out.join("report.html").display()));
        Ok(())
    }

    fn page(&self) -> Report {
        let mut page = Report::new(&self.experiment.name, made()).question(&self.experiment.question);
        let cell = |cell: &Option<Spread>| cell.as_ref().map_or(Cell::Empty, |cell| Cell::Words(cell.words()));
        let shown = |rows: &[Row]| {
            let header = ["rung".to_owned()].into_iter().chain(self.families.iter().cloned());
            let row = |(rung, cells): &Row| -> Vec<Cell> {
                [Cell::Words(rung.clone())].into_iter().chain(cells.iter().map(cell)).collect()
            };
            Block::Table(rows.iter().map(row).fold(Table::new(header), Table::row))
        };
        page.sections.push(asked(self.experiment, &self.runs));
        page.sections.extend(choices::section(&self.chosen));
        let measured = Section::new("What was measured").words(format!("{}: {RANGE}.", self.shown.value));
        page.sections.push(measured.with(shown(&self.rungs)));
        if let Some(baseline) = &self.shown.baseline {
            let title = format!("Less that of {baseline}, seed by seed");
            page.sections.push(Section::new(title).with(shown(&self.less)));
        }
        page.sections.push(provenance(self.experiment, &self.runs, None));
        page
    }
}

/// What a cell says.
const RANGE: &str = "the mean of the seeds, and from the least to the greatest of them";

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

/// Refuses a value that no run will have, before any is trained.
pub fn check_value(experiment: &Experiment, shown: &Shown, planned: &Runs) -> Result<(), Failure> {
    let table = planned.table("the planned runs", experiment.fit.convention());
    // What a measure brings is known by its name once it is there.
    if table.column(&shown.value).is_some() || !experiment.evaluation.measures.is_empty() {
        return Ok(());
    }
    let message = format!("{} is neither a column of runs nor a measure: the experiment takes none", shown.value);
    Err(experiment.refused(&["table", "value"], message).hint("[evaluation] measures = [\"accuracy\"]").into())
}
