//! The answer said, drawn and written.

use std::path::Path;

use isoloss::experiment::sweep;
use isoloss_figures::report::{Block, Cell, Report, Section, Table};

use super::super::choices;
use super::super::found;
use super::super::page::{asked, provenance};
use super::Tabled;
use super::cells::{Row, Spread};
use super::worth::Worths;
use crate::commands::tell::made;
use crate::failure::Failure;
use crate::output::{self, BOLD, RESET, talk};
use crate::report::table::table;

/// What a cell says.
const RANGE: &str = "the mean of the seeds, and from the least to the greatest of them";

impl Tabled<'_> {
    /// Writes everything into the folder, but the runs, which are there before.
    pub fn save(&self, out: &Path) -> Result<(), Failure> {
        let write = |name: &str, text: String| output::save(&out.join(name), text.as_bytes(), true);
        write("found.csv", found::csv(self.found()))?;
        if !self.chosen.is_empty() {
            write("choices.csv", choices::csv(&sweep::table(&self.chosen, self.experiment.fit.convention())))?;
        }
        match &self.figure {
            Some(Ok(figure)) => write("pareto.svg", figure.draw(&Default::default()).svg)?,
            Some(Err(why)) => talk(format_args!("note: no figure pareto: {why}")),
            None => {}
        }
        write("report.html", self.page().html())
    }

    /// Says the answer.
    pub fn print(&self, out: &Path) -> Result<(), Failure> {
        // The last column of a table stands to the left: an empty one has the values of all families under their names.
        let header = |value: &str| self.header(value).chain([String::new()]).collect::<Vec<_>>();
        let words = |cell: &Option<Spread>| cell.as_ref().map_or_else(String::new, Spread::words);
        let lines = |rows: &[Row]| -> Vec<Vec<String>> {
            let line = |(rung, cells): &Row| {
                [rung.clone()].into_iter().chain(cells.iter().map(words)).chain([String::new()]).collect()
            };
            rows.iter().map(line).collect()
        };
        let mut said = choices::text(&self.chosen);
        for (at, cells) in self.cells.iter().enumerate() {
            let apart = if at > 0 { "\n" } else { "" };
            let header = header(&cells.value);
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            let rungs = table(&header, &lines(&cells.rungs));
            said.push_str(&format!("{apart}{BOLD}{}{RESET}: {RANGE}.\n{rungs}", cells.value));
            if let Some(baseline) = self.shown.baseline.as_ref().filter(|_| !cells.less.is_empty()) {
                said.push_str(&format!("\n{BOLD}Less that of {baseline}{RESET}, seed by seed.\n"));
                said.push_str(&table(&header, &lines(&cells.less)));
            }
        }
        self.worths.iter().for_each(|worths| said.push_str(&worths.text()));
        output::answer(&said)?;
        talk(format_args!("wrote {}", out.join("report.html").display()));
        Ok(())
    }

    /// Over the rungs and the values of each family; of one without a name the value has its own.
    fn header(&self, value: &str) -> impl Iterator<Item = String> {
        let named = move |family: &String| if family.is_empty() { value.to_owned() } else { family.clone() };
        ["rung".to_owned()].into_iter().chain(self.families.iter().map(named))
    }

    fn page(&self) -> Report {
        let mut page = Report::new(&self.experiment.name, made()).question(&self.experiment.question);
        let cell = |cell: &Option<Spread>| cell.as_ref().map_or(Cell::Empty, |cell| Cell::Words(cell.words()));
        let shown = |value: &str, rows: &[Row]| {
            let header = self.header(value);
            let row = |(rung, cells): &Row| -> Vec<Cell> {
                [Cell::Words(rung.clone())].into_iter().chain(cells.iter().map(cell)).collect()
            };
            Block::Table(rows.iter().map(row).fold(Table::new(header), Table::row))
        };
        page.sections.push(asked(self.experiment, &self.runs));
        page.sections.extend(choices::section(&self.chosen));
        let several = self.cells.len() > 1;
        let mut measured = Section::new("What was measured");
        for cells in &self.cells {
            measured = measured.words(format!("{}: {RANGE}.", cells.value)).with(shown(&cells.value, &cells.rungs));
        }
        page.sections.push(measured);
        let less: Vec<_> = self.cells.iter().filter(|cells| !cells.less.is_empty()).collect();
        if let Some(baseline) = self.shown.baseline.as_ref().filter(|_| !less.is_empty()) {
            let mut section = Section::new(format!("Less that of {baseline}, seed by seed"));
            for cells in less {
                section = if several { section.words(format!("{}:", cells.value)) } else { section };
                section = section.with(shown(&cells.value, &cells.less));
            }
            page.sections.push(section);
        }
        page.sections.extend(self.worth());
        page.sections.push(provenance(self.experiment, &self.runs, None));
        page
    }

    /// What families are worth in size, and the figure of it.
    fn worth(&self) -> Option<Section> {
        let baseline = self.shown.baseline.as_ref().filter(|_| !self.worths.is_empty())?;
        let section = Section::new(format!("How many times their size families are worth, by the line of {baseline}"));
        let mut section = self.worths.iter().fold(section, |section, worths: &Worths<'_>| worths.add_to(section));
        match &self.figure {
            Some(Ok(figure)) => section = section.with(Block::Figure(Box::new(figure.clone()))),
            Some(Err(why)) => section = section.words(format!("There is no figure: {why}.")),
            None => {}
        }
        Some(section)
    }
}
