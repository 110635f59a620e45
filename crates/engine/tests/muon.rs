//! Muon against a plain reference, and what must hold of it whatever the numbers are.

mod models;
#[path = "models/train.rs"]
mod train;

use isoloss_engine::{Group, Init, Optimiser, Params, Plan, Rule, Step};
use models::{Model, Shape};
use train::Training;

const ADAMW: Group = Group { rule: Rule::AdamW, lr: 1.0, weight_decay: 0.1 };
const MUON: Group = Group { rule: Rule::Muon, ..ADAMW };

/// Numbers between -1 and 1 with no pattern.
fn numbers(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

type Rows = Vec<Vec<f64>>;

fn rows(x: &[f64], columns: usize) -> Rows {
    x.chunks(columns).map(<[f64]>::to_vec).collect()
}

fn transposed(x: &Rows) -> Rows {
    (0..x[0].len()).map(|j| x.iter().map(|row| row[j]).collect()).collect()
}

fn times(x: &Rows, y: &Rows) -> Rows {
    let entry = |row: &[f64], j: usize| row.iter().zip(y).map(|(a, b)| a * b[j]).sum();
    x.iter().map(|row| (0..y[0].len()).map(|j| entry(row, j)).collect()).collect()
}

/// The sum of both, each times a number.
fn mix([a, b]: [f64; 2], x: &Rows, y: &Rows) -> Rows {
    let row = |(x, y): (&Vec<f64>, &Vec<f64>)| x.iter().zip(y).map(|(x, y)| a * x + b * y).collect();
    x.iter().zip(y).map(row).collect()
}

/// As published: transposed to be wide, divided by the norm, five times a X + (b A + c A A) X.
fn newton_schulz(u: &Rows) -> Rows {
    if u.len() > u[0].len() {
        return transposed(&newton_schulz(&transposed(u)));
    }
    let norm = u.iter().flatten().map(|v| v * v).sum::<f64>().sqrt();
    let mut x = mix([1.0 / (norm + 1e-7), 0.0], u, u);
    for _ in 0..5 {
        let a = times(&x, &transposed(&x));
        let b = mix([-4.7750, 2.0315], &a, &times(&a, &a));
        x = mix([3.4445, 1.0], &x, &times(&b, &x));
    }
    x
}

/// One matrix and its momentum under Muon.
struct Reference {
    weights: Rows,
    momentum: Rows,
    direction: Rows,
}

impl Reference {
    fn step(&mut self, gradient: &Rows, mu: f64, lr: f64, decay: f64) {
        self.momentum = mix([mu, 1.0 - mu], &self.momentum, gradient);
        self.direction = newton_schulz(&mix([1.0 - mu, mu], gradient, &self.momentum));
        let longer = gradient.len().max(gradient[0].len()) as f64;
        self.weights = mix([1.0 - lr * decay, -lr * 0.2 * longer.sqrt()], &self.weights, &self.direction);
    }
}

/// The largest difference over the largest magnitude.
fn difference(got: &[f64], wanted: &Rows) -> f64 {
    let wanted = wanted.concat();
    assert_eq!(got.len(), wanted.len());
    let size = wanted.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
    got.iter().zip(&wanted).map(|(g, w)| (g - w).abs()).fold(0.0, f64::max) / size
}

#[test]
fn it_is_what_the_plain_reference_is() {
    // One array each: columns, and the rows of its parts. The largest is longer than a panel of the matrix product.
    let arrays: [(usize, &[usize]); 7] =
        [(7, &[7]), (5, &[19]), (31, &[6]), (2, &[2]), (24, &[24, 8, 8]), (10, &[27, 27]), (530, &[40])];
    let mut params = Params::<f64>::new(3);
    let mut wanted = Vec::new();
    for (i, (columns, parts)) in arrays.into_iter().enumerate() {
        let whole = parts.iter().sum();
        let param = params.add(&i.to_string(), &[whole, columns], Init::Normal(0.3), 0);
        params.split(param, parts);
        let mut from = param.range().start;
        for part in parts {
            let range = from..from + part * columns;
            from = range.end;
            let weights = rows(&params.weights()[range.clone()], columns);
            let zeros = mix([0.0, 0.0], &weights, &weights);
            wanted.push((range, Reference { weights, momentum: zeros.clone(), direction: zeros }));
        }
    }
    let mut optimiser = Optimiser::new(&params, &[Group { lr: 0.5, weight_decay: 0.3, ..MUON }]);
    optimiser.momentum = 0.9;
    for step in 0..6 {
        let gradient = numbers(step, params.count());
        let (lr, clip) = (0.05 / (1.0 + step as f64), 0.7 + 0.1 * step as f64);
        optimiser.update(&mut params, &gradient, lr, clip);
        let (momentum, direction, steps) = optimiser.state();
        assert_eq!(steps, step + 1);
        for (range, reference) in &mut wanted {
            let columns = reference.weights[0].len();
            let clipped: Vec<f64> = gradient[range.clone()].iter().map(|g| g * clip).collect();
            reference.step(&rows(&clipped, columns), 0.9, 0.5 * lr, 0.3);
            let found = [
                difference(&params.weights()[range.clone()], &reference.weights),
                difference(&momentum[range.clone()], &reference.momentum),
                difference(&direction[range.clone()], &reference.direction),
            ];
            let shape = [reference.weights.len(), columns];
            assert!(found.iter().all(|d| *d < 1e-12), "step {step}, {shape:?}: {found:?}");
        }
    }
}

/// Eigenvalues of a symmetric matrix by Jacobi's rotations.
fn eigenvalues(mut a: Rows) -> Vec<f64> {
    let n = a.len();
    for _ in 0..60 {
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q].abs() < 1e-300 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]);
                }
                for k in 0..n {
                    (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]);
                }
            }
        }
    }
    (0..n).map(|i| a[i][i]).collect()
}

#[test]
fn directions_are_nearly_orthogonal_and_updates_as_large_as_adamws() {
    for (seed, [m, n]) in [[24, 96], [96, 24], [16, 40], [64, 20]].into_iter().enumerate() {
        let mut params = Params::<f64>::new(1);
        params.add("w", &[m, n], Init::Constant(0.0), 0);
        let gradient = numbers(seed as u64, m * n);
        let wide = |x: &[f64]| if m > n { transposed(&rows(x, n)) } else { rows(x, n) };
        let singular = |x: &[f64]| -> Vec<f64> {
            let x = wide(x);
            eigenvalues(times(&x, &transposed(&x))).into_iter().map(f64::sqrt).collect()
        };
        let extremes = |x: &[f64]| x.iter().fold([f64::MAX, 0.0], |[a, b]: [f64; 2], s| [a.min(*s), b.max(*s)]);
        let [least, greatest] = extremes(&singular(&gradient));
        assert!(greatest / least < 5.0, "the case is well conditioned: {least} {greatest}");
        let mut optimiser = Optimiser::new(&params, &[MUON]);
        optimiser.update(&mut params, &gradient, 0.01, 1.0);
        let [least, greatest] = extremes(&singular(optimiser.state().1));
        assert!(least > 0.6 && greatest < 1.3, "{m} x {n}: singular values from {least} to {greatest}");
        let squares = params.weights().iter().map(|w| w * w).sum::<f64>();
        let rms = (squares / (m * n) as f64).sqrt() / 0.01;
        assert!(rms > 0.2 * least && rms < 0.2 * greatest, "{m} x {n}: an update of {rms} learning rates");
        // It goes down: along the gradient, as far as an orthogonal matrix can but for the deviation from 1.
        let along: f64 = gradient.iter().zip(params.weights()).map(|(g, w)| -g * w).sum();
        let most = singular(&gradient).iter().sum::<f64>() * 0.01 * 0.2 * (m.max(n) as f64).sqrt();
        assert!(along > 0.6 * most && along < 1.3 * most, "{m} x {n}: {along} of {most}");
    }
}

#[test]
fn parts_are_moved_as_if_they_were_arrays_of_their_own() {
    let (mut fused, mut apart) = (Params::<f32>::new(1), Params::<f32>::new(1));
    let parts = [32, 8, 8];
    let whole = fused.add("qkv", &[48, 32], Init::Normal(0.1), 0);
    fused.split(whole, &parts);
    for (i, part) in parts.into_iter().enumerate() {
        apart.add(&i.to_string(), &[part, 32], Init::Constant(0.0), 0);
    }
    apart.weights_mut().copy_from_slice(fused.weights());
    let mut one = fused.clone();
    one.split(whole, &[48]);
    let moved = |mut params: Params<f32>| {
        let mut optimiser = Optimiser::new(&params, &[MUON]);
        for step in 0..3 {
            let gradient: Vec<f32> = numbers(step, params.count()).into_iter().map(|g| g as f32).collect();
            optimiser.update(&mut params, &gradient, 0.02, 1.0);
        }
        params.weights().to_vec()
    };
    let [fused, apart, one] = [fused, apart, one].map(moved);
    assert_eq!(fused, apart);
    assert_ne!(fused, one, "a whole has another nearest orthogonal matrix than its parts");
}

#[test]
#[should_panic(expected = "in its group 0 is norm with a part of 1 x 8")]
fn a_vector_is_refused() {
    let mut params = Params::<f32>::new(1);
    params.add("norm", &[8], Init::Constant(1.0), 0);
    Optimiser::new(&params, &[MUON]);
}

#[test]
#[should_panic(expected = "in its group 0 is w with a part of 1 x 8")]
fn a_part_of_one_row_is_refused() {
    let mut params = Params::<f32>::new(1);
    let param = params.add("w", &[4, 8], Init::Constant(1.0), 0);
    params.split(param, &[3, 1]);
    Optimiser::new(&params, &[MUON]);
}

#[test]
#[should_panic(expected = "w has 4 rows, which are not parts of [3, 2]")]
fn parts_are_all_rows() {
    let mut params = Params::<f32>::new(1);
    let param = params.add("w", &[4, 8], Init::Constant(1.0), 0);
    params.split(param, &[3, 2]);
}

#[test]
#[should_panic(expected = "another rule than when the optimiser was made")]
fn rules_are_settled_at_the_start() {
    let mut params = Params::<f32>::new(1);
    params.add("w", &[4, 8], Init::Constant(1.0), 0);
    let mut optimiser = Optimiser::new(&params, &[ADAMW]);
    optimiser.groups_mut()[0].rule = Rule::Muon;
    optimiser.update(&mut params, &[0.0; 32], 0.1, 1.0);
}

#[test]
fn nothing_and_nearly_nothing_move_nothing_far() {
    let mut params = Params::<f32>::new(1);
    Optimiser::new(&params, &[MUON]).update(&mut params, &[], 0.1, 1.0);
    params.add("w", &[6, 9], Init::Normal(1.0), 0);
    let (mut optimiser, start) = (Optimiser::new(&params, &[MUON]), params.weights().to_vec());
    optimiser.update(&mut params, &[0.0; 54], 0.5, 1.0);
    let decayed: Vec<f32> = start.iter().map(|w| w * 0.95).collect();
    assert_eq!(params.weights(), decayed, "without a gradient there is decay alone");
    for gradient in [f32::MIN_POSITIVE / 1024.0, -1e-30, 1e-12, 0.0, 1e15] {
        let before = params.weights().to_vec();
        optimiser.update(&mut params, &[gradient; 54], 0.5, 1.0);
        // No entry of a direction is above its greatest singular value.
        let most = 0.5 * 0.2 * 3.0 * 1.3;
        let near = params.weights().iter().zip(before).all(|(w, before)| (w - before * 0.95).abs() < most);
        assert!(near, "{gradient}: {:?}", params.weights());
    }
}

/// A model of Llama's kind whose matrices are Muon's.
fn llama(threads: usize) -> Training<f32> {
    let shape = Shape { hidden: 176, tied: false, kv_heads: 1, ..Shape::bytes(64, 2) };
    let make = |params: &mut _| Model::llama(params, &shape);
    Training::new(make, Plan { chunk: 2, shards: 2 }, threads, [4, 32]).by(Rule::Muon)
}

#[test]
fn beside_muon_adamw_moves_its_groups_as_it_does_alone() {
    let mut mixed = Params::<f32>::new(1);
    // Groups take turns within blocks, and one array is longer than a block.
    let shapes: [(&[usize], usize); 6] =
        [(&[37], 1), (&[40, 50], 0), (&[130, 300], 1), (&[9, 9], 0), (&[5], 1), (&[64, 700], 0)];
    for (i, (shape, group)) in shapes.into_iter().enumerate() {
        mixed.add(&i.to_string(), shape, Init::Normal(1.0), group);
    }
    let (mut alone, start) = (mixed.clone(), mixed.clone());
    let mut both = Optimiser::new(&mixed, &[MUON, ADAMW]);
    let mut one = Optimiser::new(&alone, &[ADAMW, ADAMW]);
    for step in 0..3 {
        let gradient: Vec<f32> = numbers(step, mixed.count()).into_iter().map(|g| g as f32).collect();
        both.update(&mut mixed, &gradient, 0.01, 0.5);
        one.update(&mut alone, &gradient, 0.01, 0.5);
    }
    for entry in mixed.entries() {
        let range = entry.param.range();
        let same = mixed.view(entry.param) == alone.view(entry.param);
        assert_eq!(same, entry.group == 1, "{}", entry.name);
        assert!(mixed.view(entry.param).iter().zip(start.view(entry.param)).all(|(w, s)| w != s), "{}", entry.name);
        let states = [(both.state().0, one.state().0), (both.state().1, one.state().1)];
        let same = states.map(|(b, o)| b[range.clone()] == o[range.clone()]);
        assert_eq!(same, [entry.group == 1; 2], "{}", entry.name);
    }
    assert_eq!(one.bytes(), 2 * 4 * alone.count());
    assert!(both.bytes() > one.bytes(), "Muon's work is counted");
}

#[test]
fn least_squares_are_solved() {
    let (outputs, inputs, samples) = (12, 20, 64);
    let mut params = Params::<f64>::new(1);
    let w = params.add("w", &[outputs, inputs], Init::Constant(0.0), 0);
    let (truth, x) = (rows(&numbers(1, outputs * inputs), inputs), numbers(2, samples * inputs));
    let targets = times(&rows(&x, inputs), &transposed(&truth)).concat();
    let mut optimiser = Optimiser::new(&params, &[Group { weight_decay: 0.0, ..MUON }]);
    let mut step = Step::new(&params, Plan { chunk: samples, shards: 1 }, 1);
    let steps = 400;
    let error = |weights: &[f64]| difference(weights, &truth);
    assert!(error(params.weights()) > 0.9);
    for s in 0..steps {
        step.gradient(&params, samples, |tape, _| {
            let x = tape.input(&x, [samples, 1, inputs]);
            let y = tape.linear(x, w);
            // The gradient of half the mean of squares.
            let residuals: Vec<f64> =
                tape.value(y).iter().zip(&targets).map(|(y, t)| (y - t) / samples as f64).collect();
            tape.dot(y, &residuals);
        });
        let lr = 0.2 * (1.0 - s as f64 / steps as f64);
        step.update(&mut params, &mut optimiser, lr, Some(1.0));
    }
    assert!(error(params.weights()) < 2e-3, "{}", error(params.weights()));
}

#[test]
fn a_model_trains() {
    let mut training = llama(2);
    let losses: Vec<f64> = (0..60).map(|_| training.step().loss).collect();
    // The learning rate is small, as everywhere here: it falls by 0.02 a step.
    assert!(losses[56..].iter().all(|loss| *loss < losses[0] - 1.0), "{losses:?}");
}

#[test]
fn it_resumes_bit_for_bit_whatever_the_last_direction_was() {
    let (mut first, mut second) = (llama(1), llama(1));
    (0..2).for_each(|_| {
        _ = first.step();
    });
    second.params.weights_mut().copy_from_slice(first.params.weights());
    let (momentum, direction, steps) = first.optimiser.state();
    let mut direction = direction.to_vec();
    for entry in first.params.entries().iter().filter(|e| e.group == 0) {
        direction[entry.param.range()].fill(f32::NAN);
    }
    second.optimiser.restore(momentum, &direction, steps);
    second.skip(2);
    assert_eq!(first.bits(2), second.bits(2));
}
