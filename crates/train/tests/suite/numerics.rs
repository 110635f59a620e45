//! The bits of a loss belong to a number: runs of other bits are other runs.

use isoloss_engine::NUMERICS;
use isoloss_train::{RunConfig, Trainer};
use serde_json::json;

use crate::common::{looped, rule};

/// For this [`NUMERICS`] the bits of the losses of 20 steps of a model of each family, as one number each.
const KNOWN: (u32, [u64; 4]) =
    (1, [0x5e00_3af5_5fcb_0935, 0x9397_327d_9f0f_788e, 0xd553_2a64_0d95_0e5a, 0x55d8_7783_9a72_3571]);

#[test]
fn the_bits_of_a_loss_are_those_of_this_numerics() {
    let (transformer, source) = rule();
    let settings = json!({
        "d_model": 16, "head_dim": 8, "prelude": 1, "shared": 1, "loops": 3, "injection": "concat", "gate": { "bonus": 0.05 },
    });
    let looped = RunConfig { model: looped(settings, 31), ..transformer.clone() };
    let [early, late] = ["early_fusion", "late_fusion"].map(|kind| crate::fusion::run(kind, 20));
    let runs = [(transformer, source.clone()), (looped, source), early, late];
    let hashes = runs.map(|(config, source)| {
        let mut trainer = Trainer::<f32>::new(&config, source, 1);
        let bits = (0..20).map(|_| trainer.advance().unwrap().loss.to_bits());
        bits.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ b).wrapping_mul(0x0000_0100_0000_01b3))
    });
    assert_eq!((NUMERICS, hashes), KNOWN, "the bits of a loss moved: raise NUMERICS, and write the new ones here");
}
