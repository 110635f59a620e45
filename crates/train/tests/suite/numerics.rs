//! The bits of a loss belong to a number: runs of other bits are other runs.

use isoloss_engine::NUMERICS;
use isoloss_train::Trainer;

use crate::common::rule;

/// For each [`NUMERICS`] the bits of the losses of 20 steps of a transformer, as one number.
const KNOWN: (u32, u64) = (1, 0x5e00_3af5_5fcb_0935);

#[test]
fn the_bits_of_a_loss_are_those_of_this_numerics() {
    let (config, source) = rule();
    let mut trainer = Trainer::<f32>::new(&config, source, 1);
    let bits = (0..20).map(|_| trainer.advance().unwrap().loss.to_bits());
    let hash = bits.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ b).wrapping_mul(0x0000_0100_0000_01b3));
    assert_eq!((NUMERICS, hash), KNOWN, "the bits of a loss moved: raise NUMERICS, and write the new pair here");
}
