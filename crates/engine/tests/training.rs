//! What a trainer relies on: shared weights sum their gradients, evaluation is the forward pass, trouble can be seen
//! before weights move, buffers serve walks of other shapes.

mod models;
#[path = "models/train.rs"]
mod train;

use isoloss_engine::{Buffers, Group, IGNORE, Init, Optimiser, Params, Plan, Rule, Step, Tape};
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
        step.evaluate(params, 5, chunk, &mut losses, walk);
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
    let w = params.add("w", &[20, 30], Init::Normal(1.0), 0);
    let mut step = Step::new(&params, Plan { chunk: 1, shards: 1 }, 1);
    let outcome = step.gradient(&params, 3, |tape, range| {
        let x = tape.input(&vec![1.0; range.len() * 7 * 30], [range.len(), 7, 30]);
        let y = tape.linear(x, w);
        tape.dot(y, &vec![1.0; range.len() * 7 * 20]);
    });
    assert_eq!(outcome.flops, 2 * 2 * 3 * 7 * 20 * 30);
}

#[test]
fn a_batch_without_targets_has_no_loss_and_no_gradient() {
    let mut t = Training::<f32>::new(|p| Model::gpt(p, &shape(true)), Plan { chunk: 2, shards: 2 }, 1, [4, 16]);
    let (inputs, ignored) = (t.data[0][0].clone(), vec![IGNORE; 64]);
    let model = &t.model;
    for divisor in [0.0, 64.0] {
        let outcome = t.step.gradient(&t.params, 4, |tape, range| {
            let part = range.start * 16..range.end * 16;
            let (x, y) = (tape.tokens(&inputs[part.clone()], 16), tape.tokens(&ignored[part], 16));
            model.loss(tape, x, y, divisor);
        });
        assert_eq!((outcome.loss, outcome.grad_norm), (0.0, 0.0), "divisor {divisor}");
        assert!(t.step.last_gradient().iter().all(|g| *g == 0.0));
    }
}

#[test]
fn sequences_of_one_token_and_more_shards_than_sequences_train() {
    for (sequences, length, plan) in [(3, 1, Plan { chunk: 2, shards: 2 }), (1, 5, Plan { chunk: 4, shards: 4 })] {
        for llama in [false, true] {
            let make = |p: &mut _| if llama { Model::llama(p, &shape(true)) } else { Model::gpt(p, &shape(true)) };
            let mut t = Training::<f64>::new(make, plan, 2, [sequences, length]);
            let losses: Vec<f64> = (0..30).map(|_| t.step().loss).collect();
            assert!(losses[29] < losses[0] - 0.1, "{sequences} x {length}, llama {llama}: {losses:?}");
        }
    }
}

#[test]
fn activations_can_be_read_and_evaluation_holds_no_gradients() {
    let mut params = Params::<f64>::new(1);
    let model = Model::llama(&mut params, &shape(true));
    let [inputs, targets] = &bytes(1, 3, 16)[0];
    let walk = |gradient: Option<&mut [f64]>| {
        let mut buffers = Buffers::poisoned();
        let mut tape = Tape::new(&mut buffers, &params, gradient);
        let (x, y) = (tape.tokens(inputs, 16), tape.tokens(targets, 16));
        let Model::Llama { token, blocks, .. } = &model else { unreachable!() };
        let start = tape.embedding(x, *token, None);
        let end = blocks.iter().fold(start, |x, block| block.forward(&mut tape, x));
        let losses = tape.cross_entropy(end, *token, y, 0.0, 48.0);
        tape.backward();
        // Values are there until the tape ends, whatever ran after them.
        let mean = |slot| tape.value(slot).iter().map(|v: &f64| v.abs()).sum::<f64>() / tape.value(slot).len() as f64;
        let read = [mean(start), mean(end), mean(losses)];
        (read, buffers.bytes())
    };
    let mut gradient = vec![0.0; params.count()];
    let ((with, much), (without, little)) = (walk(Some(&mut gradient)), walk(None));
    assert_eq!(with, without);
    let embedded: f64 = inputs
        .iter()
        .map(|&t| params.view(params.entries()[0].param)[t as usize * 64..][..64].iter().map(|v| v.abs()).sum::<f64>())
        .sum();
    assert!((with[0] - embedded / (48.0 * 64.0)).abs() < 1e-15, "{} {embedded}", with[0]);
    assert!(little < much, "{little} bytes to evaluate, {much} to train");
}

#[test]
fn groups_have_rates_of_their_own_and_rates_follow_any_schedule() {
    let mut params = Params::<f64>::new(1);
    let handles = [0, 1, 2].map(|group| params.add(&group.to_string(), &[3], Init::Constant(1.0), group));
    let group = |lr| Group { rule: Rule::AdamW, lr, weight_decay: 0.0 };
    let mut optimiser = Optimiser::new(&params, &[group(1.0), group(0.25), group(0.0)]);
    let moved = |params: &mut Params<f64>, optimiser: &mut Optimiser<f64>, lr| {
        let before = handles.map(|h| params.view(h)[0]);
        optimiser.update(params, &[0.5; 9], lr, 1.0);
        [0, 1, 2].map(|i| before[i] - params.view(handles[i])[0])
    };
    // Under a constant gradient a step of Adam is the learning rate.
    for lr in [1e-3, 5e-3, 0.0] {
        let by = moved(&mut params, &mut optimiser, lr);
        for (by, factor) in by.into_iter().zip([1.0, 0.25, 0.0]) {
            assert!((by - lr * factor).abs() < 1e-9, "{lr} {by}");
        }
    }
    optimiser.groups_mut()[2].lr = 1.0;
    assert!(moved(&mut params, &mut optimiser, 1e-3)[2] > 9e-4, "a frozen group has thawed");
}

#[test]
fn the_norm_is_that_of_the_gradient_before_it_is_clipped() {
    let mut t = Training::<f64>::new(|p| Model::llama(p, &shape(true)), Plan { chunk: 1, shards: 3 }, 2, [3, 16]);
    let outcome = t.step();
    let norm = t.step.last_gradient().iter().map(|g| g * g).sum::<f64>().sqrt();
    assert!((norm - outcome.grad_norm).abs() < 1e-13 * norm && norm > 1.0, "{norm} {outcome:?}");
}
