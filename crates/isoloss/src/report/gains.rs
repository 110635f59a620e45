//! Gains in score as gains in size, written three ways.

use isoloss_laws::SizeGain;
use serde_json::json;

use super::table::{csv_line, table};
use crate::numbers::{count, exact, number, short_name, signed};
use crate::output::{BOLD_YELLOW, RESET};

/// What the gain is worth by one family.
#[derive(Debug)]
pub struct Gain {
    /// name, and (size, score)
    pub small: (String, (f64, f64)),
    pub large: (String, (f64, f64)),
    pub worth: SizeGain,
}

/// A row whose printed average is not the mean of its tasks.
#[derive(Debug)]
pub struct Unlike {
    pub line: u64,
    pub name: String,
    pub printed: f64,
    pub mean: f64,
}

/// Everything that is reported of a table of scores.
#[derive(Debug)]
pub struct Report<'a> {
    pub model: &'a str,
    pub twin: &'a str,
    pub score: &'a str,
    pub average: &'a str,
    /// the gain in score, and what it is worth
    pub gains: Option<(f64, Vec<Gain>)>,
    /// rows that were checked, and those that do not
    pub unlike: Option<(usize, Vec<Unlike>)>,
}

/// What does not check, then the gain.
pub fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    if let Some((checked, unlike)) = &report.unlike {
        if unlike.is_empty() {
            text.push_str(&format!(
                "`{}` is the mean of its tasks in all {}.\n",
                report.average,
                count(*checked, "row")
            ));
        }
        for u in unlike {
            text.push_str(&format!(
                "{BOLD_YELLOW}warning{RESET}[average]: line {} {}: `{}` is {}, the mean of its tasks {} ({})\n",
                u.line,
                short_name(&u.name),
                report.average,
                exact(u.printed),
                number(u.mean, 4),
                signed(u.mean - u.printed, 2)
            ));
        }
        if report.gains.is_some() {
            text.push('\n');
        }
    }
    let Some((gain, gains)) = &report.gains else { return text };
    text.push_str(&format!(
        "{} over {}: {} in {}\n\n",
        short_name(report.model),
        short_name(report.twin),
        signed(*gain, 2),
        report.score
    ));
    let row = |g: &Gain| {
        vec![
            format!("{} to {}", short_name(&g.small.0), short_name(&g.large.0)),
            signed(g.large.1.1 - g.small.1.1, 2),
            share(g.large.1.0 / g.small.1.0 - 1.0),
            share(g.worth.linear),
            share(g.worth.logarithmic),
        ]
    };
    let header = ["reference", "its gain", "its growth in size", "worth, linear in size", "worth, by ln size"];
    let rows: Vec<Vec<String>> = gains.iter().map(row).collect();
    text.push_str(&table(&header, &rows));
    text.push_str(
        "  worth: how much larger a model of the reference's family gains as much. Scores grow about with ln size, so the\n  \
         second is the fair reading of gains that are not small; papers mostly print the first.\n",
    );
    text
}

/// A growth in percent: one place, as papers print it.
fn share(growth: f64) -> String {
    format!("{} %", signed(100.0 * growth, 1))
}

/// One object.
pub fn json(report: &Report<'_>) -> String {
    let one = |(name, (size, score)): &(String, (f64, f64))| json!({ "name": name, "size": size, "score": score });
    let gains = report.gains.as_ref().map(|(gain, all)| {
        let worth = |g: &Gain| {
            json!({ "small": one(&g.small), "large": one(&g.large), "linear": g.worth.linear, "logarithmic": g.worth.logarithmic })
        };
        json!({
            "model": report.model,
            "twin": report.twin,
            "score": report.score,
            "gain": gain,
            "worth": all.iter().map(worth).collect::<Vec<_>>(),
        })
    });
    let averages = report.unlike.as_ref().map(|(checked, all)| {
        let each = all.iter().map(
            |u| json!({ "line": u.line, "name": u.name, "printed": u.printed, "mean": u.mean, "difference": u.mean - u.printed }),
        );
        json!({ "column": report.average, "checked": checked, "unlike": each.collect::<Vec<_>>() })
    });
    format!("{:#}\n", json!({ "gains": gains, "averages": averages }))
}

/// One row a reference; without gains, one row an average that does not check.
pub fn csv(report: &Report<'_>) -> String {
    let Some((gain, gains)) = &report.gains else {
        let mut text = csv_line(["line", "name", "printed", "mean"]);
        for u in report.unlike.iter().flat_map(|(_, all)| all) {
            text.push_str(&csv_line([u.line.to_string(), u.name.clone(), exact(u.printed), exact(u.mean)]));
        }
        return text;
    };
    let mut text = csv_line(["model", "twin", "gain", "small", "large", "linear", "logarithmic"]);
    for g in gains {
        text.push_str(&csv_line([
            report.model.to_owned(),
            report.twin.to_owned(),
            exact(*gain),
            g.small.0.clone(),
            g.large.0.clone(),
            exact(g.worth.linear),
            exact(g.worth.logarithmic),
        ]));
    }
    text
}
