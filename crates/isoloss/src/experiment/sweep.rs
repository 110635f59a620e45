//! Sweeps: learning rates, and batches, that are tried at every rung of a ladder before it is trained.
//!
//! ```toml
//! [sweep]
//! lr = [0.25, 0.5, 1, 2, 4]               # factors of the recipe's learning rate
//! seeds = [101, 102]                      # draw seeds of these runs, which take no part in a fit of losses
//! where = "d_model == 32 or d_model == 96"  # which rungs: between them factors are a power of compute; all by default
//!
//! [families.kda-as-mla]
//! tuned_as = "mla"                        # is not swept: it takes the factors of this family
//! ```
//!
//! The runs of one rung and seed share weights and batches, so that what differs between them is the learning rate. The
//! value of least loss is [`isoloss_laws::choose`]n for every rung, and the ladder trained with it and seeds of its own: the
//! best of several noisy losses is biased low. A ladder without seeds is not trained: then the law is fitted to what was
//! chosen.

use isoloss_formula::{Column, Table};
use isoloss_laws::{Choice, Edge, FitError, choose, choose_pair};
use isoloss_runs::Runs;
use isoloss_runs::record::{Convention, Run};
use serde::Deserialize;

use super::rung::Factors;
use isoloss_runs::record::Part;

/// What is tried at every rung.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Factors of the recipe's learning rate: three or more.
    pub lr: Vec<f64>,
    /// Factors of the recipe's batch: three or more, or none to leave it.
    #[serde(default)]
    pub batch: Vec<f64>,
    /// Draw seeds, as those of the ladder, which have to be others.
    pub seeds: Vec<u32>,
    /// Which rungs are swept: a condition as that of the ladder. The factors of the others are a power of compute.
    #[serde(default, rename = "where")]
    pub only: Option<String>,
}

impl Sweep {
    /// What is no sweep, and at which setting.
    pub(super) fn refused(&self, ladder: &[u32]) -> Option<(&'static str, String)> {
        let is_factor = |x: &&f64| !x.is_finite() || **x <= 0.0;
        for (setting, factors) in [("lr", &self.lr), ("batch", &self.batch)] {
            if let Some(wrong) = factors.iter().find(is_factor) {
                return Some((setting, format!("{wrong} is no factor: expected numbers above 0")));
            }
        }
        if self.lr.len() < 3 {
            return Some(("lr", "three factors or more have a best one among them, as in [0.25, 0.5, 1, 2, 4]".into()));
        }
        if (1..3).contains(&self.batch.len()) {
            return Some(("batch", "three factors or more have a best one among them, as in [0.5, 1, 2]".into()));
        }
        if self.seeds.is_empty() {
            return Some(("seeds", "a sweep needs a seed, as in [101]".into()));
        }
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        if let Some(twice) = seeds.windows(2).find(|pair| pair[0] == pair[1]) {
            return Some(("seeds", format!("{} is there twice: it would be the same run again", twice[0])));
        }
        let shared = self.seeds.iter().find(|seed| ladder.contains(seed))?;
        let says = format!("{shared} is a seed of the ladder too: what was chosen has to be trained with fresh ones");
        Some(("seeds", says))
    }

    /// Factors of learning rate and batch, every pair.
    pub(super) fn factors(&self) -> impl Iterator<Item = Factors> {
        let batches = if self.batch.is_empty() { &[1.0][..] } else { &self.batch };
        batches.iter().flat_map(|&batch| self.lr.iter().map(move |&lr| Factors { lr, batch }))
    }
}

/// What the sweep says of one rung.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The family that was swept.
    pub family: String,
    /// Its rung.
    pub rung: String,
    /// The best peak learning rate.
    pub lr: Choice,
    /// The best batch in windows, if batches were tried.
    pub batch: Option<Choice>,
    /// One of its runs, for counts.
    of: Run,
}

/// Level of the intervals of what was chosen.
const LEVEL: f64 = 0.95;

/// What the runs of the sweep say of every rung that has them, in their order.
///
/// # Errors
/// If fewer than three of a rung's learning rates have a loss: the rung and why.
pub fn chosen(runs: &Runs) -> Result<Vec<Chosen>, FitError> {
    let mut all: Vec<(&Run, Vec<&Run>)> = Vec::new();
    for run in runs.iter().filter(|run| Part::of(run) == Some(Part::Sweep)) {
        let same = |first: &Run| first.labels.family == run.labels.family && first.labels.rung == run.labels.rung;
        match all.iter_mut().find(|(first, _)| same(first)) {
            Some((_, of_rung)) => of_rung.push(run),
            None => all.push((run, vec![run])),
        }
    }
    all.into_iter().map(|(first, of_rung)| one(first, &of_rung)).collect()
}

fn one(first: &Run, runs: &[&Run]) -> Result<Chosen, FitError> {
    let setting = |name: &str| -> Vec<f64> {
        runs.iter().map(|run| run.config["training"][name].as_f64().unwrap_or(f64::NAN)).collect()
    };
    let (lrs, batches) = (setting("lr"), setting("batch"));
    let losses: Vec<f64> = runs.iter().map(|run| run.loss().unwrap_or(f64::NAN)).collect();
    let several = batches.iter().any(|batch| *batch != batches[0]);
    let found = match several {
        true => choose_pair(&lrs, &batches, &losses, LEVEL).map(|pair| (pair.first, Some(pair.second))),
        false => choose(&lrs, &losses, LEVEL).map(|lr| (lr, None)),
    };
    let of_rung = |e: FitError| FitError { message: format!("{}: {}", first.labels.full(), e.message), ..e };
    let (lr, batch) = found.map_err(of_rung)?;
    Ok(Chosen { family: first.labels.family.clone(), rung: first.labels.rung.clone(), lr, batch, of: first.clone() })
}

impl Chosen {
    /// What it is called.
    pub fn name(&self) -> String {
        self.of.labels.full()
    }

    /// What is to be minded: the best value is the outermost that was tried.
    pub fn edge(&self) -> Option<String> {
        let of = |what: &str, choice: &Choice| {
            let end = match choice.edge? {
                Edge::Low => "smallest",
                Edge::High => "largest",
            };
            Some(format!(
                "the {end} {what} that was tried and did not diverge is the best: a better one may lie beyond"
            ))
        };
        of("learning rate", &self.lr).or_else(|| of("batch", self.batch.as_ref()?))
    }
}

/// What was chosen as a table: N, D and C of every rung, the best values with the ends of their intervals, and the loss
/// there.
pub fn table(all: &[Chosen], convention: Convention) -> Table {
    let counted = Runs::new(all.iter().map(|c| c.of.clone()).collect()).table("choices.csv", convention);
    let mut table = of_rungs(&counted);
    let with_batch = all.iter().any(|c| c.batch.is_some());
    for (name, of) in CHOSEN.iter().filter(|(name, _)| with_batch || *name != BATCH) {
        table.push(Column::numbers(*name, all.iter().map(of).collect()));
    }
    table
}

/// The same before there is a run: what is known of the planned ones, and columns of what will be chosen.
pub fn planned_table(planned: &Table, with_batch: bool) -> Table {
    let mut table = of_rungs(planned);
    for (name, _) in CHOSEN.iter().filter(|(name, _)| with_batch || *name != BATCH) {
        table.push(Column::numbers(*name, vec![f64::NAN; table.len()]));
    }
    table
}

/// Of a table of runs what every rung has.
fn of_rungs(runs: &Table) -> Table {
    let kept = ["family", "rung", "N", "D", "C"].map(|name| runs.column(name).cloned());
    Table::new(runs.source.clone(), kept.into_iter().flatten().collect(), (2..).take(runs.len()).collect())
}

/// Is there where batches were tried.
const BATCH: &str = "batch";

type Of = fn(&Chosen) -> f64;

/// What a sweep chooses, by column.
const CHOSEN: [(&str, Of); 5] = [
    ("lr", |c| c.lr.best.value),
    ("lr_lower", |c| c.lr.best.interval.map_or(f64::NAN, |i| i.lower)),
    ("lr_upper", |c| c.lr.best.interval.map_or(f64::NAN, |i| i.upper)),
    // Laws count it in tokens.
    (BATCH, |c| {
        let seq_len = c.of.config["training"]["seq_len"].as_f64().unwrap_or(1.0);
        c.batch.as_ref().map_or(f64::NAN, |b| b.best.value * seq_len)
    }),
    ("loss", |c| c.lr.loss),
];
