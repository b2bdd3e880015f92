//! Decoders that stumble: a file or a stream that makes one panic is broken, and the program goes on.
//!
//! Every other panic ends the program at once ([`process::end_on_panics`](crate::process::end_on_panics)): a box half of
//! which goes on is worse than one that is started again. A decoder is what others wrote and reads what anybody sends.
//! Not contained: memory that is not to be had, and a stack that is too small.

use super::decode::Failure;
use core::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does work of a decoder, of which nothing is used any more when it panics.
pub(super) fn contained<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let was_contained = IS_CONTAINED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    IS_CONTAINED.set(was_contained);
    outcome.unwrap_or(Err(Failure::NotSound("its decoder stumbles over it")))
}

/// Whether this thread decodes at present, so that its panic is nobody's end.
#[must_use]
pub fn is_contained() -> bool {
    IS_CONTAINED.get()
}

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing else fails where it does not: tests unwind anyway, and no file is known at which a decoder without checks stumbles.
    #[test]
    fn the_program_that_is_shipped_unwinds() {
        let manifest = include_str!("../../Cargo.toml");
        let (_, release) = manifest.split_once("\n[profile.release]\n").unwrap();
        let (release, _) = release.split_once("\n[").unwrap();
        assert!(release.lines().any(|line| line == "panic = \"unwind\""), "{release}");
    }

    #[test]
    fn who_panics_within_is_an_error_and_who_panics_later_is_not() {
        let stumbled = contained(|| -> Result<(), Failure> {
            assert!(!is_contained(), "a test that is to panic");
            Ok(())
        });
        assert!(matches!(stumbled, Err(Failure::NotSound("its decoder stumbles over it"))));
        assert!(!is_contained());
        let within = contained(|| Ok(contained(|| Ok(is_contained())).is_ok() && is_contained()));
        assert!(matches!(within, Ok(true)));
    }
}
