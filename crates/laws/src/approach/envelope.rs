//! Approach 1: which size wins at each budget.

use super::runs::{Curve, Knot, Runs};
use super::{Approach, ApproachOptions, Kind, LeftOut, Minimum, power};
use crate::error::FitError;
use crate::polynomial::line;

/// Fewer winners than this are no line.
const WINNERS: usize = 3;

/// Who wins a budget.
#[derive(Clone, Copy, Debug)]
enum Winner {
    /// index of the size, and its loss and tokens there
    Counts(usize, Knot),
    /// no smaller size is known to lose to it
    NoSmaller(usize),
    /// no larger size is known to lose to it
    NoLarger(usize),
    /// neither, or no size has runs around the budget
    Alone,
}

impl Winner {
    /// Budgets next to each other with equal keys are one stretch.
    fn key(&self) -> (usize, usize) {
        match self {
            Self::Counts(size, _) => (0, *size),
            Self::NoSmaller(size) => (1, *size),
            Self::NoLarger(size) => (2, *size),
            Self::Alone => (3, 0),
        }
    }
}

pub(super) fn envelope(runs: &Runs, options: &ApproachOptions) -> Result<Approach, FitError> {
    let all = runs.curves();
    let sizes = all.len();
    let curves: Vec<Curve> = all.into_iter().filter(|c| c.knots.len() > 1).collect();
    if curves.len() < WINNERS {
        return Err(FitError::new(
            format!("{} of {sizes} sizes have runs of several lengths: an envelope needs {WINNERS}", curves.len()),
            "train each size for several numbers of tokens, or take the surface",
        ));
    }
    let ends = curves.iter().flat_map(|c| [c.knots[0].flops, c.knots[c.knots.len() - 1].flops]);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let count = options.grid.max(2);
    let budget = |i: usize| low + (high - low) * i as f64 / (count - 1) as f64;
    let winners: Vec<Winner> = (0..count).map(|i| winner(&curves, budget(i))).collect();

    let (mut x, mut n, mut d, mut loss) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, winner) in winners.iter().enumerate() {
        if let Winner::Counts(size, knot) = winner {
            x.push(budget(i));
            n.push(curves[*size].params);
            d.push(knot.tokens);
            loss.push(knot.log_loss);
        }
    }
    let (mut minima, mut left_out) = (Vec::new(), Vec::new());
    let mut from = 0;
    for stretch in winners.chunk_by(|a, b| a.key() == b.key()) {
        let (first, last) = (budget(from), budget(from + stretch.len() - 1));
        from += stretch.len();
        let flops = libm::exp(0.5 * (first + last));
        let range = format!("{:.3e}..{:.3e} FLOPs", libm::exp(first), libm::exp(last));
        let params = |size: &usize| libm::exp(curves[*size].params);
        let reason = match &stretch[stretch.len() / 2] {
            Winner::Counts(size, _) => {
                if let Some(middle) = curves[*size].at(0.5 * (first + last)) {
                    let (tokens, loss) = (libm::exp(middle.tokens), libm::exp(middle.log_loss));
                    minima.push(Minimum { flops, params: params(size), tokens, loss, error: None, cubic: None });
                }
                continue;
            }
            Winner::NoSmaller(size) => {
                format!("{range}: N = {:.3e} wins, and no smaller size is known to lose", params(size))
            }
            Winner::NoLarger(size) => {
                format!("{range}: N = {:.3e} wins, and no larger size is known to lose", params(size))
            }
            Winner::Alone => format!("{range}: too few sizes to compare"),
        };
        left_out.push(LeftOut { flops, reason });
    }
    let mut won: Vec<usize> = winners.iter().filter(|w| w.key().0 == 0).map(|w| w.key().1).collect();
    won.sort_unstable();
    won.dedup();
    let lines = (line(&x, &n, |_| 1.0), line(&x, &d, |_| 1.0), line(&x, &loss, |_| 1.0));
    let (WINNERS.., (Some(params), Some(tokens), Some(frontier))) = (won.len(), lines) else {
        return Err(FitError::new(
            format!(
                "sizes that win a budget at which a smaller and a larger one lose: {}; a line needs {WINNERS}",
                won.len()
            ),
            "add sizes at both ends, or runs of each size over a wider range of tokens",
        ));
    };
    let mut notes = runs.notes.clone();
    notes.push("loss between the runs of a size: straight lines, ln L against ln C".into());
    notes.push(format!(
        "{} of {count} budgets count, {:.3e}..{:.3e} FLOPs: there a smaller and a larger size lose to the winner",
        x.len(),
        libm::exp(x[0]),
        libm::exp(x[x.len() - 1])
    ));
    // Slope of the least-squares line through a staircase of n equal steps: that of its steps times 1 - 1/n^2.
    let flatter = 100.0 / (won.len() as f64).powi(2);
    notes.push(format!(
        "{} sizes win in turn: a staircase of so many equal steps is {flatter:.1} % flatter than the line through it",
        won.len()
    ));
    if curves.len() < sizes {
        notes.push(format!("sizes with runs of one length, which do not compete: {}", sizes - curves.len()));
    }
    Ok(Approach {
        kind: Kind::Envelope,
        params: power(params),
        tokens: power(tokens),
        loss: Some(power(frontier)),
        minima,
        left_out,
        notes,
    })
}

fn winner(curves: &[Curve], flops: f64) -> Winner {
    let there = curves.iter().enumerate().filter_map(|(size, c)| Some((size, c.at(flops)?)));
    let best = there.min_by(|(_, a), (_, b)| a.log_loss.total_cmp(&b.log_loss));
    let Some((size, knot)) = best else { return Winner::Alone };
    // Where a rival has no runs at this budget, the nearest one counts at which both have.
    let loses = |rival: &Curve, nearest: f64| {
        let (own, other) = (curves[size].at(nearest), rival.at(nearest));
        own.zip(other).is_some_and(|(own, other)| other.log_loss >= own.log_loss)
    };
    let last = |c: &Curve| c.knots[c.knots.len() - 1].flops.min(flops);
    let first = |c: &Curve| c.knots[0].flops.max(flops);
    let smaller = curves[..size].iter().any(|c| loses(c, last(c)));
    let larger = curves[size + 1..].iter().any(|c| loses(c, first(c)));
    match (smaller, larger) {
        (true, true) => Winner::Counts(size, knot),
        (false, true) => Winner::NoSmaller(size),
        (true, false) => Winner::NoLarger(size),
        (false, false) => Winner::Alone,
    }
}
