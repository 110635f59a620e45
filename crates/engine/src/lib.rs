//! How a training step is computed: the tape, the ops on it, optimisers. Knows no model.
//!
//! * [`Params`] holds all weights of a model in one flat buffer; a [`Param`] is a handle to one array.
//! * A [`Tape`] runs ops as they are called and walks back over them for gradients. A model is a plain struct of handles.
//! * [`Step`] walks the sequences of a batch in chunks, on several threads, and adds up gradients in one fixed order.
//! * An [`Optimiser`] moves the weights, each group by its [`Rule`].
//!
//! The bits of a loss depend neither on the number of threads nor on the machine's vectors: matrix products go through
//! one function that cuts the inner dimension, reductions have a fixed number of lanes and a fixed order, elementary
//! functions are our own polynomials. They do depend on the [`Plan`] (sequences per chunk, shards), which is therefore
//! part of what determines a run.

mod buffers;
mod init;
mod math;
pub mod naive;
pub mod ops;
mod optimiser;
mod params;
mod product;
mod real;
mod routing;
mod simd;
mod step;
mod tape;

pub use buffers::Buffers;
pub use init::Init;
pub use ops::activation::Activation;
pub use ops::attention::Memory;
pub use ops::decay::Decay;
pub use ops::delta_rule::DeltaRule;
pub use ops::linear::Linear;
pub use ops::moe::{Experts, Routed};
pub use ops::rope::{Layout, Rope};
pub use optimiser::{Group, Optimiser, Rule};
pub use params::{Entry, Param, Params};
pub use product::{Matrix, executed_flops, inside_gemm, product};
pub use real::Real;
pub use simd::fuses;
pub use step::{Outcome, Plan, Step};
pub use tape::{Columns, IGNORE, Slot, Tape, Tokens};

/// Raised whenever the bits of a loss change: part of what identifies a run.
pub const NUMERICS: u32 = 1;
