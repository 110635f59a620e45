//! Numbers that papers print, as the files in `published/` hold them.

use serde::de::DeserializeOwned;

/// Reads a file that ships. That it cannot be read is a bug that the tests find, so it panics.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|e| panic!("a file of published numbers: {e}"))
}
