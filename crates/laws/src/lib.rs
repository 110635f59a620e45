//! Scaling laws: what a table of runs means.
//!
//! A [`Law`] is data: a formula of inputs and parameters, from the [`catalogue`], from a text or from a file. [`fit`] finds its
//! parameters from [`Points`], the rows of a table, with an interval for each; the [`Fit`] predicts losses and finds the best
//! sizes for a budget. Values are in base units: parameters, tokens, FLOPs, nats per token. Nothing here reads a file, a
//! clock or the environment, and the same points and [`Options`] give the same bits.
//!
//! ```
//! use isoloss_laws::{Options, Points, catalogue, fit};
//!
//! // Simulated runs: parameters, training tokens, loss in nats per token.
//! let runs = [
//!     (10e6, 50e6, 6.8041), (10e6, 200e6, 5.5242), (10e6, 800e6, 4.7767),
//!     (25e6, 125e6, 5.3680), (25e6, 500e6, 4.4640), (25e6, 2e9, 3.8996),
//!     (60e6, 300e6, 4.4163), (60e6, 1.2e9, 3.8118), (60e6, 4.8e9, 3.3935),
//!     (150e6, 750e6, 3.7313), (150e6, 3e9, 3.2467), (150e6, 12e9, 2.9694),
//!     (360e6, 1.8e9, 3.1935), (360e6, 7.2e9, 2.8496), (360e6, 28.8e9, 2.6598),
//! ];
//! let points = Points {
//!     target: runs.iter().map(|run| run.2).collect(),
//!     columns: vec![
//!         ("N".to_owned(), runs.iter().map(|run| run.0).collect()),
//!         ("D".to_owned(), runs.iter().map(|run| run.1).collect()),
//!     ],
//!     ..Points::default()
//! };
//! let law = catalogue::law("chinchilla").expect("it ships");
//! let fit = fit(&law, &points, &Options::default())?;
//!
//! // What may mislead is said before any number is used.
//! assert!(fit.warnings.is_empty());
//!
//! // A run that was not in the table: 900 million parameters, 18 billion tokens.
//! let there = fit.predict(&[("N".to_owned(), vec![900e6]), ("D".to_owned(), vec![18e9])], None)?;
//! let one_run = there[0].new_run.interval.as_ref().expect("draws give intervals");
//! assert!((one_run.lower..one_run.upper).contains(&2.5796));
//!
//! // The best size for 1e21 FLOPs, and how sure that is.
//! let best = fit.optimum(1e21).expect("the law has one");
//! let sizes = best.params.interval.expect("draws give intervals");
//! assert!(sizes.lower < best.params.value && best.params.value < sizes.upper);
//! # Ok::<(), isoloss_laws::FitError>(())
//! ```

mod additive;
mod against;
mod approach;
mod artefact;
mod average;
mod bootstrap;
mod bound;
pub mod catalogue;
mod chain;
mod comparable;
mod compare;
mod coordinates;
mod curve;
mod derived;
mod error;
mod estimate;
mod families;
mod farther;
mod fit;
mod grid;
mod growth;
mod hunt;
mod influence;
mod knowledge;
mod ladder;
mod law;
mod law_file;
mod layout;
mod method;
mod mixture;
mod next;
mod objective;
mod options;
mod outside;
mod paired;
mod plan;
mod plausible;
mod points;
mod polynomial;
mod pooled;
mod predict;
mod profile;
pub mod program;
mod published;
mod rank;
mod reached;
mod reducible;
mod result;
mod roles;
mod scale;
mod score;
mod search;
mod simplex;
mod size;
mod solve;
mod start;
mod substitute;
mod sweep;
mod toward;
mod trust;
mod typical;
mod until;
mod warning;
pub use against::Against;
pub use approach::*;
pub use artefact::{ArtefactError, SCHEMA};
pub use average::{Averaged, Mean, Task, average, means_of, misprinted};
pub use chain::chain;
pub use compare::*;
pub use curve::Scale;
pub use derived::Derived;
pub use error::FitError;
pub use estimate::{Estimate, Interval, Of};
pub use families::{apart, families_suffice};
pub use farther::{FARTHER, Far, Farther, Sizes};
pub use fit::fit;
pub use grid::{Bracket, bracket, placed};
pub use growth::growth;
pub use influence::{Influence, Moved};
pub use knowledge::{Format, Knowledge, Regime};
pub use law::*;
pub use mixture::{Gain, Mixture, Share, Sought, mixture};
pub use next::{Candidate, Next, Purse, Quantity, Wanted, half_width, next, next_among};
pub use options::*;
pub use paired::{Measured, paired};
pub use plan::{Circumstances, Given, Plan, plan};
pub use points::*;
pub use pooled::pooled;
pub use predict::*;
pub use published::{constants, published};
pub use rank::{Ranked, Ranking, rank};
pub use reached::Reached;
pub use result::{Basin, Fit, Fitted, Objective, Search, Span};
pub use score::{Cut, Cuts, Held, Score, score};
pub use size::{EffectiveSize, Reading, Scored, SizeGain, Worth, effective_size, effective_sizes, size_gain};
pub use sweep::{Choice, Edge, Pair, choose, choose_pair};
pub use toward::Toward;
pub use trust::Trust;
pub use until::{Goal, Step, step};
pub use warning::{BEST_SIZES, CODES, Severity, Warning};
