//! Streams of random numbers that are told apart by what they are for.
//!
//! A stream begins at a state of 256 bits that is an invertible function of four words: the purpose and three numbers. So
//! two streams of different words never begin alike, and whatever seed a run has, no window of its training is by design
//! one of the held-out set.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To draw a source itself.
    Source = 1,
    /// Windows to train on.
    Training = 2,
    /// Windows to evaluate on.
    HeldOut = 3,
    /// Texts that can be looked up.
    Reference = 4,
    /// Questions of an exam.
    Exam = 5,
}

/// Bits well mixed: the finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection of 64 bits.
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The increment of SplitMix64: the golden ratio, odd.
pub(crate) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The stream of a purpose and three numbers.
pub(super) fn stream(purpose: Purpose, words: [u64; 3]) -> Xoshiro256PlusPlus {
    let state = scramble([purpose as u64, words[0], words[1], words[2]]);
    let mut bytes = [0; 32];
    for (place, word) in bytes.chunks_exact_mut(8).zip(state) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    Xoshiro256PlusPlus::from_seed(bytes)
}

/// Each line changes one word by a function of another, which can be undone: so the whole is a bijection. After three
/// rounds every bit depends on every bit.
fn scramble([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    for round in 1..=3u64 {
        a ^= mix(d.wrapping_add(round.wrapping_mul(GOLDEN)));
        b ^= mix(a);
        c ^= mix(b);
        d ^= mix(c);
    }
    [a, b, c, d]
}

/// A uniform number in (-1, 1), never 0.
pub(super) fn symmetric(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 0.5) * (2.0 / (1u64 << 53) as f64) - 1.0
}

/// 64 random bits as a number below `n`: none is likelier than another by more than 2^-64.
pub(super) fn below(bits: u64, n: u64) -> u64 {
    ((u128::from(bits) * u128::from(n)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrambling_can_be_undone() {
        let undo = |[mut a, mut b, mut c, mut d]: [u64; 4]| {
            for round in (1..=3u64).rev() {
                d ^= mix(c);
                c ^= mix(b);
                b ^= mix(a);
                a ^= mix(d.wrapping_add(round.wrapping_mul(GOLDEN)));
            }
            [a, b, c, d]
        };
        for words in [[0; 4], [1, 2, 3, 4], [u64::MAX; 4], [2, 0, 1 << 63, 77]] {
            assert_eq!(undo(scramble(words)), words);
        }
    }

    #[test]
    fn one_bit_moves_half_of_all_bits() {
        for word in 0..4 {
            for bit in 0..64 {
                let mut words = [3, 14, 15, 92];
                words[word] ^= 1 << bit;
                let pairs = scramble(words).into_iter().zip(scramble([3, 14, 15, 92]));
                let moved: u32 = pairs.map(|(a, b)| (a ^ b).count_ones()).sum();
                assert!((80..=176).contains(&moved), "word {word}, bit {bit}: {moved} of 256");
            }
        }
    }
}
