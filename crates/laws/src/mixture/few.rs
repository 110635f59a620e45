//! Whether the mixtures that were trained are enough to tell what each domain does.

use super::asked::listed;
use crate::program::Slot;
use crate::result::Fit;
use crate::warning::{Severity, Warning, count};
use isoloss_formula::{Function, Kind};

/// The loss of one size at so many mixtures is so many numbers, whatever the sizes are: fewer than a sum over the domains
/// has parameters, and a constant beside it, cannot tell them. (A sum that is multiplied by a power of a size is told by
/// the same number of mixtures.)
pub(crate) fn few_mixtures(fit: &Fit) -> Option<Warning> {
    let mixtures = fit.mixtures.len();
    let mut most: (usize, Vec<String>) = (0, Vec::new());
    let bodies = fit.law.formula.lets.iter().map(|(_, body)| body).chain([&fit.law.formula.body]);
    for body in bodies {
        body.walk(&mut |expr| {
            let Kind::Call(Function::Sum | Function::Prod, list) = &expr.kind else { return };
            let names = list.iter().flat_map(|of| of.names()).collect::<Vec<_>>();
            let free = |name: &String| match fit.layout.slots.get(name) {
                Some(&Slot::PerColumn { first, count }) => {
                    fit.layout.entries[first..first + count].iter().filter(|e| e.held.is_none()).count()
                }
                _ => 0,
            };
            let numbers = names.iter().map(free).sum();
            if numbers > most.0 {
                most = (numbers, names.into_iter().filter(|name| free(name) > 0).collect());
            }
        });
    }
    let (numbers, names) = most;
    if mixtures == 0 || mixtures > numbers {
        return None;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = format!(
        "{} of {} domains cannot tell the {numbers} numbers of {} from each other and from what all mixtures share",
        count(mixtures, "mixture"),
        fit.members().count(),
        listed(&names)
    );
    let hint = format!(
        "train {} mixtures or more, as different as can be, or hold some: --fix {}=0.5",
        numbers + 1,
        names.last().unwrap_or(&"g")
    );
    Some(Warning::new(Severity::Warning, "few-mixtures", text, &hint))
}
