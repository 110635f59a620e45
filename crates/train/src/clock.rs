//! The clocks: when it is, and what a thread has used of its processor.

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use cpu_time::ThreadTime;

/// Now, RFC 3339 in UTC, whole seconds.
pub(crate) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Processor time of this thread so far.
pub(crate) fn of_thread() -> Duration {
    ThreadTime::now().as_duration()
}
