//! `isoloss run --until`: as much of the ladder as it takes.

use std::cell::RefCell;

use clap::Args;
use isoloss::experiment::until::until;
use isoloss::experiment::{Experiment, Planned, labelled};
use isoloss_laws::{Candidate, Fit, Goal, Quantity, Step, half_width};
use isoloss_runs::record::Part;
use isoloss_runs::store::Store;
use isoloss_train::counts;

use super::answer::of;
use super::question::{Checked, asked};
use crate::commands::fit::apart_of;
use crate::commands::next::{above_zero, named};
use crate::commands::train::{OfExperiment, Trained, round};
use crate::failure::Failure;
use crate::numbers::{count, number};
use crate::output::talk;

/// When enough is known.
#[derive(Args, Clone, Debug)]
pub struct Until {
    /// Train only as much of the ladder as it takes: until half the interval of --know is this; of a loss or of N it is a share
    #[arg(long, value_name = "HALF", requires = "know", conflicts_with_all = ["dry_run", "from", "limit"], help_heading = "Only as much as it takes")]
    until: Option<String>,
    /// What is to be known: a parameter, loss (with --at N=..,D=..) or N (with --at C=..)
    #[arg(long, value_name = "QUANTITY", requires = "until", help_heading = "Only as much as it takes")]
    know: Option<String>,
    /// Where it is to be known: --at "N=70e9,D=1.4e12" or --at C=1e24
    #[arg(long, value_name = "POINT", requires = "until", help_heading = "Only as much as it takes")]
    at: Option<String>,
    /// FLOPs that all runs together may cost, as the fit counts them
    #[arg(long, value_name = "C", requires = "until", help_heading = "Only as much as it takes")]
    budget: Option<String>,
}

/// What was asked for, read.
pub struct Asked {
    goal: Goal,
    /// what the law reads of every run of the ladder
    inputs: Vec<(String, Vec<f64>)>,
}

impl Until {
    /// None, and refused where it is asked of a question without a law.
    pub fn without_law(&self, experiment: &Experiment) -> Result<Option<Asked>, Failure> {
        match self.until {
            None => Ok(None),
            Some(_) => {
                let message = format!(
                    "--until: {} asks for a table, and a table has no law that could be known",
                    experiment.name
                );
                Err(Failure::usage(message, "without --until all of its runs are trained"))
            }
        }
    }

    /// None without `--until`.
    pub fn asked(&self, experiment: &Experiment, checked: &Checked, at_once: usize) -> Result<Option<Asked>, Failure> {
        let (law, of_ladder) = (&checked.law, &experiment.ladder);
        let (Some(half), Some(know)) = (&self.until, &self.know) else { return Ok(None) };
        if experiment.sweep.is_some() || of_ladder.around.is_some() || of_ladder.branches || experiment.has_families() {
            let what = "--until chooses among runs that stand alone: not of a sweep, `around`, branches or families";
            return Err(Failure::usage(what, "without --until all of them are trained"));
        }
        let half = above_zero("--until", half)?;
        let budget = self.budget.as_deref().map(|text| above_zero("--budget", text)).transpose()?;
        let quantity = named(know, self.at.as_ref(), &law.formula.target)?;
        if let Quantity::Parameter(name) = &quantity
            && law.parameters.iter().all(|p| p.name != *name)
        {
            let names: Vec<&str> = law.parameters.iter().map(|p| p.name.as_str()).collect();
            let hint = format!("it has {}; or loss with --at N=..,D=.., or N with --at C=..", names.join(", "));
            return Err(Failure::usage(
                format_args!("--know {name}: the law {} has no such parameter", law.name),
                hint,
            ));
        }
        if let Quantity::Loss(at) = &quantity {
            let given = |name: &str| at.iter().any(|(n, x)| n == name && *x > 0.0);
            if let Some(missing) = law.inputs().find(|name| !given(name)) {
                let hint = "as in --at \"N=70e9,D=1.4e12\": a number above zero for every input of the law";
                return Err(Failure::usage(format_args!("--at does not say where: the law needs {missing}"), hint));
            }
        }
        let numbers = |name: &str| checked.table.column(name).and_then(|c| c.as_numbers()).map(|n| n.values.clone());
        let mut inputs = Vec::new();
        for name in law.inputs() {
            let values = numbers(name).filter(|values| values.iter().all(|x| x.is_finite())).ok_or_else(|| {
                let hint = "it chooses among runs by what the law reads of them; without --until all are trained";
                Failure::usage(format_args!("--until: {name} is not known before the runs are there"), hint)
            })?;
            inputs.push((name.to_owned(), values));
        }
        Ok(Some(Asked { goal: Goal { quantity, half, budget, at_once }, inputs }))
    }
}

impl Asked {
    /// Trains runs of the ladder, some at a time; says why it stops, and gives whether it is known as well as was asked for. Runs that are held out are left alone.
    pub fn train(
        &self,
        of_runs: &OfExperiment,
        experiment: &Experiment,
        planned: Vec<Planned>,
    ) -> Result<(Trained, bool), Failure> {
        let convention = experiment.fit.convention();
        let ladder: Vec<Planned> = planned.into_iter().filter(|run| run.part == Part::Fit).collect();
        let candidate = |(row, run): (usize, &Planned)| {
            let at = self.inputs.iter().map(|(name, values)| (name.clone(), values[row])).collect();
            Candidate { at, cost: convention.flops(&counts(&run.job.config)) }
        };
        let candidates: Vec<Candidate> = ladder.iter().enumerate().map(candidate).collect();
        let some = |made: &[bool]| -> Vec<Planned> {
            ladder.iter().zip(made).filter(|(_, made)| **made).map(|(run, _)| run.clone()).collect()
        };
        // Runs that are there cost nothing.
        let there = there(of_runs, &ladder)?;
        let cell = RefCell::new((there.clone(), None));
        let train = |made: Vec<bool>| -> Result<bool, Failure> {
            let (trained, _) = round(of_runs, experiment, some(&made), None)?;
            let whole = trained.is_whole();
            cell.replace((made, Some(trained)));
            Ok(whole)
        };
        if there.contains(&true) && !train(there.clone())? {
            return Ok((last(cell)?, false));
        }
        let fit = |_: &[bool]| -> Result<Option<Fit>, Failure> {
            let state = cell.borrow();
            let Some(trained) = &state.1 else { return Ok(None) };
            let runs = of(&labelled(&trained.planned, &trained.runs), Part::Fit);
            // Too few runs for the law are no mistake: more of them follow.
            let loaded = apart_of(&runs.table("runs.csv", convention), &asked(experiment, None)?);
            let fitted = loaded.ok().and_then(|(loaded, options)| loaded.fit(&options).ok());
            let half = fitted.as_ref().map(|fit| half_width(fit, &self.goal.quantity)).transpose()?.flatten();
            if let Some(half) = half {
                let runs = count(runs.finished().len(), "run");
                let error = fitted.as_ref().and_then(|fit| fit.errors().next());
                let unusable = error.map_or(String::new(), |e| format!("; the fit must not be used [{}]", e.code));
                talk(format_args!(
                    "after {runs}: half the interval is {}, asked for {}{unusable}",
                    number(half, 3),
                    number(self.goal.half, 3)
                ));
            }
            Ok(fitted)
        };
        let make = |new: &[usize]| -> Result<bool, Failure> {
            let mut made = cell.borrow().0.clone();
            new.iter().for_each(|run| made[*run] = true);
            train(made)
        };
        let ended = until(&self.goal, &candidates, there, fit, make)?;
        let cost = |made: &[bool]| candidates.iter().zip(made).filter(|(_, m)| **m).map(|(c, _)| c.cost).sum::<f64>();
        if ended.why == Step::Known && !experiment.held_out.is_empty() {
            talk(format_args!(
                "note: held-out runs are not trained by --until; the same command without it trains them"
            ));
        }
        let share = cost(&ended.made) / cost(&vec![true; ladder.len()]);
        let why = match ended.why {
            Step::Known => "known as well as was asked for",
            Step::Spent => "the budget is spent",
            Step::All => "the whole ladder is trained, and it is not known as well as was asked for",
            Step::Make(_) => "interrupted",
        };
        let runs = ended.made.iter().filter(|made| **made).count();
        talk(format_args!(
            "{why}: {runs} of {} with {} % of the ladder's compute, the law fitted {}",
            count(ladder.len(), "run"),
            number(100.0 * share, 3),
            count(ended.rounds, "time"),
        ));
        Ok((last(cell)?, ended.why == Step::Known))
    }
}

/// What was trained last.
fn last(cell: RefCell<(Vec<bool>, Option<Trained>)>) -> Result<Trained, Failure> {
    let hint = "--budget has to pay for the shortest runs of three sizes at least";
    cell.into_inner().1.ok_or_else(|| Failure::could_not("the budget buys no run of this ladder", hint))
}

/// Which of these runs are over.
fn there(of: &OfExperiment, planned: &[Planned]) -> Result<Vec<bool>, Failure> {
    let store = Store::open(&of.store)?;
    let over = |run: &Planned| Ok(store.get(&run.job.id)?.is_some_and(|run| run.state.name.is_over()));
    planned.iter().map(over).collect()
}
