//! The parameters as a table.

use isoloss_laws::Estimate;

use super::{Report, table::csv_line};
use crate::numbers::exact;

const HEADER: [&str; 7] = ["name", "value", "lower", "upper", "level", "error", "method"];

/// One row a parameter, then the derived quantities.
pub fn csv(report: &Report<'_>) -> String {
    let mut text = csv_line(HEADER);
    for p in &report.fit.parameters {
        text.push_str(&row(&p.name, &p.estimate, p.error));
    }
    for (name, tied) in super::tied(report.fit) {
        text.push_str(&row(name, &tied, None));
    }
    for d in &report.derived {
        text.push_str(&row(&d.name, &d.estimate, None));
    }
    text
}

fn row(name: &str, estimate: &Estimate, error: Option<f64>) -> String {
    let or_empty = |value: Option<f64>| value.map_or(String::new(), exact);
    let interval = estimate.interval;
    csv_line([
        name.to_owned(),
        exact(estimate.value),
        or_empty(interval.map(|i| i.lower)),
        or_empty(interval.map(|i| i.upper)),
        or_empty(interval.map(|i| i.level)),
        or_empty(error),
        estimate.method.clone(),
    ])
}
