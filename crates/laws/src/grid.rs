//! Grids at equal compute: which sizes to train for a budget, and whether the best lies between them.

use crate::polynomial::Polynomial;
use crate::program::math::ln;

/// Where the best size of a budget lies, seen from those that were trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bracket {
    /// between them
    Held,
    /// it may be smaller than the smallest
    Smaller,
    /// it may be larger than the largest
    Larger,
}

/// So many of these sizes, given in ascending order, next to each other and in the middle about the one that is expected
/// to be best: their indices.
pub fn placed(sizes: &[f64], expected: f64, count: usize) -> std::ops::Range<usize> {
    let count = count.min(sizes.len());
    let (Some(low), Some(high)) = (sizes.first(), sizes.last()) else { return 0..0 };
    // Beyond all sizes the outermost are nearest.
    let expected = expected.clamp(*low, *high);
    let middle = |from: usize| 0.5 * (ln(sizes[from]) + ln(sizes[from + count - 1]));
    let off = |from: &usize| libm::fabs(middle(*from) - ln(expected));
    let from = match count {
        0 => 0,
        _ => (0..=sizes.len() - count).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0),
    };
    from..from + count
}

/// Do the sizes of a budget, given in ascending order with the loss of each, have the best one between them? As approach 2
/// counts a budget: the least loss is neither that of the smallest nor that of the largest, and the parabola in ln N has
/// its least value between them. A loss that is no number, of a run that diverged, is worse than any other.
pub fn bracket(sizes: &[f64], losses: &[f64]) -> Bracket {
    let (x, y): (Vec<f64>, Vec<f64>) =
        sizes.iter().zip(losses).filter(|(_, loss)| loss.is_finite()).map(|(n, loss)| (ln(*n), *loss)).unzip();
    let least = (0..losses.len()).filter(|i| losses[*i].is_finite()).min_by(|a, b| losses[*a].total_cmp(&losses[*b]));
    match least {
        None | Some(0) => return Bracket::Smaller,
        Some(i) if i + 1 == losses.len() => return Bracket::Larger,
        _ => {}
    }
    let vertex = Polynomial::fit(&x, &y, 2).and_then(|parabola| parabola.vertex());
    match (vertex, x.first(), x.last()) {
        (Some(vertex), Some(low), _) if vertex.x < *low => Bracket::Smaller,
        (Some(vertex), _, Some(high)) if vertex.x > *high => Bracket::Larger,
        _ => Bracket::Held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f64; 7] = [1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 64e3];

    fn bowl(best: f64) -> [f64; 7] {
        SIZES.map(|n| 3.0 + 0.02 * (n / best).ln().powi(2))
    }

    #[test]
    fn sizes_lie_about_the_expected_best() {
        assert_eq!(placed(&SIZES, 8e3, 3), 2..5);
        assert_eq!(placed(&SIZES, 8e3, 5), 1..6);
        assert_eq!(placed(&SIZES, 1.0, 3), 0..3);
        assert_eq!(placed(&SIZES, 1e9, 3), 4..7);
        assert_eq!(placed(&SIZES, 8e3, 99), 0..7);
        assert_eq!(placed(&[], 8e3, 3), 0..0);
    }

    /// Widened as it says, a grid that begins anywhere ends with the best between its sizes.
    #[test]
    fn a_widened_grid_holds_the_best() {
        for best in [1.5e3, 3e3, 9e3, 30e3, 40e3] {
            for guess in SIZES {
                let mut range = placed(&SIZES, guess, 3);
                let losses = bowl(best);
                loop {
                    match bracket(&SIZES[range.clone()], &losses[range.clone()]) {
                        Bracket::Smaller => range.start -= 1,
                        Bracket::Larger => range.end += 1,
                        Bracket::Held => break,
                    }
                }
                assert!(SIZES[range.start] < best && best < SIZES[range.end - 1], "{best} {guess} {range:?}");
            }
        }
    }

    #[test]
    fn runs_that_diverged_are_worse_than_any() {
        let mut losses = bowl(6e3);
        losses[6] = f64::NAN;
        assert_eq!(bracket(&SIZES, &losses), Bracket::Held);
        assert_eq!(bracket(&SIZES[..3], &bowl(1e5)[..3]), Bracket::Larger);
        assert_eq!(bracket(&SIZES[4..], &bowl(6e3)[4..]), Bracket::Smaller);
        assert_eq!(bracket(&SIZES, &[f64::NAN; 7]), Bracket::Smaller);
    }
}
