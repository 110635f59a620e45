//! A run that was interrupted goes on bit for bit as if it had not been; what is no number moves no weight.

use std::sync::Arc;

use crate::common::{Given, rule};
use isoloss_train::corpora::{Batch, Source};
use isoloss_train::{Progress, Trainer};

/// Loss bits of all steps and the bytes of the last checkpoint: weights, averages, and where the run stands.
fn uninterrupted() -> (Vec<Progress>, Vec<u8>) {
    let (config, source) = rule();
    let mut trainer = Trainer::<f32>::new(&config, source, 1);
    let mut seen = Vec::new();
    while !trainer.is_over() {
        seen.push(trainer.advance().unwrap());
    }
    (seen, trainer.checkpoint("x").unwrap())
}

#[test]
fn a_run_learns() {
    let (seen, _) = uninterrupted();
    let (first, last) = (seen[0].loss, seen[seen.len() - 1].loss);
    assert!(last < first - 0.5, "{first} {last}");
}

#[test]
fn a_hundred_interruptions_change_no_bit() {
    let (want, end) = uninterrupted();
    let (config, source) = rule();
    let mut state = 7u64;
    for case in 0..100 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let stop = (state >> 33) % (config.training.steps + 1);
        let mut trainer = Trainer::<f32>::new(&config, source.clone(), 1 + case % 2);
        let mut seen: Vec<Progress> = (0..stop).map(|_| trainer.advance().unwrap()).collect();
        let bytes = trainer.checkpoint("x").unwrap();
        drop(trainer);
        let mut again = Trainer::<f32>::new(&config, source.clone(), 1 + (case / 2) % 3);
        again.restore("x", &bytes).unwrap();
        assert_eq!(again.checkpoint("x").unwrap(), bytes, "a checkpoint comes back whole");
        while !again.is_over() {
            seen.push(again.advance().unwrap());
        }
        assert!(seen == want, "stopped after {stop} steps");
        assert!(again.checkpoint("x").unwrap() == end, "stopped after {stop} steps");
    }
}

#[test]
fn foreign_and_broken_checkpoints_are_refused_and_change_nothing() {
    let (config, source) = rule();
    let mut trainer = Trainer::<f32>::new(&config, source.clone(), 1);
    let bytes = trainer.checkpoint("mine").unwrap();
    let mut other = config.clone();
    other.model = crate::common::tiny(37);
    let foreign = Trainer::<f32>::new(&other, source.clone(), 1).checkpoint("mine").unwrap();
    let wide = Trainer::<f64>::new(&config, source, 1).checkpoint("mine").unwrap();
    for (id, bytes) in
        [("other", &bytes[..]), ("mine", &bytes[..bytes.len() / 2]), ("mine", &foreign), ("mine", &wide), ("mine", b"")]
    {
        assert!(trainer.restore(id, bytes).is_err());
        assert_eq!(trainer.checkpoint("mine").unwrap()[..], trainer.checkpoint("mine").unwrap()[..]);
    }
    assert!(trainer.restore("mine", &bytes).is_ok());
}

#[test]
fn what_is_no_number_is_caught_in_its_step_and_moves_nothing() {
    let (config, source) = rule();
    for (weight, value, says) in [
        ("embedding", f32::NAN, "the loss is not a number at step 5"),
        ("blocks.1.down", f32::INFINITY, "the loss is not a number at step 5"),
        ("norm", 1e38, "the loss is not a number at step 5"),
        // Forward this is a number still; on the way back its square is none.
        ("blocks.0.norm_2", 1e-30, ""),
    ] {
        let mut trainer = Trainer::<f32>::new(&config, source.clone(), 1);
        for _ in 0..5 {
            trainer.advance().unwrap();
        }
        let param = trainer.params().get(weight).unwrap();
        trainer.params_mut().view_mut(param).fill(value);
        let before = trainer.params().weights().to_vec();
        let outcome = trainer.advance();
        let Err(divergence) = outcome else {
            assert!(says.is_empty(), "{weight}: {outcome:?}");
            continue;
        };
        assert_eq!(divergence.step, 5);
        let said = divergence.to_string();
        assert!(said == says || said.starts_with("the norm of the gradient is"), "{weight}: {said}");
        let same = before.iter().zip(trainer.params().weights()).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same && trainer.done() == 5);
    }
}

#[test]
fn a_learning_rate_far_too_high_is_a_divergence_or_a_number() {
    let (mut config, source) = rule();
    config.training.lr = 1e30;
    config.training.clip = None;
    let mut trainer = Trainer::<f32>::new(&config, source, 1);
    let divergence =
        (0..config.training.steps).find_map(|_| trainer.advance().err()).expect("weights of 1e30 overflow");
    assert!(divergence.step > 0 && !divergence.to_string().is_empty());
}

#[test]
fn a_batch_without_targets_has_no_loss_and_moves_little() {
    let (config, _) = rule();
    let mut empty = Batch::new(config.training.batch, config.training.seq_len);
    empty.targets.fill(isoloss_train::corpora::IGNORE);
    let source: Arc<dyn Source> = Arc::new(Given { vocab: 31, batches: vec![empty] });
    let mut trainer = Trainer::<f32>::new(&config, source, 1);
    let seen = trainer.advance().unwrap();
    assert_eq!((seen.loss, seen.grad_norm), (0.0, 0.0));
}
