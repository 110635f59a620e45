//! A pure power through the lower convex hull of all runs.

use super::runs::{Knot, Runs, between};
use super::{Approach, ApproachOptions, Kind, LeftOut, Minimum, power};
use crate::error::FitError;
use crate::polynomial::line;

/// A run on the hull.
#[derive(Clone, Copy, Debug)]
struct Touch {
    size: usize,
    params: f64,
    knot: Knot,
}

pub(super) fn hull(runs: &Runs, options: &ApproachOptions) -> Result<Approach, FitError> {
    let curves = runs.curves();
    let all = curves.iter().enumerate();
    let all = all.flat_map(|(size, c)| c.knots.iter().map(move |&knot| Touch { size, params: c.params, knot }));
    let hull = lower(all.collect());
    let (first, last) = (hull[0].size, hull[hull.len() - 1].size);
    // One size alone carries the ends: nothing says that another would not have won there.
    let from = hull.iter().take_while(|t| t.size == first).count() - 1;
    let to = hull.len() - hull.iter().rev().take_while(|t| t.size == last).count();
    let at = |i: usize| libm::exp(hull[i].knot.flops);
    if from + 1 >= to || (from + 1..to).all(|i| [first, last].contains(&hull[i].size)) {
        let sizes = if curves.len() == 1 { "one size".into() } else { format!("{} sizes", curves.len()) };
        return Err(FitError::new(
            format!("of {sizes} none lies on the hull between its two ends: there is no frontier to follow"),
            "add sizes between, each with runs around the budget at which it should be best, or take the surface",
        ));
    }
    let knots: Vec<Knot> = hull[from..=to].iter().map(|t| t.knot).collect();
    // Sizes in the place of tokens.
    let sizes: Vec<Knot> = hull[from..=to].iter().map(|t| Knot { tokens: t.params, ..t.knot }).collect();
    let (low, high) = (at(from), at(to));
    let count = options.samples.max(2);
    let part = |i: usize| i as f64 / (count - 1) as f64;
    let (start, end) = (knots[0].flops, knots[knots.len() - 1].flops);
    // The loss as in the paper, evenly in C; sizes, which come in steps, evenly in ln C. Rounding may pass the ends.
    let even: Vec<f64> = (0..count).map(|i| libm::log(low + (high - low) * part(i)).clamp(start, end)).collect();
    let log_even: Vec<f64> = (0..count).map(|i| (start + (end - start) * part(i)).clamp(start, end)).collect();
    let along = |x: &[f64], knots: &[Knot], of: fn(&Knot) -> f64| {
        let y: Option<Vec<f64>> = x.iter().map(|x| between(knots, *x).as_ref().map(of)).collect();
        line(x, &y?, |_| 1.0)
    };
    let lines = (
        along(&log_even, &sizes, |k| k.tokens),
        along(&log_even, &knots, |k| k.tokens),
        along(&even, &knots, |k| k.log_loss),
    );
    let (Some(params), Some(tokens), Some(frontier)) = lines else {
        return Err(FitError::new(
            format!("the frontier spans {low:.3e}..{high:.3e} FLOPs: too little for a line"),
            "add runs of other sizes and lengths",
        ));
    };
    let minima = hull[from..=to].iter().map(|t| Minimum {
        flops: libm::exp(t.knot.flops),
        params: libm::exp(t.params),
        tokens: libm::exp(t.knot.tokens),
        loss: libm::exp(t.knot.log_loss),
        error: None,
        cubic: None,
    });
    let mut left_out = Vec::new();
    let mut edge = |a: usize, b: usize| {
        if a < b {
            let reason = format!(
                "{:.3e}..{:.3e} FLOPs: N = {:.3e} alone carries the hull",
                at(a),
                at(b),
                libm::exp(hull[a].params)
            );
            left_out.push(LeftOut { flops: (at(a) * at(b)).sqrt(), reason });
        }
    };
    edge(0, from);
    edge(to, hull.len() - 1);
    let mut notes = runs.notes.clone();
    notes.push(format!(
        "the hull counts over {low:.3e}..{high:.3e} FLOPs, from the last run of the size it begins with to the first run \
         of the size it ends with; {} of {} runs lie on it there",
        to - from + 1,
        runs.flops.len()
    ));
    notes.push(format!(
        "the loss at {count} budgets evenly spaced in C, as published: large ones count most; sizes evenly in ln C"
    ));
    Ok(Approach {
        kind: Kind::Hull,
        params: power(params),
        tokens: power(tokens),
        loss: Some(power(frontier)),
        minima: minima.collect(),
        left_out,
        notes,
    })
}

/// The lower convex hull from the least compute to the least loss (Andrew 1979); behind it more compute buys nothing.
fn lower(mut runs: Vec<Touch>) -> Vec<Touch> {
    let order = |a: &Touch, b: &Touch| {
        let flops = a.knot.flops.total_cmp(&b.knot.flops);
        flops.then(a.knot.log_loss.total_cmp(&b.knot.log_loss)).then(a.size.cmp(&b.size))
    };
    runs.sort_by(order);
    // Of runs at one budget only the lowest can touch.
    runs.dedup_by(|later, kept| later.knot.flops == kept.knot.flops);
    let mut hull: Vec<Touch> = Vec::new();
    for run in runs {
        while let [.., a, b] = hull.as_slice() {
            let (across, up) = (b.knot.flops - a.knot.flops, b.knot.log_loss - a.knot.log_loss);
            let turn = across * (run.knot.log_loss - a.knot.log_loss) - up * (run.knot.flops - a.knot.flops);
            if turn > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(run);
    }
    let least = (0..hull.len()).min_by(|&a, &b| hull[a].knot.log_loss.total_cmp(&hull[b].knot.log_loss)).unwrap_or(0);
    hull.truncate(least + 1);
    hull
}
