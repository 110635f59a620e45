//! Behind which loop tokens leave, over the targets of the held-out set that count, by the gates of a model.
//!
//! `exit_step` is the mean of sum_t t p_t, from 1; `exit_share_T` the mean of p_T for every loop.

use super::{Measured, Subject};
use crate::corpora::{IGNORE, Source};
use crate::models;

pub(super) const SAYS: &str = "behind which loop tokens leave a model with gates: the mean, and the share of each";

/// Windows that are looked at together.
const WINDOWS: usize = 64;

pub(super) fn refused(_: &dyn Source, model: &models::Config) -> Option<&'static str> {
    model.exits().is_none().then_some("exits: needs a model with gates, as looped with gate = { bonus = 0.05 }")
}

pub(super) fn measure(subject: &mut Subject) -> Measured {
    let batch = &subject.held_out.batch;
    let (mut shares, mut counted) = (Vec::new(), 0.0);
    for from in (0..batch.sequences()).step_by(WINDOWS) {
        let part = batch.part(from..(from + WINDOWS).min(batch.sequences()));
        let Some(p) = subject.trainer.exits(&part) else { return Vec::new() };
        let loops = p.len() / part.targets.len();
        shares.resize(loops, 0.0);
        for (p, _) in p.chunks_exact(loops).zip(&part.targets).filter(|(_, t)| **t != IGNORE) {
            shares.iter_mut().zip(p).for_each(|(share, p)| *share += f64::from(*p));
            counted += 1.0;
        }
    }
    let of_loop = |t: usize, share: f64| (format!("exit_share_{}", t + 1), share / counted);
    let step: f64 = shares.iter().enumerate().map(|(t, share)| (t + 1) as f64 * share / counted).sum();
    let each = shares.iter().enumerate().map(|(t, share)| of_loop(t, *share));
    [("exit_step".to_owned(), step)].into_iter().chain(each).collect()
}
