//! The report for reading: warnings, the law, how sure, how found, what is odd, what next.

use isoloss_laws::{Estimate, Fit, Moved, Severity, Warning};

use super::predictions::{interval, percent, value};
use super::{Closing, Report, predictions, substitute, table::table};
use crate::numbers::{count, number, size};
use crate::output::{BOLD, BOLD_RED, BOLD_YELLOW, RESET};

/// Everything, in the order of its weight.
pub fn text(report: &Report<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !report.fit.warnings.is_empty() {
        parts.push(report.fit.warnings.iter().map(warning).collect());
    }
    parts.push(law(report.fit, &report.ties));
    parts.push(parameters(report.fit));
    parts.push(derived(report));
    parts.push(search(report.fit) + &worst(report) + &influence(report));
    parts.push(left_out(report));
    parts.push(predictions::text(report.fit, &report.predictions));
    parts.push(closing(report));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// A warning with its code and hint.
pub fn warning(warning: &Warning) -> String {
    let (colour, level) = match warning.severity {
        Severity::Error => (BOLD_RED, "error"),
        Severity::Warning => (BOLD_YELLOW, "warning"),
        Severity::Note => (BOLD, "note"),
    };
    let hint = warning.hint.as_ref().map_or(String::new(), |hint| format!("hint: {hint}\n"));
    format!("{colour}{level}{RESET}[{}]: {}\n{hint}", warning.code, warning.text)
}

fn law(fit: &Fit, ties: &[(String, String)]) -> String {
    let rows = count(fit.rows, "row");
    let mut text = String::new();
    for (family, law) in substitute::laws(fit, ties) {
        let family = family.map_or(String::new(), |f| format!("{f}: "));
        for line in law.lines() {
            text.push_str(&format!("{family}{BOLD}{line}{RESET}\n"));
        }
    }
    let what = if fit.objective.log { " %" } else { "" };
    let noise = if fit.objective.log { 100.0 * fit.noise } else { fit.noise };
    text + &format!(
        "law {}, {rows}, {} free; a run lies {}{what} (1 sd) about it\n",
        fit.law.name,
        count(fit.free, "parameter"),
        number(noise, 2)
    )
}

/// The table of parameters.
pub fn parameters(fit: &Fit) -> String {
    let header = format!("{} % interval", percent(fit.level));
    let rows: Vec<Vec<String>> = (fit.parameters.iter())
        .map(|p| {
            let error = p.error.map_or(String::new(), |e| number(e, 2));
            vec![p.name.clone(), of(&p.estimate), error, interval(&p.estimate)]
        })
        .collect();
    let intervals = fit.parameters.iter().any(|p| p.estimate.interval.is_some());
    let method = if intervals { format!("  intervals: {}\n", fit.method) } else { String::new() };
    table(&["parameter", "value", "std. error", &header], &rows) + &method
}

/// A value: five digits, whatever its interval, because people put it into their own formulas.
fn of(e: &Estimate) -> String {
    number(e.value, 5)
}

fn derived(report: &Report<'_>) -> String {
    if report.derived.is_empty() {
        return String::new();
    }
    let header = format!("{} % interval", percent(report.fit.level));
    let row =
        |d: &isoloss_laws::Derived| vec![d.name.clone(), value(&d.estimate), interval(&d.estimate), d.says.to_owned()];
    table(&["derived", "value", &header, ""], &report.derived.iter().map(row).collect::<Vec<_>>())
}

fn search(fit: &Fit) -> String {
    let s = &fit.search;
    if fit.free == 0 {
        return "search: none, every parameter is held\n".into();
    }
    let lost = if s.lost > 0 { format!(", {} did not converge", s.lost) } else { String::new() };
    let valleys = if s.valleys > 0 { format!(", {} in flat valleys", s.valleys) } else { String::new() };
    let mut text =
        format!("search: {} of {} starts end here{valleys}{lost}; {}\n", s.agree, s.starts, fit.objective.name);
    for basin in s.runners_up.iter().take(2) {
        let above = 100.0 * (basin.objective - fit.objective.value) / fit.objective.value.abs().max(f64::MIN_POSITIVE);
        let names = fit.parameters.iter().zip(&basin.theta).map(|(p, v)| format!("{} {}", p.name, number(*v, 4)));
        let names: Vec<String> = names.collect();
        let above = if above < 0.1 { number(above, 2) } else { format!("{above:.1}") };
        text.push_str(&format!(
            "  runner-up ({}): {above} % higher, at {}\n",
            count(basin.starts, "start"),
            names.join(", ")
        ));
    }
    text
}

fn worst(report: &Report<'_>) -> String {
    let each = report.worst.iter().map(|w| {
        let name = w.name.as_ref().map_or(String::new(), |n| format!(" {n}"));
        format!("line {}{name} {}", w.line, report.residual_text(w.residual))
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() { String::new() } else { format!("worst residuals: {}\n", each.join("; ")) }
}

fn influence(report: &Report<'_>) -> String {
    let Some(influence) = &report.fit.influence else { return String::new() };
    // Said above already.
    if report.fit.warnings.iter().any(|w| w.code == "influence") {
        return String::new();
    }
    let error = |name: &str| report.fit.parameter(name).and_then(|p| p.error);
    // Less than one standard error is what any row does.
    let notable = |m: &&Moved| error(&m.parameter).is_some_and(|e| (m.to - m.from).abs() > e);
    let mut text = String::new();
    let moved = |m: &Moved| format!("moves {} from {} to {}", m.parameter, number(m.from, 4), number(m.to, 4));
    for m in influence.single.iter().filter(notable).take(3) {
        let line = m.lines.first().copied().unwrap_or(0);
        text.push_str(&format!("influence: leaving out line {line} {}\n", moved(m)));
    }
    for m in influence.group.iter().filter(notable) {
        let lines: Vec<String> = m.lines.iter().take(8).map(u64::to_string).collect();
        let more = if m.lines.len() > 8 { ", ..." } else { "" };
        text.push_str(&format!("influence: leaving out lines {}{more} {}\n", lines.join(", "), moved(m)));
    }
    text
}

fn left_out(report: &Report<'_>) -> String {
    const MOST: usize = 12;
    const SHOWN: usize = 10;
    let all = report.left_out;
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!("left out: {} of {}\n", count(all.len(), "row"), all.len() + report.fit.rows);
    let shown = if all.len() > MOST { SHOWN } else { all.len() };
    for row in &all[..shown] {
        let name = row.name.as_ref().map_or(String::new(), |n| format!(" {n}"));
        text.push_str(&format!("  line {}{name}: {}\n", row.line, row.reason));
    }
    if shown < all.len() {
        text.push_str(&format!("  and {} more (--format json lists all)\n", all.len() - shown));
    }
    text
}

fn closing(report: &Report<'_>) -> String {
    let target = match report.fit.law.formula.target.as_str() {
        "L" => "loss",
        other => other,
    };
    let with = |e: &Estimate| match e.interval {
        Some(_) => format!("{} {} for one new run", value(e), interval(e)),
        None => format!("{} (no interval: {})", value(e), e.method),
    };
    match &report.closing {
        Some(Closing::Budget(o)) => {
            format!(
                "At 10x your largest compute: {target} {}; spend it on N = {}, D = {}.\n",
                with(&o.loss.new_run),
                size(o.params.value),
                size(o.tokens.value)
            )
        }
        Some(Closing::Scale { name, value, loss }) => {
            format!("At 10x your largest {name}, {}: {target} {}.\n", size(*value), with(&loss.new_run))
        }
        Some(Closing::NoBest) => {
            let law = &report.fit.law.name;
            format!("At 10x your largest compute: the law {law} has no best N and D near the sizes that were fitted.\n")
        }
        None => String::new(),
    }
}
