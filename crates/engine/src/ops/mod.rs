//! The ops: one file each, with its equation, forward, backward and a naive reference, and one line in [`NAMES`].

pub mod activation;
pub mod add;
pub mod append;
pub mod attention;
pub mod concat;
pub mod cross_entropy;
pub mod decay;
pub mod delta_rule;
pub mod dot;
pub mod embedding;
pub mod exits;
pub mod keep;
pub mod l2norm;
pub mod layernorm;
pub mod linear;
pub mod moe;
pub mod multiply;
pub mod patch_embed;
pub mod rmsnorm;
pub mod rope;
pub mod scale;
pub mod short_conv;
pub mod splice;
pub mod split;
#[cfg(test)]
mod square_gate;
pub mod swiglu;

#[cfg(test)]
mod conformance;

use crate::{Real, Tape};

/// What the tape asks of an op: its arguments are slots and handles, small enough to copy.
pub(crate) trait Op: Copy {
    /// Computes the outputs, which are slots without contents as yet.
    fn forward<R: Real>(self, tape: &mut Tape<R>);

    /// Adds to the gradients of weights and inputs what the gradient of the output says; nothing if it has none.
    fn backward<R: Real>(self, tape: &mut Tape<R>);
}

/// The list from which the tape, the names and the conformance tests are made.
macro_rules! ops {
    ($($(#[$when:meta])? $variant:ident = $module:ident),* $(,)?) => {
        /// An op on the tape, with its arguments.
        // Nodes are some hundreds at most and are moved once each, so the largest may set their size.
        #[allow(clippy::large_enum_variant)]
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Node {
            $($(#[$when])? $variant($module::Node)),*
        }

        impl Node {
            pub(crate) fn backward<R: Real>(self, tape: &mut Tape<R>) {
                match self {
                    $($(#[$when])? Self::$variant(op) => op.backward(tape)),*
                }
            }
        }

        $($(#[$when])? impl From<$module::Node> for Node {
            fn from(op: $module::Node) -> Self {
                Self::$variant(op)
            }
        })*

        /// All ops by the names of their files.
        pub const NAMES: &[&str] = &[$($(#[$when])? stringify!($module)),*];

        #[cfg(test)]
        mod conform {
            $(#[test]
            fn $module() {
                super::conformance::check::<super::$module::tests::Case>();
            })*
        }
    };
}

ops! {
    Activation = activation,
    Add = add,
    Append = append,
    Attention = attention,
    Concat = concat,
    CrossEntropy = cross_entropy,
    Decay = decay,
    DeltaRule = delta_rule,
    Dot = dot,
    Embedding = embedding,
    Exits = exits,
    Keep = keep,
    L2Norm = l2norm,
    LayerNorm = layernorm,
    Linear = linear,
    Moe = moe,
    Multiply = multiply,
    PatchEmbed = patch_embed,
    RmsNorm = rmsnorm,
    Rope = rope,
    Scale = scale,
    ShortConv = short_conv,
    Splice = splice,
    Split = split,
    #[cfg(test)]
    SquareGate = square_gate,
    Swiglu = swiglu,
}
