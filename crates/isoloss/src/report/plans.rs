//! Plans, written three ways.

use isoloss_figures::report::percent;
use isoloss_laws::{Circumstances, Estimate, Fit, Given, Plan, Trust};
use serde_json::{Value, json};

use super::estimate;
use super::predictions::{interval, reasons, value};
use super::table::{csv_line, table};
use crate::numbers::{exact, factor, number, percentage, size};
use crate::output::{BOLD_YELLOW, RESET};

/// Plans beside each other in one table.
const BESIDE: usize = 3;

/// What was asked and what is answered.
#[derive(Debug)]
pub struct Planned {
    pub given: Given,
    pub plan: Plan,
}

/// What turns FLOPs into hours and money.
#[derive(Clone, Copy, Debug)]
pub struct Prices {
    /// FLOP/s
    pub throughput: Option<f64>,
    /// of an hour
    pub price: Option<f64>,
}

impl Prices {
    fn hours(&self, flops: f64) -> Option<f64> {
        Some(flops / self.throughput? / 3600.0)
    }

    /// Time or money beyond what a number holds, at the value or at an end of its interval.
    pub fn overflow(&self, flops: &Estimate) -> bool {
        let most = flops.interval.map_or(flops.value, |i| i.upper.max(flops.value));
        [self.hours(most), self.cost(most)].into_iter().flatten().any(f64::is_infinite)
    }

    fn cost(&self, flops: f64) -> Option<f64> {
        Some(self.hours(flops)? * self.price?)
    }
}

/// Everything that is reported of plans.
#[derive(Debug)]
pub struct Report<'a> {
    pub fit: &'a Fit,
    pub plans: &'a [Planned],
    pub circumstances: &'a Circumstances,
    pub prices: Prices,
}

/// How far it extrapolates, the plans, and what to mind about them.
pub fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    let farthest = report.plans.iter().filter_map(|p| p.plan.extrapolation).fold(0.0, f64::max);
    if farthest > 1.0 {
        text.push_str(&format!("{BOLD_YELLOW}{}{RESET}\n\n", how_far(report.fit, farthest)));
    }
    for plans in report.plans.chunks(BESIDE) {
        let header: Vec<String> = plans.iter().map(|p| asked(p.given)).collect();
        let header: Vec<&str> = std::iter::once("").chain(header.iter().map(String::as_str)).collect();
        text.push_str(&table(&header, &to_the_left(rows(report, plans))));
        text.push('\n');
    }
    // What was asked for has no interval of its own.
    let given = |p: &Planned, e: &Estimate| match p.given {
        Given::Params(x) | Given::Tokens(x) => (e.value / x - 1.0).abs() < 1e-6,
        _ => false,
    };
    let all = |p: &'_ Planned| [&p.plan.params, &p.plan.tokens, &p.plan.loss.mean].map(|e| (given(p, e), e.clone()));
    let all: Vec<Estimate> = report.plans.iter().flat_map(all).filter(|(given, _)| !given).map(|(_, e)| e).collect();
    text.push_str(&reasons(&all));
    let mut below: Vec<String> = Vec::new();
    let mut say = |line: String| {
        if !below.contains(&line) {
            below.push(line);
        }
    };
    for p in report.plans {
        let which = if report.plans.len() > 1 { format!("{}: ", asked(p.given)) } else { String::new() };
        let alike = |note: &String| report.plans.iter().all(|other| other.plan.notes.contains(note));
        for note in &p.plan.notes {
            say(if alike(note) { format!("note: {note}\n") } else { format!("note: {which}{note}\n") });
        }
    }
    if let Some(throughput) = report.prices.throughput {
        let price = report.prices.price.map_or(String::new(), |p| format!(", at {} an hour", number(p, 3)));
        say(format!("time: of training alone, at {} FLOP/s{price}\n", number(throughput, 3)));
    }
    text + &below.concat()
}

/// The sentence in front: how far beyond the runs, and what is known of that.
fn how_far(fit: &Fit, farthest: f64) -> String {
    let far = factor(farthest);
    let runs = format!("{far} the compute of the largest run");
    match &fit.trust {
        None => format!("{runs}; the fit has no back-test: nothing says how far off the law is there"),
        Some(trust) => {
            let tried = factor(trust.farthest);
            let tail = match farthest > trust.farthest {
                true => format!("none was farther than {tried}, so nothing says how far off the law is at {far}"),
                false => format!("the farthest was at {tried}"),
            };
            format!(
                "{runs}. Fitted to its smaller runs, the law was off by {} at runs {} larger; {tail}",
                trust_error(fit, trust),
                factor(trust.factor)
            )
        }
    }
}

/// `0.4 %`, `13 % of their reducible loss`, or in the unit of the target.
pub fn trust_error(fit: &Fit, trust: &Trust) -> String {
    match (fit.reducible, fit.objective.log) {
        (Some(_), _) => format!("{} of their reducible loss", percentage(trust.error)),
        (None, true) => percentage(trust.error),
        (None, false) => number(trust.error, 2),
    }
}

/// Values and intervals of different lengths read best from a common left edge.
fn to_the_left(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for at in 1..rows.first().map_or(0, Vec::len) {
        let width = rows.iter().map(|r| r[at].chars().count()).max().unwrap_or(0);
        rows.iter_mut().for_each(|r| r[at] = format!("{:<width$}", r[at]));
    }
    rows
}

fn asked(given: Given) -> String {
    match given {
        Given::Flops(c) => format!("{} FLOPs", number(c, 3)),
        Given::Params(n) => format!("N = {}", size(n)),
        Given::Tokens(d) => format!("D = {}", size(d)),
        Given::Loss(l) => format!("loss {}", exact(l)),
    }
}

fn rows(report: &Report<'_>, plans: &[Planned]) -> Vec<Vec<String>> {
    let level = percent(report.fit.level);
    let row = |name: String, cell: &dyn Fn(&Planned) -> String| {
        std::iter::once(name).chain(plans.iter().map(cell)).collect::<Vec<_>>()
    };
    let ends = |e: &Estimate, write: &dyn Fn(f64) -> String| match e.interval {
        Some(i) => format!("{} [{}, {}]", write(e.value), write(i.lower), write(i.upper)),
        None => write(e.value),
    };
    let loss = |e: &Estimate| if e.interval.is_some() { format!("{} {}", value(e), interval(e)) } else { value(e) };
    let flops = |x: f64| number(x, 3);
    let drawn = plans.iter().any(|p| p.plan.loss.mean.interval.is_some());
    let with_level = |name: &str| if drawn { format!("{name}, {level} %") } else { name.to_owned() };
    let mut rows = vec![
        row("parameters N".into(), &|p| ends(&p.plan.params, &size)),
        row("training tokens D".into(), &|p| ends(&p.plan.tokens, &size)),
        row("D/N".into(), &|p| number(p.plan.tokens.value / p.plan.params.value, 3)),
        row("training FLOPs".into(), &|p| ends(&p.plan.flops, &flops)),
    ];
    if report.circumstances.served > 0.0 {
        let name = format!("with {} tokens served", size(report.circumstances.served));
        rows.push(row(name, &|p| ends(&p.plan.lifetime, &flops)));
    }
    rows.push(row(with_level("loss, mean"), &|p| loss(&p.plan.loss.mean)));
    if drawn {
        rows.push(row(with_level("loss, one new run"), &|p| loss(&p.plan.loss.new_run)));
    }
    if report.prices.throughput.is_some() {
        rows.push(row("hours".into(), &|p| {
            ends(&p.plan.flops, &|x| report.prices.hours(x).map_or_else(String::new, size))
        }));
    }
    if report.prices.price.is_some() {
        rows.push(row("cost".into(), &|p| {
            ends(&p.plan.flops, &|x| report.prices.cost(x).map_or_else(String::new, size))
        }));
    }
    rows
}

/// One object.
pub fn json(report: &Report<'_>) -> String {
    let fit = report.fit;
    let plans = report.plans.iter().map(|p| {
        let (name, given) = named(p.given);
        let plan = &p.plan;
        json!({
            "given": { name: given },
            "params": estimate(&plan.params),
            "tokens": estimate(&plan.tokens),
            "tokens_per_param": plan.tokens.value / plan.params.value,
            "flops": estimate(&plan.flops),
            "lifetime_flops": estimate(&plan.lifetime),
            "mean": estimate(&plan.loss.mean),
            "new_run": estimate(&plan.loss.new_run),
            "extrapolation": plan.extrapolation,
            "hours": report.prices.hours(plan.flops.value),
            "cost": report.prices.cost(plan.flops.value),
            "notes": plan.notes,
        })
    });
    let with: serde_json::Map<String, Value> =
        report.circumstances.with.iter().map(|(n, x)| (n.clone(), json!(x))).collect();
    let value = json!({
        "law": { "name": fit.law.name, "formula": fit.law.formula.source },
        "family": report.circumstances.family,
        "served": report.circumstances.served,
        "unique": report.circumstances.unique,
        "with": with,
        "trust": fit.trust,
        "plans": plans.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn named(given: Given) -> (&'static str, f64) {
    match given {
        Given::Flops(x) => ("flops", x),
        Given::Params(x) => ("params", x),
        Given::Tokens(x) => ("tokens", x),
        Given::Loss(x) => ("loss", x),
    }
}

/// One row a plan.
pub fn csv(report: &Report<'_>) -> String {
    let mut header = vec!["given".to_owned(), "value".to_owned()];
    for name in ["params", "tokens", "flops", "lifetime_flops", "mean", "new_run"] {
        header.extend([name.to_owned(), format!("{name}_lower"), format!("{name}_upper")]);
    }
    header.extend(["level", "extrapolation", "hours", "cost", "method"].map(str::to_owned));
    let mut text = csv_line(&header);
    let or_empty = |x: Option<f64>| x.map_or_else(String::new, exact);
    for p in report.plans {
        let (name, given) = named(p.given);
        let plan = &p.plan;
        let mut cells = vec![name.to_owned(), exact(given)];
        for e in [&plan.params, &plan.tokens, &plan.flops, &plan.lifetime, &plan.loss.mean, &plan.loss.new_run] {
            cells.push(exact(e.value));
            cells.push(or_empty(e.interval.map(|i| i.lower)));
            cells.push(or_empty(e.interval.map(|i| i.upper)));
        }
        cells.push(or_empty(plan.loss.mean.interval.map(|i| i.level)));
        cells.push(or_empty(plan.extrapolation));
        cells.push(or_empty(report.prices.hours(plan.flops.value)));
        cells.push(or_empty(report.prices.cost(plan.flops.value)));
        cells.push(plan.loss.mean.method.clone());
        text.push_str(&csv_line(cells));
    }
    text
}
