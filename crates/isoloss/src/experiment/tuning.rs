//! What sweeps say of rungs: the best factors where they were tried, a power law of compute through these elsewhere.

use std::collections::BTreeMap;

use super::plan::{Part, Planned};
use super::rung::{Factors, Rung};
use super::sweep::Chosen;
use super::{Experiment, ExperimentError};

/// What was found of a rung that was swept.
struct Found {
    family: String,
    rung: String,
    /// logarithms of parameters and tokens
    place: [f64; 2],
    /// logarithm of FLOPs, as the fit counts them
    flops: f64,
    factors: Factors,
}

/// What was found of all of them.
pub(super) struct Tuning<'a> {
    experiment: &'a Experiment,
    /// family and rung of those that are swept
    swept: Vec<(String, String)>,
    found: Vec<Found>,
    /// logarithms of the FLOPs of all rungs, by family and rung
    flops: BTreeMap<(String, String), f64>,
}

impl<'a> Tuning<'a> {
    /// Nothing found as yet, of what is swept by these runs.
    pub fn new(experiment: &'a Experiment, swept: &[Planned]) -> Self {
        let of = |run: &Planned| (run.job.labels.family.clone(), run.job.labels.rung.clone());
        Self { experiment, swept: swept.iter().map(of).collect(), found: Vec::new(), flops: BTreeMap::new() }
    }

    /// Adds a rung of that many tokens, and what was chosen of it, if something was.
    pub fn add(&mut self, rung: &Rung, tokens: f64, chosen: &[Chosen]) -> Result<(), ExperimentError> {
        let as_it_is = rung.config(Factors::NONE, tokens)?;
        let (family, label) = (&rung.family.name, rung.label(&as_it_is));
        let flops = rung.flops(tokens).ln();
        self.flops.insert((family.clone(), label.clone()), flops);
        let Some(found) = chosen.iter().find(|c| c.family == *family && c.rung == label) else { return Ok(()) };
        let factors = rung.factors(found, tokens)?;
        let place = rung.place(tokens);
        self.found.push(Found { family: family.clone(), rung: label, place, flops, factors });
        Ok(())
    }

    /// The factors of a rung, called by its label; none as long as they follow from runs that are not there yet.
    pub fn factors(&self, rung: &Rung, label: &str, tokens: f64) -> Option<Factors> {
        let Some(sweep) = &self.experiment.sweep else { return Some(Factors::NONE) };
        let family = rung.family.tuned_as.as_ref().unwrap_or(&rung.family.name);
        let found: Vec<&Found> = self.found.iter().filter(|found| found.family == *family).collect();
        let is_own = |(of, rung): &&(String, String)| of == family && rung == label;
        if rung.part == Part::Fit && self.swept.iter().any(|swept| is_own(&swept)) {
            return found.iter().find(|found| found.rung == label).map(|found| found.factors);
        }
        if sweep.only.is_none() {
            return nearest(&found, rung.place(tokens));
        }
        let all = self.swept.iter().filter(|(of, _)| of == family);
        let known = |(_, rung): &(String, String)| found.iter().any(|found| found.rung == *rung);
        // A family that takes what another found takes it whole, though it may cost something else.
        let of_rung = self.flops.get(&(family.clone(), label.to_owned())).copied();
        let flops = of_rung.unwrap_or_else(|| rung.flops(tokens).ln());
        all.clone().all(known).then(|| law(&found, flops)).flatten()
    }
}

/// What was found nearest.
fn nearest(found: &[&Found], place: [f64; 2]) -> Option<Factors> {
    let far = |t: &Found| (t.place[0] - place[0]).hypot(t.place[1] - place[1]);
    found.iter().min_by(|a, b| far(a).total_cmp(&far(b))).map(|t| t.factors)
}

/// A power of compute through what was found, by least squares in logarithms: exact through two rungs, constant through one.
fn law(found: &[&Found], flops: f64) -> Option<Factors> {
    if found.is_empty() {
        return None;
    }
    let mean = |of: &dyn Fn(&Found) -> f64| found.iter().map(|found| of(found)).sum::<f64>() / found.len() as f64;
    let middle = mean(&|found| found.flops);
    let wide = mean(&|found| (found.flops - middle).powi(2));
    let at = |of: &dyn Fn(&Found) -> f64| {
        let along = mean(&|found| (found.flops - middle) * of(found).ln());
        let slope = if wide > 0.0 { along / wide } else { 0.0 };
        (mean(&|found| of(found).ln()) + slope * (flops - middle)).exp()
    };
    Some(Factors { lr: at(&|found| found.factors.lr), batch: at(&|found| found.factors.batch) }.rounded())
}
