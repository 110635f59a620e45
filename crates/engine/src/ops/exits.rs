//! When a loop ends, token by token: the distribution of exits over n loops, from the gates behind each of them.
//!
//! g is `[sequences, length, n]`, p likewise. With lambda_t = s(g_t), the chance to leave behind loop t once there,
//!
//! p_t = lambda_t prod_{j<t} (1 - lambda_j) for t < n, and p_n = prod_{j<n} (1 - lambda_j)
//!
//! (Zhu et al. 2025, Ouro, arXiv 2510.25741, section 3): the last gate is not asked. Its entropy is paid for: with
//! H(p) = - sum_t p_t ln p_t, the loss falls by bonus / divisor times the sum of H over the tokens whose target counts.
//!
//! With a_t = dp_t + (bonus / divisor) (ln p_t + 1) all that p_t moves, dg_j = (1 - lambda_j) p_j a_j - lambda_j sum_{t>j} p_t a_t.

use super::Op;
use crate::buffers::Buffers;
use crate::math::softplus;
use crate::simd::kernel;
use crate::tape::IGNORE;
use crate::{Real, Slot, Tape, Tokens};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    gates: Slot,
    targets: Tokens,
    /// of the bonus, for each token
    share: f64,
    p: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// The probabilities of leaving behind each of the loops. `bonus` times their mean entropy is taken from the loss; the
    /// mean is over the targets that count, `divisor` of them in the whole batch.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn exits(&mut self, gates: Slot, targets: Tokens, bonus: f64, divisor: f64) -> Slot {
        let [sequences, length, loops] = gates.shape();
        assert_eq!((sequences, length), (targets.sequences, targets.length), "a target for every token");
        let p = self.output(sequences, length, loops);
        let share = if divisor > 0.0 { bonus / divisor } else { 0.0 };
        self.run(Node { gates, targets, share, p });
        p
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let Buffers { values, tokens, .. } = &mut *tape.buffers;
        let mut p = values.take(self.p);
        let entropy = leave(values.get(self.gates), &tokens[self.targets.index], self.p.width(), &mut p);
        values.put(self.p, p);
        tape.loss -= self.share * entropy;
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Buffers { values, gradients, tokens, .. } = &mut *tape.buffers;
        let mut dp = gradients.take(self.p).unwrap_or_else(|| {
            let mut none = gradients.scratch(self.p.len());
            none.fill(R::ZERO);
            none
        });
        let loops = self.p.width();
        let (gates, p, targets) = (values.get(self.gates), values.get(self.p), &tokens[self.targets.index]);
        slopes(gates, p, targets, loops, R::of(self.share), &mut dp);
        gradients.pass_on(self.gates, dp);
    }
}

/// ln p_t of one token, one after the other.
#[inline(always)]
fn logarithms<R: Real>(gates: &[R], mut each: impl FnMut(usize, R)) {
    // ln of the chance to get as far
    let mut there = R::ZERO;
    for (t, &g) in gates.iter().enumerate() {
        let last = t + 1 == gates.len();
        // ln lambda = -softplus(-g), ln (1 - lambda) = -softplus(g)
        each(t, if last { there } else { there - softplus(R::ZERO - g) });
        there -= softplus(g);
    }
}

kernel! {
    /// Gates to probabilities. Returns the sum of the entropies of the tokens that count.
    fn leave<'a, R>(gates: &'a [R], targets: &'a [u32], loops: usize, p: &'a mut [R]) -> f64 {
        let mut entropy = 0.0;
        for ((p, gates), &target) in p.chunks_exact_mut(loops).zip(gates.chunks_exact(loops)).zip(targets) {
            let mut own = R::ZERO;
            logarithms(gates, |t, log| {
                p[t] = log.exp();
                own = (R::ZERO - p[t]).mul_add(log, own);
            });
            if target != IGNORE {
                entropy += own.to_f64();
            }
        }
        entropy
    }
}

kernel! {
    /// dp to dg, in its place.
    fn slopes<'a, R>(gates: &'a [R], p: &'a [R], targets: &'a [u32], loops: usize, share: R, dp: &'a mut [R]) {
        let rows = dp.chunks_exact_mut(loops).zip(p.chunks_exact(loops)).zip(gates.chunks_exact(loops)).zip(targets);
        for (((d, p), gates), &target) in rows {
            let share = if target == IGNORE { R::ZERO } else { share };
            // p_t a_t
            logarithms(gates, |t, log| d[t] = p[t] * share.mul_add(log + R::ONE, d[t]));
            let mut later = d[loops - 1];
            d[loops - 1] = R::ZERO;
            for t in (0..loops - 1).rev() {
                let lambda = (R::ZERO - softplus(R::ZERO - gates[t])).exp();
                let own = d[t];
                d[t] = (R::ONE - lambda) * own - lambda * later;
                later += own;
            }
        }
    }
}

/// The naive reference of p, for gates of `loops` loops each.
pub fn naive(gates: &[f64], loops: usize) -> Vec<f64> {
    let mut p = Vec::with_capacity(gates.len());
    for gates in gates.chunks(loops) {
        let mut there = 1.0;
        for (t, g) in gates.iter().enumerate() {
            let lambda = if t + 1 == loops { 1.0 } else { 1.0 / (1.0 + libm::exp(-g)) };
            p.push(lambda * there);
            there *= 1.0 - lambda;
        }
    }
    p
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        targets: Vec<u32>,
        bonus: f64,
    }

    const DIVISOR: f64 = 5.0;

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let shape = [d.size(1, 3), d.size(1, 20), d.size(1, 9)];
            let targets = (0..shape[0] * shape[1]).map(|_| if d.one_in(4) { IGNORE } else { 0 }).collect();
            Self { shape, targets, bonus: if d.one_in(3) { 0.0 } else { 0.1 } }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let targets = tape.tokens(&self.targets, self.shape[1]);
            tape.exits(inputs[0], targets, self.bonus, DIVISOR)
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            naive(&inputs[0], self.shape[2])
        }
        fn naive_loss(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> f64 {
            let p = naive(&inputs[0], self.shape[2]);
            let counted = p.chunks(self.shape[2]).zip(&self.targets).filter(|(_, t)| **t != IGNORE);
            counted.flat_map(|(p, _)| p).map(|p| self.bonus / DIVISOR * p * libm::log(*p)).sum()
        }
    }

    #[test]
    fn gates_far_open_or_shut_leave_numbers() {
        let mut params = crate::Params::<f32>::new(0);
        params.add("none", &[1], crate::Init::Constant(0.0), 0);
        let (mut buffers, mut gradient) = (Buffers::poisoned(), vec![0.0; 1]);
        let mut tape = Tape::new(&mut buffers, &params, Some(&mut gradient));
        let gates = tape.leaf(&[200.0, -200.0, 0.0, -200.0, -200.0, 0.0], [1, 2, 3]);
        let targets = tape.tokens(&[0, 0], 2);
        let p = tape.exits(gates, targets, 0.1, 2.0);
        assert_eq!(tape.value(p), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert!(tape.loss().is_finite());
        tape.backward();
        assert!(tape.gradient(gates).unwrap().iter().all(|g| g.is_finite()));
    }
}
