//! The retrievers: one file and one line in the list each. A retriever finds the references that are most like a query.
//!
//! `bm25` and `ngrams` compare tokens. They are exact and count in integers, so that what they find depends neither on the
//! machine nor on the number of threads: a batch in training must be a function of seed and step alone. `hidden` compares
//! vectors that a model makes, by an index that is approximate, and is for evaluations.

pub mod bm25;
pub mod hidden;
mod inverted;
pub mod ngrams;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::corpora::References;

/// Finds references; several threads may ask at once.
pub trait Retriever: fmt::Debug + Send + Sync {
    /// The numbers of the references that are most like the query: the best first, of equals the lowest number first, at
    /// most so many. Fewer where fewer have anything in common with it.
    fn nearest(&self, query: &Query, most: usize) -> Vec<u32>;

    /// Bytes that it takes, about.
    fn bytes(&self) -> usize;
}

/// What is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// Its tokens, for those that compare tokens.
    pub tokens: &'a [u32],
    /// Its vector, for those that compare vectors: of any length but 0.
    pub vector: &'a [f32],
}

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The references: fewer than 2^32.
    pub references: &'a dyn References,
    /// A vector of each, `[references, dims]`, for those that compare vectors: all finite.
    pub vectors: &'a [f32],
}

/// The list from which names and dispatch are made.
macro_rules! retrievers {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// How references are found, by the name of a file here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant),*
        }

        impl Kind {
            /// Prepares the search, by one thread.
            ///
            /// # Panics
            /// If there are 2^32 references; if it compares vectors and there is not one of each, finite.
            pub fn build(self, material: &Material) -> Box<dyn Retriever> {
                assert!(u32::try_from(material.references.count()).is_ok(), "references are numbered by 32 bits");
                match self {
                    $(Self::$variant => Box::new($module::build(material))),*
                }
            }

            /// Does it compare vectors, which a model makes? Those that do not can be used in training.
            pub fn compares_vectors(self) -> bool {
                match self {
                    $(Self::$variant => $module::VECTORS),*
                }
            }
        }

        impl Kind {
            /// The name of its file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($module)),*
                }
            }
        }

        /// All of them.
        pub const KINDS: &[Kind] = &[$(Kind::$variant),*];

        /// All retrievers: the name and what it compares.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

retrievers! {
    Bm25 = bm25,
    Hidden = hidden,
    Ngrams = ngrams,
}

#[cfg(test)]
mod tests;
