//! Settings for people, as they are checked: names, kinds, defaults and words are those of the structs that read them, by way of
//! their JSON schemas.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// A setting, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key.
    pub name: String,
    /// What it may be: `whole number`, `one of constant, cosine`, `table of experts, chosen`.
    pub kind: String,
    /// What it is where it is left out, as it would be written, or `none`; nothing where it must be given.
    pub default: Option<String>,
    /// What it means.
    pub says: String,
    /// What stands in it, where it is a table.
    pub inside: Vec<Setting>,
}

/// The settings of a struct, in their order.
pub(crate) fn settings<T: JsonSchema>() -> Vec<Setting> {
    // Of what is written and not of what is read: there all keys are required, and these are the ones that keep their order.
    let as_written = SchemaSettings::default().for_serialize().with(|settings| settings.inline_subschemas = true);
    inside(as_written.into_generator().into_root_schema_for::<T>().as_value())
}

/// The settings of a table.
fn inside(table: &Value) -> Vec<Setting> {
    let one = |name: &str| {
        let setting = &table["properties"][name];
        // What may be none is of several types.
        let may_lack = setting["type"].is_array() || setting["anyOf"].is_array();
        Setting {
            name: name.to_owned(),
            kind: kind(setting),
            default: setting.get("default").map(written).or_else(|| may_lack.then(|| "none".to_owned())),
            says: says(setting),
            inside: inside(setting),
        }
    };
    let all: Vec<Setting> = keys(table).into_iter().map(one).collect();
    // A table of tables is told of where they are.
    if all.iter().all(|setting| !setting.inside.is_empty()) { Vec::new() } else { all }
}

/// The keys of a table, in their order.
fn keys(table: &Value) -> Vec<&str> {
    let keys: Vec<&str> = table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let count = table["properties"].as_object().map_or(0, serde_json::Map::len);
    // A key that may be left out of what is written is none of them.
    debug_assert_eq!(
        keys.len(),
        count,
        "`skip_serializing_if` asks for `#[schemars(!skip_serializing_if)]` beside {keys:?}"
    );
    keys
}

/// What a value may be.
fn kind(schema: &Value) -> String {
    // What is read in a way of its own says so.
    if let Some(title) = schema["title"].as_str() {
        return title.to_owned();
    }
    let alternatives = ["enum", "oneOf"].map(|of| schema[of].as_array());
    if alternatives != [None, None] {
        let all = alternatives.into_iter().flatten().flatten().filter(|one| !one.is_null());
        let word = |one: &Value| one["const"].as_str().or(one.as_str()).map_or_else(|| kind(one), str::to_owned);
        return format!("one of {}", all.map(word).collect::<Vec<_>>().join(", "));
    }
    // Of what may be none, `null` is the second.
    match schema["type"].as_str().or(schema["type"][0].as_str()) {
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("number") => "number".to_owned(),
        Some("array") => {
            let count = schema["maxItems"].as_u64().map_or(String::new(), |count| format!(" of {count}"));
            format!("list{count}: {}", kind(&schema["items"]))
        }
        Some("object") if keys(schema).is_empty() => "table by names".to_owned(),
        Some("object") => format!("table of {}", keys(schema).join(", ")),
        None if schema["anyOf"].is_array() => kind(&schema["anyOf"][0]),
        _ => "word".to_owned(),
    }
}

/// The documentation of a value in one line.
fn says(schema: &Value) -> String {
    let lines = schema["description"].as_str().unwrap_or_default().lines();
    // Links of the documentation are names here.
    lines.map(str::trim).collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")
}

/// A value as an experiment has it.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Array(all) => format!("[{}]", all.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(all) => {
            let known = all.iter().filter(|(_, value)| !value.is_null());
            if all.values().any(Value::is_object) {
                // Tables of tables are what each of them is by default.
                return "{}".to_owned();
            }
            let each: Vec<String> = known.map(|(key, value)| format!("{key} = {}", written(value))).collect();
            if each.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", each.join(", ")) }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    /// Settings.
    #[derive(JsonSchema, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct All {
        /// How `many`, in so many words that a line of the source is as long as a line of the source may become, and
        /// "no more" than [`All`].
        many: usize,
        /// How much.
        #[serde(default = "half")]
        much: f64,
        /// Whether.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[schemars(!skip_serializing_if)]
        whether: bool,
        /// What inside.
        #[serde(default)]
        inside: Option<Inner>,
        /// Which.
        which: Vec<Which>,
        /// One of them.
        one: Option<Which>,
        /// By name.
        #[schemars(title = "a table of a kind")]
        own: Vec<f64>,
        /// Two.
        #[serde(default)]
        two: [u64; 2],
        /// Of tables.
        #[serde(default)]
        tables: Tables,
    }

    #[derive(Default, JsonSchema, Serialize, Deserialize)]
    struct Tables {
        inner: Inner,
    }

    #[derive(Default, JsonSchema, Serialize, Deserialize)]
    #[serde(default)]
    struct Inner {
        /// What.
        b: String,
        a: usize,
    }

    #[derive(JsonSchema, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Which {
        /// This.
        ThisOne,
        /// That.
        Other,
    }

    fn half() -> f64 {
        0.5
    }

    #[test]
    fn settings_are_told_as_they_are_read() {
        fn told(all: &[Setting]) -> Vec<[&str; 4]> {
            all.iter().map(|s| [&*s.name, &*s.kind, s.default.as_deref().unwrap_or("-"), &*s.says]).collect()
        }
        let many = "How `many`, in so many words that a line of the source is as long as a line of the source may become, \
                    and \"no more\" than `All`.";
        let all = settings::<All>();
        assert_eq!(
            told(&all),
            [
                ["many", "whole number", "-", many],
                ["much", "number", "0.5", "How much."],
                ["whether", "true or false", "false", "Whether."],
                ["inside", "table of b, a", "none", "What inside."],
                ["which", "list: one of this_one, other", "-", "Which."],
                ["one", "one of this_one, other", "none", "One of them."],
                ["own", "a table of a kind", "-", "By name."],
                ["two", "list of 2: whole number", "[0, 0]", "Two."],
                ["tables", "table of inner", "{}", "Of tables."],
            ]
        );
        assert_eq!(told(&all[3].inside), [["b", "word", "\"\"", "What."], ["a", "whole number", "0", ""]]);
        assert_eq!(told(&all[8].inside), [[""; 4]; 0]);
    }

    #[test]
    #[should_panic(expected = "skip_serializing_if")]
    fn a_setting_that_loses_its_place_is_seen() {
        #[derive(JsonSchema, Serialize, Deserialize)]
        struct One {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            one: Option<bool>,
        }
        settings::<One>();
    }
}
