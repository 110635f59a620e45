//! Panics of libraries that are caught and made errors: what they would print is not for the person who reads.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// this thread catches what panics in it
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What the work gives, or none if it panicked; nothing is printed then. Panics of other threads are reported as ever.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static INSTALLED: Once = Once::new();
    // In a thread that panics already a hook cannot be set.
    if !std::thread::panicking() {
        INSTALLED.call_once(|| {
            let before = take_hook();
            set_hook(Box::new(move |info| {
                // A thread that ends has no flag left, and is not in here.
                if !QUIET.try_with(Cell::get).unwrap_or(false) {
                    before(info);
                }
            }));
        });
    }
    let outer = QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(outer);
    done.ok()
}
