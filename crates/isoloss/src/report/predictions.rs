//! Predictions and best sizes, written three ways.

use isoloss_figures::report::percent;
use isoloss_laws::{Estimate, Fit, Optimum};
use serde_json::{Value, json};

use super::table::{csv_line, table};
use super::{Best, Point, estimate, warning};
use crate::numbers::{digits_for, exact, factor, number, short_name, size};
use crate::output::{BOLD_YELLOW, RESET};

/// Beyond this factor a law is rarely to be trusted to its interval.
const FAR: f64 = 10.0;

/// A table of points, and what to mind about them. `then` is the law that made the answers, where a second one did.
pub fn text(fit: &Fit, then: Option<&Fit>, points: &[Point]) -> String {
    let Some(first) = points.first() else { return String::new() };
    let mut header: Vec<&str> = Vec::new();
    let target = then.unwrap_or(fit).law.formula.target.as_str();
    let family = points.iter().any(|p| p.family.is_some());
    header.extend(family.then_some("family"));
    header.extend(first.at.iter().map(|(name, _)| name.as_str()));
    let intervals = points.iter().any(|p| p.prediction.mean.interval.is_some());
    let (mean, new_run) = (format!("mean, {} %", percent(fit.level)), format!("one new run, {} %", percent(fit.level)));
    header.push(target);
    header.extend(intervals.then_some([mean.as_str(), new_run.as_str()]).into_iter().flatten());
    let factors = points.iter().any(|p| !p.factors.is_empty());
    header.extend(factors.then_some("of the largest fitted"));
    let row = |p: &Point| {
        let mut cells: Vec<String> = Vec::new();
        cells.extend(family.then(|| p.family.as_deref().map_or(String::new(), short_name)));
        cells.extend(first.at.iter().map(|(name, _)| at(p, name).map_or(String::new(), size)));
        cells.push(value(&p.prediction.mean));
        if intervals {
            cells.push(interval(&p.prediction.mean));
            cells.push(interval(&p.prediction.new_run));
        }
        let far = |(name, f): &(String, f64)| match f.is_finite() {
            true => format!("{name} {}", factor(*f)),
            false => name.clone(),
        };
        let said = p.factors.iter().filter(|(_, f)| *f > 1.0).map(far);
        let said = said.collect::<Vec<_>>().join(", ");
        cells.extend(factors.then(|| if said.is_empty() { "within".to_owned() } else { said }));
        cells
    };
    let mut text = table(&header, &points.iter().map(row).collect::<Vec<_>>());
    text.push_str(&reasons(points.iter().map(|p| &p.prediction.mean)));
    if let Some(slip) = points.iter().flat_map(|p| &p.at).find_map(|(name, value)| fit.mistaken(name, *value)) {
        text.push_str(&warning(&slip));
    }
    let farthest =
        points.iter().flat_map(|p| &p.factors).map(|(_, f)| *f).filter(|f| f.is_finite()).fold(0.0, f64::max);
    if farthest > FAR {
        text.push_str(&format!(
            "{BOLD_YELLOW}warning{RESET}[extrapolation]: {} outside the runs that were fitted: intervals hold only if the law does\n",
            factor(farthest)
        ));
    }
    text
}

/// The best sizes for each budget.
pub fn optima_text(optima: &[Best]) -> String {
    if optima.is_empty() {
        return String::new();
    }
    let family = optima.iter().any(|best| best.family.is_some());
    let row = |Best { family: name, optimum: o }: &Best| {
        let with = |e: &Estimate| match e.interval {
            Some(i) => format!("{} [{}, {}]", size(e.value), size(i.lower), size(i.upper)),
            None => size(e.value),
        };
        let loss = &o.loss.new_run;
        let said = if loss.interval.is_some() { format!("{} {}", value(loss), interval(loss)) } else { value(loss) };
        let mut cells: Vec<String> = Vec::new();
        cells.extend(family.then(|| name.as_deref().map_or(String::new(), short_name)));
        let ratio = factor_free(o.tokens.value / o.params.value);
        cells.extend([number(o.flops, 4), with(&o.params), with(&o.tokens), ratio, said]);
        cells
    };
    let rows: Vec<Vec<String>> = optima.iter().map(row).collect();
    let mut header: Vec<&str> = family.then_some("family").into_iter().collect();
    header.extend(["FLOPs", "N", "D", "D/N", "loss of one new run"]);
    let text = table(&header, &rows);
    text + &reasons(optima.iter().flat_map(|best| [&best.optimum.params, &best.optimum.loss.new_run]))
}

/// One object for points and budgets.
pub fn json(fit: &Fit, then: Option<&Fit>, points: &[Point], optima: &[Best]) -> String {
    let law = |fit: &Fit| json!({ "name": fit.law.name, "formula": fit.law.formula.source });
    let value = json!({
        "law": law(fit),
        "then": then.map(law),
        "units": fit.units,
        "conventions": fit.conventions,
        "predictions": points.iter().map(point).collect::<Vec<_>>(),
        "optima": optima.iter().map(best).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// One point.
pub fn point(p: &Point) -> Value {
    let at: serde_json::Map<String, Value> = p.at.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    let factors: serde_json::Map<String, Value> = p.factors.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    json!({
        "at": at,
        "family": p.family,
        "mean": estimate(&p.prediction.mean),
        "new_run": estimate(&p.prediction.new_run),
        "extrapolation": factors,
    })
}

/// One budget of a family.
fn best(Best { family, optimum: o }: &Best) -> Value {
    let mut value = optimum(o);
    value["family"] = json!(family);
    value
}

/// One budget.
pub fn optimum(o: &Optimum) -> Value {
    json!({
        "flops": o.flops,
        "params": estimate(&o.params),
        "tokens": estimate(&o.tokens),
        "mean": estimate(&o.loss.mean),
        "new_run": estimate(&o.loss.new_run),
    })
}

/// One row a point; budgets in the same columns.
pub fn csv(fit: &Fit, points: &[Point], optima: &[Best]) -> String {
    let inputs = fit.reads();
    let mut header = vec!["family"];
    header.extend(&inputs);
    header.extend(["value", "mean_lower", "mean_upper", "run_lower", "run_upper", "level", "method"]);
    let mut text = csv_line(&header);
    let ends = |e: &Estimate| e.interval.map_or([String::new(), String::new()], |i| [i.lower, i.upper].map(exact));
    let tail = |mean: &Estimate, run: &Estimate| {
        let level = mean.interval.map_or(String::new(), |i| exact(i.level));
        let mut cells = vec![exact(mean.value)];
        cells.extend(ends(mean));
        cells.extend(ends(run));
        cells.extend([level, mean.method.clone()]);
        cells
    };
    for p in points {
        let mut cells = vec![p.family.clone().unwrap_or_default()];
        cells.extend(inputs.iter().map(|name| at(p, name).map_or(String::new(), exact)));
        cells.extend(tail(&p.prediction.mean, &p.prediction.new_run));
        text.push_str(&csv_line(cells));
    }
    for Best { family, optimum: o } in optima {
        let size = |name: &&str| exact(if *name == "N" { o.params.value } else { o.tokens.value });
        let mut cells = vec![family.clone().unwrap_or_default()];
        cells.extend(inputs.iter().map(size));
        cells.extend(tail(&o.loss.mean, &o.loss.new_run));
        text.push_str(&csv_line(cells));
    }
    text
}

fn at(p: &Point, name: &str) -> Option<f64> {
    p.at.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
}

/// A value to the digits that its interval makes meaningful.
pub fn value(e: &Estimate) -> String {
    number(e.value, e.interval.map_or(5, |i| digits_for(e.value, i.upper - i.lower)))
}

/// `[2.27, 2.35]`, or the reason why there is none.
pub fn interval(e: &Estimate) -> String {
    match e.interval {
        Some(i) => {
            let end = |x: f64| number(x, digits_for(x, i.upper - i.lower));
            format!("[{}, {}]", end(i.lower), end(i.upper))
        }
        None => e.method.clone(),
    }
}

/// A ratio as the end of a sentence: `1.07 [0.71, 1.58] times what`, or `1.07 times what, without an interval (why)`, or `no
/// number (why)`.
#[cfg(feature = "lab")]
pub fn times(e: &Estimate, what: &str) -> String {
    let what = if what.is_empty() { "times".to_owned() } else { format!("times {what}") };
    match e.interval {
        _ if !e.value.is_finite() => format!("no number ({})", e.method),
        Some(_) => format!("{} {} {what}", value(e), interval(e)),
        None => format!("{} {what}, without an interval ({})", value(e), e.method),
    }
}

/// Why there are numbers without an interval in a table: each reason once, below it.
pub fn reasons<'a>(estimates: impl IntoIterator<Item = &'a Estimate>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for e in estimates.into_iter().filter(|e| e.interval.is_none()) {
        if !all.contains(&e.method.as_str()) {
            all.push(&e.method);
        }
    }
    let line = |reason: &&str| match reason.ends_with("no interval") {
        true => format!("  {reason}\n"),
        false => format!("  no interval: {reason}\n"),
    };
    all.iter().map(line).collect()
}

fn factor_free(value: f64) -> String {
    factor(value).trim_end_matches('x').to_owned()
}

#[cfg(all(test, feature = "lab"))]
mod tests {
    use isoloss_laws::{Interval, Of};

    use super::*;

    #[test]
    fn a_ratio_is_part_of_a_sentence_with_and_without_an_interval() {
        let none = Estimate { value: 0.055123, interval: None, method: "E[once] is not told apart from 0".into() };
        assert_eq!(
            times(&none, "its own"),
            "0.055123 times its own, without an interval (E[once] is not told apart from 0)"
        );
        let nowhere = Estimate { value: f64::NAN, interval: None, method: "E of kda fell to 0".into() };
        assert_eq!(times(&nowhere, "its own"), "no number (E of kda fell to 0)");
        let known = Interval { lower: 0.5, upper: 1.5, level: 0.95, of: Of::Mean };
        let known = Estimate { value: 1.0, interval: Some(known), method: "drawn".into() };
        assert_eq!(times(&known, "its own"), format!("{} {} times its own", value(&known), interval(&known)));
        assert_eq!(times(&known, ""), format!("{} {} times", value(&known), interval(&known)));
    }
}
