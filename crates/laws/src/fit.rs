//! The story of a fit: bind, search, draw, warn.

use crate::bootstrap::{Base, Clusters, Noise, draws, sandwich};
use crate::additive::Additive;
use crate::coordinates::Coordinates;
use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of, Spread, student};
use crate::influence::{Influence, influence};
use crate::law::Law;
use crate::layout::Layout;
use crate::objective::Link;
use crate::options::{Loss, Method, Options};
use crate::points::Points;
use crate::profile::profile;
use crate::program::{Columns, Program};
use crate::scale::proposal2;
use crate::search::{CLIP, Found, Rows, search};
use crate::start::starts;
use crate::warning::{self, Warning};

/// A law fitted to rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// the law
    pub law: Law,
    /// every parameter: families and groups one by one
    pub parameters: Vec<Fitted>,
    /// bootstrap draws of all parameters, in the order of `parameters`
    pub draws: Vec<Vec<f64>>,
    /// what was minimised and how low it came
    pub objective: Objective,
    /// rows that entered
    pub rows: usize,
    /// parameters that were free
    pub free: usize,
    /// standard deviation of one run about the law: of its logarithm if residuals are logarithmic
    pub noise: f64,
    /// degrees of freedom of the intervals
    pub df: f64,
    /// how intervals were made
    pub method: String,
    /// level of the intervals
    pub level: f64,
    /// how the search went
    pub search: Search,
    /// what to mind, worst first
    pub warnings: Vec<Warning>,
    /// what was decided for the caller
    pub notes: Vec<String>,
    /// rows that move the fit
    pub influence: Option<Influence>,
    /// residual of every row, in the scale of the fit
    pub residuals: Vec<f64>,
    /// least and greatest value of every input
    pub ranges: Vec<(String, f64, f64)>,
    /// inputs of the two-scale ladder that move together: (ln slope, ln intercept) of D on N
    pub ladder: Option<(f64, f64)>,
    /// units and conventions of the columns
    pub units: Vec<(String, String)>,
    /// how columns were counted
    pub conventions: Vec<(String, String)>,
    /// what the rows were
    pub row_hash: u64,
    /// the seed of starts and draws
    pub seed: u64,
    /// with fewer than six clusters: the intervals of the parameters if rows shared no noise
    pub without_clusters: Vec<(String, Interval)>,
    pub(crate) layout: Layout,
    pub(crate) families: Vec<String>,
}

/// A parameter and its estimate.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fitted {
    /// `alpha`, `A[mla]`
    pub name: String,
    /// value and interval
    pub estimate: Estimate,
    /// standard error: spread of the draws
    pub error: Option<f64>,
    /// it was given, not fitted
    pub held: bool,
}

/// What was minimised.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Objective {
    /// in words
    pub name: String,
    /// residuals are of the logarithm
    pub log: bool,
    /// Huber's delta; `None` for squares
    pub delta: Option<f64>,
    /// its value at the optimum, summed over rows
    pub value: f64,
}

/// How the search went.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Search {
    /// starting points
    pub starts: usize,
    /// starts that ended at the reported optimum
    pub agree: usize,
    /// starts that did not converge
    pub lost: usize,
    /// how far from stationary: sqrt(g' H^-1 g / objective)
    pub decrement: f64,
    /// other optima, best first
    pub runners_up: Vec<Basin>,
}

/// A local optimum that is not the best.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Basin {
    /// objective there
    pub objective: f64,
    /// all parameters there
    pub theta: Vec<f64>,
    /// starts that ended there
    pub starts: usize,
}

/// A law bound to rows, ready to be fitted.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) layout: Layout,
    pub(crate) coordinates: Coordinates,
    pub(crate) program: Program,
    pub(crate) rows: Rows,
}

/// Fits a law to points.
///
/// # Errors
/// If the rows or options cannot give a fit (too few rows, constant columns, unknown parameters) or no start converges.
pub fn fit(law: &Law, points: &Points, options: &Options) -> Result<Fit, FitError> {
    let mut notes = Vec::new();
    let mut bound = bind(law, points, options, &mut notes)?;
    check(law, &bound, points)?;
    let ladder = ladder(points);
    if ladder.is_some() {
        along_ladder(law, &mut bound);
    }
    let mut found = find(law, &bound, points, options)?;
    widen(law, &mut bound, points, options, &mut found, &mut notes)?;
    let Some(best) = found.optima.first().cloned() else {
        return Err(FitError::new(
            format!("none of {} starts converged: the law {} has no optimum on these rows", found.starts, law.name),
            "a simpler law, or --bound PARAMETER=LOW..HIGH, may have one",
        ));
    };
    let (values, jacobian) = bound.program.jacobian(&best.theta);
    let residuals = bound.rows.residuals(&values);
    let clusters = Clusters::new(points.cluster.as_ref(), points.len());
    let columns = columns_of(&bound, &values, &jacobian);
    let noise = Noise::new(&residuals, &columns, &bound.rows.weight, &clusters);
    let fitted: Vec<f64> = bound.rows.target.iter().zip(&residuals).map(|(y, r)| y - r).collect();
    let method = choose(options.method, &residuals, &clusters, points);
    let large = points.len() > SANDWICH_ROWS && method != Method::None && method != Method::Profile;
    let base = Base {
        program: &bound.program,
        coordinates: &bound.coordinates,
        rows: &bound.rows,
        clusters: &clusters,
        delta: found.delta,
        at: &best.solution.at,
        fitted: &fitted,
        noise: &noise,
    };
    let draws = if large {
        sandwich(&base, &columns, options.draws, options.seed)
    } else {
        draws(&base, method, options.draws, options.seed, options.threads)
    };
    let mut fit = Fit {
        law: law.clone(),
        parameters: Vec::new(),
        draws,
        objective: objective_of(options.loss, &bound.rows, &found, best.solution.value),
        rows: points.len(),
        free: bound.coordinates.len(),
        noise: deviation(&residuals, &bound.rows.weight, bound.coordinates.len(), &clusters, noise.df),
        df: noise.df,
        method: if large { sandwich_name(options, points, &clusters) } else { method_of(method, options, points, &clusters) },
        level: options.level,
        search: Search {
            starts: found.starts,
            agree: best.starts,
            lost: found.lost,
            decrement: best.solution.decrement,
            runners_up: found.optima[1..].iter().map(basin).collect(),
        },
        warnings: Vec::new(),
        notes,
        influence: None,
        residuals,
        ranges: points.columns.iter().map(|(n, c)| range(n, c)).collect(),
        ladder,
        units: points.units.clone(),
        conventions: points.conventions.clone(),
        row_hash: points.hash(),
        seed: options.seed,
        families: points.family.as_ref().map_or(Vec::new(), |f| f.levels.clone()),
        without_clusters: Vec::new(),
        layout: bound.layout.clone(),
    };
    fit.parameters = fit.estimate_parameters(&best.theta, options);
    if options.method == Method::Profile {
        for (k, &i) in bound.coordinates.columns().iter().enumerate() {
            fit.parameters[i].estimate.interval = Some(profile(&bound, &found, &best, k, options.level));
        }
    }
    if points.cluster.is_some() && clusters.count < FEW && !fit.draws.is_empty() {
        let alone = fit_ignoring_clusters(law, points, options)?;
        let intervals = alone.parameters.into_iter().filter_map(|p| Some((p.name, p.estimate.interval?)));
        fit.without_clusters = intervals.collect();
    }
    if options.influence && points.len() <= SANDWICH_ROWS {
        let errors = fit.coordinate_errors(&bound.coordinates);
        fit.influence = influence(&bound, &found, &best, points, &errors);
    }
    fit.warnings = warning::warnings(&fit, &bound, &found, &best, points, options);
    Ok(fit)
}

/// Fewer clusters than this cannot tell how much noise rows share.
const FEW: usize = 6;

fn fit_ignoring_clusters(law: &Law, points: &Points, options: &Options) -> Result<Fit, FitError> {
    let points = Points { cluster: None, ..points.clone() };
    fit(law, &points, &Options { influence: false, ..options.clone() })
}

fn basin(optimum: &crate::search::Optimum) -> Basin {
    Basin { objective: optimum.solution.value, theta: optimum.theta.clone(), starts: optimum.starts }
}

fn range(name: &str, column: &[f64]) -> (String, f64, f64) {
    let (low, high) = column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    (name.to_owned(), low, high)
}

pub(crate) fn bind_program(law: &Law, layout: &Layout, points: &Points) -> Result<Program, FitError> {
    let columns = Columns {
        rows: points.len(),
        numbers: points.columns.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect(),
        labels: points.family.iter().map(|l| l.index.as_slice()).collect(),
    };
    Program::bind(&law.formula, &columns, &layout.slots, layout.entries.len()).map_err(|e| {
        FitError::new(format!("the law {} cannot be used here: {e}", law.name), "--map \"NAME=...\" makes a column that is missing")
    })
}

pub(crate) fn bind(law: &Law, points: &Points, options: &Options, notes: &mut Vec<String>) -> Result<Bound, FitError> {
    let layout = Layout::new(law, points, options)?;
    let coordinates = layout.coordinates(law);
    let program = bind_program(law, &layout, points)?;
    let lowest = points.target.iter().copied().fold(f64::INFINITY, f64::min);
    let losses = points.target.iter().filter(|y| **y <= 0.0).count();
    if losses > 0 && losses * 5 < points.len() && options.loss != Loss::Squared {
        // A few among positive ones are slips; a target that is negative as a rule is another kind of quantity.
        let row = points.target.iter().position(|y| *y <= 0.0).unwrap_or(0);
        return Err(FitError::new(
            format!("line {}: {} = {} where nearly all are positive", points.line(row), law.formula.target, points.target[row]),
            format!("leave it out with --where \"{} > 0\", or fit raw residuals with --objective squared", law.formula.target),
        ));
    }
    let link = match options.loss {
        Loss::Squared => Link::Raw,
        Loss::Robust if lowest <= 0.0 => {
            let target = &law.formula.target;
            notes.push(format!("some {target} are not positive (least {lowest}): residuals are of {target}, not of its logarithm"));
            Link::Raw
        }
        _ if lowest <= 0.0 => {
            let row = points.target.iter().position(|y| *y <= 0.0).unwrap_or(0);
            return Err(FitError::new(
                format!("line {}: {} = {} has no logarithm", points.line(row), law.formula.target, points.target[row]),
                "leave the row out with --where, or fit raw residuals with --objective squared",
            ));
        }
        _ => Link::Log,
    };
    Ok(Bound { layout, coordinates, program, rows: rows_of(link, points) })
}

/// Weights as given, times the inverse variance where standard errors are given (their mean set to 1).
fn weights(points: &Points) -> Vec<f64> {
    let mut weight = points.weight.clone().unwrap_or_else(|| vec![1.0; points.len()]);
    if let Some(se) = &points.se {
        let inverse: Vec<f64> = se.iter().zip(&points.target).map(|(s, y)| (y / s).powi(2)).collect();
        let mean = inverse.iter().sum::<f64>() / inverse.len().max(1) as f64;
        weight.iter_mut().zip(&inverse).for_each(|(w, v)| *w *= v / mean);
    }
    weight
}

/// Refuses what no fit can answer.
fn check(law: &Law, bound: &Bound, points: &Points) -> Result<(), FitError> {
    let (n, p) = (points.len(), bound.coordinates.len());
    if n == 0 {
        return Err(FitError::new("no rows are left to fit", "every row that was left out is listed with its reason"));
    }
    if n <= p {
        let rows = if n == 1 { "1 row".into() } else { format!("{n} rows") };
        return Err(FitError::new(
            format!("{rows} for {p} free parameters: a fit needs more rows than parameters, and intervals a few more"),
            "train more runs, or hold parameters with --fix, or take a law with fewer (isoloss list laws)",
        ));
    }
    for (name, column) in &points.columns {
        if law.inputs().any(|i| i == name) && n > 1 && column.iter().all(|x| x == &column[0]) {
            return Err(FitError::new(
                format!("{name} is {} in every row: a law cannot learn what it does", column[0]),
                format!("take a law without {name} (isoloss list laws), or add runs with other {name}"),
            ));
        }
    }
    if points.target.iter().all(|y| y == &points.target[0]) {
        return Err(FitError::new(
            format!("{} is {} in every row: there is nothing to explain", law.formula.target, points.target[0]),
            "is this the right column? --loss COLUMN names another",
        ));
    }
    Ok(())
}

/// Above this many rows the search is made on that many of them; what it finds is refined on all.
const SKETCH_ROWS: usize = 2000;

fn find(law: &Law, bound: &Bound, points: &Points, options: &Options) -> Result<Found, FitError> {
    let Bound { layout, coordinates, program, rows } = bound;
    let begin = if !options.start_at.is_empty() {
        options.start_at.iter().map(|s| (s.clone(), 1)).collect()
    } else if points.len() > SKETCH_ROWS {
        let some = points.spread(SKETCH_ROWS);
        let program = bind_program(law, layout, &some)?;
        let rows = rows_of(rows.link, &some);
        let begin = starts(law, layout, coordinates, &program, &some, rows.link, options.starts, options.seed);
        let begin: Vec<(Vec<f64>, usize)> = begin.into_iter().map(|s| (s, 1)).collect();
        let found = search(&program, coordinates, &rows, options.loss, &begin);
        found.optima.into_iter().take(8).map(|o| (o.theta, o.starts)).collect()
    } else {
        let begin = starts(law, layout, coordinates, program, points, rows.link, options.starts, options.seed);
        begin.into_iter().map(|s| (s, 1)).collect::<Vec<_>>()
    };
    Ok(search(program, coordinates, rows, options.loss, &begin))
}

fn rows_of(link: Link, points: &Points) -> Rows {
    let target = match link {
        Link::Log => points.target.iter().map(|y| libm::log(*y)).collect(),
        Link::Raw => points.target.clone(),
    };
    Rows { link, target, weight: weights(points) }
}

/// A bound hit on a default range is widened first; a bound of the caller's stays.
fn widen(law: &Law, bound: &mut Bound, points: &Points, options: &Options, found: &mut Found, notes: &mut Vec<String>) -> Result<(), FitError> {
    use crate::law::Domain;
    let Some(best) = found.optima.first() else { return Ok(()) };
    let mut widened = false;
    for (entry, value) in bound.layout.entries.iter_mut().zip(&best.theta) {
        if let Domain::Range { lower, upper } = entry.domain
            && !entry.bounded
            && entry.held.is_none()
            && (*value <= lower || *value >= upper)
        {
            let width = upper - lower;
            entry.domain = Domain::Range { lower: lower - width, upper: upper + width };
            entry.start = None;
            widened = true;
            notes.push(format!("{} reached {value}, the end of its usual range: widened to {}..{}", entry.name, lower - width, upper + width));
        }
    }
    if widened {
        bound.coordinates = bound.layout.coordinates(law);
        *found = find(law, bound, points, options)?;
    }
    Ok(())
}

fn objective_of(loss: Loss, rows: &Rows, found: &Found, value: f64) -> Objective {
    let log = rows.link == Link::Log;
    let name = match loss {
        Loss::Robust if log => "Huber on log residuals, delta from their spread",
        Loss::Robust => "Huber on raw residuals, delta from their spread",
        Loss::Published => "summed Huber 1e-3 on log loss, as published fits",
        Loss::SquaredLog => "half the sum of squared log residuals",
        Loss::Squared => "half the sum of squared residuals",
    };
    Objective { name: name.into(), log, delta: Some(found.delta).filter(|d| d.is_finite()), value }
}

/// Above this many rows refits would add seconds and the normal approximation is exact to a fraction of a percent.
const SANDWICH_ROWS: usize = 20_000;

/// Many clusters: the wild bootstrap costs nothing and allows for any noise. Few: residuals are pooled, unless their
/// size is seen to follow an input or the fitted value.
fn choose(method: Method, residuals: &[f64], clusters: &Clusters, points: &Points) -> Method {
    if method != Method::Auto {
        return method;
    }
    let uneven = clusters.count == residuals.len() && uneven(residuals, points);
    if clusters.count >= MANY || uneven { Method::Wild } else { Method::Residual }
}

/// From here on the wild bootstrap is as narrow as the residual one.
const MANY: usize = 100;

/// Whether the size of residuals follows an input: Spearman's correlation of |r| with any input beyond what chance gives
/// once in a thousand.
fn uneven(residuals: &[f64], points: &Points) -> bool {
    let sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    let limit = 3.3 / (residuals.len() as f64 - 1.0).max(1.0).sqrt();
    points.columns.iter().chain([("".to_owned(), points.target.clone())].iter()).any(|(_, c)| spearman(&sizes, c).abs() > limit)
}

fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let spread = (sum(&a, &a) * sum(&b, &b)).sqrt();
    if spread > 0.0 { sum(&a, &b) / spread } else { 0.0 }
}

/// Ranks from 0, ties at their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut out = vec![0.0; values.len()];
    let mut i = 0;
    while i < order.len() {
        let same = order[i..].iter().take_while(|&&k| values[k] == values[order[i]]).count();
        for &k in &order[i..i + same] {
            out[k] = i as f64 + (same as f64 - 1.0) / 2.0;
        }
        i += same;
    }
    out
}

fn sandwich_name(options: &Options, points: &Points, clusters: &Clusters) -> String {
    let what = points.cluster.as_ref().map_or("rows".to_owned(), |l| format!("clusters of {}", l.name));
    format!("sandwich covariance over {} {what}, {} normal draws", clusters.count, options.draws)
}

fn method_of(method: Method, options: &Options, points: &Points, clusters: &Clusters) -> String {
    let what = match &points.cluster {
        Some(labels) => format!("{} clusters of {}", clusters.count, labels.name),
        None => format!("{} rows", clusters.count),
    };
    match method {
        Method::Auto | Method::Residual => format!("residual bootstrap, {} draws over {what}", options.draws),
        Method::Wild => format!("wild bootstrap, {} draws over {what}", options.draws),
        Method::Pairs => format!("pairs bootstrap, {} draws over {what}", options.draws),
        Method::Profile => "profile likelihood, for parameters only".into(),
        Method::None => "not asked for".into(),
    }
}

/// Derivatives of every row by the free parameters, in the scale of the residuals.
fn columns_of(bound: &Bound, values: &[f64], jacobian: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let scaled = bound.coordinates.columns().iter().map(|&j| match bound.rows.link {
        Link::Log => jacobian[j].iter().zip(values).map(|(d, f)| d / f).collect(),
        Link::Raw => jacobian[j].clone(),
    });
    scaled.collect()
}

/// Standard deviation of one run about the law. Where rows share noise, clusters are what tells of it.
fn deviation(residuals: &[f64], weight: &[f64], p: usize, clusters: &Clusters, df: f64) -> f64 {
    let alike: Vec<f64> = residuals.iter().zip(weight).map(|(r, w)| r * w.sqrt()).collect();
    if clusters.count == residuals.len() {
        proposal2(&alike, p, CLIP)
    } else {
        proposal2(&alike, 0, CLIP) * (clusters.count as f64 / df).sqrt()
    }
}

/// On a ladder where N and D move together, `A*N^-alpha + B*D^-beta` is one power of N within any noise: that one is
/// fitted, as the first term alone, and the parameters it cannot tell apart are refused. Fitting all five lets the two
/// powers cancel, and no bootstrap of such fits covers.
fn along_ladder(law: &Law, bound: &mut Bound) {
    let Some(shape) = Additive::of(&law.formula, &bound.layout) else { return };
    let entries = &mut bound.layout.entries;
    if [shape.a, shape.alpha, shape.b, shape.beta].iter().any(|&i| entries[i].held.is_some() || entries[i].bounded) {
        return;
    }
    entries[shape.b].held = Some(0.0);
    entries[shape.beta].held = Some(1.0);
    bound.coordinates = bound.layout.coordinates(law);
}

/// If two inputs N and D move together over the rows, the line ln D = intercept + slope ln N they lie on.
fn ladder(points: &Points) -> Option<(f64, f64)> {
    let (n, d) = (points.column("N")?, points.column("D")?);
    let pairs: Vec<(f64, f64)> = n.iter().zip(d).filter(|(n, d)| **n > 0.0 && **d > 0.0).map(|(n, d)| (n.ln(), d.ln())).collect();
    let m = pairs.len() as f64;
    let (x, y) = (pairs.iter().map(|p| p.0).sum::<f64>() / m, pairs.iter().map(|p| p.1).sum::<f64>() / m);
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| f(p.0 - x, p.1 - y)).sum::<f64>();
    let (xx, xy, yy) = (sum(&|a, _| a * a), sum(&|a, b| a * b), sum(&|_, b| b * b));
    let correlation = xy / (xx * yy).sqrt();
    (correlation.abs() > 0.999).then(|| (xy / xx, y - x * xy / xx))
}

impl Fit {
    /// The values of all parameters.
    pub fn theta(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.estimate.value).collect()
    }

    /// A parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&Fitted> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// An estimate of any quantity from its value at the optimum and at every draw.
    pub(crate) fn estimate(&self, value: f64, draws: impl IntoIterator<Item = f64>) -> Estimate {
        let Some(spread) = Spread::new(value, draws) else {
            return Estimate { value, interval: None, method: self.method.clone() };
        };
        let (lower, upper) = spread.ends(student(self.level, self.df));
        if !(upper - lower > 1e-9 * value.abs()) {
            return Estimate { value, interval: None, method: warning::EXACT_REASON.into() };
        }
        let interval = Some(Interval { lower, upper, level: self.level, of: Of::Mean });
        Estimate { value, interval, method: self.method.clone() }
    }

    /// Spread of the draws in the solver's coordinates.
    fn coordinate_errors(&self, coordinates: &Coordinates) -> Vec<f64> {
        let draws: Vec<Vec<f64>> = self.draws.iter().map(|d| coordinates.point(d)).collect();
        if draws.is_empty() {
            return Vec::new();
        }
        let at = coordinates.point(&self.theta());
        let spread = |k: usize| Spread::new(at[k], draws.iter().map(|d| d[k])).map_or(0.0, |s| s.deviation());
        (0..coordinates.len()).map(spread).collect()
    }

    /// The published fit of this law that these parameters are, to 2 %.
    pub(crate) fn published_at(&self, theta: &[f64]) -> Option<&str> {
        let close = |name: &str, value: f64| {
            let i = self.parameters.iter().position(|p| p.name == name);
            i.is_none_or(|i| (theta[i] - value).abs() <= 0.02 * value.abs())
        };
        let found = self.law.published.iter().find(|p| p.values.iter().all(|(name, value)| close(name, *value)))?;
        Some(&found.name)
    }

    fn estimate_parameters(&self, theta: &[f64], options: &Options) -> Vec<Fitted> {
        let each = self.layout.entries.iter().zip(theta).enumerate();
        each.map(|(i, (entry, &value))| {
            let input = |name: &str| self.law.inputs().any(|i| i == name);
            let unidentified = self.ladder.is_some() && input("N") && input("D");
            let held = entry.held.is_some() && !(unidentified && !options.fix.iter().any(|(n, _)| *n == entry.name));
            let estimate = if unidentified && !held && !crate::roles::is_term(&self.law.formula.body, &entry.parameter) {
                Estimate { value, interval: None, method: warning::COLLINEAR_REASON.into() }
            } else if held {
                Estimate { value, interval: None, method: "held".into() }
            } else {
                self.estimate(value, self.draws.iter().map(|d| d[i]))
            };
            let error = Spread::new(value, self.draws.iter().map(|d| d[i])).map(|s| s.deviation());
            let error = error.filter(|_| estimate.interval.is_some());
            Fitted { name: entry.name.clone(), estimate, error, held }
        })
        .collect()
    }
}
