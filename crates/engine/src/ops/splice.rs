//! Runs of rows added in their places among other rows, as patches of a picture among the tokens of a text: y = x, and
//! y_(a_k + j) = x_(a_k + j) + z_kj for each run k that begins at row a_k. dx = dy, dz_kj = dy_(a_k + j).
//!
//! x and y are `[sequences, length, width]`, z `[runs, rows of a run, width]`; rows are counted over all sequences, a run lies in
//! one of them, and no two runs meet.

use super::Op;
use crate::simd::{add, kernel, put};
use crate::{Real, Slot, Tape, Tokens};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    z: Slot,
    places: Tokens,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// x, with each run of z added from its place on.
    ///
    /// # Panics
    /// If there are not as many places as runs, or a run does not lie inside of a sequence or begins before the last one ends.
    pub fn splice(&mut self, x: Slot, z: Slot, places: Tokens) -> Slot {
        let (length, run) = (x.length(), z.length());
        assert_eq!(x.width(), z.width(), "rows of one width");
        let list = &self.buffers.tokens[places.index];
        assert_eq!(list.len(), z.sequences(), "a place for every run");
        let inside = |at: &u32| *at as usize % length + run <= length && (*at as usize) < x.rows();
        let apart = |pair: &[u32]| pair[0] as usize + run <= pair[1] as usize;
        assert!(list.iter().all(inside) && list.windows(2).all(apart), "runs of {run} rows at {list:?}");
        let y = self.output(x.sequences(), length, x.width());
        self.run(Node { x, z, places, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { x, z, places, y: slot } = self;
        let values = &mut tape.buffers.values;
        let mut y = values.take(slot);
        y.copy_from_slice(values.get(x));
        let runs = values.get(z).chunks_exact(z.length() * z.width());
        for (run, &at) in runs.zip(&tape.buffers.tokens[places.index]) {
            add(&mut y[at as usize * slot.width()..][..run.len()], run);
        }
        values.put(slot, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { x, z, places, y } = self;
        let Some(dy) = tape.buffers.gradients.take(y) else { return };
        let gradients = &mut tape.buffers.gradients;
        if let Some((dz, add)) = gradients.open(z) {
            let runs = dz.chunks_exact_mut(z.length() * z.width());
            for (run, &at) in runs.zip(&tape.buffers.tokens[places.index]) {
                pick(run, &dy[at as usize * y.width()..], add);
            }
        }
        gradients.pass_on(x, dy);
    }
}

kernel! {
    fn pick<'a, R>(to: &'a mut [R], from: &'a [R], add: bool) {
        for (to, &from) in to.iter_mut().zip(from) {
            put(to, from, add);
        }
    }
}

/// The naive reference: x `[rows, width]`, z `[runs, rows of a run, width]`.
pub fn naive(x: &[f64], z: &[f64], places: &[u32], width: usize) -> Vec<f64> {
    let mut y = x.to_vec();
    let run = z.len() / places.len();
    for (k, &at) in places.iter().enumerate() {
        (0..run).for_each(|i| y[at as usize * width + i] += z[k * run + i]);
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
        shape: [usize; 3],
        run: usize,
        places: Vec<u32>,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let run = d.size(1, 6);
            let shape = [d.size(1, 3), run + d.below(30), d.size(1, 20)];
            let mut places = Vec::new();
            for sequence in 0..shape[0] {
                let mut at = d.below(4);
                while at + run <= shape[1] {
                    places.push((sequence * shape[1] + at) as u32);
                    at += run + d.below(9);
                }
            }
            if places.is_empty() {
                places.push(0);
            }
            Self { shape, run, places }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape, [self.places.len(), self.run, self.shape[2]]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let places = tape.tokens(&self.places, self.places.len());
            tape.splice(inputs[0], inputs[1], places)
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            naive(&inputs[0], &inputs[1], &self.places, self.shape[2])
        }
    }
}
