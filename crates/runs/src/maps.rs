//! `--map NEW=EXPR`: new columns from old ones.

use std::collections::HashMap;

use isoloss_formula::{Column, EvalError, Expr, Oddity, ParseError, Table, evaluate, nearest, parse_expression};

use crate::ReadError;
use crate::error::{listed, quoted, shell};
use crate::guess::map_flag;

/// Adds the mapped columns in order, so later maps see earlier ones; says what was done.
///
/// An expression that is a header letter for letter, spaces and all, is that column.
pub fn apply_maps(table: &mut Table, maps: &[(String, String)]) -> Result<Vec<String>, ReadError> {
    let mut says = Vec::new();
    for (new, expression) in maps {
        let replaced =
            if table.column(new).is_some() && new != expression { " (in place of the one in the file)" } else { "" };
        let column = match table.column(expression) {
            Some(column) => Column { name: new.clone(), ..column.clone() },
            None => computed(table, new, expression)?,
        };
        if new != expression {
            says.push(format!("{new} = {expression}{replaced}"));
            table.push(column);
        }
    }
    Ok(says)
}

/// Where mapped columns came from: the header behind each new name.
pub(crate) fn origins(table: &Table, maps: &[(String, String)]) -> HashMap<String, String> {
    let mut origins = HashMap::new();
    for (new, expression) in maps {
        if table.column(expression).is_some() {
            let first = origins.get(expression).unwrap_or(expression).clone();
            origins.insert(new.clone(), first);
        } else {
            origins.remove(new);
        }
    }
    origins
}

fn computed(table: &Table, new: &str, expression: &str) -> Result<Column, ReadError> {
    let flag = map_flag(new, expression);
    let parsed = parse_expression(expression).map_err(|e| unparsed(&flag, e))?;
    let values = evaluate(&parsed, table).map_err(|e| unevaluated(&flag, expression, e))?;
    Ok(with_reasons(table, new, &parsed, values))
}

/// A text that is no expression, with the flag in place of a file. The message shows the place in the text.
pub(crate) fn unparsed(flag: &str, mut error: ParseError) -> ReadError {
    let (hint, start) = (error.hint.take(), error.span.start);
    let column = error.source.get(..start).map_or(start, |before| before.chars().count());
    ReadError { hint, ..ReadError::new(flag, error.to_string()).column(column as u64 + 1) }
}

/// An expression that does not fit the table, likewise.
pub(crate) fn unevaluated(flag: &str, text: &str, error: EvalError) -> ReadError {
    let EvalError { message, span, hint, .. } = error;
    unparsed(flag, ParseError { message, span, hint, source: text.to_owned() })
}

/// A cell without a value says what its sources say, so that the reason for leaving a row out is the one in the file.
fn with_reasons(table: &Table, new: &str, expression: &Expr, values: Vec<f64>) -> Column {
    let sources: Vec<&Column> = expression.names().iter().filter_map(|name| table.column(name)).collect();
    from_sources(new, values, &sources)
}

/// A column of values computed row by row from others.
pub(crate) fn from_sources(new: &str, values: Vec<f64>, sources: &[&Column]) -> Column {
    let mut column = Column::numbers(new, values);
    if let isoloss_formula::Data::Numbers(numbers) = &mut column.data {
        for Oddity { row, text } in &mut numbers.oddities {
            let source = sources.iter().filter_map(|c| c.as_numbers()).find_map(|n| {
                let at = n.oddities.binary_search_by_key(row, |o| o.row).ok()?;
                Some(n.oddities[at].text.clone())
            });
            *text = match source {
                Some(said) => said,
                None if text.is_empty() => "NaN".into(),
                None => text.clone(),
            };
        }
    }
    column
}

/// The column of that name, or an error with the nearest that are there and the option that names it.
///
/// A name that comes from a law and not from an option has `MAP` for one.
pub(crate) fn required<'a>(table: &'a Table, name: &str, option: &str) -> Result<&'a Column, ReadError> {
    table.column(name).ok_or_else(|| {
        let headers: Vec<String> = table.columns().iter().map(|c| quoted(&c.name)).collect();
        let near = nearest(name, table.columns().iter().map(|c| c.name.as_str()));
        let missing = format!("there is no column {}", quoted(name));
        if option == MAP {
            return ReadError::new(&table.source, missing).hint(match near.first() {
                Some(near) => format!("did you mean {}? {} makes it so", quoted(near), map_flag(name, near)),
                None => format!("the columns are {}; name one by {}", listed(&headers, 12), map_flag(name, "...")),
            });
        }
        let flags: Vec<String> = near.iter().map(|near| format!("{option} {}", shell(near))).collect();
        let error = ReadError::new(&table.source, format!("{option} {}: {missing}", shell(name)));
        error.hint(match flags.is_empty() {
            false => format!("did you mean {}?", flags.join(" or ")),
            true => format!("{option} takes one of the columns {}", listed(&headers, 12)),
        })
    })
}

/// The option behind names that a law gives.
pub(crate) const MAP: &str = "--map";

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut loss = Column::numbers("val loss", vec![2.0, f64::NAN]);
        if let isoloss_formula::Data::Numbers(n) = &mut loss.data {
            n.oddities[0].text = "diverged".into();
        }
        Table::new("x.csv", vec![loss, Column::numbers("C", vec![12.0, 24.0])], vec![2, 3])
    }

    fn maps(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
    }

    #[test]
    fn headers_letter_for_letter_then_expressions() {
        let mut t = table();
        let says = apply_maps(&mut t, &maps(&[("L", "val loss"), ("M", "C/6 + L"), ("C", "C/2")])).unwrap();
        assert_eq!(t.column("M").unwrap().as_numbers().unwrap().values[0], 4.0);
        assert_eq!(t.column("M").unwrap().text(1), "diverged");
        assert_eq!(t.column("C").unwrap().text(0), "6");
        assert_eq!(says[2], "C = C/2 (in place of the one in the file)");
        assert_eq!(origins(&table(), &maps(&[("L", "val loss")]))["L"], "val loss");
    }

    #[test]
    fn errors_name_the_flag() {
        let error = apply_maps(&mut table(), &maps(&[("M", "C/(6*")])).unwrap_err();
        assert!(error.to_string().starts_with("--map \"M=C/(6*\":"), "{error}");
        let error = apply_maps(&mut table(), &maps(&[("M", "C/K")])).unwrap_err();
        assert_eq!(error.column, Some(3), "{error}");
        let error = required(&table(), "val_loss", MAP).unwrap_err();
        assert!(error.hint.unwrap().contains("--map \"val_loss=val loss\""));
        let error = required(&table(), "val_loss", "--loss").unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.csv: --loss val_loss: there is no column `val_loss`\nhint: did you mean --loss \"val loss\"?"
        );
        let error = required(&table(), "seeds", "--weight").unwrap_err();
        assert_eq!(error.hint.unwrap(), "--weight takes one of the columns `val loss`, `C`");
    }
}
