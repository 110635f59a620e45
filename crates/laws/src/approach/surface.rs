//! Approach 3: the best sizes of a fitted law.

use super::{Approach, Kind, Line};
use crate::error::FitError;
use crate::result::Fit;

/// Approach 3: the best sizes of a fitted law of the shape `E + A*N^-alpha + B*D^-beta` (Hoffmann et al. 2022, eq. 4), at
/// C = 6 N D. The intervals of the exponents are the fit's.
///
/// # Errors
/// If the law has another shape, parameters per family, or was fitted to runs whose N and D move together.
pub fn surface(fit: &Fit) -> Result<Approach, FitError> {
    if fit.ladder.is_some() {
        return Err(FitError::new(
            crate::warning::COLLINEAR_REASON,
            "best sizes need runs of one size with several numbers of tokens, or of one budget with several sizes",
        ));
    }
    let derived = fit.derived();
    let exponent = |name: &str| derived.iter().find(|d| d.name == name).map(|d| d.estimate.clone());
    let mut bare = fit.clone();
    bare.draws.clear();
    // Any budget will do: the line is exact.
    let optimum = bare.optimum(REFERENCE);
    let (Some(a), Some(b), Some(optimum)) = (exponent("a"), exponent("b"), optimum) else {
        return Err(FitError::new(
            format!("the law {} has no best sizes as powers of compute", fit.law.name),
            "fit a law of the shape L = E + A*N^-alpha + B*D^-beta, without parameters per family and with both \
             exponents above zero",
        ));
    };
    let line = |exponent: crate::estimate::Estimate, at: f64| Line {
        log_factor: libm::log(at) - exponent.value * libm::log(REFERENCE),
        exponent,
    };
    Ok(Approach {
        kind: Kind::Surface,
        params: line(a, optimum.params.value),
        tokens: line(b, optimum.tokens.value),
        loss: None,
        minima: Vec::new(),
        left_out: Vec::new(),
        notes: vec!["best sizes of the fitted law at C = 6 N D".into()],
    })
}

const REFERENCE: f64 = 1e20;
