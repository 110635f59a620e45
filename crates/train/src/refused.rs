//! What makes no sense, and where it stands: so that whoever wrote a setting is led to it.

use std::borrow::Cow;
use std::fmt;

/// More is a slip of the keys: counts of parameters must not overflow.
pub(crate) const MOST: usize = 1 << 20;

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The setting, by its name in the table it belongs to, with dots inside it: `init.head`.
    pub setting: Cow<'static, str>,
    /// What is wrong with it.
    pub says: String,
}

impl Refused {
    pub(crate) fn new(setting: &'static str, says: impl Into<String>) -> Self {
        Self { setting: setting.into(), says: says.into() }
    }

    /// The same of a setting inside of that table.
    pub(crate) fn inside(self, table: &str) -> Self {
        Self { setting: format!("{table}.{}", self.setting).into(), says: self.says }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.says)
    }
}

impl std::error::Error for Refused {}

/// A number above 0.
pub(crate) fn positive(setting: &'static str, x: f64) -> Result<(), Refused> {
    within(setting, x, x > 0.0 && x.is_finite(), "a number above 0")
}

/// A number that is 0 or more.
pub(crate) fn not_negative(setting: &'static str, x: f64) -> Result<(), Refused> {
    within(setting, x, x >= 0.0 && x.is_finite(), "0 or a number above it")
}

/// Any number.
pub(crate) fn finite(setting: &'static str, x: f64) -> Result<(), Refused> {
    within(setting, x, x.is_finite(), "a number")
}

/// Refuses a number that is none for a size.
pub(crate) fn sized(setting: &'static str, n: usize) -> Result<(), Refused> {
    within(setting, n as f64, (1..=MOST).contains(&n), "between 1 and 2^20")
}

/// A part of a whole.
pub(crate) fn share(setting: &'static str, x: f64) -> Result<(), Refused> {
    within(setting, x, (0.0..=1.0).contains(&x), "between 0 and 1")
}

pub(crate) fn within(setting: &'static str, x: f64, holds: bool, expected: &str) -> Result<(), Refused> {
    if holds { Ok(()) } else { Err(Refused::new(setting, format!("{x} is not {expected}"))) }
}
