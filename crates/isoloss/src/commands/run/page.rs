//! The report of an experiment.

use isoloss::experiment::Experiment;
use isoloss_figures::Figure;
use isoloss_figures::report::{Block, Cell, Report, Section, Table};
use isoloss_laws::Fit;
use isoloss_runs::Runs;
use isoloss_runs::record::Run as Record;

use super::against;
use super::answer::Answer;
use super::choices;
use super::hulls;
use super::multipliers;
use super::rungs;
use super::ways;
use crate::commands::tell::{FIGURES, made};
use crate::commands::train::texts;
use crate::failure::Failure;
use crate::numbers::{count, number};

/// Everything that the experiment says, as one page, with the figures that it lists.
pub fn page(answer: &Answer, figures: &[(&str, Result<Figure, Failure>)]) -> Report {
    let experiment = answer.experiment;
    let mut page = Report::new(&experiment.name, made()).question(&experiment.question);
    page.sections.push(asked(answer.experiment, &answer.runs));
    page.sections.extend(choices::section(&answer.chosen));
    let mut told = answer.told.sections.clone();
    // The law first, then what it was asked, then the rest.
    let mut rest = told.split_off(told.len().min(1));
    if let Some(section) = rest.iter_mut().find(|section| section.title == FIGURES) {
        let is_told = |name: &str| answer.told.figures.iter().any(|(told, _)| *told == name);
        let more = figures.iter().filter(|(name, _)| !is_told(name)).map(|(name, figure)| match figure {
            Ok(figure) => Block::Figure(Box::new(figure.clone())),
            Err(why) => Block::Words(format!("There is no figure {name}: {}.", why.message())),
        });
        section.blocks.extend(more);
    }
    page.sections.extend(told);
    if !answer.loaded.constants.is_empty() {
        page.sections
            .push(Section::new("What the data say of the law").words(format!("Held: {}.", answer.constants())));
    }
    page.sections.extend(foretold(answer));
    page.sections.extend(truth(answer));
    page.sections.extend(multipliers::section(&answer.multipliers));
    page.sections.extend(against::section(&answer.against));
    page.sections.extend(rungs::section(&answer.at_rungs));
    page.sections.extend(hulls::section(&answer.hulls));
    page.sections.extend(ways::section(&answer.counted));
    page.sections.extend(beside(answer));
    page.sections.extend(rest);
    page.sections.push(provenance(answer.experiment, &answer.runs, Some(&answer.told.fit)));
    page
}

/// What was expected, and what it took.
pub fn asked(experiment: &Experiment, runs: &Runs) -> Section {
    let mut section = Section::new("What was asked");
    let parts = [
        ("Expected, before any run", &experiment.hypothesis),
        ("What it costs", &experiment.cost),
        ("What came out", &experiment.outcome),
    ];
    for (title, text) in parts {
        let text = text.trim();
        if !text.is_empty() {
            section = section.with(Block::Heading(title.into()));
            section = text.split("\n\n").fold(section, |s, part| s.words(part.replace('\n', " ")));
        }
    }
    if runs.iter().next().is_none() {
        return section;
    }
    let wall: f64 = runs.iter().map(|run| run.cost.wall_s).sum();
    let cpu: f64 = runs.iter().map(|run| run.cost.cpu_s).sum();
    let flops: f64 = runs.iter().map(|run| run.counts.flops_counted).sum();
    // Steps that branches of one trunk share were paid for once.
    let planned = |run: &Record| run.config["training"]["steps"].as_f64().unwrap_or(f64::INFINITY);
    let own = |run: &Record| run.cost.steps.map_or(1.0, |steps| steps as f64 / planned(run));
    let spent: f64 = runs.iter().map(|run| run.counts.flops_counted * own(run)).sum();
    let shared = if experiment.ladder.branches { format!(" ({} trained)", number(spent, 3)) } else { String::new() };
    let took = format!(
        "{}: {} FLOPs counted{shared}, {} CPU-seconds, {} seconds of runs.",
        count(runs.len(), "run"),
        number(flops, 3),
        number(cpu, 3),
        number(wall, 3)
    );
    let section = section.with(Block::Heading("These runs".into())).words(took);
    texts::of_runs(runs).iter().fold(section, |section, text| section.words(format!("Text {}.", text.words())))
}

/// The runs that took no part in the fit.
fn foretold(answer: &Answer) -> Option<Section> {
    if answer.foretold.is_empty() {
        return None;
    }
    let header =
        ["held-out run", "compute over the dearest fitted", answer.target(), "foretold for one new run", "off", ""];
    let mut table = Table::new(header);
    for told in &answer.foretold {
        let inside = match told.inside() {
            Some(true) => "inside",
            Some(false) => "outside",
            None => "",
        };
        let off = told.prediction.new_run.value / told.measured - 1.0;
        table = table.row([
            Cell::Words(told.name.clone()),
            Cell::Number(told.far, 2),
            Cell::Number(told.measured, 5),
            Cell::from(&told.prediction.new_run),
            Cell::Off(off),
            Cell::Says(inside.into()),
        ]);
    }
    Some(Section::new("Runs that the law had to foretell").with(Block::Table(table)))
}

fn truth(answer: &Answer) -> Option<Section> {
    let truth = answer.truth.as_ref()?;
    let words = truth.sentence();
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    Some(Section::new("The floor that is known").words(first + letters.as_str()))
}

/// Fits of some of the runs, parameter by parameter.
fn beside(answer: &Answer) -> Option<Section> {
    if answer.beside.is_empty() && answer.failed.is_empty() {
        return None;
    }
    let mut table = Table::new(["runs", "parameter", "value and interval"]);
    let all = [("all that were fitted".to_owned(), &answer.told.fit)];
    let some = answer.beside.iter().map(|beside| (beside.words.clone(), &beside.fit));
    for (name, fit) in all.into_iter().chain(some) {
        for parameter in &fit.parameters {
            let name = format!("{name} ({})", count(fit.rows, "run"));
            table =
                table.row([Cell::Words(name), Cell::Symbol(parameter.name.clone()), Cell::from(&parameter.estimate)]);
        }
    }
    let mut section = Section::new("How far the answer hangs on some of the runs");
    for beside in &answer.beside {
        for warning in &beside.fit.warnings {
            section = section.words(format!("{}: {}.", beside.words, warning.text));
        }
    }
    let section = section.with(Block::Table(table));
    Some(
        answer.failed.iter().fold(section, |section, (words, why)| {
            section.words(format!("There is no fit {words}: {}.", why.message()))
        }),
    )
}

/// What it was made of.
pub fn provenance(experiment: &Experiment, runs: &Runs, fit: Option<&Fit>) -> Section {
    of_source("runs.csv", experiment, runs, fit)
}

/// The same of another table.
pub fn of_source(source: &str, experiment: &Experiment, runs: &Runs, fit: Option<&Fit>) -> Section {
    let command: Vec<String> = std::env::args().skip(1).collect();
    let data = runs.iter().next().map(|run| format!("{}, {}", run.data.name, run.data.hash));
    let machine = runs.iter().next().map(|run| run.machine.clone());
    let facts = [
        Some(("command", format!("isoloss {}", command.join(" ")))),
        data.map(|data| ("data", data)),
        machine.map(|machine| ("machine", machine)),
    ];
    let mut section = Section::provenance([source], fit, facts.into_iter().flatten());
    section.blocks.push(Block::Fold("the experiment".into(), vec![Block::Verbatim(experiment.text().to_owned())]));
    section
}
