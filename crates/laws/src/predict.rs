//! What a fit says of points: the law there, one new run there, and the best sizes for a budget.

use crate::additive::Additive;
use crate::bound::{bind_program, sizes_are_positive};
use crate::error::FitError;
use crate::estimate::{Estimate, Interval, Of};
use crate::objective::Link;
use crate::points::{Labels, Points};
use crate::program::Program;
use crate::reducible::Reducible;
use crate::result::Fit;

/// The law at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// the law itself
    pub mean: Estimate,
    /// one run not yet made
    pub new_run: Estimate,
}

/// The sizes that reach the least loss for a compute budget, C = 6 N D.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// the budget, FLOPs
    pub flops: f64,
    /// parameters
    pub params: Estimate,
    /// tokens
    pub tokens: Estimate,
    /// the loss there
    pub loss: Prediction,
}

impl Fit {
    /// The law at points: `columns` holds every input, all of one length; `family` the family of each point where the
    /// law has parameters per family.
    ///
    /// # Errors
    /// If an input is missing or a family is unknown.
    pub fn predict(
        &self,
        columns: &[(String, Vec<f64>)],
        family: Option<&[String]>,
    ) -> Result<Vec<Prediction>, FitError> {
        sizes_are_positive(columns, |_| None)?;
        let program = self.program(columns, family)?;
        let theta = self.theta();
        let values = program.values(&theta);
        let draws: Vec<Vec<f64>> = self.draws.iter().map(|d| program.values(d)).collect();
        let scale = self.noise_scale(columns, family, &values)?;
        let each = values.iter().enumerate().map(|(i, &value)| {
            let off = self.off_ladder(columns, i);
            let (noise, drift) = (self.noise * scale[i], self.drift(columns, i) * scale[i]);
            self.prediction(value, draws.iter().map(|d| d[i]), off, noise, drift)
        });
        Ok(each.collect())
    }

    /// What `noise` and drift are to be multiplied by at points, in the scale of residuals: 1, or the reducible loss there
    /// (over the law's value, for logarithms). `values` are the law's.
    pub(crate) fn noise_scale(
        &self,
        columns: &[(String, Vec<f64>)],
        family: Option<&[String]>,
        values: &[f64],
    ) -> Result<Vec<f64>, FitError> {
        let Some(floor) = self.reducible else { return Ok(vec![1.0; values.len()]) };
        let points = self.points(columns, family)?;
        let link = if self.objective.log { Link::Log } else { Link::Raw };
        let reducible = Reducible::bind(&self.law, &self.layout, &points)?;
        Ok(reducible.scale(&self.theta(), values, link, floor))
    }

    /// The law at points in each of the first `count` draws: `[draw][point]`.
    pub(crate) fn each_draw(
        &self,
        columns: &[(String, Vec<f64>)],
        family: Option<&[String]>,
        count: usize,
    ) -> Result<Vec<Vec<f64>>, FitError> {
        let program = self.program(columns, family)?;
        Ok(self.draws.iter().take(count).map(|d| program.values(d)).collect())
    }

    fn prediction(
        &self,
        value: f64,
        draws: impl IntoIterator<Item = f64>,
        refused: bool,
        noise: f64,
        drift: f64,
    ) -> Prediction {
        if refused {
            let none = Estimate { value, interval: None, method: crate::warning::COLLINEAR_REASON.into() };
            return Prediction { mean: none.clone(), new_run: none };
        }
        let mean = self.estimate(value, draws);
        let t = crate::estimate::student(self.level, self.df);
        let (noise, drift) = (noise * t, drift * t);
        let new_run = match mean.interval {
            None => mean.clone(),
            Some(Interval { lower, upper, level, .. }) => {
                // The law's error and the run's noise are independent: their widths add in quadrature, on each side. Beyond
                // the rows the law's error is at least the drift that held-out runs showed.
                let (lower, upper) = if self.objective.log {
                    let below = (value / lower).ln().max(drift).hypot(noise);
                    let above = (upper / value).ln().max(drift).hypot(noise);
                    (value * (-below).exp(), value * above.exp())
                } else {
                    (value - (value - lower).max(drift).hypot(noise), value + (upper - value).max(drift).hypot(noise))
                };
                let interval = Some(Interval { lower, upper, level, of: Of::NewRun });
                Estimate { value, interval, method: mean.method.clone() }
            }
        };
        Prediction { mean, new_run }
    }

    /// Standard deviation of the law's own error at a point beyond the rows, in the unit of `noise`.
    pub(crate) fn drift(&self, columns: &[(String, Vec<f64>)], i: usize) -> f64 {
        let Some(trust) = &self.trust else { return 0.0 };
        let get = |name: &str| columns.iter().find(|(n, _)| n == name).map(|(_, c)| c[i]);
        let scale = match trust.by.as_str() {
            "C" => get("C").or_else(|| Some(6.0 * get("N")? * get("D")?)),
            name => get(name),
        };
        scale.map_or(0.0, |s| trust.drift_at(s))
    }

    /// On a ladder only points along it can be predicted.
    fn off_ladder(&self, columns: &[(String, Vec<f64>)], i: usize) -> bool {
        let Some((slope, intercept)) = self.ladder else { return false };
        let get = |name: &str| columns.iter().find(|(n, _)| n == name).map(|(_, c)| c[i].ln());
        match (get("N"), get("D")) {
            (Some(n), Some(d)) => (d - intercept - slope * n).abs() > 0.1,
            _ => false,
        }
    }

    fn program(&self, columns: &[(String, Vec<f64>)], family: Option<&[String]>) -> Result<Program, FitError> {
        bind_program(&self.law, &self.layout, &self.points(columns, family)?)
    }

    /// Rows without a target: what the law is asked for.
    fn points(&self, columns: &[(String, Vec<f64>)], family: Option<&[String]>) -> Result<Points, FitError> {
        let rows = columns.first().map_or(0, |(_, c)| c.len());
        for name in self.reads() {
            if !columns.iter().any(|(n, _)| n == name) {
                return Err(FitError::new(
                    format!("the law {} needs {name}", self.law.name),
                    format!("give every input, as in --at {}", self.typically(self.reads())),
                ));
            }
        }
        // Columns of a group meet their parameters by the order of the rows that were fitted.
        let mut columns = columns.to_vec();
        columns.sort_by_key(|(name, _)| self.members().position(|m| m == name));
        let labels = match (self.families.is_empty(), family) {
            (true, _) => None,
            (false, None)
                if !self.layout.slots.values().any(|s| matches!(s, crate::program::Slot::PerLabel { .. })) =>
            {
                None
            }
            (false, None) => {
                return Err(FitError::new(
                    "this fit has parameters per family",
                    format!("say which: {}", self.families.join(", ")),
                ));
            }
            (false, Some(names)) => {
                let mut index = Vec::with_capacity(names.len());
                for name in names {
                    match self.families.iter().position(|f| f == name) {
                        Some(i) => index.push(i as u32),
                        None => {
                            let hint = format!("the families of this fit are {}", self.families.join(", "));
                            return Err(FitError::new(format!("no family {name} in this fit"), hint));
                        }
                    }
                }
                Some(Labels { name: String::new(), levels: self.families.clone(), index })
            }
        };
        Ok(Points { target: vec![0.0; rows], columns, family: labels, ..Points::default() })
    }

    /// The best N and D for a budget, by minimising the law over N at D = C / 6N. `None` where the law has no N and D, or
    /// no minimum between 10^-4 and 10^4 times the sizes that were fitted.
    pub fn optimum(&self, flops: f64) -> Option<Optimum> {
        let inputs: Vec<&str> = self.law.inputs().collect();
        if inputs.len() != 2 || !inputs.contains(&"N") || !inputs.contains(&"D") || !self.families.is_empty() {
            return None;
        }
        let range = self.ranges.iter().find(|r| r.0 == "N").map(|r| (r.1, r.2));
        let (low, high) = range.unwrap_or((1e3, 1e15));
        let additive = Additive::of(&self.law.formula, &self.layout);
        let line = Line { fit: self, flops, low: (low * 1e-4).ln(), high: (high * 1e4).ln() };
        let minimum = |theta: &[f64]| match additive {
            Some(additive) => additive.params(theta, flops),
            None => line.minimum(theta),
        };
        let best = minimum(&self.theta())?;
        let columns = |n: f64| vec![("N".to_owned(), vec![n]), ("D".to_owned(), vec![flops / (6.0 * n)])];
        let loss = self.predict(&columns(best), None).ok()?.remove(0);
        if self.ladder.is_some() {
            let none = |value: f64| Estimate { value, interval: None, method: crate::warning::COLLINEAR_REASON.into() };
            return Some(Optimum { flops, params: none(best), tokens: none(flops / (6.0 * best)), loss });
        }
        let all: Vec<f64> = self.draws.iter().filter_map(|d| minimum(d)).collect();
        // A draw without a minimum says that the data allow none: then there is no interval.
        let enough = all.len() * 50 >= self.draws.len() * 49;
        let all = if enough { all } else { Vec::new() };
        let params = self.estimate(best, all.iter().copied());
        let tokens = self.estimate(flops / (6.0 * best), all.iter().map(|n| flops / (6.0 * n)));
        Some(Optimum { flops, params, tokens, loss })
    }
}

/// The law along a line of equal compute.
struct Line<'a> {
    fit: &'a Fit,
    flops: f64,
    low: f64,
    high: f64,
}

impl Line<'_> {
    /// The N of least loss: a grid, then two finer grids around its best point, then the vertex of a parabola.
    fn minimum(&self, theta: &[f64]) -> Option<f64> {
        const POINTS: usize = 128;
        let (mut low, mut high) = (self.low, self.high);
        let mut vertex = f64::NAN;
        for _ in 0..4 {
            let step = (high - low) / (POINTS - 1) as f64;
            let n: Vec<f64> = (0..POINTS).map(|i| libm::exp(low + i as f64 * step)).collect();
            let d = n.iter().map(|n| self.flops / (6.0 * n)).collect();
            let program = self.fit.program(&[("N".to_owned(), n), ("D".to_owned(), d)], None).ok()?;
            let values = program.values(theta);
            let best = (0..POINTS).min_by(|&a, &b| values[a].total_cmp(&values[b]))?;
            if best == 0 || best == POINTS - 1 {
                return None;
            }
            let (a, b, c) = (values[best - 1], values[best], values[best + 1]);
            let bend = a - 2.0 * b + c;
            let shift = if bend > 0.0 { 0.5 * (a - c) / bend } else { 0.0 };
            vertex = low + (best as f64 + shift.clamp(-1.0, 1.0)) * step;
            // Finer grids than a millionth only measure rounding.
            if step < 1e-4 {
                break;
            }
            (low, high) = (vertex - 3.0 * step, vertex + 3.0 * step);
        }
        Some(libm::exp(vertex))
    }
}
