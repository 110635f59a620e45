//! The third of N, D and C from the other two.

use isoloss_formula::Table;

use crate::maps::from_sources;

/// What training compute is taken to be, where it was not counted.
const CONVENTION: &str = "C = 6ND";

/// Adds those of the columns N, D and C that are wanted, missing, and follow from the other two by C = 6ND; says so.
pub fn derive_missing(table: &mut Table, wanted: &[&str]) -> Vec<String> {
    type Rule = (&'static str, [&'static str; 2], &'static str, fn(f64, f64) -> f64);
    let rules: [Rule; 3] = [
        ("D", ["C", "N"], "D = C/(6*N)", |c, n| c / (6.0 * n)),
        ("N", ["C", "D"], "N = C/(6*D)", |c, d| c / (6.0 * d)),
        ("C", ["N", "D"], "C = 6*N*D", |n, d| 6.0 * n * d),
    ];
    let mut says = Vec::new();
    for (new, from, formula, compute) in rules {
        if !wanted.contains(&new) || table.column(new).is_some() {
            continue;
        }
        let [Some(x), Some(y)] = from.map(|name| table.column(name)) else { continue };
        let (Some(a), Some(b)) = (x.as_numbers(), y.as_numbers()) else { continue };
        let values = a.values.iter().zip(&b.values).map(|(a, b)| compute(*a, *b)).collect();
        let mut column = from_sources(new, values, &[x, y]);
        column.convention = Some(CONVENTION.into());
        table.push(column);
        says.push(format!("no column {new}: {formula}, the convention {CONVENTION}"));
    }
    says
}

#[cfg(test)]
mod tests {
    use isoloss_formula::Column;

    use super::*;

    #[test]
    fn any_two_give_the_third() {
        let column = |name: &str, v: f64| Column::numbers(name, vec![v, f64::NAN]);
        for (a, b, missing) in [("C", "N", "D"), ("C", "D", "N"), ("N", "D", "C")] {
            let value = |name: &str| {
                if name == "C" {
                    36.0
                } else if name == "N" {
                    2.0
                } else {
                    3.0
                }
            };
            let mut table = Table::new("x", vec![column(a, value(a)), column(b, value(b))], vec![2, 3]);
            let says = derive_missing(&mut table, &["N", "D", "C", "L"]);
            let made = table.column(missing).unwrap();
            assert_eq!(made.as_numbers().unwrap().values[0], value(missing));
            assert_eq!((made.convention.as_deref(), says.len()), (Some("C = 6ND"), 1));
            assert!(derive_missing(&mut table, &["N", "D", "C"]).is_empty());
        }
    }
}
