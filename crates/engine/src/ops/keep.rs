//! What is kept of texts that were read: of every text and key and value head the rows of the tokens that are attended to most
//! (Yang et al. 2024, Memory3, arXiv 2407.01178), handed to the sequences that look them up.
//!
//! Token j of a text is attended to by all of its tokens, without mask and without positions, by all query heads h that share
//! key head g:
//!
//! w_gj = sum_h sum_i softmax_j(scale q_hi . k_gj)
//!
//! y_(a + s) = x_(j_s) for the s-th of the chosen tokens j_0 < j_1 < .., of each head by itself, where row a of all rows of y is the first
//! that is given to the text; rows of y that are given to none are 0. dx_(j_s) = dy_(a + s). Nothing goes back through the choice.
//!
//! x is `[texts, length, kv_heads x width]`, y `[sequences, rows, kv_heads x width]`.

use super::Op;
use super::attention::{Part, exponentials};
use crate::simd::{kernel, put};
use crate::tape::Columns;
use crate::{IGNORE, Matrix, Real, Slot, Tape, Tokens, product};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Columns,
    /// `[texts, kv_heads, most]`
    chosen: Tokens,
    heads: usize,
    /// of each text the first of its rows
    places: Tokens,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Of each text and key head the `most` tokens that are attended to most, in the order of the text: `[texts, kv_heads, most]`, with
    /// [`IGNORE`] behind the last where there are fewer. `lengths` says how many tokens each text has; what lies behind them, and the
    /// first token, which begins all texts alike, is not chosen and attends to nothing. Of equals the first is chosen.
    ///
    /// # Panics
    /// If the shapes do not fit, or a text is longer than its rows.
    pub fn most_attended(
        &mut self,
        q: impl Into<Columns>,
        k: impl Into<Columns>,
        [heads, kv_heads]: [usize; 2],
        scale: f64,
        lengths: Tokens,
        most: usize,
    ) -> Tokens {
        let (q, k) = (q.into(), k.into());
        let ([texts, length, width], dk) = (k.shape(), k.width / kv_heads);
        assert!(heads.is_multiple_of(kv_heads) && width == kv_heads * dk && q.width == heads * dk, "whole heads");
        assert_eq!(q.shape()[..2], k.shape()[..2], "queries and keys of the same tokens");
        let own = &self.buffers.tokens[lengths.index];
        assert!(own.len() == texts && own.iter().all(|n| *n as usize <= length), "a length for every text");
        let (list, spent) = (self.list(texts * kv_heads * most), self.list(2 * length));
        let chosen_of = Tokens { sequences: texts, length: kv_heads * most, ..list };
        if !has_choice(length, most) {
            let mut chosen = std::mem::take(&mut self.buffers.tokens[list.index]);
            for (pick, chosen) in chosen.chunks_exact_mut(most).enumerate() {
                let own = self.buffers.tokens[lengths.index][pick / kv_heads];
                (1..).zip(chosen).for_each(|(j, chosen)| *chosen = if j < own { j } else { IGNORE });
            }
            self.buffers.tokens[list.index] = chosen;
            return chosen_of;
        }
        let mut reads = std::mem::take(&mut self.buffers.tokens[spent.index]);
        let mut chosen = std::mem::take(&mut self.buffers.tokens[list.index]);
        let gradients = &mut self.buffers.gradients;
        let [mut scores, mut rest] = [length * length, 3 * length].map(|n| gradients.scratch(n));
        let (inverse, others) = rest.split_at_mut(length);
        let (log_sums, weights) = others.split_at_mut(length);
        let (values, own) = (&self.buffers.values, &self.buffers.tokens[lengths.index]);
        let (spans, _) = reads.as_chunks_mut::<2>();
        for (pick, chosen) in chosen.chunks_exact_mut(most).enumerate() {
            let (text, head) = (pick / kv_heads, pick % kv_heads);
            weights.fill(R::ZERO);
            spans.fill([1, own[text]]);
            for query in head * (heads / kv_heads)..(head + 1) * (heads / kv_heads) {
                let of = |c: Columns, head: usize| {
                    let from = text * length * c.slot.width() + c.start + head * dk;
                    Matrix::strided(&values.get(c.slot)[from..], length, dk, c.slot.width())
                };
                product(R::ONE, of(q, query), of(k, head).t(), &mut scores, length, false);
                add_received(&mut scores, spans, R::of(scale), log_sums, inverse, weights);
            }
            choose(weights, own[text], chosen);
        }
        [scores, rest].into_iter().for_each(|buffer| self.buffers.gradients.give(buffer));
        self.buffers.tokens[spent.index] = reads;
        self.buffers.tokens[list.index] = chosen;
        chosen_of
    }

    /// The rows of x that were chosen for each of its heads, in `rows` rows of each of some sequences: those of a text from its place on,
    /// which is counted over all rows.
    ///
    /// # Panics
    /// If there is no place for every text, or one lies beyond the rows of its sequence.
    pub fn keep(
        &mut self,
        x: impl Into<Columns>,
        chosen: Tokens,
        heads: usize,
        places: Tokens,
        [sequences, rows]: [usize; 2],
    ) -> Slot {
        let x = x.into();
        let most = chosen.length / heads;
        let list = &self.buffers.tokens[places.index];
        assert!(chosen.sequences == x.slot.sequences() && list.len() == chosen.sequences, "a place for every text");
        assert!(x.width.is_multiple_of(heads) && chosen.length == heads * most, "whole heads");
        for (text, &at) in self.buffers.tokens[chosen.index].chunks_exact(chosen.length).zip(list) {
            let kept = text.chunks_exact(most).map(|c| c.iter().filter(|j| **j != IGNORE).count()).max();
            let (at, kept) = (at as usize, kept.unwrap_or_default());
            let fits = at % rows + kept <= rows && at < sequences * rows;
            assert!(kept == 0 || fits, "{kept} rows from {at} on, of {sequences} x {rows}");
        }
        let y = self.output(sequences, rows, x.width);
        self.run(Node { x, chosen, heads, places, y });
        y
    }
}

/// Are there texts of that length of which something is left out?
fn has_choice(length: usize, most: usize) -> bool {
    most + 1 < length
}

/// Multiply-adds of choosing `most` among the tokens of a text.
pub fn multiply_adds(length: usize, most: usize, heads: usize, dk: usize) -> f64 {
    if has_choice(length, most) { (length * length * heads * dk) as f64 } else { 0.0 }
}

/// Adds to the weight of each token of a text what it receives of the softmax of each. All but the first read all but the first.
fn add_received<R: Real>(
    scores: &mut [R],
    spans: &[[u32; 2]],
    scale: R,
    log_sums: &mut [R],
    inverse: &mut [R],
    to: &mut [R],
) {
    let (keys, tokens) = (to.len(), spans[0][1] as usize);
    if tokens < 2 {
        return;
    }
    let [own, none] = [keys, 0].map(|keys| Part { keys, start: 0, spans });
    exponentials(&mut scores[..tokens * keys], own, none, scale, log_sums, inverse);
    add_weighted(&scores[keys..tokens * keys], &inverse[1..], to);
}

kernel! {
    /// The sum of rows, each times its weight, added.
    fn add_weighted<'a, R>(rows: &'a [R], weights: &'a [R], to: &'a mut [R]) {
        for (row, &weight) in rows.chunks_exact(to.len()).zip(weights) {
            for (to, &x) in to.iter_mut().zip(row) {
                *to = x.mul_add(weight, *to);
            }
        }
    }
}

/// The greatest, the first of equals, in rising order.
fn choose<R: Real>(weights: &[R], own: u32, chosen: &mut [u32]) {
    chosen.fill(IGNORE);
    for j in 1..own {
        let worse = |k: u32| k == IGNORE || weights[k as usize] < weights[j as usize];
        let Some(place) = chosen.iter().position(|k| worse(*k)) else { continue };
        chosen[place..].rotate_right(1);
        chosen[place] = j;
    }
    chosen.sort_unstable();
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let lists = &tape.buffers.tokens;
        let (chosen, places) = (&lists[self.chosen.index], &lists[self.places.index]);
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        y.fill(R::ZERO);
        pick(values.get(self.x.slot), self.x, chosen, places, self.heads, &mut y);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let lists = &tape.buffers.tokens;
        let (chosen, places) = (&lists[self.chosen.index], &lists[self.places.index]);
        if let Some(dx) = tape.buffers.gradients.open_zeroed(self.x.slot) {
            put_back(&dy, chosen, places, self.heads, dx, self.x);
        }
        tape.buffers.gradients.give(dy);
    }
}

/// Every chosen row of a head: where it begins in x and in y.
#[inline(always)]
fn each<'a>(
    x: Columns,
    chosen: &'a [u32],
    places: &'a [u32],
    heads: usize,
) -> impl Iterator<Item = [usize; 2]> + use<'a> {
    let ([_, length, width], stride) = (x.shape(), x.slot.width());
    let of_head = width / heads;
    let of_texts = chosen.chunks_exact((chosen.len() / places.len()).max(1)).zip(places).enumerate();
    of_texts.flat_map(move |(text, (chosen, &place))| {
        chosen.chunks_exact(chosen.len() / heads).enumerate().flat_map(move |(head, chosen)| {
            let rows = chosen.iter().take_while(|j| **j != IGNORE).enumerate();
            rows.map(move |(s, &j)| {
                let from = (text * length + j as usize) * stride + x.start + head * of_head;
                [from, (place as usize + s) * width + head * of_head]
            })
        })
    })
}

kernel! {
    fn pick<'a, R>(x: &'a [R], of: Columns, chosen: &'a [u32], places: &'a [u32], heads: usize, y: &'a mut [R]) {
        let width = of.width / heads;
        for [from, to] in each(of, chosen, places, heads) {
            y[to..to + width].copy_from_slice(&x[from..from + width]);
        }
    }
}

kernel! {
    fn put_back<'a, R>(dy: &'a [R], chosen: &'a [u32], places: &'a [u32], heads: usize, dx: &'a mut [R], of: Columns) {
        let width = of.width / heads;
        for [to, from] in each(of, chosen, places, heads) {
            for (dx, &dy) in dx[to..to + width].iter_mut().zip(&dy[from..from + width]) {
                put(dx, dy, true);
            }
        }
    }
}

/// The naive reference of the choice: q `[texts, length, heads x dk]`, k likewise with `kv_heads`; of each text and key head the chosen.
pub fn naive_choice(
    q: &[f64],
    k: &[f64],
    length: usize,
    [heads, kv_heads, dk]: [usize; 3],
    scale: f64,
    lengths: &[u32],
    most: usize,
) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for (text, &own) in lengths.iter().enumerate() {
        for g in 0..kv_heads {
            let own = own as usize;
            let mut weights = vec![0.0; own];
            for h in (0..heads).filter(|h| h / (heads / kv_heads) == g) {
                for i in 1..own {
                    let score = |j: usize| {
                        let at = |row: usize, of: usize, head: usize| ((text * length + row) * of + head) * dk;
                        scale * crate::naive::dot(dk, |c| (q[at(i, heads, h) + c], k[at(j, kv_heads, g) + c]))
                    };
                    let e: Vec<f64> = (1..own).map(|j| libm::exp(score(j))).collect();
                    let sum: f64 = e.iter().sum();
                    e.iter().enumerate().for_each(|(j, e)| weights[j + 1] += e / sum);
                }
            }
            let mut order: Vec<usize> = (1..own).collect();
            order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
            order.truncate(most);
            order.sort_unstable();
            all.push(order);
        }
    }
    all
}

/// The naive reference: x `[texts, length, heads x width]`, of each text and head the chosen rows.
pub fn naive(
    x: &[f64],
    length: usize,
    [heads, width]: [usize; 2],
    chosen: &[Vec<usize>],
    places: &[u32],
    rows: usize,
) -> Vec<f64> {
    let mut y = vec![0.0; rows * heads * width];
    for (pick, chosen) in chosen.iter().enumerate() {
        let (text, head) = (pick / heads, pick % heads);
        for (s, j) in chosen.iter().enumerate() {
            for c in 0..width {
                let to = ((places[text] as usize + s) * heads + head) * width + c;
                y[to] = x[((text * length + j) * heads + head) * width + c];
            }
        }
    }
    y
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw, columns};

    /// Keys and queries that choose are those of one projection, which is kept a part of; the gradient of the choice is none.
    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        heads: [usize; 2],
        dk: usize,
        most: usize,
        lengths: Vec<u32>,
        places: Vec<u32>,
        rows: [usize; 2],
        /// what chooses
        queries: Vec<f64>,
        keys: Vec<f64>,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let kv_heads = d.size(1, 3);
            let heads = [kv_heads * d.size(1, 3), kv_heads];
            let (texts, length, dk, most) = (d.size(1, 5), d.size(2, 24), d.size(1, 9), d.size(1, 6));
            let lengths: Vec<u32> = (0..texts).map(|_| d.below(length + 1) as u32).collect();
            let sequences = d.size(1, 3);
            let rows = [sequences, texts * most + d.size(0, 3)];
            let places = (0..texts).map(|t| (d.below(sequences) * rows[1] + t * most) as u32).collect();
            let draw = |d: &mut Draw, heads: usize| d.array(texts * length * heads * dk);
            let (queries, keys) = (draw(d, heads[0]), draw(d, heads[1]));
            Self { shape: [texts, length], heads, dk, most, lengths, places, rows, queries, keys }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![[self.shape[0], self.shape[1], 3 + self.heads[1] * self.dk]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let ([texts, length], [h, g]) = (self.shape, self.heads);
            let cast = |x: &[f64]| x.iter().map(|x| R::of(*x)).collect::<Vec<R>>();
            let queries = tape.input(&cast(&self.queries), [texts, length, h * self.dk]);
            let keys = tape.input(&cast(&self.keys), [texts, length, g * self.dk]);
            let lengths = tape.tokens(&self.lengths, 1);
            let chosen = tape.most_attended(queries, keys, self.heads, 0.5, lengths, self.most);
            let places = tape.tokens(&self.places, 1);
            tape.keep(inputs[0].columns(3, g * self.dk), chosen, g, places, self.rows)
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let ([_, length], [h, g]) = (self.shape, self.heads);
            let sizes = [h, g, self.dk];
            let chosen = naive_choice(&self.queries, &self.keys, length, sizes, 0.5, &self.lengths, self.most);
            let x = columns(&inputs[0], 3 + g * self.dk, 3..3 + g * self.dk);
            naive(&x, length, [g, self.dk], &chosen, &self.places, self.rows[0] * self.rows[1])
        }
    }
}
