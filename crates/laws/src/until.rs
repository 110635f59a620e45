//! The loop from a question to its answer: of the runs that could be made, which to make next, and when to stop.

use crate::error::FitError;
use crate::next::{Candidate, Purse, Quantity, half_width, next_among};
use crate::result::Fit;

/// When a question is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// what is to be known
    pub quantity: Quantity,
    /// once half the width of its interval is this: of a loss or a size a share of it
    pub half: f64,
    /// what all runs together may cost
    pub budget: Option<f64>,
    /// runs that are made before the law is fitted again
    pub at_once: usize,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// make these runs
    Make(Vec<usize>),
    /// stop: it is known as well as was asked for, by a fit that may be used
    Known,
    /// stop: what is left of the budget buys none of the runs that would tell something
    Spent,
    /// stop: all runs were made
    All,
}

/// Sizes, and lengths of each, that a ladder begins with.
const BEGIN: usize = 3;

/// Decides by the fit of the runs that were made (`made`, one for each candidate), or without one where there is none yet:
/// then, the cheapest lengths of the smallest sizes. A fit whose law cannot be told from them asks for the cheapest run, and one
/// that must not be used (a warning of severity `Error`) knows nothing, however narrow its intervals are.
///
/// # Errors
/// If the quantity is unknown to the fit.
pub fn step(fit: Option<&Fit>, goal: &Goal, candidates: &[Candidate], made: &[bool]) -> Result<Step, FitError> {
    let left: Vec<usize> = (0..candidates.len()).filter(|i| !made[*i]).collect();
    let spent: f64 = (0..candidates.len()).filter(|i| made[*i]).map(|i| candidates[i].cost).sum();
    let purse = goal.budget.map_or(f64::INFINITY, |budget| budget - spent);
    if let Some(fit) = fit
        && half_width(fit, &goal.quantity)?.is_some_and(|half| half <= goal.half)
        && fit.may_be_used()
    {
        return Ok(Step::Known);
    }
    if left.is_empty() {
        return Ok(Step::All);
    }
    let affordable = |order: Vec<usize>| {
        let mut rest = purse;
        let paid = |i: &usize| {
            rest -= candidates[*i].cost;
            rest >= 0.0
        };
        let kept: Vec<usize> = order.into_iter().take_while(paid).collect();
        if kept.is_empty() { Step::Spent } else { Step::Make(kept) }
    };
    let Some(fit) = fit else {
        let begin: Vec<usize> = beginning(candidates).into_iter().filter(|i| !made[*i]).collect();
        return Ok(affordable(if begin.is_empty() { cheapest(candidates, left) } else { begin }));
    };
    let open: Vec<Candidate> = left.iter().map(|i| candidates[*i].clone()).collect();
    let all: f64 = open.iter().map(|candidate| candidate.cost).sum();
    let purse = Purse { budget: purse.min(all), runs: goal.at_once.max(1), until: Some(goal.half), anchors: false };
    if open.iter().all(|candidate| candidate.cost > purse.budget) {
        return Ok(Step::Spent);
    }
    match next_among(fit, &goal.quantity, &purse, &open) {
        Ok(chosen) if !chosen.is_empty() => Ok(Step::Make(chosen.into_iter().map(|i| left[i]).collect())),
        // Draws that tell nothing of the quantity: any run may help.
        _ => Ok(affordable(cheapest(candidates, left))),
    }
}

/// The cheapest of these.
fn cheapest(candidates: &[Candidate], mut left: Vec<usize>) -> Vec<usize> {
    left.sort_by(|a, b| candidates[*a].cost.total_cmp(&candidates[*b].cost));
    left.truncate(1);
    left
}

/// The shortest runs of the smallest sizes, one of each; of a law with one input the first of nine.
fn beginning(candidates: &[Candidate]) -> Vec<usize> {
    let size = |i: usize| candidates[i].at.iter().find(|(name, _)| name == "N").map_or(0.0, |(_, n)| *n);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|a, b| size(*a).total_cmp(&size(*b)).then(candidates[*a].cost.total_cmp(&candidates[*b].cost)));
    let mut kept = Vec::new();
    let mut sizes = 0;
    for of_size in order.chunk_by(|a, b| size(*a) == size(*b)) {
        // Replicates come later, if they tell most.
        let mut once: Vec<usize> = of_size.to_vec();
        once.dedup_by(|a, b| candidates[*a].at == candidates[*b].at);
        if once.len() < BEGIN && size(once[0]) > 0.0 {
            continue;
        }
        kept.extend(once.into_iter().take(if size(of_size[0]) > 0.0 { BEGIN } else { BEGIN * BEGIN }));
        sizes += 1;
        if sizes == BEGIN {
            break;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Vec<Candidate> {
        let mut all = Vec::new();
        for n in [4e3, 1e3, 2e3, 8e3] {
            for d in [4e5, 1e5, 2e5, 8e5] {
                all.push(Candidate { at: vec![("N".into(), n), ("D".into(), d)], cost: 6.0 * n * d });
            }
        }
        all
    }

    fn goal(budget: Option<f64>) -> Goal {
        Goal { quantity: Quantity::Parameter("alpha".into()), half: 0.05, budget, at_once: 2 }
    }

    #[test]
    fn a_ladder_begins_with_the_short_runs_of_small_sizes() {
        let all = grid();
        let Step::Make(begin) = step(None, &goal(None), &all, &[false; 16]).unwrap() else { panic!() };
        assert_eq!(begin.len(), 9);
        assert!(begin.iter().all(|i| all[*i].at[0].1 < 8e3 && all[*i].at[1].1 < 8e5));
        // Without a fit after those, one more; and none that cannot be paid.
        let mut made = [false; 16];
        begin.iter().for_each(|i| made[*i] = true);
        let Step::Make(more) = step(None, &goal(None), &all, &made).unwrap() else { panic!() };
        assert_eq!(more.len(), 1);
        assert_eq!(step(None, &goal(Some(1e9)), &all, &made).unwrap(), Step::Spent);
        assert_eq!(step(None, &goal(None), &all, &[true; 16]).unwrap(), Step::All);
        let Step::Make(few) = step(None, &goal(Some(2e9)), &all, &[false; 16]).unwrap() else { panic!() };
        assert_eq!(few.len(), 2, "600 million and 1.2 billion");
    }
}
