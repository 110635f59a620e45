//! What sweeps chose, said and shown.

use isoloss::experiment::sweep::Chosen;
use isoloss_figures::report::{Block, Cell, Section, Table};
use isoloss_formula::Table as Columns;
use isoloss_laws::Estimate;

use crate::numbers::number;
use crate::output::{BOLD, BOLD_YELLOW, RESET};
use crate::report::predictions::{interval, value};
use crate::report::table::{csv_line, table};

/// In words: a line a rung; nothing where nothing was swept.
pub fn text(all: &[Chosen]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let line = |chosen: &Chosen| {
        let said = |best: &Estimate| format!("{} {}", value(best), interval(best));
        let batch = chosen.batch.as_ref().map(|batch| said(&batch.best)).unwrap_or_default();
        vec![chosen.name(), said(&chosen.lr.best), batch, number(chosen.lr.loss, 5)]
    };
    let lines: Vec<Vec<String>> = all.iter().map(line).collect();
    let mut said = format!(
        "{BOLD}Swept{RESET}: the best value at each rung, and the loss there.\n{}\n",
        table(&["rung", "learning rate", "batch", "loss"], &lines)
    );
    for chosen in all {
        if let Some(edge) = chosen.edge() {
            said.push_str(&format!("{BOLD_YELLOW}{}{RESET}: {edge}\n", chosen.name()));
        }
    }
    said + "\n"
}

/// The table of what was chosen as a file.
pub fn csv(table: &Columns) -> String {
    let header = csv_line(table.columns().iter().map(|column| &column.name));
    let row = |row: usize| csv_line(table.columns().iter().map(|column| column.text(row)));
    (0..table.len()).map(row).fold(header, |text, line| text + &line)
}

/// For the report.
pub fn section(all: &[Chosen]) -> Option<Section> {
    if all.is_empty() {
        return None;
    }
    let mut shown = Table::new(["rung", "best learning rate", "loss there", ""]);
    for chosen in all {
        let batch =
            chosen.batch.as_ref().map(|batch| format!("best batch {} {}", value(&batch.best), interval(&batch.best)));
        let notes: Vec<String> = batch.into_iter().chain(chosen.edge()).collect();
        shown = shown.row([
            Cell::Words(chosen.name()),
            Cell::from(&chosen.lr.best),
            Cell::Number(chosen.lr.loss, 5),
            Cell::Words(notes.join("; ")),
        ]);
    }
    Some(Section::new("What the sweep chose").with(Block::Table(shown)))
}
