//! Back-tests, written three ways.

use isoloss_figures::report::percent;
use isoloss_laws::{Cut, Law, Points, Score};
use serde_json::json;

use super::table::{csv_line, table};
use crate::numbers::{count, exact, factor, number, percentage, signed, size};

/// Everything that is reported of a back-test.
#[derive(Debug)]
pub struct Report<'a> {
    pub score: &'a Score,
    pub points: &'a Points,
    pub law: &'a Law,
    /// of the intervals
    pub level: f64,
}

/// One row a cut, and what it means.
pub fn text(report: &Report<'_>) -> String {
    let score = report.score;
    let log = score.log;
    let error = |e: f64| if log { percentage(e) } else { number(e, 2) };
    let bias = |b: f64| if log { format!("{} %", signed(100.0 * b, 2)) } else { signed(b, 4) };
    let covered = score.cuts.iter().any(|c| c.coverage.is_some());
    let mut header =
        vec![format!("fitted up to {}", score.by), "rows".into(), "predicted".into(), "farthest".into(), "rmse".into()];
    header.extend(["bias".to_owned(), "R^2".to_owned()]);
    header.extend(covered.then(|| format!("in {} % intervals", percent(report.level))));
    let refused = score.refused();
    header.extend(refused.then(|| "error of the fit".to_owned()));
    let row = |c: &Cut| {
        let mut cells =
            vec![scale(c.scale, &score.by), c.train.to_string(), c.held.len().to_string(), factor(c.factor)];
        cells.extend([error(c.rmse), bias(c.bias)]);
        cells.push(if c.r2.is_finite() { number(c.r2, 3) } else { String::new() });
        cells.extend(covered.then(|| c.coverage.map_or_else(String::new, percentage)));
        cells.extend(refused.then(|| c.codes()));
        cells
    };
    let rows: Vec<Vec<String>> = score.cuts.iter().map(row).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut text = table(&header, &rows);
    let worse = if report.law.formula.target == "L" { "worse (a higher loss)" } else { "higher" };
    text.push_str(&format!("  bias: positive where runs turned out {worse} than predicted\n"));
    for (at, reason) in &score.failed {
        // Where no row is fitted there is no largest one.
        let up_to = if *at > 0.0 { format!(" up to {} {}", score.by, scale(*at, &score.by)) } else { String::new() };
        text.push_str(&format!("  one cut without a fit{up_to}: {reason}\n"));
    }
    text + "\n" + &sentence(report, &error) + &refusals(report, &error)
}

/// How many cuts count that no one would have predicted by, what the others give, and what may do better.
fn refusals(report: &Report<'_>, error: &dyn Fn(f64) -> String) -> String {
    let better = "Fewer parameters (--law, --fix) or more rows below the cut (--at, --factor) may do better.";
    report.score.refusals(error).map_or_else(String::new, |said| format!("{said} {better}\n"))
}

fn scale(value: f64, by: &str) -> String {
    if by == "N" || by == "D" { size(value) } else { number(value, 3) }
}

fn sentence(report: &Report<'_>, error: &dyn Fn(f64) -> String) -> String {
    let score = report.score;
    let farthest = score.cuts.iter().map(|c| c.factor).fold(0.0, f64::max);
    let by = &score.by;
    let rows = report.points.len();
    let trained = || score.cuts.iter().map(|c| c.train);
    let held = match (trained().min(), trained().max()) {
        (Some(least), Some(most)) if least < most => {
            format!(" over {} that fit {least} to {most} of {}", count(score.cuts.len(), "cut"), count(rows, "row"))
        }
        (Some(least), _) => format!(" by a fit of {least} of {}", count(rows, "row")),
        _ => String::new(),
    };
    let whose = match farthest {
        f if f >= 1.05 => format!("Runs up to {} beyond the fitted {by}", factor(f)),
        f if f > 1.0 => format!("Runs beyond the fitted {by}"),
        _ => format!("Runs no larger in {by} than the fitted ones"),
    };
    let beyond = format!("{whose} were predicted to {}{held}", error(score.rmse()));
    match score.coverage() {
        Some(share) => {
            let level = percent(report.level);
            format!("{beyond}; {} of them lie in their {level} % intervals.\n", percentage(share))
        }
        None => format!("{beyond}.\n"),
    }
}

/// One object, every predicted row in it.
pub fn json(report: &Report<'_>) -> String {
    let score = report.score;
    let cut = |c: &Cut| {
        let held = c.held.iter().map(|h| {
            json!({
                "line": report.points.line(h.row),
                "target": report.points.target[h.row],
                "predicted": h.predicted,
                "error": h.error,
                "factor": h.factor,
                "covered": h.covered,
            })
        });
        json!({
            "scale": c.scale,
            "fitted": c.train,
            "predicted": c.held.len(),
            "factor": c.factor,
            "rmse": c.rmse,
            "bias": c.bias,
            "r2": c.r2,
            "coverage": c.coverage,
            "trust": c.trust,
            "errors": c.errors,
            "rows": held.collect::<Vec<_>>(),
        })
    };
    let failed = score.failed.iter().map(|(scale, reason)| json!({ "scale": scale, "reason": reason }));
    let value = json!({
        "law": { "name": report.law.name, "formula": report.law.formula.source },
        "by": score.by,
        "error_of": if score.log { "logarithm" } else { "target" },
        "level": report.level,
        "rmse": score.rmse(),
        "coverage": score.coverage(),
        "cuts": score.cuts.iter().map(cut).collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// One row a cut.
pub fn csv(report: &Report<'_>) -> String {
    let mut text =
        csv_line(["by", "scale", "fitted", "predicted", "factor", "rmse", "bias", "r2", "coverage", "errors"]);
    for c in &report.score.cuts {
        text.push_str(&csv_line([
            report.score.by.clone(),
            exact(c.scale),
            c.train.to_string(),
            c.held.len().to_string(),
            exact(c.factor),
            exact(c.rmse),
            exact(c.bias),
            if c.r2.is_finite() { exact(c.r2) } else { String::new() },
            c.coverage.map_or_else(String::new, exact),
            c.codes(),
        ]));
    }
    text
}
