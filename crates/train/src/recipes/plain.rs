//! One learning rate at one width, and 1 / width from there; the rest is constant. It covers width alone, and nothing says
//! that it transfers over depth, batch or length: check with a sweep.

use super::settings::settings;
use crate::config::Training;
use crate::models::{self, Roles};
use crate::refused::{Refused, finite, positive};

pub(super) const SAYS: &str = "learning rate ~ 1/width, everything else constant; covers width";

settings! {
    /// The settings; `lr` holds at the width `at_width`.
    pub struct Recipe {
        /// Where `lr` holds.
        pub at_width: f64,
        /// The learning rate goes as width to minus this.
        #[serde(default = "Recipe::one")]
        pub width_power: f64,
    }
}

impl Recipe {
    fn one() -> f64 {
        1.0
    }

    pub(super) fn logit_scale(&self, _: usize) -> f64 {
        1.0
    }

    pub(super) fn training(&self, model: &models::Config, tokens: f64) -> Result<Training, Refused> {
        let mut common = self.common();
        common.check()?;
        positive("at_width", self.at_width)?;
        finite("width_power", self.width_power)?;
        common.lr *= libm::pow(self.at_width / model.d_model() as f64, self.width_power);
        common.training(
            tokens,
            Roles { embedding: 1.0, hidden: 1.0, residual: None, head: 1.0, norm: 1.0, balance: None },
        )
    }
}
