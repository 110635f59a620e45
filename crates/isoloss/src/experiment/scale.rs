//! Scales: settings that an experiment has in the place of others when it is asked a larger, or a smaller, question.
//!
//! ```toml
//! [scale.paper.ladder]                    # --set scale=paper
//! sizes = { d_model = [512, 768, 1024] }
//! exposures = [1000]                      # in the place of whatever said how long runs are
//! [scale.paper.evaluation]
//! windows = 4096
//! ```
//!
//! Tables are merged, whatever their depth; a list or a value takes the place of the one that was there.

use toml::{Table, Value};

use super::ExperimentError;
use super::file::File;
use super::ladder::HORIZONS;

/// The table of scales, and the setting that chooses one.
pub(super) const KEY: &str = "scale";

/// The names of the scales of a file.
pub(super) fn names(root: &Table) -> Vec<String> {
    root.get(KEY).and_then(Value::as_table).map(|scales| scales.keys().cloned().collect()).unwrap_or_default()
}

/// Puts the settings of a scale in their places.
pub(super) fn choose(file: &mut File, name: &str) -> Result<(), ExperimentError> {
    let scale = file.root.get(KEY).and_then(|scales| scales.get(name)).and_then(Value::as_table);
    let Some(scale) = scale.cloned() else {
        let error = ExperimentError::new(&format!("--set {KEY}={name}"), format!("{} has no such scale", file.source));
        let names = names(&file.root);
        let near =
            isoloss_formula::nearest(name, names.iter().map(String::as_str)).first().map(|near| near.to_string());
        return Err(match (near, names.is_empty()) {
            (_, true) => error.hint("it has none: a scale is a table [scale.NAME] of settings that replace others"),
            (Some(near), _) => error.hint(format!("is {near} meant? It has {}", names.join(", "))),
            (None, _) => error.hint(format!("it has {}", names.join(", "))),
        });
    };
    if let (Some(Value::Table(new)), Some(Value::Table(ladder))) = (scale.get("ladder"), file.root.get_mut("ladder"))
        && HORIZONS.iter().any(|key| new.contains_key(*key))
    {
        HORIZONS.iter().for_each(|key| drop(ladder.remove(*key)));
    }
    merge(&mut file.root, &scale);
    file.scale = Some(name.to_owned());
    Ok(())
}

fn merge(into: &mut Table, from: &Table) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_merged_and_the_rest_is_replaced() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        let mut into = table("a = { b = { c = 1, d = [1, 2] }, e = 5 }\nf = { g = 1 }");
        merge(&mut into, &table("a = { b = { d = [3] }, h = 2 }\nf = 7"));
        assert_eq!(into, table("a = { b = { c = 1, d = [3] }, e = 5, h = 2 }\nf = 7"));
    }
}
