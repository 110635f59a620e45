//! Lines and parabolas by least squares, and where a parabola is least.

use crate::solve::{cholesky, solve_lower, solve_upper};

/// Slope and intercept of the weighted least-squares line; `None` without two different x.
pub(crate) fn line(x: &[f64], y: &[f64], weight: impl Fn(usize) -> f64) -> Option<(f64, f64)> {
    let total: f64 = (0..x.len()).map(&weight).sum();
    let mean = |v: &[f64]| v.iter().enumerate().map(|(i, v)| weight(i) * v).sum::<f64>() / total;
    let (mx, my) = (mean(x), mean(y));
    let (mut xx, mut xy) = (0.0, 0.0);
    for i in 0..x.len() {
        xx += weight(i) * (x[i] - mx).powi(2);
        xy += weight(i) * (x[i] - mx) * (y[i] - my);
    }
    let slope = xy / xx;
    // Budgets closer than a millionth are one.
    (xx > 1e-12 * total && slope.is_finite()).then_some((slope, my - slope * mx))
}

/// A polynomial of degree two or three.
#[derive(Clone, Debug)]
pub(crate) struct Polynomial {
    middle: f64,
    half: f64,
    /// by powers of (x - middle) / half
    coefficients: Vec<f64>,
    /// Cholesky factor of the normal matrix
    factor: Vec<f64>,
    /// sum of squared residuals
    pub(crate) squares: f64,
    /// degrees of freedom of the residuals
    pub(crate) df: f64,
}

/// The minimum of a polynomial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vertex {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// variance of x for residuals of variance 1
    pub(crate) variance: f64,
}

impl Polynomial {
    /// Least squares; `None` if x has too few different values.
    pub(crate) fn fit(x: &[f64], y: &[f64], degree: usize) -> Option<Self> {
        let m = degree + 1;
        let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
        if x.len() < m || !half.is_finite() || half <= 0.0 {
            return None;
        }
        // Powers in [-1, 1], and y about its mean: normal equations keep twelve digits.
        let level = y.iter().sum::<f64>() / y.len() as f64;
        let powers = |x: f64| (0..m).map(move |k| ((x - middle) / half).powi(k as i32));
        let (mut factor, mut coefficients) = (vec![0.0; m * m], vec![0.0; m]);
        for (x, y) in x.iter().zip(y) {
            for (k, p) in powers(*x).enumerate() {
                coefficients[k] += p * (y - level);
                for (l, q) in powers(*x).enumerate() {
                    factor[k * m + l] += p * q;
                }
            }
        }
        if !cholesky(&mut factor, m) {
            return None;
        }
        solve_lower(&factor, m, &mut coefficients);
        solve_upper(&factor, m, &mut coefficients);
        coefficients[0] += level;
        let mut fit = Self { middle, half, coefficients, factor, squares: 0.0, df: (x.len() - m) as f64 };
        fit.squares = x.iter().zip(y).map(|(x, y)| (y - fit.at(*x)).powi(2)).sum();
        Some(fit)
    }

    fn at(&self, x: f64) -> f64 {
        let u = (x - self.middle) / self.half;
        self.coefficients.iter().rev().fold(0.0, |sum, c| sum * u + c)
    }

    /// Where it is least: the root of its slope at which it bends upwards. `None` if it does so nowhere by more than
    /// rounding.
    pub(crate) fn vertex(&self) -> Option<Vertex> {
        let c = &self.coefficients;
        let cubed = c.get(3).copied().unwrap_or(0.0);
        // c1 + 2 c2 u + 3 c3 u^2 = 0, written so that c3 = 0 is no special case; the bend there is twice the root.
        let root = (c[2] * c[2] - 3.0 * c[1] * cubed).sqrt();
        let u = -c[1] / (c[2] + root);
        let bend = 2.0 * c[2] + 6.0 * cubed * u;
        if !u.is_finite() || bend.is_nan() || bend <= 1e-11 * c[0].abs() {
            return None;
        }
        // Delta method: du/dc_k = -k u^(k-1) / bend.
        let mut gradient: Vec<f64> = (0..c.len()).map(|k| -(k as f64) * u.powi(k as i32 - 1) / bend).collect();
        gradient[0] = 0.0;
        solve_lower(&self.factor, c.len(), &mut gradient);
        let variance = self.half.powi(2) * gradient.iter().map(|g| g * g).sum::<f64>();
        let x = self.middle + self.half * u;
        Some(Vertex { x, y: self.at(x), variance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minima_and_their_errors_are_those_of_the_curve() {
        let x: Vec<f64> = (0..9).map(|i| 20.0 + f64::from(i)).collect();
        let parabola = |shift: f64| x.iter().map(|x| 2.0 + 0.1 * (x - 23.3 - shift).powi(2)).collect::<Vec<f64>>();
        let fit = Polynomial::fit(&x, &parabola(0.0), 2).unwrap();
        let vertex = fit.vertex().unwrap();
        assert!((vertex.x - 23.3).abs() < 1e-10 && (vertex.y - 2.0).abs() < 1e-12 && fit.squares < 1e-22);
        // One bent run at a time moves the vertex; independent unit noise adds their squares.
        let each = (0..9).map(|i| {
            let mut y = parabola(0.0);
            y[i] += 1e-6;
            ((Polynomial::fit(&x, &y, 2).unwrap().vertex().unwrap().x - 23.3) / 1e-6).powi(2)
        });
        let sum: f64 = each.sum();
        assert!((vertex.variance / sum - 1.0).abs() < 1e-4, "{} {sum}", vertex.variance);
        // y' = (x - 22)(x - 31): a maximum at 22, the minimum at 31.
        let y: Vec<f64> = x.iter().map(|x| x.powi(3) / 3.0 - 53.0 * x * x / 2.0 + 682.0 * x).collect();
        let cubic = Polynomial::fit(&x, &y, 3).unwrap().vertex().unwrap();
        assert!((cubic.x - 31.0).abs() < 1e-6, "{}", cubic.x);
        assert!(Polynomial::fit(&x, &[3.0; 9], 2).unwrap().vertex().is_none());
    }
}
