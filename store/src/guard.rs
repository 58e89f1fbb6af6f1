//! The boundary at which the database library's panics become errors.
//!
//! redb trusts pages that it once wrote and panics on some that were damaged since (its own
//! documentation of `Database::open` says so). A flipped bit on disk must not take a node down, so every
//! operation on the database runs under [`guard`]. A write that panicked was never committed, and the
//! writer opens the database anew before the next one, since the library's locks may be poisoned.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::DiskError;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread is inside an operation whose panic becomes a [`DiskError::Panicked`]: for a
/// program's panic hook, which runs before the panic is caught and should then neither report nor exit.
pub fn panics_are_caught() -> bool {
    DEPTH.get() > 0
}

/// Runs `work`; a panic in it comes back as [`DiskError::Panicked`].
pub(crate) fn guard<T, E: From<DiskError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    DEPTH.set(DEPTH.get() + 1);
    // Nothing that `work` was changing is used after a panic: snapshots are read-only, and the writer
    // drops both transaction and database.
    let done = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    done.unwrap_or_else(|panic| Err(DiskError::Panicked { said: said(&*panic) }.into()))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_as_an_error_and_the_flag_falls_again() {
        let inside = guard(|| Ok::<_, DiskError>(panics_are_caught()));
        assert!(inside.unwrap());
        let panicked = guard(|| -> Result<(), DiskError> { panic!("page 7") });
        assert!(matches!(panicked, Err(DiskError::Panicked { said }) if said == "page 7"));
        assert!(!panics_are_caught());
    }
}
