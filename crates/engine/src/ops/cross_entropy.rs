//! Softmax cross-entropy, fused with the head that makes the logits.
//!
//! x is `[rows, in]`, the head W `[vocabulary, in]`, targets `[rows]`. With logits z = scale x W^T + b and
//! l_i = ln sum_j e^(z_ij), the loss of a token in nats is c_i = l_i - z_i,target; a target [`IGNORE`] has none.
//!
//! * [`Tape::cross_entropy`] adds sum_i (c_i + zeta l_i^2) / divisor to the loss; zeta is the coefficient of the z-loss
//!   (Chowdhery et al. 2022, arXiv 2204.02311, section 5). The divisor is that of the whole batch, so it is known before
//!   the first chunk's backward, and the gradient is made at once:
//!   dz_ij = (softmax(z_i)_j (1 + 2 zeta l_i) - [j is the target]) / divisor.
//! * [`Tape::weighed_cross_entropy`] adds sum_i w_i c_i / divisor to the loss, where the weights w are values with a gradient:
//!   dw_i = c_i / divisor, and dz_ij = w_i (softmax(z_i)_j - [j is the target]) / divisor, made at once likewise.
//! * [`Tape::token_losses`] gives the c_i as values, for losses that weigh tokens by what is learnt; logits are then made
//!   a second time on the way back.
//!
//! Logits are made for a block of rows at a time and never lie in memory for all.

use super::Op;
use super::linear::{Linear, add_columns, start};
use crate::buffers::Buffers;
use crate::simd::{greatest, kernel, put, sum};
use crate::tape::{Columns, IGNORE};
use crate::{Matrix, Real, Slot, Tape, Tokens, naive, product};

/// Logits of a block: as many rows as fit into half a megabyte of f32, at least 16.
const BLOCK: usize = 128 * 1024;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    head: Linear,
    targets: Tokens,
    asked: Asked,
    losses: Slot,
}

/// What is to be made of the losses of the tokens.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// Their mean, with the z-loss of this coefficient, into the loss.
    Mean { z_loss: f64, divisor: f64 },
    /// Their weighed sum over a divisor, into the loss.
    Weighed { weights: Columns, divisor: f64 },
    /// Themselves, as values with a gradient.
    Losses,
}

impl<R: Real> Tape<'_, R> {
    /// Adds the mean loss over all targets of the batch to the loss. `divisor` is the number of targets in the whole
    /// batch that are not [`IGNORE`]; a batch without any (divisor 0) has loss 0 and no gradient. Gives the losses of the
    /// tokens in nats, without the z-loss, to be read.
    ///
    /// # Panics
    /// If the shapes do not fit, a target is not in the vocabulary, or targets are divided by 0.
    pub fn cross_entropy(
        &mut self,
        x: Slot,
        head: impl Into<Linear>,
        targets: Tokens,
        z_loss: f64,
        divisor: f64,
    ) -> Slot {
        self.entropy(x, head.into(), targets, Asked::Mean { z_loss, divisor })
    }

    /// Adds the weighed sum of the losses of the tokens, over `divisor`, to the loss. The weights are one column, and have a
    /// gradient. Gives the losses of the tokens in nats, to be read.
    ///
    /// # Panics
    /// If the shapes do not fit, a target is not in the vocabulary, or targets are divided by 0.
    pub fn weighed_cross_entropy(
        &mut self,
        x: Slot,
        head: impl Into<Linear>,
        targets: Tokens,
        weights: impl Into<Columns>,
        divisor: f64,
    ) -> Slot {
        let weights = weights.into();
        assert_eq!(weights.shape(), [x.sequences(), x.length(), 1], "a weight for every token");
        self.entropy(x, head.into(), targets, Asked::Weighed { weights, divisor })
    }

    /// The losses of the tokens in nats, `[.., 1]`, as a value with a gradient; 0 where the target is [`IGNORE`].
    ///
    /// # Panics
    /// If the shapes do not fit or a target is not in the vocabulary.
    pub fn token_losses(&mut self, x: Slot, head: impl Into<Linear>, targets: Tokens) -> Slot {
        self.entropy(x, head.into(), targets, Asked::Losses)
    }

    fn entropy(&mut self, x: Slot, head: Linear, targets: Tokens, asked: Asked) -> Slot {
        assert_eq!(x.width(), head.weight.columns(), "a head of {} inputs", head.weight.columns());
        assert_eq!((x.sequences(), x.length()), (targets.sequences, targets.length), "a target for every token");
        let known = self.buffers.tokens[targets.index].iter().filter(|&&t| t != IGNORE);
        let most = known.clone().max().map_or(0, |&t| t as usize);
        assert!(most < head.weight.rows(), "target {most} in a vocabulary of {}", head.weight.rows());
        let divides = match asked {
            Asked::Mean { divisor, .. } | Asked::Weighed { divisor, .. } => divisor > 0.0 || known.count() == 0,
            Asked::Losses => true,
        };
        assert!(divides, "targets, and {asked:?}");
        let losses = self.output(x.sequences(), x.length(), 1);
        self.run(Node { x, head, targets, asked, losses });
        losses
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let mut losses = tape.buffers.values.take(self.losses);
        match self.asked {
            Asked::Losses => {
                self.walk(tape, &mut losses, 0.0, None);
            }
            Asked::Weighed { weights, divisor } => {
                let mut shares = tape.buffers.gradients.scratch(losses.len());
                let given = weights.rows(tape.buffers.values.get(weights.slot));
                for (share, weight) in shares.iter_mut().zip(given) {
                    *share = weight[0] * share_of(divisor);
                }
                let weighed = tape.gradient.is_some().then_some(&shares[..]);
                self.walk(tape, &mut losses, 0.0, weighed);
                tape.loss += losses.iter().zip(&*shares).map(|(l, w)| l.to_f64() * w.to_f64()).sum::<f64>();
                tape.buffers.gradients.give(shares);
            }
            Asked::Mean { z_loss, divisor } => {
                let share = share_of::<f64>(divisor);
                let mut weights = tape.buffers.gradients.scratch(losses.len());
                weights.fill(R::of(share));
                let weighed = tape.gradient.is_some().then_some(&weights[..]);
                let squares = self.walk(tape, &mut losses, z_loss, weighed);
                let sum = losses.iter().map(|l| l.to_f64()).sum::<f64>();
                if divisor > 0.0 {
                    tape.loss += (sum + z_loss * squares) / divisor;
                }
                tape.buffers.gradients.give(weights);
            }
        }
        tape.buffers.values.put(self.losses, losses);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        if let Asked::Weighed { weights, divisor } = self.asked {
            let Buffers { values, gradients, .. } = &mut *tape.buffers;
            if let Some((dw, add)) = gradients.open_columns(weights) {
                for (dw, loss) in weights.rows_mut(dw).zip(values.get(self.losses)) {
                    put(&mut dw[0], *loss * share_of(divisor), add);
                }
            }
        }
        let Some(weights) = tape.buffers.gradients.take(self.losses) else { return };
        if let Asked::Losses = self.asked {
            let mut losses = tape.buffers.gradients.scratch(weights.len());
            self.walk(tape, &mut losses, 0.0, Some(&weights));
            tape.buffers.gradients.give(losses);
        }
        tape.buffers.gradients.give(weights);
    }
}

/// 1 / divisor; without targets nothing is divided.
fn share_of<R: Real>(divisor: f64) -> R {
    R::of(if divisor > 0.0 { 1.0 / divisor } else { 0.0 })
}

impl Node {
    /// Losses of all rows and, if they are weighed, the gradients of x and the head. Returns the sum of l^2.
    fn walk<R: Real>(self, tape: &mut Tape<R>, losses: &mut [R], z_loss: f64, weights: Option<&[R]>) -> f64 {
        let Self { x: slot, head, .. } = self;
        let (vocabulary, inner, scale) = (head.weight.rows(), slot.width(), R::of(head.scale));
        let matrix = Matrix::new(tape.weight(head.weight), vocabulary, inner);
        let bias = head.bias.map(|b| tape.weight(b));
        let Buffers { values, gradients, tokens, .. } = &mut *tape.buffers;
        let (x, targets) = (values.get(slot), &tokens[self.targets.index]);
        let block = (BLOCK / vocabulary).clamp(16, 512).min(slot.rows());
        let mut logits = gradients.scratch(block * vocabulary);
        let mut squares = 0.0;
        let mut dx = if weights.is_some() { gradients.open(slot) } else { None };
        for from in (0..slot.rows()).step_by(block) {
            let rows = block.min(slot.rows() - from);
            let logits = &mut logits[..rows * vocabulary];
            let x = Matrix::new(&x[from * inner..][..rows * inner], rows, inner);
            start(logits, None, bias);
            product(scale, x, matrix.t(), logits, vocabulary, bias.is_some());
            let part = from..from + rows;
            let weights = weights.map(|w| &w[part.clone()]);
            let losses = &mut losses[part.clone()];
            squares += rows_of(logits, vocabulary, &targets[part], losses, R::of(z_loss), weights);
            if weights.is_none() {
                continue;
            }
            let slopes = Matrix::new(logits, rows, vocabulary);
            if let Some(gradient) = tape.gradient.as_deref_mut() {
                product(scale, slopes.t(), x, &mut gradient[head.weight.range()], inner, true);
                if let Some(bias) = head.bias {
                    add_columns(&mut gradient[bias.range()], logits);
                }
            }
            if let Some((dx, add)) = &mut dx {
                product(scale, slopes, matrix, &mut dx[from * inner..], inner, *add);
            }
        }
        gradients.give(logits);
        squares
    }
}

kernel! {
    /// Logits to losses and, if weighed, to their gradients. Returns the sum of the squared logarithms of the sums.
    fn rows_of<'a, R>(
        logits: &'a mut [R],
        vocabulary: usize,
        targets: &'a [u32],
        losses: &'a mut [R],
        z_loss: R,
        weights: Option<&'a [R]>,
    ) -> f64 {
        let mut squares = 0.0;
        for (i, (z, &target)) in logits.chunks_exact_mut(vocabulary).zip(targets).enumerate() {
            if target == IGNORE {
                losses[i] = R::ZERO;
                z.fill(R::ZERO);
                continue;
            }
            let most = greatest(z, z[0]);
            let wanted = z[target as usize];
            for z in z.iter_mut() {
                *z = (*z - most).exp();
            }
            let all = sum(z);
            let log = all.ln();
            losses[i] = log + (most - wanted);
            let log_sum = log + most;
            squares += log_sum.to_f64() * log_sum.to_f64();
            if let Some(weights) = weights {
                let factor = weights[i] * (z_loss + z_loss).mul_add(log_sum, R::ONE) / all;
                for z in z.iter_mut() {
                    *z *= factor;
                }
                z[target as usize] -= weights[i];
            }
        }
        squares
    }
}

/// The naive reference of losses and l of all tokens: x `[rows, in]`, w `[vocabulary, in]`, b `[vocabulary]`.
pub fn naive(
    x: &[f64],
    w: &[f64],
    b: Option<&[f64]>,
    targets: &[u32],
    inner: usize,
    scale: f64,
) -> (Vec<f64>, Vec<f64>) {
    let (mut losses, mut log_sums) = (Vec::new(), Vec::new());
    for (i, &target) in targets.iter().enumerate() {
        let z: Vec<f64> = (0..w.len() / inner)
            .map(|j| scale * naive::dot(inner, |k| (x[i * inner + k], w[j * inner + k])) + b.map_or(0.0, |b| b[j]))
            .collect();
        let most = z.iter().fold(f64::MIN, |m, &z| m.max(z));
        let log_sum = most + libm::log(z.iter().map(|z| libm::exp(z - most)).sum());
        let seen = target != IGNORE;
        losses.push(if seen { log_sum - z[target as usize] } else { 0.0 });
        log_sums.push(if seen { log_sum } else { 0.0 });
    }
    (losses, log_sums)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        inner: usize,
        vocabulary: usize,
        targets: Vec<u32>,
        bias: bool,
        scale: f64,
        way: Way,
    }

    /// What is asked for: the losses, their mean with a z-loss, or their sum weighed by the second of so many columns.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Way {
        Losses,
        Mean(f64),
        Weighed(usize),
    }

    const DIVISOR: f64 = 7.0;

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            // Many rows, or a large vocabulary, make several blocks.
            let many = d.one_in(100);
            let shape = if many { [2, 290] } else { [d.size(1, 3), d.size(1, 20)] };
            let vocabulary = if d.one_in(200) { 9000 } else { d.size(1, 40) };
            let target = |d: &mut Draw| if d.one_in(4) { IGNORE } else { d.below(vocabulary) as u32 };
            let targets = (0..shape[0] * shape[1]).map(|_| target(d)).collect();
            let scale = if d.one_in(2) { 1.0 } else { 0.6 };
            let way = match d.below(4) {
                0 => Way::Losses,
                1 => Way::Mean(0.0),
                2 => Way::Mean(0.01),
                _ => Way::Weighed(d.size(2, 4)),
            };
            Self { shape, inner: d.size(1, 12), vocabulary, targets, bias: d.one_in(2), scale, way }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let [sequences, length] = self.shape;
            let mut shapes = vec![[sequences, length, self.inner]];
            if let Way::Weighed(columns) = self.way {
                shapes.push([sequences, length, columns]);
            }
            shapes
        }
        fn params(&self) -> Vec<Vec<usize>> {
            let mut shapes = vec![vec![self.vocabulary, self.inner]];
            shapes.extend(self.bias.then_some(vec![self.vocabulary]));
            shapes
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            let head = Linear { weight: params[0], bias: params.get(1).copied(), scale: self.scale };
            let targets = tape.tokens(&self.targets, self.shape[1]);
            match self.way {
                Way::Losses => return tape.token_losses(inputs[0], head, targets),
                Way::Mean(z_loss) => tape.cross_entropy(inputs[0], head, targets, z_loss, DIVISOR),
                Way::Weighed(_) => {
                    tape.weighed_cross_entropy(inputs[0], head, targets, inputs[1].columns(1, 1), DIVISOR)
                }
            };
            inputs[0]
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            if self.way != Way::Losses {
                return inputs[0].clone();
            }
            let bias = params.get(1).map(|b| &b[..]);
            naive(&inputs[0], &params[0], bias, &self.targets, self.inner, self.scale).0
        }
        fn naive_loss(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> f64 {
            let bias = params.get(1).map(|b| &b[..]);
            let (losses, logs) = naive(&inputs[0], &params[0], bias, &self.targets, self.inner, self.scale);
            match self.way {
                Way::Losses => 0.0,
                Way::Mean(z_loss) => losses.iter().zip(&logs).map(|(c, l)| (c + z_loss * l * l) / DIVISOR).sum(),
                Way::Weighed(columns) => {
                    let weights = inputs[1].chunks(columns).map(|row| row[1]);
                    losses.iter().zip(weights).map(|(c, w)| w * c / DIVISOR).sum()
                }
            }
        }
    }
}
