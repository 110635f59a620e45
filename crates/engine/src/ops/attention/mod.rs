//! Attention (Vaswani et al. 2017, arXiv 1706.03762, eq. 1) with grouped queries (Ainslie et al. 2023, arXiv 2305.13245): for
//! query head h, which reads key and value head g = h / (heads / kv_heads),
//!
//! s_ij = scale q_i . k_j for j in S_i, p_i = softmax(s_i), y_i = sum_j p_ij v_j
//!
//! S_i are the tokens up to i, or a span of its own for every token: up to i for text and up to the end of a picture for its
//! patches, both from the beginning of their document on. With a memory they are the tokens up to i and, in the same softmax, a span
//! of keys and values from elsewhere (Yang et al. 2024, Memory3, arXiv 2407.01178, eq. 4).
//!
//! q is `[sequences, length, heads x dk]`, k `[.., kv_heads x dk]`, v `[.., kv_heads x dv]`, y `[.., heads x dv]`; q, k and
//! v may be columns of one projection. There may be more keys than queries: the queries are then those of the last tokens.
//! Probabilities are not kept: forward keeps l_i = ln sum_j e^(s_ij) of every row, from which backward makes
//! p_ij = e^(s_ij - l_i) anew (Dao et al. 2022, arXiv 2205.14135). With D_i = dy_i . y_i:
//!
//! dv_j = sum_i p_ij dy_i, ds_ij = p_ij (dy_i . v_j - D_i), dq_i = scale sum_j ds_ij k_j, dk_j = scale sum_i ds_ij q_i
//!
//! Queries are taken in blocks, each with all keys up to its last query, so scratch memory is linear in the length.

mod back;
mod forward;
mod kernels;
mod layout;

use std::ops::Range;

use super::Op;
use crate::tape::Columns;
use crate::{Real, Slot, Tape, Tokens, naive};
pub(super) use kernels::{Part, exponentials, transpose};
pub(super) use layout::place;

/// Queries of a block: few, and little is computed above the diagonal; many, and the products are larger.
fn block(length: usize) -> usize {
    if length <= 256 { 64 } else { MOST }
}

/// Queries of the largest block.
const MOST: usize = 128;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    q: Columns,
    own: Source,
    memory: Option<Source>,
    heads: usize,
    kv_heads: usize,
    scale: f64,
    /// l, per head and row
    log_sums: Slot,
    y: Slot,
}

/// Keys and values that queries read.
#[derive(Clone, Copy, Debug)]
struct Source {
    k: Columns,
    v: Columns,
    /// of each token: the first that it reads, and the one behind the last; else all up to itself
    spans: Option<Tokens>,
}

/// Keys and values from elsewhere, which tokens read beside those before them.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// `[sequences, rows, kv_heads x dk]`
    pub keys: Slot,
    /// `[sequences, rows, kv_heads x dv]`
    pub values: Slot,
    /// Of each token the first row of its sequence that it reads, and the one behind the last; none where they are equal.
    pub spans: Tokens,
}

impl<R: Real> Tape<'_, R> {
    /// Causal softmax attention of `heads` query heads over `kv_heads` key and value heads; scores are multiplied by
    /// `scale`, which is positive and usually dk^(-1/2). The queries are those of the last tokens of the keys.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn attention(
        &mut self,
        q: impl Into<Columns>,
        k: impl Into<Columns>,
        v: impl Into<Columns>,
        heads: [usize; 2],
        scale: f64,
    ) -> Slot {
        self.attend(q.into(), Source { k: k.into(), v: v.into(), spans: None }, None, heads, scale)
    }

    /// The same where tokens also read rows of a memory, in one softmax. A token that reads none of it comes out bit for bit as
    /// without, if none of its block does.
    ///
    /// # Panics
    /// If the shapes do not fit, or a span reaches beyond the memory.
    pub fn attention_with_memory(
        &mut self,
        q: impl Into<Columns>,
        k: impl Into<Columns>,
        v: impl Into<Columns>,
        heads: [usize; 2],
        scale: f64,
        memory: Memory,
    ) -> Slot {
        let (q, k, v) = (q.into(), k.into(), v.into());
        let Memory { keys, values, spans } = memory;
        let rows = keys.length();
        let same = [keys, values].map(Slot::sequences) == [q.slot.sequences(); 2] && values.length() == rows;
        assert!(same && [keys, values].map(Slot::width) == [k.width, v.width], "a memory like keys and values");
        let (all, _) = self.buffers.tokens[spans.index].as_chunks::<2>();
        assert!(all.len() == q.slot.rows(), "a span of the memory for every token");
        assert!(all.iter().all(|[from, to]| from <= to && *to as usize <= rows), "spans inside of the memory");
        let memory = Source { k: keys.into(), v: values.into(), spans: Some(spans) };
        self.attend(q, Source { k, v, spans: None }, Some(memory), heads, scale)
    }

    /// The same where every token has a span of tokens that it reads: the first one and the one behind the last, counted from
    /// the beginning of its sequence, token after token. Queries and keys are of the same tokens.
    ///
    /// # Panics
    /// If the shapes do not fit, or a span is empty or reaches beyond its sequence.
    pub fn attention_within(
        &mut self,
        q: impl Into<Columns>,
        k: impl Into<Columns>,
        v: impl Into<Columns>,
        heads: [usize; 2],
        scale: f64,
        spans: Tokens,
    ) -> Slot {
        let (q, k) = (q.into(), k.into());
        let length = q.slot.length();
        assert_eq!(length, k.slot.length(), "queries and keys of the same tokens");
        let (all, _) = self.buffers.tokens[spans.index].as_chunks::<2>();
        assert!(all.len() == q.slot.rows() && spans.length == 2 * length, "a span for every token");
        assert!(all.iter().all(|[from, to]| from < to && *to as usize <= length), "spans inside of their sequence");
        self.attend(q, Source { k, v: v.into(), spans: Some(spans) }, None, heads, scale)
    }

    fn attend(&mut self, q: Columns, own: Source, memory: Option<Source>, heads: [usize; 2], scale: f64) -> Slot {
        let ([heads, kv_heads], Source { k, v, .. }) = (heads, own);
        assert!(heads.is_multiple_of(kv_heads), "{heads} query heads cannot share {kv_heads} key heads equally");
        assert!(v.width.is_multiple_of(kv_heads) && k.width.is_multiple_of(kv_heads), "whole heads");
        assert_eq!(q.width, heads * (k.width / kv_heads), "queries and keys of one width");
        let shape = |c: Columns| (c.slot.sequences(), c.slot.length());
        let (sequences, length) = shape(q);
        assert!(shape(k) == shape(v) && shape(k).0 == sequences, "keys and values of the same tokens");
        assert!(shape(k).1 >= length, "queries of tokens that have keys");
        let y = self.output(sequences, length, heads * (v.width / kv_heads));
        let log_sums = self.kept(sequences * heads, length);
        self.run(Node { q, own, memory, heads, kv_heads, scale, log_sums, y });
        y
    }
}

/// Multiply-adds of one sequence as they are done here, forward and back: a block of queries meets all keys up to its last
/// query, and the way back makes the scores anew.
pub fn multiply_adds(length: usize, heads: usize, [dk, dv]: [usize; 2]) -> [f64; 2] {
    let block = block(length).min(length);
    let rows = |from: usize| block.min(length - from);
    let scores: usize = (0..length).step_by(block).map(|from| rows(from) * (from + rows(from))).sum();
    multiply_adds_of(scores as f64, heads, [dk, dv])
}

/// Multiply-adds forward and back for so many scores, masked ones among them.
pub fn multiply_adds_of(scores: f64, heads: usize, [dk, dv]: [usize; 2]) -> [f64; 2] {
    [dk + dv, 3 * dk + 2 * dv].map(|width| scores * (heads * width) as f64)
}

/// Scores of a head that are made for one sequence whose tokens read these spans, of itself or of a memory: a block of queries
/// meets all keys between the first and the last that one of them reads.
pub fn scores_within(spans: &[[u32; 2]]) -> usize {
    let block = block(spans.len());
    spans.chunks(block).map(|spans| spans.len() * hull(spans).len()).sum()
}

/// From the first to the last of some spans, those that are empty aside.
fn hull(spans: &[[u32; 2]]) -> Range<usize> {
    let spans = spans.iter().filter(|[from, to]| from < to);
    let (from, to) = spans.fold((u32::MAX, 0), |(from, to), span| (from.min(span[0]), to.max(span[1])));
    from.min(to) as usize..to as usize
}

impl Node {
    fn dk(self) -> usize {
        self.own.k.width / self.kv_heads
    }

    fn dv(self) -> usize {
        self.own.v.width / self.kv_heads
    }

    /// Query heads to a key and value head.
    fn group(self) -> usize {
        self.heads / self.kv_heads
    }

    fn log_sums_of(self, sequence: usize, head: usize) -> Range<usize> {
        let at = (sequence * self.heads + head) * self.y.length();
        at..at + self.y.length()
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        self.walk(tape);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        self.walk_back(tape);
    }
}

/// What the naive reference reads: keys and values `[sequences, keys, ..]`, and of each token the span of them that it reads.
#[derive(Clone, Copy, Debug)]
pub struct Naive<'a> {
    /// `[sequences, keys, kv_heads x dk]`
    pub k: &'a [f64],
    /// `[sequences, keys, kv_heads x dv]`
    pub v: &'a [f64],
    /// Keys of a sequence.
    pub keys: usize,
    /// Of each token; without them all up to itself.
    pub spans: Option<&'a [[u32; 2]]>,
}

/// The naive reference: q `[sequences, length, heads x dk]`, and what it reads in one softmax.
pub fn naive(
    q: &[f64],
    read: &[Naive],
    length: usize,
    [heads, kv_heads]: [usize; 2],
    [dk, dv]: [usize; 2],
    scale: f64,
) -> Vec<f64> {
    let rows = q.len() / (heads * dk);
    let mut y = vec![0.0; rows * heads * dv];
    for i in 0..rows {
        for h in 0..heads {
            let g = h / (heads / kv_heads);
            // The score of every key, and where its value begins.
            let mut scores: Vec<(f64, &[f64])> = Vec::new();
            for of in read {
                let all = || [0, of.keys - length + i % length + 1];
                let [from, to] = of.spans.map_or_else(all, |s| s[i].map(|at| at as usize));
                for j in (from..to).map(|j| (i / length * of.keys + j) * kv_heads + g) {
                    let score = scale * naive::dot(dk, |c| (q[(i * heads + h) * dk + c], of.k[j * dk + c]));
                    scores.push((score, &of.v[j * dv..][..dv]));
                }
            }
            let most = scores.iter().fold(f64::MIN, |m, (s, _)| m.max(*s));
            let sum: f64 = scores.iter().map(|(s, _)| libm::exp(s - most)).sum();
            for c in 0..dv {
                y[(i * heads + h) * dv + c] =
                    naive::dot(scores.len(), |j| (libm::exp(scores[j].0 - most) / sum, scores[j].1[c]));
            }
        }
    }
    y
}

#[cfg(test)]
pub(super) mod tests;
