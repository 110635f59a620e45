//! How many bits of its corpus a model knows by heart, for corpora made of facts ([`crate::corpora::Facts`]).
//!
//! Everybody is asked for everything. The losses of each field, summed over tokens and averaged over people, give
//!
//! ```text
//! bits              what is known, all terms together
//! bits_TERM         each of them; a term below 0, of a model worse than a guess, counts as 0
//! bits_clamped      1 where that was done; not there where it was not
//! limit             what there is to know: names alike likely, all else certain
//! people            how many were asked: all
//! bits_per_param    bits over stored parameters, the embedding among them; limit_per_param likewise
//! recall_FIELD      the share of people of whom every token of the field has more than half of the probability
//! ```
//!
//! More than half is enough for a first choice, not necessary: so `recall` is at most the share that would be recited
//! right. Names can be guessed only, and have a recall near 0 unless there are very few people.

use std::f64::consts::LN_2;

use super::{Measured, Subject};
use crate::corpora::{Batch, Facts, IGNORE, Source};
use crate::{counts, models};

pub(super) const SAYS: &str = "the bits of its corpus that a model knows by heart, and what there is to know";

/// People that are asked at a time.
const GROUP: u64 = 256;

pub(super) fn refused(source: &dyn Source, _: &models::Config) -> Option<&'static str> {
    source
        .facts()
        .is_none()
        .then_some("`bits` counts facts known by heart, and of the corpora `bios` and `biod` are made of facts")
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    let Subject { trainer, source, .. } = subject;
    let Some(facts) = source.facts() else { return Measured::new() };
    let stored = counts(trainer.config()).stored;
    report(facts, &gather(facts, |batch| trainer.losses(batch)), stored as f64)
}

/// What was found of each field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Found {
    /// Nats of all people.
    loss: f64,
    /// People who are recalled.
    recalled: u64,
}

/// Asks everybody. `losses` gives nats for each target of a batch.
fn gather(facts: &dyn Facts, mut losses: impl FnMut(&Batch) -> Vec<f32>) -> Vec<Found> {
    let length = facts.length();
    let mut found = vec![Found::default(); facts.fields().len()];
    for first in (0..facts.people()).step_by(GROUP as usize) {
        let group = first..(first + GROUP).min(facts.people());
        let mut batch = Batch::new((group.end - group.start) as usize, length);
        let mut fields = vec![0; batch.inputs.len()];
        for (window, person) in group.enumerate() {
            let at = window * length..(window + 1) * length;
            let (inputs, targets) = (&mut batch.inputs[at.clone()], &mut batch.targets[at.clone()]);
            facts.ask(person, inputs, targets, &mut fields[at]);
        }
        let losses = losses(&batch);
        for window in 0..batch.sequences() {
            let mut unsure = vec![false; found.len()];
            for at in window * length..(window + 1) * length {
                if batch.targets[at] != IGNORE {
                    let (field, loss) = (usize::from(fields[at]), f64::from(losses[at]));
                    found[field].loss += loss;
                    // A loss that is no number is not below either.
                    unsure[field] |= !matches!(loss.partial_cmp(&LN_2), Some(std::cmp::Ordering::Less));
                }
            }
            found.iter_mut().zip(unsure).for_each(|(found, unsure)| found.recalled += u64::from(!unsure));
        }
    }
    found
}

/// The values by name.
fn report(facts: &dyn Facts, found: &[Found], stored: f64) -> Measured {
    let people = facts.people() as f64;
    let losses: Vec<f64> = found.iter().map(|found| found.loss / people).collect();
    let bits = facts.bits(&losses);
    let name = |of: &str, what: &str| format!("{of}_{}", what.replace(' ', "_"));
    // The larger of a number and what is none is the number.
    let terms: Vec<f64> = bits.terms.iter().map(|term| term.bits.max(0.0)).collect();
    let known: f64 = terms.iter().sum();
    let mut measured = vec![("bits".to_owned(), known)];
    measured.extend(bits.terms.iter().zip(&terms).map(|(term, known)| (name("bits", term.name), *known)));
    if bits.terms.iter().zip(&terms).any(|(term, known)| term.bits != *known) {
        measured.push(("bits_clamped".into(), 1.0));
    }
    measured.extend([
        ("limit".into(), bits.limit),
        ("people".into(), people),
        ("bits_per_param".into(), known / stored),
        ("limit_per_param".into(), bits.limit / stored),
    ]);
    let recalled = facts.fields().iter().zip(found);
    measured.extend(recalled.map(|(field, found)| (name("recall", field), found.recalled as f64 / people)));
    measured
}

#[cfg(test)]
mod tests {}
