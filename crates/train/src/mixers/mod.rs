//! The mixers: what lets a token read those before it. One file and one line in the list each.
//!
//! A mixer takes the normed stream `[sequences, length, d_model]` to what its `out` matrix takes back to the stream. It is
//! trained on whole windows, and goes on from a [`Past`] otherwise, to the same values.

pub mod attention;
pub mod delta;
pub mod gdn;
pub mod kda;
pub mod mla;
mod past;

use isoloss_engine::{Memory, Param, Params, Real, Slot, Tape, Tokens};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use past::Past;

use crate::config::Start;
use crate::documented::{self, Setting};
use crate::models::See;
use crate::multiply_adds::{MultiplyAdds, Reads};
use crate::refused::Refused;
use crate::weights::Weights;

/// What a mixer knows of the model around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Around {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Heads of the model.
    pub n_head: usize,
    /// Width of a head.
    pub head_dim: usize,
}

/// What a mixer costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Parameters of matrices, each of which is applied once to a token.
    pub matrices: u64,
    /// Parameters that are none of these: norms, biases, kernels.
    pub vectors: u64,
    /// What one window takes beside the matrices.
    pub mixing: MultiplyAdds,
    /// Numbers held for one token while a window is walked forward and back.
    pub kept: u64,
    /// Columns of its widest value, about.
    pub widest: u64,
    /// What a decoder keeps.
    pub cache: Cache,
}

/// The numbers that a decoder keeps of one sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cache {
    /// For each token.
    pub per_token: u64,
    /// However many tokens there are.
    pub fixed: u64,
}

/// What a token reads of others.
#[derive(Debug)]
pub enum Reach<'a, R> {
    /// Those of its window up to itself.
    Window,
    /// A span of its window, by token (see [`Tape::attention_within`]).
    Spans(Tokens),
    /// Those of its window up to itself, and a span of a memory, by token (see [`Tape::attention_with_memory`]).
    Memory(Memory),
    /// Those of its window up to itself, and all that came before, to which they are added.
    Past(&'a mut Past<R>),
}

impl<'a, R> Reach<'a, R> {
    /// The same once more.
    pub(crate) fn again(&mut self) -> Reach<'_, R> {
        match self {
            Self::Window => Reach::Window,
            Self::Spans(spans) => Reach::Spans(*spans),
            Self::Memory(memory) => Reach::Memory(*memory),
            Self::Past(past) => Reach::Past(past),
        }
    }

    /// What came before, for a mixer that knows no spans.
    fn past(self) -> Option<&'a mut Past<R>> {
        match self {
            Self::Window => None,
            Self::Past(past) => Some(past),
            Self::Spans(_) | Self::Memory(_) => unreachable!("spans and memories are read by attention alone"),
        }
    }
}

/// The list from which configs, names and dispatch are made.
macro_rules! mixers {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// The settings of each mixer, as an experiment writes them, by its name.
        #[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $(#[doc = concat!("`", stringify!($module), "`")] #[serde(default)] pub $module: $module::Settings,)*
        }

        /// Which mixer, in full.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Config {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Config)),*
        }

        impl Settings {
            /// The mixer of that name in full; none if there is no such mixer.
            ///
            /// # Errors
            /// If the numbers do not fit each other.
            pub fn complete(&self, kind: &str, around: Around) -> Option<Result<Config, Refused>> {
                match kind {
                    $(stringify!($module) => {
                        let config = self.$module.complete(around).map(Config::$variant);
                        Some(config.map_err(|refused| refused.inside(stringify!($module))))
                    })*
                    _ => None,
                }
            }
        }

        impl Config {
            /// Parameters and cost for windows of `seq_len` tokens.
            pub fn cost(&self, seq_len: usize) -> Cost {
                match self {
                    $(Self::$variant(config) => config.cost(seq_len)),*
                }
            }

            /// What attention multiplies where tokens read spans of their own; nothing is known of other mixers there.
            pub(crate) fn within(&self, seq_len: usize, reads: Reads) -> MultiplyAdds {
                match self {
                    Self::Attention(config) => config.within(seq_len, reads),
                    _ => unreachable!("models whose tokens have spans are made of attention"),
                }
            }

            /// Adds the weights of a mixer by itself.
            pub fn alone<R: Real>(&self, params: &mut Params<R>, start: &Start) -> Mixer {
                let weights = &mut Weights::new(params, start);
                let mut mixer = self.build(weights);
                mixer.vectors(weights);
                mixer
            }

            /// Adds the matrices.
            pub(crate) fn build<R: Real>(&self, weights: &mut Weights<R>) -> Mixer {
                match self {
                    $(Self::$variant(config) => Mixer::$variant($module::Mixer::new(config, weights))),*
                }
            }
        }

        /// A built mixer.
        #[derive(Clone, Debug)]
        pub enum Mixer {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Mixer)),*
        }

        impl Mixer {
            /// Adds what is no matrix, behind the matrices of the whole block.
            pub(crate) fn vectors<R: Real>(&mut self, weights: &mut Weights<R>) {
                match self {
                    $(Self::$variant(mixer) => mixer.vectors(weights)),*
                }
            }

            /// What goes through [`Mixer::out`] to the stream, of the normed stream x.
            pub fn mix<R: Real>(&self, tape: &mut Tape<R>, x: Slot, reach: Reach<R>, see: &mut See) -> Slot {
                match self {
                    $(Self::$variant(mixer) => mixer.mix(tape, x, reach, see)),*
                }
            }

            /// The map back to the stream.
            pub fn out(&self) -> Param {
                match self {
                    $(Self::$variant(mixer) => mixer.out),*
                }
            }
        }

        /// The settings of one; none if there is no such mixer.
        pub fn settings(kind: &str) -> Option<Vec<Setting>> {
            match kind {
                $(stringify!($module) => Some(documented::settings::<$module::Settings>()),)*
                _ => None,
            }
        }

        /// All mixers: the name and what it is.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

mixers! {
    Attention = attention,
    Gdn = gdn,
    Kda = kda,
    Mla = mla,
}
