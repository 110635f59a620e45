//! Settings for people, as they are checked: names and words are those of the struct that reads them, kinds and defaults what
//! reading it shows.

mod probe;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
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
    /// What stands in it, where it is a table that is told of.
    pub inside: Vec<Setting>,
}

/// A struct whose settings can be told of: made by [`documented!`].
pub(crate) trait Documented {
    /// The name of every setting, with its attributes as they stand in the source.
    const FIELDS: &'static [(&'static str, &'static [&'static str])];
}

/// A struct of settings, as it stands, that the program can tell of.
macro_rules! documented {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$of:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        pub struct $name { $($(#[$of])* pub $field: $type,)* }

        impl $crate::documented::Documented for $name {
            const FIELDS: &'static [(&'static str, &'static [&'static str])] =
                &[$((stringify!($field), &[$(stringify!($of)),*])),*];
        }
    };
}
pub(crate) use documented;

/// The settings of a struct, in their order.
pub(crate) fn settings<T: Documented + DeserializeOwned + Serialize + Debug>() -> Vec<Setting> {
    // What must be given is what reading asks for, one after the other.
    let mut given: Vec<&str> = Vec::new();
    let (read, debugged) = loop {
        match probe::read::<T>(&given) {
            Ok(read) => break (serde_json::to_value(&read).unwrap_or_default(), format!("{read:#?}")),
            Err(error) => match T::FIELDS.iter().find(|(name, _)| error.is_missing(name) && !given.contains(name)) {
                Some((name, _)) => given.push(name),
                None => break (Value::Null, String::new()),
            },
        }
    };
    let one = |&(name, attributes): &(&str, &[&str])| {
        let (kind, may_lack) = probe::kind_of::<T>(name);
        let default = match read.get(name) {
            _ if given.contains(&name) => None,
            None | Some(Value::Null) if may_lack => Some("none".to_owned()),
            // It is left out of a config where it has its usual value.
            None => {
                let line =
                    |line: &str| Some(line.strip_prefix(&format!("    {name}: "))?.trim_end_matches(',').to_owned());
                Some(debugged.lines().find_map(line).unwrap_or_else(|| "none".to_owned()))
            }
            Some(value) => Some(written(value)),
        };
        Setting { name: name.to_owned(), kind, default, says: says(attributes), inside: Vec::new() }
    };
    T::FIELDS.iter().map(one).collect()
}

/// The documentation among attributes.
fn says(attributes: &[&str]) -> String {
    let line = |attribute: &&str| {
        // Where a line is long the compiler may break it before or behind the sign.
        let quoted = attribute.strip_prefix("doc")?.trim_start().strip_prefix('=')?.trim_start();
        let raw = quoted.strip_prefix('r').map(|raw| raw.trim_matches('#').trim_matches('"').to_owned());
        let text = raw.or_else(|| serde_json::from_str(quoted).ok())?;
        // Links of the documentation are names here.
        Some(text.trim().replace("[`", "`").replace("`]", "`"))
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join(" ")
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
    use serde::Deserialize;

    use super::*;

    documented! {
        /// Settings.
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Some {
            /// How `many`, in so many words that a line of the source is as long as a line of the source may become, and
            /// "no more".
            pub many: usize,
            /// How much.
            #[serde(default = "half")]
            pub much: f64,
            /// Whether.
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            pub whether: bool,
            /// What inside.
            #[serde(default)]
            pub inside: Option<Inner>,
            /// Which.
            pub which: Vec<Which>,
        }
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub struct Inner {
        a: usize,
        b: String,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Which {
        ThisOne,
        Other,
    }

    fn half() -> f64 {
        0.5
    }

    #[test]
    fn settings_are_told_as_they_are_read() {
        let many = "How `many`, in so many words that a line of the source is as long as a line of the source may become, \
                    and \"no more\".";
        let all = settings::<Some>();
        let told: Vec<[&str; 4]> =
            all.iter().map(|s| [&*s.name, &*s.kind, s.default.as_deref().unwrap_or("-"), &*s.says]).collect();
        assert_eq!(
            told,
            [
                ["many", "whole number", "-", many],
                ["much", "number", "0.5", "How much."],
                ["whether", "true or false", "false", "Whether."],
                ["inside", "table of a, b", "none", "What inside."],
                ["which", "list: one of this_one, other", "-", "Which."],
            ]
        );
    }
}
