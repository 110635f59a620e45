//! Levenberg-Marquardt on Huber's objective, to a tight gradient.

use crate::objective::{Derivatives, Objective};

/// Where a descent ended.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    pub(crate) at: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) converged: bool,
    pub(crate) iterations: usize,
    /// sqrt(g' H^-1 g / value) over the coordinates that are not at a bound: 0 at an exact optimum
    pub(crate) decrement: f64,
}

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) iterations: usize,
    /// stop once the predicted gain of a full step is below this share of the objective
    pub(crate) tolerance: f64,
    /// then take full Newton steps until the gradient is rounding
    pub(crate) polish: bool,
}

impl Effort {
    /// For every start: until the objective has no digits left to gain.
    pub(crate) const TIGHT: Self = Self { iterations: 500, tolerance: 1e-15, polish: false };
    /// The same, and then until the gradient is rounding: for the few optima that are reported.
    pub(crate) const POLISH: Self = Self { polish: true, ..Self::TIGHT };
    /// For bootstrap refits: the error is far below the spread of the draws.
    pub(crate) const DRAW: Self = Self { iterations: 100, tolerance: 1e-9, polish: false };
    /// For following an optimum while delta falls.
    pub(crate) const GLIMPSE: Self = Self { iterations: 30, tolerance: 1e-2, polish: false };
    /// For sorting starts into basins.
    pub(crate) const SKETCH: Self = Self { iterations: 40, tolerance: 1e-6, polish: false };
}

/// Least curvature that rows outside delta keep, as a share of reweighted least squares'.
const LEAST_TAIL: f64 = 1e-4;

/// Buffers of a descent, reused between descents.
#[derive(Debug, Default)]
pub(crate) struct Solver {
    here: Derivatives,
    there: Derivatives,
    matrix: Vec<f64>,
    step: Vec<f64>,
    trial: Vec<f64>,
    moving: Vec<usize>,
}

impl Solver {
    /// Minimises from `start` (inside the bounds).
    ///
    /// The damping follows Marquardt; the weight of rows outside delta (see [`Objective::derive`]) falls while steps
    /// succeed, so that the descent begins as reweighted least squares and ends as Newton's method.
    pub(crate) fn minimise(
        &mut self,
        objective: &mut Objective<'_>,
        start: &[f64],
        bounds: impl Fn(usize) -> (f64, f64),
        effort: Effort,
    ) -> Solution {
        let p = start.len();
        let mut at = start.to_vec();
        let (mut damping, mut tail) = (1e-3, 0.25);
        let mut rejected = 0;
        objective.derive(&at, tail, &mut self.here);
        let mut decrement = f64::INFINITY;
        for iteration in 0..effort.iterations {
            let value = self.here.value;
            if !value.is_finite() {
                return Solution { at, value, converged: false, iterations: iteration, decrement };
            }
            self.moving.clear();
            for k in 0..p {
                let (lower, upper) = bounds(k);
                let g = self.here.gradient[k];
                let held = (at[k] <= lower && g >= 0.0) || (at[k] >= upper && g <= 0.0);
                if !held {
                    self.moving.push(k);
                }
            }
            let gain = self.newton_step(p, damping);
            let Some(gain) = gain else {
                damping = (damping * 10.0).max(1e-6);
                rejected += 1;
                if rejected > 40 {
                    return Solution { at, value, converged: false, iterations: iteration, decrement };
                }
                continue;
            };
            decrement = (2.0 * gain / value.max(f64::MIN_POSITIVE)).sqrt();
            // With heavy damping a small predicted gain says nothing about the optimum.
            if (gain <= effort.tolerance * value && damping <= 1e-2) || value < 1e-31 || self.moving.is_empty() {
                if effort.polish {
                    decrement = self.polish(objective, &mut at, &bounds).unwrap_or(decrement);
                }
                return Solution { at, value: self.here.value, converged: true, iterations: iteration, decrement };
            }
            self.trial.clear();
            self.trial.extend_from_slice(&at);
            for (&k, d) in self.moving.iter().zip(&self.step) {
                let (lower, upper) = bounds(k);
                self.trial[k] = (at[k] + d).clamp(lower, upper);
            }
            objective.derive_below(value, &self.trial, tail, &mut self.there);
            let next = self.there.value;
            if next < value {
                let ratio = (value - next) / gain;
                damping = if ratio > 0.5 {
                    damping * 0.1
                } else if ratio > 0.1 {
                    damping * 0.5
                } else {
                    damping * 2.0
                };
                damping = damping.max(1e-14);
                tail = (tail * if ratio > 0.25 { 0.25 } else { 1.0 }).max(LEAST_TAIL);
                rejected = 0;
                std::mem::swap(&mut at, &mut self.trial);
                std::mem::swap(&mut self.here, &mut self.there);
            } else {
                rejected += 1;
                // No descent along any damped step: the arithmetic has no more digits, or the model is wrong here.
                if rejected > 30 || (gain <= 1e-13 * value && rejected > 3) {
                    let converged = gain <= 1e-10 * value;
                    if converged && effort.polish {
                        decrement = self.polish(objective, &mut at, &bounds).unwrap_or(decrement);
                    }
                    return Solution { at, value: self.here.value, converged, iterations: iteration, decrement };
                }
                damping *= 6.0;
                // Most often a shorter step is enough; another tail costs an evaluation here.
                if tail < 1.0 && rejected % 2 == 0 {
                    tail = (tail * 16.0).min(1.0);
                    objective.derive(&at, tail, &mut self.here);
                }
            }
        }
        Solution { at, value: self.here.value, converged: false, iterations: effort.iterations, decrement }
    }

    /// Full Newton steps while the gradient falls: below a gain of 1e-15 the objective has no digits left to compare, but
    /// the gradient has. Returns the last decrement.
    fn polish(
        &mut self,
        objective: &mut Objective<'_>,
        at: &mut Vec<f64>,
        bounds: &impl Fn(usize) -> (f64, f64),
    ) -> Option<f64> {
        let p = at.len();
        objective.derive(at, LEAST_TAIL, &mut self.here);
        let mut gain = self.newton_step(p, 0.0)?;
        for _ in 0..12 {
            self.trial.clear();
            self.trial.extend_from_slice(at);
            for (&k, d) in self.moving.iter().zip(&self.step) {
                let (lower, upper) = bounds(k);
                self.trial[k] = (at[k] + d).clamp(lower, upper);
            }
            objective.derive(&self.trial, LEAST_TAIL, &mut self.there);
            std::mem::swap(&mut self.here, &mut self.there);
            let next = self.newton_step(p, 0.0).filter(|next| *next < gain);
            let (Some(next), true) = (next, self.here.value <= self.there.value * (1.0 + 1e-12)) else {
                std::mem::swap(&mut self.here, &mut self.there);
                break;
            };
            gain = next;
            std::mem::swap(at, &mut self.trial);
        }
        Some((2.0 * gain / self.here.value.max(f64::MIN_POSITIVE)).sqrt())
    }

    /// Solves (H + damping diag H) step = -g over the moving coordinates; returns the predicted gain, g'H^-1g / 2.
    fn newton_step(&mut self, p: usize, damping: f64) -> Option<f64> {
        let m = self.moving.len();
        let Derivatives { gradient, hessian, .. } = &self.here;
        let largest = self.moving.iter().map(|&k| hessian[k * p + k]).fold(0.0, f64::max);
        self.matrix.clear();
        for &k in &self.moving {
            for &l in &self.moving {
                let h = hessian[k * p + l];
                self.matrix.push(if k == l { h + damping * h.max(1e-12 * largest) + 1e-300 } else { h });
            }
        }
        self.step.clear();
        self.step.extend(self.moving.iter().map(|&k| -gradient[k]));
        if !cholesky(&mut self.matrix, m) {
            return None;
        }
        solve_lower(&self.matrix, m, &mut self.step);
        let gain = 0.5 * self.step.iter().map(|x| x * x).sum::<f64>();
        solve_upper(&self.matrix, m, &mut self.step);
        gain.is_finite().then_some(gain)
    }
}

/// Factors a symmetric positive definite matrix in place (lower triangle); false if it is not.
pub(crate) fn cholesky(a: &mut [f64], n: usize) -> bool {
    for j in 0..n {
        let mut d = a[j * n + j];
        for k in 0..j {
            d -= a[j * n + k] * a[j * n + k];
        }
        // A pivot that lost nearly all its digits is noise.
        if d.is_nan() || d <= 1e-15 * a[j * n + j] {
            return false;
        }
        let d = d.sqrt();
        a[j * n + j] = d;
        for i in j + 1..n {
            let mut s = a[i * n + j];
            for k in 0..j {
                s -= a[i * n + k] * a[j * n + k];
            }
            a[i * n + j] = s / d;
        }
    }
    true
}

/// Solves L x = b in place.
pub(crate) fn solve_lower(l: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        for k in 0..i {
            b[i] -= l[i * n + k] * b[k];
        }
        b[i] /= l[i * n + i];
    }
}

/// Solves L' x = b in place.
pub(crate) fn solve_upper(l: &[f64], n: usize, b: &mut [f64]) {
    for i in (0..n).rev() {
        for k in i + 1..n {
            b[i] -= l[k * n + i] * b[k];
        }
        b[i] /= l[i * n + i];
    }
}
