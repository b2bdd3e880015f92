//! The loop of the executor's thread: what can run runs, then epoll says what can run next.
//!
//! ```text
//!   ┌─> tasks of the executor ──> main future ──> epoll_wait ─┐
//!   └── wake: sockets with something to read, times that came ┘
//! ```
//! Tasks go first: received media are theirs. The main future is the signalling; it does a bounded piece of work, and
//! then media have their turn again.
//!
//! A source stays registered and is level-triggered, so a packet costs one `epoll_wait` and one read, and no thread but
//! this one. (The reactor of async-io has a thread of its own, which wakes at every packet to wake this one.) A source
//! that is reported again and again while nobody waits for it is taken out until somebody does.
//!
//! Timers have epoll's milliseconds: never early, up to one late. What is made here belongs to its thread; only wakers
//! may go to others.

use core::cell::{Cell, OnceCell, RefCell};
use core::convert::Infallible;
use core::fmt;
use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Wake;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use smol::{LocalExecutor, future};

use crate::clock;
use crate::time::Instant;

/// Runs `main` and the tasks of `executor` on this thread until `main` is done.
///
/// Sockets of this module and [`sleep_until`] wake nobody in any other loop.
///
/// # Errors
///
/// When the kernel gives no epoll: there are no file descriptors left.
pub fn run<T>(executor: &LocalExecutor<'_>, main: impl Future<Output = T>) -> io::Result<T> {
    let reactor = Reactor::of_this_thread()?;
    let (for_tasks, for_main) = (Alarm::new(&reactor.bell), Alarm::new(&reactor.bell));
    let mut tasks = pin!(executor.run(future::pending::<Infallible>()));
    let mut main = pin!(main);
    loop {
        // The tasks as a whole never end.
        let _ = for_tasks.poll(tasks.as_mut());
        if let Poll::Ready(output) = for_main.poll(main.as_mut()) {
            return Ok(output);
        }
        reactor.turn(|| for_tasks.is_silent() && for_main.is_silent())?;
    }
}

/// Waits until `deadline`.
#[must_use]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline, timer: None }
}

/// See [`sleep_until`].
#[derive(Debug)]
pub struct Sleep {
    deadline: Instant,
    /// Once it has been waited for.
    timer: Option<Timer>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.deadline == Instant::ZERO || self.deadline <= clock::now() {
            self.timer = None;
            return Poll::Ready(());
        }
        // Where there is no reactor, nothing can be waiting.
        let Ok(reactor) = Reactor::of_this_thread() else { return Poll::Pending };
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Timer::new(reactor, deadline));
        timer.set(context.waker());
        Poll::Pending
    }
}

/// Something with a file descriptor that one task reads.
#[derive(Debug)]
pub(crate) struct Watched<T: AsFd + 'static>(Rc<Source<T>>);

impl<T: AsFd + 'static> Watched<T> {
    /// `io` has to be non-blocking. It is registered when it is first waited for.
    pub(crate) fn new(io: T) -> Self {
        Self(Rc::new(Source {
            reactor: OnceCell::new(),
            is_registered: Cell::new(false),
            is_ready: Cell::new(false),
            is_awaited: Cell::new(false),
            waker: RefCell::new(None),
            io,
        }))
    }

    pub(crate) fn io(&self) -> &T {
        &self.0.io
    }

    /// Ready when there is something to read: told once, so there is one read for each time.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let source = &self.0;
        if source.is_ready.take() {
            return Poll::Ready(Ok(()));
        }
        set_waker(&mut source.waker.borrow_mut(), context.waker());
        source.is_awaited.set(true);
        if source.is_registered.get() {
            return Poll::Pending;
        }
        match self.register() {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn register(&self) -> io::Result<()> {
        let reactor = Reactor::of_this_thread()?;
        reactor.register(Rc::clone(&self.0) as Rc<AnySource>)?;
        // The second time it is there already, and the same.
        let _ = self.0.reactor.set(reactor);
        Ok(())
    }
}

impl<T: AsFd + 'static> Drop for Watched<T> {
    fn drop(&mut self) {
        if let Some(reactor) = self.0.reactor.get() {
            reactor.forget(&*self.0);
        }
    }
}

/// What the reactor knows of a [`Watched`].
struct Source<T: AsFd + ?Sized> {
    /// Where it has been registered.
    reactor: OnceCell<Rc<Reactor>>,
    is_registered: Cell<bool>,
    /// It was reported since it was last waited for.
    is_ready: Cell<bool>,
    is_awaited: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    io: T,
}

type AnySource = Source<dyn AsFd>;

impl<T: AsFd + ?Sized> Source<T> {
    fn key(&self) -> usize {
        usize::try_from(self.io.as_fd().as_raw_fd()).unwrap_or(usize::MAX)
    }
}

impl<T: AsFd + ?Sized> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("fd", &self.key()).finish_non_exhaustive()
    }
}

/// A deadline that somebody waits for.
#[derive(Debug)]
struct Timer {
    reactor: Rc<Reactor>,
    key: (Instant, u64),
}

impl Timer {
    fn new(reactor: Rc<Reactor>, deadline: Instant) -> Self {
        let number = reactor.timers_made.get() + 1;
        reactor.timers_made.set(number);
        Self { reactor, key: (deadline, number) }
    }

    fn set(&self, waker: &Waker) {
        set_waker(self.reactor.timers.borrow_mut().entry(self.key).or_default(), waker);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.reactor.timers.borrow_mut().remove(&self.key);
    }
}

/// What is waited for in one thread.
#[derive(Debug)]
struct Reactor {
    epoll: Epoll,
    bell: Arc<Bell>,
    /// By file descriptor.
    sources: RefCell<Vec<Option<Rc<AnySource>>>>,
    /// In the order in which they are due; the number keeps equal ones apart.
    timers: RefCell<BTreeMap<(Instant, u64), Option<Waker>>>,
    timers_made: Cell<u64>,
}

impl Reactor {
    fn of_this_thread() -> io::Result<Rc<Self>> {
        thread_local! {
            static REACTOR: OnceCell<Rc<Reactor>> = const { OnceCell::new() };
        }
        REACTOR.with(|reactor| {
            if let Some(reactor) = reactor.get() {
                return Ok(Rc::clone(reactor));
            }
            let made = Self::new()?;
            Ok(Rc::clone(reactor.get_or_init(|| Rc::new(made))))
        })
    }

    fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let bell = Bell::new()?;
        epoll.add(&bell.event, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        Ok(Self {
            epoll,
            bell: Arc::new(bell),
            sources: RefCell::default(),
            timers: RefCell::default(),
            timers_made: Cell::new(0),
        })
    }

    /// Waits until something can run, or looks what can if something else is to run already, and wakes it.
    fn turn(&self, has_time: impl FnOnce() -> bool) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); EVENTS];
        self.bell.is_awaited.store(true, SeqCst);
        let timeout = if has_time() { self.timeout() } else { EpollTimeout::ZERO };
        let count = match self.epoll.wait(&mut events, timeout) {
            Err(Errno::EINTR) => 0,
            outcome => outcome?,
        };
        self.bell.is_awaited.store(false, SeqCst);
        for event in events.iter().take(count) {
            self.on_event(event.data());
        }
        self.expire();
        Ok(())
    }

    /// Until the first deadline, rounded up.
    fn timeout(&self) -> EpollTimeout {
        let timers = self.timers.borrow();
        let Some((&(deadline, _), _)) = timers.first_key_value() else { return EpollTimeout::NONE };
        let wait_us = deadline.since(clock::now()).as_micros();
        EpollTimeout::try_from(wait_us.div_ceil(1000)).unwrap_or(EpollTimeout::MAX)
    }

    fn on_event(&self, key: u64) {
        if key == BELL {
            self.bell.silence();
            return;
        }
        let sources = self.sources.borrow();
        let source = usize::try_from(key).ok().and_then(|key| sources.get(key)?.clone());
        drop(sources);
        let Some(source) = source else { return };
        let is_known = source.is_ready.replace(true);
        if source.is_awaited.take() {
            if let Some(waker) = &*source.waker.borrow() {
                waker.wake_by_ref();
            }
        } else if is_known {
            self.leave_out(&source);
        }
    }

    /// Wakes those whose time has come.
    fn expire(&self) {
        if self.timers.borrow().is_empty() {
            return;
        }
        let now = clock::now();
        while let Some(waker) = self.pop_timer(now) {
            waker.wake();
        }
    }

    fn pop_timer(&self, now: Instant) -> Option<Waker> {
        let mut timers = self.timers.borrow_mut();
        let first = timers.first_entry()?;
        if first.key().0 > now { None } else { first.remove() }
    }

    fn register(&self, source: Rc<AnySource>) -> io::Result<()> {
        let key = source.key();
        self.epoll.add(source.io.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, key as u64))?;
        source.is_registered.set(true);
        let mut sources = self.sources.borrow_mut();
        if sources.len() <= key {
            sources.resize(key + 1, None);
        }
        sources[key] = Some(source);
        Ok(())
    }

    /// Until it is waited for again. Asking epoll for no events would not do: it tells of errors all the same.
    fn leave_out(&self, source: &AnySource) {
        if source.is_registered.replace(false) {
            // It is registered, and open: nothing can be wrong with it.
            let _ = self.epoll.delete(source.io.as_fd());
        }
    }

    fn forget(&self, source: &AnySource) {
        self.leave_out(source);
        if let Some(place) = self.sources.borrow_mut().get_mut(source.key()) {
            *place = None;
        }
    }
}

/// Whether a future has been woken since it was last polled.
struct Alarm {
    rings: Arc<Ringing>,
    waker: Waker,
}

struct Ringing {
    is_ringing: AtomicBool,
    bell: Arc<Bell>,
}

impl Alarm {
    /// Rings from the beginning.
    fn new(bell: &Arc<Bell>) -> Self {
        let rings = Arc::new(Ringing { is_ringing: AtomicBool::new(true), bell: Arc::clone(bell) });
        Self { waker: Waker::from(Arc::clone(&rings)), rings }
    }

    fn is_silent(&self) -> bool {
        !self.rings.is_ringing.load(SeqCst)
    }

    /// Polls `future` if it was woken.
    fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        if self.rings.is_ringing.swap(false, SeqCst) {
            future.poll(&mut Context::from_waker(&self.waker))
        } else {
            Poll::Pending
        }
    }
}

impl Wake for Ringing {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_ringing.swap(true, SeqCst) {
            self.bell.ring();
        }
    }
}

/// Gets the thread out of epoll. Whoever rings has set its alarm before; the thread looks at the alarms after it has said
/// that it waits. So one of the two sees the other.
#[derive(Debug)]
struct Bell {
    event: EventFd,
    is_awaited: AtomicBool,
}

impl Bell {
    fn new() -> io::Result<Self> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self { event, is_awaited: AtomicBool::new(false) })
    }

    fn ring(&self) {
        if self.is_awaited.load(SeqCst) {
            // Refused only when it rings already.
            let _ = self.event.write(1);
        }
    }

    fn silence(&self) {
        let _ = self.event.read();
    }
}

fn set_waker(place: &mut Option<Waker>, waker: &Waker) {
    if place.as_ref().is_none_or(|old| !old.will_wake(waker)) {
        *place = Some(waker.clone());
    }
}

/// The key of the bell; file descriptors are smaller.
const BELL: u64 = u64::MAX;
/// So many sources are woken in one go. Those left over are reported first the next time.
const EVENTS: usize = 64;

#[cfg(test)]
mod tests;
