//! Ways of finding the best sizes for a budget from a table of runs, and how far they disagree.
//!
//! Hoffmann et al. 2022 (arXiv 2203.15556, section 3) used three: the lower envelope of training curves (approach 1),
//! parabolas at equal compute (approach 2) and the fitted surface (approach 3). Shukor et al. 2025 (arXiv 2504.07951)
//! regress on a lower convex hull. All read N and D (parameters, tokens) and a loss; compute is the column C where there
//! is one and 6 N D elsewhere.

mod bias;
mod disagree;
mod envelope;
mod hull;
mod isoflop;
mod noise;
mod resampled;
mod runs;
mod surface;

use crate::catalogue;
use crate::error::FitError;
use crate::estimate::Estimate;
use crate::law::Law;
use crate::options::Options;
use crate::points::{Labels, Points};
use runs::Runs;

pub use bias::{Bias, parabola_bias};
pub use disagree::{Compared, Disagreement, disagree};
pub use surface::surface;

/// A way of finding the best sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// approach 1: the size that wins at each budget, [`envelope()`]
    Envelope,
    /// approach 2: a parabola per budget, [`isoflop()`]
    Isoflop,
    /// approach 2 with a cubic in the place of the parabola, [`isoflop_cubic()`]
    Cubic,
    /// approach 3: the fitted law, [`surface()`]
    Surface,
    /// the lower convex hull of all runs, [`hull()`]
    Hull,
}

impl Kind {
    /// All of them, in the order of the papers.
    pub const ALL: [Self; 5] = [Self::Envelope, Self::Isoflop, Self::Cubic, Self::Surface, Self::Hull];

    /// `envelope`, `isoflop`, `isoflop-cubic`, `surface`, `hull`
    pub fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Isoflop => "isoflop",
            Self::Cubic => "isoflop-cubic",
            Self::Surface => "surface",
            Self::Hull => "hull",
        }
    }
}

/// A power of compute: `e^log_factor * C^exponent`, a line in logarithms.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// the power of compute
    pub exponent: Estimate,
    /// natural logarithm of the factor, C in FLOPs; it has no meaning alone, far below any budget
    pub log_factor: f64,
}

impl Line {
    /// The value at a budget in FLOPs.
    pub fn at(&self, flops: f64) -> f64 {
        libm::exp(self.log_factor + self.exponent.value * libm::log(flops))
    }
}

/// The best sizes that were found at one budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// the budget, FLOPs: the geometric mean over its runs, or the middle of the stretch that a size wins
    pub flops: f64,
    /// best parameters
    pub params: f64,
    /// best tokens
    pub tokens: f64,
    /// loss there, in the unit of the table
    pub loss: f64,
    /// standard error of ln params, where a curve was fitted
    pub error: Option<f64>,
    /// best (parameters, tokens) of a cubic through the same runs, where one was fitted beside a parabola
    pub cubic: Option<(f64, f64)>,
}

/// A budget that does not count.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// the budget, FLOPs; the middle of it if it is a range
    pub flops: f64,
    /// why
    pub reason: String,
}

/// What one way found: best sizes as powers of compute.
#[derive(Clone, Debug, PartialEq)]
pub struct Approach {
    /// which way
    pub kind: Kind,
    /// best parameters, N* ~ C^a
    pub params: Line,
    /// best tokens, D* ~ C^b
    pub tokens: Line,
    /// least loss, L ~ C^c without a floor; none for the surface, whose frontier has one
    pub loss: Option<Line>,
    /// where the lines come from, by budget; empty for the surface
    pub minima: Vec<Minimum>,
    /// budgets that do not count
    pub left_out: Vec<LeftOut>,
    /// what was decided, and what is known of its bias
    pub notes: Vec<String>,
}

/// Which runs belong to one budget.
#[derive(Clone, Debug, PartialEq)]
pub enum Budgets {
    /// Runs whose compute is alike: neighbours within this share (0.05 for 5 %) belong together, and all of a budget
    /// within twice of it.
    Within(f64),
    /// A label per row.
    Labelled(Labels),
    /// So many budgets, evenly in ln C, to which the runs of every size are interpolated: for runs that had equal compute
    /// by another way of counting it. A size that has no runs on both sides of a budget takes no part in it, and budgets lie
    /// where five sizes do. Between runs ln L goes straight over ln C.
    Interpolated(usize),
}

/// What the parabola of a budget is drawn through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ordinate {
    /// the loss, as published fits
    #[default]
    Loss,
    /// its logarithm
    LogLoss,
}

/// What a caller may ask of the approaches.
#[derive(Clone, Debug, PartialEq)]
pub struct ApproachOptions {
    /// which runs belong to one budget, for the parabolas
    pub budgets: Budgets,
    /// what the parabolas are drawn through
    pub ordinate: Ordinate,
    /// budgets along the envelope, evenly in ln C; Hoffmann et al. 2022 took 1500
    pub grid: usize,
    /// budgets along the hull
    pub samples: usize,
    /// the law of the surface: it must have the shape `E + A*N^-alpha + B*D^-beta`
    pub law: Law,
    /// how the surface is fitted; its draws, level, seed and threads are those of the paired draws
    pub fit: Options,
}

impl Default for ApproachOptions {
    fn default() -> Self {
        Self {
            budgets: Budgets::Within(0.05),
            ordinate: Ordinate::Loss,
            grid: 1500,
            samples: 1000,
            law: catalogue::law("chinchilla").expect("a law that ships"),
            fit: Options::default(),
        }
    }
}

/// Approach 1: the lower envelope of each size's runs (Hoffmann et al. 2022, section 3.1).
///
/// The loss of a size between its runs is piecewise linear, ln L against ln C. On a grid even in ln C the size of least
/// loss is sought, and ln N, ln D of the winners are regressed on ln C. A budget counts only if a smaller and a larger size
/// lose to the winner, there or, where they have no runs there, at the nearest budget at which both have: a smaller one
/// that lost before loses from then on, a larger one that loses later lost before. What the smallest or the largest size
/// wins says nothing of the optimum.
///
/// Known bias: sizes come in steps, and a staircase of n equal steps is flatter by 1/n^2 than the line through it; where
/// the first and last step are cut short, it is steeper again. A note says how much: on a Chinchilla surface without
/// noise, 7 sizes with 8 lengths each, five sizes win and a comes out as 0.435 in the place of 0.452. On a table of few
/// sizes and lengths a better size may have ended before the budget.
///
/// # Errors
/// If the rows are not positive finite N, D and loss; if fewer than three sizes have runs of several lengths; if fewer
/// than three of them win a budget that counts.
pub fn envelope(points: &Points, options: &ApproachOptions) -> Result<Approach, FitError> {
    envelope::envelope(&Runs::new(points)?, options)
}

/// Approach 2: a parabola in ln N per budget (Hoffmann et al. 2022, section 3.2).
///
/// A budget counts if it has at least four sizes (five for the cubic beside it), if the parabola opens upwards with its
/// minimum between the runs, and if the run of least loss is not of the smallest or largest size (Porian et al. 2024,
/// arXiv 2406.19146, drop those). ln N* and ln D* are regressed on ln C with weights of inverse variance: the delta method
/// on the parabola's residuals, of which none is taken to scatter less than all budgets together do.
///
/// Known bias: a loss is no parabola in ln N, so N* and D* are off by a factor that grows with the width of the grid
/// (Czech et al. 2026, arXiv 2603.22339); [`parabola_bias`] computes it.
///
/// # Errors
/// If the rows are not positive finite N, D and loss, or fewer than two budgets count; the message names the first.
pub fn isoflop(points: &Points, options: &ApproachOptions) -> Result<Approach, FitError> {
    isoflop::isoflop(&Runs::new(points)?, options, Kind::Isoflop)
}

/// As [`isoflop()`], with the cubic's minima.
///
/// # Errors
/// As [`isoflop()`]; a budget needs five sizes.
pub fn isoflop_cubic(points: &Points, options: &ApproachOptions) -> Result<Approach, FitError> {
    isoflop::isoflop(&Runs::new(points)?, options, Kind::Cubic)
}

/// A pure power through the lower convex hull of all runs in (ln C, ln L), as Shukor et al. 2025 (arXiv 2504.07951) fit
/// their frontiers: L = a C^-c. With runs joined by straight lines the hull is that of the runs themselves.
///
/// The paper drops budgets below 3e19 FLOPs by hand. Here the hull counts from the last run of the size it begins with to
/// the first run of the size it ends with: before and after, one size carries it alone, and no other was there to win.
/// Between them ln L is regressed on ln C at budgets evenly spaced in C, as in the paper (large ones count most), and ln N
/// and ln D, taken along the hull's straight pieces, at budgets evenly spaced in ln C.
///
/// Known bias: a hull touches the luckiest runs, so with noise it lies below the law; and a frontier with a floor is no
/// power, so c is that of the upper end of the range. On a Chinchilla surface without noise, 7 sizes with 8 lengths each,
/// c is 0.2 % above that of the law's own frontier there, and a 0.447 in the place of 0.452.
///
/// # Errors
/// If the rows are not positive finite N, D and loss, or no third size lies between the two ends of the hull.
pub fn hull(points: &Points, options: &ApproachOptions) -> Result<Approach, FitError> {
    hull::hull(&Runs::new(points)?, options)
}

/// As [`hull()`], with an interval of each exponent: whole clusters of runs are drawn with replacement, and every draw has
/// its own hull. Clusters are those of the points (trunks), else sizes, as runs of one size mostly share one. The draws,
/// level and seed are those of `options.fit`. Of fewer than six clusters, or where one draw in five has no frontier, there is
/// no interval but the reason.
///
/// # Errors
/// As [`hull()`].
pub fn hull_resampled(points: &Points, options: &ApproachOptions) -> Result<Approach, FitError> {
    resampled::resampled(points, options)
}

/// A power without an interval: what noise does to it is asked of all approaches together.
fn power((exponent, log_factor): (f64, f64)) -> Line {
    let method = "a regression line: its residuals are no noise of runs; paired draws give its interval";
    Line { exponent: Estimate { value: exponent, interval: None, method: method.into() }, log_factor }
}
