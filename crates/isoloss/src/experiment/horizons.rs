//! How long runs are: the horizons of a ladder.

/// Horizons: tokens, the same for every size, or what follows from the size.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Horizons {
    /// Tokens.
    Tokens(Vec<f64>),
    /// Tokens per parameter.
    TokensPerParam(Vec<f64>),
    /// Passes over the data: epochs of a text, exposures of the people of a corpus of facts.
    Exposures(Vec<f64>),
    /// FLOPs of the whole training.
    Flops(Vec<f64>),
}

/// What the length of a run may follow from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sizes {
    /// Parameters of its model.
    pub params: f64,
    /// FLOPs of its model for a token.
    pub flops_per_token: f64,
    /// Tokens of one pass over its data; none if they are generated without end.
    pub pass: Option<f64>,
}

impl Horizons {
    /// Tokens of each horizon; none if they are passes over data that have no size.
    pub fn tokens(&self, of: Sizes) -> Option<Vec<f64>> {
        let times = |each: &[f64], by: f64| each.iter().map(|x| x * by).collect();
        Some(match self {
            Self::Tokens(tokens) => tokens.clone(),
            Self::TokensPerParam(ratios) => times(ratios, of.params),
            Self::Exposures(passes) => times(passes, of.pass?),
            Self::Flops(budgets) => budgets.iter().map(|budget| budget / of.flops_per_token).collect(),
        })
    }
}
