//! Rotary positions (Su et al. 2021, arXiv 2104.09864, eq. 34): every pair of a head's elements is turned by an angle that
//! grows with the position t, pair i of d/2 by t theta^(-2i/d):
//!
//! y_a = x_a cos - x_b sin, y_b = x_b cos + x_a sin
//!
//! x is `[sequences, length, heads x head]`; positions count from `from` in every sequence, usually 0, and from below 0 for what is read as
//! if it stood before all tokens. The pairs (a, b) are (i, i + d/2)
//! in the layout of Llama and (2i, 2i + 1) in that of DeepSeek. The gradient is turned back by the same angle, so nothing
//! is kept.

use super::Op;
use crate::simd::{kernel, put};
use crate::tape::Columns;
use crate::{Real, Slot, Tape};

/// Which elements of a head are a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// (i, i + d/2)
    HalfSplit,
    /// (2i, 2i + 1)
    Interleaved,
}

/// How heads are turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    /// The elements of a head.
    pub head: usize,
    /// The first element that is turned.
    pub start: usize,
    /// How many are turned, an even number: d in the equation. The others pass.
    pub dims: usize,
    /// The base of the angles.
    pub theta: f64,
    /// The pairs.
    pub layout: Layout,
    /// The position of the first token.
    pub from: isize,
}

impl Rope {
    /// Heads turned whole, in the layout of Llama.
    pub fn new(head: usize, theta: f64) -> Self {
        Self { head, start: 0, dims: head, theta, layout: Layout::HalfSplit, from: 0 }
    }
}

/// Cosines and sines, `[positions, dims / 2]` each. Made once and kept with the buffers.
#[derive(Debug)]
pub(crate) struct Table<R> {
    dims: usize,
    theta: f64,
    cos: Vec<R>,
    sin: Vec<R>,
}

impl<R: Real> Table<R> {
    fn new(positions: usize, dims: usize, theta: f64) -> Self {
        let half = dims / 2;
        let angle = |i: usize| (i / half) as f64 * libm::pow(theta, -2.0 * (i % half) as f64 / dims as f64);
        let table = |f: fn(f64) -> f64| (0..positions * half).map(|i| R::of(f(angle(i)))).collect();
        Self { dims, theta, cos: table(libm::cos), sin: table(libm::sin) }
    }

    fn serves(&self, positions: usize, rope: Rope) -> bool {
        (self.dims, self.theta) == (rope.dims, rope.theta) && self.cos.len() >= positions * rope.dims / 2
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Columns,
    rope: Rope,
    table: usize,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// The heads in x, each turned by its position.
    ///
    /// # Panics
    /// If x is not a whole number of heads, or the turned part is odd or not inside a head.
    pub fn rope(&mut self, x: impl Into<Columns>, rope: Rope) -> Slot {
        let x = x.into();
        assert!(x.width.is_multiple_of(rope.head), "{} elements are not heads of {}", x.width, rope.head);
        assert!(rope.start + rope.dims <= rope.head && rope.dims.is_multiple_of(2), "{rope:?}");
        let (sequences, length) = (x.slot.sequences(), x.slot.length());
        let tables = &mut self.buffers.tables;
        // A decoder asks for one position after the other.
        let last = rope.from + length as isize - 1;
        let positions = (rope.from.unsigned_abs().max(last.unsigned_abs()) + 1).next_power_of_two();
        let table = tables.iter().position(|t| t.serves(positions, rope)).unwrap_or_else(|| {
            tables.push(Table::new(positions, rope.dims, rope.theta));
            tables.len() - 1
        });
        let y = self.output(sequences, length, x.width);
        self.run(Node { x, rope, table, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        let to = Columns::from(self.y);
        turn(values.get(self.x.slot), self.x, &mut y, to, self.rope, &tape.buffers.tables[self.table], R::ONE, false);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let from = Columns::from(self.y);
        if let Some((dx, add)) = tape.buffers.gradients.open_columns(self.x) {
            turn(&dy, from, dx, self.x, self.rope, &tape.buffers.tables[self.table], -R::ONE, add);
        }
        tape.buffers.gradients.give(dy);
    }
}

kernel! {
    /// Turns the heads in some columns of `x` into, or onto, some columns of `y`; `sign` -1 turns back.
    fn turn<'a, R>(
        x: &'a [R], from: Columns, y: &'a mut [R], to: Columns, rope: Rope, table: &'a Table<R>, sign: R, add: bool,
    ) {
        let (length, half) = (from.slot.length(), rope.dims / 2);
        let rows = x.chunks_exact(from.slot.width()).zip(y.chunks_exact_mut(to.slot.width()));
        for (row, (x, y)) in rows.enumerate() {
            let position = rope.from + (row % length) as isize;
            let at = position.unsigned_abs() * half;
            // The sine of the angle below 0.
            let sign = if position < 0 { -sign } else { sign };
            let (cos, sin) = (&table.cos[at..][..half], &table.sin[at..][..half]);
            let (x, y) = (&x[from.start..][..from.width], &mut y[to.start..][..to.width]);
            for (x, y) in x.chunks_exact(rope.head).zip(y.chunks_exact_mut(rope.head)) {
                let (before, rest) = y.split_at_mut(rope.start);
                let (turned, after) = rest.split_at_mut(rope.dims);
                copy(&x[..rope.start], before, add);
                copy(&x[rope.start + rope.dims..], after, add);
                let x = &x[rope.start..][..rope.dims];
                match rope.layout {
                    Layout::HalfSplit => {
                        let ((xa, xb), (ya, yb)) = (x.split_at(half), turned.split_at_mut(half));
                        for i in 0..half {
                            let (c, s) = (cos[i], sign * sin[i]);
                            put(&mut ya[i], xa[i] * c - xb[i] * s, add);
                            put(&mut yb[i], xb[i] * c + xa[i] * s, add);
                        }
                    }
                    Layout::Interleaved => {
                        for (i, (x, y)) in x.chunks_exact(2).zip(turned.chunks_exact_mut(2)).enumerate() {
                            let (c, s) = (cos[i], sign * sin[i]);
                            put(&mut y[0], x[0] * c - x[1] * s, add);
                            put(&mut y[1], x[1] * c + x[0] * s, add);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn copy<R: Real>(x: &[R], y: &mut [R], add: bool) {
    for (y, &x) in y.iter_mut().zip(x) {
        put(y, x, add);
    }
}

/// The naive reference: x `[sequences, length, width]`.
pub fn naive(x: &[f64], length: usize, width: usize, rope: Rope) -> Vec<f64> {
    let mut y = x.to_vec();
    for row in 0..x.len() / width {
        for head in 0..width / rope.head {
            for i in 0..rope.dims / 2 {
                let angle = (rope.from + (row % length) as isize) as f64
                    / libm::pow(rope.theta, (2 * i) as f64 / rope.dims as f64);
                let at = row * width + head * rope.head + rope.start;
                let (a, b) = match rope.layout {
                    Layout::HalfSplit => (at + i, at + i + rope.dims / 2),
                    Layout::Interleaved => (at + 2 * i, at + 2 * i + 1),
                };
                y[a] = x[a] * libm::cos(angle) - x[b] * libm::sin(angle);
                y[b] = x[b] * libm::cos(angle) + x[a] * libm::sin(angle);
            }
        }
    }
    y
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        heads: usize,
        /// columns of the input before and after the heads
        around: [usize; 2],
        rope: Rope,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let (start, dims, rest) = (d.size(0, 5), 2 * d.size(1, 12), d.size(0, 5));
            let layout = if d.one_in(2) { Layout::HalfSplit } else { Layout::Interleaved };
            let from = if d.one_in(2) { 0 } else { d.size(1, 60) as isize - 30 };
            let rope = Rope { head: start + dims + rest, start, dims, theta: 100.0, layout, from };
            let around = if d.one_in(2) { [0, 0] } else { [d.size(0, 5), d.size(0, 5)] };
            Self { shape: [d.size(1, 3), d.size(1, 20)], heads: d.size(1, 4), around, rope }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let [b, t] = self.shape;
            vec![[b, t, self.around[0] + self.heads * self.rope.head + self.around[1]]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            tape.rope(inputs[0].columns(self.around[0], self.heads * self.rope.head), self.rope)
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let (all, width) = (self.inputs()[0][2], self.heads * self.rope.head);
            let part: Vec<f64> =
                inputs[0].chunks(all).flat_map(|r| r[self.around[0]..self.around[0] + width].to_vec()).collect();
            naive(&part, self.shape[1], width, self.rope)
        }
    }
}
