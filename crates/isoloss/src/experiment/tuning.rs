//! What sweeps say of rungs: the best factors where they were tried, a power law of compute through these elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Planned;
use super::rung::{Factors, Rung, key};
use super::sweep::Chosen;
use super::{Experiment, ExperimentError};
use isoloss_runs::record::Part;

/// Where a rung stands among others.
#[derive(Clone, Copy)]
struct At {
    /// logarithms of stored parameters and tokens
    sizes: [f64; 2],
    /// logarithm of counted FLOPs, however a fit counts them
    flops: f64,
}

/// What was found of a rung that was swept.
struct Found {
    family: String,
    key: String,
    at: At,
    factors: Factors,
}

/// What was found of all of them.
pub(super) struct Tuning<'a> {
    experiment: &'a Experiment,
    /// family and key of the rungs that are swept
    swept: BTreeSet<(String, String)>,
    found: Vec<Found>,
    /// of all rungs, by family and key
    at: BTreeMap<(String, String), At>,
}

impl<'a> Tuning<'a> {
    /// Nothing found as yet, of what is swept by these runs.
    ///
    /// # Errors
    /// If a family that is to be swept has no rung that is.
    pub fn new(experiment: &'a Experiment, swept: &[Planned]) -> Result<Self, ExperimentError> {
        let of = |run: &Planned| (run.job.labels.family.clone(), key(run.size.iter(), run.asked));
        let swept: BTreeSet<_> = swept.iter().map(of).collect();
        let mut own = experiment.families.iter().filter(|family| family.tuned_as.is_none());
        let none = own.find(|family| swept.iter().all(|(of, _)| *of != family.name));
        if let (Some(family), Some(true)) = (none, experiment.sweep.as_ref().map(|sweep| sweep.only.is_some())) {
            let message = format!("leaves no rung of the family {} to be swept", family.name);
            let error = experiment.file.error(&["sweep", "where"], message);
            return Err(error.hint("its learning rates follow from a rung of its own; or tuned_as = \"FAMILY\""));
        }
        Ok(Self { experiment, swept, found: Vec::new(), at: BTreeMap::new() })
    }

    /// Adds a rung of that many tokens, and what was chosen of it, if something was.
    pub fn add(&mut self, rung: &Rung, tokens: f64, chosen: &[Chosen]) -> Result<(), ExperimentError> {
        let (family, key, at) = (&rung.family.name, rung.key(tokens), place(rung, tokens));
        self.at.insert((family.clone(), key.clone()), at);
        let label = rung.label(&rung.config(Factors::NONE, tokens)?);
        let of_rung = |c: &&Chosen| rung.part == Part::Fit && c.family == *family && c.rung == label;
        if let Some(found) = chosen.iter().find(of_rung) {
            let factors = rung.factors(found, tokens)?;
            self.found.push(Found { family: family.clone(), key, at, factors });
        }
        Ok(())
    }

    /// The factors of a rung; none as long as they follow from runs that are not there yet.
    pub fn factors(&self, rung: &Rung, tokens: f64) -> Option<Factors> {
        let Some(sweep) = &self.experiment.sweep else { return Some(Factors::NONE) };
        let family = rung.family.tuned_as.as_ref().unwrap_or(&rung.family.name);
        let own = (family.clone(), rung.key(tokens));
        let found: Vec<&Found> = self.found.iter().filter(|found| found.family == *family).collect();
        if rung.part == Part::Fit && self.swept.contains(&own) {
            return found.iter().find(|found| found.key == own.1).map(|found| found.factors);
        }
        // A family that takes what another found takes it whole, though it may be of another size and cost.
        let at = self.at.get(&own).copied().unwrap_or_else(|| place(rung, tokens));
        if sweep.only.is_none() {
            return nearest(&found, at.sizes);
        }
        let mut all = self.swept.iter().filter(|(of, _)| of == family);
        let known = |(_, key): &(String, String)| found.iter().any(|found| found.key == *key);
        if all.all(known) { law(&found, at.flops) } else { None }
    }
}

fn place(rung: &Rung, tokens: f64) -> At {
    let flops = rung.one.flops_counted / rung.one.tokens as f64 * tokens;
    At { sizes: [rung.one.stored as f64, tokens].map(f64::ln), flops: flops.ln() }
}

/// What was found nearest.
fn nearest(found: &[&Found], sizes: [f64; 2]) -> Option<Factors> {
    let far = |t: &Found| (t.at.sizes[0] - sizes[0]).hypot(t.at.sizes[1] - sizes[1]);
    found.iter().min_by(|a, b| far(a).total_cmp(&far(b))).map(|t| t.factors)
}

/// A power of compute through what was found, by least squares in logarithms: exact through two rungs, constant through one.
fn law(found: &[&Found], flops: f64) -> Option<Factors> {
    if found.is_empty() {
        return None;
    }
    let mean = |of: &dyn Fn(&Found) -> f64| found.iter().map(|found| of(found)).sum::<f64>() / found.len() as f64;
    let middle = mean(&|found| found.at.flops);
    let wide = mean(&|found| (found.at.flops - middle).powi(2));
    let at = |of: &dyn Fn(&Found) -> f64| {
        let along = mean(&|found| (found.at.flops - middle) * of(found).ln());
        let slope = if wide > 0.0 { along / wide } else { 0.0 };
        (mean(&|found| of(found).ln()) + slope * (flops - middle)).exp()
    };
    Some(Factors { lr: at(&|found| found.factors.lr), batch: at(&|found| found.factors.batch) }.rounded())
}
