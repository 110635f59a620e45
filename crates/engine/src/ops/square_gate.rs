//! A squared gate (own example): y_j = x_j^2 g_j.
//!
//! x and y are `[rows, width]`, g is `[width]`. dx_j = 2 x_j g_j dy_j, dg_j = sum over rows of x_j^2 dy_j.

// The example of `docs/adding-an-op.md`, compiled and checked in tests only; the guide shows parts of this file.

use super::Op;
use crate::simd::{kernel, put};
use crate::{Param, Real, Slot, Tape};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    gate: Param,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// x^2 times a weight per column.
    ///
    /// # Panics
    /// If the gate has another length than a row.
    pub fn square_gate(&mut self, x: Slot, gate: Param) -> Slot {
        assert_eq!(x.width(), gate.columns(), "a gate as long as a row");
        let y = self.output(x.sequences(), x.length(), x.width());
        self.run(Node { x, gate, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let gate = tape.weight(self.gate);
        let values = &mut tape.buffers.values;
        let mut y = values.take(self.y);
        forward(values.get(self.x), gate, &mut y);
        values.put(self.y, y);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Some(dy) = tape.buffers.gradients.take(self.y) else { return };
        let (gate, x) = (tape.weight(self.gate), tape.buffers.values.get(self.x));
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            gate_backward(x, &dy, &mut gradient[self.gate.range()]);
        }
        if let Some((dx, add)) = tape.buffers.gradients.open(self.x) {
            input_backward(x, gate, &dy, dx, add);
        }
        tape.buffers.gradients.give(dy);
    }
}

kernel! {
    fn forward<'a, R>(x: &'a [R], gate: &'a [R], y: &'a mut [R]) {
        for (x, y) in x.chunks_exact(gate.len()).zip(y.chunks_exact_mut(gate.len())) {
            for ((y, &x), &g) in y.iter_mut().zip(x).zip(gate) {
                *y = x * x * g;
            }
        }
    }
}

kernel! {
    fn gate_backward<'a, R>(x: &'a [R], dy: &'a [R], dg: &'a mut [R]) {
        for (x, dy) in x.chunks_exact(dg.len()).zip(dy.chunks_exact(dg.len())) {
            for ((dg, &x), &dy) in dg.iter_mut().zip(x).zip(dy) {
                *dg = (x * x).mul_add(dy, *dg);
            }
        }
    }
}

kernel! {
    fn input_backward<'a, R>(x: &'a [R], gate: &'a [R], dy: &'a [R], dx: &'a mut [R], add: bool) {
        let rows = x.chunks_exact(gate.len()).zip(dy.chunks_exact(gate.len()));
        for ((x, dy), dx) in rows.zip(dx.chunks_exact_mut(gate.len())) {
            for (((dx, &x), &dy), &g) in dx.iter_mut().zip(x).zip(dy).zip(gate) {
                put(dx, (x + x) * g * dy, add);
            }
        }
    }
}

/// The naive reference: x `[rows, width]`, g `[width]`.
pub fn naive(x: &[f64], g: &[f64]) -> Vec<f64> {
    x.chunks(g.len()).flat_map(|x| x.iter().zip(g).map(|(x, g)| x * x * g)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ops::conformance::{Conformance, Draw};

    #[derive(Debug)]
    pub(crate) struct Case {
        shape: [usize; 3],
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            Self { shape: [d.size(1, 3), d.size(1, 20), d.size(1, 70)] }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            vec![self.shape]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            vec![vec![self.shape[2]]]
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            tape.square_gate(inputs[0], params[0])
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            naive(&inputs[0], &params[0])
        }
    }

    /// The guide's code is this file's.
    #[test]
    fn the_guide_is_this_file() {
        let (guide, file) = (include_str!("../../../../docs/adding-an-op.md"), include_str!("square_gate.rs"));
        let plain = |text: &str| text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
        let blocks: Vec<String> =
            guide.split("```rust\n").skip(1).map(|b| plain(b.split("```").next().unwrap())).collect();
        assert!(blocks.len() >= 5, "{} blocks of code in the guide", blocks.len());
        for block in blocks {
            assert!(plain(file).contains(&block), "not in square_gate.rs:\n{block}");
        }
    }
}
