//! What a fit minimises, and its derivatives, over all rows in blocks.

use crate::coordinates::Coordinates;
use crate::program::{BLOCK, Block, Program, Workspace, math};
use crate::search::Rows;

/// Whether residuals are taken on the logarithm of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// ln y - ln f: relative errors; all targets positive
    Log,
    /// y - f
    Raw,
}

/// Sum over rows of `weight * huber(residual / scale, delta)`; an infinite delta gives half the sum of squares.
///
/// Huber (1964): rho(r) = r^2/2 for |r| <= delta, delta (|r| - delta/2) beyond. The sum, not the mean: averaging made
/// optimisers stop early in the published fits (Besiroglu et al. 2024, arXiv 2404.10102).
#[derive(Debug)]
pub(crate) struct Objective<'a> {
    program: &'a Program,
    coordinates: &'a Coordinates,
    link: Link,
    pub(crate) delta: f64,
    target: Vec<Block>,
    weight: Vec<Block>,
    /// one over the scale of each row's residual
    inverse: Vec<Block>,
    work: Workspace,
    arch: pulp::Arch,
    theta: Vec<f64>,
    slopes: Vec<f64>,
    /// of the block at work
    residual: Block,
    /// gradient, then the Hessian's lower triangle row by row
    sums: Vec<Lanes>,
    /// scratch for [`Objective::median`]
    sizes: Vec<f64>,
}

/// Value, gradient and an approximate Hessian by the free coordinates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Derivatives {
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
    /// row-major, full
    pub(crate) hessian: Vec<f64>,
}

impl<'a> Objective<'a> {
    pub(crate) fn new(program: &'a Program, coordinates: &'a Coordinates, rows: &Rows) -> Self {
        let mut objective = Self {
            program,
            coordinates,
            link: rows.link,
            delta: f64::INFINITY,
            target: vec![Block::ZERO; program.blocks()],
            weight: vec![Block::ZERO; program.blocks()],
            inverse: vec![Block::ONES; program.blocks()],
            work: Workspace::new(program),
            arch: pulp::Arch::new(),
            theta: coordinates.template().to_vec(),
            slopes: vec![0.0; coordinates.len()],
            residual: Block::ZERO,
            sums: vec![Lanes::ZERO; coordinates.len() * (coordinates.len() + 3) / 2],
            sizes: Vec::new(),
        };
        objective.set_target(&rows.target);
        objective.set_weight(&rows.weight);
        objective.set_scale(&rows.scale);
        objective
    }

    /// Replaces the targets (in the link's scale: logarithms for [`Link::Log`]).
    pub(crate) fn set_target(&mut self, target: &[f64]) {
        scatter(target, &mut self.target);
    }

    /// Replaces the weights. Rows beyond the data keep weight 0.
    pub(crate) fn set_weight(&mut self, weight: &[f64]) {
        scatter(weight, &mut self.weight);
    }

    /// Replaces the scales that residuals are divided by.
    pub(crate) fn set_scale(&mut self, scale: &[f64]) {
        let inverse: Vec<f64> = scale.iter().map(|s| 1.0 / s).collect();
        scatter(&inverse, &mut self.inverse);
    }

    /// The objective at a point; infinite where the law has no value.
    pub(crate) fn value(&mut self, at: &[f64]) -> f64 {
        self.coordinates.theta(at, &mut self.theta);
        if !self.coordinates.in_order(&self.theta) {
            return f64::INFINITY;
        }
        self.work.set(self.program, &self.theta, false);
        let mut total = 0.0;
        for b in 0..self.program.blocks() {
            total += self.misfit(b);
        }
        if total.is_nan() { f64::INFINITY } else { total }
    }

    /// Block `b`'s share of the objective; its values and residuals stay in the buffers.
    fn misfit(&mut self, b: usize) -> f64 {
        self.work.forward(self.program, b);
        self.arch.dispatch(Misfit {
            link: self.link,
            delta: self.delta,
            target: &self.target[b],
            weight: &self.weight[b],
            inverse: &self.inverse[b],
            value: self.work.value(self.program),
            residual: &mut self.residual,
        })
    }

    /// Median absolute residual at a point, over rows that count.
    pub(crate) fn median(&mut self, at: &[f64]) -> f64 {
        self.coordinates.theta(at, &mut self.theta);
        self.work.set(self.program, &self.theta, false);
        self.sizes.clear();
        for b in 0..self.program.blocks() {
            self.misfit(b);
            let counted = self.residual.0.iter().zip(&self.weight[b].0).filter(|(_, w)| **w > 0.0);
            self.sizes.extend(counted.map(|(r, _)| r.abs()));
        }
        let middle = self.sizes.len() / 2;
        if self.sizes.is_empty() { 0.0 } else { *self.sizes.select_nth_unstable_by(middle, f64::total_cmp).1 }
    }

    /// The objective with its gradient and Gauss-Newton Hessian.
    ///
    /// A row outside delta contributes curvature `tail * delta / |r|`: with `tail` 1 this is iteratively reweighted least
    /// squares (safe, slow at the end), with `tail` near 0 it is Newton's method on Huber's function (fast at the end).
    pub(crate) fn derive(&mut self, at: &[f64], tail: f64, out: &mut Derivatives) {
        self.derive_below(f64::INFINITY, at, tail, out);
    }

    /// The same where the objective is at most `limit`; beyond it only a value beyond it. Rows only add to the
    /// objective, so a step that fails is given up at the block of rows that shows it.
    pub(crate) fn derive_below(&mut self, limit: f64, at: &[f64], tail: f64, out: &mut Derivatives) {
        self.coordinates.theta(at, &mut self.theta);
        self.coordinates.slopes(&self.theta, &mut self.slopes);
        let columns = self.coordinates.columns();
        let p = columns.len();
        out.gradient.resize(p, 0.0);
        out.hessian.resize(p * p, 0.0);
        if !self.coordinates.in_order(&self.theta) {
            out.value = f64::INFINITY;
            return;
        }
        out.value = 0.0;
        self.sums.fill(Lanes::ZERO);
        self.work.set(self.program, &self.theta, true);
        for b in 0..self.program.blocks() {
            out.value += self.misfit(b);
            if out.value.is_nan() {
                out.value = f64::INFINITY;
            }
            if out.value > limit {
                return;
            }
            self.work.backward(self.program, b);
            let (gradient, hessian) = self.sums.split_at_mut(p);
            self.arch.dispatch(Accumulate {
                link: self.link,
                delta: self.delta,
                tail,
                weight: &self.weight[b],
                inverse: &self.inverse[b],
                residual: &self.residual,
                value: self.work.value(self.program),
                work: &self.work,
                columns,
                gradient,
                hessian,
            });
        }
        let (gradient, hessian) = self.sums.split_at(p);
        for (slope, &j) in self.slopes.iter_mut().zip(columns) {
            *slope *= self.work.derivative(j).1;
        }
        for k in 0..p {
            out.gradient[k] = -self.slopes[k] * gradient[k].fold();
            for l in 0..=k {
                let sum = self.slopes[k] * self.slopes[l] * hessian[k * (k + 1) / 2 + l].fold();
                out.hessian[k * p + l] = sum;
                out.hessian[l * p + k] = sum;
            }
        }
    }
}

/// One block's share of the objective.
struct Misfit<'a> {
    link: Link,
    delta: f64,
    target: &'a Block,
    weight: &'a Block,
    inverse: &'a Block,
    value: &'a Block,
    residual: &'a mut Block,
}

impl pulp::WithSimd for Misfit<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
        residuals(self.link, self.target, self.value, self.inverse, self.residual);
        huber_sum(simd, self.residual, self.weight, self.delta)
    }
}

/// One block's share of the gradient and of the lower triangle of the Hessian, by parameters and before the factors of
/// [`Workspace::derivative`].
struct Accumulate<'a> {
    link: Link,
    delta: f64,
    tail: f64,
    weight: &'a Block,
    inverse: &'a Block,
    residual: &'a Block,
    value: &'a Block,
    work: &'a Workspace,
    columns: &'a [usize],
    gradient: &'a mut [Lanes],
    hessian: &'a mut [Lanes],
}

impl pulp::WithSimd for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Self { link, delta, tail, weight, inverse, residual, value, work, columns, gradient, hessian } = self;
        let (mut psi, mut curve, mut scaled) = (Block::ZERO, Block::ZERO, Block::ZERO);
        influence(residual, weight, delta, tail, &mut psi, &mut curve);
        // Derivatives of residuals are the law's over the row's scale and, because d ln f = df / f, over its value: folded
        // into the row factors.
        for i in 0..BLOCK {
            let inverse = if link == Link::Log { inverse.0[i] / value.0[i] } else { inverse.0[i] };
            psi.0[i] *= inverse;
            curve.0[i] *= inverse * inverse;
        }
        for (k, &j) in columns.iter().enumerate() {
            let column = work.derivative(j).0;
            gradient[k].add_dot(simd, &psi, column);
            for i in 0..BLOCK {
                scaled.0[i] = curve.0[i] * column.0[i];
            }
            for (sum, &m) in hessian[k * (k + 1) / 2..][..=k].iter_mut().zip(columns) {
                sum.add_dot(simd, &scaled, work.derivative(m).0);
            }
        }
    }
}

/// Copies rows into blocks; what lies beyond them stays 0.
fn scatter(rows: &[f64], blocks: &mut [Block]) {
    for (block, part) in blocks.iter_mut().zip(rows.chunks(BLOCK)) {
        block.0[..part.len()].copy_from_slice(part);
    }
}

#[inline(always)]
fn residuals(link: Link, target: &Block, value: &Block, inverse: &Block, out: &mut Block) {
    match link {
        Link::Log => {
            for i in 0..BLOCK {
                out.0[i] = (target.0[i] - math::ln(value.0[i])) * inverse.0[i];
            }
        }
        Link::Raw => {
            for i in 0..BLOCK {
                out.0[i] = (target.0[i] - value.0[i]) * inverse.0[i];
            }
        }
    }
}

/// Huber's function of one residual.
#[inline(always)]
pub(crate) fn huber(r: f64, delta: f64) -> f64 {
    let a = r.abs();
    let inside = a.min(delta);
    // inside^2/2 + delta (a - inside), without infinity times 0 for an infinite delta
    let beyond = a - inside;
    let tail = if beyond > 0.0 { delta * beyond } else { 0.0 };
    (0.5 * inside).mul_add(inside, tail)
}

#[inline(always)]
fn huber_sum<S: pulp::Simd>(simd: S, residual: &Block, weight: &Block, delta: f64) -> f64 {
    let mut each = Block::ZERO;
    for i in 0..BLOCK {
        let rho = huber(residual.0[i], delta);
        // The padding beyond the rows has weight 0, whatever the law is there.
        each.0[i] = if weight.0[i] == 0.0 { 0.0 } else { weight.0[i] * rho };
    }
    let mut sum = Lanes::ZERO;
    sum.add_dot(simd, &each, &Block::ONES);
    sum.fold()
}

#[inline(always)]
fn influence(residual: &Block, weight: &Block, delta: f64, tail: f64, psi: &mut Block, curve: &mut Block) {
    for i in 0..BLOCK {
        let (r, w) = (residual.0[i], weight.0[i]);
        let a = r.abs();
        let clipped = r.max(-delta).min(delta);
        let far = if a > delta { tail * delta / a } else { 1.0 };
        psi.0[i] = if w == 0.0 { 0.0 } else { w * clipped };
        curve.0[i] = if w == 0.0 { 0.0 } else { w * far };
    }
}

/// Lanes of a sum: fixed, so that its bits do not depend on the machine's vector width.
const LANES: usize = 16;

/// A sum in [`LANES`] parts: row i of a block goes to part i modulo [`LANES`].
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Lanes([f64; LANES]);

impl Lanes {
    const ZERO: Self = Self([0.0; LANES]);

    /// Adds the products of two blocks. By explicit vectors: left to itself the compiler takes the lanes apart.
    #[inline(always)]
    fn add_dot<S: pulp::Simd>(&mut self, simd: S, a: &Block, b: &Block) {
        let (sums, (a, _), (b, _)) = (S::as_mut_simd_f64s(&mut self.0).0, S::as_simd_f64s(&a.0), S::as_simd_f64s(&b.0));
        let vectors = LANES / S::F64_LANES;
        for g in 0..vectors {
            let mut sum = sums[g];
            for i in 0..BLOCK / LANES {
                sum = simd.mul_add_f64s(a[i * vectors + g], b[i * vectors + g], sum);
            }
            sums[g] = sum;
        }
    }

    #[inline(always)]
    fn fold(&self) -> f64 {
        let mut lanes = self.0;
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
            half /= 2;
        }
        lanes[0]
    }
}
