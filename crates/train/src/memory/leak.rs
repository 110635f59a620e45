//! The leak filter: a reference that holds the text itself teaches nothing but to copy.
//!
//! Memory^3 (Yang et al. 2024, arXiv 2407.01178) rejects a reference r of a text t if LCS(t, r) / |r| exceeds a limit,
//! LCS being the length of their longest common subsequence, and lets the subsequence lie within 2 |r| tokens of the text:
//! in a long text the tokens of any reference stand somewhere, in their order.
//!
//! The length is found for whole words of bits at once (Hyyro 2004, "Bit-parallel LCS-length computation revisited", after
//! Crochemore et al. 2001). With M the positions of a token in r, and V all ones at first,
//!
//! ```text
//! V = (V + (V & M)) | (V & !M)        for each token of t; LCS = zeros in V
//! ```

/// The limit in training.
pub const TRAINING: f64 = 0.9;
/// The limit in an evaluation.
pub const EVALUATION: f64 = 2.0 / 3.0;

/// References of up to so many tokens take one word; longer ones take several.
const BITS: usize = u128::BITS as usize;

/// Does a reference hold more than the part `limit` of its own tokens in common with some 2 |r| neighbouring tokens of the
/// text, in their order? An empty reference does not.
pub fn leaks(text: &[u32], reference: &[u32], limit: f64) -> bool {
    let (window, all) = ((2 * reference.len()).min(text.len()), reference.len() as f64);
    // A quotient is rounded as the limit was, so that 2 of 3 do not exceed 2 / 3.
    let Some(enough) = (1..=reference.len()).find(|common| *common as f64 / all > limit) else { return false };
    let mut matcher = Matcher::new(text, reference);
    // Shorter windows are parts of longer ones, and have no longer subsequence.
    let mut start = 0;
    while start + window <= text.len() {
        let common = matcher.common(start, window);
        if common >= enough {
            return true;
        }
        // A window that begins one token later has at most one more in common.
        start += enough - common;
    }
    false
}

/// The length of the longest common subsequence.
pub fn common(text: &[u32], reference: &[u32]) -> usize {
    Matcher::new(text, reference).common(0, text.len())
}

/// A reference and a text, ready for comparison.
struct Matcher {
    /// Words of bits for a reference.
    words: usize,
    /// The positions of each different token in the reference, then none: `[tokens + 1, words]`.
    positions: Vec<u128>,
    /// Of each token of the text where its positions begin.
    rows: Vec<u32>,
    /// V.
    state: Vec<u128>,
}

impl Matcher {
    fn new(text: &[u32], reference: &[u32]) -> Self {
        let words = reference.len().div_ceil(BITS);
        let mut tokens = reference.to_vec();
        tokens.sort_unstable();
        tokens.dedup();
        let row = |token: &u32| tokens.binary_search(token).unwrap_or(tokens.len()) * words;
        let mut positions = vec![0; (tokens.len() + 1) * words];
        for (at, token) in reference.iter().enumerate() {
            positions[row(token) + at / BITS] |= 1 << (at % BITS);
        }
        let rows = text.iter().map(|token| row(token) as u32).collect();
        Self { words, positions, rows, state: vec![0; words] }
    }

    /// The longest common subsequence of the reference and so many tokens of the text.
    fn common(&mut self, start: usize, tokens: usize) -> usize {
        self.state.fill(u128::MAX);
        for row in &self.rows[start..start + tokens] {
            let mut carry = false;
            for (state, positions) in self.state.iter_mut().zip(&self.positions[*row as usize..][..self.words]) {
                let hit = *state & positions;
                let (sum, over) = state.overflowing_add(hit);
                let (sum, again) = sum.overflowing_add(u128::from(carry));
                carry = over | again;
                *state = sum | (*state & !positions);
            }
        }
        // Bits behind the reference have no positions: they stay ones.
        self.state.iter().map(|word| word.count_zeros() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The textbook's table, a row at a time (Wagner and Fischer 1974).
    fn naive(text: &[u32], reference: &[u32]) -> usize {
        let mut row = vec![0; reference.len() + 1];
        for a in text {
            let mut diagonal = 0;
            for (at, b) in reference.iter().enumerate() {
                let above = row[at + 1];
                row[at + 1] = if a == b { diagonal + 1 } else { above.max(row[at]) };
                diagonal = above;
            }
        }
        row[reference.len()]
    }

    fn leaks_naively(text: &[u32], reference: &[u32], limit: f64) -> bool {
        let window = (2 * reference.len()).clamp(1, text.len().max(1));
        let exceeds = |part: &[u32]| naive(part, reference) as f64 / reference.len() as f64 > limit;
        text.windows(window).any(exceeds)
    }

    /// A reference, and a text that has parts of it: most of all texts are far from any limit.
    fn pair() -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
        let reference = prop_oneof![vec(0..5u32, 0..40), vec(0..30u32, 100..300), vec(0..400u32, 128)];
        let noise = (vec(0..30u32, 0..80), vec(0..30u32, 0..300), 0.0..1.0);
        (reference, noise).prop_perturb(|(reference, (before, after, kept)), mut random| {
            let mut text = before;
            for token in &reference {
                match random.random::<f64>() {
                    r if r < kept => text.push(*token),
                    r if r < 0.5 + 0.5 * kept => text.push(random.random_range(0..30)),
                    _ => {}
                }
            }
            text.extend(after);
            (text, reference)
        })
    }

    proptest! {
        #[test]
        fn words_of_bits_find_what_a_table_finds((text, reference) in pair()) {
            prop_assert_eq!(common(&text, &reference), naive(&text, &reference));
            prop_assert_eq!(common(&reference, &text), naive(&text, &reference));
        }

        #[test]
        fn skipped_windows_could_not_leak((text, reference) in pair(), limit in 0.2..1.0) {
            for limit in [limit, TRAINING, EVALUATION] {
                prop_assert_eq!(leaks(&text, &reference, limit), leaks_naively(&text, &reference, limit));
            }
        }
    }

    #[test]
    fn limits_are_exceeded_and_not_reached() {
        let reference: Vec<u32> = (0..10).collect();
        let text = |common: u32| (0..common).chain([99; 5]).collect::<Vec<u32>>();
        assert!(!leaks(&text(9), &reference, TRAINING) && leaks(&text(10), &reference, TRAINING));
        assert!(!leaks(&text(2), &[0, 1, 2], EVALUATION) && leaks(&text(3), &[0, 1, 2], EVALUATION));
        assert!(!leaks(&text(4), &reference[..6], EVALUATION) && leaks(&text(5), &reference[..6], EVALUATION));
        assert!(!leaks(&reference, &[], TRAINING) && !leaks(&[], &reference, TRAINING));
        assert!(!leaks(&reference, &reference, 1.0));
    }

    #[test]
    fn a_subsequence_spread_over_more_than_twice_its_length_is_no_leak() {
        let reference: Vec<u32> = (0..20).collect();
        let spread =
            |gap: usize| reference.iter().flat_map(|t| [&vec![99; gap][..], &[*t]].concat()).collect::<Vec<_>>();
        assert!(leaks(&spread(1), &reference, TRAINING));
        assert!(!leaks(&spread(2), &reference, TRAINING));
        assert_eq!(common(&spread(2), &reference), 20);
    }
}
