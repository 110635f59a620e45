//! What one more application of the blocks is worth in parameters.

use isoloss_laws::{Estimate, Options, Points as Rows, catalogue, fit};

use super::super::say::levels;
use super::Model;

/// Fewer models than this do not fix the four parameters of the law.
const LEAST: usize = 8;

/// The exponent phi of `L = E + A (N r^phi)^-alpha` (the law `effective-size`, after Schwethelm et al. 2026, arXiv
/// 2604.21106): 0 where reuse is worth nothing, 1 where it is worth as much as parameters. `None` where parameters stand
/// outside of the loop, for which the law has no place, or the models are too few.
pub(super) fn worth(models: &[Model]) -> Option<Estimate> {
    let all_in_loop = models.iter().all(|m| (m.effective / (m.reuse * m.stored) - 1.0).abs() < 1e-9);
    let enough = models.len() >= LEAST && levels(models.iter().map(|m| m.reuse)).len() > 1;
    if !all_in_loop || !enough {
        return None;
    }
    let column = |of: fn(&Model) -> f64| models.iter().map(of).collect::<Vec<f64>>();
    let rows = Rows {
        target: column(|m| m.loss),
        columns: vec![("N".into(), column(|m| m.stored)), ("X".into(), column(|m| m.reuse))],
        ..Rows::default()
    };
    let options = Options { influence: false, trust: false, ..Options::default() };
    let found = fit(&catalogue::law("effective-size")?, &rows, &options).ok()?;
    let phi = &found.parameter("phi")?.estimate;
    phi.value.is_finite().then(|| phi.clone())
}
