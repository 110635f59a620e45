//! Runs worth making, written three ways.

use isoloss_laws::{Fit, Next, Quantity, Wanted};
use serde_json::json;

use super::table::{csv_line, table};
use crate::numbers::{count, exact, factor, number, percentage, size};

/// Everything that is reported of runs to make.
#[derive(Debug)]
pub struct Report<'a> {
    pub fit: &'a Fit,
    pub quantity: &'a Quantity,
    pub next: &'a Next,
    /// half a width that was asked for
    pub until: Option<f64>,
}

impl Report<'_> {
    fn name(&self) -> String {
        let target = &self.fit.law.formula.target;
        match self.quantity {
            Quantity::Parameter(name) => name.clone(),
            Quantity::Loss(at) => {
                let at: Vec<String> = at.iter().map(|(n, x)| format!("{n} = {}", size(*x))).collect();
                format!("{target} at {}", at.join(", "))
            }
            Quantity::Params(flops) => format!("the best N for {} FLOPs", number(*flops, 3)),
        }
    }

    /// Half a width: a share where the quantity is a logarithm.
    fn half(&self, x: f64) -> String {
        let share = match self.quantity {
            Quantity::Parameter(_) => false,
            Quantity::Loss(_) => self.fit.objective.log,
            Quantity::Params(_) => true,
        };
        if share { percentage(x) } else { number(x, 2) }
    }
}

/// The runs in the order in which they tell most, and what they bring together.
pub fn text(report: &Report<'_>) -> String {
    let name = report.name();
    let inputs: Vec<&str> =
        report.next.runs.first().map_or(Vec::new(), |r| r.at.iter().map(|(n, _)| n.as_str()).collect());
    let header: Vec<&str> =
        ["run"].into_iter().chain(inputs).chain(["FLOPs", "then +-", "outside the runs", ""]).collect();
    let row = |(i, r): (usize, &Wanted)| {
        let mut cells = vec![(i + 1).to_string()];
        cells.extend(r.at.iter().map(|(_, x)| size(*x)));
        cells.push(number(r.cost, 3));
        cells.push(report.half(r.half_width));
        let outside: Vec<String> = r.outside.iter().map(|(n, f)| format!("{n} {}", factor(*f))).collect();
        cells.push(if outside.is_empty() { "within".into() } else { outside.join(", ") });
        cells.push(if r.anchor { "near the place".into() } else { String::new() });
        cells
    };
    let rows: Vec<Vec<String>> = report.next.runs.iter().enumerate().map(row).collect();
    let last = report.next.runs.last().map_or(report.next.before, |r| r.half_width);
    let missed = match report.until {
        Some(until) if last > until => format!("; +-{} is not reached", report.half(until)),
        _ => String::new(),
    };
    let together = format!(
        "{name} is known to +-{} now, and would be to +-{} after {} of {} FLOPs together{missed}.\n",
        report.half(report.next.before),
        report.half(last),
        count(report.next.runs.len(), "run"),
        number(report.next.cost, 3),
    );
    let note =
        "  chosen one after another by what each tells for the square root of its cost; every run takes another seed\n";
    table(&header, &rows) + note + "\n" + &together
}

/// Everything, one object.
pub fn json(report: &Report<'_>) -> String {
    let runs = report.next.runs.iter().map(|r| {
        let at: serde_json::Map<String, serde_json::Value> = r.at.iter().map(|(n, x)| (n.clone(), json!(x))).collect();
        let outside: serde_json::Map<String, serde_json::Value> =
            r.outside.iter().map(|(n, x)| (n.clone(), json!(x))).collect();
        json!({ "at": at, "flops": r.cost, "half_width": r.half_width, "anchor": r.anchor, "outside": outside })
    });
    let value = json!({
        "quantity": report.name(),
        "before": report.next.before,
        "flops": report.next.cost,
        "runs": runs.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// One row a run.
pub fn csv(report: &Report<'_>) -> String {
    let inputs: Vec<&str> =
        report.next.runs.first().map_or(Vec::new(), |r| r.at.iter().map(|(n, _)| n.as_str()).collect());
    let mut text = csv_line(inputs.into_iter().chain(["flops", "half_width", "anchor"]));
    for r in &report.next.runs {
        let mut cells: Vec<String> = r.at.iter().map(|(_, x)| exact(*x)).collect();
        cells.extend([exact(r.cost), exact(r.half_width), r.anchor.to_string()]);
        text.push_str(&csv_line(cells));
    }
    text
}
