//! Pictures as tokens (Dosovitskiy et al. 2021, arXiv 2010.11929, eq. 1): a picture is cut into square patches, row after row,
//! and each goes through one linear map: y_k = scale W vec(patch_k) + b.
//!
//! x is `[pictures, channels x height, width]`, W `[out, channels x p x p]`, y `[pictures, patches, out]`; inside of a patch come
//! its channels, then its rows. That is a convolution whose stride is its width.
//!
//! dW = scale sum_k dy_k vec(patch_k)^T, db = sum_k dy_k, and d vec(patch_k) = scale W^T dy_k, each pixel being in one patch.

use super::Op;
use super::linear::{Linear, add_columns, start};
use crate::buffers::Buffer;
use crate::simd::put;
use crate::{Matrix, Real, Slot, Tape, naive, product};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    x: Slot,
    grid: Grid,
    map: Linear,
    y: Slot,
}

/// How a picture is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grid {
    channels: usize,
    height: usize,
    width: usize,
    /// pixels of a side
    patch: usize,
}

impl<R: Real> Tape<'_, R> {
    /// The patches of pictures of so many channels, `patch` pixels wide and high, each through one map: `[pictures, patches, out]`.
    ///
    /// # Panics
    /// If pictures are not whole channels, or not whole patches, or the map takes no such patch.
    pub fn patch_embed(&mut self, x: Slot, channels: usize, patch: usize, map: impl Into<Linear>) -> Slot {
        let map = map.into();
        assert!(x.length().is_multiple_of(channels), "{} rows of pixels are not {channels} channels", x.length());
        let grid = Grid { channels, height: x.length() / channels, width: x.width(), patch };
        let Grid { height, width, .. } = grid;
        assert!(
            height.is_multiple_of(patch) && width.is_multiple_of(patch),
            "{width} x {height} in patches of {patch}"
        );
        assert_eq!(map.weight.columns(), grid.inner(), "a map of {} numbers", map.weight.columns());
        let y = self.output(x.sequences(), grid.patches(), map.weight.rows());
        self.run(Node { x, grid, map, y });
        y
    }
}

impl Grid {
    fn patches(self) -> usize {
        (self.height / self.patch) * (self.width / self.patch)
    }

    /// Numbers of a patch.
    fn inner(self) -> usize {
        self.channels * self.patch * self.patch
    }

    /// Where the runs of a patch's pixels begin in a picture: for each run that place, its number in the patch being its own.
    fn runs(self, number: usize) -> impl Iterator<Item = usize> {
        let Self { channels, height, width, patch } = self;
        let across = width / patch;
        let corner = number / across * patch * width + number % across * patch;
        (0..channels * patch).map(move |run| (run / patch) * height * width + run % patch * width + corner)
    }

    /// Pictures to patches, `[pictures x patches, inner]`.
    fn cut<R: Real>(self, x: &[R], patches: &mut [R]) {
        let pixels = self.channels * self.height * self.width;
        let each = x.chunks_exact(pixels).zip(patches.chunks_exact_mut(self.patches() * self.inner()));
        for (picture, patches) in each {
            for (number, patch) in patches.chunks_exact_mut(self.inner()).enumerate() {
                for (to, from) in patch.chunks_exact_mut(self.patch).zip(self.runs(number)) {
                    to.copy_from_slice(&picture[from..from + self.patch]);
                }
            }
        }
    }

    /// Patches back to where they were cut.
    fn join<R: Real>(self, patches: &[R], x: &mut [R], add: bool) {
        let pixels = self.channels * self.height * self.width;
        let each = x.chunks_exact_mut(pixels).zip(patches.chunks_exact(self.patches() * self.inner()));
        for (picture, patches) in each {
            for (number, patch) in patches.chunks_exact(self.inner()).enumerate() {
                for (from, to) in patch.chunks_exact(self.patch).zip(self.runs(number)) {
                    picture[to..to + self.patch].iter_mut().zip(from).for_each(|(x, &g)| put(x, g, add));
                }
            }
        }
    }
}

impl Node {
    /// The patches of all pictures, in room that is to be given back.
    fn cut<R: Real>(self, tape: &mut Tape<R>) -> Buffer<R> {
        let mut patches = tape.buffers.gradients.scratch(self.y.rows() * self.grid.inner());
        self.grid.cut(tape.buffers.values.get(self.x), &mut patches);
        patches
    }
}

impl Op for Node {
    fn forward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { grid, map, y, .. } = self;
        let (rows, out, inner) = (y.rows(), y.width(), grid.inner());
        let patches = self.cut(tape);
        let bias = map.bias.map(|b| tape.weight(b));
        let weight = Matrix::new(tape.weight(map.weight), out, inner);
        let mut sum = tape.buffers.values.take(y);
        start(&mut sum, None, bias);
        product(R::of(map.scale), Matrix::new(&patches, rows, inner), weight.t(), &mut sum, out, bias.is_some());
        tape.buffers.values.put(y, sum);
        tape.buffers.gradients.give(patches);
    }

    fn backward<R: Real>(self, tape: &mut Tape<R>) {
        let Self { x, grid, map, y } = self;
        let Some(dy) = tape.buffers.gradients.take(y) else { return };
        let (rows, out, inner, scale) = (y.rows(), y.width(), grid.inner(), R::of(map.scale));
        let mut patches = self.cut(tape);
        let weight = Matrix::new(tape.weight(map.weight), out, inner);
        if let Some(gradient) = tape.gradient.as_deref_mut() {
            if let Some(bias) = map.bias {
                add_columns(&mut gradient[bias.range()], &dy);
            }
            let dw = &mut gradient[map.weight.range()];
            product(scale, Matrix::new(&dy, rows, out).t(), Matrix::new(&patches, rows, inner), dw, inner, true);
        }
        let gradients = &mut tape.buffers.gradients;
        if let Some((dx, add)) = gradients.open(x) {
            product(scale, Matrix::new(&dy, rows, out), weight, &mut patches, inner, false);
            grid.join(&patches, dx, add);
        }
        [patches, dy].into_iter().for_each(|b| gradients.give(b));
    }
}

/// The naive reference: x `[pictures, channels, height, width]`, w `[out, channels, p, p]`, b `[out]`.
pub fn naive(
    x: &[f64],
    w: &[f64],
    b: Option<&[f64]>,
    [channels, height, width]: [usize; 3],
    patch: usize,
    scale: f64,
) -> Vec<f64> {
    let inner = channels * patch * patch;
    let mut y = Vec::new();
    for picture in x.chunks(channels * height * width) {
        for top in (0..height).step_by(patch) {
            for left in (0..width).step_by(patch) {
                for (out, w) in w.chunks(inner).enumerate() {
                    let sum = naive::dot(inner, |i| {
                        let (channel, row, column) = (i / (patch * patch), i / patch % patch, i % patch);
                        (picture[(channel * height + top + row) * width + left + column], w[i])
                    });
                    y.push(scale * sum + b.map_or(0.0, |b| b[out]));
                }
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
        pictures: usize,
        channels: usize,
        /// patches down and across
        patches: [usize; 2],
        patch: usize,
        out: usize,
        bias: bool,
        scale: f64,
    }

    impl Case {
        fn sides(&self) -> [usize; 2] {
            self.patches.map(|n| n * self.patch)
        }
    }

    impl Conformance for Case {
        fn draw(d: &mut Draw) -> Self {
            let (pictures, channels, patch, out) = (d.size(1, 4), d.size(1, 3), d.size(1, 5), d.size(1, 20));
            let patches = [d.size(1, 4), d.size(1, 4)];
            let scale = if d.one_in(2) { 1.0 } else { 0.7 };
            Self { pictures, channels, patches, patch, out, bias: d.one_in(2), scale }
        }
        fn inputs(&self) -> Vec<[usize; 3]> {
            let [height, width] = self.sides();
            vec![[self.pictures, self.channels * height, width]]
        }
        fn params(&self) -> Vec<Vec<usize>> {
            let mut shapes = vec![vec![self.out, self.channels * self.patch * self.patch]];
            shapes.extend(self.bias.then_some(vec![self.out]));
            shapes
        }
        fn fast<R: Real>(&self, tape: &mut Tape<R>, inputs: &[Slot], params: &[Param]) -> Slot {
            let map = Linear { weight: params[0], bias: params.get(1).copied(), scale: self.scale };
            tape.patch_embed(inputs[0], self.channels, self.patch, map)
        }
        fn naive(&self, inputs: &[Vec<f64>], params: &[Vec<f64>]) -> Vec<f64> {
            let ([height, width], bias) = (self.sides(), params.get(1).map(|b| &b[..]));
            naive(&inputs[0], &params[0], bias, [self.channels, height, width], self.patch, self.scale)
        }
    }
}
