//! The answer to a question that asks for no law: a table of families by rungs, of a loss or a measure.

use std::path::Path;

use isoloss::experiment::{Experiment, Part, Shown};
use isoloss_figures::report::{Block, Cell, Report, Section, Table as Cells};
use isoloss_laws::{Estimate, Interval, Of};
use isoloss_runs::Runs;

use super::answer::of;
use super::page::{asked, provenance};
use crate::commands::tell::made;
use crate::failure::Failure;
use crate::numbers::{count, number};
use crate::output::{self, BOLD, RESET, talk};
use crate::report::predictions::{interval, value};
use crate::report::table::{csv_line, table};

/// The answer.
pub struct Tabled<'a> {
    experiment: &'a Experiment,
    runs: Runs,
    shown: &'a Shown,
    families: Vec<String>,
    /// what a rung is called, and a cell for each family
    rungs: Vec<(String, Vec<Option<Estimate>>)>,
    /// the same less what the baseline has, seed by seed
    less: Vec<(String, Vec<Option<Estimate>>)>,
}

impl<'a> Tabled<'a> {
    /// The table of the runs of the ladder.
    pub fn new(experiment: &'a Experiment, shown: &'a Shown, runs: Runs) -> Result<Self, Failure> {
        let ladder = of(&runs, Part::Fit);
        let of_runs = ladder.table("runs.csv", experiment.fit.convention());
        let Some(measured) = of_runs.column(&shown.value).and_then(|column| column.as_numbers()) else {
            let known: Vec<&str> = of_runs.columns().iter().map(|column| column.name.as_str()).collect();
            let refused = experiment.refused(&["table", "value"], format!("no run has the column {}", shown.value));
            return Err(refused.hint(format!("there are {}", known.join(", "))).into());
        };
        let place = |names: &mut Vec<String>, name: &str| {
            names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len() - 1
            })
        };
        let (mut families, mut rungs) = (Vec::new(), Vec::new());
        for family in experiment.families() {
            place(&mut families, family);
        }
        // Values of a rung and a family, in the order of the seeds.
        let mut cells: Vec<Vec<Vec<f64>>> = Vec::new();
        for (run, &value) in ladder.iter().zip(&measured.values) {
            let (rung, family) = (place(&mut rungs, &run.labels.rung), place(&mut families, &run.labels.family));
            cells.resize(cells.len().max(rung + 1), vec![Vec::new(); families.len()]);
            cells[rung].resize(families.len(), Vec::new());
            cells[rung][family].push(value);
        }
        let at_rungs = |cell: &dyn Fn(&[Vec<f64>], usize) -> Option<Estimate>| -> Vec<_> {
            let row = |(rung, of): (&String, &Vec<Vec<f64>>)| {
                (rung.clone(), (0..families.len()).map(|family| cell(of, family)).collect())
            };
            rungs.iter().zip(&cells).map(row).collect()
        };
        let all = at_rungs(&|of, family| mean(&of[family]));
        let baseline = shown.baseline.as_ref().and_then(|name| families.iter().position(|family| family == name));
        let less = baseline.map_or_else(Vec::new, |baseline| {
            at_rungs(&|of, family| {
                let (own, other) = (&of[family], &of[baseline]);
                let pairs = own.iter().zip(other).map(|(own, other)| own - other);
                (family != baseline && own.len() == other.len()).then(|| mean(&pairs.collect::<Vec<_>>())).flatten()
            })
        });
        Ok(Self { experiment, runs, shown, families, rungs: all, less })
    }

    /// Every number by the name that `[found]` calls it by.
    fn found(&self) -> Vec<(String, &Estimate)> {
        let name = |family: &str, rung: &str| match family {
            "" => format!("{}, {rung}", self.shown.value),
            _ => format!("{}, {family}, {rung}", self.shown.value),
        };
        let mut all = Vec::new();
        for (rung, cells) in &self.rungs {
            let each = self.families.iter().zip(cells);
            all.extend(each.filter_map(|(family, cell)| Some((name(family, rung), cell.as_ref()?))));
        }
        let baseline = self.shown.baseline.as_deref().unwrap_or_default();
        for (rung, cells) in &self.less {
            let each = self.families.iter().zip(cells);
            all.extend(
                each.filter_map(|(family, cell)| Some((name(&format!("{family} - {baseline}"), rung), cell.as_ref()?))),
            );
        }
        all
    }

    /// Writes everything into the folder, but the runs, which are there before.
    pub fn save(&self, out: &Path) -> Result<(), Failure> {
        let end = |of: Option<f64>| of.map(|x| x.to_string()).unwrap_or_default();
        let line = |(name, e): (String, &Estimate)| {
            csv_line([name, e.value.to_string(), end(e.interval.map(|i| i.lower)), end(e.interval.map(|i| i.upper))])
        };
        let header = csv_line(["name", "value", "lower", "upper"]);
        let found = self.found().into_iter().map(line).fold(header, |text, line| text + &line);
        output::save(&out.join("found.csv"), found.as_bytes(), true)?;
        output::save(&out.join("report.html"), self.page().html().as_bytes(), true)
    }

    /// Says the answer.
    pub fn print(&self, out: &Path) -> Result<(), Failure> {
        let header: Vec<&str> = ["rung"].into_iter().chain(self.families.iter().map(String::as_str)).collect();
        let words = |cell: &Option<Estimate>| match cell {
            Some(e) if e.interval.is_some() => format!("{} {}", value(e), interval(e)),
            Some(e) => number(e.value, 4),
            None => String::new(),
        };
        let lines = |rows: &[(String, Vec<Option<Estimate>>)]| -> Vec<Vec<String>> {
            rows.iter()
                .map(|(rung, cells)| [rung.clone()].into_iter().chain(cells.iter().map(words)).collect())
                .collect()
        };
        let mut said =
            format!("{BOLD}{}{RESET}: {}.\n{}", self.shown.value, RANGE, table(&header, &lines(&self.rungs)));
        if !self.less.is_empty() {
            let baseline = self.shown.baseline.as_deref().unwrap_or_default();
            said.push_str(&format!("\n{BOLD}Less that of {baseline}{RESET}, seed by seed.\n"));
            said.push_str(&table(&header, &lines(&self.less)));
        }
        output::answer(&said)?;
        talk(format_args!("wrote {}", out.join("report.html").display()));
        Ok(())
    }

    fn page(&self) -> Report {
        let mut page = Report::new(&self.experiment.name, made()).question(&self.experiment.question);
        page.sections.push(asked(self.experiment, &self.runs));
        let shown = |rows: &[(String, Vec<Option<Estimate>>)]| {
            let mut shown = Cells::new(["rung".to_owned()].into_iter().chain(self.families.iter().cloned()));
            for (rung, cells) in rows {
                let cell = |cell: &Option<Estimate>| {
                    cell.clone().map_or(Cell::Empty, |e| match e.interval {
                        Some(_) => Cell::Words(format!("{} {}", value(&e), interval(&e))),
                        None => Cell::Number(e.value, 4),
                    })
                };
                shown = shown.row([Cell::Words(rung.clone())].into_iter().chain(cells.iter().map(cell)));
            }
            Block::Table(shown)
        };
        page.sections.push(
            Section::new("What was measured").words(format!("{}: {RANGE}.", self.shown.value)).with(shown(&self.rungs)),
        );
        if let Some(baseline) = &self.shown.baseline {
            let title = format!("Less that of {baseline}, seed by seed");
            page.sections.push(Section::new(title).with(shown(&self.less)));
        }
        page.sections.push(provenance(self.experiment, &self.runs, None));
        page
    }
}

/// What a cell says.
const RANGE: &str = "the mean of the seeds, from the least to the greatest";

/// The mean, from the least to the greatest: few seeds have no distribution.
fn mean(values: &[f64]) -> Option<Estimate> {
    let known: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let n = known.len();
    let [lower, upper] = [known.iter().copied().reduce(f64::min)?, known.iter().copied().reduce(f64::max)?];
    let interval = (n > 1).then_some(Interval { lower, upper, level: f64::NAN, of: Of::Mean });
    Some(Estimate {
        value: known.iter().sum::<f64>() / n as f64,
        interval,
        method: format!("range of {}", count(n, "seed")),
    })
}

/// Refuses what would be refused once all runs are there.
pub fn check(experiment: &Experiment, shown: &Shown) -> Result<(), Failure> {
    let families: Vec<&str> = experiment.families().collect();
    if let Some(baseline) = shown.baseline.as_deref().filter(|baseline| !families.contains(baseline)) {
        let message = format!("there is no family {baseline}: expected one of {}", families.join(", "));
        return Err(experiment.refused(&["table", "baseline"], message).into());
    }
    let known = ["loss", "bits_per_byte"];
    let may_be_measured = !experiment.evaluation.measures.is_empty();
    if !known.contains(&shown.value.as_str()) && !may_be_measured {
        let message = format!("{} is neither the loss nor a measure: the experiment takes none", shown.value);
        return Err(experiment
            .refused(&["table", "value"], message)
            .hint("[evaluation] measures = [\"accuracy\"]")
            .into());
    }
    Ok(())
}
