//! What a caller may ask of a fit.

use crate::toward::Toward;

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Huber on log residuals, delta = 1.345 robust standard deviations, estimated with the fit
    #[default]
    Robust,
    /// the field's: summed Huber, delta 1e-3, on log loss
    Published,
    /// half the sum of squared log residuals
    SquaredLog,
    /// half the sum of squared residuals
    Squared,
}

/// What the noise of a run is a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noise {
    /// its loss: alike for all rows on a logarithmic scale
    #[default]
    Loss,
    /// its reducible loss, the law less its constant term: runs near the floor have less noise and count more
    Reducible,
}

/// How intervals are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// residual bootstrap, or wild where noise is seen to change over the runs or clusters are many
    #[default]
    Auto,
    /// residuals of clusters, and of rows within them, drawn from all of them: noise is alike everywhere
    Residual,
    /// residuals of each cluster stretched by Webb's weights: noise may differ between clusters
    Wild,
    /// whole clusters (rows, without a cluster column) drawn with replacement
    Pairs,
    /// profile likelihood, for parameters only
    Profile,
    /// none: point estimates only
    None,
}

/// Options of a fit. `Options::default()` is what `isoloss fit` does without a flag.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// what is minimised
    pub loss: Loss,
    /// what the noise of a run is a share of
    pub noise: Noise,
    /// parameters held at a value
    pub fix: Vec<(String, f64)>,
    /// the first is the same parameter as the second
    pub tie: Vec<(String, String)>,
    /// parameters kept in a range, ends included
    pub bound: Vec<(String, f64, f64)>,
    /// parameters with one value per family
    pub per_family: Vec<String>,
    /// how intervals are made
    pub method: Method,
    /// number of bootstrap draws
    pub draws: usize,
    /// level of the intervals
    pub level: f64,
    /// seed of the draws and of the starts
    pub seed: u64,
    /// threads for the draws; the result does not depend on it
    pub threads: usize,
    /// starting points of the search
    pub starts: usize,
    /// starting points given by the caller, in the order of the law's parameters; replaces the search
    pub start_at: Vec<Vec<f64>>,
    /// rows towards this place count more, where there are enough of them; instead of [`Loss::Robust`] the field's
    /// objective is minimised then
    pub toward: Option<Toward>,
    /// whether to look for rows that move the fit
    pub influence: bool,
    /// whether to hold out the largest runs, and widen intervals of new runs by what that shows
    pub trust: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            loss: Loss::Robust,
            noise: Noise::Loss,
            fix: Vec::new(),
            tie: Vec::new(),
            bound: Vec::new(),
            per_family: Vec::new(),
            method: Method::Auto,
            draws: 1000,
            level: 0.95,
            seed: 0,
            threads: 1,
            starts: 48,
            start_at: Vec::new(),
            toward: None,
            influence: true,
            trust: true,
        }
    }
}
