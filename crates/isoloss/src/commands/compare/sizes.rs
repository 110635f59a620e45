//! Scores of families read as sizes of one of them: runs at several sizes, and seeds that repeat them.

use std::process::ExitCode;

use isoloss_laws::{Scored, effective_sizes};

use super::families::{flags, named, several};
use super::scores::{Models, errors_of};
use crate::failure::Failure;
use crate::numbers::count;
use crate::output::{self, Format, talk};
use crate::report::effective::{self, Report};

/// Of every interval here.
const LEVEL: f64 = 0.95;

pub fn run(
    models: &Models<'_>,
    score: &str,
    group: &str,
    baseline: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let (table, size) = (models.table, models.size());
    let (sizes, scores) = (models.numbers("--size", &size)?, models.numbers("--score", score)?);
    let column = models.column("--group", group)?;
    let errors = errors_of(table, score);
    let mut families: Vec<String> = Vec::new();
    let mut runs: Vec<Vec<Scored>> = Vec::new();
    let (mut without, mut alone) = (Vec::new(), Vec::new());
    for row in 0..table.len() {
        let Some(run) = Scored::new(sizes[row], scores[row], errors.map(|errors| errors[row])) else {
            without.push(table.line(row).to_string());
            continue;
        };
        let name = column.text(row);
        if name.trim().is_empty() {
            alone.push(table.line(row).to_string());
            continue;
        }
        let at = families.iter().position(|family| *family == name).unwrap_or_else(|| {
            families.push(name);
            runs.push(Vec::new());
            families.len() - 1
        });
        runs[at].push(run);
    }
    left_out(&without, "a size above zero or a score");
    left_out(&alone, &format!("a family in `{group}`"));
    let Some(baseline) = baseline else {
        let hint = match families.is_empty() {
            true => "no row has a size, a score and a family".to_owned(),
            false => format!("say {}", flags(&families)),
        };
        return Err(Failure::usage(
            format_args!(
                "{}: whose sizes are scores read as? `{group}` has {}",
                table.source,
                count(families.len(), "value")
            ),
            hint,
        ));
    };
    let baseline = named(baseline, &families, &format!("`{group}`"))?;
    several(&families, &table.source, group)?;
    let base = families.iter().position(|family| *family == baseline).unwrap_or_default();
    let worths = effective_sizes(&runs, base, LEVEL).map_err(|e| Failure::from(e).within(&baseline))?;
    let report = Report { score, size: &size, baseline: &baseline, families: &families, worths: &worths };
    output::answer(&match format {
        Format::Text => effective::text(&report),
        Format::Json => effective::json(&report),
        Format::Csv => effective::csv(&report),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Says which rows count nowhere, and what they lack.
fn left_out(lines: &[String], lack: &str) {
    if lines.is_empty() {
        return;
    }
    let few = lines.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    let more = if lines.len() > 8 { ", ..." } else { "" };
    let which = if lines.len() == 1 { "line" } else { "lines" };
    talk(format_args!("note: {} without {lack} left out: {which} {few}{more}", count(lines.len(), "row")));
}
