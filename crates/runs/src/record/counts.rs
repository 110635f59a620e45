//! How big a run is, by every way of counting; and which of them fills the columns N and C.

use serde::{Deserialize, Serialize};

/// All counts of a run. Parameters in parameters, compute in FLOPs of the whole training (a float, exact up to 2^53: the
/// largest runs of our time overflow 64 bits), length in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Parameters that are stored: every one once.
    pub stored: u64,
    /// Parameters, one that is used r times counted r times.
    pub effective: u64,
    /// Parameters that take part in one token.
    pub active: u64,
    /// Parameters inside of a loop, each once, of a model that has one: the others are used once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrent: Option<u64>,
    /// Those of the tables that tokens and positions are looked up in.
    pub embedding: u64,
    /// Those of the map to the logits; 0 if it is tied to the embedding.
    pub head: u64,
    /// Stored without embedding and head.
    pub non_embedding: u64,
    /// FLOPs that the equations ask of the training: all products, head and attention included, each token reading the tokens up
    /// to it, a delta rule step by step. The way back counts twice the way forward, whether or not loops are cut out of it.
    pub flops_counted: f64,
    /// The same with scores of attention over all tokens of a window, as many papers count; none of runs from before it was
    /// counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops_full: Option<f64>,
    /// FLOPs of the products that the engine did, forward and back: chunks of a delta rule, blocks of attention beyond the
    /// diagonal, what is made anew on the way back; none of runs from before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops_executed: Option<f64>,
    /// 6 times the parameters that take part in a token (with reuse), without embedding and head, times tokens.
    pub flops_6nd: f64,
    /// Tokens trained on.
    pub tokens: u64,
    /// Bytes that a decoder keeps of a sequence for each of its tokens, in f32; none of runs from before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_per_token: Option<u64>,
    /// Bytes that it keeps however long the sequence is, as states; none of runs from before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_fixed: Option<u64>,
}

impl Counts {
    /// Parameters outside of a loop, without embedding and head; of a model that has one.
    pub fn once(&self) -> Option<u64> {
        self.non_embedding.checked_sub(self.recurrent?)
    }

    /// How often the loop is run, of a model that has one: `effective = stored + (r - 1) recurrent`.
    pub fn loops(&self) -> Option<f64> {
        let again = self.effective.checked_sub(self.stored)?;
        self.recurrent.filter(|inside| *inside > 0).map(|inside| 1.0 + again as f64 / inside as f64)
    }
}

/// Which count of parameters fills the column N.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// [`Counts::non_embedding`]
    #[default]
    NonEmbedding,
    /// [`Counts::stored`]
    Stored,
    /// [`Counts::effective`]
    Effective,
    /// [`Counts::active`]
    Active,
}

/// Which count of compute fills the column C.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compute {
    /// [`Counts::flops_counted`]
    #[default]
    #[serde(rename = "counted")]
    Counted,
    /// [`Counts::flops_full`]
    #[serde(rename = "full")]
    Full,
    /// [`Counts::flops_executed`]
    #[serde(rename = "executed")]
    Executed,
    /// [`Counts::flops_6nd`]
    #[serde(rename = "6nd")]
    SixNd,
}

/// Which counts fill the columns N and C of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Convention {
    /// Which parameters N counts.
    #[serde(default)]
    pub size: Size,
    /// Which FLOPs C counts.
    #[serde(default)]
    pub compute: Compute,
}

impl Size {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NonEmbedding, Self::Stored, Self::Effective, Self::Active];

    /// The count.
    pub fn of(self, counts: &Counts) -> u64 {
        match self {
            Self::NonEmbedding => counts.non_embedding,
            Self::Stored => counts.stored,
            Self::Effective => counts.effective,
            Self::Active => counts.active,
        }
    }

    /// What is said of the column: its convention.
    pub fn says(self) -> &'static str {
        match self {
            Self::NonEmbedding => "N without embedding and head",
            Self::Stored => "N of all stored parameters",
            Self::Effective => "N with reuse counted",
            Self::Active => "N active for a token",
        }
    }
}

impl Compute {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Counted, Self::Full, Self::Executed, Self::SixNd];

    /// What is said of the column: its convention.
    pub fn says(self) -> &'static str {
        match self {
            Self::Counted => "C counted, head and attention included",
            Self::Full => "C counted, attention over whole windows",
            Self::Executed => "C as executed",
            Self::SixNd => "C = 6ND",
        }
    }
}

impl Convention {
    /// The FLOPs of a run. 6 N D is that of the parameters that N counts: without embedding and head, whatever is used
    /// again counts as often as it is used ([`Counts::flops_6nd`]). NaN where a record does not say.
    pub fn flops(self, counts: &Counts) -> f64 {
        let six = |params: u64| 6.0 * params as f64 * counts.tokens as f64;
        match (self.compute, self.size) {
            (Compute::Counted, _) => counts.flops_counted,
            (Compute::Full, _) => counts.flops_full.unwrap_or(f64::NAN),
            (Compute::Executed, _) => counts.flops_executed.unwrap_or(f64::NAN),
            (Compute::SixNd, Size::NonEmbedding) => counts.flops_6nd,
            (Compute::SixNd, size) => six(size.of(counts)),
        }
    }
}
