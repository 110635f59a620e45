//! From an experiment to its runs: every family at every size and horizon, each with its config in full.

use std::collections::BTreeMap;
use std::sync::Arc;

use isoloss_formula::{Column, Truth, matches, parse_condition};
use isoloss_runs::Runs;
use isoloss_runs::record::{Convention, Labels};
use isoloss_train::corpora::{self, CorpusError, HeldOut, Place, Source};
use isoloss_train::job::Job;
use isoloss_train::models::{self, Shape};
use isoloss_train::recipes::{self, Recipe};
use isoloss_train::{Refused, RunConfig, counts};
use toml::{Table, Value};

use super::{Experiment, ExperimentError, Family};

/// A run that the experiment asks for.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What is to be trained.
    pub job: Job,
    /// The settings of the model that the ladder varies, for the table.
    pub size: Vec<(String, String)>,
    /// It takes no part in the fit.
    pub held_out: bool,
}

/// All runs of an experiment: those of the fit in the order of the ladder, then those that are held out.
///
/// # Errors
/// If corpora cannot be opened, or settings do not fit each other: with the place in the file.
pub fn plan(experiment: &Experiment, place: &Place) -> Result<Vec<Planned>, ExperimentError> {
    let mut planner = Planner { experiment, place, sources: Vec::new() };
    let sizes = sizes(experiment)?;
    let mut fitted = Vec::new();
    for family in &experiment.families {
        for size in &sizes {
            fitted.extend(planner.rung(family, size, None, false)?);
        }
    }
    let mut all = chosen(experiment, fitted)?;
    if all.is_empty() {
        return Err(experiment.file.error(&["ladder"], "asks for no run at all: it needs sizes, a horizon and a seed"));
    }
    for (i, rung) in experiment.held_out.iter().enumerate() {
        let mut size = rung.clone();
        let tokens = size.remove("tokens").as_ref().and_then(number).ok_or_else(|| {
            let file = &experiment.file;
            file.error(&["held_out"], format!("number {} needs tokens = ..., beside the size", i + 1))
        })?;
        for family in &experiment.families {
            all.extend(planner.rung(family, &size, Some(tokens), true)?);
        }
    }
    once(experiment, &all)?;
    Ok(all)
}

/// Refuses runs that a family has twice: what looks like a replicate would be the same number again.
fn once(experiment: &Experiment, all: &[Planned]) -> Result<(), ExperimentError> {
    let mut seen: BTreeMap<(&str, &str), &Planned> = BTreeMap::new();
    for run in all {
        let labels = &run.job.labels;
        let Some(other) = seen.insert((&labels.family, &run.job.id), run) else { continue };
        let (table, says) = match (run.held_out, other.held_out) {
            (true, false) => ("held_out", "is a run of the ladder: what is fitted cannot be foretold"),
            (true, true) => ("held_out", "is there twice"),
            _ => ("ladder", "is there twice: sizes, horizons (in whole batches) and seeds have to differ"),
        };
        let message = format!("{}, seed {}, {says}", labels.rung, run.job.config.seed);
        return Err(experiment.file.error(&[table], message));
    }
    Ok(())
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

/// The sizes of the ladder, as settings of the model.
fn sizes(experiment: &Experiment) -> Result<Vec<Table>, ExperimentError> {
    let lists = &experiment.ladder.sizes;
    let rungs = lists.values().map(Vec::len).max().unwrap_or(0);
    if rungs == 0 || lists.values().any(|list| list.len() != rungs) {
        let message = "needs lists of one length, as in sizes = { d_model = [16, 32], n_layer = [2, 4] }";
        return Err(experiment.file.error(&["ladder", "sizes"], message));
    }
    let size = |i: usize| lists.iter().map(|(key, list)| (key.clone(), list[i].clone())).collect();
    Ok((0..rungs).map(size).collect())
}

/// A corpus that was opened, and the held-out windows of each length that was asked for.
struct Opened {
    config: corpora::Config,
    source: Arc<dyn Source>,
    held_out: Vec<(usize, Arc<HeldOut>)>,
}

/// An evaluation is held in memory.
const MOST_TARGETS: usize = 1_000_000_000;

struct Planner<'a> {
    experiment: &'a Experiment,
    place: &'a Place,
    sources: Vec<Opened>,
}

impl Planner<'_> {
    /// One size of one family, at all horizons or at the one given, with all seeds.
    fn rung(
        &mut self,
        family: &Family,
        size: &Table,
        tokens: Option<f64>,
        held_out: bool,
    ) -> Result<Vec<Planned>, ExperimentError> {
        let file = &self.experiment.file;
        // What is no setting of the table is one of the ladder: tokens.
        let refused = |table: &str, e: &Refused| {
            let path: Vec<&str> = [table].into_iter().chain(e.setting.split('.')).collect();
            match e.setting == "tokens" || size.contains_key(e.setting) {
                true => file.error(&[if held_out { "held_out" } else { "ladder" }], e.to_string()),
                false => file.error(&path, &e.says),
            }
        };
        let corpus = file.read_kind(&["corpus"], &family.corpus, corpora::ALL, |kind, settings| {
            corpora::Config::read(kind, settings)
        })?;
        let recipe =
            file.read_kind(&["recipe"], &family.recipe, recipes::ALL, |kind, settings| Recipe::read(kind, settings))?;
        let mut model = family.model.clone();
        model.extend(size.clone());
        let shape = file.read_kind(&["model"], &model, models::ALL, |kind, settings| Shape::read(kind, settings))?;
        let opened = self.open(&corpus)?;
        let source = self.sources[opened].source.clone();
        let vocab = source.vocab_size();
        let model = shape.complete(vocab).map_err(|e| refused("model", &e))?;
        let model = model.with_logits(|width| recipe.logit_scale(width));
        let seq_len = recipe.seq_len();

        let of_tokens = |tokens: f64| -> Result<RunConfig, ExperimentError> {
            let training = recipe.training(&model, tokens).map_err(|e| refused("recipe", &e))?;
            let (corpus, model, evaluation) = (corpus.clone(), model.clone(), self.experiment.evaluation);
            Ok(RunConfig { corpus, model, training, evaluation, seed: 0 })
        };
        // For horizons that follow from the size: what one token costs, of a run of any length.
        let one = counts(&of_tokens(1.0)?);
        let fit = &self.experiment.fit;
        let (params, flops) = (fit.size.of(&one) as f64, fit.compute.of(&one) / one.tokens as f64);
        let lengths = match (tokens, self.experiment.ladder.horizons()) {
            (Some(tokens), _) => vec![tokens],
            (None, Some(horizons)) => horizons.tokens(params, flops),
            (None, None) => Vec::new(),
        };
        let held = self.held_out(opened, seq_len)?;
        let mut all = Vec::new();
        for tokens in lengths {
            let config = of_tokens(tokens)?;
            source.suffices(config.training.batch, seq_len).map_err(|e| self.of_corpus(e))?;
            for &seed in &self.experiment.ladder.seeds {
                let config = RunConfig { seed: own_seed(seed, &config), ..config.clone() };
                let labels = Labels {
                    question: self.experiment.name.clone(),
                    family: family.name.clone(),
                    rung: rung(size, config.training.tokens()),
                };
                let job = Job::new(config, source.clone(), held.clone(), labels);
                let size = size.iter().map(|(key, value)| (key.clone(), plain(value))).collect();
                all.push(Planned { job, size, held_out });
            }
        }
        Ok(all)
    }

    fn open(&mut self, config: &corpora::Config) -> Result<usize, ExperimentError> {
        if let Some(at) = self.sources.iter().position(|s| s.config == *config) {
            return Ok(at);
        }
        let source = config.open(self.place).map_err(|e| self.of_corpus(e))?;
        self.sources.push(Opened { config: config.clone(), source, held_out: Vec::new() });
        Ok(self.sources.len() - 1)
    }

    fn held_out(&mut self, opened: usize, seq_len: usize) -> Result<Arc<HeldOut>, ExperimentError> {
        let known = self.sources[opened].held_out.iter().find(|(length, _)| *length == seq_len);
        if let Some((_, held_out)) = known {
            return Ok(held_out.clone());
        }
        let windows = self.experiment.evaluation.windows;
        if windows == 0 || windows.saturating_mul(seq_len) > MOST_TARGETS {
            let message =
                format!("{windows} windows of {seq_len} tokens: expected at least one, and at most 10^9 tokens");
            return Err(self.experiment.file.error(&["evaluation", "windows"], message));
        }
        let held_out = self.sources[opened].source.held_out(windows, seq_len).map_err(|e| self.of_corpus(e))?;
        let held_out = Arc::new(held_out);
        self.sources[opened].held_out.push((seq_len, held_out.clone()));
        Ok(held_out)
    }

    fn of_corpus(&self, error: CorpusError) -> ExperimentError {
        self.experiment.file.error(&["corpus"], error.message).hint(error.hint)
    }
}

/// The runs that satisfy the ladder's condition.
fn chosen(experiment: &Experiment, all: Vec<Planned>) -> Result<Vec<Planned>, ExperimentError> {
    let Some(text) = &experiment.ladder.only else { return Ok(all) };
    let refuse = |what: &dyn std::fmt::Display| {
        let what = what.to_string();
        let (message, hint) = what.split_once("\nhint: ").map_or((what.as_str(), None), |(m, h)| (m, Some(h)));
        let error = experiment.file.error(&["ladder", "where"], message);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    };
    let condition = parse_condition(text).map_err(|e| refuse(&e))?;
    let fit = &experiment.fit;
    let mut table = table(&all, Convention { size: fit.size, compute: fit.compute });
    for key in experiment.ladder.sizes.keys() {
        let cell = |run: &Planned| run.size.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()).unwrap_or_default();
        let words: Vec<String> = all.iter().map(cell).collect();
        let numbers: Option<Vec<f64>> = words.iter().map(|w| w.parse().ok()).collect();
        if table.column(key).is_none() {
            table.push(numbers.map_or_else(|| Column::words(key, words), |n| Column::numbers(key, n)));
        }
    }
    let truths = matches(&condition, &table).map_err(|e| refuse(&e))?;
    let kept: Vec<Planned> =
        all.into_iter().zip(truths).filter(|(_, t)| *t == Truth::Yes).map(|(run, _)| run).collect();
    if kept.is_empty() {
        return Err(refuse(&"leaves no run at all"));
    }
    Ok(kept)
}

/// Planned runs as a table of runs.
fn table(all: &[Planned], convention: Convention) -> isoloss_formula::Table {
    Runs::new(all.iter().map(|run| run.job.planned()).collect()).table("the planned runs", convention)
}

/// The seed of one run: a mix of the ladder's and of everything else that sets it, so that no two runs of a ladder share
/// their luck, and a rung that is added changes no other. Below 2^32, as numbers of JSON stay exact.
fn own_seed(seed: u32, config: &RunConfig) -> u64 {
    let text = isoloss_runs::record::canonical(&config.to_value());
    let bytes = text.bytes().chain(seed.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    (hash >> 32) ^ (hash & 0xffff_ffff)
}

/// `d_model 64, 3.1M tokens`
fn rung(size: &Table, tokens: u64) -> String {
    let size: Vec<String> = size.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect();
    format!("{}, {} tokens", size.join(", "), short(tokens as f64))
}

/// A value as it is typed, words without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| serde_json::to_string(value).unwrap_or_default(), str::to_owned)
}

/// `98.3k`, `3.15M`: three digits and a letter.
fn short(value: f64) -> String {
    let (letter, scale) = [("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)]
        .into_iter()
        .find(|(_, scale)| value >= *scale)
        .unwrap_or(("", 1.0));
    let scaled = value / scale;
    let places = if scaled < 10.0 { 2 } else { usize::from(scaled < 100.0) };
    format!("{scaled:.places$}{letter}")
}
