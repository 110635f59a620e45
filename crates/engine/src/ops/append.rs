//! The same columns behind every head, as the part of a key that all heads share (DeepSeek-AI 2024, arXiv 2405.04434, eq. 17):
//! y_h = [a_h; b]. da_h is the front of dy_h, db the sum of the backs over heads.
//!
//! a is `[sequences, length, heads x m]`, b `[.., n]`, y `[.., heads x (m + n)]`; a and b may be columns of wider values.

use super::Op;
use crate::simd::{kernel, put};
use crate::tape::Columns;
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    a: Columns,
    b: Columns,
    heads: usize,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// Each of the heads in a, with b behind it.
    ///
    /// # Panics
    /// If a is not a whole number of heads, or a and b are of different tokens.
    pub fn append(&mut self, a: impl Into<Columns>, b: impl Into<Columns>, heads: usize) -> Slot {
        let (a, b) = (a.into(), b.into());
        let ([sequences, length, wide], [.., n]) = (a.shape(), b.shape());
        assert!(wide > 0 && wide.is_multiple_of(heads), "{wide} columns are not {heads} heads");
        assert_eq!(b.shape(), [sequences, length, n], "parts of the same tokens");
        let y = self.output(sequences, length, wide + heads * n);
        self.run(Node { a, b, heads, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        join(values.get(self.a.slot), self.a, values.get(self.b.slot), self.b, self.heads, &mut y);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let gradients = &mut tape.buffers.gradients;
        let Some(dy) = gradients.take(self.y) else { return };
        let (m, n) = (self.a.width / self.heads, self.b.width);
        if let Some((da, add)) = gradients.open_columns(self.a) {
            fronts(&dy, m + n, m, da, self.a, add);
        }
        if let Some((db, add)) = gradients.open_columns(self.b) {
            backs(&dy, self.heads, m, db, self.b, add);
        }
        gradients.give(dy);
    }
}

kernel! {
    fn join<'a, R>(a: &'a [R], of_a: Columns, b: &'a [R], of_b: Columns, heads: usize, y: &'a mut [R]) {
        let (m, n) = (of_a.width / heads, of_b.width);
        for ((a, b), y) in of_a.rows(a).zip(of_b.rows(b)).zip(y.chunks_exact_mut(heads * (m + n))) {
            for (head, y) in y.chunks_exact_mut(m + n).enumerate() {
                y[..m].copy_from_slice(&a[head * m..][..m]);
                y[m..].copy_from_slice(b);
            }
        }
    }
}

kernel! {
    /// The first m of every head of dy.
    fn fronts<'a, R>(dy: &'a [R], head: usize, m: usize, da: &'a mut [R], to: Columns, add: bool) {
        let row = to.width / m * head;
        for (da, dy) in to.rows_mut(da).zip(dy.chunks_exact(row)) {
            for (da, dy) in da.chunks_exact_mut(m).zip(dy.chunks_exact(head)) {
                for (da, &dy) in da.iter_mut().zip(dy) {
                    put(da, dy, add);
                }
            }
        }
    }
}

kernel! {
    /// What lies behind the first m, summed over heads, the first one first.
    fn backs<'a, R>(dy: &'a [R], heads: usize, m: usize, db: &'a mut [R], to: Columns, add: bool) {
        let head = m + to.width;
        for (db, dy) in to.rows_mut(db).zip(dy.chunks_exact(heads * head)) {
            for (number, dy) in dy.chunks_exact(head).enumerate() {
                for (db, &dy) in db.iter_mut().zip(&dy[m..]) {
                    put(db, dy, add || number > 0);
                }
            }
        }
    }
}

/// The naive reference, for heads of m columns and n behind each.
pub fn naive(a: &[f64], b: &[f64], heads: usize, [m, n]: [usize; 2]) -> Vec<f64> {
    let rows = a.chunks(heads * m).zip(b.chunks(n));
    rows.flat_map(|(a, b)| a.chunks(m).flat_map(|head| [head, b].concat()).collect::<Vec<f64>>()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw, columns};

    /// Two values, or columns of one with the shared part in front, as one projection gives them.
    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 2],
        heads: usize,
        widths: [usize; 2],
        joined: bool,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let widths = [d.size(1, 20), d.size(1, 20)];
            Self { shape: [d.size(1, 3), d.size(1, 20)], heads: d.size(1, 5), widths, joined: d.one_in(2) }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let ([b, t], [m, n]) = (self.shape, self.widths);
            let wide = self.heads * m;
            if self.joined { vec![[b, t, n + wide]] } else { vec![[b, t, wide], [b, t, n]] }
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let ([m, n], x) = (self.widths, inputs[0]);
            match inputs.get(1) {
                Some(&b) => tape.append(x, b, self.heads),
                None => tape.append(x.columns(n, self.heads * m), x.columns(0, n), self.heads),
            }
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let ([m, n], x) = (self.widths, &inputs[0]);
            let wide = self.heads * m;
            match inputs.get(1) {
                Some(b) => naive(x, b, self.heads, self.widths),
                None => naive(&columns(x, n + wide, n..n + wide), &columns(x, n + wide, 0..n), self.heads, self.widths),
            }
        }
    }
}
