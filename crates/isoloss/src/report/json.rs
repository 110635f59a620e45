//! Everything the text shows, and every residual, as one JSON object.

use isoloss_laws::{Estimate, Far, Farther};
use serde_json::{Value, json};

use super::{Report, predictions};

/// One object, indented.
pub fn json(report: &Report<'_>) -> String {
    let fit = report.fit;
    let parameters = fit.parameters.iter().map(|p| {
        let mut value = estimate(&p.estimate);
        value["name"] = json!(p.name);
        value["error"] = json!(p.error);
        value["held"] = json!(p.held);
        value
    });
    let derived = report.derived.iter().map(|d| {
        let mut value = estimate(&d.estimate);
        value["name"] = json!(d.name);
        value["says"] = json!(d.says);
        value
    });
    let rows = fit.residuals.iter().enumerate().map(|(row, residual)| {
        let inputs: serde_json::Map<String, Value> =
            report.points.columns.iter().map(|(name, column)| (name.clone(), json!(column[row]))).collect();
        json!({
            "line": report.points.line(row),
            "name": report.names[row],
            "inputs": inputs,
            "target": report.points.target[row],
            "residual": residual,
            "share": fit.reducible.map(|_| fit.share(row)),
        })
    });
    let left_out = report.left_out.iter().map(|o| json!({ "line": o.line, "name": o.name, "reason": o.reason }));
    let basins = fit
        .search
        .runners_up
        .iter()
        .map(|b| json!({ "objective": b.objective, "starts": b.starts, "parameters": b.theta }));
    let value = json!({
        "warnings": fit.warnings,
        "law": {
            "name": fit.law.name,
            "formula": fit.law.formula.source,
            "reading": fit.law.reading(),
            "paper": fit.law.paper,
        },
        "parameters": parameters.collect::<Vec<_>>(),
        "ties": fit.ties(),
        "derived": derived.collect::<Vec<_>>(),
        "rows": fit.rows,
        "free": fit.free,
        "noise": fit.noise,
        "noise_of": match (fit.reducible, fit.objective.log) {
            (Some(_), _) => "reducible loss",
            (None, true) => "logarithm",
            (None, false) => "target",
        },
        "degrees_of_freedom": if fit.df.is_finite() { json!(fit.df) } else { Value::Null },
        "level": fit.level,
        "method": fit.method,
        "seed": fit.seed,
        "objective": fit.objective,
        "search": {
            "starts": fit.search.starts,
            "agree": fit.search.agree,
            "valleys": fit.search.valleys,
            "lost": fit.search.lost,
            "decrement": fit.search.decrement,
            "runners_up": basins.collect::<Vec<_>>(),
        },
        "residuals": rows.collect::<Vec<_>>(),
        "influence": fit.influence,
        "left_out": left_out.collect::<Vec<_>>(),
        "notes": fit.notes,
        "ranges": fit.ranges,
        "units": fit.units,
        "conventions": fit.conventions,
        "trust": fit.trust,
        "predictions": report.predictions.iter().map(predictions::point).collect::<Vec<_>>(),
        "at_10x": match &report.closing {
            Some(Farther::Budget(optimum)) => predictions::optimum(optimum),
            Some(Farther::Far(all)) => match all.as_slice() {
                [one] if one.family.is_none() => far(one),
                many => many.iter().map(far).collect(),
            },
            Some(Farther::NoBest) | None => Value::Null,
        },
    });
    format!("{value:#}\n")
}

/// The law beyond the largest run, of a family or of all.
fn far(far: &Far) -> Value {
    let mut value = json!({ "mean": estimate(&far.loss.mean), "new_run": estimate(&far.loss.new_run) });
    far.at.iter().for_each(|(name, at)| value[name] = json!(at));
    if let Some(family) = &far.family {
        value["family"] = json!(family);
    }
    value
}

/// A number with its interval, or with the reason why it has none.
pub fn estimate(e: &Estimate) -> Value {
    match e.interval {
        Some(i) => json!({
            "value": e.value, "lower": i.lower, "upper": i.upper, "level": i.level, "of": i.of, "method": e.method
        }),
        None => json!({ "value": e.value, "lower": null, "upper": null, "method": e.method }),
    }
}
