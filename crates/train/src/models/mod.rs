//! The models: one file and one line in the list each. A model is a plain struct of handles that calls ops, and counts its
//! own parameters and FLOPs from its config.

mod asked;
pub mod early_fusion;
pub mod feed;
mod fusion;
pub mod hybrid;
mod inputs;
pub mod late_fusion;
pub mod looped;
pub mod memory;
mod shape;
mod stack;
pub mod transformer;

pub use inputs::{Inputs, Remembered, Texts};
pub use stack::See;

use isoloss_engine::{Params, Real, Slot, Tape, Tokens};
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::{Start, Training};
use crate::corpora::Reading;
use crate::documented::{self, Setting};
use crate::mixers::{Cache, Past};
use crate::multiply_adds::MultiplyAdds;
use crate::refused::Refused;

/// What a weight is for: decides how it begins and how it is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Tables that tokens are looked up in.
    Embedding,
    /// Matrices inside.
    Hidden,
    /// The map to the logits.
    Head,
    /// Vectors: norms, biases.
    Norm,
    /// Matrices inside that add to the residual stream.
    Residual,
    /// Biases that balance experts.
    Balance,
}

impl Role {
    /// The number of the optimiser's group.
    pub fn group(self) -> usize {
        self as usize
    }
}

/// One of something for every role.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles<T> {
    /// Of [`Role::Embedding`].
    pub embedding: T,
    /// Of [`Role::Hidden`].
    pub hidden: T,
    /// Of [`Role::Head`].
    pub head: T,
    /// Of [`Role::Norm`].
    pub norm: T,
    /// Of [`Role::Residual`]; as those of [`Role::Hidden`] where nothing is said.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub residual: Option<T>,
    /// Of [`Role::Balance`], where a model has such.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub balance: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

impl<T: Copy> Roles<T> {
    /// In the order of the optimiser's groups.
    pub fn in_order(&self) -> [T; 6] {
        let [residual, balance] = [self.residual, self.balance].map(|own| own.unwrap_or(self.hidden));
        [self.embedding, self.hidden, self.head, self.norm, residual, balance]
    }
}

/// How big a model is, and what one window costs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Parameters that are stored.
    pub stored: u64,
    /// Parameters, one that is used r times counted r times.
    pub effective: u64,
    /// Parameters that take part in one token.
    pub active: u64,
    /// Parameters inside of a loop, each once; of a model that has one.
    pub recurrent: Option<u64>,
    /// Parameters that patches of pictures pass and no other token, and how many patches there are to a token.
    pub vision: Option<(u64, f64)>,
    /// Those of embedding tables.
    pub embedding: u64,
    /// Those of a head of its own.
    pub head: u64,
    /// Multiply-adds of one window, head included: exact up to 2^53.
    pub multiply_adds: MultiplyAdds,
    /// What a window takes more where texts are looked up for it, of a model that does.
    pub with_memory: Option<MultiplyAdds>,
    /// Numbers held for one window while it is walked forward and back.
    pub activations: f64,
    /// What a decoder keeps of one sequence.
    pub cache: Cache,
    /// Numbers that Muon works in, where it moves the matrices inside.
    pub muon_scratch: f64,
}

/// The list from which configs, names and dispatch are made.
macro_rules! models {
    ($($variant:ident = $module:ident),* $(,)?) => {
        /// Which model, in full.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Config {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Config)),*
        }

        impl Config {
            /// Adds the weights to `params` and keeps handles to them.
            pub fn build<R: Real>(&self, params: &mut Params<R>, start: &Start) -> Model {
                match self {
                    $(Self::$variant(config) => Model::$variant(config.build(params, start))),*
                }
            }

            /// Parameters and cost for windows of `seq_len` tokens, without building anything.
            pub fn size(&self, seq_len: usize) -> Size {
                match self {
                    $(Self::$variant(config) => config.size(seq_len)),*
                }
            }
        }

        /// A shape as an experiment writes it: the name of a file here, and its settings.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Shape {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Shape)),*
        }

        impl Shape {
            /// Reads the settings of one kind; none if there is no such kind.
            ///
            /// # Errors
            /// If a setting is unknown, missing or of a wrong type.
            pub fn read<'de, D: Deserializer<'de>>(kind: &str, settings: D) -> Option<Result<Self, D::Error>> {
                match kind {
                    $(stringify!($module) => Some($module::Shape::deserialize(settings).map(Self::$variant)),)*
                    _ => None,
                }
            }

            /// The config in full, for a vocabulary of a size or what else there is to read.
            ///
            /// # Errors
            /// If the numbers do not fit each other, or the model cannot read that.
            pub fn complete(&self, reading: impl Into<Reading>) -> Result<Config, Refused> {
                match self {
                    $(Self::$variant(shape) => shape.complete(&reading.into()).map(Config::$variant)),*
                }
            }
        }

        /// A built model.
        #[derive(Clone, Debug)]
        pub enum Model {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Model)),*
        }

        impl Model {
            /// Adds the mean loss of a chunk to the tape; gives the losses of the tokens, nats. `divisor` is the number
            /// of targets in the whole batch that count.
            pub fn loss<R: Real>(
                &self,
                tape: &mut Tape<R>,
                inputs: impl Into<Inputs>,
                targets: Tokens,
                z_loss: f64,
                divisor: f64,
            ) -> Slot {
                let inputs = inputs.into();
                match self {
                    $(Self::$variant(model) => model.loss(tape, inputs.into(), targets, z_loss, divisor)),*
                }
            }
        }

        impl Model {
            /// The logits of every token, `[sequences, length, vocab_size]`: for evaluations.
            pub fn logits<R: Real>(&self, tape: &mut Tape<R>, inputs: impl Into<Inputs>) -> Slot {
                let inputs = inputs.into();
                match self {
                    $(Self::$variant(model) => model.logits(tape, inputs.into())),*
                }
            }

            /// Values on the way from tokens to logits, by name; nothing is added to the loss.
            pub fn observe<R: Real>(&self, tape: &mut Tape<R>, inputs: impl Into<Inputs>) -> Vec<(String, Slot)> {
                let inputs = inputs.into();
                match self {
                    $(Self::$variant(model) => model.observe(tape, inputs.into())),*
                }
            }
        }

        /// The settings of one kind; none if there is no such kind.
        pub fn settings(kind: &str) -> Option<Vec<Setting>> {
            match kind {
                $(stringify!($module) => Some(documented::settings::<$module::Shape>()),)*
                _ => None,
            }
        }

        /// All models: the name and what it is.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($module), $module::SAYS)),*];
    };
}

models! {
    EarlyFusion = early_fusion,
    Hybrid = hybrid,
    LateFusion = late_fusion,
    Looped = looped,
    Memory = memory,
    Transformer = transformer,
}

impl Model {
    /// The logits of tokens that go on from those before, `[sequences, length, vocab_size]`: one token at a time or a few. Every
    /// block keeps what it has to know of them, and nothing at first. None of models of loops or pictures, which are not decoded as yet.
    pub fn decode<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens, past: &mut Vec<Past<R>>) -> Option<Slot> {
        match self {
            Self::Hybrid(stack) | Self::Transformer(stack) | Self::Memory(memory::Model { stack, .. }) => {
                Some(stack.decode(tape, inputs, past))
            }
            Self::EarlyFusion(_) | Self::LateFusion(_) | Self::Looped(_) => None,
        }
    }

    /// The probabilities of leaving behind each loop, `[sequences, length, loops]`, of a model whose tokens may.
    pub fn exits<R: Real>(&self, tape: &mut Tape<R>, inputs: Tokens) -> Option<Slot> {
        match self {
            Self::Looped(model) => model.exits(tape, inputs),
            _ => None,
        }
    }
}

impl Config {
    /// The width of the residual stream, which recipes scale by.
    pub fn d_model(&self) -> usize {
        match self {
            Self::Hybrid(config) | Self::Memory(memory::Config { decoder: config, .. }) => config.d_model,
            Self::EarlyFusion(early_fusion::Config { stack, .. })
            | Self::LateFusion(late_fusion::Config { early: early_fusion::Config { stack, .. }, .. })
            | Self::Looped(looped::Config { stack, .. })
            | Self::Transformer(stack) => stack.d_model,
        }
    }

    /// Blocks that a token passes, one as often as it is applied: what recipes scale by.
    pub fn depth(&self) -> usize {
        match self {
            Self::Hybrid(config) | Self::Memory(memory::Config { decoder: config, .. }) => config.n_layer,
            Self::Looped(config) => config.depth(),
            Self::EarlyFusion(early_fusion::Config { stack, .. })
            | Self::LateFusion(late_fusion::Config { early: early_fusion::Config { stack, .. }, .. })
            | Self::Transformer(stack) => stack.n_layer,
        }
    }

    /// Loops behind which a token may leave; none without gates.
    pub fn exits(&self) -> Option<usize> {
        match self {
            Self::Looped(config) => config.gate.map(|_| config.loops),
            _ => None,
        }
    }

    /// Multiplies the logits of a tied head by what a recipe says for this width; a head of its own needs none.
    #[must_use]
    pub fn with_logits(mut self, scale: impl Fn(usize) -> f64) -> Self {
        let (tied, logit_scale, d_model) = match &mut self {
            Self::Hybrid(config) | Self::Memory(memory::Config { decoder: config, .. }) => {
                (config.tied, &mut config.logit_scale, config.d_model)
            }
            Self::EarlyFusion(early_fusion::Config { stack, .. })
            | Self::LateFusion(late_fusion::Config { early: early_fusion::Config { stack, .. }, .. })
            | Self::Looped(looped::Config { stack, .. })
            | Self::Transformer(stack) => (stack.tied, &mut stack.logit_scale, stack.d_model),
        };
        if tied {
            *logit_scale = scale(d_model);
        }
        self
    }

    fn moe(&self) -> Option<feed::Moe> {
        match self {
            Self::Hybrid(hybrid::Config { moe, .. })
            | Self::Memory(memory::Config { decoder: hybrid::Config { moe, .. }, .. })
            | Self::EarlyFusion(early_fusion::Config { moe, .. })
            | Self::LateFusion(late_fusion::Config { early: early_fusion::Config { moe, .. }, .. }) => *moe,
            Self::Looped(_) | Self::Transformer(_) => None,
        }
    }

    /// Experts of a block, and how many of them a token passes, of a model that has such.
    pub fn experts(&self) -> Option<[usize; 2]> {
        self.moe().map(|moe| [moe.experts, moe.chosen])
    }

    /// The step of biases that balance experts, of a model that has such.
    pub fn balance(&self) -> Option<f64> {
        self.moe().and_then(|moe| moe.rate)
    }

    /// What is looked up, of a model with a memory.
    pub fn memory(&self) -> Option<&memory::Config> {
        match self {
            Self::Memory(config) => Some(config),
            _ => None,
        }
    }

    /// The same for a training of so many steps.
    #[must_use]
    pub fn of_steps(mut self, steps: u64) -> Self {
        if let Self::Memory(config) = &mut self {
            config.of_steps(steps);
        }
        self
    }

    /// What of a training this model has no use for.
    ///
    /// # Errors
    /// The setting, and why.
    pub fn suits(&self, training: &Training) -> Result<(), Refused> {
        match self {
            Self::Looped(config) => config.suits(training),
            _ => Ok(()),
        }
    }
}
