//! The names that elements of a drawing bear, so that a page can hide a series with all that belongs to it.

use crate::svg::Value;
use crate::text::Rich;

/// The name that gives a layer its colour, and a second one: of its shape, of its dashes, or of what an arrow leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Series {
    name: String,
    key: String,
}

impl Series {
    pub(super) fn new(name: Option<&Rich>, key: Option<&Rich>) -> Self {
        let said = |name: Option<&Rich>| name.map(ToString::to_string).unwrap_or_default();
        let (name, key) = (said(name), said(key));
        Self { key: if key == name { String::new() } else { key }, name }
    }

    /// What a reader is told of it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// `class`, with `data-series` and `data-key` where there are such names.
    pub(super) fn of<'a>(&'a self, class: &'a str) -> Vec<(&'a str, Value<'a>)> {
        let names = [("class", class), ("data-series", self.name.as_str()), ("data-key", self.key.as_str())];
        names.into_iter().filter(|(_, name)| !name.is_empty()).map(|(of, name)| (of, name.into())).collect()
    }
}
