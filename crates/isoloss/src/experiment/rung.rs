//! A size of a family in full: its model, its recipe, its corpus, and the configs of its runs.

use std::sync::Arc;

use isoloss_runs::record::{Counts, Labels};
use isoloss_train::corpora::{self, CorpusError, HeldOut, Place, Reading, Source};
use isoloss_train::job::Job;
use isoloss_train::models::{self, Shape};
use isoloss_train::recipes::{self, Recipe};
use isoloss_train::{Refused, RunConfig, counts};

use super::horizons::Sizes;
use super::plan::Planned;
use super::size::Size;
use super::sweep::Chosen;
use super::{Experiment, ExperimentError, Family};
use isoloss_runs::record::Part;

/// What multiplies the recipe's learning rate and batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    pub lr: f64,
    pub batch: f64,
}

impl Factors {
    pub const NONE: Self = Self { lr: 1.0, batch: 1.0 };

    /// With a learning rate that people can read, and that a machine of another kind finds too.
    pub fn rounded(self) -> Self {
        Self { lr: three_digits(self.lr), ..self }
    }
}

/// A size of a family.
pub(super) struct Rung<'a> {
    experiment: &'a Experiment,
    pub family: &'a Family,
    size: &'a Size,
    pub part: Part,
    corpus: corpora::Config,
    source: Arc<dyn Source>,
    held_out: Arc<HeldOut>,
    model: models::Config,
    recipe: Recipe,
    /// Counts of a run of some length.
    pub one: Counts,
}

impl<'a> Rung<'a> {
    /// Reads the settings and opens what they name.
    pub fn new(
        experiment: &'a Experiment,
        corpora: &mut Corpora,
        family: &'a Family,
        size: &'a Size,
        part: Part,
    ) -> Result<Self, ExperimentError> {
        let file = &experiment.file;
        let placed = |e: ExperimentError| placed(experiment, part, size, of_family(experiment, family, e));
        let (own_corpus, own_recipe) = (size.over("corpus", &family.corpus), size.over("recipe", &family.recipe));
        let corpus = file
            .read_kind(&["corpus"], &own_corpus, corpora::ALL, |kind, settings| corpora::Config::read(kind, settings))
            .map_err(placed)?;
        let recipe = file
            .read_kind(&["recipe"], &own_recipe, recipes::ALL, |kind, settings| Recipe::read(kind, settings))
            .map_err(placed)?;
        let shape = file
            .read_kind(&["model"], &size.over("model", &family.model), models::ALL, |kind, settings| {
                Shape::read(kind, settings)
            })
            .map_err(placed)?;
        let opened = corpora.open(experiment, &corpus).map_err(placed)?;
        let (source, held_out) = (opened.source.clone(), opened.held_out(experiment, recipe.seq_len())?);
        let reading = opened.reading(recipe.seq_len());
        let refused = |e: &Refused| refused(experiment, family, part, size, "model", e);
        let model = shape.complete(reading).map_err(|e| refused(&e))?;
        let model = model.with_logits(|width| recipe.logit_scale(width));
        for measure in &experiment.evaluation.measures {
            if let Some(says) = measure.refused(source.as_ref(), &model) {
                return Err(file.error(&["evaluation", "measures"], says));
            }
        }
        let one = Counts::default();
        let mut rung = Self { experiment, family, size, part, corpus, source, held_out, model, recipe, one };
        // One step may be too short for warm-up and decay.
        let probe = rung.config(Factors::NONE, 1.0).or_else(|_| rung.config(Factors::NONE, MANY_TOKENS))?;
        rung.one = counts(&probe);
        Ok(rung)
    }

    /// N, as the fit counts it.
    pub fn params(&self) -> f64 {
        self.experiment.fit.size.of(&self.one) as f64
    }

    /// What of the batches of another rung is not as in this one.
    pub fn reads_otherwise(&self, other: &Self) -> Option<&'static str> {
        let batches = [self, other].map(|rung| (rung.recipe.lr_and_batch().1, rung.recipe.seq_len()));
        match batches[0] == batches[1] {
            _ if self.corpus != other.corpus => Some("the corpus"),
            true => None,
            false => Some("batch or seq_len"),
        }
    }

    /// What a run of so many tokens is known by among those of its family, and of others of the same size.
    pub fn key(&self, tokens: f64) -> String {
        key(self.typed().iter(), tokens)
    }

    /// The settings that the ladder varies, by its keys.
    fn typed(&self) -> Vec<(String, String)> {
        self.size.typed().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Tokens of its runs on the ladder.
    pub fn lengths(&self) -> Result<Vec<f64>, ExperimentError> {
        let flops_per_token = self.experiment.fit.convention().flops(&self.one) / self.one.tokens as f64;
        let pass = self.source.pass(self.recipe.seq_len()).map(|tokens| tokens as f64);
        let Some(horizons) = self.experiment.ladder.horizons() else { return Ok(Vec::new()) };
        match horizons.tokens(Sizes { params: self.params(), flops_per_token, pass }) {
            Some(tokens) => Ok(tokens),
            None => self.pass().map(|_| Vec::new()),
        }
    }

    /// Tokens of one pass over its data.
    pub fn pass(&self) -> Result<f64, ExperimentError> {
        let pass = self.source.pass(self.recipe.seq_len());
        pass.map(|tokens| tokens as f64).ok_or_else(|| {
            let path: &[&str] = if self.part == Part::HeldOut { &["held_out"] } else { &["ladder", "exposures"] };
            let what = match self.corpus {
                corpora::Config::Mixture(_) => "a mixture, whose streams have passes of their own",
                _ => "generated without end",
            };
            let message = format!("are passes over the data, and {} is {what}", self.source.data().name);
            self.experiment.file.error(path, message).hint("say how long runs are by tokens, tokens_per_param or flops")
        })
    }

    /// A run of about so many tokens, without a seed.
    pub fn config(&self, factors: Factors, tokens: f64) -> Result<RunConfig, ExperimentError> {
        let (lr, batch) = self.recipe.lr_and_batch();
        // A factor leaves one window at least; a batch of none is left for the recipe to refuse.
        let batch = ((batch as f64 * factors.batch).round() as usize).max(batch.min(1));
        let recipe = self.recipe.clone().with(lr * factors.lr, batch);
        let training = recipe.training(&self.model, tokens);
        let training = training.and_then(|training| self.model.suits(&training).map(|()| training));
        let training =
            training.map_err(|e| refused(self.experiment, self.family, self.part, self.size, "recipe", &e))?;
        let (corpus, model) = (self.corpus.clone(), self.model.clone().of_steps(training.steps));
        let evaluation = self.experiment.evaluation.clone();
        Ok(RunConfig { corpus, model, training, evaluation, seed: 0 })
    }

    /// The factors that make of the recipe what a sweep chose.
    pub fn factors(&self, chosen: &Chosen, tokens: f64) -> Result<Factors, ExperimentError> {
        let (_, batch) = self.recipe.lr_and_batch();
        let batch = chosen.batch.as_ref().map_or(1.0, |best| best.best.value / batch as f64);
        let there = self.config(Factors { lr: 1.0, batch }, tokens)?;
        Ok(Factors { lr: chosen.lr.best.value / there.training.lr, batch }.rounded())
    }

    /// `d_model 64, 3.1M tokens`
    pub fn label(&self, config: &RunConfig) -> String {
        format!("{}, {} tokens", self.size.label(), short(config.training.tokens() as f64))
    }

    /// A run of it.
    pub fn planned(&self, config: RunConfig, label: &str, part: Part) -> Result<Planned, ExperimentError> {
        let training = &config.training;
        self.source.suffices(training.batch, training.seq_len).map_err(|e| of_corpus(self.experiment, e))?;
        let labels =
            Labels { question: self.experiment.name.clone(), family: self.family.name.clone(), rung: label.to_owned() };
        let job = Job::new(config, self.source.clone(), self.held_out.clone(), labels);
        let asked = job.config.training.tokens() as f64;
        Ok(Planned { job, size: self.typed(), part, budget: None, asked, open: false })
    }
}

/// A size and a number of tokens in full, where a label has three digits and the form that people like.
pub(super) fn key<'a>(size: impl Iterator<Item = &'a (String, String)>, tokens: f64) -> String {
    size.map(|(key, value)| format!("{key} = {value}, ")).collect::<String>() + &format!("tokens = {tokens}")
}

/// Where a setting stands that was refused: what is none of the table's is one of the ladder, as tokens are.
fn refused(
    experiment: &Experiment,
    family: &Family,
    part: Part,
    size: &Size,
    table: &str,
    e: &Refused,
) -> ExperimentError {
    if e.setting == "tokens" {
        let table = if part == Part::HeldOut { "held_out" } else { "ladder" };
        return experiment.file.error(&[table], e.to_string());
    }
    let path: Vec<&str> = [table].into_iter().chain(e.setting.split('.')).collect();
    placed(experiment, part, size, of_family(experiment, family, experiment.file.error(&path, &e.says)))
}

/// What is wrong with a setting that the size has is wrong where the size has it.
fn placed(experiment: &Experiment, part: Part, size: &Size, e: ExperimentError) -> ExperimentError {
    let key = match &*e.path {
        [table, setting, ..] => size.key(table, setting),
        _ => None,
    };
    let Some(key) = key else { return e };
    let says = e.says();
    let error = match part {
        Part::HeldOut => experiment.file.error(&["held_out"], format!("{key}: {says}")),
        _ => experiment.file.error(&["ladder", "sizes", key], says),
    };
    error.hint_of(e.advice)
}

/// What is wrong with a setting that the family has is wrong where the family has it.
fn of_family(experiment: &Experiment, family: &Family, e: ExperimentError) -> ExperimentError {
    let Some((table, setting)) = e.path.split_first().filter(|(_, setting)| !setting.is_empty()) else { return e };
    let own = experiment.file.root.get("families").and_then(|all| all.get(&family.name)?.get(table)?.as_table());
    if own.is_none_or(|own| !own.contains_key(&setting[0])) {
        return e;
    }
    let path: Vec<&str> =
        ["families", family.name.as_str(), table].into_iter().chain(setting.iter().map(String::as_str)).collect();
    let moved = experiment.file.error(&path, e.says());
    // Where sizes have the setting is asked by the common name.
    ExperimentError { path: e.path, ..moved }.hint_of(e.advice)
}

/// Where the setting stands that a corpus refuses.
fn of_corpus(experiment: &Experiment, error: CorpusError) -> ExperimentError {
    if let Some(folder) = &error.folder {
        return ExperimentError { of_machine: true, ..ExperimentError::new(folder, error.message) }
            .hint(format!("{}: --store DIR", error.hint));
    }
    let path: Vec<&str> = ["corpus"].into_iter().chain(error.setting.iter().map(String::as_str)).collect();
    experiment.file.error(&path, error.message).hint(error.hint)
}

/// Corpora that were opened, each once.
#[derive(Debug)]
pub(super) struct Corpora<'a> {
    place: &'a Place,
    opened: Vec<Opened>,
    /// streams of mixtures
    streams: Vec<(corpora::Config, Arc<dyn Source>)>,
}

/// A corpus that was opened, with its held-out windows and what models are told of it, for each length that was asked for.
#[derive(Debug)]
struct Opened {
    config: corpora::Config,
    source: Arc<dyn Source>,
    held_out: Vec<(usize, Arc<HeldOut>)>,
    readings: Vec<(usize, Reading)>,
}

/// Long enough for any warm-up.
const MANY_TOKENS: f64 = 1e12;
/// An evaluation is held in memory.
const MOST_TARGETS: usize = 1_000_000_000;

impl<'a> Corpora<'a> {
    pub fn new(place: &'a Place) -> Self {
        Self { place, opened: Vec::new(), streams: Vec::new() }
    }

    /// A corpus; streams of mixtures are opened once for all of them.
    fn source(&mut self, config: &corpora::Config) -> Result<Arc<dyn Source>, CorpusError> {
        let (place, streams) = (self.place, &mut self.streams);
        config.open_with(place, &mut |stream| match streams.iter().find(|(known, _)| known == stream) {
            Some((_, source)) => Ok(source.clone()),
            None => {
                let source = stream.open(place)?;
                streams.push((stream.clone(), source.clone()));
                Ok(source)
            }
        })
    }

    fn open(&mut self, experiment: &Experiment, config: &corpora::Config) -> Result<&mut Opened, ExperimentError> {
        let known = self.opened.iter().position(|s| s.config == *config);
        let at = match known {
            Some(at) => at,
            None => {
                let source = self.source(config).map_err(|e| of_corpus(experiment, e))?;
                self.opened.push(Opened { config: config.clone(), source, held_out: Vec::new(), readings: Vec::new() });
                self.opened.len() - 1
            }
        };
        Ok(&mut self.opened[at])
    }
}

impl Opened {
    /// What a model is told of it, for windows of that length.
    fn reading(&mut self, seq_len: usize) -> Reading {
        if let Some((_, reading)) = self.readings.iter().find(|(length, _)| *length == seq_len) {
            return *reading;
        }
        let reading = corpora::reading(self.source.as_ref(), seq_len);
        self.readings.push((seq_len, reading));
        reading
    }

    fn held_out(&mut self, experiment: &Experiment, seq_len: usize) -> Result<Arc<HeldOut>, ExperimentError> {
        if let Some((_, held_out)) = self.held_out.iter().find(|(length, _)| *length == seq_len) {
            return Ok(held_out.clone());
        }
        let windows = experiment.evaluation.windows;
        if windows == 0 || windows.saturating_mul(seq_len) > MOST_TARGETS {
            let message =
                format!("{windows} windows of {seq_len} tokens: expected at least one, and at most 10^9 tokens");
            return Err(experiment.file.error(&["evaluation", "windows"], message));
        }
        let held_out = Arc::new(self.source.held_out(windows, seq_len).map_err(|e| of_corpus(experiment, e))?);
        self.held_out.push((seq_len, held_out.clone()));
        Ok(held_out)
    }
}

/// A factor of three digits.
fn three_digits(factor: f64) -> f64 {
    format!("{factor:.2e}").parse().unwrap_or(factor)
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
