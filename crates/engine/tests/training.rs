//! What a trainer relies on: shared weights sum their gradients, evaluation is the forward pass, trouble can be seen
//! before weights move, buffers serve walks of other shapes.

mod models;
#[path = "models/train.rs"]
mod train;

use isoloss_engine::{Buffers, IGNORE, Params, Plan, Tape};
use models::{LlamaBlock, Model, Shape, bytes};
use train::Training;

fn shape(tied: bool) -> Shape {
    Shape { vocab: 256, tied, hidden: 48, kv_heads: 1, ..Shape::bytes(64, 2) }
}

/// Loss and gradient of one chunk.
fn gradient(params: &Params<f64>, model: &Model, [inputs, targets]: &[Vec<u32>; 2], length: usize) -> (f64, Vec<f64>) {
    let (mut buffers, mut gradient) = (Buffers::new(), vec![0.0; params.count()]);
    let mut tape = Tape::new(&mut buffers, params, Some(&mut gradient));
    let (x, y) = (tape.tokens(inputs, length), tape.tokens(targets, length));
    model.loss(&mut tape, x, y, inputs.len() as f64);
    let loss = tape.loss();
    tape.backward();
    (loss, gradient)
}

#[test]
fn a_tied_head_has_the_sum_of_both_gradients() {
    let (mut tied, mut free) = (Params::<f64>::new(1), Params::<f64>::new(1));
    let (one, two) = (Model::llama(&mut tied, &shape(true)), Model::llama(&mut free, &shape(false)));
    let [head, token] = ["lm_head.weight", "model.embed_tokens.weight"].map(|n| free.get(n).unwrap());
    let shared = free.view(token).to_vec();
    free.view_mut(head).copy_from_slice(&shared);
    let data = &bytes(1, 3, 16)[0];
    let ((a, tied_gradient), (b, free_gradient)) = (gradient(&tied, &one, data, 16), gradient(&free, &two, data, 16));
    assert!((a - b).abs() < 1e-13, "{a} {b}");
    let sum = free_gradient[token.range()].iter().zip(&free_gradient[head.range()]).map(|(x, y)| x + y);
    let own = &tied_gradient[tied.get("model.embed_tokens.weight").unwrap().range()];
    for (x, y) in own.iter().zip(sum) {
        assert!((x - y).abs() < 1e-13, "{x} {y}");
    }
}

#[test]
fn a_block_used_three_times_has_the_sum_of_three_gradients() {
    let s = shape(true);
    let mut looped = Params::<f64>::new(1);
    let block = LlamaBlock::new(&mut looped, &s, "");
    let mut apart = Params::<f64>::new(1);
    let blocks = ["a.", "b.", "c."].map(|prefix| LlamaBlock::new(&mut apart, &s, prefix));
    for entry in looped.entries().to_vec() {
        for prefix in ["a.", "b.", "c."] {
            let copy = apart.get(&format!("{prefix}{}", entry.name)).unwrap();
            apart.view_mut(copy).copy_from_slice(looped.view(entry.param));
        }
    }
    let x: Vec<f64> = (0..2 * 9 * 64).map(|i| ((i * 37 % 101) as f64 - 50.0) / 50.0).collect();
    let cotangent: Vec<f64> = x.iter().rev().map(|v| v * v).collect();
    let run = |params: &Params<f64>, blocks: [&LlamaBlock; 3]| {
        let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![0.0; params.count()]);
        let mut tape = Tape::new(&mut buffers, params, Some(&mut gradient));
        let x = tape.leaf(&x, [2, 9, 64]);
        let y = blocks.into_iter().fold(x, |x, block| block.forward(&mut tape, x));
        tape.dot(y, &cotangent);
        tape.backward();
        (tape.gradient(x).unwrap().to_vec(), gradient)
    };
    let (dx, one) = run(&looped, [&block; 3]);
    let (same_dx, three) = run(&apart, [&blocks[0], &blocks[1], &blocks[2]]);
    assert_eq!(dx, same_dx);
    let n = one.len();
    for i in 0..n {
        let sum = three[i] + three[n + i] + three[2 * n + i];
        assert!((one[i] - sum).abs() < 1e-12 * (1.0 + sum.abs()), "weight {i}: {} {sum}", one[i]);
    }
}

#[test]
fn evaluation_gives_the_losses_of_training_for_any_plan_and_threads() {
    let [inputs, targets] = &bytes(1, 5, 16)[0];
    let mut targets = targets.clone();
    targets[3] = IGNORE;
    let counted = targets.iter().filter(|t| **t != IGNORE).count() as f64;
    let mut seen: Vec<Vec<f32>> = Vec::new();
    for (chunk, shards, threads) in [(1, 1, 1), (2, 2, 2), (5, 1, 1), (2, 4, 4)] {
        let mut t = Training::<f32>::new(|p| Model::llama(p, &shape(true)), Plan { chunk, shards }, threads, [5, 16]);
        let Training { step, params, model, .. } = &mut t;
        let walk = |tape: &mut Tape<f32>, range: std::ops::Range<usize>| {
            let part = range.start * 16..range.end * 16;
            let (x, y) = (tape.tokens(&inputs[part.clone()], 16), tape.tokens(&targets[part], 16));
            model.loss(tape, x, y, counted)
        };
        let outcome = step.gradient(params, 5, |tape, range| _ = walk(tape, range));
        let mut losses = vec![0f32; 5 * 16];
        step.evaluate(params, 5, &mut losses, walk);
        let again = step.gradient(params, 5, |tape, range| _ = walk(tape, range));
        assert_eq!(outcome, again, "evaluation disturbs nothing");
        assert_eq!(losses[3], 0.0, "an ignored target has no loss");
        let mean = losses.iter().map(|&l| l as f64).sum::<f64>() / counted;
        assert!((mean - outcome.loss).abs() < 1e-6, "{mean} {}", outcome.loss);
        assert!(seen.iter().flatten().zip(&losses).all(|(a, b)| (a - b).abs() < 1e-5));
        seen.push(losses);
    }
}

#[test]
fn what_is_not_finite_is_seen_before_weights_move() {
    let start = || Training::<f32>::new(|p| Model::gpt(p, &shape(true)), Plan { chunk: 2, shards: 2 }, 1, [4, 16]);
    let mut good = start();
    assert!(good.step().is_finite());
    for (weight, value) in [("transformer.h.0.mlp.c_fc.weight", f32::NAN), ("transformer.wpe.weight", f32::INFINITY)] {
        let mut bad = start();
        let param = bad.params.get(weight).unwrap();
        bad.params.view_mut(param)[5] = value;
        let [inputs, targets] = bad.data[0].clone();
        let model = &bad.model;
        let outcome = bad.step.gradient(&bad.params, 4, |tape, range| {
            let part = range.start * 16..range.end * 16;
            let (x, y) = (tape.tokens(&inputs[part.clone()], 16), tape.tokens(&targets[part], 16));
            model.loss(tape, x, y, 64.0);
        });
        assert!(!outcome.is_finite(), "{weight}: {outcome:?}");
    }
}

#[test]
fn executed_operations_are_counted() {
    // One linear map without gradient of its input: forward and the weight's gradient.
    let mut params = Params::<f32>::new(1);
    let w = params.add("w", &[20, 30], isoloss_engine::Init::Normal(1.0), 0);
    let mut step = isoloss_engine::Step::new(&params, Plan { chunk: 1, shards: 1 }, 1);
    let outcome = step.gradient(&params, 3, |tape, range| {
        let x = tape.input(&vec![1.0; range.len() * 7 * 30], [range.len(), 7, 30]);
        let y = tape.linear(x, w);
        tape.dot(y, &vec![1.0; range.len() * 7 * 20]);
    });
    assert_eq!(outcome.flops, 2 * 2 * 3 * 7 * 20 * 30);
}
