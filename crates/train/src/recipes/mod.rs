//! The recipes: one file and one line in the list each. A recipe maps a size and a length to everything else that training
//! needs, and names what it covers.

pub mod plain;

use serde::{Deserialize, Serialize};

use crate::config::Training;
use crate::models;

/// The list from which settings, names and dispatch are made.
macro_rules! recipes {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// Which recipe, with its settings: the table `[recipe]` of an experiment, `kind` being the name of a file here.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Recipe {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Recipe)),*
        }

        impl Recipe {
            /// How this model is trained for about `tokens` tokens: a whole number of batches, at least one.
            ///
            /// # Errors
            /// If a setting makes no sense: in words.
            pub fn training(&self, model: &models::Config, tokens: f64) -> Result<Training, String> {
                match self {
                    $(Self::$variant(recipe) => recipe.training(model, tokens)),*
                }
            }

            /// Tokens of a window.
            pub fn seq_len(&self) -> usize {
                match self {
                    $(Self::$variant(recipe) => recipe.seq_len),*
                }
            }
        }

        /// All recipes: the name and what it covers.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

recipes! {
    Plain = plain,
}
