//! What a fit minimises, and its derivatives, over all rows in blocks.

use crate::coordinates::Coordinates;
use crate::program::{BLOCK, Block, Program, Workspace, math};

/// Whether residuals are taken on the logarithm of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// ln y - ln f: relative errors; all targets positive
    Log,
    /// y - f
    Raw,
}

/// Sum over rows of `weight * huber(residual, delta)`; an infinite delta gives half the sum of squares.
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
    work: Workspace,
    arch: pulp::Arch,
    theta: Vec<f64>,
    slopes: Vec<f64>,
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
    pub(crate) fn new(program: &'a Program, coordinates: &'a Coordinates, link: Link, target: &[f64], weight: &[f64]) -> Self {
        let mut objective = Self {
            program,
            coordinates,
            link,
            delta: f64::INFINITY,
            target: vec![Block::ZERO; program.blocks()],
            weight: vec![Block::ZERO; program.blocks()],
            work: Workspace::new(program),
            arch: pulp::Arch::new(),
            theta: coordinates.template().to_vec(),
            slopes: vec![0.0; coordinates.len()],
        };
        objective.set_target(target);
        objective.set_weight(weight);
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

    /// The objective at a point; infinite where the law has no value.
    pub(crate) fn value(&mut self, at: &[f64]) -> f64 {
        self.coordinates.theta(at, &mut self.theta);
        self.arch.dispatch(Value(self))
    }

    /// The objective with its gradient and Gauss-Newton Hessian.
    ///
    /// A row outside delta contributes curvature `tail * delta / |r|`: with `tail` 1 this is iteratively reweighted least
    /// squares (safe, slow at the end), with `tail` near 0 it is Newton's method on Huber's function (fast at the end).
    pub(crate) fn derive(&mut self, at: &[f64], tail: f64, out: &mut Derivatives) {
        self.coordinates.theta(at, &mut self.theta);
        self.coordinates.slopes(at, &mut self.slopes);
        let p = self.coordinates.len();
        out.gradient.clear();
        out.gradient.resize(p, 0.0);
        out.hessian.clear();
        out.hessian.resize(p * p, 0.0);
        self.arch.dispatch(Derive { objective: self, tail, out });
        for k in 0..p {
            out.gradient[k] *= self.slopes[k];
            for l in 0..=k {
                out.hessian[k * p + l] *= self.slopes[k] * self.slopes[l];
                out.hessian[l * p + k] = out.hessian[k * p + l];
            }
        }
    }
}

/// The work of [`Objective::value`]: a type of its own because a closure may escape inlining, and what is not inlined
/// is compiled for the oldest machine.
struct Value<'b, 'a>(&'b mut Objective<'a>);

impl pulp::WithSimd for Value<'_, '_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> f64 {
        let Objective { program, link, delta, target, weight, work, theta, .. } = self.0;
        work.set(program, theta, false);
        let mut total = 0.0;
        let mut residual = Block::ZERO;
        for b in 0..program.blocks() {
            work.forward(program, b);
            residuals(*link, &target[b], work.value(program), &mut residual);
            total += huber_sum(&residual, &weight[b], *delta);
        }
        if total.is_nan() { f64::INFINITY } else { total }
    }
}

/// The work of [`Objective::derive`], by parameters; the caller changes to coordinates.
struct Derive<'b, 'a> {
    objective: &'b mut Objective<'a>,
    tail: f64,
    out: &'b mut Derivatives,
}

impl pulp::WithSimd for Derive<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Objective { program, coordinates, link, delta, target, weight, work, theta, .. } = self.objective;
        let Derivatives { value, gradient, hessian } = self.out;
        let columns = coordinates.columns();
        let p = columns.len();
        work.set(program, theta, true);
        let mut total = 0.0;
        let (mut residual, mut psi, mut curve) = (Block::ZERO, Block::ZERO, Block::ZERO);
        let mut scaled = Block::ZERO;
        for b in 0..program.blocks() {
            work.forward(program, b);
            work.backward(program, b);
            residuals(*link, &target[b], work.value(program), &mut residual);
            total += huber_sum(&residual, &weight[b], *delta);
            influence(&residual, &weight[b], *delta, self.tail, &mut psi, &mut curve);
            if *link == Link::Log {
                // d ln f = df / f, folded into the row factors.
                let f = work.value(program);
                for i in 0..BLOCK {
                    let inverse = 1.0 / f.0[i];
                    psi.0[i] *= inverse;
                    curve.0[i] *= inverse * inverse;
                }
            }
            for (k, &j) in columns.iter().enumerate() {
                let column = &work.jacobian[j];
                gradient[k] -= dot(&psi, column);
                for i in 0..BLOCK {
                    scaled.0[i] = curve.0[i] * column.0[i];
                }
                for (l, &m) in columns[..=k].iter().enumerate() {
                    hessian[k * p + l] += dot(&scaled, &work.jacobian[m]);
                }
            }
        }
        *value = if total.is_nan() { f64::INFINITY } else { total };
    }
}

/// Copies rows into blocks; what lies beyond them stays 0.
fn scatter(rows: &[f64], blocks: &mut [Block]) {
    for (block, part) in blocks.iter_mut().zip(rows.chunks(BLOCK)) {
        block.0[..part.len()].copy_from_slice(part);
    }
}

#[inline(always)]
fn residuals(link: Link, target: &Block, value: &Block, out: &mut Block) {
    match link {
        Link::Log => {
            for i in 0..BLOCK {
                out.0[i] = target.0[i] - math::ln(value.0[i]);
            }
        }
        Link::Raw => {
            for i in 0..BLOCK {
                out.0[i] = target.0[i] - value.0[i];
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
fn huber_sum(residual: &Block, weight: &Block, delta: f64) -> f64 {
    let mut each = Block::ZERO;
    for i in 0..BLOCK {
        let rho = huber(residual.0[i], delta);
        // The padding beyond the rows has weight 0, whatever the law is there.
        each.0[i] = if weight.0[i] == 0.0 { 0.0 } else { weight.0[i] * rho };
    }
    sum(&each)
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
const LANES: usize = 32;

#[inline(always)]
fn sum(a: &Block) -> f64 {
    let mut lanes = [0.0; LANES];
    for chunk in a.0.chunks_exact(LANES) {
        for i in 0..LANES {
            lanes[i] += chunk[i];
        }
    }
    fold(lanes)
}

#[inline(always)]
fn dot(a: &Block, b: &Block) -> f64 {
    let mut lanes = [0.0; LANES];
    for (x, y) in a.0.chunks_exact(LANES).zip(b.0.chunks_exact(LANES)) {
        for i in 0..LANES {
            lanes[i] = x[i].mul_add(y[i], lanes[i]);
        }
    }
    fold(lanes)
}

#[inline(always)]
fn fold(mut lanes: [f64; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}
