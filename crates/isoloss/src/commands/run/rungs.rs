//! Families against the baseline at equal rungs: what was measured, pair by pair, whatever the law says.

use std::collections::BTreeSet;

use isoloss_figures::report::{Block, Cell, Section, Table as Shown};
use isoloss_formula::Table;
use isoloss_laws::{Estimate, Fit, Measured, paired};

use crate::output::{BOLD, RESET};
use crate::report::predictions::times;

/// A family against the baseline, on average over the rungs that both have.
pub struct AtRungs {
    /// what the law is of: L, bits
    pub target: String,
    pub family: String,
    pub baseline: String,
    /// what the family has over what the baseline has
    pub ratio: Estimate,
}

/// All families against the baseline, of the rows that were fitted. None of a family that shares fewer than two rungs with
/// the baseline.
pub fn of(fit: &Fit, table: &Table, baseline: Option<&str>) -> Vec<AtRungs> {
    let target = &fit.law.formula.target;
    let measured = table.column(target).and_then(|column| column.as_numbers());
    let (Some(baseline), Some(measured), Some(family), Some(rung)) =
        (baseline, measured, table.column("family"), table.column("rung"))
    else {
        return Vec::new();
    };
    let names: Vec<(String, String)> = (0..table.len()).map(|row| (family.text(row), rung.text(row))).collect();
    let each = names.iter().zip(&measured.values);
    let runs: Vec<Measured> = each.map(|((family, rung), &value)| Measured { family, rung, value }).collect();
    let one = |family: &String| {
        let ratio = paired(&runs, baseline, family, fit.level).ok()?;
        Some(AtRungs { target: target.clone(), family: family.clone(), baseline: baseline.to_owned(), ratio })
    };
    // One law may be of all families together.
    let families: BTreeSet<&String> = names.iter().map(|(family, _)| family).collect();
    families.into_iter().filter(|family| *family != baseline).filter_map(one).collect()
}

impl AtRungs {
    /// As `[found]` calls it.
    pub fn name(&self) -> String {
        format!("{} at equal rungs, {} / {}", self.target, self.family, self.baseline)
    }
}

/// In words; nothing if there are none.
pub fn text(all: &[AtRungs]) -> String {
    let Some(first) = all.first() else { return String::new() };
    let one = |a: &AtRungs| format!("{} {}", a.family, times(&a.ratio, ""));
    let each: Vec<String> = all.iter().map(one).collect();
    let AtRungs { target, baseline, .. } = first;
    format!("\n{BOLD}At equal rungs{RESET} {target} of {baseline}: {}.", each.join("; "))
}

/// For the report.
pub fn section(all: &[AtRungs]) -> Option<Section> {
    let first = all.first()?;
    let mut shown = Shown::new(["family", "times that of the baseline"]);
    for AtRungs { family, ratio, .. } in all {
        shown = shown.row([Cell::Words(family.clone()), Cell::from(ratio)]);
    }
    let says = format!("What was measured ({}), over the rungs that both have; no law is asked.", first.target);
    Some(Section::new(format!("At equal rungs, against {}", first.baseline)).words(says).with(Block::Table(shown)))
}
