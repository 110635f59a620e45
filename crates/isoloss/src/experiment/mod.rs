//! An experiment: one file, one question, with what was expected before, what it costs, and what came out.
//!
//! ```toml
//! question   = "Does a fitted law find the floor it cannot see?"
//! hypothesis = "..."                      # written before
//! cost       = "..."
//! outcome    = "..."                      # written after, negative results too
//!
//! [corpus]                                # what runs are trained and evaluated on: isoloss list corpora
//! kind = "markov"
//! [model]                                 # what is trained; a rung of the ladder adds the rest
//! kind = "transformer"
//! [recipe]                                # how: learning rates, batch, schedule
//! kind = "plain"
//! [ladder]                                # every size at every horizon
//! sizes = { d_model = [16, 32] }          # "corpus.people" = [250, 500] beside it sets the corpus, "recipe.lr" the recipe
//! tokens = [98304, 196608]                # or tokens_per_param, exposures (passes over the data), flops
//! paired = true                           # families of a rung and seed share their batches
//! branches = true                         # the horizons of a size share a trunk: a grid for little more than its longest runs
//! [sweep]                                 # learning rates to try at every rung before: see [`sweep`]
//! lr = [0.5, 1, 2]
//! seeds = [101]
//! [fit]
//! law = "chinchilla"
//! compute = "counted"                     # which FLOPs are C: the default, or "full" (attention over whole windows), "executed"
//!                                         # (what the engine does) or "6nd"
//! map = ["P = params_stored"]             # columns from others, as --map of `isoloss fit`; measures are columns too
//! fix = { E = 3.08 }                      # parameters that are held
//! [table]                                 # or, in the place of a law, a table of rungs by families
//! value = ["accuracy", "loss"]            # a column of the runs, or several: a table each
//! baseline = "plain"                      # whose runs others are compared with, seed by seed where the ladder is paired
//! size = "params_non_embedding"           # and how many times their size they are worth by its line in ln N; then
//!                                         # figures = ["pareto"] draws the first value
//! [scores]                                # or, in the place of corpus, model, recipe, ladder and evaluation, a table of models
//! data = "results/NAME.csv"               # that others trained: see [`Scores`]
//! [scale.paper.ladder]                    # settings in the place of others, by --set scale=paper: tables are merged, and one
//! exposures = [1000]                      # kind of horizon takes the place of another
//! [found]                                 # value, lower, upper: what a refit of results/NAME.csv must find
//! ```

mod branches;
mod converged;
mod error;
mod families;
mod file;
mod fit;
mod grid;
mod horizons;
mod ladder;
mod plan;
mod rounded;
mod rung;
mod scale;
mod scores;
mod size;
pub mod sweep;
mod tuning;
pub mod until;

use std::collections::BTreeMap;
use std::path::Path;

use isoloss_train::config::Evaluation;
use serde::Deserialize;
use toml::{Table, Value};

pub use error::ExperimentError;
use error::unreadable;
use families::{Family, Overrides};
use file::File;
pub use fit::{Beside, Fit, Shown};
pub use grid::Around;
pub use ladder::Ladder;
pub use plan::{Planned, Planner, counted_anew, labelled};
pub use rounded::rounded;
pub use scores::Scores;
pub use sweep::Sweep;

/// The experiments that come with the program: the name and the text of the file.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("first-ladder", include_str!("../../../../experiments/first-ladder.toml")),
    ("text-ladder", include_str!("../../../../experiments/text-ladder.toml")),
    ("optimizer", include_str!("../../../../experiments/optimizer.toml")),
    ("isoflop", include_str!("../../../../experiments/isoflop.toml")),
    ("lr-transfer", include_str!("../../../../experiments/lr-transfer.toml")),
    ("capacity", include_str!("../../../../experiments/capacity.toml")),
    ("capacity-1000", include_str!("../../../../experiments/capacity-1000.toml")),
    ("reuse", include_str!("../../../../experiments/reuse.toml")),
    ("iso-depth", include_str!("../../../../experiments/iso-depth.toml")),
    ("mano", include_str!("../../../../experiments/mano.toml")),
    ("kimi-linear", include_str!("../../../../experiments/kimi-linear.toml")),
    ("hybrid-ratio", include_str!("../../../../experiments/hybrid-ratio.toml")),
    ("recall", include_str!("../../../../experiments/recall.toml")),
    ("multimodal", include_str!("../../../../experiments/multimodal.toml")),
    ("memory", include_str!("../../../../experiments/memory.toml")),
    ("mixtures", include_str!("../../../../experiments/mixtures.toml")),
    ("fusion", include_str!("../../../../experiments/fusion.toml")),
    ("sight", include_str!("../../../../experiments/sight.toml")),
    ("benchmark-published", include_str!("../../../../experiments/benchmark-published.toml")),
    ("multimodal-real", include_str!("../../../../experiments/multimodal-real.toml")),
];

/// A question that runs can answer.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The name of the file, without its ending.
    pub name: String,
    /// What is asked.
    pub question: String,
    /// What was expected, written before.
    pub hypothesis: String,
    /// What it costs.
    pub cost: String,
    /// What came out, written after.
    pub outcome: String,
    /// Which runs.
    pub ladder: Ladder,
    /// What is tried at every rung before the ladder is trained.
    pub sweep: Option<Sweep>,
    /// Rungs that are trained and take no part in the fit: it has to foretell them.
    pub held_out: Vec<Table>,
    /// On how much each run is evaluated.
    pub evaluation: Evaluation,
    /// What is fitted; of a question that asks for a table, which counts are N and C.
    pub fit: Fit,
    /// What is shown in the place of a law.
    pub table: Option<Shown>,
    /// What is asked of models that others trained; then no run is.
    pub scores: Option<Scores>,
    /// Figures to draw, by the names of `isoloss list figures`.
    pub figures: Vec<String>,
    /// What a refit of the committed results must find: value, lower and upper end.
    pub found: BTreeMap<String, [f64; 3]>,
    /// What is compared; one without a name if nothing is.
    pub(crate) families: Vec<Family>,
    pub(crate) file: File,
}

/// The top level of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Top {
    question: String,
    #[serde(default)]
    hypothesis: String,
    #[serde(default)]
    cost: String,
    #[serde(default)]
    outcome: String,
    corpus: Table,
    model: Table,
    recipe: Table,
    ladder: Table,
    #[serde(default)]
    sweep: Option<Table>,
    #[serde(default)]
    held_out: Vec<Table>,
    evaluation: Table,
    #[serde(default)]
    fit: Table,
    #[serde(default)]
    table: Option<Table>,
    #[serde(default)]
    figures: Vec<String>,
    #[serde(default)]
    found: BTreeMap<String, [f64; 3]>,
    #[serde(default)]
    families: BTreeMap<String, Overrides>,
    #[serde(default, rename = "scale")]
    _scale: BTreeMap<String, Table>,
}

/// The top level of a file that asks for no runs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopOfScores {
    question: String,
    #[serde(default)]
    hypothesis: String,
    #[serde(default)]
    cost: String,
    #[serde(default)]
    outcome: String,
    scores: Table,
    #[serde(default)]
    found: BTreeMap<String, [f64; 3]>,
}

impl Experiment {
    /// Reads a file, or a built-in experiment by its name, and changes settings: `--set key=value`, of which `scale=NAME`
    /// comes first.
    ///
    /// # Errors
    /// If there is none, or it cannot be understood: with file, line and column.
    pub fn read(name: &str, set: &[(String, String)]) -> Result<Self, ExperimentError> {
        let (source, text, path) = match std::fs::read_to_string(name) {
            Ok(text) => (name.to_owned(), text, Some(Path::new(name))),
            Err(error) => match BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
                Some((_, text)) => (format!("{name} (built in)"), (*text).to_owned(), None),
                None => return Err(unreadable(name, &error)),
            },
        };
        let mut file = File::parse(&source, &text)?;
        for name in scale::names(&file.root) {
            let mut scaled = file.clone();
            scale::choose(&mut scaled, &name)?;
            // One that is not chosen is to have no unknown tables either.
            scaled.read::<Top>(&[], &scaled.root)?;
        }
        let (scales, others): (Vec<_>, Vec<_>) = set.iter().partition(|(key, _)| key == scale::KEY);
        if let Some((_, name)) = scales.last() {
            scale::choose(&mut file, name.trim_matches('"'))?;
        }
        for (key, value) in others {
            if key.starts_with("scale.") {
                let error = ExperimentError::new(&format!("--set {key}"), "a scale is chosen by --set scale=NAME");
                return Err(error.hint("what it has is set by its own name, as in --set ladder.tokens=[98304]"));
            }
            file.set(key, value)?;
        }
        let stem = Path::new(name).file_stem().map_or_else(|| name.into(), |stem| stem.to_string_lossy());
        if file.root.contains_key("scores") {
            return Self::of_scores(stem.into_owned(), file, path);
        }
        Self::understand(stem.into_owned(), file)
    }

    /// A question that asks for no runs: its ladder is empty.
    fn of_scores(name: String, file: File, path: Option<&Path>) -> Result<Self, ExperimentError> {
        let top: TopOfScores = file.read(&[], &file.root)?;
        let scores = Scores::read(&file, &top.scores, path)?;
        Ok(Self {
            name,
            question: top.question,
            hypothesis: top.hypothesis,
            cost: top.cost,
            outcome: top.outcome,
            ladder: Ladder::none(),
            sweep: None,
            held_out: Vec::new(),
            evaluation: Evaluation { windows: 0, measures: Vec::new() },
            fit: Fit::default(),
            table: None,
            scores: Some(scores),
            figures: Vec::new(),
            found: top.found,
            families: Vec::new(),
            file,
        })
    }

    /// Is anything compared?
    pub fn has_families(&self) -> bool {
        self.families.len() > 1
    }

    /// Another ladder in the place of its own: these widths of the model, one horizon, and no runs held out.
    pub fn over_widths(&mut self, widths: &[usize], tokens: f64, seeds: Vec<u32>) {
        // Corpus, recipe and depth are those of the first size; what else a size sets of the model may belong to its width.
        let first = |values: &Vec<Value>| values.first().map(|first| vec![first.clone(); widths.len()]);
        let stays = |key: &str| !size::is_of_model(key) || size::bare(key) == "n_layer";
        let beside = self.ladder.sizes.iter().filter(|(key, _)| stays(key));
        let beside = beside.filter_map(|(key, values)| Some((key.clone(), first(values)?)));
        let wide = widths.iter().map(|d| Value::Integer(*d as i64)).collect();
        self.ladder = Ladder {
            sizes: beside.chain([("d_model".to_owned(), wide)]).collect(),
            tokens: Some(vec![tokens]),
            seeds,
            ..Ladder::none()
        };
        self.held_out.clear();
        self.sweep = None;
    }

    /// Is the sweep the question? Then the law is fitted to what it chose.
    pub fn is_sweep(&self) -> bool {
        self.sweep.is_some() && self.ladder.seeds.is_empty()
    }

    /// The families, in the order of their names; one without a name if nothing is compared.
    pub fn families(&self) -> impl Iterator<Item = &str> {
        self.families.iter().map(|family| family.name.as_str())
    }

    /// Refuses what stands at a path of keys.
    pub fn refused(&self, path: &[&str], message: impl Into<String>) -> ExperimentError {
        self.file.error(path, message)
    }

    /// What `--set` changed for nothing, as the families or the sizes have the same setting, a sentence each.
    pub fn unheeded(&self) -> Vec<String> {
        let sizes: Vec<&String> = self.ladder.sizes.keys().collect();
        let is_size = |key: &str| {
            let known = |known: &String| key == known || key.strip_prefix("model.") == Some(known);
            let held_out = |rung: &Table| rung.keys().any(known);
            sizes.iter().copied().find(|size| known(size)).filter(|_| self.held_out.iter().all(held_out))
        };
        let one = |(key, typed): (&str, &str)| match is_size(key) {
            Some(size) => Some(format!(
                "--set {typed} changes nothing: [ladder.sizes] has {size}, and sizes go before it\nhint: --set \
                 'ladder.sizes.{}=[...]' has a value for each size",
                if size.contains('.') { format!("{size:?}") } else { size.clone() }
            )),
            None => families::unheeded(&self.file.root, key, typed),
        };
        self.file.set_beside().filter_map(one).collect()
    }

    /// The file as it was written.
    pub fn text(&self) -> &str {
        &self.file.text
    }

    fn understand(name: String, file: File) -> Result<Self, ExperimentError> {
        let top: Top = file.read(&[], &file.root)?;
        let ladder: Ladder = file.read(&["ladder"], &top.ladder)?;
        if let Some((path, says)) = ladder.refused() {
            return Err(file.error(&path, says));
        }
        let sweep: Option<Sweep> = top.sweep.as_ref().map(|table| file.read(&["sweep"], table)).transpose()?;
        if let Some((setting, says)) = sweep.as_ref().and_then(|sweep| sweep.refused(&ladder.seeds)) {
            return Err(file.error(&["sweep", setting], says));
        }
        if sweep.is_some() && ladder.seeds.is_empty() && !top.held_out.is_empty() {
            let message = "is foretold by runs of the ladder, which has no seeds: the sweep is the question";
            return Err(file.error(&["held_out"], message));
        }
        if sweep.as_ref().is_some_and(|sweep| sweep.only.is_some()) && ladder.around.is_some() {
            let message =
                "leaves rungs to a power law, and [ladder] around asks for more rungs as it goes: one of the two";
            return Err(file.error(&["sweep", "where"], message));
        }
        if sweep.as_ref().is_some_and(|sweep| !sweep.batch.is_empty()) && ladder.paired {
            let message = "tries batches, and families of a paired ladder share theirs: one of the two";
            return Err(file.error(&["sweep", "batch"], message));
        }
        if sweep.is_some() && ladder.branches {
            let message = "tries learning rates for every length by itself: branches of one trunk share theirs";
            return Err(file.error(&["sweep"], message));
        }
        for (name, own) in &top.families {
            own.refuse_sizes(&file, name, ladder.sizes.keys().map(|key| (&["ladder", "sizes"][..], key)))?;
            own.refuse_sizes(
                &file,
                name,
                top.held_out.iter().flat_map(Table::keys).map(|key| (&["held_out"][..], key)),
            )?;
        }
        families::refuse_tuning(&file, &top.families, sweep.is_some())?;
        if top.table.is_some()
            && let Some(key) = top.fit.keys().find(|key| !["size", "compute"].contains(&key.as_str()))
        {
            let message = "asks for a law, and [table] for none: one of the two";
            return Err(file.error(&["fit", key], message));
        }
        let table: Option<Shown> = top.table.as_ref().map(|table| file.read(&["table"], table)).transpose()?;
        if let Some(table) = &table {
            if let Some((key, says)) = table.refused() {
                return Err(file.error(&["table", key], says));
            }
            if table.baseline.is_some() && table.size.is_none() && !ladder.paired {
                let message = "is compared seed by seed, and the families share none";
                return Err(file.error(&["table", "baseline"], message).hint("[ladder] paired = true"));
            }
            if ladder.seeds.is_empty() {
                return Err(file.error(&["ladder", "seeds"], "is empty: a table shows the runs of the ladder"));
            }
            if top.figures.iter().any(|name| table.size.is_none() || name != "pareto") {
                let message = "are drawn of laws, and [table] asks for none";
                let hint = "figures = [\"pareto\"] draws a table with `size` and `baseline`";
                return Err(file.error(&["figures"], message).hint(hint));
            }
        }
        if top.table.is_some() && !top.held_out.is_empty() {
            return Err(file.error(&["held_out"], "is foretold by a law, and [table] asks for none"));
        }
        let common = Overrides { corpus: top.corpus, model: top.model, recipe: top.recipe, tuned_as: None };
        let families = families::over(common, &top.families);
        Ok(Self {
            name,
            question: top.question,
            hypothesis: top.hypothesis,
            cost: top.cost,
            outcome: top.outcome,
            ladder,
            sweep,
            held_out: top.held_out,
            evaluation: file.read(&["evaluation"], &top.evaluation)?,
            fit: file.read(&["fit"], &top.fit)?,
            table,
            scores: None,
            figures: top.figures,
            found: top.found,
            families,
            file,
        })
    }
}
