//! What tasks have to tell a part of the box, in the order in which it came.

use super::bell::Bell;
use core::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Holds it until it is taken.
pub(super) struct Mailbox<T> {
    news: RefCell<VecDeque<T>>,
    bell: Rc<Bell>,
}

impl<T> Mailbox<T> {
    /// An empty one; `bell` is rung when something comes.
    pub(super) fn new(bell: Rc<Bell>) -> Rc<Self> {
        Rc::new(Self { news: RefCell::default(), bell })
    }

    pub(super) fn post(&self, news: T) {
        self.news.borrow_mut().push_back(news);
        self.bell.ring();
    }

    /// What has come next.
    pub(super) fn take(&self) -> Option<T> {
        self.news.borrow_mut().pop_front()
    }
}
