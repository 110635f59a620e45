//! Muon (Jordan et al. 2024, <https://kellerjordan.github.io/posts/muon/>) for each part of a matrix, with the scale of
//! Liu et al. 2025 (arXiv 2502.16982, eq. 4), under which an update has the root mean square of AdamW's, so that one
//! learning rate serves both:
//!
//! m <- mu m + (1 - mu) g; u = (1 - mu) g + mu m; O = NewtonSchulz5(u);
//! p <- p (1 - lr wd) - lr 0.2 sqrt(max(rows, columns)) O
//!
//! NewtonSchulz5 drives the singular values of X = u / (||u||_F + 1e-7) towards 1 and leaves its singular vectors: five
//! times X <- a X + (b A + c A^2) X with A = X X^T. We multiply by a I + b A + c A^2 at once, on the right with
//! A = X^T X where there are more rows than columns: the same result on the shorter side, and nothing is transposed.

use super::{Flat, Group, Pace, Rule, both};
use crate::product::{Matrix, product};
use crate::simd::{dot, kernel};
use crate::{Params, Real};

/// Coefficients a, b, c of the iteration: the steepest at 0 that end near enough to 1 (Jordan et al. 2024).
const COEFFICIENTS: [f64; 3] = [3.4445, -4.7750, 2.0315];
/// Iterations: odd, as they go from the scratch to the state and back.
const ITERATIONS: usize = 5;
/// Added to the norm, so that a gradient of 0 has the direction 0.
const EPS: f64 = 1e-7;
/// The root mean square of AdamW's updates, about, in learning rates (Liu et al. 2025, section 2.2).
const ADAMW_RMS: f64 = 0.2;
/// The most lanes, and so the most threads that can help. Each has scratch for the largest matrix in it.
const LANES: usize = 8;

/// A part of a matrix that is made orthogonal on its own.
#[derive(Clone, Copy, Debug)]
struct Part {
    offset: usize,
    rows: usize,
    columns: usize,
    group: usize,
}

impl Part {
    fn elements(self) -> usize {
        self.rows * self.columns
    }

    fn side(self) -> usize {
        self.rows.min(self.columns)
    }

    /// Multiply-adds of one iteration.
    fn cost(self) -> usize {
        self.side() * self.side() * (2 * self.rows.max(self.columns) + self.side())
    }

    /// Room for X, A and its polynomial.
    fn scratch(self) -> usize {
        self.elements() + 2 * self.side() * self.side()
    }
}

/// Parts that lie behind one another and are moved one after the other in the same scratch, by one thread.
#[derive(Clone, Debug)]
pub(super) struct Lane<R> {
    parts: Vec<Part>,
    scratch: Vec<R>,
}

impl<R> Lane<R> {
    /// Numbers of scratch.
    pub(super) fn len(&self) -> usize {
        self.scratch.len()
    }
}

/// The parts of all matrices whose groups are Muon's, in lanes of about as much work.
///
/// # Panics
/// If there is a vector among them.
pub(super) fn lanes<R: Real>(params: &Params<R>, groups: &[Group]) -> Vec<Lane<R>> {
    let mut parts: Vec<Part> = Vec::new();
    for entry in params.entries().iter().filter(|entry| groups[entry.group].rule == Rule::Muon) {
        let mut offset = entry.param.range().start;
        for &rows in &entry.parts {
            let part = Part { offset, rows, columns: entry.param.columns(), group: entry.group };
            assert!(
                part.side() > 1,
                "Muon moves matrices, and in its group {} is {} with a part of {rows} x {}: give it to a group of AdamW",
                entry.group,
                entry.name,
                part.columns
            );
            offset += part.elements();
            parts.push(part);
        }
    }
    let all: usize = parts.iter().map(|part| part.cost()).sum();
    let mut before = 0;
    let number = |part: &Part| {
        // Where the middle of its work lies in that of all.
        let number = (2 * before + part.cost()) * LANES / (2 * all);
        before += part.cost();
        number
    };
    let numbers: Vec<usize> = parts.iter().map(number).collect();
    let lane = |number: usize| {
        let of = |(part, own): (&Part, &usize)| (*own == number).then_some(*part);
        let parts: Vec<Part> = parts.iter().zip(&numbers).filter_map(of).collect();
        let scratch = vec![R::ZERO; parts.iter().map(|part| part.scratch()).max().unwrap_or(0)];
        Lane { parts, scratch }
    };
    (0..LANES).map(lane).filter(|lane| !lane.parts.is_empty()).collect()
}

/// Moves the matrices whose groups are Muon's.
pub(super) fn update<R: Real>(mut flat: Flat<R>, lanes: &mut [Lane<R>], momentum: f64, pace: Pace) {
    match lanes {
        [] => (),
        [Lane { parts, scratch }] => {
            for part in parts {
                let places = part.offset..part.offset + part.elements();
                descend(*part, flat.part(places), scratch, momentum, pace);
            }
        }
        _ => {
            let (left, right) = lanes.split_at_mut(lanes.len() / 2);
            let (before, behind) = flat.split_at(right[0].parts[0].offset);
            let left = || update(before, left, momentum, pace);
            both(pace.parallel, left, || update(behind, right, momentum, pace));
        }
    }
}

/// Moves one part. The direction ends in the second state.
fn descend<R: Real>(part: Part, flat: Flat<R>, scratch: &mut [R], momentum: f64, pace: Pace) {
    let Part { rows, columns, group, .. } = part;
    let Group { lr, weight_decay, .. } = pace.groups[group];
    let lr = pace.lr * lr;
    let (x, scratch) = scratch.split_at_mut(part.elements());
    let (square, scratch) = scratch.split_at_mut(part.side() * part.side());
    let polynomial = &mut scratch[..square.len()];
    let (mu, rest) = (R::of(momentum), R::of(1.0 - momentum));
    let norm = nesterov(flat.gradient, flat.first, x, columns, [R::of(pace.clip), mu, rest]).sqrt();
    multiply(x, R::of(1.0 / (norm + EPS)));
    let (mut from, mut to) = (x, flat.second);
    const { assert!(ITERATIONS % 2 == 1, "the direction ends in the second state") };
    for _ in 0..ITERATIONS {
        iterate(from, to, [rows, columns], square, polynomial);
        (from, to) = (to, from);
    }
    let by = lr * ADAMW_RMS * (rows.max(columns) as f64).sqrt();
    shift(flat.weights, from, R::of(1.0 - lr * weight_decay), R::of(by));
}

/// One step of Newton and Schulz: `to` = p(A) X on the shorter side.
fn iterate<R: Real>(x: &[R], to: &mut [R], [rows, columns]: [usize; 2], square: &mut [R], polynomial: &mut [R]) {
    let [a, b, c] = COEFFICIENTS.map(R::of);
    let (side, wide) = (rows.min(columns), rows <= columns);
    let x = Matrix::new(x, rows, columns);
    let (left, right) = if wide { (x, x.t()) } else { (x.t(), x) };
    product(R::ONE, left, right, square, side, false);
    linear(square, polynomial, side, [a, b]);
    let square = Matrix::new(square, side, side);
    product(c, square, square, polynomial, side, true);
    let polynomial = Matrix::new(polynomial, side, side);
    let (left, right) = if wide { (polynomial, x) } else { (x, polynomial) };
    product(R::ONE, left, right, to, columns, false);
}

kernel! {
    /// The momentum, and what Nesterov makes of it; the sum of the squares of the latter, row by row.
    fn nesterov<'a, R>(g: &'a [R], m: &'a mut [R], u: &'a mut [R], columns: usize, rates: [R; 3]) -> f64 {
        let [clip, mu, rest] = rates;
        let mut squares = 0.0;
        for ((g, m), u) in g.chunks(columns).zip(m.chunks_mut(columns)).zip(u.chunks_mut(columns)) {
            for ((&g, m), u) in g.iter().zip(m).zip(&mut *u) {
                let g = rest * (g * clip);
                *m = mu.mul_add(*m, g);
                *u = mu.mul_add(*m, g);
            }
            squares += dot(u, u).to_f64();
        }
        squares
    }
}

kernel! {
    /// x <- x by
    fn multiply<'a, R>(x: &'a mut [R], by: R) {
        for x in x {
            *x *= by;
        }
    }
}

kernel! {
    /// y = a I + b x, square matrices
    fn linear<'a, R>(x: &'a [R], y: &'a mut [R], side: usize, coefficients: [R; 2]) {
        let [a, b] = coefficients;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = b * x;
        }
        for y in y.iter_mut().step_by(side + 1) {
            *y += a;
        }
    }
}

kernel! {
    /// p <- p keep - by o
    fn shift<'a, R>(p: &'a mut [R], o: &'a [R], keep: R, by: R) {
        for (p, &o) in p.iter_mut().zip(o) {
            *p = *p * keep - by * o;
        }
    }
}
