//! Bits of losses and weights: the same for any number of threads, with and without AVX-512, on every x86-64 machine that
//! fuses multiply and add.

mod models;
#[path = "models/train.rs"]
mod train;

use isoloss_engine::{Params, Plan, Rule};
use models::{Model, Shape};
use train::Training;

/// Two steps of a batch of 4 sequences of 64 in f32: family, width, layers, hidden width, the rule that moves matrices,
/// and the bits they end in. They change when the engine rounds differently; then raise `NUMERICS`.
const CASES: &[(&str, usize, usize, usize, Rule, u64)] = &[
    ("gpt", 64, 2, 256, Rule::AdamW, 0x78559d591eb21475),
    ("gpt", 256, 6, 1024, Rule::AdamW, 0x016bae5237a27006),
    ("gpt", 64, 1, 2048, Rule::AdamW, 0xf9bf1ac2d6c176f2),
    ("llama", 64, 2, 176, Rule::AdamW, 0xafdec309ed9ce10c),
    ("llama", 96, 2, 2048, Rule::AdamW, 0x545afcea7bb9db71),
    ("gpt", 64, 2, 256, Rule::Muon, 0xca8fdbeaf4d32479),
    ("llama", 96, 2, 2048, Rule::Muon, 0x98f6a88678dbf6b1),
    // What is kept of a text, and attention that reads it.
    ("reader", 64, 1, 0, Rule::AdamW, 0xddb87b4e7f78f730),
    ("reader", 256, 1, 0, Rule::AdamW, 0x623c6eea9bd4d410),
];

fn training(family: &str, width: usize, layers: usize, hidden: usize, plan: Plan, threads: usize) -> Training<f32> {
    let llama = family == "llama";
    let mut shape = Shape { hidden, tied: !llama, bias: !llama, ..Shape::bytes(width, layers) };
    if llama || family == "reader" {
        shape.kv_heads = 1;
    }
    let make = |params: &mut Params<f32>| match family {
        "llama" => Model::llama(params, &shape),
        "reader" => Model::reader(params, &shape),
        _ => Model::gpt(params, &shape),
    };
    Training::new(make, plan, threads, [4, 64])
}

#[test]
fn bits_depend_on_nothing_but_the_plan() {
    let fused = isoloss_engine::fuses();
    let mut wrong = Vec::new();
    for &(family, width, layers, hidden, rule, known) in CASES {
        let plan = Plan { chunk: 1, shards: 4 };
        let start = |threads| training(family, width, layers, hidden, plan, threads).by(rule);
        let bits = [1, 2, 4].map(|threads| start(threads).bits(2));
        assert!(bits.iter().all(|b| *b == bits[0]), "{family} {width} by {rule:?}: threads change the bits: {bits:x?}");
        if fused && bits[0] != known {
            wrong.push(format!("(\"{family}\", {width}, {layers}, {hidden}, Rule::{rule:?}, 0x{:016x})", bits[0]));
        }
    }
    if !fused {
        println!("SKIPPED the known bits: this machine does not fuse multiply and add");
    }
    assert!(wrong.is_empty(), "the bits have changed; if that is meant, raise NUMERICS:\n{}", wrong.join(",\n"));
}

#[test]
fn another_plan_rounds_differently_and_no_more() {
    let loss = |chunk, shards| {
        let mut t = training("gpt", 64, 2, 256, Plan { chunk, shards }, 2);
        (0..3).map(|_| t.step().loss).last().unwrap()
    };
    let losses = [loss(1, 1), loss(2, 4), loss(4, 1), loss(3, 2)];
    assert!(losses.iter().all(|l| (l - losses[0]).abs() < 1e-4), "{losses:?}");
}

#[test]
fn training_resumes_bit_for_bit() {
    let start = || training("llama", 64, 2, 176, Plan { chunk: 2, shards: 2 }, 2);
    let (mut whole, mut first, mut second) = (start(), start(), start());
    let end = whole.bits(4);
    (0..2).for_each(|_| {
        _ = first.step();
    });
    second.params.weights_mut().copy_from_slice(first.params.weights());
    let (m, v, steps) = first.optimiser.state();
    second.optimiser.restore(m, v, steps);
    second.skip(2);
    (0..2).for_each(|_| {
        _ = second.step();
    });
    let mut again = start();
    assert_eq!(again.bits(4), end);
    assert_eq!(second.params.weights(), whole.params.weights());
}
