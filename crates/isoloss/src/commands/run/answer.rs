//! What an experiment's runs say: the law, what it foretells of runs that took no part, figures, and the files of it all.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use isoloss::experiment::Experiment;
use isoloss::experiment::sweep::{self, Chosen, chosen};
use isoloss_figures::catalogue::counting::{self, Counted};
use isoloss_figures::catalogue::sweep as sweep_figure;
use isoloss_figures::catalogue::{Material, Missing, Runs as Drawn, beside_published, entry};
use isoloss_figures::{Figure, Width};
use isoloss_formula::Table;
use isoloss_laws::{Against, Fit, Options, Prediction};
use isoloss_runs::record::{BUDGET_COLUMN, Part};
use isoloss_runs::record::{Convention, Run as Record};
use isoloss_runs::{Runs, apply_maps};

use super::against;
use super::choices;
use super::found;
use super::hulls::{self, Hull};
use super::keys::in_keys;
use super::multipliers::{self, Multipliers};
use super::page;
use super::question::{self, asked};
use super::rungs::{self, AtRungs};
use super::truth::Truth;
use super::ways;
use crate::commands::fit::{Loaded, apart_of};
use crate::commands::tell::{self, Told};
use crate::constants::Constant;
use crate::failure::Failure;
use crate::numbers::{count, number};
use crate::output::{self, BOLD, RESET, talk};
use crate::report;
use crate::report::predictions::{interval, value};

/// The answer to an experiment.
pub struct Answer<'a> {
    pub experiment: &'a Experiment,
    pub runs: Runs,
    /// what sweeps chose, rung by rung
    pub chosen: Vec<Chosen>,
    pub loaded: Loaded,
    pub told: Told,
    /// runs that took no part in the fit, and what it said of them
    pub foretold: Vec<Foretold>,
    /// families against the baseline
    pub against: Vec<Against>,
    /// the same at equal loss
    pub multipliers: Multipliers,
    /// and rung by rung
    pub at_rungs: Vec<AtRungs>,
    /// losses against compute, family by family
    pub hulls: Vec<Hull>,
    /// fits of some of the runs
    pub beside: Vec<Beside>,
    /// what those are called that there is none of, and why
    pub failed: Vec<(String, Failure)>,
    /// the best sizes by ways of counting, where that figure is asked for
    pub counted: Vec<Counted>,
    /// what is known to be true
    pub truth: Option<Truth>,
    pub convention: Convention,
    options: Options,
}

/// A run that took no part in the fit.
pub struct Foretold {
    pub name: String,
    /// what the law foretells, as it was measured
    pub measured: f64,
    /// its compute over that of the dearest run of the fit
    pub far: f64,
    pub prediction: Prediction,
}

impl Foretold {
    /// Does the interval of a new run hold it? None without an interval.
    pub fn inside(&self) -> Option<bool> {
        let interval = self.prediction.new_run.interval?;
        Some((interval.lower..=interval.upper).contains(&self.measured))
    }
}

/// A fit beside, of some of the runs or of other columns.
pub struct Beside {
    /// what it is called
    pub words: String,
    pub fit: Fit,
    /// families against the baseline
    pub multipliers: Multipliers,
}

impl<'a> Answer<'a> {
    /// Fits the runs that are to be fitted, and asks the fit for the others.
    pub fn new(experiment: &'a Experiment, runs: Runs) -> Result<Self, Failure> {
        let convention = experiment.fit.convention();
        let chosen = chosen(&runs)?;
        let (name, fitted) = match experiment.is_sweep() {
            true => ("choices.csv", sweep::table(&chosen, convention)),
            false => ("runs.csv", of(&runs, Part::Fit).table("runs.csv", convention)),
        };
        let (loaded, options) = apart_of(&fitted, &asked(experiment, None)?)?;
        // One that cannot be fitted takes nothing from the answer.
        let load = |beside| apart_of(&fitted, &asked(experiment, Some(beside))?);
        let some: Vec<_> = experiment.fit.beside.iter().map(|beside| (beside.words(), load(beside))).collect();
        let baseline = experiment.fit.baseline.as_deref().filter(|baseline| {
            let there = has(&loaded.prepared.table, baseline);
            if !there {
                talk(format_args!("warning: {}", question::left_out(baseline)));
            }
            there
        });
        let (told, beside) = thread::scope(|scope| {
            let beside = scope.spawn(|| {
                let one = |(words, of): (String, Result<(Loaded, Options), Failure>)| match of
                    .and_then(|(loaded, options)| loaded.fit_unsaid(&options))
                {
                    Ok(fit) => Ok(Beside { words, multipliers: multipliers::of(&fit, baseline), fit }),
                    Err(why) => Err((words, why)),
                };
                some.into_iter().map(one).collect::<Vec<_>>()
            });
            let told = tell::tell(name, &loaded, options.clone(), baseline, in_keys);
            (told, beside.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        let told = told?;
        let (mut fitted_beside, mut failed) = (Vec::new(), Vec::new());
        for beside in beside {
            match beside {
                Ok(mut beside) => {
                    for hint in beside.fit.warnings.iter_mut().filter_map(|warning| warning.hint.as_mut()) {
                        *hint = in_keys(hint);
                    }
                    fitted_beside.push(beside);
                }
                Err(why) => failed.push(why),
            }
        }
        let against = baseline.map(|baseline| told.fit.against(baseline)).unwrap_or_default();
        let multipliers = multipliers::of(&told.fit, baseline);
        let at_rungs = rungs::of(&told.fit, &loaded.prepared.table, baseline);
        let truth = Truth::of(&runs, &told.fit);
        let counted = match experiment.figures.iter().any(|name| name == counting::ENTRY.name) {
            true => {
                let runs = tell::runs(&experiment.name, &loaded, &options, &told.fit);
                let material = Material { table: Some(fitted), runs: Some(runs), ..Material::default() };
                let counted = counting::counted(&material);
                let say = |why: &Missing| talk(format_args!("note: nothing is counted anew: {}", why.message));
                counted.inspect_err(say).map(|(counted, _)| counted).unwrap_or_default()
            }
            false => Vec::new(),
        };
        let hulls = hulls::of(experiment, &loaded.prepared.table, &options);
        let foretold = foretell(&runs, &told.fit, &loaded.maps, convention)?;
        Ok(Self {
            experiment,
            runs,
            chosen,
            loaded,
            told,
            foretold,
            against,
            multipliers,
            at_rungs,
            hulls,
            beside: fitted_beside,
            failed,
            counted,
            truth,
            convention,
            options,
        })
    }

    /// Are there numbers that must not be used, or none where some were asked for?
    pub fn is_lacking(&self) -> bool {
        let beside = self.beside.iter().all(|beside| beside.fit.may_be_used());
        self.told.unusable || !beside || !self.failed.is_empty()
    }

    /// Writes everything into the folder, but the runs, which are there before they are fitted.
    pub fn save(&self, out: &Path) -> Result<(), Failure> {
        let write = |name: &str, bytes: &[u8]| output::save(&out.join(name), bytes, true);
        if !self.chosen.is_empty() {
            write("choices.csv", choices::csv(&sweep::table(&self.chosen, self.convention)).as_bytes())?;
        }
        write("fit.json", self.told.fit.to_json().as_bytes())?;
        write("found.csv", found::csv(found::of_answer(self)).as_bytes())?;
        let figures = self.asked_for();
        for (name, figure) in &figures {
            match figure {
                Ok(figure) => {
                    write(&format!("{}.svg", wanted(name).0), figure.draw(&Default::default()).svg.as_bytes())?
                }
                Err(why) => talk(format_args!("note: no figure {name}: {}", why.message())),
            }
        }
        write("report.html", page::page(self, &figures).html().as_bytes())
    }

    /// The figures that the experiment lists, or why one cannot be drawn.
    fn asked_for(&self) -> Vec<(&str, Result<Figure, Failure>)> {
        self.experiment.figures.iter().map(|name| (name.as_str(), self.figure(name))).collect()
    }

    fn figure(&self, name: &str) -> Result<Figure, Failure> {
        let (name, beside) = wanted(name);
        let own = self.own_figure(name)?;
        match entry(name).filter(|_| beside) {
            Some(entry) => Ok(beside_published(entry, own)?),
            None => Ok(own),
        }
    }

    fn own_figure(&self, name: &str) -> Result<Figure, Failure> {
        if let Some((_, drawn)) = self.told.figures.iter().find(|(known, _)| *known == name) {
            return Ok(drawn.clone());
        }
        if name == counting::ENTRY.name && !self.counted.is_empty() {
            let source = format!("{} of {}.", count(self.loaded.points.len(), "run"), self.experiment.name);
            return Ok(counting::figure(&self.counted, &source).width(Width::Double));
        }
        if name == sweep_figure::ENTRY.name {
            let table = self.runs.table(&self.experiment.name, self.convention);
            let drawn = (sweep_figure::ENTRY.draw)(&Material { table: Some(table), ..Material::default() })?;
            return Ok(drawn.width(Width::Double));
        }
        let hint = "isoloss list figures shows all";
        let entry = entry(name).ok_or_else(|| Failure::usage(format_args!("there is no figure {name}"), hint))?;
        let mut runs: Drawn = tell::runs(&self.experiment.name, &self.loaded, &self.options, &self.told.fit);
        let baseline = self.experiment.fit.baseline.clone();
        let budgets = self.loaded.budgets(BUDGET_COLUMN).ok();
        // Runs of a budget have its compute as the experiment counts it, which the law does not read.
        let compute = self.loaded.prepared.table.column("C").and_then(|c| c.as_numbers());
        if let (Some(_), Some(compute)) = (&budgets, compute) {
            runs.points.columns.push(("C".into(), compute.values.clone()));
        }
        // All runs, those that the fit leaves out too, with columns named by its maps.
        let mut table = of(&self.runs, Part::Fit).table("runs.csv", self.convention);
        let mapped = apply_maps(&mut table, &self.loaded.maps).is_ok();
        let table = Some(if mapped { table } else { self.loaded.prepared.table.clone() });
        let drawn = (entry.draw)(&Material { runs: Some(runs), table, baseline, budgets, ..Material::default() })?;
        Ok(drawn.width(Width::Double))
    }

    /// What the law foretells, in a word.
    pub fn target(&self) -> &str {
        match self.told.fit.law.formula.target.as_str() {
            "L" => "loss",
            other => other,
        }
    }

    /// What of the law is held at what the corpus says.
    pub fn constants(&self) -> String {
        self.loaded.constants.iter().map(Constant::words).collect::<Vec<_>>().join("; ")
    }

    /// Says the answer.
    pub fn print(&self, out: &Path) -> Result<(), Failure> {
        let report = report::Report::new(&self.told.fit, &self.loaded.points, &self.loaded.prepared);
        let mut said = choices::text(&self.chosen) + &report::text(&report);
        if !self.loaded.constants.is_empty() {
            said.push_str(&format!("\n{BOLD}Held{RESET}: {}.", self.constants()));
        }
        for told in &self.foretold {
            let inside = match told.inside() {
                Some(true) => "inside",
                Some(false) => "outside",
                None => "no interval to hold it against",
            };
            said.push_str(&format!(
                "\n{BOLD}Held out{RESET}: {}, {}x the dearest run of the fit: {} {}; foretold {} {} for one new run: {inside}.",
                told.name,
                number(told.far, 2),
                self.target(),
                number(told.measured, 5),
                value(&told.prediction.new_run),
                interval(&told.prediction.new_run),
            ));
        }
        if let Some(truth) = &self.truth {
            said.push_str(&format!("\n{BOLD}Truth{RESET}: {}", truth.sentence()));
        }
        said.push_str(&against::text(&self.against));
        said.push_str(&multipliers::text(&self.multipliers));
        said.push_str(&rungs::text(&self.at_rungs));
        said.push_str(&hulls::text(&self.hulls));
        said.push_str(&ways::text(&self.counted));
        for beside in &self.beside {
            for warning in &beside.fit.warnings {
                let warning = report::warning(warning);
                said.push_str(&format!("\n{BOLD}Beside{RESET}, {}: {}", beside.words, warning.trim_end()));
            }
            let each = beside.fit.parameters.iter();
            let each: Vec<String> =
                each.map(|p| format!("{} {} {}", p.name, value(&p.estimate), interval(&p.estimate))).collect();
            said.push_str(&format!("\n{BOLD}Beside{RESET}, {}: {}.", beside.words, each.join(", ")));
            said.push_str(&multipliers::text(&beside.multipliers));
        }
        for (words, why) in &self.failed {
            said.push_str(&format!("\n{BOLD}Beside{RESET}, {words}: no fit, {}.", why.message()));
        }
        output::answer(&(said + "\n"))?;
        talk(format_args!("wrote {}", out.join("report.html").display()));
        Ok(())
    }
}

/// The name of a figure, and whether what papers print is drawn beside it: `compute --published`, as one types it.
pub fn wanted(figure: &str) -> (&str, bool) {
    figure.strip_suffix(" --published").map_or((figure, false), |name| (name, true))
}

/// Does a table have runs of that family?
fn has(table: &Table, family: &str) -> bool {
    let column = table.column("family");
    column.is_none_or(|column| (0..table.len()).any(|row| column.text(row) == family))
}

/// The runs of one part.
pub fn of(runs: &Runs, part: Part) -> Runs {
    runs.filter(|run| Part::of(run) == Some(part))
}

/// What the fit says of the runs that took no part in it.
fn foretell(
    runs: &Runs,
    fit: &Fit,
    maps: &[(String, String)],
    convention: Convention,
) -> Result<Vec<Foretold>, Failure> {
    let held_out = of(runs, Part::HeldOut);
    if held_out.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = held_out.table("runs.csv", convention);
    if let Err(why) = apply_maps(&mut table, maps) {
        talk(format_args!("note: no run that took no part has what the law reads: {why}"));
        return Ok(Vec::new());
    }
    let cost = |run: &Record| convention.flops(&run.counts);
    let dearest = of(runs, Part::Fit).iter().map(cost).fold(0.0, f64::max);
    let mut all = Vec::new();
    for (row, run) in held_out.iter().enumerate() {
        let cell = |name: &str| {
            table.column(name).and_then(|c| c.as_numbers()).map_or(f64::NAN, |numbers| numbers.values[row])
        };
        let measured = cell(&fit.law.formula.target);
        if !measured.is_finite() {
            continue;
        }
        let columns: Vec<(String, Vec<f64>)> =
            fit.law.inputs().map(|name| (name.to_owned(), vec![cell(name)])).collect();
        let family = [run.labels.family.clone()];
        let family = (!fit.families().is_empty()).then_some(&family[..]);
        for prediction in fit.predict(&columns, family)? {
            all.push(Foretold { name: run.labels.full(), measured, far: cost(run) / dearest, prediction });
        }
    }
    talk(format_args!("{} took no part in the fit", count(all.len(), "run")));
    Ok(all)
}
