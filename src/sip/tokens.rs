//! Identifiers that nobody can guess: tags, branches, Call-IDs (RFC 3261 §19.3, §8.1.1.7).
//!
//! One secret seed, given at construction, makes them all. [`Tokens::draw`] gives a new one each time;
//! [`Tokens::digest`] gives the same one for the same input, which is what lets a stateless answer carry the same To
//! tag whenever it is repeated (RFC 3261 §8.2.7), and what turns the long keys of a transaction into eight bytes.
//!
//! Both are `SipHash` over the secret and the input: a peer that has seen many tokens cannot tell the next one, as it
//! could with a plain generator, nor make keys collide on purpose.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// The source of all identifiers of one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    secret: u64,
    drawn: u64,
}

impl Tokens {
    /// A source whose whole output follows from `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { secret: seed, drawn: 0 }
    }

    /// The next identifier, different from all before it.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        self.digest(&(Domain::Drawn, self.drawn))
    }

    /// The identifier that belongs to `input`.
    pub(crate) fn digest<T: Hash + ?Sized>(&self, input: &T) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.secret.hash(&mut hasher);
        input.hash(&mut hasher);
        hasher.finish()
    }
}

/// Keeps drawn identifiers and digests of different things apart.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Domain {
    /// One of [`Tokens::draw`].
    Drawn,
    /// The key of a server transaction.
    Transaction,
    /// What merged requests have in common.
    Merge,
    /// A dialog.
    Dialog,
    /// A nonce that others use.
    Nonce,
    /// The To tag of the answers to one request.
    Tag,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_tokens() {
        let (mut one, mut two) = (Tokens::new(7), Tokens::new(7));
        assert_eq!(one.draw(), two.draw());
        assert_eq!(one.digest("a"), two.digest("a"));
    }

    #[test]
    fn tokens_differ_from_draw_to_draw_and_seed_to_seed() {
        let mut tokens = Tokens::new(7);
        let first = tokens.draw();
        assert_ne!(first, tokens.draw());
        assert_ne!(first, Tokens::new(8).draw());
        assert_ne!(tokens.digest(&(Domain::Tag, 1)), tokens.digest(&(Domain::Dialog, 1)));
    }
}
