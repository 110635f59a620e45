//! Ways of finding the best sizes, side by side: text, JSON and CSV.

use isoloss_laws::{Bias, Compared, Disagreement, Estimate, Kind, Minimum};
use serde_json::{Value, json};

use super::estimate;
use super::predictions::{interval, reasons, value};
use super::table::{csv_line, table};
use crate::numbers::{exact, number, percentage, signed, size};

/// One row an approach, what each found per budget, and how far they are apart.
pub fn text(found: &Disagreement, bias: &[Bias]) -> String {
    let with = |e: &Estimate| match e.interval {
        Some(_) => format!("{} {}", value(e), interval(e)),
        // What noise does to it is not known: more digits would say that it is.
        None => number(e.value, 3),
    };
    let sized = |e: &Estimate| match e.interval {
        Some(i) => format!("{} [{}, {}]", size(e.value), size(i.lower), size(i.upper)),
        None => size(e.value),
    };
    let flops = number(found.flops, 3);
    let row = |c: &Compared| {
        let apart = c.exponent_difference.as_ref().map_or_else(String::new, with);
        let ratio = c.params_ratio.as_ref().map_or_else(String::new, with);
        vec![
            c.approach.kind.name().to_owned(),
            with(&c.approach.params.exponent),
            sized(&c.params),
            sized(&c.tokens),
            apart,
            ratio,
        ]
    };
    let header =
        ["approach", "a", &format!("N at {flops}"), &format!("D at {flops}"), "a, less surface", "N over surface"];
    let rows: Vec<Vec<String>> = found.compared.iter().map(row).collect();
    let mut text = table(&header, &rows);
    text.push_str(&format!(
        "  a: best params grow as FLOPs^a; intervals from {} tables with the noise of a run ({}) added, the same for all\n",
        found.draws,
        percentage(found.noise)
    ));
    let falls =
        |c: &Compared| Some(format!("{} {}", c.approach.kind.name(), with(&c.approach.loss.as_ref()?.exponent)));
    let falls: Vec<String> = found.compared.iter().filter_map(falls).collect();
    if !falls.is_empty() {
        text.push_str(&format!("  c: the least loss falls as FLOPs^c, if it had no floor: {}\n", falls.join(", ")));
    }
    if let Some(hull) = found.compared.iter().find(|c| c.approach.kind == Kind::Hull) {
        let c = hull.approach.loss.iter().map(|line| &line.exponent);
        match c.clone().next().filter(|c| c.interval.is_some()) {
            Some(c) => text.push_str(&format!("  c of the hull: {}\n", c.method)),
            None => reasons(c).lines().for_each(|line| text.push_str(&format!("  c of the hull:{}\n", &line[1..]))),
        }
    }
    for c in &found.compared {
        let apart = c.exponent_difference.iter().chain(&c.params_ratio);
        for line in reasons([&c.approach.params.exponent, &c.params, &c.tokens].into_iter().chain(apart)).lines() {
            text.push_str(&format!("  {}: {}\n", c.approach.kind.name(), line.trim_start()));
        }
        for l in &c.approach.left_out {
            text.push_str(&format!(
                "  {}: budget {} left out: {}\n",
                c.approach.kind.name(),
                number(l.flops, 3),
                l.reason
            ));
        }
    }
    for (kind, error) in &found.failed {
        text.push_str(&format!("  {} cannot be used: {}\n", kind.name(), error.message));
        if let Some(hint) = &error.hint {
            text.push_str(&format!("  hint: {hint}\n"));
        }
    }
    text.push('\n');
    text + &verdict(found) + &biased(bias)
}

fn verdict(found: &Disagreement) -> String {
    let outside = |e: &Option<Estimate>, at: f64| {
        e.as_ref().and_then(|e| e.interval).is_some_and(|i| i.lower > at || i.upper < at)
    };
    let apart: Vec<&str> = (found.compared.iter())
        .filter(|c| outside(&c.exponent_difference, 0.0) || outside(&c.params_ratio, 1.0))
        .map(|c| c.approach.kind.name())
        .collect();
    match apart.as_slice() {
        // Without noise there are no intervals, and nothing to be more than.
        [] if found.compared.iter().any(|c| c.exponent_difference.as_ref().is_some_and(|e| e.interval.is_some())) => {
            "The approaches do not disagree by more than noise.\n".into()
        }
        [] => String::new(),
        apart => format!("By more than noise apart from the surface: {}.\n", apart.join(", ")),
    }
}

/// What a parabola would find on the surface itself.
fn biased(bias: &[Bias]) -> String {
    let middle = |of: &dyn Fn(&Bias) -> Option<f64>| {
        let mut all: Vec<f64> = bias.iter().filter_map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    let Some(parabola) = middle(&|b| Some(b.parabola)) else { return String::new() };
    let percent = |x: f64| format!("{} %", signed(100.0 * x, 2));
    let cubic = middle(&|b| b.cubic).map_or(String::new(), |c| format!(", a cubic's by {}", percent(c)));
    format!(
        "Without any noise a parabola's D at these sizes would be off by {}{cubic}: the surface has none of it.\n",
        percent(parabola)
    )
}

/// Everything, one object.
pub fn json(found: &Disagreement, bias: &[Bias]) -> String {
    let minimum = |m: &Minimum| json!({ "flops": m.flops, "params": m.params, "tokens": m.tokens, "loss": m.loss, "error": m.error });
    let compared = |c: &Compared| {
        let a = &c.approach;
        json!({
            "approach": a.kind.name(),
            "a": estimate(&a.params.exponent),
            "b": estimate(&a.tokens.exponent),
            "c": a.loss.as_ref().map(|l| estimate(&l.exponent)),
            "params": estimate(&c.params),
            "tokens": estimate(&c.tokens),
            "a_less_surface": c.exponent_difference.as_ref().map(estimate),
            "params_over_surface": c.params_ratio.as_ref().map(estimate),
            "minima": a.minima.iter().map(minimum).collect::<Vec<Value>>(),
            "left_out": a.left_out.iter().map(|l| json!({ "flops": l.flops, "reason": l.reason })).collect::<Vec<_>>(),
            "notes": a.notes,
        })
    };
    let failed = found.failed.iter().map(|(k, e)| json!({ "approach": k.name(), "reason": e.message, "hint": e.hint }));
    let biases =
        bias.iter().map(|b| json!({ "flops": b.flops, "tokens": b.tokens, "parabola": b.parabola, "cubic": b.cubic }));
    let value = json!({
        "flops": found.flops,
        "approaches": found.compared.iter().map(compared).collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "noise": found.noise,
        "draws": found.draws,
        "notes": found.notes,
        "parabola_bias": biases.collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// One row an approach.
pub fn csv(found: &Disagreement) -> String {
    let mut text = csv_line([
        "approach",
        "a",
        "a_lower",
        "a_upper",
        "params",
        "params_lower",
        "params_upper",
        "flops",
        "c",
        "c_lower",
        "c_upper",
    ]);
    for c in &found.compared {
        let mut cells = vec![c.approach.kind.name().to_owned()];
        for e in [&c.approach.params.exponent, &c.params] {
            cells.push(exact(e.value));
            cells.extend(e.interval.map_or([String::new(), String::new()], |i| [i.lower, i.upper].map(exact)));
        }
        cells.push(exact(found.flops));
        let c = c.approach.loss.as_ref().map(|line| &line.exponent);
        cells.push(c.map_or_else(String::new, |c| exact(c.value)));
        let ends = c.and_then(|c| c.interval);
        cells.extend(ends.map_or([String::new(), String::new()], |i| [i.lower, i.upper].map(exact)));
        text.push_str(&csv_line(cells));
    }
    text
}
