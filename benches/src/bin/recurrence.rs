//! Why the delta rule is computed in chunks: token by token with every state kept, against the op.
//!
//! ```text
//! RUSTFLAGS="-C target-cpu=native" cargo run --release -p isoloss-benches --bin recurrence -- [rounds N]
//! ```
//!
//! Forward and backward, f32, a decay for every channel, 8 sequences of 256 tokens with two heads, one thread; both take turns
//! and the best of all rounds counts. The recurrence is a plain loop over arrays of a size that the compiler knows, and is
//! compiled for the machine, which the op chooses its loops for by itself. Outputs and gradients of both agree.

use std::array::from_fn;
use std::time::Instant;

use isoloss_engine::{Buffers, DeltaRule, Params, Tape};

const SEQUENCES: usize = 8;
const LENGTH: usize = 256;
const HEADS: usize = 2;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let option = args.iter().position(|a| a == "rounds").and_then(|i| args.get(i + 1));
    let rounds: usize = option.map_or(20, |v| v.parse().expect("a number"));
    println!("K = V | us a token and head: recurrence, op | numbers kept of a state, each token");
    compared::<32>(rounds);
    compared::<64>(rounds);
}

/// What a rule reads, and the gradient of its outputs, each `[sequences, length, heads x width]`.
struct Given {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    decay: Vec<f32>,
    beta: Vec<f32>,
    cotangent: Vec<f32>,
}

fn compared<const D: usize>(rounds: usize) {
    let rows = SEQUENCES * LENGTH * HEADS;
    let drawn = |salt: usize, width: usize, of: &dyn Fn(f32) -> f32| -> Vec<f32> {
        (0..rows * width).map(|i| of(((i + salt) * 7919 % 1013) as f32 / 506.0 - 1.0)).collect()
    };
    let near = (3.0 / D as f32).sqrt();
    let given = Given {
        q: drawn(1, D, &|x| x * near),
        k: drawn(2, D, &|x| (5.3 * x).sin() * near),
        v: drawn(3, D, &|x| x),
        decay: drawn(4, D, &|x| -0.06 - 0.05 * x),
        beta: drawn(5, 1, &|x| 0.5 + 0.2 * x),
        cotangent: drawn(6, D, &|x| x),
    };
    let (mut states, mut buffers) = (vec![[[0f32; D]; D]; LENGTH + 1], Buffers::new());
    let mut best = [f64::MAX; 2];
    for _ in 0..rounds {
        let begun = Instant::now();
        let slow = recurrence(&given, &mut states);
        best[0] = best[0].min(begun.elapsed().as_secs_f64());
        let (fast, seconds) = op::<D>(&given, &mut buffers);
        best[1] = best[1].min(seconds);
        for (slow, fast) in slow.iter().zip(&fast) {
            let size = slow.iter().fold(0f32, |most, x| most.max(x.abs()));
            let apart = slow.iter().zip(fast).fold(0f32, |most, (x, y)| most.max((x - y).abs()));
            assert!(apart <= 1e-4 * size, "both ways agree: {apart} of {size}");
        }
    }
    let [slow, fast] = best.map(|seconds| seconds / rows as f64 * 1e6);
    println!("{D:5} | {slow:.2}, {fast:.2} | {}, {}", D * D, D * D / 16);
}

/// Outputs, and gradients of q, k, v, decay and beta, token by token.
fn recurrence<const D: usize>(given: &Given, states: &mut [[[f32; D]; D]]) -> [Vec<f32>; 6] {
    let rows = SEQUENCES * LENGTH * HEADS;
    let mut out: [Vec<f32>; 6] = from_fn(|i| vec![0.0; if i == 5 { rows } else { rows * D }]);
    let scale = (D as f32).sqrt().recip();
    for head in 0..SEQUENCES * HEADS {
        let row = |t: usize| (head / HEADS * LENGTH + t) * HEADS + head % HEADS;
        let of = |x: &[f32], t: usize| -> [f32; D] { x[row(t) * D..][..D].try_into().expect("a row") };
        states[0] = [[0.0; D]; D];
        for t in 0..LENGTH {
            let (q, k, v) = (of(&given.q, t), of(&given.k, t), of(&given.v, t));
            let alpha = of(&given.decay, t).map(f32::exp);
            let mut state = states[t];
            for i in 0..D {
                state[i] = state[i].map(|s| alpha[i] * s);
            }
            let u = along(&state, &k);
            let w: [f32; D] = from_fn(|j| given.beta[row(t)] * (v[j] - u[j]));
            add(&mut state, &k, &w);
            let o = along(&state, &q);
            out[0][row(t) * D..][..D].copy_from_slice(&o.map(|o| scale * o));
            states[t + 1] = state;
        }
        let mut back = [[0f32; D]; D];
        for t in (0..LENGTH).rev() {
            let (q, k, v) = (of(&given.q, t), of(&given.k, t), of(&given.v, t));
            let (alpha, beta) = (of(&given.decay, t).map(f32::exp), given.beta[row(t)]);
            let dout = of(&given.cotangent, t).map(|d| scale * d);
            let dq = across(&states[t + 1], &dout);
            add(&mut back, &q, &dout);
            // The state after the decay, made anew.
            let faded: [[f32; D]; D] = from_fn(|i| states[t][i].map(|s| alpha[i] * s));
            let u = along(&faded, &k);
            let error: [f32; D] = from_fn(|j| v[j] - u[j]);
            let mut dk = across(&back, &error.map(|e| beta * e));
            let dw = along(&back, &k);
            let dv = dw.map(|d| beta * d);
            let du = dv.map(|d| -d);
            let more = across(&faded, &du);
            (0..D).for_each(|i| dk[i] += more[i]);
            add(&mut back, &k, &du);
            let dbeta: f32 = dot(&dw, &error);
            let ddecay: [f32; D] = from_fn(|i| dot(&back[i], &faded[i]));
            for i in 0..D {
                back[i] = back[i].map(|d| alpha[i] * d);
            }
            for (out, values) in out[1..5].iter_mut().zip([dq, dk, dv, ddecay]) {
                out[row(t) * D..][..D].copy_from_slice(&values);
            }
            out[5][row(t)] = dbeta;
        }
    }
    out
}

/// S^T x
#[inline(always)]
fn along<const D: usize>(state: &[[f32; D]; D], x: &[f32; D]) -> [f32; D] {
    let mut sums = [0f32; D];
    for i in 0..D {
        for j in 0..D {
            sums[j] = state[i][j].mul_add(x[i], sums[j]);
        }
    }
    sums
}

/// S x
#[inline(always)]
fn across<const D: usize>(state: &[[f32; D]; D], x: &[f32; D]) -> [f32; D] {
    from_fn(|i| dot(&state[i], x))
}

/// S += x y^T
#[inline(always)]
fn add<const D: usize>(state: &mut [[f32; D]; D], x: &[f32; D], y: &[f32; D]) {
    for i in 0..D {
        for j in 0..D {
            state[i][j] = x[i].mul_add(y[j], state[i][j]);
        }
    }
}

#[inline(always)]
fn dot<const D: usize>(x: &[f32; D], y: &[f32; D]) -> f32 {
    let mut sums = [0f32; 16];
    for (x, y) in x.chunks_exact(16).zip(y.chunks_exact(16)) {
        for j in 0..16 {
            sums[j] = x[j].mul_add(y[j], sums[j]);
        }
    }
    sums.iter().sum()
}

/// The same by the op, and the seconds that it took.
fn op<const D: usize>(given: &Given, buffers: &mut Buffers<f32>) -> ([Vec<f32>; 6], f64) {
    let params = Params::<f32>::new(1);
    let mut tape = Tape::new(buffers, &params, Some(&mut []));
    let shape = |width: usize| [SEQUENCES, LENGTH, HEADS * width];
    let [q, k, v, decay] = [&given.q, &given.k, &given.v, &given.decay].map(|x| tape.leaf(x, shape(D)));
    let beta = tape.leaf(&given.beta, shape(1));
    let rule = DeltaRule {
        q: q.into(),
        k: k.into(),
        v: v.into(),
        decay: decay.into(),
        beta: beta.into(),
        heads: HEADS,
        value_heads: HEADS,
        scale: (D as f64).sqrt().recip(),
        initial: None,
    };
    let begun = Instant::now();
    let (o, _) = tape.delta_rule(rule);
    let forward = begun.elapsed().as_secs_f64();
    let out = tape.value(o).to_vec();
    tape.dot(o, &given.cotangent);
    let begun = Instant::now();
    tape.backward();
    let seconds = forward + begun.elapsed().as_secs_f64();
    let gradient = |slot| tape.gradient(slot).expect("a gradient").to_vec();
    ([out, gradient(q), gradient(k), gradient(v), gradient(decay), gradient(beta)], seconds)
}
