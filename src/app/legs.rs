//! The executor's end of the pacer thread: the ways back to callers, and who hears whom.
//!
//! The thread is started with the first caller who wants to hear something. A caller's voice goes to it only while
//! somebody else is there to hear it, and while no more than [`Legs::MOST_TALKERS`] are in the call: more of them is babble, and
//! each would cost twice. All others get the silence that keeps their call alive.

use crate::clock;
use crate::mix::{Command, Leg, LegStats, Media, Route, Voice, VoiceConfig, VoiceId};
use crate::output::{Beat, Link, Order, Word};
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;
use heapless::spsc::{Consumer, Producer};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;

/// The callers and the pacer thread.
pub(super) struct Legs<'a> {
    orders: RefCell<Producer<'a, Order>>,
    words: RefCell<Consumer<'a, Word>>,
    beat: &'a Beat,
    /// Starts the thread; taken by the first who needs it.
    start: RefCell<Option<Start<'a>>>,
    is_running: Cell<bool>,
    callers: RefCell<Vec<Caller>>,
    /// Orders that found the ring full and must not be lost.
    overdue: RefCell<Vec<Order>>,
    dropped: Cell<u64>,
    dropped_in_all: Cell<u64>,
}

/// Starts the pacer thread.
pub(super) type Start<'a> = Box<dyn FnOnce() -> io::Result<()> + 'a>;

/// One who talks, who may be heard and may hear.
struct Caller {
    voice: VoiceId,
    config: VoiceConfig,
    /// Whether his voice is in the conference.
    is_heard: bool,
    /// Whether there is a way back to him.
    hears: bool,
    sent: Option<(Instant, LegStats)>,
}

impl<'a> Legs<'a> {
    /// Callers who hear one another.
    pub(super) const MOST_TALKERS: usize = 8;

    /// The ends of both rings and what starts the thread between them.
    pub(super) fn new(
        orders: Producer<'a, Order>,
        words: Consumer<'a, Word>,
        beat: &'a Beat,
        start: Start<'a>,
    ) -> Self {
        Self {
            orders: RefCell::new(orders),
            words: RefCell::new(words),
            beat,
            start: RefCell::new(Some(start)),
            is_running: Cell::new(false),
            callers: RefCell::default(),
            overdue: RefCell::default(),
            dropped: Cell::new(0),
            dropped_in_all: Cell::new(0),
        }
    }

    /// A caller talks; `config` is what his voice is made of.
    pub(super) fn join(&self, voice: VoiceId, config: VoiceConfig) {
        self.callers.borrow_mut().push(Caller { voice, config, is_heard: false, hears: false, sent: None });
        self.settle();
    }

    /// There is a way back to a caller who has joined. Without a thread there is none.
    pub(super) fn open(&self, leg: Leg, link: Link) {
        self.start();
        if let Some(caller) = self.callers.borrow_mut().iter_mut().find(|caller| caller.voice == leg.voice())
        {
            caller.hears = true;
        }
        self.order(Order::Open(Box::new(leg), link));
        self.settle();
    }

    /// The caller is to be sent to elsewhere, or nowhere.
    pub(super) fn redirect(&self, voice: VoiceId, remote: Option<SocketAddr>) {
        self.order(Order::Redirect(voice, remote));
    }

    /// The way back to a caller is taken away; he is still heard.
    pub(super) fn close(&self, voice: VoiceId) {
        let hears = |caller: &mut Caller| core::mem::take(&mut caller.hears);
        let is_open = self.callers.borrow_mut().iter_mut().filter(|caller| caller.voice == voice).any(hears);
        if is_open {
            self.order(Order::Close(voice));
            self.settle();
        }
    }

    /// Changes how loud a caller is for the others.
    pub(super) fn set_level(&self, voice: VoiceId, level: Level) {
        let mut callers = self.callers.borrow_mut();
        let Some(caller) = callers.iter_mut().find(|caller| caller.voice == voice) else { return };
        caller.config.level = level;
        let is_heard = caller.is_heard;
        drop(callers);
        if is_heard {
            self.order(Order::Mix(Command::SetLevel { voice, level }));
        }
    }

    /// A caller has gone.
    pub(super) fn leave(&self, voice: VoiceId) {
        self.close(voice);
        let mut callers = self.callers.borrow_mut();
        let Some(index) = callers.iter().position(|caller| caller.voice == voice) else { return };
        let caller = callers.swap_remove(index);
        drop(callers);
        if caller.is_heard {
            self.order(Order::Mix(Command::Release { voice }));
        }
        self.settle();
    }

    /// Plays a piece of received media to the others.
    pub(super) fn play(&self, media: &Media) {
        let is_heard = |caller: &Caller| caller.voice == media.voice && caller.is_heard;
        if self.callers.borrow().iter().any(is_heard) {
            let order = Order::Mix(Command::Media(media.clone()));
            if self.orders.borrow_mut().enqueue(order).is_err() {
                self.dropped.set(self.dropped.get() + 1);
                self.dropped_in_all.set(self.dropped_in_all.get() + 1);
            }
        }
    }

    /// What has been sent to a caller, and when that was so.
    pub(super) fn sent(&self, voice: VoiceId) -> Option<(Instant, LegStats)> {
        self.callers.borrow().iter().find(|caller| caller.voice == voice)?.sent
    }

    /// Takes what the thread has told, and frees what it gave back.
    pub(super) fn poll(&self) {
        for order in self.overdue.take() {
            self.order(order);
        }
        let now = clock::now();
        while let Some(word) = self.words.borrow_mut().dequeue() {
            if let Word::Sent(voice, stats) = word {
                let mut callers = self.callers.borrow_mut();
                if let Some(caller) = callers.iter_mut().find(|caller| caller.voice == voice) {
                    caller.sent = Some((now, stats));
                }
            }
        }
        if let dropped @ 1.. = self.dropped.take() {
            log::warn!("{dropped} packets found the pacer thread too busy");
        }
    }

    /// Packets that found the thread too busy, since the box began.
    pub(super) fn dropped_in_all(&self) -> u64 {
        self.dropped_in_all.get()
    }

    /// Whether the thread goes on, as far as it has to.
    pub(super) fn beat(&self, now: Instant) -> bool {
        self.beat.heartbeat().is_none_or(|at| now.since(at) <= HANGS_AFTER)
    }

    /// Starts the thread, once.
    fn start(&self) {
        let Some(start) = self.start.take() else { return };
        match start() {
            Ok(()) => self.is_running.set(true),
            Err(error) => log::warn!("callers hear nothing: no thread for it: {error}"),
        }
    }

    /// Lets those be heard who have somebody to hear them.
    fn settle(&self) {
        let mut changes = Vec::new();
        let mut callers = self.callers.borrow_mut();
        let is_bearable = callers.len() <= Self::MOST_TALKERS;
        let listeners = callers.iter().filter(|caller| caller.hears).count();
        for caller in callers.iter_mut() {
            let is_heard = is_bearable && listeners > usize::from(caller.hears);
            let voice = caller.voice;
            match (caller.is_heard, is_heard) {
                (false, true) => {
                    let source = Box::new(Voice::telephone(caller.config.clone()));
                    changes.push(Command::Attach { voice, source, route: Route::EVERYWHERE });
                }
                (true, false) => changes.push(Command::Release { voice }),
                _ => {}
            }
            caller.is_heard = is_heard;
        }
        drop(callers);
        for change in changes {
            self.order(Order::Mix(change));
        }
    }

    fn order(&self, order: Order) {
        if !self.is_running.get() {
            // There is nobody who could hear anything.
            return;
        }
        if let Err(order) = self.orders.borrow_mut().enqueue(order) {
            self.overdue.borrow_mut().push(order);
        }
        self.beat.wake();
    }
}

/// A thread that has something to do rests for a second at most.
const HANGS_AFTER: Duration = Duration::from_secs(3);
