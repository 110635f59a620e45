//! Embeddings: y_i = E[token_i], plus a learned position P[t] if wanted.
//!
//! Tokens are `[sequences, length]`, E is `[vocabulary, width]`, P `[at least length, width]`, y
//! `[sequences, length, width]`. dE[token_i] += dy_i and dP[t] += dy_i, in the order of the tokens.

use super::Op;
use crate::simd::kernel;
use crate::{Param, Real, Slot, Tape, Tokens};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    tokens: Tokens,
    table: Param,
    positions: Option<Param>,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// The rows of `table` at these tokens, plus the rows of `positions` at their places.
    ///
    /// # Panics
    /// If a token is not in the table, or a sequence is longer than there are positions.
    pub fn embedding(&mut self, tokens: Tokens, table: Param, positions: Option<Param>) -> Slot {
        let width = table.columns();
        let most = self.buffers.tokens[tokens.index].iter().max().map_or(0, |&t| t as usize);
        assert!(most < table.rows(), "token {most} in a vocabulary of {}", table.rows());
        if let Some(p) = positions {
            assert!(p.columns() == width && p.rows() >= tokens.length, "{} positions", p.rows());
        }
        let y = self.output(tokens.sequences, tokens.length, width);
        self.run(Node { tokens, table, positions, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let table = tape.weight(self.table);
        let positions = self.positions.map(|p| tape.weight(p));
        let mut y = tape.buffers.values.take(self.y);
        gather(&tape.buffers.tokens[self.tokens.index], self.tokens.length, table, positions, &mut y, self.y.width());
        tape.buffers.values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            let width = self.y.width();
            let tokens = &tape.buffers.tokens[self.tokens.index];
            scatter(tokens, &dy, &mut gradient[self.table.range()], width);
            if let Some(positions) = self.positions {
                let positions = &mut gradient[positions.range()][..self.tokens.length * width];
                dy.chunks_exact(positions.len()).for_each(|dy| crate::simd::add(positions, dy));
            }
        }
        tape.buffers.gradients.give(dy);
    }
}

kernel! {
    fn gather<'a, R>(
        tokens: &'a [u32], length: usize, table: &'a [R], positions: Option<&'a [R]>, y: &'a mut [R], width: usize,
    ) {
        for (i, (y, &token)) in y.chunks_exact_mut(width).zip(tokens).enumerate() {
            y.copy_from_slice(&table[token as usize * width..][..width]);
            if let Some(positions) = positions {
                for (y, &p) in y.iter_mut().zip(&positions[i % length * width..][..width]) {
                    *y += p;
                }
            }
        }
    }
}

kernel! {
    fn scatter<'a, R>(tokens: &'a [u32], dy: &'a [R], table: &'a mut [R], width: usize) {
        for (dy, &token) in dy.chunks_exact(width).zip(tokens) {
            for (sum, &dy) in table[token as usize * width..][..width].iter_mut().zip(dy) {
                *sum += dy;
            }
        }
    }
}

/// The naive reference: table `[vocabulary, width]`, positions `[.., width]`.
pub fn naive(tokens: &[u32], length: usize, table: &[f64], positions: Option<&[f64]>, width: usize) -> Vec<f64> {
    let mut y = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        for j in 0..width {
            let position = positions.map_or(0.0, |p| p[(i % length) * width + j]);
            y.push(table[*token as usize * width + j] + position);
        }
    }
    y
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        tokens: Vec<u32>,
        length: usize,
        vocabulary: usize,
        width: usize,
        positions: bool,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let (sequences, length, vocabulary) = (d.size(1, 3), d.size(1, 40), d.size(1, 20));
            let tokens = (0..sequences * length).map(|_| d.below(vocabulary) as u32).collect();
            Self { tokens, length, vocabulary, width: d.size(1, 40), positions: d.one_in(2) }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            let mut shapes = vec![vec![self.vocabulary, self.width]];
            // One more position than needed: its gradient stays zero.
            shapes.extend(self.positions.then_some(vec![self.length + 1, self.width]));
            shapes
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, _: &[Slot], params: &[Param]) -> Slot {
            let tokens = tape.tokens(&self.tokens, self.length);
            tape.embedding(tokens, params[0], params.get(1).copied())
        }
        fn naive(&self, _: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            naive(&self.tokens, self.length, &params[0], params.get(1).map(|p| &p[..]), self.width)
        }
    }
}
