//! Where the source is known, so is the floor: does the fitted E hold it?

use isoloss_laws::{Estimate, Fit};
use isoloss_runs::Runs;
use isoloss_runs::record::Part;
use isoloss_runs::record::Run as Record;

use crate::numbers::number;
use crate::report::predictions::{interval, value};

/// The floor that was fitted, and the one that is known.
pub struct Truth {
    /// E of the law
    pub fitted: Estimate,
    /// the loss of the optimal predictor on the very windows of the evaluation, which all runs share
    pub realised: f64,
    /// the entropy of the source, which windows of finite length approach
    pub exact: Option<f64>,
    /// loss above the realised floor: of the worst run of the fit, and of the best
    pub reducible: [f64; 2],
}

impl Truth {
    /// None unless all runs know one floor, and the law is one of losses and has one.
    pub fn of(runs: &Runs, fit: &Fit) -> Option<Self> {
        if fit.law.formula.target != "L" {
            return None;
        }
        let fitted = fit.parameter("E")?.estimate.clone();
        let finished = runs.finished();
        let floor = |run: &Record| run.result.as_ref()?.measures.get("floor")?.as_f64();
        let realised = finished.iter().next().and_then(floor)?;
        if finished.iter().any(|run| floor(run) != Some(realised)) {
            return None;
        }
        let fitted_runs = finished.iter().filter(|run| Part::of(run) == Some(Part::Fit));
        let above = fitted_runs.filter_map(Record::loss).map(|loss| loss - realised);
        let reducible = above.fold([0.0, f64::INFINITY], |[most, least], x| [f64::max(most, x), f64::min(least, x)]);
        let exact = finished.iter().find_map(|run| run.data.entropy);
        Some(Self { fitted, realised, exact, reducible })
    }

    /// Does the interval of E hold the floor? None without an interval.
    pub fn inside(&self) -> Option<bool> {
        let interval = self.fitted.interval?;
        Some((interval.lower..=interval.upper).contains(&self.realised))
    }

    /// Half the width of the interval over the reducible loss of the worst run.
    pub fn half_width(&self) -> Option<f64> {
        let interval = self.fitted.interval?;
        Some((interval.upper - interval.lower) / 2.0 / self.reducible[0])
    }

    /// In words.
    pub fn sentence(&self) -> String {
        let inside = match self.inside() {
            Some(true) => "inside the interval of",
            Some(false) => "outside the interval of",
            None => "beside",
        };
        let exact = self.exact.map(|e| format!(" (the entropy of the source is {})", number(e, 5))).unwrap_or_default();
        let width = match self.half_width() {
            Some(width) => {
                format!(", whose half-width is {} % of the largest reducible loss", number(100.0 * width, 2))
            }
            None => String::new(),
        };
        let [most, least] = self.reducible;
        format!(
            "the optimal predictor loses {} on the windows of the evaluation{exact}; that lies {inside} E = {} {}{width}. \
             Above it losses fall {}x, from {} to {}.",
            number(self.realised, 5),
            value(&self.fitted),
            interval(&self.fitted),
            number(most / least, 2),
            number(most, 3),
            number(least, 3),
        )
    }
}
