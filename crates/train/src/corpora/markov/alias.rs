//! Drawing from laws of integers in constant time: Walker's alias method (1977), tables made as by Vose (1991).

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::chain::ONE;

/// For each law V slots of equal probability, each shared by two tokens at most.
///
/// Everything is an integer: a law's counts sum to 2^32, times V they fill V slots of 2^32, and a slot is chosen without
/// bias. So a token has exactly the probability of its count.
#[derive(Debug)]
pub(in crate::corpora) struct Alias {
    tokens: u32,
    /// 2^32 mod V: what makes the choice of a slot even, see `draw`. It is 0 where V is a power of two.
    bias: u32,
    /// `[laws, V]`: below the high half of a slot its own token is drawn, else the token in the low half.
    slots: Vec<u64>,
}

impl Alias {
    /// Tables of laws over `tokens` tokens, each of sum 2^32.
    pub(in crate::corpora) fn new<'a>(tokens: usize, laws: impl Iterator<Item = &'a [u32]>) -> Self {
        let slots = laws.flat_map(slots).collect();
        Self { tokens: tokens as u32, bias: (ONE % tokens as u64) as u32, slots }
    }

    /// A token of a law.
    #[inline]
    pub(in crate::corpora) fn draw(&self, law: usize, random: &mut Xoshiro256PlusPlus) -> usize {
        loop {
            let bits = random.next_u64();
            let product = (bits >> 32) * u64::from(self.tokens);
            // Slots would differ by one in 2^32 where V does not divide 2^32: such products are drawn again (Lemire 2019,
            // Fast Random Integer Generation in an Interval).
            if (product as u32) < self.bias {
                continue;
            }
            let own = (product >> 32) as usize;
            let slot = self.slots[law * self.tokens as usize + own];
            return if (bits as u32) < (slot >> 32) as u32 { own } else { slot as u32 as usize };
        }
    }
}

/// The slots of a law. Vose's method: a token that has less than a slot shares it with one that has more.
fn slots(law: &[u32]) -> Vec<u64> {
    let mut left: Vec<u64> = law.iter().map(|n| u64::from(*n) * law.len() as u64).collect();
    let (mut poor, mut rich): (Vec<usize>, Vec<usize>) = (0..law.len()).partition(|&i| left[i] < ONE);
    // A slot of one token needs no threshold: it is its own alias.
    let mut slots: Vec<u64> = (0..law.len() as u64).collect();
    while let (Some(small), Some(&large)) = (poor.pop(), rich.last()) {
        slots[small] = left[small] << 32 | large as u64;
        left[large] -= ONE - left[small];
        if left[large] < ONE {
            rich.pop();
            poor.push(large);
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_hold_exactly_the_law() {
        let laws: [&[u32]; 4] = [&[1 << 31, 1 << 31], &[1, u32::MAX], &[5, 7, u32::MAX - 11], &[1 << 30; 4]];
        for law in laws {
            let mut held = vec![0u64; law.len()];
            for (own, slot) in slots(law).into_iter().enumerate() {
                held[own] += slot >> 32;
                held[slot as u32 as usize] += ONE - (slot >> 32);
            }
            let wanted: Vec<u64> = law.iter().map(|n| u64::from(*n) * law.len() as u64).collect();
            assert_eq!(held, wanted);
        }
    }
}
