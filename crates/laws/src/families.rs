//! Whether the families of a table have rows enough for parameters of their own.

use crate::error::FitError;
use crate::law::Law;
use crate::options::Options;
use crate::points::{Labels, Points};
use crate::roles::is_factor;
use crate::warning::count;
use isoloss_formula::{in_shell, name_in_expression, word_in_expression};

/// The parameters that make separate laws of families in one fit: whatever is neither held, known, nor another parameter.
pub fn apart(law: &Law, options: &Options) -> Vec<String> {
    let held = |name: &str| {
        options.fix.iter().any(|(fixed, _)| fixed == name) || options.tie.iter().any(|(alias, _)| alias == name)
    };
    let free = law.parameters.iter().filter(|p| !held(&p.name) && p.known.is_none() && p.per.is_none());
    free.map(|p| p.name.clone()).collect()
}

/// Refuses a family with fewer rows than parameters of its own: any numbers fit it.
///
/// # Errors
/// Names the first such family, its rows and its parameters.
pub fn families_suffice(law: &Law, points: &Points, options: &Options) -> Result<(), FitError> {
    let Some(families) = &points.family else { return Ok(()) };
    let held = |name: &str| {
        options.fix.iter().any(|(fixed, _)| fixed == name) || options.tie.iter().any(|(alias, _)| alias == name)
    };
    let own = |p: &&crate::law::Parameter| {
        let declared = p.per.as_deref().is_some_and(|per| per == families.name || per == "family");
        (declared || options.per_family.contains(&p.name)) && p.known.is_none() && !held(&p.name)
    };
    let own: Vec<&str> = law.parameters.iter().filter(own).map(|p| p.name.as_str()).collect();
    let counted = |label: usize| families.index.iter().filter(|&&i| i as usize == label).count();
    let rows: Vec<usize> = (0..families.levels.len()).map(counted).collect();
    if rows.len() > 1 && rows.iter().all(|rows| *rows < own.len()) {
        let most = *rows.iter().max().unwrap_or(&0);
        return Err(FitError::new(
            format!(
                "no family ({}) has more than {} for {} of its own ({}): any numbers fit",
                few(&families.levels),
                count(most, "row"),
                count(own.len(), "parameter"),
                own.join(", ")
            ),
            match shared(law, families, &own, &rows) {
                Some(flags) => format!("add runs, or let families share more parameters: {flags}"),
                None => "add runs, or take a law with fewer parameters".to_owned(),
            },
        ));
    }
    for (family, &own_rows) in families.levels.iter().zip(&rows) {
        if own_rows < own.len() {
            return Err(FitError::new(
                format!(
                    "the family {family} has {} for {} of its own ({}): any numbers fit it",
                    count(own_rows, "row"),
                    count(own.len(), "parameter"),
                    own.join(", ")
                ),
                {
                    let out = format!("leave it out: --where {}", in_shell(&condition(families, family)));
                    match shared(law, families, &own, &rows) {
                        Some(flags) => format!("{out}, or let families share more parameters: {flags}"),
                        None => out,
                    }
                },
            ));
        }
    }
    Ok(())
}

/// How `isoloss fit` is told to let families differ by factors of powers alone: by as many as the rows of each, and of all,
/// allow.
fn shared(law: &Law, families: &Labels, own: &[&str], rows: &[usize]) -> Option<String> {
    let mut factors: Vec<&str> = own.iter().copied().filter(|name| is_factor(&law.formula, name)).collect();
    let free = |factors: &[&str]| law.parameters.len() + factors.len() * (families.levels.len() - 1);
    let least = rows.iter().copied().min().unwrap_or(0);
    while factors.len() == own.len() || factors.len() > least || families.index.len() <= free(&factors) {
        factors.pop()?;
    }
    let column = &families.name;
    let column = if column.contains(char::is_whitespace) { format!("\"{column}\"") } else { column.clone() };
    (!factors.is_empty()).then(|| format!("--per {column} {}", factors.join(",")))
}

/// The first names, and how many more there are.
fn few(names: &[String]) -> String {
    const MOST: usize = 4;
    let more = names.len().saturating_sub(MOST);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// `family != 'x'`, as the formula language reads the column.
fn condition(families: &Labels, family: &str) -> String {
    let name = name_in_expression(&families.name);
    // A column of numbers is compared with a number.
    match families.levels.iter().all(|level| level.parse::<f64>().is_ok()) {
        true => format!("{name} != {family}"),
        false => format!("{name} != {}", word_in_expression(family)),
    }
}
