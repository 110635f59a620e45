//! W&B's two exports look alike: one holds runs, the other curves.

use isoloss_formula::Table;

use crate::ReadError;

/// Refuses the export of a chart (`run - metric`, `run - metric__MIN`): it holds curves and no sizes.
pub fn refuse_panel(table: &Table) -> Result<(), ReadError> {
    let curves = table.columns().iter().filter(|c| c.name.contains(" - ")).collect::<Vec<_>>();
    let bounds = curves.iter().any(|c| {
        let base = c.name.strip_suffix("__MIN").or_else(|| c.name.strip_suffix("__MAX"));
        base.is_some_and(|base| table.column(base).is_some())
    });
    // All columns but the axis must be curves: a header of a person may hold " - " too.
    if !bounds || curves.len() + 1 < table.columns().len() {
        return Ok(());
    }
    let error = ReadError::new(&table.source, "this is a W&B chart export: it holds curves and no sizes");
    Err(error.hint("export the runs table instead (one row per run, with the parameter and token counts as columns)"))
}
