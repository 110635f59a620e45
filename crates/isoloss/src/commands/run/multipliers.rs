//! Families against the baseline at equal loss: how many times as much of a scale the baseline needs.

use isoloss_figures::report::Section;
use isoloss_laws::{BEST_SIZES, Estimate, Fit};

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

/// A family of which there is none.
pub struct Lacking {
    pub family: String,
    pub baseline: String,
    /// why none of the losses is one that the runs of both show
    pub why: String,
}

/// Families against the baseline.
#[derive(Default)]
pub struct Multipliers {
    pub all: Vec<Multiplier>,
    pub lacking: Vec<Lacking>,
}

/// All families against the baseline, each at the middle of the losses that both reached. None of a law that has no
/// scale to compare along, and none of a family that shares no loss with the baseline: that is said where the table of them is.
pub fn of(fit: &Fit, baseline: Option<&str>) -> Multipliers {
    let mut found = Multipliers::default();
    let Some(baseline) = baseline.filter(|_| fit.differs()) else { return found };
    for family in fit.families().iter().filter(|family| *family != baseline) {
        let Ok((of, one)) = reached(fit, baseline, family) else { continue };
        let Some(comparison) = one.all.first().map(|compared| &compared.comparison) else { continue };
        let shared: Vec<_> = comparison.ratios.iter().filter(|r| !r.beyond_baseline && !r.beyond_variant).collect();
        let (family, baseline) = (family.clone(), baseline.to_owned());
        match shared.get(shared.len() / 2) {
            Some(middle) => found.all.push(Multiplier {
                of,
                family,
                baseline,
                at: middle.loss,
                changes: comparison.changes,
                ratio: middle.ratio.clone(),
            }),
            None => {
                let far = comparison.warnings.iter().find(|warning| warning.code == BEST_SIZES);
                let why = far.map_or("their laws meet at losses beyond the runs alone".to_owned(), |w| w.text.clone());
                found.lacking.push(Lacking { family, baseline, why });
            }
        }
    }
    found
}

impl Lacking {
    /// Of which, and why, as a sentence without its beginning.
    fn words(&self) -> String {
        format!("of {} against {}: {}.", self.family, self.baseline, self.why)
    }
}

/// On the page: the families of which there is none, and why; nothing if there are no such.
pub fn section(found: &Multipliers) -> Option<Section> {
    let says = |lacking: &Lacking| format!("No multiplier {}", lacking.words());
    let section = Section::new("Families without a multiplier");
    (!found.lacking.is_empty()).then(|| found.lacking.iter().map(says).fold(section, Section::words))
}

impl Multiplier {
    /// As `[found]` calls it.
    pub fn name(&self) -> String {
        format!("{} multiplier, {} / {}", self.of, self.family, self.baseline)
    }
}

/// In words; nothing if there are none, and no reason for it.
pub fn text(Multipliers { all, lacking }: &Multipliers) -> String {
    let none = |l: &Lacking| format!("\n{BOLD}No multiplier{RESET} {}", l.words());
    let lacking: String = lacking.iter().map(none).collect();
    let Some(first) = all.first() else { return lacking };
    let one = |m: &Multiplier| {
        let at = if m.changes { format!(" at {}", number(m.at, 4)) } else { String::new() };
        match m.ratio.interval {
            Some(_) => format!("{} {} {}{at}", m.family, value(&m.ratio), interval(&m.ratio)),
            None => format!("{} {}{at}, without an interval ({})", m.family, value(&m.ratio), m.ratio.method),
        }
    };
    let each: Vec<String> = all.iter().map(one).collect();
    format!("\n{BOLD}Multiplier of {}{RESET} against {}, at equal loss: {}.", first.of, first.baseline, each.join("; "))
        + &lacking
}

#[cfg(test)]
mod tests {
    use isoloss_figures::report::Block;

    use super::*;

    #[test]
    fn why_there_is_no_multiplier_is_said_and_on_the_page() {
        let why = "their laws meet at losses beyond the runs alone".to_owned();
        let lacking = vec![Lacking { family: "kda".into(), baseline: "mla".into(), why }];
        let found = Multipliers { all: Vec::new(), lacking };
        let words = "of kda against mla: their laws meet at losses beyond the runs alone.";
        assert!(text(&found).ends_with(words));
        let page = section(&found).unwrap();
        assert_eq!(page.blocks, [Block::Words(format!("No multiplier {words}"))]);
        assert!(section(&Multipliers::default()).is_none());
    }
}
