//! Runs as the approaches read them: logarithms, checked once, and sizes that are the same.

use crate::bound::sizes_are_positive;
use crate::error::FitError;
use crate::points::Points;

/// Sizes closer than this share are one size: tables read from figures repeat a size to a few digits.
const SAME_SIZE: f64 = 1e-3;
/// Runs of one size closer in compute than this are replicates.
const SAME_BUDGET: f64 = 1e-6;

/// Natural logarithms of the columns, one per row.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    pub(super) params: Vec<f64>,
    pub(super) tokens: Vec<f64>,
    pub(super) flops: Vec<f64>,
    pub(super) log_loss: Vec<f64>,
    /// the loss itself
    pub(super) loss: Vec<f64>,
    pub(super) notes: Vec<String>,
}

/// The runs of one size.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// mean of ln N
    pub(super) params: f64,
    /// from little compute to much, replicates averaged
    pub(super) knots: Vec<Knot>,
}

/// One run, or the mean of replicates; all in logarithms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knot {
    pub(super) flops: f64,
    pub(super) tokens: f64,
    pub(super) log_loss: f64,
}

impl Runs {
    pub(super) fn new(points: &Points) -> Result<Self, FitError> {
        let need = |name: &str| {
            points.column(name).ok_or_else(|| {
                let given: Vec<&str> = points.columns.iter().map(|(n, _)| n.as_str()).collect();
                FitError::new(
                    format!("best sizes need the column {name}; the columns are {}", given.join(", ")),
                    format!("--map \"{name}=...\" makes a column that is missing"),
                )
            })
        };
        let (n, d) = (need("N")?, need("D")?);
        if points.is_empty() {
            return Err(FitError::new("no rows are left", "every row that was left out is listed with its reason"));
        }
        let mut columns = vec![("N".to_owned(), n.to_vec()), ("D".to_owned(), d.to_vec())];
        columns.extend(points.column("C").map(|c| ("C".to_owned(), c.to_vec())));
        sizes_are_positive(&columns, |row| Some(format!("line {}", points.line(row))))?;
        columns.push(("loss".to_owned(), points.target.clone()));
        for (name, column) in &columns {
            if let Some(row) = column.iter().position(|x| !(x.is_finite() && *x > 0.0)) {
                return Err(FitError::new(
                    format!("line {}: {name} = {} has no logarithm", points.line(row), column[row]),
                    "best sizes are sought in logarithms: leave the row out with --where",
                ));
            }
        }
        let log = |c: &[f64]| c.iter().map(|x| libm::log(*x)).collect::<Vec<f64>>();
        let (params, tokens) = (log(n), log(d));
        let six = libm::log(6.0);
        let flops = match points.column("C") {
            Some(c) => log(c),
            None => params.iter().zip(&tokens).map(|(n, d)| six + n + d).collect(),
        };
        let mut notes = Vec::new();
        if points.weight.is_some() || points.se.is_some() {
            notes.push("every run counts alike: weights and standard errors of rows are the surface's only".into());
        }
        Ok(Self { params, tokens, flops, log_loss: log(&points.target), loss: points.target.clone(), notes })
    }

    /// The same runs with other losses; `None` if one has no logarithm.
    pub(super) fn with_losses(&self, loss: Vec<f64>) -> Option<Self> {
        if !loss.iter().all(|l| l.is_finite() && *l > 0.0) {
            return None;
        }
        let log_loss = loss.iter().map(|l| libm::log(*l)).collect();
        Some(Self { log_loss, loss, ..self.clone() })
    }

    /// Some of the runs, in that order; one that is drawn twice is a replicate of itself.
    pub(super) fn some(&self, rows: &[usize]) -> Self {
        let pick = |column: &[f64]| rows.iter().map(|&row| column[row]).collect::<Vec<f64>>();
        Self {
            params: pick(&self.params),
            tokens: pick(&self.tokens),
            flops: pick(&self.flops),
            log_loss: pick(&self.log_loss),
            loss: pick(&self.loss),
            notes: self.notes.clone(),
        }
    }

    /// Mean and greatest deviation of ln (C / 6 N D): how compute was counted.
    pub(super) fn counting(&self) -> (f64, f64) {
        let six = libm::log(6.0);
        let each = (0..self.flops.len()).map(|i| self.flops[i] - six - self.params[i] - self.tokens[i]);
        let ratios: Vec<f64> = each.collect();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        (mean, ratios.iter().fold(0.0, |m, r| (r - mean).abs().max(m)))
    }

    /// Rows by size, from small to large.
    pub(super) fn sizes(&self, rows: &[usize]) -> Vec<Vec<usize>> {
        chains(rows, &self.params, libm::log1p(SAME_SIZE))
    }

    /// All runs by size, from small to large.
    pub(super) fn curves(&self) -> Vec<Curve> {
        let rows: Vec<usize> = (0..self.flops.len()).collect();
        let curve = |rows: &Vec<usize>| {
            let knots = chains(rows, &self.flops, SAME_BUDGET);
            let knots = knots.iter().map(|same| Knot {
                flops: mean(same, &self.flops),
                tokens: mean(same, &self.tokens),
                log_loss: mean(same, &self.log_loss),
            });
            Curve { params: mean(rows, &self.params), knots: knots.collect() }
        };
        self.sizes(&rows).iter().map(curve).collect()
    }
}

impl Curve {
    /// On the straight line between the runs around a budget; `None` beyond them.
    pub(super) fn at(&self, flops: f64) -> Option<Knot> {
        between(&self.knots, flops)
    }
}

/// Straight lines between knots.
pub(super) fn between(knots: &[Knot], flops: f64) -> Option<Knot> {
    let (first, last) = (knots.first()?, knots.last()?);
    if !(first.flops <= flops && flops <= last.flops) {
        return None;
    }
    let i = knots.partition_point(|k| k.flops <= flops);
    let (Some(a), Some(b)) = (knots.get(i.wrapping_sub(1)), knots.get(i)) else { return Some(*last) };
    let part = (flops - a.flops) / (b.flops - a.flops);
    let mix = |x: f64, y: f64| x + part * (y - x);
    Some(Knot { flops, tokens: mix(a.tokens, b.tokens), log_loss: mix(a.log_loss, b.log_loss) })
}

pub(super) fn mean(rows: &[usize], column: &[f64]) -> f64 {
    rows.iter().map(|&r| column[r]).sum::<f64>() / rows.len() as f64
}

/// Rows sorted by a column and cut wherever two neighbours are further apart than `gap`.
pub(super) fn chains(rows: &[usize], column: &[f64], gap: f64) -> Vec<Vec<usize>> {
    let mut order = rows.to_vec();
    order.sort_by(|&a, &b| column[a].total_cmp(&column[b]).then(a.cmp(&b)));
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut before = f64::NEG_INFINITY;
    for row in order {
        match out.last_mut() {
            Some(last) if column[row] - before <= gap => last.push(row),
            _ => out.push(vec![row]),
        }
        before = column[row];
    }
    out
}
