//! The best value of a setting that was swept, a learning rate say: the loss is a parabola in its logarithm near the best.

use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, student};
use crate::polynomial::{Polynomial, line};
use crate::program::math::{exp, ln};

/// What a sweep says.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// the best value: where the parabola is least, or the best that was tried if that lies at an edge
    pub best: Estimate,
    /// the loss there: of the parabola, or as measured at an edge
    pub loss: f64,
    /// the best that was tried lies at this end, so that a better one may lie beyond
    pub edge: Option<Edge>,
}

/// An end of what was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// the smallest value was the best
    Low,
    /// the largest was
    High,
}

/// Values beside the best that the parabola is fitted to, on each side: further ones bend otherwise.
const BESIDE: usize = 2;

/// Chooses the value of least loss. Losses that are no numbers are of runs that diverged: they are passed over, so that a
/// best value next to one lies at an edge.
///
/// The loss of the best of several runs is biased low: train the choice again with other seeds, and fit those runs alone.
///
/// # Errors
/// With fewer than three values that have a loss, or values that are not positive.
pub fn choose(values: &[f64], losses: &[f64], level: f64) -> Result<Choice, FitError> {
    if values.len() != losses.len() || values.iter().any(|v| !v.is_finite() || *v <= 0.0) {
        return Err(FitError::new("a sweep needs positive values and a loss for each", "as in 0.001, 0.002, 0.004"));
    }
    // Replicates of a value count as their mean.
    let mut tried: Vec<(f64, Vec<f64>)> = Vec::new();
    for (value, loss) in values.iter().zip(losses).filter(|(_, loss)| loss.is_finite()) {
        match tried.iter_mut().find(|(known, _)| known == value) {
            Some((_, losses)) => losses.push(*loss),
            None => tried.push((*value, vec![*loss])),
        }
    }
    tried.sort_by(|a, b| a.0.total_cmp(&b.0));
    let x: Vec<f64> = tried.iter().map(|(value, _)| ln(*value)).collect();
    let y: Vec<f64> = tried.iter().map(|(_, losses)| losses.iter().sum::<f64>() / losses.len() as f64).collect();
    let Some(at) = (0..y.len()).min_by(|a, b| y[*a].total_cmp(&y[*b])).filter(|_| y.len() >= 3) else {
        let message = format!("a sweep needs three values with a loss and has {}", y.len());
        return Err(FitError::new(message, "try more values; runs that diverged have none"));
    };
    let edge = match at {
        0 => Some(Edge::Low),
        at if at + 1 == y.len() => Some(Edge::High),
        _ => None,
    };
    let near = at.saturating_sub(BESIDE)..(at + BESIDE + 1).min(y.len());
    let parabola = Polynomial::fit(&x[near.clone()], &y[near.clone()], 2);
    let vertex = parabola.as_ref().and_then(Polynomial::vertex);
    let inside = vertex.filter(|v| edge.is_none() && (x[near.start]..=x[near.end - 1]).contains(&v.x));
    let Some((vertex, parabola)) = inside.zip(parabola) else {
        let method = match edge {
            Some(_) => "the best value lies at an edge of what was tried",
            None => "no parabola has its least value among those tried",
        };
        let best = Estimate { value: tried[at].0, interval: None, method: method.to_owned() };
        return Ok(Choice { best, loss: y[at], edge });
    };
    let method = "least of a parabola in the logarithm".to_owned();
    let interval = (parabola.df > 0.0).then(|| {
        let half = student(level, parabola.df) * (parabola.squares / parabola.df * vertex.variance).sqrt();
        Interval { lower: exp(vertex.x - half), upper: exp(vertex.x + half), level, of: Of::Mean }
    });
    let method = if interval.is_some() { method } else { method + " through three values, which leave no residual" };
    Ok(Choice { best: Estimate { value: exp(vertex.x), interval, method }, loss: vertex.y, edge: None })
}

/// What a sweep of two settings says.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// the best value of the first, where the second is at its best
    pub first: Choice,
    /// the best value of the second
    pub second: Choice,
}

/// Chooses the values of two settings that were swept together, a learning rate and a batch say: the first at every value
/// of the second, then the second by the least losses of these. Between values of the second the best of the first is a
/// power of it; its interval is the one at the nearest value that was tried.
///
/// # Errors
/// With fewer than three values of either that have a loss, or values that are not positive.
pub fn choose_pair(first: &[f64], second: &[f64], losses: &[f64], level: f64) -> Result<Pair, FitError> {
    if first.len() != losses.len() || second.len() != losses.len() {
        return Err(FitError::new("a sweep needs two values for each loss", "one row a run"));
    }
    let mut tried = second.to_vec();
    tried.sort_by(f64::total_cmp);
    tried.dedup();
    let mut kept = Vec::new();
    for value in tried {
        let of = |all: &[f64]| -> Vec<f64> {
            all.iter().zip(second).filter(|(_, s)| **s == value).map(|(x, _)| *x).collect()
        };
        // Where most runs diverged there is nothing to choose.
        if let Ok(best) = choose(&of(first), &of(losses), level) {
            kept.push((value, best));
        }
    }
    let values: Vec<f64> = kept.iter().map(|(value, _)| *value).collect();
    let least: Vec<f64> = kept.iter().map(|(_, best)| best.loss).collect();
    let chosen = choose(&values, &least, level)?;
    let far = |value: f64| libm::fabs(ln(value / chosen.best.value));
    let near = kept.iter().min_by(|a, b| far(a.0).total_cmp(&far(b.0))).map(|(_, best)| best.clone());
    let mut best = near.ok_or_else(|| FitError::new("a sweep of nothing", "three values or more"))?;
    let [x, y] = [&values, &kept.iter().map(|(_, b)| b.best.value).collect()]
        .map(|v| v.iter().map(|v| ln(*v)).collect::<Vec<f64>>());
    if let Some((slope, intercept)) = line(&x, &y, |_| 1.0) {
        let value = exp(intercept + slope * ln(chosen.best.value));
        let moved = value / best.best.value;
        best.best.value = value;
        best.best.interval =
            best.best.interval.map(|i| Interval { lower: i.lower * moved, upper: i.upper * moved, ..i });
    }
    best.loss = chosen.loss;
    Ok(Pair { first: best, second: chosen })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bowl in both, whose best learning rate goes with the root of the batch.
    #[test]
    fn two_settings_are_chosen_together() {
        let (mut lrs, mut batches, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        for batch in [4.0, 8.0, 16.0, 32.0, 64.0] {
            for lr in LRS {
                let best = 3e-3 * f64::sqrt(batch / 12.0);
                lrs.push(lr);
                batches.push(batch);
                losses.push(2.0 + 0.05 * (lr / best).ln().powi(2) + 0.02 * (batch / 12.0).ln().powi(2));
            }
        }
        let found = choose_pair(&lrs, &batches, &losses, 0.95).unwrap();
        assert!((found.second.best.value / 12.0 - 1.0).abs() < 1e-9, "{found:?}");
        assert!((found.first.best.value / 3e-3 - 1.0).abs() < 1e-9, "{found:?}");
        assert!((found.first.loss - 2.0).abs() < 1e-9 && found.second.edge.is_none());
        // A batch at which all diverged is passed over.
        losses[..5].fill(f64::NAN);
        assert_eq!(choose_pair(&lrs, &batches, &losses, 0.95).unwrap().second.edge, None);
        assert!(choose_pair(&lrs, &batches, &losses[1..], 0.95).is_err());
    }

    const LRS: [f64; 5] = [1e-3, 2e-3, 4e-3, 8e-3, 16e-3];

    fn bowl(best: f64) -> [f64; 5] {
        LRS.map(|lr| 2.0 + 0.05 * (lr / best).ln().powi(2))
    }

    #[test]
    fn the_least_of_a_parabola_is_found() {
        for best in [2.1e-3, 3e-3, 5.5e-3, 7.7e-3] {
            let found = choose(&LRS, &bowl(best), 0.95).unwrap();
            assert!((found.best.value / best - 1.0).abs() < 1e-9 && found.edge.is_none(), "{found:?}");
            assert!((found.loss - 2.0).abs() < 1e-12);
        }
    }

    #[test]
    fn an_edge_is_said_and_divergence_is_no_edge_of_its_own() {
        let low = choose(&LRS, &bowl(0.5e-3), 0.95).unwrap();
        assert_eq!((low.edge, low.best.value, low.best.interval), (Some(Edge::Low), 1e-3, None));
        assert_eq!(choose(&LRS, &bowl(1.0), 0.95).unwrap().edge, Some(Edge::High));
        let mut losses = bowl(3e-3);
        losses[4] = f64::NAN;
        let found = choose(&LRS, &losses, 0.95).unwrap();
        assert!((found.best.value / 3e-3 - 1.0).abs() < 1e-9);
        losses[3] = f64::NAN;
        losses[2] = f64::NAN;
        assert!(choose(&LRS, &losses, 0.95).is_err());
    }

    #[test]
    fn replicates_count_as_their_mean_and_order_does_not_matter() {
        let (mut values, mut losses) = (LRS.to_vec(), bowl(3e-3).to_vec());
        let plain = choose(&values, &losses, 0.95).unwrap();
        for i in [3, 0, 2] {
            values.push(LRS[i]);
            losses.push(losses[i]);
        }
        values.reverse();
        losses.reverse();
        let again = choose(&values, &losses, 0.95).unwrap();
        assert!((again.best.value / plain.best.value - 1.0).abs() < 1e-12);
    }

    /// Over many noisy sweeps of one bowl the interval holds the truth about as often as it says.
    #[test]
    fn intervals_cover() {
        let mut state = 7u64;
        let mut normal = || {
            let mut uniform = || {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
            };
            (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
        };
        let (mut inside, mut all) = (0, 0);
        for _ in 0..2000 {
            let losses = bowl(4e-3).map(|loss| loss + 0.002 * normal());
            let found = choose(&LRS, &losses, 0.95).unwrap();
            if let Some(interval) = found.best.interval {
                all += 1;
                inside += usize::from((interval.lower..=interval.upper).contains(&4e-3));
            }
        }
        let share = inside as f64 / all as f64;
        assert!(all > 1900 && (0.93..=0.97).contains(&share), "{share} of {all}");
    }
}
