//! What ten times the largest scale would bring, and whether the rows tell on which sizes to spend it.

use crate::points::Points;
use crate::predict::{Optimum, Prediction};
use crate::result::Fit;

/// How many times farther than the largest run an answer looks that names no place of its own.
pub const FARTHER: f64 = 10.0;
/// Best sizes of which the ends of an interval lie so many times apart are no advice.
const WIDE: f64 = 10.0;

/// What [`FARTHER`] times the largest scale brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Farther {
    /// the best sizes for so many times the most compute, 6 N D; [`Fit::sizes`] says whether the rows tell them
    Budget(Box<Optimum>),
    /// the law reads N and D, but none is best
    NoBest,
    /// places: one per family, or a single one
    Far(Vec<Far>),
}

/// The law beyond the largest run.
#[derive(Clone, Debug, PartialEq)]
pub struct Far {
    /// where parameters differ over families
    pub family: Option<String>,
    /// the inputs there, in base units
    pub at: Vec<(String, f64)>,
    /// the law there, and one new run
    pub loss: Prediction,
}

/// Whether the rows tell on which sizes a budget is best spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// within a factor of ten, or there are no draws that could tell
    Known,
    /// only within a factor of ten or more
    Wide,
    /// no interval: N and D move together, or not every draw has best sizes
    Untold,
    /// the fit carries an error, and no number of it is to be used
    Unusable,
}

impl Sizes {
    /// Would other runs tell more?
    pub fn open(self) -> bool {
        matches!(self, Self::Wide | Self::Untold)
    }
}

impl Fit {
    /// What [`FARTHER`] times the largest scale brings. `points` are the rows that were fitted: they know the largest run of
    /// every family. `None` where the law has no larger scale to be asked about, and for families without `points`.
    pub fn farther(&self, points: Option<&Points>) -> Option<Farther> {
        let inputs: Vec<&str> = self.ranges.iter().map(|(name, ..)| name.as_str()).collect();
        if let (Some(largest), true) = (self.largest_flops, self.families().is_empty()) {
            if let (Some(ladder), 2) = (self.ladder.filter(|(slope, _)| *slope > 0.0), inputs.len()) {
                return self.along_ladder(ladder, FARTHER * largest);
            }
            let best = self.optimum(FARTHER * largest).map(|o| Farther::Budget(Box::new(o)));
            return best.or((inputs.len() == 2).then_some(Farther::NoBest));
        }
        // The best sizes of a family are not known to the fit: N and D grow alike there.
        let step = match inputs.as_slice() {
            // What is read from a loss has no larger scale to be asked about.
            [only] if *only == "L" || only.contains("loss") => return None,
            [_] => FARTHER,
            [_, _] if self.largest_flops.is_some() => FARTHER.sqrt(),
            _ => return None,
        };
        let far: Vec<Far> = match (self.families(), points) {
            ([], _) => {
                let at = self.ranges.iter().map(|(name, _, largest)| (name.clone(), step * largest));
                self.far(None, at.collect()).into_iter().collect()
            }
            (families, Some(points)) if self.differs() => {
                let of = |(label, family)| self.far(Some(family), largest(points, &inputs, Some(label), step)?);
                families.iter().enumerate().filter_map(of).collect()
            }
            (_, Some(points)) => {
                largest(points, &inputs, None, step).and_then(|at| self.far(None, at)).into_iter().collect()
            }
            (_, None) => return None,
        };
        (!far.is_empty()).then_some(Farther::Far(far))
    }

    /// Whether the rows tell the best sizes for a budget, as [`Fit::optimum`] gave them.
    pub fn sizes(&self, best: &Optimum) -> Sizes {
        if !self.may_be_used() {
            return Sizes::Unusable;
        }
        match best.params.interval {
            Some(i) if i.lower > 0.0 && i.upper <= WIDE * i.lower => Sizes::Known,
            Some(_) => Sizes::Wide,
            None if self.ladder.is_some() => Sizes::Untold,
            // Draws without a best size leave no interval, and the method of the draws in its place.
            None if !self.draws.is_empty() && best.params.method == self.method => Sizes::Untold,
            None => Sizes::Known,
        }
    }

    /// Where sizes and tokens grow together, the law is known along their line alone.
    fn along_ladder(&self, (slope, intercept): (f64, f64), flops: f64) -> Option<Farther> {
        let params = (((flops / 6.0).ln() - intercept) / (1.0 + slope)).exp();
        let at = vec![("N".to_owned(), params), ("D".to_owned(), flops / (6.0 * params))];
        Some(Farther::Far(vec![self.far(None, at)?]))
    }

    fn far(&self, family: Option<&String>, at: Vec<(String, f64)>) -> Option<Far> {
        let columns: Vec<(String, Vec<f64>)> = at.iter().map(|(n, v)| (n.clone(), vec![*v])).collect();
        let named = family.map(|f| vec![f.clone()]);
        let loss = self.predict(&columns, named.as_deref()).ok()?.pop()?;
        Some(Far { family: family.cloned(), at, loss })
    }
}

/// `step` times the inputs of the largest row, of a family or of all.
fn largest(points: &Points, inputs: &[&str], label: Option<usize>, step: f64) -> Option<Vec<(String, f64)>> {
    let labels = points.family.as_ref().zip(label);
    let rows = (0..points.len()).filter(|&row| labels.is_none_or(|(l, label)| l.index[row] as usize == label));
    let scale = |row: usize| inputs.iter().filter_map(|i| points.column(i)).map(|c| c[row]).product::<f64>();
    let largest = rows.max_by(|a, b| scale(*a).total_cmp(&scale(*b)))?;
    Some(inputs.iter().filter_map(|i| Some(((*i).to_owned(), step * points.column(i)?[largest]))).collect())
}
