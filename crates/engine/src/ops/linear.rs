//! Linear maps: y = scale x W^T + b, with a residual added on the way if wanted.
//!
//! x is `[rows, in]`, W `[out, in]`, b `[out]`, y and the residual r `[rows, out]`:
//!
//! y_ij = r_ij + scale sum_k x_ik W_jk + b_j
//!
//! dx = scale dy W, dW = scale dy^T x, db = sum_i dy_i, dr = dy. The residual rides on the product (it is what the product
//! adds to), and on the way back dy becomes dr without a copy. A weight may be used anywhere else too, as an embedding is
//! by a tied head.

use super::Op;
use crate::simd::kernel;
use crate::{Matrix, Param, Real, Slot, Tape, naive, product};

/// The weights of a linear map. A [`Param`] alone is a map without bias.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// `[out, in]`
    pub weight: Param,
    /// `[out]`
    pub bias: Option<Param>,
    /// What the product is multiplied by: output multipliers of a tied head, residual scaling.
    pub scale: f64,
}

impl From<Param> for Linear {
    fn from(weight: Param) -> Self {
        Self { weight, bias: None, scale: 1.0 }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    map: Linear,
    residual: Option<Slot>,
    y: Slot,
}

impl<R: Real> Tape<'_, R> {
    /// scale x W^T + b: `[.., in]` to `[.., out]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn linear(&mut self, x: Slot, map: impl Into<Linear>) -> Slot {
        self.map(x, map.into(), None)
    }

    /// residual + scale x W^T + b.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn linear_onto(&mut self, residual: Slot, x: Slot, map: impl Into<Linear>) -> Slot {
        self.map(x, map.into(), Some(residual))
    }

    fn map(&mut self, x: Slot, map: Linear, residual: Option<Slot>) -> Slot {
        let (out, inner) = (map.weight.rows(), map.weight.columns());
        assert_eq!(x.width(), inner, "a linear map of {inner} inputs");
        assert!(map.bias.is_none_or(|b| b.columns() == out), "a bias of another length than {out}");
        let y = self.output(x.sequences(), x.length(), out);
        assert!(residual.is_none_or(|r| (r.rows(), r.width()) == (y.rows(), out)), "a residual of another shape");
        self.run(Node { x, map, residual, y });
        y
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { x, map, residual, y } = self;
        let (rows, out, inner) = (y.rows(), y.width(), x.width());
        let bias = map.bias.map(|b| tape.weight(b));
        let weight = tape.weight(map.weight);
        let values = &mut tape.buffers.values;
        let mut sum = values.take(y);
        start(&mut sum, residual.map(|r| values.get(r)), bias);
        let add = residual.is_some() || bias.is_some();
        let x = Matrix::new(values.get(x), rows, inner);
        product(R::of(map.scale), x, Matrix::new(weight, out, inner).t(), &mut sum, out, add);
        values.put(y, sum);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { x, map, residual, y } = self;
        let Some(dy) = tape.buffers.gradients.take(y) else { return };
        let (rows, out, inner, scale) = (y.rows(), y.width(), x.width(), R::of(map.scale));
        let weight = Matrix::new(tape.weight(map.weight), out, inner);
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            if let Some(bias) = map.bias {
                add_columns(&mut gradient[bias.range()], &dy);
            }
            let values = Matrix::new(tape.buffers.values.get(x), rows, inner);
            let dw = &mut gradient[map.weight.range()];
            product(scale, Matrix::new(&dy, rows, out).t(), values, dw, inner, true);
        }
        let gradients = &mut tape.buffers.gradients;
        if let Some((dx, add)) = gradients.open(x) {
            product(scale, Matrix::new(&dy, rows, out), weight, dx, inner, add);
        }
        match residual {
            Some(residual) => gradients.pass_on(residual, dy),
            None => gradients.give(dy),
        }
    }
}

/// What the product adds to: residual, bias, both, or nothing (then it writes).
pub(super) fn start<R: Real>(sum: &mut [R], residual: Option<&[R]>, bias: Option<&[R]>) {
    if let Some(residual) = residual {
        sum.copy_from_slice(residual);
    }
    if let Some(bias) = bias {
        add_bias(sum, bias, residual.is_some());
    }
}

kernel! {
    fn add_bias<'a, R>(y: &'a mut [R], bias: &'a [R], add: bool) {
        for y in y.chunks_exact_mut(bias.len()) {
            for (y, &b) in y.iter_mut().zip(bias) {
                crate::simd::put(y, b, add);
            }
        }
    }
}

kernel! {
    /// sum += the sum of the rows of x
    pub(crate) fn add_columns<'a, R>(sum: &'a mut [R], x: &'a [R]) {
        for x in x.chunks_exact(sum.len()) {
            for (s, &x) in sum.iter_mut().zip(x) {
                *s += x;
            }
        }
    }
}

/// The naive reference: x `[rows, in]`, w `[out, in]`, b `[out]`, r `[rows, out]`.
pub fn naive(x: &[f64], w: &[f64], b: Option<&[f64]>, r: Option<&[f64]>, inner: usize, scale: f64) -> Vec<f64> {
    let (rows, out) = (x.len() / inner, w.len() / inner);
    let mut y = Vec::new();
    for i in 0..rows {
        for j in 0..out {
            let sum = scale * naive::dot(inner, |k| (x[i * inner + k], w[j * inner + k]));
            y.push(sum + b.map_or(0.0, |b| b[j]) + r.map_or(0.0, |r| r[i * out + j]));
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
        shape: [usize; 2],
        inner: usize,
        out: usize,
        bias: bool,
        residual: bool,
        scale: f64,
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            // Long inner dimensions cross the panels of the product.
            let inner = if d.one_in(40) { 500 + d.below(700) } else { d.size(1, 40) };
            let scale = if d.one_in(2) { 1.0 } else { 0.7 };
            let shape = [d.size(1, 3), d.size(1, 40)];
            Self { shape, inner, out: d.size(1, 40), bias: d.one_in(2), residual: d.one_in(2), scale }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let [b, t] = self.shape;
            let mut shapes = vec![[b, t, self.inner]];
            shapes.extend(self.residual.then_some([b, t, self.out]));
            shapes
        }
        fn params(&self) -> Vec<Vec<usize>> {
            let mut shapes = vec![vec![self.out, self.inner]];
            shapes.extend(self.bias.then_some(vec![self.out]));
            shapes
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            let map = Linear { weight: params[0], bias: params.get(1).copied(), scale: self.scale };
            match inputs {
                [x, r] => tape.linear_onto(*r, *x, map),
                _ => tape.linear(inputs[0], map),
            }
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            let (b, r) = (params.get(1).map(|v| &v[..]), inputs.get(1).map(|v| &v[..]));
            naive(&inputs[0], &params[0], b, r, self.inner, self.scale)
        }
    }
}
