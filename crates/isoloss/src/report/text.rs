//! The report for reading: warnings, the law, how sure, how found, what is odd, what next.

use isoloss_figures::report::percent;
use isoloss_laws::{Estimate, Fit, Fitted, Influence, Moved, Severity, Warning};

use super::predictions::{interval, value};
use super::{Report, closing, predictions, table::table};
use crate::numbers::{count, number, short_name, verb};
use crate::output::{BOLD, BOLD_RED, BOLD_YELLOW, RESET};

/// Everything, in the order of its weight.
pub fn text(report: &Report<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !report.fit.warnings.is_empty() {
        parts.push(report.fit.warnings.iter().map(warning).collect());
    }
    parts.push(law(report.fit));
    parts.push(parameters(report.fit));
    parts.push(derived(report));
    parts.push(search(report.fit) + &worst(report) + &influence(report));
    parts.push(left_out(report));
    parts.push(predictions::text(report.fit, None, &report.predictions));
    parts.push(closing::text(report));
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

fn law(fit: &Fit) -> String {
    let rows = count(fit.rows, "row");
    let mut text = String::new();
    // To the digits that are read; the exact ones are in the table of parameters and in --format json.
    for (family, law) in fit.in_numbers(|v| number(v, 5).parse().unwrap_or(v)) {
        let family = family.map_or(String::new(), |f| format!("{}: ", short_name(f)));
        for line in law.to_string().lines() {
            text.push_str(&format!("{family}{BOLD}{line}{RESET}\n"));
        }
    }
    let (noise, what) = match (fit.reducible, fit.objective.log) {
        (Some(_), _) => (100.0 * fit.noise, " % of its reducible loss"),
        (None, true) => (100.0 * fit.noise, " %"),
        (None, false) => (fit.noise, ""),
    };
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
    let nothing = fit.stand_ins();
    let row = |p: &Fitted| {
        let error = match p.error {
            Some(_) if p.error_misleads() => "-".to_owned(),
            error => error.map_or(String::new(), |e| number(e, 2)),
        };
        let value = if nothing.contains(&p.name.as_str()) { String::new() } else { of(&p.estimate) };
        vec![short_name(&p.name), value, error, interval(&p.estimate)]
    };
    let mut rows: Vec<Vec<String>> = fit.parameters.iter().map(row).collect();
    let alias = |(name, tied): (&str, Estimate)| vec![short_name(name), of(&tied), String::new(), interval(&tied)];
    rows.extend(super::tied(fit).map(alias));
    let intervals = fit.parameters.iter().any(|p| p.estimate.interval.is_some());
    let mut below = if intervals { format!("  intervals: {}\n", fit.method) } else { String::new() };
    if fit.parameters.iter().any(Fitted::error_misleads) {
        below.push_str("  -: a few far draws make the standard error; the interval is what holds\n");
    }
    table(&["parameter", "value", "std. error", &header], &rows) + &below
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
    let row = |d: &isoloss_laws::Derived| {
        vec![short_name(&d.name), value(&d.estimate), interval(&d.estimate), d.says.to_owned()]
    };
    table(&["derived", "value", &header, ""], &report.derived.iter().map(row).collect::<Vec<_>>())
}

fn search(fit: &Fit) -> String {
    let s = &fit.search;
    if fit.free == 0 {
        return "search: none, every parameter is held\n".into();
    }
    let lost = if s.lost > 0 { format!(", {} did not converge", s.lost) } else { String::new() };
    let valleys = if s.valleys > 0 {
        format!(", {} in {}", s.valleys, if s.valleys == 1 { "a flat valley" } else { "flat valleys" })
    } else {
        String::new()
    };
    let mut text = format!(
        "search: {} of {} {} here{valleys}{lost}; {}\n",
        s.agree,
        count(s.starts, "start"),
        verb(s.agree, "end"),
        fit.objective.name
    );
    for basin in s.runners_up.iter().take(2) {
        let above = 100.0 * (basin.objective - fit.objective.value) / fit.objective.value.abs().max(f64::MIN_POSITIVE);
        let names =
            fit.parameters.iter().zip(&basin.theta).map(|(p, v)| format!("{} {}", short_name(&p.name), number(*v, 4)));
        let names: Vec<String> = names.collect();
        let above = if (0.1..1e5).contains(&above) { format!("{above:.1}") } else { number(above, 2) };
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
        let name = w.name.as_ref().map_or(String::new(), |n| format!(" {}", short_name(n)));
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
    let notable = |m: &Moved| error(&m.parameter).is_some_and(|e| (m.to - m.from).abs() > e);
    moves(influence, notable)
}

/// The rows that move a parameter notably, each once.
fn moves(influence: &Influence, notable: impl Fn(&Moved) -> bool) -> String {
    let mut text = String::new();
    let moved = |m: &Moved| format!("moves {} from {} to {}", m.parameter, number(m.from, 4), number(m.to, 4));
    let single: Vec<&Moved> = influence.single.iter().filter(|m| notable(m)).take(3).collect();
    for m in &single {
        let line = m.lines.first().copied().unwrap_or(0);
        text.push_str(&format!("influence: leaving out line {line} {}\n", moved(m)));
    }
    // A group of one row is one of the single rows, and was said.
    let new = |m: &&Moved| !single.iter().any(|single| single.rows == m.rows);
    for m in influence.group.iter().filter(|m| notable(m)).filter(new) {
        let lines: Vec<String> = m.lines.iter().take(8).map(u64::to_string).collect();
        let more = if m.lines.len() > 8 { ", ..." } else { "" };
        let what = if lines.len() == 1 { "line" } else { "lines" };
        text.push_str(&format!("influence: leaving out {what} {}{more} {}\n", lines.join(", "), moved(m)));
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
        let name = row.name.as_ref().map_or(String::new(), |n| format!(" {}", short_name(n)));
        text.push_str(&format!("  line {}{name}: {}\n", row.line, row.reason));
    }
    if shown < all.len() {
        text.push_str(&format!("  and {} more (--format json lists all)\n", all.len() - shown));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_moves_the_fit_is_named_once() {
        let moved = |rows: &[usize]| Moved {
            rows: rows.into(),
            lines: rows.iter().map(|row| *row as u64 + 2).collect(),
            parameter: "A".into(),
            from: 400.0,
            to: 500.0,
            errors: 1.5,
            alone: 500.0,
        };
        let said = |group: &[usize]| {
            let influence = Influence { single: vec![moved(&[3]), moved(&[5])], group: Some(moved(group)) };
            moves(&influence, |_| true).lines().count()
        };
        assert_eq!((said(&[3]), said(&[3, 5]), said(&[7])), (2, 3, 3));
    }
}
