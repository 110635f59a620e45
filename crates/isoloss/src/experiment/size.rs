//! A size of a ladder: settings of the model, and of corpus and recipe where a key says so.
//!
//! ```toml
//! [ladder]
//! sizes = { "corpus.people" = [250, 500], d_model = [32, 64] }    # 250 people for the small model, 500 for the large one
//! ```

use toml::{Table, Value};

/// What the first word of a key may be; any other key is a setting of the model.
const TABLES: [&str; 2] = ["corpus", "recipe"];
/// Where the others belong.
const MODEL: &str = "model";

/// A size: settings by the keys that the ladder has for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Size(pub Table);

/// The table and the setting in it that a key stands for.
pub(super) fn parts(key: &str) -> (&str, &str) {
    let of = |table: &str| key.strip_prefix(table)?.strip_prefix('.');
    TABLES.into_iter().find_map(|table| Some((table, of(table)?))).unwrap_or((MODEL, key))
}

/// Whether a table has a setting, which may be inside of another: `tokens.words`.
pub(super) fn sets(table: &Table, setting: &str) -> bool {
    let (last, path) = setting.rsplit_once('.').map_or((setting, None), |(path, last)| (last, Some(path)));
    let inner = path.into_iter().flat_map(|path| path.split('.'));
    let inner = inner.into_iter().try_fold(table, |table, part| table.get(part)?.as_table());
    inner.is_some_and(|inner| inner.contains_key(last))
}

/// Whether a key of the ladder is a setting of the model.
pub(super) fn is_of_model(key: &str) -> bool {
    parts(key).0 == MODEL
}

/// A key without the table that it names.
pub(super) fn bare(key: &str) -> &str {
    parts(key).1
}

impl Size {
    /// The settings of a table of the experiment, with what this size has for it in their place.
    pub fn over(&self, table: &str, settings: &Table) -> Table {
        let mut all = settings.clone();
        for (key, value) in &self.0 {
            let (of, setting) = parts(key);
            match setting.rsplit_once('.').filter(|_| of == table && of != MODEL) {
                Some((path, last)) => {
                    let inner = path.split('.').try_fold(&mut all, |inner, part| {
                        inner.entry(part).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
                    });
                    inner.map(|inner| inner.insert(last.to_owned(), value.clone()));
                }
                None if of == table => drop(all.insert(setting.to_owned(), value.clone())),
                None => {}
            }
        }
        all
    }

    /// The key by which this size sets a setting, or something inside it, of a table.
    pub fn key(&self, table: &str, setting: &str) -> Option<&str> {
        let first = |path: &str| path.split('.').next().map(str::to_owned);
        let mut keys = self.0.keys().map(String::as_str);
        keys.find(|key| parts(key).0 == table && (parts(key).1 == setting || first(parts(key).1) == first(setting)))
    }

    /// The keys and values, as they are typed.
    pub fn typed(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(key, value)| (key.as_str(), plain(value)))
    }

    /// `people 250, d_model 32`
    pub fn label(&self) -> String {
        self.typed().map(|(key, value)| format!("{} {value}", bare(key))).collect::<Vec<_>>().join(", ")
    }
}

/// A value as it is typed, words without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) if !all.is_empty() => all.iter().map(plain).collect::<Vec<_>>().join("+"),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_to_the_tables_that_they_name() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        let size = Size(table(
            "'corpus.people' = 250\n'corpus.tokens.words' = 9\n'recipe.batch' = 8\nd_model = 32\ncorpus_x = 'a'",
        ));
        let base = table("people = 1\nbatch = 2");
        assert_eq!(size.over("corpus", &base), table("batch = 2\npeople = 250\ntokens.words = 9"));
        assert_eq!(size.over("recipe", &base), table("batch = 8\npeople = 1"));
        assert_eq!(size.over("model", &base), table("batch = 2\npeople = 1\nd_model = 32\ncorpus_x = 'a'"));
        assert_eq!(size.label(), "people 250, tokens.words 9, corpus_x a, d_model 32, batch 8");
        assert_eq!(size.key("corpus", "people"), Some("corpus.people"));
        assert_eq!(size.key("model", "people"), None);
        assert_eq!(size.key("corpus", "tokens"), Some("corpus.tokens.words"));
    }
}
