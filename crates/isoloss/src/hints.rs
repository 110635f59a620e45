//! Hints of warnings, with the columns of the table at hand: laws know what a variable is, not which header it had.

use isoloss_formula::{Table, name_in_expression};
use isoloss_runs::map_flag;

/// `--map "D=1e6*COLUMN"` with the column that D was made of, so that it can be typed as it stands.
pub fn with_columns(hint: &str, table: &Table, maps: &[(String, String)]) -> String {
    const FLAG: &str = "--map \"";
    let mut said = String::new();
    let mut rest = hint;
    while let Some((before, flag)) = rest.split_once(FLAG) {
        let Some((pair, behind)) = flag.split_once('"') else { break };
        said.push_str(before);
        match pair.split_once('=').filter(|(_, expression)| expression.contains("COLUMN")) {
            Some((name, expression)) => {
                said.push_str(&map_flag(name, &expression.replace("COLUMN", &behind_name(name, table, maps))));
            }
            None => said.push_str(&format!("{FLAG}{pair}\"")),
        }
        rest = behind;
    }
    said + rest
}

/// What a variable was made of, as part of an expression.
fn behind_name(name: &str, table: &Table, maps: &[(String, String)]) -> String {
    match maps.iter().rev().find(|(new, _)| new == name) {
        Some((_, header)) if table.column(header).is_some() => name_in_expression(header),
        Some((_, expression)) => format!("({expression})"),
        None => name_in_expression(name),
    }
}

#[cfg(test)]
mod tests {
    use isoloss_formula::Column;

    use super::*;

    #[test]
    fn a_hint_names_the_column_at_hand() {
        let table = Table::new("x", vec![Column::numbers("train tokens", vec![3.0])], vec![2]);
        let hint = "if millions: --map \"D=1e6*COLUMN\"; if billions, 1e9";
        let maps = |column: &str| vec![("D".to_owned(), column.to_owned())];
        let said = with_columns(hint, &table, &maps("train tokens"));
        assert_eq!(said, "if millions: --map 'D=1e6*`train tokens`'; if billions, 1e9");
        assert!(with_columns(hint, &table, &maps("C/6")).contains("--map \"D=1e6*(C/6)\""));
        assert!(with_columns(hint, &table, &[]).contains("--map \"D=1e6*D\""));
        for other in ["--map \"X=N\" names it", "--map \"not closed", "none"] {
            assert_eq!(with_columns(other, &table, &[]), other);
        }
    }
}
