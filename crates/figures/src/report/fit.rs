//! A fit: its warnings, the law, how sure, how it was found, and what it brings.

use isoloss_laws::{Estimate, Far, Farther, Fit, Fitted, Points, Sizes};

use super::quantity::{self, count, factor, number, percent, share, size};
use super::section::{Block, Section};
use super::sheet::short;
use super::table::{Cell, Table};

/// Families that have a sentence each.
const FAMILIES: usize = 4;

impl Section {
    /// All that a fit has to say, in the order of its weight. `points`, where they are at hand, are the rows that were fitted: what
    /// lies beyond the largest run of a family cannot be told without them.
    pub fn fit(title: impl Into<String>, fit: &Fit, points: Option<&Points>) -> Self {
        let mut section = Self::new(title);
        if !fit.warnings.is_empty() {
            section.blocks.push(Block::Warnings(fit.warnings.clone()));
        }
        section.blocks.push(Block::Law(Box::new(fit.clone())));
        section.blocks.push(Block::Words(lead(fit)));
        section.blocks.extend(closing(fit, points).into_iter().map(Block::Words));
        section.blocks.push(Block::Table(parameters(fit)));
        section.blocks.extend(derived(fit).map(Block::Table));
        section.blocks.push(Block::Facts(found(fit)));
        section
    }
}

/// The law by name, and what it was fitted to.
fn lead(fit: &Fit) -> String {
    let paper = if fit.law.paper.is_empty() { String::new() } else { format!(" ({})", fit.law.paper) };
    let law = if fit.law.name == "formula" { "The law as given".to_owned() } else { format!("Law {}", fit.law.name) };
    if fit.rows == 0 {
        return format!("{law}{paper}, with published constants: {}.", fit.method);
    }
    let free = count(fit.free, "free parameter");
    format!("{law}{paper}, fitted to {} with {free}.", count(fit.rows, "run"))
}

/// `2.31 [2.27, 2.35]`, or the value and why it has no interval.
pub(super) fn said(e: &Estimate) -> String {
    match quantity::estimate(e) {
        (value, Some((lower, upper))) => format!("{value} [{lower}, {upper}]"),
        (value, None) => format!("{value} (no interval: {})", e.method),
    }
}

/// `0.4 %`, `13 % of their reducible loss`, or in the unit of the target.
fn error(fit: &Fit, error: f64) -> String {
    match (fit.reducible, fit.objective.log) {
        (Some(_), _) => format!("{} of their reducible loss", share(error)),
        (None, true) => share(error).to_string(),
        (None, false) => number(error, 2, true).to_string(),
    }
}

/// What ten times the largest scale would bring, and how far to trust it.
fn closing(fit: &Fit, points: Option<&Points>) -> Vec<String> {
    let target = if fit.law.formula.target == "L" { "loss" } else { &fit.law.formula.target };
    let mut all: Vec<String> = match fit.farther(points) {
        Some(Farther::Budget(best)) => {
            let at = format!("N = {}, D = {}", sized(&best.params), sized(&best.tokens));
            let on = match fit.sizes(&best) {
                Sizes::Known => format!("best spent on {at}"),
                Sizes::Wide => format!("these rows hardly tell on which N and D to spend it: {at}"),
                Sizes::Untold => "these rows do not tell on which N and D to spend it".to_owned(),
                Sizes::Unusable => "on which N and D to spend it cannot be told from a fit with an error".to_owned(),
            };
            let loss = one_run(&best.loss.new_run);
            let flops = number(best.flops, 3, false);
            vec![format!("At ten times the largest compute, {flops} FLOPs: {target} {loss}; {on}.")]
        }
        Some(Farther::NoBest) => vec![format!(
            "At ten times the largest compute the law {} has no best N and D near the sizes that were fitted.",
            fit.law.name
        )],
        // Of more families a reader wants to choose; their curves are in the figures.
        Some(Farther::Far(all)) if all.len() <= FAMILIES => all.iter().map(|far| place(far, fit, target)).collect(),
        _ => Vec::new(),
    };
    if let (Some(trust), Some(last)) = (&fit.trust, all.last_mut()) {
        last.push_str(&format!(
            " Runs that were held out were predicted to {} at {}.",
            error(fit, trust.error),
            factor(trust.factor)
        ));
    }
    all
}

/// The law at a place beyond the largest run, of a family or of all.
fn place(far: &Far, fit: &Fit, target: &str) -> String {
    let whose = far.family.as_deref().map_or(String::new(), |family| format!(" of {}", short(family)));
    let loss = one_run(&far.loss.new_run);
    match far.at.as_slice() {
        [(name, value)] => format!("At ten times the largest {name}{whose}, {}: {target} {loss}.", size(*value)),
        at => {
            let at: Vec<String> = at.iter().map(|(name, value)| format!("{name} = {}", size(*value))).collect();
            let grown = if fit.ladder.is_some() { "together as in these runs" } else { "alike" };
            let at = at.join(", ");
            format!("At ten times the largest compute{whose}, N and D grown {grown} to {at}: {target} {loss}.")
        }
    }
}

fn one_run(loss: &Estimate) -> String {
    let of = if loss.interval.is_some() { " for one new run" } else { "" };
    said(loss) + of
}

/// A size with its interval.
fn sized(e: &Estimate) -> String {
    let interval = e.interval.map_or(String::new(), |i| format!(" [{}, {}]", size(i.lower), size(i.upper)));
    format!("{}{interval}", size(e.value))
}

/// The header of a column of estimates.
pub(super) fn header(what: &str, level: Option<f64>) -> String {
    level.map_or(what.to_owned(), |level| format!("{what}, {} % interval", percent(level)))
}

fn parameters(fit: &Fit) -> Table {
    let drawn = fit.parameters.iter().any(|p| p.estimate.interval.is_some());
    let value = header("value", drawn.then_some(fit.level));
    let errors = fit.parameters.iter().any(|p| p.error.is_some());
    let mut columns = vec!["parameter".to_owned(), value];
    columns.extend(errors.then(|| "std. error".to_owned()));
    let mut table = Table::new(columns);
    let nothing = fit.stand_ins();
    for p in &fit.parameters {
        let error = match p.error {
            Some(_) if p.error_misleads() => Cell::Empty,
            error => error.map_or(Cell::Empty, |e| Cell::Number(e, 2)),
        };
        // A number that stands in for none is not shown.
        let value = match nothing.contains(&p.name.as_str()) {
            true => Cell::Says(p.estimate.method.clone()),
            false => Cell::from(&p.estimate),
        };
        table = table.row([Cell::Symbol(p.name.clone()), value, error]);
    }
    for (alias, to) in fit.ties() {
        table = table.note(format!("{alias} is {to}."));
    }
    if drawn {
        table = table.note(format!("Intervals: {}.", fit.method));
    }
    if fit.parameters.iter().any(Fitted::error_misleads) {
        table = table.note("No standard error is given where a few far draws make it; the interval is what holds.");
    }
    table
}

fn derived(fit: &Fit) -> Option<Table> {
    let derived = fit.derived();
    if derived.is_empty() {
        return None;
    }
    let drawn = derived.iter().any(|d| d.estimate.interval.is_some());
    let value = header("value", drawn.then_some(fit.level));
    let mut table = Table::new(["derived".to_owned(), value, String::new()]);
    for d in derived {
        table = table.row([Cell::Symbol(d.name), Cell::Estimate(d.estimate), Cell::Says(d.says.into())]);
    }
    Some(table)
}

/// How it was found, and what is odd.
fn found(fit: &Fit) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: String| facts.push((name.to_owned(), value));
    if fit.rows > 0 {
        fact("noise", format!("runs lie {} (1 sd) about the law", error(fit, fit.noise)));
        fact("objective", fit.objective.name.clone());
    }
    let s = &fit.search;
    if s.starts > 0 {
        let mut text = format!("{} of {} ended here", s.agree, count(s.starts, "start"));
        if s.valleys > 0 {
            text.push_str(&format!(", {} in flat valleys", s.valleys));
        }
        if s.lost > 0 {
            text.push_str(&format!(", {} did not converge", s.lost));
        }
        fact("search", text);
    }
    if let Some(basin) = s.runners_up.first() {
        let above = (basin.objective - fit.objective.value) / fit.objective.value.abs().max(f64::MIN_POSITIVE);
        let at = fit.parameters.iter().zip(&basin.theta);
        let at: Vec<String> = at.map(|(p, v)| format!("{} {}", short(&p.name), number(*v, 4, true))).collect();
        let above = if above < 1e4 { share(above) } else { factor(above) };
        fact("runner-up", format!("{above} higher ({}), at {}", count(basin.starts, "start"), at.join(", ")));
    }
    let moves = fit.influence.iter().flat_map(|i| i.single.iter().chain(&i.group));
    let notable = moves.filter(|m| {
        let error = fit.parameter(&m.parameter).and_then(|p| p.error);
        error.is_some_and(|e| (m.to - m.from).abs() > e)
    });
    for m in notable.take(3) {
        let lines: Vec<String> = m.lines.iter().take(8).map(u64::to_string).collect();
        let more = if m.lines.len() > 8 { ", ..." } else { "" };
        let what = if m.lines.len() == 1 { "line" } else { "lines" };
        let (from, to) = (number(m.from, 4, true), number(m.to, 4, true));
        let text = format!("without {what} {}{more} {} goes from {from} to {to}", lines.join(", "), m.parameter);
        fact("influence", text);
    }
    for (name, low, high) in &fit.ranges {
        let written = |v: f64| if name == "N" || name == "D" { size(v) } else { number(v, 4, false) };
        fact(&format!("fitted {name}"), format!("{} to {}", written(*low), written(*high)));
    }
    facts
}
