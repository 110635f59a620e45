//! Every op against its naive reference and against finite differences, on random shapes.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::{Buffers, Init, Param, Params, Real, Slot, Tape};

/// Random numbers for shapes and contents.
pub(crate) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(crate) fn of(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// From `low` to `high`, both possible; small numbers come more often.
    pub(crate) fn size(&mut self, low: usize, high: usize) -> usize {
        let u = self.uniform();
        low + (u * u * (high - low + 1) as f64) as usize
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.0.next_u64().is_multiple_of(n)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Roughly normal, of variance 1.
    pub(crate) fn array(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| (0..4).map(|_| self.uniform() - 0.5).sum::<f64>() * 3f64.sqrt()).collect()
    }
}

/// Some columns of rows of `width` elements.
pub(crate) fn columns(x: &[f64], width: usize, part: std::ops::Range<usize>) -> Vec<f64> {
    x.chunks(width).flat_map(|row| row[part.clone()].to_vec()).collect()
}

/// One random use of an op.
pub(crate) trait Conformance: std::fmt::Debug {
    /// The shapes and options of this use.
    fn draw(draw: &mut Draw) -> Self;
    /// Shapes `[sequences, length, width]` of the inputs that have gradients.
    fn inputs(&self) -> Vec<[usize; 3]>;
    /// Shapes of the weights.
    fn params(&self) -> Vec<Vec<usize>>;
    /// The op on the tape.
    fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot;
    /// The naive reference of the output.
    fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64>;
    /// What the op adds to the loss by itself, by the naive reference.
    fn naive_loss(&self, _inputs: &[Vec<f64>], _params: &[Vec<f64>]) -> f64 {
        0.0
    }
    /// Moves inputs and weights away from where the op has no derivative.
    fn adjust(&self, _inputs: &mut [Vec<f64>], _params: &mut [Vec<f64>]) {}
}

struct Result {
    output: Vec<f64>,
    loss: f64,
    /// of the inputs, then of the weights
    gradients: Vec<Vec<f64>>,
}

/// Runs the op `times` on one tape with the same arguments, weighing each output with `cotangent`.
fn run<R: Real, C: Conformance>(
    case: &C,
    inputs: &[Vec<f64>],
    weights: &[Vec<f64>],
    cotangent: &[f64],
    times: usize,
) -> Result {
    let cast = |x: &[f64]| x.iter().map(|&v| R::of(v)).collect::<Vec<R>>();
    let back = |x: &[R]| x.iter().map(|&v| v.to_f64()).collect::<Vec<f64>>();
    let mut params = Params::<R>::new(0);
    let mut handles = Vec::new();
    for (i, (shape, values)) in case.params().iter().zip(weights).enumerate() {
        handles.push(params.add(&i.to_string(), shape, Init::Constant(0.0), 0));
        params.view_mut(handles[i]).copy_from_slice(&cast(values));
    }
    let mut gradient = vec![R::ZERO; params.count()];
    let mut buffers = Buffers::poisoned();
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
    let slots: Vec<Slot> =
        case.inputs().iter().zip(inputs).map(|(shape, values)| tape.leaf(&cast(values), *shape)).collect();
    let mut output = Vec::new();
    for _ in 0..times {
        let y = case.fast(&mut tape, &slots, &handles);
        output = back(tape.value(y));
        tape.dot(y, &cast(cotangent));
    }
    let loss = tape.loss();
    tape.backward();
    let mut gradients: Vec<Vec<f64>> =
        slots.iter().map(|&s| tape.gradient(s).map_or_else(|| vec![0.0; s.len()], back)).collect();
    gradients.extend(handles.iter().map(|h| back(&gradient[h.range()])));
    Result { output, loss, gradients }
}

/// A thousand random uses.
pub(crate) fn check<C: Conformance>() {
    for seed in 0..1000 {
        let mut draw = Draw::of(seed);
        let case = C::draw(&mut draw);
        let mut inputs: Vec<Vec<f64>> = case.inputs().iter().map(|s| draw.array(s.iter().product())).collect();
        let mut weights: Vec<Vec<f64>> = case.params().iter().map(|s| draw.array(s.iter().product())).collect();
        case.adjust(&mut inputs, &mut weights);
        let reference = case.naive(&inputs, &weights);
        let cotangent = draw.array(reference.len());
        let fast = run::<f64, C>(&case, &inputs, &weights, &cotangent, 1);

        let at = |what: &str| format!("seed {seed}, {case:?}: {what}");
        close(&at("output"), &fast.output, &reference, 1e-12);
        gradients(&case, &inputs, &weights, &cotangent, &fast, &mut draw, &at);

        // A second use adds: the same gradient twice, up to rounding.
        let twice = run::<f64, C>(&case, &inputs, &weights, &cotangent, 2);
        for (twice, once) in twice.gradients.iter().zip(&fast.gradients) {
            close(&at("used twice"), twice, &once.iter().map(|g| 2.0 * g).collect::<Vec<_>>(), 1e-11);
        }
        let single = run::<f32, C>(&case, &inputs, &weights, &cotangent, 1);
        close(&at("output in f32"), &single.output, &reference, 2e-5);
        for (single, double) in single.gradients.iter().zip(&fast.gradients) {
            close(&at("gradient in f32"), single, double, 2e-4);
        }
    }
}

fn close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    let scale = want.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "{what}: element {i} is {g}, not {w}");
    }
}

/// Central differences of fourth order along a random direction, for each input and weight by itself.
fn gradients<C: Conformance>(
    case: &C,
    inputs: &[Vec<f64>],
    weights: &[Vec<f64>],
    cotangent: &[f64],
    fast: &Result,
    draw: &mut Draw,
    at: &dyn Fn(&str) -> String,
) {
    let value = |inputs: &[Vec<f64>], weights: &[Vec<f64>]| -> f64 {
        let y = case.naive(inputs, weights);
        y.iter().zip(cotangent).map(|(y, c)| y * c).sum::<f64>() + case.naive_loss(inputs, weights)
    };
    let loss = value(inputs, weights);
    assert!((fast.loss - loss).abs() <= 1e-11 * (1.0 + loss.abs()), "{}", at(&format!("loss {} {loss}", fast.loss)));
    for k in 0..inputs.len() + weights.len() {
        let (mut inputs, mut weights) = (inputs.to_vec(), weights.to_vec());
        let count = inputs.len();
        let n = if k < count { inputs[k].len() } else { weights[k - count].len() };
        let direction = draw.array(n);
        let step = 1e-3;
        let mut moved = |by: f64| {
            let target = if k < count { &mut inputs[k] } else { &mut weights[k - count] };
            target.iter_mut().zip(&direction).for_each(|(x, d)| *x += by * d);
            let y = value(&inputs, &weights);
            let target = if k < count { &mut inputs[k] } else { &mut weights[k - count] };
            target.iter_mut().zip(&direction).for_each(|(x, d)| *x -= by * d);
            y
        };
        let (one, two) = (moved(step) - moved(-step), moved(2.0 * step) - moved(-2.0 * step));
        let want = (8.0 * one - two) / (12.0 * step);
        let terms = fast.gradients[k].iter().zip(&direction).map(|(g, d)| g * d);
        let (got, size) = terms.fold((0.0, 0.0), |(sum, size), t: f64| (sum + t, size + t.abs()));
        let rounding = 1e-12 / step * (1.0 + loss.abs());
        assert!((got - want).abs() <= 1e-7 * size + rounding, "{}: {got} {want}", at(&format!("gradient {k}")));
    }
}
