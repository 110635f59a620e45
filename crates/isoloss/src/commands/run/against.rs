//! Families against the baseline, parameter by parameter, said and shown.

use isoloss_figures::report::{Block, Cell, Section, Table};
use isoloss_laws::Against;

use crate::output::{BOLD, RESET};
use crate::report::predictions::times;

/// In words; nothing where nothing is compared.
pub fn text(all: &[Against]) -> String {
    let Some(first) = all.first() else { return String::new() };
    let one = |against: &Against| {
        let Against { parameter, family, ratio, .. } = against;
        format!("{parameter} of {family} is {}", times(ratio, "its own"))
    };
    let each: Vec<String> = all.iter().map(one).collect();
    format!("\n{BOLD}Against {}{RESET}: {}.", first.baseline, each.join("; "))
}

/// For the report.
pub fn section(all: &[Against]) -> Option<Section> {
    let first = all.first()?;
    let mut shown = Table::new(["family", "parameter", "times that of the baseline"]);
    for Against { parameter, family, ratio, .. } in all {
        shown = shown.row([Cell::Words(family.clone()), Cell::Symbol(parameter.clone()), Cell::from(ratio)]);
    }
    let says = "Ratios are taken within each draw of the fit, so that what families share cancels.";
    Some(Section::new(format!("Families against {}", first.baseline)).words(says).with(Block::Table(shown)))
}
