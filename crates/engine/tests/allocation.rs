//! After the first step nothing is allocated, except by the matrix product for itself.

// A counting allocator can only be written with `unsafe`; it passes everything on.
#![allow(unsafe_code)]

mod models;
#[path = "models/train.rs"]
mod train;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use isoloss_engine::{Experts, Group, Init, Optimiser, Params, Plan, Rule, Step, inside_gemm};
use models::{Model, Shape};
use train::Training;

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's own, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !inside_gemm() {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test, so that nothing else allocates meanwhile.
#[test]
fn nothing_is_allocated_after_the_first_step() {
    // First, as threads that end allocate once more.
    assert_eq!(mixture(20), 0, "experts that are asked more and less from step to step");
    for (threads, rule) in [(1, Rule::AdamW), (2, Rule::AdamW), (1, Rule::Muon), (2, Rule::Muon)] {
        for llama in [false, true] {
            // A batch of 7 in chunks of 2: the last chunk is smaller than the others.
            let shape = Shape { kv_heads: if llama { 1 } else { 2 }, ..Shape::bytes(64, 2) };
            let make = |p: &mut _| if llama { Model::llama(p, &shape) } else { Model::gpt(p, &shape) };
            let mut training = Training::<f32>::new(make, Plan { chunk: 2, shards: 2 }, threads, [7, 16]).by(rule);
            training.step();
            let before = COUNT.load(Ordering::Relaxed);
            let steps = 20;
            (0..steps).for_each(|_| {
                _ = training.step();
            });
            let count = COUNT.load(Ordering::Relaxed) - before;
            println!("{threads} threads, {rule:?}, llama {llama}: {count} allocations in {steps} steps");
            // Rayon's queue takes a new block for every 63 calls, two of which make a step.
            assert!(count <= 1, "{count} allocations in {steps} steps with {threads} threads by {rule:?}");
        }
    }
}

/// Allocations in some steps of a mixture of experts, after the first.
fn mixture(steps: usize) -> usize {
    let mut params = Params::<f32>::new(1);
    let router = params.add("router", &[6, 16], Init::Normal(1.0), 0);
    let gate_up = params.add("gate_up", &[6 * 2 * 24, 16], Init::Normal(0.3), 0);
    let down = params.add("down", &[6 * 16, 24], Init::Normal(0.3), 0);
    let bias = Some(params.add("bias", &[6], Init::Constant(0.0), 1));
    let x = params.add("x", &[8 * 16, 16], Init::Normal(1.0), 0);
    let experts = Experts { router, bias, gate_up, down, chosen: 2, scale: 1.0 };
    let group = |rule| Group { rule, lr: 0.2, weight_decay: 0.0 };
    let mut optimiser = Optimiser::new(&params, &[group(Rule::AdamW), group(Rule::Sign)]);
    let mut step = Step::new(&params, Plan { chunk: 2, shards: 2 }, 1);
    let x = params.view(x).to_vec();
    let mut one = || {
        step.gradient(&params, 8, |tape, range| {
            let x = &x[range.start * 256..range.end * 256];
            let leaf = tape.leaf(x, [range.len(), 16, 16]);
            let y = tape.moe_onto(leaf, leaf, experts, 0.1, 128.0).y;
            tape.dot(y, x);
        });
        step.update(&mut params, &mut optimiser, 0.1, None);
    };
    one();
    let before = COUNT.load(Ordering::Relaxed);
    (0..steps).for_each(|_| one());
    COUNT.load(Ordering::Relaxed) - before
}
