//! The coordinates the solver moves in: free parameters only, positive ones by their logarithm.
//!
//! `libm` is a portable libm in Rust: single values whose bits must not depend on the platform come from there.

/// How a free parameter is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// the parameter itself, within bounds
    Linear {
        /// lower bound, possibly minus infinity
        lower: f64,
        /// upper bound, possibly infinity
        upper: f64,
    },
    /// its natural logarithm: positive factors whose size is not known beforehand
    Log,
}

/// Logarithms are kept in this range; no parameter of a law lies beyond e^+-230 (1e+-100).
const LOG_LIMIT: f64 = 230.0;

/// The map between the solver's coordinates and the full vector of parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Coordinates {
    /// all parameters, fixed ones at their values
    template: Vec<f64>,
    free: Vec<usize>,
    scales: Vec<Scale>,
    /// of each pair in the full vector the first is the smaller
    order: Vec<(usize, usize)>,
}

impl Coordinates {
    pub(crate) fn new(template: Vec<f64>, free: Vec<usize>, scales: Vec<Scale>) -> Self {
        debug_assert_eq!(free.len(), scales.len());
        Self { template, free, scales, order: Vec::new() }
    }

    pub(crate) fn with_order(self, order: Vec<(usize, usize)>) -> Self {
        Self { order, ..self }
    }

    /// What must stay in order is: elsewhere the law has no value.
    pub(crate) fn in_order(&self, theta: &[f64]) -> bool {
        self.order.iter().all(|&(a, b)| theta[a] < theta[b])
    }

    /// Exchanges the values of parameters that are not in order.
    pub(crate) fn sort(&self, theta: &mut [f64]) {
        for _ in 0..self.order.len() {
            for &(a, b) in &self.order {
                if theta[a] > theta[b] {
                    theta.swap(a, b);
                }
            }
        }
    }

    /// Number of free parameters.
    pub(crate) fn len(&self) -> usize {
        self.free.len()
    }

    /// Index of each free parameter in the full vector.
    pub(crate) fn columns(&self) -> &[usize] {
        &self.free
    }

    pub(crate) fn scales(&self) -> &[Scale] {
        &self.scales
    }

    pub(crate) fn template(&self) -> &[f64] {
        &self.template
    }

    /// Coordinates without the `k`-th, which is held at `value`.
    pub(crate) fn hold(&self, k: usize, value: f64) -> Self {
        let mut held = self.clone();
        let parameter = held.free.remove(k);
        held.scales.remove(k);
        held.template[parameter] = value;
        held
    }

    /// Fills in the full vector at a point.
    pub(crate) fn theta(&self, at: &[f64], theta: &mut [f64]) {
        theta.copy_from_slice(&self.template);
        for ((&x, &j), scale) in at.iter().zip(&self.free).zip(&self.scales) {
            theta[j] = match scale {
                Scale::Linear { .. } => x,
                Scale::Log => libm::exp(x),
            };
        }
    }

    /// d parameter / d coordinate, from the full vector.
    pub(crate) fn slopes(&self, theta: &[f64], slopes: &mut [f64]) {
        for ((s, &j), scale) in slopes.iter_mut().zip(&self.free).zip(&self.scales) {
            *s = match scale {
                Scale::Linear { .. } => 1.0,
                Scale::Log => theta[j],
            };
        }
    }

    /// The point of a full vector of parameters, moved inside the bounds.
    pub(crate) fn point(&self, theta: &[f64]) -> Vec<f64> {
        let mut at: Vec<f64> = (self.free.iter().zip(&self.scales))
            .map(|(&j, scale)| match scale {
                Scale::Linear { .. } => theta[j],
                Scale::Log => libm::log(theta[j].max(1e-100)),
            })
            .collect();
        self.clamp(&mut at);
        at
    }

    /// Lower and upper bound of coordinate `k`.
    pub(crate) fn bounds(&self, k: usize) -> (f64, f64) {
        match self.scales[k] {
            Scale::Linear { lower, upper } => (lower, upper),
            Scale::Log => (-LOG_LIMIT, LOG_LIMIT),
        }
    }

    pub(crate) fn clamp(&self, at: &mut [f64]) {
        for (k, x) in at.iter_mut().enumerate() {
            let (lower, upper) = self.bounds(k);
            *x = x.clamp(lower, upper);
        }
    }
}
