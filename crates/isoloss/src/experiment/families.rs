//! The families: what is compared, each with settings of its own over the common ones.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::file::File;
use super::{ExperimentError, size};

/// One of the things that are compared: tables of settings, the family's own over the common ones.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub name: String,
    pub corpus: Table,
    pub model: Table,
    pub recipe: Table,
    /// The family whose sweep it takes its factors from, where that is not its own.
    pub tuned_as: Option<String>,
}

/// What a family has of its own.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Overrides {
    pub corpus: Table,
    pub model: Table,
    pub recipe: Table,
    pub tuned_as: Option<String>,
}

impl Overrides {
    /// Refuses what a family and the sizes both set: the sizes would win, and families be alike.
    pub fn refuse_sizes<'a>(
        &self,
        file: &File,
        family: &str,
        sizes: impl Iterator<Item = (&'a [&'a str], &'a String)>,
    ) -> Result<(), ExperimentError> {
        for (path, key) in sizes {
            let (table, setting) = size::parts(key);
            let own = match table {
                "corpus" => &self.corpus,
                "recipe" => &self.recipe,
                _ => &self.model,
            };
            if !size::sets(own, setting) {
                continue;
            }
            let there = [&["families", family, table], &setting.split('.').collect::<Vec<_>>()[..]].concat();
            let place = file.find(&there).map_or_else(String::new, |(line, _)| format!(" (line {line})"));
            let message = format!(
                "sets {key}, and so does [{}]{place}: sizes go before families, which would be alike",
                there.join(".")
            );
            let path: Vec<&str> = path.iter().copied().chain((path.len() > 1).then_some(key.as_str())).collect();
            let hint = "one of the two: what families differ in is no setting of a size";
            return Err(file.error(&path, message).hint(hint));
        }
        Ok(())
    }
}

/// What is to be said of a common setting that families have settings of their own for, if they do.
pub(super) fn unheeded(root: &Table, key: &str, typed: &str) -> Option<String> {
    let (table, setting) = key.split_once('.')?;
    let setting = setting.split('.').next()?;
    let families = root.get("families")?.as_table()?;
    let has = |family: &Value| family.get(table).and_then(|own| own.get(setting)).is_some();
    let own: Vec<&str> = families.iter().filter(|(_, family)| has(family)).map(|(name, _)| name.as_str()).collect();
    let first = own.first()?;
    let what = match own.len() == families.len() {
        true => format!("changes nothing: every family has {setting} of its own"),
        false => format!("changes nothing for {}, as it has {setting} of its own", own.join(" and ")),
    };
    Some(format!("--set {typed} {what}\nhint: --set families.{first}.{table}.{setting}=... sets that of a family"))
}

/// Refuses families that take the factors of one that has none of its own.
pub(super) fn refuse_tuning(
    file: &File,
    families: &BTreeMap<String, Overrides>,
    is_swept: bool,
) -> Result<(), ExperimentError> {
    let swept = families.iter().filter(|(_, own)| own.tuned_as.is_none());
    let swept: Vec<&str> = swept.map(|(name, _)| name.as_str()).collect();
    for (name, own) in families {
        let Some(other) = &own.tuned_as else { continue };
        let has_own = families.get(other).is_some_and(|other| other.tuned_as.is_none());
        let message = match (is_swept, has_own) {
            (false, _) => "takes what a sweep finds, and there is no [sweep]".to_owned(),
            (true, false) => {
                format!("there is no family {other} with a sweep of its own: expected one of {}", swept.join(", "))
            }
            (true, true) => continue,
        };
        return Err(file.error(&["families", name, "tuned_as"], message));
    }
    Ok(())
}

/// The families in the order of their names, each over what all have; one without a name if nothing is compared.
pub(super) fn over(common: Overrides, families: &BTreeMap<String, Overrides>) -> Vec<Family> {
    let over = |base: &Table, own: &Table| {
        let mut all = base.clone();
        all.extend(own.clone());
        all
    };
    let one = |(name, own): (&String, &Overrides)| Family {
        name: name.clone(),
        corpus: over(&common.corpus, &own.corpus),
        model: over(&common.model, &own.model),
        recipe: over(&common.recipe, &own.recipe),
        tuned_as: own.tuned_as.clone(),
    };
    if !families.is_empty() {
        return families.iter().map(one).collect();
    }
    let Overrides { corpus, model, recipe, tuned_as } = common;
    vec![Family { name: String::new(), corpus, model, recipe, tuned_as }]
}
