//! What is relied on of a mixture of experts beyond its conformance: asked of all it is a dense layer, no token is dropped, ties
//! and numbers that are none are settled, biases and losses balance it, and neither threads nor the plan change what they do.

use isoloss_engine::{Buffers, Experts, Group, Init, Optimiser, Outcome, Params, Plan, Real, Routed, Rule, Step, Tape};

/// Sequences, their length, d, d_expert, experts.
const SIZES: [usize; 5] = [6, 16, 12, 8, 10];

struct Layer<R> {
    params: Params<R>,
    experts: Experts,
    x: Vec<R>,
}

/// A router that likes the first experts best: inputs have a mean, which its rows see the more the earlier they are.
fn layer<R: Real>(chosen: usize, bias: bool) -> Layer<R> {
    let [sequences, length, d, d_expert, n] = SIZES;
    let mut params = Params::new(1);
    let mut add = |name: &str, shape: &[usize], init, group| params.add(name, shape, init, group);
    let router = add("router", &[n, d], Init::Normal(0.3), 0);
    let gate_up = add("gate_up", &[n * 2 * d_expert, d], Init::Normal(0.3), 0);
    let down = add("down", &[n * d, d_expert], Init::Normal(0.3), 0);
    let bias = bias.then(|| add("bias", &[n], Init::Constant(0.0), 1));
    let mut data = Params::<R>::new(2);
    data.add("x", &[sequences * length, d], Init::Normal(1.0), 0);
    let x = data.weights().iter().map(|v| R::of(v.to_f64()) + R::of(0.4)).collect();
    for (i, row) in params.view_mut(router).chunks_mut(d).enumerate() {
        row.iter_mut().for_each(|w| *w += R::of(0.3 - 0.06 * i as f64));
    }
    Layer { params, experts: Experts { router, bias, gate_up, down, chosen, scale: 1.5 }, x }
}

impl<R: Real> Layer<R> {
    fn part(&self, tape: &mut Tape<R>, sequences: std::ops::Range<usize>, coefficient: f64) -> Routed {
        let [all, length, d, ..] = SIZES;
        let x =
            tape.leaf(&self.x[sequences.start * length * d..sequences.end * length * d], [sequences.len(), length, d]);
        tape.moe(x, self.experts, coefficient, (all * length) as f64)
    }

    /// One step: the loss is how far y is from 0.1 times the input, in inner products; and what was counted.
    fn gradient(&self, step: &mut Step<R>, coefficient: f64) -> Outcome {
        let [all, length, d, ..] = SIZES;
        step.gradient(&self.params, all, |tape, range| {
            let y = self.part(tape, range.clone(), coefficient).y;
            let cotangent: Vec<R> =
                self.x[range.start * length * d..range.end * length * d].iter().rev().copied().collect();
            tape.dot(y, &cotangent);
        })
    }

    fn loads(&self, step: &mut Step<R>) -> Vec<u32> {
        let [all, .., n] = SIZES;
        let mut loads = vec![R::ZERO; all * n];
        step.evaluate(&self.params, all, 4, &mut loads, |tape, range| self.part(tape, range, 0.0).loads);
        let of = |i: usize| loads.iter().skip(i).step_by(n).map(|v| v.to_f64()).sum::<f64>() as u32;
        (0..n).map(of).collect()
    }
}

fn optimiser<R: Real>(params: &Params<R>, lr: f64, rate: f64) -> Optimiser<R> {
    let group = |rule, lr| Group { rule, lr, weight_decay: 0.0 };
    Optimiser::new(params, &[group(Rule::AdamW, lr), group(Rule::Sign, rate)])
}

/// Loss, y and the gradients of x and of all weights, of one walk.
fn walk<R: Real>(layer: &Layer<R>, coefficient: f64) -> (f64, Vec<R>, Vec<R>) {
    let [all, length, d, ..] = SIZES;
    let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![R::ZERO; layer.params.count()]);
    let mut tape = Tape::new(&mut buffers, &layer.params, Some(&mut gradient));
    let x = tape.leaf(&layer.x, [all, length, d]);
    let y = tape.moe(x, layer.experts, coefficient, (all * length) as f64).y;
    let out = tape.value(y).to_vec();
    tape.dot(y, &layer.x);
    let loss = tape.loss();
    tape.backward();
    let mut gradients = tape.gradient(x).expect("x has a part in the loss").to_vec();
    gradients.extend(gradient);
    (loss, out, gradients)
}

fn close<R: Real>(got: &[R], want: &[R], tolerance: f64) {
    let size = want.iter().fold(1.0, |m: f64, v| m.max(v.to_f64().abs()));
    assert_eq!(got.len(), want.len());
    for (g, w) in got.iter().zip(want) {
        assert!((g.to_f64() - w.to_f64()).abs() <= tolerance * size, "{g} {w}");
    }
}

/// Asked of all experts, the layer is a sum of dense ones, gated by what the router says: made of other ops, with gradients.
#[test]
fn with_all_experts_it_is_dense() {
    fn check<R: Real>(tolerance: f64) {
        let [all, length, d, d_expert, n] = SIZES;
        let mixed = layer::<R>(n, false);
        let (loss, y, gradients) = walk(&mixed, 0.0);
        // The same weights as arrays of their own, in the order in which they lie; ones, to spread a gate over a row.
        let mut params = Params::<R>::new(0);
        let names = |what: &str, rows: usize, columns: usize, params: &mut Params<R>| {
            let add = |i| params.add(&format!("{what} {i}"), &[rows, columns], Init::Constant(0.0), 0);
            (0..n).map(add).collect::<Vec<_>>()
        };
        let router = params.add("router", &[n, d], Init::Constant(0.0), 0);
        let gate_up = names("gate_up", 2 * d_expert, d, &mut params);
        let down = names("down", d, d_expert, &mut params);
        let own = params.count();
        params.weights_mut().copy_from_slice(mixed.params.weights());
        let spread = params.add("spread", &[d, 1], Init::Constant(1.0), 0);
        let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![R::ZERO; params.count()]);
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let x = tape.leaf(&mixed.x, [all, length, d]);
        let z = tape.linear(x, router);
        // Gates by hand, without gradients: those of the router are compared with differences elsewhere.
        let z: Vec<f64> = tape.value(z).iter().map(|v| v.to_f64()).collect();
        let mut dense: Option<isoloss_engine::Slot> = None;
        for i in 0..n {
            let gate = z.chunks(n).map(|z| {
                let s = |z: f64| 1.0 / (1.0 + (-z).exp());
                R::of(mixed.experts.scale * s(z[i]) / z.iter().map(|&z| s(z)).sum::<f64>())
            });
            let gate = tape.input(&gate.collect::<Vec<R>>(), [all, length, 1]);
            let gate = tape.linear(gate, spread);
            let both = tape.linear(x, gate_up[i]);
            let h = tape.swiglu(both.columns(0, d_expert), both.columns(d_expert, d_expert));
            let out = tape.linear(h, down[i]);
            let out = tape.multiply(out, gate);
            dense = Some(dense.map_or(out, |sum| tape.add(sum, out)));
        }
        let dense = dense.expect("some experts");
        close(&y, tape.value(dense), tolerance);
        tape.dot(dense, &mixed.x);
        assert!((tape.loss() - loss).abs() < tolerance * 1e2, "{} {loss}", tape.loss());
        tape.backward();
        close(&gradients[mixed.x.len() + n * d..], &gradient[n * d..own], tolerance * 10.0);
    }
    check::<f64>(1e-13);
    check::<f32>(1e-5);
}

/// All like one pair of experts best, and all are served there: k choices a token, none lost, however skewed.
#[test]
fn no_token_is_dropped() {
    let [all, length, d, _, n] = SIZES;
    let mut skewed = layer::<f64>(2, true);
    let bias = skewed.experts.bias.expect("a bias");
    skewed.params.view_mut(bias)[3..5].fill(5.0);
    let mut step = Step::new(&skewed.params, Plan { chunk: 2, shards: 1 }, 1);
    let loads = skewed.loads(&mut step);
    let tokens = (all * length) as u32;
    assert_eq!(loads, (0..n).map(|i| if (3..5).contains(&i) { tokens } else { 0 }).collect::<Vec<_>>());
    let (_, y, _) = walk(&skewed, 0.0);
    assert!(y.chunks(d).all(|row| row.iter().any(|v| *v != 0.0)));
}

#[test]
fn ties_go_to_the_first_and_what_is_no_number_stays_one() {
    let mut equal = layer::<f32>(3, false);
    equal.params.view_mut(equal.experts.router).fill(0.0);
    let mut step = Step::new(&equal.params, Plan { chunk: 2, shards: 1 }, 1);
    assert_eq!(equal.loads(&mut step)[..4], [96, 96, 96, 0]);
    // Scores that are all 0 in f32: gates of 0, and no division by it.
    equal.params.view_mut(equal.experts.router).fill(-100.0);
    equal.x.fill(1.0);
    let (loss, y, gradients) = walk(&equal, 0.1);
    assert!(loss.is_finite() && y.iter().all(|v| *v == 0.0) && gradients.iter().all(|g| g.is_finite()));
    equal.params.view_mut(equal.experts.router).fill(f32::NAN);
    let (_, y, _) = walk(&equal, 0.1);
    assert!(y.iter().all(|v| v.is_nan()));
}

/// Sums of integers are exact, so threads, shards and chunks leave the biases the same; the norm of the gradient knows nothing
/// of them; and they move by whole steps, however the gradient is clipped.
#[test]
fn the_bias_moves_by_the_sign_of_the_surplus_alone() {
    let rate = 0.125;
    let norm = {
        let plain = layer::<f32>(3, false);
        let mut step = Step::new(&plain.params, Plan { chunk: 2, shards: 2 }, 1);
        plain.gradient(&mut step, 0.0).grad_norm
    };
    let mut seen: Vec<Vec<f32>> = Vec::new();
    for (chunk, shards, threads) in [(2, 2, 1), (2, 2, 2), (1, 4, 4), (6, 1, 1), (4, 3, 2)] {
        let mut layer = layer::<f32>(3, true);
        let bias = layer.experts.bias.expect("a bias");
        let mut step = Step::new(&layer.params, Plan { chunk, shards }, threads);
        let mut optimiser = optimiser(&layer.params, 0.0, rate);
        let loads = layer.loads(&mut step);
        let outcome = layer.gradient(&mut step, 0.0);
        if (chunk, shards) == (2, 2) {
            assert_eq!(outcome.grad_norm, norm, "counts are no part of the norm");
        }
        step.update(&mut layer.params, &mut optimiser, 1e-3, Some(1e-6));
        let (choices, n) = (loads.iter().sum::<u32>(), loads.len() as u32);
        assert_eq!(choices as usize, 3 * SIZES[0] * SIZES[1]);
        for (&b, load) in layer.params.view(bias).iter().zip(loads) {
            let want = match (n * load).cmp(&choices) {
                std::cmp::Ordering::Greater => -rate,
                std::cmp::Ordering::Less => rate,
                std::cmp::Ordering::Equal => 0.0,
            };
            assert_eq!(f64::from(b), want);
        }
        for _ in 0..5 {
            layer.gradient(&mut step, 0.0);
            step.update(&mut layer.params, &mut optimiser, 1e-3, Some(1e-6));
        }
        seen.push(layer.params.view(bias).to_vec());
    }
    assert!(seen.iter().all(|b| *b == seen[0]), "{seen:?}");
}

/// Of a gradient in f32, with everything on, by two shards. It changes when the engine rounds differently; then raise `NUMERICS`.
const BITS: u64 = 0x1ef697e43fa6d1e9;

#[test]
fn bits_depend_neither_on_threads_nor_on_vectors() {
    let bits = [1, 2, 4].map(|threads| {
        let layer = layer::<f32>(3, true);
        let mut step = Step::new(&layer.params, Plan { chunk: 2, shards: 2 }, threads);
        let loss = layer.gradient(&mut step, 0.1).loss;
        let each = step.last_gradient().iter().map(|g| g.bits()).chain([loss.to_bits()]);
        each.fold(0xcbf2_9ce4_8422_2325u64, |hash, bits| (hash ^ bits).wrapping_mul(0x0000_0100_0000_01b3))
    });
    assert!(bits.iter().all(|b| *b == bits[0]), "threads change the bits: {bits:x?}");
    if isoloss_engine::fuses() {
        assert_eq!(bits[0], BITS, "the bits have changed to 0x{:016x}", bits[0]);
    } else {
        println!("SKIPPED the known bits: this machine does not fuse multiply and add");
    }
}

fn spread(loads: &[u32]) -> f64 {
    let mean = f64::from(loads.iter().sum::<u32>()) / loads.len() as f64;
    loads.iter().fold(0.0, |m: f64, &l| m.max((f64::from(l) / mean - 1.0).abs()))
}

#[test]
fn biases_even_out_a_skewed_router() {
    let mut layer = layer::<f32>(2, true);
    let mut step = Step::new(&layer.params, Plan { chunk: 2, shards: 2 }, 2);
    let mut optimiser = optimiser(&layer.params, 0.0, 0.004);
    let before = layer.loads(&mut step);
    for _ in 0..400 {
        layer.gradient(&mut step, 0.0);
        step.update(&mut layer.params, &mut optimiser, 1e-3, None);
    }
    let after = layer.loads(&mut step);
    assert!(spread(&before) > 1.5, "{before:?}");
    assert!(spread(&after) < 0.25, "{before:?}, then {after:?}");
}

/// Alike experts have a loss of 1, one that takes all of n; and following its gradient evens the loads out.
#[test]
fn the_balance_loss_is_least_for_even_loads() {
    let [.., n] = SIZES;
    let loss = |layer: &Layer<f64>| walk(layer, 1.0).0 - walk(layer, 0.0).0;
    let mut flat = layer::<f64>(n, false);
    assert!((loss(&flat) - 1.0).abs() < 1e-12, "asked of all, f is even, and so the sum is that of P");
    flat.experts.chosen = 1;
    flat.params.view_mut(flat.experts.router).fill(0.0);
    assert!((loss(&flat) - 1.0).abs() < 1e-12, "alike scores");
    let d = SIZES[2];
    flat.x.fill(1.0);
    flat.params.view_mut(flat.experts.router)[..d].fill(3.0);
    flat.params.view_mut(flat.experts.router)[d..].fill(-3.0);
    assert!((loss(&flat) - n as f64).abs() < 1e-6, "one takes all: {}", loss(&flat));

    let mut skewed = layer::<f32>(2, false);
    let mut step = Step::new(&skewed.params, Plan { chunk: 2, shards: 2 }, 1);
    let mut optimiser = optimiser(&skewed.params, 1.0, 0.0);
    let before = skewed.loads(&mut step);
    for _ in 0..100 {
        step.gradient(&skewed.params, SIZES[0], |tape, range| _ = skewed.part(tape, range, 1.0));
        step.update(&mut skewed.params, &mut optimiser, 1e-2, None);
    }
    let after = skewed.loads(&mut step);
    assert!(spread(&after) < 0.5 * spread(&before), "{before:?}, then {after:?}");
}

/// Muon sees the gate, the up- and the down-projection of every expert as a matrix of its own.
#[test]
fn every_expert_is_a_matrix_of_its_own() {
    let [_, _, d, d_expert, n] = SIZES;
    let mut layer = layer::<f32>(2, false);
    let experts = layer.experts;
    experts.split(&mut layer.params);
    let parts = |name: &str| layer.params.entries().iter().find(|e| e.name == name).expect("an array").parts.clone();
    assert_eq!((parts("gate_up"), parts("down")), (vec![d_expert; 2 * n], vec![d; n]));
}
