//! A random order of n things, one place at a time: a pure function of n and a key, without a table.
//!
//! A Feistel network on pairs of residues, walked along its cycle until it lands below n ("generalised Feistel", Black
//! and Rogaway 2002, Ciphers with Arbitrary Finite Domains). Not a cipher: it shuffles, it hides nothing.

use super::stream::{GOLDEN, below, mix};

/// Rounds: three make every place depend on every bit, the rest make orders of few things look drawn.
const ROUNDS: usize = 6;

/// Fewer rows or columns reach few of the possible orders; small ones walk a little longer instead.
const SMALLEST_SIDE: u64 = 8;

/// A bijection of 0..n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permutation {
    n: u64,
    /// Places are written as `left + rows * right` with `left < rows` and `right < columns`; `rows * columns >= n`.
    rows: u64,
    columns: u64,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The order of `n` things that two numbers name, a seed and an epoch say.
    pub fn new(n: u64, key: [u64; 2]) -> Self {
        let rows = (n.isqrt() + u64::from(n.isqrt().pow(2) < n)).max(SMALLEST_SIDE);
        let columns = n.div_ceil(rows).max(SMALLEST_SIDE);
        let start = mix(mix(key[0].wrapping_add(GOLDEN)) ^ key[1]);
        let keys = std::array::from_fn(|round| mix(start.wrapping_add((round as u64 + 1).wrapping_mul(GOLDEN))));
        Self { n, rows, columns, keys }
    }

    /// What stands at a place.
    ///
    /// # Panics
    /// If the place is not below n.
    pub fn at(&self, place: u64) -> u64 {
        assert!(place < self.n, "place {place} in an order of {}", self.n);
        let mut at = place;
        loop {
            at = self.network(at);
            // The pairs that are no place are fewer than `rows` unless n is small, so that walks are short.
            if at < self.n {
                return at;
            }
        }
    }

    fn network(&self, place: u64) -> u64 {
        let (mut left, mut right) = (place % self.rows, place / self.rows);
        for keys in self.keys.chunks_exact(2) {
            left = add(left, below(mix(right ^ keys[0]), self.rows), self.rows);
            right = add(right, below(mix(left ^ keys[1]), self.columns), self.columns);
        }
        left + self.rows * right
    }
}

/// The sum of two residues.
fn add(a: u64, b: u64, modulus: u64) -> u64 {
    let sum = a + b;
    if sum >= modulus { sum - modulus } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_bijection() {
        for n in (1..130).chain([255, 256, 257, 1000, 4095, 65_537, 99_991]) {
            for key in [[0, 0], [7, 1], [u64::MAX, 3]] {
                let order = Permutation::new(n, key);
                let mut seen = vec![false; n as usize];
                for place in 0..n {
                    let at = order.at(place) as usize;
                    assert!(!std::mem::replace(&mut seen[at], true), "{at} twice among {n}");
                }
            }
        }
    }

    #[test]
    fn numbers_near_the_end_of_64_bits_stay_in_range() {
        for n in [u64::from(u32::MAX), (1 << 60) + 1, u64::MAX >> 1] {
            let order = Permutation::new(n, [1, 2]);
            let images: std::collections::BTreeSet<u64> = (0..1000).map(|i| order.at(n - 1 - i)).collect();
            assert_eq!(images.len(), 1000);
            assert!(images.iter().all(|i| *i < n));
        }
    }

    /// Pearson's statistic of where two places go together, over many keys, against its mean n(n-1) - 1.
    #[test]
    fn keys_draw_pairs_of_places_evenly() {
        for n in [3u64, 4, 5, 7, 10] {
            let draws = 40_000;
            let mut counts = vec![0f64; (n * n) as usize];
            for draw in 0..draws {
                let order = Permutation::new(n, [draw / 100, draw % 100]);
                counts[(order.at(0) * n + order.at(1)) as usize] += 1.0;
            }
            let cells = (n * (n - 1)) as f64;
            let expected = draws as f64 / cells;
            let pairs = (0..n * n).filter(|pair| pair / n != pair % n);
            let statistic: f64 = pairs.map(|pair| (counts[pair as usize] - expected).powi(2) / expected).sum();
            let (mean, deviation) = (cells - 1.0, (2.0 * (cells - 1.0)).sqrt());
            assert!(statistic < mean + 5.0 * deviation, "{n}: {statistic} where {mean} is expected");
        }
    }

    #[test]
    fn neighbours_part() {
        let (n, key) = (100_000, [3, 4]);
        let order = Permutation::new(n, key);
        let near = (1..n).filter(|&i| order.at(i).abs_diff(order.at(i - 1)) < 100).count();
        // Of uniform pairs 0.2 % are that near.
        assert!((140..=260).contains(&near), "{near}");
        let fixed = (0..n).filter(|&i| order.at(i) == i).count();
        assert!(fixed <= 8, "{fixed}");
        let other = Permutation::new(n, [3, 5]);
        assert!((0..n).filter(|&i| order.at(i) == other.at(i)).count() <= 8);
    }
}
