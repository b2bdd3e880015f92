//! The executor's end of the pacer thread: the ways back to callers, and who hears whom: those who are heard in the same
//! zones.
//!
//! The thread is started with the first caller who wants to hear something. A caller's voice goes to it only while
//! somebody else is there to hear it, and while no more than [`Legs::MOST_TALKERS`] are in the call: more of them is babble, and
//! each would cost twice. All others get the silence that keeps their call alive.
//!
//! A caller may be told something that nobody else hears, whether he talks yet or not: one [`Recital`] after the other. It
//! waits for the way back to him, but not longer than [`PATIENCE`].

use crate::clock;
use crate::mix::{Aside, Command, Leg, LegStats, Media, Recital, Route, Voice, VoiceConfig, VoiceId};
use crate::output::{Beat, Link, Order, Word};
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use core::time::Duration;
use heapless::spsc::{Consumer, Producer};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
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
    /// Of the next aside.
    next_aside: Cell<u64>,
    polled_at: Cell<Instant>,
}

/// Starts the pacer thread.
pub(super) type Start<'a> = Box<dyn FnOnce() -> io::Result<()> + 'a>;

/// One who may be heard and may hear.
struct Caller {
    voice: VoiceId,
    /// What his voice is made of, once he talks.
    config: Option<VoiceConfig>,
    /// Where he is heard by the loudspeakers: he hears the others who are.
    zones: ZoneSet,
    /// Whether his voice is in the conference.
    is_heard: bool,
    /// Whether there is a way back to him.
    hears: bool,
    /// What is still to be said to him.
    unsaid: VecDeque<Recital>,
    /// Without a way back it is given up then.
    lapses_at: Instant,
    /// What is said to him: its number, and when it should be over.
    telling: Option<(u64, Instant)>,
    sent: Option<(Instant, LegStats)>,
}

impl Caller {
    fn new(voice: VoiceId) -> Self {
        Self {
            voice,
            config: None,
            zones: ZoneSet::NONE,
            is_heard: false,
            hears: false,
            unsaid: VecDeque::new(),
            lapses_at: Instant::ZERO,
            telling: None,
            sent: None,
        }
    }

    fn talks(&self) -> bool {
        self.config.is_some()
    }
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
            next_aside: Cell::new(0),
            polled_at: Cell::new(Instant::ZERO),
        }
    }

    /// A caller is there, who hears only what he is told.
    pub(super) fn enter(&self, voice: VoiceId) {
        self.callers.borrow_mut().push(Caller::new(voice));
    }

    /// A caller who is there talks, and hears the others; `config` is what his voice is made of.
    pub(super) fn join(&self, voice: VoiceId, config: VoiceConfig) {
        if self.change(voice, |caller| caller.config = Some(config)).is_some() {
            self.order(Order::Admit(voice));
            self.settle();
        }
    }

    /// A caller who is there is heard in these zones from now on, and hears those who are in one of them.
    pub(super) fn place(&self, voice: VoiceId, zones: ZoneSet) {
        let place = |caller: &mut Caller| core::mem::replace(&mut caller.zones, zones) != zones;
        if self.change(voice, place) == Some(true) {
            self.order(Order::Place(voice, zones));
        }
    }

    /// There is a way back to a caller who is there. Without a thread there is none.
    pub(super) fn open(&self, mut leg: Leg, link: Link) {
        self.start();
        if !self.is_running.get() {
            return;
        }
        let voice = leg.voice();
        let open = |caller: &mut Caller| {
            caller.hears = true;
            (caller.talks(), caller.zones)
        };
        if let Some((talks, zones)) = self.change(voice, open) {
            leg.place(zones);
            if talks {
                leg.admit();
            }
        }
        self.order(Order::Open(Box::new(leg), link));
        self.settle();
        self.prompt(voice);
    }

    /// Says something to a caller who is there, and to nobody else, after what is still to be said to him.
    pub(super) fn tell(&self, voice: VoiceId, recital: &Recital) {
        let lapses_at = clock::now() + PATIENCE;
        self.change(voice, |caller| {
            if caller.unsaid.len() < MOST_UNSAID {
                caller.unsaid.push_back(recital.clone());
                caller.lapses_at = lapses_at;
            }
        });
        self.prompt(voice);
    }

    /// Ends what is said to a caller.
    pub(super) fn hush(&self, voice: VoiceId) {
        let now = clock::now();
        let is_told = self.change(voice, |caller| {
            caller.unsaid.clear();
            // It is over sooner than it should have been: what is said next waits for that.
            caller.telling = caller.telling.map(|(number, over_at)| (number, over_at.min(now)));
            caller.telling.is_some()
        });
        if is_told == Some(true) {
            self.order(Order::Hush(voice));
        }
    }

    /// Whether something is said to a caller, or still to be said.
    pub(super) fn is_telling(&self, voice: VoiceId) -> bool {
        let callers = self.callers.borrow();
        let caller = callers.iter().find(|caller| caller.voice == voice);
        caller.is_some_and(|caller| caller.telling.is_some() || !caller.unsaid.is_empty())
    }

    /// When [`poll`](Self::poll) finds that something has been said.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let soonest = self.polled_at.get() + TOLD_EVERY;
        let due = |caller: &Caller| match caller.telling {
            Some((_, over_at)) => Some(over_at.max(soonest)),
            None => (!caller.unsaid.is_empty()).then_some(caller.lapses_at.max(soonest)),
        };
        let overdue = (!self.overdue.borrow().is_empty()).then_some(soonest);
        self.callers.borrow().iter().filter_map(due).chain(overdue).min()
    }

    /// The caller is to be sent to elsewhere, or nowhere.
    pub(super) fn redirect(&self, voice: VoiceId, remote: Option<SocketAddr>) {
        self.order(Order::Redirect(voice, remote));
    }

    /// The way back to a caller is taken away; he is still heard.
    pub(super) fn close(&self, voice: VoiceId) {
        let close = |caller: &mut Caller| {
            caller.telling = None;
            core::mem::take(&mut caller.hears)
        };
        if self.change(voice, close) == Some(true) {
            self.order(Order::Close(voice));
            self.settle();
        }
    }

    /// Changes how loud a caller is for the others.
    pub(super) fn set_level(&self, voice: VoiceId, level: Level) {
        let is_heard = self.change(voice, |caller| {
            if let Some(config) = &mut caller.config {
                config.level = level;
            }
            caller.is_heard
        });
        if is_heard == Some(true) {
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

    /// A caller who is there gets another voice, which has no way back yet: what is still to be said to him waits for it.
    pub(super) fn rename(&self, old: VoiceId, new: VoiceId) {
        let unsaid = self.change(old, |caller| (core::mem::take(&mut caller.unsaid), caller.lapses_at));
        self.leave(old);
        self.enter(new);
        if let Some(unsaid) = unsaid {
            self.change(new, |caller| (caller.unsaid, caller.lapses_at) = unsaid);
        }
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
        self.polled_at.set(now);
        loop {
            let Some(word) = self.words.borrow_mut().dequeue() else { break };
            match word {
                Word::Sent(voice, stats) => {
                    self.change(voice, |caller| caller.sent = Some((now, stats)));
                }
                Word::Told(voice, aside) => self.on_told(voice, &aside),
                Word::Mix(_) | Word::Closed(..) => {}
            }
        }
        for caller in self.callers.borrow_mut().iter_mut() {
            if !caller.hears && now >= caller.lapses_at {
                caller.unsaid.clear();
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
        let is_bearable = callers.iter().filter(|caller| caller.talks()).count() <= Self::MOST_TALKERS;
        let listeners = callers.iter().filter(|caller| caller.talks() && caller.hears).count();
        for caller in callers.iter_mut() {
            let Some(config) = &caller.config else { continue };
            let is_heard = is_bearable && listeners > usize::from(caller.hears);
            let (voice, zones) = (caller.voice, caller.zones);
            match (caller.is_heard, is_heard) {
                (false, true) => {
                    let source = Box::new(Voice::telephone(config.clone()));
                    let attach = Command::Attach { voice, source, route: Route::EVERYWHERE };
                    changes.extend([Order::Mix(attach), Order::Place(voice, zones)]);
                }
                (true, false) => changes.push(Order::Mix(Command::Release { voice })),
                _ => {}
            }
            caller.is_heard = is_heard;
        }
        drop(callers);
        for change in changes {
            self.order(change);
        }
    }

    fn on_told(&self, voice: VoiceId, aside: &Aside) {
        let number = aside.number();
        self.change(voice, |caller| caller.telling = caller.telling.filter(|&(told, _)| told != number));
        self.prompt(voice);
    }

    /// Says what is next to a caller who can hear it.
    fn prompt(&self, voice: VoiceId) {
        let next = self.change(voice, |caller| {
            let is_free = caller.hears && caller.telling.is_none();
            if is_free { caller.unsaid.pop_front() } else { None }
        });
        let Some(recital) = next.flatten() else { return };
        let number = self.next_aside.replace(self.next_aside.get() + 1);
        let over_at = clock::now() + recital.length();
        self.change(voice, |caller| caller.telling = Some((number, over_at)));
        self.order(Order::Tell(voice, Box::new(Aside::new(number, &recital))));
    }

    /// Does something with a caller who is there.
    fn change<T>(&self, voice: VoiceId, how: impl FnOnce(&mut Caller) -> T) -> Option<T> {
        let mut callers = self.callers.borrow_mut();
        callers.iter_mut().find(|caller| caller.voice == voice).map(how)
    }

    fn order(&self, order: Order) {
        if !self.is_running.get() {
            // There is nobody who could hear anything.
            return;
        }
        let mut overdue = self.overdue.borrow_mut();
        if !overdue.is_empty() {
            // None overtakes another.
            overdue.push(order);
        } else if let Err(order) = self.orders.borrow_mut().enqueue(order) {
            overdue.push(order);
        }
        drop(overdue);
        self.beat.wake();
    }
}

/// What is to be said to a caller waits so long for the way back to him.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is to be said to one caller; what comes beyond is left out.
const MOST_UNSAID: usize = 16;
/// How often it is looked whether something has been said, from when it should have been.
const TOLD_EVERY: Duration = Duration::from_millis(10);
/// A thread that has something to do rests for a second at most.
const HANGS_AFTER: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::mix::{LegConfig, Part};
    use crate::units::SampleRate;
    use heapless::spsc::Queue;
    use std::net::UdpSocket;

    const CALLER: VoiceId = VoiceId(1);

    /// Both rings of a pacer thread, which is played by the test.
    type Ends = (Queue<Order, 16>, Queue<Word, 16>);

    fn with_legs(play: impl FnOnce(&Legs<'_>, &mut Consumer<'_, Order>, &mut Producer<'_, Word>)) {
        let (mut orders, mut words): Ends = (Queue::new(), Queue::new());
        let ((order, mut ordered), (mut word, said)) = (orders.split(), words.split());
        let beat = Beat::default();
        play(&Legs::new(order, said, &beat, Box::new(|| Ok(()))), &mut ordered, &mut word);
    }

    fn open(legs: &Legs<'_>) {
        let config =
            LegConfig { codec: Codec::Pcmu, payload_type: 0, ptime: Duration::from_millis(20), seed: 1 };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        legs.open(Leg::new(CALLER, config), Link { socket, remote: None });
    }

    fn word(millis: u64) -> Recital {
        let parts = vec![Part::Pause(Duration::from_millis(millis))];
        Recital { rate: SampleRate::HZ_8000, parts, level: Level::UNITY, fade: Duration::ZERO }
    }

    /// What is ordered to be said to the caller.
    fn told(ordered: &mut Consumer<'_, Order>) -> Vec<Aside> {
        let orders = core::iter::from_fn(|| ordered.dequeue());
        let aside = |order| if let Order::Tell(CALLER, aside) = order { Some(*aside) } else { None };
        orders.filter_map(aside).collect()
    }

    #[test]
    fn a_caller_is_told_one_thing_after_the_other_as_soon_as_there_is_a_way_to_him() {
        with_legs(|legs, ordered, word_of_thread| {
            legs.enter(CALLER);
            legs.tell(CALLER, &word(10));
            legs.tell(CALLER, &word(20));
            assert!(told(ordered).is_empty() && legs.is_telling(CALLER));
            open(legs);
            for _ in 0..2 {
                let mut asides = told(ordered);
                assert_eq!(asides.len(), 1);
                assert!(legs.is_telling(CALLER) && legs.poll_timeout().is_some());
                word_of_thread.enqueue(Word::Told(CALLER, Box::new(asides.remove(0)))).unwrap();
                legs.poll();
            }
            assert!(!legs.is_telling(CALLER) && legs.poll_timeout().is_none());
        });
    }

    #[test]
    fn who_is_hushed_is_told_what_comes_after_that_when_it_has_faded_out() {
        with_legs(|legs, ordered, word_of_thread| {
            legs.enter(CALLER);
            open(legs);
            legs.tell(CALLER, &word(10));
            legs.tell(CALLER, &word(20));
            let mut asides = told(ordered);
            legs.hush(CALLER);
            legs.tell(CALLER, &word(30));
            assert!(matches!(ordered.dequeue(), Some(Order::Hush(CALLER))));
            assert!(told(ordered).is_empty());
            word_of_thread.enqueue(Word::Told(CALLER, Box::new(asides.remove(0)))).unwrap();
            legs.poll();
            assert_eq!(told(ordered).len(), 1);
        });
    }

    #[test]
    fn another_way_to_the_caller_or_another_voice_of_his_goes_on_with_what_is_still_to_be_said() {
        with_legs(|legs, ordered, _| {
            legs.enter(CALLER);
            open(legs);
            legs.tell(CALLER, &word(10));
            legs.tell(CALLER, &word(20));
            legs.close(CALLER);
            assert_eq!(told(ordered).len(), 1);
            open(legs);
            assert_eq!(told(ordered).len(), 1);
            legs.tell(CALLER, &word(30));
            legs.rename(CALLER, VoiceId(2));
            assert!(legs.is_telling(VoiceId(2)) && !legs.is_telling(CALLER));
        });
    }

    #[test]
    fn the_thread_is_told_where_a_caller_is_heard_whenever_that_changes() {
        with_legs(|legs, ordered, _| {
            legs.enter(CALLER);
            open(legs);
            for zone in [0, 0, 1, 1, 1] {
                legs.place(CALLER, ZoneSet::one(zone));
            }
            let orders = core::iter::from_fn(|| ordered.dequeue());
            let placed = orders.filter(|order| matches!(order, Order::Place(CALLER, _))).count();
            assert_eq!(placed, 2);
        });
    }

    #[test]
    fn without_a_thread_nobody_waits_for_what_cannot_be_said() {
        with_legs(|legs, _, _| {
            *legs.start.borrow_mut() = Some(Box::new(|| Err(io::ErrorKind::OutOfMemory.into())));
            legs.enter(CALLER);
            open(legs);
            legs.tell(CALLER, &word(10));
            assert!(legs.is_telling(CALLER));
            legs.change(CALLER, |caller| caller.lapses_at = Instant::ZERO);
            legs.poll();
            assert!(!legs.is_telling(CALLER));
        });
    }
}
