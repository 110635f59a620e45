//! Rows that differ in more than size: several datasets, architectures or optimizers under one law.

use std::collections::BTreeMap;

use isoloss_formula::{
    Column, Data, Table, in_shell, name_in_expression, parse_condition, parse_expression, word_in_expression,
};

use crate::Prepare;
use crate::error::{listed, quoted, shell};
use crate::names::{PREFIXES, normalised};

const COLUMNS: [&str; 16] = [
    "dataset",
    "datasets",
    "dataset_name",
    "corpus",
    "data",
    "train_dataset",
    "training_data",
    "architecture",
    "arch",
    "model_type",
    "family",
    "model_family",
    "optimizer",
    "optimiser",
    "optim",
    "optimizer_name",
];
/// More values than this tell runs apart, not kinds of runs.
const MOST: usize = 20;
/// Fewer rows than this say nothing of their kind.
const ROWS: usize = 3;

/// A column of words that tells kinds of runs apart, and which no option uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pooled {
    /// its name
    pub column: String,
    /// what would not pool its values: `--per dataset E,A,B fits them apart`
    pub remedy: String,
    /// what is said of it
    pub(crate) says: String,
}

/// The first column of words that no option uses, of which each value has rows enough to be fitted apart; beside families,
/// one that differs within a family. Where no law needs a column the rows are fitted by none, and pool nothing.
pub(crate) fn pooled(table: &Table, kept: &[usize], needed: &[&str], options: &Prepare) -> Option<Pooled> {
    if needed.is_empty() {
        return None;
    }
    let used = used(options);
    let families = options.group.as_ref().and_then(|name| table.column(name));
    let found: Vec<(&Column, Vec<&str>)> = (table.columns().iter())
        .filter(|c| is_kind(&c.name) && !used.contains(&c.name))
        .filter(|c| families.is_none_or(|families| differs_within(c, families, kept)))
        .filter_map(|c| Some((c, levels(c, kept)?)))
        .collect();
    let (column, levels) = found.first()?;
    let values: Vec<String> = levels.iter().map(|l| quoted(l)).collect();
    let beside: Vec<String> = found[1..].iter().map(|(c, _)| quoted(&c.name)).collect();
    let beside = if beside.is_empty() { String::new() } else { format!(" (and of {})", listed(&beside, 3)) };
    let remedy = match families {
        None => format!("{} fits them apart", flags(&column.name, needed)),
        Some(_) => {
            let one = format!("{} = {}", name_in_expression(&column.name), word_in_expression(levels[0]));
            format!("--where {} takes one of them", in_shell(&one))
        }
    };
    let whose =
        families.map_or("the rows".to_owned(), |families| format!("the rows of one {}", quoted(&families.name)));
    let says = format!(
        "{whose} pool {} values of column {}{beside}: {}; {remedy}",
        levels.len(),
        quoted(&column.name),
        listed(&values, 3),
    );
    Some(Pooled { column: column.name.clone(), remedy, says })
}

/// The floor and the coefficients differ between kinds of runs, the exponents hardly.
fn flags(column: &str, needed: &[&str]) -> String {
    let (column, inputs) = (shell(column), needed.iter().filter(|n| **n != "L").count());
    match inputs {
        1 => format!("--per {column} E,A"),
        2 if needed.contains(&"N") && needed.contains(&"D") => format!("--per {column} E,A,B"),
        _ => format!("--per {column} PARAMETERS"),
    }
}

/// Whether some family has rows of two kinds, as many as tell something of each.
fn differs_within(column: &Column, families: &Column, kept: &[usize]) -> bool {
    let mut counts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for &row in kept {
        let kind = column.text(row);
        // What is not known is no kind.
        if !kind.is_empty() {
            *counts.entry(families.text(row)).or_default().entry(kind).or_default() += 1;
        }
    }
    counts.values().any(|kinds| kinds.values().filter(|n| **n >= ROWS).count() > 1)
}

fn is_kind(header: &str) -> bool {
    let plain = normalised(header);
    let bare = PREFIXES.iter().find_map(|p| plain.strip_prefix(p)).unwrap_or(&plain);
    COLUMNS.contains(&bare)
}

/// The values of a column of words, if each has rows enough.
fn levels<'a>(column: &'a Column, kept: &[usize]) -> Option<Vec<&'a str>> {
    let Data::Words(words) = &column.data else { return None };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in kept.iter().filter(|row| !words[**row].is_empty()) {
        *counts.entry(&words[*row]).or_default() += 1;
        if counts.len() > MOST {
            return None;
        }
    }
    (counts.len() > 1 && counts.values().all(|n| *n >= ROWS)).then(|| counts.into_keys().collect())
}

/// Columns that an option names.
fn used(options: &Prepare) -> Vec<String> {
    let plain = [&options.group, &options.cluster, &options.last_of, &options.min_of, &options.weight, &options.se];
    let mut used: Vec<String> = plain.into_iter().flatten().cloned().collect();
    for condition in &options.where_ {
        used.extend(parse_condition(condition).map(|e| e.names()).unwrap_or_default());
    }
    for (_, expression) in &options.map {
        used.push(expression.clone());
        used.extend(parse_expression(expression).map(|e| e.names()).unwrap_or_default());
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(header: &str, words: &[&str], needed: &[&str], options: &Prepare) -> Option<String> {
        let column = Column::words(header, words.iter().map(|w| w.to_string()).collect());
        let table = Table::new("x", vec![column], vec![2; words.len()]);
        let kept: Vec<usize> = (0..words.len()).collect();
        pooled(&table, &kept, needed, options).map(|pooled| pooled.says)
    }

    #[test]
    fn families_that_pool_are_told_how_to_take_one_kind() {
        let words = |of: [&str; 12]| of.iter().map(|w| w.to_string()).collect();
        let said = |kinds: [&str; 12]| {
            let arch = ["base", "base", "base", "base", "base", "base", "new", "new", "new", "new", "new", "new"];
            let columns = vec![Column::words("arch", words(arch)), Column::words("data", words(kinds))];
            let table = Table::new("x", columns, vec![2; 12]);
            let options = Prepare { group: Some("arch".into()), ..Prepare::default() };
            pooled(&table, &(0..12).collect::<Vec<_>>(), &["L", "N", "D"], &options).map(|pooled| pooled.says)
        };
        let both = ["c4", "c4", "c4", "pile", "pile", "pile", "c4", "c4", "c4", "pile", "pile", "pile"];
        let expected = "the rows of one `arch` pool 2 values of column `data`: `c4`, `pile`; \
                        --where \"data = 'c4'\" takes one of them";
        assert_eq!(said(both).unwrap(), expected);
        // Blank cells are no kind, in one family as in all rows.
        assert_eq!(said(["c4", "c4", "c4", "", "", "", "pile", "pile", "pile", "", "", ""]), None);
        // Each family has its own.
        assert_eq!(said(["c4", "c4", "c4", "c4", "c4", "c4", "pile", "pile", "pile", "pile", "pile", "pile"]), None);
    }

    #[test]
    fn several_datasets_are_said_once_with_flags() {
        let words = ["c4", "c4", "c4", "pile", "pile", "pile"];
        let none = Prepare::default();
        let expected = "the rows pool 2 values of column `dataset`: `c4`, `pile`; \
                        --per dataset E,A,B fits them apart";
        assert_eq!(says("dataset", &words, &["L", "N", "D"], &none).unwrap(), expected);
        assert!(says("Model Family", &words, &["L", "X"], &none).unwrap().contains("--per \"Model Family\" E,A fits"));
        assert!(says("config/arch", &words, &["L", "X"], &none).is_some());
        assert!(says("seed", &words, &["L", "X"], &none).is_none());
        assert!(says("dataset", &words, &[], &none).is_none(), "no law is fitted");
        assert!(says("dataset", &words[..5], &["L", "X"], &none).is_none(), "two rows are no family");
        assert!(says("dataset", &words[..3], &["L", "X"], &none).is_none(), "one dataset pools nothing");
        for options in [
            Prepare { group: Some("dataset".into()), ..Prepare::default() },
            Prepare { cluster: Some("dataset".into()), ..Prepare::default() },
            Prepare { where_: vec!["dataset != 'x'".into()], ..Prepare::default() },
        ] {
            assert!(says("dataset", &words, &["L", "X"], &options).is_none());
        }
    }
}
