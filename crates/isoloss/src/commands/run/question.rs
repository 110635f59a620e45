//! What an experiment asks of its runs: the options of `isoloss fit`, and whether they can be, before anything is paid for.

use clap::{Args, Command, FromArgMatches, ValueEnum};
use isoloss::experiment::{Beside, Experiment, Planned, sweep};
use isoloss_figures::catalogue::{ALL, entry};
use isoloss_formula::{Table, Truth, matches, nearest, parse_condition};
use isoloss_laws::{Domain, Law, Parameter};
use isoloss_runs::record::Part;
use isoloss_runs::{Runs, apply_maps};

use super::answer::wanted;
use super::columns;
use super::keys::in_keys;
use crate::commands::fit::{Noise, OfTable, law_of};
use crate::constants::hold;
use crate::failure::Failure;
use crate::numbers::count;
use crate::output::talk;

/// The law of what a sweep chooses, where none is named.
const OF_CHOSEN: &str = "lr-optimum";

/// The options of `isoloss fit` that ask for the experiment's fit, or for one beside it.
pub fn asked(experiment: &Experiment, beside: Option<&Beside>) -> Result<OfTable, Failure> {
    let mut typed = vec!["fit"];
    let per = experiment.fit.per.join(",");
    let fixed: Vec<String> = experiment.fit.fix.iter().map(|(name, value)| format!("{name}={value}")).collect();
    match &experiment.fit.law {
        Some(law) => typed.extend(["--law", law]),
        None if experiment.is_sweep() => typed.extend(["--law", OF_CHOSEN]),
        None => {}
    }
    let maps = experiment.fit.map.iter().chain(beside.iter().flat_map(|beside| &beside.map));
    maps.for_each(|map| typed.extend(["--map", map]));
    fixed.iter().for_each(|fixed| typed.extend(["--fix", fixed]));
    if let Some(noise) = &experiment.fit.noise {
        typed.extend(["--noise", noise]);
    }
    let conditions = [experiment.fit.only.as_ref(), beside.and_then(|beside| beside.only.as_ref())];
    let conditions: Vec<String> = conditions.into_iter().flatten().map(|text| format!("({text})")).collect();
    let condition = conditions.join(" and ");
    if !condition.is_empty() {
        typed.extend(["--where", &condition]);
    }
    if experiment.has_families() && !experiment.fit.together {
        typed.extend(["--group", "family"]);
    }
    if experiment.ladder.branches {
        typed.extend(["--cluster", "trunk"]);
    }
    if experiment.ladder.paired && !experiment.is_sweep() {
        typed.extend(["--cluster", "seed"]);
    }
    if !per.is_empty() {
        typed.extend(["--per", "family", &per]);
    }
    let matches = OfTable::augment_args(Command::new("fit")).try_get_matches_from(typed);
    let of = matches.and_then(|matches| OfTable::from_arg_matches(&matches));
    of.map_err(|e| {
        let text = e.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        experiment.refused(&["fit"], first).into()
    })
}

/// What will be fitted.
pub struct Checked {
    pub law: Law,
    /// the planned runs that it will be fitted to, as far as they are known, with the columns that it reads
    pub table: Table,
}

/// Refuses what would be refused once all runs are there: unknown laws, columns, families and figures.
pub fn check(experiment: &Experiment, planned: &[Planned]) -> Result<Checked, Failure> {
    let fit = &experiment.fit;
    let among = |path: &[&str], name: &str, names: &[&str]| -> Result<(), Failure> {
        if names.contains(&name) {
            return Ok(());
        }
        // The nearest name is its hint.
        Err(experiment.refused(path, format!("there is no {name}: expected one of {}", names.join(", "))).into())
    };
    if let Some(noise) = &fit.noise {
        let known: Vec<String> =
            Noise::value_variants().iter().filter_map(|n| Some(n.to_possible_value()?.get_name().to_owned())).collect();
        among(&["fit", "noise"], noise, &known.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    let families: Vec<&str> = experiment.families().collect();
    if fit.baseline.is_some() && !experiment.has_families() {
        let refused = experiment.refused(&["fit", "baseline"], "there are no families that could be compared");
        return Err(refused.hint("leave it out, or name families: [families.NAME.model]").into());
    }
    if let Some(baseline) = &fit.baseline {
        among(&["fit", "baseline"], baseline, &families)?;
    }
    if !fit.per.is_empty() && !experiment.has_families() {
        return Err(experiment.refused(&["fit", "per"], "there are no families that could differ").into());
    }
    if !fit.per.is_empty() && fit.together {
        let message = "names parameters that differ, and `together` asks for one law: one of the two";
        return Err(experiment.refused(&["fit", "per"], message).into());
    }
    let figures: Vec<&str> = ALL.iter().map(|entry| entry.name).collect();
    for name in &experiment.figures {
        let (name, beside) = wanted(name);
        let Some(entry) = entry(name) else {
            among(&["figures"], name, &figures)?;
            continue;
        };
        if beside && entry.published.is_none() {
            return Err(experiment
                .refused(&["figures"], format!("{name} --published: papers print no numbers for it"))
                .into());
        }
    }

    let convention = fit.convention();
    let of = if experiment.is_sweep() { Part::Sweep } else { Part::Fit };
    let fitted = planned.iter().filter(|run| run.part == of).map(|run| run.job.planned());
    let mut table = Runs::new(fitted.collect()).table("the planned runs", convention);
    match experiment.sweep.as_ref().filter(|_| experiment.is_sweep()) {
        // What will be chosen has these columns and no others.
        Some(sweep) => table = sweep::planned_table(&table, !sweep.batch.is_empty()),
        None => columns::of_sets(planned, &mut table),
    }
    columns::once(experiment, &["fit", "map"], &fit.map)?;
    columns::map(experiment, &["fit", "map"], &fit.map, &mut table)?;
    columns::of_conditions(experiment, &mut table)?;
    let losses: Vec<&str> =
        table.columns().iter().map(|c| c.name.as_str()).filter(|name| name.starts_with("loss")).collect();
    for name in &fit.hulls {
        among(&["fit", "hulls"], name, &losses)?;
    }
    let mut of = asked(experiment, None)?;
    if !experiment.evaluation.measures.is_empty() {
        // What a law foretells may be a measure, which is known by its name once it is there.
        of.rows.loss.get_or_insert("loss".into());
    }
    let (law, maps) = law_of(&table, &of).map_err(|e| {
        let refused = experiment.refused(&["fit", "law"], e.message());
        e.advice().map_or(refused.clone(), |hint| refused.hint(in_keys(hint)))
    })?;
    columns::of_shares(experiment, &law, &table)?;
    if fit.only.is_none() {
        // A condition may leave the runs of one corpus: that is seen once they are there.
        let fixed: Vec<(String, f64)> = fit.fix.iter().map(|(name, value)| (name.clone(), *value)).collect();
        hold(&mut law.clone(), &table, &fixed).map_err(|e| {
            let refused = experiment.refused(&["fit", "law"], e.message());
            e.advice().map_or(refused.clone(), |hint| refused.hint(in_keys(hint)))
        })?;
    }
    // Those of the experiment were applied.
    let guessed: Vec<(String, String)> = maps.into_iter().filter(|(new, _)| table.column(new).is_none()).collect();
    apply_maps(&mut table, &guessed)?;
    let parameters: Vec<&str> = law.parameters.iter().map(|p| p.name.as_str()).collect();
    if let Some(name) = fit.per.iter().find(|name| !parameters.contains(&name.as_str())) {
        let message =
            format!("{name} is no parameter of the law {}: expected some of {}", law.name, parameters.join(", "));
        let refused = experiment.refused(&["fit", "per"], message);
        return Err(match nearest(name, parameters.iter().copied()).first() {
            Some(near) => refused.hint(format!("is `{near}` meant?")),
            None => refused.hint(format!(
                "per = [\"{}\"] gives each family its own; without `per` each has a law of its own",
                parameters[0]
            )),
        }
        .into());
    }
    for (name, value) in &fit.fix {
        // `A[family]` is of the parameter `A`.
        let base = name.split('[').next().unwrap_or_default();
        among(&["fit", "fix"], base, &parameters)?;
        let positive = |p: &Parameter| p.name == base && p.domain == Domain::Positive;
        if !value.is_finite() || *value < 0.0 && law.parameters.iter().any(positive) {
            let message = format!("{name} = {value} is not a number that it can be");
            return Err(experiment.refused(&["fit", "fix", name], message).into());
        }
    }
    let alone = Beside { only: fit.only.clone(), map: Vec::new() };
    let all = fit.beside.iter().map(|beside| ("beside", beside)).chain([("where", &alone)]);
    for (key, beside) in all {
        let refused = |message: String| {
            let message = message.split("\nhint: ").next().unwrap_or_default().to_owned();
            experiment.refused(&["fit", key], message)
        };
        let mut table = table.clone();
        columns::once(experiment, &["fit", key], &beside.map)?;
        columns::map(experiment, &["fit", key], &beside.map, &mut table)?;
        let Some(text) = &beside.only else { continue };
        let condition = parse_condition(text).map_err(|e| refused(e.to_string()))?;
        let truths = matches(&condition, &table).map_err(|e| refused(e.to_string()))?;
        let family = table.column("family");
        let of = |baseline: &str, row: usize| family.is_some_and(|family| family.text(row) == baseline);
        if let Some(baseline) = &fit.baseline
            && truths.iter().enumerate().all(|(row, truth)| *truth == Truth::No || !of(baseline, row))
        {
            talk(format_args!("warning: [fit.{key}] {text}: {}", left_out(baseline)));
        }
    }
    Ok(Checked { law, table })
}

/// What a law asks that a dry run of the training shall say: why it would be refused, or that there are too few runs for it.
pub fn told(experiment: &Experiment, planned: &[Planned]) {
    if experiment.table.is_some() {
        return;
    }
    match check(experiment, planned) {
        Ok(checked) => say_too_few(experiment, &checked),
        Err(refused) => talk(format_args!("warning: isoloss run would refuse it: {}", refused.text())),
    }
}

/// Says that there will be no fit, as there are no more runs than parameters.
pub fn say_too_few(experiment: &Experiment, checked: &Checked) {
    if let Some(says) = too_few(experiment, checked) {
        talk(format_args!("warning: {says}"));
    }
}

/// Runs that are to be fitted against parameters that are free. None where both are known only once the runs are there.
fn too_few(experiment: &Experiment, Checked { law, table }: &Checked) -> Option<String> {
    let fit = &experiment.fit;
    if experiment.is_sweep() || law.parameters.iter().any(|parameter| parameter.per.is_some()) {
        return None;
    }
    let condition = fit.only.as_ref().map(|text| parse_condition(text).ok()).unwrap_or_default();
    let truths = condition.and_then(|condition| matches(&condition, table).ok());
    let rows = truths.map_or(table.len(), |truths| truths.iter().filter(|truth| **truth != Truth::No).count());
    let families = experiment.families().count();
    let is_fixed = |name: &str| fit.fix.keys().any(|fixed| fixed.split('[').next() == Some(name));
    let free = law.parameters.iter().filter(|p| p.known.is_none() && !is_fixed(&p.name));
    let differs = |p: &Parameter| match fit.per.is_empty() {
        true => experiment.has_families() && !fit.together,
        false => fit.per.contains(&p.name),
    };
    let free: usize = free.map(|p| if differs(p) { families } else { 1 }).sum();
    (rows <= free).then(|| {
        format!(
            "{} to fit, and {} of the law {} free: a fit needs more runs than parameters, and intervals a few more\n\
             hint: more sizes, lengths or seeds in [ladder]; or hold parameters with `fix` of [fit], or take a law with \
             fewer (isoloss list laws)",
            count(rows, "run"),
            count(free, "parameter"),
            law.name
        )
    })
}

/// What is said where no run of the baseline is fitted.
pub fn left_out(baseline: &str) -> String {
    format!("no run of the baseline {baseline} is fitted, and families are not compared with it")
}
