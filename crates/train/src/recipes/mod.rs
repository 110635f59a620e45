//! The recipes: one file and one line in the list each. A recipe maps a size and a length to everything else that training
//! needs, and names what it covers.

pub mod mup;
pub mod plain;
mod settings;

use serde::{Deserialize, Deserializer};

use crate::config::{Cut, Group, Rule, Training};
use crate::documented::{self, Setting};
use crate::models;
use crate::refused::Refused;

/// The list from which settings, names and dispatch are made.
macro_rules! recipes {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// Which recipe, with its settings: the name of a file here, and what is in it.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Recipe {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Recipe)),*
        }

        impl Recipe {
            /// Reads the settings of one kind; none if there is no such kind.
            ///
            /// # Errors
            /// If a setting is unknown, missing or of a wrong type.
            pub fn read<'de, D: Deserializer<'de>>(kind: &str, settings: D) -> Option<Result<Self, D::Error>> {
                match kind {
                    $(stringify!($module) => Some($module::Recipe::deserialize(settings).map(Self::$variant)),)*
                    _ => None,
                }
            }

            /// How this model is trained for about `tokens` tokens: a whole number of batches, at least one.
            ///
            /// # Errors
            /// If a setting makes no sense.
            pub fn training(&self, model: &models::Config, tokens: f64) -> Result<Training, Refused> {
                let mut training = match self {
                    $(Self::$variant(recipe) => recipe.training(model, tokens)?),*
                };
                let step = |lr: f64| Group { rule: Rule::Sign, lr, weight_decay: 0.0 };
                training.groups.balance = model.balance().map(step);
                if let Some([experts, chosen]) = model.experts() {
                    training.cut = Cut::of_experts(training.batch, training.seq_len, experts, chosen);
                }
                Ok(training)
            }

            /// The same with another learning rate or batch, as a sweep tries them. Batches are whole.
            #[must_use]
            pub fn with(mut self, lr: f64, batch: usize) -> Self {
                match &mut self {
                    $(Self::$variant(recipe) => (recipe.lr, recipe.batch) = (lr, batch)),*
                }
                self
            }

            /// The learning rate and the batch as they are set.
            pub fn lr_and_batch(&self) -> (f64, usize) {
                match self {
                    $(Self::$variant(recipe) => (recipe.lr, recipe.batch)),*
                }
            }

            /// What the logits of a tied head are multiplied by at a width: an embedding has no room for a learning rate
            /// and a deviation of its own as a head.
            pub fn logit_scale(&self, d_model: usize) -> f64 {
                match self {
                    $(Self::$variant(recipe) => recipe.logit_scale(d_model)),*
                }
            }

            /// Tokens of a window.
            pub fn seq_len(&self) -> usize {
                match self {
                    $(Self::$variant(recipe) => recipe.seq_len),*
                }
            }
        }

        /// The settings of one kind; none if there is no such kind.
        pub fn settings(kind: &str) -> Option<Vec<Setting>> {
            match kind {
                $(stringify!($module) => Some(documented::settings::<$module::Recipe>()),)*
                _ => None,
            }
        }

        /// All recipes: the name and what it covers.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

recipes! {
    Mup = mup,
    Plain = plain,
}
