//! Parameters that are no property of models but of the data they learned, and so the same number in every row of a table:
//! a law names the column that holds each, and they are held at what it says.

use isoloss_formula::{Table, in_shell, name_in_expression};
use isoloss_laws::Law;

use crate::failure::Failure;
use crate::numbers::exact;

/// A parameter that is held at what a table says.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    pub name: String,
    pub value: f64,
    pub column: String,
}

impl Constant {
    /// `N0 = 160000, of the corpus`
    pub fn words(&self) -> String {
        let Self { name, value, column } = self;
        // What records have of their data.
        let of = if column.starts_with("data.") { "the corpus".to_owned() } else { format!("column `{column}`") };
        format!("{name} = {}, of {of}", exact(*value))
    }
}

/// Two numbers are the same within this share.
const SAME: f64 = 1e-9;

/// Holds what the table knows of a law's parameters, unless they are fixed. A column that is called as the parameter, which
/// a map makes, goes before the one that the law names. Gives what is held, and what is to be minded, a sentence each.
///
/// # Errors
/// If a column has several values: the law has one.
pub fn hold(law: &mut Law, table: &Table, fixed: &[(String, f64)]) -> Result<(Vec<Constant>, Vec<String>), Failure> {
    let (mut held, mut minded) = (Vec::new(), Vec::new());
    let names = law.columns.clone();
    for parameter in &mut law.parameters {
        let Some((name, column)) = names.iter().find(|(name, _)| *name == parameter.name) else { continue };
        let column = if table.column(name).is_some() { name } else { column };
        let values = distinct(table, column);
        let asked = fixed.iter().find(|(fixed, _)| fixed.split('[').next() == Some(name)).map(|(_, value)| *value);
        match (asked, values.as_slice()) {
            (Some(asked), values) => {
                if let Some(other) = values.iter().find(|value| !same(**value, asked)) {
                    let (asked, other) = (exact(asked), exact(*other));
                    minded
                        .push(format!("warning: {name} is held at {asked}, as was asked, and `{column}` says {other}"));
                }
            }
            (None, []) => minded.extend(parameter.known.map(|known| {
                format!(
                    "note: {name} is held at {}, as the law has it: no column `{column}` says otherwise",
                    exact(known)
                )
            })),
            (None, [value]) => {
                parameter.known = Some(*value);
                held.push(Constant { name: name.clone(), value: *value, column: column.clone() });
            }
            (None, several) => {
                let all: Vec<String> = several.iter().take(4).map(|value| exact(*value)).collect();
                return Err(Failure::usage(
                    format_args!(
                        "{}: {name} is one number of the law {}, and `{column}` has several: {}",
                        table.source,
                        law.name,
                        all.join(", ")
                    ),
                    format_args!(
                        "--where {} fits the runs of one, --fix {name}={} takes one for all",
                        in_shell(&format!("{} = {}", name_in_expression(column), all[0])),
                        all[0]
                    ),
                ));
            }
        }
    }
    Ok((held, minded))
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * b.abs()
}

/// The numbers of a column, each once, in their order.
fn distinct(table: &Table, column: &str) -> Vec<f64> {
    let numbers = table.column(column).and_then(|column| column.as_numbers());
    let mut all: Vec<f64> = Vec::new();
    for value in numbers.iter().flat_map(|numbers| &numbers.values).filter(|value| value.is_finite()) {
        if !all.iter().any(|known| same(*known, *value)) {
            all.push(*value);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use isoloss_formula::Column;
    use isoloss_laws::catalogue;

    use super::*;

    #[test]
    fn a_table_says_what_the_same_runs_share() {
        let table = |names: [f64; 2]| {
            let columns =
                vec![Column::numbers("data.name_space", names.to_vec()), Column::numbers("S0", vec![f64::NAN, 64.0])];
            Table::new("x.csv", columns, vec![2, 3])
        };
        let law = || catalogue::law("knowledge-capacity").unwrap();
        let known = |law: &Law, name: &str| law.parameters.iter().find(|p| p.name == name).unwrap().known;
        let mut of = law();
        let (held, minded) = hold(&mut of, &table([160000.0, 160000.0]), &[]).unwrap();
        let words: Vec<String> = held.iter().map(Constant::words).collect();
        assert_eq!(words, ["N0 = 160000, of the corpus", "S0 = 64, of column `S0`"]);
        assert!(minded.is_empty() && known(&of, "N0") == Some(160000.0) && known(&of, "S0") == Some(64.0));
        // What is asked for stays, and what differs is said.
        let mut of = law();
        let (held, minded) = hold(&mut of, &table([1.0, 1.0]), &[("N0".into(), 2.0)]).unwrap();
        assert_eq!((held.len(), known(&of, "N0")), (1, Some(1.6e8)));
        assert_eq!(minded, ["warning: N0 is held at 2, as was asked, and `data.name_space` says 1"]);
        let several = hold(&mut law(), &table([1.0, 2.0]), &[]).unwrap_err();
        assert!(several.message().ends_with("has several: 1, 2"), "{several}");
        let nothing = Table::new("x.csv", vec![Column::numbers("N", vec![1.0])], vec![2]);
        let (held, minded) = hold(&mut law(), &nothing, &[]).unwrap();
        assert!(
            held.is_empty() && minded.len() == 2 && minded[0].starts_with("note: N0 is held at 160000000, "),
            "{minded:?}"
        );
    }
}
