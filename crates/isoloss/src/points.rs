//! From prepared rows to the points of a fit.

use isoloss_formula::{Column, Quantity, Table, in_shell, name_in_expression};
use isoloss_laws::{Labels, Law, Points};
use isoloss_runs::ReadError;

use crate::numbers::number;

/// Columns that go with the rows beside those of the law.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    pub group: Option<&'a str>,
    pub cluster: Option<&'a str>,
    pub weight: Option<&'a str>,
    pub se: Option<&'a str>,
}

/// The names a law asks the table for: target, inputs, members of its column groups.
pub fn needed(law: &Law, headers: &[String]) -> Vec<String> {
    let mut names: Vec<String> = law.variables.iter().map(|(name, _)| name.clone()).collect();
    let groups = law.formula.groups();
    let members = headers.iter().filter(|h| groups.iter().any(|g| h.starts_with(g.as_str())));
    let members: Vec<String> = members.filter(|h| !names.contains(h)).cloned().collect();
    names.extend(members);
    names
}

/// The points that a law is fitted to.
pub fn points(law: &Law, needed: &[String], table: &Table, beside: Beside<'_>) -> Result<Points, ReadError> {
    let mut points = Points { target: column_of(table, &needed[0])?, ..Points::default() };
    for name in &needed[1..] {
        points.columns.push((name.clone(), column_of(table, name)?));
    }
    for name in needed {
        let Some(column) = table.column(name) else { continue };
        if let Some(unit) = unit(column) {
            points.units.push((name.clone(), unit.to_owned()));
        }
        if let Some(convention) = &column.convention {
            points.conventions.push((name.clone(), convention.clone()));
        }
    }
    let labels = |name: Option<&str>| {
        let column = name.and_then(|n| table.column(n))?;
        Some(Labels::new(column.name.clone(), (0..table.len()).map(|row| column.text(row))))
    };
    points.family = labels(beside.group);
    points.cluster = labels(beside.cluster);
    let checked = |name: Option<&str>, above: &str, fits: fn(f64) -> bool| {
        let Some(name) = name else { return Ok(None) };
        let values = column_of(table, name)?;
        match values.iter().position(|v| !fits(*v)) {
            None => Ok(Some(values)),
            Some(row) => {
                let text = format!("`{name}` is {}: expected {above}", number(values[row], 5));
                Err(ReadError::new(&table.source, text).at(table.line(row)).hint(format!(
                    "leave the row out: --where {}",
                    in_shell(&format!("{} > 0", name_in_expression(name)))
                )))
            }
        }
    };
    points.weight = checked(beside.weight, "a weight of zero or more", |w| w >= 0.0)?;
    points.se = checked(beside.se, "a standard error above zero", |s| s > 0.0)?;
    points.lines = (0..table.len()).map(|row| table.line(row)).collect();
    debug_assert_eq!(law.formula.target, needed[0]);
    Ok(points)
}

fn column_of(table: &Table, name: &str) -> Result<Vec<f64>, ReadError> {
    let numbers = table.column(name).and_then(Column::as_numbers);
    let missing = || ReadError::new(&table.source, format!("there are no numbers in a column `{name}`"));
    numbers.map(|n| n.values.clone()).ok_or_else(missing)
}

/// The base unit of a column whose header declares what it measures.
fn unit(column: &Column) -> Option<&'static str> {
    match column.unit.as_ref()?.quantity {
        Quantity::Params => Some("parameters"),
        Quantity::Tokens => Some("tokens"),
        Quantity::Flops => Some("FLOPs"),
        Quantity::Nats => Some("nats"),
        Quantity::Bits => Some("bits"),
        Quantity::Unnamed => None,
    }
}
