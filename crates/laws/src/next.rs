//! Which runs to buy next: those that shrink the interval of one quantity most for their cost.
//!
//! The draws of a fit are an ensemble: what a run at some place would tell of a quantity is the covariance of the two over
//! the draws. Runs are chosen one after another, each after the ensemble was conditioned on the ones before (linear and
//! normal), by the fall of the variance per square root of cost: per cost buys many cheap, far runs and per nothing few
//! dear ones, and neither did as well on public tables.

use crate::curve::{Curve, Scale};
use crate::error::FitError;
use crate::estimate::{Estimate, student};
use crate::result::Fit;

/// What is to be known better.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// a parameter by name
    Parameter(String),
    /// the loss at a place: its logarithm, where the fit is of logarithms
    Loss(Vec<(String, f64)>),
    /// ln of the best N for a budget in FLOPs
    Params(f64),
}

/// How much may be spent, and when to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Purse {
    /// FLOPs (the sum of the scale, for a law of one input) for all runs together
    pub budget: f64,
    /// most runs
    pub runs: usize,
    /// stop once half the width of the interval is this
    pub until: Option<f64>,
    /// first spend 60 % near the place that is asked for, on runs of at most 30 % of the budget each: where the place lies
    /// far beyond the rows, law and truth may differ there
    pub anchors: bool,
}

/// A run worth making.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// its inputs
    pub at: Vec<(String, f64)>,
    /// what it costs
    pub cost: f64,
    /// half the width of the quantity's interval after it and all before
    pub half_width: f64,
    /// bought as an anchor near the target
    pub anchor: bool,
    /// how far it lies outside the runs that were fitted, where it does: by input, or tokens per parameter `D/N`
    pub outside: Vec<(String, f64)>,
}

/// The runs, and what they bring.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// half the width of the quantity's interval now
    pub before: f64,
    /// in the order in which they were chosen
    pub runs: Vec<Wanted>,
    /// what all cost
    pub cost: f64,
}

/// Places that are weighed: this many sizes, as many lengths.
const GRID: usize = 14;
/// How far beyond the fitted inputs, and their tokens per parameter, a run may lie.
const BEYOND: f64 = 8.0;
/// Share of the budget for anchors, and of one of them.
const ANCHORS: (f64, f64) = (0.6, 0.3);

/// A run that can be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// its inputs
    pub at: Vec<(String, f64)>,
    /// what it costs, in the unit of the budget
    pub cost: f64,
}

/// Chooses among runs that can be made, each once: their indices in the order in which they are worth most for their cost.
///
/// # Errors
/// As [`next`].
pub fn next_among(
    fit: &Fit,
    quantity: &Quantity,
    purse: &Purse,
    candidates: &[Candidate],
) -> Result<Vec<usize>, FitError> {
    Ok(greedy(fit, quantity, purse, Places::of(fit, candidates)?)?.1)
}

/// Chooses runs greedily for a fit with draws, of a law that reads N and D or one input.
///
/// # Errors
/// If the fit has no draws, the quantity is unknown or held, or the budget buys no run.
pub fn next(fit: &Fit, quantity: &Quantity, purse: &Purse) -> Result<Next, FitError> {
    Ok(greedy(fit, quantity, purse, Places::grid(fit)?)?.0)
}

fn greedy(fit: &Fit, quantity: &Quantity, purse: &Purse, mut places: Places) -> Result<(Next, Vec<usize>), FitError> {
    if fit.draws.len() < 20 {
        return Err(FitError::new(
            format!("this fit has no draws to tell what a run would bring: {}", fit.method),
            "fit the runs with intervals: isoloss fit TABLE --save fit.json",
        ));
    }
    let costs = places.costs.clone();
    if !costs.iter().any(|cost| *cost <= purse.budget) {
        let cheapest = costs.iter().copied().fold(f64::INFINITY, f64::min);
        return Err(FitError::new(
            format!("{:e} buys no run near those that were fitted: the cheapest costs {cheapest:.2e}", purse.budget),
            "give a larger --budget",
        ));
    }
    let wanted = quantity_draws(fit, quantity)?;
    let told: Vec<Vec<f64>> = (0..places.rows.len()).map(|i| places.told(fit, i)).collect();
    let mut ensemble = Ensemble::new(&wanted, &told, places.noise(fit)?);
    let t = student(fit.level, fit.df);
    let before = t * ensemble.variance().sqrt();
    if before <= 0.0 || !before.is_finite() {
        return Err(FitError::new(
            "the quantity does not vary over the draws",
            "it is held, tied or follows from what is",
        ));
    }
    let target = target(fit, quantity);
    let mut runs: Vec<Wanted> = Vec::new();
    let mut spent = 0.0;
    let mut buy = |ensemble: &mut Ensemble, spent: &mut f64, i: usize, anchor: bool| {
        ensemble.condition(i);
        *spent += costs[i];
        let half_width = t * ensemble.variance().sqrt();
        let at = places.named(i);
        let outside = outside(fit, &at);
        runs.push(Wanted { at, cost: costs[i], half_width, anchor, outside });
        (runs.len(), half_width)
    };
    let done = |(count, half): (usize, f64)| count >= purse.runs || purse.until.is_some_and(|u| half <= u);
    if let (true, Some(target)) = (purse.anchors, &target) {
        let mut order: Vec<usize> = (0..costs.len()).filter(|&i| costs[i] <= ANCHORS.1 * purse.budget).collect();
        order.sort_by(|&a, &b| places.distance(a, target).total_cmp(&places.distance(b, target)));
        for i in order {
            // What is left buys only runs that are no longer near.
            if spent + costs[i] > ANCHORS.0 * purse.budget {
                break;
            }
            if done(buy(&mut ensemble, &mut spent, i, true)) {
                return Ok((Next { before, cost: spent, runs }, ensemble.bought));
            }
        }
    }
    // Where runs are few and money is not, a run much cheaper than its share of the budget saves nothing.
    // Candidates are made until enough is known: what is saved counts.
    let share = if places.once { 0.0 } else { purse.budget / purse.runs as f64 };
    let worth = |ensemble: &Ensemble, i: usize| ensemble.fall(i) / (costs[i] + share).sqrt();
    while let Some(i) = (0..costs.len())
        .filter(|&i| spent + costs[i] <= purse.budget && !(places.once && ensemble.bought.contains(&i)))
        .max_by(|&a, &b| worth(&ensemble, a).total_cmp(&worth(&ensemble, b)))
    {
        // Buying on for nothing is no plan.
        if ensemble.fall(i) <= 1e-9 * ensemble.variance() || done(buy(&mut ensemble, &mut spent, i, false)) {
            break;
        }
    }
    Ok((Next { before, cost: spent, runs }, ensemble.bought))
}

/// Where runs may be made.
struct Places {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
    costs: Vec<f64>,
    curve: Curve,
    /// a place is one run, not as many as one likes
    once: bool,
}

impl Places {
    /// Anywhere near the rows.
    fn grid(fit: &Fit) -> Result<Self, FitError> {
        let inputs: Vec<&str> = fit.law.inputs().collect();
        let grid = |name: &str, steps: usize| {
            let (low, high) = fit.ranges.iter().find(|r| r.0 == name).map_or((1e6, 1e10), |r| (r.1, r.2));
            let (low, high) = (low.ln(), (high * BEYOND).ln());
            (0..steps).map(|i| libm::exp(low + (high - low) * i as f64 / (steps - 1) as f64)).collect::<Vec<f64>>()
        };
        let family = fit.families().first().map(String::as_str);
        if inputs.contains(&"N") && inputs.contains(&"D") && inputs.len() == 2 {
            let (n, d) = (grid("N", GRID), grid("D", GRID));
            let (low, high) = ratios(fit).unwrap_or((0.0, f64::INFINITY));
            let near = |row: &Vec<f64>| (low / BEYOND..=high * BEYOND).contains(&(row[1] / row[0]));
            let rows = n.iter().flat_map(|n| d.iter().map(|d| vec![*n, *d])).filter(near).collect();
            let curve = Curve::new(fit, family, &Scale::Compute, &[])?;
            return Ok(Self::new(vec!["N".into(), "D".into()], rows, curve));
        }
        match inputs.as_slice() {
            [only] => {
                let rows = grid(only, GRID * GRID).into_iter().map(|x| vec![x]).collect();
                let curve = Curve::new(fit, family, &Scale::Input((*only).to_owned()), &[])?;
                Ok(Self::new(vec![(*only).to_owned()], rows, curve))
            }
            _ => Err(FitError::new(
                format!("runs are chosen for laws of N and D or of one input, not of {}", inputs.join(", ")),
                "hold the other inputs fixed in the table and fit such a law",
            )),
        }
    }

    fn new(names: Vec<String>, rows: Vec<Vec<f64>>, curve: Curve) -> Self {
        let cost = |row: &Vec<f64>| match row.as_slice() {
            [n, d] => 6.0 * n * d,
            row => row.iter().product(),
        };
        let costs = rows.iter().map(cost).collect();
        Self { names, rows, costs, curve, once: false }
    }

    /// These, each once.
    fn of(fit: &Fit, candidates: &[Candidate]) -> Result<Self, FitError> {
        let Self { names, curve, .. } = Self::grid(fit)?;
        let input = |candidate: &Candidate, name: &String| {
            let found = candidate.at.iter().find(|(n, _)| n == name).map(|(_, x)| *x);
            found.ok_or_else(|| FitError::new(format!("a run without {name} cannot be weighed"), "give every input"))
        };
        let row = |candidate: &Candidate| names.iter().map(|name| input(candidate, name)).collect();
        let rows = candidates.iter().map(row).collect::<Result<_, _>>()?;
        let costs = candidates.iter().map(|candidate| candidate.cost).collect();
        Ok(Self { names, rows, costs, curve, once: true })
    }

    /// What the draws say of a run there, in the scale of the residuals.
    fn told(&mut self, fit: &Fit, i: usize) -> Vec<f64> {
        let Self { rows, curve, .. } = self;
        fit.draws.iter().map(|d| scaled(fit, curve.eval(d, &rows[i]))).collect()
    }

    /// Variance of a run at every place, in the scale of the residuals.
    fn noise(&mut self, fit: &Fit) -> Result<Vec<f64>, FitError> {
        let Self { names, rows, curve, .. } = self;
        let columns = |k: usize| rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
        let columns: Vec<(String, Vec<f64>)> = names.iter().enumerate().map(|(k, n)| (n.clone(), columns(k))).collect();
        let theta = fit.theta();
        let values: Vec<f64> = rows.iter().map(|row| curve.eval(&theta, row)).collect();
        let family = fit.families().first().map(|family| vec![family.clone(); rows.len()]);
        let scale = fit.noise_scale(&columns, family.as_deref(), &values)?;
        Ok(scale.iter().map(|s| (s * fit.noise).powi(2)).collect())
    }

    fn named(&self, i: usize) -> Vec<(String, f64)> {
        self.names.iter().cloned().zip(self.rows[i].iter().copied()).collect()
    }

    /// Between logarithms of inputs.
    fn distance(&self, i: usize, target: &[(String, f64)]) -> f64 {
        let of = |name: &String| target.iter().find(|(n, _)| n == name).map(|(_, x)| x.ln());
        self.names.iter().zip(&self.rows[i]).filter_map(|(n, x)| Some((of(n)? - x.ln()).powi(2))).sum()
    }
}

/// Half the width of a quantity's interval, as the fit states it; of a loss and of a size as a share. None without an
/// interval.
///
/// # Errors
/// If the quantity is unknown to this fit.
pub fn half_width(fit: &Fit, quantity: &Quantity) -> Result<Option<f64>, FitError> {
    let share = |estimate: &Estimate| estimate.interval.map(|i| (i.upper / i.lower).ln() / 2.0);
    Ok(match quantity {
        Quantity::Parameter(name) => {
            let interval = fit.parameter(name).and_then(|p| p.estimate.interval);
            interval.map(|i| (i.upper - i.lower) / 2.0)
        }
        Quantity::Loss(at) => {
            let columns: Vec<(String, Vec<f64>)> = at.iter().map(|(name, x)| (name.clone(), vec![*x])).collect();
            let family: Vec<String> = fit.families().iter().take(1).cloned().collect();
            let predicted = fit.predict(&columns, (!family.is_empty()).then_some(&family[..]))?;
            predicted.first().and_then(|prediction| share(&prediction.mean))
        }
        Quantity::Params(flops) => fit.optimum(*flops).and_then(|best| share(&best.params)),
    })
}

/// Least and greatest tokens per parameter of the rows.
fn ratios(fit: &Fit) -> Option<(f64, f64)> {
    let all = fit.spans.iter().filter_map(|s| s.tokens_per_param);
    all.reduce(|(low, high), (l, h)| (low.min(l), high.max(h)))
}

/// By which factors a place lies outside the rows.
fn outside(fit: &Fit, at: &[(String, f64)]) -> Vec<(String, f64)> {
    let of = |name: &str| at.iter().find(|(n, _)| n == name).map(|(_, x)| *x);
    let inputs = fit.ranges.iter().filter_map(|(name, low, high)| Some((name.clone(), of(name)?, *low, *high)));
    let ratio = of("N").zip(of("D")).zip(ratios(fit)).map(|((n, d), (low, high))| ("D/N".to_owned(), d / n, low, high));
    let factor = |(name, x, low, high): (String, f64, f64, f64)| (name, (low / x).max(x / high));
    // A hair is rounding.
    inputs.chain(ratio).map(factor).filter(|(_, factor)| *factor > 1.0 + 1e-9).collect()
}

fn scaled(fit: &Fit, value: f64) -> f64 {
    if fit.objective.log { value.ln() } else { value }
}

fn target(fit: &Fit, quantity: &Quantity) -> Option<Vec<(String, f64)>> {
    match quantity {
        Quantity::Parameter(_) => None,
        Quantity::Loss(at) => Some(at.clone()),
        Quantity::Params(flops) => {
            let best = fit.optimum(*flops)?;
            Some(vec![("N".into(), best.params.value), ("D".into(), best.tokens.value)])
        }
    }
}

/// The quantity in every draw.
fn quantity_draws(fit: &Fit, quantity: &Quantity) -> Result<Vec<f64>, FitError> {
    match quantity {
        Quantity::Parameter(name) => {
            let i = fit.parameters.iter().position(|p| p.name == *name).ok_or_else(|| {
                let names: Vec<&str> = fit.parameters.iter().map(|p| p.name.as_str()).collect();
                let hint = format!("it has {}; loss and N can be known too, with --at", names.join(", "));
                FitError::new(format!("this fit has no parameter {name}"), hint)
            })?;
            Ok(fit.draws.iter().map(|d| d[i]).collect())
        }
        Quantity::Loss(at) => {
            let mut places = Places::grid(fit)?;
            let row: Option<Vec<f64>> =
                places.names.iter().map(|n| at.iter().find(|(name, _)| name == n).map(|(_, x)| *x)).collect();
            let row = row.ok_or_else(|| {
                FitError::new("the place of the loss is not given", format!("as in {}=...", places.names.join("=...,")))
            })?;
            Ok(fit.draws.iter().map(|d| scaled(fit, places.curve.eval(d, &row))).collect())
        }
        Quantity::Params(flops) => {
            let mut curve = Curve::new(fit, fit.families().first().map(String::as_str), &Scale::Compute, &[])?;
            Ok(fit.draws.iter().map(|d| curve.best(d, *flops).map_or(f64::NAN, f64::ln)).collect())
        }
    }
}

/// Covariances over the draws, of the quantity and of a run at every place, conditioned on the runs bought so far.
struct Ensemble {
    /// of the places with each other, row by row, and last the quantity
    covariance: Vec<f64>,
    size: usize,
    /// variance of a run, at every place
    noise: Vec<f64>,
    /// places of runs that were bought
    bought: Vec<usize>,
}

impl Ensemble {
    fn new(wanted: &[f64], told: &[Vec<f64>], noise: Vec<f64>) -> Self {
        // A few far draws would own a covariance: the outermost percent on either side of the quantity are left out.
        let mut order: Vec<usize> = (0..wanted.len()).filter(|&i| wanted[i].is_finite()).collect();
        order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
        let cut = order.len() / 100;
        let kept = &order[cut..order.len() - cut];
        let finite: Vec<usize> = kept.iter().copied().filter(|&d| told.iter().all(|t| t[d].is_finite())).collect();
        let count = finite.len() as f64;
        let centred = |column: &[f64]| {
            let mean = finite.iter().map(|&d| column[d]).sum::<f64>() / count;
            finite.iter().map(|&d| column[d] - mean).collect::<Vec<f64>>()
        };
        let columns: Vec<Vec<f64>> = told.iter().map(Vec::as_slice).chain([wanted]).map(centred).collect();
        let size = columns.len();
        let mut covariance = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..=i {
                let sum: f64 = columns[i].iter().zip(&columns[j]).map(|(a, b)| a * b).sum();
                covariance[i * size + j] = sum / (count - 1.0);
                covariance[j * size + i] = sum / (count - 1.0);
            }
        }
        Self { covariance, size, noise, bought: Vec::new() }
    }

    /// Of the quantity.
    fn variance(&self) -> f64 {
        self.covariance[self.size * self.size - 1].max(0.0)
    }

    /// By how much a run at place `i` would lower it.
    fn fall(&self, i: usize) -> f64 {
        let with = self.covariance[(self.size - 1) * self.size + i];
        with * with / (self.covariance[i * self.size + i] + self.noise[i])
    }

    /// A run was made at place `i`.
    fn condition(&mut self, i: usize) {
        self.bought.push(i);
        let n = self.size;
        let row: Vec<f64> = (0..n).map(|j| self.covariance[i * n + j]).collect();
        let total = row[i] + self.noise[i];
        for a in 0..n {
            for b in 0..n {
                self.covariance[a * n + b] -= row[a] * row[b] / total;
            }
        }
    }
}
