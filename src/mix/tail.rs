//! What a filter still has to say when nothing goes in any more.

/// Counts its blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail(u32);

impl Tail {
    /// Whether anything comes out of the next block. Something goes in if it `sounds`, and is gone `blocks` later.
    pub(super) const fn follow(&mut self, sounds: bool, blocks: u32) -> bool {
        let comes_out = sounds || self.0 > 0;
        self.0 = if sounds { blocks } else { self.0.saturating_sub(1) };
        comes_out
    }

    /// Whether all that went in has come out.
    pub(super) const fn is_over(&self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_blocks_come_out_after_the_last_one_that_sounds() {
        let mut tail = Tail::default();
        assert!(!tail.follow(false, 2) && tail.is_over());
        let heard = [true, false, true, false, false, false].map(|sounds| tail.follow(sounds, 2));
        assert_eq!(heard, [true, true, true, true, true, false]);
        assert!(tail.is_over());
    }
}
