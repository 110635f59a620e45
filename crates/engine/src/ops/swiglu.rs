//! The gate of a SwiGLU feed-forward layer (Shazeer 2020, arXiv 2002.05202): y = silu(g) u, silu(z) = z s(z).
//!
//! g, u and y are `[rows, width]`; g and u may be columns of one projection. du = dy silu(g),
//! dg = dy u s(g) (1 + g (1 - s(g))).

use super::Op;
use crate::math::sigmoid;
use crate::simd::{kernel, put};
use crate::tape::Columns;
use crate::{Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    gate: Columns,
    up: Columns,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// silu(gate) times up, element by element.
    ///
    /// # Panics
    /// If the two have different shapes.
    pub fn swiglu(&mut self, gate: impl Into<Columns>, up: impl Into<Columns>) -> Slot {
        let (gate, up) = (gate.into(), up.into());
        assert_eq!((gate.slot.rows(), gate.width), (up.slot.rows(), up.width), "gate and up differ in shape");
        let y = self.output(gate.slot.sequences(), gate.slot.length(), gate.width);
        self.run(Node { gate, up, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        forward(values.get(self.gate.slot), self.gate, values.get(self.up.slot), self.up, &mut y);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (values, gradients) = (&tape.buffers.values, &mut tape.buffers.gradients);
        let (gate, up) = (values.get(self.gate.slot), values.get(self.up.slot));
        if let Some((dg, add)) = gradients.open_columns(self.gate) {
            gate_backward(gate, self.gate, up, self.up, &dy, dg, add);
        }
        if let Some((du, add)) = gradients.open_columns(self.up) {
            up_backward(gate, self.gate, self.up, &dy, du, add);
        }
        gradients.give(dy);
    }
}

kernel! {
    fn forward<'a, R>(gate: &'a [R], g: Columns, up: &'a [R], u: Columns, y: &'a mut [R]) {
        for ((y, gate), up) in y.chunks_exact_mut(g.width).zip(g.rows(gate)).zip(u.rows(up)) {
            for ((y, &g), &u) in y.iter_mut().zip(gate).zip(up) {
                *y = g * sigmoid(g) * u;
            }
        }
    }
}

kernel! {
    fn gate_backward<'a, R>(
        gate: &'a [R], g: Columns, up: &'a [R], u: Columns, dy: &'a [R], dg: &'a mut [R], add: bool,
    ) {
        for (((dg, gate), up), dy) in g.rows_mut(dg).zip(g.rows(gate)).zip(u.rows(up)).zip(dy.chunks_exact(g.width)) {
            for (((dg, &g), &u), &dy) in dg.iter_mut().zip(gate).zip(up).zip(dy) {
                let s = sigmoid(g);
                put(dg, dy * u * s * g.mul_add(R::ONE - s, R::ONE), add);
            }
        }
    }
}

kernel! {
    fn up_backward<'a, R>(gate: &'a [R], g: Columns, u: Columns, dy: &'a [R], du: &'a mut [R], add: bool) {
        for ((du, gate), dy) in u.rows_mut(du).zip(g.rows(gate)).zip(dy.chunks_exact(g.width)) {
            for ((du, &g), &dy) in du.iter_mut().zip(gate).zip(dy) {
                put(du, dy * g * sigmoid(g), add);
            }
        }
    }
}

/// The naive reference.
pub fn naive(gate: &[f64], up: &[f64]) -> Vec<f64> {
    gate.iter().zip(up).map(|(g, u)| g / (1.0 + libm::exp(-g)) * u).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Param;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
        fused: bool,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20), d.size(1, 70)], fused: d.one_in(2) }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let [b, t, w] = self.shape;
            if self.fused { vec![[b, t, 2 * w + 1]] } else { vec![self.shape; 2] }
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], _: &[Param]) -> Slot {
            let w = self.shape[2];
            match inputs {
                [x] => tape.swiglu(x.columns(w + 1, w), x.columns(0, w)),
                _ => tape.swiglu(inputs[0], inputs[1]),
            }
        }
        fn naive(&self, inputs: &[Vec<f64>], _: &[Vec<f64>]) -> Vec<f64> {
            let w = self.shape[2];
            let part = |from: usize| -> Vec<f64> {
                inputs[0].chunks(2 * w + 1).flat_map(|row| row[from..from + w].to_vec()).collect()
            };
            if self.fused { naive(&part(w + 1), &part(0)) } else { naive(&inputs[0], &inputs[1]) }
        }
    }
}
