//! Maximal update parametrisation (Yang et al. 2022, arXiv 2203.03466, table 8; AdamW), with what covers depth, batch and
//! length beside it, so that a learning rate found on a small model holds for a large one.
//!
//! With r = width / at.width, l = n_layer / at.n_layer, b = batch / at.batch, t = tokens / at.tokens:
//!
//! * width: matrices inside and the head learn at lr / r (matrices that Muon moves at lr / sqrt(r)), embedding and norms at
//!   lr; a matrix begins with deviation 1 / sqrt(inputs), the head at 0 or with deviation ~ 1 / width; the logits of a tied head are divided by r. Heads of
//!   attention keep their size, as `head_dim` says.
//! * depth: what a block adds to the residual stream is multiplied by l^-depth_power: 1 by Dey et al. 2025 (arXiv
//!   2505.01618), 1/2 by Yang et al. 2023 (arXiv 2310.02244). The factor is folded into the matrices that add to the
//!   stream: their deviation and their learning rate bear it, which is the same for a step that does not depend on the size
//!   of the gradient, as those of AdamW and Muon do not.
//! * batch and length: lr is multiplied by b^batch_power and t^-tokens_power.
//!
//! Weight decay is per step and independent of the learning rate (Wortsman et al. 2023, arXiv 2309.14322, section 3.4): a
//! matrix loses `weight_decay` of itself in a step at the peak, whatever its learning rate: 0.1 beside a learning rate of 0.001
//! elsewhere is 0.0001 here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::{Optimiser, settings};
use crate::config::Training;
use crate::models::{self, Roles};
use crate::refused::{Refused, finite, positive};

/// More of a matrix than this is lost in a step only where decay was meant per unit of learning rate: it would be half gone
/// after 69 steps.
const MOST_DECAY: f64 = 0.01;

pub(super) const SAYS: &str = "muP: covers width, and depth, batch and length by powers";

settings! {
    /// The settings; `lr` holds at the shape and length `at`.
    pub struct Recipe {
        /// Where `lr` holds.
        pub at: At,
        /// What a block adds goes as depth to minus this.
        #[serde(default = "Recipe::usual_depth_power")]
        pub depth_power: f64,
        /// The learning rate goes as the batch to this.
        #[serde(default = "Recipe::usual_batch_power")]
        pub batch_power: f64,
        /// The learning rate goes as the tokens of a run to minus this.
        #[serde(default = "Recipe::usual_tokens_power")]
        pub tokens_power: f64,
    }
}

/// The shape and the run at which a learning rate was found.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// `d_model`
    pub width: f64,
    /// Blocks.
    pub n_layer: f64,
    /// Windows of a batch.
    pub batch: f64,
    /// Tokens of the run.
    pub tokens: f64,
}

impl Recipe {
    fn usual_depth_power() -> f64 {
        1.0
    }
    fn usual_batch_power() -> f64 {
        0.5
    }
    fn usual_tokens_power() -> f64 {
        0.0
    }

    pub(super) fn training(&self, model: &models::Config, tokens: f64) -> Result<Training, Refused> {
        let mut common = self.common();
        common.check()?;
        for (setting, x) in [
            ("at.width", self.at.width),
            ("at.n_layer", self.at.n_layer),
            ("at.batch", self.at.batch),
            ("at.tokens", self.at.tokens),
        ] {
            positive(setting, x)?;
        }
        finite("depth_power", self.depth_power)?;
        finite("batch_power", self.batch_power)?;
        finite("tokens_power", self.tokens_power)?;
        positive("tokens", tokens)?;
        if common.weight_decay > MOST_DECAY {
            let says = format!(
                "{} is what a matrix loses of itself in each step here, at most {MOST_DECAY}: take the decay of other \
                 recipes times their learning rate, as 0.1 x 0.001 = 0.0001",
                common.weight_decay
            );
            return Err(Refused::new("weight_decay", says));
        }
        let wider = model.d_model() as f64 / self.at.width;
        let branch = libm::pow(model.depth() as f64 / self.at.n_layer, -self.depth_power);
        common.lr *= libm::pow(common.batch as f64 / self.at.batch, self.batch_power)
            * libm::pow(tokens / self.at.tokens, -self.tokens_power);
        common.init.residual *= branch;
        // The deviation of the head is per root of its inputs.
        common.init.head /= wider.sqrt();
        // A step of Muon is orthogonal and its size goes as the root of the width already (0.2 sqrt(max(rows, columns))), so
        // that what it does to an activation grows as that root; a step of AdamW does as the width.
        let inside = match common.optimiser {
            Optimiser::AdamW => 1.0 / wider,
            Optimiser::Muon => 1.0 / wider.sqrt(),
        };
        let head = 1.0 / wider;
        let rates =
            Roles { embedding: 1.0, hidden: inside, residual: Some(inside * branch), head, norm: 1.0, balance: None };
        let mut training = common.training(tokens, rates)?;
        // The optimiser multiplies decay by the learning rate of the group.
        let groups = &mut training.groups;
        for group in [&mut groups.hidden, &mut groups.head].into_iter().chain(&mut groups.residual) {
            group.weight_decay /= training.lr * group.lr;
        }
        Ok(training)
    }

    pub(super) fn logit_scale(&self, d_model: usize) -> f64 {
        self.at.width / d_model as f64
    }
}
