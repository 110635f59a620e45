//! The answer said, drawn and written.

use std::path::Path;

use isoloss_figures::catalogue::{Material, pareto};
use isoloss_figures::report::{Block, Cell, Report, Section, Table as Shown};
use isoloss_figures::{Figure, Width};
use isoloss_formula::{Column, Table};
use isoloss_laws::SizeGain;
use isoloss_runs::Runs;

use super::super::found;
use super::super::page::{asked, of_source};
use super::{Model, Scored};
use crate::commands::tell::made;
use crate::failure::Failure;
use crate::numbers::{count, number, signed};
use crate::output::{self, BOLD, RESET, talk};
use crate::report::predictions::{interval, times, value};
use crate::report::table::table;

impl Scored<'_> {
    /// Writes everything into the folder.
    pub fn save(&self, out: &Path) -> Result<(), Failure> {
        let write = |name: &str, text: &str| output::save(&out.join(name), text.as_bytes(), true);
        write("found.csv", &found::csv(self.found()))?;
        let figure = self.figure()?;
        write("pareto.svg", &figure.draw(&Default::default()).svg)?;
        write("report.html", &self.page(figure).html())
    }

    /// The models, the score of which is the mean made anew.
    fn figure(&self) -> Result<Figure, Failure> {
        let scores = self.models.iter().map(|model| model.score().unwrap_or(f64::NAN)).collect();
        let words = |of: &dyn Fn(usize) -> String| (0..self.models.len()).map(of).collect::<Vec<String>>();
        let mut drawn = Table::new(
            self.table.source.clone(),
            Vec::new(),
            (0..self.models.len()).map(|row| self.table.line(row)).collect(),
        );
        drawn.push(Column::words("model", words(&|row| self.models[row].name.clone())));
        drawn.push(Column::words("twin", words(&|_| self.scores.twin.clone())));
        let family = self.table.column(&self.scores.family);
        drawn.push(Column::words("family", words(&|row| family.map(|c| c.text(row)).unwrap_or_default())));
        if let Some(size) = self.table.column(&self.scores.size) {
            drawn.push(Column { name: "size".into(), ..size.clone() });
        }
        drawn.push(Column::numbers("score", scores));
        let material =
            Material { table: Some(drawn), baseline: Some(self.scores.model.clone()), ..Material::default() };
        Ok((pareto::ENTRY.draw)(&material)?.width(Width::Double))
    }

    fn unlike_in_words(&self) -> Option<String> {
        let printed = self.scores.printed.as_deref()?;
        let tasks = self.scores.tasks.join(", ");
        if self.unlike.is_empty() {
            return Some(format!("`{printed}` is the mean of {tasks} in every row."));
        }
        let one = |(row, printed): &(usize, f64)| {
            let Model { name, .. } = &self.models[*row];
            let mean = self.models[*row].mean().unwrap_or(f64::NAN);
            format!("{name} (printed {printed}, mean {}, {})", number(mean, 4), signed(mean - printed, 2))
        };
        let each: Vec<String> = self.unlike.iter().map(one).collect();
        Some(format!("`{printed}` is not the mean of {tasks} in {}: {}.", count(each.len(), "row"), each.join("; ")))
    }

    fn lacking(&self) -> Vec<String> {
        let one = |model: &Model| {
            let size = model.lacks_size().map(|lacks| format!("{lacks}; it is not drawn and says nothing of size"));
            [model.lacks_tasks(&self.scores.tasks), size]
        };
        self.models.iter().flat_map(one).flatten().collect()
    }

    /// Says the answer.
    pub fn print(&self, out: &Path) -> Result<(), Failure> {
        self.lacking().iter().for_each(|says| talk(format_args!("note: {says}")));
        let mut said = String::new();
        if let Some(words) = self.unlike_in_words() {
            said.push_str(&format!("{BOLD}Printed means{RESET}: {words}\n\n"));
        }
        let (model, twin) = (&self.scores.model, &self.scores.twin);
        said.push_str(&format!("{BOLD}{model} over {twin}{RESET}: {}\n", signed(self.gain, 3)));
        let percent = |share: f64| format!("{} %", signed(100.0 * share, 1));
        let row = |([small, large], worth): &([String; 2], SizeGain)| {
            vec![format!("{small} to {large}"), percent(worth.linear), percent(worth.logarithmic)]
        };
        if !self.pairs.is_empty() {
            let rows: Vec<Vec<String>> = self.pairs.iter().map(row).collect();
            said.push_str(&table(&["reference", "worth, linear in size", "worth, by ln size"], &rows));
        }
        for (family, worth) in &self.families {
            said.push_str(&format!(
                "by all {} of {family}: {}\n",
                count(worth.family.1, "model"),
                times(&worth.times, "the size")
            ));
        }
        output::answer(&said)?;
        talk(format_args!("wrote {}", out.join("report.html").display()));
        Ok(())
    }

    fn page(&self, figure: Figure) -> Report {
        let mut page = Report::new(&self.experiment.name, made()).question(&self.experiment.question);
        page.sections.push(asked(self.experiment, &Runs::default()));
        let (model, twin) = (&self.scores.model, &self.scores.twin);
        let mut pairs = Shown::new(["reference", "worth, linear in size", "worth, by ln size"]);
        for ([small, large], worth) in &self.pairs {
            let name = Cell::Words(format!("{small} to {large}"));
            pairs = pairs.row([name, Cell::Off(worth.linear), Cell::Off(worth.logarithmic)]);
        }
        let mut families = Shown::new(["family", "models", "times the size"]);
        for (family, worth) in &self.families {
            families = families.row([
                Cell::Words(family.clone()),
                Cell::Number(worth.family.1 as f64, 3),
                Cell::Words(format!("{} {}", value(&worth.times), interval(&worth.times))),
            ]);
        }
        let gain = format!(
            "{model} scores {} over {twin}, the mean of {}.",
            signed(self.gain, 3),
            self.scores.tasks.join(", ")
        );
        let mut section = Section::new("What the gain is worth").words(gain).with(Block::Table(pairs));
        section = section
            .words("By all models of a family, by ln size, the line moved to the twin:")
            .with(Block::Table(families));
        page.sections.push(section.with(Block::Figure(Box::new(figure))));
        let mut models = Shown::new(["model", "size", "mean"]);
        for model in &self.models {
            let mean = model.mean().map_or(Cell::Empty, |mean| Cell::Number(mean, 4));
            let size = if model.size.is_finite() { Cell::Number(model.size, 3) } else { Cell::Empty };
            models = models.row([Cell::Words(model.name.clone()), size, mean]);
        }
        let says: Vec<String> = self.unlike_in_words().into_iter().chain(self.lacking()).collect();
        page.sections.push(Section::new("The models").with(Block::List(says)).with(Block::Table(models)));
        page.sections.push(of_source(&self.scores.data, self.experiment, &Runs::default(), None));
        page
    }
}
