//! Families against the baseline at equal loss: how many times as much of a scale the baseline needs.

use isoloss_laws::{Estimate, Fit};

use crate::commands::compare::reached;
use crate::numbers::number;
use crate::output::{BOLD, RESET};
use crate::report::predictions::{interval, value};

/// A family against the baseline, at a loss that both reached.
pub struct Multiplier {
    /// of what: the unit of the scale, or its name
    pub of: String,
    pub family: String,
    pub baseline: String,
    /// the loss, or the score
    pub at: f64,
    /// does it depend on the loss by more than a percent?
    pub changes: bool,
    /// what the baseline needs over what the family needs
    pub ratio: Estimate,
}

/// All families against the baseline, each at the middle of the losses that both reached. None of a law that has no
/// scale to compare along, and none of a family that shares no loss with the baseline.
pub fn of(fit: &Fit, baseline: Option<&str>) -> Vec<Multiplier> {
    let Some(baseline) = baseline.filter(|_| fit.differs()) else { return Vec::new() };
    let one = |family: &String| {
        let (of, one) = reached(fit, baseline, family).ok()?;
        let comparison = &one.all.first()?.comparison;
        let shared: Vec<_> = comparison.ratios.iter().filter(|r| !r.beyond_baseline && !r.beyond_variant).collect();
        let middle = shared.get(shared.len() / 2)?;
        Some(Multiplier {
            of,
            family: family.clone(),
            baseline: baseline.to_owned(),
            at: middle.loss,
            changes: comparison.changes,
            ratio: middle.ratio.clone(),
        })
    };
    fit.families().iter().filter(|family| *family != baseline).filter_map(one).collect()
}

impl Multiplier {
    /// As `[found]` calls it.
    pub fn name(&self) -> String {
        format!("{} multiplier, {} / {}", self.of, self.family, self.baseline)
    }
}

/// In words; nothing if there are none.
pub fn text(all: &[Multiplier]) -> String {
    let Some(first) = all.first() else { return String::new() };
    let one = |m: &Multiplier| {
        let at = if m.changes { format!(" at {}", number(m.at, 4)) } else { String::new() };
        match m.ratio.interval {
            Some(_) => format!("{} {} {}{at}", m.family, value(&m.ratio), interval(&m.ratio)),
            None => format!("{} {}{at}, without an interval ({})", m.family, value(&m.ratio), m.ratio.method),
        }
    };
    let each: Vec<String> = all.iter().map(one).collect();
    format!("\n{BOLD}Multiplier of {}{RESET} against {}, at equal loss: {}.", first.of, first.baseline, each.join("; "))
}
