//! From an experiment to its runs: every family at every size and horizon, each with its config in full.

use std::collections::BTreeMap;

use isoloss_formula::{Column, Truth, matches, parse_condition};
use isoloss_laws::FitError;
use isoloss_runs::Runs;
use isoloss_runs::record::{BUDGET, Convention, Counts, Part, Run};
use isoloss_train::corpora::Place;
use isoloss_train::job::Job;
use isoloss_train::{RunConfig, counts, trunk};
use toml::Value;

use super::grid;
use super::rung::{Corpora, Factors, Rung};
use super::size::{Size, bare};
use super::sweep::chosen;
use super::tuning::Tuning;
use super::{Experiment, ExperimentError, branches, converged};

/// A run that the experiment asks for.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What is to be trained.
    pub job: Job,
    /// The settings that the ladder varies, by its keys, for the table.
    pub size: Vec<(String, String)>,
    /// What it is for.
    pub part: Part,
    /// The budget that it was cut to, FLOPs.
    pub budget: Option<f64>,
    /// The tokens that were asked for: as batches are whole, it may be trained for others.
    pub asked: f64,
    /// Its learning rate follows from runs that are not there yet: it cannot be trained before them.
    pub open: bool,
}

/// The records under the names that an experiment gives them, each with what it was for and, where it can be said, whether it
/// has [converged](super::converged).
pub fn labelled(planned: &[Planned], records: &[Option<Run>]) -> Runs {
    let pairs = planned.iter().zip(records).filter_map(|(planned, run)| Some((planned, run.clone()?)));
    let named = pairs.map(|(planned, run)| {
        let mut run = counted_anew(run);
        run.labels = planned.job.labels.clone();
        run.trunk = planned.job.trunk.as_ref().map(|trunk| trunk.id.clone()).or(run.trunk);
        run.other.insert(Part::KEY.into(), planned.part.word().into());
        if let Some(budget) = planned.budget {
            run.other.insert(BUDGET.into(), budget.into());
        }
        run
    });
    let mut named: Vec<Run> = named.collect();
    converged::mark(&mut named);
    Runs::new(named)
}

/// A record with the counts that its program did not know, from its config.
pub fn counted_anew(mut run: Run) -> Run {
    if run.counts.flops_full.is_none()
        && let Ok(config) = serde_json::from_value::<RunConfig>(run.config.clone())
    {
        let Counts { flops_full, flops_executed, cache_per_token, cache_fixed, .. } = counts(&config);
        run.counts = Counts { flops_full, flops_executed, cache_per_token, cache_fixed, ..run.counts };
    }
    run
}

/// Makes the runs of an experiment; keeps the corpora it opened.
#[derive(Debug)]
pub struct Planner<'a> {
    experiment: &'a Experiment,
    corpora: Corpora<'a>,
}

impl<'a> Planner<'a> {
    /// Corpora are looked for at this place.
    pub fn new(experiment: &'a Experiment, place: &'a Place) -> Self {
        Self { experiment, corpora: Corpora::new(place) }
    }

    /// All runs of the experiment, as far as they are known from those that were measured ([`labelled`]): the sweep, the
    /// runs of the fit in the order of the ladder, and those that are held out. Once nothing is [`Planned::open`] and all
    /// of it is measured, the experiment is whole.
    ///
    /// # Errors
    /// If corpora cannot be opened, or settings do not fit each other: with the place in the file.
    pub fn plan(&mut self, measured: &Runs) -> Result<Vec<Planned>, ExperimentError> {
        let experiment = self.experiment;
        experiment.trains()?;
        let refused = |e: FitError| experiment.refused(&["sweep"], e.message).hint_of(e.hint);
        let chosen = chosen(measured).map_err(refused)?;
        let sizes = sizes(experiment)?;
        let mut all_rungs = Vec::new();
        for family in &experiment.families {
            let mut rungs = Vec::new();
            for size in &sizes {
                rungs.push(Rung::new(experiment, &mut self.corpora, family, size, Part::Fit)?);
            }
            let lengths = lengths(experiment, &rungs, measured)?;
            all_rungs.push(rungs.into_iter().zip(lengths).collect::<Vec<_>>());
        }
        if experiment.ladder.paired {
            alike(experiment, &all_rungs)?;
        }
        let mut swept = Vec::new();
        for (rung, lengths) in all_rungs.iter().flatten().filter(|(rung, _)| rung.family.tuned_as.is_none()) {
            swept.extend(tried(experiment, rung, lengths)?);
        }
        let of_ladder = experiment.ladder.only.as_ref();
        let of_sweep = experiment.sweep.as_ref().and_then(|sweep| sweep.only.as_ref());
        let swept = kept(experiment, "ladder", of_ladder, swept)?;
        let mut all = kept(experiment, "sweep", of_sweep, swept)?;
        let mut tuning = Tuning::new(experiment, &all)?;
        let apart = |size: &toml::Table| {
            let mut size = size.clone();
            let horizon = ["tokens", "exposures"].map(|key| size.remove(key).as_ref().and_then(number));
            (Size(size), horizon)
        };
        let held_out: Vec<(Size, [Option<f64>; 2])> = experiment.held_out.iter().map(apart).collect();
        let mut foretold = Vec::new();
        for family in &experiment.families {
            for (number, (size, horizon)) in held_out.iter().enumerate() {
                let rung = Rung::new(experiment, &mut self.corpora, family, size, Part::HeldOut)?;
                let tokens = held_out_tokens(experiment, &rung, *horizon, number)?;
                foretold.push((rung, tokens));
            }
        }
        let ladder = all_rungs.iter().flatten();
        let ladder = ladder.flat_map(|(rung, lengths)| lengths.iter().map(move |length| (rung, length.tokens)));
        for (rung, tokens) in ladder.chain(foretold.iter().map(|(rung, tokens)| (rung, *tokens))) {
            tuning.add(rung, tokens, &chosen)?;
        }
        let mut fitted = Vec::new();
        for (rung, lengths) in all_rungs.iter().flatten() {
            fitted.extend(trained(experiment, rung, lengths, &tuning)?);
        }
        let mut to_foretell = Vec::new();
        for (rung, tokens) in &foretold {
            to_foretell.extend(trained(experiment, rung, &[Length { tokens: *tokens, budget: None }], &tuning)?);
        }
        all.extend(kept(experiment, "ladder", of_ladder, fitted)?);
        if all.is_empty() {
            return Err(experiment
                .file
                .error(&["ladder"], "asks for no run at all: it needs sizes, a horizon and a seed"));
        }
        all.extend(to_foretell);
        once(experiment, &all)?;
        if experiment.ladder.branches {
            trunk::share(all.iter_mut().filter(|run| run.part == Part::Fit).map(|run| &mut run.job));
        }
        Ok(all)
    }
}

/// Refuses families of a paired ladder whose batches cannot be the same.
fn alike(experiment: &Experiment, families: &[Vec<(Rung, Vec<Length>)>]) -> Result<(), ExperimentError> {
    let Some((first, others)) = families.split_first() else { return Ok(()) };
    for (rung, other) in others.iter().flat_map(|other| first.iter().zip(other)) {
        let ((rung, _), (other, _)) = (rung, other);
        if let Some(what) = rung.reads_otherwise(other) {
            let [one, two] = [rung, other].map(|rung| &rung.family.name);
            let message = format!("families share their batches, and {one} and {two} differ in {what}");
            let error = experiment.refused(&["ladder", "paired"], message);
            return Err(error.hint("what is paired differs in the model, or in how it learns"));
        }
    }
    Ok(())
}

/// Tokens of the runs of a rung that is held out.
fn held_out_tokens(
    experiment: &Experiment,
    rung: &Rung,
    horizon: [Option<f64>; 2],
    number: usize,
) -> Result<f64, ExperimentError> {
    let length = |x: f64, key: &str| match x.is_finite() && x > 0.0 {
        true => Ok(x),
        false => Err(experiment.file.error(&["held_out"], format!("{key}: {x} is not a number above 0"))),
    };
    match horizon {
        [Some(tokens), None] => length(tokens, "tokens"),
        [None, Some(passes)] => Ok(rung.pass()? * length(passes, "exposures")?),
        _ => {
            let message = format!("number {} needs tokens = ... or exposures = ..., beside the size", number + 1);
            Err(experiment.file.error(&["held_out"], message))
        }
    }
}

/// The runs that sweep a size at all its horizons.
fn tried(experiment: &Experiment, rung: &Rung, lengths: &[Length]) -> Result<Vec<Planned>, ExperimentError> {
    let mut all: Vec<Planned> = Vec::new();
    let Some(sweep) = &experiment.sweep else { return Ok(all) };
    for &Length { tokens, budget } in lengths {
        let as_it_is = rung.config(Factors::NONE, tokens)?;
        let label = rung.label(&as_it_is);
        if all.iter().any(|run| run.job.labels.rung == label) {
            let message = format!("two horizons are called {label}: a sweep tells rungs apart by their names");
            return Err(experiment.refused(&["ladder"], message));
        }
        for &seed in &sweep.seeds {
            // Whatever is tried, weights and batches are the same.
            let seed = own_seed(seed, &as_it_is.to_value());
            for factors in sweep.factors() {
                let config = RunConfig { seed, ..rung.config(factors, tokens)? };
                let [wanted, got] = [&as_it_is, &config].map(|config| config.training.tokens() as f64);
                if (got / wanted - 1.0).abs() > UNEVEN {
                    let batch = config.training.batch;
                    let message = format!("whole batches of {batch} windows make {got} tokens of {label}");
                    return Err(experiment
                        .refused(&["sweep", "batch"], message)
                        .hint("smaller factors, or longer runs"));
                }
                all.push(Planned { budget, asked: tokens, ..rung.planned(config, &label, Part::Sweep)? });
            }
        }
    }
    Ok(all)
}

/// The runs of a size at all its horizons, by what sweeps found.
fn trained(
    experiment: &Experiment,
    rung: &Rung,
    lengths: &[Length],
    tuning: &Tuning,
) -> Result<Vec<Planned>, ExperimentError> {
    let ladder = &experiment.ladder;
    let branches = ladder.branches && rung.part == Part::Fit;
    if branches {
        let configs = lengths.iter().map(|length| rung.config(Factors::NONE, length.tokens));
        branches::check(experiment, &configs.collect::<Result<Vec<_>, _>>()?)?;
    }
    let mut all = Vec::new();
    for &Length { tokens, budget } in lengths {
        let label = rung.label(&rung.config(Factors::NONE, tokens)?);
        let factors = tuning.factors(rung, tokens);
        let config = rung.config(factors.unwrap_or(Factors::NONE), tokens)?;
        for &seed in &ladder.seeds {
            let of = match (ladder.paired, branches) {
                (true, _) => rung.key(tokens).into(),
                (_, true) => config.of_any_length(),
                _ => config.to_value(),
            };
            let config = RunConfig { seed: own_seed(seed, &of), ..config.clone() };
            let open = factors.is_none();
            all.push(Planned { budget, asked: tokens, open, ..rung.planned(config, &label, rung.part)? });
        }
    }
    Ok(all)
}

/// Runs of a rung may differ in length by this share, as batches are whole.
const UNEVEN: f64 = 0.1;

/// How long a run is, and which budget made it so.
#[derive(Clone, Copy, Debug)]
struct Length {
    tokens: f64,
    budget: Option<f64>,
}

/// How long the runs of each size of a family are.
fn lengths(experiment: &Experiment, rungs: &[Rung], measured: &Runs) -> Result<Vec<Vec<Length>>, ExperimentError> {
    let ladder = &experiment.ladder;
    let of = |rung: &Rung| -> Result<Vec<Length>, ExperimentError> {
        let budgets = ladder.budgets().map_or_else(Vec::new, |all| all.iter().copied().map(Some).collect());
        let budgets = budgets.into_iter().chain(std::iter::repeat(None));
        Ok(rung.lengths()?.into_iter().zip(budgets).map(|(tokens, budget)| Length { tokens, budget }).collect())
    };
    let mut all = rungs.iter().map(of).collect::<Result<Vec<Vec<Length>>, _>>()?;
    let (Some(around), Some(budgets), Some(first)) = (&ladder.around, ladder.budgets(), rungs.first()) else {
        return Ok(all);
    };
    let mut order: Vec<usize> = (0..rungs.len()).collect();
    order.sort_by(|a, b| rungs[*a].params().total_cmp(&rungs[*b].params()));
    let sizes: Vec<f64> = order.iter().map(|i| rungs[*i].params()).collect();
    for &budget in budgets {
        let known =
            grid::measured(measured, &first.family.name, budget, |counts| experiment.fit.size.of(counts) as f64);
        let chosen = around.chosen(&sizes, budget, &known);
        for (_, &rung) in order.iter().enumerate().filter(|(place, _)| !chosen.contains(place)) {
            all[rung].retain(|length| length.budget != Some(budget));
        }
    }
    Ok(all)
}

/// Refuses runs that a family has twice: what looks like a replicate would be the same number again.
fn once(experiment: &Experiment, all: &[Planned]) -> Result<(), ExperimentError> {
    let mut seen: BTreeMap<(&str, &str), &Planned> = BTreeMap::new();
    for run in all {
        let labels = &run.job.labels;
        let Some(other) = seen.insert((&labels.family, &run.job.id), run) else { continue };
        let (table, says) = match (run.part, other.part) {
            (Part::HeldOut, Part::Fit) => ("held_out", "is a run of the ladder: what is fitted cannot be foretold"),
            (Part::HeldOut, _) => ("held_out", "is there twice"),
            (Part::Sweep, _) => ("sweep", "is there twice: its factors have to differ"),
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

/// The sizes of the ladder.
fn sizes(experiment: &Experiment) -> Result<Vec<Size>, ExperimentError> {
    let lists = &experiment.ladder.sizes;
    let rungs = lists.values().map(Vec::len).max().unwrap_or(0);
    if rungs == 0 || lists.values().any(|list| list.len() != rungs) {
        let message = "needs lists of one length, as in sizes = { d_model = [16, 32], n_layer = [2, 4] }";
        return Err(experiment.file.error(&["ladder", "sizes"], message));
    }
    let size = |i: usize| Size(lists.iter().map(|(key, list)| (key.clone(), list[i].clone())).collect());
    Ok((0..rungs).map(size).collect())
}

/// The runs that satisfy the condition of a table, if it has one.
fn kept(
    experiment: &Experiment,
    of: &str,
    only: Option<&String>,
    all: Vec<Planned>,
) -> Result<Vec<Planned>, ExperimentError> {
    let Some(text) = only.filter(|_| !all.is_empty()) else { return Ok(all) };
    let refuse = |what: &dyn std::fmt::Display| {
        let what = what.to_string();
        let (message, hint) = what.split_once("\nhint: ").map_or((what.as_str(), None), |(m, h)| (m, Some(h)));
        experiment.file.error(&[of, "where"], message).hint_of(hint.map(str::to_owned))
    };
    let condition = parse_condition(text).map_err(|e| refuse(&e))?;
    let fit = &experiment.fit;
    let mut table = table(&all, fit.convention());
    for key in experiment.ladder.sizes.keys() {
        let cell = |run: &Planned| run.size.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()).unwrap_or_default();
        let words: Vec<String> = all.iter().map(cell).collect();
        let numbers: Option<Vec<f64>> = words.iter().map(|w| w.parse().ok()).collect();
        // By the key in back-quotes, or without the table that it names.
        for name in [key, bare(key)] {
            if table.column(name).is_none() {
                table.push(match &numbers {
                    Some(numbers) => Column::numbers(name, numbers.clone()),
                    None => Column::words(name, words.clone()),
                });
            }
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

/// The seed of one run: a mix of the ladder's and of everything else that sets it (of a branch: its trunk), so that no two of
/// a ladder share their luck, and a rung that is added changes no other; of a paired ladder a mix of the ladder's and of the
/// size and length, which families share. Below 2^32, as numbers of JSON stay exact.
fn own_seed(seed: u32, config: &serde_json::Value) -> u64 {
    let text = isoloss_runs::record::canonical(config);
    let bytes = text.bytes().chain(seed.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    (hash >> 32) ^ (hash & 0xffff_ffff)
}
