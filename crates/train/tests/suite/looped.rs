//! The looped transformer: one loop is no loop, gradients stop where they are cut, and it learns.

use std::path::Path;
use std::sync::Arc;

use isoloss_engine::{Buffers, Params, Tape};
use isoloss_train::config::Start;
use isoloss_train::measures::{Measure, Subject};
use isoloss_train::models::{Config, Shape};
use isoloss_train::{Trainer, counts};
use serde_json::{Value, json};

use crate::common::{Rule, config, looped, shape};

const VOCAB: usize = 31;

fn trainer(model: Config) -> Trainer<f32> {
    Trainer::new(&config(model, 40, 4, 16, 5e-3, 0.1), Arc::new(Rule { vocab: VOCAB as u32 }), 1)
}

fn losses(model: Config, steps: usize) -> Vec<u64> {
    let mut trainer = trainer(model);
    (0..steps).map(|_| trainer.advance().unwrap().loss.to_bits()).collect()
}

#[test]
fn one_loop_is_the_transformer_bit_for_bit() {
    let plain = shape(json!({ "d_model": 16, "n_layer": 4, "head_dim": 8 }), VOCAB);
    for (prelude, shared, coda) in [(0, 4, 0), (1, 2, 1), (3, 1, 0), (0, 1, 3)] {
        let of =
            json!({ "d_model": 16, "head_dim": 8, "prelude": prelude, "shared": shared, "coda": coda, "loops": 1 });
        assert_eq!(losses(looped(of, VOCAB), 20), losses(plain.clone(), 20), "{prelude} {shared} {coda}");
    }
}

#[test]
fn every_kind_learns() {
    let small = |own: Value| {
        let mut all = json!({ "d_model": 16, "head_dim": 8, "shared": 1, "loops": 3 });
        all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        looped(all, VOCAB)
    };
    for own in [
        json!({}),
        json!({ "injection": "add", "prelude": 1, "coda": 1 }),
        json!({ "injection": "concat", "truncate": 1 }),
        json!({ "gate": { "bonus": 0.1 } }),
        json!({ "gate": { "bonus": 0.1 }, "coda": 1, "tied": true, "qk_norm": true }),
    ] {
        let mut trainer = trainer(small(own.clone()));
        let first = trainer.advance().unwrap().loss;
        let last = (1..40).map(|_| trainer.advance().unwrap().loss).last().unwrap();
        // 31 tokens, of which two may follow.
        assert!(last < first - 0.5, "{own}: {first} {last}");
    }
}

/// With a cut behind the first loop, the block learns from the last loop alone: as if the stream that came into it was given.
#[test]
fn gradients_stop_where_they_are_cut() {
    let of = |truncate: Value, loops: usize| {
        let settings = json!({
            "d_model": 8, "head_dim": 8, "prelude": 1, "shared": 1, "loops": loops, "injection": "add", "truncate": truncate,
        });
        looped(settings, VOCAB)
    };
    let start = Start { embedding: 0.5, hidden: 1.0, residual: 0.5, head: 0.5 };
    let gradient = |config: Config| {
        let mut params = Params::<f64>::new(3);
        let model = config.build(&mut params, &start);
        let mut gradient = vec![0.0; params.count()];
        let mut buffers = Buffers::new();
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let (inputs, targets) = (tape.tokens(&[3, 1, 4, 1], 4), tape.tokens(&[1, 4, 1, 5], 4));
        model.loss(&mut tape, inputs, targets, 0.0, 4.0);
        let loss = tape.loss();
        tape.backward();
        let of = |name: &str| gradient[params.get(name).unwrap().range()].to_vec();
        (loss, of("blocks.1.down"), of("blocks.0.down"), of("head"))
    };
    let whole = gradient(of(Value::Null, 3));
    assert_eq!(whole, gradient(of(json!(3), 3)), "nothing is cut");
    let [two, one] = [2, 1].map(|through| gradient(of(json!(through), 3)));
    for cut in [&two, &one] {
        assert_eq!(cut.0, whole.0, "the loss is the same");
        assert_eq!(cut.3, whole.3, "the head is behind the cut");
        assert_ne!(cut.1, whole.1, "the block learns less");
        assert!(cut.2.iter().any(|g| *g != 0.0), "the prelude learns by the injection");
    }
    assert_ne!(one.1, two.1);
    // With one loop there is nothing to cut.
    assert_eq!(gradient(of(json!(1), 1)), gradient(of(Value::Null, 1)));
}

#[test]
fn counts_with_reuse() {
    let model = looped(
        json!({ "d_model": 64, "head_dim": 16, "prelude": 2, "shared": 4, "coda": 2, "loops": 4, "injection": "concat" }),
        256,
    );
    let counts = counts(&config(model, 10, 4, 16, 1e-3, 0.0));
    let block = 4 * 64 * 64 + 3 * 64 * 168 + 2 * 64;
    let recurrent = 4 * block + 2 * 64 * 64;
    assert_eq!(counts.recurrent, Some(recurrent));
    assert_eq!(counts.once(), Some(4 * block + 64));
    assert_eq!(counts.loops(), Some(4.0));
    assert_eq!(counts.effective, counts.stored + 3 * recurrent);
    let effective = counts.effective - counts.embedding - counts.head;
    assert_eq!(counts.flops_6nd, 6.0 * effective as f64 * counts.tokens as f64);
    // A stack without anything around it: with reuse it has exactly as many times the parameters.
    for loops in [1, 2, 8] {
        let model = looped(json!({ "d_model": 64, "head_dim": 16, "shared": 2, "loops": loops }), 256);
        let counts = self::counts(&config(model, 10, 4, 16, 1e-3, 0.0));
        assert_eq!(counts.loops(), Some(loops as f64));
        assert_eq!(counts.once(), Some(64), "the norm in front of the head");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused = |own: Value| {
        let mut all = json!({ "d_model": 16, "shared": 1, "loops": 2 });
        all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        Shape::read("looped", all)
            .unwrap()
            .map_err(|e| e.to_string())
            .and_then(|shape| shape.complete(VOCAB).map_err(|e| e.to_string()))
    };
    for (own, says) in [
        (json!({ "loops": 0 }), "loops: 0"),
        (json!({ "shared": 0 }), "shared: 0"),
        (json!({ "prelude": 1 << 21 }), "prelude"),
        (json!({ "truncate": 1 }), "injection"),
        (json!({ "truncate": 3, "injection": "add" }), "from 1 to 2"),
        (json!({ "gate": { "bonus": -1.0 } }), "gate.bonus"),
        (json!({ "n_layer": 3 }), "unknown field `n_layer`"),
    ] {
        let said = refused(own.clone()).expect_err(&own.to_string());
        assert!(said.contains(says), "{own}: {said}");
    }
}

#[test]
fn a_config_is_read_as_it_was_written() {
    let model = looped(
        json!({ "d_model": 16, "head_dim": 8, "shared": 1, "loops": 3, "injection": "add", "truncate": 2,
                "gate": { "bonus": 0.05 } }),
        VOCAB,
    );
    let written = serde_json::to_value(&model).unwrap();
    assert_eq!(written["kind"], "looped");
    assert_eq!(written["d_model"], 16, "flat, so that columns are those of any model");
    assert_eq!(serde_json::from_value::<Config>(written).unwrap(), model);
}

#[test]
fn exits_are_measured() {
    let model =
        looped(json!({ "d_model": 16, "head_dim": 8, "shared": 1, "loops": 3, "gate": { "bonus": 0.1 } }), VOCAB);
    let source = Rule { vocab: VOCAB as u32 };
    assert!(Measure::Exits.refused(&source, &shape(json!({ "d_model": 16, "n_layer": 1 }), VOCAB)).is_some());
    assert!(Measure::Exits.refused(&source, &model).is_none());
    let held_out = isoloss_train::corpora::Source::held_out(&source, 4, 16).unwrap();
    let mut trainer = trainer(model);
    for _ in 0..10 {
        trainer.advance().unwrap();
    }
    let mut subject = Subject {
        trainer: &mut trainer,
        source: &source,
        held_out: &held_out,
        curve: &[],
        folder: Path::new("."),
        is_stopped: &|| false,
    };
    let measured = Measure::Exits.of(&mut subject).unwrap();
    let of = |name: &str| measured.iter().find(|(n, _)| n == name).unwrap().1;
    let shares = [of("exit_share_1"), of("exit_share_2"), of("exit_share_3")];
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{shares:?}");
    assert!((of("exit_step") - (shares[0] + 2.0 * shares[1] + 3.0 * shares[2])).abs() < 1e-9);
    assert!(shares.iter().all(|share| *share > 0.0));
}
