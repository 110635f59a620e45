//! Scores of families read as sizes of one of them: runs at several sizes, and seeds that repeat them.

use std::process::ExitCode;

use isoloss_laws::{Scored, effective_sizes};

use super::families::named;
use super::scores::Models;
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
    let (table, size) = (models.table, models.asked.size.as_str());
    let (sizes, scores) = (models.numbers("--size", size)?, models.numbers("--score", score)?);
    let column = models.column("--group", group)?;
    let errors = table.column(&format!("{score}_stderr")).and_then(|c| c.as_numbers());
    let mut families: Vec<String> = Vec::new();
    let mut runs: Vec<Vec<Scored>> = Vec::new();
    let mut without = Vec::new();
    for row in 0..table.len() {
        let (size, score) = (sizes[row], scores[row]);
        if !(size.is_finite() && score.is_finite()) {
            without.push(table.line(row).to_string());
            continue;
        }
        let name = column.text(row);
        let at = families.iter().position(|family| *family == name).unwrap_or_else(|| {
            families.push(name);
            runs.push(Vec::new());
            families.len() - 1
        });
        let error = errors.map(|e| e.values[row]).filter(|e| e.is_finite() && *e >= 0.0);
        runs[at].push(Scored { size, score, error });
    }
    if !without.is_empty() {
        let few = without.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
        let more = if without.len() > 8 { ", ..." } else { "" };
        talk(format_args!(
            "note: {} without a size or a score left out: lines {few}{more}",
            count(without.len(), "row")
        ));
    }
    let Some(baseline) = baseline else {
        let flags: Vec<String> = families.iter().take(8).map(|name| format!("--baseline \"{name}\"")).collect();
        let hint = if flags.is_empty() {
            "no row has a size and a score".to_owned()
        } else {
            format!("say {}", flags.join(" or "))
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
    if families.len() < 2 {
        return Err(Failure::usage(
            format_args!("{}: `{group}` is {baseline} in every row", table.source),
            "a comparison needs rows of two families or more: --group names another column",
        ));
    }
    let base = families.iter().position(|family| *family == baseline).unwrap_or_default();
    let worths = effective_sizes(&runs, base, LEVEL).map_err(|e| Failure::from(e).within(&baseline))?;
    let report = Report { score, size, baseline: &baseline, families: &families, worths: &worths };
    output::answer(&match format {
        Format::Text => effective::text(&report),
        Format::Json => effective::json(&report),
        Format::Csv => effective::csv(&report),
    })?;
    Ok(ExitCode::SUCCESS)
}
