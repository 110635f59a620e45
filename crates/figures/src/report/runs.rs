//! The runs, and rows that are not among them.

use isoloss_laws::{Fit, Points};

use super::quantity::count;
use super::section::{Block, Section};
use super::table::{Cell, Table};
use crate::text::{Rich, math};

/// A row that did not enter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// its line in the source
    pub line: u64,
    /// the name of its run, where there is one
    pub name: Option<String>,
    /// why
    pub reason: String,
}

/// Rows left out that are shown at once.
const SHOWN: usize = 8;

impl Section {
    /// The table of runs, and the rows that are not in it, each with its reason.
    pub fn runs(title: impl Into<String>, table: Table, left_out: &[LeftOut]) -> Self {
        let mut words = format!("{}.", count(table.rows.len(), "run"));
        if !left_out.is_empty() {
            let of = left_out.len() + table.rows.len();
            words = format!("{} of {of} rows; {} left out.", count(table.rows.len(), "run"), left_out.len());
        }
        let mut section = Self::new(title).words(words).with(Block::Table(table));
        if left_out.is_empty() {
            return section;
        }
        let named = left_out.iter().any(|l| l.name.is_some());
        let mut columns = vec!["line"];
        columns.extend(named.then_some("run"));
        columns.push("left out because");
        let mut out = Table::new(columns);
        for row in left_out {
            let mut cells = vec![Cell::from(row.line as usize)];
            cells.extend(named.then(|| Cell::from(row.name.clone().unwrap_or_default())));
            cells.push(Cell::Says(row.reason.clone()));
            out = out.row(cells);
        }
        section.blocks.push(match left_out.len() > SHOWN {
            true => Block::Fold(format!("{} left out", count(left_out.len(), "row")), vec![Block::Table(out)]),
            false => Block::Table(out),
        });
        section
    }
}

impl Table {
    /// One row per run: its name, family, inputs and target; with a fit of these points, the law's value there and how
    /// far off it the run lies. Rows without a name are called by their line.
    pub fn of_points(points: &Points, target: &str, names: &[String], fit: Option<&Fit>) -> Self {
        let fit = fit.filter(|f| f.residuals.len() == points.len());
        let mut columns: Vec<Rich> = vec!["run".into()];
        let family = points.family.as_ref().filter(|f| f.levels.len() > 1);
        columns.extend(family.map(|f| Rich::plain(f.name.as_str())));
        columns.extend(points.columns.iter().map(|(name, _)| title(points, name)));
        columns.push(title(points, target));
        if fit.is_some() {
            columns.push("law".into());
            columns.push("off".into());
        }
        let mut table = Self { columns, ..Self::default() };
        for row in 0..points.len() {
            let line = || format!("line {}", points.line(row));
            let name = names.get(row).filter(|n| !n.is_empty()).cloned().unwrap_or_else(line);
            let mut cells = vec![Cell::Words(name)];
            let label = |f: &isoloss_laws::Labels| f.index.get(row).and_then(|i| f.levels.get(*i as usize)).cloned();
            cells.extend(family.map(|f| Cell::Words(label(f).unwrap_or_default())));
            for (name, values) in &points.columns {
                let size = name == "N" || name == "D";
                cells.push(if size { Cell::Size(values[row]) } else { Cell::Number(values[row], 4) });
            }
            let value = points.target[row];
            cells.push(Cell::Number(value, 5));
            if let Some(fit) = fit {
                let residual = fit.residuals[row];
                let log = fit.objective.log;
                cells.push(Cell::Number(if log { value * libm::exp(-residual) } else { value - residual }, 5));
                cells.push(if log { Cell::Off(libm::expm1(residual)) } else { Cell::Number(residual, 3) });
            }
            table.rows.push(cells);
        }
        table
    }
}

/// A column's name in italics if it is a symbol, with its unit.
fn title(points: &Points, name: &str) -> Rich {
    let shown = if name.chars().count() == 1 { math(&format!("_{name}_")) } else { Rich::plain(name) };
    match points.units.iter().find(|(n, _)| n == name) {
        Some((_, unit)) => shown.then(&Rich::plain(format!(", {unit}"))),
        None => shown,
    }
}
