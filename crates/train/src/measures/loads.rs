//! How evenly the experts of a model are asked, over the held-out set.
//!
//! For every block with experts, `load_most_BLOCK` and `load_least_BLOCK` are the tokens of the expert that is asked the most
//! and the least, over the mean: 1 where all are asked alike. `load_most` is the greatest of all blocks. Targets that do not
//! count are tokens as all others here.

use std::collections::BTreeMap;

use super::{Measured, Subject};
use crate::corpora::Source;
use crate::models;

pub(super) const SAYS: &str = "how evenly the experts of a mixture are asked: the most and the least, over the mean";

/// Windows that are looked at together.
const WINDOWS: usize = 16;

pub(super) fn refused(_: &dyn Source, model: &models::Config) -> Option<&'static str> {
    model
        .experts()
        .is_none()
        .then_some("loads: needs a model with experts, as hybrid with moe = { experts = 8, chosen = 2 }")
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    let (batch, experts) = (&subject.held_out.batch, subject.trainer.config().model.experts().map_or(1, |[n, _]| n));
    let mut loads: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for from in (0..batch.sequences()).step_by(WINDOWS) {
        let part = batch.part(from..(from + WINDOWS).min(batch.sequences()));
        for (name, values) in subject.trainer.observe(&part) {
            let number = name.strip_prefix(models::feed::LOADS).and_then(|number| number.trim().parse().ok());
            let Some(block) = number else { continue };
            let loads = loads.entry(block).or_insert_with(|| vec![0.0; experts]);
            for of_sequence in values.chunks_exact(experts) {
                loads.iter_mut().zip(of_sequence).for_each(|(load, x)| *load += f64::from(*x));
            }
        }
    }
    report(&loads)
}

fn report(loads: &BTreeMap<usize, Vec<f64>>) -> Measured {
    let mut measured = Measured::new();
    let mut greatest = 0.0f64;
    for (block, loads) in loads {
        let mean = loads.iter().sum::<f64>() / loads.len() as f64;
        let most = loads.iter().fold(0.0f64, |m, x| m.max(*x)) / mean;
        let least = loads.iter().fold(f64::INFINITY, |m, x| m.min(*x)) / mean;
        greatest = greatest.max(most);
        measured.push((format!("load_most_{block}"), most));
        measured.push((format!("load_least_{block}"), least));
    }
    measured.push(("load_most".into(), greatest));
    measured
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_over_their_mean() {
        let measured = report(&BTreeMap::from([(2, vec![1.0, 2.0, 3.0, 2.0]), (10, vec![0.0, 4.0, 2.0, 2.0])]));
        let of = |name: &str| measured.iter().find(|(n, _)| n == name).unwrap().1;
        assert_eq!(
            [of("load_most_2"), of("load_least_2"), of("load_most_10"), of("load_least_10")],
            [1.5, 0.5, 2.0, 0.0]
        );
        assert_eq!(of("load_most"), 2.0);
    }
}
