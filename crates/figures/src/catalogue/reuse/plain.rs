//! The law of models without reuse.

use isoloss_laws::{Fit, Method, Options, Points as Rows, catalogue, fit, published as constants};

use super::super::say::{digits, extent, levels};
use super::{Model, printed};

/// The law of models without reuse: `loss = factor * N^-exponent`.
#[derive(Clone, Debug, PartialEq)]
pub struct Plain {
    /// loss at one parameter
    pub factor: f64,
    /// of parameters
    pub exponent: f64,
    /// where it comes from, for the caption
    pub source: String,
    /// parameters between which it was measured, where that is known
    pub measured: Option<(f64, f64)>,
}

impl Plain {
    /// Nats per token.
    pub fn loss(&self, params: f64) -> f64 {
        self.factor * libm::pow(params, -self.exponent)
    }

    /// `L(N) = (8.8e13/N)^0.076` (arXiv 2001.08361, table 5).
    pub fn kaplan() -> Self {
        let printed = printed();
        let law = constants(&printed.law).expect("a published fit that ships");
        let value = |name: &str| value(&law, name);
        let exponent = value("alpha_N");
        Self {
            factor: libm::pow(value("N_c"), exponent),
            exponent,
            source: format!(
                "Kaplan's law L(N) = ({}/N)^{} (arXiv 2001.08361, table 5)",
                digits(value("N_c"), 3),
                exponent
            ),
            measured: None,
        }
    }

    /// A power fitted to the models without reuse, if they have three sizes.
    pub(super) fn fitted(models: &[Model]) -> Option<Self> {
        let plain: Vec<&Model> = models.iter().filter(|m| m.reuse == 1.0).collect();
        let sizes = levels(plain.iter().map(|m| m.stored));
        if sizes.len() < 3 {
            return None;
        }
        let column = |of: fn(&&Model) -> f64| plain.iter().map(of).collect::<Vec<f64>>();
        let rows =
            Rows { target: column(|m| m.loss), columns: vec![("X".into(), column(|m| m.stored))], ..Rows::default() };
        let options = Options { method: Method::None, influence: false, trust: false, ..Options::default() };
        let fit = fit(&catalogue::law("power")?, &rows, &options).ok()?;
        let (factor, exponent) = (value(&fit, "A"), value(&fit, "alpha"));
        let source = format!(
            "L = {} N^-{} fitted to the {} models without reuse",
            digits(factor, 4),
            digits(exponent, 3),
            plain.len()
        );
        Some(Self { factor, exponent, source, measured: extent(sizes) })
    }
}

fn value(fit: &Fit, name: &str) -> f64 {
    fit.parameter(name).map_or(f64::NAN, |p| p.estimate.value)
}
