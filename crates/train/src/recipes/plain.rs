//! One learning rate at one width, and 1 / width from there; the rest is constant. It covers width alone, and nothing says
//! that it transfers over depth, batch or length: check with a sweep.

use serde::Deserialize;

use crate::config::{Cut, Group, Start, Training};
use crate::models::{self, Roles};
use crate::refused::{Refused, finite, not_negative, positive, share, within};
use crate::schedules::{Schedule, constant, cosine, linear, wsd};

pub(super) const SAYS: &str = "AdamW, learning rate ~ 1/width, everything else constant; covers width";

/// The settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Windows of a batch.
    pub batch: usize,
    /// Tokens of a window.
    pub seq_len: usize,
    /// The peak learning rate at the width `at_width`.
    pub lr: f64,
    /// Where `lr` holds.
    pub at_width: f64,
    /// The learning rate goes as width to minus this.
    #[serde(default = "Recipe::one")]
    pub width_power: f64,
    /// The course of the learning rate.
    #[serde(default)]
    pub schedule: Course,
    /// Steps of the warm-up, at most `warmup_fraction` of the run.
    #[serde(default = "Recipe::warmup")]
    pub warmup: u64,
    /// The warm-up takes no more of the run than this.
    #[serde(default = "Recipe::warmup_fraction")]
    pub warmup_fraction: f64,
    /// The part of the run over which `wsd` decays.
    #[serde(default = "Recipe::decay")]
    pub decay: f64,
    /// AdamW: decay rates of the two averages.
    #[serde(default = "Recipe::betas")]
    pub betas: [f64; 2],
    /// AdamW: added to the root of the second average.
    #[serde(default = "Recipe::eps")]
    pub eps: f64,
    /// Decoupled weight decay of matrices inside and of the head, per unit of learning rate.
    #[serde(default)]
    pub weight_decay: f64,
    /// The gradient is scaled down to this norm; 0 for never.
    #[serde(default = "Recipe::one")]
    pub clip: f64,
    /// Coefficient of the z-loss.
    #[serde(default)]
    pub z_loss: f64,
    /// Standard deviations of the first weights.
    #[serde(default = "Recipe::init")]
    pub init: Start,
}

/// Which schedule; the recipe knows its lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// [`constant`]
    Constant,
    /// [`cosine`], to 0
    Cosine,
    /// [`linear`]
    Linear,
    /// [`wsd`], straight to 0
    #[default]
    Wsd,
}

/// Counts of tokens are exact up to here, 2^53.
const MOST_TOKENS: f64 = 9_007_199_254_740_992.0;

impl Recipe {
    fn one() -> f64 {
        1.0
    }
    fn warmup() -> u64 {
        100
    }
    fn warmup_fraction() -> f64 {
        0.1
    }
    fn decay() -> f64 {
        0.3
    }
    fn betas() -> [f64; 2] {
        [0.9, 0.95]
    }
    fn eps() -> f64 {
        1e-8
    }
    fn init() -> Start {
        Start { embedding: 0.5, hidden: 1.0, residual: 0.25, head: 0.0 }
    }

    fn check(&self) -> Result<(), Refused> {
        positive("batch", self.batch as f64)?;
        positive("seq_len", self.seq_len as f64)?;
        positive("lr", self.lr)?;
        positive("at_width", self.at_width)?;
        finite("width_power", self.width_power)?;
        share("warmup_fraction", self.warmup_fraction)?;
        share("decay", self.decay)?;
        for beta in self.betas {
            within("betas", beta, (0.0..1.0).contains(&beta), "from 0 to below 1")?;
        }
        positive("eps", self.eps)?;
        not_negative("weight_decay", self.weight_decay)?;
        not_negative("clip", self.clip)?;
        not_negative("z_loss", self.z_loss)?;
        not_negative("init.embedding", self.init.embedding)?;
        not_negative("init.hidden", self.init.hidden)?;
        not_negative("init.residual", self.init.residual)?;
        not_negative("init.head", self.init.head)
    }

    pub(super) fn training(&self, model: &models::Config, tokens: f64) -> Result<Training, Refused> {
        self.check()?;
        let Self { batch, seq_len, lr, at_width, .. } = *self;
        let per_step = batch as f64 * seq_len as f64;
        within("batch", batch as f64, per_step <= MOST_TOKENS, "small enough to count its tokens")?;
        within("tokens", tokens, tokens > 0.0 && tokens <= MOST_TOKENS, "above 0 and below 9e15")?;
        let steps = (tokens / per_step).round().max(1.0);
        let part = |fraction: f64| (fraction * steps).round() as u64;
        let warmup = self.warmup.min(part(self.warmup_fraction));
        let decay = part(self.decay);
        if self.schedule == Course::Wsd && (warmup + decay) as f64 > steps {
            let says = format!("{warmup} steps of warm-up and {decay} of decay do not fit into {steps} steps");
            return Err(Refused::new("decay", says));
        }
        let schedule = match self.schedule {
            Course::Constant => Schedule::Constant(constant::Schedule { warmup }),
            Course::Cosine => Schedule::Cosine(cosine::Schedule { warmup, floor: 0.0 }),
            Course::Linear => Schedule::Linear(linear::Schedule { warmup }),
            Course::Wsd => Schedule::Wsd(wsd::Schedule { warmup, decay, floor: 0.0, shape: wsd::Shape::Linear }),
        };
        let group = |weight_decay: f64| Group { lr: 1.0, weight_decay };
        let (decays, stays) = (group(self.weight_decay), group(0.0));
        Ok(Training {
            steps: steps as u64,
            batch,
            seq_len,
            lr: lr * libm::pow(at_width / model.d_model() as f64, self.width_power),
            schedule,
            betas: self.betas,
            eps: self.eps,
            clip: (self.clip > 0.0).then_some(self.clip),
            z_loss: self.z_loss,
            groups: Roles { embedding: stays, hidden: decays, head: decays, norm: stays },
            init: self.init,
            cut: Cut::of(batch, seq_len),
        })
    }
}
