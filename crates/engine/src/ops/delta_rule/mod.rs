//! The gated delta rule: a linear attention that corrects what its state says of a key before it writes (DeltaNet, Yang et
//! al. 2024, arXiv 2406.06484), and forgets by one decay a head (Gated DeltaNet, arXiv 2412.06464) or by one for every
//! channel of the keys (Kimi Delta Attention, arXiv 2510.26692). Of a value head with state S of K x V, alpha_t = e^(g_t):
//!
//! S <- diag(alpha_t) S, S <- S + beta_t k_t (v_t - S^T k_t)^T, o_t = scale S^T q_t
//!
//! q and k are `[sequences, length, heads x K]`, v and o `[.., value_heads x V]`, beta `[.., value_heads]` and g, the
//! logarithm of the decay, `[.., value_heads x K]` or `[.., value_heads]`; value head h reads query and key head
//! h / (value_heads / heads).
//!
//! It is computed in chunks of C tokens, each in matrix products (arXiv 2406.06484, section 3; arXiv 2510.26692, section 3).
//! With d_ts = alpha_(s+1) .. alpha_t, taken by channel, S the state before the chunk, w_t = beta_t x_t and
//! M_ts = scale q_t . (d_ts k_s) for s <= t, L_ts = k_t . (d_ts k_s) for s < t:
//!
//! x_t = v_t - S^T (d_t0 k_t) - sum_s L_ts w_s, o_t = scale S^T (d_t0 q_t) + sum_s M_ts w_s,
//! S' = diag(d_C0) S + sum_s (d_Cs k_s) w_s^T
//!
//! d_ts is only ever made for s <= t, as a product of decays: it is at most 1 however strong they are, where the quotient
//! d_t0 / d_s0 would divide by zero. Kept for the way back are x, M and L of every token and the state before every chunk.
//! There, with y_t = -dx_t:
//!
//! dw_s = dS'^T (d_Cs k_s) + sum_t M_ts do_t + sum_t L_ts y_t, dv_t = -y_t = beta_t dw_t, dbeta_t = x_t . dw_t,
//! dM_ts = do_t . w_s, dL_ts = y_t . w_s, dS = diag(d_C0) dS' + scale sum_t (d_t0 q_t) do_t^T + sum_t (d_t0 k_t) y_t^T
//!
//! and dq, dk follow from the products they stand in. Every product d_ts a_t b_s moves the logarithms of alpha_(s+1) ..
//! alpha_t alike, so dg_r is the sum over t >= r of what q_t and k_t bring as they read less what k_t brings as it writes.

mod back;
mod chunk;
mod layout;
mod tiles;

#[cfg(test)]
pub(super) mod tests;

use super::Op;
use super::attention::place;
use crate::buffers::{Gradients, Values};
use crate::simd::sum;
use crate::{Columns, Real, Slot, Tape, naive};
use layout::{CHUNK, Rows, Size, Tokens, add_rows};

/// What a delta rule is made of; the shapes are those of the module.
#[derive(Clone, Copy, Debug)]
pub struct DeltaRule {
    /// Queries `[sequences, length, heads x K]`.
    pub q: Columns,
    /// Keys, of the shape of the queries; of length 1 at most, or the state grows.
    pub k: Columns,
    /// Values `[sequences, length, value_heads x V]`.
    pub v: Columns,
    /// The logarithm of the decay, at most 0: `[sequences, length, value_heads x K]`, or of width `value_heads`.
    pub decay: Columns,
    /// How much of a correction is made, 0 to 1: `[sequences, length, value_heads]`.
    pub beta: Columns,
    /// Heads of queries and keys.
    pub heads: usize,
    /// Heads of values, decays and beta: a multiple of `heads`.
    pub value_heads: usize,
    /// What outputs are multiplied by, usually K^(-1/2).
    pub scale: f64,
    /// The state before the first token, `[sequences, value_heads x K, V]`; zero if there is none.
    pub initial: Option<Slot>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    rule: DeltaRule,
    /// x of every chunk, its M and L, and the state before it; without a gradient, room for one chunk
    errors: Slot,
    pairs: Slot,
    states: Slot,
    last: Slot,
    o: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// The outputs of the gated delta rule, `[sequences, length, value_heads x V]`, and the state behind the last token,
    /// `[sequences, value_heads x K, V]`: what a next call begins with, token by token or after a cut.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn delta_rule(&mut self, rule: DeltaRule) -> (Slot, Slot) {
        let DeltaRule { q, k, v, decay, beta, heads, value_heads, .. } = rule;
        assert!(
            heads > 0 && value_heads.is_multiple_of(heads),
            "{value_heads} value heads cannot share {heads} equally"
        );
        assert!(k.width.is_multiple_of(heads) && v.width.is_multiple_of(value_heads), "whole heads");
        let size = rule.size();
        assert!(size.k > 0 && size.v > 0, "heads of some width");
        assert_eq!(q.width, k.width, "queries and keys of one width");
        assert_eq!(beta.width, value_heads, "one beta per value head");
        assert!(
            decay.width == value_heads || decay.width == value_heads * size.k,
            "one decay per value head, or one for each of its channels"
        );
        let [sequences, length, _] = q.shape();
        let same = |c: Columns| c.shape()[..2] == [sequences, length];
        assert!([k, v, decay, beta].into_iter().all(same), "queries, keys and all else of the same tokens");
        let state = [sequences, value_heads * size.k, size.v];
        assert!(rule.initial.is_none_or(|s| s.shape() == state), "an initial state of {state:?}");
        let last = self.output(state[0], state[1], state[2]);
        let o = self.output(sequences, length, v.width);
        let chunks = if self.gradient.is_some() { sequences * value_heads * length.div_ceil(CHUNK) } else { 1 };
        let errors = self.kept(chunks, size.errors());
        let pairs = self.kept(chunks, size.pairs());
        let states = self.kept(chunks, size.state());
        self.run(Node { rule, errors, pairs, states, last, o });
        (o, last)
    }
}

/// Multiply-adds of one sequence as they are done here, forward and back: chunks and rows are filled up.
pub fn multiply_adds(length: usize, value_heads: usize, [dk, dv]: [usize; 2]) -> [f64; 2] {
    let chunks = (value_heads * length.div_ceil(CHUNK)) as f64;
    Size::new(dk, dv).multiply_adds().map(|one| chunks * one as f64)
}

impl DeltaRule {
    fn size(self) -> Size {
        Size::new(self.k.width / self.heads, self.v.width / self.value_heads)
    }

    /// The tokens of a value head from `from` on, as many as a chunk has.
    fn tokens<R: Real>(self, values: &Values<R>, [sequence, head, from]: [usize; 3]) -> Tokens<'_, R> {
        let (size, shared) = (self.size(), head / (self.value_heads / self.heads));
        let rows = |of: Columns, head: usize, width: usize| Rows {
            data: &values.get(of.slot)[place(of, sequence, from, head, width)..],
            stride: of.slot.width(),
            width,
        };
        Tokens {
            q: rows(self.q, shared, size.k),
            k: rows(self.k, shared, size.k),
            v: rows(self.v, head, size.v),
            decay: rows(self.decay, head, self.decay.width / self.value_heads),
            beta: rows(self.beta, head, 1),
            scale: R::of(self.scale),
            count: CHUNK.min(self.q.slot.length() - from),
        }
    }
}

impl Node {
    /// Where the state of a head begins in a slot of states.
    fn state_of(self, sequence: usize, head: usize) -> std::ops::Range<usize> {
        let Size { k, v, .. } = self.rule.size();
        let at = (sequence * self.rule.value_heads + head) * k * v;
        at..at + k * v
    }

    /// The number of the first chunk of a head.
    fn first_chunk(self, sequence: usize, head: usize) -> usize {
        (sequence * self.rule.value_heads + head) * self.o.length().div_ceil(CHUNK)
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let (rule, size, keep) = (self.rule, self.rule.size(), tape.gradient.is_some());
        let [sequences, length, width] = self.o.shape();
        let (values, gradients) = (&mut tape.buffers.values, &mut tape.buffers.gradients);
        let (mut work, mut state) = (gradients.scratch(chunk::room(size)), gradients.scratch(size.state()));
        let (mut o, mut last) = (values.take(self.o), values.take(self.last));
        let (mut errors, mut pairs) = (values.take(self.errors), values.take(self.pairs));
        let mut states = values.take(self.states);
        for (sequence, head) in (0..sequences).flat_map(|s| (0..rule.value_heads).map(move |h| (s, h))) {
            let of = self.state_of(sequence, head);
            size.pad(rule.initial.map(|s| &values.get(s)[of.clone()]), &mut state);
            for (i, from) in (0..length).step_by(CHUNK).enumerate() {
                let chunk = if keep { self.first_chunk(sequence, head) + i } else { 0 };
                let x = &mut errors[chunk * size.errors()..][..size.errors()];
                let pairs = &mut pairs[chunk * size.pairs()..][..size.pairs()];
                if keep {
                    states[chunk * size.state()..][..size.state()].copy_from_slice(&state);
                }
                let o = &mut o[place(self.o.into(), sequence, from, head, size.v)..];
                let tokens = rule.tokens(values, [sequence, head, from]);
                chunk::forward(size, tokens, &mut work, &mut state, x, pairs, o, width);
            }
            size.unpad(&state, &mut last[of]);
        }
        let taken = [(self.o, o), (self.last, last), (self.errors, errors), (self.pairs, pairs), (self.states, states)];
        taken.into_iter().for_each(|(slot, buffer)| values.put(slot, buffer));
        [work, state].into_iter().for_each(|b| gradients.give(b));
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let (rule, size) = (self.rule, self.rule.size());
        let [sequences, length, width] = self.o.shape();
        let (values, gradients) = (&tape.buffers.values, &mut tape.buffers.gradients);
        let (dout, dlast) = (gradients.take(self.o), gradients.take(self.last));
        if dout.is_none() && dlast.is_none() {
            return;
        }
        let dout = dout.unwrap_or_else(|| {
            let mut none = gradients.scratch(self.o.len());
            none.fill(R::ZERO);
            none
        });
        let (mut work, mut dstate) = (gradients.scratch(back::room(size)), gradients.scratch(size.state()));
        for (sequence, head) in (0..sequences).flat_map(|s| (0..rule.value_heads).map(move |h| (s, h))) {
            let of = self.state_of(sequence, head);
            size.pad(dlast.as_ref().map(|d| &d[of.clone()]), &mut dstate);
            for (i, from) in (0..length).step_by(CHUNK).enumerate().rev() {
                let chunk = self.first_chunk(sequence, head) + i;
                let x = &values.get(self.errors)[chunk * size.errors()..][..size.errors()];
                let pairs = &values.get(self.pairs)[chunk * size.pairs()..][..size.pairs()];
                let state = &values.get(self.states)[chunk * size.state()..][..size.state()];
                let at = place(self.o.into(), sequence, from, head, size.v);
                let dout = Rows { data: &dout[at..], stride: width, width: size.v };
                let tokens = rule.tokens(values, [sequence, head, from]);
                back::backward(size, tokens, &mut work, state, &mut dstate, x, pairs, dout);
                rule.hand_on(gradients, [sequence, head, from], &mut work);
            }
            if let Some(sum) = rule.initial.and_then(|s| gradients.open_zeroed(s)) {
                size.add_unpadded(&dstate, &mut sum[of]);
            }
        }
        [work, dstate, dout].into_iter().chain(dlast).for_each(|b| gradients.give(b));
    }
}

impl DeltaRule {
    /// Adds the gradients of a chunk to those of what it was made from.
    fn hand_on<R: Real>(self, gradients: &mut Gradients<R>, [sequence, head, from]: [usize; 3], work: &mut [R]) {
        let (size, shared) = (self.size(), head / (self.value_heads / self.heads));
        let count = CHUNK.min(self.q.slot.length() - from);
        let (of, _) = back::Gradients::of(size, work);
        let each = if self.decay.width == self.value_heads { 1 } else { size.k };
        if each == 1 {
            for t in 0..CHUNK {
                of.decay[t] = sum(&of.decay[t * size.wide_k..(t + 1) * size.wide_k]);
            }
        }
        let mut give = |to: Columns, head: usize, width: usize, scale: R, rows: &[R], wide: usize| {
            if let Some(sum) = gradients.open_zeroed(to.slot) {
                let sum = &mut sum[place(to, sequence, from, head, width)..];
                add_rows(rows, wide, width, scale, count, sum, to.slot.width());
            }
        };
        give(self.q, shared, size.k, R::of(self.scale), of.q, size.wide_k);
        give(self.k, shared, size.k, R::ONE, of.k, size.wide_k);
        give(self.v, head, size.v, -R::ONE, of.minus_v, size.wide_v);
        give(self.decay, head, each, R::ONE, of.decay, if each == 1 { 1 } else { size.wide_k });
        give(self.beta, head, 1, R::ONE, of.beta, 1);
    }
}

/// The naive reference, token by token: outputs and last states. q and k are `[sequences, length, heads x K]`, v
/// `[.., value_heads x V]`, the decay of width `value_heads x K` or `value_heads`, the initial state
/// `[sequences, value_heads, K, V]` or empty.
pub fn naive(
    [q, k, v, decay, beta, initial]: [&[f64]; 6],
    length: usize,
    [heads, value_heads]: [usize; 2],
    [dk, dv]: [usize; 2],
    scale: f64,
) -> [Vec<f64>; 2] {
    let rows = q.len() / (heads * dk);
    let (mut o, mut last) = (vec![0.0; rows * value_heads * dv], Vec::new());
    let each = decay.len() / (rows * value_heads);
    for (sequence, h) in (0..rows / length).flat_map(|s| (0..value_heads).map(move |h| (s, h))) {
        let at = (sequence * value_heads + h) * dk * dv;
        let mut state = if initial.is_empty() { vec![0.0; dk * dv] } else { initial[at..at + dk * dv].to_vec() };
        for row in sequence * length..(sequence + 1) * length {
            let shared = (row * heads + h / (value_heads / heads)) * dk;
            let (q, k, own) = (&q[shared..shared + dk], &k[shared..shared + dk], row * value_heads + h);
            for i in 0..dk {
                let g = decay[own * each + i % each];
                state[i * dv..(i + 1) * dv].iter_mut().for_each(|s| *s *= libm::exp(g));
            }
            for j in 0..dv {
                let error = v[own * dv + j] - naive::dot(dk, |i| (state[i * dv + j], k[i]));
                for i in 0..dk {
                    state[i * dv + j] += naive::dot(1, |_| (beta[own] * k[i], error));
                }
                o[own * dv + j] = scale * naive::dot(dk, |i| (state[i * dv + j], q[i]));
            }
        }
        last.extend(state);
    }
    [o, last]
}
