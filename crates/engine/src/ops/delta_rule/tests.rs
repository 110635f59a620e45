use super::*;
use crate::ops::conformance::{Conformance, Draw};
use crate::{Buffers, Param, Params};

/// What is read in the order q, k, v, decay, beta.
#[derive(Debug)]
pub(crate) struct Case {
    shape: [usize; 2],
    /// of queries and keys, of values
    heads: [usize; 2],
    dk: usize,
    dv: usize,
    /// Is there a decay for every channel?
    channels: bool,
    initial: bool,
    /// Are all of them columns of one projection?
    fused: bool,
    /// What the last state weighs in the loss.
    weight: f64,
}

const SCALE: f64 = 0.6;

impl Case {
    fn widths(&self) -> [usize; 5] {
        let [heads, value_heads] = self.heads;
        let decay = if self.channels { value_heads * self.dk } else { value_heads };
        [heads * self.dk, heads * self.dk, value_heads * self.dv, decay, value_heads]
    }

    fn state(&self) -> [usize; 3] {
        [self.shape[0], self.heads[1] * self.dk, self.dv]
    }

    /// The five parts, wherever they stand, and the initial state.
    fn parts(&self, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let widths = self.widths();
        let wide = widths.iter().sum::<usize>();
        let mut parts: Vec<Vec<f64>> = (0..5)
            .map(|i| {
                let before = widths[..i].iter().sum::<usize>();
                let part = before..before + widths[i];
                if self.fused { crate::ops::conformance::columns(&inputs[0], wide, part) } else { inputs[i].clone() }
            })
            .collect();
        parts.push(if self.initial { inputs.last().unwrap().clone() } else { Vec::new() });
        parts
    }

    fn reference(&self, inputs: &[Vec<f64>]) -> [Vec<f64>; 2] {
        let parts = self.parts(inputs);
        let parts: [&[f64]; 6] = std::array::from_fn(|i| parts[i].as_slice());
        naive(parts, self.shape[1], self.heads, [self.dk, self.dv], SCALE)
    }
}

impl Conformance for Case {
    fn draw(d: &mut Draw) -> Self {
        let length = if d.one_in(8) { d.size(1, 100) } else { d.size(1, 36) };
        let heads = d.size(1, 3);
        let wide = d.one_in(20);
        let mut width = || if wide { 10 + d.below(60) } else { d.size(1, 9) };
        let (dk, dv) = (width(), width());
        Self {
            shape: [d.size(1, if wide { 1 } else { 3 }), length],
            heads: [heads, heads * d.size(1, 3)],
            dk,
            dv,
            channels: d.one_in(2),
            initial: d.one_in(2),
            fused: d.one_in(2),
            weight: if d.one_in(3) { 0.0 } else { 0.3 },
        }
    }
    fn inputs(&self) -> Vec<[usize; 3]> {
        let ([b, t], widths) = (self.shape, self.widths());
        let mut all =
            if self.fused { vec![[b, t, widths.iter().sum()]] } else { widths.iter().map(|&w| [b, t, w]).collect() };
        all.extend(self.initial.then(|| self.state()));
        all
    }
    fn params(&self) -> Vec<Vec<usize>> {
        vec![]
    }
    fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
        let widths = self.widths();
        let part = |i: usize| match self.fused {
            true => inputs[0].columns(widths[..i].iter().sum(), widths[i]),
            false => inputs[i].into(),
        };
        let [q, k, v, decay, beta] = std::array::from_fn(part);
        let [heads, value_heads] = self.heads;
        let initial = if self.initial { inputs.last().copied() } else { None };
        let rule = DeltaRule { q, k, v, decay, beta, heads, value_heads, scale: SCALE, initial };
        let (o, last) = tape.delta_rule(rule);
        if self.weight != 0.0 {
            let weights: Vec<R> = (0..last.len()).map(|i| R::of(self.weight * (i % 7) as f64)).collect();
            tape.dot(last, &weights);
        }
        o
    }
    fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
        let [o, _] = self.reference(inputs);
        o
    }
    fn naive_loss(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> f64 {
        let [_, last] = self.reference(inputs);
        last.iter().enumerate().map(|(i, s)| self.weight * (i % 7) as f64 * s).sum()
    }
    /// Keys of length 1 at most, decays below 1 of which one in five ends everything, beta from 0 to 1, both with its ends.
    fn adjust(&self, inputs: &mut [Vec<f64>], _: &mut [Vec<f64>]) {
        let widths = self.widths();
        let wide = widths.iter().sum::<usize>();
        for i in [1, 3, 4] {
            let before = if self.fused { widths[..i].iter().sum::<usize>() } else { 0 };
            let row = if self.fused { wide } else { widths[i] };
            for row in inputs[if self.fused { 0 } else { i }].chunks_mut(row) {
                let part = &mut row[before..before + widths[i]];
                match i {
                    1 => part.chunks_mut(self.dk).for_each(|k| {
                        let norm = k.iter().map(|k| k * k).sum::<f64>().sqrt().max(1e-3);
                        k.iter_mut().for_each(|k| *k /= norm);
                    }),
                    3 => part.iter_mut().for_each(|g| *g = if *g > 0.8 { -30.0 * *g } else { -g.abs() }),
                    _ => part.iter_mut().for_each(|b| *b = (0.5 + *b).clamp(0.0, 1.0)),
                }
            }
        }
    }
}

/// Sequences with all that a delta rule needs, in f64.
struct Inputs {
    q: Vec<f64>,
    k: Vec<f64>,
    v: Vec<f64>,
    decay: Vec<f64>,
    beta: Vec<f64>,
}

const LENGTH: usize = 53;
const K: usize = 5;
const V: usize = 3;

fn inputs() -> Inputs {
    let mut state = 5u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let mut array = |n: usize, scale: f64| (0..n).map(|_| scale * next()).collect::<Vec<f64>>();
    Inputs {
        q: array(LENGTH * K, 1.0),
        k: array(LENGTH * K, 0.6),
        v: array(LENGTH * V, 1.0),
        decay: array(LENGTH * K, 2.0).iter().map(|g| -g.abs()).collect(),
        beta: array(LENGTH, 1.0).iter().map(|b| b.abs()).collect(),
    }
}

/// One head over the tokens of one sequence, cut before some of them, and the gradients of q, k, v, decay and beta under
/// cotangents of 1 for all outputs and the last state.
fn run(x: &Inputs, cuts: &[usize]) -> (Vec<f64>, Vec<f64>, [Vec<f64>; 5]) {
    let params = Params::<f64>::new(0);
    let mut buffers = Buffers::poisoned();
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut []));
    let (mut o, mut state, mut leaves) = (Vec::new(), None, Vec::new());
    let ends: Vec<usize> = [0].iter().chain(cuts).chain(&[LENGTH]).copied().collect();
    for cut in ends.windows(2) {
        let part = [(&x.q, K), (&x.k, K), (&x.v, V), (&x.decay, K), (&x.beta, 1)]
            .map(|(x, width)| tape.leaf(&x[cut[0] * width..cut[1] * width], [1, cut[1] - cut[0], width]));
        let [q, k, v, decay, beta] = part.map(Columns::from);
        let rule = DeltaRule { q, k, v, decay, beta, heads: 1, value_heads: 1, scale: SCALE, initial: state };
        let (y, last) = tape.delta_rule(rule);
        o.extend_from_slice(tape.value(y));
        tape.dot(y, &vec![1.0; y.len()]);
        state = Some(last);
        leaves.push(part);
    }
    let last = state.unwrap();
    let value = tape.value(last).to_vec();
    tape.dot(last, &vec![1.0; last.len()]);
    tape.backward();
    let whole = |i: usize| leaves.iter().flat_map(|part| tape.gradient(part[i]).unwrap().to_vec()).collect();
    (o, value, std::array::from_fn(whole))
}

fn close(got: &[f64], want: &[f64]) {
    let scale = want.iter().fold(1f64, |m, w| m.max(w.abs()));
    assert_eq!(got.len(), want.len());
    assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() <= 1e-12 * scale), "{got:?}\n{want:?}");
}

#[test]
fn a_sequence_may_be_cut_anywhere() {
    let x = inputs();
    let whole = run(&x, &[]);
    let every: Vec<usize> = (1..LENGTH).collect();
    let cuts = every.iter().map(|&cut| vec![cut]).chain([every.clone(), vec![15, 16, 48]]);
    for cuts in cuts {
        let (o, last, gradients) = run(&x, &cuts);
        close(&o, &whole.0);
        close(&last, &whole.1);
        gradients.iter().zip(&whole.2).for_each(|(got, want)| close(got, want));
    }
}

#[test]
fn without_decay_it_is_deltanet() {
    let mut x = inputs();
    x.decay.fill(0.0);
    let (o, last, _) = run(&x, &[]);
    // S_t = S_(t-1) (I - beta_t k_t k_t^T) + beta_t v_t k_t^T with S of V x K: arXiv 2406.06484, equation 1.
    let (mut state, mut want) = ([[0.0; K]; V], Vec::new());
    for t in 0..LENGTH {
        let k = &x.k[t * K..][..K];
        let old = state;
        for (j, row) in state.iter_mut().enumerate() {
            for (i, s) in row.iter_mut().enumerate() {
                let kept: f64 = (0..K).map(|c| old[j][c] * (f64::from(c == i) - x.beta[t] * k[c] * k[i])).sum();
                *s = kept + x.beta[t] * x.v[t * V + j] * k[i];
            }
        }
        want.extend(state.map(|row| SCALE * row.iter().zip(&x.q[t * K..]).map(|(s, q)| s * q).sum::<f64>()));
    }
    close(&o, &want);
    close(&last, &(0..K * V).map(|i| state[i % V][i / V]).collect::<Vec<_>>());
}

#[test]
fn without_beta_the_state_only_fades() {
    let mut x = inputs();
    x.beta.fill(0.0);
    let (o, last, gradients) = run(&x, &[]);
    assert!(o.iter().chain(&last).all(|o| *o == 0.0));
    assert!(gradients[..4].iter().flatten().all(|g| *g == 0.0), "nothing was written");
    assert!(gradients[4].iter().any(|g| *g != 0.0), "it would have been by another beta");
    let params = Params::<f64>::new(0);
    let mut buffers = Buffers::poisoned();
    let mut tape = Tape::new(&mut buffers, &params, None);
    let initial: Vec<f64> = (0..K * V).map(|i| i as f64 - 4.0).collect();
    let mild: Vec<f64> = x.decay.iter().map(|g| g / LENGTH as f64).collect();
    let first = tape.input(&initial, [1, K, V]);
    let [q, k, v, decay, beta] = [(&x.q, K), (&x.k, K), (&x.v, V), (&mild, K), (&x.beta, 1)]
        .map(|(x, width)| tape.input(x, [1, LENGTH, width]).into());
    let rule = DeltaRule { q, k, v, decay, beta, heads: 1, value_heads: 1, scale: SCALE, initial: Some(first) };
    let (_, last) = tape.delta_rule(rule);
    let all = |i: usize| mild.iter().skip(i).step_by(K).sum::<f64>();
    close(tape.value(last), &(0..K * V).map(|i| initial[i] * all(i / V).exp()).collect::<Vec<_>>());
}

#[test]
fn bits_are_those_of_every_machine() {
    let x = inputs();
    let params = Params::<f32>::new(0);
    let mut buffers = Buffers::poisoned();
    let mut tape = Tape::new(&mut buffers, &params, Some(&mut []));
    let leaves = [(&x.q, K), (&x.k, K), (&x.v, V), (&x.decay, K), (&x.beta, 1)].map(|(x, width)| {
        let numbers: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        tape.leaf(&numbers, [1, LENGTH, width])
    });
    let [q, k, v, decay, beta] = leaves.map(Columns::from);
    let rule = DeltaRule { q, k, v, decay, beta, heads: 1, value_heads: 1, scale: SCALE, initial: None };
    let (o, last) = tape.delta_rule(rule);
    tape.dot(o, &vec![1.0; o.len()]);
    tape.dot(last, &vec![1.0; last.len()]);
    tape.backward();
    let gradients = leaves.iter().flat_map(|&leaf| tape.gradient(leaf).unwrap());
    let all = tape.value(o).iter().chain(tape.value(last)).chain(gradients);
    let hash = all.fold(0xcbf29ce484222325u64, |h, x| (h ^ u64::from(x.to_bits())).wrapping_mul(0x100000001b3));
    if crate::simd::fuses() {
        assert_eq!(hash, 0x38e7e1415866d576, "the bits have changed; if that is meant, raise NUMERICS: {hash:#018x}");
    } else {
        println!("SKIPPED the known bits: this machine does not fuse multiply and add");
    }
}
