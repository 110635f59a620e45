//! The closed loop: train some runs, fit, ask the fit which of the others would tell most, and stop once enough is known.
//!
//! What to do next is decided by [`isoloss_laws::step`]; here it is done.

use isoloss_laws::{Candidate, Fit, FitError, Goal, Step, step};

/// How the loop ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Which runs were made, one for each candidate.
    pub made: Vec<bool>,
    /// [`Step::Known`], [`Step::Spent`] or [`Step::All`]; [`Step::Make`] of what was under way if it was interrupted.
    pub why: Step,
    /// How often the law was fitted.
    pub rounds: usize,
}

/// Makes runs of these candidates until the goal is reached. `made` are there already. `fit` fits those that are made: none
/// if they are too few for the law. `make` makes some, and says whether to go on.
///
/// # Errors
/// Whatever `fit` and `make` fail with, or a quantity that the fit does not know.
pub fn until<E: From<FitError>>(
    goal: &Goal,
    candidates: &[Candidate],
    mut made: Vec<bool>,
    mut fit: impl FnMut(&[bool]) -> Result<Option<Fit>, E>,
    mut make: impl FnMut(&[usize]) -> Result<bool, E>,
) -> Result<Ended, E> {
    let mut rounds = 0;
    loop {
        let fitted = fit(&made)?;
        rounds += usize::from(fitted.is_some());
        let next = step(fitted.as_ref(), goal, candidates, &made)?;
        let Step::Make(runs) = &next else { return Ok(Ended { made, why: next, rounds }) };
        if !make(runs)? {
            return Ok(Ended { made, why: next, rounds });
        }
        runs.iter().for_each(|run| made[*run] = true);
    }
}
