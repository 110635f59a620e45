//! The laws that ship: one file each in `catalogue/`, one line each here. The order is that of `isoloss list laws`.

use crate::law::Law;
use std::sync::LazyLock;

const FILES: &[(&str, &str)] = &[
    ("chinchilla.toml", include_str!("../catalogue/chinchilla.toml")),
    ("power.toml", include_str!("../catalogue/power.toml")),
    ("power-floor.toml", include_str!("../catalogue/power-floor.toml")),
    ("frontier.toml", include_str!("../catalogue/frontier.toml")),
    ("kaplan-n.toml", include_str!("../catalogue/kaplan-n.toml")),
    ("kaplan-d.toml", include_str!("../catalogue/kaplan-d.toml")),
    ("kaplan.toml", include_str!("../catalogue/kaplan.toml")),
    ("data-constrained.toml", include_str!("../catalogue/data-constrained.toml")),
    ("effective-size.toml", include_str!("../catalogue/effective-size.toml")),
    ("knowledge-capacity.toml", include_str!("../catalogue/knowledge-capacity.toml")),
    ("log-line.toml", include_str!("../catalogue/log-line.toml")),
];

/// The names of the laws that ship, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(file, _)| file.trim_end_matches(".toml"))
}

/// All laws, parsed. A law that ships and does not parse is a bug that the tests find, so it panics.
pub fn laws() -> &'static [Law] {
    static LAWS: LazyLock<Vec<Law>> = LazyLock::new(|| {
        let parse = |(file, text): &(&str, &str)| Law::from_toml(file, text).unwrap_or_else(|e| panic!("{e}"));
        FILES.iter().map(parse).collect()
    });
    &LAWS
}

/// The law of that name. Parses that one file only.
pub fn law(name: &str) -> Option<Law> {
    let (file, text) = FILES.iter().find(|(file, _)| file.trim_end_matches(".toml") == name)?;
    Some(Law::from_toml(file, text).unwrap_or_else(|e| panic!("{e}")))
}
