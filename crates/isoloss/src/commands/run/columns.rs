//! The columns that the fit of an experiment will have, before there is a run: those of planned runs, and what its maps make
//! of them.

use std::collections::BTreeMap;

use isoloss::experiment::{Experiment, Planned};
use isoloss_formula::{Column, Table, nearest, parse_condition, parse_expression};
use isoloss_laws::Law;
use isoloss_runs::{apply_maps, guess, map_flag};

use super::keys::in_keys;
use crate::arguments;
use crate::failure::Failure;
use crate::output::talk;

/// What columns of the shares of streams begin with.
const WEIGHTS: &str = "corpus.weights.";

/// Adds what the maps make, in their order. A name that no planned run has may be that of a measure, where the experiment
/// takes some: which names they bring is known once they are there, so it is trusted, and said. Without measures it is
/// refused.
pub fn map(experiment: &Experiment, path: &[&str], maps: &[String], table: &mut Table) -> Result<(), Failure> {
    let refused = |failure: Failure| -> Failure {
        let says = failure.message().trim_start_matches("--map ").to_owned();
        experiment
            .refused(path, says)
            .hint(failure.advice().map_or("as in \"P = params_stored\"".into(), in_keys))
            .into()
    };
    for text in maps {
        let maps = arguments::maps(std::slice::from_ref(text)).map_err(refused)?;
        for (new, expression) in &maps {
            if table.column(expression).is_none() {
                let flag = map_flag(new, expression);
                let parsed = parse_expression(expression).map_err(|e| refused(Failure::from(e).within(&flag)))?;
                known(experiment, path, parsed.names(), table)?;
            }
        }
        apply_maps(table, &maps).map_err(|e| refused(e.into()))?;
    }
    Ok(())
}

/// Adds the losses that will be taken of each set of the held-out windows.
pub fn of_sets(planned: &[Planned], table: &mut Table) {
    let sets = planned.iter().flat_map(|run| &run.job.held_out.sets);
    for name in sets.map(|set| format!("loss_{}", set.name)).chain(["loss".to_owned()]) {
        if table.column(&name).is_none() {
            table.push(Column::numbers(name, vec![f64::NAN; table.len()]));
        }
    }
}

/// Refuses a list that makes a column twice: what the first says would not count.
pub fn once(experiment: &Experiment, path: &[&str], maps: &[String]) -> Result<(), Failure> {
    let target = |text: &String| text.split_once('=').map(|(new, _)| new.trim().to_owned());
    let targets: Vec<String> = maps.iter().filter_map(target).collect();
    match targets.iter().enumerate().find(|(at, new)| targets[..*at].contains(new)) {
        Some((_, twice)) => {
            let refused = experiment.refused(path, format!("makes {twice} twice"));
            Err(refused.hint("leave one of them; a step in between has a name of its own").into())
        }
        None => Ok(()),
    }
}

/// Refuses a law of shares where no run has a column of them: those of a mixture are settings of the corpus, which a map names.
/// And one for each family, where each has one mixture: what shares do is seen between families.
pub fn of_shares(experiment: &Experiment, law: &Law, table: &Table) -> Result<(), Failure> {
    let names = || table.columns().iter().map(|c| c.name.as_str());
    let groups = law.formula.groups();
    let fit = &experiment.fit;
    let alone = experiment.has_families() && !fit.together;
    let path = if fit.law.is_some() { &["fit", "law"][..] } else { &["fit"] };
    let Some(group) = groups.iter().find(|group| !names().any(|name| name.starts_with(group.as_str()))) else {
        if !alone || groups.is_empty() || !fit.per.is_empty() || !fit.fix.is_empty() || varies(&groups, table) {
            return Ok(());
        }
        let message =
            format!("{} reads shares, and all runs of a family have the same: a law for each cannot tell", law.name);
        return Err(experiment.refused(path, message).hint("together = true fits one law to all families").into());
    };
    let refused = experiment.refused(path, format!("{} reads shares, columns {group}*, and no run has one", law.name));
    let weight = |name| str::strip_prefix(name, WEIGHTS).map(|stream| format!("\"{group}{stream} = {name}\""));
    let maps: Vec<String> = names().filter_map(weight).collect();
    Err(if maps.is_empty() {
        refused.hint(
            "a corpus of kind = \"mixture\" has `weights`, which `map` makes shares: isoloss list experiments mixtures \
             shows it; other laws: isoloss list laws",
        )
    } else {
        let together = if alone { ", and together = true for one law of all families" } else { "" };
        refused.hint(format!("the weights of the mixture are the shares: map = [{}]{together}", maps.join(", ")))
    }
    .into())
}

/// Does a column of these groups vary within a family?
fn varies(groups: &[String], table: &Table) -> bool {
    let Some(family) = table.column("family") else { return true };
    let of_group = |c: &&Column| groups.iter().any(|group| c.name.starts_with(group.as_str()));
    let mut shares = table.columns().iter().filter(of_group).filter_map(|c| c.as_numbers());
    shares.any(|column| {
        let mut first: BTreeMap<String, f64> = BTreeMap::new();
        let values = column.values.iter().enumerate();
        // What is not known before there is a run is no number, and may vary.
        values.into_iter().any(|(row, value)| *first.entry(family.text(row).to_string()).or_insert(*value) != *value)
    })
}

/// Adds what the conditions of fits name and only measures can bring.
pub fn of_conditions(experiment: &Experiment, table: &mut Table) -> Result<(), Failure> {
    if experiment.evaluation.measures.is_empty() {
        return Ok(());
    }
    let beside = experiment.fit.beside.iter().filter_map(|beside| beside.only.as_ref());
    let all = beside.map(|text| ("beside", text)).chain(experiment.fit.only.as_ref().map(|text| ("where", text)));
    for (key, text) in all {
        let names = parse_condition(text).map(|condition| condition.names()).unwrap_or_default();
        known(experiment, &["fit", key], names, table)?;
    }
    Ok(())
}

/// Each of these names is a column, is known by another name, or is trusted.
fn known(experiment: &Experiment, path: &[&str], names: Vec<String>, table: &mut Table) -> Result<(), Failure> {
    for name in names {
        if table.column(&name).is_some() {
            continue;
        }
        if let Some(behind) = guess(table).columns.get(name.as_str()).and_then(|c| table.column(&c.column)) {
            let column = Column { name, ..behind.clone() };
            table.push(column);
        } else if experiment.evaluation.measures.is_empty() {
            let refused =
                experiment.refused(path, format!("planned runs have no column `{name}`, and nothing is measured"));
            let near = nearest(&name, table.columns().iter().map(|c| c.name.as_str()));
            return Err(match near.first() {
                Some(near) => refused.hint(format!("is `{near}` meant?")).into(),
                None => refused.hint("isoloss train EXPERIMENT --dry-run --format csv shows counts; [evaluation] measures = [...] measures more").into(),
            });
        } else {
            talk(format_args!(
                "note: [{}] `{name}` is no column of planned runs: it is taken for a measure",
                path.join(".")
            ));
            table.push(Column::numbers(name, vec![f64::NAN; table.len()]));
        }
    }
    Ok(())
}
