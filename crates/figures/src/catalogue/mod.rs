//! The figures that ship: one file each, and one line each in [`ALL`].
//!
//! A file holds the figure as a function of what it shows (`residuals::figure(&fit, &runs)`), for reports and
//! experiments, and `draw`, which finds that in what a user gave.

pub mod backtest;
mod by_size;
pub mod capacity;
mod columns;
pub mod compute;
pub mod counting;
pub mod curves;
pub mod fit;
pub mod frontier;
pub mod isoflop;
mod material;
mod missing;
pub mod mixtures;
pub mod multiplier;
pub mod pareto;
mod published;
pub mod residuals;
pub mod reuse;
mod say;
mod scales;
pub mod surface;
pub mod sweep;
mod words;

pub use material::{Material, Runs};
pub use missing::Missing;

use crate::figure::Figure;

/// What a figure is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// a table, read for a law
    Runs,
    /// one fit
    Fit,
    /// two or more fits, or one that has families
    Fits,
    /// a store of runs, for the curves of their training
    Store,
    /// a table with columns of its own: their names, and what they hold
    Table(&'static [(&'static str, &'static str)]),
}

/// What may be chosen of a figure, beside what it is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// [`Material::baseline`]
    Baseline,
    /// [`Material::at`]
    AtLoss,
    /// [`Material::budgets`]
    Budgets,
}

impl Choice {
    /// Its option on the command line.
    pub fn option(self) -> &'static str {
        match self {
            Self::Baseline => "--baseline",
            Self::AtLoss => "--at-loss",
            Self::Budgets => "--budgets",
        }
    }
}

/// A figure that can be asked for by name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// on the command line
    pub name: &'static str,
    /// what it shows, in one sentence
    pub says: &'static str,
    /// what it may be drawn from: any one of these
    pub needs: &'static [Needs],
    /// what may be chosen; any other choice would change nothing
    pub takes: &'static [Choice],
    /// draws it
    pub draw: fn(&Material) -> Result<Figure, Missing>,
    /// draws it from published numbers alone, where papers print them
    pub published: Option<fn() -> Figure>,
    /// puts published numbers into a figure of one's own; without it the published figure stands at its side
    pub beside: Option<fn(Figure) -> Figure>,
}

/// Every figure, in the order of the help.
pub const ALL: &[Entry] = &[
    fit::ENTRY,
    frontier::ENTRY,
    isoflop::ENTRY,
    surface::ENTRY,
    residuals::ENTRY,
    curves::ENTRY,
    multiplier::ENTRY,
    backtest::ENTRY,
    capacity::ENTRY,
    pareto::ENTRY,
    mixtures::ENTRY,
    reuse::ENTRY,
    compute::ENTRY,
    counting::ENTRY,
    sweep::ENTRY,
];

/// A figure of one's own with that of what papers print beside.
///
/// # Errors
/// If papers print no numbers for it, or one of them has several panels.
pub fn beside_published(entry: &Entry, own: Figure) -> Result<Figure, Missing> {
    let name = entry.name;
    let published = entry.published.ok_or_else(|| {
        let all: Vec<&str> = ALL.iter().filter(|e| e.published.is_some()).map(|e| e.name).collect();
        let message = format!("figure {name} --published: papers print no numbers for it");
        Missing::new(message, format!("those with published numbers: {}", all.join(", ")))
    })?;
    if let Some(beside) = entry.beside {
        return Ok(beside(own));
    }
    own.beside("These runs", published(), "Published").ok_or_else(|| {
        let message = format!("figure {name}: of several panels, it is drawn beside no other");
        Missing::new(message, format!("isoloss figure {name} --published draws what papers print by itself"))
    })
}

/// A figure by name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|e| e.name == name)
}
