//! How long runs are: the horizons of a ladder.

use serde::Deserialize;

/// Horizons: tokens, the same for every size, or what follows from the size.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Horizons {
    /// Tokens.
    Tokens(Vec<f64>),
    /// Tokens per parameter.
    TokensPerParam(Vec<f64>),
    /// FLOPs of the whole training.
    Flops(Vec<f64>),
}

impl Horizons {
    /// Tokens of each horizon, for a model of so many parameters that takes so many FLOPs for a token.
    pub fn tokens(&self, params: f64, flops_per_token: f64) -> Vec<f64> {
        match self {
            Self::Tokens(tokens) => tokens.clone(),
            Self::TokensPerParam(ratios) => ratios.iter().map(|ratio| ratio * params).collect(),
            Self::Flops(budgets) => budgets.iter().map(|budget| budget / flops_per_token).collect(),
        }
    }
}
