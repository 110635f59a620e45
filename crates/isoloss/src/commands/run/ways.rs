//! The best sizes by approaches 1, 2 and 3 and by ways of counting, said and shown.

use isoloss_figures::catalogue::counting::Counted;
use isoloss_figures::report::{Block, Cell, Section, Table};

use crate::output::{BOLD, RESET};
use crate::report::predictions::{interval, value};
use crate::report::table::table;

/// In words: a line for each way and approach; nothing where nothing was counted anew.
pub fn text(all: &[Counted]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut lines = Vec::new();
    let mut failed = String::new();
    for counted in all {
        for compared in &counted.found.compared {
            let a = &compared.approach.params.exponent;
            let name = compared.approach.kind.name().to_owned();
            lines.push(vec![counted.way.name.to_owned(), name, format!("{} {}", value(a), interval(a))]);
        }
        for (kind, error) in &counted.found.failed {
            failed.push_str(&format!("  {}, {}: {}\n", counted.way.name, kind.name(), error.message));
        }
    }
    let header = ["counted", "approach", "a"];
    format!("\n{BOLD}Counted anew{RESET}: best params grow as FLOPs^a.\n{}{failed}", table(&header, &lines))
}

/// For the report.
pub fn section(all: &[Counted]) -> Option<Section> {
    if all.is_empty() {
        return None;
    }
    let mut shown = Table::new(["counted", "approach", "a of N* ~ C^a"]);
    for counted in all {
        for compared in &counted.found.compared {
            let approach = &compared.approach;
            shown = shown.row([
                Cell::Words(counted.way.says.into()),
                Cell::Words(approach.kind.name().into()),
                Cell::from(&approach.params.exponent),
            ]);
        }
    }
    Some(Section::new("What counting does to the best sizes").with(Block::Table(shown)))
}
