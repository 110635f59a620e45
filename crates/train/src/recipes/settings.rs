//! What all recipes have in common: the settings that do not follow from a size, and what they make of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Cut, Group, Rule, Start, Training};
use crate::models::Roles;
use crate::refused::{Refused, not_negative, positive, share, within};
use crate::schedules::{Course, Lengths};

/// Settings of a recipe: its own, and then these. A struct for each recipe, so that a key that it does not know is refused
/// where it stands.
macro_rules! settings {
    ($(#[$meta:meta])* pub struct Recipe { $($(#[$of_own:meta])* pub $own:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Recipe {
            $($(#[$of_own])* pub $own: $type,)*
            /// Windows of a batch.
            pub batch: usize,
            /// Tokens of a window.
            pub seq_len: usize,
            /// The peak learning rate, where the recipe says that it holds.
            pub lr: f64,
            /// The course of the learning rate.
            #[serde(default = "Recipe::usual_schedule")]
            pub schedule: $crate::schedules::Course,
            /// Steps of the warm-up, at most `warmup_fraction` of the run.
            #[serde(default = "Recipe::usual_warmup")]
            pub warmup: u64,
            /// The warm-up takes no more of the run than this.
            #[serde(default = "Recipe::usual_warmup_fraction")]
            pub warmup_fraction: f64,
            /// The part of the run over which `wsd` decays.
            #[serde(default = "Recipe::usual_decay")]
            pub decay: f64,
            /// AdamW: decay rates of the two averages.
            #[serde(default = "Recipe::usual_betas")]
            pub betas: [f64; 2],
            /// AdamW: added to the root of the second average.
            #[serde(default = "Recipe::usual_eps")]
            pub eps: f64,
            /// Decoupled weight decay of matrices inside and of the head: what `plain` multiplies by the learning rate, and
            /// `mup` does not.
            #[serde(default)]
            pub weight_decay: f64,
            /// What moves the matrices inside; everything else is AdamW's.
            #[serde(default)]
            pub optimiser: $crate::recipes::settings::Optimiser,
            /// Muon: decay rate of its average.
            #[serde(default = "Recipe::usual_momentum")]
            pub momentum: f64,
            /// The gradient is scaled down to this norm; 0 for never.
            #[serde(default = "Recipe::usual_clip")]
            pub clip: f64,
            /// Coefficient of the z-loss.
            #[serde(default)]
            pub z_loss: f64,
            /// Standard deviations of the first weights.
            #[serde(default = "Recipe::usual_init")]
            pub init: $crate::config::Start,
        }

        impl Recipe {
            fn usual_schedule() -> $crate::schedules::Course {
                $crate::schedules::Course::Wsd
            }
            fn usual_warmup() -> u64 {
                100
            }
            fn usual_warmup_fraction() -> f64 {
                0.1
            }
            fn usual_decay() -> f64 {
                0.3
            }
            fn usual_betas() -> [f64; 2] {
                [0.9, 0.95]
            }
            fn usual_eps() -> f64 {
                1e-8
            }
            fn usual_momentum() -> f64 {
                0.95
            }
            fn usual_clip() -> f64 {
                1.0
            }
            fn usual_init() -> $crate::config::Start {
                $crate::config::Start { embedding: 0.5, hidden: 1.0, residual: 0.25, head: 0.0 }
            }

            fn common(&self) -> $crate::recipes::settings::Common {
                let Self { batch, seq_len, lr, schedule, warmup, warmup_fraction, decay, betas, eps, .. } = *self;
                let Self { weight_decay, optimiser, momentum, clip, z_loss, init, .. } = *self;
                $crate::recipes::settings::Common {
                    batch, seq_len, lr, schedule, warmup, warmup_fraction, decay, betas, eps, weight_decay, optimiser,
                    momentum, clip, z_loss, init,
                }
            }
        }
    };
}
pub(super) use settings;

/// What moves the matrices inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimiser {
    /// [`Rule::AdamW`]
    #[default]
    #[serde(rename = "adamw")]
    AdamW,
    /// [`Rule::Muon`]
    Muon,
}

/// The settings that all recipes have.
#[derive(Clone, Copy, Debug)]
pub struct Common {
    pub batch: usize,
    pub seq_len: usize,
    pub lr: f64,
    pub schedule: Course,
    pub warmup: u64,
    pub warmup_fraction: f64,
    pub decay: f64,
    pub betas: [f64; 2],
    pub eps: f64,
    pub weight_decay: f64,
    pub optimiser: Optimiser,
    pub momentum: f64,
    pub clip: f64,
    pub z_loss: f64,
    pub init: Start,
}

/// Counts of tokens are exact up to here, 2^53.
const MOST_TOKENS: f64 = 9_007_199_254_740_992.0;

impl Common {
    /// Refuses what is no setting for any size.
    pub fn check(&self) -> Result<(), Refused> {
        positive("batch", self.batch as f64)?;
        positive("seq_len", self.seq_len as f64)?;
        positive("lr", self.lr)?;
        share("warmup_fraction", self.warmup_fraction)?;
        share("decay", self.decay)?;
        for beta in self.betas {
            within("betas", beta, (0.0..1.0).contains(&beta), "from 0 to below 1")?;
        }
        within("momentum", self.momentum, (0.0..1.0).contains(&self.momentum), "from 0 to below 1")?;
        positive("eps", self.eps)?;
        not_negative("weight_decay", self.weight_decay)?;
        not_negative("clip", self.clip)?;
        not_negative("z_loss", self.z_loss)?;
        not_negative("init.embedding", self.init.embedding)?;
        not_negative("init.hidden", self.init.hidden)?;
        not_negative("init.residual", self.init.residual)?;
        not_negative("init.head", self.init.head)
    }

    /// A run of about so many tokens, a whole number of batches, at the learning rate as it stands and with the rates of
    /// roles that the recipe found.
    pub fn training(&self, tokens: f64, rates: Roles<f64>) -> Result<Training, Refused> {
        let Self { batch, seq_len, .. } = *self;
        let per_step = batch as f64 * seq_len as f64;
        within("batch", batch as f64, per_step <= MOST_TOKENS, "small enough to count its tokens")?;
        within("tokens", tokens, tokens > 0.0 && tokens <= MOST_TOKENS, "above 0 and below 9e15")?;
        let steps = (tokens / per_step).round().max(1.0);
        let part = |fraction: f64| (fraction * steps).round() as u64;
        let warmup = self.warmup.min(part(self.warmup_fraction));
        let lengths = Lengths { steps: steps as u64, warmup, decay: part(self.decay) };
        let inside = match self.optimiser {
            Optimiser::AdamW => Rule::AdamW,
            Optimiser::Muon => Rule::Muon,
        };
        let group = |rule: Rule, lr: f64, weight_decay: f64| Group { rule, lr, weight_decay };
        Ok(Training {
            steps: lengths.steps,
            batch,
            seq_len,
            lr: self.lr,
            schedule: self.schedule.of(lengths)?,
            betas: self.betas,
            eps: self.eps,
            momentum: (inside == Rule::Muon).then_some(self.momentum),
            clip: (self.clip > 0.0).then_some(self.clip),
            z_loss: self.z_loss,
            groups: Roles {
                embedding: group(Rule::AdamW, rates.embedding, 0.0),
                hidden: group(inside, rates.hidden, self.weight_decay),
                residual: rates.residual.map(|lr| group(inside, lr, self.weight_decay)),
                head: group(Rule::AdamW, rates.head, self.weight_decay),
                norm: group(Rule::AdamW, rates.norm, 0.0),
                balance: None,
            },
            init: self.init,
            cut: Cut::of(batch, seq_len),
        })
    }
}
