//! Rung by a task that has something for the service, which then does not wait for its next input.

use core::cell::{Cell, RefCell};
use core::task::{Context, Poll, Waker};

/// Wakes the service.
#[derive(Debug, Default)]
pub(super) struct Bell {
    is_rung: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Bell {
    /// There is something to look at.
    pub(super) fn ring(&self) {
        self.is_rung.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Ready once it has been rung since this was last so.
    pub(super) fn poll_rung(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_rung.take() {
            return Poll::Ready(());
        }
        *self.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_heard_once_whether_rung_before_or_after() {
        let bell = Bell::default();
        let mut context = Context::from_waker(Waker::noop());
        bell.ring();
        bell.ring();
        assert!(bell.poll_rung(&mut context).is_ready());
        assert!(bell.poll_rung(&mut context).is_pending());
        bell.ring();
        assert!(bell.poll_rung(&mut context).is_ready());
    }
}
