//! A mixture of experts (Shazeer et al. 2017, arXiv 1701.06538), routed as in DeepSeek-V3 (arXiv 2412.19437, section 2.1.2):
//!
//! y = r + sum over the k chosen experts of g_i W_down,i (silu(W_gate,i x) W_up,i x)
//!
//! x, y and the residual r are `[sequences, length, d]`; an expert has matrices `[d_expert, d]`, `[d_expert, d]` and
//! `[d, d_expert]`. How experts are chosen and gated, and what a balance loss is, stands in `routing.rs`. No token is
//! dropped: the rows of an expert are as many as chose it, and every matrix is one product over them, so that time follows
//! the parameters that are active.
//!
//! With h = silu(W_gate x) W_up x and u = W_down^T dy: dg = u h, dh = g u, and the rest as in a SwiGLU of its own.

use super::Op;
use crate::buffers::Buffers;
use crate::math::sigmoid;
use crate::routing::{Routes, imbalance, route, score, slopes};
use crate::simd::{dot, kernel};
use crate::{Matrix, Param, Params, Real, Slot, Tape, Tokens, naive, product};

/// Experts, their router, and how many of them a token goes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experts {
    /// `[experts, d]`
    pub router: Param,
    /// b, `[experts]`: moves the choice and not the gates, and has no gradient of the loss. What is added to its gradient is
    /// how much more than its share each expert was asked, so that [`crate::Rule::Sign`] lets all be asked alike.
    pub bias: Option<Param>,
    /// `[experts 2 d_expert, d]`: of each expert the gate and below it the up-projection
    pub gate_up: Param,
    /// `[experts d, d_expert]`
    pub down: Param,
    /// k, the experts of a token.
    pub chosen: usize,
    /// What the gates of a token add up to.
    pub scale: f64,
}

impl Experts {
    /// Says which matrices lie in the arrays, so that [`crate::Rule::Muon`] moves each by itself.
    pub fn split<R: Real>(&self, params: &mut Params<R>) {
        let [d, d_expert, experts] = self.widths();
        params.split(self.gate_up, &vec![d_expert; 2 * experts]);
        params.split(self.down, &vec![d; experts]);
    }

    /// d, d_expert, experts
    fn widths(&self) -> [usize; 3] {
        [self.router.columns(), self.down.columns(), self.router.rows()]
    }

    /// The places of an expert's rows in its arrays: of gate and up, and of down.
    fn places(&self, expert: usize) -> [std::ops::Range<usize>; 2] {
        let [d, d_expert, _] = self.widths();
        [2 * d_expert * d, d * d_expert].map(|each| expert * each..(expert + 1) * each)
    }
}

/// What comes of a mixture of experts.
#[derive(Clone, Copy, Debug)]
pub struct Routed {
    /// The output, `[sequences, length, d]`.
    pub y: Slot,
    /// How many tokens of each sequence went to each expert, whole numbers, `[1, sequences, experts]`; k times the length in
    /// all. As many for every sequence, so [`crate::Step::evaluate`] can gather them.
    pub loads: Slot,
}

/// The bias has this times the surplus of an expert for its gradient, experts times its tokens minus all choices: whole
/// numbers, whose sums are exact in any order. A power of two, so that they stay so, and so small that the norm of the
/// gradient, which they are no part of, does not feel their squares.
const UNIT: f64 = 1.0 / (1u128 << 100) as f64;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    experts: Experts,
    residual: Option<Slot>,
    /// of the balance loss, for each token
    share: f64,
    /// `[tokens, experts]`
    scores: Slot,
    /// `[tokens, k]`
    gates: Slot,
    /// `[tokens k, 2 d_expert]`: gate and up of all rows, sorted by expert
    hidden: Slot,
    loads: Slot,
    routes: Tokens,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// What the chosen experts make of x, weighed by their gates. `coefficient` times the mean of the sequences' balance losses is
    /// added to the loss, each sequence weighed by its tokens, `divisor` of them in the whole batch.
    ///
    /// # Panics
    /// If the shapes do not fit, or there are fewer experts than are to be chosen.
    pub fn moe(&mut self, x: Slot, experts: Experts, coefficient: f64, divisor: f64) -> Routed {
        self.mixture(x, experts, None, coefficient, divisor)
    }

    /// The same with a residual added.
    ///
    /// # Panics
    /// As [`Tape::moe`].
    pub fn moe_onto(&mut self, residual: Slot, x: Slot, experts: Experts, coefficient: f64, divisor: f64) -> Routed {
        self.mixture(x, experts, Some(residual), coefficient, divisor)
    }

    fn mixture(&mut self, x: Slot, experts: Experts, residual: Option<Slot>, coefficient: f64, divisor: f64) -> Routed {
        let ([d, d_expert, n], k) = (experts.widths(), experts.chosen);
        let of = |p: Param| [p.rows(), p.columns()];
        let fit = of(experts.gate_up) == [n * 2 * d_expert, d] && of(experts.down) == [n * d, d_expert];
        assert!(fit && x.width() == d, "experts whose widths fit each other, and tokens of width {d}");
        assert!(experts.bias.is_none_or(|b| b.columns() == n), "a bias for each of {n} experts");
        assert!((1..=n).contains(&k), "{k} of {n} experts");
        assert!(residual.is_none_or(|r| r.shape() == x.shape()), "a residual of another shape");
        let node = Node {
            x,
            experts,
            residual,
            share: if divisor > 0.0 { coefficient / divisor } else { 0.0 },
            scores: self.kept(x.rows(), n),
            gates: self.kept(x.rows(), k),
            hidden: self.kept(x.rows() * k, 2 * d_expert),
            loads: self.kept(x.sequences(), n),
            routes: self.list(Routes::len(n, x.rows() * k)),
            y: self.output(x.sequences(), x.length(), d),
        };
        self.run(node);
        Routed { y: node.y, loads: node.loads }
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { x: from, experts, residual, .. } = self;
        let ([d, d_expert, n], k, tokens) = (experts.widths(), experts.chosen, from.rows());
        let [router, gate_up, down] = [experts.router, experts.gate_up, experts.down].map(|p| tape.weight(p));
        let bias = experts.bias.map(|b| tape.weight(b));
        let Buffers { values, gradients, tokens: lists, .. } = &mut *tape.buffers;
        let [mut scores, mut gates, mut hidden, mut loads, mut y] =
            [self.scores, self.gates, self.hidden, self.loads, self.y].map(|slot| values.take(slot));
        let (x, list) = (values.get(from), &mut lists[self.routes.index]);

        // An expert may be asked by every token.
        let [mut rows, mut inside] = [d, d_expert].map(|width| gradients.scratch(tokens * width));

        product(R::ONE, Matrix::new(x, tokens, d), Matrix::new(router, n, d).t(), &mut scores, n, false);
        score(&mut scores);
        route(&scores, bias, experts.scale, list, &mut gates, &mut loads, [n, k, from.length()]);
        if self.share != 0.0 {
            tape.loss += self.share * imbalance(&scores, &loads, n, [from.length(), k]);
        }

        match residual {
            Some(residual) => y.copy_from_slice(values.get(residual)),
            None => y.fill(R::ZERO),
        }
        let routes = Routes::of(list, n);
        let mut rest = &mut hidden[..];
        for expert in 0..n {
            let order = routes.rows(expert);
            let [of_gate_up, of_down] = experts.places(expert);
            let (m, gate_up, down) = (order.len(), &gate_up[of_gate_up], &down[of_down]);
            let both;
            (both, rest) = rest.split_at_mut(m * 2 * d_expert);
            let (rows, inside) = (&mut rows[..m * d], &mut inside[..m * d_expert]);
            gather(x, order, k, rows, d);
            let gate_up = Matrix::new(gate_up, 2 * d_expert, d);
            product(R::ONE, Matrix::new(rows, m, d), gate_up.t(), both, 2 * d_expert, false);
            gate(both, order, &gates, inside, d_expert);
            let down = Matrix::new(down, d, d_expert);
            product(R::ONE, Matrix::new(inside, m, d_expert), down.t(), rows, d, false);
            scatter(rows, order, k, &mut y, d);
        }
        [rows, inside].into_iter().for_each(|buffer| gradients.give(buffer));
        let back =
            [(self.scores, scores), (self.gates, gates), (self.hidden, hidden), (self.loads, loads), (self.y, y)];
        back.into_iter().for_each(|(slot, buffer)| values.put(slot, buffer));
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { x: from, experts, .. } = self;
        let ([d, d_expert, n], k, tokens) = (experts.widths(), experts.chosen, from.rows());
        let [router, gate_up, down] = [experts.router, experts.gate_up, experts.down].map(|p| tape.weight(p));
        let Some(gradient) = tape.gradient.as_deref_mut() else { return };
        let Buffers { values, gradients, tokens: lists, .. } = &mut *tape.buffers;
        let [x, scores, gates, hidden, loads] =
            [from, self.scores, self.gates, self.hidden, self.loads].map(|slot| values.get(slot));
        let routes = Routes::of(&lists[self.routes.index], n);
        if let Some(bias) = experts.bias {
            for (surplus, rows) in gradient[bias.range()].iter_mut().zip(routes.starts.windows(2)) {
                let asked = n as f64 * f64::from(rows[1] - rows[0]);
                *surplus += R::of(UNIT * (asked - (k * tokens) as f64));
            }
        }

        let dy = gradients.take(self.y);
        let [mut rows, mut d_rows] = [tokens * d; 2].map(|len| gradients.scratch(len));
        let [mut inside, mut u, mut d_both] = [1, 1, 2].map(|n| gradients.scratch(tokens * n * d_expert));
        let [mut d_gates, mut dz] = [k, n].map(|width| gradients.scratch(tokens * width));
        let mut dx = gradients.open_zeroed(from);
        if dy.is_none() {
            d_gates.fill(R::ZERO);
        }
        let mut rest = hidden;
        for (dy, expert) in dy.iter().flat_map(|dy| (0..n).map(move |expert| (dy, expert))) {
            let order = routes.rows(expert);
            let [of_gate_up, of_down] = experts.places(expert);
            let m = order.len();
            let both;
            (both, rest) = rest.split_at(m * 2 * d_expert);
            let (rows, d_rows, d_both) = (&mut rows[..m * d], &mut d_rows[..m * d], &mut d_both[..m * 2 * d_expert]);
            let (inside, u) = (&mut inside[..m * d_expert], &mut u[..m * d_expert]);

            gather(dy, order, k, d_rows, d);
            let d_rows = Matrix::new(d_rows, m, d);
            product(R::ONE, d_rows, Matrix::new(&down[of_down.clone()], d, d_expert), u, d_expert, false);
            ungate(both, u, order, gates, inside, d_both, &mut d_gates, d_expert);
            let d_down = &mut gradient[experts.down.range()][of_down];
            product(R::ONE, d_rows.t(), Matrix::new(inside, m, d_expert), d_down, d_expert, true);

            gather(x, order, k, rows, d);
            let d_both = Matrix::new(d_both, m, 2 * d_expert);
            let d_gate_up = &mut gradient[experts.gate_up.range()][of_gate_up.clone()];
            product(R::ONE, d_both.t(), Matrix::new(rows, m, d), d_gate_up, d, true);
            if let Some(dx) = &mut dx {
                let gate_up = Matrix::new(&gate_up[of_gate_up], 2 * d_expert, d);
                product(R::ONE, d_both, gate_up, rows, d, false);
                scatter(rows, order, k, dx, d);
            }
        }

        let scales = [experts.scale, self.share];
        slopes(scores, loads, [gates, &d_gates], &routes, scales, &mut dz, [n, k, from.length()]);
        let of_z = Matrix::new(&dz, tokens, n);
        product(R::ONE, of_z.t(), Matrix::new(x, tokens, d), &mut gradient[experts.router.range()], d, true);
        if let Some(dx) = dx {
            product(R::ONE, of_z, Matrix::new(router, n, d), dx, d, true);
        }
        [d_gates, rows, d_rows, inside, u, d_both, dz].into_iter().for_each(|buffer| gradients.give(buffer));
        match (dy, self.residual) {
            (Some(dy), Some(residual)) => gradients.pass_on(residual, dy),
            (Some(dy), None) => gradients.give(dy),
            (None, _) => (),
        }
    }
}

kernel! {
    /// Rows of the tokens behind some choices.
    fn gather<'a, R>(x: &'a [R], order: &'a [u32], k: usize, rows: &'a mut [R], width: usize) {
        for (row, &choice) in rows.chunks_exact_mut(width).zip(order) {
            row.copy_from_slice(&x[choice as usize / k * width..][..width]);
        }
    }
}

kernel! {
    /// Adds rows to those of the tokens behind some choices.
    fn scatter<'a, R>(rows: &'a [R], order: &'a [u32], k: usize, y: &'a mut [R], width: usize) {
        for (row, &choice) in rows.chunks_exact(width).zip(order) {
            for (y, &x) in y[choice as usize / k * width..][..width].iter_mut().zip(row) {
                *y += x;
            }
        }
    }
}

kernel! {
    /// g h of some rows.
    fn gate<'a, R>(both: &'a [R], order: &'a [u32], gates: &'a [R], inside: &'a mut [R], width: usize) {
        for ((inside, both), &choice) in inside.chunks_exact_mut(width).zip(both.chunks_exact(2 * width)).zip(order) {
            let (weight, (gate, up)) = (gates[choice as usize], both.split_at(width));
            for ((y, &g), &u) in inside.iter_mut().zip(gate).zip(up) {
                *y = weight * (g * sigmoid(g) * u);
            }
        }
    }
}

kernel! {
    /// g h again, the gradients of gate and up, and those of the gates of the choices.
    fn ungate<'a, R>(
        both: &'a [R], u: &'a [R], order: &'a [u32], gates: &'a [R], inside: &'a mut [R], d_both: &'a mut [R],
        d_gates: &'a mut [R], width: usize,
    ) {
        let rows = both.chunks_exact(2 * width).zip(u.chunks_exact(width)).zip(order);
        let to = inside.chunks_exact_mut(width).zip(d_both.chunks_exact_mut(2 * width));
        for (((both, slope), &choice), (inside, d_both)) in rows.zip(to) {
            let (weight, (gate, up)) = (gates[choice as usize], both.split_at(width));
            let (d_gate, d_up) = d_both.split_at_mut(width);
            for i in 0..width {
                let (g, u, dh) = (gate[i], up[i], weight * slope[i]);
                let s = sigmoid(g);
                inside[i] = g * s * u;
                d_gate[i] = dh * u * s * g.mul_add(R::ONE - s, R::ONE);
                d_up[i] = dh * g * s;
            }
            d_gates[choice as usize] = dot(inside, slope);
            for h in inside {
                *h *= weight;
            }
        }
    }
}

/// The naive reference: weights of the router, bias, gates and up-projections, down-projections; k and scale.
pub fn naive(x: &[f64], weights: [&[f64]; 4], d: usize, k: usize, scale: f64) -> Vec<f64> {
    let [_, bias, gate_up, down] = weights;
    let (n, d_expert) = (bias.len(), down.len() / bias.len() / d);
    let mut y = vec![0.0; x.len()];
    for (x, y) in x.chunks(d).zip(y.chunks_mut(d)) {
        let (scores, chosen) = naive_choice(x, weights, k);
        let all: f64 = chosen.iter().map(|&i| scores[i]).sum();
        for i in chosen {
            let row = |j: usize| naive::dot(d, |c| (gate_up[(i * 2 * d_expert + j) * d + c], x[c]));
            let silu = |z: f64| z / (1.0 + libm::exp(-z));
            let h: Vec<f64> = (0..d_expert).map(|j| silu(row(j)) * row(d_expert + j)).collect();
            for c in 0..d {
                let out = naive::dot(d_expert, |j| (down[(i * d + c) * d_expert + j], h[j]));
                y[c] += scale * scores[i] / all * out;
            }
        }
    }
    assert_eq!(n * 2 * d_expert * d, gate_up.len());
    y
}

/// The scores of a token, and those it goes to.
fn naive_choice(x: &[f64], [router, bias, ..]: [&[f64]; 4], k: usize) -> (Vec<f64>, Vec<usize>) {
    let z = |i: usize| naive::dot(x.len(), |c| (router[i * x.len() + c], x[c]));
    let scores: Vec<f64> = (0..bias.len()).map(|i| 1.0 / (1.0 + libm::exp(-z(i)))).collect();
    let mut chosen: Vec<usize> = (0..bias.len()).collect();
    chosen.sort_by(|&i, &j| (scores[j] + bias[j]).total_cmp(&(scores[i] + bias[i])));
    chosen.truncate(k);
    (scores, chosen)
}

/// The naive reference of the balance losses, summed over the tokens, for sequences of `length` of them.
pub fn naive_balance(x: &[f64], weights: [&[f64]; 4], d: usize, k: usize, length: usize) -> f64 {
    let n = weights[1].len();
    let mut total = 0.0;
    for sequence in x.chunks(length * d) {
        let (mut f, mut p) = (vec![0.0; n], vec![0.0; n]);
        for x in sequence.chunks(d) {
            let (scores, chosen) = naive_choice(x, weights, k);
            chosen.iter().for_each(|&i| f[i] += 1.0 / (k * length) as f64);
            let all: f64 = scores.iter().sum();
            p.iter_mut().zip(&scores).for_each(|(p, s)| *p += s / all / length as f64);
        }
        total += (length * n) as f64 * f.iter().zip(&p).map(|(f, p)| f * p).sum::<f64>();
    }
    total
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        n: usize,
        k: usize,
        d_expert: usize,
        scale: f64,
        bias: bool,
        residual: bool,
        coefficient: f64,
    }

    const DIVISOR: f64 = 7.0;
    /// Scores of experts that are chosen are so far above the others: differences do not cross.
    const MARGIN: f64 = 0.04;

    impl Case {
        /// Router, bias (0 without one), gates and up-projections, down-projections.
        fn weights<'a>(&self, params: &'a [Vec<f64>], none: &'a [f64]) -> [&'a [f64]; 4] {
            let bias = params.get(3).map_or(none, |b| b);
            [&params[0], bias, &params[1], &params[2]]
        }
        fn none(&self) -> Vec<f64> {
            vec![0.0; self.n]
        }
        fn margin(&self, x: &[f64], weights: [&[f64]; 4]) -> f64 {
            let (scores, order) = naive_choice(x, weights, self.n);
            let value = |i: usize| scores[order[i]] + weights[1][order[i]];
            if self.k == self.n { 1.0 } else { value(self.k - 1) - value(self.k) }
        }
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let n = d.size(1, 12);
            Self {
                shape: [d.size(1, 3), d.size(1, 20), d.size(1, 20)],
                n,
                k: d.size(1, n),
                d_expert: d.size(1, 20),
                scale: if d.one_in(2) { 1.0 } else { 2.5 },
                bias: d.one_in(2),
                residual: d.one_in(2),
                coefficient: if d.one_in(2) { 0.0 } else { 0.3 },
            }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape; if self.residual { 2 } else { 1 }]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            let d = self.shape[2];
            let mut shapes =
                vec![vec![self.n, d], vec![self.n * 2 * self.d_expert, d], vec![self.n * d, self.d_expert]];
            shapes.extend(self.bias.then_some(vec![self.n]));
            shapes
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            let [router, gate_up, down] = [0, 1, 2].map(|i| params[i]);
            // Its gradient is no difference of the loss, but too small to be seen.
            let bias = params.get(3).copied();
            let experts = Experts { router, bias, gate_up, down, chosen: self.k, scale: self.scale };
            match inputs {
                [x, r] => tape.moe_onto(*r, *x, experts, self.coefficient, DIVISOR).y,
                _ => tape.moe(inputs[0], experts, self.coefficient, DIVISOR).y,
            }
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            let none = self.none();
            let y = naive(&inputs[0], self.weights(params, &none), self.shape[2], self.k, self.scale);
            let residual = |i: usize| inputs.get(1).map_or(0.0, |r| r[i]);
            y.iter().enumerate().map(|(i, y)| y + residual(i)).collect()
        }
        fn naive_loss(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> f64 {
            let none = self.none();
            let weights = self.weights(params, &none);
            self.coefficient / DIVISOR * naive_balance(&inputs[0], weights, self.shape[2], self.k, self.shape[1])
        }
        fn adjust(&self, inputs: &mut [Vec<f64>], params: &mut [Vec<f64>]) {
            let (none, d) = (self.none(), self.shape[2]);
            // Angles that never come again.
            let wave = |i: usize, tries: usize| libm::sin((i + 1) as f64 + tries as f64 * (i + 1) as f64 * 0.7);
            for tries in 1..10_000 {
                // Small enough for scores that differ, large enough for rows of the router that do not.
                let size = 0.2 * (1 + tries % 10) as f64;
                let near = inputs[0].chunks_mut(d).filter(|x| self.margin(x, self.weights(params, &none)) < MARGIN);
                if near.map(|x| x.iter_mut().enumerate().for_each(|(i, x)| *x = size * wave(i, tries))).count() == 0 {
                    return;
                }
                // Rows of the router that are alike keep any token from choosing between them.
                if tries % 50 == 0 {
                    params[0].iter_mut().enumerate().for_each(|(i, w)| *w += 0.1 * wave(i, tries));
                }
            }
            panic!("{self:?}: experts too near to each other");
        }
    }
}
